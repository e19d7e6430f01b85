"""A bulk book on disk: the projection alone, written as `stores.projection` defines it, for measuring how fast a close is.

There are no events behind it, so it cannot be rebuilt: a change of the rules makes it stale and it is generated again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook import units
from loanbook.simulator.bulk import Part, parts
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import Scenario
from loanbook.simulator.telling import CURRENCY
from loanbook.stores.batch_files import KINDS, Batch, batch_writer, to_table
from loanbook.stores.book import Book, create_book
from loanbook.stores.durable import digest
from loanbook.stores.projection import (
    CLASS_COLUMNS,
    FORMAT,
    ProjectedFile,
    Projection,
    ProjectionManifest,
    current_projection,
    projection_key,
)
from loanbook.stores.rules_hash import rules_hash

SEED = 65


def write_bulk_book(
    folder: Path,
    *,
    loans: int,
    seed: int = SEED,
    scenario: Scenario | None = None,
    on_part: Callable[[Part], None] | None = None,
) -> tuple[Book, Projection]:
    """A new book in `folder` with the projection of `loans` simulated loans, known up to the scenario's last drawdown day.

    on_part   told each part as it is written, for progress and for writing the same loans in another layout
    """
    scene = scenario or Scenario()
    offered = offer(scene)
    book = create_book(folder, name=folder.name, currency=CURRENCY)
    key = projection_key(book)
    home = folder / "projection" / key
    home.mkdir(parents=True)
    rows = offered.classes.rows
    columns = [pa.array(rows[:, number]) for number in range(rows.shape[1])]
    pq.write_table(
        pa.table(columns, names=list(CLASS_COLUMNS)), home / "classes.parquet", compression="zstd", write_page_checksum=True
    )
    _write_empty(home / "calendar.parquet", {"day": pa.date32(), "closed": pa.bool_()})
    _write_empty(home / "loans.parquet", {"loan_no": pa.int64(), "loan_id": pa.string()})
    days = dict.fromkeys(("disbursed_on", "recorded_on", "reversed_on"), pa.date32())
    _write_empty(home / "shifting.parquet", {"loan_no": pa.int64(), "borrower_no": pa.int64(), **days})
    stream = parts(offered, scenario=scene, seed=seed, loans=loans, horizon=scene.last_day)
    files, counts = _write_parts(home, stream, on_part)
    manifest = ProjectionManifest(
        format=FORMAT,
        key=key,
        facts_hash=book.facts_hash(),
        rules_hash=rules_hash(),
        loans=counts,
        products=offered.classes.products,
        segments=offered.classes.segments,
        since=units.date(scene.first_day).isoformat(),
        last_on=units.date(scene.last_day).isoformat(),
        last_recorded_on=units.date(scene.last_day).isoformat(),
        totals={"loans": loans},
        loose_ends=(),
        files=files,
    )
    (home / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    found = current_projection(book)
    if found is None:
        raise AssertionError("a projection just written is current")
    return book, found


def _write_empty(path: Path, columns: dict[str, pa.DataType]) -> None:
    pq.write_table(pa.schema(list(columns.items())).empty_table(), path)


def _write_parts(
    home: Path, stream: Iterable[Part], on_part: Callable[[Part], None] | None
) -> tuple[tuple[ProjectedFile, ...], dict[str, int]]:
    files: list[ProjectedFile] = []
    counts = dict.fromkeys(KINDS, 0)
    open_files: dict[str, tuple[Path, pq.ParquetWriter, list[int], int]] = {}
    month = ""

    def close() -> None:
        for kind, (path, writer, groups, rows) in open_files.items():
            writer.close()
            relative = path.relative_to(home).as_posix()
            files.append(
                ProjectedFile(kind=kind, month=month, path=relative, groups=tuple(groups), rows=rows, sha256=digest(path))
            )
        open_files.clear()

    for part in stream:
        of_part = str(part.compact.disbursed_on[:1].astype("datetime64[D]").astype("datetime64[M]")[0])
        if of_part != month:
            close()
            month = of_part
        batches: tuple[tuple[str, Batch, int], ...] = (
            ("compact", part.compact, int(part.compact.late_offsets[-1])),
            ("irregular", part.irregular, int(part.irregular.fact_offsets[-1])),
        )
        for kind, batch, elements in batches:
            if kind not in open_files:
                path = home / kind / f"{month}.parquet"
                path.parent.mkdir(exist_ok=True)
                open_files[kind] = (path, batch_writer(path, kind), [], 0)
            path, writer, groups, rows = open_files[kind]
            table = to_table(batch)
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
            groups.append(table.num_rows)
            counts[kind] += table.num_rows
            open_files[kind] = (path, writer, groups, rows + elements)
        if on_part is not None:
            on_part(part)
    close()
    return tuple(files), counts
