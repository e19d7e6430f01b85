"""Statements of payment providers and banks: taken once, matched with what was booked, the rest into suspense, and out of it.

A statement goes on where the one before it ended, and its opening balance and movements are its closing balance; one that does
not tie is not taken. What of it cannot be read is set aside with place, reason and value, and its money is in suspense.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from loanbook import units
from loanbook.errors import RequestError
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cash_requests import (
    SHOWN,
    Booking,
    Difference,
    Fault,
    Item,
    RefusedItem,
    Resolved,
    Resolving,
    StatementGiven,
    StatementTaken,
)
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Repaid
from loanbook.services.suspense import (
    BY_AMOUNT_AND_DAY,
    BY_REFERENCE,
    QUARANTINED,
    UNREAD,
    Matched,
    book,
    match_up,
    resolve,
    resolve_named,
)
from loanbook.servicing.statement_file import StatementRows, read_statement
from loanbook.stores.online.cash import last_statement, lock_accounts, statement_numbered, unreported_sums
from loanbook.stores.online.schema_cash import STATEMENT, STATEMENT_FAULT, STATEMENT_LINE, SUSPENSE
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.cash_account import CashAccount, account_in_force


def take_statements(
    terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, StatementGiven]]
) -> list[StatementTaken | Refusal]:
    """Take statements, one after the other."""
    lock_accounts(unit.connection, [request.account for _, request in asked])
    answers: list[StatementTaken | Refusal] = []
    for caller, request in asked:
        answers.append(_take(terms, unit, caller, request))
        unit.flush()
    return answers


def _take(terms: PlatformTerms, unit: Unit, caller: Caller, request: StatementGiven) -> StatementTaken | Refusal:
    try:
        account = account_in_force(terms.cash_accounts, request.account, units.day(request.ends_on))
    except RequestError as error:
        return Refusal(status=422, rule="no_such_account", detail=str(error))
    digest = sha256(msgspec.json.encode(request, order="deterministic")).digest()
    known = statement_numbered(unit.connection, request.account, request.number)
    if known is not None:
        return _known(known, digest)
    before = last_statement(unit.connection, request.account)
    refusal = _out_of_order(unit, request, before)
    if refusal is not None:
        return refusal
    try:
        rows = read_statement(
            request.content, account, starts_on=units.day(request.starts_on), ends_on=units.day(request.ends_on)
        )
    except RequestError as error:
        return Refusal(status=422, rule="statement_not_readable", detail=str(error), source=account.source)
    unread_fen = _unread(rows, request)
    if isinstance(unread_fen, Refusal):
        return unread_fen
    return _keep(terms, unit, caller, request, account, rows, unread_fen, before, digest)


def _known(known: Row, digest: bytes) -> StatementTaken | Refusal:
    if bytes(known["content_hash"]) == digest:
        first = msgspec.json.decode(bytes(known["answer"]), type=StatementTaken)
        return msgspec.structs.replace(first, taken_before=True)
    detail = (
        f"statement {known['number']} of {known['account']} was taken on {known['recorded_at']:%Y-%m-%d} with other content. "
        "A correction is a statement with a number of its own."
    )
    return Refusal(status=409, rule="statement_differs", detail=detail, figures={"statement_id": known["statement_id"]})


def _out_of_order(unit: Unit, request: StatementGiven, before: Row | None) -> Refusal | None:
    if not request.starts_on <= request.ends_on <= unit.today:
        detail = f"a statement runs from one day to a later one up to {unit.today}, not {request.starts_on} to {request.ends_on}."
        return Refusal(status=422, rule="day_out_of_order", detail=detail)
    if before is None:
        return None
    if request.opening_fen != before["closing_fen"]:
        detail = (
            f"statement {request.number} opens at {request.opening_fen} fen, but {before['number']} before it closed at "
            f"{before['closing_fen']}. Take the statements in their order; one is missing or not whole."
        )
        figures = {"opening_fen": request.opening_fen, "closed_before_fen": before["closing_fen"]}
        return Refusal(status=409, rule="statement_gap", detail=detail, figures=figures)
    if request.starts_on < before["ends_on"]:
        detail = f"statement {request.number} starts on {request.starts_on}, but {before['number']} ended on {before['ends_on']}."
        return Refusal(status=409, rule="statement_gap", detail=detail)
    return None


def _unread(rows: StatementRows, request: StatementGiven) -> int | Refusal:
    """What the amounts that cannot be read come to: what is missing from opening to closing; without any, nothing may be."""
    read = sum(line.amount_fen for line in rows.lines) + sum(fault.amount_fen or 0 for fault in rows.faults)
    missing = request.closing_fen - request.opening_fen - read
    if missing and all(fault.amount_fen is not None for fault in rows.faults):
        detail = (
            f"opening {request.opening_fen} and movements of {read} fen are not closing {request.closing_fen}: {missing} fen are "
            f"missing in {rows.rows:,} lines. The file is not whole; nothing of it was taken."
        )
        figures = {"opening_fen": request.opening_fen, "movements_fen": read, "closing_fen": request.closing_fen}
        return Refusal(status=422, rule="statement_does_not_tie", detail=detail, figures=figures)
    return missing


def _keep(
    terms: PlatformTerms,
    unit: Unit,
    caller: Caller,
    request: StatementGiven,
    account: CashAccount,
    rows: StatementRows,
    unread_fen: int,
    before: Row | None,
    digest: bytes,
) -> StatementTaken:
    statement_id = new_id("st")
    aside = [
        _aside(unit, request, statement_id, each.line, each.reference, each.amount_fen, QUARANTINED)
        for each in rows.faults
        if each.amount_fen
    ]
    if unread_fen:
        aside.append(_aside(unit, request, statement_id, None, "", unread_fen, UNREAD))
    begins_on = request.starts_on if before is None else before["begins_on"]
    found = match_up(unit, account, begins_on=begins_on, statement_id=statement_id, lines=rows.lines, items=aside)
    resolve_named(terms, unit, caller, found, {line.reference: line.loan_id for line in rows.lines if line.loan_id})
    quarantined_fen = sum(fault.amount_fen or 0 for fault in rows.faults) + unread_fen
    unreported = unreported_sums(
        unit.connection,
        [str(kind) for kind in account.carries],
        begins_on,
        request.ends_on,
        SHOWN,
        without=found.explained,
    )
    answer = _answer(request, statement_id, rows, quarantined_fen, found, unreported)
    unit.insert(
        STATEMENT,
        statement_id=statement_id,
        account=request.account,
        place=1 if before is None else before["place"] + 1,
        number=request.number,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        opening_fen=request.opening_fen,
        closing_fen=request.closing_fen,
        row_count=rows.rows,
        accepted_count=len(rows.lines),
        accepted_fen=answer.accepted_fen,
        quarantined_count=len(rows.faults),
        quarantined_fen=quarantined_fen,
        content_hash=digest,
        terms_hash=account.hash,
        answer=msgspec.json.encode(answer),
        recorded_at=unit.now,
    )
    for line in rows.lines:
        unit.insert(
            STATEMENT_LINE,
            statement_id=statement_id,
            line=line.line,
            reference=line.reference,
            booked_on=units.date(line.booked_on),
            amount_fen=line.amount_fen,
            match=found.line_match[line.line],
        )
    for fault in rows.faults:
        unit.insert(
            STATEMENT_FAULT,
            statement_id=statement_id,
            line=fault.line,
            name=fault.column,
            reason=fault.reason,
            value=fault.value,
            amount_fen=fault.amount_fen,
        )
    unit.event(
        "statement_taken",
        request.account,
        happened_on=request.ends_on,
        statement_id=statement_id,
        number=request.number,
        opening_fen=request.opening_fen,
        closing_fen=request.closing_fen,
        accepted_fen=answer.accepted_fen,
        quarantined_fen=quarantined_fen,
        content_hash=digest.hex(),
        terms_hash=account.hash,
    )
    return answer


def _aside(
    unit: Unit, request: StatementGiven, statement_id: str, line: int | None, reference: str, amount_fen: int, why: str
) -> Row:
    return book(
        unit,
        account=request.account,
        statement_id=statement_id,
        line=line,
        reference=reference,
        booked_on=request.ends_on,
        amount_fen=amount_fen,
        why=why,
    )


def _answer(
    request: StatementGiven,
    statement_id: str,
    rows: StatementRows,
    quarantined_fen: int,
    found: Matched,
    unreported: tuple[int, int, list[Row]],
) -> StatementTaken:
    return StatementTaken(
        statement_id=statement_id,
        account=request.account,
        number=request.number,
        rows=rows.rows,
        accepted=len(rows.lines),
        accepted_fen=sum(line.amount_fen for line in rows.lines),
        quarantined=len(rows.faults),
        quarantined_fen=quarantined_fen,
        faults=tuple(
            Fault(line=each.line, column=each.column, reason=each.reason, value=each.value, amount_fen=each.amount_fen)
            for each in rows.faults[:SHOWN]
        ),
        matched_by_reference=found.count(BY_REFERENCE),
        matched_by_amount_and_day=found.count(BY_AMOUNT_AND_DAY),
        differing=len(found.differing),
        differences=tuple(
            Difference(reference=reference, reported_fen=reported, booked_fen=booked)
            for reference, reported, booked in found.differing[:SHOWN]
        ),
        unknown=len(found.unknown),
        unknown_items=tuple(item_view(each) for each in found.unknown[:SHOWN]),
        released=len(found.released),
        released_fen=sum(each["amount_fen"] for each in found.released),
        refused_items=tuple(
            RefusedItem(item_id=item["item_id"], rule=why.rule, detail=why.detail) for item, why in found.refused[:SHOWN]
        ),
        unreported=unreported[0],
        unreported_fen=unreported[1],
        unreported_bookings=tuple(booking_view(each) for each in unreported[2]),
        suspense_items=len(found.open),
        suspense_fen=sum(each["amount_fen"] for each in found.open),
    )


def item_view(row: Row) -> Item:
    """An item of suspense as it is shown."""
    return Item(
        item_id=row["item_id"],
        reference=row["reference"],
        booked_on=row["booked_on"],
        amount_fen=row["amount_fen"],
        why=row["why"],
    )


def booking_view(row: Row) -> Booking:
    """A booking as it is shown."""
    return Booking(
        kind=row["kind"],
        booking_id=row["booking_id"],
        reference=row["reference"],
        on=row["on_day"],
        amount_fen=row["amount_fen"],
    )


def resolve_suspense(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Resolving]]) -> list[Resolved | Refusal]:
    """Book items of suspense for loans, each once."""
    known = unit.read(SUSPENSE, (request.item_id for _, request in asked))
    accounts = sorted({row["account"] for row in known.values()})
    lock_accounts(unit.connection, accounts)
    found = {code: match_open(terms, unit, code) for code in accounts}
    unit.flush()
    now = {item["item_id"]: item for each in found.values() for item in each.open}
    answers: dict[int, Resolved | Refusal] = {}
    todo: list[int] = []
    for place, (_, request) in enumerate(asked):
        row = known.get(request.item_id)
        if row is None:
            detail = f"there is no item {request.item_id} in suspense."
            answers[place] = Refusal(status=404, rule="no_such_item", detail=detail)
        elif now.pop(request.item_id, None) is None:
            answers[place] = Refusal(
                status=409, rule="item_released", detail=f"item {request.item_id} is not in suspense any more."
            )
        else:
            todo.append(place)
    items = {item["item_id"]: item for each in found.values() for item in each.open}
    chosen = [(items[asked[place][1].item_id], asked[place][1].loan_id, asked[place][1].purpose) for place in todo]
    # One caller's requests at a time would do no more: repayments name no caller.
    booked = resolve(terms, unit, asked[todo[0]][0], chosen) if todo else []
    for place, answer in zip(todo, booked, strict=True):
        answers[place] = answer if isinstance(answer, Refusal) else _resolved(asked[place][1], answer, items, found)
    return [answers[place] for place in range(len(asked))]


def _resolved(request: Resolving, repaid: Repaid, items: dict[str, Row], found: dict[str, Matched]) -> Resolved:
    account = items[request.item_id]["account"]
    return Resolved(
        item_id=request.item_id,
        payment_id=repaid.payment_id,
        loan_id=repaid.loan_id,
        state=repaid.state,
        outstanding_fen=repaid.outstanding_fen,
        suspense_fen=sum(each["amount_fen"] for each in found[account].open if each.get("released_at") is None),
    )


def match_open(terms: PlatformTerms, unit: Unit, code: str) -> Matched:
    """Release what bookings made since explain; the caller holds the account, of which a statement was taken."""
    last = last_statement(unit.connection, code)
    if last is None:
        return Matched()
    account = account_in_force(terms.cash_accounts, code, units.day(max(unit.today, last["ends_on"])))
    return match_up(unit, account, begins_on=last["begins_on"])
