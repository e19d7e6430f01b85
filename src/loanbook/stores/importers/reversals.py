"""What a reversal must agree with: one corporate event that the book holds, not taken back yet, on which no other leans."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.corporate_events import BY_NAME
from loanbook.accounting.corporate_reversals import REVERSED, reversed_ids
from loanbook.stores.importers.borrowings import DRAWN, OF_DEBT, Wrong
from loanbook.units import format_money

_OPENINGS = ("opening_balance", "opening_shares")
_LEANING = {
    DRAWN: (tuple(kind for kind in OF_DEBT if kind != DRAWN), "debt"),
    "grant_made": (("grant_forfeited", "grant_expired", "grant_exercised"), "grant_id"),
}
"""Kinds that others lean on, those kinds, and the column that says which."""
_SAME = ("entity", "currency", "happened_on")


class Reversals:
    """The events of a book that can be taken back."""

    def __init__(self, held: Mapping[str, pa.Table], *, opened: bool = True) -> None:
        """`held`: tables of the book by kind; `opened`: whether a period of its ledger is closed, which fixes its opening."""
        self._opened = opened
        self._gone = set(reversed_ids(held).to_pylist())
        self._held = {kind: table for kind, table in held.items() if kind in BY_NAME}

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
        found = self._event(target)
        if found is None:
            return "reverses", "is no event of this book", "the event_id of one that was imported or approved before"
        kind, event = found
        if target in self._gone:
            return "reverses", "was taken back before", "an event that stands"
        if kind == REVERSED:
            return "reverses", "is a reversal itself", "nothing: tell the event again under a new event_id"
        if kind in _OPENINGS and self._opened:
            return "reverses", f"is an {kind} that the books were opened with", _instead(kind, event)
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
        of = [table.filter(pc.equal(table[name], event[name])) for kind, table in self._held.items() if kind in kinds]
        return next((id_ for table in of for id_ in table["event_id"].to_pylist() if id_ not in self._gone), "")

    def _event(self, event_id: str) -> tuple[str, Mapping[str, Any]] | None:
        """An event of the book and its kind."""
        for kind, table in self._held.items():
            place = pc.index(table["event_id"], event_id).as_py()
            if place >= 0:
                return kind, table.slice(place, 1).to_pylist()[0]
        return None


def _instead(kind: str, event: Mapping[str, Any]) -> str:
    """How what the books were opened with is corrected: what it took the place of was decided by the opening."""
    if kind != "opening_balance":
        return f"another {kind} of the same day with the difference (`loanbook books import`)"
    back = format_money(-event["amount_fen"]).replace(",", "")
    which = ", ".join(str(event[name]) for name in ("book", "account", "entity", "currency", "happened_on"))
    return (
        f"another opening_balance of {which} (`loanbook books import`): amount {back} takes it away, the right amount less this "
        "one corrects it; the open quarter posts it, a restatement of the first quarter puts it into the opening"
    )
