"""`loanbook books bridge`: from what the operating companies file one by one to the group's figure."""

from pathlib import Path
from typing import Annotated

import typer

from loanbook.commands.ledger import BookOption, PeriodName
from loanbook.commands.row_files import ToJson, save_rows
from loanbook.commands.screen import compiles_nothing, console, progress
from loanbook.services.books_report import bridge_tables
from loanbook.services.entity_bridge import bridge_of, local_names
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_reading import save_csv
from loanbook.statements.books_page import longest
from loanbook.statements.presentation_table import to_text
from loanbook.stores.book import open_book


def show_bridge(
    period: PeriodName,
    book: BookOption,
    year: Annotated[
        bool, typer.Option("--year", help="The year to date, as far as the ledger goes; default: the quarter.")
    ] = False,
    file: Annotated[Path | None, typer.Option("--to", help="Write the exact amounts as CSV into this file, too.")] = None,
    to_json: ToJson = None,
) -> None:
    """Bridge the sum of the major operating entities, by the rules they file by, to the group under US GAAP.

    Revenue and net profit: other rules of accounting for the same companies, the other companies of the group, what is within the
    group. In thousands; the exact amounts (--to) add up to the cent.
    """
    opened = open_book(book)
    with progress(compiles_nothing):
        found = group_statements(opened, period)
    span = longest(found.figures, found.quarter) if year else found.quarter
    tables = bridge_tables(found, found.terms.group, span)
    screen = console()
    if not tables:
        screen.print("The terms name no major operating entity of these days (`major` in terms/entities).")
        return
    for table in tables:
        typer.echo(to_text(table), nl=False)
    rules = local_names(found)
    screen.print(
        f"Local rules: {'; '.join(f'{name}: {books}' for name, books in rules.items())}.", soft_wrap=True, highlight=False
    )
    if file is not None:
        save_csv(bridge_of(found, span), file)
        screen.print(f"Exact amounts written to {file}", markup=False, soft_wrap=True)
    exact = bridge_of(found, span)
    save_rows(exact.to_pylist(), exact.column_names, None, to_json)
