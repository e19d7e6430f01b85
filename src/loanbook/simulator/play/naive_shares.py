"""Whose a loan's money is, by hand: whole numbers, one loan at a time, from the shares that the mandates' terms publish.

Shares no rule with the house. Money is divided as a whole, from the first fen on: what a day brought is the difference of two
such divisions.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from loanbook.terms.mandate import Component, Mandate, Stage
from loanbook.units import RATE_SCALE

WHOLE = 1_000_000
Parts = dict[tuple[str, Component], int]
"""Minor units by holder and component."""
Paid = tuple[int, int, int, int]
"""Principal, interest, fees, recovered after a write-off."""


def half_up(numerator: int, denominator: int) -> int:
    """A quotient of whole numbers, not negative, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def shared(total: int, shares: Sequence[int]) -> list[int]:
    """A total parted by millionths: the largest share first, each rounded against what is left."""
    found, left, whole = [0] * len(shares), total, WHOLE
    for place in sorted(range(len(shares)), key=lambda each: -shares[each]):
        if shares[place]:
            found[place] = half_up(left * shares[place], whole)
            left, whole = left - found[place], whole - shares[place]
    return found


def lenders(mandate: Mandate) -> Sequence[int]:
    """The holders' shares of the principal."""
    return mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL]


def coupon_of(mandate: Mandate, rate_annual: Decimal, interest_fen: int) -> int:
    """What of contract interest is the lenders'; the rest is a fee."""
    rate = int(rate_annual * RATE_SCALE)
    return interest_fen if rate <= mandate.coupon_annual else half_up(interest_fen * mandate.coupon_annual, rate)


def owed_to(mandate: Mandate, rate_annual: Decimal, holder: str, paid: Paid, principal_fen: int, due_fen: int) -> tuple[int, int]:
    """A holder's part of outstanding principal, and of interest due after `paid`."""
    place = mandate.vehicles.index(holder)
    coupon = [coupon_of(mandate, rate_annual, amount) for amount in (paid[1], paid[1] + due_fen)]
    shares = mandate.funding[Stage.ORIGINATION]
    owed = []
    for component, before, after in (
        (Component.PRINCIPAL, paid[0], paid[0] + principal_fen),
        (Component.INTEREST, coupon[0], coupon[1]),
    ):
        owed.append(shared(after, shares[component])[place] - shared(before, shares[component])[place])
    return owed[0], owed[1]


def lenders_part(mandate: Mandate, rate_annual: Decimal, holder: str, paid: Paid) -> int:
    """What a holder has of principal and of interest up to the coupon."""
    place, shares = mandate.vehicles.index(holder), mandate.funding[Stage.ORIGINATION]
    coupon = coupon_of(mandate, rate_annual, paid[1])
    return shared(paid[0], shares[Component.PRINCIPAL])[place] + shared(coupon, shares[Component.INTEREST])[place]


def divided(
    mandate: Mandate, rate_annual: Decimal, paid: Paid, marks: Sequence[Paid], claims: Sequence[tuple[int, int]]
) -> tuple[Parts, int]:
    """Who has what of all that a loan brought, and what of it came on the part of the claim that a guarantor paid for.

    marks    what of it was booked by the day on which the claim passed, and by each on which more was paid for it
    claims   what was paid for the claim by each of these days, and of how much; what came until the next goes by that part
    """
    gone = (0, 0, 0, 0)
    for mark, until, (passed_fen, claim_fen) in zip(marks, [*marks, paid][1:], claims, strict=True):
        if passed_fen:
            since = [max(now - then, 0) for now, then in zip(until, mark, strict=True)]
            found = [half_up(amount * passed_fen, claim_fen) for amount in since]
            gone = (gone[0] + found[0], gone[1] + found[1], gone[2] + found[2], gone[3] + found[3])
    stays = (paid[0] - gone[0], paid[1] - gone[1], paid[2] - gone[2], paid[3] - gone[3])
    shares = dict(enumerate(mandate.funding[Stage.ORIGINATION]))
    if mandate.guarantee is not None:
        # Where the guarantor did not pay, the loss is the lenders'.
        shares[Component.LOSS] = shares[Component.PRINCIPAL]
    parts = _components(mandate, rate_annual, shares, stays)
    if not any(gone):
        return parts, 0
    passed = _components(mandate, rate_annual, dict(enumerate(mandate.funding[Stage.COMPENSATION])), gone)
    for place, amount in passed.items():
        parts[place] = parts.get(place, 0) + amount
    fees = sum(amount for (_, component), amount in passed.items() if component == Component.FEE)
    return parts, sum(passed.values()) - fees


def _components(mandate: Mandate, rate_annual: Decimal, shares: Mapping[int, Sequence[int]], paid: Paid) -> Parts:
    coupon = coupon_of(mandate, rate_annual, paid[1])
    amounts = {
        Component.PRINCIPAL: paid[0],
        Component.INTEREST: coupon,
        Component.FEE: paid[2] + paid[1] - coupon,
        Component.LOSS: paid[3],
    }
    found: Parts = {}
    for component, amount in amounts.items():
        for holder, part in zip(mandate.vehicles, shared(amount, shares[component]), strict=True):
            if part:
                found[holder, component] = part
    return found
