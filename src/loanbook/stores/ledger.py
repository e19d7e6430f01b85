"""The ledger of a book: closed periods, each a folder that is written once and named in a chain of hashes.

    ledger/2024Q3.1/period.json         the manifest: days, versions of policy, chart, rules and calendar, the hash of every
                                        file, the trial balance's totals, and the hash of the manifest before it
    ledger/2024Q3.1/entries.parquet     the period's entries
    ledger/2024Q3.1/summed.parquet      the same added up over products and cohorts: what later periods and statements read
    ledger/2024Q3.1/balances.parquet    the trial balance at its end, since the books began
    ledger/2024Q3.1/...                 cells of loans, frozen estimates, rules and roles
    ledger/2024Q3.1/terms.parquet       the text of every terms file that it was made by
    ledger/restated-0001/2024Q3.2/...   new versions of periods that were restated together
    ledger/head.json                    the end of the chain: the manifest's hash of the period that was locked last

A restatement is a new version (2024Q3.2) of a period and of every later one; the old ones stay. They come into being by one
rename of the folder that holds them all: a reader, or a crash at any moment, sees the old versions or the new ones, never both.
Changing a file breaks the chain, and `verify` says where; a period taken away at its end is missed by `head.json`. A crash leaves
no period or a whole one.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.errors import StateError, TieError
from loanbook.stores.book import Book
from loanbook.stores.durable import digest, exclusive, move_in_place, write_in_place

FORMAT = 2
"""Since 2 a period archives its terms and what it counted, and the ledger has a head."""
WAIT_SECONDS = 3600.0
_MANIFEST = "period.json"
_HEAD = "head.json"
_STAGING = ".closing-"
_RESTATED = "restated-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A closed period.

    name, version   2024Q3, 1 for the first
    manifest        what period.json says;  digest  SHA-256 of it: what the next one names
    """

    folder: Path
    name: str
    version: int
    manifest: dict[str, Any]
    digest: str

    @property
    def id(self) -> str:
        """Name and version: 2024Q3.1."""
        return f"{self.name}.{self.version}"

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One of its tables, or some columns of it; raises TieError when the file is not the one that was locked."""
        path = self.folder / f"{name}.parquet"
        wanted = self.manifest["files"].get(f"{name}.parquet")
        if wanted is None:
            raise StateError(f"the period {self.id} has no {name}.")
        if not path.exists() or digest(path) != wanted:
            raise TieError(f"{path} is not the file that was locked with the period. Put the original back.")
        return pq.read_table(path, columns=None if columns is None else list(columns))


class _Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The end of the chain: the period locked last and the hash of its manifest; `coming` while another is put in place."""

    last: str
    digest: str
    coming: str = ""


class Ledger:
    """The closed periods of a book."""

    __slots__ = ("_together", "book", "folder")

    def __init__(self, book: Book) -> None:
        self.book = book
        self.folder = book.folder / "ledger"
        self._together: Path | None = None

    def _manifests(self) -> Iterator[Path]:
        for pattern in (f"*/{_MANIFEST}", f"{_RESTATED}*/*/{_MANIFEST}"):
            for path in self.folder.glob(pattern):
                if not path.relative_to(self.folder).parts[0].startswith("."):
                    yield path
        if self._together is not None:
            yield from self._together.glob(f"*/{_MANIFEST}")

    def all_periods(self) -> tuple[Period, ...]:
        """Every version, in the order in which they were locked.

        raises   TieError when a manifest was changed or a period is gone: where the chain breaks, and which follow
        """
        # Read before the periods: who locks one writes the head last.
        head = self._head()
        found = {}
        for described in self._manifests():
            period = _read(described.parent)
            found[period.digest] = period
        ordered: list[Period] = []
        before = ""
        following = {str(period.manifest["previous"]): period for period in found.values()}
        while before in following and len(ordered) < len(found):
            ordered.append(following[before])
            before = ordered[-1].digest
        if len(ordered) != len(found):
            raise TieError(_broken(self.folder, ordered, [period for period in found.values() if period not in ordered]))
        if head is None:
            if any(int(period.manifest["format"]) >= FORMAT for period in ordered):
                raise TieError(f"{self.folder / _HEAD} is gone: nothing says how long the chain of periods is. Put it back.")
        elif head.digest and head.digest not in {period.digest for period in ordered}:
            end = ordered[-1].id if ordered else "nothing"
            raise TieError(
                f"{self.folder}: the chain of periods ends with {end}; {head.last}, which was locked last "
                f"(manifest {head.digest[:12]}), is gone or was changed. Put the original back."
            )
        return tuple(ordered)

    @property
    def head(self) -> str:
        """The hash of the manifest that was locked last: who keeps it elsewhere can prove that nothing was taken away since."""
        periods = self.all_periods()
        return periods[-1].digest if periods else ""

    def _head(self) -> _Head | None:
        path = self.folder / _HEAD
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Head)
        except msgspec.DecodeError as error:
            raise TieError(f"{path} cannot be read: {error}. Put the original back.") from error

    def _move(self, staging: Path, target: Path, last: Path) -> None:
        """Put locked periods in place; the head says before what comes, and after that it is there."""
        ending = _read(last)
        before = self.head
        path = self.folder / _HEAD
        known = next((period.id for period in self.all_periods() if period.digest == before), "")
        write_in_place(path, msgspec.json.encode(_Head(last=known, digest=before, coming=ending.digest)))
        move_in_place(staging, target)
        write_in_place(path, msgspec.json.encode(_Head(last=ending.id, digest=ending.digest)))

    def _finish_head(self) -> None:
        """Say that what was coming has come, where a crash fell between its being put in place and that word."""
        head = self._head()
        if head is None or not head.coming:
            return
        for period in self.all_periods():
            if period.digest == head.coming:
                write_in_place(self.folder / _HEAD, msgspec.json.encode(_Head(last=period.id, digest=period.digest)))

    def periods(self) -> tuple[Period, ...]:
        """The newest version of each period, by their ends."""
        newest: dict[str, Period] = {}
        for period in self.all_periods():
            newest[period.name] = period
        return tuple(sorted(newest.values(), key=lambda period: str(period.manifest["ends_on"])))

    def period(self, name: str) -> Period:
        """The newest version of a period; raises StateError with the command that closes it, or where the ledger begins."""
        periods = self.periods()
        for period in periods:
            if period.name == name:
                return period
        if periods and name < periods[0].name:
            first = periods[0].name
            raise StateError(
                f"{self.book.name} has no closed period {name}: its ledger begins with {first}. Ask for {first} or later."
            )
        raise StateError(
            f"{self.book.name} has no closed period {name}. Run `loanbook books close {name} --book {self.book.name}`."
        )

    def versions(self, name: str) -> tuple[Period, ...]:
        """Every version of a period, oldest first; raises as `period`."""
        self.period(name)
        return tuple(period for period in self.all_periods() if period.name == name)

    def verify(self, periods: Sequence[Period] | None = None) -> tuple[str, ...]:
        """Read every file of every period (or of some) against its hash, and the chain; what is wrong, in words."""
        found = []
        every = self.all_periods()
        for period in every if periods is None else periods:
            for name, wanted in period.manifest["files"].items():
                path = period.folder / name
                if not path.exists():
                    found.append(f"{period.id}: {name} is gone.")
                elif digest(path) != wanted:
                    found.append(f"{period.id}: {name} was changed after the period was locked.")
        return tuple(found)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the ledger for writing; what a crash left over is swept, what it left unsaid is said."""
        self.folder.mkdir(exist_ok=True)
        with exclusive(self.folder / ".lock", wait_seconds=WAIT_SECONDS):
            for leftover in self.folder.glob(f"{_STAGING}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            for beside in self.folder.glob(f".{_HEAD}.*.new"):
                beside.unlink(missing_ok=True)
            self._finish_head()
            yield

    @contextmanager
    def together(self) -> Iterator[None]:
        """Lock several periods as one. Call inside `writing`.

        Inside the block only this object sees them; when it ends they are all there, by one rename. An error leaves none of them.
        A `Period` that was locked in the block must be read again after it: its folder has moved.
        """
        number = 1 + len(list(self.folder.glob(f"{_RESTATED}*")))
        target = self.folder / f"{_RESTATED}{number:04d}"
        staging = self.folder / f"{_STAGING}{target.name}"
        staging.mkdir()
        self._together = staging
        try:
            yield
            made = self.all_periods()[-1].folder
            self._together = None
            if made.parent == staging:
                self._move(staging, target, made)
        finally:
            self._together = None
            shutil.rmtree(staging, ignore_errors=True)

    def lock(self, name: str, tables: Mapping[str, pa.Table], said: Mapping[str, Any]) -> Period:
        """Write a period and lock it: all of it or nothing. Call inside `writing`.

        tables   file name without suffix -> table;  said  what the manifest says besides
        """
        before = self.all_periods()
        version = 1 + max((period.version for period in before if period.name == name), default=0)
        target = (self._together or self.folder) / f"{name}.{version}"
        staging = self.folder / f"{_STAGING}{target.name}"
        staging.mkdir()
        files = {}
        for table_name, table in sorted(tables.items()):
            path = staging / f"{table_name}.parquet"
            pq.write_table(table, path, compression="zstd", write_page_checksum=True)
            files[path.name] = digest(path)
        manifest = {
            "format": FORMAT,
            "book": self.book.name,
            "period": name,
            "version": version,
            **said,
            "files": files,
            "previous": before[-1].digest if before else "",
        }
        (staging / _MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if self._together is None:
            self._move(staging, target, staging)
        else:
            move_in_place(staging, target)
        return _read(target)


def _broken(folder: Path, ordered: Sequence[Period], loose: Sequence[Period]) -> str:
    """Where a chain breaks: the period that names a manifest that is not there, and those that follow it."""
    here = {period.digest for period in loose}
    at = sorted(period.id for period in loose if str(period.manifest["previous"]) not in here)
    after = sorted(period.id for period in loose if period.id not in at)
    held = f"after {ordered[-1].id}" if ordered else "at its beginning"
    followed = f", which {', '.join(after)} follow{'s' if len(after) == 1 else ''}" if after else ""
    return (
        f"{folder}: the chain of periods is broken {held}, at {', '.join(at)}{followed}: the manifest before it was changed or "
        "its period removed. Put the original files back."
    )


def _read(folder: Path) -> Period:
    path = folder / _MANIFEST
    try:
        manifest = dict(json.loads(path.read_text(encoding="utf-8")))
        return Period(
            folder=folder, name=manifest["period"], version=int(manifest["version"]), manifest=manifest, digest=digest(path)
        )
    except (KeyError, ValueError) as error:
        raise TieError(f"{path} cannot be read: {error}. Put the original back.") from error
