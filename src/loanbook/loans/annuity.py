"""The level instalment: the annuity factor as an exact-enough fraction, rounding to a multiple, the smoothing rule."""

from loanbook.kernel import kernel
from loanbook.units import HALF_UP, INTEREST_SCALE, Ints, Rounding, mul_div, round_quotient

_DOWN = int(Rounding.DOWN)
_UP = int(Rounding.UP)
_FACTOR_SCALE = 100_000_000_000_000_000
_FACTOR_LIMIT = 900_000_000_000_000_000
_SHRINK = 10
_SMOOTHING_ROUNDS = 3
"""Source: rules of the progressive engine that the oracle names (`equal_instalment`, `smoothing`)."""


@kernel
def annuity_factor(rate_fraction: Ints, first: int, last: int) -> tuple[int, int]:
    """The level instalment of one unit of money over rows first..last-1, as (numerator, denominator).

    product(1 + r_i) / f_n with f_1 = 1 and f_i = 1 + f_(i-1) (1 + r_i). Both keep 16 to 18 digits: short rates are exact
    (zero rate: 1 / n), 12 instalments are right to 1e-16 and 360 to 3e-15, far below a cent of any loan.

    rate_fraction   (last or more,) int64, rate x year fraction, `units.INTEREST_SCALE`-ths
    returns         int64 numerator and denominator for `mul_div(principal, numerator, denominator, rule)`
    """
    scale = _FACTOR_SCALE
    growth = scale
    annuities = scale
    for row in range(first, last):
        rate = rate_fraction[row]
        growth += mul_div(growth, rate, INTEREST_SCALE, HALF_UP)
        if row > first:
            annuities += mul_div(annuities, rate, INTEREST_SCALE, HALF_UP) + scale
        while growth > _FACTOR_LIMIT or annuities > _FACTOR_LIMIT:
            growth = mul_div(growth, 1, _SHRINK, HALF_UP)
            annuities = mul_div(annuities, 1, _SHRINK, HALF_UP)
            scale = mul_div(scale, 1, _SHRINK, HALF_UP)
    return growth, annuities


@kernel
def round_to_multiple(money: int, numerator: int, denominator: int, rule: int, multiple: int) -> int:
    """money x numerator / denominator rounded once to a multiple of minor units; to the minor unit where that would be 0."""
    nearest = mul_div(money, numerator, denominator, rule)
    if multiple <= 1:
        return nearest
    # Half units and a sign of something left over decide every rule exactly, ties included.
    halves = mul_div(2 * money, numerator, denominator, _DOWN)
    rest = 0 if mul_div(2 * money, numerator, denominator, _UP) == halves else 1
    left = 2 * (halves % (2 * multiple)) + rest
    rounded = round_quotient(halves // (2 * multiple), left, 4 * multiple, False, rule) * multiple
    return nearest if rounded == 0 else rounded


@kernel
def level_installment(principal_fen: int, rate_fraction: Ints, count: int, rounding: int, multiple: int) -> int:
    """The level instalment of a balance over `count` periods.

    principal_fen   >= 0
    rate_fraction   (count or more,) int64, rate x year fraction of each period, `units.INTEREST_SCALE`-ths
    multiple        rounded to this many minor units (0 or 1: to the minor unit; also where the multiple would give 0)
    rounding        `units.Rounding`, applied once
    """
    numerator, denominator = annuity_factor(rate_fraction, 0, count)
    return round_to_multiple(principal_fen, numerator, denominator, rounding, multiple)


@kernel
def last_gap(principal_fen: int, installment_fen: int, rate_fraction: Ints, first: int, last: int, rounding: int) -> int:
    """By how much the last row exceeds the regular instalment; negative when it is smaller."""
    balance = principal_fen
    for row in range(first, last - 1):
        interest = mul_div(balance, rate_fraction[row], INTEREST_SCALE, rounding)
        balance -= min(max(installment_fen - interest, 0), balance)
    return balance + mul_div(balance, rate_fraction[last - 1], INTEREST_SCALE, rounding) - installment_fen


@kernel
def smooth_installment(
    principal_fen: int, installment_fen: int, rate_fraction: Ints, first: int, last: int, rounding: int, multiple: int
) -> int:
    """The smoothing rule: spread the gap between the last and the regular instalment over all of them.

    When |last - regular| exceeds half as many minor units as there are rows, the instalment changes by gap / rows, rounded;
    the change stays only if the new gap is smaller; at most three rounds.
    """
    rows = last - first
    gap = last_gap(principal_fen, installment_fen, rate_fraction, first, last, rounding)
    for _ in range(_SMOOTHING_ROUNDS):
        if rows < 2 or abs(gap) <= rows // 2:
            break
        changed = installment_fen + mul_div(gap, 1, rows, rounding)
        changed = round_to_multiple(changed, 1, 1, rounding, multiple)
        if changed <= 0 or changed == installment_fen:
            break
        changed_gap = last_gap(principal_fen, changed, rate_fraction, first, last, rounding)
        if abs(changed_gap) >= abs(gap):
            break
        installment_fen, gap = changed, changed_gap
    return installment_fen
