"""Our account of a reported loan beside the servicer's: the same money under the contract's terms, period by period.

The money that a tape reports is split by the contract: interest of the period on our balance first, the rest is principal. The
difference to the reported balance grows by two parts, which add up to it exactly:

    roll    the reported balance moved by more, or less, than the principal that the same report states
    split   the reported principal is not what the terms make of the reported money
"""

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.batches import NO_BALANCE, Classes, ReportedBatch
from loanbook.loans.fractions import period_fraction
from loanbook.loans.schedule import rate_fraction_of
from loanbook.terms.contract import Field
from loanbook.units import INTEREST_SCALE, Ints, mul_div

_COUNT = int(Field.COUNT)
_RATE_ANNUAL = int(Field.RATE_ANNUAL)
_ROUNDING = int(Field.ROUNDING)


@kernel
def _fill_differences(
    classes: Ints,
    class_no: Ints,
    opened_on: Ints,
    opened_balance: Ints,
    offsets: Ints,
    position_on: Ints,
    balance: Ints,
    principal: Ints,
    paid: Ints,
    ours: Ints,
    roll: Ints,
    split: Ints,
    compared: Ints,
) -> None:
    for loan in range(class_no.size):
        contract = classes[class_no[loan]]
        if contract[_COUNT] <= 0:
            continue
        account, reported, since, accrued = opened_balance[loan], opened_balance[loan], opened_on[loan], 0
        for place in range(offsets[loan], offsets[loan + 1]):
            on = position_on[place]
            if on <= opened_on[loan] or on < since:
                continue
            if account > 0 and on > since:
                fraction = rate_fraction_of(contract[_RATE_ANNUAL], period_fraction(contract, since, on))
                accrued += mul_div(account, fraction, INTEREST_SCALE, contract[_ROUNDING])
            to_interest = min(max(paid[place], 0), accrued)
            accrued -= to_interest
            account -= paid[place] - to_interest
            since = on
            expected = reported - principal[place]
            split[place] = paid[place] - to_interest - principal[place]
            if balance[place] == NO_BALANCE:
                reported = expected
            else:
                roll[place] = balance[place] - expected
                reported = balance[place]
                compared[place] = True
            ours[place] = account
            if reported == 0:
                break


def tape_differences(batch: ReportedBatch, classes: Classes) -> tuple[Ints, Ints, Ints, Ints]:
    """Our balance after every report of a batch, and how the difference to the reported one came about.

    returns   ours, roll, split: (positions,) int64, reported - ours = running sum of roll + split of the loan; compared:
              (positions,) bool, False where nothing was compared (no terms, no balance, before the cut-off, after the end)
    raises    OverflowError, never a wrapped product
    rounding  the contract's rule, once a report
    """
    count = batch.position_on.size
    ours, roll, split = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    compared = np.zeros(count, np.bool_)
    _fill_differences(
        classes.rows,
        batch.class_no,
        batch.opened_on,
        batch.opened_balance,
        batch.position_offsets,
        batch.position_on,
        batch.position_balance,
        batch.position_principal,
        batch.position_paid,
        ours,
        roll,
        split,
        compared,
    )
    return ours, roll, split, compared
