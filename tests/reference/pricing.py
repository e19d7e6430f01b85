"""Naive twin of `loans.pricing`: the rate by halving in Decimal, income one period at a time."""

from decimal import Decimal, localcontext


def present_value(flows, rate):
    """Flows after 1, 2, ... periods at a rate a period."""
    return sum((Decimal(flow) / (1 + rate) ** (k + 1) for k, flow in enumerate(flows)), Decimal(0))


def period_rate(carrying, flows):
    """The rate a period, to 15 decimals; flows are not negative, so there is one root."""
    with localcontext() as context:
        context.prec = 30
        low, high = Decimal("-0.99"), Decimal(100)
        while high - low > Decimal("1e-15"):
            middle = (low + high) / 2
            low, high = (middle, high) if present_value(flows, middle) > carrying else (low, middle)
        return low


def income(carrying, flows, rate):
    """Interest a period at an exact Decimal rate, half up to whole units, the last flow closing the amount."""
    earned = []
    for k, flow in enumerate(flows):
        part = (carrying * rate).quantize(Decimal(1), "ROUND_HALF_UP") if k < len(flows) - 1 else flow - carrying
        earned.append(int(part))
        carrying += int(part) - flow
    return earned
