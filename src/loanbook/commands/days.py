"""`loanbook day close`, `loanbook day show`."""

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from loanbook.commands.screen import console

app = typer.Typer(no_args_is_help=True, help="The day close of the online store.")


@app.command("close")
def close_day(
    to: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day to close; default yesterday.")
    ] = None,
) -> None:
    """Close every day that is not closed yet, step by step; what was done before is not done again.

    The store is the PostgreSQL that LOANBOOK_DSN names, else the embedded one. Settlement files go to `settlements` in the
    folder of Loanbook, one a partner and day. Ends with exit code 1 when a step had findings.
    """
    from loanbook.services.days import close_online

    found = steps = 0
    for done in close_online(None if to is None else to.date()):
        steps += 1
        found += done.left_out
        console().print(f"{done.day}  {done.step:<18} {_told(done.result)}", highlight=False, soft_wrap=True)
        for finding in done.findings:
            typer.echo(f"    {finding.place}: {finding.message}{_figures(finding.value, finding.expected)}", err=True)
    if not steps:
        console().print("Every day is closed.")
    if found:
        typer.echo(f"{found:,} findings; `loanbook day show DATE` shows them again.", err=True)
        raise typer.Exit(1)


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
        shown = f"{len(value)} kinds" if isinstance(value, dict) else f"{value:,}" if isinstance(value, int) else str(value)[:16]
        parts.append(f"{name.replace('_', ' ')} {shown}")
    return ", ".join(parts)


def _figures(value: str, expected: str) -> str:
    if not value:
        return ""
    return f" ({value})" if not expected else f" ({value}, expected {expected})"
