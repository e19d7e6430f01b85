"""`loanbook demo`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from loanbook.commands.screen import say_when_cold
from loanbook.errors import RequestError
from loanbook.services.closing import Close
from loanbook.simulator.demo import BOOK, as_of, demonstrate
from loanbook.simulator.platform_world import SCALE
from loanbook.simulator.twin import shown
from loanbook.simulator.twin_book import BOOK as TWIN
from loanbook.simulator.twin_book import make_twin
from loanbook.simulator.twin_books import shown_ratio
from loanbook.simulator.world import LOANS, SEED
from loanbook.statements.close_folder import read_close
from loanbook.statements.figures import change, figure
from loanbook.stores.projection import Progress as Told

_WIDTH = 120


def demo(
    book: Annotated[str | None, typer.Option("--book", help="Name of the book; default: demo, or twin for a scenario.")] = None,
    loans: Annotated[int | None, typer.Option("--loans", help=f"Loans of the simulated world; default {LOANS:,}.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another world.")] = SEED,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="A platform by its published drivers, e.g. platform_2024, and the comparison."),
    ] = None,
    scale: Annotated[
        int | None, typer.Option("--scale", help="With --scenario: one loan stands for this many; default 1,000.")
    ] = None,
) -> None:
    """Simulate a lending platform, close its book and render the portfolio report. Nothing leaves the machine.

    With --scenario the platform is one that publishes its figures: the three quarters are closed and set beside them.
    """
    plain = Console()
    console = plain if plain.is_terminal else Console(width=_WIDTH)
    if scenario is not None:
        if loans is not None:
            raise RequestError("--loans and --scenario exclude each other: a scenario says how many loans; choose its --scale.")
        _twin(console, scenario, book or TWIN, seed, scale or SCALE)
        return
    if scale is not None:
        raise RequestError("--scale needs a --scenario, e.g. --scenario platform_2024.")
    with shown_progress() as told:
        done = demonstrate(name=book or BOOK, seed=seed, loans=loans or LOANS, on_progress=told)
    loans = done.book.rows("loan_disbursed")
    headline(console, done.close, f"{done.book.name}: {loans:,} simulated loans, quarter to {as_of()}")
    console.print(f"book    {done.book.folder}", soft_wrap=True, highlight=False)
    console.print(f"tables  {done.close.folder}", soft_wrap=True, highlight=False)
    console.print(f"report  {done.page}", soft_wrap=True, highlight=False)


def _twin(console: Console, scenario: str, book: str, seed: int, scale: int) -> None:
    with shown_progress() as told:
        done = make_twin(scenario=scenario, name=book, seed=seed, scale=scale, on_progress=told)
    compared = done.compared
    console.print(f"{book}: {done.book.rows('loan_disbursed'):,} simulated loans, one for {scale:,}")
    console.print(f"book    {done.book.folder}", soft_wrap=True, highlight=False)
    for closed in done.closes.values():
        console.print(f"tables  {closed.folder}", soft_wrap=True, highlight=False)
    table = Table("figure", title=f"ours x {scale:,} beside what was published")
    for name in ("quarter", "reported", "ours", "ratio", "band"):
        table.add_column(name, justify="right")
    for each in compared:
        row, band = each.reported, each.reported.band
        ours = "" if each.ours is None else shown(row.unit, each.ours)
        ratio = "" if each.ratio is None else f"{each.ratio:.3f}" + (" !" if each.inside is False else "")
        limit = "" if band is None else f"{100 * band:.0f} %"
        table.add_row(row.title, row.quarter, shown(row.unit, row.value), ours, ratio, limit)
    console.print(table)
    banded = [each for each in compared if each.inside is not None]
    console.print(f"{sum(each.inside is True for each in banded)} of {len(banded)} figures are within their band.")
    stated = Table("statement line", title=f"statement lines x {scale:,} beside what was published, RMB thousand")
    for name in ("quarter", "reported", "ours", "ratio"):
        stated.add_column(name, justify="right")
    for line in done.lines:
        stated.add_row(line.title, line.quarter, f"{line.reported:,}", f"{line.ours:,}", shown_ratio(line))
    console.print(stated)
    judged = [line for line in done.lines if line.inside is not None]
    console.print(f"{sum(line.inside is True for line in judged)} of {len(judged)} lines with a band are within it.")


def headline(console: Console, close: Close, title: str) -> None:
    """The headline figures of a close as a table."""
    closed = read_close(close.folder)
    found = {each.measure: each for each in closed.figures()}
    table = Table("figure", title=title)
    for name in ("quarter", "on prior quarter", "on prior year"):
        table.add_column(name, justify="right")
    from loanbook.statements.sections import HEADLINE  # with it drawing is imported, which other commands need not wait for

    for name in HEADLINE:
        if name in found:
            row = found[name]
            table.add_row(
                row.title,
                figure(row.current, measure=name, unit=row.unit, currency=closed.currency),
                change(row.current, row.prior_quarter, measure=name, unit=row.unit),
                change(row.current, row.prior_year, measure=name, unit=row.unit),
            )
    console.print(table)


_SAID_EVERY_SECONDS = 20.0


@contextmanager
def shown_progress() -> Iterator[Told]:
    """Bars on a terminal, elsewhere a line a stage and more while it lasts, always on standard error; a first run says so."""
    say_when_cold()
    console = Console(stderr=True)
    if not console.is_terminal:
        said: dict[str, float] = {}

        def say(stage: str, done: int, total: int) -> None:
            now = time.monotonic()
            if stage not in said:
                typer.echo(f"{stage} ...", err=True)
            elif now - said[stage] >= _SAID_EVERY_SECONDS and total:
                typer.echo(f"{stage}: {done:,} of {total:,}", err=True)
            else:
                return
            said[stage] = now

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, total=1, completed=1)
                tasks[stage] = bars.add_task(stage, total=total or None, count="")
            count = f"{done:,} of {total:,}" if total else ""
            bars.update(tasks[stage], total=total or None, completed=done, count=count)

        yield show
