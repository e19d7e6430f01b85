"""`loanbook statements`: the financial statements of a closed quarter, with notes and the reconciliation to IFRS."""

from pathlib import Path
from typing import Annotated

import typer

from loanbook.commands.ledger import BookOption, PeriodName
from loanbook.commands.screen import compiles_nothing, console, progress
from loanbook.errors import RequestError
from loanbook.services.books_report import dollar_rate
from loanbook.services.group_statements import group_statements, in_unit, signs_turned
from loanbook.services.presenting import FORMS, IFRS, names_of, tables_of, written
from loanbook.statements.periods import period as quarter
from loanbook.statements.presentation import CNY, USD, rate_of
from loanbook.statements.scale import AUTO
from loanbook.stores.book import Book, open_book
from loanbook.stores.durable import write_in_place
from loanbook.units import date, format_money


def show_statements(
    period: PeriodName,
    book: BookOption,
    basis: Annotated[
        str, typer.Option("--basis", help="us_gaap: statements and notes; ifrs: the reconciliation, and the figures under IFRS.")
    ] = "us_gaap",
    currency: Annotated[
        str, typer.Option("--currency", help="CNY; USD adds the convenience column of current periods, on either basis.")
    ] = CNY,
    rate: Annotated[str | None, typer.Option("--rate", help="RMB a US$, e.g. 7.0176; default: the book's own.")] = None,
    unit: Annotated[
        str, typer.Option("--unit", help="thousand, one, or auto: thousands where an amount reaches 100 million, else ones.")
    ] = AUTO,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A statement by its name, e.g. balance_sheet. Repeatable; default: all.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, csv or html.")] = "text",
    file: Annotated[Path | None, typer.Option("--to", help="Write to this file; default: the screen.")] = None,
    list_names: Annotated[bool, typer.Option("--list", help="List the names of the statements.")] = False,
) -> None:
    """Print the financial statements of a closed quarter of the group: consolidated and rounded once, to one unit.

    A balance sheet stands against 31 December, flows quarter and year to date against a year before, as far as the ledger goes.
    `loanbook statement` (without s) reads a bank's statement.
    """
    if form not in FORMS:
        raise RequestError(f"{form!r} is no form. Write one of {', '.join(FORMS)}.")
    if currency not in (CNY, USD):
        raise RequestError(f"statements are in CNY, or with a convenience column in USD; not {currency!r}.")
    dollars = currency == USD
    if rate is not None and not dollars:
        raise RequestError("--rate is of the column that --currency USD adds. Write both, or neither.")
    opened = open_book(book)
    used = 0 if not dollars else rate_of(rate) if rate is not None else _rate_of_book(opened, period)
    with progress(compiles_nothing):
        made = in_unit(group_statements(opened, period, rate=used), unit)
    if list_names:
        for name in names_of(made, basis if basis == IFRS else ""):
            typer.echo(name)
        return
    group = made.terms.group
    company = group.entity(group.top).name(made.quarter.ends_on)
    tables = tables_of(made, basis=basis, dollars=dollars, company=company, only=only or ())
    title = f"{company}: {period}, {'IFRS' if basis == IFRS else 'US GAAP'}, in {made.scale.words(opened.currency or CNY)}"
    if dollars:
        title += f"; US$ at RMB {format_money(used, 4)}"
    page = written(tables, form, title=title)
    screen = console()
    if file is None:
        typer.echo(f"{title}\n" if form == "text" else "", nl=form == "text")
        typer.echo(page, nl=False)
    else:
        _save(file, f"{title}\n\n{page}" if form == "text" else page)
        screen.print(f"{len(tables)} tables written to {file}", markup=False, soft_wrap=True)
    for finding in (*made.findings, *signs_turned(made, tables)):
        typer.echo(f"finding: {finding}", err=True)
    if next(each for each in made.periods if each.closed.name == period).closed.manifest["opening"]:
        typer.echo(f"{period} is the opening of the ledger: it has balances and no flows of its own.", err=True)


def _rate_of_book(book: Book, name: str) -> int:
    on = date(quarter(name).ends_on)
    found = dollar_rate(book, on)
    if not found:
        raise RequestError(f"the book has no rate of USD for {on}. Give one, --rate 7.0176, or tell the book: an fx_rate event.")
    return found


def _save(file: Path, text: str) -> None:
    if not file.absolute().parent.is_dir():
        raise RequestError(f"{file}: there is no folder {file.parent}.")
    write_in_place(file, text.encode())
