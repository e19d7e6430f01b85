"""`loanbook entries`: the journal of a closed quarter, and the loans behind one entry."""

from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.ledger import BookOption
from loanbook.commands.row_files import ToJson, save_rows
from loanbook.commands.screen import console, counted, progress
from loanbook.errors import RequestError
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.ledger_export import decimal_text
from loanbook.services.ledger_reading import entries_of_period, save_csv
from loanbook.stores.book import Book, open_book
from loanbook.stores.ledger import Ledger

_SHORT = 12
"""Letters of an id that a screen shows; enough to name one entry."""


def show_entries(
    book: BookOption,
    period: Annotated[str | None, typer.Argument(metavar="PERIOD", help="A quarter that is closed, e.g. 2024Q3.")] = None,
    account: Annotated[str, typer.Option("--account", help="Those that debit or credit this account.")] = "",
    rule: Annotated[str, typer.Option("--rule", help="Those of a posting rule (`loanbook books rules`).")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Those of a kind of amount, e.g. interest_earned.")] = "",
    entity: Annotated[str, typer.Option("--entity", help="Those of an entity.")] = "",
    vehicle: Annotated[str, typer.Option("--vehicle", help="Those of loans that a vehicle funds or guarantees.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Those of loans of a partner outside the group.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many rows.")] = 20,
    file: Annotated[Path | None, typer.Option("--to", help="Write all of them to this CSV file.")] = None,
    to_json: ToJson = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="ID", help="Show the loans behind an entry instead; its id or the beginning of it."),
    ] = None,
) -> None:
    """Show the journal of a closed quarter: who booked what on which day, by which rule; or the loans behind one entry.

    `--explain ID` asks the facts that the close counted again: the loans of the entry's cell at this close, less what they had
    come to at the last one; they sum to the entry. Entries of versions that were restated are explained, too. Bank statements are
    read by `loanbook statement`.
    """
    opened = open_book(book)
    if explain is not None:
        _explain(opened, explain, limit, file, to_json)
        return
    if period is None:
        raise RequestError(f"say which quarter: `loanbook entries 2024Q3 --book {opened.name}`, or an entry: --explain ID.")
    closed = Ledger(opened).period(period)
    found = entries_of_period(closed, account=account, rule=rule, kind=kind, entity=entity, vehicle=vehicle, partner=partner)
    table = Table(
        "entry", "posted", "happened", "book", "entity", "debit", "credit", title=f"Journal of {opened.name} {closed.id}"
    )
    table.add_column("amount", justify="right")
    dimensions = ("model", "vehicle", "partner", "cohort")
    shown_dimensions = [name for name in dimensions if any(pc.unique(found[name]).to_pylist())]
    for name in ("rule", "kind", *shown_dimensions):
        table.add_column(name)
    for row in found.slice(0, limit).to_pylist():
        days = (row["posted_on"].isoformat(), row["happened_on"].isoformat())
        words = (row["book"], row["entity"], row["debit"], row["credit"])
        amount = units.format_money(row["amount_fen"], opened.decimals)
        table.add_row(
            row["entry_id"][:_SHORT],
            *days,
            *words,
            amount,
            row["rule"],
            row["kind"],
            *(row[name] or "-" for name in shown_dimensions),
        )
    screen = console()
    screen.print(table)
    shown = min(limit, found.num_rows)
    screen.print(f"{shown:,} of {found.num_rows:,} entries." + (" --limit shows more." if shown < found.num_rows else ""))
    if file is not None:
        amounts = decimal_text(found["amount_fen"], opened.decimals)
        place = found.schema.get_field_index("amount_fen")
        save_csv(found.set_column(place, "amount", amounts), file)
        screen.print(f"All {found.num_rows:,} written to {file}", markup=False, soft_wrap=True)
    if to_json is not None:
        dated = {"posted_on", "happened_on"}
        rows = [{name: str(cell) if name in dated else cell for name, cell in row.items()} for row in found.to_pylist()]
        save_rows(rows, found.column_names, None, to_json)


def _explain(book: Book, entry_id: str, limit: int, file: Path | None, to_json: Path | None) -> None:
    with progress() as tell:
        found = explain_entry(book, entry_id, on_progress=tell)
    screen = console()
    screen.print(_shown(found.entry, book.decimals))
    if not found.loans.num_rows:
        came = f"No loan made it: it comes from {found.entry['kind']} {found.entry['event']}, {found.entry['cell']}."
        screen.print(came, markup=False, soft_wrap=True)
    else:
        table = Table("loan", title="Loans behind it, the largest first")
        table.add_column("amount", justify="right")
        for row in found.loans.slice(0, limit).to_pylist():
            table.add_row(row["loan_id"], units.format_money(row["amount_fen"], book.decimals))
        rest = found.loans.slice(limit)
        if rest.num_rows:
            others = sum(rest["amount_fen"].to_pylist())
            table.add_row(f"{rest.num_rows:,} others", units.format_money(others, book.decimals))
        table.add_section()
        table.add_row(
            counted(found.loans.num_rows, "loan"), units.format_money(sum(found.loans["amount_fen"].to_pylist()), book.decimals)
        )
        screen.print(table)
        turned = " A sum below zero is posted as the pair the other way round." if found.amount["amount_fen"] < 0 else ""
        screen.print(f"They sum to the entry.{turned}")
    if found.told_since:
        then, now = (units.format_money(fen, book.decimals) for fen in (found.amount["amount_fen"], found.with_them_fen))
        moved = units.format_money(found.with_them_fen - found.amount["amount_fen"], book.decimals)
        screen.print(
            f"{found.told_since:,} events were told after {found.period.id} was closed that say they were recorded by "
            f"{found.period.manifest['known_at']}. The loans above are what the close counted, {then}; with those events it "
            f"would be {now}, a difference of {moved}, which the next period posts.",
            markup=False,
            soft_wrap=True,
        )
    if found.superseded_by:
        screen.print(f"{found.period.id} was restated: {found.superseded_by} stands.", markup=False, soft_wrap=True)
    if file is not None:
        save_csv(found.loans, file)
        screen.print(f"{counted(found.loans.num_rows, 'loan')} written to {file}", markup=False, soft_wrap=True)
    save_rows(found.loans.to_pylist(), found.loans.column_names, None, to_json)


def _shown(entry: dict[str, Any], decimals: int) -> Table:
    table = Table(show_header=False, title=f"Entry {entry['entry_id']}")
    table.add_column("", style="bold")
    table.add_column("", overflow="fold")
    for name, value in entry.items():
        if name == "amount_fen":
            table.add_row("amount", units.format_money(value, decimals))
        elif value not in ("", None):
            table.add_row(name.replace("_", " "), str(value))
    return table
