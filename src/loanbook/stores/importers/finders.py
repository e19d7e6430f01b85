"""What an import sets aside once all its events are staged: each finder gives the query of the faults of one kind of event.

They work on the views `staged_<kind>` (events with their file and row) and on `bad` (source rows found bad so far), in the order
of FINDERS: first what is wrong with an event alone, so that what follows from it (payments of a loan that does not come in) is
found after it. No finder looks at the order of rows.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from loanbook.events import BY_NAME, columns
from loanbook.stores.checks import first_broken
from loanbook.stores.engine import Engine, quote, scan
from loanbook.stores.importers.conversion import FILE, ROW
from loanbook.stores.schema import content_columns

HEADS = ("loan_disbursed", "position_opened")
"""Kinds that bring a loan into the book."""
_FREE = (*HEADS, "application_received")
_AFTER_DISBURSEMENT = (
    "payment_received",
    "charge_added",
    "rate_changed",
    "loan_charged_off",
    "recovery_received",
    "refund_paid",
    "disbursement_added",
)
_PAST = ("happened_on", "originated_on", "recorded_at")
"""Dates of what has happened; due dates and maturities may lie ahead."""
_ORDER = f'"{FILE}", "{ROW}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What staged events are judged by.

    kinds           kinds that are staged
    book_files      the book's event files by kind
    currency        of the book; empty where any will do
    today           the last day that can have happened; None: any day can
    versions        whether the engine has `terms_version`, the terms that the book will archive
    dated_by_loan   kinds whose events take both dates of their loan's first event
    """

    kinds: tuple[str, ...]
    book_files: Mapping[str, Sequence[Path]]
    currency: str
    today: dt.date | None
    versions: bool
    dated_by_loan: frozenset[str]


Finder: TypeAlias = Callable[[Engine, str, Grounds], str]
"""The query of the faults of a kind, with the columns of `conversion.FAULTS`, or nothing."""


def heads(grounds: Grounds, wanted: str, kinds: Sequence[str] = HEADS) -> str:
    """The query of the events that bring loans in, of the import and of the book; empty when there are none."""
    parts = [f"SELECT {wanted} FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})" for kind in kinds if kind in grounds.kinds]
    parts += [f"SELECT {wanted} FROM {scan(grounds.book_files[kind])}" for kind in kinds if grounds.book_files.get(kind)]
    return " UNION ".join(parts)


def reversals(engine: Engine, grounds: Grounds) -> str:
    """The query of reversals whose event is neither in the import nor in the book, or is another loan's; else nothing.

    Events that were set aside are not in the import, so it is asked until it finds nothing more.
    """
    if "event_reversed" not in grounds.kinds:
        return ""
    engine.keep("taking", f"SELECT * FROM staged_event_reversed ANTI JOIN bad USING ({_ORDER})")
    named = "WHERE event_id IN (SELECT reversed_event_id FROM taking)"
    there = [f"SELECT event_id, loan_id FROM staged_{kind} ANTI JOIN bad USING ({_ORDER}) {named}" for kind in grounds.kinds]
    there += [f"SELECT event_id, loan_id FROM {scan(files)} {named}" for files in grounds.book_files.values() if files]
    engine.keep("takeable", f"SELECT event_id, min(loan_id) AS loan_id FROM ({' UNION ALL '.join(there)}) GROUP BY 1")
    reason = (
        "CASE WHEN t.loan_id IS NULL THEN 'no event of this id comes in with these files or is in the book' "
        "ELSE 'the event of this id is of loan ' || t.loan_id || ', not of ' || a.loan_id END"
    )
    expected = "the id of an event of the same loan; import that event first or together"
    return (
        f"SELECT {_fault('event_reversed', 'reversed_event_id', 'a.reversed_event_id', reason, expected)} FROM taking a "
        "LEFT JOIN takeable t ON t.event_id = a.reversed_event_id WHERE t.loan_id IS DISTINCT FROM a.loan_id"
    )


def _fault(kind: str, column: str, value: str, reason: str, expected: str) -> str:
    return (
        f'a."{FILE}" AS "{FILE}", a."{ROW}" AS "{ROW}", \'{kind}\' AS event, \'{column}\' AS "column", '
        f"CAST({value} AS VARCHAR) AS value, {reason} AS reason, {quote(expected)} AS expected"
    )


def _ruled(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Rows that break a rule of their kind: the book would refuse the event, but not the rest of its source row."""
    del engine
    sql = first_broken(BY_NAME[kind], grounds.currency)
    return (
        f'SELECT "{FILE}", "{ROW}", \'{kind}\' AS event, {sql["column"]} AS "column", {sql["value"]} AS value, '
        f"{sql['reason']} AS reason, {sql['expected']} AS expected FROM staged_{kind} WHERE {sql['test']}"
    )


def _ahead(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Rows that say of a day to come that something has happened on it: one of them would move every default day of a close."""
    del engine
    if grounds.today is None or kind in grounds.dated_by_loan:
        return ""
    ahead = f"> DATE {quote(grounds.today)}"
    dates = [column.name for column in columns(BY_NAME[kind]) if column.name in _PAST]
    reason = quote(f"the day has not come: today is {grounds.today}")
    expected = f"a day up to {grounds.today}; where the source means it, import with --allow-future"
    parts = [
        f"SELECT {_fault(kind, name, f'CAST(a.{name} AS DATE)', reason, expected)} FROM staged_{kind} a "
        # recorded_at is made from happened_on where the mapping has none: then one fault is enough.
        f"WHERE CAST(a.{name} AS DATE) {ahead}" + (f" AND NOT a.happened_on {ahead}" if name != "happened_on" else "")
        for name in dates
    ]
    return " UNION ALL ".join(parts)


def _untimely(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Loans that no terms were in force for on their day, or whose terms are not there: no schedule could be made of them."""
    del engine
    if kind != "loan_disbursed" or not grounds.versions:
        return ""
    named = "coalesce(a.terms_hash, '') <> ''"
    early = "'the terms of ' || a.product || ' are in force from ' || (DATE '1970-01-01' + v.starts_on) || ' on'"
    terms = "a day from then on, or earlier terms: --terms FILE"
    unknown = "'no terms of this hash are in the book, shipped or given'"
    sound = f"(SELECT * FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})) a"
    return (
        f"SELECT {_fault(kind, 'happened_on', 'a.happened_on', early, terms)} FROM {sound} "
        "JOIN (SELECT product, min(starts_on) AS starts_on FROM terms_version GROUP BY 1) v ON v.product = a.product "
        f"WHERE NOT ({named}) AND a.happened_on < DATE '1970-01-01' + v.starts_on UNION ALL "
        f"SELECT {_fault(kind, 'terms_hash', 'a.terms_hash', unknown, 'those terms: --terms FILE')} FROM {sound} "
        f"WHERE {named} AND a.terms_hash NOT IN (SELECT version FROM terms_version)"
    )


def _repeats(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Rows whose event id stands in another row. Which row is taken never depends on their order:

    whole repeats are taken once; when rows of one id differ, in this event or in what else they bring, none is taken.
    """
    engine.keep(f"twice_{kind}", f"SELECT hash(event_id) AS h FROM staged_{kind} GROUP BY 1 HAVING count(*) > 1")
    if not engine.number(f"SELECT count(*) FROM twice_{kind}"):
        return ""
    engine.keep(
        f"same_{kind}",
        f"SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY {_ORDER}) AS nth FROM staged_{kind} "
        f"ANTI JOIN bad USING ({_ORDER}) WHERE hash(event_id) IN (SELECT h FROM twice_{kind})",
    )
    brought = " UNION ALL ".join(
        f"SELECT {_ORDER}, '{other}:' || event_id AS id FROM staged_{other} SEMI JOIN same_{kind} USING ({_ORDER})"
        for other in grounds.kinds
    )
    content = ", ".join(f'a."{name}"' for name in content_columns(BY_NAME[kind]))
    engine.keep(
        f"differing_{kind}",
        f"SELECT a.event_id FROM same_{kind} a "
        f"JOIN (SELECT {_ORDER}, list(id ORDER BY id) AS ids FROM ({brought}) GROUP BY ALL) b USING ({_ORDER}) "
        f"GROUP BY a.event_id HAVING count(DISTINCT row({content}, b.ids)) > 1",
    )
    differs = f"a.event_id IN (SELECT event_id FROM differing_{kind})"
    reason = (
        "'the event id stands ' || CASE WHEN a.nth = 1 THEN 'again' ELSE 'already' END || "
        f"' in ' || o.\"{FILE}\" || ', row ' || o.\"{ROW}\" || "
        f"CASE WHEN {differs} THEN '; the rows of this id differ, so none is taken' ELSE ', with the same content' END"
    )
    return (
        f"SELECT {_fault(kind, 'event_id', 'a.event_id', reason, 'each row once')} FROM same_{kind} a JOIN same_{kind} o "
        f"ON o.event_id = a.event_id AND o.nth = CASE WHEN a.nth = 1 THEN 2 ELSE 1 END WHERE a.nth > 1 OR {differs}"
    )


def _strangers(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Events of loans that neither the import nor the book opens."""
    del engine
    if kind in _FREE:
        return ""
    known = heads(grounds, "loan_id") or "SELECT '' AS loan_id LIMIT 0"
    reason = "'no loan of this id is disbursed or opened in these files or the book'"
    return (
        f"SELECT {_fault(kind, 'loan_id', 'a.loan_id', reason, 'import the loans first or together')} "
        f"FROM staged_{kind} a ANTI JOIN bad USING ({_ORDER}) WHERE a.loan_id NOT IN ({known})"
    )


def _early(engine: Engine, kind: str, grounds: Grounds) -> str:
    """Events that happened before their loan was disbursed."""
    del engine
    if kind not in _AFTER_DISBURSEMENT:
        return ""
    lent = heads(grounds, "loan_id, happened_on", HEADS[:1])
    if not lent:
        return ""
    reason = "'the event precedes the disbursement of ' || d.happened_on"
    return (
        f"SELECT {_fault(kind, 'happened_on', 'a.happened_on', reason, 'a day from the disbursement on')} "
        f"FROM (SELECT * FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})) a "
        f"JOIN ({lent}) d ON a.loan_id = d.loan_id WHERE a.happened_on < d.happened_on"
    )


FINDERS: tuple[Finder, ...] = (_ruled, _ahead, _untimely, _repeats, _strangers, _early)
"""In the order in which they are asked."""
