"""How much guarantors may still guarantee: found from their net assets, published as dated events, and asked at every drawdown.

A guarantor's own books say its net assets; whoever keeps them publishes the figure. With each figure, and with each day close,
its head-room is published: what the lending rules allow, less what it guarantees here (offered, confirmed and outstanding
principal of loans that it has not paid for) and elsewhere. A drawdown takes the newest head-room less what was reserved since,
which are sums of quotas that it holds anyway. Without a figure nothing is known of a guarantor, and it is not limited.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from msgspec import Meta

from loanbook import units
from loanbook.funding.mandate_table import MandateTable
from loanbook.funding.room import PublishedRoom, rooms_now
from loanbook.services.caller import Caller, Refusal
from loanbook.services.day import Day
from loanbook.services.desk import Verb
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import none_such
from loanbook.services.requests import MONEY_MOST, Asked, Given, Id
from loanbook.stores.online.guarantees import guaranteed_sums, last_published
from loanbook.stores.online.quotas import lock_quotas
from loanbook.stores.online.unit import Connection, Unit
from loanbook.terms.lending_rule import guarantee_room
from loanbook.units import Ints

NET_ASSETS = "net_assets_published"
ROOM = "guarantee_room_published"

Sum = Annotated[int, Meta(ge=0, le=MONEY_MOST)]


class PublishingNetAssets(Asked, kw_only=True):
    """What a guarantor's books say as of today; it counts until the next figure."""

    guarantor: Id
    net_assets_fen: Sum
    mainly_small_business: bool = False
    """Whether it mainly serves small businesses and farmers, which may guarantee more."""
    guaranteed_elsewhere_fen: Sum = 0
    """What it owes under guarantees of loans that are not here."""


class GuaranteeRoom(Given, kw_only=True):
    """What it may still guarantee by the rules named, minor units; null where no rule binds it."""

    guarantor: str
    net_assets_fen: int
    guaranteed_fen: int
    room_fen: int | None
    rules: tuple[str, ...]


def publish_net_assets(
    terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, PublishingNetAssets]]
) -> list[GuaranteeRoom | Refusal]:
    """Take guarantors' net assets and publish the head-room that follows."""
    known = guarantors_of(terms)
    figures: dict[str, dict[str, Any]] = {}
    for _, request in asked:
        if request.guarantor in known:
            figures[request.guarantor] = {
                "net_assets_fen": request.net_assets_fen,
                "mainly_small_business": request.mainly_small_business,
                "guaranteed_elsewhere_fen": request.guaranteed_elsewhere_fen,
            }
            unit.event(NET_ASSETS, request.guarantor, **figures[request.guarantor])
    rooms = _publish(terms, unit, figures)
    return [
        rooms[request.guarantor] if request.guarantor in rooms else none_such("guarantor", request.guarantor)
        for _, request in asked
    ]


def publish_rooms(day: Day) -> dict[str, object]:
    """Publish every guarantor's head-room anew, from what is guaranteed when the day is closed. One event a guarantor."""
    terms = day.terms.platform
    known = sorted(guarantors_of(terms))
    told = last_published(day.connection, NET_ASSETS, known)
    unit = day.unit()
    rooms = _publish(terms, unit, told)
    for guarantor in known:
        if guarantor not in told:
            # So that a drawdown finds at once that there is nothing to find.
            unit.event(ROOM, guarantor, room_fen=None)
    unit.flush()
    return {
        "rooms_fen": {name: room.room_fen for name, room in sorted(rooms.items())},
        "without_net_assets": [name for name in known if name not in told],
    }


def published_rooms(connection: Connection, table: MandateTable) -> dict[str, dict[str, Any]]:
    """The newest head-room of each guarantor of a table, as it was published."""
    return last_published(connection, ROOM, table.guarantors) if table.guarantors else {}


def rooms_left(told: Mapping[str, Mapping[str, Any]], table: MandateTable, total_used: Ints) -> dict[str, int]:
    """What the guarantors of a table may still guarantee, those that are limited; the caller holds the quotas.

    told         `published_rooms`
    total_used   (mandates,) int64: what is reserved and confirmed in all under each mandate of the table
    """
    rooms = {
        name: PublishedRoom(room_fen=content["room_fen"], used_fen=content["used_fen"])
        for name, content in told.items()
        if content["room_fen"] is not None
    }
    return rooms_now(table, rooms, total_used)


def guarantors_of(terms: PlatformTerms) -> set[str]:
    """Those that guarantee under any version of any mandate."""
    return {mandate.guarantee.guarantor for mandate in terms.mandates if mandate.guarantee}


def _publish(terms: PlatformTerms, unit: Unit, figures: dict[str, dict[str, Any]]) -> dict[str, GuaranteeRoom]:
    """Head-rooms by guarantor as events; quotas are held until the transaction ends, so that nothing is reserved meanwhile."""
    if not figures:
        return {}
    on = units.day(unit.today)
    held = lock_quotas(unit.connection, [mandate.code for mandate in terms.mandates])
    used = {mandate: amount for (mandate, scope), amount in sorted(held.items()) if scope == "total"}
    by_hash = {mandate.hash: mandate.guarantee.guarantor for mandate in terms.mandates if mandate.guarantee}
    sums = guaranteed_sums(unit.connection, list(by_hash))
    rooms = {}
    for guarantor, told in sorted(figures.items()):
        here = sum(amount for key, amount in sums.items() if by_hash[key] == guarantor)
        guaranteed = here + told["guaranteed_elsewhere_fen"]
        small = told["mainly_small_business"]
        conditions = {"mainly_small_business": "true" if small else "false"}
        left = guarantee_room(
            terms.lending_rules,
            on=on,
            guaranteed_fen=guaranteed,
            net_assets_fen=told["net_assets_fen"],
            mainly_small_business=small,
        )
        room = GuaranteeRoom(
            guarantor=guarantor,
            net_assets_fen=told["net_assets_fen"],
            guaranteed_fen=guaranteed,
            room_fen=None if left is None else max(left, 0),
            rules=tuple(
                f"{rule.title} ({rule.source})"
                for rule in terms.lending_rules
                if rule.subject == "guarantor" and rule.binds(on, conditions)
            ),
        )
        unit.event(
            ROOM,
            guarantor,
            net_assets_fen=room.net_assets_fen,
            guaranteed_fen=guaranteed,
            room_fen=left,  # below 0 what must come back before anything is free
            rules=room.rules,
            used_fen=used,
        )
        rooms[guarantor] = room
    return rooms


def guarantee_verbs(terms: PlatformTerms) -> tuple[Verb, ...]:
    """The verb."""
    return (
        Verb(
            name="publish_net_assets",
            text="Publish a guarantor's net assets, which bound what it may guarantee",
            request=PublishingNetAssets,
            answer=GuaranteeRoom,
            roles=frozenset({"finance", "risk", "operator"}),
            run=partial(publish_net_assets, terms),
            status=201,
        ),
    )
