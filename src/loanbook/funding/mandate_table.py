"""Mandates and requests as integer columns, so that a request is judged by all mandates in microseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError
from loanbook.terms.mandate import PROVINCES, Component, Mandate, mandates_in_force
from loanbook.terms.product import BORROWER_KINDS, COUNT_MOST
from loanbook.terms.rate_cap import LENDERS
from loanbook.units import MONEY_MAX, RATE_SCALE, Ints

WORD = 62
"""Bits of a set that one int64 column holds; the sign stays out of it."""

COUNT_WORDS = COUNT_MOST // WORD + 1
"""Columns that hold the set of allowed numbers of instalments."""

MONTHS_MOST = 1_200
"""A hundred years: no loan runs longer, and a loan's worth fits into 64 bits."""

UNKNOWN = -1
"""A word no mandate knows, or an age nobody told: it fits no set and no range."""


class Term(IntEnum):
    """Columns of a mandate, (mandates, TERMS) int64. Sets are bits by code."""

    AMOUNT_LEAST = 0
    AMOUNT_MOST = 1
    RATE_LEAST = 2
    RATE_MOST = 3
    AGE_LEAST = 4
    """UNKNOWN: the mandate does not ask."""
    AGE_MOST = 5
    PRODUCTS = 6
    KINDS = 7
    GRADES = 8
    PROVINCES = 9
    PARTNER = 10
    GUARANTOR = 11
    """Place in `MandateTable.guarantors`; UNKNOWN: nobody guarantees."""
    BORROWER_MOST = 12
    COUPON = 13
    OWN_PRINCIPAL = 14
    """What our own vehicles hold of each component, millionths."""
    OWN_INTEREST = 15
    OWN_FEE = 16
    OWN_LOSS = 17
    FUNDING_COST = 18
    EARNED_PPM = 19
    """Fees at disbursement that our own vehicles receive, less those they pay: of the principal, and fixed."""
    EARNED_FEN = 20
    LENDERS = 21
    """Lender types of all that lend under it."""
    QUOTA_DAY = 22
    QUOTA_TOTAL = 23
    PROVINCE_MOST = 24
    """Limits of concentration; MONEY_MAX: none."""
    GRADE_MOST = 25
    COUNTS = 26
    """First of COUNT_WORDS columns."""


TERMS = int(Term.COUNTS) + COUNT_WORDS


class Ask(IntEnum):
    """Columns of a request, (requests, ASKS) int64. Words are codes of the table; UNKNOWN where it has none."""

    PRINCIPAL = 0
    RATE = 1
    COUNT = 2
    MONTHS = 3
    PRODUCT = 4
    KIND = 5
    GRADE = 6
    PROVINCE = 7
    AGE_LEAST = 8
    AGE_MOST = 9
    BORROWER = 10
    """Number of the borrower in the batch, from 0; the same borrower has the same number."""


ASKS = len(Ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRequest:
    """A loan to be funded.

    rate_annual  contract rate, `units.RATE_SCALE`-ths;  months  contractual tenor
    age          whole years; None: not known, or no natural person;  age_most  where only a band is known: its last year
    """

    borrower_id: str
    principal_fen: int
    rate_annual: int
    installment_count: int
    months: int
    product: str
    borrower_kind: str
    grade: str
    province: str
    age: int | None
    age_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateTable:
    """The mandates in force on a day as columns, in the order of their codes: a mandate's number is its place.

    terms       (mandates, TERMS) int64
    products, grades, partners, guarantors   the words behind the codes
    numbers     number by mandate code
    """

    on: int
    mandates: tuple[Mandate, ...]
    terms: Ints
    products: tuple[str, ...]
    grades: tuple[str, ...]
    partners: tuple[str, ...]
    guarantors: tuple[str, ...]
    numbers: Mapping[str, int]

    @property
    def borrowers_limited(self) -> bool:
        """Whether a mandate limits what one borrower may have under it."""
        return bool((self.terms[:, Term.BORROWER_MOST] < MONEY_MAX).any())


def mandate_table(mandates: Sequence[Mandate], on: int) -> MandateTable:
    """The table of the mandates in force on a day; make it once a day or whenever terms change.

    raises   RequestError for more products or grades than a column's bits
    """
    found = mandates_in_force(tuple(mandates), on)
    products = tuple(sorted({name for mandate in found for name in mandate.eligibility.products}))
    grades = tuple(sorted({name for mandate in found for name in mandate.eligibility.grades}))
    for what, words in (("products", products), ("grades", grades)):
        if len(words) > WORD:
            raise RequestError(f"the mandates name {len(words)} {what}; a table holds {WORD}. Remove those without loans.")
    partners = tuple(sorted({mandate.partner for mandate in found}))
    guarantors = tuple(sorted({mandate.guarantee.guarantor for mandate in found if mandate.guarantee}))
    terms = np.zeros((len(found), TERMS), np.int64)
    for row, mandate in zip(terms, found, strict=True):
        _fill(row, mandate, products, grades)
        row[Term.PARTNER] = partners.index(mandate.partner)
        row[Term.GUARANTOR] = guarantors.index(mandate.guarantee.guarantor) if mandate.guarantee else UNKNOWN
    return MandateTable(
        on=on,
        mandates=found,
        terms=terms,
        products=products,
        grades=grades,
        partners=partners,
        guarantors=guarantors,
        numbers={mandate.code: number for number, mandate in enumerate(found)},
    )


def _fill(row: Ints, mandate: Mandate, products: tuple[str, ...], grades: tuple[str, ...]) -> None:
    terms = mandate.eligibility
    own = {holder.vehicle for holder in mandate.holders if holder.consolidated}
    signs = [(int(transfer.payee in own) - int(transfer.payer in own), transfer) for transfer in mandate.transfers]
    limits = mandate.concentration
    values = {
        Term.AMOUNT_LEAST: terms.amount_least_fen,
        Term.AMOUNT_MOST: terms.amount_most_fen,
        Term.RATE_LEAST: terms.rate_least,
        Term.RATE_MOST: terms.rate_most,
        Term.AGE_LEAST: terms.ages[0] if terms.ages else UNKNOWN,
        Term.AGE_MOST: terms.ages[1] if terms.ages else UNKNOWN,
        Term.PRODUCTS: _bits(terms.products, products),
        Term.KINDS: _bits(terms.borrower_kinds, BORROWER_KINDS),
        Term.GRADES: _bits(terms.grades, grades),
        Term.PROVINCES: _bits(terms.provinces, PROVINCES),
        Term.BORROWER_MOST: _limit(limits.borrower_fen),
        Term.COUPON: mandate.coupon_annual,
        Term.OWN_PRINCIPAL: mandate.consolidated_ppm(Component.PRINCIPAL),
        Term.OWN_INTEREST: mandate.consolidated_ppm(Component.INTEREST),
        Term.OWN_FEE: mandate.consolidated_ppm(Component.FEE),
        Term.OWN_LOSS: mandate.consolidated_ppm(Component.LOSS),
        Term.FUNDING_COST: mandate.funding_cost_annual,
        Term.EARNED_PPM: sum(sign * transfer.share_ppm for sign, transfer in signs),
        Term.EARNED_FEN: sum(sign * transfer.amount_fen for sign, transfer in signs),
        Term.LENDERS: _bits(mandate.lenders, LENDERS),
        Term.QUOTA_DAY: mandate.quota_day_fen,
        Term.QUOTA_TOTAL: mandate.quota_total_fen,
        Term.PROVINCE_MOST: _limit(limits.province_fen),
        Term.GRADE_MOST: _limit(limits.grade_fen),
    }
    for term, value in values.items():
        row[term] = value
    for count in terms.counts:
        row[Term.COUNTS + count // WORD] |= 1 << count % WORD


def _limit(amount: int | None) -> int:
    return MONEY_MAX if amount is None else amount


def _bits(names: tuple[str, ...], known: tuple[str, ...]) -> int:
    return sum(1 << known.index(name) for name in names)


def asked(table: MandateTable, requests: Sequence[FundingRequest]) -> Ints:
    """Requests as columns, (requests, ASKS) int64.

    raises   RequestError for a principal, rate, tenor or number of instalments that no loan has
    """
    codes = [_codes(words) for words in (table.products, BORROWER_KINDS, table.grades, PROVINCES)]
    borrowers: dict[str, int] = {}
    rows = np.empty((len(requests), ASKS), np.int64)
    for row, request in zip(rows, requests, strict=True):
        if request.principal_fen < 1 or not 1 <= request.months <= MONTHS_MOST or not 0 <= request.rate_annual <= RATE_SCALE:
            raise RequestError(
                f"a loan has a principal above zero, a tenor of 1 to {MONTHS_MOST:,} months and a rate of 0 to 100 % a year; got "
                f"{request.principal_fen} fen, {request.months} months, {request.rate_annual * 100 / RATE_SCALE:g} %."
            )
        if not 1 <= request.installment_count <= COUNT_MOST:
            raise RequestError(f"a loan has 1 to {COUNT_MOST} instalments; got {request.installment_count}.")
        products, kinds, grades, provinces = codes
        row[:] = (
            request.principal_fen,
            request.rate_annual,
            request.installment_count,
            request.months,
            products.get(request.product, UNKNOWN),
            kinds.get(request.borrower_kind, UNKNOWN),
            grades.get(request.grade, UNKNOWN),
            provinces.get(request.province, UNKNOWN),
            UNKNOWN if request.age is None else request.age,
            UNKNOWN if request.age is None else request.age if request.age_most is None else request.age_most,
            borrowers.setdefault(request.borrower_id, len(borrowers)),
        )
    return rows


def _codes(words: tuple[str, ...]) -> dict[str, int]:
    return {word: code for code, word in enumerate(words)}
