"""The table of purchases: what a drawdown of a pay-later line bought, at which merchant."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Table, Text, text

from loanbook.stores.online.schema import METADATA

PURCHASE = Table(
    "purchase",
    METADATA,
    Column("loan_id", Text, ForeignKey("loan.loan_id"), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("merchant_reference", Text, nullable=False, comment="the merchant's number of the order; bought on credit once"),
    Column("returned_on", Date),
    Column("return_reference", Text, comment="the payment provider's, of the money that the merchant gave back", unique=True),
    Column("is_void", Boolean, nullable=False, server_default=text("false"), comment="nothing was lent: it may be bought again"),
    Index("ix_purchase_order", "merchant", "merchant_reference", unique=True, postgresql_where=text("NOT is_void")),
    comment="What a drawdown bought. A returned purchase cancels its drawdown.",
)
