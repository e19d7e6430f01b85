"""Classes of cash entries and lines of the indirect statement, as data (`terms/charts/cash_flow_*.csv`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.terms.chart import FOLDER, Chart
from loanbook.terms.rows import read_rows

OPERATING = "operating"
INVESTING = "investing"
FINANCING = "financing"
EXCHANGE = "exchange"
SECTIONS = (OPERATING, INVESTING, FINANCING, EXCHANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlowClass:
    """One class of cash entries.

    account     what the flow explains in the indirect statement where the entry's other side does not say it; else ""
    outsiders   never a flow within the group, even where the counterparty is: shares of a company bought from others
    """

    code: str
    section: str
    title: str
    account: str
    outsiders: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndirectLine:
    """One line of what is no cash in the result."""

    code: str
    title: str
    accounts: tuple[str, ...]


def read_classes(path: Path = FOLDER / "cash_flow_classes.csv") -> Mapping[str, CashFlowClass]:
    """The classes of a file by code; raises TermsError with path:line."""
    found: dict[str, CashFlowClass] = {}
    for row in read_rows(path, ("code", "section", "title", "account", "outsiders", "source")):
        code = row.text("code")
        if code in found:
            raise row.wrong(f"the class {code} stands there twice.")
        found[code] = CashFlowClass(
            code=code,
            section=row.choice("section", SECTIONS),
            title=row.text("title"),
            account=row.cells["account"],
            outsiders=row.choice("outsiders", ("yes", "")) == "yes",
            source=row.text("source"),
        )
    return found


def read_indirect(chart: Chart, path: Path = FOLDER / "cash_flow_indirect.csv") -> tuple[IndirectLine, ...]:
    """The lines of a file; raises TermsError with path:line for an unknown account or one in two lines."""
    found: list[IndirectLine] = []
    seen: set[str] = set()
    for row in read_rows(path, ("line", "title", "accounts")):
        line = IndirectLine(code=row.text("line"), title=row.text("title"), accounts=row.several("accounts"))
        for account in line.accounts:
            code, _, movement = account.partition(":")
            if code not in chart.accounts:
                raise row.wrong(f"the chart {chart.name} has no account {code}.")
            if movement and movement not in chart.accounts[code].movements:
                raise row.wrong(f"account {code} has no column {movement!r}; it has {', '.join(chart.accounts[code].movements)}.")
            if account in seen:
                raise row.wrong(f"account {account} stands in two lines; keep one.")
            seen.add(account)
        found.append(line)
    return tuple(found)
