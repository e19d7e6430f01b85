"""The verbs and the reads of collections: what collectors do, the queue, one loan's history, what a recovered yuan costs."""

import datetime as dt
import re
from collections.abc import Mapping
from functools import partial

import numpy as np

from loanbook.services.caller import Caller, Refusal
from loanbook.services.collecting import promise, record_contact
from loanbook.services.collection_case import Case, cases_of, collection_terms
from loanbook.services.collection_requests import (
    Contacted,
    Contacting,
    HandedOver,
    HandingOver,
    Promised,
    Promising,
    Recalled,
    Recalling,
)
from loanbook.services.desk import Verb
from loanbook.services.page import OPTIONS, page_of
from loanbook.services.placing import hand_over, recall
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, none_such
from loanbook.services.requests import Given
from loanbook.servicing.agencies import CollectionCost
from loanbook.stores.online.collections import contacts_of, cost_sums, queue_counts, queue_page, recovered_sums
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.unit import Row, Unit

OPERATOR = frozenset({"operator"})
ALL = "all"
CONTACTS_MOST = 100
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_RATIO_DIGITS = 6


class QueuedLoan(Given, kw_only=True):
    """A loan to work on."""

    place: int
    loan_id: str
    borrower_id: str
    stage: str
    dpd: int
    overdue_fen: int


class StageCount(Given, kw_only=True):
    """A stage of the queue."""

    stage: str
    loans: int
    overdue_fen: int


class QueueView(Given, kw_only=True):
    """The queue that the last day close made, first things first; `next` is `after` of the next page, none on the last."""

    day: dt.date | None
    stages: tuple[StageCount, ...]
    loans: tuple[QueuedLoan, ...]
    next: str | None


class ContactView(Given, kw_only=True):
    """A contact that was made."""

    made_at: dt.datetime
    action: str
    stage: str
    outcome: str
    agency: str | None
    cost_fen: int


class PromiseView(Given, kw_only=True):
    """A promise, and how it stands today."""

    promise_id: str
    made_on: dt.date
    due_on: dt.date
    amount_fen: int
    state: str


class PlacementView(Given, kw_only=True):
    """Who has or had the loan, what was recovered meanwhile, and the commission."""

    placement_id: str
    agency: str
    handed_on: dt.date
    ended_on: dt.date | None
    why_ended: str | None
    recovered_fen: int
    commission_fen: int


class LoanCollections(Given, kw_only=True):
    """A loan as its collector sees it today; the last hundred contacts, latest first."""

    loan_id: str
    borrower_id: str
    state: str
    dpd: int
    overdue_fen: int
    stage: str
    promise_open: bool
    agency: str | None
    contacts: tuple[ContactView, ...]
    promises: tuple[PromiseView, ...]
    placements: tuple[PlacementView, ...]


class StageCost(Given, kw_only=True):
    """What one stage cost and brought; cost_per_yuan is (contacts + commission) / recovered, null where nothing came."""

    stage: str
    contacts: int
    contact_fen: int
    commission_fen: int
    recovered_fen: int
    cost_per_yuan: str | None


class CollectionCostView(Given, kw_only=True):
    """What a recovered yuan cost in a month: by stage, and in all. Money that bounced is taken back in the month it did."""

    month: str
    stages: tuple[StageCost, ...]
    contact_fen: int
    commission_fen: int
    recovered_fen: int
    cost_per_yuan: str | None


def collection_verbs(terms: PlatformTerms) -> tuple[Verb, ...]:
    """What collectors do."""
    return (
        Verb(
            name="record_contact",
            text="Contact a borrower who is past due, within the limits",
            request=Contacting,
            answer=Contacted,
            roles=OPERATOR,
            run=partial(record_contact, terms),
            status=201,
        ),
        Verb(
            name="promise",
            text="Take a promise to pay",
            request=Promising,
            answer=Promised,
            roles=OPERATOR,
            run=partial(promise, terms),
            status=201,
        ),
        Verb(
            name="hand_over",
            text="Hand a loan to a collection agency",
            request=HandingOver,
            answer=HandedOver,
            roles=OPERATOR,
            run=partial(hand_over, terms),
            status=201,
        ),
        Verb(
            name="recall",
            text="Take a loan back from its agency",
            request=Recalling,
            answer=Recalled,
            roles=OPERATOR,
            run=partial(recall, terms),
        ),
    )


def collection_reads(terms: PlatformTerms) -> tuple[Read, ...]:
    """What can be seen of collections."""
    return (
        Read(
            name="collections_queue",
            text="The collections queue of a stage, or of all",
            by="stage",
            answer=QueueView,
            roles=STAFF,
            find=partial(_queue, terms),
            options=OPTIONS,
        ),
        Read(
            name="loan_collections",
            text="A loan's contacts, promises and placements",
            by="loan_id",
            answer=LoanCollections,
            roles=STAFF,
            find=partial(_loan, terms),
        ),
        Read(
            name="collection_cost",
            text="What a recovered yuan cost in a month (YYYY-MM), by stage",
            by="month",
            answer=CollectionCostView,
            roles=STAFF,
            find=_cost,
        ),
    )


def _queue(terms: PlatformTerms, unit: Unit, _: Caller, id_: str, options: Mapping[str, str]) -> QueueView | Refusal:
    page = page_of(options)
    if isinstance(page, Refusal):
        return page
    names = [stage.name for stage in collection_terms(terms, unit.today).stages]
    counts = queue_counts(unit.connection)
    if id_ not in (ALL, *names, *(row["stage"] for row in counts)):
        detail = f"there is no stage {id_!r}. Known: {ALL}, {', '.join(names)}."
        return Refusal(status=404, rule="no_such_stage", detail=detail)
    if page.after and not (page.after.isascii() and page.after.isdigit() and len(page.after) < 10):
        return Refusal(status=422, rule="page_not_understood", detail="after must be what `next` of the page before was.")
    rows = queue_page(unit.connection, "" if id_ == ALL else id_, int(page.after or 0), page.most + 1)
    return QueueView(
        day=counts[0]["day"] if counts else None,
        stages=tuple(StageCount(stage=row["stage"], loans=row["loans"], overdue_fen=row["overdue_fen"]) for row in counts),
        loans=tuple(
            QueuedLoan(
                place=row["place"],
                loan_id=row["loan_id"],
                borrower_id=row["borrower_id"],
                stage=row["stage"],
                dpd=row["dpd"],
                overdue_fen=row["overdue_fen"],
            )
            for row in rows[: page.most]
        ),
        next=str(rows[page.most - 1]["place"]) if len(rows) > page.most else None,
    )


def _loan(terms: PlatformTerms, unit: Unit, _: Caller, id_: str, __: Mapping[str, str]) -> LoanCollections | Refusal:
    loan = unit.read(LOAN, [id_]).get(id_)
    if loan is None:
        return none_such("loan", id_)
    case = cases_of(terms, unit, {id_: loan}, ended=True).get(id_)
    if case is None:
        detail = f"loan {id_} is {loan['state']}; it was never collected."
        return Refusal(status=409, rule="loan_not_running", detail=detail, figures={"state": loan["state"]})
    contacts = contacts_of(unit.connection, id_, CONTACTS_MOST)
    sums = recovered_sums(unit.connection, [row["placement_id"] for row in case.placements])
    return LoanCollections(
        loan_id=id_,
        borrower_id=loan["borrower_id"],
        state=loan["state"],
        dpd=case.dpd,
        overdue_fen=case.overdue_fen,
        stage=case.stage_name(collection_terms(terms, unit.today)),
        promise_open=case.promise_open,
        agency=case.placement["agency"] if case.placement is not None else None,
        contacts=tuple(
            ContactView(**{name: row[name] for name in ("made_at", "action", "stage", "outcome", "agency", "cost_fen")})
            for row in contacts
        ),
        promises=_promises(case),
        placements=tuple(_placement(row, *sums.get(row["placement_id"], (0, 0))) for row in case.placements),
    )


def _promises(case: Case) -> tuple[PromiseView, ...]:
    return tuple(
        PromiseView(
            promise_id=row["promise_id"],
            made_on=row["made_on"],
            due_on=row["due_on"],
            amount_fen=row["amount_fen"],
            state=state.name.lower(),
        )
        for row, state in case.promises
    )


def _placement(row: Row, recovered_fen: int, commission_fen: int) -> PlacementView:
    return PlacementView(
        placement_id=row["placement_id"],
        agency=row["agency"],
        handed_on=row["handed_on"],
        ended_on=row["ended_on"],
        why_ended=row["why_ended"],
        recovered_fen=recovered_fen,
        commission_fen=commission_fen,
    )


def _cost(unit: Unit, _: Caller, id_: str, __: Mapping[str, str]) -> CollectionCostView | Refusal:
    found = _MONTH.fullmatch(id_)
    if not found:
        return Refusal(status=422, rule="month_not_understood", detail="a month is written YYYY-MM, e.g. 2026-11.")
    begins = dt.date(int(found[1]), int(found[2]), 1)
    ends = (begins + dt.timedelta(days=31)).replace(day=1)
    rows = cost_sums(unit.connection, begins, ends)
    cost = CollectionCost(
        stages=tuple(row["stage"] for row in rows),
        action_fen=np.array([row["cost_fen"] for row in rows], np.int64),
        commission_fen=np.array([row["commission_fen"] for row in rows], np.int64),
        recovered_fen=np.array([row["recovered_fen"] for row in rows], np.int64),
    )
    return CollectionCostView(
        month=id_,
        stages=tuple(
            StageCost(
                stage=row["stage"],
                contacts=row["contacts"],
                contact_fen=row["cost_fen"],
                commission_fen=row["commission_fen"],
                recovered_fen=row["recovered_fen"],
                cost_per_yuan=_ratio(*cost.ratio(row["stage"])),
            )
            for row in rows
        ),
        contact_fen=int(cost.action_fen.sum()),
        commission_fen=int(cost.commission_fen.sum()),
        recovered_fen=int(cost.recovered_fen.sum()),
        cost_per_yuan=_ratio(*cost.ratio()),
    )


def _ratio(cost_fen: int, recovered_fen: int) -> str | None:
    """A ratio in decimals, half up; None where it has no meaning, because nothing came or more was taken back."""
    if recovered_fen <= 0:
        return None
    scaled = (2 * cost_fen * 10**_RATIO_DIGITS + recovered_fen) // (2 * recovered_fen)
    sign, whole = "-" if scaled < 0 else "", abs(scaled)
    return f"{sign}{whole // 10**_RATIO_DIGITS}.{whole % 10**_RATIO_DIGITS:0{_RATIO_DIGITS}}"
