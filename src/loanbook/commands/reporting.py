"""`loanbook report`."""

from pathlib import Path
from typing import Annotated

import typer

from loanbook import units
from loanbook.commands.screen import progress
from loanbook.services.reporting import report


def render_report(
    book: Annotated[str, typer.Argument(metavar="BOOK", help="The book.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Day of the close, YYYY-MM-DD; the latest when left out.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Write the page here instead of beside the close, and what it links to into NAME_files beside."
        ),
    ] = None,
    loans: Annotated[
        bool,
        typer.Option(
            "--loans/--no-loans", help="List the loans behind the figures. --out with --no-loans: a page that stands alone."
        ),
    ] = True,
) -> None:
    """Render a close as one self-contained HTML page, with the loans behind its figures, and print its path."""
    day = units.date(units.day(as_of)) if as_of else None
    notes: list[str] = []
    with progress() as tell:
        page = report(book, as_of=day, out=out, drilldown=loans, on_progress=tell, on_note=notes.append)
    for words in notes:
        typer.echo(words, err=True)
    typer.echo(page)
