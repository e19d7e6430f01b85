"""Tables of the online store, as SQLAlchemy Core. Migrations make them; nothing else does.

`event` is the book of record; state columns of borrowers, lines and loans are the state their events led to, written in the same
transaction and rebuilt from them by the auditor. Amounts are int64 minor units, rates `units.RATE_SCALE`-ths, moments UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMES)


def moment(name: str, *, nullable: bool = False) -> "Column[object]":
    return Column(name, DateTime(timezone=True), nullable=nullable)


def money(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative"), nullable=nullable)


TERMS = Table(
    "terms",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("content", Text, nullable=False),
    moment("archived_at"),
    comment="Every version of terms that an event names, as it stood in its file.",
)

CALLER = Table(
    "caller",
    METADATA,
    Column("caller_id", Text, primary_key=True),
    Column(
        "role",
        Text,
        CheckConstraint(
            "role IN ('borrower_app', 'partner', 'provider', 'bureau', 'risk', 'finance', 'operator', 'auditor')", name="role"
        ),
        nullable=False,
    ),
    Column("partner", Text),
    Column("borrower_id", Text),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    CheckConstraint("(role = 'partner') = (partner IS NOT NULL)", name="partner_names_itself"),
    CheckConstraint("role = 'borrower_app' OR borrower_id IS NULL", name="borrower_of_an_app"),
    comment="Who may call, as which role. A caller keeps its name when its keys change.",
)

API_KEY = Table(
    "api_key",
    METADATA,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("caller_id", Text, ForeignKey("caller.caller_id"), nullable=False, index=True),
    moment("created_at"),
    moment("expires_at"),
    moment("revoked_at", nullable=True),
    comment="Keys of callers, as SHA-256; two are valid while one replaces the other.",
)

REQUEST = Table(
    "request",
    METADATA,
    Column("caller_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False, comment="keyed (vault.body_hash): a body may hold personal data"),
    Column("status", SmallInteger, nullable=False),
    Column("answer", LargeBinary, nullable=False, comment="the bytes that went back"),
    moment("recorded_at"),
    comment="Idempotency keys with the answer that was given; written in the transaction of their consequences.",
)

BORROWER = Table(
    "borrower",
    METADATA,
    Column("borrower_id", Text, primary_key=True),
    Column("kind", Text, CheckConstraint("kind IN ('consumer', 'small_business')", name="kind"), nullable=False),
    Column("channel", Text, nullable=False),
    money("acquisition_cost_fen"),
    moment("registered_at"),
)

IDENTITY = Table(
    "identity",
    METADATA,
    Column(
        "borrower_id",
        Text,
        ForeignKey("borrower.borrower_id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        comment="checked at commit: who holds an identity is known once it is written, before the borrower is",
    ),
    Column("lookup", LargeBinary, unique=True),
    Column("sealed", LargeBinary),
    Column("key_slot", BigInteger, comment="place of the borrower's key in the key file, which no dump of this database holds"),
    moment("erased_at", nullable=True),
    CheckConstraint(
        "erased_at IS NULL OR (lookup IS NULL AND sealed IS NULL AND key_slot IS NULL)", name="nothing_left_when_erased"
    ),
    comment="Who a borrower is, sealed under a key of its own; erasure destroys the key. The only place where it lies.",
)

CONSENT = Table(
    "consent",
    METADATA,
    Column("consent_id", Text, primary_key=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    moment("granted_at"),
    moment("withdrawn_at", nullable=True),
)

APPLICATION = Table(
    "application",
    METADATA,
    Column("application_id", Text, primary_key=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False, index=True),
    Column("applied_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="what the borrower told, under the borrower's key"),
    moment("recorded_at"),
)

DECISION = Table(
    "decision",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("application_id", Text, ForeignKey("application.application_id"), nullable=False, index=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False, index=True),
    Column("decided_on", Date, nullable=False),
    Column("strategy_hash", Text, ForeignKey("terms.hash"), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("reapply_on", Date),
    Column("sealed", LargeBinary, nullable=False, comment="inputs and evidence, under the borrower's key"),
    moment("recorded_at"),
    comment="What was decided, on what, by which strategy: enough to decide it again, until the borrower is erased.",
)

LINE = Table(
    "credit_line",
    METADATA,
    Column("line_id", Text, primary_key=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False, index=True),
    Column("decision_id", Text, ForeignKey("decision.decision_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("age_least", SmallInteger, comment="the band of the borrower's age"),
    Column("age_most", SmallInteger),
    Column("rate_annual", BigInteger, nullable=False),
    money("limit_fen"),
    money("used_fen"),
    Column("opened_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    comment="A payment that bounces may take the use above the limit; a drawdown never does.",
)

QUOTE = Table(
    "quote",
    METADATA,
    Column("quote_id", Text, primary_key=True),
    Column("line_id", Text, ForeignKey("credit_line.line_id"), nullable=False, index=True),
    Column("borrower_id", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("terms_hash", Text, ForeignKey("terms.hash"), nullable=False),
    money("principal_fen"),
    Column("installment_count", SmallInteger, nullable=False),
    Column("rate_annual", BigInteger, nullable=False),
    Column("all_in_nominal", BigInteger, nullable=False),
    Column("all_in_effective", BigInteger, nullable=False),
    Column("quoted_on", Date, nullable=False),
    moment("expires_at"),
    comment="What a drawdown would cost, shown before it is accepted; used once: a loan has a quote of its own.",
)

LOAN = Table(
    "loan",
    METADATA,
    Column("loan_id", Text, primary_key=True),
    Column("borrower_id", Text, nullable=False, index=True, comment="the quote's, as its line"),
    Column("line_id", Text, nullable=False, index=True),
    Column("quote_id", Text, ForeignKey("quote.quote_id"), nullable=False, unique=True),
    Column("product", Text, nullable=False),
    Column("terms_hash", Text, nullable=False),
    money("principal_fen"),
    Column("installment_count", SmallInteger, nullable=False),
    Column("rate_annual", BigInteger, nullable=False),
    Column("drawn_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("mandate", Text),
    Column("mandate_hash", Text),
    Column("partner", Text),
    Column("model", Text),
    Column("refused_by", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("disbursed_on", Date),
    money("principal_repaid_fen"),
    Column("closed_on", Date),
    Column("payout_reference", Text, comment="the payment provider's, of the money that went to the borrower"),
    Index("ix_loan_partner_state_loan_id", "partner", "state", "loan_id"),
    Index("ix_loan_confirmed", "drawn_on", postgresql_where=text("state = 'confirmed'")),
    Index("ix_loan_payout_reference", "payout_reference", unique=True, postgresql_where=text("payout_reference IS NOT NULL")),
)

QUOTA = Table(
    "quota",
    METADATA,
    Column("mandate", Text, primary_key=True),
    Column("scope", Text, primary_key=True, comment="total, day:2024-05-01, province:hunan or grade:A"),
    money("cap_fen"),
    money("reserved_fen"),
    money("confirmed_fen"),
    CheckConstraint("reserved_fen + confirmed_fen <= cap_fen", name="within_cap"),
    comment="A cache of the reservations, which the auditor rebuilds; the constraint is what no race can pass.",
)

RESERVATION = Table(
    "reservation",
    METADATA,
    Column("reservation_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False),
    Column("mandate", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    money("amount_fen"),
    Column("state", Text, CheckConstraint("state IN ('reserved', 'confirmed', 'released')", name="state"), nullable=False),
    moment("asked_at"),
    moment("asked_again_at", nullable=True),
    Column("asked", SmallInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("loan_id", "attempt"),
    Index("ix_reservation_open", "asked_at", postgresql_where=text("state = 'reserved'")),
)

EVENT = Table(
    "event",
    METADATA,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "transaction",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        comment="in which it was written; what is below the oldest running transaction is complete and may be forwarded",
    ),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="the loan, borrower, line or mandate it happened to"),
    Column("happened_on", Date, nullable=False),
    moment("recorded_at"),
    Column("content", JSONB, nullable=False),
    Index("ix_event_subject", "subject", "number"),
    Index("ix_event_transaction", "transaction", "number"),
    Index("ix_event_recorded_at", "recorded_at", postgresql_using="brin"),
    Index("ix_event_suspense", "number", postgresql_where=text("kind IN ('suspense_booked', 'suspense_released')")),
    comment="Append-only: a trigger refuses UPDATE and DELETE.",
)

FORWARDED = Table(
    "forwarded",
    METADATA,
    Column("book", Text, primary_key=True),
    Column("transaction", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    moment("forwarded_at"),
    comment="Up to which event each book was told; written after the book took them, so that a crash tells some again.",
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    moment("recorded_at"),
    moment("taken_at", nullable=True),
    Index("ix_outbox_waiting", "recipient", "number", postgresql_where=text("taken_at IS NULL")),
    comment="What others must be told, written with what happened and taken once by the one it is for.",
)

PAYMENT = Table(
    "payment",
    METADATA,
    Column("payment_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False, index=True),
    Column("provider_reference", Text, nullable=False, unique=True),
    Column("amount_fen", BigInteger, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reversed", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("(purpose = 'refund') = (amount_fen < 0)", name="refunds_below_0"),
    Index("ix_payment_paid_on", "paid_on", postgresql_using="brin"),
    comment="Money that a payment provider reported, and below 0 what it was told to pay back; a reference is taken once.",
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("entry", BigInteger, Identity(always=True), primary_key=True),
    moment("recorded_at"),
    Column("caller_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subjects", ARRAY(Text), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("number", BigInteger, unique=True, comment="place in the chain, without gaps; the sealer gives it"),
    Column("previous_hash", LargeBinary),
    Column("hash", LargeBinary),
    CheckConstraint("num_nulls(number, previous_hash, hash) IN (0, 3)", name="sealed_whole"),
    Index("ix_audit_unsealed", "entry", postgresql_where=text("number IS NULL")),
    comment="Who did or read what; each row's hash covers the row before it. Append-only, but for the sealing.",
)

NONCE = Table(
    "nonce",
    METADATA,
    Column("sender", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    moment("signed_at"),
    Index("ix_nonce_signed_at", "signed_at"),
    comment="Signed callbacks that were taken; one is taken once. Older ones than the replay window may go.",
)

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("proposal_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"), nullable=False),
    Column("maker", Text, ForeignKey("caller.caller_id"), nullable=False),
    moment("made_at"),
    Column("checker", Text, ForeignKey("caller.caller_id")),
    moment("checked_at", nullable=True),
    Column("remark", Text),
    CheckConstraint("checker <> maker", name="checker_is_another"),
    CheckConstraint("(state = 'proposed') = (checker IS NULL)", name="checked_by_someone"),
    CheckConstraint("(checker IS NULL) = (checked_at IS NULL)", name="checked_at_some_time"),
    Index("ix_proposal_waiting", "made_at", postgresql_where=text("state = 'proposed'")),
    comment="What one proposes and another approves; a trigger keeps what was proposed, and what was decided, as it was.",
)
