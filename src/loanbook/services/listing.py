"""Lists, a page at a time: a partner's loans and offers; a borrower's lines, loans, decisions, consents, disclosures."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from loanbook.services.caller import Caller, Refusal
from loanbook.services.page import OPTIONS, Page, page_of
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, none_such
from loanbook.services.requests import Given, rate_text
from loanbook.stores.online.listing import loans_of_borrower, loans_of_partner, offers_to, rows_of_borrower
from loanbook.stores.online.schema import BORROWER
from loanbook.stores.online.unit import Row, Unit

_STATE = re.compile(r"[a-z_]{1,40}")
_STATES = {"state": "only loans in this state: offered, confirmed, disbursed, repaid, ..."}

Item = TypeVar("Item", bound=msgspec.Struct)


class ListedLoan(Given):
    """A loan in a list; `loan` shows its schedule and what is owed."""

    loan_id: str
    borrower_id: str
    line_id: str
    product: str
    model: str | None
    partner: str | None
    principal_fen: int
    installment_count: int
    rate_annual: str
    state: str
    drawn_on: dt.date
    disbursed_on: dt.date | None
    closed_on: dt.date | None


class LoanList(Given):
    """Loans in the order of their drawing; `next` is `after` of the next page, none on the last."""

    loans: tuple[ListedLoan, ...]
    next: str | None


class OpenOffer(Given):
    """A loan that waits for a partner's answer."""

    loan_id: str
    mandate: str
    product: str
    borrower_kind: str
    grade: str
    principal_fen: int
    installment_count: int
    rate_annual: str
    attempt: int
    asked: int
    offered_at: dt.datetime
    expires_at: dt.datetime
    report_id: str | None


class OfferList(Given):
    """Open offers in the order of their drawing."""

    offers: tuple[OpenOffer, ...]
    next: str | None


class ListedLine(Given):
    """A credit line in a list."""

    line_id: str
    decision_id: str
    grade: str
    limit_fen: int
    used_fen: int
    rate_annual: str
    opened_on: dt.date
    expires_on: dt.date
    state: str


class LineList(Given):
    """Lines in the order of their opening."""

    lines: tuple[ListedLine, ...]
    next: str | None


class ListedDecision(Given):
    """A decision in a list."""

    decision_id: str
    application_id: str
    outcome: str
    reasons: tuple[str, ...]
    decided_on: dt.date
    reapply_on: dt.date | None
    strategy_hash: str


class DecisionList(Given):
    """Decisions in the order in which they were made."""

    decisions: tuple[ListedDecision, ...]
    next: str | None


class ListedConsent(Given):
    """A consent: to what, under which text, from when, until when."""

    consent_id: str
    purpose: str
    text_hash: str
    granted_at: dt.datetime
    withdrawn_at: dt.datetime | None


class ConsentList(Given):
    """Consents in the order in which they were given."""

    consents: tuple[ListedConsent, ...]
    next: str | None


class ListedDisclosure(Given):
    """One time that personal data left: for whom, through whom, for what, with which consent."""

    disclosure_id: str
    report_id: str
    partner: str
    route: str
    purpose: str
    consent_id: str
    disclosed_at: dt.datetime


class DisclosureList(Given):
    """Disclosures in the order in which they were made."""

    disclosures: tuple[ListedDisclosure, ...]
    next: str | None


def list_reads(terms: PlatformTerms) -> tuple[Read, ...]:
    """The lists."""

    def offers(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> OfferList | Refusal:
        page = _partner_page(caller, id_, options)
        if isinstance(page, Refusal):
            return page
        rows = offers_to(unit.connection, id_, page.after, page.most + 1)
        return OfferList(offers=tuple(_offer(terms, row) for row in rows[: page.most]), next=_next(rows, page, "loan_id"))

    theirs = STAFF | {"borrower_app"}
    return (
        Read(
            name="partner_loans",
            text="A partner's loans",
            by="partner",
            answer=LoanList,
            roles=STAFF | {"partner"},
            find=_partner_loans,
            options=_STATES | OPTIONS,
        ),
        Read(
            name="open_offers",
            text="Loans that wait for a partner's answer",
            by="partner",
            answer=OfferList,
            roles=STAFF | {"partner"},
            find=offers,
            options=OPTIONS,
        ),
        Read(
            name="borrower_loans",
            text="A borrower's loans",
            by="borrower_id",
            answer=LoanList,
            roles=theirs,
            find=_borrower_loans,
            options=_STATES | OPTIONS,
        ),
        _of_borrower("line", "A borrower's credit lines", LineList, ListedLine),
        _of_borrower("decision", "Decisions on a borrower's applications", DecisionList, ListedDecision),
        _of_borrower("consent", "A borrower's consents", ConsentList, ListedConsent),
        _of_borrower("disclosure", "When a borrower's personal data left, and for whom", DisclosureList, ListedDisclosure),
    )


def _of_borrower(what: str, text: str, answer: type[Any], item: type[Item]) -> Read:
    def find(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> Any:
        page = _borrower_page(unit, caller, id_, options)
        if isinstance(page, Refusal):
            return page
        rows = rows_of_borrower(unit.connection, what, id_, page.after, page.most + 1)
        items = tuple(_shown(item, row) for row in rows[: page.most])
        return answer(**{f"{what}s": items, "next": _next(rows, page, f"{what}_id")})

    return Read(
        name=f"borrower_{what}s",
        text=text,
        by="borrower_id",
        answer=answer,
        roles=STAFF | {"borrower_app"},
        find=find,
        options=OPTIONS,
    )


def _partner_loans(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> LoanList | Refusal:
    page = _partner_page(caller, id_, options)
    return _loans(loans_of_partner, unit, id_, options, page)


def _borrower_loans(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> LoanList | Refusal:
    page = _borrower_page(unit, caller, id_, options)
    return _loans(loans_of_borrower, unit, id_, options, page)


def _loans(
    of: Callable[..., list[Row]], unit: Unit, id_: str, options: Mapping[str, str], page: Page | Refusal
) -> LoanList | Refusal:
    state = options.get("state", "")
    if isinstance(page, Refusal):
        return page
    if state and not _STATE.fullmatch(state):
        return Refusal(status=422, rule="state_not_understood", detail="state must be one word, e.g. offered.")
    rows = of(unit.connection, id_, state, page.after, page.most + 1)
    return LoanList(loans=tuple(_shown(ListedLoan, row) for row in rows[: page.most]), next=_next(rows, page, "loan_id"))


def _partner_page(caller: Caller, partner: str, options: Mapping[str, str]) -> Page | Refusal:
    if caller.partner is not None and caller.partner != partner:
        return none_such("partner", partner)
    return page_of(options)


def _borrower_page(unit: Unit, caller: Caller, borrower_id: str, options: Mapping[str, str]) -> Page | Refusal:
    if caller.borrower_id not in (None, borrower_id) or borrower_id not in unit.read(BORROWER, [borrower_id]):
        return none_such("borrower", borrower_id)
    return page_of(options)


def _shown(item: type[Item], row: Row) -> Item:
    values = {name: row[name] for name in item.__struct_fields__}
    if "rate_annual" in values:
        values["rate_annual"] = rate_text(values["rate_annual"])
    return item(**values)


def _offer(terms: PlatformTerms, row: Row) -> OpenOffer:
    expires = dt.timedelta(seconds=terms.mandate_by_hash(row["mandate_hash"]).answering.expires_seconds)
    named = {"borrower_kind": row["kind"], "offered_at": row["asked_at"], "expires_at": row["asked_at"] + expires}
    return _shown(OpenOffer, row | named)


def _next(rows: Sequence[Row], page: Page, id_: str) -> str | None:
    return str(rows[page.most - 1][id_]) if len(rows) > page.most else None
