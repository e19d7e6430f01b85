"""Runs reference contracts in the ACTUS test format through the variable-rate kernel and compares every event.

A file is one JSON object: `{case: {terms, to, dataObserved, eventsObserved, results}}`. Date, type, payoff, notional principal,
rate and accrued interest of each event must agree within 10^-6. Contracts outside consumer lending are declined by name.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np

from loanbook.errors import LoanbookError, RequestError
from loanbook.loans.variable_rate import Opening, Position, Step, interest_between, reset_rate, walks
from loanbook.units import HALF_EVEN, RATE_SCALE, Ints, mul_div, parse_decimal
from tests.oracles.actus_events import ORDER, Event, Schedule
from tests.oracles.actus_terms import MINOR_UNITS, DeclinedError, Moment, Terms, moment, ratio, read_terms

Verdict = Literal["pass", "fail", "declined"]

TOLERANCE = Decimal("1e-6")
NO_LIMIT = 1_000 * RATE_SCALE
"""A rate no contract reaches: stands for a cap or floor that is not there."""
_AMOUNTS = ("payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One computed event, in the terms of the reference results."""

    at: Moment
    kind: str
    amounts: tuple[Decimal, ...]
    """Payoff, notional principal, rate, accrued interest."""


def run(path: str | Path) -> Iterator[tuple[str, Verdict, str]]:
    """Case id, verdict and detail of every case of a file; the detail is the first difference, or the reason of a refusal.

    raises   RequestError when the file is not in the format
    """
    for case_id, case in read_cases(path).items():
        yield case_id, *judge(case)


def read_cases(path: str | Path) -> Mapping[str, Mapping[str, Any]]:
    """The cases of a file by id."""
    try:
        cases = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path}: not a JSON file of ACTUS cases: {error}") from error
    if not isinstance(cases, dict):
        raise RequestError(f"{path}: an ACTUS file is one object of cases by id.")
    for case_id, case in cases.items():
        if not isinstance(case, dict) or "terms" not in case or "results" not in case:
            raise RequestError(f"{path}: {case_id}: a case has at least 'terms' and 'results'.")
    return cases


def judge(case: Mapping[str, Any]) -> tuple[Verdict, str]:
    """Compare one case."""
    try:
        if case.get("eventsObserved"):
            raise DeclinedError("eventsObserved: unscheduled events are facts of the account, not terms of a schedule")
        terms = read_terms(case["terms"])
        outcomes = compute(terms, case.get("dataObserved") or {}, str(case.get("to") or "").strip())
        difference = first_difference(outcomes, case["results"])
    except DeclinedError as error:
        return "declined", str(error)
    except (LoanbookError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError) as error:
        # A malformed case is reported as its own failure; the cases after it still run.
        return "fail", f"{type(error).__name__}: {error}"
    return ("pass", "") if difference is None else ("fail", difference)


def first_difference(outcomes: list[Outcome], results: list[Mapping[str, Any]]) -> str | None:
    """Where computed and expected events first disagree; None when they agree."""
    expected = sorted(results, key=_expected_place)
    for number, result in enumerate(expected):
        at, kind = moment(str(result["eventDate"])), str(result["eventType"]).strip()
        if number >= len(outcomes):
            return f"event {number + 1}: expected {kind} on {at}, got no further event"
        outcome = outcomes[number]
        if (outcome.at, outcome.kind) != (at, kind):
            return f"event {number + 1}: expected {kind} on {at}, got {outcome.kind} on {outcome.at}"
        for name, got in zip(_AMOUNTS, outcome.amounts, strict=True):
            if result.get(name) is None:
                continue
            wanted = Decimal(str(result[name]).strip())
            if not abs(got - wanted) <= TOLERANCE:
                return f"event {number + 1}: {kind} on {at}: {name} {got}, expected {wanted}"
    if len(outcomes) > len(expected):
        outcome = outcomes[len(expected)]
        return f"event {len(expected) + 1}: got {outcome.kind} on {outcome.at}, expected no further event"
    return None


def _expected_place(result: Mapping[str, Any]) -> tuple[Moment, int]:
    kind = str(result["eventType"]).strip()
    if kind not in ORDER:
        return moment(str(result["eventDate"])), len(ORDER)
    return moment(str(result["eventDate"])), ORDER.index(kind)


def compute(terms: Terms, observed: Mapping[str, Any], until: str) -> list[Outcome]:
    """Every event of a contract after its status date, up to `until` ("" for no limit)."""
    schedule = Schedule(terms)
    events = schedule.events()
    alive = [event for event in events if event.counted >= schedule.opened and event.place >= (schedule.exchange, 0)]
    alive = [event for event in alive if event.at > schedule.status]
    step, on, value, row_of = _steps(terms, schedule, alive, observed)
    opening = _opening(terms, schedule)
    due_on = np.array(schedule.due_on() if terms.kind != "PAM" else [], np.int64)
    position = walks(opening, _offsets(step.size), step, on, value, _offsets(due_on.size), due_on)
    outcomes = _outcomes(terms, alive, position[row_of], observed, _fees(terms, schedule, alive, position[row_of]))
    early = [event for event in events if schedule.status < event.at and event.place < (schedule.exchange, 0)]
    nothing = [Outcome(at=event.at, kind=event.kind, amounts=(Decimal(0),) * len(_AMOUNTS)) for event in early]
    return [outcome for outcome in nothing + outcomes if _shown(terms, outcome, until)]


def _offsets(size: int) -> Ints:
    return np.array([0, size], np.int64)


def _shown(terms: Terms, outcome: Outcome, until: str) -> bool:
    place = (outcome.at, ORDER.index(outcome.kind))
    bought, sold = terms.moment("purchaseDate"), terms.moment("terminationDate")
    if bought is not None and place < (bought, ORDER.index("PRD")):
        return False
    if sold is not None and place > (sold, ORDER.index("TD")):
        return False
    return not until or outcome.at <= moment(until)


def _opening(terms: Terms, schedule: Schedule) -> Ints:
    """The state just after the initial exchange, or on the status date where that is later."""
    notional, rate = terms.money("notionalPrincipal"), terms.rate("nominalInterestRate", 0) or 0
    if notional is None:
        raise DeclinedError("notionalPrincipal is missing")
    base = terms.text("interestCalculationBase") or "NT"
    if base not in ("NT", "NTIED", "NTL"):
        raise DeclinedError(f"interestCalculationBase {base} is unknown")
    opening = np.zeros(len(Opening), np.int64)
    opening[Opening.OPENED_ON] = schedule.opened
    opening[Opening.BALANCE] = notional
    opening[Opening.RATE_ANNUAL] = rate
    opening[Opening.PAYMENT] = _payment(terms, schedule, notional)
    opening[Opening.BASE_FIXED] = int(terms.kind != "PAM" and base != "NT")
    opening[Opening.BASE] = terms.money("interestCalculationBaseAmount") or notional
    opening[Opening.DAY_COUNT] = int(terms.day_count)
    opening[Opening.ROUNDING] = HALF_EVEN
    opening[Opening.ACCRUED] = _accrued(terms, schedule, notional, rate)
    return opening[np.newaxis]


def _accrued(terms: Terms, schedule: Schedule, notional: int, rate: int) -> int:
    """Interest accrued at the opening: as given, else since the last interest date before it, else none."""
    given = terms.money("accruedInterest")
    if given is not None:
        return given
    paid = [at.counted for at in schedule.interest_dates()[:-1] if at.counted < schedule.opened]
    if not paid:
        return 0
    since = paid[0] if schedule.exchange > schedule.status else paid[-1]
    return int(interest_between(notional, rate, since, schedule.opened, int(terms.day_count), HALF_EVEN))


def _payment(terms: Terms, schedule: Schedule, notional: int) -> int:
    """The payment of principal the contract names; a linear loan that names none repays equal parts at every due date."""
    payment = terms.money("nextPrincipalRedemptionPayment")
    if payment is not None or terms.kind in ("PAM", "ANN"):
        return payment or 0
    if terms.kind == "NAM":
        raise DeclinedError("nextPrincipalRedemptionPayment is missing")
    dues = len(schedule.due_on())
    return int(mul_div(notional, 1, dues, HALF_EVEN)) if dues else 0


def _steps(
    terms: Terms, schedule: Schedule, events: list[Event], observed: Mapping[str, Any]
) -> tuple[Ints, Ints, Ints, list[int]]:
    """The kernel's step columns and the row of each event in them.

    Steps without an event: the payment of an annuity whose first payment is on or before the opening is fixed there; interest
    on the notional of the initial exchange (NTIED) follows each payment.
    """
    rows: list[tuple[int, int, int]] = []
    row_of: list[int] = []
    names_none = terms.kind == "ANN" and terms.text("nextPrincipalRedemptionPayment") is None
    if names_none and schedule.eve_of_first_payment() is None:
        rows.append((Step.REFIX, schedule.opened, 0))
    rate = terms.rate("nominalInterestRate", 0) or 0
    follows = terms.text("interestCalculationBase") == "NTIED"
    for event in events:
        if event.step is Step.RESET:
            rate = _new_rate(terms, event, rate, observed)
        row_of.append(len(rows))
        rows.append((event.step, event.counted, rate))
        if follows and event.step in (Step.PAY_PRINCIPAL, Step.PAY_LEVEL, Step.CAPITALISE):
            rows.append((Step.FIX_BASE, event.counted, 0))
    step, on, value = np.array(rows, np.int64).reshape(-1, 3).T.copy()
    return step, on, value, row_of


def _new_rate(terms: Terms, event: Event, rate: int, observed: Mapping[str, Any]) -> int:
    if event.kind == "RRF":
        return terms.rate("nextResetRate") or 0
    code = terms.need("marketObjectCodeOfRateReset")
    index = parse_decimal(_observation(observed, code, event), RATE_SCALE)
    multiplier, spread = terms.rate("rateMultiplier", RATE_SCALE), terms.rate("rateSpread", 0)
    limits = [
        terms.rate(name, default)
        for name, default in (
            ("lifeFloor", -NO_LIMIT),
            ("lifeCap", NO_LIMIT),
            ("periodFloor", -NO_LIMIT),
            ("periodCap", NO_LIMIT),
        )
    ]
    return int(reset_rate(rate, index, multiplier, spread, *limits))


def _observation(observed: Mapping[str, Any], code: str, event: Event) -> str:
    """The value observed for the scheduled day, else for the day the event fell on, else the last one before."""
    points = observed.get(code, {}).get("data", [])
    values = {moment(str(point["timestamp"])): str(point["value"]) for point in points}
    for at in (event.scheduled, event.at):
        if at in values:
            return values[at]
    before = [at for at in values if at < event.scheduled]
    if not before:
        raise DeclinedError(f"dataObserved has no value of {code} on or before {event.scheduled}")
    return values[max(before)]


def _fees(terms: Terms, schedule: Schedule, events: list[Event], position: Ints) -> list[int]:
    """The fee due at each event: an amount a date (basis A), or a rate on the balance since the last fee (basis N)."""
    basis = terms.text("feeBasis") or "A"
    if basis not in ("A", "N"):
        raise DeclinedError(f"feeBasis {basis} is unknown")
    charge, amount = terms.rate("feeRate", 0) or 0, terms.money("feeRate") or 0
    at, balance, accrued = schedule.opened, terms.money("notionalPrincipal") or 0, terms.money("feeAccrued") or 0
    fees = []
    for event, row in zip(events, position, strict=True):
        fee = 0
        if basis == "N":
            accrued += int(interest_between(balance, charge, at, event.counted, int(terms.day_count), HALF_EVEN))
            at, balance = event.counted, int(row[Position.BALANCE])
        if event.kind == "FP":
            fee, accrued = (amount, accrued) if basis == "A" else (accrued, 0)
        fees.append(fee)
    return fees


def _outcomes(terms: Terms, events: list[Event], position: Ints, observed: Mapping[str, Any], fees: list[int]) -> list[Outcome]:
    """Payoffs in ACTUS signs and scalings. Positions count a lender's amounts; the borrower's are the negative of them."""
    sign = terms.sign
    scaling = {
        "N": terms.rate("notionalScalingMultiplier", RATE_SCALE) or RATE_SCALE,
        "I": terms.rate("interestScalingMultiplier", RATE_SCALE) or RATE_SCALE,
    }
    outcomes = []
    for event, row, fee in zip(events, position, fees, strict=True):
        cash, balance, rate, accrued, _ = (int(amount) for amount in row)
        if event.kind == "SC":
            _scale(terms, event, scaling, observed)
        payoff = 0
        if event.kind in ("PR", "MD"):
            payoff = sign * int(mul_div(cash, scaling["N"], RATE_SCALE, HALF_EVEN))
        elif event.kind == "IP":
            payoff = sign * int(mul_div(cash, scaling["I"], RATE_SCALE, HALF_EVEN))
        elif event.kind == "FP":
            payoff = sign * fee
        elif event.kind == "IED":
            payoff = -sign * (balance + (terms.money("premiumDiscountAtIED") or 0))
        elif event.kind == "PRD":
            payoff = -(sign * _price(terms, "priceAtPurchaseDate") + accrued)
        elif event.kind == "TD":
            payoff = sign * _price(terms, "priceAtTerminationDate") + accrued
            balance, accrued = 0, 0
        amounts = (
            Decimal(payoff) / MINOR_UNITS,
            Decimal(sign * balance) / MINOR_UNITS,
            Decimal(rate) / RATE_SCALE,
            Decimal(sign * accrued) / MINOR_UNITS,
        )
        outcomes.append(Outcome(at=event.at, kind=event.kind, amounts=amounts))
    return outcomes


def _price(terms: Terms, name: str) -> int:
    price = terms.money(name)
    if price is None:
        raise DeclinedError(f"{name} is missing")
    return price


def _scale(terms: Terms, event: Event, scaling: dict[str, int], observed: Mapping[str, Any]) -> None:
    effect = terms.need("scalingEffect").upper()
    if set(effect) - set("INO0"):
        raise DeclinedError(f"scalingEffect {effect}: only interest (I) and notional (N) scaling are read")
    start = terms.text("scalingIndexAtContractDealDate") or terms.need("scalingIndexAtStatusDate")
    index = parse_decimal(_observation(observed, terms.need("marketObjectCodeOfScalingIndex"), event), RATE_SCALE)
    for name in set(effect) & set(scaling):
        scaling[name] = ratio(index, parse_decimal(start, RATE_SCALE))
