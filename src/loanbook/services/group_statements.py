"""Statements out of the books: the closed periods consolidated one after the other, then presented on both bases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from loanbook import units
from loanbook.accounting.cash_flow import CashFlowStatement
from loanbook.accounting.group_close import GroupTerms
from loanbook.errors import TieError
from loanbook.services.book_rates import book_rates
from loanbook.services.group_closes import (
    Changes,
    GroupPeriod,
    adjustments_in_order,
    changes_of,
    close_in_order,
    functional_entries,
    group_terms,
    summed_entries,
)
from loanbook.services.maturities import maturity_amounts
from loanbook.services.note_amounts import note_amounts
from loanbook.services.share_figures import share_amounts
from loanbook.services.tax_note import tax_lines
from loanbook.statements.ledger_lines import (
    NoteLines,
    amounts_of_period,
    of_statement,
    on_opposite_lines,
    read_note_lines,
    year_to_date,
)
from loanbook.statements.periods import Period, period
from loanbook.statements.presentation import Figures, Key
from loanbook.statements.presentation_rounding import round_document, shown
from loanbook.statements.presentation_table import Table
from loanbook.statements.scale import THOUSAND, Scale, rounded_signs, scale_of, turned_signs
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Ledger
from loanbook.stores.ledger import Period as Closed
from loanbook.terms.chart import Chart, load_chart
from loanbook.terms.entity_file import SHIPPED, group_in
from loanbook.terms.exchange_rates import ExchangeRates
from loanbook.terms.statement import BASE, Statements
from loanbook.terms.statement_file import load_statements

IFRS = "ifrs"
OTHER = "other"
"""The adjustment column of topics that have none of their own: entries made by hand, stated balances."""
_SECTIONS = {"operating": "net_cash_operating", "investing": "net_cash_investing", "financing": "net_cash_financing"}
_EXCHANGE = "effect_of_exchange_rate_changes"
_OPERATIONS = "operations"
_RECONCILIATION = "ifrs_balance_sheet"

__all__ = ["GroupPeriod", "GroupStatements", "group_statements"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupStatements:
    """All figures of the periods of a book up to one of them.

    figures    the presentation engine over the books' amounts, with the columns of the reconciliation and `IFRS`
    amounts    exact fen as shown, by line, period and column
    periods    US GAAP, oldest first;  ifrs  the same on IFRS
    scale      the unit of its money
    terms      what the periods were consolidated by;  changes  of control and shares, by the id of a closed period
    findings   what the statements lack, in words
    """

    quarter: Period
    statements: Statements
    figures: Figures
    amounts: Mapping[Key, int]
    periods: tuple[GroupPeriod, ...]
    terms: GroupTerms
    scale: Scale = THOUSAND
    changes: Changes = field(default_factory=dict)
    ifrs: tuple[GroupPeriod, ...] = ()
    findings: tuple[str, ...] = ()


def group_statements(book: Book, name: str, *, rate: int = 0, rates: ExchangeRates | None = None) -> GroupStatements:
    """The statements of a closed quarter, with every earlier one that the books hold.

    rate     RMB a US$ for the convenience translation, `per_share.FX_SCALE`-ths; 0: no US$ column
    rates    of entities that keep books in another currency; default: what the book's `fx_rate` events say
    raises   StateError for a period that is not closed; TieError when a statement does not hold, or the reconciliation
    """
    ledger = Ledger(book)
    wanted = ledger.period(name)
    closed = [each for each in ledger.periods() if str(each.manifest["ends_on"]) <= str(wanted.manifest["ends_on"])]
    chart = load_chart()
    statements = load_statements()
    terms = group_terms(chart, group_in(book.room(SHIPPED)), book_rates(load_corporate(book.folder)) if rates is None else rates)
    entries = [summed_entries(each) for each in closed]
    tables = load_corporate(book.folder)
    changes = changes_of(closed, tables, terms.group, book.currency)
    functional = functional_entries(closed, terms)
    us_gaap = close_in_order(closed, functional, terms, BASE, changes)
    ifrs = close_in_order(closed, functional, terms, IFRS, changes)
    adjusted = adjustments_in_order(closed, functional, terms, changes)
    notes = read_note_lines(chart, statements)
    check_reconciled(us_gaap, adjusted, ifrs, chart)
    parts = _parts(us_gaap, adjusted, chart, statements, notes)
    for (span, amounts), each, tax in zip(parts, us_gaap, tax_lines(us_gaap, entries, terms.group, chart), strict=True):
        amounts |= maturity_amounts(each, tables, terms.rates)
        if not span.is_instant:
            amounts |= {(line, span, BASE): amount for line, amount in tax.items() if amount}
    exact = shown(year_to_date(parts), statements)
    shares, findings = share_amounts(book, wanted, terms.group, chart, statements, exact)
    exact |= shares
    return GroupStatements(
        quarter=period(name),
        statements=statements,
        figures=Figures(statements=statements, amounts=round_document(exact, statements), rate=rate),
        amounts=exact,
        periods=tuple(us_gaap),
        ifrs=tuple(ifrs),
        terms=terms,
        changes=changes,
        findings=findings,
    )


def signs_turned(found: GroupStatements, tables: Sequence[Table]) -> tuple[str, ...]:
    """What a reader must be told of the signs in a document: what translation into US$ turned, and what rounding did."""
    exact = Figures(statements=found.statements, amounts=found.amounts)
    return (*turned_signs(tables), *rounded_signs(tables, exact, found.scale))


def in_unit(found: GroupStatements, name: str) -> GroupStatements:
    """The same statements rounded to another unit: `thousand`, `one`, or the one that their size asks for (`auto`)."""
    scale = scale_of(name, found.amounts, found.statements)
    rounded = round_document(found.amounts, found.statements, scale.fen)
    figures = Figures(statements=found.statements, amounts=rounded, rate=found.figures.rate, scale_fen=scale.fen)
    return replace(found, figures=figures, scale=scale)


def span_of(closed: Closed) -> Period:
    """The days of a closed period; of an opening, its last."""
    span = Period(starts_on=units.day(closed.manifest["starts_on"]), ends_on=units.day(closed.manifest["ends_on"]))
    return span.end if closed.manifest["opening"] else span


def _parts(
    us_gaap: Sequence[GroupPeriod],
    adjusted: Mapping[str, Sequence[GroupPeriod]],
    chart: Chart,
    statements: Statements,
    notes: NoteLines,
) -> list[tuple[Period, dict[Key, int]]]:
    """Amounts of each period: US GAAP with its notes and cash flows, and the adjustment columns."""
    columns = {column.code for column in statements.by_name[_RECONCILIATION].columns}
    in_operations = of_statement(notes, statements.by_name[_OPERATIONS])
    parts: list[tuple[Period, dict[Key, int]]] = []
    for place, each in enumerate(us_gaap):
        span = span_of(each.closed)
        flows = Period(starts_on=units.day(each.closed.manifest["starts_on"]), ends_on=span.ends_on)
        amounts = amounts_of_period(each.consolidated.trial_balance(), flows, chart, notes)
        amounts |= _cash_amounts(each.cash, flows)
        amounts |= note_amounts(each, us_gaap[place - 1] if place else None, flows)
        for key, amount in on_opposite_lines(_balances(each, chart), flows, chart).items():
            amounts[key] = amounts.get(key, 0) + amount
        for topic, periods in adjusted.items():
            column = topic if topic in columns else OTHER
            trial = periods[place].consolidated.trial_balance()
            for key, amount in amounts_of_period(trial, flows, chart, in_operations, column).items():
                amounts[key] = amounts.get(key, 0) + amount
        parts.append((span, amounts))
    return parts


def _balances(each: GroupPeriod, chart: Chart) -> dict[tuple[str, str], int]:
    """Closing balances, by entity, of the accounts that may stand on another line."""
    codes = [account.code for account in chart.accounts.values() if account.opposite_line]
    rows = each.consolidated.rows
    found: dict[tuple[str, str], int] = {}
    for place in np.flatnonzero(np.isin(rows["account"].astype(str), codes)):
        key = rows["entity"][place], rows["account"][place]
        found[key] = found.get(key, 0) + int(rows["amount_fen"][place])
    return found


def _cash_amounts(cash: CashFlowStatement, span: Period) -> dict[Key, int]:
    found = {(line, span, BASE): cash.section(section) for section, line in _SECTIONS.items()}
    found[_EXCHANGE, span, BASE] = cash.section("exchange")
    return found


def check_reconciled(
    us_gaap: Sequence[GroupPeriod], adjusted: Mapping[str, Sequence[GroupPeriod]], ifrs: Sequence[GroupPeriod], chart: Chart
) -> None:
    """Raise TieError unless US GAAP and all adjustments are IFRS on every account and column of every period.

    Exact; entities with books in another currency leave what rounding a row leaves, less than a fen each, and so does what
    outsiders own of results: it is rounded once for each entity, period and adjustment.
    """
    for place, each in enumerate(ifrs):
        added = [us_gaap[place], *(periods[place] for periods in adjusted.values())]
        sums: dict[tuple[str, str], int] = {}
        for sign, part in ((-1, each), *((1, part) for part in added)):
            for row in part.consolidated.trial_balance().to_pylist():
                key = row["account"], row["column"]
                sums[key] = sums.get(key, 0) + sign * row["amount_fen"]
        allowed = _translated_rows([each, *added])
        setting = each.consolidated.setting
        parted = (setting.accounts.retained, setting.accounts.noncontrolling)
        roundings = len(added) * len(setting.group.entities) * (place + 1)
        for (account, column), left in sums.items():
            if abs(left) > allowed + (roundings if account in parted else 0):
                raise TieError(
                    f"{each.closed.name}: account {account} {chart.account(account).title}, {column or 'no column'}: US GAAP and "
                    f"the adjustments are {left:,} fen more than IFRS. Find the entry whose topic or book is wrong."
                )


def _translated_rows(periods: Iterable[GroupPeriod]) -> int:
    """How many fen rounding may leave: the rows of entities that are translated."""
    rows = 0
    for each in periods:
        for entity in each.close.translation.residue_fen:
            rows += len(each.close.translation.rows.of(entity))
    return rows
