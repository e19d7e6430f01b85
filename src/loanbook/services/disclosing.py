"""Personal data that leaves: pre-loan investigation reports, with consent, through the licensed bureau, each time on record.

An offer under a mandate with a report announces it: the partner learns its number, the bureau that it can be fetched. Nothing
personal is written before the bureau fetches it; then the consent must still stand and the partner still hold the loan.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from loanbook.services.caller import Caller, Refusal
from loanbook.services.consents import SHARING
from loanbook.services.parties import BUREAU
from loanbook.services.read import none_such
from loanbook.services.requests import Given
from loanbook.stores.online.consents import standing_consents
from loanbook.stores.online.schema import DECISION, LOAN
from loanbook.stores.online.schema_access import DISCLOSURE, REPORT
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.stores.online.vault import INPUT_ERASED, InputErasedError, Vault
from loanbook.terms.mandate import Mandate

WANTED = ("offered", "confirmed")
"""States of a loan in which its partner may be given the report: before it lends."""


class ReportView(Given):
    """A pre-loan investigation report: who the borrower is, what was told, what was found and decided. Personal data."""

    report_id: str
    loan_id: str
    partner: str
    borrower_id: str
    identity: dict[str, Any]
    inputs: dict[str, Any]
    outcome: str
    decided_on: dt.date
    strategy_hash: str
    evidence: dict[str, Any]


def announce(unit: Unit, offers: Sequence[tuple[Row, Row, Mandate]]) -> dict[str, str]:
    """Announce the reports that offers, (loan, line, mandate) each, come with; returns report_id by loan_id.

    Only under mandates that ask for one (referral), and only where the borrower's consent stands.
    """
    wanted = [(loan, line, mandate) for loan, line, mandate in offers if mandate.investigation_report]
    if not wanted:
        return {}
    consents = standing_consents(unit.connection, (loan["borrower_id"] for loan, _, _ in wanted), [SHARING])
    found: dict[str, str] = {}
    for loan, line, mandate in wanted:
        if (loan["borrower_id"], SHARING) not in consents:
            continue
        report_id = found[loan["loan_id"]] = new_id("rp")
        unit.insert(
            REPORT,
            report_id=report_id,
            loan_id=loan["loan_id"],
            borrower_id=loan["borrower_id"],
            decision_id=line["decision_id"],
            partner=mandate.partner,
            announced_at=unit.now,
        )
        unit.tell(BUREAU, "report_announced", loan["loan_id"], report_id=report_id, partner=mandate.partner)
    return found


def hand_over(vault: Vault, unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> ReportView | Refusal:
    """Give the bureau a report, and write down that it was given."""
    report = unit.read(REPORT, [id_]).get(id_)
    if report is None:
        return none_such("report", id_)
    borrower_id = report["borrower_id"]
    loan = unit.read(LOAN, [report["loan_id"]])[report["loan_id"]]
    if loan["partner"] != report["partner"] or loan["state"] not in WANTED:
        detail = f"loan {loan['loan_id']} no longer waits for {report['partner']}; the report is for before it lends."
        return Refusal(status=409, rule="report_not_wanted", detail=detail, figures={"state": loan["state"]})
    consent_id = standing_consents(unit.connection, [borrower_id], [SHARING], held=True).get((borrower_id, SHARING))
    if consent_id is None:
        detail = f"{borrower_id} does not consent to {SHARING}; nothing personal leaves."
        return Refusal(status=409, rule="consent_needed", detail=detail, figures={"missing": [SHARING]})
    decision = unit.read(DECISION, [report["decision_id"]])[report["decision_id"]]
    ring = vault.keyring(unit.connection, [borrower_id])
    (identity,) = vault.identities(unit.connection, [borrower_id])
    if identity is None or ring.is_erased(borrower_id):
        return erased(borrower_id)
    judged = ring.open(borrower_id, f"decision {decision['decision_id']}", decision["sealed"])
    unit.insert(
        DISCLOSURE,
        disclosure_id=new_id("di"),
        report_id=id_,
        borrower_id=borrower_id,
        partner=report["partner"],
        route=BUREAU,
        purpose=SHARING,
        consent_id=consent_id,
        caller_id=caller.caller_id,
        disclosed_at=unit.now,
    )
    unit.event("personal_data_disclosed", borrower_id, report_id=id_, partner=report["partner"], route=BUREAU, purpose=SHARING)
    return ReportView(
        report_id=id_,
        loan_id=loan["loan_id"],
        partner=report["partner"],
        borrower_id=borrower_id,
        identity=dict(identity),
        inputs=dict(judged["inputs"]),
        outcome=decision["outcome"],
        decided_on=decision["decided_on"],
        strategy_hash=decision["strategy_hash"],
        evidence=dict(judged["evidence"]),
    )


def erased(borrower_id: str) -> Refusal:
    """That what was sealed of a borrower is gone for good."""
    return Refusal(status=410, rule=INPUT_ERASED, detail=str(InputErasedError(borrower_id)))
