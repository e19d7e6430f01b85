"""Steps that pass claims on: guarantors compensate lenders, vehicles sell overdue loans back; it counts from the next day on.

What passes is what was owed by what the day knew (`day_knowledge`); what is told later is of who holds the claim then.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from loanbook import units
from loanbook.funding.shares import divide, stage_shares
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import Counted
from loanbook.services.day_knowledge import known_late, known_of
from loanbook.services.day_money import bounced_of_claims
from loanbook.services.day_steps_loans import claims_by_mandate, locked_loans, owed_parts
from loanbook.servicing.compensation import Compensation, buy_backs_of, cap_left_fen, compensation_of, deposit_call_fen
from loanbook.stores.online.day_book import bounced_claims, deposit_used, guarantee_sums, taken_over_of
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.schema_day import TAKEN_OVER
from loanbook.stores.online.unit import Row
from loanbook.stores.online.unsettled import unsettled
from loanbook.stores.online.vehicle_book import deposits_added, handed_on
from loanbook.terms.mandate import Component, Guarantee, Mandate, Stage
from loanbook.terms.vehicle import Vehicle


def compensate(day: Day) -> dict[str, object]:
    """Guarantors pay lenders at the contractual days past due: outstanding principal and interest due, the lender's part.

    Money that came before the claim passed and bounces after it is the lender's loss again, so the guarantor pays for that too:
    on the day it bounces or, where a loan's money waits, on the day that can book it again. What a cap leaves uncovered stays the
    lender's claim. Of a loan for which something was paid the claim passes in that part (`claims.claim_parts`), and it is not
    asked for again; one for which nothing was left is, on the next day. A cap or a deposit that is used up is a finding of the
    day on which it first left something.
    """
    paid, uncovered, calls = Counted(), 0, {}
    asked = [(_compensate, *each) for each in claims_by_mandate(day, _compensation_dpd)]
    asked += [(_compensate_again, *each) for each in _bounced_by_mandate(day)]
    for pay, mandate, ids in asked:
        if mandate.guarantee is None:
            continue
        for loans, amount_fen, uncovered_fen in day.apart(ids, partial(pay, day, mandate, mandate.guarantee)):
            paid.loans += loans
            paid.amount_fen += amount_fen
            uncovered += uncovered_fen
        vehicle = day.terms.vehicle(mandate.guarantee.guarantor, units.day(day.day))
        if vehicle is not None and vehicle.deposit is not None:
            calls[vehicle.code] = deposit_call_fen(vehicle.deposit, _deposit_left(day, vehicle))
    return {"loans": paid.loans, "paid_fen": paid.amount_fen, "uncovered_fen": uncovered, "deposit_calls_fen": calls}


def _bounced(day: Day) -> tuple[dict[str, Row], dict[str, dt.date]]:
    """Claims that passed before the day and of which money bounced, or may have while it waited; and from which day on."""
    waited = unsettled(day.connection, "partners")["money"]
    held = bounced_claims(day.connection, day.day, *day.moments(), waited)
    since = {loan_id: waited.get(loan_id, day.day) for loan_id in held}
    for loan_id, row in held.items():
        if row["last_on"] is not None:
            since[loan_id] = max(since[loan_id], row["last_on"] + dt.timedelta(days=1))
    return held, since


def _bounced_by_mandate(day: Day) -> list[tuple[Mandate, list[str]]]:
    standing = known_of(day, list(_bounced(day)[0]))
    grouped: dict[str, list[str]] = defaultdict(list)
    for key, loan_id in zip(standing.mandate_hash, standing.loan_id, strict=True):
        grouped[key].append(loan_id)
    found = [(day.known_mandate(key, ids), ids) for key, ids in sorted(grouped.items())]
    return [(mandate, ids) for mandate, ids in found if mandate is not None]


def _compensation_dpd(mandate: Mandate) -> int | None:
    return mandate.guarantee.compensation_dpd if mandate.guarantee else None


def _deposit_left(day: Day, vehicle: Vehicle | None) -> int:
    """What a guarantor still holds of ours; 0 where it holds no deposit."""
    if vehicle is None or vehicle.deposit is None:
        return 0
    put_in = vehicle.deposit.amount_fen + deposits_added(day.connection, vehicle.code)
    return max(put_in - deposit_used(day.connection, vehicle.code), 0)


def _compensate(day: Day, mandate: Mandate, guarantee: Guarantee, ids: Sequence[str]) -> tuple[int, int, int]:
    standing = locked_loans(day, ids)
    known = taken_over_of(day.connection, standing.loan_id, "compensation")
    owed = owed_parts(mandate, standing)[:, (Component.PRINCIPAL, Component.INTEREST), mandate.vehicles.index(mandate.partner)]
    on = units.day(day.day)
    found = compensation_of(
        np.arange(len(standing.loan_id)),
        standing.column(Position.DPD),
        owed,
        compensated=np.array([loan_id in known for loan_id in standing.loan_id], bool),
        compensation_dpd=guarantee.compensation_dpd,
        as_of=on,
        cap_left=cap_left_fen(guarantee.cap_ppm, *guarantee_sums(day.connection, mandate.code, day.day)),
        deposit_left=_deposit_left(day, day.terms.vehicle(guarantee.guarantor, on)),
    )
    return _paid(day, mandate, guarantee, standing.loan_id, found, {})


def _compensate_again(day: Day, mandate: Mandate, guarantee: Guarantee, ids: Sequence[str]) -> tuple[int, int, int]:
    """Pay for what the lender had of claims that passed before, and gave back on the day because it bounced."""
    day.unit().lock(LOAN, ids)
    held, since = _bounced(day)
    ids, before, after = bounced_of_claims(day, {loan_id: since[loan_id] for loan_id in ids})
    rate = known_of(day, ids).rate_annual
    nothing = np.zeros_like(before)
    shares = stage_shares(mandate, Stage.ORIGINATION)
    had, has = (divide(shares, mandate.coupon_annual, rate, nothing, each) for each in (before, after))
    lost = (had - has)[:, (Component.PRINCIPAL, Component.INTEREST), mandate.vehicles.index(mandate.partner)]
    # Later money may be parted anew once some bounced: what one component gains the other has lost.
    whole = np.maximum(lost.sum(axis=1), 0)
    interest = np.clip(lost[:, 1], 0, whole)
    on = units.day(day.day)
    found = compensation_of(
        np.arange(len(ids)),
        np.full(len(ids), guarantee.compensation_dpd),
        np.stack([whole - interest, interest], axis=1),
        compensated=np.zeros(len(ids), bool),
        compensation_dpd=guarantee.compensation_dpd,
        as_of=on,
        cap_left=cap_left_fen(guarantee.cap_ppm, *guarantee_sums(day.connection, mandate.code, day.day)),
        deposit_left=_deposit_left(day, day.terms.vehicle(guarantee.guarantor, on)),
    )
    return _paid(day, mandate, guarantee, ids, found, held)


def _paid(
    day: Day, mandate: Mandate, guarantee: Guarantee, ids: Sequence[str], found: Compensation, held: Mapping[str, Row]
) -> tuple[int, int, int]:
    """Write down what a guarantor pays; of claims that it holds already, what it pays more. Returns loans, paid, uncovered."""
    unit = day.unit()
    whole = found.paid_fen.sum(axis=1)
    lacking = found.uncovered_fen.sum(axis=1)
    for row in np.flatnonzero((whole > 0) | ((lacking > 0) & bool(held))).tolist():
        loan_id = ids[int(found.loan_no[row])]
        principal, interest = found.paid_fen[row].tolist()
        paid, from_deposit = int(whole[row]), int(found.from_deposit_fen[row])
        if loan_id in held:
            row_held = held[loan_id]
            sums = {"paid_fen": row_held["paid_fen"] + paid, "from_deposit_fen": row_held["from_deposit_fen"] + from_deposit}
            unit.update(TAKEN_OVER, row_held, last_on=day.day, **sums)
        else:
            unit.insert(
                TAKEN_OVER,
                loan_id=loan_id,
                kind="compensation",
                on_day=day.day,
                mandate=mandate.code,
                payer=guarantee.guarantor,
                paid_fen=paid,
                from_deposit_fen=from_deposit,
            )
        told = {
            "mandate": mandate.code,
            "guarantor": guarantee.guarantor,
            "partner": mandate.partner,
            "claimed_on": units.date(int(found.claimed_on[row])),
            "principal_fen": principal,
            "interest_fen": interest,
            "uncovered_fen": int(lacking[row]),
            "from_deposit_fen": from_deposit,
        }
        unit.event("loan_compensated", loan_id, **told)
        unit.tell(guarantee.guarantor, "loan_compensated", loan_id, **told)
    unit.flush()
    new = (lacking > 0) & ((found.claimed_on == units.day(day.day)) | (whole > 0))
    if new.any():
        message = f"the cap of its guarantee is used up; what {int(new.sum())} loans owe the lender is not covered"
        day.findings.add(f"mandate {mandate.code}", message, int(lacking[new].sum()))
    vehicle = day.terms.vehicle(guarantee.guarantor, units.day(day.day))
    if vehicle is not None and vehicle.deposit is not None and found.from_guarantor_fen.any():
        message = "our deposit with it is used up; it paid the rest itself and claims it from us"
        day.findings.add(f"guarantor {vehicle.code}", message, int(found.from_guarantor_fen.sum()))
    return int((whole > 0).sum()), int(whole.sum()), int(lacking.sum())


@dataclass(frozen=True, slots=True)
class _Seller:
    """A vehicle that sells loans of a mandate back, and whose place in the mandate's shares its part has."""

    vehicle: str
    origin: str


def buy_back(day: Day) -> dict[str, object]:
    """Vehicles sell back the loans that are far enough past due, once; what is past their last day is a finding."""
    bought = Counted()
    on = units.day(day.day)
    codes = sorted({vehicle.code for vehicle in day.terms.vehicles})
    sellers = {code: vehicle for code in codes if (vehicle := day.terms.vehicle(code, on)) is not None and vehicle.buy_back}
    least = min((vehicle.buy_back.dpd_least for vehicle in sellers.values() if vehicle.buy_back), default=None)
    late = known_late(day)
    dpd = dict(zip(late.loan_id, late.column(Position.DPD).tolist(), strict=True)) if late is not None else {}
    for mandate, ids in claims_by_mandate(day, lambda _: least):
        for seller, theirs in _by_seller(day, mandate, ids).items():
            vehicle = sellers.get(seller.vehicle)
            if vehicle is not None and vehicle.buy_back is not None:
                far = [loan_id for loan_id in theirs if dpd[loan_id] >= vehicle.buy_back.dpd_least]
                for loans, amount_fen in day.apart(far, partial(_buy_back, day, mandate, vehicle, seller.origin)):
                    bought.loans += loans
                    bought.amount_fen += amount_fen
    return {"loans": bought.loans, "price_fen": bought.amount_fen}


def _by_seller(day: Day, mandate: Mandate, ids: Sequence[str]) -> dict[_Seller, list[str]]:
    """The loans by the vehicle that holds them: who bought them, else the one that lends under the mandate and sells back."""
    sold = {row["loan_id"]: _Seller(row["payer"], row["seller"]) for row in handed_on(day.connection, ids, day.day)[0]}
    first = _Seller(*[_lender_that_sells(day, mandate)] * 2)
    found: dict[_Seller, list[str]] = defaultdict(list)
    for loan_id in ids:
        seller = sold.get(loan_id, first)
        if seller.vehicle:
            found[seller].append(loan_id)
    return found


def _lender_that_sells(day: Day, mandate: Mandate) -> str:
    principal = mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL]
    for code, share in zip(mandate.vehicles, principal, strict=True):
        vehicle = day.terms.vehicle(code, units.day(day.day))
        if share and vehicle is not None and vehicle.buy_back is not None:
            return code
    return ""


def _buy_back(day: Day, mandate: Mandate, vehicle: Vehicle, origin: str, ids: Sequence[str]) -> tuple[int, int]:
    standing = locked_loans(day, ids)
    known = taken_over_of(day.connection, standing.loan_id, "buy_back")
    owed = owed_parts(mandate, standing)[:, :, mandate.vehicles.index(origin)]
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
            payer=buyer,
            seller=vehicle.code,
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
