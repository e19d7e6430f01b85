"""Purchases on pay-later lines, and their return."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"


def upgrade() -> None:
    """A new table only."""
    op.create_table(
        "purchase",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column(
            "merchant_reference", sa.Text(), nullable=False, comment="the merchant's number of the order; bought on credit once"
        ),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column(
            "return_reference",
            sa.Text(),
            nullable=True,
            comment="the payment provider's, of the money that the merchant gave back",
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_purchase_loan_id")),
        sa.PrimaryKeyConstraint("loan_id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("merchant", "merchant_reference", name=op.f("uq_purchase_merchant_merchant_reference")),
        sa.UniqueConstraint("return_reference", name=op.f("uq_purchase_return_reference")),
        comment="What a drawdown bought. A returned purchase cancels its drawdown.",
    )
