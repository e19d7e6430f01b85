"""The collections queue of a day, and whether a borrower may be contacted; derived from days past due and balance, not stored."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.collection import MINUTES_A_DAY, CollectionTerms
from loanbook.units import Ints

NO_STAGE = -1
"""Stage of a loan that is in no queue."""

WEEK = 7
"""Contacts of any seven days count together, so a week that begins on Monday does not double the limit."""


class Contact(IntEnum):
    """Whether a borrower may be contacted now, or why not."""

    ALLOWED = 0
    NOT_IN_A_QUEUE = 1
    OUTSIDE_HOURS = 2
    DAY_LIMIT = 3
    WEEK_LIMIT = 4
    PROMISE_OPEN = 5
    WITH_AGENCY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Loans to work on, latest stage first, in it the largest overdue amount first; equal ones by loan number.

    loan_no      (rows,) int64
    stage        (rows,) int8, place in the terms' stages
    dpd          (rows,) int32;  overdue_fen  (rows,) int64
    """

    loan_no: Ints
    stage: Ints
    dpd: Ints
    overdue_fen: Ints


def stages_of(terms: CollectionTerms, dpd: Ints, overdue_fen: Ints) -> Ints:
    """The stage each loan is in, int8; NO_STAGE where it is not past due or owes less than its stage asks for.

    dpd, overdue_fen   (loans,) int; whatever the order of loans
    """
    begins = np.array([stage.dpd_least for stage in terms.stages], np.int64)
    least = np.array([stage.overdue_least_fen for stage in terms.stages], np.int64)
    stage = np.searchsorted(begins, np.asarray(dpd, np.int64), side="right") - 1
    small = np.asarray(overdue_fen, np.int64) < least[np.maximum(stage, 0)]
    stage[(stage < 0) | small | (np.asarray(overdue_fen, np.int64) <= 0)] = NO_STAGE
    return stage.astype(np.int8)


def moved_up(terms: CollectionTerms, stage: Ints, broken: Ints) -> Ints:
    """Stages of loans, those that broke a promise moved up, at most to the last; int8.

    stage    (loans,) as `stages_of` gives them;  broken  (loans,) bool
    """
    later = np.minimum(np.asarray(stage, np.int64) + terms.promise.broken_moves_up, len(terms.stages) - 1)
    return np.where((stage != NO_STAGE) & np.asarray(broken, bool), later, stage).astype(np.int8)


def queue_of(
    terms: CollectionTerms, loan_no: Ints, dpd: Ints, overdue_fen: Ints, held: Ints, broken: Ints | None = None
) -> Queue:
    """The queue of a day.

    loan_no, dpd, overdue_fen   (loans,) int64
    held       (loans,) bool: left alone, because a promise is open, an agency has it, or it was handed to nobody on purpose
    broken     (loans,) bool: broke a promise since it is past due (`promises.in_spell`)
    """
    stage = stages_of(terms, dpd, overdue_fen)
    if broken is not None:
        stage = moved_up(terms, stage, broken)
    (chosen,) = np.nonzero((stage != NO_STAGE) & ~np.asarray(held, bool))
    order = chosen[np.lexsort((loan_no[chosen], -overdue_fen[chosen], -stage[chosen].astype(np.int64)))]
    return Queue(
        loan_no=loan_no[order],
        stage=stage[order],
        dpd=dpd[order].astype(np.int32),
        overdue_fen=overdue_fen[order].astype(np.int64),
    )


def contact_counts(borrower_no: Ints, contact_borrower_no: Ints, contact_on: Ints, on: int) -> tuple[Ints, Ints]:
    """How often borrowers were contacted on a day, and in the seven days that end with it.

    borrower_no                       (borrowers,) int64, in any order, one may stand more than once
    contact_borrower_no, contact_on   (contacts,) int, in any order; those of other days and borrowers do not count
    returns                           (borrowers,) int64 each
    """
    known, place = np.unique(np.asarray(borrower_no, np.int64), return_inverse=True)
    if not known.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(known, contact_borrower_no), known.size - 1)
    of_ours = known[at] == contact_borrower_no
    today = np.bincount(at[of_ours & (contact_on == on)], minlength=known.size)
    week = np.bincount(at[of_ours & (contact_on > on - WEEK) & (contact_on <= on)], minlength=known.size)
    return today[place], week[place]


def may_contact(
    terms: CollectionTerms,
    borrower_no: Ints,
    stage: Ints,
    *,
    today: Ints,
    week: Ints,
    minute: int,
    promise_open: Ints,
    with_agency: Ints,
) -> Ints:
    """Whether each of a list of contacts may be made now, `Contact` as int8; the first reason of its order is given.

    borrower_no, stage         (contacts,) in the order they would be made: one borrower's second contact counts the first
    today, week                (contacts,) contacts made before (`contact_counts`)
    minute                     of the borrower's local day, 0 to 1439
    promise_open, with_agency  (contacts,) bool
    raises                     RequestError for a minute that no day has
    """
    if not 0 <= minute < MINUTES_A_DAY:
        raise RequestError(f"a day has no minute {minute}. Write 0 to {MINUTES_A_DAY - 1}.")
    found = np.zeros(len(borrower_no), np.int8)
    in_stage = np.maximum(stage, 0)
    day_limit = np.array([each.contacts_a_day for each in terms.stages], np.int64)[in_stage]
    week_limit = np.array([each.contacts_a_week for each in terms.stages], np.int64)[in_stage]
    closed = not terms.opens_minute <= minute < terms.closes_minute
    for barred, reason in (
        (with_agency, Contact.WITH_AGENCY),
        (promise_open, Contact.PROMISE_OPEN),
        (np.full(len(found), closed), Contact.OUTSIDE_HOURS),
        (stage == NO_STAGE, Contact.NOT_IN_A_QUEUE),
    ):
        found[np.asarray(barred, bool)] = reason
    (candidate,) = np.nonzero(found == Contact.ALLOWED)
    # One that a limit refuses counts like one that is made: with equal limits nothing after it would be allowed anyway.
    earlier = _earlier(np.asarray(borrower_no)[candidate])
    over_week = np.asarray(week)[candidate] + earlier >= week_limit[candidate]
    over_day = np.asarray(today)[candidate] + earlier >= day_limit[candidate]
    found[candidate[over_week]] = Contact.WEEK_LIMIT
    found[candidate[over_day]] = Contact.DAY_LIMIT
    return found


def _earlier(number: Ints) -> Ints:
    """How many equal numbers stand before each."""
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    begins = np.concatenate((np.ones(min(ordered.size, 1), bool), ordered[1:] != ordered[:-1]))
    place = np.arange(ordered.size)
    before = np.empty(ordered.size, np.int64)
    before[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return before
