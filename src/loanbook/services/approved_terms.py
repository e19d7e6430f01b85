"""Terms that two persons approved: archived then, and among a platform's terms from then on, for their day that lies ahead."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from loanbook import units
from loanbook.borrowers.tables import Tables
from loanbook.errors import LoanbookError, TermsError
from loanbook.funding.mandate_table import mandate_table
from loanbook.services.approvals import Executor, Order
from loanbook.services.caller import Refusal
from loanbook.services.platform_terms import PlatformTerms, archive_terms, check_mandates, platform_terms
from loanbook.services.requests import Asked
from loanbook.stores.online.lookups import keep_terms
from loanbook.stores.online.proposals import approved_texts, archived_codes, last_version
from loanbook.stores.online.unit import Connection, Unit
from loanbook.terms.mandate import Mandate
from loanbook.terms.mandate_file import parse_mandate
from loanbook.terms.product import Product
from loanbook.terms.product_file import parse_archived, parse_product
from loanbook.terms.strategy import Strategy
from loanbook.terms.strategy_file import parse_strategy

Version: TypeAlias = Product | Strategy | Mandate

TEXT_MOST = 50_000
"""Characters of a version; the longest shipped one has a tenth."""


class TermsVersion(Asked, kw_only=True):
    """A new version of product terms, a strategy or a mandate; the proposal's subject is its code."""

    kind: Literal["product", "strategy", "mandate"]
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_MOST)]
    """The YAML, as it would stand in a file."""


def terms_version(terms: PlatformTerms) -> Executor:
    """A version is archived when it is approved. It comes into force on its day, which lies ahead of today and of all versions
    of its code, so that no day is ever judged by other terms than it was.
    """
    return Executor(shape=TermsVersion, refuse=partial(_refuse, terms), do=_archive)


def _refuse(terms: PlatformTerms, unit: Unit, order: Order) -> Refusal | None:
    try:
        found = _parsed(unit.connection, order.content)
        # What only shows when they are used is found out now, not on their first day.
        if isinstance(found, Strategy):
            Tables(found)
        elif isinstance(found, Mandate):
            check_mandates([found], terms.lending_rules)
            mandate_table([*terms.mandates, found], found.effective_from)
    except LoanbookError as error:
        return Refusal(status=422, rule="terms_not_valid", detail=str(error))
    begins = units.date(found.effective_from)
    wrong = ""
    if found.code != order.subject:
        wrong = f"these are terms of {found.code}, and the subject is {order.subject}. Name the code as subject."
    elif begins <= unit.today:
        wrong = f"effective_from {begins} is not after today ({unit.today}). Terms change from a day that lies ahead."
    else:
        last = last_version(unit.connection, order.content.kind, found.code)
        if last is not None and begins <= last:
            wrong = f"{found.code} has a version from {last}; a new one begins after it. effective_from is {begins}."
    return Refusal(status=409, rule="terms_not_new", detail=wrong) if wrong else None


def _archive(unit: Unit, order: Order) -> Mapping[str, Any]:
    kind, text = order.content.kind, order.content.text
    found = _parsed(unit.connection, order.content)
    begins = units.date(found.effective_from)
    keep_terms(unit.connection, [(found.hash, kind, found.code, begins, text, unit.now)])
    unit.event(
        "terms_approved", found.code, proposal_id=order.proposal_id, what=kind, terms_hash=found.hash, effective_from=begins
    )
    return {"code": found.code, "terms_hash": found.hash, "effective_from": begins.isoformat()}


def _parsed(connection: Connection, content: TermsVersion) -> Version:
    """Raises TermsError."""
    if content.kind == "product":
        return parse_product(content.text, "text")
    if content.kind == "strategy":
        return parse_strategy(content.text, "text")
    return parse_mandate(content.text, "text", archived_codes(connection, "product"))


def standing_terms(connection: Connection, now: dt.datetime) -> PlatformTerms:
    """The terms that a platform works by from its start on: those of the package, which are archived, and those approved.

    Commits. Raises TermsError when an approved version and one of the package begin on one day.
    """
    shipped = platform_terms()
    archive_terms(shipped, connection, now)
    found = with_approved(shipped, connection)
    connection.rollback()
    return found


def with_approved(terms: PlatformTerms, connection: Connection) -> PlatformTerms:
    """A platform's terms with the versions that were approved; one that has become a file of the package counts once."""
    shipped: tuple[Version, ...] = (*terms.products, *terms.strategies, *terms.mandates)
    known = {each.hash for each in shipped}
    found: dict[str, list[Any]] = {"product": [], "strategy": [], "mandate": []}
    readers: dict[str, Callable[[str, str], Version]] = {
        "product": parse_archived,
        "strategy": parse_strategy,
        "mandate": partial(parse_mandate, products=None),
    }
    for row in approved_texts(connection):
        version = readers[row["kind"]](row["text"], f"proposal {row['proposal_id']}")
        if version.hash not in known:
            known.add(version.hash)
            found[row["kind"]].append(version)
    if not any(found.values()):
        return terms
    return replace(
        terms,
        products=_joined([*terms.products, *found["product"]]),
        strategies=_joined([*terms.strategies, *found["strategy"]]),
        mandates=_joined([*terms.mandates, *found["mandate"]]),
    )


def _joined(versions: list[Any]) -> tuple[Any, ...]:
    """Versions by code and day. Raises TermsError when two of a code begin on one day."""
    versions.sort(key=lambda each: (each.code, each.effective_from, each.place))
    for earlier, later in pairwise(versions):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            day = units.date(later.effective_from)
            raise TermsError(f"{later.place}: {later.code} already has terms from {day} in {earlier.place}. Change one date.")
    return tuple(versions)
