"""The projection of a book: loans as compact, irregular or reported batches, derived from its events and rebuilt at will.

    projection/<key>/manifest.json      what it derives from, its files, findings and totals
    projection/<key>/<kind>/YYYY-MM.parquet   batches by month of origination, a row group each
    projection/<key>/{classes,calendar,loans,shifting}.parquet   terms classes, closed days, loan ids by number, drawdowns that
                                        were recorded out of order

The key is the hash of the book's facts and terms and of the package's rules, so a projection is either right or absent.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.errors import StateError
from loanbook.loans.batches import Classes
from loanbook.loans.ordinals import ordinals_known
from loanbook.stores.batch_checks import check_batch
from loanbook.stores.batch_files import KINDS, Batch, read_batch, with_columns
from loanbook.stores.book import Book
from loanbook.stores.durable import exclusive, shared
from loanbook.stores.rules_hash import rules_hash
from loanbook.terms.contract import FIELDS, Field
from loanbook.units import MONEY_MAX, NEVER, Ints

FORMAT = 4
MOST = "most_fen"
"""Among the totals: what no sum of money over the book can exceed (`event_rows.most_money`)."""
WAIT_SECONDS = 1800.0
_TRIES = 5

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is (0: not known)."""


class ProjectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Batches of one kind and month of origination. `groups` counts the loans of each row group."""

    kind: str
    month: str
    path: str
    groups: tuple[int, ...]
    rows: int
    """List elements: instalments paid, facts or positions."""
    sha256: str


class LooseEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Event rows that no loan can use: how many, and the first ids."""

    kind: str
    message: str
    events: int
    first: str


class BeyondLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Loans outside one limit (amount, rate, count) of one version of a product, in `allowed` words; their principal together."""

    product: str
    limit: str
    allowed: str
    loans: int
    amount_fen: int
    first: str


class ProjectionManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a projection is. Days are ISO dates, null where the book has none."""

    format: int
    key: str
    facts_hash: str
    rules_hash: str
    loans: dict[str, int]
    products: tuple[str, ...]
    segments: tuple[str, ...]
    since: str | None
    last_on: str | None
    last_recorded_on: str | None
    totals: dict[str, int]
    loose_ends: tuple[LooseEnd, ...]
    files: tuple[ProjectedFile, ...]
    beyond: tuple[BeyondLimit, ...] = ()
    impossible: tuple[LooseEnd, ...] = ()
    """Loans under archived terms that could not be written today."""
    vehicles: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


class Projection:
    """A finished projection in its folder."""

    __slots__ = ("folder", "manifest")

    def __init__(self, folder: Path, manifest: ProjectionManifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def loans(self) -> int:
        """Loans of all kinds."""
        return sum(self.manifest.loans.values())

    def check_sums(self) -> None:
        """Sums over the book fit in 64 bits; raises OverflowError before any is taken, because sums in a kernel wrap silently."""
        most = self.manifest.totals.get(MOST, 0)
        if most > MONEY_MAX:
            raise OverflowError(
                f"{self.folder.parent.parent.name}: principal times months and all money of its loans come to {most:,} minor "
                f"units, and sums hold up to {MONEY_MAX:,}. Count the money with fewer decimals, or divide the loans among books"
            )

    def classes(self) -> Classes:
        """The terms classes."""
        table = self._table("classes.parquet")
        rows = np.empty((table.num_rows, FIELDS), np.int64)
        if table.column_names != list(CLASS_COLUMNS):
            raise StateError(f"{self.folder}/classes.parquet: not the terms classes of this projection. Run loanbook rebuild.")
        for number, name in enumerate(table.column_names):
            rows[:, number] = table.column(name).to_numpy()
        named = self.manifest
        return Classes(
            rows=rows, products=named.products, segments=named.segments, vehicles=named.vehicles, partners=named.partners
        )

    def calendar(self) -> tuple[Ints, int]:
        """Closed days, (days,) bool, and the day number of the first; empty where no terms shift due dates."""
        table = self._table("calendar.parquet")
        closed = table["closed"].to_numpy(zero_copy_only=False) if table.num_rows else np.zeros(0, np.bool_)
        return closed, table["day"].cast("int32")[0].as_py() if table.num_rows else 0

    def places(self) -> list[tuple[str, Path, int, int]]:
        """Every batch as (kind, file, row group, loans), in a fixed order."""
        return [
            (file.kind, self.folder / file.path, group, count)
            for file in self.manifest.files
            for group, count in enumerate(file.groups)
        ]

    def batches(self, *, known_on: int = NEVER) -> Iterator[Batch]:
        """All batches, one after another, with drawdown numbers as they were known on a day."""
        shift = self.ordinals(known_on)
        rows = self.classes().rows
        for kind, path, group, _ in self.places():
            yield shift(self.read(kind, path, group, rows))

    def read(self, kind: str, path: Path, group: int, classes: Ints) -> Batch:
        """One batch of `places`, checked against the contract rows; raises StateError when it is not whole."""
        batch = read_batch(path, kind, group)
        check_batch(batch, classes, str(path))
        return batch

    def _table(self, name: str) -> pa.Table:
        try:
            return pq.read_table(self.folder / name, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise StateError(f"{self.folder / name}: not readable ({error}). Run loanbook rebuild.") from error

    def ordinals(self, known_on: int) -> Callable[[Batch], Batch]:
        """What puts the drawdown numbers known on a day into a batch; batches pass unchanged when none differs."""
        table = self._table("shifting.parquet")
        loan_no = table["loan_no"].to_numpy()
        days = [table[name].cast("int32").fill_null(NEVER).to_numpy() for name in ("disbursed_on", "recorded_on", "reversed_on")]
        if not loan_no.size or not bool(np.any((days[1] > known_on) | ((days[2] != NEVER) & (days[2] > known_on)))):
            return lambda batch: batch
        numbers = ordinals_known(table["borrower_no"].to_numpy(), days[0], loan_no, days[1], days[2], known_on)
        return lambda batch: _renumber(batch, loan_no, numbers)

    def loan_numbers(self, loan_ids: Sequence[str]) -> Ints:
        """The numbers of loans by id, ascending; ids that it does not have are left out."""
        if not loan_ids:
            return np.zeros(0, np.int64)
        wanted = pa.array(sorted(loan_ids), pa.string())
        found, start = [np.zeros(0, np.int64)], 0
        try:
            with pq.ParquetFile(self.folder / "loans.parquet", page_checksum_verification=True) as file:
                for group in range(file.num_row_groups):
                    ids = file.read_row_group(group, columns=["loan_id"]).column(0)
                    found.append(start + np.flatnonzero(pc.is_in(ids, wanted)).astype(np.int64))
                    start += len(ids)
        except (OSError, pa.ArrowException) as error:
            raise StateError(f"{self.folder / 'loans.parquet'}: not readable ({error}). Run loanbook rebuild.") from error
        return np.concatenate(found)

    def loan_ids(self, loan_no: Ints) -> list[str]:
        """The ids of loans by number."""
        wanted = np.asarray(loan_no, np.int64)
        try:
            return self._loan_ids(wanted)
        except (KeyError, OSError, pa.ArrowException) as error:
            raise StateError(f"{self.folder / 'loans.parquet'}: not readable ({error}). Run loanbook rebuild.") from error

    def _loan_ids(self, wanted: Ints) -> list[str]:
        with pq.ParquetFile(self.folder / "loans.parquet", page_checksum_verification=True) as file:
            found: dict[int, str] = {}
            start = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                inside = wanted[(wanted >= start) & (wanted < start + count)]
                if inside.size:
                    ids = file.read_row_group(group, columns=["loan_id"]).column(0)
                    found.update(zip(inside.tolist(), ids.take((inside - start).tolist()).to_pylist(), strict=True))
                start += count
        return [found[int(number)] for number in wanted]


def projection_key(book: Book) -> str:
    """The name of the projection that belongs to the book as it stands and the rules as they are."""
    return hashlib.sha256(f"{FORMAT} {book.facts_hash()} {rules_hash()}".encode()).hexdigest()[:24]


def current_projection(book: Book) -> Projection | None:
    """The projection that belongs to the book as it stands, if it was built."""
    folder = book.folder / "projection" / projection_key(book)
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=ProjectionManifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return Projection(folder, manifest)


def project(book: Book, *, on_progress: Progress | None = None) -> Projection:
    """The current projection, built now if it is not there. To read its files hold it with `reading`.

    raises   StateError when loans name terms that the book does not archive, or another process builds for too long
    """
    found = current_projection(book)
    if found is not None:
        return found
    from loanbook.stores.building import build  # the builder needs this module's types

    with exclusive(book.folder / ".projecting", wait_seconds=WAIT_SECONDS):
        found = current_projection(book)
        if found is None:
            build(book, projection_key(book), on_progress or _silent)
            found = current_projection(book)
    if found is None:
        raise StateError(f"{book.folder}: the projection was removed while it was being opened. Run the command again.")
    return found


@contextlib.contextmanager
def reading(book: Book, *, on_progress: Progress | None = None) -> Iterator[Projection]:
    """The current projection, built if need be, which nobody removes before the block ends.

    raises   as `project`; StateError when others remove it again and again before it can be held
    """
    for _ in range(_TRIES):
        projection = project(book, on_progress=on_progress)
        with shared(projection.folder / ".lock") as stands:
            if stands:
                yield projection
                return
    raise StateError(
        f"{book.folder}: the projection was removed {_TRIES} times while it was being opened. Run the command again."
    )


def drop_projection(book: Book, *, wait_seconds: float = WAIT_SECONDS) -> None:
    """Remove every projection of a book; nothing but time is lost. Readers finish first.

    raises   StateError when they do not within `wait_seconds`
    """
    with exclusive(book.folder / ".projecting", wait_seconds=wait_seconds):
        for folder in (book.folder / "projection").glob("*"):
            if folder.is_dir() and not remove_projection(folder, wait_seconds=wait_seconds):
                raise StateError(
                    f"{book.folder}: another command has been reading the projection for more than {wait_seconds:.0f} s. "
                    "Wait until it has finished, then run the command again."
                )


def remove_projection(folder: Path, *, wait_seconds: float = 0.0) -> bool:
    """Remove a projection, or what is left of one, unless somebody reads it for longer than `wait_seconds`.

    returns   whether it is gone
    """
    gone = folder.with_name(f".removing-{folder.name}-{os.getpid()}")
    try:
        with exclusive(folder / ".lock", wait_seconds=wait_seconds):
            # Renamed while it is locked: whoever opens it next finds nothing, never a half.
            os.replace(folder, gone)
    except StateError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _renumber(batch: Batch, loan_no: Ints, ordinals: Ints) -> Batch:
    place = np.searchsorted(loan_no, batch.loan_no)
    place[place == loan_no.size] = 0
    met = loan_no[place] == batch.loan_no
    return with_columns(batch, {"ordinal": np.where(met, ordinals[place], batch.ordinal).astype(np.int32)})


CLASS_COLUMNS = tuple(field.name.lower() if field is not Field.WATERFALL else "waterfall_1" for field in Field) + tuple(
    f"waterfall_{step}" for step in range(2, FIELDS - len(Field) + 2)
)
"""Column names of classes.parquet, in the order of `contract.Field`."""

__all__ = [
    "CLASS_COLUMNS",
    "KINDS",
    "MOST",
    "BeyondLimit",
    "LooseEnd",
    "Progress",
    "ProjectedFile",
    "Projection",
    "ProjectionManifest",
    "current_projection",
    "drop_projection",
    "project",
    "projection_key",
    "reading",
    "remove_projection",
]
