"""Files of a tape through reader, conversion and sieve: the whole import up to the commit, in bounded memory."""

import datetime as dt
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.errors import RequestError
from loanbook.stores.importers.conversion import FileState, convert
from loanbook.stores.importers.csv_reader import CsvReader
from loanbook.stores.importers.mapping import Format, Tape, TapeMapping
from loanbook.stores.importers.parquet_reader import ParquetReader
from loanbook.stores.importers.sieve import Sieve, Sifted
from loanbook.stores.importers.xml_reader import XmlReader

READERS: dict[Format, type[CsvReader | ParquetReader | XmlReader]] = {
    Format.CSV: CsvReader,
    Format.PARQUET: ParquetReader,
    Format.ABS_EE_XML: XmlReader,
}


JUDGING = "judging rows"
"""What follows the last file, as progress is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCount:
    """What became of a file's rows: read = accepted + skipped + quarantined.

    skipped    rows that the mapping leaves out by `skip_when`, or whose conditions give no event
    rounded    values rounded to the minor unit because the mapping says so
    units      how rate columns are written, where the file decided
    """

    file: str
    tape: str
    read: int
    accepted: int
    skipped: int
    quarantined: int
    rounded: int
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything read from the files of an import, judged and ready to commit."""

    files: tuple[FileCount, ...]
    sifted: Sifted


def choose_tapes(mapping: TapeMapping, files: Sequence[Path]) -> list[tuple[Path, Tape]]:
    """The tape of each file, by its name.

    raises   RequestError when no pattern fits, or two files have one name (places in messages would be ambiguous)
    """
    chosen: list[tuple[Path, Tape]] = []
    names: dict[str, Path] = {}
    for path in files:
        if path.name in names:
            raise RequestError(
                f"{path}: a file of the same name is already in this import ({names[path.name]}). Name each file once."
            )
        names[path.name] = path
        tape = next((t for t in mapping.tapes if any(fnmatch.fnmatch(path.name, pattern) for pattern in t.files)), None)
        if tape is None:
            patterns = "; ".join(f"{t.name}: {', '.join(t.files)}" for t in mapping.tapes)
            raise RequestError(f"{path.name}: the mapping {mapping.name} has no tape for this file name. It reads {patterns}.")
        chosen.append((path, tape))
    if not chosen:
        raise RequestError("No files are named. Name the tape's files.")
    return chosen


def read_tape(
    mapping: TapeMapping,
    files: Sequence[Path],
    folder: Path,
    book_files: Mapping[str, Sequence[Path]],
    progress: Callable[[str, int], None] | None = None,
    *,
    today: dt.date | None = None,
    versions: pa.Table | None = None,
) -> Reading:
    """Read, convert and judge all files.

    folder       an empty folder for staged files
    book_files   the book's event files by kind
    progress     told the file and how many of its bytes were read; then `JUDGING` and 0
    today        the last day that can have happened; None: any day can
    versions     terms that the book will archive, `terms_classes.version_table`; None: loans are taken without asking for terms
    raises       RequestError for what makes a whole file unreadable; then nothing is imported
    """
    sieve = Sieve(folder)
    counts = []
    try:
        for path, tape in choose_tapes(mapping, files):
            counts.append(_read_file(path, tape, sieve, progress))
    except BaseException:
        sieve.close()
        raise
    if progress is not None:
        progress(JUDGING, 0)
    rules = [event for tape in mapping.tapes for event in tape.events]
    sifted = sieve.sift(
        book_files,
        first_of_loan=frozenset(event.kind.name for event in rules if event.first_of_loan),
        dated_by_loan=frozenset(event.kind.name for event in rules if event.dated_by_loan),
        currency=mapping.currency,
        today=today,
        versions=versions,
    )
    judged = []
    for count in counts:
        bad = sifted.bad.get(count.file, 0)
        judged.append(
            FileCount(
                file=count.file,
                tape=count.tape,
                read=count.read,
                accepted=count.read - count.skipped - bad,
                skipped=count.skipped,
                quarantined=bad,
                rounded=count.rounded,
                units=count.units,
            )
        )
    return Reading(files=tuple(judged), sifted=sifted)


def _set_aside(misfits: pa.Table, sieve: Sieve) -> int:
    sieve.add_faults(misfits)
    return len(pc.unique(misfits["row"]))


def _read_file(path: Path, tape: Tape, sieve: Sieve, progress: Callable[[str, int], None] | None) -> FileCount:
    name = path.name
    reader = READERS[tape.format](path, tape, progress=(lambda at: progress(name, at)) if progress else None)
    state = FileState(file=name)
    read = skipped = rounded = 0
    try:
        for batch in reader.batches():
            converted = convert(tape, reader.binding, batch, state)
            read += converted.read
            skipped += converted.skipped
            rounded += converted.rounded
            sieve.add(converted)
            read += _set_aside(reader.faults(), sieve)
        read += _set_aside(reader.faults(), sieve)
    finally:
        reader.close()
    units = {column: unit.value for column, unit in state.units.items()}
    return FileCount(
        file=name, tape=tape.name, read=read, accepted=0, skipped=skipped, quarantined=0, rounded=rounded, units=units
    )
