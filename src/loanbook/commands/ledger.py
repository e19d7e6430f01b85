"""`loanbook books`: the list of books; and `close`, `import`, `accounts`, `rules`, `balances`, `verify` of their ledgers."""

import datetime as dt
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook import units
from loanbook.commands.books import show_books
from loanbook.commands.row_files import ToCsv, ToJson, save_rows
from loanbook.commands.screen import compiles_nothing, console, counted, day_of, progress
from loanbook.errors import RequestError, TieError
from loanbook.services.book_facts import quarters_still_open
from loanbook.services.bookkeeping import close_period
from loanbook.services.clock import wall_clock
from loanbook.services.company_importing import import_company
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_reading import BOOKS, AccountBalance, balances_of
from loanbook.stores.book import book_folder, create_book, open_book
from loanbook.stores.importers.corporate import Control
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import Account, load_chart
from loanbook.terms.currency import checked
from loanbook.terms.posting_rule import NO_ENTRY, PostingRule, load_rules

BookOption = Annotated[str, typer.Option("--book", help="The book: a name in $LOANBOOK_HOME/books, or a path with a /.")]
PeriodName = Annotated[str, typer.Argument(metavar="PERIOD", help="A quarter, e.g. 2024Q3.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Count only what was recorded by this day; default: everything up to today.")
]
FailOnFindings = Annotated[
    bool, typer.Option("--fail-on-findings", help="End with 1 when there are findings; the quarter is locked all the same.")
]
_FAULTS_SHOWN = 10


def books(context: typer.Context, to_csv: ToCsv = None, to_json: ToJson = None) -> None:
    """The list, where no command is named."""
    if context.invoked_subcommand is None:
        show_books(to_csv, to_json)
    elif to_csv or to_json:
        raise RequestError(f"--csv and --json before {context.invoked_subcommand} are of the list of books. Write them after it.")


def begin_book(
    name: Annotated[
        str, typer.Argument(metavar="BOOK", help="The new book: a name in $LOANBOOK_HOME/books, or a path with a /.")
    ],
    currency: Annotated[str, typer.Option("--currency", help="Its currency, ISO 4217.")] = "CNY",
) -> None:
    """Begin a book without loans, for a company whose loans come later, or that has none.

    `loanbook books import` tells it what happens to the company, and quarters are closed as in any book. A tape that
    is imported into it later must be in the same currency.
    """
    made = create_book(book_folder(name), currency=checked(currency, "--currency"))
    words = f"`loanbook books import FILE --book {name}` tells it what happened"
    console().print(f"{made.folder} is a book in {currency} without loans. {words}.", markup=False, soft_wrap=True)


def close_books(
    period: PeriodName,
    book: BookOption,
    policy: Annotated[str, typer.Option("--policy", help="The accounting policy, by its code.")] = "platform",
    known_at: KnownAt = None,
    fail_on_findings: FailOnFindings = False,
) -> None:
    """Close a quarter of the ledger and lock it: measure, post, check, all or nothing.

    The first quarter takes the one before it as its opening where something happened before; loans there need be none. A closed
    quarter is never changed: closing it again changes nothing, and what is learned later is posted in the open one.
    """
    opened = open_book(book)
    with progress() as tell:
        closed, fresh = close_period(opened, period, policy=policy, known_on=day_of(known_at), on_progress=tell)
    said = closed.manifest
    screen = console()
    if not fresh:
        screen.print(f"{period} was closed before; nothing was changed.")
    table = Table(
        "book",
        "currency",
        title=f"{opened.name} {closed.id}: {said['first_day']} to {said['ends_on']}, known at {said['known_at']}",
    )
    table.add_column("debits", justify="right")
    table.add_column("credits", justify="right")
    for name, sums in sorted(said["totals"].items()):
        # Manifests of earlier versions add up the currencies of a book.
        for currency, total in sorted(sums.items() if isinstance(sums, dict) else {"all": sums}.items()):
            shown = units.format_money(total, opened.decimals)
            table.add_row(name, currency, shown, shown)
    screen.print(table)
    screen.print(f"{said['first_day']} to {said['ends_on']}, known at {said['known_at']}.", highlight=False)
    left_out = (
        f", {said['loans_left_out']:,} left out: their tape reports balances, no payments" if said["loans_left_out"] else ""
    )
    of = f"{counted(said['loans'], 'loan')} and of the company" if said["loans"] else "the company; no loans yet"
    screen.print(f"{counted(said['entries'], 'entry', 'entries')} of {of}{left_out}.", soft_wrap=True)
    for finding in said["findings"]:
        screen.print(f"finding: {finding}", markup=False, soft_wrap=True)
    ahead = quarters_still_open(opened) if fresh else ""
    if ahead:
        screen.print(ahead, markup=False, soft_wrap=True)
    screen.print(f"Locked in {closed.folder}", markup=False, soft_wrap=True)
    if fail_on_findings and said["findings"]:
        raise typer.Exit(1)


def import_events(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or YAML, money in whole units (1234.56).", dir_okay=False)],
    book: BookOption,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Kind of all its events, e.g. cost_incurred, where it has no column kind.")
    ] = None,
    recorded_on: Annotated[
        dt.datetime | None,
        typer.Option("--recorded-on", formats=["%Y-%m-%d"], help="Day on which the books learned of them; default: now."),
    ] = None,
) -> None:
    """Import what happened to the company besides its loans: costs, equity, debt, tax, opening balances.

    All of it in one commit; bad rows are set aside with place and reason, rows known before are skipped. `loanbook import` reads
    loan tapes. Ends with 1 when rows were set aside and none was taken.
    """
    opened = open_book(book)
    recorded = recorded_on.replace(tzinfo=dt.UTC) if recorded_on else wall_clock()[0]
    receipt = import_company(opened, file, recorded_at=recorded, kind=kind)
    found, quarantine = receipt.reading, receipt.quarantine
    table = Table("events", title=f"{found.file} into {opened.name}")
    for name in ("rows", "amount"):
        table.add_column(name, justify="right")
    parts = (("given", found.given), ("accepted", found.accepted), ("skipped", found.skipped), ("quarantined", found.quarantined))
    for name, control in parts:
        table.add_row(name, f"{control.rows:,}", _amounts(control, opened.decimals))
    screen = console()
    screen.print(table)
    for fault in found.faults.slice(0, _FAULTS_SHOWN).to_pylist():
        value = "" if fault["value"] in (None, "") else f" {fault['value']!r}"
        expected = f"; expected {fault['expected']}" if fault["expected"] else ""
        screen.print(
            f"{fault['file']}:{fault['row']}: {fault['column'] or 'the row'}{value} {fault['reason']}{expected}",
            markup=False,
            soft_wrap=True,
        )
    if found.faults.num_rows > _FAULTS_SHOWN:
        screen.print(f"... and {found.faults.num_rows - _FAULTS_SHOWN:,} more")
    if quarantine:
        screen.print(f"All of them: {quarantine}", markup=False, soft_wrap=True)
    if found.quarantined.rows and not found.accepted.rows and not found.skipped.rows:
        raise typer.Exit(1)


def _amounts(control: Control, decimals: int) -> str:
    return ", ".join(f"{name} {units.format_money(total, decimals)}" for name, total in sorted(control.amounts.items()) if name)


def list_accounts(to_csv: ToCsv = None, to_json: ToJson = None) -> None:
    """List the chart of accounts: class, normal side, statement line, columns of the roll-forward."""
    chart = load_chart()
    table = Table(title=f"Chart of accounts {chart.name}")
    for name in ("account", "title", "class", "normal", "other side", "line", "movements"):
        table.add_column(name, overflow="fold")
    for account in chart.accounts.values():
        words = (account.kind, account.normal, account.opposite, account.line, ", ".join(account.movements))
        table.add_row(account.code, account.title, *words)
    console().print(table)
    save_rows(
        [asdict(account) for account in chart.accounts.values()], [field.name for field in fields(Account)], to_csv, to_json
    )


def list_rules(
    kind: Annotated[str | None, typer.Option("--kind", help="Those of one kind of amount, e.g. interest_earned.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="In force on this day; default: today.")] = None,
    to_csv: ToCsv = None,
    to_json: ToJson = None,
) -> None:
    """List the posting rules in force: what each takes, under which conditions, which pair of accounts it writes, and why."""
    day = units.day(on) if on else units.day(wall_clock()[1])
    rules = load_rules(load_chart(), day)
    kinds = sorted({rule.kind for rule in rules})
    if kind is not None and kind not in kinds:
        raise RequestError(f"no posting rule is of kind {kind!r}. Kinds: {', '.join(kinds)}.")
    table = Table(
        "rule", "kind", "component", "if", "book", "debit", "credit", "reason", title=f"Posting rules on {units.date(day)}"
    )
    wanted = [rule for rule in rules if kind in (None, rule.kind)]
    for rule in wanted:
        asked = "; ".join(f"{name} {'|'.join(values)}" for name, values in rule.conditions.items())
        pair = ("no entry", "-", "-") if rule.book == NO_ENTRY else (rule.book, rule.debit, rule.credit)
        table.add_row(rule.rule, rule.kind, "|".join(rule.components), asked, *pair, rule.reason)
    console().print(table)
    rows = [asdict(rule) | {"effective_from": str(units.date(rule.effective_from))} for rule in wanted]
    save_rows(rows, [field.name for field in fields(PostingRule)], to_csv, to_json)


def show_balances(
    period: PeriodName,
    book: BookOption,
    basis: Annotated[str, typer.Option("--basis", help=f"{', '.join(BOOKS)}; local is that of each entity alone.")] = "us_gaap",
    entity: Annotated[str, typer.Option("--entity", help="Those of one entity.")] = "",
    vehicle: Annotated[str, typer.Option("--vehicle", help="Of the loans that a vehicle funds or guarantees.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Of the loans of a partner outside the group.")] = "",
    after_closing: Annotated[
        bool, typer.Option("--after-closing", help="Of a fourth quarter: with the year's results in retained earnings.")
    ] = False,
    to_csv: ToCsv = None,
    to_json: ToJson = None,
) -> None:
    """Show the trial balance of a closed quarter by entity and account: opening, movement, closing; debits positive.

    Results of earlier years stand in retained earnings; those of the year stay on their accounts until it is over.
    """
    opened = open_book(book)
    ledger = Ledger(opened)
    closed = ledger.period(period)
    table = Table("entity", "account", "title", title=f"{opened.name} {closed.id}, {basis}, debits positive")
    for name in ("opening", "movement", "closing"):
        table.add_column(name, justify="right")
    totals: dict[tuple[str, str], list[int]] = {}
    found = balances_of(
        ledger,
        closed,
        load_chart(),
        basis=basis,
        entity=entity,
        vehicle=vehicle,
        partner=partner,
        after_closing=after_closing,
    )
    for row in found:
        amounts = (row.opening_fen, row.moved_fen, row.closing_fen)
        sums = totals.setdefault((row.entity, row.currency), [0, 0, 0])
        totals[row.entity, row.currency] = [total + amount for total, amount in zip(sums, amounts, strict=True)]
        if any(amounts):
            table.add_row(row.entity, row.account, row.title, *(units.format_money(fen, opened.decimals) for fen in amounts))
    table.add_section()
    for (name, currency), sums in totals.items():
        table.add_row(name, "", f"all accounts, {currency}", *(units.format_money(fen, opened.decimals) for fen in sums))
    console().print(table)
    save_rows([asdict(row) for row in found], [field.name for field in fields(AccountBalance)], to_csv, to_json)


def verify_ledger(
    book: BookOption,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Make every period again from events and archived terms, and compare; slow."),
    ] = False,
    head: Annotated[
        str, typer.Option("--head", metavar="HASH", help="An end of the chain that you kept: it must still be part of it.")
    ] = "",
) -> None:
    """Prove the ledger: files and chain of hashes, trial balances, roll-forwards, and entries posted again from their amounts.

    With --rebuild nothing derived is believed: loans are measured, estimated, priced and posted again from the events, byte for
    byte. Ends with 2 when anything is wrong. `loanbook verify` proves the book's events and projection.
    """
    opened = open_book(book)
    with progress() if rebuild else progress(compiles_nothing) as tell:
        proof = prove_ledger(opened, rebuild=rebuild, head=head, on_progress=tell)
    screen = console()
    for finding in proof.findings:
        screen.print(finding, markup=False, soft_wrap=True)
    if proof.findings:
        raise TieError(f"the ledger of {opened.name} is not proven: {len(proof.findings)} findings above.")
    again = ", and books rebuilt from events are identical" if rebuild else ""
    screen.print(
        f"{counted(proof.periods, 'period')}, {counted(proof.entries, 'entry', 'entries')}: every file is as it was locked, "
        "every trial balance is zero, opening + movements = closing for every account, and posting again gives the same "
        f"entries{again}.",
        soft_wrap=True,
    )
    if proof.head:
        screen.print(
            f"The chain ends with {proof.head}. Keep it elsewhere: --head proves that nothing was taken away.",
            soft_wrap=True,
        )
