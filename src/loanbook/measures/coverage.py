"""Which month ends the tapes of a book tell: loans that a tape left with a balance, and whether it reports them then.

A tape is known on the days it reports and on no others: a file of loans at issue and at one later day says nothing of the months
between. Additive like cells, so batches and threads add up.
"""

import numpy as np

from loanbook.loans.batches import NO_BALANCE, ReportedBatch
from loanbook.loans.dates import month_index
from loanbook.measures.window import Window
from loanbook.units import Ints

OPEN, UNREPORTED = 0, 1
"""Columns: loans of tapes that owe by what was last reported of them; of those, loans without a report for the month."""

UNREPORTED_MOST = 20
"""A month end is told when at most one in so many open loans is not reported: servicers drop single loans from their files."""

_EPOCH = int(month_index(0))


def empty_coverage(groups: int, months: int) -> Ints:
    """(groups, months, 2) int64 of zeros."""
    return np.zeros((groups, months, 2), np.int64)


def coverage_of(batch: ReportedBatch, group_of_class: Ints, groups: int, window: Window) -> Ints:
    """Open and unreported loans by group and month, (groups, months, 2) int64.

    group_of_class   (classes,) int64

    A loan owes from its cut-off on while the last balance reported by `as_of` and known is not 0. A month that `as_of` cuts short
    keeps the report of the month before.
    """
    months = window.months
    loan = np.repeat(np.arange(batch.loan_no.size), np.diff(batch.position_offsets))
    seen = (batch.position_on > batch.opened_on[loan]) & (batch.position_on <= window.as_of)
    seen &= (batch.position_recorded_on <= window.known_on) & (batch.position_balance != NO_BALANCE)
    opened = batch.opened_on <= window.as_of
    number = np.concatenate([np.flatnonzero(opened), loan[seen]])
    on = np.concatenate([batch.opened_on[opened], batch.position_on[seen]]).astype(np.int64)
    owes = np.concatenate([batch.opened_balance[opened], batch.position_balance[seen]]) != 0
    order = np.lexsort((on, number))
    number, on, owes = number[order], on[order], owes[order]
    month = on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + _EPOCH - window.first_month
    until = np.full(number.size, months, np.int64)
    follows = np.flatnonzero(number[1:] == number[:-1])
    until[follows] = month[follows + 1]
    first_missed = month + 1
    if window.as_of < int(window.calendar_ends[-1]):
        first_missed[month == months - 2] = months
    first_missed = np.minimum(first_missed, until)
    steps = np.zeros((groups, months + 1, 2), np.int64)
    group = group_of_class[batch.class_no[number]]
    for column, since in ((OPEN, month), (UNREPORTED, first_missed)):
        np.add.at(steps[..., column], (group[owes], since[owes]), 1)
        np.add.at(steps[..., column], (group[owes], until[owes]), -1)
    return np.cumsum(steps, axis=1, dtype=np.int64)[:, :months]


def told_months(coverage: Ints) -> Ints:
    """Months whose end the tapes tell, over the given groups together: (months,) bool."""
    together = coverage.sum(axis=0, dtype=np.int64)
    told: Ints = together[:, UNREPORTED] * UNREPORTED_MOST <= together[:, OPEN]
    return told
