"""Import a tape into a book: read, convert, judge, commit once, and keep a record with the quarantine beside the book."""

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from loanbook import units
from loanbook.errors import Finding, RequestError
from loanbook.events import KINDS
from loanbook.services.today import last_begun_day
from loanbook.stores.book import Book, book_folder, ensure_book, writing
from loanbook.stores.durable import digest, move_in_place
from loanbook.stores.importers.conversion import FAULTS
from loanbook.stores.importers.mapping import TapeMapping
from loanbook.stores.importers.product_terms import GivenTerms, known_terms, named_products, read_terms, terms_to_archive
from loanbook.stores.importers.reading import FileCount, choose_tapes, read_tape
from loanbook.stores.importers.sieve import Sifted
from loanbook.stores.intake import BookMovedError, append
from loanbook.stores.scratch import scratch_folder
from loanbook.stores.spreadsheet import write_csv
from loanbook.stores.terms_classes import version_table
from loanbook.terms.product import Product, text_hash

COMMITTING = "writing events"
RECORDING = "keeping the record"
LISTED = 20
"""Findings shown one by one; all are in the quarantine files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCount:
    """Events of one kind: `given` by the files = `new` + `held` by the book already + `refused` by the book's own rules."""

    kind: str
    given: int
    new: int
    held: int
    refused: int
    sums: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What an import did.

    book         the book's folder; None for a trial
    files        rows of each file: read = accepted + skipped + quarantined
    kinds        events by kind
    findings     the first quarantined rows
    faults       how many faults there are in all
    quarantine   CSV of all faults; None when there are none, or for a trial
    terms        versions of terms that the book archives now (in a trial: would), as product code and first day in force
    """

    mapping: str
    currency: str
    decimals: int
    book: Path | None
    files: tuple[FileCount, ...]
    kinds: tuple[KindCount, ...]
    findings: tuple[Finding, ...]
    faults: int
    quarantine: Path | None
    terms: tuple[tuple[str, dt.date], ...]

    @property
    def new(self) -> int:
        """Events that were not in the book before."""
        return sum(kind.new for kind in self.kinds)


def import_tape(
    mapping: TapeMapping,
    files: Sequence[Path],
    name: str,
    *,
    terms: Sequence[Path] = (),
    trial: bool = False,
    quarantined_most: int | None = None,
    future: bool = False,
    today: dt.date | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> ImportOutcome:
    """Import files into the book `name`, which is made when there is none; all of it or, when anything raises, nothing.

    terms    files of product terms that are archived with the loans; shipped products need none
    trial    read and judge only: the book is not touched, nor made
    quarantined_most   rows that may be set aside; with more of them nothing is imported. None: any number
    future   take rows that name a day to come as the day something happened; by default they are set aside
    today    the last day that can have happened; default: `last_begun_day`
    progress told each file with the bytes read so far, then each stage that follows by its name, with 0
    raises   RequestError for unreadable files, or too many quarantined rows; TermsError for loans of a product without terms, or
             with terms of another money than the mapping's; StateError when an event id is in the book with other content, or the
             book's money is another
    """
    _check_files(files)
    choose_tapes(mapping, files)
    given = read_terms(terms)
    last_day = None if future else today or last_begun_day()
    while True:
        # Rows are judged against the book as it stands: when another import adds to it meanwhile, they are judged again.
        try:
            return _import(mapping, files, book_folder(name), given, trial, quarantined_most, last_day, progress)
        except BookMovedError:
            continue


def _check_files(files: Sequence[Path]) -> None:
    for path in files:
        if path.is_dir():
            raise RequestError(f"{path} is a folder. Name the tape's files in it.")
        if not path.exists():
            raise RequestError(f"{path}: there is no such file, so nothing was imported.")


def _import(
    mapping: TapeMapping,
    files: Sequence[Path],
    folder: Path,
    given: Sequence[GivenTerms],
    trial: bool,
    quarantined_most: int | None,
    last_day: dt.date | None,
    progress: Callable[[str, int], None] | None,
) -> ImportOutcome:
    book = None
    if (folder / "manifest.json").exists():
        book = ensure_book(folder, currency=mapping.currency, decimals=mapping.decimals)
    terms_to_archive(mapping, mapping.products, given, book)
    with scratch_folder("import") as scratch:
        held = {kind: book.files(kind) for kind in _kinds(mapping)} if book is not None else {}
        known = known_terms(given, book)
        present = {kind: paths for kind, paths in held.items() if paths}
        reading = read_tape(mapping, files, scratch, present, progress, today=last_day, versions=version_table(known))
        sifted = reading.sifted
        kinds = tuple(_kind(sifted, kind, None) for kind in sifted.rows)
        texts = terms_to_archive(mapping, (*mapping.products, *named_products(sifted.events)), given, book)
        quarantine = None
        if not trial:
            _check_quarantined(reading.files, sifted, quarantined_most)
            if sifted.events:
                kept = ensure_book(folder, currency=mapping.currency, decimals=mapping.decimals)
                if book is None and kept.manifest.batches:
                    raise BookMovedError(f"{folder}: another import made the book meanwhile.")
                _tell(progress, COMMITTING)
                receipt = append(kept if book is None else book, sifted.events, terms=texts, unmoved=True)
                book = receipt.book
                counts = (receipt.given, receipt.accepted, receipt.skipped, receipt.quarantined)
                kinds = tuple(_kind(sifted, kind, tuple(c.get(kind, 0) for c in counts)) for kind in sifted.rows)
            if book is not None:
                _tell(progress, RECORDING)
                quarantine = _record(mapping, files, book, sifted, reading.files)
        return ImportOutcome(
            mapping=mapping.name,
            currency=mapping.currency,
            decimals=mapping.decimals,
            book=None if trial or book is None else book.folder,
            files=reading.files,
            kinds=kinds,
            findings=_findings(sifted),
            faults=sifted.faults,
            quarantine=quarantine,
            terms=_named(known, texts) if sifted.events else (),
        )


def _tell(progress: Callable[[str, int], None] | None, stage: str) -> None:
    if progress is not None:
        progress(stage, 0)


def _named(known: Mapping[str, Product], texts: Sequence[tuple[str, str]]) -> tuple[tuple[str, dt.date], ...]:
    archived = (known[text_hash(text)] for _, text in texts)
    return tuple(sorted((product.code, units.date(product.effective_from)) for product in archived))


def _check_quarantined(counts: Sequence[FileCount], sifted: Sifted, most: int | None) -> None:
    rows = sum(file.quarantined for file in counts)
    if most is not None and rows > most:
        first = _findings(sifted)[0]
        value = f" ({first.value})" if first.value else ""
        many = f"{rows:,} {'row' if rows == 1 else 'rows'}"
        raise RequestError(
            f"{many} cannot be trusted, and at most {most:,} may be set aside, so nothing was imported. The first: "
            f"{first.place}: {first.message}{value}. Expected: {first.expected}. Run it with --dry-run to see them, correct "
            "the source, or allow more with --max-quarantined."
        )


def _kinds(mapping: TapeMapping) -> list[str]:
    own = {event.kind.name for tape in mapping.tapes for event in tape.events}
    # What takes an event back may name one of any kind.
    every = {kind.name for kind in KINDS} if "event_reversed" in own else set()
    return sorted(own | every | {"loan_disbursed", "position_opened"})


def _kind(sifted: Sifted, kind: str, counts: tuple[int, ...] | None) -> KindCount:
    given = sifted.rows[kind]
    _, new, held, refused = counts or (given, given, 0, 0)
    sums = {column: total for (of, column), total in sifted.sums.items() if of == kind and total}
    return KindCount(kind=kind, given=given, new=new, held=held, refused=refused, sums=sums)


def _findings(sifted: Sifted) -> tuple[Finding, ...]:
    with pq.ParquetFile(sifted.quarantine) as file:
        first = next(file.iter_batches(LISTED), None)
    return tuple(
        Finding(
            place=f"{row['file']}, row {row['row']}",
            message=f"{row['event']}.{row['column']}: {row['reason']}" if row["event"] else row["reason"],
            value=row["value"] or "",
            expected=row["expected"] or "",
        )
        for row in (first.to_pylist() if first is not None else [])
    )


def _record(mapping: TapeMapping, files: Sequence[Path], book: Book, sifted: Sifted, counts: Sequence[FileCount]) -> Path | None:
    """Write `imports/<id>/`: import.json, and the quarantine as Parquet and CSV. The same import has the same id."""
    hashes = {path.name: digest(path) for path in files}
    key = hashlib.sha256("\n".join([mapping.text_hash, *(f"{n} {h}" for n, h in sorted(hashes.items()))]).encode()).hexdigest()[
        :16
    ]
    folder = book.folder / "imports" / key
    record = {
        "mapping": mapping.name,
        "mapping_sha256": mapping.text_hash,
        "files": [{**{f: getattr(c, f) for f in _COUNTED}, "sha256": hashes[c.file]} for c in counts],
        "events": sifted.rows,
        "faults": sifted.faults,
    }
    # Made in the writer's folder and moved, so that what a crash leaves is swept and no file is ever half there.
    with writing(book) as (_, staging):
        names = []
        if sifted.faults:
            shutil.copyfile(sifted.quarantine, staging / "quarantine.parquet")
            with pq.ParquetFile(staging / "quarantine.parquet") as file:
                write_csv(staging / "quarantine.csv", FAULTS.names, _lines(file))
            names = ["quarantine.parquet", "quarantine.csv"]
        (staging / "import.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
        folder.mkdir(parents=True, exist_ok=True)
        for old in ("quarantine.parquet", "quarantine.csv"):
            if old not in names:
                # The same files judged again without a fault: terms, loans or a day they lacked are there now.
                (folder / old).unlink(missing_ok=True)
        for name in (*names, "import.json"):
            move_in_place(staging / name, folder / name)
    return folder / "quarantine.csv" if sifted.faults else None


_COUNTED = ("file", "tape", "read", "accepted", "skipped", "quarantined", "rounded")


def _lines(file: pq.ParquetFile) -> Iterator[tuple[object, ...]]:
    for batch in file.iter_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
