"""All events of an import, staged on disk, then judged together.

What is set aside, and why, `finders` says. What is found bad takes its whole source row along, in every kind. What is left is
written once, ready for one commit.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.events import BY_NAME, KINDS, Type
from loanbook.stores.engine import Engine, connect, scan
from loanbook.stores.importers.conversion import FAULTS, FILE, ROW, ConvertedBatch
from loanbook.stores.importers.finders import FINDERS, Grounds, heads, reversals
from loanbook.stores.schema import arrow_schema
from loanbook.units import Ints

_BATCH_ROWS = 1 << 17
_ORDER = f'"{FILE}", "{ROW}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What an import holds after judgement.

    events       file of each kind, with exactly the kind's columns
    rows         events of each kind
    sums         (kind, column) to the sum of a money column, for control totals
    quarantine   Parquet file of all faults (`conversion.FAULTS`), in the order of files and rows
    bad          quarantined source rows of each file
    faults       number of faults
    """

    events: dict[str, Path]
    rows: dict[str, int]
    sums: dict[tuple[str, str], int]
    quarantine: Path
    bad: dict[str, int]
    faults: int


class Sieve:
    """Takes converted batches file by file, then judges."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._faults = pq.ParquetWriter(folder / "found.parquet", FAULTS, compression="zstd")

    def add(self, batch: ConvertedBatch) -> None:
        """Stage a batch."""
        for kind, table in batch.events:
            if kind not in self._writers:
                self._writers[kind] = pq.ParquetWriter(self._path(kind), table.schema, compression="lz4")
            if table.num_rows:
                self._writers[kind].write_table(table)
        self.add_faults(batch.faults)

    def add_faults(self, faults: pa.Table) -> None:
        """Stage faults alone."""
        if faults.num_rows:
            self._faults.write_table(faults)

    def close(self) -> None:
        """Finish the staged files."""
        for writer in (*self._writers.values(), self._faults):
            writer.close()

    def sift(
        self,
        book_files: Mapping[str, Sequence[Path]],
        *,
        first_of_loan: frozenset[str] = frozenset(),
        dated_by_loan: frozenset[str] = frozenset(),
        currency: str = "",
        today: dt.date | None = None,
        versions: pa.Table | None = None,
    ) -> Sifted:
        """Judge everything staged.

        book_files      the book's event files by kind; empty for a new book
        first_of_loan   kinds of which only a loan's earliest event counts
        dated_by_loan   kinds whose events take both dates of their loan's first event
        currency        of the book; empty where any will do
        today           the last day that can have happened; None: any day can
        versions        terms that the book will archive, as `terms_classes.version_table`; None: not asked
        """
        self.close()
        kinds = [kind.name for kind in KINDS if kind.name in self._writers]
        grounds = Grounds(
            kinds=tuple(kinds),
            book_files=book_files,
            currency=currency,
            today=today,
            versions=versions is not None,
            dated_by_loan=dated_by_loan,
        )
        with connect(self._folder / "spill") as engine:
            for kind in kinds:
                engine.view(f"staged_{kind}", f"SELECT * FROM {scan([self._path(kind)])}")
            if versions is not None:
                engine.register("terms_version", versions)
            faults = [f"SELECT * FROM {scan([self._folder / 'found.parquet'])}"]
            engine.keep("bad", f'SELECT DISTINCT "{FILE}", "{ROW}" FROM ({faults[0]})')

            def found(queries: list[str]) -> bool:
                """Keep what queries find and mark its rows; whether there is any."""
                queries = [text for text in queries if text]
                if not queries:
                    return False
                name = f"found_{len(faults)}"
                engine.keep(name, " UNION ALL ".join(queries))
                engine.keep("bad", f"SELECT {_ORDER} FROM bad UNION SELECT {_ORDER} FROM {name}")
                faults.append(f"SELECT * FROM {name}")
                return bool(engine.number(f"SELECT count(*) FROM {name}"))

            for find in FINDERS:
                found([find(engine, kind, grounds) for kind in kinds])
            # What takes back an event that was just set aside falls too, and with it what stands in its row.
            while found([reversals(engine, grounds)]):
                pass
            bad = _bad_rows(engine)
            events, rows, sums = {}, {}, {}
            for kind in kinds:
                path = self._folder / f"events_{kind}.parquet"
                clean = _standing(kind, grounds, kind in first_of_loan)
                batches = engine.batches(clean) if clean else _sound(self._path(kind), bad)
                rows[kind], totals = _write(kind, batches, path)
                if rows[kind]:
                    events[kind] = path
                    sums.update({(kind, name): total for name, total in totals.items()})
            quarantine = self._folder / "quarantine.parquet"
            union = " UNION ALL ".join(faults)
            engine.write(f'SELECT * FROM ({union}) ORDER BY {_ORDER}, event, "column"', quarantine, FAULTS)
            return Sifted(
                events=events,
                rows=rows,
                sums=sums,
                quarantine=quarantine,
                bad={file: len(numbers) for file, numbers in bad.items()},
                faults=engine.number(f"SELECT count(*) FROM ({union})"),
            )

    def _path(self, kind: str) -> Path:
        return self._folder / f"staged_{kind}.parquet"


def _bad_rows(engine: Engine) -> dict[str, Ints]:
    """The quarantined rows of each file."""
    table = engine.table("SELECT * FROM bad")
    files = table[FILE].combine_chunks()
    return {
        str(file): np.asarray(table.filter(pc.equal(files, file))[ROW].to_numpy()).astype(np.int64)
        for file in pc.unique(files).to_pylist()
    }


def _standing(kind: str, grounds: Grounds, first_of_loan: bool) -> str:
    """The query of a kind that looks beyond its own rows; empty where the sound rows are taken as they are."""
    dated_by_loan = kind in grounds.dated_by_loan
    if not (first_of_loan or dated_by_loan):
        return ""
    clean = f"SELECT * FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})"
    if first_of_loan:
        clean = _firsts(clean, tuple(grounds.book_files.get(kind, ())))
    if dated_by_loan:
        lent = heads(grounds, "loan_id, happened_on, recorded_at")
        clean = (
            "SELECT c.* REPLACE (h.happened_on AS happened_on, h.recorded_at AS recorded_at) "
            f"FROM ({clean}) c JOIN (SELECT loan_id, min(happened_on) AS happened_on, "
            f"min(recorded_at) AS recorded_at FROM ({lent}) GROUP BY 1) h ON h.loan_id = c.loan_id"
        )
    return f"SELECT * FROM ({clean}) ORDER BY {_ORDER}, event_id"


def _sound(path: Path, bad: Mapping[str, Ints]) -> Iterator[pa.RecordBatch]:
    """A staged file without the quarantined rows, streamed in its order."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            keep = np.ones(batch.num_rows, dtype=bool)
            rows = np.asarray(batch.column(ROW).to_numpy())
            for name, numbers in bad.items():
                keep &= ~(np.isin(rows, numbers) & np.asarray(pc.equal(batch.column(FILE), name)))
            yield batch if keep.all() else batch.filter(pa.array(keep))


def _write(kind: str, batches: Iterator[pa.RecordBatch], path: Path) -> tuple[int, dict[str, int]]:
    """Write events with exactly the kind's columns; returns their number and the sum of each money column."""
    schema = arrow_schema(BY_NAME[kind]).remove_metadata()
    money = [column.name for column in BY_NAME[kind].columns if column.type is Type.MONEY]
    rows, sums = 0, dict.fromkeys(money, 0)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            table = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
            writer.write_table(table)
            rows += table.num_rows
            for name in money:
                sums[name] += int(pc.sum(table[name], min_count=0).as_py())
    return rows, sums


def _firsts(clean: str, held: Sequence[Path]) -> str:
    """Of each loan the earliest event, unless the book holds an earlier one."""
    first = f"SELECT * FROM ({clean}) QUALIFY row_number() OVER (PARTITION BY loan_id ORDER BY happened_on, {_ORDER}) = 1"
    if not held:
        return first
    return (
        f"SELECT a.* FROM ({first}) a LEFT JOIN (SELECT loan_id, min(happened_on) AS opened FROM {scan(held)} GROUP BY 1) b "
        "ON a.loan_id = b.loan_id WHERE b.opened IS NULL OR a.happened_on <= b.opened"
    )
