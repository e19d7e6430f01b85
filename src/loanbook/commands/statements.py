"""`loanbook statement`: a payment provider's or bank's statement against what was booked."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from loanbook.errors import RequestError
from loanbook.units import format_money, parse_decimal

_DECIMALS = 2


def take_statement(
    file: Annotated[Path, typer.Argument(help="The statement, CSV with a header.", exists=True, dir_okay=False)],
    account: Annotated[str, typer.Option("--account", help="Whose it is: payment_provider, payout_bank, ...")],
    number: Annotated[str, typer.Option("--number", help="What the provider calls the statement; each is taken once.")],
    starts_on: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Its first day.")],
    opening: Annotated[str, typer.Option("--opening", help="Balance before its first line, e.g. 1000.00.")],
    closing: Annotated[str, typer.Option("--closing", help="Balance after its last line.")],
    ends_on: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Its last day; default the first.")
    ] = None,
) -> None:
    """Reconcile a statement with what was booked: by reference, or a line without one by amount and day; else it is in suspense.

    The account's terms name the columns. Lines that cannot be read are set aside, and their money is in suspense too. The same
    statement again changes nothing. Ends with exit code 1 when the statement is refused.

    `loanbook statements` prints the company's financial statements.
    """
    from loanbook.services.local_desk import local_desk

    asked = {
        "account": account,
        "number": number,
        "starts_on": starts_on.date(),
        "ends_on": (ends_on or starts_on).date(),
        "opening_fen": _fen("--opening", opening),
        "closing_fen": _fen("--closing", closing),
        "content": _text(file),
    }
    with local_desk() as desk:
        reply = desk.call("take_statement", msgspec.json.encode(asked))
    found = msgspec.json.decode(reply.body)
    if reply.is_problem:
        typer.echo(f"error: {found['rule']}: {found['detail']}", err=True)
        raise typer.Exit(1)
    _show(found)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(f"{file}: byte {error.start} is not UTF-8. Save the statement as UTF-8.") from error


def _fen(name: str, text: str) -> int:
    try:
        return parse_decimal(text, 10**_DECIMALS, exact=True)
    except (RequestError, OverflowError) as error:
        raise RequestError(f"{name} must be an amount with at most {_DECIMALS} decimals, e.g. 1000.00; got {text!r}.") from error


def _show(found: dict[str, Any]) -> None:
    def fen(amount: int) -> str:
        return format_money(amount, _DECIMALS)

    if found["taken_before"]:
        typer.echo("This statement was taken before: nothing was changed. What it came to then:")
    typer.echo(
        f"{found['account']} {found['number']}: {found['rows']} lines, {found['accepted']} accepted "
        f"({fen(found['accepted_fen'])}), {found['quarantined']} set aside ({fen(found['quarantined_fen'])})."
    )
    typer.echo(
        f"{found['matched_by_reference']} matched by reference, {found['matched_by_amount_and_day']} by amount and day, "
        f"{found['differing']} with another amount; {found['released']} items released from suspense."
    )
    for fault in found["faults"]:
        typer.echo(f"    line {fault['line']} {fault['column']} {fault['reason']}: {fault['value']!r}")
    for each in found["differences"]:
        typer.echo(f"    {each['reference']}: reported {fen(each['reported_fen'])}, booked {fen(each['booked_fen'])}")
    for item in found["refused_items"]:
        typer.echo(f"    {item['item_id']}: {item['detail']}")
    for item in found["unknown_items"]:
        typer.echo(f"    in suspense {item['item_id']}: {item['reference']} {fen(item['amount_fen'])} ({item['why']})")
    for each in found["unreported_bookings"]:
        typer.echo(f"    not reported: {each['kind']} {each['reference']} of {each['on']}, {fen(each['amount_fen'])}")
    typer.echo(
        f"Suspense: {found['suspense_items']} items, {fen(found['suspense_fen'])}. "
        f"Booked and not reported: {found['unreported']}, {fen(found['unreported_fen'])}."
    )
