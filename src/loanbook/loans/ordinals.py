"""Which drawdown of its borrower a loan is: an expression for the book, and the few that depend on what was known when."""

from typing import Any

import ibis
import numpy as np

from loanbook.units import NEVER, Ints


def drawdown_ordinals(drawdowns: Any) -> Any:
    """Number the drawdowns of each borrower, and mark borrowers whose numbers depend on the day of knowledge.

    drawdowns   table of loan_no, borrower_id, disbursed_on, recorded_on, reversed_on (null: not taken back)
    returns     the table with ordinal (1 for the first ever; 0 where the borrower is unknown or the drawdown was taken back) and
                `shifting` (true where a drawdown of the borrower was recorded after a later one, or taken back)
    """
    borrower = drawdowns.borrower_id
    counts = borrower.notnull() & drawdowns.reversed_on.isnull()
    in_order = ibis.window(group_by=borrower, order_by=[drawdowns.disbursed_on, drawdowns.loan_no])
    later = ibis.window(
        group_by=borrower, order_by=[drawdowns.disbursed_on, drawdowns.loan_no], preceding=None, following=None
    ).copy(start=1)
    marked = drawdowns.mutate(
        ordinal=ibis.ifelse(counts, counts.cast("int32").sum().over(in_order.copy(end=0)), 0).cast("int32"),
        overtaken=(drawdowns.recorded_on > drawdowns.recorded_on.min().over(later)).fill_null(False)
        | drawdowns.reversed_on.notnull(),
    )
    whole = ibis.window(group_by=marked.borrower_id)
    return marked.mutate(shifting=(marked.overtaken.any().over(whole) & marked.borrower_id.notnull())).drop("overtaken")


def ordinals_known(
    borrower_no: Ints, disbursed_on: Ints, loan_no: Ints, recorded_on: Ints, reversed_on: Ints, known_on: int
) -> Ints:
    """The ordinals of some borrowers' drawdowns as they were known on a day.

    arrays    (loans,), all drawdowns of each borrower; reversed_on is the day a reversal was recorded, NEVER if none
    returns   (loans,) int32, 0 for a drawdown not known, or taken back, by that day
    """
    known = (recorded_on <= known_on) & ((reversed_on == NEVER) | (reversed_on > known_on))
    order = np.lexsort((loan_no, disbursed_on, borrower_no))
    counted = np.cumsum(known[order])
    borrowers = borrower_no[order]
    first = np.ones(order.size, np.bool_)
    first[1:] = borrowers[1:] != borrowers[:-1]
    before = np.where(first, counted - known[order], 0)
    ordinals = np.zeros(order.size, np.int32)
    ordinals[order] = counted - np.maximum.accumulate(before)
    return np.where(known, ordinals, 0).astype(np.int32)
