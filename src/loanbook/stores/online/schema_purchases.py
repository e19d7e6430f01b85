"""The table of purchases: what a drawdown of a pay-later line bought, at which merchant."""

from sqlalchemy import Column, Date, ForeignKey, Table, Text, UniqueConstraint

from loanbook.stores.online.schema import METADATA

PURCHASE = Table(
    "purchase",
    METADATA,
    Column("loan_id", Text, ForeignKey("loan.loan_id"), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("merchant_reference", Text, nullable=False, comment="the merchant's number of the order; bought on credit once"),
    Column("returned_on", Date),
    Column("return_reference", Text, comment="the payment provider's, of the money that the merchant gave back", unique=True),
    UniqueConstraint("merchant", "merchant_reference"),
    comment="What a drawdown bought. A returned purchase cancels its drawdown.",
)
