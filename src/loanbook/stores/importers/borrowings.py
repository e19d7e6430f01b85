"""What rows of borrowings must agree with: one drawing of each name, with a last day, and its own entity's payments after it.

Every close measures all borrowings; a row that contradicts its drawing would stop each of them, so it is refused when it comes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from loanbook.units import format_money

DRAWN, REPAID, COST = "debt_drawn", "debt_repaid", "issue_cost_paid"
OF_DEBT = (DRAWN, "debt_interest_paid", REPAID, COST)
Wrong = tuple[str, str, str]
"""Column, what is wrong with its value, and what to write instead."""


class Borrowings:
    """Borrowings as far as they are known, and what was repaid and spent on each."""

    def __init__(self, held: Mapping[str, pa.Table]) -> None:
        """`held`: tables of the book by kind."""
        self._drawn: dict[str, Mapping[str, Any]] = {}
        self._paid: dict[tuple[str, str], int] = {}
        for kind in OF_DEBT:
            for row in held[kind].to_pylist() if kind in held else ():
                self._take(kind, row)

    def refused(self, rows: Iterable[tuple[int, str, Mapping[str, Any]]]) -> Iterator[tuple[int, str, Wrong]]:
        """What is wrong with rows (place, kind, row): drawings first, each judged by those before it; right ones are taken in."""
        for place, kind, row in sorted(rows, key=lambda each: (each[1] != DRAWN, each[0])):
            wrong = self._drawing(row) if kind == DRAWN else self._payment(kind, row)
            if wrong:
                yield place, kind, wrong
            else:
                self._take(kind, row)

    def _take(self, kind: str, row: Mapping[str, Any]) -> None:
        if kind == DRAWN:
            self._drawn.setdefault(row["debt"], row)
        else:
            key = (kind, row["debt"])
            self._paid[key] = self._paid.get(key, 0) + row["amount_fen"]

    def _drawing(self, row: Mapping[str, Any]) -> Wrong | None:
        if row["debt"] in self._drawn:
            return "debt", "was drawn before", "a name of its own for each drawing"
        if row["amount_fen"] == 0:
            return "amount_fen", "is nothing", "what was borrowed"
        if row["matures_on"] is None:
            return "matures_on", "is missing", "the last day: interest and the current part need it"
        if row["matures_on"] <= row["happened_on"]:
            return "matures_on", "is not after happened_on", "a later day"
        return None

    def _payment(self, kind: str, row: Mapping[str, Any]) -> Wrong | None:
        drawn = self._drawn.get(row["debt"])
        if drawn is None:
            return "debt", "was never drawn", "the name of a borrowing, its debt_drawn in this file or an earlier one"
        for column in ("entity", "currency"):
            if row[column] != drawn[column]:
                return column, "is not the one that the borrowing was drawn by", str(drawn[column])
        if kind == REPAID and row["happened_on"] <= drawn["happened_on"]:
            return "happened_on", "is not after the borrowing was drawn", f"a day after {drawn['happened_on']}"
        paid = self._paid.get((kind, row["debt"]), 0) + row["amount_fen"]
        if kind == REPAID and paid > drawn["amount_fen"]:
            left = drawn["amount_fen"] - paid + row["amount_fen"]
            return "amount_fen", "is more than is owed", f"at most {format_money(left)}"
        if kind == COST and paid >= drawn["amount_fen"]:
            return "amount_fen", "leaves nothing of the borrowing", f"in all less than {format_money(drawn['amount_fen'])}"
        return None
