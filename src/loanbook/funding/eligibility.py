"""Which mandates take a request by their terms, and what a loan under each is worth to us."""

from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.funding.mandate_table import UNKNOWN, WORD, Ask, MandateTable, Term
from loanbook.kernel import lean
from loanbook.units import RATE_SCALE, Ints


class Bar(IntEnum):
    """Why a mandate does not take a request; a bit each. The first eight lie in its terms, the others in the day."""

    PRODUCT = 0
    COUNT = 1
    AMOUNT = 2
    RATE = 3
    BORROWER_KIND = 4
    GRADE = 5
    PROVINCE = 6
    AGE = 7
    REFUSED = 8
    DAY_QUOTA = 9
    TOTAL_QUOTA = 10
    PROVINCE_LIMIT = 11
    GRADE_LIMIT = 12
    BORROWER_LIMIT = 13
    GUARANTEE = 14


_PRODUCT_BIT, _COUNT_BIT, _AMOUNT_BIT, _RATE_BIT = (1 << bar for bar in (Bar.PRODUCT, Bar.COUNT, Bar.AMOUNT, Bar.RATE))
_KIND_BIT, _GRADE_BIT, _PROVINCE_BIT, _AGE_BIT = (1 << bar for bar in (Bar.BORROWER_KIND, Bar.GRADE, Bar.PROVINCE, Bar.AGE))
_PRINCIPAL, _RATE, _COUNT, _MONTHS = int(Ask.PRINCIPAL), int(Ask.RATE), int(Ask.COUNT), int(Ask.MONTHS)
_PRODUCT, _KIND, _GRADE, _PROVINCE = (int(each) for each in (Ask.PRODUCT, Ask.KIND, Ask.GRADE, Ask.PROVINCE))
_YOUNGEST, _OLDEST = int(Ask.AGE_LEAST), int(Ask.AGE_MOST)
_AMOUNT_LEAST, _AMOUNT_MOST = int(Term.AMOUNT_LEAST), int(Term.AMOUNT_MOST)
_RATE_LEAST, _RATE_MOST = int(Term.RATE_LEAST), int(Term.RATE_MOST)
_AGE_LEAST, _AGE_MOST = int(Term.AGE_LEAST), int(Term.AGE_MOST)
_PRODUCTS, _KINDS, _GRADES, _PROVINCES = int(Term.PRODUCTS), int(Term.KINDS), int(Term.GRADES), int(Term.PROVINCES)
_COUPON, _FUNDING_COST, _COUNTS = int(Term.COUPON), int(Term.FUNDING_COST), int(Term.COUNTS)
_OWN_PRINCIPAL, _OWN_INTEREST = int(Term.OWN_PRINCIPAL), int(Term.OWN_INTEREST)
_OWN_FEE, _OWN_LOSS = int(Term.OWN_FEE), int(Term.OWN_LOSS)
_EARNED_PPM, _EARNED_FEN = int(Term.EARNED_PPM), int(Term.EARNED_FEN)
_PPM = 1_000_000
_RATE_PER_PPM = RATE_SCALE // _PPM
_HALF_MONTHS_A_YEAR = 24


@lean
def lacks(words: int, code: int) -> bool:
    """Whether a set, as bits, lacks a code; it lacks every UNKNOWN one."""
    return code < 0 or (words >> code) & 1 == 0


@lean
def bars_in_terms(ask: Ints, term: Ints) -> int:
    """Bits of the bars between one request, (ASKS,), and one mandate, (TERMS,), that lie in its terms."""
    bars = 0
    if lacks(term[_PRODUCTS], ask[_PRODUCT]):
        bars |= _PRODUCT_BIT
    if lacks(term[_COUNTS + ask[_COUNT] // WORD], ask[_COUNT] % WORD):
        bars |= _COUNT_BIT
    if ask[_PRINCIPAL] < term[_AMOUNT_LEAST] or ask[_PRINCIPAL] > term[_AMOUNT_MOST]:
        bars |= _AMOUNT_BIT
    if ask[_RATE] < term[_RATE_LEAST] or ask[_RATE] > term[_RATE_MOST]:
        bars |= _RATE_BIT
    if lacks(term[_KINDS], ask[_KIND]):
        bars |= _KIND_BIT
    if lacks(term[_GRADES], ask[_GRADE]):
        bars |= _GRADE_BIT
    if lacks(term[_PROVINCES], ask[_PROVINCE]):
        bars |= _PROVINCE_BIT
    # Who asks for an age does not lend to a borrower whose age is not known, nor to a band of ages that it takes in part.
    if term[_AGE_LEAST] != UNKNOWN and (ask[_YOUNGEST] < term[_AGE_LEAST] or ask[_OLDEST] > term[_AGE_MOST]):
        bars |= _AGE_BIT
    return bars


@lean
def worth(ask: Ints, term: Ints, loss: int) -> int:
    """What a loan under a mandate is worth to us over its life, `units.RATE_SCALE`-ths of its principal; may be negative.

    Our parts of interest (up to the coupon) and fee (above it), less the cost of what we fund, over the average life of a loan in
    level instalments, (months + 1) / 24 years; plus our fees at disbursement, less `loss` x our part of it. An estimate that only
    orders mandates: rounded down, and no amount is booked from it.
    """
    rate = ask[_RATE]
    coupon = min(term[_COUPON], rate)
    margin = coupon * term[_OWN_INTEREST] + (rate - coupon) * term[_OWN_FEE] - term[_FUNDING_COST] * term[_OWN_PRINCIPAL]
    fees = term[_EARNED_PPM] * _RATE_PER_PPM + term[_EARNED_FEN] * RATE_SCALE // ask[_PRINCIPAL]
    value: int = margin // _PPM * (ask[_MONTHS] + 1) // _HALF_MONTHS_A_YEAR + fees - loss * term[_OWN_LOSS] // _PPM
    return value


@lean
def _all_bars(asked: Ints, terms: Ints, out: Ints) -> None:
    for row in range(asked.shape[0]):
        for number in range(terms.shape[0]):
            out[row, number] = bars_in_terms(asked[row], terms[number])


@lean
def _all_values(asked: Ints, terms: Ints, losses: Ints, out: Ints) -> None:
    for row in range(asked.shape[0]):
        for number in range(terms.shape[0]):
            out[row, number] = worth(asked[row], terms[number], losses[row])


def bars(table: MandateTable, asked: Ints) -> Ints:
    """Bars that lie in the terms, as bits by `Bar`: (requests, mandates) int32; 0 where the mandate takes the request."""
    out = np.zeros((len(asked), len(table.mandates)), np.int32)
    _all_bars(asked, table.terms, out)
    return out


def eligible(table: MandateTable, asked: Ints) -> Ints:
    """Which mandates take which request by their terms: (requests, mandates) bool."""
    takes: Ints = bars(table, asked) == 0
    return takes


def values(table: MandateTable, asked: Ints, losses: Ints | None = None) -> Ints:
    """What each request is worth under each mandate, (requests, mandates) int64, `units.RATE_SCALE`-ths of its principal.

    losses   (requests,) int64: expected loss over the life, `units.RATE_SCALE`-ths of the principal (the close publishes it)
    """
    out = np.zeros((len(asked), len(table.mandates)), np.int64)
    _all_values(asked, table.terms, expected(asked, losses), out)
    return out


def expected(asked: Ints, losses: Ints | None) -> Ints:
    """Expected losses as a column; none told is none expected. Raises RequestError outside 0 to the whole principal."""
    found = np.zeros(len(asked), np.int64) if losses is None else np.ascontiguousarray(losses, np.int64)
    if found.shape != (len(asked),) or (found < 0).any() or (found > RATE_SCALE).any():
        raise RequestError("expected losses must be one a request, each from 0 to 1 of its principal.")
    return found


def order(table: MandateTable, asked: Ints, row: int, losses: Ints | None = None) -> Ints:
    """Numbers of the mandates that take one request, the most valuable first, equal ones by code."""
    takes = np.flatnonzero(eligible(table, asked[row : row + 1])[0])
    value = values(table, asked[row : row + 1], None if losses is None else losses[row : row + 1])[0]
    return takes[np.argsort(-value[takes], kind="stable")]
