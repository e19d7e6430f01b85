"""Steps of collections: promises kept or broken, loans to agencies and back, the queue, money recovered and commission."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from loanbook import units
from loanbook.loans.positions import Position
from loanbook.services.collection_case import POLICY
from loanbook.services.day import Day
from loanbook.services.day_figures import joined
from loanbook.services.day_pass import stand_of
from loanbook.services.placing import BY_HAND, place, take_back
from loanbook.servicing.agencies import IN_HOUSE, hand_over
from loanbook.servicing.collections import queue_of
from loanbook.servicing.promises import PromiseState, in_spell, promise_states
from loanbook.stores.online.collections import (
    broken_promises,
    left_alone,
    money_since,
    open_placements,
    placements_of,
    promises_to_settle,
    written_off_not_placed,
)
from loanbook.stores.online.day_book import keep_queue
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.schema_collections import PROMISE
from loanbook.stores.online.standing import keep_past_due
from loanbook.stores.online.unit import Row
from loanbook.terms.collection import CollectionTerms, collection_in_force
from loanbook.units import Ints


def policy_of(day: Day, on: int | None = None) -> CollectionTerms:
    """The collection terms of the day, or of another."""
    return collection_in_force(day.terms.collections, POLICY, units.day(day.day) if on is None else on)


def settle_promises(day: Day) -> dict[str, int]:
    """Find promises kept or broken by what was paid until the day; one kept by money that bounced is judged again."""
    rows = promises_to_settle(day.connection, day.day, *day.moments())
    number = {loan_id: place for place, loan_id in enumerate(sorted({row["loan_id"] for row in rows}))}
    paid = money_since(day.connection, number)
    states = promise_states(
        policy_of(day),
        np.array([number[row["loan_id"]] for row in rows], np.int64),
        np.array([units.day(row["made_on"]) for row in rows], np.int64),
        np.array([units.day(row["due_on"]) for row in rows], np.int64),
        np.array([row["amount_fen"] for row in rows], np.int64),
        paid_loan_no=np.array([number[row["loan_id"]] for row in paid], np.int64),
        paid_on=np.array([units.day(row["paid_on"]) for row in paid], np.int64),
        paid_fen=np.array([row["amount_fen"] for row in paid], np.int64),
        as_of=units.day(day.day),
    )
    unit = day.unit()
    counts = dict.fromkeys(PromiseState, 0)
    for row, code in zip(rows, states.tolist(), strict=True):
        state = PromiseState(code)
        counts[state] += 1
        if state.name.lower() == row["state"]:
            continue
        settled_on = None if state == PromiseState.OPEN else day.day
        unit.update(PROMISE, row, state=state.name.lower(), settled_on=settled_on)
        told = {"promise_id": row["promise_id"], "due_on": row["due_on"], "amount_fen": row["amount_fen"]}
        unit.event("promise_reopened" if settled_on is None else f"promise_{state.name.lower()}", row["loan_id"], **told)
    unit.flush()
    return {"open": counts[PromiseState.OPEN], "kept": counts[PromiseState.KEPT], "broken": counts[PromiseState.BROKEN]}


def hand_to_agencies(day: Day) -> dict[str, int]:
    """Loans go to agencies at their days past due and come back when their time is over or nothing is overdue any more.

    A loan that was recalled by hand stays with our own collectors.
    """
    policy = policy_of(day)
    held = {row["loan_id"]: row for row in open_placements(day.connection) if row["handed_on"] <= day.day}
    standing = _candidates(day, policy, list(held))
    history: dict[str, list[Row]] = defaultdict(list)
    for row in placements_of(day.connection, [*standing, *held]):
        history[row["loan_id"]].append(row)
    # A loan that cannot be booked is not in `standing`: it stays where it is.
    chosen = sorted(loan_id for loan_id in standing if loan_id in held or not _kept_back(history[loan_id], day))
    wanted = _agencies(policy, chosen, standing, held, history, units.day(day.day))
    moves = {
        loan_id: agency
        for loan_id, agency in zip(chosen, wanted.tolist(), strict=True)
        if agency != _now(policy, held.get(loan_id))
    }
    handed = back = 0
    for given, taken in day.apart(list(moves), lambda ids: _move(day, policy, ids, moves, standing, held)):
        handed, back = handed + given, back + taken
    return {"with_agencies": len(held) + handed - back, "handed_over": handed, "taken_back": back}


def _candidates(day: Day, policy: CollectionTerms, held: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Days past due and overdue money of loans past due that an agency may have, and of written-off ones."""
    least = min((agency.dpd_least for agency in policy.agencies), default=None)
    found: dict[str, tuple[int, int]] = {}
    with_agency = set(held)
    for part in day.figures.late:
        dpd, overdue = part.column(Position.DPD).tolist(), part.column(Position.OVERDUE).tolist()
        for loan_id, days, fen in zip(part.loan_id, dpd, overdue, strict=True):
            if loan_id in with_agency or (least is not None and days >= least):
                found[loan_id] = (days, fen)
    more = written_off_not_placed(day.connection, day.day, len(policy.agencies))
    more += [loan_id for loan_id in held if loan_id not in found]
    if more:
        rest = stand_of(day.book, day.connection, more, day.day, day.findings)
        for loan_id, days, fen in zip(
            rest.loan_id, rest.column(Position.DPD).tolist(), rest.column(Position.OVERDUE).tolist(), strict=True
        ):
            if loan_id in with_agency or days > 0:
                found[loan_id] = (days, fen)
    return found


def _kept_back(history: Sequence[Row], day: Day) -> bool:
    """Recalled by hand last, or handed over on a later day than is closed."""
    return bool(history) and (history[-1]["handed_on"] > day.day or (history[-1]["why_ended"] or "").startswith(BY_HAND))


def _now(policy: CollectionTerms, placement: Row | None) -> int:
    """The place of a placement's agency in the terms; IN_HOUSE for none."""
    if placement is None:
        return IN_HOUSE
    names = [agency.name for agency in policy.agencies]
    return names.index(placement["agency"]) if placement["agency"] in names else len(names)


def _agencies(
    policy: CollectionTerms,
    loan_ids: Sequence[str],
    standing: dict[str, tuple[int, int]],
    held: dict[str, Row],
    history: dict[str, list[Row]],
    as_of: int,
) -> Ints:
    """Who should have each loan after the day. An agency that the terms do not name any more gives its loans back."""
    names = [agency.name for agency in policy.agencies]
    had = np.zeros((len(loan_ids), len(names)), bool)
    for number, loan_id in enumerate(loan_ids):
        for row in history[loan_id]:
            if row["agency"] in names:
                had[number, names.index(row["agency"])] = True
    now = np.array([_now(policy, held.get(loan_id)) for loan_id in loan_ids], np.int64)
    known = now < len(names)
    return hand_over(
        policy,
        np.array([_number(loan_id) for loan_id in loan_ids], np.int64),
        np.array([standing.get(loan_id, (0, 0))[0] for loan_id in loan_ids], np.int64),
        np.array([standing.get(loan_id, (0, 0))[1] for loan_id in loan_ids], np.int64),
        agency=np.where(known, now, IN_HOUSE),
        handed_on=np.array([units.day(held[each]["handed_on"]) if each in held else 0 for each in loan_ids], np.int64),
        had=had,
        as_of=as_of,
    )


def _number(loan_id: str) -> int:
    """A number that a loan keeps; agencies get their parts by it."""
    return int.from_bytes(blake2b(loan_id.encode(), digest_size=8).digest(), "big") >> 1


def _move(
    day: Day,
    policy: CollectionTerms,
    ids: Sequence[str],
    moves: dict[str, int],
    standing: dict[str, tuple[int, int]],
    held: dict[str, Row],
) -> tuple[int, int]:
    unit = day.unit()
    unit.lock(LOAN, ids)
    given = taken = 0
    for loan_id in ids:
        dpd, overdue_fen = standing.get(loan_id, (0, 0))
        if loan_id in held:
            take_back(unit, held[loan_id], "its time is over" if overdue_fen > 0 else "nothing is overdue")
            taken += 1
    # A placement ends before the next begins: a loan is with one agency at a time, and the table's index says so.
    unit.flush()
    for loan_id in ids:
        dpd, overdue_fen = standing.get(loan_id, (0, 0))
        if moves[loan_id] != IN_HOUSE:
            place(unit, policy, loan_id, moves[loan_id], dpd=dpd, overdue_fen=overdue_fen)
            given += 1
    unit.flush()
    return given, taken


def queue(day: Day) -> dict[str, int]:
    """Make the queue of the day: loans past due, without those that a promise or an agency keeps our collectors from.

    All of them are kept as well, because who is past due borrows no more.
    """
    policy = policy_of(day)
    parts = [part for part in day.figures.late if part.loan_id]
    if not parts:
        keep_queue(day.connection, day.day, [], [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        keep_past_due(day.connection, day.day, [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        return {"rows": 0, "left_alone": 0, "moved_up": 0}
    late = joined(parts)
    dpd, overdue = late.column(Position.DPD), late.column(Position.OVERDUE)
    keep_past_due(day.connection, day.day, late.loan_id, dpd, overdue)
    alone = left_alone(day.connection, day.day)
    held = np.array([loan_id in alone for loan_id in late.loan_id], bool)
    as_of = units.day(day.day)
    made = broken_promises(day.connection, day.day, units.date(as_of - int(dpd.max())))
    broke = np.array([units.day(made[each]) if each in made else 0 for each in late.loan_id], np.int64)
    broken = in_spell(broke, dpd, as_of)
    found = queue_of(policy, np.arange(len(late.loan_id)), dpd, overdue, held, broken)
    keep_queue(
        day.connection,
        day.day,
        [late.loan_id[place] for place in found.loan_no.tolist()],
        [policy.stages[stage].name for stage in found.stage.tolist()],
        found.dpd,
        found.overdue_fen,
    )
    return {
        "rows": int(found.loan_no.size),
        "left_alone": int(held.sum()),
        "moved_up": int(broken[found.loan_no].sum()),
    }
