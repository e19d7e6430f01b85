"""`loanbook books estimates`: the credit losses that a closed quarter expects, what they rest on, and how an earlier one did."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from loanbook import units
from loanbook.commands.ledger import BookOption, PeriodName
from loanbook.commands.row_files import save_json
from loanbook.commands.screen import console, progress
from loanbook.errors import RequestError
from loanbook.measures.credit_losses_policy import METHODS
from loanbook.services.estimating import EstimateView, estimates_of
from loanbook.services.ledger_reading import save_csv
from loanbook.stores.book import open_book

_PPM = 1_000_000
_BASES = {"us_gaap": "US GAAP", "ifrs": "IFRS"}


def show_estimates(
    period: PeriodName,
    book: BookOption,
    folder: Annotated[
        Path | None, typer.Option("--to", help="Write every table as CSV into this folder, too; it is made.")
    ] = None,
    to_json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write them by name to this JSON file, too; money in minor units."),
    ] = None,
) -> None:
    """Show the expected credit losses of a closed quarter: methods side by side, outlook, interval, sensitivities, back-test.

    The chosen method's allowances are those of the ledger, to the cent; the others are what the same loans would have needed.
    """
    if folder is not None and not folder.absolute().parent.is_dir():
        raise RequestError(f"{folder}: there is no folder {folder.parent}.")
    opened = open_book(book)
    with progress() as tell:
        view = estimates_of(opened, period, on_progress=tell)
    screen, decimals = console(), opened.decimals
    _print_head(screen, view)
    _print_methods(screen, view, decimals)
    _print_allowances(screen, view, decimals)
    _print_movements(screen, view, decimals)
    _print_stages(screen, view, decimals)
    _print_sensitivities(screen, view, decimals)
    _print_back_test(screen, view, decimals)
    for finding in view.findings:
        screen.print(f"finding: {finding}", markup=False, soft_wrap=True)
    if folder is not None:
        folder.mkdir(exist_ok=True)
        for name, table in view.tables().items():
            save_csv(table, folder / f"{name}.csv")
        screen.print(f"{len(view.tables())} tables written to {folder}", markup=False, soft_wrap=True)
    if to_json is not None:
        save_json({name: table.to_pylist() for name, table in view.tables().items()}, to_json)
        screen.print(f"{len(view.tables())} tables written to {to_json}", markup=False, soft_wrap=True)


def _print_head(screen: Console, view: EstimateView) -> None:
    of = view.estimates
    weights = ", ".join(f"{name} {weight / _PPM:.0%}" for name, weight in of.scenarios)
    look_back = f"{units.date(of.look_back_from)} to {units.date(of.look_back_to)}"
    said = (
        f"{view.period.id}: {of.method} (policy {view.policy.code}), as of {units.date(of.as_of)}, read from {look_back}.",
        f"Outlook {of.outlook.partition('/')[0] or 'none'}: {weights}.",
        f"Frozen as {of.hash[:16]}. {of.interval}",
    )
    for line in said:
        screen.print(line, markup=False, soft_wrap=True, highlight=False)


def _print_methods(screen: Console, view: EstimateView, decimals: int) -> None:
    table = _table("Lifetime losses by method, of unpaid principal", "group", "exposure", *METHODS, "low", "high")
    for row in view.methods.to_pylist():
        told = [
            f"{units.format_money(row[f'{name}_us_gaap_fen'], decimals)} ({row[f'{name}_ppm'] / _PPM:.2%})" for name in METHODS
        ]
        money = [units.format_money(row[name], decimals) for name in ("exposure_fen", "low_fen", "high_fen")]
        table.add_row(_group(row), money[0], *told, *money[1:])
    screen.print(table)


def _print_allowances(screen: Console, view: EstimateView, decimals: int) -> None:
    table = _table("Allowances: the ledger, and each method", "allowance", "basis", "ledger", "of other events", *METHODS, text=2)
    for row in view.allowances.to_pylist():
        names = ("ledger_fen", "other_fen", *(f"{name}_fen" for name in METHODS))
        told = (units.format_money(row[name], decimals) for name in names)
        table.add_row(f"{row['account']} {row['title']}", _BASES[row["basis"]], *told)
    screen.print(table)


def _print_movements(screen: Console, view: EstimateView, decimals: int) -> None:
    names = ("opening", "new", "revision", "used", "recovered", "other", "closing")
    table = _table("New provisions, and revisions of earlier ones", "allowance", "basis", "model", *names, text=3)
    for row in view.movements.to_pylist():
        money = (units.format_money(row[f"{name}_fen"], decimals) for name in names)
        table.add_row(row["account"], _BASES[row["basis"]], row["model"] or "none", *money)
    screen.print(table)


def _print_stages(screen: Console, view: EstimateView, decimals: int) -> None:
    names = ("opening", "new", "transferred in", "transferred out", "derecognised", "closing", "allowance")
    table = _table("Exposure by stage of IFRS 9", "model", "stage", *names, text=2)
    for row in view.stages.to_pylist():
        came = sum(row[name] for name in row if name.startswith("from_stage_"))
        told = {name: row.get(f"{name}_fen", 0) for name in names}
        told |= {"transferred in": came, "transferred out": row["left_to_others_fen"]}
        table.add_row(row["model"], str(row["stage"]), *(units.format_money(told[name], decimals) for name in names))
    screen.print(table)


def _print_sensitivities(screen: Console, view: EstimateView, decimals: int) -> None:
    table = _table("What would change the lifetime losses booked", "change", "by", "part")
    for row in view.sensitivities.to_pylist()[1:]:
        money = units.format_money(row["booked_change_fen"], decimals)
        table.add_row(row["change"], money, f"{row['lifetime_change_ppm'] / _PPM:+.2%}")
    screen.print(table)


def _print_back_test(screen: Console, view: EstimateView, decimals: int) -> None:
    if view.back_test is None:
        screen.print("The ledger holds no earlier quarter to hold against what came.")
        return
    rows = view.back_test.to_pylist()
    title = f"What {view.tested} expected to be charged off in {rows[0]['months']} months, and what was"
    table = _table(title, "group", "expected", "low", "high", "charged off", "ratio", "inside", "recovered")
    for row in rows:
        money = {name: units.format_money(row[f"{name}_fen"], decimals) for name in ("expected", "low", "high", "recovered")}
        ratio = "-" if row["ratio_ppm"] is None else f"{row['ratio_ppm'] / _PPM:.2f}"
        lost = units.format_money(row["charged_off_fen"], decimals)
        inside = "yes" if row["inside"] else "no"
        table.add_row(_group(row), money["expected"], money["low"], money["high"], lost, ratio, inside, money["recovered"])
    screen.print(table)


def _group(row: dict[str, Any]) -> str:
    return "all" if row["product"] is None else f"{row['product']} {row['model']} {row['segment']}"


def _table(title: str, *columns: str, text: int = 1) -> Table:
    table = Table(*columns[:text], title=title)
    for name in columns[text:]:
        table.add_column(name, justify="right")
    return table


__all__ = ["show_estimates"]
