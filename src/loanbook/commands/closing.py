"""`loanbook close`, `measures`, `explain`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.books import BookName
from loanbook.commands.screen import console, day_of, progress
from loanbook.errors import RequestError
from loanbook.measures.periods import COMPARISONS, period
from loanbook.services.closing import Close, close, drop_closes, find_close, newer_facts
from loanbook.services.explaining import Explanation, explain, explain_loans, figures_of
from loanbook.stores.book import open_book
from loanbook.terms.measure import load_measures, page_rows

AsOf = Annotated[str, typer.Option("--as-of", help="Day whose end is measured, YYYY-MM-DD.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Use only events recorded by this day; default: everything recorded up to today.")
]
ObservedTo = Annotated[
    str | None, typer.Option("--observed-to", help="Look this far ahead for the 30-day collection; default: 30 days, if known.")
]

_COMPARISONS = (("current", "current"), ("prior_quarter", "prior quarter"), ("prior_year", "prior year"))


def close_book(
    book: BookName,
    as_of: AsOf,
    known_at: KnownAt = None,
    observed_to: ObservedTo = None,
    drop: Annotated[
        bool, typer.Option("--drop", help="Remove the closes of that day instead of making one: a mistyped day, say.")
    ] = False,
) -> None:
    """Close a book: all measures of the quarter with comparatives, and all tables, as Parquet and CSV in one folder.

    The same close twice is made once. A later event does not change a close that names what was known (--known-at).
    `loanbook books close` posts a quarter to the ledger and locks it.
    """
    if drop:
        _drop(book, as_of)
        return
    done = _close(book, as_of, known_at, observed_to)
    table = Table("measure", title=f"{book} as of {done.header['as_of']}, known at {done.header['known_at']}")
    for name, title in _COMPARISONS:
        over = period(done.window(), "quarter", COMPARISONS[name])
        days = f"\n{over.starts_on} to\n{over.ends_on}" if over else ""
        table.add_column(title + days, justify="right")
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for row in figures_of(done):
        if not row["split"]:
            figures.setdefault(row["title"], {})[row["comparison"]] = row
    for title, rows in figures.items():
        table.add_row(title, *(_value(rows.get(name), done.decimals) for name, _ in _COMPARISONS))
    screen = console()
    screen.print(table)
    for name, reason in done.header["not_measured"].items():
        screen.print(f"not measured: {name}: {reason}.", markup=False, soft_wrap=True)
    for finding in done.header["findings"]:
        screen.print(f"finding: {finding['text']}", markup=False, soft_wrap=True)
    _print_note(done)
    screen.print(f"{'Written to' if done.fresh else 'Made before, in'} {done.folder}", markup=False, soft_wrap=True)


def list_measures() -> None:
    """List the measures: what each is, its unit and what it can be split by."""
    table = Table("measure", "title", "unit", "split by", "in force from", title="Measures")
    for definition in load_measures():
        row = page_rows(definition)[-1]
        table.add_row(definition.name, definition.title, definition.unit, row["splits"], row["effective_from"])
    console().print(table)


def explain_measure(
    measure: Annotated[str, typer.Argument(metavar="MEASURE", help="A measure, as `loanbook measures` names it.")],
    book: Annotated[str | None, typer.Option("--book", help="Show the figure of this book.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day of the close, YYYY-MM-DD; it is made when there is none.")
    ] = None,
    known_at: KnownAt = None,
    observed_to: ObservedTo = None,
    loans: Annotated[
        bool, typer.Option("--loans", help="Write the loans behind the figure to a CSV, and check their sum.")
    ] = False,
) -> None:
    """Explain a measure: definition, numerator, denominator, source; with a book also its value, and the loans behind it."""
    if book is None and (loans or as_of):
        raise RequestError("say which book the figure is of: --book BOOK --as-of DATE.")
    if book is None:
        _print_definition(explain(measure))
        return
    if as_of is None:
        raise RequestError("say which day the figure is of: --as-of YYYY-MM-DD.")
    explain(measure)  # an unknown measure is refused before the book is closed
    done = _close(book, as_of, known_at, observed_to)
    found = explain(measure, done)
    _print_definition(found)
    _print_figures(found, done)
    _print_note(done)
    if loans:
        with progress() as tell:
            path = explain_loans(open_book(book), done, measure, on_progress=tell)
        console().print(f"The loans behind it sum to the figure: {path}", markup=False, soft_wrap=True)


def _close(book: str, as_of: str, known_at: str | None, observed_to: str | None) -> Close:
    day = units.date(units.day(as_of))
    with progress() as tell:
        return close(open_book(book), day, known_on=day_of(known_at), observed_to=day_of(observed_to), on_progress=tell)


def _drop(book: str, as_of: str) -> None:
    day = units.date(units.day(as_of))
    opened = open_book(book)
    find_close(opened, as_of=day)  # says which days there are when this one is not among them
    count = drop_closes(opened, as_of=day)
    console().print(f"{book}: {count} close{'' if count == 1 else 's'} as of {day} dropped, with tables and page.")


def _print_note(done: Close) -> None:
    note = newer_facts(done)
    if note:
        console().print(note, markup=False, soft_wrap=True)


def _print_definition(found: Explanation) -> None:
    screen = console()
    for row in found.versions:
        table = Table(show_header=False, title=f"{row['title']} ({row['measure']})")
        table.add_column("", style="bold")
        table.add_column("", overflow="fold")
        for name in ("text", "numerator", "denominator", "unit", "grain", "splits", "effective_from", "source"):
            if row.get(name):
                table.add_row(name.replace("_", " "), row[name])
        screen.print(table)


def _print_figures(found: Explanation, done: Close) -> None:
    screen = console()
    if found.not_measured:
        screen.print(f"Not measured in this book: {found.not_measured}.", markup=False, soft_wrap=True)
        return
    table = Table("period", "split", title=f"{done.header['book']} as of {done.header['as_of']}")
    for name in ("numerator", "denominator", "value"):
        table.add_column(name, justify="right")
    for row in found.figures:
        over = f"{row['comparison'].replace('_', ' ')} ({row['starts_on']} to {row['ends_on']})"
        parts = ("numerator", "denominator")
        split = f"{row['split']} = {row['split_value'] or '-'}" if row["split"] else "all"
        table.add_row(over, split, *(_integer(row, part, done.decimals) for part in parts), _value(row, done.decimals))
    screen.print(table)


def _integer(row: dict[str, Any], part: str, decimals: int) -> str:
    value = row[part]
    if value is None:
        return "-"
    return f"{value:,}" if row["unit"] == "count" else units.format_money(value, decimals)


def _value(row: dict[str, Any] | None, decimals: int) -> str:
    if row is None or row["value"] is None:
        return "-"
    value, unit = row["value"], row["unit"]
    if unit == "share":
        return f"{value:z.2%}"
    if unit == "money":
        return units.format_money(int(row["numerator"]), decimals)
    return f"{value:z,.0f}" if unit == "count" else f"{value:z,.2f} {unit}"
