"""Reading a vehicle's terms from YAML; `terms/vehicles/*.yaml` are examples of every kind.

vehicle: bluewater_abs_1
title: Bluewater 2026-1 asset-backed plan (example)
kind: abs_plan                   # or micro_lender, trust, guarantor, third_party_guarantor, partner, platform
consolidated: true
effective_from: 2026-01-01
source: ...                      # who decided it, where it is written
currency: CNY
payment_dates: {first: 2026-02-20, every_months: 1, calendar: china_interbank, shift: following}
revolving_until: 2026-12-31
accounts: [income, principal, reserve]
receives: {principal: principal, interest: income, ...}      # all eight kinds of cash
reserve: {account: reserve, share: 0.02, least: 500000.00}
tranches: [{name: senior, seniority: senior, holder: ..., amount: 80000000.00, rate_annual: 0.042}, ...]
fees: [{name: trustee, payee: ..., rate_annual: 0.0005}, ...]
triggers: [{name: ..., ratio: cumulative_default, above: 0.06, then: amortise}, ...]
buy_back: {dpd_least: 31, dpd_most: 90, buyer: ..., price: principal}
waterfall: [{pay: fee, of: [trustee], from: [income, principal]}, ...]
"""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from loanbook.errors import TermsError
from loanbook.terms.calendar import WEEKDAYS, calendar_names
from loanbook.terms.conventions import DayCount, Shift
from loanbook.terms.currency import currency_of
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import PPM, text_hash
from loanbook.terms.vehicle import (
    BuyBack,
    Deposit,
    Effect,
    Pay,
    PaymentDates,
    Phase,
    Price,
    Received,
    Reserve,
    Seniority,
    Step,
    Tranche,
    Trigger,
    Vehicle,
    VehicleFee,
    VehicleKind,
)
from loanbook.terms.vehicle_rules import check_vehicle
from loanbook.units import RATE_SCALE, Rounding

SHIPPED = Path(__file__).parent / "vehicles"
"""Example vehicles that come with the package; all made up."""

_REQUIRED = ("vehicle", "title", "kind", "consolidated", "effective_from", "source", "currency")
_OPTIONAL = (
    *("decimals", "begins_on", "payment_dates", "day_count", "rounding", "revolving_until", "accounts", "receives", "reserve"),
    *("tranches", "fees", "triggers", "buy_back", "deposit", "waterfall"),
)
_DECIMALS = 2
_DECIMALS_MOST = 10
_DPD_MOST = 3_650
_MONTHS_MOST = 120
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_DEFAULT_DAY_COUNT = "actual_365_fixed"
_Name = TypeVar("_Name", bound=IntEnum)
_Word = TypeVar("_Word", bound=StrEnum)
_Read = TypeVar("_Read")


def read_vehicle(path: Path, shown: str | None = None) -> Vehicle:
    """The terms of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_vehicle(read_text(path, name), name)


def vehicles_in(folder: Path = SHIPPED) -> tuple[Vehicle, ...]:
    """All versions of all vehicles in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, or two versions of a vehicle that start on one day
    """
    found = sorted(
        (read_vehicle(path, f"terms/{folder.name}/{path.name}") for path in folder.glob("*.yaml")),
        key=lambda vehicle: (vehicle.code, vehicle.effective_from, vehicle.place),
    )
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(
                f"{later.place}:1: {later.code} already has terms from that day in {earlier.place}. Change one date."
            )
    return tuple(found)


def parse_vehicle(text: str, name: str) -> Vehicle:
    """The terms of a YAML text; `name` is what messages call it."""
    top = parse_located(text, name)
    items = top.fields("a vehicle", (*_REQUIRED, *_OPTIONAL), _REQUIRED)
    decimals = items["decimals"].whole("decimals", 0, _DECIMALS_MOST) if "decimals" in items else _DECIMALS
    effective_from = items["effective_from"].date("effective_from")
    accounts = _codes(items["accounts"], "accounts") if "accounts" in items else ()
    reserve = _reserve(items["reserve"], accounts, decimals) if "reserve" in items else None
    tranches = _each(items, "tranches", lambda entry: _tranche(entry, decimals))
    fees = _each(items, "fees", lambda entry: _fee(entry, decimals))
    triggers = _each(items, "triggers", _trigger)
    _different(items, "tranches", [tranche.name for tranche in tranches])
    _different(items, "fees", [fee.name for fee in fees])
    _different(items, "triggers", [trigger.name for trigger in triggers])
    known = {Pay.FEE: [fee.name for fee in fees]}
    known |= {pay: [tranche.name for tranche in tranches] for pay in (Pay.INTEREST, Pay.PRINCIPAL)}
    until = items.get("revolving_until")
    vehicle = Vehicle(
        code=_matched(items["vehicle"], "vehicle", _CODE, "lower-case letters, digits and _, e.g. harbour_trust_1"),
        title=items["title"].text("title"),
        kind=_word(items["kind"], "kind", VehicleKind),
        consolidated=items["consolidated"].flag("consolidated"),
        place=name,
        hash=text_hash(text),
        source=_said(items["source"], "source"),
        effective_from=effective_from,
        currency=currency_of(items["currency"]),
        decimals=decimals,
        begins_on=items["begins_on"].date("begins_on") if "begins_on" in items else effective_from,
        payment_dates=_dates(items["payment_dates"]) if "payment_dates" in items else None,
        day_count=_named(items.get("day_count"), "day_count", DayCount, _DEFAULT_DAY_COUNT),
        rounding=_named(items.get("rounding"), "rounding", Rounding, "half_up"),
        revolving_until=until.date("revolving_until") if until is not None else None,
        accounts=accounts,
        receives=_receives(items["receives"], accounts) if "receives" in items else {},
        tranches=tranches,
        fees=fees,
        reserve=reserve,
        triggers=triggers,
        buy_back=_buy_back(items["buy_back"]) if "buy_back" in items else None,
        deposit=_deposit(items["deposit"], decimals) if "deposit" in items else None,
        waterfall=_each(items, "waterfall", lambda entry: _step(entry, accounts, known, reserve)),
    )
    check_vehicle(vehicle, top.place)
    return vehicle


def _each(items: Mapping[str, Located], name: str, read: Callable[[Located], _Read]) -> tuple[_Read, ...]:
    return tuple(read(entry) for entry in items[name].items(name)) if name in items else ()


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _said(item: Located, what: str) -> str:
    text = item.text(what).strip()
    if not text:
        raise item.wrong(f"{what} is empty. Write it out.")
    return text


def _named(item: Located | None, what: str, names: type[_Name], default: str) -> _Name:
    word = default if item is None else item.choice(what, [member.name.lower() for member in names])
    return names[word.upper()]


def _word(item: Located, what: str, words: type[_Word]) -> _Word:
    return words(item.choice(what, [member.value for member in words]))


def _codes(item: Located, what: str) -> tuple[str, ...]:
    found = tuple(_matched(entry, what, _CODE, "lower-case letters, digits and _") for entry in item.items(what))
    if len(set(found)) < len(found):
        raise item.wrong(f"{what} names one twice: {', '.join(found)}. Keep one.")
    return found


def _different(items: Mapping[str, Located], name: str, found: list[str]) -> None:
    if len(set(found)) < len(found):
        raise items[name].wrong(f"{name} has one name twice: {', '.join(found)}. Rename one.")


def _amount(item: Located, what: str, decimals: int, least: int = 0) -> int:
    number = item.scaled(what, 10**decimals, "1000.00")
    if number < least:
        raise item.wrong(f"{what} must {'be above zero' if least else 'not be negative'}; got {item.value}.")
    return number


def _fraction(item: Located, what: str, scale: int, example: str) -> int:
    number = item.scaled(what, scale, example)
    if not 0 <= number <= scale:
        raise item.wrong(f"{what} must be a fraction from 0 to 1; got {item.value}. Write, e.g., {example}.")
    return number


def _tranche(entry: Located, decimals: int) -> Tranche:
    needed = ("name", "seniority", "holder", "amount", "rate_annual")
    items = entry.fields("a tranche", (*needed, "final_on"), needed)
    return Tranche(
        name=_matched(items["name"], "a tranche's name", _CODE, "lower-case letters, digits and _"),
        seniority=_word(items["seniority"], "seniority", Seniority),
        holder=_said(items["holder"], "holder"),
        amount_fen=_amount(items["amount"], "a tranche's amount", decimals, 1),
        rate_annual=_fraction(items["rate_annual"], "rate_annual", RATE_SCALE, "0.042"),
        final_on=items["final_on"].date("final_on") if "final_on" in items else None,
    )


def _fee(entry: Located, decimals: int) -> VehicleFee:
    items = entry.fields("a fee", ("name", "payee", "amount", "rate_annual"), ("name", "payee"))
    if ("amount" in items) == ("rate_annual" in items):
        raise entry.wrong("a fee needs either amount (each payment date) or rate_annual (on the tranches). Write one of them.")
    return VehicleFee(
        name=_matched(items["name"], "a fee's name", _CODE, "lower-case letters, digits and _"),
        payee=_said(items["payee"], "payee"),
        amount_fen=_amount(items["amount"], "a fee's amount", decimals, 1) if "amount" in items else 0,
        rate_annual=_fraction(items["rate_annual"], "rate_annual", RATE_SCALE, "0.0005") if "rate_annual" in items else 0,
    )


def _trigger(entry: Located) -> Trigger:
    needed = ("name", "ratio", "above", "then")
    items = entry.fields("a trigger", (*needed, "lasting"), needed)
    return Trigger(
        name=_said(items["name"], "a trigger's name"),
        ratio=_matched(items["ratio"], "ratio", _CODE, "the name of a measure, e.g. cumulative_default"),
        above_ppm=_fraction(items["above"], "above", PPM, "0.06"),
        effect=_word(items["then"], "then", Effect),
        lasting=items["lasting"].flag("lasting") if "lasting" in items else True,
    )


def _dates(entry: Located) -> PaymentDates:
    items = entry.fields("payment_dates", ("first", "every_months", "calendar", "shift"), ("first",))
    return PaymentDates(
        first_on=items["first"].date("payment_dates.first"),
        every_months=items["every_months"].whole("every_months", 1, _MONTHS_MOST) if "every_months" in items else 1,
        calendar=items["calendar"].choice("calendar", calendar_names()) if "calendar" in items else WEEKDAYS,
        shift=_named(items.get("shift"), "shift", Shift, "following"),
    )


def _reserve(entry: Located, accounts: tuple[str, ...], decimals: int) -> Reserve:
    items = entry.fields("reserve", ("account", "share", "least"), ("account", "share"))
    return Reserve(
        account=items["account"].choice("reserve.account", accounts),
        share_ppm=_fraction(items["share"], "reserve.share", PPM, "0.02"),
        least_fen=_amount(items["least"], "reserve.least", decimals) if "least" in items else 0,
    )


def _receives(entry: Located, accounts: tuple[str, ...]) -> dict[Received, str]:
    items = entry.fields("receives", [received.name.lower() for received in Received])
    return {Received[name.upper()]: item.choice(f"receives.{name}", accounts) for name, item in items.items()}


def _buy_back(entry: Located) -> BuyBack:
    names = ("dpd_least", "dpd_most", "buyer", "price")
    items = entry.fields("buy_back", names, names)
    least = items["dpd_least"].whole("dpd_least", 1, _DPD_MOST)
    return BuyBack(
        dpd_least=least,
        dpd_most=items["dpd_most"].whole("dpd_most", least, _DPD_MOST),
        buyer=_said(items["buyer"], "buyer"),
        price=_word(items["price"], "price", Price),
    )


def _deposit(entry: Located, decimals: int) -> Deposit:
    items = entry.fields("deposit", ("amount", "floor"), ("amount",))
    deposit = Deposit(
        amount_fen=_amount(items["amount"], "deposit.amount", decimals),
        floor_fen=_amount(items["floor"], "deposit.floor", decimals) if "floor" in items else 0,
    )
    if deposit.floor_fen > deposit.amount_fen:
        raise items["floor"].wrong("deposit.floor exceeds deposit.amount. Swap them.")
    return deposit


def _step(
    entry: Located,
    accounts: tuple[str, ...],
    known: Mapping[Pay, list[str]],
    reserve: Reserve | None,
) -> Step:
    items = entry.fields("a step of the waterfall", ("pay", "of", "from", "to", "during"), ("pay",))
    pay = _word(items["pay"], "pay", Pay)
    takes = {"of": pay in known, "to": pay in (Pay.RELEASE, Pay.DEFAULT_COVER, Pay.REINVESTMENT, Pay.RESIDUAL)}
    takes["from"] = pay is not Pay.RELEASE
    for name, wanted in takes.items():
        if wanted and name not in items:
            raise entry.wrong(f"a step that pays {pay.value} needs {name!r}.")
        if not wanted and name in items:
            raise items[name].wrong(f"a step that pays {pay.value} has no {name!r}. Remove it.")
    kept = reserve.account if reserve is not None else ""
    into = kept if pay is Pay.RESERVE else ""
    if pay in (Pay.RELEASE, Pay.DEFAULT_COVER):
        into = items["to"].choice("to", accounts)
    of = tuple(name.choice("of", known[pay]) for name in items["of"].items("of")) if "of" in items else ()
    sources = (kept,) if pay is Pay.RELEASE else tuple(name.choice("from", accounts) for name in items["from"].items("from"))
    during: tuple[Phase, ...] = ()
    if "during" in items:
        words = [phase.name.lower() for phase in Phase]
        during = tuple(Phase[name.choice("during", words).upper()] for name in items["during"].items("during"))
    lists: tuple[tuple[str, tuple[object, ...]], ...] = (("of", of), ("from", sources), ("during", during))
    for what, found in lists:
        if what in items and (not found or len(set(found)) < len(found)):
            raise items[what].wrong(f"{what} must name each once, and at least one.")
    return Step(
        pay=pay,
        of=of,
        sources=sources,
        into=into,
        payee=_said(items["to"], "to") if pay in (Pay.REINVESTMENT, Pay.RESIDUAL) else "",
        during=during,
        place=entry.place,
    )
