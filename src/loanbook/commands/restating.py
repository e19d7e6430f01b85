"""`loanbook books restate` and `changes`: new versions of locked quarters, and what they changed."""

import datetime as dt
from dataclasses import asdict, fields
from typing import Annotated

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.ledger import BookOption, FailOnFindings, KnownAt, PeriodName
from loanbook.commands.row_files import ToCsv, ToJson, save_rows
from loanbook.commands.screen import console, day_of, progress
from loanbook.services.restating import Change, changes, preview, restate
from loanbook.stores.book import Book, open_book


def restate_books(
    period: PeriodName,
    book: BookOption,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the new versions.")] = "",
    policy: Annotated[
        str | None, typer.Option("--policy", help="Another accounting policy; default: that of each version.")
    ] = None,
    known_at: KnownAt = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, in which quarters, and keep nothing; needs no reason.")
    ] = False,
    fail_on_findings: FailOnFindings = False,
) -> None:
    """Restate a closed quarter and every later one from what is known now; the old versions stay, all new ones come at once.

    Facts that only came late need no restatement: the open quarter posts them. Restate what was published wrongly.
    """
    opened = open_book(book)
    if dry_run:
        _preview(opened, period, policy, day_of(known_at))
        return
    with progress() as tell:
        made = restate(opened, period, reason=reason, policy=policy, known_on=day_of(known_at), on_progress=tell)
    screen = console()
    for each in made:
        screen.print(f"{each.id} restates {each.manifest['restates']}: {each.manifest['entries']:,} entries.", soft_wrap=True)
        for finding in each.manifest["findings"]:
            screen.print(f"finding: {finding}", markup=False, soft_wrap=True)
    screen.print(f"`loanbook books changes {period} --book {opened.name}` shows what changed.", markup=False, soft_wrap=True)
    if fail_on_findings and any(each.manifest["findings"] for each in made):
        raise typer.Exit(1)


def _preview(book: Book, name: str, policy: str | None, known_on: dt.date | None) -> None:
    with progress() as tell:
        found = preview(book, name, policy=policy, known_on=known_on, on_progress=tell)
    screen = console()
    later = [each.old.name for each in found[1:]]
    following = f"; with it {', '.join(later)}" if later else ", the last one closed"
    screen.print(f"{name} would be restated as {found[0].new.id}{following}. Nothing was kept.", soft_wrap=True)
    for each in found:
        if each.lines or each.accounts:
            screen.print(_table(f"{each.old.id} to {each.new.id}, by line", each.lines, book.decimals))
            screen.print(f"{len(each.accounts):,} accounts of entities would change.", soft_wrap=True)
        else:
            screen.print(f"{each.old.id} would stay as it is.", soft_wrap=True)


def show_changes(
    period: PeriodName,
    book: BookOption,
    old: Annotated[int | None, typer.Option("--old", help="Number of a version; default: the one before the new.")] = None,
    new: Annotated[int | None, typer.Option("--new", help="Number of a version; default: the newest.")] = None,
    entity: Annotated[str, typer.Option("--entity", help="Accounts of one entity.")] = "",
    to_csv: ToCsv = None,
    to_json: ToJson = None,
) -> None:
    """Show what a restatement changed, by line of the statements and by account: old, new, difference; debits positive."""
    opened = open_book(book)
    found = changes(opened, period, old=old, new=new)
    reason = found.new.manifest.get("reason", "")
    screen = console()
    screen.print(f"{found.old.id} and {found.new.id}" + (f": {reason}" if reason else ""), markup=False, soft_wrap=True)
    accounts = [each for each in found.accounts if entity in ("", each.entity)]
    for title, rows in (("by line, all entities together", found.lines), ("by account", accounts)):
        screen.print(_table(title, rows, opened.decimals) if rows else f"Nothing changed {title}.")
    save_rows([asdict(row) for row in (*found.lines, *accounts)], [field.name for field in fields(Change)], to_csv, to_json)


def _table(title: str, rows: list[Change] | tuple[Change, ...], decimals: int) -> Table:
    table = Table("basis", "entity", "account", "title", "figure", title=f"Changes {title}")
    for name in ("old", "new", "difference"):
        table.add_column(name, justify="right")
    for row in rows:
        code = row.code if row.entity else ""
        figures = (("movement", row.old_moved_fen, row.new_moved_fen), ("balance", row.old_balance_fen, row.new_balance_fen))
        for figure, was, now in figures:
            if was != now:
                amounts = (units.format_money(fen, decimals) for fen in (was, now, now - was))
                table.add_row(row.basis, row.entity, code, row.title, figure, *amounts)
    return table
