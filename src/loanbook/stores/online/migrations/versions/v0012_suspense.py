"""An index of the few events of suspense among all the others: each close adds them up."""

import sqlalchemy as sa
from alembic import op

revision = "v0012"
down_revision = "v0011"


def upgrade() -> None:
    """Only an index."""
    which = sa.text("kind IN ('suspense_booked', 'suspense_released')")
    op.create_index("ix_event_suspense", "event", ["number"], unique=False, postgresql_where=which)
