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


def claim_parts(
    mandate: Mandate, rate_annual: Ints, paid_fen: Ints, before_fen: Ints, passed_fen: Ints, claim_fen: Ints
) -> tuple[Ints, Ints]:
    """Who has what of all the money that loans under one mandate brought so far.

    rate_annual  (rows,) the loans'
    paid_fen     (rows, PAID) int64 >= 0: all of it
    before_fen   (rows, PAID) int64 >= 0: what of it came before the claim was taken over; of a claim that was not, anything
    passed_fen   (rows,) int64: what a guarantor paid for the claim, 0 where none did;  claim_fen  (rows,) what was owed
    returns      two (rows, components, vehicles) int64: what stays with the holders, and what passed; together a row adds up to
                 what was paid. They are sums: the parts of one day's money are the difference of two of them
    rounding     half up for what passed of each column; then as `divide`
    raises       StateError for a part that is more than its claim
    """
    paid, before = (np.ascontiguousarray(np.atleast_2d(money), np.int64) for money in (paid_fen, before_fen))
    part, claim = (np.ascontiguousarray(np.atleast_1d(money), np.int64) for money in (passed_fen, claim_fen))
    if (part < 0).any() or (part > claim).any():
        raise StateError(f"more was paid for a claim under {mandate.code} than was owed.")
    gone = np.zeros_like(paid)
    _passed(paid, before, part, claim, gone)
    nothing = np.zeros_like(paid)
    staying = divide(staying_shares(mandate), mandate.coupon_annual, rate_annual, nothing, paid - gone)
    if not part.any():
        return staying, np.zeros_like(staying)
    return staying, divide(stage_shares(mandate, Stage.COMPENSATION), mandate.coupon_annual, rate_annual, nothing, gone)


@lean
def _passed(paid: Ints, before: Ints, part: Ints, claim: Ints, out: Ints) -> None:
    """Of what came since a claim was taken over, the part that was paid for, by column."""
    for row in range(paid.shape[0]):
        if part[row] > 0:
            for column in range(paid.shape[1]):
                since = max(paid[row, column] - before[row, column], 0)
                out[row, column] = mul_div(since, part[row], claim[row], HALF_UP)
