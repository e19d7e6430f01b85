"""A payout pays out one loan; how many loans a borrower was paid out is counted, not kept."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"


def upgrade() -> None:
    """References come from the events. Where several loans name one, the first keeps it; all their events stay."""
    op.add_column(
        "loan",
        sa.Column(
            "payout_reference",
            sa.Text(),
            nullable=True,
            comment="the payment provider's, of the money that went to the borrower",
        ),
    )
    op.execute(
        """
        UPDATE loan SET payout_reference = x.reference FROM (
            SELECT DISTINCT ON (content->>'provider_reference') content->>'provider_reference' AS reference, subject FROM event
            WHERE kind = 'loan_disbursed' AND content->>'provider_reference' IS NOT NULL
            ORDER BY content->>'provider_reference', number) x
        WHERE x.subject = loan.loan_id"""
    )
    op.create_index(
        "ix_loan_payout_reference",
        "loan",
        ["payout_reference"],
        unique=True,
        postgresql_where=sa.text("payout_reference IS NOT NULL"),
    )
    op.drop_column("borrower", "drawdowns")
