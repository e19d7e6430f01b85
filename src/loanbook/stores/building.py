"""Building a projection: events through the engine's sorted streams, run by run into batches, each batch into its file."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loanbook.loans.batches import Classes, CompactBatch, IrregularBatch, ReportedBatch
from loanbook.loans.compaction import find_compact
from loanbook.loans.irregular import irregular_scratch, most_rows
from loanbook.stores import event_rows
from loanbook.stores.assembly import Cursor, chunks, offsets, resolve_reversals
from loanbook.stores.batch_files import KINDS, Batch, batch_writer, kind_of, select_loans, to_table
from loanbook.stores.book import Book
from loanbook.stores.durable import digest, move_in_place
from loanbook.stores.engine import Engine, connect
from loanbook.stores.limits import beyond_limits, impossible_terms
from loanbook.stores.projection import (
    CLASS_COLUMNS,
    FORMAT,
    MOST,
    LooseEnd,
    Progress,
    ProjectedFile,
    ProjectionManifest,
    remove_projection,
)
from loanbook.stores.rules_hash import rules_hash
from loanbook.stores.terms_classes import archived_products, class_rows, closed_days, version_table
from loanbook.terms.contract import Field
from loanbook.units import Ints

ROW_GROUP_LOANS = 1 << 20
"""Loans of one row group, fewer where schedules are long."""
_ROOM = 40_000_000
"""Instalments, and on average facts, one run may have room for."""
LIST_ROWS = 1 << 26
"""Facts or positions of one row group: its lists must stay under the 2 GiB of a binary column."""


def build(book: Book, key: str, on_progress: Progress) -> None:
    """Write the projection of a book under its key and remove older ones that nobody reads."""
    home = book.folder / "projection"
    home.mkdir(exist_ok=True)
    for leftover in (*home.glob(".building-*"), *home.glob(".removing-*")):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = home / f".building-{key}"
    folder.mkdir()
    try:
        with connect(folder / "spill") as engine:
            manifest = _fill(book, key, engine, folder, on_progress)
        shutil.rmtree(folder / "spill", ignore_errors=True)
        (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        shutil.rmtree(home / key, ignore_errors=True)
        move_in_place(folder, home / key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for other in home.iterdir():
        if other.name != key and other.is_dir():
            remove_projection(other)


def _fill(book: Book, key: str, engine: Engine, folder: Path, on_progress: Progress) -> ProjectionManifest:
    on_progress("reading events", 0, 0)
    event_rows.name_events(engine, book)
    products = archived_products(book)
    event_rows.keep_loans(engine, version_table(products))
    table = event_rows.classes(engine)
    classes = class_rows(book, products, table)
    calendar = closed_days(products, classes, table)
    columns = [pa.array(classes.rows[:, number]) for number in range(classes.rows.shape[1])]
    pq.write_table(
        pa.table(columns, names=list(CLASS_COLUMNS)), folder / "classes.parquet", compression="zstd", write_page_checksum=True
    )
    closed, closed_from = calendar
    days = pa.array(np.arange(closed_from, closed_from + closed.size, dtype=np.int32)).view(pa.date32())
    pq.write_table(
        pa.table({"day": days, "closed": pa.array(closed, pa.bool_())}), folder / "calendar.parquet", write_page_checksum=True
    )
    ids = [("loan_no", pa.int64()), ("loan_id", pa.string()), ("event_id", pa.string()), ("reported", pa.bool_())]
    engine.write(event_rows.ID_STREAM, folder / "loans.parquet", pa.schema(ids))
    shifting = [("loan_no", pa.int64()), ("borrower_no", pa.int64())]
    shifting += [(name, pa.date32()) for name in ("disbursed_on", "recorded_on", "reversed_on")]
    engine.write(event_rows.SHIFTING, folder / "shifting.parquet", pa.schema(shifting))
    beyond = beyond_limits(engine, products, table)
    contradicting = impossible_terms(engine, products)
    total = engine.number("SELECT count(*) FROM loan")
    files, loans = _write_batches(engine, folder, classes, calendar, total, on_progress)
    since, last_on, last_recorded_on = event_rows.last_days(engine)
    return ProjectionManifest(
        format=FORMAT,
        key=key,
        facts_hash=book.facts_hash(),
        rules_hash=rules_hash(),
        loans=loans,
        products=classes.products,
        segments=classes.segments,
        since=since,
        last_on=last_on,
        last_recorded_on=last_recorded_on,
        totals={**event_rows.totals(engine), MOST: event_rows.most_money(engine, classes.rows[:, Field.TENOR_MONTHS])},
        loose_ends=tuple(
            LooseEnd(kind=kind, message=message, events=count, first=first)
            for kind, message, count, first in event_rows.loose_ends(engine)
        ),
        files=files,
        beyond=beyond,
        impossible=contradicting,
        vehicles=classes.vehicles,
        partners=classes.partners,
    )


class _Shelf:
    """Open files of the month that is being written: one per kind of batch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, tuple[Path, pq.ParquetWriter, list[int], int]] = {}
        self._month = ""
        self.files: list[ProjectedFile] = []

    def write(self, month: str, batch: Batch) -> None:
        """Add a batch as a row group of its month's file."""
        if month != self._month:
            self.close()
            self._month = month
        kind = kind_of(batch)
        if kind not in self._open:
            path = self._folder / kind / f"{month}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._open[kind] = (path, batch_writer(path, kind), [], 0)
        path, writer, groups, rows = self._open[kind]
        for part in _halved(batch):
            table = to_table(part)
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
            groups.append(table.num_rows)
        self._open[kind] = (path, writer, groups, rows + _list_rows(batch))

    def close(self) -> None:
        """Finish the month."""
        for kind in KINDS:
            if kind in self._open:
                path, writer, groups, rows = self._open.pop(kind)
                writer.close()
                self.files.append(
                    ProjectedFile(
                        kind=kind,
                        month=self._month,
                        path=path.relative_to(self._folder).as_posix(),
                        groups=tuple(groups),
                        rows=rows,
                        sha256=digest(path),
                    )
                )


def _halved(batch: Batch) -> Iterator[Batch]:
    """The batch, or its halves where some loans have more rows than their run was made for; a single loan stays whole."""
    count = batch.loan_no.size
    if count < 2 or _list_rows(batch) <= LIST_ROWS:
        yield batch
        return
    first = np.arange(count) < count // 2
    yield from _halved(select_loans(batch, first))
    yield from _halved(select_loans(batch, ~first))


def _list_rows(batch: Batch) -> int:
    if isinstance(batch, CompactBatch):
        return int(batch.late_offsets[-1])
    return int((batch.fact_offsets if isinstance(batch, IrregularBatch) else batch.position_offsets)[-1])


def _write_batches(
    engine: Engine, folder: Path, classes: Classes, calendar: tuple[Ints, int], total: int, on_progress: Progress
) -> tuple[tuple[ProjectedFile, ...], dict[str, int]]:
    shelf = _Shelf(folder)
    loans = dict.fromkeys(KINDS, 0)
    longest = int(classes.rows[:, Field.COUNT].max(initial=0)) + 1
    done = 0
    with contextlib.closing(shelf):
        event_rows.keep_rows(engine)
        most = max(min(ROW_GROUP_LOANS, _ROOM // longest, _ROOM // event_rows.rows_a_loan(engine)), 1)
        facts = Cursor(engine.stream(event_rows.FACT_STREAM))
        listed = Cursor(engine.stream(event_rows.LISTED_STREAM))
        positions = Cursor(engine.stream(event_rows.POSITION_STREAM))
        for run in chunks(engine.stream(event_rows.LOAN_STREAM), most=most):
            below = int(run["loan_no"][-1]) + 1
            month = str(run["disbursed_on"][:1].astype("datetime64[D]").astype("datetime64[M]")[0])
            rows = (resolve_reversals(facts.take(below)), listed.take(below), positions.take(below))
            for batch in _batches(run, *rows, classes, calendar):
                loans[kind_of(batch)] += batch.loan_no.size
                shelf.write(month, batch)
            done += run["loan_no"].size
            on_progress("building loans", done, total)
    return tuple(shelf.files), loans


def _batches(
    run: dict[str, Ints],
    facts: dict[str, Ints],
    listed: dict[str, Ints],
    positions: dict[str, Ints],
    classes: Classes,
    calendar: tuple[Ints, int],
) -> Iterator[Batch]:
    whole = irregular_batch(run, facts, listed)
    reported = run["reported"].astype(np.bool_)
    if reported.any():
        yield select_loans(reported_batch(run, positions), reported)
    if reported.all():
        return
    compact, form = _compact(whole, classes, calendar)
    compact &= ~reported
    if compact.any():
        yield select_loans(form, compact)
    rest = ~compact & ~reported
    if rest.any():
        yield select_loans(whole, rest)


def _head(run: dict[str, Ints]) -> dict[str, Ints]:
    names = ("loan_no", "class_no", "principal_fen", "disbursed_on", "first_due_on", "installment_fen", "ordinal")
    return {name: run[name] for name in names}


def irregular_batch(run: dict[str, Ints], facts: dict[str, Ints], listed: dict[str, Ints]) -> IrregularBatch:
    """The loans of a run with all their facts, compact or not."""
    first, count = int(run["loan_no"][0]), run["loan_no"].size

    def column(rows: dict[str, Ints], name: str, type_: type[np.generic]) -> Ints:
        return rows[name].astype(type_, copy=False) if rows else np.zeros(0, type_)

    return IrregularBatch(
        **_head(run),
        fact_offsets=offsets(facts.get("loan_no"), first, count),
        fact_kind=column(facts, "kind", np.int8),
        fact_on=column(facts, "fact_on", np.int32),
        fact_recorded_on=column(facts, "recorded_on", np.int32),
        fact_amount=column(facts, "amount", np.int64),
        fact_detail=column(facts, "detail", np.int64),
        listed_offsets=offsets(listed.get("loan_no"), first, count),
        listed_due_on=column(listed, "due_on", np.int32),
        listed_principal=column(listed, "principal_fen", np.int64),
        listed_interest=column(listed, "interest_fen", np.int64),
        listed_fee=column(listed, "fee_fen", np.int64),
    )


def reported_batch(run: dict[str, Ints], positions: dict[str, Ints]) -> ReportedBatch:
    """The loans of a run with the positions that a tape reports."""
    first, count = int(run["loan_no"][0]), run["loan_no"].size
    small = ("position_on", "recorded_on", "dpd")

    def column(name: str) -> Ints:
        type_ = np.int32 if name in small else np.int64
        return positions[name].astype(type_, copy=False) if positions else np.zeros(0, type_)

    return ReportedBatch(
        **_head(run),
        opened_on=run["opened_on"],
        opened_balance=_filled(run["opened_balance"], np.int64),
        opened_dpd=_filled(run["opened_dpd"], np.int32),
        position_offsets=offsets(positions.get("loan_no"), first, count),
        position_on=column("position_on"),
        position_recorded_on=column("recorded_on"),
        position_balance=column("balance"),
        position_principal=column("principal"),
        position_paid=column("paid"),
        position_recovered=column("recovered"),
        position_liquidation=column("liquidation"),
        position_dpd=column("dpd"),
    )


def _filled(values: Ints, type_: type[np.generic]) -> Ints:
    return values.astype(type_, copy=False)


def _compact(whole: IrregularBatch, classes: Classes, calendar: tuple[Ints, int]) -> tuple[Ints, CompactBatch]:
    count = whole.loan_no.size
    room = classes.rows[whole.class_no, Field.COUNT] + 1
    late_offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(room)))
    compact = np.zeros(count, np.bool_)
    settled_on = np.zeros(count, np.int64)
    late_days = np.zeros(int(late_offsets[-1]), np.int16)
    late_counts = np.zeros(count, np.int64)
    find_compact(
        classes.rows,
        whole.class_no,
        whole.principal_fen,
        whole.disbursed_on,
        whole.first_due_on,
        whole.installment_fen,
        whole.fact_offsets,
        whole.fact_kind,
        whole.fact_on,
        whole.fact_recorded_on,
        whole.fact_amount,
        whole.fact_detail,
        *calendar,
        int(room.max(initial=0)) + 1,
        irregular_scratch(most_rows(whole, classes.rows), int(np.diff(whole.fact_offsets).max(initial=0))),
        late_offsets,
        compact,
        settled_on,
        late_days,
        late_counts,
    )
    place = np.arange(late_days.size) - np.repeat(late_offsets[:-1], room)
    used = place < np.repeat(late_counts, room)
    form = CompactBatch(
        loan_no=whole.loan_no,
        class_no=whole.class_no,
        principal_fen=whole.principal_fen,
        disbursed_on=whole.disbursed_on,
        first_due_on=whole.first_due_on,
        installment_fen=whole.installment_fen,
        ordinal=whole.ordinal,
        settled_on=settled_on.astype(np.int32),
        late_offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(late_counts))),
        late_days=late_days[used],
    )
    return compact, form
