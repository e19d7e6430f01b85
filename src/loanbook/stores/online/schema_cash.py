"""Tables of cash: statements of payment providers and banks, what they reported, and what nobody can explain yet (suspense)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from loanbook.stores.online.schema import METADATA


def _signed(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


STATEMENT = Table(
    "statement",
    METADATA,
    Column("statement_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("place", Integer, nullable=False, comment="1 for the first one of its account, without gaps"),
    Column("number", Text, nullable=False, comment="what the provider calls it"),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    _signed("opening_fen"),
    _signed("closing_fen"),
    Column("row_count", Integer, nullable=False),
    Column("accepted_count", Integer, nullable=False),
    _signed("accepted_fen"),
    Column("quarantined_count", Integer, nullable=False),
    _signed("quarantined_fen"),
    Column("content_hash", LargeBinary, nullable=False),
    Column("terms_hash", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False, comment="what was answered, and is answered again"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("account", "number"),
    UniqueConstraint("account", "place"),
    CheckConstraint("row_count = accepted_count + quarantined_count", name="every_row"),
    CheckConstraint("closing_fen = opening_fen + accepted_fen + quarantined_fen", name="every_movement"),
    CheckConstraint("starts_on <= ends_on", name="days_in_order"),
    comment="Statements taken, one after the other; each opens where the one before it closed.",
)

STATEMENT_LINE = Table(
    "statement_line",
    METADATA,
    Column("statement_id", Text, ForeignKey("statement.statement_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False, comment="line of the file; the header is 1"),
    Column("reference", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    _signed("amount_fen"),
    Column("match", Text, nullable=False, comment="by_reference, by_amount_and_day, amount_differs, unknown or information"),
    comment="The lines of a statement that could be read.",
)

STATEMENT_FAULT = Table(
    "statement_fault",
    METADATA,
    Column("statement_id", Text, ForeignKey("statement.statement_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, comment="of the column"),
    Column("reason", Text, nullable=False),
    Column("value", Text, nullable=False),
    _signed("amount_fen", nullable=True),
    comment="The lines of a statement that were set aside; their money is in suspense.",
)

SUSPENSE = Table(
    "suspense",
    METADATA,
    Column("item_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("statement_id", Text, ForeignKey("statement.statement_id"), nullable=False, index=True),
    Column("line", Integer, comment="null for what all unreadable amounts of a statement come to"),
    Column("reference", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    _signed("amount_fen"),
    Column(
        "why",
        Text,
        CheckConstraint("why IN ('unknown', 'amount_differs', 'quarantined', 'unread')", name="why"),
        nullable=False,
    ),
    Column("released_at", DateTime(timezone=True)),
    Column("released_by", Text, comment="the payment, return, disbursement or item that explains it"),
    CheckConstraint("amount_fen <> 0", name="not_nothing"),
    CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released_by_something"),
    Index("ix_suspense_open", "account", "reference", postgresql_where=text("released_at IS NULL")),
    comment="Cash that came or went and is not explained; the open rows are the balance of the suspense account.",
)

REPORTED = Table(
    "reported",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("booking_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("statement_id", Text, ForeignKey("statement.statement_id"), nullable=False, index=True),
    Column("line", Integer),
    _signed("amount_fen"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index("ix_reported_account", "account"),
    comment="Which of our bookings a statement reported: each once, by the key.",
)
