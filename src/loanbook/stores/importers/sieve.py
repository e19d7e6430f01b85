"""All events of an import, staged on disk, then judged together.

Set aside are events that the book would refuse, ids used twice, events of unknown loans, and events before their loan.
What is found bad takes its whole source row along, in every kind. What is left is written once, ready for one commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.events import BY_NAME, KINDS, Type
from loanbook.stores.checks import first_broken
from loanbook.stores.engine import Engine, connect, scan
from loanbook.stores.importers.conversion import FAULTS, FILE, ROW, ConvertedBatch
from loanbook.stores.schema import arrow_schema, content_columns
from loanbook.units import Ints

HEADS = ("loan_disbursed", "position_opened")
"""Kinds that bring a loan into the book."""
_BATCH_ROWS = 1 << 17
_FREE = (*HEADS, "application_received")
_AFTER_DISBURSEMENT = (
    "payment_received",
    "charge_added",
    "rate_changed",
    "loan_charged_off",
    "recovery_received",
    "disbursement_added",
)
_Finder: TypeAlias = Callable[[Engine, str, list[str], Mapping[str, Sequence[Path]]], str]
"""Finds faults in the staged events of a kind, given all kinds and the book's files: a query, or nothing."""
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
    ) -> Sifted:
        """Judge everything staged.

        book_files      the book's event files by kind; empty for a new book
        first_of_loan   kinds of which only a loan's earliest event counts
        dated_by_loan   kinds whose events take both dates of their loan's first event
        currency        of the book; empty where any will do
        """
        self.close()
        kinds = [kind.name for kind in KINDS if kind.name in self._writers]
        with connect(self._folder / "spill") as engine:
            for kind in kinds:
                engine.view(f"staged_{kind}", f"SELECT * FROM {scan([self._path(kind)])}")
            faults = [f"SELECT * FROM {scan([self._folder / 'found.parquet'])}"]
            engine.keep("bad", f'SELECT DISTINCT "{FILE}", "{ROW}" FROM ({faults[0]})')
            finders: tuple[_Finder, ...] = (partial(_ruled, currency), _repeats, _strangers, _early)
            for number, find in enumerate(finders):
                found = [text for kind in kinds if (text := find(engine, kind, kinds, book_files))]
                if found:
                    engine.keep(f"found_{number}", " UNION ALL ".join(found))
                    engine.keep("bad", f'SELECT "{FILE}", "{ROW}" FROM bad UNION SELECT "{FILE}", "{ROW}" FROM found_{number}')
                    faults.append(f"SELECT * FROM found_{number}")
            bad = _bad_rows(engine)
            events, rows, sums = {}, {}, {}
            for kind in kinds:
                path = self._folder / f"events_{kind}.parquet"
                clean = _standing(kind, kinds, book_files, kind in first_of_loan, kind in dated_by_loan)
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


def _standing(
    kind: str, kinds: list[str], book_files: Mapping[str, Sequence[Path]], first_of_loan: bool, dated_by_loan: bool
) -> str:
    """The query of a kind that looks beyond its own rows; empty where the sound rows are taken as they are."""
    if not (first_of_loan or dated_by_loan):
        return ""
    clean = f"SELECT * FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})"
    if first_of_loan:
        clean = _firsts(clean, tuple(book_files.get(kind, ())))
    if dated_by_loan:
        heads = _heads(kinds, book_files, "loan_id, happened_on, recorded_at")
        clean = (
            "SELECT c.* REPLACE (h.happened_on AS happened_on, h.recorded_at AS recorded_at) "
            f"FROM ({clean}) c JOIN (SELECT loan_id, min(happened_on) AS happened_on, "
            f"min(recorded_at) AS recorded_at FROM ({heads}) GROUP BY 1) h ON h.loan_id = c.loan_id"
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


def _fault(kind: str, column: str, value: str, reason: str, expected: str) -> str:
    return (
        f'a."{FILE}" AS "{FILE}", a."{ROW}" AS "{ROW}", \'{kind}\' AS event, \'{column}\' AS "column", '
        f"CAST({value} AS VARCHAR) AS value, {reason} AS reason, '{expected}' AS expected"
    )


def _ruled(currency: str, engine: Engine, kind: str, kinds: list[str], book_files: Mapping[str, Sequence[Path]]) -> str:
    """Rows that break a rule of their kind: the book would refuse the event, but not the rest of its source row."""
    sql = first_broken(BY_NAME[kind], currency)
    return (
        f'SELECT "{FILE}", "{ROW}", \'{kind}\' AS event, {sql["column"]} AS "column", {sql["value"]} AS value, '
        f"{sql['reason']} AS reason, {sql['expected']} AS expected FROM staged_{kind} WHERE {sql['test']}"
    )


def _repeats(engine: Engine, kind: str, kinds: list[str], book_files: Mapping[str, Sequence[Path]]) -> str:
    """Rows whose event id stands in another row. Which row is taken never depends on their order:

    whole repeats are taken once; when rows of one id differ, in this event or in what else they bring, none is taken.
    """
    engine.keep(f"twice_{kind}", f"SELECT hash(event_id) AS h FROM staged_{kind} GROUP BY 1 HAVING count(*) > 1")
    if not engine.number(f"SELECT count(*) FROM twice_{kind}"):
        return ""
    engine.keep(
        f"same_{kind}",
        f"SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY {_ORDER}) AS nth FROM staged_{kind} "
        f"ANTI JOIN bad USING ({_ORDER}) WHERE hash(event_id) IN (SELECT h FROM twice_{kind})",
    )
    brought = " UNION ALL ".join(
        f"SELECT {_ORDER}, '{other}:' || event_id AS id FROM staged_{other} SEMI JOIN same_{kind} USING ({_ORDER})"
        for other in kinds
    )
    content = ", ".join(f'a."{name}"' for name in content_columns(BY_NAME[kind]))
    engine.keep(
        f"differing_{kind}",
        f"SELECT a.event_id FROM same_{kind} a "
        f"JOIN (SELECT {_ORDER}, list(id ORDER BY id) AS ids FROM ({brought}) GROUP BY ALL) b USING ({_ORDER}) "
        f"GROUP BY a.event_id HAVING count(DISTINCT row({content}, b.ids)) > 1",
    )
    differs = f"a.event_id IN (SELECT event_id FROM differing_{kind})"
    reason = (
        "'the event id stands ' || CASE WHEN a.nth = 1 THEN 'again' ELSE 'already' END || "
        f"' in ' || o.\"{FILE}\" || ', row ' || o.\"{ROW}\" || "
        f"CASE WHEN {differs} THEN '; the rows of this id differ, so none is taken' ELSE ', with the same content' END"
    )
    return (
        f"SELECT {_fault(kind, 'event_id', 'a.event_id', reason, 'each row once')} FROM same_{kind} a JOIN same_{kind} o "
        f"ON o.event_id = a.event_id AND o.nth = CASE WHEN a.nth = 1 THEN 2 ELSE 1 END WHERE a.nth > 1 OR {differs}"
    )


def _strangers(engine: Engine, kind: str, kinds: list[str], book_files: Mapping[str, Sequence[Path]]) -> str:
    """Events of loans that neither the import nor the book opens."""
    if kind in _FREE:
        return ""
    known = _heads(kinds, book_files, "loan_id") or "SELECT '' AS loan_id LIMIT 0"
    reason = "'no loan of this id is disbursed or opened in these files or the book'"
    return (
        f"SELECT {_fault(kind, 'loan_id', 'a.loan_id', reason, 'import the loans first or together')} "
        f"FROM staged_{kind} a ANTI JOIN bad USING ({_ORDER}) WHERE a.loan_id NOT IN ({known})"
    )


def _early(engine: Engine, kind: str, kinds: list[str], book_files: Mapping[str, Sequence[Path]]) -> str:
    """Events that happened before their loan was disbursed."""
    if kind not in _AFTER_DISBURSEMENT:
        return ""
    heads = _heads(kinds, book_files, "loan_id, happened_on", HEADS[:1])
    if not heads:
        return ""
    reason = "'the event precedes the disbursement of ' || d.happened_on"
    return (
        f"SELECT {_fault(kind, 'happened_on', 'a.happened_on', reason, 'a day from the disbursement on')} "
        f"FROM (SELECT * FROM staged_{kind} ANTI JOIN bad USING ({_ORDER})) a "
        f"JOIN ({heads}) d ON a.loan_id = d.loan_id WHERE a.happened_on < d.happened_on"
    )


def _heads(kinds: list[str], book_files: Mapping[str, Sequence[Path]], columns: str, heads: Sequence[str] = HEADS) -> str:
    """The events that bring loans in, of the import and of the book; empty when there are none."""
    parts = [f"SELECT {columns} FROM staged_{head} ANTI JOIN bad USING ({_ORDER})" for head in heads if head in kinds]
    parts += [f"SELECT {columns} FROM {scan(book_files[head])}" for head in heads if book_files.get(head)]
    return " UNION ".join(parts)


def _firsts(clean: str, held: Sequence[Path]) -> str:
    """Of each loan the earliest event, unless the book holds an earlier one."""
    first = f"SELECT * FROM ({clean}) QUALIFY row_number() OVER (PARTITION BY loan_id ORDER BY happened_on, {_ORDER}) = 1"
    if not held:
        return first
    return (
        f"SELECT a.* FROM ({first}) a LEFT JOIN (SELECT loan_id, min(happened_on) AS opened FROM {scan(held)} GROUP BY 1) b "
        "ON a.loan_id = b.loan_id WHERE b.opened IS NULL OR a.happened_on <= b.opened"
    )
