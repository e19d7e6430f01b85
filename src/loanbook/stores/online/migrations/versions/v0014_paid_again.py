"""When more was paid for a claim that had passed before."""

import sqlalchemy as sa
from alembic import op

revision = "v0014"
down_revision = "v0013"


def upgrade() -> None:
    """Until now nothing was paid twice."""
    column: sa.Column[object] = sa.Column(
        "last_on",
        sa.Date(),
        nullable=True,
        comment="the day closed on which more was paid for it, because money had bounced",
    )
    op.add_column("taken_over", column)
