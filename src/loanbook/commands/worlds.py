"""`loanbook world`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loanbook.commands.demo import headline, shown_progress

_WIDTH = 120
_FINDINGS_SHOWN = 20


def world(
    book: Annotated[str, typer.Option("--book", help="Name of the book, and of the world.")] = "world",
    borrowers: Annotated[int, typer.Option("--borrowers", min=1, max=100_000, help="Strangers who register.")] = 400,
    days: Annotated[
        int,
        typer.Option("--days", min=1, max=730, help="Days on which people come and draw; 31 more days are played after them."),
    ] = 365,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed is another world.")] = 2025,
) -> None:
    """Play a year against the platform as strangers would, audit it every day, close its book and render the report.

    Borrowers, partners and a payment provider use the verbs and reads of the API on an embedded PostgreSQL of their own; each
    day is closed, and an independent auditor compares. Ends with exit code 1 when it, or a day's close, found anything. The
    same seed, borrowers and days give the same book; a world that is there already is shown again. Nothing leaves the machine.
    """
    from loanbook.simulator.play.run import show_world

    with shown_progress() as told:
        shown = show_world(name=book, seed=seed, borrowers=borrowers, days=days, on_progress=told)
    run = shown.run
    plain = Console()
    console = plain if plain.is_terminal else Console(width=_WIDTH)
    played = run.days + run.days_after
    table = Table("played", title=f"{run.borrowers:,} strangers and {sum(run.loans.values()):,} loans, {played} days")
    table.add_column("", justify="right")
    for model, loans in run.loans.items():
        table.add_row(f"loans, {model.replace('_', ' ')}", f"{loans:,}")
    table.add_row("loans funded jointly", f"{run.joint:,}")
    verbs = sum(count for name, count in run.calls.items() if not name.startswith("look "))
    table.add_row("requests made", f"{verbs:,}")
    table.add_row("things looked up", f"{sum(run.calls.values()) - verbs:,}")
    table.add_row("events told to the book", f"{run.events:,}")
    table.add_row("figures that the auditor compared", f"{run.compared:,}")
    table.add_row("findings", f"{len(run.findings):,}")
    table.add_row("seconds, a day", f"{run.seconds:,.0f}, {run.seconds / played:.2f}")
    console.print(table)
    headline(console, shown.close, f"{run.book}: quarter to {run.as_of}")
    console.print(f"events  {run.events_hash}", soft_wrap=True, highlight=False)
    console.print(f"book    {shown.book.folder}", soft_wrap=True, highlight=False)
    console.print(f"tables  {shown.close.folder}", soft_wrap=True, highlight=False)
    console.print(f"report  {shown.page}", soft_wrap=True, highlight=False)
    for finding in run.findings[:_FINDINGS_SHOWN]:
        typer.echo(f"finding: {finding.place}: {finding.message}: {finding.value}, expected {finding.expected}", err=True)
    if run.findings:
        typer.echo(f"{len(run.findings):,} findings, all of them in {run.record}", err=True)
        raise typer.Exit(1)
