"""Repurchase plans against their dated authorisation in US dollars, and dividends from declaration to payment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loanbook.accounting.grants import PER_MILLION
from loanbook.errors import Finding, RequestError
from loanbook.units import HALF_UP, NEVER, date, mul_div

PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RepurchasePlan:
    """What the board allows: an amount, between two days (both inside)."""

    code: str
    starts_on: int
    ends_on: int
    authorised_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repurchase:
    """Depositary shares bought on one day under a plan; `paid_cents` without, `commission_cents` beside it."""

    event_id: str
    plan: str
    bought_on: int
    ads: int
    paid_cents: int
    commission_cents: int
    recorded_on: int = -NEVER

    @property
    def amount_cents(self) -> int:
        """Including commissions, as plans are reported."""
        return self.paid_cents + self.commission_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """A plan at a day.

    average_cents    amount including commissions an ADS, half up; None before the first
    utilised_ppm     of the authorisation, rounded down: a plan is used up only when nothing is left
    findings         repurchases outside the plan's days, or beyond its amount
    """

    plan: str
    ads: int
    amount_cents: int
    average_cents: int | None
    utilised_ppm: int
    remaining_cents: int
    findings: tuple[Finding, ...]


def utilisation(plan: RepurchasePlan, repurchases: Iterable[Repurchase], as_of: int, known_on: int = NEVER) -> Utilisation:
    """Cumulative repurchases under a plan by a day."""
    mine = sorted(
        (r for r in repurchases if r.plan == plan.code and r.bought_on <= as_of and r.recorded_on <= known_on),
        key=lambda r: (r.bought_on, r.event_id),
    )
    findings, total = [], 0
    for each in mine:
        total += each.amount_cents
        if not plan.starts_on <= each.bought_on <= plan.ends_on:
            findings.append(
                Finding(
                    place=each.event_id,
                    message=f"bought outside the plan {plan.code}. Name the plan in force that day.",
                    value=str(date(each.bought_on)),
                    expected=f"{date(plan.starts_on)} to {date(plan.ends_on)}",
                )
            )
        if total > plan.authorised_cents:
            findings.append(
                Finding(
                    place=each.event_id,
                    message=f"with it the plan {plan.code} has bought for more than was authorised",
                    value=f"{total / 100:,.2f}",
                    expected=f"at most {plan.authorised_cents / 100:,.2f}",
                )
            )
    ads = sum(r.ads for r in mine)
    return Utilisation(
        plan=plan.code,
        ads=ads,
        amount_cents=total,
        average_cents=int(mul_div(total, 1, ads, HALF_UP)) if ads else None,
        utilised_ppm=total * PPM // plan.authorised_cents,
        remaining_cents=plan.authorised_cents - total,
        findings=tuple(findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """A declared dividend.

    per_share_per_million   minor units of `currency` per million ordinary shares: US$0.30 is 30,000,000 cents
    entitled_shares         outstanding at the end of the record date
    """

    event_id: str
    declared_on: int
    record_on: int
    currency: str
    per_share_per_million: int
    entitled_shares: int
    recorded_on: int = -NEVER

    def __post_init__(self) -> None:
        if self.record_on < self.declared_on:
            raise RequestError(f"{self.event_id}: the record date is before the day of declaration.")

    @property
    def amount(self) -> int:
        """Owed to all holders, minor units, half up."""
        return int(mul_div(self.entitled_shares, self.per_share_per_million, PER_MILLION, HALF_UP))

    def per_ads_per_million(self, shares_per_ads: int) -> int:
        """The same for depositary shares."""
        return shares_per_ads * self.per_share_per_million


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendPayment:
    """Money that left for a dividend, of one class of holders."""

    dividend: str
    paid_on: int
    amount: int
    recorded_on: int = -NEVER


def dividends_payable(
    dividends: Sequence[Dividend], payments: Iterable[DividendPayment], as_of: int, known_on: int = NEVER
) -> int:
    """Declared and not yet paid at a day, in minor units of their one currency.

    raises   RequestError for several currencies, a payment of an unknown dividend, or of more than was declared
    """
    if len({d.currency for d in dividends}) > 1:
        raise RequestError("Dividends of several currencies do not add up; ask for one currency.")
    owed = {d.event_id: d.amount for d in dividends if d.declared_on <= as_of and d.recorded_on <= known_on}
    for paid in payments:
        if paid.paid_on > as_of or paid.recorded_on > known_on:
            continue
        if paid.amount > owed.get(paid.dividend, 0):
            raise RequestError(
                f"dividend {paid.dividend}: {paid.amount / 100:,.2f} were paid on {date(paid.paid_on)}, "
                f"but {owed.get(paid.dividend, 0) / 100:,.2f} were owed. Correct the payment or the declaration."
            )
        owed[paid.dividend] -= paid.amount
    return sum(owed.values())
