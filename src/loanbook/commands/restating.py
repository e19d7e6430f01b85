"""`loanbook books restate` and `changes`: new versions of locked quarters, and what they changed."""

from typing import Annotated

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.ledger import BookOption, KnownAt, PeriodName
from loanbook.commands.screen import console, day_of, progress
from loanbook.services.restating import Change, changes, restate
from loanbook.stores.book import open_book


def restate_books(
    period: PeriodName,
    book: BookOption,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the new versions.")],
    policy: Annotated[
        str | None, typer.Option("--policy", help="Another accounting policy; default: that of each version.")
    ] = None,
    known_at: KnownAt = None,
) -> None:
    """Restate a closed quarter and every later one from what is known now; the old versions stay, all new ones come at once.

    Facts that only came late need no restatement: the open quarter posts them. Restate what was published wrongly.
    """
    opened = open_book(book)
    with progress() as tell:
        made = restate(opened, period, reason=reason, policy=policy, known_on=day_of(known_at), on_progress=tell)
    screen = console()
    for each in made:
        screen.print(f"{each.id} restates {each.manifest['restates']}: {each.manifest['entries']:,} entries.", soft_wrap=True)
        for finding in each.manifest["findings"]:
            screen.print(f"finding: {finding}", markup=False, soft_wrap=True)
    screen.print(f"`loanbook books changes {period} --book {opened.name}` shows what changed.", markup=False, soft_wrap=True)


def show_changes(
    period: PeriodName,
    book: BookOption,
    old: Annotated[int | None, typer.Option("--old", help="Number of a version; default: the one before the new.")] = None,
    new: Annotated[int | None, typer.Option("--new", help="Number of a version; default: the newest.")] = None,
    entity: Annotated[str, typer.Option("--entity", help="Accounts of one entity.")] = "",
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
