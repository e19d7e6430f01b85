"""The close: a book, a day and what was known, through the facts pass to cells, measures and tables in one folder.

A close is a pure function of the book's facts and terms, the package's rules and its three days; its folder is named by their
hash and written once. Only integers and files derived from them go in, so closing again gives the same bytes.
"""

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from loanbook import units
from loanbook.errors import RequestError, StateError
from loanbook.measures.cells import Cells, to_tables
from loanbook.measures.evaluation import evaluate
from loanbook.measures.space import Space, space
from loanbook.measures.tables import close_tables, tables_not_measured
from loanbook.measures.telling import not_measured
from loanbook.measures.window import Window
from loanbook.services.facts_pass import THREADS, measure
from loanbook.services.findings import findings_of
from loanbook.services.today import last_begun_day
from loanbook.stores.book import Book
from loanbook.stores.durable import exclusive, move_in_place
from loanbook.stores.latest import last_recorded
from loanbook.stores.projection import Progress, Projection, current_projection, reading
from loanbook.stores.rules_hash import rules_hash
from loanbook.stores.tables import write_both
from loanbook.stores.terms_classes import archived_products
from loanbook.terms.measure import Definition, load_measures

FORMAT = 4
LOOK_AHEAD_DAYS = 30
"""How far past the closing day a close looks by default, where that is known: the 30 days of the collection rate."""
WAIT_SECONDS = 3600.0
DAYS_NAMED = 6
"""Closed days that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A finished close.

    header   what close.json says: book, days, hashes, loans, findings, tables
    fresh    False when it was there already
    """

    folder: Path
    header: dict[str, Any]
    fresh: bool

    @property
    def decimals(self) -> int:
        """Decimals of the close's money."""
        return int(self.header["decimals"])

    def window(self) -> Window:
        """The days of the close."""
        days = (self.header[name] for name in ("since", "as_of", "observed_to", "known_at"))
        since, as_of, observed_to, known_on = (units.day(str(day)) for day in days)
        return Window(since=since, as_of=as_of, observed_to=observed_to, known_on=known_on)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def close_window(
    projection: Projection,
    as_of: dt.date,
    known_on: dt.date | None,
    observed_to: dt.date | None,
    *,
    latest: dt.date | None = None,
    begins_on: dt.date | None = None,
) -> Window:
    """The window of a close: what was not asked for becomes concrete here.

    known_on      default: everything the book has recorded up to `latest`, at least up to `as_of`
    latest        the last day of recording that counts by default; None: the book's last
    begins_on     the first day of a window without loans: of a book that has none by `as_of`; None: it must have some
    observed_to   default: 30 days past `as_of`, as far as that is known
    raises        RequestError for days in an impossible order; StateError for a book without loans
    """
    manifest = projection.manifest
    day = units.day(as_of)
    if manifest.since is None or day < units.day(manifest.since):
        if begins_on is not None:
            since = units.day(begins_on)
        elif manifest.since is None:
            raise StateError("the book has no loans yet. Import some with `loanbook import`.")
        else:
            raise RequestError(f"as_of {as_of} lies before the book's first loan, which was disbursed on {manifest.since}.")
    else:
        since = units.day(manifest.since)
    known = max(day, units.day(latest or manifest.last_recorded_on or as_of)) if known_on is None else units.day(known_on)
    if known < day:
        raise RequestError(
            f"known_at {known_on} lies before as_of {as_of}: a day is measured with at least what was recorded by it. "
            "Close an earlier day, or know more."
        )
    observed = min(day + LOOK_AHEAD_DAYS, known) if observed_to is None else units.day(observed_to)
    return Window(since=since, as_of=day, observed_to=observed, known_on=known)


def close(
    book: Book,
    as_of: dt.date,
    *,
    known_on: dt.date | None = None,
    observed_to: dt.date | None = None,
    begins_on: dt.date | None = None,
    on_progress: Progress | None = None,
    threads: int = THREADS,
) -> Close:
    """Close a book as of a day: cells of every family, all measures with comparatives, all tables, as Parquet and CSV.

    The period is the quarter of `as_of` up to that day; it is compared with the prior quarter and the same quarter a year before.

    known_on, observed_to, begins_on   see `close_window`
    returns                 the close; one that was made before is returned as it is
    raises                  RequestError, StateError
    """
    tell = on_progress or _silent
    with reading(book, on_progress=tell) as projection:
        return _close(book, projection, as_of, known_on, observed_to, begins_on, tell, threads)


def _close(
    book: Book,
    projection: Projection,
    as_of: dt.date,
    known_on: dt.date | None,
    observed_to: dt.date | None,
    begins_on: dt.date | None,
    tell: Progress,
    threads: int,
) -> Close:
    window = close_window(projection, as_of, known_on, observed_to, latest=_latest(book, projection), begins_on=begins_on)
    definitions = load_measures()
    key = _key(projection, window)
    home = book.folder / "closes"
    home.mkdir(exist_ok=True)
    target = home / f"{as_of.isoformat()}-{key[:16]}"
    with exclusive(home / ".lock", wait_seconds=WAIT_SECONDS):
        for leftover in home.glob(".closing-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if not (target / "close.json").exists():
            found = space(projection.classes(), window, unknown_of(book))
            cells = measure(projection, found, on_progress=tell, threads=threads)
            _write(book, projection, window, definitions, cells, key, home / f".closing-{target.name}", target)
            return Close(folder=target, header=read_header(target), fresh=True)
        return Close(folder=target, header=read_header(target), fresh=False)


def _latest(book: Book, projection: Projection) -> dt.date | None:
    """The last day of recording that has come: one mistyped year must not move what every close counts."""
    last, today = projection.manifest.last_recorded_on, last_begun_day()
    if last is None or last <= today.isoformat():
        return None
    return last_recorded(book, today)


def is_stale(book: Book, close: Close) -> bool:
    """Whether the book's facts, the package's rules or the folder's format are no longer those that a close was made of."""
    made_of = tuple(close.header.get(name) for name in ("facts_hash", "rules_hash", "format"))
    return made_of != (book.facts_hash(), rules_hash(), FORMAT)


def renewed(book: Book, made: Close, *, on_progress: Progress | None = None) -> Close:
    """A close as the book now stands: itself, or, when it is stale, the same three days closed again.

    A close names what was known, so facts recorded after its known_at change nothing; a fact recorded before it that was appended
    since does.
    """
    if not is_stale(book, made):
        return made
    days = (dt.date.fromisoformat(made.header[name]) for name in ("as_of", "known_at", "observed_to", "since"))
    as_of, known_on, observed_to, since = days
    return close(book, as_of, known_on=known_on, observed_to=observed_to, begins_on=since, on_progress=on_progress)


def newer_facts(close: Close) -> str:
    """What to say of a close whose book has facts recorded after its known_at; empty when there are none."""
    known_at, last = close.header["known_at"], close.header["last_recorded_on"]
    if not last or last <= known_at:
        return ""
    return (
        f"The book has facts recorded after {known_at}, up to {last}; this close does not count them. "
        f"`loanbook close {close.header['book']} --as-of {close.header['as_of']} --known-at {last}` does."
    )


def read_header(folder: Path) -> dict[str, Any]:
    """What a close says of itself; raises StateError when the folder is no close."""
    try:
        return dict(json.loads((folder / "close.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError) as error:
        raise StateError(f"{folder} is no finished close. Run `loanbook close BOOK --as-of DATE`.") from error


def close_space(book: Book, close: Close, projection: Projection) -> Space:
    """The space of a close's cells over a projection of its book."""
    return space(projection.classes(), close.window(), unknown_of(book))


def unknown_of(book: Book) -> dict[str, set[str]]:
    """What the archived terms of each product, in any version, say that the source of its loans does not tell."""
    found: dict[str, set[str]] = {}
    for product in archived_products(book).values():
        found.setdefault(product.code, set()).update(each.name.lower() for each in product.unknown)
    return found


def _key(projection: Projection, window: Window) -> str:
    days = f"{window.since} {window.as_of} {window.observed_to} {window.known_on}"
    return hashlib.sha256(f"{FORMAT} {projection.manifest.key} {days}".encode()).hexdigest()


def _write(
    book: Book,
    projection: Projection,
    window: Window,
    definitions: tuple[Definition, ...],
    cells: Cells,
    key: str,
    folder: Path,
    target: Path,
) -> None:
    folder.mkdir()
    tables: dict[str, pa.Table] = {f"cells_{name}": table for name, table in to_tables(cells).items()}
    tables["measures"] = evaluate(cells, definitions)
    tables |= close_tables(cells, definitions)
    written = {name: write_both(table, folder, name) for name, table in tables.items()}
    manifest = projection.manifest
    header = {
        "format": FORMAT,
        "id": target.name,
        "key": key,
        "book": book.name,
        "currency": book.currency,
        "decimals": book.decimals,
        "since": units.date(window.since).isoformat(),
        "as_of": units.date(window.as_of).isoformat(),
        "known_at": units.date(window.known_on).isoformat(),
        "observed_to": units.date(window.observed_to).isoformat(),
        "last_recorded_on": manifest.last_recorded_on,
        "facts_hash": manifest.facts_hash,
        "terms": dict(sorted(book.manifest.terms.items())),
        "rules_hash": rules_hash(),
        "definitions": {definition.name: definition.versions[-1].definition_hash for definition in definitions},
        "loans": manifest.loans,
        "measured": {
            "loans": cells.loans,
            "without_payment_days": cells.without_payment_days,
            "without_schedule": cells.without_schedule,
        },
        "not_measured": {**not_measured(cells, definitions), **tables_not_measured(cells, definitions)},
        "findings": findings_of(manifest, cells, book.decimals),
        "tables": written,
    }
    (folder / "close.json").write_text(json.dumps(header, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if target.exists():
        # Without close.json it is no close: what a reader of an older version left.
        shutil.rmtree(target)
    move_in_place(folder, target)


def find_close(book: Book, *, as_of: dt.date | None = None) -> Close:
    """The latest close of a book, or the one of a day that knew most.

    raises   StateError when there is none, with the command that makes one
    """
    found, days = [], set()
    for described in (book.folder / "closes").glob("*/close.json"):
        header = read_header(described.parent)
        days.add(header["as_of"])
        if as_of is None or header["as_of"] == as_of.isoformat():
            found.append(
                (header["as_of"], header["known_at"], header["observed_to"], described.stat().st_mtime_ns, described.parent)
            )
    if not found:
        if as_of is None:
            raise StateError(f"{book.name} is not closed yet. Run {_closing(book)}.")
        others = f" It is closed as of {', '.join(sorted(days)[-DAYS_NAMED:])}." if days else ""
        raise StateError(
            f"{book.name} has no close as of {as_of}.{others} Run `loanbook close {book.name} --as-of {as_of}` to make it."
        )
    folder = max(found)[-1]
    return Close(folder=folder, header=read_header(folder), fresh=False)


def _closing(book: Book) -> str:
    """The command that closes a book, with a day where one is known without reading the events."""
    projection = current_projection(book)
    last = projection.manifest.last_recorded_on if projection else None
    if last is None or last > last_begun_day().isoformat():
        return f"`loanbook close {book.name} --as-of YYYY-MM-DD` with the day you want, say the end of a month"
    return f"`loanbook close {book.name} --as-of {last}` (the last day that the book knows), or with an earlier day"


def drop_closes(book: Book, *, as_of: dt.date | None = None) -> int:
    """Remove the closes of a book, or those of one day; they can be made again. Returns how many there were."""
    home = book.folder / "closes"
    if not home.is_dir():
        return 0
    with exclusive(home / ".lock", wait_seconds=WAIT_SECONDS):
        folders = [
            described.parent
            for described in home.glob("*/close.json")
            if as_of is None or read_header(described.parent)["as_of"] == as_of.isoformat()
        ]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    return len(folders)
