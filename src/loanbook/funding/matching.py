"""Matching: the mandate that each request is reserved under.

Requests of a batch are matched one after the other against what the ones before them left, so no order overruns a quota. A
partner that refused is not asked again for the same loan; a partner that has not answered keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.funding.eligibility import Bar, bars_in_terms, expected, worth
from loanbook.funding.mandate_table import UNKNOWN, Ask, MandateTable, Term
from loanbook.funding.room import Room
from loanbook.kernel import lean
from loanbook.units import Ints

ATTEMPTS_MOST = 4
"""Partners that a loan is offered to."""


class Outcome(IntEnum):
    """What matching did with a request."""

    RESERVED = 0
    WAITING = 1
    """A partner has not answered: the loan stays with it and is offered to nobody else."""
    NOT_ELIGIBLE = 2
    """No mandate in force takes such a loan."""
    ALL_REFUSED = 3
    """Every partner that takes such a loan has refused this one."""
    NO_ROOM = 4
    """Mandates that take it have no quota or limit left."""
    ATTEMPTS_USED = 5
    """It was offered ATTEMPTS_MOST times."""


_REFUSED_BIT, _DAY_BIT, _TOTAL_BIT = (1 << bar for bar in (Bar.REFUSED, Bar.DAY_QUOTA, Bar.TOTAL_QUOTA))
_BY_PROVINCE_BIT, _BY_GRADE_BIT = (1 << bar for bar in (Bar.PROVINCE_LIMIT, Bar.GRADE_LIMIT))
_BORROWER_BIT, _GUARANTEE_BIT = (1 << bar for bar in (Bar.BORROWER_LIMIT, Bar.GUARANTEE))
_PRINCIPAL, _GRADE, _PROVINCE, _BORROWER = int(Ask.PRINCIPAL), int(Ask.GRADE), int(Ask.PROVINCE), int(Ask.BORROWER)
_PARTNER, _GUARANTOR, _BORROWER_MOST = int(Term.PARTNER), int(Term.GUARANTOR), int(Term.BORROWER_MOST)
_RESERVED, _WAITING, _ATTEMPTS_USED = int(Outcome.RESERVED), int(Outcome.WAITING), int(Outcome.ATTEMPTS_USED)
_NOT_ELIGIBLE, _ALL_REFUSED, _NO_ROOM = int(Outcome.NOT_ELIGIBLE), int(Outcome.ALL_REFUSED), int(Outcome.NO_ROOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What matching a batch came to.

    mandate   (requests,) int32 number in the table; UNKNOWN where nothing is reserved. A waiting request keeps its mandate
    outcome   (requests,) int8, `Outcome`
    bars      (requests, mandates) int32 bits by `Bar`, at the moment the request was matched; 0: could have been reserved under
    room      what is left after the batch
    """

    mandate: Ints
    outcome: Ints
    bars: Ints
    room: Room


@lean
def _bars_of_day(
    ask: Ints, term: Ints, number: int, left: Ints, by_province: Ints, by_grade: Ints, guarantors: Ints, lent: Ints
) -> int:
    """Bits of the bars that lie in what is left: `left` is (2, mandates), day and total."""
    principal = ask[_PRINCIPAL]
    bars = 0
    if left[0, number] < principal:
        bars |= _DAY_BIT
    if left[1, number] < principal:
        bars |= _TOTAL_BIT
    if by_province[number, ask[_PROVINCE]] < principal:
        bars |= _BY_PROVINCE_BIT
    if by_grade[number, ask[_GRADE]] < principal:
        bars |= _BY_GRADE_BIT
    if lent.shape[0] > 0 and lent[ask[_BORROWER], number] > term[_BORROWER_MOST] - principal:
        bars |= _BORROWER_BIT
    if term[_GUARANTOR] >= 0 and guarantors[term[_GUARANTOR]] < principal:
        bars |= _GUARANTEE_BIT
    return bars


@lean
def _match(
    asked: Ints,
    terms: Ints,
    refused: Ints,
    attempts: Ints,
    waiting: Ints,
    losses: Ints,
    left: Ints,
    by_province: Ints,
    by_grade: Ints,
    guarantors: Ints,
    lent: Ints,
    mandate: Ints,
    outcome: Ints,
    bars: Ints,
) -> None:
    for row in range(asked.shape[0]):
        ask = asked[row]
        best = -1
        best_worth = 0
        taken_by_terms = False
        not_refused = False
        for number in range(terms.shape[0]):
            term = terms[number]
            found = bars_in_terms(ask, term)
            if found == 0:
                taken_by_terms = True
                if refused[row, term[_PARTNER]]:
                    found = _REFUSED_BIT
                else:
                    not_refused = True
                    found = _bars_of_day(ask, term, number, left, by_province, by_grade, guarantors, lent)
                if found == 0:
                    value = worth(ask, term, losses[row])
                    # Equal ones go by code: the earlier number stays.
                    if best < 0 or value > best_worth:
                        best = number
                        best_worth = value
            bars[row, number] = found
        if waiting[row] >= 0:
            mandate[row] = waiting[row]
            outcome[row] = _WAITING
        elif attempts[row] >= ATTEMPTS_MOST:
            outcome[row] = _ATTEMPTS_USED
        elif best >= 0:
            mandate[row] = best
            outcome[row] = _RESERVED
            principal = ask[_PRINCIPAL]
            left[0, best] -= principal
            left[1, best] -= principal
            by_province[best, ask[_PROVINCE]] -= principal
            by_grade[best, ask[_GRADE]] -= principal
            if lent.shape[0] > 0:
                lent[ask[_BORROWER], best] += principal
            if terms[best, _GUARANTOR] >= 0:
                guarantors[terms[best, _GUARANTOR]] -= principal
        elif not taken_by_terms:
            outcome[row] = _NOT_ELIGIBLE
        elif not not_refused:
            outcome[row] = _ALL_REFUSED
        else:
            outcome[row] = _NO_ROOM


def match(
    table: MandateTable,
    asked: Ints,
    room: Room,
    *,
    refused: Ints | None = None,
    attempts: Ints | None = None,
    waiting: Ints | None = None,
    losses: Ints | None = None,
    lent_fen: Ints | None = None,
) -> Match:
    """For each request the mandate to reserve it under: of those that take it and have room, the most valuable, then by code.

    asked      (requests, ASKS), matched in this order
    room       what is left before; it is not changed, the room after is part of the answer
    refused    (requests, partners) bool: `refusers`;  attempts  (requests,) offers made so far;  None: none
    waiting    (requests,) number of the mandate whose partner has not answered, UNKNOWN where there is none
    losses     (requests,) expected loss over the life, `units.RATE_SCALE`-ths of the principal
    lent_fen   (borrowers, mandates) minor units each borrower of the batch owes under each mandate; None: nothing
    """
    requests, mandates = len(asked), len(table.mandates)
    borrowers = int(asked[:, Ask.BORROWER].max()) + 1 if requests and table.borrowers_limited else 0
    if lent_fen is not None and lent_fen.shape != (borrowers, mandates) and borrowers:
        raise RequestError(f"lent_fen must have {borrowers} borrowers and {mandates} mandates; got {lent_fen.shape}.")
    lent = np.zeros((borrowers, mandates), np.int64) if lent_fen is None or not borrowers else lent_fen.astype(np.int64)
    after = room.copied()
    left = np.stack((after.day_fen, after.total_fen))
    mandate = np.full(requests, UNKNOWN, np.int32)
    outcome = np.zeros(requests, np.int8)
    bars = np.zeros((requests, mandates), np.int32)
    _match(
        asked,
        table.terms,
        np.zeros((requests, len(table.partners)), np.bool_) if refused is None else refused,
        np.zeros(requests, np.int64) if attempts is None else np.ascontiguousarray(attempts, np.int64),
        np.full(requests, UNKNOWN, np.int64) if waiting is None else np.ascontiguousarray(waiting, np.int64),
        expected(asked, losses),
        left,
        after.province_fen,
        after.grade_fen,
        after.guarantor_fen,
        lent,
        mandate,
        outcome,
        bars,
    )
    after.day_fen[:], after.total_fen[:] = left
    return Match(mandate=mandate, outcome=outcome, bars=bars, room=after)


def refusers(table: MandateTable, refused_by: Sequence[Sequence[str]]) -> Ints:
    """Which partners have refused which request, (requests, partners) bool, from partner codes.

    A partner without a mandate in force is passed over: nothing can be offered to it anyway.
    """
    out = np.zeros((len(refused_by), len(table.partners)), np.bool_)
    places = {partner: place for place, partner in enumerate(table.partners)}
    for row, partners in zip(out, refused_by, strict=True):
        for partner in partners:
            if partner in places:
                row[places[partner]] = True
    return out
