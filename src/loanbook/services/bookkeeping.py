"""Closing a period of the books: facts pass, frozen estimates, measurement pass, one join, and the lock.

A period is a quarter. What loans have come to by its end, less what they had come to by the end of the last one, is posted; so
the first period needs an opening: the quarter before it is closed first, with everything since the book's first fact. A locked
period is never changed: facts that arrive later are posted in the open one, with both days.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.basis import basis_of, last_month
from loanbook.accounting.corporate_postings import known
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.journal import POSTABLE, broken_limits, check_balanced, summed
from loanbook.accounting.loan_amounts import loan_amounts, period_days, quarter_before, totals, with_room_for
from loanbook.accounting.pool_funding import Pool, pools_of
from loanbook.accounting.posting import rule_table
from loanbook.accounting.standing import standings
from loanbook.errors import StateError, TieError
from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses import estimate, inception
from loanbook.measures.credit_losses_policy import LossPolicy
from loanbook.measures.credit_losses_result import Estimates, Inception, to_table
from loanbook.measures.passes import NO_CLOSE
from loanbook.services.book_facts import begins_before, facts_told, in_hundredths, silence
from loanbook.services.book_terms import ARCHIVE, Books, books_on
from loanbook.services.closing import Close, close, close_space
from loanbook.services.corporate_amounts import a_year_after, corporate_amounts, facts_hash, known_by, known_now, overdue
from loanbook.services.entry_posting import brought_forward, debits, post_by, role_table
from loanbook.services.facts_pass import book_loans
from loanbook.services.guarantor_amounts import guarantor_amounts
from loanbook.services.opening import OPENING_REPLACED, replaced
from loanbook.services.origination_costs import KEPT as COSTS
from loanbook.services.origination_costs import deferrable, most_deferred
from loanbook.services.period_reading import cells_of, inceptions, late_loans, origins, stood_on, totals_of
from loanbook.services.tax_amounts import tax_amounts, tax_reached
from loanbook.services.taxable_income import years_of
from loanbook.services.today import last_begun_day
from loanbook.stores.as_it_stood import counted
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import corporate_events, load_corporate
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, reading
from loanbook.terms.outlook import outlook_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a period is made of besides the book's loans.

    books       the terms;  corporate  events of the company by kind, `imports` how many imports they came in
    close_run   the id that it posts under; empty: made of everything that it counts
    """

    books: Books
    corporate: Mapping[str, pa.Table]
    imports: int
    close_run: str = ""


def given_on(book: Book, day: int, policy_code: str = "platform") -> Given:
    """What a period that ends on a day is made of, as it stands now; raises as `books_on`."""
    corporate, imports = corporate_events(book.folder)
    return Given(books=books_on(book, day, policy_code), corporate=corporate, imports=imports)


def close_period(
    book: Book,
    name: str,
    *,
    policy: str = "platform",
    known_on: dt.date | None = None,
    on_progress: Progress | None = None,
) -> tuple[Period, bool]:
    """Close a quarter of the books and lock it; the newest version, and whether it was closed now.

    name        "2024Q3"; the quarter after the last closed one, or any when none is (the one before it becomes the opening)
    known_on    what was recorded by then counts, never less than by the period before; default: everything recorded up to today,
                of loans and of the company
    raises      RequestError; StateError, also for a quarter that is not over, or a book that does not count in hundredths;
                TieError for amounts without a rule, a trial balance that is out, or a changed file of the period before
    """
    tell = on_progress or (lambda stage, done, total: None)
    start, end = period_days(name)
    in_hundredths(book)
    ledger = Ledger(book)
    with ledger.writing():
        closed = ledger.periods()
        for period in closed:
            if period.name == name:
                return period, False
        if units.date(end) > last_begun_day():
            raise StateError(
                f"{name} ends on {units.date(end)} and is not over; a closed quarter is never changed. Close it after that day."
            )
        if closed:
            following = units.date(units.day(closed[-1].manifest["ends_on"]) + 1)
            if units.date(start) != following:
                raise StateError(
                    f"the books of {book.name} are closed up to {closed[-1].name}; the next period begins on {following}, "
                    f"{name} on {units.date(start)}. Close the periods in their order."
                )
        last = closed[-1] if closed else None
        with reading(book, on_progress=tell) as projection:
            facts = facts_told(projection, load_corporate(book.folder))
        if last is None and begins_before(book, facts, name, start, end):
            last = book_period(book, ledger, quarter_before(name), None, policy, known_on, tell, is_opening=True)
        return book_period(book, ledger, name, last, policy, known_on, tell), True


def book_period(
    book: Book,
    ledger: Ledger,
    name: str,
    last: Period | None,
    policy_code: str,
    known_on: dt.date | None,
    tell: Progress,
    *,
    is_opening: bool = False,
    said: Mapping[str, Any] | None = None,
    given: Given | None = None,
) -> Period:
    """Measure, post and lock the period that follows another, `last`. Call inside `Ledger.writing`.

    is_opening   the period holds everything since the book's first fact
    said         what its manifest says besides: why it was restated
    given        what it is made of besides loans; default: what stands now
    raises       as `close_period`
    """
    start, end = period_days(name)
    given = given or given_on(book, end, policy_code)
    books, corporate = given.books, given.corporate
    known_on = known_on or max(known_now(book, corporate, units.date(end)), _known_at(last))
    _check_last(book, ledger, last, name, known_on)
    measured = close(book, units.date(end), known_on=known_on, begins_on=units.date(start), on_progress=tell)
    # An opening has one day of its own: what happened before it keeps its month.
    first_day = end if is_opening else start
    with reading(book, on_progress=tell) as projection:
        facts = facts_told(projection, corporate)
        space = close_space(book, measured, projection)
        cells = cells_of(measured, space)
        estimates, frozen = _estimates(cells, books)
        run = given.close_run or _run(
            book, name, measured, books, estimates, last, facts_hash(corporate, end, units.day(known_on))
        )
        company = _company_amounts(corporate, ledger, last, first_day, end, measured, books, run)
        costs = deferrable(cells, company, start=start, end=end, currency=book.currency)
        said = {**(said or {}), "opening": is_opening, "ends_on": units.date(end).isoformat(), COSTS: costs}
        # Loans that were taken back since the last close leave groups and months that only that one has.
        space = with_room_for(space, totals_of(last))
        basis = basis_of(
            books.policies,
            projection.classes(),
            space,
            estimates,
            inceptions(ledger, last) | {last_month(end): frozen},
            first_day,
            last_on=units.day(last.manifest["ends_on"]) if last else NO_CLOSE,
            origins=origins(ledger, last),
            most_deferred=most_deferred([*(each.manifest for each in stood_on(ledger, last)), said]),
        )
        booked = book_loans(projection, space, basis, on_progress=tell)
        late = late_loans(book, projection, last, counted(book, given.imports), measured.header["known_at"])
        first_told = book_loans(projection, space, basis, on_progress=tell, only=late) if late.size else None
    standing = standings(space.pools, books.group, books.bookings, books.vehicles, start=first_day, end=end)
    amounts = loan_amounts(
        booked,
        space,
        first_day,
        totals_of(last),
        books.components,
        standing,
        close_run=run,
        currency=book.currency,
        late=first_told,
    )
    kept = totals(booked, space, first_day, standing)
    pools = pools_of(kept.ledger, books.group, books.vehicles, day=end, current_to=a_year_after(end))
    if pools:
        company = _company_amounts(corporate, ledger, last, first_day, end, measured, books, run, pools)
    entries = post(pa.concat_tables([amounts, company]), books, end)
    told = known(corporate, end, known_by(units.day(known_on)))
    more = [_tax(ledger, last, entries, books, end, book.currency, run, told, is_opening=is_opening)]
    # What happened before the books began is in the balances that they open with.
    claimed = guarantor_amounts(
        () if is_opening else books.guarantors,
        amounts,
        entries,
        stood_on(ledger, last),
        books.bookings,
        end=end,
        currency=book.currency,
        close_run=run,
    )
    more.append(claimed.amounts)
    if is_opening:
        left = pa.concat_tables([entries, post(more[0], books, end)])
        more.append(replaced(left, told, first_day, run))
    entries = pa.concat_tables([entries, post(pa.concat_tables(more), books, end)]).sort_by("entry_id")
    balances = brought_forward(last, entries)
    check_balanced(balances)
    tables = {
        "entries": entries,
        "summed": summed(entries),
        "amounts": amounts,
        "company": pa.concat_tables([company, *more]),
        "balances": balances,
        "cells_ledger": kept.ledger,
        "cells_daybook": kept.daybook,
        "estimates": to_table(estimates),
        "inception": frozen.to_table(),
        "rules": rule_table(books.rules),
        "roles": _roles(pa.concat_tables([amounts, company, *more]), books, end),
        ARCHIVE: books.archive(),
    }
    limits = [broken.words for broken in broken_limits(balances, books.chart, books.group.local_books(end))]
    limits += [*claimed.findings, *overdue(corporate, end, units.day(measured.header["known_at"])), *silence(facts, end)]
    manifest = {
        **said,
        "follows": last.id if last else "",
        "starts_on": units.date(start).isoformat(),
        "first_day": units.date(first_day).isoformat(),
        "known_at": measured.header["known_at"],
        "close": measured.folder.name,
        "close_run": run,
        "counted": counted(book, given.imports),
        "policy": books.policy.code,
        "policy_hash": books.policy.hash,
        "policy_texts": [policy.text for policy in books.policies],
        "chart_hash": books.chart.hash,
        "guarantors": {each.code: each.hash for each in books.guarantors},
        "rules": {rule.rule: rule.version for rule in books.rules},
        "rules_hash": measured.header["rules_hash"],
        "estimates_hash": estimates.hash,
        "currency": book.currency,
        "loans": booked.loans,
        "loans_left_out": booked.left_out,
        "entries": entries.num_rows,
        "totals": debits(balances),
        "findings": limits,
    }
    return ledger.lock(name, tables, manifest)


def _known_at(last: Period | None) -> dt.date:
    return dt.date.min if last is None else dt.date.fromisoformat(last.manifest["known_at"])


def _check_last(book: Book, ledger: Ledger, last: Period | None, name: str, known_on: dt.date) -> None:
    """That a period can stand on the one before it: all its files are as they were locked, and no more was known then."""
    if last is None:
        return
    damaged = ledger.verify((last,))
    if damaged:
        raise TieError(
            f"{name} cannot be closed on top of a damaged period. {' '.join(damaged)} Put the original back; "
            f"`loanbook books verify --book {book.name}` names every damaged file."
        )
    if known_on < _known_at(last):
        raise StateError(
            f"{last.id} counts what was known by {_known_at(last)}; {name} cannot know less: {known_on} lies before. "
            f"Leave --known-at out, or give {_known_at(last)} or a later day."
        )


def _company_amounts(
    corporate: Mapping[str, pa.Table],
    ledger: Ledger,
    last: Period | None,
    start: int,
    end: int,
    measured: Close,
    books: Books,
    run: str,
    pools: Mapping[str, Pool] | None = None,
) -> pa.Table:
    """What the period posts besides its loans and its tax; `pools` as in `corporate_amounts`, once they are known."""
    before = [each.table("company").select(POSTABLE.names) for each in stood_on(ledger, last)]
    return corporate_amounts(
        corporate,
        start=start,
        end=end,
        known_on=units.day(measured.header["known_at"]),
        posted=pa.concat_tables(before) if before else None,
        equity=EquityTerms(par_per_million_fen=books.policy.par_per_million_fen),
        chart=books.chart,
        close_run=run,
        pools=pools,
    )


def _tax(
    ledger: Ledger,
    last: Period | None,
    entries: pa.Table,
    books: Books,
    end: int,
    currency: str,
    run: str,
    facts: Mapping[str, pa.Table],
    *,
    is_opening: bool,
) -> pa.Table:
    earlier, posted = [], []
    opening = (end, entries) if is_opening else None
    terms = (books.group, books.chart, books.tax_items)
    for each in stood_on(ledger, last):
        on, amounts = units.day(each.manifest["ends_on"]), each.table("company").select(POSTABLE.names)
        earlier.append((on, each.table("summed")))
        if each.manifest["opening"]:
            opening = (on, each.table("entries"))
            if pc.any(pc.equal(amounts["kind"], OPENING_REPLACED)).as_py():
                # Balances that were stated replaced what it posted: its tax is that of what stands.
                stood = years_of(earlier, opening)
                amounts = tax_reached(stood, *terms, end=on, currency=currency, close_run=run, facts=facts)
        posted.append((on, amounts))
    years = years_of([*earlier, (end, summed(entries))], opening)
    return tax_amounts(years, *terms, end=end, posted=posted, currency=currency, close_run=run, facts=facts)


def _estimates(cells: Cells, books: Books) -> tuple[Estimates, Inception]:
    policy = books.policy
    chosen = LossPolicy(look_back_months=policy.look_back_months, thin_events=policy.thin_events, prior=policy.prior)
    outlook = outlook_on(books.outlooks, policy.outlook, cells.space.window.as_of)
    found = estimate(cells, method=policy.method, policy=chosen, outlook=outlook)
    rolled = found if policy.method == "roll_rate" else estimate(cells, policy=chosen, outlook=outlook)
    frozen = inception(cells, rolled, rate_annual=policy.discount_rate_annual, policy=chosen, outlook=outlook)
    return found, frozen


def post(amounts: pa.Table, books: Books, day: int) -> pa.Table:
    """The entries of amounts under the rules and roles of a day; see `post_by`."""
    return post_by(amounts, rule_table(books.rules), _roles(amounts, books, day))


def _roles(amounts: pa.Table, books: Books, day: int) -> pa.Table:
    return role_table(books.bookings, books.rules, day, pc.unique(amounts["vehicle"]).to_pylist())


def _run(
    book: Book, name: str, measured: Close, books: Books, estimates: Estimates, last: Period | None, corporate_hash: str
) -> str:
    said = [book.name, name, measured.header["key"], books.hash, estimates.hash, corporate_hash, last.digest if last else ""]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
