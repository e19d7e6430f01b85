"""`loanbook call`, `look` and `forward`: the platform's verbs and reads at the machine, and its facts into a book."""

import json
import sys
from typing import Annotated

import typer

from loanbook.errors import RequestError

Body = Annotated[
    list[str],
    typer.Argument(
        metavar="BODY...",
        help="The request: NAME=TEXT or NAME:=JSON for each field, or the whole as JSON; - reads it from standard input.",
        show_default=False,
    ),
]
Field = Annotated[str | None, typer.Option("--field", metavar="NAME", help="Print this field of the answer alone.")]


def call(
    verb: Annotated[str, typer.Argument(help="What to do, as the API names it: register, apply, assess, quote, draw_down, ...")],
    body: Body,
    key: Annotated[str | None, typer.Option("--key", help="Idempotency key: the same key and body get the same answer.")] = None,
    field: Field = None,
) -> None:
    """Ask the platform for something, as over HTTP: the same verbs, the same answers.

    `loanbook call quote line_id=LINE product=cash_loan principal_fen:=500000 installment_count:=6` asks for a quote.

    It is asked by the caller of the API key in LOANBOOK_API_KEY, else by the operator at this machine. Ends with 1 when the
    platform refuses, and prints why.
    """
    from loanbook.services.local_desk import local_desk

    text = _body(body)
    with local_desk() as desk:
        reply = desk.call(verb, text.encode(), key)
    _print(reply.status, reply.body, field)


def look(
    what: Annotated[str, typer.Argument(help="What to look up: borrower, line, decision, loan, payment_preview, proposal, ...")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    option: Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE, e.g. payoff=true. Repeatable.")] = None,
    field: Field = None,
) -> None:
    """Look something up on the platform, as over HTTP."""
    from loanbook.services.local_desk import local_desk

    options = dict(each.partition("=")[::2] for each in option or ())
    with local_desk() as desk:
        reply = desk.look(what, id_, options)
    _print(reply.status, reply.body, field)


def forward(
    book: Annotated[str, typer.Argument(help="The book; it is made when there is none of that name.")],
) -> None:
    """Tell a book what happened on the platform since it was told last: each fact once, also after a crash."""
    from loanbook.services.clock import wall_clock
    from loanbook.services.forwarding import CURRENCY
    from loanbook.services.forwarding import forward as tell
    from loanbook.services.local_desk import local_desk
    from loanbook.stores.book import book_folder, create_book, open_book

    folder = book_folder(book)
    opened = open_book(book) if folder.exists() else create_book(folder, name=book, currency=CURRENCY)
    with local_desk() as desk:
        told = tell(desk.connection, opened, wall_clock()[0])
    typer.echo(f"{book} was told {told.events:,} facts: {told.new:,} new, {told.known:,} it knew.")


def _body(words: list[str]) -> str:
    """The request as JSON text, from one text, from fields, or from standard input."""
    if words == ["-"]:
        return sys.stdin.read()
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return words[0]
    fields: dict[str, object] = {}
    for word in words:
        name, is_field, text = word.partition("=")
        if not is_field or not name.rstrip(":"):
            raise RequestError(f"{word!r} is no field. Write NAME=TEXT, NAME:=JSON, or the whole request as JSON.")
        try:
            fields[name.removesuffix(":")] = json.loads(text) if name.endswith(":") else text
        except ValueError as error:
            raise RequestError(f"{word!r}: what follows := is JSON. Write {name.removesuffix(':')}=... for a text.") from error
    return json.dumps(fields, ensure_ascii=False)


def _print(status: int, body: bytes, field: str | None) -> None:
    answer = json.loads(body)
    if field is None or status >= 400:
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        if status >= 400:
            raise typer.Exit(1)
        return
    if field not in answer:
        raise RequestError(f"the answer has no field {field!r}. It has {', '.join(answer)}.")
    value = answer[field]
    typer.echo(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
