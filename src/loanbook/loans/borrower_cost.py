"""What a borrower pays for a loan, all fees included: the flows behind the annual rate that is shown and capped."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from loanbook.loans.pricing import annual_rates
from loanbook.loans.schedule import schedules
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Unit
from loanbook.terms.product import PPM, Product, check_request, contract_row
from loanbook.units import NEVER, Ints, mul_div

_PERIODS_A_YEAR = {Unit.MONTH: 12.0, Unit.WEEK: 365 / 7, Unit.DAY: 365.0}


def fee_amounts(product: Product, principal_fen: int) -> tuple[int, int]:
    """Fees of one loan: due on the day of disbursement, and with each instalment; each fee rounded once by the product's rule."""
    once, each = 0, 0
    for fee in product.fees:
        amount = fee.amount_fen + int(mul_div(principal_fen, fee.share_ppm, PPM, int(product.rounding)))
        once, each = (once, each + amount) if fee.each else (once + amount, each)
    return once, each


def borrower_flows(product: Product, principal_fen: Ints, principal: Ints, interest: Ints) -> tuple[Ints, Ints]:
    """What borrowers have in hand at the start and what they pay after it.

    principal_fen         (loans,) int64
    principal, interest   (loans, rows) int64 from `schedule.schedules`, all of one product and number of instalments
    returns               in_hand (loans,) and flows (loans, instalments) int64: a down payment and fees due on the day of
                          disbursement lower what is in hand; fees of each instalment are added to it
    """
    fees = np.array([fee_amounts(product, int(amount)) for amount in principal_fen], np.int64).reshape(-1, 2)
    start = 1 if product.down_payment_ppm > 0 else 0
    in_hand = principal_fen - fees[:, 0] - principal[:, :start].sum(axis=1)
    return in_hand, principal[:, start:] + interest[:, start:] + fees[:, 1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What loans of one product and number of instalments cost: schedules, fees and the all-in annual rates.

    due_on, principal_fen, interest_fen   (loans, rows) int64, from `schedule.schedules`
    fees_once_fen, fees_each_fen          (loans,) int64, on the day of disbursement and with each instalment
    nominal, effective                    (loans,) int64, `units.RATE_SCALE`-ths
    """

    due_on: Ints
    principal_fen: Ints
    interest_fen: Ints
    fees_once_fen: Ints
    fees_each_fen: Ints
    nominal: Ints
    effective: Ints


def costs(
    product: Product, principal_fen: Ints, *, count: int, disbursed_on: Ints, rates: Ints, first_due_on: Any = NEVER
) -> Cost:
    """What each of some loans costs its borrower over every fee the product's terms name.

    principal_fen, disbursed_on, rates   (loans,) int64; rates in `units.RATE_SCALE`-ths
    raises                               RequestError for a rate, amount or count outside the product's limits
    """
    rows = []
    for amount, rate in zip(principal_fen.tolist(), rates.tolist(), strict=True):
        check_request(product, principal_fen=amount, rate_annual=rate, count=count)
        rows.append(contract_row(product, rate_annual=rate, count=count))
    due_on, principal, interest = schedules(np.array(rows), principal_fen, disbursed_on, first_due_on=first_due_on)
    fees = np.array([fee_amounts(product, amount) for amount in principal_fen.tolist()], np.int64).reshape(-1, 2)
    in_hand, flows = borrower_flows(product, principal_fen, principal, interest)
    nominal, effective = annual_rates(in_hand, flows, periods_a_year=_PERIODS_A_YEAR[product.unit] / product.every)
    return Cost(
        due_on=due_on,
        principal_fen=principal,
        interest_fen=interest,
        fees_once_fen=fees[:, 0],
        fees_each_fen=fees[:, 1],
        nominal=nominal,
        effective=effective,
    )


def all_in_rates(
    product: Product,
    principal_fen: int,
    *,
    count: int,
    disbursed_on: int,
    rate_annual: int | None = None,
    first_due_on: Any = NEVER,
) -> tuple[int, int]:
    """The all-in annual rate of one loan, as nominal and as effective rate, over every fee the product's terms name.

    A library function, for who writes product terms (docs/guides/product_terms.md); a quote takes `costs` of many loans.

    rate_annual   `units.RATE_SCALE`-ths; None: the product's own
    returns       nominal, effective in `units.RATE_SCALE`-ths; instalments count as equally spaced periods
    raises        RequestError outside the product's limits
    """
    rate = int(contract_row(product, rate_annual=rate_annual, count=count)[Field.RATE_ANNUAL])
    one = (np.array([value], np.int64) for value in (principal_fen, disbursed_on, rate))
    amount, day, rates = one
    found = costs(product, amount, count=count, disbursed_on=day, rates=rates, first_due_on=first_due_on)
    return int(found.nominal[0]), int(found.effective[0])
