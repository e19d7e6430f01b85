"""Collections by hand: contacts within their limits, and promises to pay."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.services.caller import Caller, Refusal
from loanbook.services.clock import ZONE
from loanbook.services.collection_case import Case, cases_of, collection_terms
from loanbook.services.collection_requests import Contacted, Contacting, Promised, Promising
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import none_such
from loanbook.servicing.collections import NO_STAGE, WEEK, Contact, contact_counts, may_contact
from loanbook.servicing.promises import check_promise
from loanbook.stores.online.collections import contact_days, hold_borrowers
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.schema_collections import CONTACT, PROMISE
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.collection import CollectionTerms


def not_collected(loan_id: str, loans: dict[str, Row]) -> Refusal:
    """That there is no such loan, or nothing to collect of it."""
    if loan_id not in loans:
        return none_such("loan", loan_id)
    detail = f"loan {loan_id} is {loans[loan_id]['state']}; there is nothing to collect."
    return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loans[loan_id]["state"]})


def record_contact(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Contacting]]) -> list[Contacted | Refusal]:
    """Judge contacts by the limits and note those that may be made; one borrower's are counted over all their loans."""
    policy = collection_terms(terms, unit.today)
    loans = unit.read(LOAN, (request.loan_id for _, request in asked))
    hold_borrowers(unit.connection, (loan["borrower_id"] for loan in loans.values()))
    cases = cases_of(terms, unit, loans)
    answers: dict[int, Contacted | Refusal] = {}
    judged: list[int] = []
    for place, (_, request) in enumerate(asked):
        case = cases.get(request.loan_id)
        refusal = not_collected(request.loan_id, loans) if case is None else _wrong_action(policy, case, request)
        if refusal is not None:
            answers[place] = refusal
        else:
            judged.append(place)
    chosen = [(place, asked[place][1], cases[asked[place][1].loan_id]) for place in judged]
    for place, answer in zip(judged, _judged(policy, unit, chosen), strict=True):
        answers[place] = answer
    return [answers[place] for place in range(len(asked))]


def _wrong_action(policy: CollectionTerms, case: Case, request: Contacting) -> Refusal | None:
    loan_id, names = request.loan_id, [each.name for each in policy.actions]
    if request.action not in names:
        detail = f"{policy.code} has no action {request.action!r}. Known: {', '.join(names)}."
        return Refusal(status=422, rule="no_such_action", detail=detail, source=policy.source)
    if request.made_by == "agency" and case.placement is None:
        return Refusal(status=409, rule="not_with_an_agency", detail=f"no agency has loan {loan_id}.")
    if case.stage != NO_STAGE and request.action not in policy.stages[case.stage].actions:
        allowed = policy.stages[case.stage].actions
        detail = (
            f"loan {loan_id} is {case.dpd} days past due, in stage {policy.stages[case.stage].name}; there {request.action} "
            f"is no way to work on it. Allowed: {', '.join(allowed)}."
        )
        figures = {"dpd": case.dpd, "stage": policy.stages[case.stage].name, "allowed": list(allowed)}
        return Refusal(status=409, rule="contact_channel", detail=detail, source=policy.source, figures=figures)
    return None


def _judged(policy: CollectionTerms, unit: Unit, chosen: Sequence[tuple[int, Contacting, Case]]) -> list[Contacted | Refusal]:
    """Contacts by the limits, in their order; what reaches no borrower is not limited."""
    reaches = [policy.actions[policy.action_number(request.action)].contact for _, request, _ in chosen]
    borrowers = {case.loan["borrower_id"]: 0 for _, _, case in chosen}
    number = {borrower: place for place, borrower in enumerate(borrowers)}
    today = units.day(unit.today)
    made = contact_days(unit.connection, borrowers, units.date(today - WEEK + 1))
    of = np.array([number[case.loan["borrower_id"]] for _, _, case in chosen], np.int64)
    day_count, week_count = contact_counts(
        of,
        np.array([number[row["borrower_id"]] for row in made], np.int64),
        np.array([units.day(row["on_day"]) for row in made], np.int64),
        today,
    )
    local = unit.now.astimezone(ZONE)
    limited = np.flatnonzero(np.array(reaches, bool))
    found = np.zeros(len(chosen), np.int8)
    some = [chosen[place] for place in limited.tolist()]
    found[limited] = may_contact(
        policy,
        of[limited],
        np.array([case.stage for _, _, case in some], np.int8),
        today=day_count[limited],
        week=week_count[limited],
        minute=local.hour * 60 + local.minute,
        promise_open=np.array([case.promise_open for _, _, case in some], bool),
        with_agency=np.array([case.placement is not None and request.made_by == "us" for _, request, case in some], bool),
    )
    answers: list[Contacted | Refusal] = []
    for place, (_, request, case) in enumerate(chosen):
        counts = (int(day_count[place]), int(week_count[place]))
        if found[place] != Contact.ALLOWED:
            answers.append(_refused(policy, unit, case, Contact(found[place]), counts, f"{local:%H:%M}"))
        else:
            # Those of the same batch before it were made.
            before = [other for other in range(place) if of[other] == of[place] and reaches[other] and found[other] == 0]
            answers.append(_made(policy, unit, request, case, [count + len(before) for count in counts], reaches[place]))
    return answers


def _made(
    policy: CollectionTerms, unit: Unit, request: Contacting, case: Case, counts: Sequence[int], reaches: bool
) -> Contacted:
    action = policy.actions[policy.action_number(request.action)]
    agency = case.placement["agency"] if request.made_by == "agency" and case.placement is not None else None
    stage = case.stage_name(policy)
    # An agency lives on its commission.
    cost_fen = action.cost_fen if agency is None else 0
    row = unit.insert(
        CONTACT,
        contact_id=new_id("ct"),
        loan_id=request.loan_id,
        borrower_id=case.loan["borrower_id"],
        on_day=unit.today,
        made_at=unit.now,
        action=request.action,
        reaches_borrower=reaches,
        stage=stage,
        agency=agency,
        outcome=request.outcome,
        cost_fen=cost_fen,
        terms_hash=policy.hash,
    )
    told = {"action": request.action, "stage": stage, "agency": agency, "outcome": request.outcome, "cost_fen": cost_fen}
    unit.event("contact_made", request.loan_id, contact_id=row["contact_id"], **told, terms_hash=policy.hash)
    limits = policy.stages[max(case.stage, 0)]
    return Contacted(
        contact_id=row["contact_id"],
        stage=stage,
        cost_fen=cost_fen,
        left_today=max(limits.contacts_a_day - counts[0] - reaches, 0),
        left_this_week=max(limits.contacts_a_week - counts[1] - reaches, 0),
    )


def _refused(policy: CollectionTerms, unit: Unit, case: Case, why: Contact, counts: tuple[int, int], clock: str) -> Refusal:
    """Which limit bars a contact, its source and the figures."""
    loan_id, limits = case.loan["loan_id"], policy.stages[max(case.stage, 0)]
    opens, closes = (f"{minute // 60:02}:{minute % 60:02}" for minute in (policy.opens_minute, policy.closes_minute))
    told: dict[Contact, tuple[str, str, dict[str, Any]]] = {
        Contact.WITH_AGENCY: (
            "contact_with_agency",
            f"{case.placement['agency'] if case.placement else ''} has loan {loan_id}; only it contacts the borrower.",
            {"agency": case.placement["agency"] if case.placement else ""},
        ),
        Contact.PROMISE_OPEN: (
            "contact_promise_open",
            f"a promise for loan {loan_id} is open; the borrower is left alone until it is kept or broken.",
            {"dpd": case.dpd},
        ),
        Contact.OUTSIDE_HOURS: (
            "contact_hours",
            f"it is {clock}; borrowers are contacted from {opens} to before {closes}.",
            {"time": clock, "from": opens, "until": closes},
        ),
        Contact.NOT_IN_A_QUEUE: (
            "contact_not_past_due",
            f"loan {loan_id} is {case.dpd} days past due with {case.overdue_fen} fen overdue; it is in no stage of collections.",
            {"dpd": case.dpd, "overdue_fen": case.overdue_fen},
        ),
        Contact.DAY_LIMIT: (
            "contact_day_limit",
            f"the borrower was contacted {counts[0]} times today; stage {limits.name} allows {limits.contacts_a_day} a day.",
            {"contacts_today": counts[0], "limit": limits.contacts_a_day, "stage": limits.name},
        ),
        Contact.WEEK_LIMIT: (
            "contact_week_limit",
            f"the borrower was contacted {counts[1]} times in seven days; stage {limits.name} allows {limits.contacts_a_week}.",
            {"contacts_in_seven_days": counts[1], "limit": limits.contacts_a_week, "stage": limits.name},
        ),
    }
    rule, detail, figures = told[why]
    return Refusal(status=409, rule=rule, detail=detail, source=f"{policy.source} ({policy.place})", figures=figures)


def promise(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Promising]]) -> list[Promised | Refusal]:
    """Take promises, one open at a time for a loan."""
    policy = collection_terms(terms, unit.today)
    loans = unit.lock(LOAN, (request.loan_id for _, request in asked))
    cases = cases_of(terms, unit, loans)
    answers: list[Promised | Refusal] = []
    taken: set[str] = set()
    for _, request in asked:
        case = cases.get(request.loan_id)
        if case is None:
            answers.append(not_collected(request.loan_id, loans))
            continue
        refusal = _cannot_promise(policy, unit, case, request, taken)
        if refusal is not None:
            answers.append(refusal)
            continue
        taken.add(request.loan_id)
        row = unit.insert(
            PROMISE,
            promise_id=new_id("pr"),
            loan_id=request.loan_id,
            made_on=unit.today,
            due_on=request.due_on,
            amount_fen=request.amount_fen,
            state="open",
        )
        told = {"promise_id": row["promise_id"], "due_on": request.due_on, "amount_fen": request.amount_fen}
        unit.event("promise_made", request.loan_id, **told, dpd=case.dpd, overdue_fen=case.overdue_fen, terms_hash=policy.hash)
        answers.append(
            Promised(
                promise_id=row["promise_id"],
                loan_id=request.loan_id,
                amount_fen=request.amount_fen,
                due_on=request.due_on,
                broken_after=request.due_on + dt.timedelta(days=policy.promise.grace_days),
            )
        )
    return answers


def _cannot_promise(policy: CollectionTerms, unit: Unit, case: Case, request: Promising, taken: set[str]) -> Refusal | None:
    if case.promise_open or request.loan_id in taken:
        detail = f"a promise for loan {request.loan_id} is open already; another can be taken when it is kept or broken."
        return Refusal(status=409, rule="promise_open", detail=detail, source=policy.source)
    figures = {"dpd": case.dpd, "overdue_fen": case.overdue_fen, "days_most": policy.promise.days_most}
    try:
        check_promise(
            policy,
            made_on=units.day(unit.today),
            due_on=units.day(request.due_on),
            amount_fen=request.amount_fen,
            overdue_fen=case.overdue_fen,
        )
    except RequestError as error:
        return Refusal(status=409, rule="promise_terms", detail=str(error), source=policy.source, figures=figures)
    return None
