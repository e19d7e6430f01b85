"""Refunds are payments below 0; books are told again from the start, because now they are told more kinds of facts."""

from alembic import op

revision = "v0007"
down_revision = "v0006"


def upgrade() -> None:
    """A book that is told a fact twice knows it by its id; one that was told past a charge-off would never hear of it."""
    op.drop_constraint(op.f("ck_payment_amount_fen_not_negative"), "payment", type_="check")
    op.create_check_constraint(op.f("ck_payment_refunds_below_0"), "payment", "(purpose = 'refund') = (amount_fen < 0)")
    op.create_table_comment(
        "payment",
        "Money that a payment provider reported, and below 0 what it was told to pay back; a reference is taken once.",
        existing_comment="Money that a payment provider reported; its reference is taken once.",
    )
    op.execute("DELETE FROM forwarded")
