"""A third-party guarantor's claims by civil dates and decimals, as an accountant works them out; the twin of the books' own."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Entry:
    """A line of the day: `book` none for money that leaves no entry; `how` the arithmetic."""

    on: dt.date
    book: str
    debit: int
    credit: int
    amount: Decimal
    rule: str
    how: str


def entries(life: Mapping[str, Any]) -> list[tuple[Entry, Decimal]]:
    """Entries in order, each with the deposit after its day."""
    share = Decimal(str(life["share"]))
    paid = {row["on"]: Decimal(str(row["paid"])) for row in life["deposits"]}
    called = {row["on"]: Decimal(str(row["amount"])) for row in life["payouts"]}
    held = total = before = Decimal(0)
    found: list[tuple[Entry, Decimal]] = []
    for on in sorted({*paid, *called}):
        lines = []
        if on in paid:
            held += paid[on]
            lines.append(Entry(on, "CORE", 1020, 1001, paid[on], "O02", "deposit paid to the guarantor"))
        if on in called:
            amount = called[on]
            total += amount
            claimed = (total * share).quantize(CENT, ROUND_HALF_UP)
            claim, used = claimed - before, min(held, claimed - before)
            how = f"{total:,} x {100 * share:.0f} % = {claimed:,}" + (f"; less {before:,} claimed before" if before else "")
            lines += [
                Entry(on, "CORE", 2198, 1001, amount, "L20", "the payout, as if all of it left in cash"),
                Entry(on, "USGAAP", 2150, 2198, amount, "L21", "charged to the contingent liability"),
                Entry(on, "IFRS", 2150, 2198, amount, "L22", "charged to the loss allowance"),
            ]
            if used:
                lines.append(Entry(on, "CORE", 1001, 1020, used, "B01", f"{how}; out of the deposit {used:,}: that cash stayed"))
            if claim > used:
                lines.append(Entry(on, "none", 0, 0, claim - used, "B02", f"{how}; the rest goes to the guarantor: cash of L20"))
            held, before = held - used, claimed
        found += [(line, held) for line in lines]
    return found
