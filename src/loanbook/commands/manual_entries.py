"""`loanbook books propose`, `reverse`, `proposals`, `approve`, `reject`: what one person makes and another approves."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook.commands.ledger import BookOption
from loanbook.commands.row_files import ToCsv, ToJson, save_rows
from loanbook.commands.screen import console
from loanbook.errors import RequestError
from loanbook.services.clock import wall_clock
from loanbook.services.manual_entries import approve, proposals, propose, propose_reversal, propose_rows, reject
from loanbook.stores.book import open_book
from loanbook.terms.chart import load_chart

By = Annotated[str, typer.Option("--by", help="Your name; the maker of an entry cannot approve it.")]
ProposalId = Annotated[str, typer.Argument(metavar="ID", help="The proposal, as `loanbook books proposals` shows it.")]

_CELLS = (
    "happened_on",
    "entity",
    "book",
    "debit",
    "credit",
    "currency",
    "amount",
    "counterparty",
    "reverses_on",
    "reverses",
    "text",
)
"""What a proposal says of its event, as it was written."""


def propose_entries(
    book: BookOption,
    by: By,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV or YAML of entries; or give one by the options.", dir_okay=False)
    ] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Whose books.")] = None,
    adjusts: Annotated[str, typer.Option("--in", help="core, usgaap, ifrs, prc or memo.")] = "core",
    debit: Annotated[str | None, typer.Option("--debit", help="Account debited.")] = None,
    credit: Annotated[str | None, typer.Option("--credit", help="Account credited.")] = None,
    amount: Annotated[str | None, typer.Option("--amount", help="Whole units, e.g. 1250.00.")] = None,
    happened_on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="Its day.")] = None,
    reverses_on: Annotated[
        str | None, typer.Option("--reverses-on", metavar="DATE", help="Day on which it is taken back by itself.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Why it is made.")] = None,
    counterparty: Annotated[str | None, typer.Option("--counterparty", help="The other side.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="ISO 4217 code; default: the book's.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="What to call it; default: made from what it says.")] = None,
) -> None:
    """Propose manual entries; another person approves them, and the next close posts them.

    A file has the columns entity, currency, happened_on, book (core, usgaap, ifrs, prc, memo), debit, credit, amount, text, and,
    where wanted, event_id, counterparty, reverses_on. All of it is proposed or nothing; the same entry again changes nothing.
    """
    opened = open_book(book)
    given = {
        "entity": entity,
        "debit": debit,
        "credit": credit,
        "amount": amount,
        "happened_on": happened_on,
        "reverses_on": reverses_on,
        "text": text,
        "counterparty": counterparty,
        "currency": currency,
        "event_id": event_id,
    }
    row = {name: value for name, value in given.items() if value is not None}
    now = wall_clock()[0]
    if file is not None:
        if row:
            raise RequestError("give a file or one entry by options, not both.")
        made = propose(opened, file, maker=by, now=now)
    else:
        cells = {"currency": opened.currency, "book": adjusts, **row}
        made = propose_rows(opened, [cells], ["the entry"], maker=by, now=now)
    for proposal in made:
        console().print(f"{proposal.id} proposed by {proposal.maker}.", markup=False, soft_wrap=True)


def reverse_event(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event_id of what is to be taken back.")],
    book: BookOption,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the reversal.")],
    event_id: Annotated[str | None, typer.Option("--id", help="What to call it; default: made from what it says.")] = None,
) -> None:
    """Propose to take an event of the company back, as if it had never been told; another person approves it.

    What was posted of it is taken back by the next close, on the first day of the open quarter, with the day of the event beside
    it. An event is taken back once; what replaces it is imported under an id of its own.
    """
    made = propose_reversal(open_book(book), event, maker=by, reason=reason, now=wall_clock()[0], id_=event_id)
    console().print(f"{made.id}, reversal of {event}, proposed by {made.maker}.", markup=False, soft_wrap=True)


def list_proposals(
    book: BookOption,
    state: Annotated[str | None, typer.Option("--state", help="proposed, approved or rejected; default: all.")] = None,
    to_csv: ToCsv = None,
    to_json: ToJson = None,
) -> None:
    """List the manual entries and reversals proposed, and what became of them."""
    found = proposals(open_book(book), state)
    rows = [
        {"proposal": each.proposal.id, "kind": each.proposal.kind, "state": each.state, "maker": each.proposal.maker}
        | {"made_at": each.proposal.made_at, "decided_by": each.by, "reason": each.reason}
        | {name: each.proposal.cells.get(name, "") for name in _CELLS}
        for each in found
    ]
    save_rows(rows, ("proposal", "kind", "state", "maker", "made_at", "decided_by", "reason", *_CELLS), to_csv, to_json)
    if not found:
        console().print("There are no such proposals." if state else "There are no proposals.")
        return
    titles = {code: account.title for code, account in load_chart().accounts.items()}
    table = Table(title="Manual entries")
    table.add_column("proposal", no_wrap=True)
    for name in ("state", "maker", "decided by", "day", "entity", "book", "debit", "credit"):
        table.add_column(name)
    table.add_column("amount", justify="right")
    for name in ("reverses", "why"):
        table.add_column(name)
    for each in found:
        cells = each.proposal.cells
        if "reverses" in cells:
            days, pair, amounts = (cells["happened_on"], cells["entity"], ""), ("", ""), ("", cells["reverses"])
        else:
            days = (cells["happened_on"], cells["entity"], cells["book"])
            debit, credit = (f"{cells[side]} {titles.get(cells[side], '')}" for side in ("debit", "credit"))
            pair, amounts = (debit, credit), (f"{cells['currency']} {cells['amount']}", cells.get("reverses_on", ""))
        why = cells["text"] + (f" (rejected: {each.reason})" if each.reason else "")
        table.add_row(each.proposal.id, each.state, each.proposal.maker, each.by, *days, *pair, *amounts, why)
    console().print(table)


def approve_entry(id_: ProposalId, book: BookOption, by: By) -> None:
    """Approve a proposed entry: the next close posts it, and takes it back on its reversal day. Or a proposed reversal."""
    done = approve(open_book(book), id_, by=by, now=wall_clock()[0])
    console().print(f"{id_} of {done.proposal.maker} approved by {done.by}.", markup=False, soft_wrap=True)


def reject_entry(
    id_: ProposalId, book: BookOption, by: By, reason: Annotated[str, typer.Option("--reason", help="Why; kept with it.")]
) -> None:
    """Reject a proposed entry for good; its maker may take it back so, too."""
    done = reject(open_book(book), id_, by=by, reason=reason, now=wall_clock()[0])
    console().print(f"{id_} of {done.proposal.maker} rejected by {done.by}: {done.reason}", markup=False, soft_wrap=True)
