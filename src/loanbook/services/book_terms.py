"""The terms that a period is booked under: read from the package and the book's folder, archived with the period, read back.

A period keeps the text of every file below, as it stood (`terms.parquet`, in the hash of its manifest). Explaining, verifying and
rebuilding read that archive, so an edit of the files changes no period that is closed.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from loanbook.services.guarantor_amounts import FOLDER as GUARANTORS
from loanbook.services.taxable_income import TaxItem, read_tax_items
from loanbook.stores.book import Book
from loanbook.stores.ledger import Period
from loanbook.stores.scratch import scratch_folder
from loanbook.terms import chart as charts
from loanbook.terms import entity_file, outlook, posting_rule, vehicle_file
from loanbook.terms.accounting_policy import FOLDER as POLICIES
from loanbook.terms.accounting_policy import AccountingPolicy, load_policies
from loanbook.terms.chart import Chart, load_chart
from loanbook.terms.entity import Bookings, Group
from loanbook.terms.entity_file import bookings_in, group_in
from loanbook.terms.guarantor import GuarantorTerms, guarantors_in
from loanbook.terms.outlook import Outlook, outlooks_in
from loanbook.terms.posting_rule import Component, PostingRule, load_components, load_rules
from loanbook.terms.vehicle import Vehicle
from loanbook.terms.vehicle_file import vehicles_in

ARCHIVE = "terms"
"""The table of a period that holds them: path, text."""
_POLICIES, _CHARTS, _POSTING, _ENTITIES, _ROLES, _OUTLOOKS, _VEHICLES = (
    "policies",
    "charts",
    "posting",
    "entities",
    "entity_roles",
    "outlooks",
    "vehicles",
)
_SCHEMA = pa.schema([("path", pa.string()), ("text", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The terms that a period is booked under; `policies` all versions so far, oldest first: they price loans by month.

    components   what postings take out of the cells;  tax_items  accounts with temporary differences
    texts        every file of all of it, by room and name
    """

    policies: tuple[AccountingPolicy, ...]
    chart: Chart
    rules: tuple[PostingRule, ...]
    components: tuple[Component, ...]
    bookings: Bookings
    group: Group
    outlooks: tuple[Outlook, ...]
    tax_items: Mapping[str, TaxItem]
    guarantors: tuple[GuarantorTerms, ...]
    vehicles: tuple[Vehicle, ...]
    texts: Mapping[str, str]

    @property
    def policy(self) -> AccountingPolicy:
        """The version in force."""
        return self.policies[-1]

    @property
    def hash(self) -> str:
        """Of everything an accountant decided beforehand."""
        said = hashlib.sha256()
        for path, text in sorted(self.texts.items()):
            said.update(f"{path}\x1e{text}\x1e".encode())
        return said.hexdigest()

    def archive(self) -> pa.Table:
        """The texts as they are kept with a period."""
        rows = sorted(self.texts.items())
        return pa.table({"path": [path for path, _ in rows], "text": [text for _, text in rows]}, schema=_SCHEMA)


def books_on(book: Book, day: int, policy_code: str = "platform") -> Books:
    """The terms in force on a day; folders of a book's own (`OWN_TERMS`) stand instead of the shipped ones.

    raises   TermsError, RequestError
    """
    return _read(
        {
            _POLICIES: book.room(POLICIES),
            _CHARTS: charts.FOLDER,
            _POSTING: posting_rule.FOLDER,
            _ENTITIES: book.room(entity_file.SHIPPED),
            _ROLES: book.room(entity_file.ROLES),
            _OUTLOOKS: book.room(outlook.SHIPPED),
            _VEHICLES: book.room(vehicle_file.SHIPPED),
            GUARANTORS: book.folder / GUARANTORS,
        },
        day,
        policy_code,
    )


def has_archive(period: Period) -> bool:
    """Whether a period archives its terms; those of earlier versions of Loanbook do not."""
    return f"{ARCHIVE}.parquet" in period.manifest["files"]


def archived_books(period: Period, day: int) -> Books:
    """The terms that a period was booked under, as it archives them.

    raises   TieError when the archive is not the one that was locked; StateError when there is none
    """
    with archived_files(period) as root:
        rooms = (_POLICIES, _CHARTS, _POSTING, _ENTITIES, _ROLES, _OUTLOOKS, _VEHICLES, GUARANTORS)
        return _read({room: root / room for room in rooms}, day, str(period.manifest["policy"]))


def components_of(period: Period) -> tuple[Component, ...]:
    """What the postings of a period took out of the cells: as it archives it; of earlier versions as the terms have it now."""
    if not has_archive(period):
        return load_components()
    with archived_files(period) as root:
        return load_components(root / _POSTING)


@contextmanager
def archived_files(period: Period) -> Iterator[Path]:
    """A folder with the terms files that a period archives, a room each, while the block runs."""
    with scratch_folder("terms") as root:
        for row in period.table(ARCHIVE).to_pylist():
            path = root / row["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(row["text"].encode())
        yield root


def _read(rooms: Mapping[str, Path], day: int, policy_code: str) -> Books:
    policies = load_policies(policy_code, day, rooms[_POLICIES])
    chart = load_chart(policies[-1].chart, rooms[_CHARTS])
    return Books(
        policies=policies,
        chart=chart,
        rules=load_rules(chart, day, rooms[_POSTING]),
        components=load_components(rooms[_POSTING]),
        bookings=bookings_in(rooms[_ROLES]),
        group=group_in(rooms[_ENTITIES]),
        outlooks=outlooks_in(rooms[_OUTLOOKS]),
        tax_items=read_tax_items(chart, rooms[_CHARTS] / "tax_items.csv"),
        guarantors=guarantors_in(rooms[GUARANTORS]),
        vehicles=vehicles_in(rooms[_VEHICLES]),
        texts={
            f"{room}/{path.name}": path.read_bytes().decode()
            for room, folder in sorted(rooms.items())
            for path in sorted(folder.glob("*"))
            if path.suffix in (".csv", ".yaml")
        },
    )
