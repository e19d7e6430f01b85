"""What can be asked of the platform and what is answered: the shapes of the API. Money is whole minor units, rates are decimals.

Dates are ISO texts. Unknown fields are refused, so that a misspelt one is not silently ignored.
"""

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from loanbook.units import RATE_SCALE

MONEY_MOST = 10**13
Money = Annotated[int, Meta(ge=1, le=MONEY_MOST, description="Minor units (fen); at most 100 billion yuan.")]
Cost = Annotated[int, Meta(ge=0, le=10**13, description="Minor units (fen).")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Count = Annotated[int, Meta(ge=1, le=600)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 as 64 hexadecimal digits, small letters.")]


def rate_text(rate: int) -> str:
    """A rate as the API shows it: a decimal fraction of one per year, six places, half up."""
    unit = RATE_SCALE // 1_000_000
    return f"{(rate + unit // 2) // unit / 1_000_000:.6f}"


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A request."""


class Given(msgspec.Struct, kw_only=True):
    """An answer."""


class Registration(Asked, kw_only=True):
    """A person or firm that may borrow, with the channel they came through. Personal data is sealed apart."""

    kind: Literal["consumer", "small_business"]
    channel: Name
    acquisition_cost_fen: Cost = 0
    document: Name
    """The number that names the borrower once: of the identity card or the business licence."""
    identity: dict[Name, Annotated[str, Meta(max_length=500)]] = {}
    """Name, telephone, address and the like."""


class Registered(Given, kw_only=True):
    """The pseudonym everything else goes by."""

    borrower_id: str


class Application(Asked, kw_only=True):
    """A borrower asks for a credit line; consents are recorded with it."""

    borrower_id: Id
    consents: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=10)]
    consent_text_hash: Sha256
    """SHA-256 of the text the borrower agreed to."""
    province: Name
    inputs: dict[Name, Any]
    """Features by name, as the strategy's schema asks for them."""


class Applied(Given, kw_only=True):
    """The application, to be assessed."""

    application_id: str


class Assessing(Asked, kw_only=True):
    """Decide on an application."""

    application_id: Id


class Assessed(Given, kw_only=True):
    """Approved with a line, or declined with every reason."""

    decision_id: str
    outcome: str
    reasons: tuple[str, ...]
    line_id: str | None = None
    grade: str | None = None
    limit_fen: int | None = None
    rate_annual: str | None = None
    expires_on: dt.date | None = None
    products: tuple[str, ...] = ()
    """What the line can draw: the products for this kind of borrower."""


class Quoting(Asked, kw_only=True):
    """What would a drawdown cost?"""

    line_id: Id
    product: Name
    principal_fen: Money
    installment_count: Count


class Instalment(Given, kw_only=True):
    """One row of a schedule."""

    number: int
    due_on: dt.date
    principal_fen: int
    interest_fen: int
    fee_fen: int


class Quoted(Given, kw_only=True):
    """The schedule, every fee and the all-in annual rate, before anything is accepted."""

    quote_id: str
    product: str
    principal_fen: int
    rate_annual: str
    all_in_nominal: str
    all_in_effective: str
    cap: str
    fees_once_fen: int
    instalments: tuple[Instalment, ...]
    expires_at: dt.datetime


class DrawingDown(Asked, kw_only=True):
    """Accept a quote: the loan is matched and offered to a partner."""

    quote_id: Id


class Drawn(Given, kw_only=True):
    """The loan as it stands after matching."""

    loan_id: str
    state: str
    partner: str | None
    attempt: int


class PartnerDecision(Asked, kw_only=True):
    """A partner's answer to an offer."""

    loan_id: Id
    decision: Literal["accept", "refuse"]
    reason: Annotated[str, Meta(max_length=200)] = ""


class Decided(Given, kw_only=True):
    """The loan after the answer; a refused one may have been offered to another, which the partner that refused is not told."""

    loan_id: str
    state: str
    partner: str | None
    attempt: int


class Disbursing(Asked, kw_only=True):
    """The payment provider reports that the money reached the borrower."""

    loan_id: Id
    provider_reference: Id
    disbursed_on: dt.date
    amount_fen: Money | None = None
    """What the borrower got, refused unless it is the principal; left out: the provider says that all of it went out."""


class Disbursed(Given, kw_only=True):
    """The loan runs from this day."""

    loan_id: str
    state: str
    disbursed_on: dt.date


class Repaying(Asked, kw_only=True):
    """The payment provider reports money from the borrower."""

    loan_id: Id
    provider_reference: Id
    amount_fen: Money
    paid_on: dt.date
    purpose: Literal["repayment", "payoff"] = "repayment"


class Repaid(Given, kw_only=True):
    """What the loan owes after the payment."""

    loan_id: str
    payment_id: str
    state: str
    outstanding_fen: int
    unapplied_fen: int
    recovered_fen: int = 0
    """Money after charge-off so far."""
    closes: bool = False
    """Whether nothing is owed any more."""
    remaining_fen: int = 0
    """What settles the loan today."""
    note: str = ""
    """That it came as a payoff and does not settle the loan."""


class Returning(Asked, kw_only=True):
    """The payment provider takes a payment back: it bounced."""

    provider_reference: Id
    reason: Annotated[str, Meta(max_length=200)]


class Returned(Given, kw_only=True):
    """The loan as if the payment had not been."""

    loan_id: str
    state: str
    outstanding_fen: int
