"""Whose money it is that a loan brings: the holders' until its claim was taken over, from then on in the part that was paid for.

A guarantor takes over what it pays for. Where a cap cut what it paid, the claim passes in that proportion; the rest stays with
the lender, and so does what comes in for it. Money after a charge-off belongs to who bore the loss.
"""

import numpy as np

from loanbook.errors import StateError
from loanbook.funding.shares import divide, stage_shares
from loanbook.kernel import lean
from loanbook.terms.mandate import SHARES_WHOLE, Component, Mandate, Stage
from loanbook.units import HALF_UP, Ints, mul_div


def staying_shares(mandate: Mandate) -> Ints:
    """The shares of what no guarantor paid for, (components, vehicles).

    A mandate's loss shares say who bears a loss by its promise. Of a claim that the guarantor did not pay for, because its cap
    was used up, it has borne nothing: the loss is the lenders', by their principal.
    """
    shares = stage_shares(mandate, Stage.ORIGINATION)
    if mandate.guarantee is not None:
        shares[Component.LOSS] = shares[Component.PRINCIPAL]
    return shares


def shares_of_claim(mandate: Mandate, passed_fen: int, claim_fen: int) -> Ints:
    """The shares of a claim of which a part was paid for, (components, vehicles); each component adds up to SHARES_WHOLE.

    rounding   down for what passed; the rest stays where it was
    """
    passed, staying = stage_shares(mandate, Stage.COMPENSATION), staying_shares(mandate)
    part = SHARES_WHOLE * passed_fen // claim_fen
    found: Ints = np.empty_like(staying)
    for component in Component:
        exact = [
            int(one) * part + int(other) * (SHARES_WHOLE - part)
            for one, other in zip(passed[component], staying[component], strict=True)
        ]
        rounded = [each // SHARES_WHOLE for each in exact]
        # What rounding leaves, less than a millionth a vehicle, goes to the largest.
        rounded[int(np.argmax(rounded))] += SHARES_WHOLE - sum(rounded)
        found[component] = rounded
    return found


def on_claims(paid_fen: Ints, marks_fen: Ints, passed_fen: Ints, claim_fen: Ints) -> Ints:
    """What of the money that loans brought came on the part of their claims that a guarantor paid for, (rows, PAID) int64.

    Where more was paid for a claim later, because money had bounced, the part is another one from then on; what came until then
    stays as it was parted.

    paid_fen     (rows, PAID) int64 >= 0: all of it
    marks_fen    (steps, rows, PAID) int64 >= 0: what of it was booked by each day on which something was paid for the claim; all
                 of it where there was no such day
    passed_fen   (steps, rows) int64: what was paid for the claim by then, 0 where nothing was;  claim_fen  what was owed by then
    rounding     half up for each column and step
    raises       StateError for a part that is more than its claim
    """
    paid = np.ascontiguousarray(np.atleast_2d(paid_fen), np.int64)
    marks = np.ascontiguousarray(marks_fen, np.int64).reshape(-1, *paid.shape)
    part, claim = (np.ascontiguousarray(money, np.int64).reshape(len(marks), len(paid)) for money in (passed_fen, claim_fen))
    if (part < 0).any() or (part > claim).any():
        raise StateError("more was paid for a claim than was owed.")
    gone = np.zeros_like(paid)
    _passed(paid, marks, part, claim, gone)
    return gone


def claim_parts(mandate: Mandate, rate_annual: Ints, paid_fen: Ints, gone_fen: Ints) -> tuple[Ints, Ints]:
    """Who has what of all the money that loans under one mandate brought so far.

    rate_annual  (rows,) the loans'
    paid_fen     (rows, PAID) int64 >= 0: all of it;  gone_fen  what of it came on claims that passed (`on_claims`)
    returns      two (rows, components, vehicles) int64: what stays with the holders, and what passed; together a row adds up to
                 what was paid. They are sums: the parts of one day's money are the difference of two of them
    rounding     as `divide`
    """
    paid, gone = (np.ascontiguousarray(np.atleast_2d(money), np.int64) for money in (paid_fen, gone_fen))
    nothing = np.zeros_like(paid)
    staying = divide(staying_shares(mandate), mandate.coupon_annual, rate_annual, nothing, paid - gone)
    if not gone.any():
        return staying, np.zeros_like(staying)
    return staying, divide(stage_shares(mandate, Stage.COMPENSATION), mandate.coupon_annual, rate_annual, nothing, gone)


@lean
def _passed(paid: Ints, marks: Ints, part: Ints, claim: Ints, out: Ints) -> None:
    """Of what came between two marks, the part that was paid for by the first, by column."""
    steps = marks.shape[0]
    for step in range(steps):
        for row in range(paid.shape[0]):
            if part[step, row] > 0:
                for column in range(paid.shape[1]):
                    until = paid[row, column] if step + 1 == steps else marks[step + 1, row, column]
                    since = max(until - marks[step, row, column], 0)
                    out[row, column] += mul_div(since, part[step, row], claim[step, row], HALF_UP)
