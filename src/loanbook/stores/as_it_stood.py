"""A book as it stood when something was made of it: the commits that it had then, and none that came later.

The day on which a fact was recorded does not tell that alone: a fact may be recorded on the day of a close, after it.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from loanbook.errors import TieError
from loanbook.events import KINDS
from loanbook.stores.book import Batch, Book, File
from loanbook.stores.engine import connect, scan
from loanbook.stores.scratch import scratch_folder


def counted(book: Book, imports: int) -> dict[str, Any]:
    """What names the state of a book: its commits and terms, and how many imports of the company's events it had."""
    return {
        "batches": len(book.manifest.batches),
        "terms": sorted(book.manifest.terms),
        "facts_hash": book.facts_hash(),
        "corporate_imports": imports,
    }


def stands(book: Book, state: Mapping[str, Any]) -> bool:
    """Whether nothing was committed since."""
    return bool(book.facts_hash() == state["facts_hash"])


def as_it_stood(book: Book, state: Mapping[str, Any], folder: Path) -> Book:
    """The book in a state of `counted`, in a folder of its own: its event files are read where they are, what derives lies there.

    raises   TieError when the book's manifest no longer has the commits of then
    """
    manifest = book.manifest
    found = Book(
        folder,
        msgspec.structs.replace(
            manifest,
            terms={key: manifest.terms[key] for key in state["terms"] if key in manifest.terms},
            batches=tuple(_there(batch, book.folder) for batch in manifest.batches[: int(state["batches"])]),
        ),
    )
    if found.facts_hash() != state["facts_hash"]:
        raise TieError(
            f"{book.folder / 'manifest.json'}: the first {state['batches']:,} commits are not those that were counted then. Put "
            f"the original back; `loanbook verify {book.name}` names files that were changed."
        )
    (folder / "terms").mkdir(exist_ok=True)
    for key in found.manifest.terms:
        shutil.copyfile(book.folder / "terms" / f"{key}.yaml", folder / "terms" / f"{key}.yaml")
    return found


def told_since(book: Book, state: Mapping[str, Any], known_at: str) -> int:
    """How many events were committed since that say they were recorded by a day: what its close would count today."""
    since = book.manifest.batches[int(state["batches"]) :]
    files = [book.folder / batch.events[kind.name].path for batch in since for kind in KINDS if kind.name in batch.events]
    if not files:
        return 0
    with scratch_folder("since") as spill, connect(spill) as engine:
        parts = " UNION ALL ".join(f"SELECT recorded_at FROM {scan([path])}" for path in files)
        ((count,),) = engine.rows(
            f"SELECT count(*) FROM ({parts}) WHERE CAST(recorded_at AS DATE) <= CAST($1 AS DATE)", [known_at]
        )
    return int(count)


def terms_since(book: Book, state: Mapping[str, Any]) -> tuple[str, ...]:
    """Products that had terms then and have further ones archived since: loans without a hash may fall under those."""
    old = {key: book.manifest.terms.get(key, "") for key in state["terms"]}
    new = {code for key, code in book.manifest.terms.items() if key not in old}
    return tuple(sorted(new & set(old.values())))


def told_late(
    book: Book, before: Mapping[str, Any] | None, before_known_at: str, state: Mapping[str, Any], known_at: str, until: str
) -> tuple[str, ...]:
    """Loans of up to a day that one close counts and the close before it did not know, by id.

    before   the state that the close before counted (None: it kept none), and the day it knew by;  state  that of this close
    until    the last day of the close before
    """
    held = len(book.manifest.batches) if before is None else int(before["batches"])
    batches = book.manifest.batches[: int(state["batches"])]
    files = [(book.folder / each.events["loan_disbursed"].path, each) for each in batches if "loan_disbursed" in each.events]
    early = [path for path, each in files if each in batches[:held]]
    later = [path for path, each in files if each in batches[held:]]
    parts = []
    told = "SELECT loan_id FROM {} WHERE happened_on <= CAST($1 AS DATE) AND CAST(recorded_at AS DATE) <= CAST($2 AS DATE)"
    if early:
        parts.append(f"{told.format(scan(early))} AND CAST(recorded_at AS DATE) > CAST($3 AS DATE)")
    if later:
        # Committed after the close before: whenever it says that it was recorded.
        parts.append(f"{told.format(scan(later))} AND $3 IS NOT NULL")
    if not parts:
        return ()
    asked = f"SELECT loan_id FROM ({' UNION ALL '.join(parts)})"
    if early:
        # A loan whose disbursement was told again was known before.
        known = f"SELECT loan_id FROM {scan(early)} WHERE CAST(recorded_at AS DATE) <= CAST($3 AS DATE)"
        asked = f"{asked} EXCEPT {known} AND loan_id IN ({asked})"
    with scratch_folder("late") as spill, connect(spill) as engine:
        rows = engine.rows(f"SELECT DISTINCT loan_id FROM ({asked}) ORDER BY 1", [until, known_at, before_known_at])
    return tuple(str(loan) for (loan,) in rows)


def _there(batch: Batch, folder: Path) -> Batch:
    """A commit with the whole paths of its files."""
    events = {kind: _whole(file, folder) for kind, file in batch.events.items()}
    return msgspec.structs.replace(batch, events=events, quarantine=None)


def _whole(file: File, folder: Path) -> File:
    return msgspec.structs.replace(file, path=str((folder / file.path).absolute()))
