"""A guarantor's room: what it may guarantee by the rules, what of that is used, reserved and free, and what deposit it holds."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from loanbook import units
from loanbook.funding.room import PublishedRoom, rooms_now
from loanbook.services.caller import Caller, Refusal
from loanbook.services.guaranteeing import NET_ASSETS, ROOM, guarantors_of
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, none_such
from loanbook.services.requests import Given
from loanbook.servicing.compensation import cap_left_fen
from loanbook.stores.online.day_book import deposit_used, guarantee_sums
from loanbook.stores.online.guarantees import guaranteed_by_state, last_day_published, last_published
from loanbook.stores.online.quotas import used_columns, used_quotas
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import deposits_added
from loanbook.terms.lending_rule import guarantee_room
from loanbook.terms.product import PPM
from loanbook.terms.vehicle import Vehicle
from loanbook.units import Rounding, mul_div

_UP = int(Rounding.UP)


class GuaranteedView(Given, kw_only=True):
    """What a guarantor guarantees under one mandate, minor units.

    used_fen             principal confirmed or outstanding that it has not paid for
    reserved_fen         principal offered, waiting for the partner's answer
    deposit_needed_fen   the mandate's part of the outstanding principal that must lie as security
    may_pay_fen          what it may still pay under the mandate's cap, net of recoveries; null: no cap
    """

    mandate: str
    partner: str
    used_fen: int
    reserved_fen: int
    deposit_needed_fen: int
    may_pay_fen: int | None


class GuarantorView(Given, kw_only=True):
    """A guarantor's room, minor units.

    net_assets_fen   as last published, on `published_on`; without a figure nothing limits it: null, as are cap and free then
    cap_fen          the most it may guarantee by the rules named
    elsewhere_fen    of it guaranteed for loans that are not here
    used_fen, reserved_fen   sums of its mandates
    free_fen         what a drawdown may take now; what was repaid or compensated since the last close is free with the next
    deposit_fen      what is left of our deposit with it
    """

    guarantor: str
    title: str
    published_on: dt.date | None
    net_assets_fen: int | None
    cap_fen: int | None
    elsewhere_fen: int
    used_fen: int
    reserved_fen: int
    free_fen: int | None
    deposit_fen: int
    rules: tuple[str, ...]
    mandates: tuple[GuaranteedView, ...]


def guarantor_read(terms: PlatformTerms, vehicles: tuple[Vehicle, ...]) -> Read:
    """The read."""

    def find(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> GuarantorView | Refusal:
        if id_ not in guarantors_of(terms):
            return none_such("guarantor", id_)
        return _view(terms, vehicles, unit, id_)

    return Read(
        name="guarantor",
        text="What a guarantor may guarantee, what of it is used, and the deposit it holds",
        by="guarantor",
        answer=GuarantorView,
        roles=STAFF,
        find=find,
    )


def _view(terms: PlatformTerms, vehicles: tuple[Vehicle, ...], unit: Unit, guarantor: str) -> GuarantorView:
    connection = unit.connection
    versions = [each for each in terms.mandates if each.guarantee and each.guarantee.guarantor == guarantor]
    newest = {each.code: each for each in sorted(versions, key=lambda each: each.effective_from)}
    sums = guaranteed_by_state(connection, [each.hash for each in versions])
    by_code: dict[str, dict[str, int]] = {code: {"offered": 0, "confirmed": 0, "disbursed": 0} for code in sorted(newest)}
    for each in versions:
        for state, fen in sums.get(each.hash, {}).items():
            by_code[each.code][state] += fen
    mandates = []
    for code, by_state in by_code.items():
        guarantee = newest[code].guarantee
        if guarantee is None:
            raise AssertionError("only mandates with a guarantee were taken")
        mandates.append(
            GuaranteedView(
                mandate=code,
                partner=newest[code].partner,
                used_fen=by_state["confirmed"] + by_state["disbursed"],
                reserved_fen=by_state["offered"],
                deposit_needed_fen=int(mul_div(by_state["disbursed"], guarantee.deposit_ppm, PPM, _UP)),
                may_pay_fen=cap_left_fen(guarantee.cap_ppm, *guarantee_sums(connection, code, unit.today)),
            )
        )
    on = units.day(unit.today)
    vehicle = max(
        (each for each in vehicles if each.code == guarantor and each.effective_from <= on),
        key=lambda each: each.effective_from,
        default=None,
    )
    figures = last_published(connection, NET_ASSETS, [guarantor]).get(guarantor)
    room = last_published(connection, ROOM, [guarantor]).get(guarantor, {})
    return GuarantorView(
        guarantor=guarantor,
        title=guarantor if vehicle is None else vehicle.title,
        published_on=last_day_published(connection, NET_ASSETS, guarantor),
        net_assets_fen=None if figures is None else figures["net_assets_fen"],
        cap_fen=None if figures is None else _cap(terms, figures, on),
        elsewhere_fen=0 if figures is None else figures["guaranteed_elsewhere_fen"],
        used_fen=sum(each.used_fen for each in mandates),
        reserved_fen=sum(each.reserved_fen for each in mandates),
        free_fen=_free(terms, unit, guarantor, room),
        deposit_fen=_deposit(unit, vehicle),
        rules=tuple(room.get("rules", ())),
        mandates=tuple(mandates),
    )


def _cap(terms: PlatformTerms, figures: Mapping[str, Any], on: int) -> int | None:
    return guarantee_room(
        terms.lending_rules,
        on=on,
        guaranteed_fen=0,
        net_assets_fen=figures["net_assets_fen"],
        mainly_small_business=figures["mainly_small_business"],
    )


def _free(terms: PlatformTerms, unit: Unit, guarantor: str, room: Mapping[str, Any]) -> int | None:
    """What a drawdown would find at this moment."""
    if room.get("room_fen") is None:
        return None
    table = terms.mandate_table(units.day(unit.today))
    codes = [mandate.code for mandate in table.mandates]
    used = used_columns(used_quotas(unit.connection, codes), codes, ["total"])[:, 0]
    published = {guarantor: PublishedRoom(room_fen=room["room_fen"], used_fen=room["used_fen"])}
    return max(rooms_now(table, published, used).get(guarantor, published[guarantor].room_fen), 0)


def _deposit(unit: Unit, vehicle: Vehicle | None) -> int:
    if vehicle is None or vehicle.deposit is None:
        return 0
    put_in = vehicle.deposit.amount_fen + deposits_added(unit.connection, vehicle.code)
    return max(put_in - deposit_used(unit.connection, vehicle.code), 0)
