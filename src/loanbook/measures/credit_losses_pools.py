"""Loss-rate methods of a pool as plain functions: WARM, open pool, ageing schedule, provision matrix, percentage of sales.

Rates are exact (`fractions.Fraction`), money is int minor units; an amount is rounded once, half up.
"""

from collections.abc import Sequence
from fractions import Fraction

from loanbook.errors import RequestError
from loanbook.units import round_quotient

_HALF_UP = 0


def amount(rate: Fraction, exposure_fen: int) -> int:
    """rate x exposure, half up to the minor unit."""
    product = rate * exposure_fen
    quotient, remainder = divmod(abs(product.numerator), product.denominator)
    rounded = int(round_quotient(quotient, remainder, product.denominator, product < 0, _HALF_UP))
    return -rounded if product < 0 else rounded


def open_pool_rate(opening_fen: int, losses_fen: Sequence[int], adjustments: Sequence[Fraction] = ()) -> Fraction:
    """Lifetime loss rate of a pool frozen on a day (snapshot, open pool): its later losses over its balance, plus adjustments."""
    if opening_fen <= 0:
        raise RequestError(f"a pool's opening balance must be positive; got {opening_fen:,}.")
    return Fraction(sum(losses_fen), opening_fen) + sum(adjustments, Fraction(0))


def warm_rate(net_charge_offs_fen: Sequence[int], balances_fen: Sequence[int]) -> Fraction:
    """Average net charge-off rate of several years, weighted by their period-end balances: each year's is over that balance.

    source   NCUA Simplified CECL Tool, Appendix A
    """
    if len(net_charge_offs_fen) != len(balances_fen) or not balances_fen or min(balances_fen) <= 0:
        raise RequestError("a weighted charge-off rate needs one positive balance for each year's net charge-offs.")
    rates = [Fraction(lost, held) for lost, held in zip(net_charge_offs_fen, balances_fen, strict=True)]
    return sum((rate * held for rate, held in zip(rates, balances_fen, strict=True)), Fraction(0)) / sum(balances_fen)


def warm_allowance(
    loans_fen: int,
    individually_assessed_fen: int,
    rate: Fraction,
    remaining_years: Fraction,
    *,
    loss_adjustment: Fraction = Fraction(0),
    life_adjustment: Fraction = Fraction(0),
    individual_allowances_fen: Sequence[int] = (),
) -> int:
    """(loans - individually assessed) x (rate + adjustment) x (remaining years + adjustment) + individual allowances.

    source   NCUA Simplified CECL Tool, Appendix A
    """
    pooled = loans_fen - individually_assessed_fen
    if individually_assessed_fen < 0 or pooled < 0:
        raise RequestError(f"{individually_assessed_fen:,} individually assessed are not part of {loans_fen:,} of loans.")
    return amount((rate + loss_adjustment) * (remaining_years + life_adjustment), pooled) + sum(individual_allowances_fen)


def ageing_allowances(balances_fen: Sequence[int], rates: Sequence[Fraction]) -> tuple[int, ...]:
    """Ageing schedule or provision matrix: each bucket's balance times its rate, rounded by bucket."""
    if len(balances_fen) != len(rates):
        raise RequestError(f"{len(balances_fen)} buckets need as many rates; got {len(rates)}.")
    return tuple(amount(rate, balance) for balance, rate in zip(balances_fen, rates, strict=True))


def rolled_rates(lent_fen: int, paid_fen: Sequence[int]) -> tuple[Fraction, ...]:
    """Loss rate of each ageing bucket from a month's sales rolled through them: never paid over what reached the bucket.

    paid_fen   by bucket, what was paid in it: in time, 1-30, ...
    returns    one rate a bucket and 1 for what lies beyond the last (lost for certain, unless nothing got there)
    raises     RequestError when more was paid than lent
    source     the simplified approach of IFRS 9 5.5.15 by roll rates
    """
    left, reached = lent_fen, []
    for paid in paid_fen:
        reached.append(left)
        left -= paid
    if left < 0 or lent_fen <= 0 or min(paid_fen, default=0) < 0:
        raise RequestError(f"of {lent_fen:,} lent, {sum(paid_fen):,} cannot have been paid.")
    return (*(Fraction(left, balance) if balance else Fraction(0) for balance in reached), Fraction(1))


def sales_provision(sales_fen: int, rate: Fraction) -> int:
    """Percentage-of-sales provision: an expense of the period's sales, whatever the allowance already holds."""
    return amount(rate, sales_fen)


def expected_loss(exposure_fen: int, default: Fraction, severity: Fraction) -> int:
    """PD x LGD x EAD."""
    for name, value in (("the probability of default", default), ("the loss given default", severity)):
        if not 0 <= value <= 1:
            raise RequestError(f"{name} must lie between 0 and 1; got {value}.")
    return amount(default * severity, exposure_fen)
