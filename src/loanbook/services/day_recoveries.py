"""The step that counts what of a day's money was overdue, where it was collected, and what agencies earn on it.

Money of a loan that cannot be booked waits (`day_taking`): the close that can counts it as each of its days would have.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from loanbook import units
from loanbook.loans.positions import Position
from loanbook.services.day import ZONE, Day, moments_of
from loanbook.services.day_money import booked_on
from loanbook.services.day_pass import FINDINGS_MOST, Money, Standing, stand
from loanbook.services.day_steps_collections import policy_of
from loanbook.services.day_taking import Taker
from loanbook.servicing.agencies import commission_fen
from loanbook.servicing.collections import NO_STAGE, moved_up, stages_of
from loanbook.servicing.promises import in_spell
from loanbook.stores.online.collections import bounced_recoveries, broken_promises, collected_money, placements_of
from loanbook.stores.online.day_book import BookedMoney, booked_money
from loanbook.stores.online.day_columns import LoanColumns, loans_of
from loanbook.stores.online.schema_collections import RECOVERED
from loanbook.stores.online.unit import Row, Unit
from loanbook.stores.online.unsettled import keep_unsettled, unsettled
from loanbook.units import Ints


def recover(day: Day) -> dict[str, int]:
    """What of the day's money was overdue, in which stage, and the commission of the agency that had the loan when it came.

    Money that bounces takes back what it had been counted for. Of several payments for a loan the first one counts first.
    What could not be counted waits, whole loans at a time; what bounces while it waits is never counted.
    """
    waited = unsettled(day.connection, Taker.COLLECTIONS)["money"]
    rows, apart = _recovered(day, waited)
    for loan_id, since in sorted(apart.items())[:FINDINGS_MOST]:
        day.findings.add(f"loan {loan_id}", "what of its money was overdue is counted when it can be", f"since {since}")
    day.findings.count += max(len(apart) - FINDINGS_MOST, 0)
    if waited or apart:
        keep_unsettled(day.connection, Taker.COLLECTIONS, "money", apart)
    taken_back = bounced_recoveries(day.connection, *day.moments())
    unit = day.unit()
    recovered = commission = 0
    for row, agency in rows:
        unit.insert(RECOVERED, **row, on_day=day.day)
        recovered, commission = recovered + row["recovered_fen"], commission + row["commission_fen"]
        _tell(unit, row, agency, 1)
    for row in taken_back:
        unit.update(RECOVERED, row, taken_back_on=day.day)
        recovered, commission = recovered - row["recovered_fen"], commission - row["commission_fen"]
        _tell(unit, row, row["agency"], -1)
    unit.flush()
    return {
        "payments": len(rows),
        "taken_back": len(taken_back),
        "recovered_fen": recovered,
        "commission_fen": commission,
    }


def _tell(unit: Unit, row: Row, agency: str | None, sign: int) -> None:
    """The commission as an event and to the agency; below 0 for money that was taken back."""
    if agency is None or not row["commission_fen"]:
        return
    told = {
        "agency": agency,
        "placement_id": row["placement_id"],
        "payment_id": row["payment_id"],
        "recovered_fen": sign * row["recovered_fen"],
        "commission_fen": sign * row["commission_fen"],
    }
    unit.event("agency_commission", row["loan_id"], **told)
    unit.tell(agency, "agency_commission", row["loan_id"], **told)


def _recovered(day: Day, waited: Mapping[str, dt.date]) -> tuple[list[tuple[Row, str | None]], dict[str, dt.date]]:
    """Rows of `recovered` for the money of the day and what waited, with the agency that earns on it; and what waits on."""
    now = units.day(day.day)
    booked, loans = booked_on(day)
    rows, missed = _counted(day, loans, booked, np.full(len(booked.loan_ids), now, np.int64), now)
    if waited:
        # No moment lies between the end of the day and itself: of the loans that waited alone.
        ends = day.moments()[1]
        booked = booked_money(day.connection, ends, ends, ZONE.key, also=waited)
        since = np.array([units.day(waited[each]) for each in booked.loan_ids], np.int64)
        late, still = _counted(day, loans_of(day.connection, booked.loan_ids), booked, since, now - 1)
        rows, missed = late + rows, missed | still
    found, unknown = _with_agencies(day, [row for row in rows if row["loan_id"] not in missed])
    missed |= unknown
    return [each for each in found if each[0]["loan_id"] not in missed], {each: waited.get(each, day.day) for each in missed}


def _counted(day: Day, loans: LoanColumns, booked: BookedMoney, since: Ints, until: int) -> tuple[list[Row], set[str]]:
    """Rows for money that was booked since a day of each loan, (loans,), until a day; and the loans that cannot be booked.

    Most of it came for loans of which nothing was overdue: only of the others is it asked which payments these were.
    """
    told = booked.booked_on
    came = (told >= since[booked.loan]) & (told <= until) & (booked.reversed_on > units.day(day.day)) & (booked.amount_fen > 0)
    rows: list[Row] = []
    missed: set[str] = set()
    for told_on, on in np.unique(np.stack((told[came], booked.on[came])), axis=1).T.tolist():
        before = _before(day, loans, booked, units.date(on), told_on)
        that = came & (told == told_on) & (booked.on == on)
        paid = {booked.loan_ids[place] for place in np.unique(booked.loan[that]).tolist()}
        missed |= paid.difference(before.loan_id)
        late = [before.loan_id[place] for place in np.flatnonzero(before.column(Position.OVERDUE) > 0).tolist()]
        wanted = [loan_id for loan_id in late if loan_id in paid]
        if wanted:
            moments = moments_of(units.date(told_on))
            money = collected_money(day.connection, wanted, units.date(on), *moments, stands_at=day.moments()[1])
            rows += _overdue_parts(day, before, money, units.date(on), told_on)
    return rows, missed


def _before(day: Day, loans: LoanColumns, booked: BookedMoney, paid_on: dt.date, told_on: int) -> Standing:
    """Where loans stood on a day, by what the close of another knew, without the money that this one booked for it or later."""
    on = units.day(paid_on)
    known = (booked.booked_on < told_on) | ((booked.booked_on == told_on) & (booked.on < on))
    chosen = np.flatnonzero(known & (booked.reversed_on > told_on))
    money = Money(
        loan=booked.loan[chosen], on=booked.on[chosen], amount_fen=booked.amount_fen[chosen], payoff=booked.payoff[chosen]
    )
    return stand(day.book, loans, money, paid_on, day.findings)


def _overdue_parts(day: Day, before: Standing, came: Sequence[Row], paid_on: dt.date, told_on: int) -> list[Row]:
    """What of each payment was overdue money, and the stage its loan was in by the close of a day; those without are left out."""
    policy, on = policy_of(day, told_on), units.day(paid_on)
    order = {loan_id: place for place, loan_id in enumerate(before.loan_id)}
    known = [row for row in came if row["loan_id"] in order]
    loan = np.array([order[row["loan_id"]] for row in known], np.int64)
    amount = np.array([row["amount_fen"] for row in known], np.int64)
    parts = first_come(loan, amount, before.column(Position.OVERDUE))
    dpd = before.column(Position.DPD)
    made = broken_promises(day.connection, units.date(told_on), units.date(on - int(dpd.max(initial=0))))
    broke = np.array([units.day(made[each]) if each in made else 0 for each in before.loan_id], np.int64)
    stage = moved_up(policy, stages_of(policy, dpd, before.column(Position.OVERDUE)), in_spell(broke, dpd, on))
    return [
        {
            "payment_id": known[place]["payment_id"],
            "loan_id": known[place]["loan_id"],
            "stage": "" if stage[loan[place]] == NO_STAGE else policy.stages[stage[loan[place]]].name,
            "recovered_fen": int(parts[place]),
            "paid_on": paid_on,
        }
        for place in np.flatnonzero(parts > 0).tolist()
    ]


def first_come(loan: Ints, amount_fen: Ints, room_fen: Ints) -> Ints:
    """What each payment takes of its loan's room, in the order of payments; (payments,) int64.

    loan       (payments,) place of the loan in `room_fen`;  room_fen  (loans,) int64; below 0 counts as none
    """
    order = np.argsort(loan, kind="stable")
    sorted_loan, sorted_amount = loan[order], amount_fen[order]
    running = np.cumsum(sorted_amount)
    begins = np.concatenate((np.ones(min(order.size, 1), bool), sorted_loan[1:] != sorted_loan[:-1]))
    base = np.where(begins, running - sorted_amount, 0)
    base = np.maximum.accumulate(base)
    room = np.maximum(room_fen[sorted_loan], 0)
    taken = np.minimum(running - base, room) - np.minimum(running - base - sorted_amount, room)
    found = np.empty(order.size, np.int64)
    found[order] = taken
    return found


def _with_agencies(day: Day, rows: list[Row]) -> tuple[list[tuple[Row, str | None]], set[str]]:
    """Rows with placement and commission: of the agency that had the loan on the day the money came, as agreed with it.

    Loans whose placement names terms that are not there are findings, and told.
    """
    placed: dict[str, list[Row]] = defaultdict(list)
    for each in placements_of(day.connection, [row["loan_id"] for row in rows]):
        placed[each["loan_id"]].append(each)
    by_hash = {terms.hash: terms for terms in day.terms.collections}
    found: list[tuple[Row, str | None]] = []
    unknown: set[str] = set()
    for row in rows:
        paid_on = row.pop("paid_on")
        held = [
            each
            for each in placed[row["loan_id"]]
            if each["handed_on"] < paid_on and (each["ended_on"] is None or each["ended_on"] >= paid_on)
        ]
        if not held:
            found.append((row | {"placement_id": None, "commission_fen": 0}, None))
            continue
        terms = by_hash.get(held[-1]["terms_hash"])
        if terms is None:
            message = f"its agency's collection terms {held[-1]['terms_hash'][:16]} are not among the terms. Restore their file"
            day.findings.add(f"loan {row['loan_id']}", message)
            unknown.add(row["loan_id"])
            continue
        agency = [each.name for each in terms.agencies].index(held[-1]["agency"])
        commission = commission_fen(terms, np.array([agency]), np.array([row["recovered_fen"]]))
        found.append((row | {"placement_id": held[-1]["placement_id"], "commission_fen": int(commission[0])}, held[-1]["agency"]))
    return found, unknown
