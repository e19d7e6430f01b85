"""What the passes over compact, irregular and reported batches share: the clock, a loan's place, the probe."""

from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import lean
from loanbook.loans.batches import Head
from loanbook.loans.dates import month_index
from loanbook.measures.facts import Clock, Trait
from loanbook.measures.window import Window
from loanbook.terms.contract import Field
from loanbook.units import Ints

_TENOR_MONTHS = int(Field.TENOR_MONTHS)
_FIRST_MONTH = int(Clock.FIRST_MONTH)
_T_GROUP = int(Trait.GROUP)
_T_VINTAGE = int(Trait.VINTAGE)
_T_TENOR = int(Trait.TENOR)
_T_TENOR_MONTHS = int(Trait.TENOR_MONTHS)
_T_DRAWDOWN = int(Trait.DRAWDOWN)
_T_REPORTED = int(Trait.REPORTED)
_T_POOL = int(Trait.POOL)
_T_SERVED_POOL = int(Trait.SERVED_POOL)


NO_CLOSE = -(1 << 31)
"""Before every loan: the day of the last close where there was none."""


def clock_of(window: Window, tenors: int, period_start: int = 0, last_on: int = NO_CLOSE) -> Ints:
    """The window as `Clock` columns; `period_start` and `last_on` where a period is booked."""
    return np.array(
        [window.first_month, window.months, window.as_of, window.observed_to, window.known_on, tenors, period_start, last_on],
        np.int64,
    )


@lean
def collect_wanted(
    loan_no: int, loan: Ints, starts: Ints, rows: Ints, cells: Ints, number: Ints, values: Ints, found: int
) -> int:
    """Take what one loan added to wanted cells out of them; returns how many loans are found so far."""
    pool, served = loan[_T_POOL], loan[_T_SERVED_POOL]
    any_value = False
    for column in range(cells.shape[1]):
        total = 0
        for place in range(starts[pool], starts[pool + 1]):
            total += cells[rows[place], column]
            any_value = any_value or cells[rows[place], column] != 0
            cells[rows[place], column] = 0
        if served != pool:
            for place in range(starts[served], starts[served + 1]):
                total += cells[rows[place], column]
                any_value = any_value or cells[rows[place], column] != 0
                cells[rows[place], column] = 0
        values[found, column] = total
    if any_value:
        number[found] = loan_no
        return found + 1
    return found


@lean
def set_traits(loan: Ints, places: Ints, class_no: int, contract: Ints, vintage: int, ordinal: int, reported: int) -> None:
    """Where a loan stands in the dimensions."""
    loan[_T_GROUP] = places[class_no, 0]
    loan[_T_VINTAGE] = vintage
    loan[_T_TENOR] = places[class_no, 1]
    loan[_T_TENOR_MONTHS] = contract[_TENOR_MONTHS]
    loan[_T_DRAWDOWN] = 0 if ordinal <= 0 else (1 if ordinal == 1 else 2)
    loan[_T_REPORTED] = reported
    loan[_T_POOL] = places[class_no, 2]
    loan[_T_SERVED_POOL] = places[class_no, 3]


def check_since(batch: Head, clock: Ints, month_ends: Ints) -> None:
    """Every loan must originate in the window; raises RequestError naming the first that does not."""
    if not batch.loan_no.size:
        return
    earliest = int(np.argmin(batch.disbursed_on))
    if int(month_index(int(batch.disbursed_on[earliest]))) < int(clock[_FIRST_MONTH]):
        raise RequestError(
            f"loan {int(batch.loan_no[earliest])} originated before the window's first month; "
            "start the window (`since`) at the book's earliest origination."
        )


def head(batch: Head) -> tuple[Any, ...]:
    """Columns every batch has, in the order of the passes."""
    return (
        batch.loan_no,
        batch.class_no,
        batch.principal_fen,
        batch.disbursed_on,
        batch.first_due_on,
        batch.installment_fen,
        batch.ordinal,
    )
