"""Matching of cash: what statements report against what we booked, and the suspense account for what nobody can explain.

Every movement of a statement is a booking of ours, reported once, or lies in suspense; each opening and release of an item is an
event. So the cash of an account is what was reported of our bookings and the balance of its suspense, to the fen.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.services.caller import Caller, Refusal
from loanbook.services.paying import repay
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Repaid, Repaying
from loanbook.servicing.reconciliation import NOBODY, Match, pair_by_amount_and_day, reconcile
from loanbook.servicing.statement_file import StatementLine
from loanbook.stores.online.cash import open_items, reported_payments, unreported_bookings
from loanbook.stores.online.schema import PAYMENT
from loanbook.stores.online.schema_cash import REPORTED, SUSPENSE
from loanbook.stores.online.unit import Row, Unit, is_id, new_id
from loanbook.terms.cash_account import CashAccount

BY_REFERENCE, BY_AMOUNT_AND_DAY, AMOUNT_DIFFERS = "by_reference", "by_amount_and_day", "amount_differs"
UNKNOWN, INFORMATION = "unknown", "information"
QUARANTINED, UNREAD = "quarantined", "unread"


@dataclass(slots=True, kw_only=True)
class Matched:
    """What matching came to.

    line_match    how each line stands, by its number in the file
    differing     (reference, theirs, ours) where one reference has two amounts
    unknown       new items of suspense
    released      items that are explained now;  refused  (item, why) where a named loan does not take the money
    explained     bookings that are reported now;  open  the items of suspense that are left
    """

    line_match: dict[int, str] = field(default_factory=dict)
    differing: list[tuple[str, int, int]] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)
    released: list[Row] = field(default_factory=list)
    refused: list[tuple[Row, Refusal]] = field(default_factory=list)
    explained: list[Row] = field(default_factory=list)
    open: list[Row] = field(default_factory=list)

    def count(self, match: str) -> int:
        """How many lines stand so."""
        return sum(found == match for found in self.line_match.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """A line of the new statement, or an item that an earlier one left open."""

    reference: str
    on: int
    amount_fen: int
    statement_id: str
    line: int | None
    item: Row | None


def match_up(
    unit: Unit,
    account: CashAccount,
    *,
    begins_on: dt.date,
    statement_id: str = "",
    lines: Sequence[StatementLine] = (),
    items: Sequence[Row] = (),
) -> Matched:
    """Match the lines of a statement, and all open items, with the bookings that nobody reported yet.

    The caller holds the account (`lock_accounts`). Without lines it only looks whether open items are explained by now.

    begins_on   the first day of the account's first statement: earlier bookings are in its opening balance
    items       items of this statement that are not stored yet
    """
    held = [*open_items(unit.connection, account.code), *items]
    movements = [
        _Movement(
            reference=line.reference,
            on=line.booked_on,
            amount_fen=line.amount_fen,
            statement_id=statement_id,
            line=line.line,
            item=None,
        )
        for line in lines
        if line.amount_fen
    ]
    movements += [
        _Movement(
            reference=item["reference"],
            on=units.day(item["booked_on"]),
            amount_fen=item["amount_fen"],
            statement_id=item["statement_id"],
            line=item["line"],
            item=item,
        )
        for item in held
        if item["why"] in (UNKNOWN, AMOUNT_DIFFERS)
    ]
    found = Matched(line_match={line.line: INFORMATION for line in lines if not line.amount_fen})
    if not movements:
        _net(unit, found, held)
        found.open = [item for item in held if item.get("released_at") is None]
        return found
    bookings = unreported_bookings(
        unit.connection,
        [str(kind) for kind in account.carries],
        begins_on,
        (each.reference for each in movements),
        _days_of_amounts([each for each in movements if not each.reference], account.match_days),
    )
    by_reference = reconcile(*_side(movements), *_side(bookings))
    left: list[int] = []
    there: list[int] = []
    for match, theirs, ours in zip(
        by_reference.match.tolist(), by_reference.theirs.tolist(), by_reference.ours.tolist(), strict=True
    ):
        if theirs == NOBODY:
            there.append(ours)
        elif ours == NOBODY:
            left.append(theirs)
        else:
            how = BY_REFERENCE if match == Match.MATCHED else AMOUNT_DIFFERS
            _explain(unit, account, found, movements[theirs], bookings[ours], how)
    left = _by_amount(unit, account, found, movements, bookings, left, there)
    for place in sorted(left):
        each = movements[place]
        if each.item is None and each.line is not None:
            found.line_match[each.line] = UNKNOWN
            found.unknown.append(_book(unit, account, each, each.amount_fen, UNKNOWN))
    everything = [*held, *found.unknown]
    _net(unit, found, [item for item in everything if item.get("released_at") is None])
    found.open = [item for item in everything if item.get("released_at") is None]
    return found


def _days_of_amounts(movements: Sequence[_Movement], days: int) -> dict[int, tuple[dt.date, dt.date]]:
    """The first and the last day on which a booking of each amount can be what a movement without a reference means."""
    found: dict[int, tuple[int, int]] = {}
    for each in movements:
        first, last = found.get(each.amount_fen, (each.on, each.on))
        found[each.amount_fen] = min(first, each.on), max(last, each.on)
    return {amount: (units.date(first - days), units.date(last + days)) for amount, (first, last) in found.items()}


def _side(rows: Sequence[_Movement] | Sequence[Row]) -> tuple[pa.Array, units.Ints]:
    """References, with the direction of the cash, and amounts: money in is never matched with money out."""
    pairs = [
        (each.reference, each.amount_fen) if isinstance(each, _Movement) else (each["reference"], each["amount_fen"])
        for each in rows
    ]
    named = [f"{'-' if amount < 0 else '+'}{reference}" for reference, amount in pairs]
    return pa.array(named, pa.string()), np.array([amount for _, amount in pairs], np.int64)


def _by_amount(
    unit: Unit,
    account: CashAccount,
    found: Matched,
    movements: Sequence[_Movement],
    bookings: Sequence[Row],
    left: Sequence[int],
    there: Sequence[int],
) -> list[int]:
    """Match what has no reference by amount and day; the movements that are left after it.

    A line with a reference that we do not know is other money: its amount would take the booking away from the line that comes
    for it later.
    """
    whole = [place for place in left if not movements[place].reference]
    theirs, ours = pair_by_amount_and_day(
        np.array([movements[place].amount_fen for place in whole], np.int64),
        np.array([movements[place].on for place in whole], np.int64),
        np.array([bookings[place]["amount_fen"] for place in there], np.int64),
        np.array([units.day(bookings[place]["on_day"]) for place in there], np.int64),
        days=account.match_days,
    )
    for their, our in zip(theirs.tolist(), ours.tolist(), strict=True):
        _explain(unit, account, found, movements[whole[their]], bookings[there[our]], BY_AMOUNT_AND_DAY)
    paired = {whole[their] for their in theirs.tolist()}
    return [place for place in left if place not in paired]


def _explain(unit: Unit, account: CashAccount, found: Matched, movement: _Movement, booking: Row, how: str) -> None:
    """A booking is reported by a movement; what differs goes to suspense."""
    report(unit, account.code, movement.statement_id, movement.line, booking)
    found.explained.append(booking)
    if movement.item is not None:
        release(unit, movement.item, f"{booking['kind']} {booking['booking_id']}")
        found.released.append(movement.item)
    elif movement.line is not None:
        found.line_match[movement.line] = how
    difference = movement.amount_fen - booking["amount_fen"]
    if difference:
        found.differing.append((movement.reference, movement.amount_fen, booking["amount_fen"]))
        found.unknown.append(_book(unit, account, movement, difference, AMOUNT_DIFFERS))


def report(unit: Unit, account: str, statement_id: str, line: int | None, booking: Row) -> None:
    """Note that a statement reported a booking; the table takes each booking once."""
    unit.insert(
        REPORTED,
        kind=booking["kind"],
        booking_id=booking["booking_id"],
        account=account,
        statement_id=statement_id,
        line=line,
        amount_fen=booking["amount_fen"],
        recorded_at=unit.now,
    )


def _book(unit: Unit, account: CashAccount, movement: _Movement, amount_fen: int, why: str) -> Row:
    return book(
        unit,
        account=account.code,
        statement_id=movement.statement_id,
        line=movement.line,
        reference=movement.reference,
        booked_on=units.date(movement.on),
        amount_fen=amount_fen,
        why=why,
    )


def book(
    unit: Unit,
    *,
    account: str,
    statement_id: str,
    line: int | None,
    reference: str,
    booked_on: dt.date,
    amount_fen: int,
    why: str,
) -> Row:
    """Open an item of suspense."""
    row = unit.insert(
        SUSPENSE,
        item_id=new_id("su"),
        account=account,
        statement_id=statement_id,
        line=line,
        reference=reference,
        booked_on=booked_on,
        amount_fen=amount_fen,
        why=why,
    )
    told = {"account": account, "statement_id": statement_id, "line": line, "reference": reference, "amount_fen": amount_fen}
    unit.event("suspense_booked", row["item_id"], **told, why=why)
    return row


def release(unit: Unit, item: Row, by: str) -> None:
    """Close an item of suspense; the caller holds it, open."""
    unit.update(SUSPENSE, item, released_at=unit.now, released_by=by)
    told = {"account": item["account"], "reference": item["reference"], "amount_fen": item["amount_fen"]}
    unit.event("suspense_released", item["item_id"], **told, by=by)


def _net(unit: Unit, found: Matched, items: Sequence[Row]) -> None:
    """Items of one reference that cancel each other are explained: money that went back where it came from."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for item in items:
        if item["reference"]:
            grouped[item["reference"]].append(item)
    for members in grouped.values():
        waiting: dict[int, list[Row]] = defaultdict(list)
        for item in members:
            opposite = waiting[-item["amount_fen"]]
            if opposite:
                _cancel(unit, found, [opposite.pop(0), item])
            else:
                waiting[item["amount_fen"]].append(item)
        rest = [item for each in waiting.values() for item in each]
        if len(rest) > 1 and sum(item["amount_fen"] for item in rest) == 0:
            _cancel(unit, found, rest)


def _cancel(unit: Unit, found: Matched, items: Sequence[Row]) -> None:
    for place, item in enumerate(items):
        release(unit, item, items[place - 1]["item_id"])
        found.released.append(item)


def resolve(terms: PlatformTerms, unit: Unit, caller: Caller, items: Sequence[tuple[Row, str, str]]) -> list[Repaid | Refusal]:
    """Book items as payments for loans, by the ordinary way of a repayment; an item that is booked is released.

    Open items must have been matched in this transaction (`match_up`), so that money booked meanwhile is not booked again.

    items   (item held and open, loan_id, purpose); money that went out is refused
    """
    known = unit.read(PAYMENT, (item["reference"] for item, _, _ in items), by="provider_reference")
    reported = reported_payments(unit.connection, [row["payment_id"] for row in known.values()])
    answers: dict[int, Repaid | Refusal] = {}
    asked: dict[int, tuple[Caller, Repaying]] = {}
    seen = set(known)
    for place, (item, loan_id, purpose) in enumerate(items):
        refusal = _cannot_resolve(item, known.get(item["reference"]), reported)
        if refusal is not None:
            answers[place] = refusal
            continue
        # A reference that another movement used up, that is missing or that has the form of our ids cannot name this payment; the
        # item's own id can.
        cannot_name = item["reference"] in seen or not item["reference"] or is_id(item["reference"])
        reference = item["item_id"] if cannot_name else item["reference"]
        seen.add(reference)
        repaying = Repaying(
            loan_id=loan_id,
            provider_reference=reference,
            amount_fen=item["amount_fen"],
            paid_on=item["booked_on"],
            purpose="payoff" if purpose == "payoff" else "repayment",
        )
        asked[place] = (caller, repaying)
    booked = repay(terms, unit, list(asked.values())) if asked else []
    for place, answer in zip(asked, booked, strict=True):
        item = items[place][0]
        if isinstance(answer, Repaid):
            booking = {"kind": "payment", "booking_id": answer.payment_id, "amount_fen": item["amount_fen"]}
            report(unit, item["account"], item["statement_id"], item["line"], booking)
            release(unit, item, f"payment {answer.payment_id}")
        answers[place] = answer
    return [answers[place] for place in range(len(items))]


def _cannot_resolve(item: Row, payment: Row | None, reported: set[str]) -> Refusal | None:
    if item["amount_fen"] <= 0:
        detail = (
            f"item {item['item_id']} is {-item['amount_fen']} fen that went out, no repayment. A return or disbursement with its "
            "reference explains it, or a line of a later statement that brings it back."
        )
        return Refusal(status=409, rule="money_went_out", detail=detail, figures={"amount_fen": item["amount_fen"]})
    if payment is not None and payment["payment_id"] not in reported:
        detail = f"reference {item['reference']} was booked as payment {payment['payment_id']} just now. Ask again."
        return Refusal(status=409, rule="payment_booked_already", detail=detail)
    return None


def resolve_named(terms: PlatformTerms, unit: Unit, caller: Caller, found: Matched, named: Mapping[str, str]) -> None:
    """Book open items whose reference a statement names a loan for; what a loan does not take stays in suspense."""
    chosen = [(item, named[item["reference"]], "repayment") for item in found.open if item["reference"] in named]
    for (item, _, _), answer in zip(chosen, resolve(terms, unit, caller, chosen), strict=True):
        if isinstance(answer, Refusal):
            found.refused.append((item, answer))
        else:
            found.released.append(item)
            found.open.remove(item)
