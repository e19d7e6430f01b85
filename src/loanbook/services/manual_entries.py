"""Manual entries and reversals with maker and checker: proposed by one, approved by another, booked by the next close.

An approved entry becomes a corporate event `manual_entry`, which the next close posts, and takes back on its reversal day; an
approved reversal an `event_reversed`: the event that it names does not count from then on, and the next close posts the
difference. Names are taken as they are given: who may write in the book's folder is the operating system's business.
"""

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.corporate_reversals import REVERSED
from loanbook.errors import RequestError, StateError
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import import_corporate, load_corporate
from loanbook.stores.durable import exclusive
from loanbook.stores.importers.corporate import read_corporate
from loanbook.stores.importers.corporate_sheet import read_sheet
from loanbook.stores.ledger import Ledger
from loanbook.stores.manual_entries import ManualEntries, Proposal, Rejection
from loanbook.stores.scratch import scratch_folder
from loanbook.terms.chart import load_chart
from loanbook.terms.entity_file import SHIPPED, group_in

KIND = "manual_entry"
_PREFIX = {KIND: "manual", REVERSED: "reversal"}
STATES = ("proposed", "approved", "rejected")
NAME_MOST = 80
WAIT_SECONDS = 60.0
_NOBODY_YET = "(to be approved)"
_FAULTS_SHOWN = 5
_ID_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalState:
    """A proposal and what became of it; `by`, `reason` of who decided."""

    proposal: Proposal
    state: str
    by: str = ""
    reason: str = ""


def propose(book: Book, file: Path, *, maker: str, now: dt.datetime) -> tuple[Proposal, ...]:
    """Propose the entries of a CSV or YAML file: all of them or none. The same entry of the same maker again changes nothing.

    file     columns of a `manual_entry` (entity, currency, happened_on, book, debit, credit, amount, text; event_id, counterparty
             and reverses_on where wanted), without maker and checker
    raises   RequestError naming line, column and value of what is wrong
    """
    sheet = read_sheet(file)
    for given in ("maker", "checker", "kind"):
        if given in sheet.cells:
            raise RequestError(f"{file.name}: leave the column {given} away; --by says who proposes, and another approves.")
    if sheet.misfits:
        line, shown, reason = sheet.misfits[0]
        raise RequestError(f"{file.name}:{line}: {reason}: {shown}. Nothing was proposed.")
    told = pa.table(dict(sheet.cells)).to_pylist()
    rows = [{name: str(cell) for name, cell in row.items() if cell is not None} for row in told]
    places = [f"{file.name}:{line}" for line in sheet.lines.tolist()]
    return propose_rows(book, rows, places, maker=maker, now=now)


def propose_rows(
    book: Book, rows: Sequence[Mapping[str, str]], places: Sequence[str], *, maker: str, now: dt.datetime
) -> tuple[Proposal, ...]:
    """Propose entries given as text by column; `places` is what a message calls each. As `propose`."""
    maker = _name(maker)
    if not rows:
        raise RequestError("there is no entry to propose.")
    for row, place in zip(rows, places, strict=True):
        if not row.get("text"):
            raise RequestError(f"{place}: text is empty; say why the entry is made. Nothing was proposed.")
    made = tuple(_proposal(row, maker, now, KIND) for row in rows)
    return _propose(book, made, places, now)


def propose_reversal(book: Book, event_id: str, *, maker: str, reason: str, now: dt.datetime, id_: str | None = None) -> Proposal:
    """Propose to take an event of the company back. The same reversal of the same maker again changes nothing.

    raises   RequestError without a reason, or for an event that there is not, that was taken back before, or that others lean on
    """
    maker, reason = _name(maker), reason.strip()
    if not reason:
        raise RequestError("say why the event is taken back: --reason TEXT.")
    row = _event(book, event_id)
    cells = {
        "entity": str(row["entity"]),
        "currency": str(row["currency"]),
        "happened_on": str(row["happened_on"]),
        "reverses": event_id,
        "text": reason,
    }
    made = _proposal(cells if id_ is None else {**cells, "event_id": id_}, maker, now, REVERSED)
    return _propose(book, (made,), ["the reversal"], now)[0]


def _event(book: Book, event_id: str) -> Mapping[str, object]:
    for table in load_corporate(book.folder).values():
        found = table.filter(pc.equal(table["event_id"], event_id)).to_pylist()
        if found:
            return dict(found[0])
    raise RequestError(f"{book.name} holds no event {event_id!r} of the company. Nothing was proposed.")


def _propose(book: Book, made: tuple[Proposal, ...], places: Sequence[str], now: dt.datetime) -> tuple[Proposal, ...]:
    kept = ManualEntries(book.folder)
    with _deciding(kept):
        known = {each.id: each for each in kept.all()}
        booked = _approved(book)
        for proposal, place in zip(made, places, strict=True):
            earlier = known.get(proposal.id)
            if earlier and (earlier.cells, earlier.kind, earlier.maker) != (proposal.cells, proposal.kind, proposal.maker):
                raise RequestError(f"{place}: {proposal.id} is the id of another proposal. Nothing was proposed.")
            if earlier is None and proposal.id in booked:
                raise RequestError(f"{place}: {proposal.id} is the id of an entry that is booked. Nothing was proposed.")
        if len({each.id for each in made}) < len(made):
            raise RequestError("two of the entries are the same or have one event_id. Give each its own. Nothing was proposed.")
        _check(book, [each for each in made if each.id not in known], places, now)
        for proposal in made:
            if proposal.id not in known:
                kept.propose(proposal)
    return tuple(known.get(each.id, each) for each in made)


def proposals(book: Book, state: str | None = None) -> tuple[ProposalState, ...]:
    """Proposals with what became of them, oldest first; of one state where it is given."""
    if state is not None and state not in STATES:
        raise RequestError(f"{state!r} is no state of a proposal. Write one of {', '.join(STATES)}.")
    kept, booked = ManualEntries(book.folder), _approved(book)
    found = [_state(kept, booked, each) for each in kept.all()]
    return tuple(each for each in found if state in (None, each.state))


def approve(book: Book, id_: str, *, by: str, now: dt.datetime) -> ProposalState:
    """Approve a proposal: it becomes an event of the company, which the next close posts. Again by the same: nothing changes.

    raises   RequestError when there is none, or maker and checker are one; StateError when it was decided otherwise
    """
    by = _name(by)
    kept = ManualEntries(book.folder)
    with _deciding(kept):
        proposal = kept.find(id_)
        standing = _state(kept, _approved(book), proposal)
        if standing.state == "approved" and _one(standing.by, by):
            return standing
        if standing.state != "proposed":
            raise StateError(f"{id_} was {standing.state} by {standing.by}.")
        if _one(proposal.maker, by):
            raise RequestError(f"{proposal.maker} proposed {id_}; another person must approve it.")
        with _written([proposal], checker=by, name=id_) as path:
            entities, accounts = _limits(book)
            receipt = import_corporate(
                book.folder,
                path,
                recorded_at=now,
                kind=proposal.kind,
                entities=entities,
                accounts=accounts,
                opened=_is_opened(book),
            )
        if receipt.reading.accepted.rows != 1:
            raise StateError(f"{id_} cannot be booked any more: {_faults(receipt.reading.faults.to_pylist(), [id_])}")
    return ProposalState(proposal=proposal, state="approved", by=by)


def reject(book: Book, id_: str, *, by: str, reason: str, now: dt.datetime) -> ProposalState:
    """Reject a proposal for good; its maker may, too. Raises as `approve`."""
    by, reason = _name(by), reason.strip()
    if not reason:
        raise RequestError("say why it is rejected: --reason TEXT.")
    kept = ManualEntries(book.folder)
    with _deciding(kept):
        proposal = kept.find(id_)
        standing = _state(kept, _approved(book), proposal)
        if standing.state != "proposed":
            raise StateError(f"{id_} was {standing.state} by {standing.by}.")
        kept.reject(id_, Rejection(by=by, at=now.isoformat(), reason=reason))
    return ProposalState(proposal=proposal, state="rejected", by=by, reason=reason)


def _proposal(row: Mapping[str, str], maker: str, now: dt.datetime, kind: str) -> Proposal:
    cells = {name: value for name, value in row.items() if name != "event_id"}
    said = hashlib.sha256(json.dumps([maker, sorted(cells.items())]).encode()).hexdigest()[:_ID_LENGTH]
    id_ = row.get("event_id") or f"{_PREFIX[kind]}-{said}"
    return Proposal(id=id_, maker=maker, made_at=now.isoformat(), cells=cells, kind=kind)


def _check(book: Book, made: Sequence[Proposal], places: Sequence[str], now: dt.datetime) -> None:
    if not made:
        return
    entities, accounts = _limits(book)
    held = load_corporate(book.folder)
    with _written(made, checker=_NOBODY_YET, name="proposals") as path:
        reading = read_corporate(
            path, recorded_at=now, kind=made[0].kind, entities=entities, accounts=accounts, held=held, opened=_is_opened(book)
        )
    if reading.faults.num_rows:
        raise RequestError(f"{_faults(reading.faults.to_pylist(), places)} Nothing was proposed.")


def _faults(faults: Sequence[Mapping[str, object]], places: Sequence[str]) -> str:
    # The first line of the file that was read is its header.
    shown = [
        f"{places[int(str(each['row'])) - 2]}: {each['column']} {each['value']!r} {each['reason']}; expected {each['expected']}."
        for each in faults[:_FAULTS_SHOWN]
    ]
    return " ".join(shown)


def _is_opened(book: Book) -> bool:
    return bool(Ledger(book).periods())


def _limits(book: Book) -> tuple[Sequence[str], Sequence[str]]:
    return group_in(book.room(SHIPPED)).codes, tuple(load_chart().accounts)


@contextmanager
def _written(made: Sequence[Proposal], *, checker: str, name: str) -> Iterator[Path]:
    """The proposals as a file that the reader of corporate events takes, a line each."""
    rows = [{**each.cells, "event_id": each.id, "maker": each.maker, "checker": checker} for each in made]
    names = sorted({column for row in rows for column in row})
    with scratch_folder("manual") as folder:
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
            writer.writeheader()
            # A line break inside a cell would move the lines that messages count.
            writer.writerows({column: " ".join(value.split()) for column, value in row.items()} for row in rows)
        yield path


@contextmanager
def _deciding(kept: ManualEntries) -> Iterator[None]:
    kept.folder.mkdir(parents=True, exist_ok=True)
    with exclusive(kept.lock, wait_seconds=WAIT_SECONDS):
        yield


def _approved(book: Book) -> dict[str, str]:
    """Ids of manual entries and reversals that are booked or will be -> who approved them."""
    held = load_corporate(book.folder)
    tables = [held[kind] for kind in _PREFIX if kind in held]
    return {
        event_id: checker
        for table in tables
        for event_id, checker in zip(table["event_id"].to_pylist(), table["checker"].to_pylist(), strict=True)
    }


def _state(kept: ManualEntries, booked: Mapping[str, str], proposal: Proposal) -> ProposalState:
    if proposal.id in booked:
        return ProposalState(proposal=proposal, state="approved", by=booked[proposal.id])
    rejection = kept.rejection(proposal.id)
    if rejection is not None:
        return ProposalState(proposal=proposal, state="rejected", by=rejection.by, reason=rejection.reason)
    return ProposalState(proposal=proposal, state="proposed")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_MOST or not name.isprintable():
        raise RequestError(f"--by {text!r} is no name; write 1 to {NAME_MOST} characters.")
    return name


def _one(name: str, other: str) -> bool:
    """Whether two names are one person's."""
    return name.casefold() == other.casefold()
