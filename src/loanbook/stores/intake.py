"""Taking event rows in: staged as typed files, checked row by row and id by id by the engine, committed by one manifest.

Nothing is held in memory that grows with the batch: tables stream into staging files, ids are compared by hash first and exactly
where hashes meet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from loanbook.errors import Finding, RequestError, StateError, TermsError
from loanbook.events import BY_NAME, Kind
from loanbook.stores.book import Batch, Book, File, Manifest, describe, unknown_kinds, write_manifest, writing
from loanbook.stores.checks import LISTED, currencies, refuse, reject_conflicts, seen_before
from loanbook.stores.durable import move_in_place
from loanbook.stores.engine import Engine, connect, scan
from loanbook.stores.schema import arrow_schema
from loanbook.stores.staging import stage
from loanbook.terms.currency import checked
from loanbook.terms.product import text_hash
from loanbook.terms.product_file import parse_product

Rows: TypeAlias = pa.Table | pa.RecordBatchReader | Path
"""Event rows: an Arrow table, a stream of record batches, or a Parquet file."""

Texts: TypeAlias = tuple[tuple[str, str], ...]
"""Product code and YAML text of terms, one pair a version."""

REFUSED_COLUMNS = ("kind", "row_number", "event_id", "where_from", "reason", "value", "expected")
"""Columns of a quarantine file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a batch: given = accepted + skipped + quarantined, in rows, in total and by kind.

    book             the book after the commit (the same one when nothing was new)
    batch            number of the commit, 0 when there was none
    accepted         rows stored; skipped: rows whose id and content the book or the batch held already
    quarantined      rows refused; `findings` are the first of them, all are in `quarantine` (a Parquet file of the book)
    redelivered      skipped rows that came with another `recorded_at`; the first one stays
    """

    book: Book
    batch: int
    given: dict[str, int]
    accepted: dict[str, int]
    skipped: dict[str, int]
    quarantined: dict[str, int]
    redelivered: int
    findings: tuple[Finding, ...]
    quarantine: Path | None

    def total(self, counts: dict[str, int]) -> int:
        """The sum over kinds."""
        return sum(counts.values())


class BookMovedError(StateError):
    """Another writer committed since the book was opened."""


def append(
    book: Book, tables: Mapping[str, Rows], *, terms: Mapping[str, str] | Texts | None = None, unmoved: bool = False
) -> Receipt:
    """Add event rows of several kinds, and terms, in one commit.

    tables   rows by kind name; columns as `schema.arrow_schema`, optional ones may be absent
    terms    terms to archive: YAML text by product code, or pairs of both where a product has several versions
    unmoved  take the rows only into exactly this state of the book, because they were judged against it
    returns  the receipt; a row that breaks a rule is quarantined, the rest go in
    raises   TermsError for terms that say something impossible, or are of another product;
             RequestError for an unknown kind or column or a wrong type; StateError when an id is used with other content, or a
             first batch names several currencies; BookMovedError when `unmoved` and it was. Then nothing is appended.
    """
    texts = tuple(terms.items() if isinstance(terms, Mapping) else terms or ())
    _check_terms(book, texts)
    strangers = unknown_kinds(tables)
    if strangers:
        raise RequestError(f"{strangers[0]!r} is no kind of event. Kinds: {', '.join(BY_NAME)}.")
    with writing(book) as (current, folder):
        if unmoved and current.manifest != book.manifest:
            raise BookMovedError(f"{book.folder}: another writer added to the book meanwhile. Run the command again.")
        staged = {BY_NAME[name]: stage(rows, BY_NAME[name], folder) for name, rows in tables.items()}
        with connect(folder / "spill") as engine:
            return _commit(current, engine, folder, {kind: path for kind, (path, count) in staged.items() if count}, texts)


def _check_terms(book: Book, texts: Texts) -> None:
    """What is archived can be read again: a text that nobody parsed would make the book unusable."""
    for code, text in texts:
        if text_hash(text) in book.manifest.terms:
            continue
        name = f"terms of {code}"
        product = parse_product(text, name)
        if product.code != code:
            raise TermsError(f"{name}: the text is that of product {product.code}. Give each text under its product's code.")


def _commit(book: Book, engine: Engine, folder: Path, staged: dict[Kind, Path], terms: Texts) -> Receipt:
    for kind, path in staged.items():
        engine.view(f"given_{kind.name}", f"SELECT *, file_row_number AS place FROM {_with_places(path)}")
    currency = _currency(book, engine, list(staged))
    for kind in staged:
        refuse(engine, kind, currency)
    reject_conflicts(engine, list(staged), book)
    given, accepted, skipped, quarantined = {}, {}, {}, {}
    redelivered = 0
    new: dict[Kind, Path] = {}
    for kind, path in staged.items():
        known, again = seen_before(engine, kind)
        redelivered += again
        given[kind.name] = engine.number(f"SELECT count(*) FROM given_{kind.name}")
        quarantined[kind.name] = engine.number(f"SELECT count(*) FROM refused_{kind.name}")
        skipped[kind.name] = known
        accepted[kind.name] = given[kind.name] - quarantined[kind.name] - known
        if accepted[kind.name] == given[kind.name]:
            new[kind] = path
        elif accepted[kind.name]:
            new[kind] = folder / f"new_{kind.name}.parquet"
            names = ", ".join(f'"{name}"' for name in arrow_schema(kind).names)
            engine.write(
                f"SELECT {names} FROM given_{kind.name} WHERE place NOT IN (SELECT place FROM refused_{kind.name}) "
                f"AND place NOT IN (SELECT place FROM seen_{kind.name}) ORDER BY place",
                new[kind],
                arrow_schema(kind).remove_metadata(),
            )
    findings, refused = _quarantine(engine, list(staged), folder)
    stored = _store(book, new, accepted, sum(skipped.values()), refused, sum(quarantined.values()), terms, currency)
    committed = stored.manifest.batches[-1] if len(stored.manifest.batches) > len(book.manifest.batches) else None
    return Receipt(
        book=stored,
        batch=committed.number if committed else 0,
        given=given,
        accepted=accepted,
        skipped=skipped,
        quarantined=quarantined,
        redelivered=redelivered,
        findings=findings,
        quarantine=stored.folder / committed.quarantine.path if committed and committed.quarantine else None,
    )


def _with_places(path: Path) -> str:
    return scan([path])[:-1] + ", file_row_number=true)"


def _currency(book: Book, engine: Engine, kinds: Sequence[Kind]) -> str:
    found = currencies(engine, kinds)
    if book.currency or not found:
        return book.currency
    if len(found) > 1:
        raise StateError(
            f"{book.folder}: the batch holds money in {', '.join(found)}; a book has one currency. Make a book for each of them."
        )
    return checked(found[0], f"{book.folder}: the currency of the batch")


def _quarantine(engine: Engine, kinds: Sequence[Kind], folder: Path) -> tuple[tuple[Finding, ...], Path | None]:
    if not kinds:
        return (), None
    engine.view(
        "quarantine",
        " UNION ALL ".join(
            f"SELECT '{k.name}' AS kind, place + 1 AS row_number, event_id, where_from, reason, value, expected "
            f"FROM refused_{k.name}"
            for k in kinds
        ),
    )
    rows = engine.rows(
        f"SELECT kind, row_number, where_from, reason, value, expected FROM quarantine ORDER BY kind, row_number LIMIT {LISTED}"
    )
    if not rows:
        return (), None
    path = folder / "quarantine.parquet"
    schema = pa.schema([(name, pa.int64() if name == "row_number" else pa.string()) for name in REFUSED_COLUMNS])
    engine.write("SELECT * FROM quarantine ORDER BY kind, row_number", path, schema)
    findings = tuple(
        Finding(place=where or f"{kind}, row {row}", message=f"{kind}: {reason}", value=value or "", expected=expected)
        for kind, row, where, reason, value, expected in rows
    )
    return findings, path


def _store(
    book: Book,
    new: Mapping[Kind, Path],
    accepted: Mapping[str, int],
    skipped: int,
    refused: Path | None,
    refused_rows: int,
    terms: Texts,
    currency: str,
) -> Book:
    archive = {text_hash(text): code for code, text in sorted(terms)}
    fresh_terms = {key: code for key, code in archive.items() if key not in book.manifest.terms}
    held = {batch.quarantine.sha256 for batch in book.manifest.batches if batch.quarantine}
    number = len(book.manifest.batches) + 1
    quarantine = None
    if refused is not None:
        line = _place(book, refused, f"quarantine/{number:06d}.parquet", refused_rows)
        quarantine = line if line.sha256 not in held else None
    if not (new or fresh_terms or quarantine):
        return book
    for _, text in terms:
        if text_hash(text) in fresh_terms:
            target = book.folder / "terms" / f"{text_hash(text)}.yaml"
            target.parent.mkdir(exist_ok=True)
            beside = book.folder / ".staging" / target.name
            beside.write_text(text, encoding="utf-8", newline="")
            move_in_place(beside, target)
    events = {k.name: _place(book, p, f"events/{k.name}/{number:06d}.parquet", accepted[k.name]) for k, p in new.items()}
    batches = book.manifest.batches
    if events or quarantine:
        batches = (*batches, Batch(number=number, events=events, skipped=skipped, quarantine=quarantine))
    manifest = Manifest(
        format=book.manifest.format,
        name=book.name,
        currency=currency or book.currency,
        terms={**book.manifest.terms, **fresh_terms},
        batches=batches,
        decimals=book.decimals,
    )
    write_manifest(book.folder, manifest)
    return Book(book.folder, manifest)


def _place(book: Book, staged: Path, relative: str, rows: int) -> File:
    target = book.folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    move_in_place(staged, target)
    return describe(target, book.folder, rows)
