"""Tables of disclosures: reports that a partner may be given before it lends, and each time that personal data left."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text

from loanbook.stores.online.schema import METADATA

REPORT = Table(
    "report",
    METADATA,
    Column("report_id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.loan_id"), nullable=False, index=True),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False),
    Column("decision_id", Text, ForeignKey("decision.decision_id"), nullable=False),
    Column("partner", Text, nullable=False),
    Column("announced_at", DateTime(timezone=True), nullable=False),
    comment="Pre-loan investigation reports that offers announce; written when handed over, so nothing personal lies here.",
)

DISCLOSURE = Table(
    "disclosure",
    METADATA,
    Column("disclosure_id", Text, primary_key=True),
    Column("report_id", Text, ForeignKey("report.report_id"), nullable=False),
    Column("borrower_id", Text, ForeignKey("borrower.borrower_id"), nullable=False),
    Column("partner", Text, nullable=False, comment="for whom it is"),
    Column("route", Text, nullable=False, comment="the licensed bureau that was given it"),
    Column("purpose", Text, nullable=False),
    Column("consent_id", Text, ForeignKey("consent.consent_id"), nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("disclosed_at", DateTime(timezone=True), nullable=False),
    Index("ix_disclosure_borrower_id_disclosure_id", "borrower_id", "disclosure_id"),
    comment="Each time personal data of a borrower left, for whom, by whom and with which consent. Append-only.",
)
