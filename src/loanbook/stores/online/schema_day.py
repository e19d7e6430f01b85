"""Tables of the day close: steps that are done, the collections queue, and claims that changed hands."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from loanbook.stores.online.schema import METADATA, moment, money

TAKEN_OVER = Table(
    "taken_over",
    METADATA,
    Column("loan_id", Text, ForeignKey("loan.loan_id"), primary_key=True),
    Column("kind", Text, CheckConstraint("kind IN ('compensation', 'buy_back', 'sale')", name="kind"), primary_key=True),
    Column("on_day", Date, nullable=False, comment="the day closed; other shares hold from the next one on"),
    Column("mandate", Text, nullable=False),
    Column("payer", Text, nullable=False),
    money("paid_fen"),
    money("from_deposit_fen"),
    Column("seller", Text, comment="whose part passed to the payer"),
    Column("last_on", Date, comment="the day closed on which more was paid for it, because money had bounced"),
    CheckConstraint("(kind = 'compensation') = (seller IS NULL)", name="somebody_sold"),
    Index("ix_taken_over_mandate", "mandate"),
    Index("ix_taken_over_sold_to", "payer", postgresql_where=text("kind = 'sale'")),
    comment="Claims that a guarantor paid for or a vehicle sold back, once each: the state that their events led to.",
)

DAY_STEP = Table(
    "day_step",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("result", JSONB, nullable=False),
    Column("findings", JSONB, nullable=False, comment="what was left out, and why"),
    moment("done_at"),
    comment="Steps of day closes that are done, written with their consequences; one without a row is still to be done.",
)

QUEUED = Table(
    "queued",
    METADATA,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("loan_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("dpd", Integer, nullable=False),
    money("overdue_fen"),
    comment="The collections queue of the last closed day, first things first; made anew by each close.",
)
