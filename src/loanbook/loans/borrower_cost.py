"""What a borrower pays for a loan, all fees included: the flows behind the annual rate that is shown and capped."""

from typing import Any

import numpy as np

from loanbook.loans.pricing import annual_rates
from loanbook.loans.schedule import schedules
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Unit
from loanbook.terms.product import PPM, Product, check_request, contract_row
from loanbook.units import Ints, mul_div

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


def all_in_rates(
    product: Product,
    principal_fen: int,
    *,
    count: int,
    disbursed_on: int,
    rate_annual: int | None = None,
    first_due_on: Any = None,
) -> tuple[int, int]:
    """The all-in annual rate of one loan, as nominal and as effective rate, over every fee the product's terms name.

    rate_annual   `units.RATE_SCALE`-ths; None: the product's own
    returns       nominal, effective in `units.RATE_SCALE`-ths; instalments count as equally spaced periods
    raises        RequestError outside the product's limits
    """
    row = contract_row(product, rate_annual=rate_annual, count=count)
    check_request(product, principal_fen=principal_fen, rate_annual=int(row[Field.RATE_ANNUAL]), count=count)
    amount = np.array([principal_fen], np.int64)
    days = np.array([disbursed_on], np.int64)
    extra = {} if first_due_on is None else {"first_due_on": first_due_on}
    _, principal, interest = schedules(row, amount, days, **extra)
    in_hand, flows = borrower_flows(product, amount, principal, interest)
    nominal, effective = annual_rates(in_hand, flows, periods_a_year=_PERIODS_A_YEAR[product.unit] / product.every)
    return int(nominal[0]), int(effective[0])
