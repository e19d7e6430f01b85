"""From a stranger to a credit line: registration, application with consents, decision with all reasons and evidence."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from loanbook import units
from loanbook.borrowers.assessment import assess
from loanbook.borrowers.evidence import Assessment, Outcome
from loanbook.errors import RequestError
from loanbook.funding.ages import AGE_MOST, age_band
from loanbook.services.caller import Caller, Refusal
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Application, Applied, Assessed, Assessing, Registered, Registration, rate_text
from loanbook.services.standing import cannot_borrow
from loanbook.services.wording import meant
from loanbook.stores.online.consents import standing_consents
from loanbook.stores.online.lookups import reapplication_days
from loanbook.stores.online.schema import APPLICATION, BORROWER, CONSENT, DECISION, LINE
from loanbook.stores.online.standing import hold_lines
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.stores.online.vault import Keyring, PersonalData, Vault
from loanbook.terms.lending_rule import check_line
from loanbook.terms.mandate import PROVINCES

CONSENTS_NEEDED = ("credit_assessment", "bureau_query")
"""Purposes without which an application cannot be taken."""
_NO_DOCUMENT = Refusal(
    status=422,
    rule="document_needed",
    detail="document is blank. Write the number of the identity card or of the business licence.",
)


def register(vault: Vault, unit: Unit, asked: Sequence[tuple[Caller, Registration]]) -> list[Registered | Refusal]:
    """Take borrowers in under a pseudonym; who is known by the document already keeps theirs, and stays of their kind."""
    named = [request for _, request in asked if request.document.strip()]
    people = [
        PersonalData(borrower_id=new_id("bw"), document=request.document, details=dict(request.identity)) for request in named
    ]
    held = vault.put(unit.connection, people)
    old = [holder for person, holder in zip(people, held, strict=True) if holder != person.borrower_id]
    kinds = {id_: row["kind"] for id_, row in unit.read(BORROWER, old).items()}
    holders = iter(zip(people, held, strict=True))
    return [_register(unit, kinds, request, *next(holders)) if request.document.strip() else _NO_DOCUMENT for _, request in asked]


def _register(
    unit: Unit, kinds: dict[str, str], request: Registration, person: PersonalData, holder: str
) -> Registered | Refusal:
    """`kinds` is told of who is new, for what follows in the batch."""
    if holder == person.borrower_id:
        kinds[holder] = request.kind
        unit.insert(
            BORROWER,
            borrower_id=holder,
            kind=request.kind,
            channel=request.channel,
            acquisition_cost_fen=request.acquisition_cost_fen,
            registered_at=unit.now,
        )
        unit.event(
            "borrower_registered",
            holder,
            kind=request.kind,
            channel=request.channel,
            acquisition_cost_fen=request.acquisition_cost_fen,
        )
    if kinds.get(holder, request.kind) != request.kind:
        detail = f"this document is already that of a {kinds[holder]} borrower, and a borrower stays of one kind. "
        detail += f"Register a {request.kind} under a document of its own."
        figures = {"kind": kinds[holder], "asked": request.kind}
        return Refusal(status=409, rule="document_of_another_kind", detail=detail, figures=figures)
    return Registered(borrower_id=holder)


def apply_for_line(vault: Vault, unit: Unit, asked: Sequence[tuple[Caller, Application]]) -> list[Applied | Refusal]:
    """Take applications: consents are recorded, what the borrower told is sealed under the borrower's key."""
    borrowers = unit.read(BORROWER, (request.borrower_id for _, request in asked))
    ring = vault.keyring(unit.connection, sorted(borrowers))
    waits = reapplication_days(unit.connection, sorted(borrowers), unit.today)
    answers: list[Applied | Refusal] = []
    for caller, request in asked:
        refusal = _cannot_apply(caller, request, borrowers, ring) or _too_early(request, waits)
        if refusal is not None:
            answers.append(refusal)
            continue
        application_id = new_id("ap")
        for purpose in request.consents:
            unit.insert(
                CONSENT,
                consent_id=new_id("cs"),
                borrower_id=request.borrower_id,
                purpose=purpose,
                text_hash=request.consent_text_hash,
                granted_at=unit.now,
            )
        told = {"inputs": request.inputs, "province": request.province}
        unit.insert(
            APPLICATION,
            application_id=application_id,
            borrower_id=request.borrower_id,
            applied_on=unit.today,
            state="applied",
            sealed=ring.seal(request.borrower_id, f"application {application_id}", told),
            recorded_at=unit.now,
        )
        unit.event("line_applied_for", request.borrower_id, application_id=application_id, consents=list(request.consents))
        answers.append(Applied(application_id=application_id))
    return answers


def _cannot_apply(caller: Caller, request: Application, borrowers: dict[str, Row], ring: Keyring) -> Refusal | None:
    id_ = request.borrower_id
    if id_ not in borrowers or (caller.borrower_id is not None and caller.borrower_id != id_):
        return Refusal(status=404, rule="no_such_borrower", detail=f"there is no borrower {id_}.")
    if ring.is_erased(id_):
        return Refusal(status=410, rule="borrower_erased", detail=f"the personal data of {id_} was erased on request.")
    missing = [purpose for purpose in CONSENTS_NEEDED if purpose not in request.consents]
    if missing:
        detail = f"an application needs the borrower's consent to {' and '.join(missing)}."
        return Refusal(status=422, rule="consent_needed", detail=detail, figures={"missing": missing})
    if request.province not in PROVINCES:
        detail = f"there is no province {request.province!r}.{meant(request.province, PROVINCES)} "
        return Refusal(status=422, rule="no_such_province", detail=detail + f"Provinces: {', '.join(PROVINCES)}.")
    return None


def _too_early(request: Application, waits: Mapping[str, dt.date]) -> Refusal | None:
    until = waits.get(request.borrower_id)
    if until is None:
        return None
    detail = f"an application was declined; another can be made from {until} on."
    return Refusal(status=409, rule="too_early_to_apply_again", detail=detail, figures={"from": until.isoformat()})


def decide(terms: PlatformTerms, vault: Vault, unit: Unit, asked: Sequence[tuple[Caller, Assessing]]) -> list[Assessed | Refusal]:
    """Decide on applications, once each: a line with limit, price and end, or every reason why not."""
    found = unit.lock(APPLICATION, (request.application_id for _, request in asked))
    borrowers = unit.read(BORROWER, (row["borrower_id"] for row in found.values()))
    ring = vault.keyring(unit.connection, sorted(borrowers))
    consents = standing_consents(unit.connection, borrowers, CONSENTS_NEEDED)
    behind = cannot_borrow(terms, unit, borrowers)
    held: dict[str, list[Row]] = defaultdict(list)
    for line in hold_lines(unit.connection, borrowers, unit.today):
        held[line["borrower_id"]].append(line)
    answers: list[Assessed | Refusal] = []
    for caller, request in asked:
        row = found.get(request.application_id)
        if row is None or caller.borrower_id not in (None, row["borrower_id"]):
            detail = f"there is no application {request.application_id}."
            answers.append(Refusal(status=404, rule="no_such_application", detail=detail))
        elif row["state"] != "applied":
            detail = f"application {request.application_id} is {row['state']} already; apply again for another decision."
            answers.append(Refusal(status=409, rule="application_decided_already", detail=detail))
        elif ring.is_erased(row["borrower_id"]):
            detail = f"the personal data of {row['borrower_id']} was erased on request."
            answers.append(Refusal(status=410, rule="borrower_erased", detail=detail))
        elif missing := [purpose for purpose in CONSENTS_NEEDED if (row["borrower_id"], purpose) not in consents]:
            detail = f"the consent to {' and '.join(missing)} was withdrawn; the application is not looked at without it."
            answers.append(Refusal(status=409, rule="consent_needed", detail=detail, figures={"missing": missing}))
        elif refusal := behind.get(row["borrower_id"]) or _holds_one(borrowers[row["borrower_id"]], held):
            answers.append(refusal)
        else:
            answers.append(_decide(terms, unit, ring, row, borrowers[row["borrower_id"]], held))
    return answers


def _holds_one(borrower: Row, held: Mapping[str, Sequence[Row]]) -> Refusal | None:
    kind = borrower["kind"]
    for line in held.get(borrower["borrower_id"], ()):
        if line["is_open"] and line["kind"] == kind:
            limit = units.format_money(line["limit_fen"])
            detail = f"line {line['line_id']} of {limit} is open already; a borrower has one line of a kind ({kind}) at a time."
            figures = {"line_id": line["line_id"], "limit_fen": line["limit_fen"], "kind": kind}
            return Refusal(status=409, rule="line_open_already", detail=detail, figures=figures)
    return None


def outcome_of(terms: PlatformTerms, assessment: Assessment, kind: str, day: int, held_fen: int) -> tuple[str, list[str]]:
    """What is decided on an assessment, and why: a line that the lending rules do not allow is declined.

    held_fen   limits of the borrower's other open lines, and what is drawn from those that have ended
    """
    if assessment.outcome is Outcome.APPROVED and assessment.limit_fen is not None:
        try:
            check_line(terms.lending_rules, on=day, borrower_kind=kind, limit_fen=assessment.limit_fen + held_fen)
        except RequestError as error:
            return str(Outcome.DECLINED), [f"lending_rule: {error}"]
    return str(assessment.outcome), [reason.code for reason in assessment.reasons]


def _decide(terms: PlatformTerms, unit: Unit, ring: Keyring, row: Row, borrower: Row, held: Mapping[str, list[Row]]) -> Assessed:
    told = ring.open(row["borrower_id"], f"application {row['application_id']}", row["sealed"])
    day = units.day(unit.today)
    strategy = terms.strategy(borrower["kind"], day)
    inputs = {**told["inputs"], "kind": borrower["kind"]}
    assessment = assess(strategy, inputs, day)
    lines = held[borrower["borrower_id"]]
    held_fen = sum(line["limit_fen"] if line["is_open"] else line["used_fen"] for line in lines)
    outcome, reasons = outcome_of(terms, assessment, borrower["kind"], day, held_fen)
    decision_id = new_id("dc")
    unit.insert(
        DECISION,
        decision_id=decision_id,
        application_id=row["application_id"],
        borrower_id=row["borrower_id"],
        decided_on=unit.today,
        strategy_hash=strategy.hash,
        outcome=outcome,
        reasons=reasons,
        reapply_on=None if assessment.reapply_on is None else units.date(assessment.reapply_on),
        sealed=ring.seal(
            row["borrower_id"],
            f"decision {decision_id}",
            {"inputs": inputs, "evidence": assessment.evidence.record(), "held_fen": held_fen},
        ),
        recorded_at=unit.now,
    )
    unit.update(APPLICATION, row, state=outcome)
    unit.event(
        "application_decided",
        row["borrower_id"],
        application_id=row["application_id"],
        decision_id=decision_id,
        strategy_hash=strategy.hash,
        outcome=outcome,
        reasons=reasons,
    )
    if outcome != str(Outcome.APPROVED):
        return Assessed(decision_id=decision_id, outcome=outcome, reasons=tuple(reasons))
    opened = _open_line(terms, unit, borrower, decision_id, assessment, told)
    lines.append({"line_id": opened.line_id, "kind": borrower["kind"], "limit_fen": opened.limit_fen, "is_open": True})
    return opened


def _open_line(
    terms: PlatformTerms, unit: Unit, borrower: Row, decision_id: str, assessment: Assessment, told: Mapping[str, Any]
) -> Assessed:
    if assessment.limit_fen is None or assessment.rate_annual is None or assessment.expires_on is None:
        raise AssertionError("an approval names limit, rate and end")
    line_id = new_id("ln")
    expires_on = units.date(assessment.expires_on)
    # Of a business the owner's: lenders ask how old the person is who stands for the loan.
    age = told["inputs"].get("age_years" if borrower["kind"] == "consumer" else "owner_age_years")
    is_age = isinstance(age, int) and not isinstance(age, bool) and 0 <= age <= AGE_MOST
    band = age_band(terms.mandate_table(units.day(unit.today)).mandates, age) if is_age else (None, None)
    unit.insert(
        LINE,
        line_id=line_id,
        borrower_id=borrower["borrower_id"],
        decision_id=decision_id,
        kind=borrower["kind"],
        grade=assessment.grade,
        rate_annual=assessment.rate_annual,
        limit_fen=assessment.limit_fen,
        used_fen=0,
        province=told["province"],
        age_least=band[0],
        age_most=band[1],
        opened_on=unit.today,
        expires_on=expires_on,
        state="open",
    )
    unit.event(
        "line_opened",
        line_id,
        borrower_id=borrower["borrower_id"],
        decision_id=decision_id,
        limit_fen=assessment.limit_fen,
        rate_annual=assessment.rate_annual,
        grade=assessment.grade,
        expires_on=expires_on,
    )
    return Assessed(
        decision_id=decision_id,
        outcome=str(assessment.outcome),
        reasons=(),
        line_id=line_id,
        grade=assessment.grade,
        limit_fen=assessment.limit_fen,
        rate_annual=rate_text(assessment.rate_annual),
        expires_on=expires_on,
        products=terms.products_for(borrower["kind"], units.day(unit.today)),
    )
