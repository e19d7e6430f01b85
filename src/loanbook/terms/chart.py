"""The chart of accounts: a CSV file that an accountant reads; what posting rules may name and what statements are made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.terms.rows import read_rows

FOLDER = Path(__file__).parent / "charts"
CLASSES = ("asset", "liability", "equity", "income", "expense")
SIDES = ("debit", "credit")
LIMITS = ("never", "allowed")
_COLUMNS = ("account", "title", "class", "normal", "opposite", "line", "opposite_line", "movements", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account.

    normal      the side that adds to it
    opposite    whether its balance may stand on the other side (`never`: a sign limit, checked on every batch per basis)
    line        the statement line that it goes to
    opposite_line   the line that an entity's balance goes to while it stands on the other side; empty: the same
    movements   the columns of its roll-forward; empty: it has none
    """

    code: str
    title: str
    kind: str
    normal: str
    opposite: str
    line: str
    opposite_line: str
    movements: tuple[str, ...]
    text: str

    @property
    def is_result(self) -> bool:
        """Whether it belongs to the income statement."""
        return self.kind in ("income", "expense")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All accounts by code, in the order of the file, and the SHA-256 of its text."""

    name: str
    accounts: Mapping[str, Account]
    hash: str

    def account(self, code: str) -> Account:
        """The account of a code; raises RequestError."""
        if code not in self.accounts:
            raise RequestError(f"the chart {self.name} has no account {code}. `loanbook books accounts` lists them.")
        return self.accounts[code]


def load_chart(name: str = "platform", folder: Path = FOLDER) -> Chart:
    """A chart of accounts; raises TermsError with path:line, RequestError for a name without a file."""
    path = folder / f"{name}.csv"
    if not path.exists():
        raise RequestError(
            f"there is no chart {name!r}; {folder.name} has {', '.join(sorted(p.stem for p in folder.glob('*.csv')))}."
        )
    accounts: dict[str, Account] = {}
    for row in read_rows(path, _COLUMNS):
        code = row.text("account")
        if code in accounts:
            raise row.wrong(f"account {code} is there twice.")
        accounts[code] = Account(
            code=code,
            title=row.text("title"),
            kind=row.choice("class", CLASSES),
            normal=row.choice("normal", SIDES),
            opposite=row.choice("opposite", LIMITS),
            line=row.text("line"),
            opposite_line=row.cells["opposite_line"],
            movements=row.several("movements"),
            text=row.cells["text"],
        )
    return Chart(name=name, accounts=accounts, hash=hashlib.sha256(path.read_bytes()).hexdigest())
