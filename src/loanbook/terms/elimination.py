"""Elimination rules: which accounts of two companies of a group cancel out (`terms/charts/eliminations.csv`)."""

from dataclasses import dataclass
from pathlib import Path

from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.rows import read_rows

BALANCE = "balance"
INVESTMENT = "investment"
INCOME = "income"
DISTRIBUTION = "distribution"
KEPT = "kept"
KINDS = (BALANCE, INVESTMENT, INCOME, DISTRIBUTION, KEPT)
STOCKS = (BALANCE, INVESTMENT)
"""Kinds that are eliminated as they stand at the close; the others as they happened while both companies were consolidated."""

_COLUMNS = ("rule", "title", "kind", "accounts", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class EliminationRule:
    """Rows on these accounts between two companies of the group add up to zero, or there is a finding."""

    code: str
    title: str
    kind: str
    accounts: tuple[str, ...]
    source: str
    place: str


def read_eliminations(chart: Chart, path: Path = FOLDER / "eliminations.csv") -> tuple[EliminationRule, ...]:
    """The rules of a file; raises TermsError with path:line for an unknown account or one in two rules."""
    rules: list[EliminationRule] = []
    seen: dict[str, str] = {}
    for row in read_rows(path, _COLUMNS):
        rule = EliminationRule(
            code=row.text("rule"),
            title=row.text("title"),
            kind=row.choice("kind", KINDS),
            accounts=row.several("accounts"),
            source=row.text("source"),
            place=row.place,
        )
        for account in rule.accounts:
            if account not in chart.accounts:
                raise row.wrong(f"the chart {chart.name} has no account {account}.")
            if account in seen:
                raise row.wrong(f"account {account} is in the rule {seen[account]} too; it would be eliminated twice. Keep one.")
            seen[account] = rule.code
        rules.append(rule)
    return tuple(rules)
