"""Loans handed to collection agencies and taken back, by hand here and by terms in the day close."""

import datetime as dt
from collections.abc import Sequence

from loanbook.services.caller import Caller, Refusal
from loanbook.services.collecting import not_collected
from loanbook.services.collection_case import Case, cases_of, collection_terms
from loanbook.services.collection_requests import HandedOver, HandingOver, Recalled, Recalling
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.schema_collections import PLACEMENT
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.collection import CollectionTerms

BY_HAND = "recalled"
"""How a placement's end begins that the day close does not undo."""


def hand_over(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, HandingOver]]) -> list[HandedOver | Refusal]:
    """Give loans to agencies by hand; the day close does so by terms."""
    policy = collection_terms(terms, unit.today)
    loans = unit.lock(LOAN, (request.loan_id for _, request in asked))
    cases = cases_of(terms, unit, loans)
    answers: list[HandedOver | Refusal] = []
    given: set[str] = set()
    for _, request in asked:
        case = cases.get(request.loan_id)
        if case is None:
            answers.append(not_collected(request.loan_id, loans))
            continue
        refusal = _cannot_hand_over(policy, case, request, given)
        if refusal is not None:
            answers.append(refusal)
            continue
        given.add(request.loan_id)
        agency = next(number for number, each in enumerate(policy.agencies) if each.name == request.agency)
        row = place(unit, policy, request.loan_id, agency, dpd=case.dpd, overdue_fen=case.overdue_fen)
        answers.append(
            HandedOver(
                placement_id=row["placement_id"],
                loan_id=request.loan_id,
                agency=request.agency,
                commission=f"{policy.agencies[agency].commission_ppm / 1_000_000:.6f}",
                keeps_until=unit.today + dt.timedelta(days=policy.agencies[agency].keeps_days),
            )
        )
    return answers


def _cannot_hand_over(policy: CollectionTerms, case: Case, request: HandingOver, given: set[str]) -> Refusal | None:
    names = [each.name for each in policy.agencies]
    if request.agency not in names:
        detail = f"{policy.code} has no agency {request.agency!r}. Known: {', '.join(names) or 'none'}."
        return Refusal(status=422, rule="no_such_agency", detail=detail, source=policy.source)
    if case.placement is not None or request.loan_id in given:
        holder = case.placement["agency"] if case.placement is not None else "an agency"
        return Refusal(status=409, rule="with_an_agency", detail=f"{holder} has loan {request.loan_id}. Recall it first.")
    if any(row["agency"] == request.agency for row in case.placements):
        detail = f"{request.agency} had loan {request.loan_id} already; an agency does not get a loan twice."
        return Refusal(status=409, rule="had_by_agency", detail=detail, source=policy.source)
    if case.overdue_fen <= 0 or case.dpd <= 0:
        detail = f"loan {request.loan_id} is not past due."
        figures = {"dpd": case.dpd, "overdue_fen": case.overdue_fen}
        return Refusal(status=409, rule="not_past_due", detail=detail, figures=figures)
    return None


def place(unit: Unit, policy: CollectionTerms, loan_id: str, agency: int, *, dpd: int, overdue_fen: int) -> Row:
    """A loan goes to an agency, with its event and a word to the agency."""
    given = policy.agencies[agency]
    row = unit.insert(
        PLACEMENT,
        placement_id=new_id("pl"),
        loan_id=loan_id,
        agency=given.name,
        commission_ppm=given.commission_ppm,
        terms_hash=policy.hash,
        handed_on=unit.today,
    )
    told = {"placement_id": row["placement_id"], "dpd": dpd, "overdue_fen": overdue_fen}
    unit.event(
        "loan_handed_over", loan_id, agency=given.name, commission_ppm=given.commission_ppm, terms_hash=policy.hash, **told
    )
    unit.tell(given.name, "loan_handed_over", loan_id, **told)
    return row


def take_back(unit: Unit, placement: Row, why: str) -> None:
    """An agency gives a loan back at the end of the day, with its event and a word to the agency."""
    unit.update(PLACEMENT, placement, ended_on=unit.today, why_ended=why)
    told = {"placement_id": placement["placement_id"], "why": why}
    unit.event("loan_recalled", placement["loan_id"], agency=placement["agency"], **told)
    unit.tell(placement["agency"], "loan_recalled", placement["loan_id"], **told)


def recall(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Recalling]]) -> list[Recalled | Refusal]:
    """Take loans back from their agencies."""
    loans = unit.lock(LOAN, (request.loan_id for _, request in asked))
    cases = cases_of(terms, unit, loans)
    answers: list[Recalled | Refusal] = []
    for _, request in asked:
        case = cases.get(request.loan_id)
        if case is None:
            answers.append(not_collected(request.loan_id, loans))
        elif case.placement is None:
            detail = f"no agency has loan {request.loan_id}."
            answers.append(Refusal(status=409, rule="not_with_an_agency", detail=detail))
        else:
            placement = case.placement
            take_back(unit, placement, f"{BY_HAND}: {request.reason}")
            answers.append(Recalled(placement_id=placement["placement_id"], loan_id=request.loan_id, agency=placement["agency"]))
    return answers
