"""Splitting money by shares: who gets which fen of a component, so that nothing is lost and no part ever turns back.

What is spread over time is split cumulatively: what a vehicle gets of one payment is the difference of what it has of everything
paid before and after it. The split must be a rule by which no vehicle's part falls when the whole grows; largest remainder is not
(for three vehicles and more it takes a fen back now and then). So the cumulative rule takes the vehicles one after the other, the
largest share first, and rounds each against what is left. For two vehicles it is largest remainder. What is split once, and not
over time, goes by largest remainder (`pro_rata`).
"""

from enum import IntEnum

import numpy as np

from loanbook.errors import RequestError, StateError
from loanbook.kernel import lean
from loanbook.terms.mandate import SHARES_WHOLE, Component, Mandate, Stage
from loanbook.units import HALF_UP, MONEY_MAX, RATE_SCALE, Ints, mul_div


@lean
def _taken(total: int, shares: Ints, order: Ints, out: Ints, sign: int) -> None:
    """Add sign x the parts of a total, (vehicles,), to `out`."""
    left = total
    left_ppm = SHARES_WHOLE
    for place in range(order.size):
        vehicle = order[place]
        share = shares[vehicle]
        if share > 0:
            part = mul_div(left, share, left_ppm, HALF_UP)
            out[vehicle] += sign * part
            left -= part
            left_ppm -= share


@lean
def _split(before: Ints, amount: Ints, shares: Ints, orders: Ints, which: Ints, out: Ints) -> None:
    for row in range(amount.size):
        kind = which[row]
        _taken(before[row] + amount[row], shares[kind], orders[kind], out[row], 1)
        _taken(before[row], shares[kind], orders[kind], out[row], -1)


def split(before_fen: Ints, amount_fen: Ints, shares_ppm: Ints, which: Ints | None = None) -> Ints:
    """What each vehicle gets of each amount.

    before_fen   (rows,) int64 >= 0: what was split of this component of this loan since these shares hold
    amount_fen   (rows,) int64; negative takes back (a reversal), at most what was before
    shares_ppm   (vehicles,) or (sets, vehicles) int64, each set adding up to SHARES_WHOLE
    which        (rows,) set of each row; None: the first
    returns      (rows, vehicles) int64; a row adds up to its amount; all parts have the amount's sign or are 0
    rounding     half up against what is left, largest share first, equal ones by place; a part of all that was split is off its
                 exact share by less than one fen for up to three vehicles, less than one and a half for four
    raises       RequestError for shares that are none; StateError when more is taken back than was there
    """
    sets = np.ascontiguousarray(np.atleast_2d(shares_ppm), np.int64)
    if (sets < 0).any() or (sets.sum(axis=1) != SHARES_WHOLE).any():
        raise RequestError(f"shares must be 0 or more and add up to {SHARES_WHOLE:,}; got {sets.tolist()}.")
    before, amount = (np.ascontiguousarray(np.atleast_1d(money), np.int64) for money in (before_fen, amount_fen))
    if (before < 0).any() or (amount > MONEY_MAX - before).any() or (before + amount < 0).any():
        raise StateError("a split takes back more than was split before, or does not fit in 64 bits.")
    rows = np.zeros(amount.size, np.int64) if which is None else np.ascontiguousarray(which, np.int64)
    out = np.zeros((amount.size, sets.shape[1]), np.int64)
    _split(before, amount, sets, np.argsort(-sets, axis=1, kind="stable"), rows, out)
    return out


def coupon_part(before_fen: Ints, amount_fen: Ints, coupon_annual: int, rate_annual: Ints) -> Ints:
    """Which part of contract interest is the lenders' INTEREST; the rest is the FEE component.

    before_fen, amount_fen   (rows,) int64: contract interest taken before and now
    coupon_annual            the mandate's;  rate_annual  (rows,) the loans', both `units.RATE_SCALE`-ths
    returns                  (rows,) int64: min(coupon, rate) / rate of it, as the difference of rounded cumulative amounts
    rounding                 half up
    """
    before, amount, rates = (
        np.ascontiguousarray(np.atleast_1d(column), np.int64) for column in (before_fen, amount_fen, rate_annual)
    )
    out = np.zeros(amount.size, np.int64)
    _coupon(before, amount, min(int(coupon_annual), RATE_SCALE), rates, out)
    return out


@lean
def _coupon(before: Ints, amount: Ints, coupon: int, rates: Ints, out: Ints) -> None:
    for row in range(amount.size):
        rate = rates[row]
        if rate <= coupon:
            out[row] = amount[row]
        else:
            after = mul_div(before[row] + amount[row], coupon, rate, HALF_UP)
            out[row] = after - mul_div(before[row], coupon, rate, HALF_UP)


def stage_shares(mandate: Mandate, stage: Stage) -> Ints:
    """The shares of a mandate's stage, (components, vehicles) int64; StateError where it has no such stage."""
    if stage not in mandate.funding:
        raise StateError(f"{mandate.code} ({mandate.place}) has no funding.{stage}: nobody guarantees its loans.")
    return np.array(mandate.funding[stage], np.int64)


class Paid(IntEnum):
    """Columns of money that a loan's holders divide, (rows, PAID) int64."""

    PRINCIPAL = 0
    INTEREST = 1
    """At the contract rate, the part above the coupon with it."""
    FEE = 2
    """Fees of the product and late charges."""
    LOSS = 3
    """Principal given up (charge-off), or recovered after it."""


PAID = len(Paid)


def divide(shares_ppm: Ints, coupon_annual: int, rate_annual: Ints, before_fen: Ints, amount_fen: Ints) -> Ints:
    """Who gets what of money that loans under one mandate brought: contract interest parted at the coupon, each component split.

    shares_ppm    (components, vehicles) int64: `stage_shares`
    coupon_annual the mandate's;  rate_annual  (rows,) the loans'
    before_fen    (rows, PAID) int64: what was divided of each loan since these shares hold;  amount_fen  (rows, PAID) now
    returns       (rows, components, vehicles) int64; all of a row adds up to its amounts
    raises        as `split`
    """
    before, amount = (np.ascontiguousarray(np.atleast_2d(money), np.int64) for money in (before_fen, amount_fen))
    nothing = np.zeros(len(amount), np.int64)
    coupon_before = coupon_part(nothing, before[:, Paid.INTEREST], coupon_annual, rate_annual)
    coupon = coupon_part(before[:, Paid.INTEREST], amount[:, Paid.INTEREST], coupon_annual, rate_annual)
    parts = {
        Component.PRINCIPAL: (before[:, Paid.PRINCIPAL], amount[:, Paid.PRINCIPAL]),
        Component.INTEREST: (coupon_before, coupon),
        Component.FEE: (
            before[:, Paid.FEE] + before[:, Paid.INTEREST] - coupon_before,
            amount[:, Paid.FEE] + amount[:, Paid.INTEREST] - coupon,
        ),
        Component.LOSS: (before[:, Paid.LOSS], amount[:, Paid.LOSS]),
    }
    return np.stack([split(*parts[component], shares_ppm[component]) for component in Component], axis=1)
