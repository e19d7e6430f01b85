"""The settlement of one partner and day: what was collected, paid and charged for it, row by row, tied to its events."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from loanbook.errors import RequestError, TieError
from loanbook.units import Ints, date


class Line(IntEnum):
    """What a settlement row is for."""

    DISBURSED = 0
    """The partner's money that reached borrowers; shown, and not part of what is settled."""
    PRINCIPAL = 1
    INTEREST = 2
    FEE = 3
    """Fees and late charges."""
    COMPENSATION = 4
    """Paid by the guarantor."""
    BUY_BACK = 5
    RECOVERY = 6
    PLATFORM_FEE = 7
    """What the partner owes us for the loan."""


_SIGNS = {Line.DISBURSED: 0, Line.PLATFORM_FEE: -1}
SIGN = tuple(_SIGNS.get(line, 1) for line in Line)
"""1: goes to the partner; -1: comes from it; 0: shown only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledEvents:
    """The partners' part of events, one row for each component; in any order.

    event_no     (rows,) int64, the number of the event in the book
    loan_no      (rows,) int64;  partner_no  (rows,) int32
    booked_on    (rows,) int32: the business day that recorded it, so that a late event is in the next file and none in two
    line         (rows,) int8, `Line`
    amount_fen   (rows,) int64; a reversal is negative
    """

    event_no: Ints
    loan_no: Ints
    partner_no: Ints
    booked_on: Ints
    line: Ints
    amount_fen: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One partner's settlement of one day: a row for each loan and line, by loan, then line.

    loan_no, amount_fen   (rows,) int64;  line  (rows,) int8;  events  (rows,) int32, how many events a row sums
    totals_fen            (lines,) int64
    """

    partner_no: int
    on: int
    loan_no: Ints
    line: Ints
    events: Ints
    amount_fen: Ints
    totals_fen: Ints

    @property
    def net_fen(self) -> int:
        """What we pay the partner; negative: what the partner pays us."""
        return sum(sign * int(total) for sign, total in zip(SIGN, self.totals_fen, strict=True))

    def table(self) -> pa.Table:
        """The rows as they are written to a file."""
        names = np.array([line.name.lower() for line in Line])
        return pa.table(
            {"loan_no": self.loan_no, "line": names[self.line], "events": self.events, "amount_fen": self.amount_fen},
            schema=pa.schema(
                [("loan_no", pa.int64()), ("line", pa.string()), ("events", pa.int32()), ("amount_fen", pa.int64())]
            ),
        )


def settlement_of(events: SettledEvents, *, partner_no: int, on: int) -> Settlement:
    """The settlement of a partner and day; whatever the order of the events, the same rows.

    raises   RequestError for an unknown line; TieError for an event that stands twice, or totals that do not tie
    """
    lines = np.asarray(events.line, np.int64)
    if lines.size and not 0 <= int(lines.min()) <= int(lines.max()) < len(Line):
        raise RequestError(f"a settlement has no line outside 0 to {len(Line) - 1}.")
    (chosen,) = np.nonzero((events.partner_no == partner_no) & (events.booked_on == on))
    order = chosen[np.lexsort((events.event_no[chosen], lines[chosen], events.loan_no[chosen]))]
    loan_no, line, number = events.loan_no[order], lines[order], events.event_no[order]
    same_row = (loan_no[1:] == loan_no[:-1]) & (line[1:] == line[:-1])
    twice = np.flatnonzero(same_row & (number[1:] == number[:-1]))
    if twice.size:
        raise TieError(
            f"event {int(number[twice[0]])} stands twice for loan {int(loan_no[twice[0]])} in the settlement of {date(on)}. "
            "Give each event once."
        )
    starts = np.flatnonzero(np.concatenate((np.ones(min(order.size, 1), bool), ~same_row)))
    amount = np.asarray(events.amount_fen, np.int64)[order]
    totals = np.zeros(len(Line), np.int64)
    summed = np.add.reduceat(amount, starts) if starts.size else amount
    np.add.at(totals, line[starts], summed)
    settlement = Settlement(
        partner_no=partner_no,
        on=on,
        loan_no=loan_no[starts],
        line=line[starts].astype(np.int8),
        events=np.diff(np.append(starts, order.size)).astype(np.int32),
        amount_fen=summed,
        totals_fen=totals,
    )
    check_tied(settlement, events)
    return settlement


def check_tied(settlement: Settlement, events: SettledEvents) -> None:
    """Rows and totals of a settlement against the events of its partner and day, counted and summed anew.

    raises   TieError naming line and figures
    """
    ours = (events.partner_no == settlement.partner_no) & (events.booked_on == settlement.on)
    if int(settlement.events.sum()) != int(ours.sum()):
        raise TieError(f"the settlement sums {int(settlement.events.sum())} events of {int(ours.sum())}.")
    for line in Line:
        expected = int(np.asarray(events.amount_fen, np.int64)[ours & (events.line == line)].sum())
        in_rows = int(settlement.amount_fen[settlement.line == line].sum())
        if not expected == in_rows == int(settlement.totals_fen[line]):
            raise TieError(
                f"{line.name.lower()} of the settlement of {date(settlement.on)}: events {expected}, rows {in_rows}, "
                f"total {int(settlement.totals_fen[line])} fen."
            )
