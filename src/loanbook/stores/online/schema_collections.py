"""Tables of collections: contacts made, promises to pay, placements with agencies, money recovered and what it cost."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from loanbook.stores.online.schema import METADATA, money

CONTACT = Table(
    "contact",
    METADATA,
    Column("contact_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False, index=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False),
    Column("on_day", Date, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("action", Text, nullable=False),
    Column("reaches_borrower", Boolean, nullable=False, comment="such contacts count against the limits"),
    Column("stage", Text, nullable=False, comment="of the loan then; empty outside every stage"),
    Column("agency", Text, comment="who made it; null for our own collectors"),
    Column("outcome", Text, nullable=False),
    money("cost_fen"),
    Column("terms_hash", Text, nullable=False),
    Index("ix_contact_borrower_id_on_day", "borrower_id", "on_day"),
    Index("ix_contact_on_day", "on_day"),
    comment="What collectors did, and what it cost by the terms of the day.",
)

PROMISE = Table(
    "promise",
    METADATA,
    Column("promise_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False, index=True),
    Column("made_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    money("amount_fen"),
    Column("state", Text, CheckConstraint("state IN ('open', 'kept', 'broken')", name="state"), nullable=False),
    Column("settled_on", Date, comment="the day whose close found it kept or broken"),
    CheckConstraint("(state = 'open') = (settled_on IS NULL)", name="settled_some_day"),
    Index("ix_promise_open", "due_on", postgresql_where=text("state = 'open'")),
    comment="Promises to pay; the state is what payments make of them, as the last day close found it.",
)

PLACEMENT = Table(
    "placement",
    METADATA,
    Column("placement_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False, index=True),
    Column("agency", Text, nullable=False),
    Column("commission_ppm", BigInteger, nullable=False, comment="of what is recovered, as agreed when it was handed over"),
    Column("terms_hash", Text, nullable=False),
    Column("handed_on", Date, nullable=False, comment="the agency has it from the next day on"),
    Column("ended_on", Date, comment="the last day on which it had it"),
    Column("why_ended", Text),
    CheckConstraint("(ended_on IS NULL) = (why_ended IS NULL)", name="ended_for_a_reason"),
    Index("ix_placement_open", "loan_id", unique=True, postgresql_where=text("ended_on IS NULL")),
    comment="Loans that agencies have or had; a loan is with one at a time.",
)

RECOVERED = Table(
    "recovered",
    METADATA,
    Column("payment_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False),
    Column("on_day", Date, nullable=False, comment="the closed day that booked it"),
    Column("stage", Text, nullable=False),
    Column("placement_id", Text, ForeignKey("placement.placement_id"), comment="with whom the loan was when the money came"),
    money("recovered_fen"),
    money("commission_fen"),
    Column("taken_back_on", Date, comment="the closed day that booked its return; it takes recovery and commission back"),
    Index("ix_recovered_on_day", "on_day"),
    Index("ix_recovered_taken_back_on", "taken_back_on"),
    comment="What of a payment was overdue money; written by the day close.",
)

PAST_DUE = Table(
    "past_due",
    METADATA,
    Column("loan_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("dpd", Integer, nullable=False),
    money("overdue_fen"),
    comment="Loans past due at the end of the last closed day; made anew by each close.",
)
