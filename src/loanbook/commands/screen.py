"""What commands share: a console that does not cut figures, dates from text, progress bars, and what a first run waits for."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# What counts money and compiles kernels is imported where it is asked for: some commands need none of it.
if TYPE_CHECKING:
    from loanbook.stores.projection import Progress as Told

WIDTH = 150
"""Columns where the output is no terminal."""


def console() -> Console:
    """Where results go."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDTH)


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number of things: "1 loan", "1,200 loans", "2 entries"."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def day_of(text: str | None) -> dt.date | None:
    """A date option; raises RequestError for anything but YYYY-MM-DD."""
    from loanbook import units

    return None if text is None else units.date(units.day(text))


def compiles_nothing() -> bool:
    """For commands that need no kernel: none is cold."""
    return False


def say_when_cold(cold: Callable[[], bool] | None = None) -> None:
    """One line on the error stream where kernels must be compiled first, which looks like standing still.

    cold   whether those that the command needs are; default: those of books and closes
    """
    if cold is compiles_nothing:
        return
    from loanbook.services import compiling

    if (cold or compiling.is_cold)():
        typer.echo(f"({compiling.COMPILING})", err=True)


@contextmanager
def progress(cold: Callable[[], bool] | None = None) -> Iterator["Told | None"]:
    """Bars on the error stream, one a stage; nothing where it is no terminal. A first run says that it compiles, anywhere."""
    say_when_cold(cold)
    bars = Console(stderr=True)
    if not bars.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Lines that are printed meanwhile go above the bars, but what goes into a file or a pipe is left alone.
    with Progress(*columns, console=bars, transient=True, redirect_stdout=sys.stdout.isatty()) as shown:
        stages = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = shown.add_task(stage, total=total or None)
            shown.update(stages[stage], completed=done, total=total or None)

        yield tell
