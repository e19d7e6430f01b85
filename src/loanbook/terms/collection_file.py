"""Reading collection terms from YAML.

collection: consumer
title: Collections from consumers (example)
effective_from: 2024-01-01
source: ...                          # who decided it, where it is written
currency: CNY
hours: {from: "08:00", until: "20:00"}
actions: [{name: call, cost: 1.20, contact: true}, ...]
stages: [{name: early, dpd: 1, overdue_least: 10.00, actions: [call], contacts: {a_day: 1, a_week: 3}}, ...]
promise: {days_most: 7, grace_days: 1, tolerance: 1.00, broken_moves_up: 1}
agencies: [{name: ..., dpd: 91, overdue_least: 500.00, weight: 2, commission: 0.25, keeps_days: 90}, ...]
"""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from loanbook.errors import TermsError
from loanbook.terms.collection import MINUTES_A_DAY, Action, Agency, CollectionStage, CollectionTerms, PromiseTerms
from loanbook.terms.currency import currency_of
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import PPM, text_hash

SHIPPED = Path(__file__).parent / "collections"
"""Example collection terms that come with the package; made up."""

_REQUIRED = ("collection", "title", "effective_from", "source", "currency", "hours", "actions", "stages", "promise")
_DECIMALS_MOST = 10
_DAYS_MOST = 3_650
_CONTACTS_MOST = 100
_WEIGHT_MOST = 1_000_000
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
_Read = TypeVar("_Read", Action, CollectionStage, Agency)


def read_collection(path: Path, shown: str | None = None) -> CollectionTerms:
    """The terms of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_collection(read_text(path, name), name)


def collections_in(folder: Path = SHIPPED) -> tuple[CollectionTerms, ...]:
    """All versions of all policies in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, or two versions of a policy that start on one day
    """
    found = sorted(
        (read_collection(path, f"terms/{folder.name}/{path.name}") for path in folder.glob("*.yaml")),
        key=lambda terms: (terms.code, terms.effective_from, terms.place),
    )
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(
                f"{later.place}:1: {later.code} already has terms from that day in {earlier.place}. Change one date."
            )
    return tuple(found)


def parse_collection(text: str, name: str) -> CollectionTerms:
    """The terms of a YAML text; `name` is what messages call it."""
    top = parse_located(text, name)
    items = top.fields("collection terms", (*_REQUIRED, "decimals", "agencies"), _REQUIRED)
    decimals = items["decimals"].whole("decimals", 0, _DECIMALS_MOST) if "decimals" in items else 2
    hours = items["hours"].fields("hours", ("from", "until"), ("from", "until"))
    opens, closes = _minute(hours["from"], "hours.from"), _minute(hours["until"], "hours.until")
    if closes <= opens:
        raise hours["until"].wrong("hours.until must lie after hours.from.")
    actions = _each(items["actions"], "actions", lambda entry: _action(entry, decimals))
    known = [action.name for action in actions]
    stages = _each(items["stages"], "stages", lambda entry: _stage(entry, decimals, known))
    for earlier, later in pairwise(stages):
        if later.dpd_least <= earlier.dpd_least:
            raise items["stages"].wrong(f"stage {later.name} must begin after stage {earlier.name} ({earlier.dpd_least} dpd).")
    return CollectionTerms(
        code=_matched(items["collection"], "collection", _CODE, "lower-case letters, digits and _, e.g. consumer"),
        title=items["title"].text("title"),
        place=name,
        hash=text_hash(text),
        source=items["source"].text("source"),
        effective_from=items["effective_from"].date("effective_from"),
        currency=currency_of(items["currency"]),
        decimals=decimals,
        opens_minute=opens,
        closes_minute=closes,
        actions=actions,
        stages=stages,
        promise=_promise(items["promise"], decimals),
        agencies=_each(items["agencies"], "agencies", lambda entry: _agency(entry, decimals)) if "agencies" in items else (),
    )


def _each(item: Located, what: str, read: Callable[[Located], _Read]) -> tuple[_Read, ...]:
    found = tuple(read(entry) for entry in item.items(what))
    names = [each.name for each in found]
    if not found or len(set(names)) < len(names):
        raise item.wrong(f"{what} must be at least one, each with a name of its own; got {', '.join(names) or 'none'}.")
    return found


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _minute(item: Located, what: str) -> int:
    found = _TIME.fullmatch(item.text(what))
    minute = int(found[1]) * 60 + int(found[2]) if found else MINUTES_A_DAY + 1
    if minute > MINUTES_A_DAY:
        raise item.wrong(f'{what} must be a time of day from "00:00" to "24:00", not {item.shown}.')
    return minute


def _amount(item: Located, what: str, decimals: int) -> int:
    number = item.scaled(what, 10**decimals, "1.20")
    if number < 0:
        raise item.wrong(f"{what} must not be negative; got {item.value}.")
    return number


def _action(entry: Located, decimals: int) -> Action:
    items = entry.fields("an action", ("name", "cost", "contact"), ("name", "cost", "contact"))
    return Action(
        name=_matched(items["name"], "an action's name", _CODE, "lower-case letters, digits and _"),
        cost_fen=_amount(items["cost"], "cost", decimals),
        contact=items["contact"].flag("contact"),
    )


def _stage(entry: Located, decimals: int, known: list[str]) -> CollectionStage:
    needed = ("name", "dpd", "actions", "contacts")
    items = entry.fields("a stage", (*needed, "overdue_least"), needed)
    limits = items["contacts"].fields("contacts", ("a_day", "a_week"), ("a_day", "a_week"))
    a_day = limits["a_day"].whole("contacts.a_day", 0, _CONTACTS_MOST)
    return CollectionStage(
        name=_matched(items["name"], "a stage's name", _CODE, "lower-case letters, digits and _"),
        dpd_least=items["dpd"].whole("dpd", 1, _DAYS_MOST),
        overdue_least_fen=_amount(items["overdue_least"], "overdue_least", decimals) if "overdue_least" in items else 0,
        actions=tuple(name.choice("actions", known) for name in items["actions"].items("actions")),
        contacts_a_day=a_day,
        contacts_a_week=limits["a_week"].whole("contacts.a_week", a_day, _CONTACTS_MOST),
    )


def _promise(entry: Located, decimals: int) -> PromiseTerms:
    items = entry.fields("promise", ("days_most", "grace_days", "tolerance", "broken_moves_up"), ("days_most",))
    return PromiseTerms(
        days_most=items["days_most"].whole("promise.days_most", 1, _DAYS_MOST),
        grace_days=items["grace_days"].whole("promise.grace_days", 0, _DAYS_MOST) if "grace_days" in items else 0,
        tolerance_fen=_amount(items["tolerance"], "promise.tolerance", decimals) if "tolerance" in items else 0,
        broken_moves_up=items["broken_moves_up"].whole("promise.broken_moves_up", 0, 10) if "broken_moves_up" in items else 0,
    )


def _agency(entry: Located, decimals: int) -> Agency:
    needed = ("name", "dpd", "commission", "keeps_days")
    items = entry.fields("an agency", (*needed, "overdue_least", "weight"), needed)
    commission = items["commission"].scaled("commission", PPM, "0.25")
    if not 0 <= commission < PPM:
        raise items["commission"].wrong(f"commission must be a fraction below one; got {items['commission'].value}. Write 0.25.")
    return Agency(
        name=items["name"].text("an agency's name"),
        dpd_least=items["dpd"].whole("dpd", 1, _DAYS_MOST),
        overdue_least_fen=_amount(items["overdue_least"], "overdue_least", decimals) if "overdue_least" in items else 0,
        weight=items["weight"].whole("weight", 1, _WEIGHT_MOST) if "weight" in items else 1,
        commission_ppm=commission,
        keeps_days=items["keeps_days"].whole("keeps_days", 1, _DAYS_MOST),
    )
