"""Collections wait, too, for the close that can say what of a loan's money was overdue."""

from alembic import op

revision = "v0015"
down_revision = "v0014"


def upgrade() -> None:
    """Nothing waits for them at first: what earlier closes left out is in their findings."""
    op.drop_constraint(op.f("ck_unsettled_taker"), "unsettled", type_="check")
    op.create_check_constraint(op.f("ck_unsettled_taker"), "unsettled", "taker IN ('vehicles', 'partners', 'collections')")
