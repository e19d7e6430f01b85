"""What a reversal must agree with: one corporate event that the book holds, not taken back yet, on which no other leans."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from loanbook.accounting.corporate_events import BY_NAME
from loanbook.accounting.corporate_reversals import REVERSED, reversed_ids
from loanbook.stores.importers.borrowings import DRAWN, OF_DEBT, Wrong

_OPENINGS = ("opening_balance", "opening_shares")
_LEANING = {
    DRAWN: (tuple(kind for kind in OF_DEBT if kind != DRAWN), "debt"),
    "grant_made": (("grant_forfeited", "grant_expired", "grant_exercised"), "grant_id"),
}
"""Kinds that others lean on, those kinds, and the column that says which."""
_SAME = ("entity", "currency", "happened_on")


class Reversals:
    """The events of a book that can be taken back."""

    def __init__(self, held: Mapping[str, pa.Table]) -> None:
        """`held`: tables of the book by kind."""
        self._gone = set(reversed_ids(held).to_pylist())
        self._held = {row["event_id"]: (kind, row) for kind in held for row in held[kind].to_pylist() if kind in BY_NAME}

    def refused(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, Wrong]]:
        """What is wrong with rows (place, row), each judged by those before it; right ones are taken in."""
        for place, row in rows:
            wrong = self._wrong(row)
            if wrong:
                yield place, wrong
            else:
                self._gone.add(row["reverses"])

    def _wrong(self, row: Mapping[str, Any]) -> Wrong | None:
        target = str(row["reverses"])
        if target not in self._held:
            return "reverses", "is no event of this book", "the event_id of one that was imported or approved before"
        kind, event = self._held[target]
        if target in self._gone:
            return "reverses", "was taken back before", "an event that stands"
        if kind == REVERSED:
            return "reverses", "is a reversal itself", "nothing: tell the event again under a new event_id"
        if kind in _OPENINGS:
            return "reverses", f"is an {kind}", "another with the difference, or a restatement of the opening without it"
        for column in _SAME:
            if row[column] != event[column]:
                return column, f"is not that of {target}", str(event[column])
        leaning = self._leaning(kind, event)
        if leaning:
            return "reverses", f"is what {leaning} leans on", f"a reversal of {leaning} first"
        return None

    def _leaning(self, kind: str, event: Mapping[str, Any]) -> str:
        """A standing event that would hang in the air: a payment of a borrowing, a movement of the last tranche of an award."""
        if kind not in _LEANING:
            return ""
        kinds, name = _LEANING[kind]
        standing = ((of, row) for id_, (of, row) in self._held.items() if id_ not in self._gone)
        return next((str(row["event_id"]) for of, row in standing if of in kinds and row[name] == event[name]), "")
