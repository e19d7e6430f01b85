"""Statements out of the books: the closed periods consolidated one after the other, then presented."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.cash_flow import CASH, CashFlowStatement, cash_flow_statement
from loanbook.accounting.consolidation import Consolidated, consolidate
from loanbook.accounting.group_rows import Rows, rows_of_entries, with_opening
from loanbook.accounting.journal import of_basis
from loanbook.accounting.translation import translate
from loanbook.statements.ledger_lines import adjustments, amounts_of_period, read_note_lines, year_to_date
from loanbook.statements.periods import Period, period
from loanbook.statements.presentation import Figures, Key
from loanbook.statements.presentation_rounding import round_document, shown
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger
from loanbook.stores.ledger import Period as Closed
from loanbook.terms.cash_flow import read_classes, read_indirect
from loanbook.terms.chart import Chart, load_chart
from loanbook.terms.elimination import read_eliminations
from loanbook.terms.entity import Group
from loanbook.terms.entity_file import group_in
from loanbook.terms.exchange_rates import ExchangeRates, exchange_rates
from loanbook.terms.posting_rule import BASES
from loanbook.terms.statement import Statements
from loanbook.terms.statement_file import load_statements

_SECTIONS = {"operating": "net_cash_operating", "investing": "net_cash_investing", "financing": "net_cash_financing"}
_EXCHANGE = "effect_of_exchange_rate_changes"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupPeriod:
    """One closed period of the group on one basis."""

    closed: Closed
    consolidated: Consolidated
    cash: CashFlowStatement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupStatements:
    """All figures of the periods of a book up to one of them.

    figures    the presentation engine over the books' amounts
    amounts    exact fen as shown, by line, period and column
    periods    US GAAP, oldest first
    """

    quarter: Period
    statements: Statements
    figures: Figures
    amounts: Mapping[Key, int]
    periods: tuple[GroupPeriod, ...]


def group_statements(book: Book, name: str, *, rate: int = 0, rates: ExchangeRates | None = None) -> GroupStatements:
    """The statements of a closed quarter, with every earlier one that the books hold.

    rate     RMB a US$ for the convenience translation, `per_share.FX_SCALE`-ths; 0: no US$ column
    rates    of entities that keep books in another currency
    raises   StateError for a period that is not closed; TieError when a statement does not hold
    """
    ledger = Ledger(book)
    wanted = ledger.period(name)
    closed = [each for each in ledger.periods() if str(each.manifest["ends_on"]) <= str(wanted.manifest["ends_on"])]
    chart = load_chart()
    statements = load_statements()
    notes = read_note_lines(chart, statements)
    group = group_in()
    found = consolidated_periods(closed, chart, group, rates or exchange_rates(()), "us_gaap")
    topics = {each.name: topic_balances(each) for each in closed}
    parts = []
    for each in found:
        span = _span(each.closed)
        amounts = amounts_of_period(each.consolidated.trial_balance(), span, chart, notes)
        amounts |= _cash_amounts(each.cash, span)
        amounts |= adjustments(_adjusting(topics, each.closed.name), span, chart)
        parts.append((span.end if each.closed.manifest["opening"] else span, amounts))
    exact = shown(year_to_date(parts), statements)
    return GroupStatements(
        quarter=period(name),
        statements=statements,
        figures=Figures(statements=statements, amounts=round_document(exact, statements), rate=rate),
        amounts=exact,
        periods=tuple(found),
    )


def _span(closed: Closed) -> Period:
    return Period(starts_on=units.day(closed.manifest["starts_on"]), ends_on=units.day(closed.manifest["ends_on"]))


def consolidated_periods(closed: list[Closed], chart: Chart, group: Group, rates: ExchangeRates, basis: str) -> list[GroupPeriod]:
    """Every period of the group in order, each opening with what the one before it closed with."""
    rules, classes, indirect = read_eliminations(chart), read_classes(), read_indirect(chart)
    found: list[GroupPeriod] = []
    own: Rows | None = None
    translated: Rows | None = None
    carried: Rows | None = None
    for each in closed:
        # What an opening holds happened long before the quarter it is named by; its entries are of one day.
        start, end = units.day(each.manifest["first_day"]), units.day(each.manifest["ends_on"])
        moved = rows_of_entries(_summed(each.table("entries"), basis), chart, cash_accounts=CASH, books=BASES[basis])
        # An opening is balances alone: what it came from was no flow of any period shown.
        rows = (
            with_opening(moved.where(np.zeros(len(moved), bool)), moved) if each.manifest["opening"] else with_opening(moved, own)
        )
        in_group = translate(rows, group, chart, rates, starts_on=start, ends_on=end, carried=translated)
        of_group = consolidate(in_group.rows, group, chart, rules, starts_on=start, ends_on=end, carried=carried)
        cash = cash_flow_statement(of_group.rows, of_group.setting, classes, indirect)
        found.append(GroupPeriod(closed=each, consolidated=of_group, cash=cash))
        own, translated, carried = rows, in_group.rows, of_group.carried()
    return found


_SUMMED = ("book", "entity", "posted_on", "debit", "credit", "debit_column", "credit_column", "cash_flow", "counterparty")


def _summed(entries: pa.Table, basis: str) -> pa.Table:
    """Entries of a basis added up over cohorts and products: what a group's rows are made of is a thousandth of them."""
    table = of_basis(entries, basis).group_by(list(_SUMMED)).aggregate([("amount_fen", "sum")])
    return table.rename_columns([name.removesuffix("_sum") for name in table.column_names])


def _cash_amounts(cash: CashFlowStatement, span: Period) -> dict[Key, int]:
    found = {(line, span, "us_gaap"): cash.section(section) for section, line in _SECTIONS.items()}
    found[_EXCHANGE, span, "us_gaap"] = cash.section("exchange")
    return found


def _adjusting(topics: Mapping[str, list[dict[str, object]]], upto: str) -> list[dict[str, object]]:
    """Balances of the two adjustment books by topic and account, before a period and in it; `topics` oldest first."""
    rows: list[dict[str, object]] = []
    for name, balances in topics.items():
        rows += [{**row, "opening": name != upto} for row in balances]
        if name == upto:
            break
    return rows


def topic_balances(closed: Closed) -> list[dict[str, object]]:
    """What a period's entries of the adjustment books come to, by book, topic and account; debit less credit."""
    entries = closed.table("entries")
    chosen = entries.filter(pc.is_in(entries["book"], pa.array(["USGAAP", "IFRS"])))
    found: dict[tuple[str, str, str], int] = {}
    for side, sign in (("debit", 1), ("credit", -1)):
        summed = chosen.group_by(["book", "topic", side]).aggregate([("amount_fen", "sum")])
        for row in summed.to_pylist():
            key = (row["book"], row["topic"], row[side])
            found[key] = found.get(key, 0) + sign * row["amount_fen_sum"]
    return [
        {"book": book, "topic": topic, "account": account, "amount_fen": amount}
        for (book, topic, account), amount in sorted(found.items())
    ]
