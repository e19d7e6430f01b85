"""What a reader of the books is shown: statements, notes, and both bases beside each other, as tables in their order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from loanbook.statements.periods import Period
from loanbook.statements.presentation import CNY, Figures
from loanbook.statements.presentation_table import Head, Table, blocks, dimension_heads, table, words_of
from loanbook.terms.statement import BASE, Statement
from loanbook.units import date, day

IFRS = "ifrs"
PRIMARY = ("balance_sheet", "operations", "comprehensive_income", "cash_flows", "changes_in_equity", "non_gaap")
NOTES = (
    "revenue_by_stream",
    "provisions_new_and_revised",
    "loan_allowance_rollforward",
    "accounts_receivable_allowance_rollforward",
    "financial_assets_allowance_rollforward",
    "contract_assets_rollforward",
    "financial_assets_rollforward",
    "stand_ready_rollforward",
    "contingent_rollforward",
    "guarantees",
    "ageing",
    "loans_by_vintage",
    "funding_maturities",
    "tax_reconciliation",
    "awards",
)
RECONCILED = ("ifrs_balance_sheet", "ifrs_operations")
FULL = ("balance_sheet", "operations")
_RECONCILED = (
    "US GAAP and the four adjustments are IFRS in every line; the statements by IFRS follow whole. "
    "(i) IFRS 9 expects the losses of twelve months where risk has not increased, US GAAP those of the whole life. "
    "(ii) Effective interest is spread over the expected life, under US GAAP over the contractual one. "
    "(iii) Awards vest in steps, each over its own time, less estimated forfeitures. "
    "(iv) A guarantee has no receivable and no stand-ready liability on its first day: premium is earned by days, and the "
    "liability is the higher of expected losses and premium received ahead."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Some tables under one heading; `key` is its anchor."""

    key: str
    title: str
    text: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksPage:
    """The books of a quarter for a page.

    sentence   what the figures are;  findings  what they lack
    """

    quarter: str
    sentence: str
    chapters: tuple[Chapter, ...]
    findings: tuple[str, ...]


def year_to_date(quarter: Period) -> Period:
    """From January to the end of a quarter."""
    return Period(starts_on=day(date(quarter.ends_on).replace(month=1, day=1)), ends_on=quarter.ends_on)


def longest(engine: Figures, quarter: Period) -> Period:
    """The year to date where the books hold it, else the quarter."""
    span = year_to_date(quarter)
    return span if any(period == span for _, period, _ in engine.amounts) else quarter


def chapters(engine: Figures, quarter: Period, *, company: str, notes: Sequence[Table] = ()) -> tuple[Chapter, ...]:
    """All tables of a quarter: in US$ too where the engine has a rate.

    notes   tables that are no statements of lines, to stand after the notes
    """

    def of(names: Iterable[str], column: str = BASE) -> tuple[Table, ...]:
        found: list[Table] = []
        for name in names:
            found += tables_of(engine.statements.by_name[name], engine, quarter, company=company, column=column)
        return tuple(each for each in found if _says(each))

    both = [replace(each, title=f"{each.title}, IFRS") for each in of(FULL, IFRS)]
    return (
        Chapter(key="statements", title="Statements", text="Under US GAAP.", tables=of(PRIMARY)),
        Chapter(
            key="notes",
            title="Notes",
            text="Each roll-forward begins and ends with the balance sheet's figure.",
            tables=(*of(NOTES), *notes),
        ),
        Chapter(
            key="reconciliation",
            title="US GAAP and IFRS",
            text=_RECONCILED,
            tables=(*of(RECONCILED), *both),
        ),
    )


def tables_of(statement: Statement, engine: Figures, quarter: Period, *, company: str, column: str = BASE) -> list[Table]:
    """The tables that a statement takes, without columns of which nothing is known; notes are in RMB alone, as published.

    column   of the figures, for a statement whose columns are periods
    """
    if statement.columns:
        # A balance among flows is the one at their end.
        span = longest(engine, quarter)
        made = table(statement, dimension_heads(statement, span, engine), engine, company=company)
        return [replace(made, title=f"{made.title}: {words_of(span.end if statement.accumulation == 'instant' else span, CNY)}")]
    found = []
    for heads in blocks(statement, quarter, dollars=bool(engine.rate) and statement.name not in NOTES):
        known = [replace(head, column=column) for head in heads if _is_known(statement, head, engine)]
        if known:
            found.append(table(statement, known, engine, company=company))
    return found


def _is_known(statement: Statement, head: Head, engine: Figures) -> bool:
    """Whether a period has a figure of the statement: of a statement of flows, a flow."""
    lines = (engine.statements.lines.get(line.code) for line in statement.lines if line.code)
    codes = [line.code for line in lines if line and line.kind != "opening" and line.accumulation == statement.accumulation]
    return any(engine.value(code, head.period) for code in codes)


def _says(made: Table) -> bool:
    return any(amount for row in made.rows for amount in row.amounts)
