"""An order whose drawdown ended without a loan can be bought again: orders are unique among purchases that count."""

import sqlalchemy as sa
from alembic import op

revision = "v0013"
down_revision = "v0012"


def upgrade() -> None:
    """Nothing is void at first; the next who buys such an order makes it so."""
    column: sa.Column[bool] = sa.Column(
        "is_void",
        sa.Boolean(),
        server_default=sa.text("false"),
        nullable=False,
        comment="nothing was lent: it may be bought again",
    )
    op.add_column("purchase", column)
    op.drop_constraint("uq_purchase_merchant_merchant_reference", "purchase", type_="unique")
    order = ["merchant", "merchant_reference"]
    op.create_index("ix_purchase_order", "purchase", order, unique=True, postgresql_where=sa.text("NOT is_void"))
