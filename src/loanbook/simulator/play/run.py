"""`loanbook world`: a world is played against a platform of its own, its facts flow into a book, which is closed and reported."""

import datetime as dt
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loanbook import units
from loanbook.errors import Finding, RequestError, StateError
from loanbook.kernel import home
from loanbook.services.closing import Close, close
from loanbook.services.forwarding import CURRENCY, forward
from loanbook.services.reporting import report
from loanbook.simulator.example_books import keep_example_books
from loanbook.simulator.play.events_hash import events_hash, tables_of
from loanbook.simulator.play.played import play
from loanbook.simulator.play.setting import Setting, setting
from loanbook.simulator.play.store import platform_of, talk_with
from loanbook.simulator.play.story import BusinessLine, Story, VehicleLine, story_of
from loanbook.simulator.play.warming import warming
from loanbook.stores.book import Book, book_folder, create_book, open_book
from loanbook.stores.durable import write_in_place
from loanbook.stores.projection import Progress, project

JOINT = "meadow_bank"
"""The partner that lends together with our micro-lender."""
_RECORD = "world.json"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldRun:
    """What was played.

    days, days_after days on which anybody drew, and those after them;  seconds  playing took, the forwarding with it
    calls            how often each verb and read was used;  compared  figures that the auditor compared
    story            what happened, by business model and vehicle
    findings         what the auditor found, and the closes;  loans  by business model;  joint  those two lenders fund together
    events_hash      of the book's events, the same whenever the same world is played
    fresh            False when it was there already
    """

    book: str
    seed: int
    borrowers: int
    days: int
    days_after: int
    as_of: dt.date
    seconds: float
    calls: Mapping[str, int]
    compared: int
    findings: tuple[Finding, ...]
    loans: Mapping[str, int]
    joint: int
    story: Story
    events: int
    events_hash: str
    fresh: bool = True

    @property
    def record(self) -> Path:
        """The file that says all this."""
        return world_folder(self.book) / _RECORD


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldShown:
    """A world, its book's close and the page."""

    run: WorldRun
    book: Book
    close: Close
    page: Path


def world_folder(name: str) -> Path:
    """Where a world keeps what is its own: its record, keys, settlement files. Raises RequestError for no plain name."""
    if not _NAME.fullmatch(name):
        raise RequestError(f"a world's name is up to 40 small letters, digits, - and _, a letter first; got {name!r}.")
    return home() / "worlds" / name


def show_world(*, name: str, seed: int, borrowers: int, days: int, on_progress: Progress) -> WorldShown:
    """Play a world unless it is there, then close its book as of the last day on which anybody drew, and render the report.

    raises   StateError when the book of that name holds another world, or is no world's
    """
    run = _known(name, seed, borrowers, days)
    if run is None:
        with warming():
            run = run_world(setting(seed=seed, borrowers=borrowers, days=days), name=name, on_progress=on_progress)
    book = open_book(name)
    project(book, on_progress=on_progress)
    closed = close(book, run.as_of, on_progress=on_progress)
    keep_example_books(book, run.as_of, on_progress=on_progress)
    verdict = f"The auditor compared {run.compared:,} figures and found {len(run.findings) or 'nothing'}."
    page = report(name, as_of=run.as_of, on_progress=on_progress, foreword=(*run.story.lines(), verdict))
    return WorldShown(run=run, book=book, close=closed, page=page)


def run_world(chosen: Setting, *, name: str, on_progress: Progress) -> WorldRun:
    """Play a world from its first day to its last, forwarding its facts at each month's end.

    What an earlier play of that name left unfinished is removed first.
    """
    folder, target = world_folder(name), book_folder(name)
    if (folder / _RECORD).exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(folder)
    if target.exists():
        raise StateError(f"{target} is a book already, and no world's. Choose another name with --book.")
    folder.mkdir(parents=True)
    write_in_place(folder / _RECORD, b"{}\n")
    book = create_book(target, name=name, currency=CURRENCY)
    started = time.perf_counter()
    with platform_of(name) as connection:
        ears = talk_with(connection, chosen.first_day, folder, chosen.seed)
        auditor = ears.auditor()

        def after(on: int) -> None:
            nonlocal book
            on_progress("playing the year", on - chosen.first_day + 1, chosen.last_day - chosen.first_day + 1)
            if units.date(on + 1).day == 1 or on == chosen.last_day:
                forward(connection, book, ears.talk.clock()[0])
                book = book.refresh()

        played = play(chosen, ears.talk, auditor, after)
    seconds = time.perf_counter() - started
    tables = tables_of(book)
    drawn = tables.get("loan_disbursed")
    run = WorldRun(
        book=name,
        seed=chosen.seed,
        borrowers=chosen.borrowers,
        days=chosen.days,
        days_after=chosen.after,
        as_of=units.date(chosen.first_day + chosen.days - 1),
        seconds=seconds,
        calls=dict(sorted(ears.talk.calls.items())),
        compared=auditor.compared,
        findings=tuple(auditor.findings),
        loans=dict(sorted(Counter(drawn["model"].to_pylist()).items())) if drawn is not None else {},
        joint=sum(loan.life is not None and loan.partner == JOINT for loan in played.lending.loans),
        story=story_of(auditor),
        events=sum(table.num_rows for table in tables.values()),
        events_hash=events_hash(book, played.names()),
    )
    write_in_place(folder / _RECORD, (json.dumps(asdict(run), default=str, indent=1) + "\n").encode())
    return run


def _known(name: str, seed: int, borrowers: int, days: int) -> WorldRun | None:
    """The world of a name when it was played to its end; StateError when that was another one."""
    try:
        told = json.loads((world_folder(name) / _RECORD).read_bytes())
    except FileNotFoundError:
        return None
    if "story" not in told:
        return None
    if (told["seed"], told["borrowers"], told["days"]) != (seed, borrowers, days):
        raise StateError(
            f"{world_folder(name)}: this world has {told['borrowers']:,} borrowers, {told['days']} days and seed {told['seed']}. "
            "Choose another name with --book, or remove the folder to play another one under this name."
        )
    told["as_of"] = dt.date.fromisoformat(told["as_of"])
    told["story"] = _story(told["story"])
    told["findings"] = tuple(Finding(**each) for each in told["findings"])
    return WorldRun(**(told | {"fresh": False}))


def _story(told: dict[str, Any]) -> Story:
    business = tuple(BusinessLine(**each) for each in told["business"])
    vehicles = tuple(VehicleLine(**each) for each in told["vehicles"])
    return Story(**(told | {"business": business, "vehicles": vehicles}))
