"""A quote's loan is found by the loan's quote alone; a loan's borrower and line are its quote's, which refers to them."""

import sqlalchemy as sa
from alembic import op

revision = "v0011"
down_revision = "v0010"


def upgrade() -> None:
    """Nothing is lost: every loan names its quote, once."""
    op.drop_column("quote", "loan_id")
    op.create_table_comment(
        "quote", "What a drawdown would cost, shown before it is accepted; used once: a loan has a quote of its own."
    )
    op.drop_constraint("fk_loan_borrower_id", "loan", type_="foreignkey")
    op.drop_constraint("fk_loan_line_id", "loan", type_="foreignkey")
    op.alter_column("loan", "borrower_id", existing_type=sa.Text(), existing_nullable=False, comment="the quote's, as its line")
