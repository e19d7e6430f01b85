"""The day close of the online store."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from loanbook.commands.screen import console, progress
from loanbook.services.compiling import is_store_cold

if TYPE_CHECKING:
    from loanbook.services.day_close import StepDone

app = typer.Typer(no_args_is_help=True, help=__doc__)


_DID = {
    "reservations": ("asked_again", "expired", "lapsed"),
    "fall_due": ("loans",),
    "mark_overdue": ("new_loans",),
    "promises": ("kept", "broken"),
    "agencies": ("handed_over", "taken_back"),
    "recoveries": ("payments", "taken_back"),
    "compensation": ("loans",),
    "buy_backs": ("loans",),
    "charge_offs": ("loans",),
    "vehicle_receipts": ("opened", "vehicles"),
    "vehicle_ratios": ("vehicles",),
    "vehicle_waterfalls": ("dates",),
    "settlement_files": ("files",),
    "quota_reset": ("removed",),
    "line_expiry": ("lines",),
    "suspense": ("released",),
}
"""What each step did that changed something or that somebody waits for; the rest of its result is how things stand."""


@app.command("close")
def close_day(
    to: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day to close; default yesterday.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every step of every day, not of the last one alone.")] = False,
) -> None:
    """Close every day that is not closed yet, step by step; what was done before is not done again.

    A line a day says how many loans ran and which steps did something; the last day's steps follow one by one. The store is the
    PostgreSQL that LOANBOOK_DSN names, else the embedded one. Settlement files go to `settlements` in the folder of Loanbook, one
    a partner and day. Ends with exit code 1 when a step had findings.
    """
    from loanbook.services.days import close_online

    found = 0
    day: list[StepDone] = []
    with progress(is_store_cold) as tell:
        try:
            for done in close_online(None if to is None else to.date(), on_progress=tell):
                if day and day[0].day != done.day:
                    _show_line(day)
                    day = []
                day.append(done)
                found += done.left_out
                if verbose:
                    _show_step(done)
        finally:
            # Also when a step failed: what was done before it stays done.
            if day:
                _show_line(day)
            for done in () if verbose else day:
                _show_step(done)
    if not day:
        console().print("Every day is closed.")
    if found:
        typer.echo(f"{_counted(found, 'finding')}; `loanbook day show DATE` shows them again.", err=True)
        raise typer.Exit(1)


def _show_line(day: "Sequence[StepDone]") -> None:
    """A day in one line: its loans, the steps that did something, findings."""
    results = {done.step: done.result for done in day if isinstance(done.result, dict)}
    parts = []
    for step, result in results.items():
        count = sum(result.get(name, 0) for name in _DID.get(step, ()))
        if count:
            parts.append(f"{step.replace('_', ' ')} {count:,}")
    running = results.get("fall_due", {}).get("running_loans")
    loans = [] if running is None else [_counted(running, "loan")]
    found = sum(done.left_out for done in day)
    findings = [_counted(found, "finding")] if found else []
    words = "; ".join([*loans, *([", ".join(parts)] if parts else []), *findings])
    console().print(f"{day[0].day}  {words or 'nothing to do'}", highlight=False, soft_wrap=True)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _show_step(done: "StepDone") -> None:
    """One step with its findings, these on the error stream."""
    console().print(f"{done.day}  {done.step:<18} {_told(done.result)}", highlight=False, soft_wrap=True)
    for finding in done.findings:
        typer.echo(f"    {finding.place}: {finding.message}{_figures(finding.value, finding.expected)}", err=True)


@app.command("show")
def show_day(day: Annotated[dt.datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="YYYY-MM-DD.")]) -> None:
    """Show the steps of a day that are done, what they came to and what they left out."""
    from loanbook.services.days import show_online

    table = Table("step", "came to", title=f"Close of {day.date()}")
    table.add_column("findings", justify="right")
    done = show_online(day.date())
    for step in done:
        table.add_row(step.step, _told(step.result), str(step.left_out))
    console().print(table)
    for step in done:
        for finding in step.findings:
            words = f"{step.step}: {finding.place}: {finding.message}{_figures(finding.value, finding.expected)}"
            console().print(words, highlight=False, soft_wrap=True)


def _told(result: object) -> str:
    if not isinstance(result, dict):
        return str(result)
    parts = []
    for name, value in result.items():
        parts.append(f"{name.replace('_', ' ')} {_figure(value)}")
    return ", ".join(parts)


def _figure(value: object) -> str:
    """A number, how many there are of what is listed, or the first of a long text."""
    if isinstance(value, dict | list):
        return f"of {len(value)}" if value else "none"
    return f"{value:,}" if isinstance(value, int) else str(value)[:16]


def _figures(value: str, expected: str) -> str:
    if not value:
        return ""
    return f" ({value})" if not expected else f" ({value}, expected {expected})"
