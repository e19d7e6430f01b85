"""Steps over loans past due: the collections queue, compensation by guarantors, buy-backs of vehicles, charge-offs.

Candidates come from the pass of the day; before anything is written their loans are locked and looked at again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from loanbook import units
from loanbook.funding.shares import PAID, Paid, divide, stage_shares
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import Counted, chosen, joined
from loanbook.services.day_pass import Standing, stand_of
from loanbook.servicing.collections import queue_of
from loanbook.servicing.compensation import buy_backs_of, cap_left_fen, compensation_of, deposit_call_fen
from loanbook.stores.online.day_book import deposit_used, guarantee_sums, keep_queue, taken_over_of
from loanbook.stores.online.schema import LOAN, TAKEN_OVER
from loanbook.terms.collection import collection_in_force
from loanbook.terms.mandate import Component, Guarantee, Mandate, Stage
from loanbook.terms.vehicle import Vehicle
from loanbook.units import Ints

POLICY = "consumer"
"""The collection terms that the queue is made by."""


def queue(day: Day) -> dict[str, int]:
    """Make the queue of the day; promises and agencies are not kept online yet, so nothing is held back."""
    terms = collection_in_force(day.terms.collections, POLICY, units.day(day.day))
    late = _late(day)
    if late is None:
        keep_queue(day.connection, day.day, [], [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        return {"rows": 0}
    number = np.arange(len(late.loan_id))
    found = queue_of(terms, number, late.column(Position.DPD), late.column(Position.OVERDUE), np.zeros(number.size, bool))
    keep_queue(
        day.connection,
        day.day,
        [late.loan_id[place] for place in found.loan_no.tolist()],
        [terms.stages[stage].name for stage in found.stage.tolist()],
        found.dpd,
        found.overdue_fen,
    )
    return {"rows": int(found.loan_no.size)}


def compensate(day: Day) -> dict[str, object]:
    """Guarantors pay lenders at the contractual days past due: outstanding principal and interest due, the lender's part."""
    paid, deposits = Counted(), {}
    for mandate, ids in _by_mandate(day, _compensation_dpd):
        if mandate.guarantee is None:
            continue
        for loans, amount_fen in day.apart(ids, partial(_compensate, day, mandate, mandate.guarantee)):
            paid.loans += loans
            paid.amount_fen += amount_fen
        vehicle = day.terms.vehicle(mandate.guarantee.guarantor, units.day(day.day))
        if vehicle is not None and vehicle.deposit is not None:
            left = vehicle.deposit.amount_fen - deposit_used(day.connection, vehicle.code)
            deposits[vehicle.code] = deposit_call_fen(vehicle.deposit, left)
    return {"loans": paid.loans, "paid_fen": paid.amount_fen, "deposit_calls_fen": deposits}


def _compensate(day: Day, mandate: Mandate, guarantee: Guarantee, ids: Sequence[str]) -> tuple[int, int]:
    standing = _locked(day, ids)
    known = taken_over_of(day.connection, standing.loan_id, "compensation")
    owed = _owed(mandate, standing)[:, (Component.PRINCIPAL, Component.INTEREST), mandate.vehicles.index(mandate.partner)]
    vehicle = day.terms.vehicle(guarantee.guarantor, units.day(day.day))
    deposit = 0
    if vehicle is not None and vehicle.deposit is not None:
        deposit = max(vehicle.deposit.amount_fen - deposit_used(day.connection, vehicle.code), 0)
    found = compensation_of(
        np.arange(len(standing.loan_id)),
        standing.column(Position.DPD),
        owed,
        compensated=np.array([loan_id in known for loan_id in standing.loan_id], bool),
        compensation_dpd=guarantee.compensation_dpd,
        as_of=units.day(day.day),
        cap_left=cap_left_fen(guarantee.cap_ppm, *guarantee_sums(day.connection, mandate.code)),
        deposit_left=deposit,
    )
    unit = day.unit()
    whole = found.paid_fen.sum(axis=1)
    for row, place in enumerate(found.loan_no.tolist()):
        loan_id = standing.loan_id[place]
        principal, interest = found.paid_fen[row].tolist()
        unit.insert(
            TAKEN_OVER,
            loan_id=loan_id,
            kind="compensation",
            on_day=day.day,
            mandate=mandate.code,
            payer=guarantee.guarantor,
            paid_fen=int(whole[row]),
            from_deposit_fen=int(found.from_deposit_fen[row]),
        )
        told = {
            "mandate": mandate.code,
            "guarantor": guarantee.guarantor,
            "partner": mandate.partner,
            "claimed_on": units.date(int(found.claimed_on[row])),
            "principal_fen": principal,
            "interest_fen": interest,
            "uncovered_fen": int(found.uncovered_fen[row].sum()),
            "from_deposit_fen": int(found.from_deposit_fen[row]),
        }
        unit.event("loan_compensated", loan_id, **told)
        unit.tell(guarantee.guarantor, "loan_compensated", loan_id, **told)
    unit.flush()
    return len(found.loan_no), int(whole.sum())


def buy_back(day: Day) -> dict[str, object]:
    """Vehicles sell back the loans that are far enough past due, once; what is past their last day is a finding."""
    bought = Counted()
    sellers: dict[str, Vehicle] = {}

    def least(mandate: Mandate) -> int | None:
        found = _seller(day, mandate)
        if found is None or found.buy_back is None:
            return None
        sellers[mandate.hash] = found
        return found.buy_back.dpd_least

    for mandate, ids in _by_mandate(day, least):
        for loans, amount_fen in day.apart(ids, partial(_buy_back, day, mandate, sellers[mandate.hash])):
            bought.loans += loans
            bought.amount_fen += amount_fen
    return {"loans": bought.loans, "price_fen": bought.amount_fen}


def _seller(day: Day, mandate: Mandate) -> Vehicle | None:
    """The vehicle that lends under a mandate and sells loans back, if one does."""
    principal = mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL]
    for code, share in zip(mandate.vehicles, principal, strict=True):
        vehicle = day.terms.vehicle(code, units.day(day.day))
        if share and vehicle is not None and vehicle.buy_back is not None:
            return vehicle
    return None


def _buy_back(day: Day, mandate: Mandate, vehicle: Vehicle, ids: Sequence[str]) -> tuple[int, int]:
    standing = _locked(day, ids)
    known = taken_over_of(day.connection, standing.loan_id, "buy_back")
    owed = _owed(mandate, standing)[:, :, mandate.vehicles.index(vehicle.code)]
    found = buy_backs_of(
        vehicle,
        np.arange(len(standing.loan_id)),
        standing.column(Position.DPD),
        principal_fen=owed[:, Component.PRINCIPAL],
        interest_fen=owed[:, Component.INTEREST],
        sold_back=np.array([loan_id in known for loan_id in standing.loan_id], bool),
    )
    unit = day.unit()
    buyer = vehicle.buy_back.buyer if vehicle.buy_back else ""
    for place, price in zip(found.loan_no.tolist(), found.price_fen.tolist(), strict=True):
        loan_id = standing.loan_id[place]
        unit.insert(
            TAKEN_OVER,
            loan_id=loan_id,
            kind="buy_back",
            on_day=day.day,
            mandate=mandate.code,
            seller=vehicle.code,
            payer=buyer,
            paid_fen=price,
            from_deposit_fen=0,
        )
        told = {"mandate": mandate.code, "vehicle": vehicle.code, "buyer": buyer, "price_fen": price}
        unit.event("loan_bought_back", loan_id, **told)
        unit.tell(buyer, "loan_bought_back", loan_id, **told)
    unit.flush()
    for place in found.missed.tolist():
        days = int(standing.position[place, Position.DPD])
        day.findings.add(f"loan {standing.loan_id[place]}", f"{vehicle.code} holds it past its last day to sell it back", days)
    return len(found.loan_no), int(found.price_fen.sum())


def charge_off(day: Day) -> dict[str, int]:
    """Write loans off on the first day that they are more days past due than their product allows."""
    late = _late(day)
    if late is None:
        return {"loans": 0, "principal_fen": 0}
    done = Counted()
    places = np.flatnonzero(late.open & _written_off(late))
    for loans, principal_fen in day.apart(
        [late.loan_id[place] for place in places.tolist()], lambda some: _charge_off(day, some)
    ):
        done.loans += loans
        done.amount_fen += principal_fen
    return {"loans": done.loans, "principal_fen": done.amount_fen}


def _written_off(standing: Standing) -> Ints:
    over: Ints = (standing.charge_off_days > 0) & (standing.column(Position.DPD) > standing.charge_off_days)
    return over


def _charge_off(day: Day, ids: Sequence[str]) -> tuple[int, int]:
    unit = day.unit()
    loans = unit.lock(LOAN, ids)
    standing = _open(day, ids)
    places = np.flatnonzero(_written_off(standing)).tolist()
    owed = standing.column(Position.OUTSTANDING)
    for place in places:
        loan_id = standing.loan_id[place]
        unit.update(LOAN, loans[loan_id], state="charged_off", closed_on=day.day)
        unit.event("loan_charged_off", loan_id, principal_fen=int(owed[place]), reason="days_past_due")
    unit.flush()
    return len(places), int(owed[places].sum())


def _late(day: Day) -> Standing | None:
    """The loans past due."""
    parts = [part for part in day.figures.late if part.loan_id]
    return joined(parts) if parts else None


def _compensation_dpd(mandate: Mandate) -> int | None:
    return mandate.guarantee.compensation_dpd if mandate.guarantee else None


def _by_mandate(day: Day, least: Callable[[Mandate], int | None]) -> list[tuple[Mandate, list[str]]]:
    """Open loans past due by mandate, those that its least days past due let through, the longest overdue first."""
    late = _late(day)
    if late is None:
        return []
    grouped: dict[str, list[int]] = defaultdict(list)
    for place in np.flatnonzero(late.open).tolist():
        grouped[late.mandate_hash[place]].append(place)
    dpd = late.column(Position.DPD)
    found = []
    for key in sorted(grouped):
        mandate = day.terms.platform.mandate_by_hash(key)
        days = least(mandate)
        if days is not None:
            places = [place for place in grouped[key] if dpd[place] >= days]
            places.sort(key=lambda place: (-int(dpd[place]), late.loan_id[place]))
            known = taken_over_of(day.connection, (late.loan_id[place] for place in places), "compensation")
            known |= taken_over_of(day.connection, (late.loan_id[place] for place in places), "buy_back")
            ids = [late.loan_id[place] for place in places if late.loan_id[place] not in known]
            if ids:
                found.append((mandate, ids))
    return found


def _locked(day: Day, ids: Sequence[str]) -> Standing:
    day.unit().lock(LOAN, ids)
    return _open(day, ids)


def _open(day: Day, ids: Sequence[str]) -> Standing:
    """Where loans that are locked stand, as far as they still run."""
    standing = stand_of(day.book, day.connection, ids, day.day, day.findings)
    return chosen(standing, np.flatnonzero(standing.open))


def paid_columns(standing: Standing) -> Ints:
    """What was paid of loans so far as their holders divide it, (loans, PAID)."""
    paid = np.zeros((len(standing.loan_id), PAID), np.int64)
    paid[:, Paid.PRINCIPAL] = standing.column(Position.PAID_PRINCIPAL)
    paid[:, Paid.INTEREST] = standing.column(Position.PAID_INTEREST)
    paid[:, Paid.FEE] = standing.column(Position.PAID_FEE) + standing.column(Position.PAID_PENALTY)
    return paid


def _owed(mandate: Mandate, standing: Standing) -> Ints:
    """Outstanding principal and interest due, parted among the holders: (loans, components, vehicles)."""
    owed = np.zeros((len(standing.loan_id), PAID), np.int64)
    owed[:, Paid.PRINCIPAL] = standing.column(Position.OUTSTANDING)
    owed[:, Paid.INTEREST] = standing.column(Position.INTEREST_DUE)
    shares = stage_shares(mandate, Stage.ORIGINATION)
    return divide(shares, mandate.coupon_annual, standing.rate_annual, paid_columns(standing), owed)
