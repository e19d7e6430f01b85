"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "v0001"
down_revision = None


def upgrade() -> None:
    """From an empty database, in the order in which tables name each other."""
    op.create_table(
        "audit",
        sa.Column("entry", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subjects", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True, comment="place in the chain, without gaps; the sealer gives it"),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("num_nulls(number, previous_hash, hash) IN (0, 3)", name=op.f("ck_audit_sealed_whole")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_audit")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_number")),
        comment="Who did or read what; each row's hash covers the row before it. Append-only, but for the sealing.",
    )
    op.create_index("ix_audit_unsealed", "audit", ["entry"], unique=False, postgresql_where=sa.text("number IS NULL"))
    op.create_table(
        "borrower",
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("acquisition_cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawdowns", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("kind IN ('consumer', 'small_business')", name=op.f("ck_borrower_kind")),
        sa.CheckConstraint("acquisition_cost_fen >= 0", name=op.f("ck_borrower_acquisition_cost_fen_not_negative")),
        sa.PrimaryKeyConstraint("borrower_id", name=op.f("pk_borrower")),
    )
    op.create_table(
        "caller",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("borrower_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(role = 'partner') = (partner IS NOT NULL)", name=op.f("ck_caller_partner_names_itself")),
        sa.CheckConstraint("role = 'borrower_app' OR borrower_id IS NULL", name=op.f("ck_caller_borrower_of_an_app")),
        sa.CheckConstraint(
            "role IN ('borrower_app', 'partner', 'risk', 'finance', 'operator', 'auditor')", name=op.f("ck_caller_role")
        ),
        sa.PrimaryKeyConstraint("caller_id", name=op.f("pk_caller")),
        comment="Who may call, as which role. A caller keeps its name when its keys change.",
    )
    op.create_table(
        "event",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="in which it was written; what is below the oldest running transaction is complete and may be forwarded",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="the loan, borrower, line or mandate it happened to"),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", pg.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_event")),
        comment="Append-only: a trigger refuses UPDATE and DELETE.",
    )
    op.create_index("ix_event_subject", "event", ["subject", "number"], unique=False)
    op.create_index("ix_event_recorded_at", "event", ["recorded_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_event_transaction", "event", ["transaction", "number"], unique=False)
    op.create_table(
        "forwarded",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_forwarded")),
        comment="Up to which event each book was told; written after the book took them, so that a crash tells some again.",
    )
    op.create_table(
        "nonce",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sender", "nonce", name=op.f("pk_nonce")),
        comment="Signed callbacks that were taken; one is taken once. Older ones than the replay window may go.",
    )
    op.create_index("ix_nonce_signed_at", "nonce", ["signed_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", pg.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        comment="What others must be told, written with what happened and taken once by the one it is for.",
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["recipient", "number"], unique=False, postgresql_where=sa.text("taken_at IS NULL")
    )
    op.create_table(
        "quota",
        sa.Column("mandate", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False, comment="total, day:2024-05-01, province:hunan or grade:A"),
        sa.Column("cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("reserved_fen", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cap_fen >= 0", name=op.f("ck_quota_cap_fen_not_negative")),
        sa.CheckConstraint("confirmed_fen >= 0", name=op.f("ck_quota_confirmed_fen_not_negative")),
        sa.CheckConstraint("reserved_fen + confirmed_fen <= cap_fen", name=op.f("ck_quota_within_cap")),
        sa.CheckConstraint("reserved_fen >= 0", name=op.f("ck_quota_reserved_fen_not_negative")),
        sa.PrimaryKeyConstraint("mandate", "scope", name=op.f("pk_quota")),
        comment="A cache of the reservations, which the auditor rebuilds; the constraint is what no race can pass.",
    )
    op.create_table(
        "request",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column(
            "body_hash", sa.LargeBinary(), nullable=False, comment="keyed (vault.body_hash): a body may hold personal data"
        ),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="the bytes that went back"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "key", name=op.f("pk_request")),
        comment="Idempotency keys with the answer that was given; written in the transaction of their consequences.",
    )
    op.create_table(
        "terms",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_terms")),
        comment="Every version of terms that an event names, as it stood in its file.",
    )
    op.create_table(
        "api_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["caller_id"], ["caller.caller_id"], name=op.f("fk_api_key_caller_id")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_api_key")),
        comment="Keys of callers, as SHA-256; two are valid while one replaces the other.",
    )
    op.create_index(op.f("ix_api_key_caller_id"), "api_key", ["caller_id"], unique=False)
    op.create_table(
        "application",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="what the borrower told, under the borrower's key"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_application_borrower_id")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application")),
    )
    op.create_index(op.f("ix_application_borrower_id"), "application", ["borrower_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_consent_borrower_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_borrower_id"), "consent", ["borrower_id"], unique=False)
    op.create_table(
        "identity",
        sa.Column(
            "borrower_id",
            sa.Text(),
            nullable=False,
            comment="checked at commit: who holds an identity is known once it is written, before the borrower is",
        ),
        sa.Column("lookup", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column(
            "key_slot",
            sa.BigInteger(),
            nullable=True,
            comment="place of the borrower's key in the key file, which no dump of this database holds",
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "erased_at IS NULL OR (lookup IS NULL AND sealed IS NULL AND key_slot IS NULL)",
            name=op.f("ck_identity_nothing_left_when_erased"),
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_identity_borrower_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("borrower_id", name=op.f("pk_identity")),
        sa.UniqueConstraint("lookup", name=op.f("uq_identity_lookup")),
        comment="Who a borrower is, sealed under a key of its own; erasure destroys the key. The only place where it lies.",
    )
    op.create_table(
        "proposal",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", pg.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checker", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (checker IS NULL)", name=op.f("ck_proposal_checked_by_someone")),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name=op.f("ck_proposal_state")),
        sa.CheckConstraint("(checker IS NULL) = (checked_at IS NULL)", name=op.f("ck_proposal_checked_at_some_time")),
        sa.CheckConstraint("checker <> maker", name=op.f("ck_proposal_checker_is_another")),
        sa.ForeignKeyConstraint(["checker"], ["caller.caller_id"], name=op.f("fk_proposal_checker")),
        sa.ForeignKeyConstraint(["maker"], ["caller.caller_id"], name=op.f("fk_proposal_maker")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposal")),
        comment="What one proposes and another approves; a trigger keeps what was proposed, and what was decided, as it was.",
    )
    op.create_index("ix_proposal_waiting", "proposal", ["made_at"], unique=False, postgresql_where=sa.text("state = 'proposed'"))
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("strategy_hash", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reasons", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("reapply_on", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="inputs and evidence, under the borrower's key"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.application_id"], name=op.f("fk_decision_application_id")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_decision_borrower_id")),
        sa.ForeignKeyConstraint(["strategy_hash"], ["terms.hash"], name=op.f("fk_decision_strategy_hash")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision")),
        comment="What was decided, on what, by which strategy: enough to decide it again, until the borrower is erased.",
    )
    op.create_index(op.f("ix_decision_application_id"), "decision", ["application_id"], unique=False)
    op.create_index(op.f("ix_decision_borrower_id"), "decision", ["borrower_id"], unique=False)
    op.create_table(
        "credit_line",
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("age_years", sa.SmallInteger(), nullable=True),
        sa.Column("rate_annual", sa.BigInteger(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("limit_fen >= 0", name=op.f("ck_credit_line_limit_fen_not_negative")),
        sa.CheckConstraint("used_fen >= 0", name=op.f("ck_credit_line_used_fen_not_negative")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_credit_line_borrower_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.decision_id"], name=op.f("fk_credit_line_decision_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_credit_line")),
        comment="A payment that bounces may take the use above the limit; a drawdown never does.",
    )
    op.create_index(op.f("ix_credit_line_borrower_id"), "credit_line", ["borrower_id"], unique=False)
    op.create_table(
        "quote",
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("terms_hash", sa.Text(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("installment_count", sa.SmallInteger(), nullable=False),
        sa.Column("rate_annual", sa.BigInteger(), nullable=False),
        sa.Column("all_in_nominal", sa.BigInteger(), nullable=False),
        sa.Column("all_in_effective", sa.BigInteger(), nullable=False),
        sa.Column("quoted_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=True),
        sa.CheckConstraint("principal_fen >= 0", name=op.f("ck_quote_principal_fen_not_negative")),
        sa.ForeignKeyConstraint(["line_id"], ["credit_line.line_id"], name=op.f("fk_quote_line_id")),
        sa.ForeignKeyConstraint(["terms_hash"], ["terms.hash"], name=op.f("fk_quote_terms_hash")),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quote")),
        comment="What a drawdown would cost, shown before it is accepted; used once.",
    )
    op.create_index(op.f("ix_quote_line_id"), "quote", ["line_id"], unique=False)
    op.create_table(
        "loan",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("terms_hash", sa.Text(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("installment_count", sa.SmallInteger(), nullable=False),
        sa.Column("rate_annual", sa.BigInteger(), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mandate", sa.Text(), nullable=True),
        sa.Column("mandate_hash", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("refused_by", pg.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("principal_repaid_fen", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("principal_fen >= 0", name=op.f("ck_loan_principal_fen_not_negative")),
        sa.CheckConstraint("principal_repaid_fen >= 0", name=op.f("ck_loan_principal_repaid_fen_not_negative")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_loan_borrower_id")),
        sa.ForeignKeyConstraint(["line_id"], ["credit_line.line_id"], name=op.f("fk_loan_line_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.quote_id"], name=op.f("fk_loan_quote_id")),
        sa.PrimaryKeyConstraint("loan_id", name=op.f("pk_loan")),
        sa.UniqueConstraint("quote_id", name=op.f("uq_loan_quote_id")),
    )
    op.create_index(op.f("ix_loan_borrower_id"), "loan", ["borrower_id"], unique=False)
    op.create_index(op.f("ix_loan_line_id"), "loan", ["line_id"], unique=False)
    op.create_index("ix_loan_partner_state", "loan", ["partner", "state"], unique=False)
    op.create_table(
        "payment",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reversed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_payment_amount_fen_not_negative")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_payment_loan_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payment")),
        sa.UniqueConstraint("provider_reference", name=op.f("uq_payment_provider_reference")),
        comment="Money that a payment provider reported; its reference is taken once.",
    )
    op.create_index(op.f("ix_payment_loan_id"), "payment", ["loan_id"], unique=False)
    op.create_table(
        "reservation",
        sa.Column("reservation_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("mandate", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("state IN ('reserved', 'confirmed', 'released')", name=op.f("ck_reservation_state")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_reservation_amount_fen_not_negative")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_reservation_loan_id")),
        sa.PrimaryKeyConstraint("reservation_id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("loan_id", "attempt", name=op.f("uq_reservation_loan_id_attempt")),
    )
    op.create_index(
        "ix_reservation_open", "reservation", ["asked_at"], unique=False, postgresql_where=sa.text("state = 'reserved'")
    )
    op.create_table(
        "taken_over",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False, comment="the day closed; other shares hold from the next one on"),
        sa.Column("mandate", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("from_deposit_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('compensation', 'buy_back')", name=op.f("ck_taken_over_kind")),
        sa.CheckConstraint("paid_fen >= 0", name=op.f("ck_taken_over_paid_fen_not_negative")),
        sa.CheckConstraint("from_deposit_fen >= 0", name=op.f("ck_taken_over_from_deposit_fen_not_negative")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_taken_over_loan_id")),
        sa.PrimaryKeyConstraint("loan_id", "kind", name=op.f("pk_taken_over")),
        comment="Claims that a guarantor paid for or a vehicle sold back, once each: the state that their events led to.",
    )
    op.create_index("ix_taken_over_mandate", "taken_over", ["mandate"], unique=False)
    op.create_table(
        "day_step",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("result", pg.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("findings", pg.JSONB(astext_type=sa.Text()), nullable=False, comment="what was left out, and why"),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "step", name=op.f("pk_day_step")),
        comment="Steps of day closes that are done, written with their consequences; one without a row is still to be done.",
    )
    op.create_table(
        "queued",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("dpd", sa.Integer(), nullable=False),
        sa.Column("overdue_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("overdue_fen >= 0", name=op.f("ck_queued_overdue_fen_not_negative")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_queued")),
        comment="The collections queue of the last closed day, first things first; made anew by each close.",
    )
