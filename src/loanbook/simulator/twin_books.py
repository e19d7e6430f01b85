"""The twin's books: corporate events and policies go in, three quarters are closed, and every statement line stands beside the
one that was published.

Taxes are paid a quarter later out of what the last close left owing, so each quarter's events are made when the one before it is
closed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.accounting.journal import by_account, of_basis
from loanbook.errors import TermsError
from loanbook.services.bookkeeping import close_period
from loanbook.services.group_statements import GroupStatements, group_statements
from loanbook.simulator.platform import SHIPPED, Platform
from loanbook.simulator.twin import KNOWN_DAYS, quarter_end
from loanbook.simulator.twin_company import Company, Event, write_events
from loanbook.simulator.twin_policies import CODE, write_policies
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.ledger import Ledger
from loanbook.stores.projection import Progress
from loanbook.stores.scratch import scratch_folder
from loanbook.terms.rows import read_rows
from loanbook.terms.statement import title
from loanbook.units import date, day

_TAXES = ("2160", "2170")
IN, STAYS, OUT = "in", "stays", "out"
"""What a line of the comparison is: a driver that goes in (or a sum of such), a balance that stays as it opened, an outcome."""
_IN = (
    "platform_services",
    "facilitation_and_servicing_fees_capital_light",
    "referral_services_fees",
    "other_services_fees_platform",
    "facilitation_origination_and_servicing",
    "funding_costs",
    "sales_and_marketing",
    "general_and_administrative",
    "interest_income_net",
    "other_income_net",
    "short_term_investments",
    "security_deposit_prepaid",
    "property_and_equipment_net",
    "land_use_rights_net",
    "intangible_assets",
    "other_noncurrent_assets",
    "payable_to_investors_current",
    "payable_to_investors_noncurrent",
    "short_term_loans",
)
_STAYS = (
    "restricted_cash",
    "amounts_due_from_related_parties",
    "amounts_due_from_related_parties_noncurrent",
    "prepaid_expenses_and_other_assets",
    "goodwill",
    "accrued_expenses_and_other_current_liabilities",
    "amounts_due_to_related_parties",
    "other_long_term_liabilities",
    "noncontrolling_interests",
)
_COLUMNS = ("quarter", "statement", "line", "reported_thousand", "band_percent", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One published figure and ours at full size, RMB thousand; `band` the ratio's allowed distance from one, None for none."""

    quarter: str
    statement: str
    line: str
    title: str
    reported: int
    ours: int
    band: float | None
    source: str

    @property
    def ratio(self) -> float:
        """Ours over reported."""
        return self.ours / self.reported

    @property
    def inside(self) -> bool | None:
        """Whether the ratio is within its band; None where there is none."""
        return None if self.band is None else abs(self.ratio - 1) <= self.band


def keep_books(book: Book, platform: Platform, scale: int, quarters: Iterable[str], *, on_progress: Progress) -> GroupStatements:
    """The statements of a twin's last quarter, all closed; what was done before is not done again.

    raises   StateError, TieError as `bookkeeping.close_period`
    """
    write_policies(platform.parameters, book.folder / "policies")
    company = Company(platform.parameters, scale)
    ledger = Ledger(book)
    last = ""
    with scratch_folder("twin") as folder:
        for quarter in quarters:
            end = quarter_end(quarter)
            closed = ledger.periods()
            if quarter not in {each.name for each in closed}:
                if not closed:
                    _take(book, company.opening(), folder / "opening", company.begins_on)
                _take(book, company.quarter(quarter, _owed(ledger, company)), folder / quarter, end)
                known_on = date(day(end) + KNOWN_DAYS)
                close_period(book, quarter, policy=CODE, known_on=known_on, on_progress=on_progress)
            last = quarter
    return group_statements(book, last)


def _take(book: Book, events: list[Event], folder: Path, on: dt.date) -> None:
    recorded_at = dt.datetime.combine(on, dt.time(12), dt.UTC)
    for path in write_events(events, folder):
        receipt = import_corporate(book.folder, path, recorded_at=recorded_at, kind=path.stem)
        if receipt.reading.faults.num_rows:
            fault = receipt.reading.faults.slice(0, 1).to_pylist()[0]
            raise TermsError(
                f"{path.name}: row {fault['row']}: {fault['column']} {fault['reason']}; expected {fault['expected']}."
            )


def _owed(ledger: Ledger, company: Company) -> Mapping[tuple[str, str], int]:
    closed = ledger.periods()
    if not closed:
        return company.taxes_at_opening()
    balances = by_account(of_basis(closed[-1].table("balances"), "us_gaap")).to_pylist()
    return {(row["account"], row["entity"]): -row["amount_fen"] for row in balances if row["account"] in _TAXES}


def compare_statements(found: GroupStatements, scale: int, scenario: str, folder: Path = SHIPPED) -> tuple[StatementLine, ...]:
    """Every published line beside ours, in the order of the file.

    raises   TermsError with path:line for a line that statements do not have
    """
    lines = []
    # Exact fen, not the thousands of a document of a thousandth of the size.
    exact = Figures(statements=found.statements, amounts=found.amounts)
    for row in read_rows(folder / f"{scenario}_statements.csv", _COLUMNS):
        code, quarter = row.choice("line", tuple(found.statements.lines)), row.text("quarter")
        over = period(quarter)
        line = found.statements.line(code)
        ours = exact.value(code, over) or 0
        band = row.cells["band_percent"]
        lines.append(
            StatementLine(
                quarter=quarter,
                statement=row.text("statement"),
                line=code,
                title=line.title,
                reported=int(row.text("reported_thousand")),
                ours=round(ours * scale / 100_000),
                band=float(band) / 100 if band else None,
                source=row.text("source"),
            )
        )
    return tuple(lines)


def statements_markdown(lines: Iterable[StatementLine]) -> str:
    """A table by line: what it is, reported and the ratio of each quarter; `!` marks a ratio outside its band."""
    by_line: dict[tuple[str, str], dict[str, StatementLine]] = {}
    for each in lines:
        by_line.setdefault((each.statement, each.line), {})[each.quarter] = each
    quarters = sorted({each.quarter for several in by_line.values() for each in several.values()})
    rows = ["| line | what | " + " | ".join(f"{quarter} reported | ours / reported" for quarter in quarters) + " |"]
    rows.append("|---|---|" + "---:|---:|" * len(quarters))
    for (statement, line), several in by_line.items():
        words = title(next(iter(several.values())).title, company="company")
        found = [several.get(quarter) for quarter in quarters]
        cells = [" | " if each is None else f"{each.reported:,} | {shown_ratio(each)}" for each in found]
        rows.append(f"| {statement.replace('_', ' ')}: {words} | {goes(line)} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def goes(line: str) -> str:
    """Whether a line goes in, stays as it opened, or comes out."""
    return IN if line in _IN else STAYS if line in _STAYS else OUT


def shown_ratio(line: StatementLine) -> str:
    """Ours over reported; `!` outside the band."""
    return f"{line.ratio:.3f}{' !' if line.inside is False else ''}"
