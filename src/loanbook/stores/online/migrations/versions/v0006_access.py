"""Roles of those outside, ages as bands instead of years, a partner's loans page by page, reports and their disclosures."""

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"

_ROLES = "role IN ('borrower_app', 'partner', 'provider', 'bureau', 'risk', 'finance', 'operator', 'auditor')"


def upgrade() -> None:
    """Ages that are known become bands of five years, whatever mandates ask: who lends to all of a band lends to its borrower."""
    op.drop_constraint(op.f("ck_caller_role"), "caller")
    op.create_check_constraint(op.f("ck_caller_role"), "caller", _ROLES)

    op.add_column(
        "credit_line", sa.Column("age_least", sa.SmallInteger(), nullable=True, comment="the band of the borrower's age")
    )
    op.add_column("credit_line", sa.Column("age_most", sa.SmallInteger(), nullable=True))
    op.execute("UPDATE credit_line SET age_least = age_years / 5 * 5, age_most = age_years / 5 * 5 + 4 WHERE age_years >= 0")
    op.drop_column("credit_line", "age_years")

    op.drop_index("ix_loan_partner_state", "loan")
    op.create_index("ix_loan_partner_state_loan_id", "loan", ["partner", "state", "loan_id"])

    op.create_table(
        "report",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_report_loan_id")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_report_borrower_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.decision_id"], name=op.f("fk_report_decision_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        comment="Pre-loan investigation reports that offers announce; written when handed over, so nothing personal lies here.",
    )
    op.create_index("ix_report_loan_id", "report", ["loan_id"])
    op.create_table(
        "disclosure",
        sa.Column("disclosure_id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("borrower_id", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False, comment="for whom it is"),
        sa.Column("route", sa.Text(), nullable=False, comment="the licensed bureau that was given it"),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.report_id"], name=op.f("fk_disclosure_report_id")),
        sa.ForeignKeyConstraint(["borrower_id"], ["borrower.borrower_id"], name=op.f("fk_disclosure_borrower_id")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.consent_id"], name=op.f("fk_disclosure_consent_id")),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_disclosure")),
        comment="Each time personal data of a borrower left, for whom, by whom and with which consent. Append-only.",
    )
    op.create_index("ix_disclosure_borrower_id_disclosure_id", "disclosure", ["borrower_id", "disclosure_id"])
    for when in ("append_only BEFORE UPDATE OR DELETE ON disclosure FOR EACH ROW", "not_emptied BEFORE TRUNCATE ON disclosure"):
        op.execute(f"CREATE TRIGGER disclosure_{when} EXECUTE FUNCTION refuse_change()")
