"""Tables of the online store: the books of vehicles, and what partners are owed until their settlement day."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from loanbook.stores.online.schema import METADATA

VEHICLE = Table(
    "vehicle",
    METADATA,
    Column("vehicle", Text, primary_key=True),
    Column("terms_hash", Text, nullable=False, comment="of the terms it was opened or paid by last"),
    Column("opened_on", Date, nullable=False),
    Column("paid_to", Date, nullable=False, comment="last payment date, else the day it was opened"),
    Column("phase", Text),
    Column("breached", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="lasting triggers, once breached"),
    comment="Vehicles that keep accounts or a deposit: the state that their events led to.",
)

VEHICLE_BALANCE = Table(
    "vehicle_balance",
    METADATA,
    Column("vehicle", Text, ForeignKey("vehicle.vehicle"), primary_key=True),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('account', 'tranche', 'unpaid', 'lending', 'deposit')", name="kind"),
        primary_key=True,
    ),
    Column("name", Text, primary_key=True, comment="account, tranche or claim; empty for lending and deposit"),
    Column("amount_fen", BigInteger, nullable=False),
    CheckConstraint("amount_fen >= 0 OR kind IN ('account', 'lending', 'deposit')", name="only_cash_can_lack"),
    comment="Balances of vehicles: the sum of their events, which the self-audit rebuilds.",
)

SETTLEMENT_DUE = Table(
    "settlement_due",
    METADATA,
    Column("mandate_hash", Text, primary_key=True),
    Column("loan_id", Text, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("event_no", BigInteger, primary_key=True),
    Column("day", Date, nullable=False, comment="that booked it"),
    Column("amount_fen", BigInteger, nullable=False),
    Column("late_since", Date, comment="the first day whose money it is, where that could not be parted in its time"),
    Index("ix_settlement_due_day", "day"),
    comment="Partners' parts of booked money that wait for the end of their settlement period; deleted once a file has them.",
)

WAITS_FOR = ("money", "lent", "returned")
"""What of a loan may wait to be parted: its payments, its payout, the return of what it bought."""

UNSETTLED = Table(
    "unsettled",
    METADATA,
    Column("taker", Text, CheckConstraint("taker IN ('vehicles', 'partners', 'collections')", name="taker"), primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), primary_key=True),
    Column("what", Text, CheckConstraint("what IN ('money', 'lent', 'returned')", name="what"), primary_key=True),
    Column("since", Date, nullable=False, comment="the first day whose money waits"),
    comment="Loans that could not be booked on a day: their money since then waits for the close that can part it.",
)
