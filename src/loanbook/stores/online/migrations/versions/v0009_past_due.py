"""All loans past due at the last close, also those that the queue leaves to a promise or an agency."""

import sqlalchemy as sa
from alembic import op

revision = "v0009"
down_revision = "v0008"


def upgrade() -> None:
    """Until the next close it holds what the queue does."""
    op.create_table(
        "past_due",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("dpd", sa.Integer(), nullable=False),
        sa.Column("overdue_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("overdue_fen >= 0", name=op.f("ck_past_due_overdue_fen_not_negative")),
        sa.PrimaryKeyConstraint("loan_id", name=op.f("pk_past_due")),
        comment="Loans past due at the end of the last closed day; made anew by each close.",
    )
    op.execute(
        "INSERT INTO past_due (loan_id, day, dpd, overdue_fen) "
        "SELECT DISTINCT ON (loan_id) loan_id, day, dpd, overdue_fen FROM queued ORDER BY loan_id, dpd DESC"
    )
