"""`loanbook import`, `loanbook mappings`, `loanbook reconcile`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from loanbook import units
from loanbook.errors import TieError
from loanbook.services.importing import ImportOutcome, import_tape
from loanbook.services.reconciling import EXCEPTION_COLUMNS, Reconciliation, exception_rows, reconcile
from loanbook.stores.book import open_book
from loanbook.stores.importers.mapping_file import find_mapping, shipped_mappings
from loanbook.stores.spreadsheet import write_sheet

_SHOWN_PERIODS = 6


def import_files(
    mapping: Annotated[
        str, typer.Argument(metavar="MAPPING", help="A shipped mapping (see `loanbook mappings`), or the path of a mapping file.")
    ],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", help="The tape's files: CSV, Parquet or ABS-EE XML; .gz is read as it is.")
    ],
    book: Annotated[str, typer.Option("--book", help="The book; it is made when there is none.")],
    terms: Annotated[
        list[Path] | None, typer.Option("--terms", help="A file of product terms, archived with the loans; give it once a file.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge everything, change nothing.")] = False,
    allow_future: Annotated[
        bool,
        typer.Option("--allow-future", help="Take rows dated after today as they stand; by default they are set aside."),
    ] = False,
    max_quarantined: Annotated[
        int | None,
        typer.Option(
            "--max-quarantined", min=0, help="Import nothing when more rows than this are set aside; default: any number."
        ),
    ] = None,
) -> None:
    """Import a loan tape into a book: all of it or nothing; bad rows are set aside with place and reason.

    Ends with 0 when something was imported or could be, though rows were set aside; with 1 when every row was set aside, or in a
    trial more than --max-quarantined; with 2 when nothing was imported because of an error.
    """
    declared = find_mapping(mapping)
    with _progress(files) as told:
        outcome = import_tape(
            declared,
            files,
            book,
            terms=terms or (),
            trial=dry_run,
            quarantined_most=max_quarantined,
            future=allow_future,
            progress=told,
        )
    _print_outcome(outcome, book)
    too_many = max_quarantined is not None and sum(file.quarantined for file in outcome.files) > max_quarantined
    if too_many or (outcome.faults and not any(kind.given for kind in outcome.kinds)):
        raise typer.Exit(1)


def list_mappings() -> None:
    """List the mappings that come with Loanbook."""
    table = Table("mapping", "reads", "currency", "source", title="Mappings")
    for name in shipped_mappings():
        mapping = find_mapping(name)
        table.add_row(name, mapping.title, mapping.currency, mapping.source)
    _console().print(table)


def reconcile_book(
    book: Annotated[str, typer.Argument(metavar="BOOK", help="The book.")],
    exceptions: Annotated[
        Path | None, typer.Option("--exceptions", help="Write every exception to this file: .xlsx for a workbook, else CSV.")
    ] = None,
    months: Annotated[bool, typer.Option("--months", help="Show every reporting date.")] = False,
) -> None:
    """Show whether a reported tape ties: opening = principal + write-offs + last balances, and every month rolls.

    `loanbook books reconcile` sets the ledger beside the measures.
    """
    result = reconcile(open_book(book))
    _print_reconciliation(result, months=months)
    if exceptions is not None:
        count = write_sheet(exceptions, "exceptions", EXCEPTION_COLUMNS, exception_rows(result))
        _console().print(f"{_counted(count, 'exception')} written to {exceptions}", soft_wrap=True)
    if result.no_principal:
        raise TieError(f"{book}: the tape reports no principal collected, so its balances cannot be tied to cash.")
    if not result.ties:
        raise TieError(
            f"{book}: the tape does not tie: {units.format_money(result.unexplained_fen, result.decimals)} unexplained, "
            f"{result.unopened.count:,} reports of loans that were never opened."
        )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _console() -> Console:
    # A wide default where the output is no terminal, so that figures are not cut.
    plain = Console()
    return plain if plain.is_terminal else Console(width=150)


@contextmanager
def _progress(files: list[Path]) -> Iterator[Any]:
    bars = Console(stderr=True)
    if not bars.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), _Bytes(), TimeElapsedColumn())
    with Progress(*columns, console=bars, transient=True) as progress:
        tasks = {path.name: progress.add_task(path.name, total=path.stat().st_size if path.exists() else None) for path in files}

        def told(name: str, at: int) -> None:
            if name not in tasks:
                # A stage after the files begins: what came before is done, however many bytes its reader counted.
                for task in progress.tasks:
                    total = task.total or 1
                    progress.update(task.id, total=total, completed=total)
                tasks[name] = progress.add_task(name, total=None, stage=True)
            else:
                progress.update(tasks[name], completed=at)

        yield told


class _Bytes(DownloadColumn):
    """Bytes of a file; nothing for a stage, which moves while it lasts."""

    def render(self, task: Task) -> Text:
        return Text("") if task.fields.get("stage") else super().render(task)


def _print_outcome(outcome: ImportOutcome, book: str) -> None:
    console = _console()
    rows = Table(title="Rows: in = accepted + left out by the mapping + quarantined")
    for name in ("file", "in", "accepted", "left out", "quarantined", "values rounded"):
        rows.add_column(name, justify="left" if name == "file" else "right")
    for file in outcome.files:
        rows.add_row(file.file, *(f"{n:,}" for n in (file.read, file.accepted, file.skipped, file.quarantined, file.rounded)))
    if len(outcome.files) > 1:
        totals = [
            sum(getattr(f, name) for f in outcome.files) for name in ("read", "accepted", "skipped", "quarantined", "rounded")
        ]
        rows.add_section()
        rows.add_row("all files", *(f"{n:,}" for n in totals))
    console.print(rows)
    events = Table(title=f"Events ({outcome.currency})")
    for name in ("event", "given", "new", "held already", "refused", "sums"):
        events.add_column(name, justify="left" if name in ("event", "sums") else "right")
    for kind in outcome.kinds:
        # Balances of many months do not add up to anything.
        flows = {n: v for n, v in kind.sums.items() if (kind.kind, n) != ("position_reported", "balance_fen")}
        sums = ", ".join(
            f"{name.removesuffix('_fen')} {units.format_money(total, outcome.decimals)}" for name, total in flows.items()
        )
        events.add_row(kind.kind, *(f"{n:,}" for n in (kind.given, kind.new, kind.held, kind.refused)), sums)
    console.print(events)
    for file in outcome.files:
        if not file.read:
            console.print(f"{file.file}: the file holds no rows.", markup=False, soft_wrap=True)
        for column, unit in file.units.items():
            console.print(f"{file.file}: {column} is read as a {unit} a year.")
    if outcome.findings:
        console.print(
            f"{_counted(outcome.faults, 'fault')}; the first {min(len(outcome.findings), outcome.faults):,}:", style="bold"
        )
        for finding in outcome.findings:
            value = f" ({finding.value})" if finding.value else ""
            console.print(
                f"  {finding.place}: {finding.message}{value}. Expected: {finding.expected}", markup=False, soft_wrap=True
            )
    if outcome.quarantine is not None:
        console.print(f"All of them: {outcome.quarantine}", soft_wrap=True)
    _print_end(console, outcome, book)


def _print_end(console: Console, outcome: ImportOutcome, book: str) -> None:
    given = any(kind.given for kind in outcome.kinds)
    terms = ", ".join(f"{code} in force from {since}" for code, since in outcome.terms)
    if outcome.book is None:
        console.print("Nothing was written." if outcome.faults == 0 or outcome.kinds else "Nothing was imported.")
        if terms:
            console.print(f"The book would archive terms: {terms}.", markup=False, soft_wrap=True)
        return
    if outcome.new:
        console.print(f"{_counted(outcome.new, 'new event')} in the book {book}.")
    elif not given:
        console.print(f"Nothing was imported: the files give no event that could be taken. The book {book} is as it was.")
    elif not terms:
        console.print(f"The book {book} held all of it already: nothing changed.")
    else:
        console.print(f"The book {book} held all events already.")
    if terms:
        console.print(f"It archives terms now: {terms}.", markup=False, soft_wrap=True)


def _print_reconciliation(result: Reconciliation, *, months: bool) -> None:
    console = _console()

    def money(fen: int) -> str:
        return units.format_money(fen, result.decimals)

    since, until = units.date(result.opened_on), units.date(result.last_on)
    table = Table(title=f"Reconciliation from {since} to {until} ({result.currency}, {result.loans:,} loans)")
    table.add_column("line")
    table.add_column("reports", justify="right")
    table.add_column("amount", justify="right")
    table.add_row("Balances at the opening", f"{result.loans:,}", money(result.opening_fen))
    table.add_row("- principal collected", f"{result.reports:,}", money(result.principal_fen))
    table.add_row("- net write-offs, of which", f"{sum(n.count for n in result.lines):,}", money(result.net_write_offs_fen))
    for line in result.lines:
        table.add_row(f"    {line.name.replace('_', ' ')}", f"{line.count:,}", money(line.amount_fen))
    table.add_row("- rounding (a cent or less a report)", "", money(result.rounding_fen))
    table.add_row("= last balances, of which", "", money(result.last_fen))
    table.add_row(f"    reports stop before {until}", f"{result.stopped.count:,}", money(result.stopped.amount_fen))
    table.add_section()
    table.add_row("unexplained", f"{result.unopened.count:,}", money(result.unexplained_fen))
    console.print(table)
    if result.written_off_fen:
        console.print(f"The source itself states charge-offs of {money(result.written_off_fen)}.")
    console.print(
        f"{result.rolled:,} of {result.reports:,} reports roll within a cent: balance before - principal = balance after."
    )
    console.print(_periods(result, everything=months))
    console.print("[green]It ties to the cent.[/green]" if result.ties else "[red]It does not tie.[/red]")


def _periods(result: Reconciliation, *, everything: bool) -> Table:
    shown = result.periods if everything else result.periods[:_SHOWN_PERIODS]
    rest = len(result.periods) - len(shown)
    table = Table(
        title=f"By reporting date{f' (the first {len(shown)} of {len(result.periods)}; --months shows all)' if rest else ''}",
        caption="Each row counts the loans reported on its date: a closing differs from the next opening by loans that stop.",
    )
    for name in ("date", "loans", "opening", "principal", "exceptions", "amount", "rounding", "closing"):
        table.add_column(name, justify="right")
    for p in shown:
        figures = (p.opening_fen, p.principal_fen)
        table.add_row(
            units.date(p.ends_on).isoformat(),
            f"{p.loans:,}",
            *(units.format_money(v, result.decimals) for v in figures),
            f"{p.exceptions:,}",
            *(units.format_money(v, result.decimals) for v in (p.exceptions_fen, p.rounding_fen, p.closing_fen)),
        )
    return table
