"""What commands share: a console that does not cut figures, dates from text, progress bars, and what a first run waits for."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loanbook import units
from loanbook.services.compiling import COMPILING, is_cold
from loanbook.stores.projection import Progress as Told

WIDTH = 150
"""Columns where the output is no terminal."""


def console() -> Console:
    """Where results go."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDTH)


def day_of(text: str | None) -> dt.date | None:
    """A date option; raises RequestError for anything but YYYY-MM-DD."""
    return None if text is None else units.date(units.day(text))


def say_when_cold() -> None:
    """One line on the error stream where kernels must be compiled first, which looks like standing still."""
    if is_cold():
        typer.echo(f"({COMPILING})", err=True)


@contextmanager
def progress() -> Iterator[Told | None]:
    """Bars on the error stream, one a stage; nothing where it is no terminal. A first run says that it compiles, anywhere."""
    say_when_cold()
    bars = Console(stderr=True)
    if not bars.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=bars, transient=True) as shown:
        stages = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = shown.add_task(stage, total=total or None)
            shown.update(stages[stage], completed=done, total=total or None)

        yield tell
