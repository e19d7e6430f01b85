"""`loanbook loan`, `preview`."""

from typing import Annotated

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from loanbook import units
from loanbook.commands.books import BookName
from loanbook.commands.screen import console, day_of
from loanbook.errors import RequestError
from loanbook.loans.account import Account
from loanbook.loans.batches import NO_BALANCE, ReportedBatch
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.services.accounts import LoanView, is_cancelled, preview, view_loan
from loanbook.stores.book import Book, open_book
from loanbook.stores.one_loan import EventLine, loan_events
from loanbook.stores.schema import MODELS
from loanbook.terms.contract import Field
from loanbook.units import NEVER, Ints

LoanId = Annotated[str, typer.Argument(metavar="LOAN", help="The loan, as its source names it.")]


def show_loan(
    book: BookName,
    loan_id: LoanId,
    as_of: Annotated[str, typer.Option("--as-of", help="Day whose end is shown, YYYY-MM-DD.")],
    known_at: Annotated[str | None, typer.Option("--known-at", help="Use only events recorded by this day.")] = None,
    events: Annotated[
        bool, typer.Option("--events", help="List every event of the loan: id, days, the source's file and row, what it says.")
    ] = False,
) -> None:
    """Show one loan: terms, schedule, payments and what each paid, and its status at the end of a day."""
    opened = open_book(book)
    view = view_loan(opened, loan_id, units.date(units.day(as_of)), known_on=day_of(known_at))
    _print_head(opened, view)
    if view.account is None:
        _print_positions(view, opened.decimals)
    else:
        _print_schedule(view.account, opened.decimals, f"Schedule as of {as_of}")
        _print_payments(view.account, opened.decimals)
    if events:
        _print_events(loan_events(opened, loan_id), opened.decimals)


def preview_loan(
    book: BookName,
    loan_id: LoanId,
    on: Annotated[str, typer.Option("--on", help="Day of the payment, YYYY-MM-DD.")],
    amount: Annotated[str | None, typer.Option("--amount", help="What the borrower would pay, e.g. 1250.00 (no commas).")] = None,
    payoff: Annotated[
        bool, typer.Option("--payoff", help="Settle the loan; without --amount: whatever is owed that day.")
    ] = False,
) -> None:
    """Show what booking a payment would do: the kernel that books it runs, and nothing is written."""
    if amount is None and not payoff:
        raise RequestError("say what would be paid: --amount 1250.00, or --payoff.")
    opened = open_book(book)
    day = units.date(units.day(on))
    _, found = preview(opened, loan_id, day, amount, payoff=payoff)
    decimals = opened.decimals
    kind = "payoff" if payoff else "payment"
    console().print(f"A {kind} of {units.format_money(found.amount_fen, decimals)} on {on} would go to:")
    _print_pieces(found.account, found.pieces, decimals)
    if found.unapplied_fen:
        console().print(f"{units.format_money(found.unapplied_fen, decimals)} would find nothing to pay.")
    owed = 0 if is_cancelled(found.account) else found.account.total(Total.OUTSTANDING)
    console().print(f"Outstanding principal after it: {units.format_money(owed, decimals)}")


def _day(number: int) -> str:
    return "-" if number == NEVER else units.date(number).isoformat()


def _print_head(book: Book, view: LoanView) -> None:
    loan, decimals = view.loan, book.decimals
    contract = loan.classes.rows[loan.batch.class_no[0]]
    table = Table(show_header=False, title=f"Loan {loan.loan_id} of {book.name} at the end of {units.date(view.as_of)}")
    table.add_column("", style="bold")
    table.add_column("")
    table.add_row("status", view.status + (f", {view.dpd} days past due" if view.dpd else ""))
    table.add_row("product", f"{loan.classes.products[contract[Field.PRODUCT]]}, {MODELS[contract[Field.MODEL]]}")
    table.add_row("terms", loan.terms.hash[:16] if loan.terms else "none archived")
    table.add_row("borrower", loan.borrower_id or "-")
    table.add_row("principal", f"{units.format_money(int(loan.batch.principal_fen[0]), decimals)} {book.currency}")
    table.add_row("disbursed on", _day(int(loan.batch.disbursed_on[0])))
    table.add_row("annual rate", f"{contract[Field.RATE_ANNUAL] / units.RATE_SCALE:.4%}")
    table.add_row("instalments", str(contract[Field.COUNT]))
    if view.account is not None and view.owed_fen is not None:
        table.add_row("outstanding", units.format_money(view.owed_fen, decimals))
        for name, column in (("received", Total.RECEIVED), ("unapplied", Total.UNAPPLIED)):
            table.add_row(name, units.format_money(view.account.total(column), decimals))
        if view.account.total(Total.CHARGED_OFF_ON) <= view.as_of:
            table.add_row("charged off on", _day(view.account.total(Total.CHARGED_OFF_ON)))
    console().print(table)


def _print_schedule(account: Account, decimals: int, title: str) -> None:
    table = Table("no.", "due on", title=title)
    for name in ("principal", "interest", "fee", "penalty", "paid", "unpaid"):
        table.add_column(name, justify="right")
    table.add_column("cleared on")
    for number, row in enumerate(account.rows, start=1):
        due = [int(row[column]) for column in (Row.PRINCIPAL, Row.INTEREST, Row.FEE, Row.PENALTY)]
        paid = sum(int(row[c]) for c in (Row.PAID_PRINCIPAL, Row.PAID_INTEREST, Row.PAID_FEE, Row.PAID_PENALTY))
        unpaid = 0 if is_cancelled(account) else sum(due) - paid
        money = (units.format_money(value, decimals) for value in (*due, paid, unpaid))
        table.add_row(str(number), _day(int(row[Row.DUE_ON])), *money, _day(int(row[Row.CLEARED_ON])))
    console().print(table)


def _print_payments(account: Account, decimals: int) -> None:
    """Every fact, and under each payment one line for every instalment it paid, by component."""
    facts = account.facts
    told_later = bool((facts[:, Fact.RECORDED_ON] != facts[:, Fact.ON]).any())
    components = [
        (name, column)
        for name, column in _COMPONENTS
        if column in (Piece.PRINCIPAL, Piece.INTEREST) or account.pieces[:, column].any()
    ]
    table = Table("on", "what", *(("recorded on",) if told_later else ()), title="Facts, and which instalments each payment paid")
    table.add_column("amount", justify="right")
    table.add_column("counts")
    for name in ("instalment", *(name for name, _ in components), "unapplied"):
        table.add_column(name, justify="right")
    for place, fact in enumerate(facts):
        kind = FactKind(int(fact[Fact.KIND]))
        what, amount = kind.name.lower().replace("_", " "), units.format_money(int(fact[Fact.AMOUNT]), decimals)
        if kind is FactKind.REVERSAL:
            what, amount = _taken_back(facts, fact, decimals)
        if kind is FactKind.RATE:
            amount = f"{fact[Fact.AMOUNT] / units.RATE_SCALE:.4%}"
        recorded = (_day(int(fact[Fact.RECORDED_ON])),) if told_later else ()
        counts = "yes" if fact[Fact.ACTIVE] else "not yet" if _ahead(account, fact) else "no"
        head = (_day(int(fact[Fact.ON])), what, *recorded, amount, counts)
        for number, line in enumerate(_went(account, place, fact, components, decimals) or [()]):
            table.add_row(*(head if number == 0 else [""] * len(head)), *line)
    console().print(table)


def _taken_back(facts: Ints, fact: Ints, decimals: int) -> tuple[str, str]:
    """What a reversal takes back, and its amount with a minus."""
    place = int(fact[Fact.DETAIL])
    if not 0 <= place < len(facts):
        return "reversal", "-"
    back = facts[place]
    what = FactKind(int(back[Fact.KIND])).name.lower().replace("_", " ")
    return f"reversal of the {what} of {_day(int(back[Fact.ON]))}", units.format_money(-int(back[Fact.AMOUNT]), decimals)


def _print_events(lines: tuple[EventLine, ...], decimals: int) -> None:
    table = Table("happened on", "recorded on", "kind", "event id", "source", "says", title="Events")
    for line in lines:
        told = (
            f"{name.removesuffix('_fen').replace('_', ' ')} {_said(name, value, decimals)}" for name, value in line.told.items()
        )
        days = line.happened_on.isoformat(), line.recorded_on.isoformat()
        # Ids, sources and reasons are the source's words, never markup.
        table.add_row(*days, line.kind, *(Text(words) for words in (line.event_id, line.source or "-", ", ".join(told) or "-")))
    console().print(table)


def _said(name: str, value: str, decimals: int) -> str:
    if name.endswith("_fen"):
        return units.format_money(int(value), decimals)
    return f"{int(value) / units.RATE_SCALE:.4%}" if name == "rate_annual" else value


def _ahead(account: Account, fact: Ints) -> bool:
    return bool(fact[Fact.ON] > account.as_of or fact[Fact.RECORDED_ON] > account.known_on)


def _went(account: Account, place: int, fact: Ints, components: list[tuple[str, Piece]], decimals: int) -> list[tuple[str, ...]]:
    """Where the money of a fact went: a line for every instalment it paid, "-" for money after charge-off or on no instalment."""
    pieces = account.pieces[account.pieces[:, Piece.FACT] == place]
    lines = []
    for row in np.unique(pieces[:, Piece.ROW]):
        paid = pieces[pieces[:, Piece.ROW] == row].sum(axis=0)
        where = f"{row + 1} of {len(account.rows)}, due {_day(int(account.rows[row, Row.DUE_ON]))}" if row >= 0 else "-"
        lines.append(
            (where, *(units.format_money(int(paid[column]), decimals) if paid[column] else "" for _, column in components))
        )
    left = int(fact[Fact.AMOUNT]) - int(pieces[:, [column for _, column in _COMPONENTS]].sum())
    if fact[Fact.ACTIVE] and fact[Fact.KIND] in _PAYMENTS and left:
        lines = lines or [("-", *([""] * len(components)))]
        lines[-1] = (*lines[-1], units.format_money(left, decimals))
    return lines


_PAYMENTS = (FactKind.DOWN_PAYMENT, FactKind.PAYMENT, FactKind.PAYOFF)
_COMPONENTS = (
    ("principal", Piece.PRINCIPAL),
    ("interest", Piece.INTEREST),
    ("fee", Piece.FEE),
    ("penalty", Piece.PENALTY),
    ("recovered", Piece.RECOVERED),
)


def _print_pieces(account: Account, pieces: Ints, decimals: int) -> None:
    table = Table("instalment due on")
    for name, _ in _COMPONENTS:
        table.add_column(name, justify="right")
    for piece in pieces:
        row = int(piece[Piece.ROW])
        due = _day(int(account.rows[row, Row.DUE_ON])) if row >= 0 else "none"
        table.add_row(due, *(units.format_money(int(piece[column]), decimals) for _, column in _COMPONENTS))
    console().print(table)


def _print_positions(view: LoanView, decimals: int) -> None:
    batch = view.loan.batch
    assert isinstance(batch, ReportedBatch)
    table = Table("reported for", title="Positions as the servicer reports them")
    for name in ("balance", "principal", "paid", "recovered", "days past due"):
        table.add_column(name, justify="right")
    opened = [units.format_money(int(batch.opened_balance[0]), decimals), "", "", "", _dpd(int(batch.opened_dpd[0]))]
    table.add_row(f"{_day(int(batch.opened_on[0]))} (opening)", *opened)
    columns = (batch.position_balance, batch.position_principal, batch.position_paid, batch.position_recovered)
    for place in np.flatnonzero((batch.position_on <= view.as_of) & (batch.position_recorded_on <= view.known_on)):
        money = ("-" if int(c[place]) == NO_BALANCE else units.format_money(int(c[place]), decimals) for c in columns)
        table.add_row(_day(int(batch.position_on[place])), *money, _dpd(int(batch.position_dpd[place])))
    console().print(table)


def _dpd(days: int) -> str:
    return "-" if days < 0 else str(days)
