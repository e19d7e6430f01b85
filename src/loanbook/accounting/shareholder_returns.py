"""Repurchase plans against their dated authorisation, and dividends from declaration to payment; money is minor units."""

from collections.abc import Iterable
from dataclasses import dataclass

from loanbook.errors import Finding
from loanbook.units import HALF_UP, date, format_money, mul_div

PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RepurchasePlan:
    """What the board allows: an amount of one currency, between two days (both inside)."""

    code: str
    currency: str
    starts_on: int
    ends_on: int
    authorised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repurchase:
    """Ordinary shares, or depositary shares as so many ordinary ones, bought on one day; `amount` with commissions."""

    event_id: str
    plan: str
    currency: str
    bought_on: int
    shares: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """A plan at a day.

    utilised_ppm     of the authorisation, rounded down: a plan is used up only when nothing is left
    findings         repurchases in another currency (not counted), outside the plan's days, or beyond its amount
    """

    plan: str
    shares: int
    amount: int
    utilised_ppm: int
    remaining: int
    findings: tuple[Finding, ...]

    def average(self, shares: int) -> int | None:
        """Amount with commissions for so many shares, half up; None before the first repurchase."""
        return int(mul_div(self.amount, shares, self.shares, HALF_UP)) if self.shares else None


def utilisation(plan: RepurchasePlan, repurchases: Iterable[Repurchase], as_of: int) -> Utilisation:
    """Cumulative repurchases under a plan by a day."""
    mine = [each for each in repurchases if each.plan == plan.code and each.bought_on <= as_of]
    findings, total, shares = [], 0, 0
    for each in sorted(mine, key=lambda each: (each.bought_on, each.event_id)):
        if each.currency != plan.currency:
            findings.append(_finding(each, f"is in another currency than the plan {plan.code}", each.currency, plan.currency))
            continue
        total += each.amount
        shares += each.shares
        if not plan.starts_on <= each.bought_on <= plan.ends_on:
            message = f"bought outside the plan {plan.code}. Name the plan in force that day."
            findings.append(_finding(each, message, str(date(each.bought_on)), f"{date(plan.starts_on)} to {date(plan.ends_on)}"))
        if total > plan.authorised:
            message = f"with it the plan {plan.code} has bought for more than was authorised"
            findings.append(_finding(each, message, format_money(total), f"at most {format_money(plan.authorised)}"))
    return Utilisation(
        plan=plan.code,
        shares=shares,
        amount=total,
        utilised_ppm=total * PPM // plan.authorised,
        remaining=plan.authorised - total,
        findings=tuple(findings),
    )


def _finding(of: Repurchase, message: str, value: str, expected: str) -> Finding:
    return Finding(place=of.event_id, message=message, value=value, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """A declared dividend of one currency; `amount` owed to all holders."""

    event_id: str
    currency: str
    declared_on: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendPayment:
    """Money that left for a dividend, of one class of holders."""

    event_id: str
    dividend: str
    paid_on: int
    amount: int


def dividends_payable(
    dividends: Iterable[Dividend], payments: Iterable[DividendPayment], currency: str, as_of: int
) -> tuple[int, tuple[Finding, ...]]:
    """Declared in a currency and not yet paid at a day; findings are payments of an unknown dividend, or of more than is owed."""
    known = [each for each in dividends if each.declared_on <= as_of]
    owed = {each.event_id: each.amount for each in known if each.currency == currency}
    elsewhere = {each.event_id for each in known} - set(owed)
    findings = []
    for paid in sorted(payments, key=lambda each: (each.paid_on, each.event_id)):
        if paid.paid_on > as_of or paid.dividend in elsewhere:
            continue
        left = owed.get(paid.dividend, 0)
        if paid.amount > left:
            findings.append(
                Finding(
                    place=paid.event_id,
                    message=f"pays more for the dividend {paid.dividend} than is owed. Correct the payment or the declaration.",
                    value=format_money(paid.amount),
                    expected=f"at most {format_money(left)}",
                )
            )
        owed[paid.dividend] = max(left - paid.amount, 0)
    return sum(owed.values()), tuple(findings)
