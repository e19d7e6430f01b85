"""Money that waits for the close that can part it; indexes of loans that are not paid out yet, and of payments by day."""

import sqlalchemy as sa
from alembic import op

revision = "v0010"
down_revision = "v0009"


_RETURNED = """
    SELECT r.mandate, s.scope, sum(r.amount_fen)::bigint AS fen
    FROM reservation r JOIN loan l USING (loan_id) JOIN credit_line c USING (line_id),
         LATERAL (VALUES ('total'), ('day:' || r.day), ('province:' || c.province), ('grade:' || c.grade)) AS s(scope)
    WHERE l.state = 'cancelled' AND r.state = 'confirmed' GROUP BY 1, 2"""


def upgrade() -> None:
    """Nothing waits at first: what earlier closes left out is in their findings. Returned purchases give their quotas back."""
    op.execute(
        f"UPDATE quota SET confirmed_fen = greatest(quota.confirmed_fen - x.fen, 0) FROM ({_RETURNED}) x "
        "WHERE quota.mandate = x.mandate AND quota.scope = x.scope"
    )
    op.execute(
        "UPDATE reservation SET state = 'released' FROM loan l "
        "WHERE l.loan_id = reservation.loan_id AND l.state = 'cancelled' AND reservation.state = 'confirmed'"
    )
    op.add_column(
        "settlement_due",
        sa.Column(
            "late_since",
            sa.Date(),
            nullable=True,
            comment="the first day whose money it is, where that could not be parted in its time",
        ),
    )
    op.create_table(
        "unsettled",
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False, comment="the first day whose money waits"),
        sa.CheckConstraint("taker IN ('vehicles', 'partners')", name=op.f("ck_unsettled_taker")),
        sa.CheckConstraint("what IN ('money', 'lent', 'returned')", name=op.f("ck_unsettled_what")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.loan_id"], name=op.f("fk_unsettled_loan_id")),
        sa.PrimaryKeyConstraint("taker", "loan_id", "what", name=op.f("pk_unsettled")),
        comment="Loans that could not be booked on a day: their money since then waits for the close that can part it.",
    )
    op.create_index("ix_loan_confirmed", "loan", ["drawn_on"], unique=False, postgresql_where=sa.text("state = 'confirmed'"))
    op.create_index("ix_payment_paid_on", "payment", ["paid_on"], unique=False, postgresql_using="brin")
