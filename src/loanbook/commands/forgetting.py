"""`loanbook retention`, `erase`, `replay`: what is kept, who is forgotten, and decisions made again."""

import json
from typing import Annotated

import typer
from rich.table import Table

from loanbook.commands.screen import console


def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Erase what is due; without it only counts are shown.")] = False,
) -> None:
    """Show what of the platform was kept long enough by the terms of retention, and erase it when asked to.

    Borrowers who are due lose the key of their personal data: that cannot be taken back. Each step is in the audit log.
    """
    from loanbook.services.retention import retain_online

    table = Table("class", "kept for", "by", title="Retention")
    for name in ("due", "erased"):
        table.add_column(name, justify="right")
    dues = retain_online(apply=apply)
    for due in dues:
        table.add_row(due.name, due.kept, due.source, f"{due.found:,}", f"{due.erased:,}" if apply else "-")
    console().print(table)
    if not any(due.found for due in dues):
        console().print("Nothing is due.")
    elif not apply:
        console().print("Nothing was erased: `loanbook retention --apply` does.")


def erase(
    borrower: Annotated[str, typer.Argument(help="The borrower, by pseudonym: bw-...")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be taken back.")] = False,
) -> None:
    """Forget a borrower who asks for it: the key of their personal data is destroyed, and with it what was sealed under it.

    Refused while a loan is open or a law keeps who they are; the refusal names the law. Ends with 1 then.
    """
    from loanbook.services.local_desk import local_desk

    if not yes:
        typer.confirm(f"Forget {borrower} for good?", abort=True)
    with local_desk() as desk:
        reply = desk.call("erase", json.dumps({"borrower_id": borrower}).encode())
    told = json.loads(reply.body)
    if reply.is_problem:
        typer.echo(f"not erased: {told['detail']}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{borrower} is forgotten; what was sealed answers INPUT_ERASED.")


def replay(
    decision: Annotated[str, typer.Argument(help="The decision: dc-...")],
) -> None:
    """Decide an application again from the archived strategy and the inputs that were sealed, and say what differs.

    Ends with 1 when something does, or when it cannot be decided again: INPUT_ERASED after the borrower was forgotten.
    """
    from loanbook.services.local_desk import local_desk

    with local_desk() as desk:
        reply = desk.look("replay", decision, {})
    told = json.loads(reply.body)
    if reply.is_problem:
        said = told["detail"].removeprefix(f"{told['rule']}: ")
        typer.echo(f"{told['rule']}: {said}", err=True)
        raise typer.Exit(1)
    for each in told["differences"]:
        typer.echo(f"{each['what']}: decided {each['decided']}, again {each['again']}", err=True)
    words = "identical: outcome, reasons, line and evidence" if told["identical"] else f"{len(told['differences'])} differences"
    typer.echo(f"{decision}: {told['outcome']}, {words}; strategy {told['strategy_hash'][:16]}.")
    if not told["identical"]:
        raise typer.Exit(1)
