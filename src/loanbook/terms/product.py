"""Product terms: what was decided about a kind of loan before any was made, dated and sourced; and its contract rows."""

import hashlib
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.events import INSTALLMENTS_MOST
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import Aging, DayCount, Engine, Excess, Method, MonthEnd, Payoff, Processing, Shift, Unit
from loanbook.terms.unknown import Unknown
from loanbook.units import RATE_SCALE, Ints, Rounding, format_money

PPM = 1_000_000
COUNT_MOST = INSTALLMENTS_MOST
BORROWER_KINDS = ("consumer", "small_business")

_MONTHS_A_YEAR = 12
_DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """A fee the borrower pays besides interest.

    each         True: with every instalment; False: once, on the day of disbursement
    amount_fen   fixed part;  share_ppm   part of the amount disbursed, millionths
    """

    name: str
    each: bool
    amount_fen: int
    share_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One dated version of a product's terms; `product_file` reads and checks it, and documents each setting.

    place            file the terms were read from
    hash             SHA-256 of the file's text
    effective_from   first day on which loans are made under this version
    money            int64 minor units, 10 ** decimals to the currency's unit
    counts           the allowed numbers of instalments, ascending
    borrowers        the kinds of borrower that it is for; empty: any
    unknown          what the source of the loans does not tell
    rates            `units.RATE_SCALE`-ths; rate_annual is None where each loan brings its own
    """

    code: str
    title: str
    place: str
    hash: str
    source: str
    effective_from: int
    currency: str
    decimals: int
    amount_least_fen: int
    amount_most_fen: int
    counts: tuple[int, ...]
    rate_annual: int | None
    rate_least: int
    rate_most: int
    method: Method
    interest_only_count: int
    unit: Unit
    every: int
    month_end: MonthEnd
    day_count: DayCount
    rounding: Rounding
    installment_multiple: int
    smoothing: bool
    grace_principal: int
    grace_interest: int
    interest_free: int
    down_payment_ppm: int
    calendar: str
    shift: Shift
    fees: tuple[Fee, ...]
    waterfall: tuple[int, ...]
    processing: Processing
    excess: Excess
    engine: Engine
    recalculate: bool
    overdue_interest: bool
    payoff: Payoff
    penalty_rate: int
    penalty_grace_days: int
    arrears_tolerance_fen: int
    non_accrual_days: int
    charge_off_days: int
    aging: Aging
    unknown: tuple[Unknown, ...] = ()
    borrowers: tuple[str, ...] = ()

    def is_for(self, borrower_kind: str) -> bool:
        """Whether a borrower of a kind may have it."""
        return not self.borrowers or borrower_kind in self.borrowers


def text_hash(text: str) -> str:
    """The hash that names terms: SHA-256 of their text."""
    return hashlib.sha256(text.encode()).hexdigest()


def tenor_months(count: int, unit: Unit, every: int) -> int:
    """Contractual tenor in whole months (weeks and days over 365 days a year, half up), at least 1."""
    if unit is Unit.MONTH:
        return count * every
    days = count * every * (7 if unit is Unit.WEEK else 1)
    return max(1, (2 * days * _MONTHS_A_YEAR + _DAYS_A_YEAR) // (2 * _DAYS_A_YEAR))


def check_request(product: Product, *, principal_fen: int | None = None, rate_annual: int, count: int) -> None:
    """Refuse a loan outside the product's limits.

    raises   RequestError naming the product, the limit and the figure
    """
    name = f"{product.code} ({product.place})"
    if count not in product.counts:
        raise RequestError(f"{name} has no loan of {count} instalments. Write one of {shown_counts(product.counts)}.")
    if not product.rate_least <= rate_annual <= product.rate_most:
        limits = f"{product.rate_least / RATE_SCALE:g} to {product.rate_most / RATE_SCALE:g}"
        raise RequestError(f"{name} allows annual rates of {limits}; got {rate_annual / RATE_SCALE:g}.")
    if principal_fen is not None and not product.amount_least_fen <= principal_fen <= product.amount_most_fen:
        least, most, asked = (
            format_money(money, product.decimals) for money in (product.amount_least_fen, product.amount_most_fen, principal_fen)
        )
        raise RequestError(f"{name} lends {product.currency} {least} to {most}; got {asked}.")


def shown_counts(counts: tuple[int, ...]) -> str:
    """Numbers of instalments in few words."""
    if len(counts) > 2 and counts == tuple(range(counts[0], counts[-1] + 1)):
        return f"{counts[0]} to {counts[-1]}"
    return ", ".join(str(count) for count in counts)


def contract_row(
    product: Product,
    *,
    rate_annual: int | None = None,
    count: int,
    product_code: int = 0,
    model: int = 0,
    segment: int = 0,
    months: int | None = None,
    checked: bool = True,
) -> Ints:
    """The contract row of a loan made under a product's terms.

    rate_annual   `units.RATE_SCALE`-ths; None: the product's own
    count         number of instalments
    product_code, model, segment   codes of the book's dictionaries
    months        contractual tenor; None: implied by count and frequency
    checked       False takes a rate or count outside the product's limits (a loan that was made all the same)
    returns       (FIELDS,) int64
    raises        RequestError outside the limits, or without a rate where the product fixes none
    """
    rate = product.rate_annual if rate_annual is None else int(rate_annual)
    if rate is None:
        raise RequestError(f"{product.code} ({product.place}) fixes no rate; say the loan's rate_annual.")
    if checked:
        check_request(product, rate_annual=rate, count=count)
    row = empty_contract()
    values = {
        Field.METHOD: product.method,
        Field.RATE_ANNUAL: rate,
        Field.COUNT: count,
        Field.UNIT: product.unit,
        Field.EVERY: product.every,
        Field.MONTH_END: product.month_end,
        Field.DAY_COUNT: product.day_count,
        Field.ROUNDING: product.rounding,
        Field.INSTALLMENT_MULTIPLE: product.installment_multiple,
        Field.SMOOTHING: product.smoothing,
        Field.GRACE_PRINCIPAL: product.grace_principal,
        Field.GRACE_INTEREST: product.grace_interest,
        Field.INTEREST_FREE: product.interest_free,
        Field.SHIFT: product.shift,
        Field.DOWN_PAYMENT_PPM: product.down_payment_ppm,
        Field.ENGINE: product.engine,
        Field.RECALCULATE: product.recalculate,
        Field.OVERDUE_INTEREST: product.overdue_interest,
        Field.PAYOFF: product.payoff,
        Field.EXCESS: product.excess,
        Field.PROCESSING: product.processing,
        Field.PENALTY_RATE_ANNUAL: product.penalty_rate,
        Field.PENALTY_GRACE_DAYS: product.penalty_grace_days,
        Field.ARREARS_TOLERANCE: product.arrears_tolerance_fen,
        Field.NON_ACCRUAL_DAYS: product.non_accrual_days,
        Field.CHARGE_OFF_DAYS: product.charge_off_days,
        Field.TENOR_MONTHS: tenor_months(count, product.unit, product.every) if months is None else months,
        Field.PRODUCT: product_code,
        Field.MODEL: model,
        Field.SEGMENT: segment,
        Field.INTEREST_ONLY_COUNT: product.interest_only_count,
        Field.AGING: product.aging,
    }
    for field, value in values.items():
        row[field] = int(value)
    row[Field.WATERFALL :] = np.array(product.waterfall, np.int64)
    return row
