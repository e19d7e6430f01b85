"""`loanbook books export` and `reconcile`: the ledger for another system, and against the measures."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.ledger import BookOption, PeriodName
from loanbook.commands.row_files import ToCsv, ToJson, save_rows
from loanbook.commands.screen import console, progress
from loanbook.errors import TieError
from loanbook.services.ledger_export import CONTROL, export_ledger
from loanbook.services.ledger_tieout import Tie, tie_out
from loanbook.stores.book import open_book


def export_books(
    period: PeriodName,
    book: BookOption,
    folder: Annotated[Path, typer.Option("--to", help="Where the folder with the files goes; it is made when there is none.")],
) -> None:
    """Export the general ledger of a closed quarter: CSV of debits and credits, one file a book and entity, and a control file.

    Each entry is two lines with account, title, dimensions and both days. The fourth quarter has files besides that close the
    year, results to retained earnings. All files or none; the same again changes nothing.
    """
    done = export_ledger(open_book(book), period, folder)
    table = Table("file", title=f"General ledger of {book} {period}, version {done.control['version']}")
    for name in ("entries", "debits", "credits"):
        table.add_column(name, justify="right")
    for name, file in done.control["files"].items():
        sides = (", ".join(f"{currency} {total}" for currency, total in file[side].items()) for side in ("debit", "credit"))
        table.add_row(name, f"{file['entries']:,}", *sides)
    screen = console()
    screen.print(table)
    words = "Written to" if done.fresh else "Exported before, to"
    screen.print(f"{words} {done.folder}, with {CONTROL}", markup=False, soft_wrap=True)


def reconcile_books(period: PeriodName, book: BookOption, to_csv: ToCsv = None, to_json: ToJson = None) -> None:
    """Reconcile the ledger of a closed quarter with the measures of the same close: balances and flows must meet.

    What the ledger has of other events than loans (stated openings, manual entries), what it posts of earlier periods, and claims
    that the guarantor took over are told apart. Ends with 2 when a difference is left. `loanbook reconcile` ties an imported
    tape.
    """
    opened = open_book(book)
    with progress() as tell:
        ties = tie_out(opened, period, on_progress=tell)
    table = Table("figure", title=f"{opened.name} {period}: ledger and measures")
    for name in ("ledger", "measures", "other events", "of earlier periods", "claims taken over", "unexplained"):
        table.add_column(name, justify="right")
    for tie in ties:
        amounts = (tie.ledger_fen, tie.measure_fen, tie.other_fen, tie.earlier_fen, tie.taken_fen, tie.unexplained_fen)
        table.add_row(tie.title, *(units.format_money(fen, opened.decimals) for fen in amounts))
    console().print(table)
    rows = [asdict(tie) | {"unexplained_fen": tie.unexplained_fen} for tie in ties]
    save_rows(rows, [*(field.name for field in fields(Tie)), "unexplained_fen"], to_csv, to_json)
    loose = [tie for tie in ties if tie.unexplained_fen]
    if loose:
        told = "; ".join(f"{tie.title} by {units.format_money(tie.unexplained_fen, opened.decimals)}" for tie in loose)
        raise TieError(f"ledger and measures of {opened.name} {period} differ: {told}.")
    console().print("Ledger and measures meet to the cent.")
