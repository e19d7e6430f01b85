"""Books of vehicles, money that waits for its settlement day, and who handed a claim on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "v0005"
down_revision = "v0004"

_SELLERS = """
UPDATE taken_over t SET seller = e.content->>'vehicle' FROM event e
WHERE t.kind = 'buy_back' AND e.subject = t.loan_id AND e.kind = 'loan_bought_back'
"""


def upgrade() -> None:
    """New tables; sales of loans among the claims taken over, whose sellers the events name."""
    op.create_table(
        "vehicle",
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("terms_hash", sa.Text(), nullable=False, comment="of the terms it was opened or paid by last"),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("paid_to", sa.Date(), nullable=False, comment="last payment date, else the day it was opened"),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column(
            "breached",
            pg.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="lasting triggers, once breached",
        ),
        sa.PrimaryKeyConstraint("vehicle", name=op.f("pk_vehicle")),
        comment="Vehicles that keep accounts or a deposit: the state that their events led to.",
    )
    op.create_table(
        "vehicle_balance",
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="account, tranche or claim; empty for lending and deposit"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('account', 'tranche', 'unpaid', 'lending', 'deposit')", name=op.f("ck_vehicle_balance_kind")
        ),
        sa.CheckConstraint(
            "amount_fen >= 0 OR kind IN ('account', 'lending', 'deposit')", name=op.f("ck_vehicle_balance_only_cash_can_lack")
        ),
        sa.ForeignKeyConstraint(["vehicle"], ["vehicle.vehicle"], name=op.f("fk_vehicle_balance_vehicle")),
        sa.PrimaryKeyConstraint("vehicle", "kind", "name", name=op.f("pk_vehicle_balance")),
        comment="Balances of vehicles: the sum of their events, which the self-audit rebuilds.",
    )
    op.create_table(
        "settlement_due",
        sa.Column("mandate_hash", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("event_no", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="that booked it"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mandate_hash", "loan_id", "line", "event_no", name=op.f("pk_settlement_due")),
        comment="Partners' parts of booked money that wait for the end of their settlement period; deleted once a file has them.",
    )
    op.create_index("ix_settlement_due_day", "settlement_due", ["day"], unique=False)
    op.add_column("taken_over", sa.Column("seller", sa.Text(), nullable=True, comment="whose part passed to the payer"))
    op.execute(_SELLERS)
    op.drop_constraint(op.f("ck_taken_over_kind"), "taken_over")
    op.create_check_constraint(op.f("ck_taken_over_kind"), "taken_over", "kind IN ('compensation', 'buy_back', 'sale')")
    op.create_check_constraint(op.f("ck_taken_over_somebody_sold"), "taken_over", "(kind = 'compensation') = (seller IS NULL)")
    op.create_index("ix_taken_over_sold_to", "taken_over", ["payer"], unique=False, postgresql_where=sa.text("kind = 'sale'"))
