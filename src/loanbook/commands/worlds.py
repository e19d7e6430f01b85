"""`loanbook world`."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from loanbook.commands.demo import headline, shown_progress
from loanbook.units import format_money

if TYPE_CHECKING:
    from loanbook.simulator.play.story import Story

_WIDTH = 120
_FINDINGS_SHOWN = 20


def world(
    book: Annotated[str, typer.Option("--book", help="Name of the book, and of the world.")] = "world",
    borrowers: Annotated[int, typer.Option("--borrowers", min=1, max=100_000, help="Strangers who register.")] = 400,
    days: Annotated[
        int,
        typer.Option(
            "--days", min=1, max=730, help="Days on which people come and draw; lives go on after them: 31 days, 55 after a year."
        ),
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
    console.print(_by_model(run.story, f"{run.borrowers:,} strangers and {sum(run.loans.values()):,} loans, {played} days"))
    console.print(_by_vehicle(run.story))
    table = Table("played")
    table.add_column("", justify="right")
    table.add_row("loans that two lend together", f"{run.joint:,}")
    verbs = sum(count for name, count in run.calls.items() if not name.startswith("look "))
    table.add_row("requests made", f"{verbs:,}")
    table.add_row("things looked up", f"{sum(run.calls.values()) - verbs:,}")
    table.add_row("events told to the book", f"{run.events:,}")
    table.add_row("statements of provider and bank", f"{run.story.statements:,}")
    table.add_row("amounts in suspense that were worked off", f"{run.story.resolved:,}")
    table.add_row("amounts still in suspense", f"{run.story.suspense_items:,}, RMB {format_money(run.story.suspense_fen)}")
    table.add_row("refunds, write-offs by two persons", f"{run.story.refunds:,}, {run.story.write_offs:,}")
    table.add_row("borrowers forgotten on their request", f"{run.story.erased:,}")
    table.add_row("figures that the auditor compared", f"{run.compared:,}")
    table.add_row("findings", f"{len(run.findings):,}")
    table.add_row("seconds, a day", f"{run.seconds:,.0f}, {run.seconds / played:.2f}")
    console.print(table)
    headline(console, shown.close, f"{run.book}: quarter to {run.as_of}")
    console.print(f"events  {run.events_hash}", soft_wrap=True, highlight=False)
    console.print(f"book    {shown.book.folder}", soft_wrap=True, highlight=False)
    console.print(f"tables  {shown.close.folder}", soft_wrap=True, highlight=False)
    console.print(f"report  {shown.page}", soft_wrap=True, highlight=False)
    verdict = f"{run.compared:,} figures compared by the auditor, {len(run.findings) or 'nothing'} found"
    console.print(f"audit   {verdict}", soft_wrap=True, highlight=False)
    for finding in run.findings[:_FINDINGS_SHOWN]:
        typer.echo(f"finding: {finding.place}: {finding.message}: {finding.value}, expected {finding.expected}", err=True)
    if run.findings:
        typer.echo(f"{len(run.findings):,} findings, all of them in {run.record}", err=True)
        raise typer.Exit(1)


def _by_model(story: "Story", title: str) -> Table:
    """What was lent under each business model and what became of it: what guarantors paid, what of that came back to them, and
    what was recovered after write-offs."""
    table = Table("business model, RMB", title=title)
    for name in ("loans", "lent", "outstanding", "written off", "compensated", "came back", "recovered"):
        table.add_column(name, justify="right")
    for line in story.business:
        amounts = (
            line.lent_fen,
            line.outstanding_fen,
            line.written_off_fen,
            line.compensated_fen,
            line.reclaimed_fen,
            line.recovered_fen,
        )
        table.add_row(line.model.replace("_", " "), f"{line.loans:,}", *(format_money(each) for each in amounts))
    return table


def _by_vehicle(story: "Story") -> Table:
    """The books of vehicles on the last day."""
    table = Table("vehicle, RMB")
    for name in ("cash", "to lend", "tranches", "deposit", "dates paid"):
        table.add_column(name, justify="right")
    for line in story.vehicles:
        amounts = (line.cash_fen, line.lending_fen, line.tranches_fen, line.deposit_fen)
        table.add_row(line.vehicle.replace("_", " "), *(format_money(each) for each in amounts), f"{line.dates}")
    return table
