"""Who may not borrow more for now: borrowers with a loan past due, or with one that was written off."""

from collections.abc import Iterable

from loanbook import units
from loanbook.services.caller import Refusal
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.standing import behind_with
from loanbook.stores.online.unit import Row, Unit
from loanbook.terms.lending_rule import arrears_breach


def cannot_borrow(terms: PlatformTerms, unit: Unit, borrower_ids: Iterable[str]) -> dict[str, Refusal]:
    """Why borrowers cannot borrow, for those who cannot; one look-up for all of them.

    Arrears are those of the last closed day: a loan that fell due since is found by the next close.
    """
    found: dict[str, Refusal] = {}
    for row in behind_with(unit.connection, borrower_ids):
        if row["borrower_id"] not in found:
            refusal = _charged_off(row) if row["state"] == "charged_off" else _in_arrears(terms, unit, row)
            if refusal is not None:
                found[row["borrower_id"]] = refusal
    return found


def _charged_off(row: Row) -> Refusal:
    detail = (
        f"loan {row['loan_id']} was written off, and {units.format_money(row['owed_fen'])} of its principal has not come back."
    )
    figures = {"loan_id": row["loan_id"], "owed_fen": row["owed_fen"]}
    return Refusal(status=409, rule="borrower_charged_off", detail=detail, figures=figures)


def _in_arrears(terms: PlatformTerms, unit: Unit, row: Row) -> Refusal | None:
    breach = arrears_breach(terms.lending_rules, on=units.day(unit.today), days_past_due=row["dpd"])
    if breach is None:
        return None
    detail = f"loan {row['loan_id']} was {row['dpd']} days past due at the end of {row['day']}; {breach.words}"
    figures = {
        "loan_id": row["loan_id"],
        "days_past_due": row["dpd"],
        "most": breach.rule.most,
        "as_of": row["day"].isoformat(),
        "owed_fen": row["owed_fen"],
    }
    return Refusal(status=409, rule="borrower_in_arrears", detail=detail, source=breach.rule.source, figures=figures)
