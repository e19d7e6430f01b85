"""Collections (contacts, promises, placements, recoveries) and cash (statements, suspense, what was reported)."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"


def upgrade() -> None:
    """New tables only."""
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reaches_borrower", sa.Boolean(), nullable=False, comment="such contacts count against the limits"),
        sa.Column("stage", sa.Text(), nullable=False, comment="of the loan then; empty outside every stage"),
        sa.Column("agency", sa.Text(), nullable=True, comment="who made it; null for our own collectors"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("terms_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_contact_borrower_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_contact_loan_id")),
        sa.CheckConstraint("cost_fen >= 0", name=op.f("ck_contact_cost_fen_not_negative")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact")),
        comment="What collectors did, and what it cost by the terms of the day.",
    )
    op.create_index("ix_contact_borrower_id_on_day", "contact", ["borrower_id", "on_day"], unique=False)
    op.create_index(op.f("ix_contact_loan_id"), "contact", ["loan_id"], unique=False)
    op.create_index("ix_contact_on_day", "contact", ["on_day"], unique=False)
    op.create_table(
        "promise",
        sa.Column("promise_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True, comment="the day whose close found it kept or broken"),
        sa.CheckConstraint("(state = 'open') = (settled_on IS NULL)", name=op.f("ck_promise_settled_some_day")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_promise_loan_id")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_promise_amount_fen_not_negative")),
        sa.CheckConstraint("state IN ('open', 'kept', 'broken')", name=op.f("ck_promise_state")),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promise")),
        comment="Promises to pay; the state is what payments make of them, as the last day close found it.",
    )
    op.create_index(op.f("ix_promise_loan_id"), "promise", ["loan_id"], unique=False)
    op.create_index("ix_promise_open", "promise", ["due_on"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "placement",
        sa.Column("placement_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column(
            "commission_ppm", sa.BigInteger(), nullable=False, comment="of what is recovered, as agreed when it was handed over"
        ),
        sa.Column("terms_hash", sa.Text(), nullable=False),
        sa.Column("handed_on", sa.Date(), nullable=False, comment="the agency has it from the next day on"),
        sa.Column("ended_on", sa.Date(), nullable=True, comment="the last day on which it had it"),
        sa.Column("why_ended", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_on IS NULL) = (why_ended IS NULL)", name=op.f("ck_placement_ended_for_a_reason")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_placement_loan_id")),
        sa.PrimaryKeyConstraint("placement_id", name=op.f("pk_placement")),
        comment="Loans that agencies have or had; a loan is with one at a time.",
    )
    op.create_index(op.f("ix_placement_loan_id"), "placement", ["loan_id"], unique=False)
    op.create_index("ix_placement_open", "placement", ["loan_id"], unique=True, postgresql_where=sa.text("ended_on IS NULL"))
    op.create_table(
        "recovered",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False, comment="the closed day that booked it"),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("placement_id", sa.Text(), nullable=True, comment="with whom the loan was when the money came"),
        sa.Column("recovered_fen", sa.BigInteger(), nullable=False),
        sa.Column("commission_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "taken_back_on",
            sa.Date(),
            nullable=True,
            comment="the closed day that booked its return; it takes recovery and commission back",
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_recovered_loan_id")),
        sa.ForeignKeyConstraint(["placement_id"], ["placement.placement_id"], name=op.f("fk_recovered_placement_id")),
        sa.CheckConstraint("commission_fen >= 0", name=op.f("ck_recovered_commission_fen_not_negative")),
        sa.CheckConstraint("recovered_fen >= 0", name=op.f("ck_recovered_recovered_fen_not_negative")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_recovered")),
        comment="What of a payment was overdue money; written by the day close.",
    )
    op.create_index("ix_recovered_on_day", "recovered", ["on_day"], unique=False)
    op.create_index("ix_recovered_taken_back_on", "recovered", ["taken_back_on"], unique=False)
    op.create_table(
        "statement",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="1 for the first one of its account, without gaps"),
        sa.Column("number", sa.Text(), nullable=False, comment="what the provider calls it"),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("accepted_count", sa.Integer(), nullable=False),
        sa.Column("accepted_fen", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_count", sa.Integer(), nullable=False),
        sa.Column("quarantined_fen", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("terms_hash", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="what was answered, and is answered again"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "closing_fen = opening_fen + accepted_fen + quarantined_fen", name=op.f("ck_statement_every_movement")
        ),
        sa.CheckConstraint("row_count = accepted_count + quarantined_count", name=op.f("ck_statement_every_row")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_statement_days_in_order")),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statement")),
        sa.UniqueConstraint("account", "number", name=op.f("uq_statement_account_number")),
        sa.UniqueConstraint("account", "place", name=op.f("uq_statement_account_place")),
        comment="Statements taken, one after the other; each opens where the one before it closed.",
    )
    op.create_table(
        "statement_line",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False, comment="line of the file; the header is 1"),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "match", sa.Text(), nullable=False, comment="by_reference, by_amount_and_day, amount_differs, unknown or information"
        ),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.statement_id"], name=op.f("fk_statement_line_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "line", name=op.f("pk_statement_line")),
        comment="The lines of a statement that could be read.",
    )
    op.create_table(
        "statement_fault",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="of the column"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.statement_id"], name=op.f("fk_statement_fault_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "line", name=op.f("pk_statement_fault")),
        comment="The lines of a statement that were set aside; their money is in suspense.",
    )
    op.create_table(
        "suspense",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True, comment="null for what all unreadable amounts of a statement come to"),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True, comment="the payment, return, disbursement or item that explains it"),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name=op.f("ck_suspense_released_by_something")),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_suspense_not_nothing")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.statement_id"], name=op.f("fk_suspense_statement_id")),
        sa.CheckConstraint("why IN ('unknown', 'amount_differs', 'quarantined', 'unread')", name=op.f("ck_suspense_why")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_suspense")),
        comment="Cash that came or went and is not explained; the open rows are the balance of the suspense account.",
    )
    op.create_index(
        "ix_suspense_open", "suspense", ["account", "reference"], unique=False, postgresql_where=sa.text("released_at IS NULL")
    )
    op.create_index(op.f("ix_suspense_statement_id"), "suspense", ["statement_id"], unique=False)
    op.create_table(
        "reported",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.statement_id"], name=op.f("fk_reported_statement_id")),
        sa.PrimaryKeyConstraint("kind", "booking_id", name=op.f("pk_reported")),
        comment="Which of our bookings a statement reported: each once, by the key.",
    )
    op.create_index("ix_reported_account", "reported", ["account"], unique=False)
    op.create_index(op.f("ix_reported_statement_id"), "reported", ["statement_id"], unique=False)
