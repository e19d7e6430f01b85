"""A decision made again: the archived strategy of its hash over the inputs that were sealed with it, held against what stands."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loanbook import units
from loanbook.borrowers import assessment
from loanbook.borrowers.evidence import Assessment
from loanbook.errors import LoanbookError
from loanbook.services.acquiring import outcome_of
from loanbook.services.caller import Caller, Refusal
from loanbook.services.disclosing import erased
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import none_such
from loanbook.services.requests import Given
from loanbook.stores.online.listing import archived_text
from loanbook.stores.online.schema import BORROWER, DECISION, LINE
from loanbook.stores.online.unit import Row, Unit
from loanbook.stores.online.vault import Vault
from loanbook.terms.product import text_hash


class Difference(Given):
    """What came out otherwise: JSON of both, null where one has nothing."""

    what: str
    decided: str
    again: str


class ReplayView(Given):
    """A decision made again. `identical`: outcome, reasons, line and all evidence are the same."""

    decision_id: str
    strategy_hash: str
    outcome: str
    reasons: tuple[str, ...]
    identical: bool
    differences: tuple[Difference, ...]


def replay(
    terms: PlatformTerms, vault: Vault, unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]
) -> ReplayView | Refusal:
    """Decide again. What was sealed is gone with an erased borrower: INPUT_ERASED."""
    row = unit.read(DECISION, [id_]).get(id_)
    if row is None:
        return none_such("decision", id_)
    borrower_id = row["borrower_id"]
    ring = vault.keyring(unit.connection, [borrower_id])
    if ring.is_erased(borrower_id):
        return erased(borrower_id)
    sealed = ring.open(borrower_id, f"decision {id_}", row["sealed"])
    text = archived_text(unit.connection, row["strategy_hash"])
    if text is None or text_hash(text) != row["strategy_hash"]:
        detail = f"the strategy {row['strategy_hash'][:16]} is not archived as it was. Restore its row of `terms`."
        return Refusal(status=409, rule="strategy_not_archived", detail=detail)
    day = units.day(row["decided_on"])
    try:
        made = assessment.replay(text, sealed["inputs"], day)
    except LoanbookError as error:
        detail = f"the strategy cannot be evaluated by this version: {error}"
        return Refusal(status=409, rule="strategy_not_understood", detail=detail)
    kind = unit.read(BORROWER, [borrower_id])[borrower_id]["kind"]
    outcome, reasons = outcome_of(terms, made, kind, day, sealed.get("held_fen", 0))
    line = unit.read(LINE, [id_], by="decision_id").get(id_)
    decided = _told(row["outcome"], row["reasons"], line, sealed["evidence"], row["reapply_on"])
    again = _told(outcome, reasons, _line_of(made, outcome), made.evidence.record(), made.reapply_on)
    differences = tuple(
        Difference(what=what, decided=decided.get(what, "null"), again=again.get(what, "null"))
        for what in dict.fromkeys([*decided, *again])
        if decided.get(what) != again.get(what)
    )
    return ReplayView(
        decision_id=id_,
        strategy_hash=row["strategy_hash"],
        outcome=outcome,
        reasons=tuple(reasons),
        identical=not differences,
        differences=differences,
    )


def _line_of(made: Assessment, outcome: str) -> Row | None:
    if outcome != "approved":
        return None
    ends = made.expires_on if made.expires_on is None else units.date(made.expires_on)
    return {"grade": made.grade, "limit_fen": made.limit_fen, "rate_annual": made.rate_annual, "expires_on": ends}


def _told(outcome: str, reasons: list[str], line: Row | None, evidence: Mapping[str, Any], reapply_on: Any) -> dict[str, str]:
    """Everything a decision says, by name, as JSON texts that compare."""
    told: dict[str, Any] = {"outcome": outcome, "reasons": list(reasons)}
    told["reapply_on"] = units.date(reapply_on) if isinstance(reapply_on, int) else reapply_on
    if line is not None:
        told |= {f"line.{name}": line[name] for name in ("grade", "limit_fen", "rate_annual", "expires_on")}
    told |= {"evidence.base": evidence["base"], "evidence.unread": evidence["unread"]}
    told |= {f"evidence.feature.{each['name']}": each for each in evidence["features"]}
    told |= {f"evidence.rule.{each['code']}": each for each in evidence["rules"]}
    return {name: msgspec.json.encode(value, order="sorted").decode() for name, value in told.items()}
