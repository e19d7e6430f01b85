"""What can happen to a loan: the kinds of events, their columns and units. `docs/reference/events.md` is generated from here.

Every event has an id, the loan, two dates and a source. `happened_on` is the civil date in the product's zone, `recorded_at`
the moment we learned of it. Events are never edited; an `event_reversed` takes one back.
"""

from dataclasses import dataclass
from enum import StrEnum

INSTALLMENTS_MOST = 600
"""Instalments that a loan can have: fifty years of months."""


class Type(StrEnum):
    """Storage types of event columns."""

    TEXT = "text"
    DATE = "date"
    MOMENT = "moment"
    """Microseconds, UTC."""
    MONEY = "money"
    """int64 minor units of the loan's currency."""
    RATE = "rate"
    """int64, `units.RATE_SCALE`-ths of one per year."""
    INTEGER = "integer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an event table."""

    name: str
    type: Type
    text: str
    required: bool = True
    least: int | None = None
    most: int | None = None
    """Smallest and largest legal number, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of event: a table of its own. `columns` come after the common ones."""

    name: str
    text: str
    columns: tuple[Column, ...]


def _text(name: str, text: str, *, required: bool = True) -> Column:
    return Column(name=name, type=Type.TEXT, text=text, required=required)


def _money(name: str, text: str, *, required: bool = True, least: int | None = 0) -> Column:
    return Column(name=name, type=Type.MONEY, text=text, required=required, least=least)


def _date(name: str, text: str, *, required: bool = True) -> Column:
    return Column(name=name, type=Type.DATE, text=text, required=required)


def _integer(name: str, text: str, *, required: bool = True, least: int = 0, most: int | None = None) -> Column:
    return Column(name=name, type=Type.INTEGER, text=text, required=required, least=least, most=most)


def _rate(name: str, text: str, *, required: bool = True) -> Column:
    return Column(name=name, type=Type.RATE, text=text, required=required, least=0)


def _share(name: str, text: str, *, least: int = 1) -> Column:
    text = f"{text} Millionths."
    return Column(name=name, type=Type.INTEGER, text=text, required=False, least=least, most=1_000_000)


COMMON = (
    _text("event_id", "Unique in the book; the same id with other content is an error."),
    _text("loan_id", "The loan, as its source names it."),
    _date("happened_on", "Civil date of the fact in the product's zone."),
    Column(name="recorded_at", type=Type.MOMENT, text="When the book learned of it."),
    _text("source", "Where the row came from: file and row, or the service.", required=False),
)

_IDENTITY = (
    _text("borrower_id", "Pseudonym of the borrower; null where the source names none.", required=False),
    _text("product", "Code of the product terms."),
    _text("terms_hash", "Hash of the terms the loan was made under.", required=False),
    _text(
        "model", "Business model: on_balance_sheet, capital_heavy, capital_light, referral, technology, technology_discontinued."
    ),
    _text("segment", "A split the book reports by, e.g. consumer or small_business.", required=False),
    _text(
        "vehicle", "Who funds or guarantees it, by its code among the vehicles; null: who does so for its model.", required=False
    ),
    _text("partner", "The institution outside the group that lends it or lends with us, by its code.", required=False),
    _text("currency", "ISO 4217 code."),
)

_OWN_PART = (
    _share("own_principal_ppm", "Of an on_balance_sheet loan lent jointly, our vehicles' part of principal and loss; null: all."),
    _share("own_interest_ppm", "Our vehicles' part of interest up to the coupon; null: as of principal.", least=0),
    _share("own_fee_ppm", "Our part of interest above the coupon, fees and late charges; null: as of interest.", least=0),
    _rate("coupon_annual", "The rate up to which interest is shared as interest, above it as fee; null: all is.", required=False),
)
"""What a partner that lends with us leaves to us."""

LOAN_DISBURSED = Kind(
    name="loan_disbursed",
    text="A drawdown reached the borrower; happened_on is the day of disbursement.",
    columns=(
        *_IDENTITY,
        _money("principal_fen", "Amount disbursed.", least=1),
        _rate("rate_annual", "Contract rate."),
        _integer("installment_count", "Number of instalments.", least=1, most=INSTALLMENTS_MOST),
        _money("installment_fen", "Level instalment the contract fixes; null: computed from terms.", required=False, least=1),
        _date("first_due_on", "First due date, where it is not one period after disbursement.", required=False),
        _integer("tenor_months", "Contractual tenor in months.", required=False),
        *_OWN_PART,
    ),
)
DISBURSEMENT_ADDED = Kind(
    name="disbursement_added",
    text="A further disbursement under the same contract.",
    columns=(_money("amount_fen", "Amount disbursed.", least=1),),
)
INSTALMENT_AGREED = Kind(
    name="instalment_agreed",
    text="One instalment of a schedule that the contract lists (method `listed`); happened_on is the day of the agreement.",
    columns=(
        _integer("number", "1 for the first.", least=1),
        _date("due_on", "Contractual due date."),
        _money("principal_fen", "Principal due."),
        _money("interest_fen", "Interest due."),
        _money("fee_fen", "Fees due."),
    ),
)
PAYMENT_RECEIVED = Kind(
    name="payment_received",
    text="Money from the borrower or on the borrower's behalf.",
    columns=(
        _money("amount_fen", "Amount received.", least=1),
        _text("purpose", "repayment, payoff (whatever is owed that day) or down_payment; null is repayment.", required=False),
    ),
)
EVENT_REVERSED = Kind(
    name="event_reversed",
    text="Takes an earlier event back as if it had not happened, from recorded_at on.",
    columns=(
        _text("reversed_event_id", "The event taken back."),
        _text("reason", "bounced, error, returned, ...", required=False),
    ),
)
CHARGE_ADDED = Kind(
    name="charge_added",
    text="A fee or penalty that terms do not imply, falling due on a day.",
    columns=(
        _text("component", "fee or penalty."),
        _money("amount_fen", "Amount charged.", least=1),
        _date("due_on", "Day it falls due.", required=False),
    ),
)
RATE_CHANGED = Kind(
    name="rate_changed",
    text="A new contract rate from happened_on on; remaining instalments are recomputed.",
    columns=(_rate("rate_annual", "The new rate."),),
)
LOAN_CHARGED_OFF = Kind(
    name="loan_charged_off",
    text="The claim was written off; what is paid later is a recovery.",
    columns=(
        _money("principal_fen", "Principal written off, where the source states it; else what is outstanding.", required=False),
        _text("reason", "days_past_due, bankruptcy, fraud, removed_without_principal, ...", required=False),
    ),
)
RECOVERY_RECEIVED = Kind(
    name="recovery_received",
    text="Money received after charge-off; negative when a source takes one back.",
    columns=(
        _money("amount_fen", "Amount.", least=None),
        _text("purpose", "collection, collateral, guarantor, ...", required=False),
    ),
)
REFUND_PAID = Kind(
    name="refund_paid",
    text="Money paid back to the borrower that had found nothing to pay; happened_on is the day it left.",
    columns=(
        _money("amount_fen", "Amount paid back.", least=1),
        _text("reason", "overpaid, paid twice, ...", required=False),
    ),
)
LOAN_CANCELLED = Kind(
    name="loan_cancelled",
    text="The loan is taken out of the book as if repaid that day (refunded, withdrawn, deleted at the source).",
    columns=(_text("reason", "Why.", required=False),),
)
POSITION_OPENED = Kind(
    name="position_opened",
    text="A loan enters mid-life from a tape; happened_on is the cut-off.",
    columns=(
        *_IDENTITY,
        _date("originated_on", "Day of origination, or the first of its month."),
        _money("original_principal_fen", "Amount originally lent."),
        _money("balance_fen", "Principal outstanding at the cut-off.", least=None),
        _rate("rate_annual", "Contract rate."),
        _integer("installment_count", "Original number of instalments.", most=INSTALLMENTS_MOST),
        _money("installment_fen", "Scheduled instalment.", required=False),
        _date("first_due_on", "Original first due date.", required=False),
        _date("maturity_on", "Contractual maturity.", required=False),
        _integer("dpd", "Days past due at the cut-off; null unknown.", required=False),
        _integer("tenor_months", "Contractual tenor in months.", required=False),
    ),
)
POSITION_REPORTED = Kind(
    name="position_reported",
    text="What a servicer reports for the period ending on happened_on.",
    columns=(
        _money("balance_fen", "Principal outstanding; null when the source stopped reporting it.", required=False, least=None),
        _money("principal_fen", "Principal collected in the period.", required=False, least=None),
        _money("paid_fen", "All money collected in the period.", required=False, least=None),
        _money("recovered_fen", "Recoveries in the period.", required=False, least=None),
        _money("liquidation_fen", "Proceeds of collateral in the period.", required=False, least=None),
        _integer("dpd", "Days past due as reported.", required=False),
        _text("status", "The source's own status.", required=False),
    ),
)
APPLICATION_RECEIVED = Kind(
    name="application_received",
    text="An application with the features its source gives; happened_on is the day of the application.",
    columns=(_text("features", "JSON object of feature name to value, without personal data."),),
)

KINDS = (
    LOAN_DISBURSED,
    DISBURSEMENT_ADDED,
    INSTALMENT_AGREED,
    PAYMENT_RECEIVED,
    EVENT_REVERSED,
    CHARGE_ADDED,
    RATE_CHANGED,
    LOAN_CHARGED_OFF,
    RECOVERY_RECEIVED,
    REFUND_PAID,
    LOAN_CANCELLED,
    POSITION_OPENED,
    POSITION_REPORTED,
    APPLICATION_RECEIVED,
)

BY_NAME = {kind.name: kind for kind in KINDS}


def columns(kind: Kind) -> tuple[Column, ...]:
    """All columns of an event table: the common ones, then the kind's own."""
    return (*COMMON, *kind.columns)
