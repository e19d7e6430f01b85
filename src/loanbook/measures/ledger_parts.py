"""A loan lent jointly in the books: our part as a loan of ours, the other lenders' as a loan that we only serve.

One decoded history is divided into two by rounded cumulative amounts; the rest is what is left of each, so the two add up to
the loan to the fen. Who holds what is a fact of the loan (`contract.Field.OWN_PRINCIPAL` on); measures count the loan whole.
"""

from enum import IntEnum

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.earning_spread import share_of
from loanbook.loans.history import OUTSIDE, Due, End, Paid
from loanbook.measures.facts import Trait
from loanbook.measures.ledger import book_loan
from loanbook.measures.ledger_policy import Policy
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Model
from loanbook.terms.product import PPM
from loanbook.units import Ints


class Part(IntEnum):
    """Columns of `parts`, (classes, len(Part)) int64 ppm: who has what of the loans of a class."""

    PRINCIPAL = 0
    """Ours of the principal, so also of what is lost and recovered."""
    INTEREST = 1
    """Ours of the borrower's interest, as lenders."""
    CHARGES = 2
    """Ours of fees and late charges, as lenders."""
    SERVICE = 3
    """Of the interest of the other lenders' part, what is our fee."""
    SERVICE_CHARGES = 4
    """Of the fees and late charges of the other lenders' part, what is ours."""


_PRINCIPAL = int(Part.PRINCIPAL)
_INTEREST = int(Part.INTEREST)
_CHARGES = int(Part.CHARGES)
_SERVICE = int(Part.SERVICE)
_SERVICE_CHARGES = int(Part.SERVICE_CHARGES)
_DUE_ON = int(Due.ON)
_DUE_PRINCIPAL = int(Due.PRINCIPAL)
_DUE_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_PAID_RECOVERED = int(Paid.RECOVERED)
_PAID_CHARGES = int(Paid.CHARGES)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF = int(End.CHARGED_OFF)
_ORIGINAL = int(End.ORIGINAL)
_CONTRACT_INTEREST = int(End.CONTRACT_INTEREST)
_GROUP = int(Trait.GROUP)
_VINTAGE = int(Trait.VINTAGE)
_POOL = int(Trait.POOL)
_SERVED_POOL = int(Trait.SERVED_POOL)
_MODEL = int(Policy.MODEL)
_ON_BALANCE = int(Model.ON_BALANCE_SHEET)
_HEAVY = int(Model.CAPITAL_HEAVY)


def parts_of(classes: Ints) -> Ints:
    """`Part` columns of contract rows, (classes, len(Part)) int64.

    Interest up to the coupon is shared as INTEREST, above it as FEE (`funding.shares`). As lenders we have our part of the first
    and, of the second, what goes with it; what we have of it beyond that is a fee on the other lenders' part.
    rounding   half up, once a share
    """
    rows = classes.astype(object)
    principal, interest, fee = (rows[:, field] for field in (Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE))
    rate = np.maximum(rows[:, Field.RATE_ANNUAL], 1)
    coupon = np.minimum(rows[:, Field.COUPON_ANNUAL], rate)
    above = rate - coupon
    lent = coupon * interest + above * np.minimum(interest, fee)
    charges = np.minimum(principal, fee)
    found = np.empty((len(rows), len(Part)), np.int64)
    found[:, _PRINCIPAL] = principal
    found[:, _INTEREST] = _half_up(lent, rate)
    found[:, _CHARGES] = charges
    found[:, _SERVICE] = _half_up(above * np.maximum(fee - interest, 0) * PPM, np.maximum(rate * PPM - lent, 1))
    found[:, _SERVICE_CHARGES] = _half_up((fee - charges) * PPM, np.maximum(PPM - charges, 1))
    return found


def _half_up(amount: Ints, of: Ints) -> Ints:
    """Whole numbers of any size: both are at least 0."""
    return np.asarray((amount * 2 + of) // (of * 2))


@lean
def ours_of(amount: int, share_ppm: int) -> int:
    """Our part of a cumulative amount: the larger part is rounded half up, the smaller is the rest, as in `funding.shares`."""
    if 2 * share_ppm < PPM:
        return amount - share_of(amount, PPM - share_ppm)
    return share_of(amount, share_ppm)


@lean
def _next(before: int, amount: int, share_ppm: int) -> int:
    """Our part of an amount that comes after others."""
    return ours_of(before + amount, share_ppm) - ours_of(before, share_ppm)


@lean
def divide_history(
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    shares: Ints,
    is_rest: bool,
    to_due: Ints,
    to_paid: Ints,
    to_ends: Ints,
) -> None:
    """Write our part of a history, or what it leaves, into another of the same shape.

    shares     a row of `parts_of`;  is_rest  what the other lenders have instead of what we have
    rounding   what is ours of all so far (`ours_of`) less what was ours before: money lent, principal, interest, recoveries and
               charges each by itself
    """
    repaid, earned = 0, 0
    for row in range(rows):
        principal, interest = due[row, _DUE_PRINCIPAL], due[row, _DUE_INTEREST]
        ours, our_interest = _next(repaid, principal, shares[_PRINCIPAL]), _next(earned, interest, shares[_INTEREST])
        repaid += principal
        earned += interest
        to_due[row, _DUE_ON] = due[row, _DUE_ON]
        to_due[row, _CLEARED_ON] = due[row, _CLEARED_ON]
        to_due[row, _DUE_PRINCIPAL] = principal - ours if is_rest else ours
        to_due[row, _DUE_INTEREST] = interest - our_interest if is_rest else our_interest
    lent, repaid, collected, recovered, charged = ends[_OPENED_BALANCE], 0, 0, 0, 0
    for piece in range(pieces):
        principal, interest = paid[piece, _PAID_PRINCIPAL], paid[piece, _PAID_INTEREST]
        back, charges = paid[piece, _PAID_RECOVERED], paid[piece, _PAID_CHARGES]
        if paid[piece, _PAID_DUE] == OUTSIDE and principal < 0:
            ours = -_next(lent, -principal, shares[_PRINCIPAL])
            lent -= principal
        else:
            ours = _next(repaid, principal, shares[_PRINCIPAL])
            repaid += principal
        our_interest = _next(collected, interest, shares[_INTEREST])
        our_back = _next(recovered, back, shares[_PRINCIPAL])
        our_charges = _next(charged, charges, shares[_CHARGES])
        collected += interest
        recovered += back
        charged += charges
        to_paid[piece, _PAID_ON] = paid[piece, _PAID_ON]
        to_paid[piece, _PAID_DUE] = paid[piece, _PAID_DUE]
        to_paid[piece, _PAID_PRINCIPAL] = principal - ours if is_rest else ours
        to_paid[piece, _PAID_INTEREST] = interest - our_interest if is_rest else our_interest
        to_paid[piece, _PAID_RECOVERED] = back - our_back if is_rest else our_back
        to_paid[piece, _PAID_CHARGES] = charges - our_charges if is_rest else our_charges
    for end in range(ends.size):
        to_ends[end] = ends[end]
    to_ends[_OPENED_BALANCE] = ours_of(ends[_OPENED_BALANCE], shares[_PRINCIPAL])
    to_ends[_CHARGED_OFF] = ours_of(ends[_CHARGED_OFF], shares[_PRINCIPAL])
    to_ends[_ORIGINAL] = ours_of(ends[_ORIGINAL], shares[_PRINCIPAL])
    to_ends[_CONTRACT_INTEREST] = ours_of(ends[_CONTRACT_INTEREST], shares[_INTEREST])
    if is_rest:
        to_ends[_OPENED_BALANCE] = ends[_OPENED_BALANCE] - to_ends[_OPENED_BALANCE]
        to_ends[_CHARGED_OFF] = ends[_CHARGED_OFF] - to_ends[_CHARGED_OFF]
        to_ends[_ORIGINAL] = ends[_ORIGINAL] - to_ends[_ORIGINAL]
        to_ends[_CONTRACT_INTEREST] = ends[_CONTRACT_INTEREST] - to_ends[_CONTRACT_INTEREST]


@lean
def book_parts(
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    part_due: Ints,
    part_paid: Ints,
    part_ends: Ints,
    loan: Ints,
    class_no: int,
    clock: Ints,
    policy: Ints,
    served: Ints,
    parts: Ints,
    shares: Ints,
    rates: Ints,
    riskier: Ints,
    inception: Ints,
    unamortised: Ints,
    slots: Ints,
    scratch: Ints,
    daybook: Ints,
    ledger: Ints,
) -> bool:
    """Add what one loan has come to by the close to the cells of the books; a jointly lent one as two parts in two pools.

    part_due .. part_ends   shaped as `due`, `paid`, `ends`, written for a loan lent jointly
    policy .. unamortised   `booking.Basis`; the rest as `ledger.book_loan`
    returns                 whether the loan had opened by the close
    """
    own = parts[class_no]
    is_joint = own[_PRINCIPAL] < PPM
    booked = False
    for part in range(2 if is_joint else 1):
        is_rest = part == 1
        terms = served[loan[_GROUP], loan[_VINTAGE]] if is_rest else policy[loan[_GROUP], loan[_VINTAGE]]
        pool = loan[_SERVED_POOL] if is_rest else loan[_POOL]
        share = own[_SERVICE] if is_rest else shares[class_no, loan[_VINTAGE]]
        # Late charges are ours where the claim is; a lender that bears its own losses shares them as it shares interest.
        charges_share = PPM if terms[_MODEL] == _ON_BALANCE or terms[_MODEL] == _HEAVY else share
        if is_rest:
            charges_share = own[_SERVICE_CHARGES]
        if is_joint:
            divide_history(due, rows, paid, pieces, ends, own, is_rest, part_due, part_paid, part_ends)
        booked = book_loan(
            part_due if is_joint else due,
            rows,
            part_paid if is_joint else paid,
            pieces,
            part_ends if is_joint else ends,
            loan,
            pool,
            not is_rest,
            class_no,
            clock,
            terms,
            share,
            charges_share,
            rates,
            riskier,
            inception,
            unamortised,
            slots,
            scratch,
            daybook,
            ledger,
        )
    return booked
