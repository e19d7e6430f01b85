"""A small plan of three tranches that buys loans of our micro-lender, as a test's own terms, and its naive twin."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from ruamel.yaml import YAML

from loanbook.terms.vehicle_file import parse_vehicle
from tests.reference.waterfall import NaiveVehicle

PLAN = """
vehicle: pebble_plan
title: Pebble plan (example)
kind: abs_plan
consolidated: true
effective_from: 2024-05-01
source: a test
currency: CNY
begins_on: 2024-05-08
payment_dates: {first: 2024-06-10, every_months: 1, calendar: weekdays, shift: following}
day_count: actual_365_fixed
revolving_until: 2025-12-31
accounts: [income, principal, reserve]
receives:
  principal: principal
  interest: income
  fee: income
  penalty: income
  recovery: income
  buy_back: principal
  compensation: principal
  deposit: reserve
reserve: {account: reserve, share: 0.005, least: 20.00}
tranches:
  - {name: senior, seniority: senior, holder: Pebble A (example), amount: 6000.00, rate_annual: 0.05, final_on: 2026-01-10}
  - {name: mezzanine, seniority: mezzanine, holder: Pebble B (example), amount: 2500.00, rate_annual: 0.07, final_on: 2026-01-10}
  - {name: subordinated, seniority: subordinated, holder: lantern_micro_lending, amount: 1500.00, rate_annual: 0}
fees:
  - {name: trustee, payee: Harbour Trust (example), rate_annual: 0.001}
  - {name: servicing, payee: Lantern Technology (example), rate_annual: 0.01}
triggers:
  - {name: defaults end the revolving period, ratio: cumulative_default, above: 0.06, then: amortise}
  - {name: defaults accelerate the plan, ratio: cumulative_default, above: 0.90, then: accelerate}
  - {name: delinquency traps the residual, ratio: delinquency_90, above: 0.05, then: trap, lasting: false}
BUY_BACK
waterfall:
  - {pay: release, to: income}
  - {pay: fee, of: trustee, from: [income, principal, reserve]}
  - {pay: interest, of: senior, from: [income, reserve, principal]}
  - {pay: fee, of: servicing, from: [income]}
  - {pay: interest, of: mezzanine, from: [income, reserve, principal], during: [revolving, amortising]}
  - {pay: reserve, from: [income], during: [revolving, amortising]}
  - {pay: default_cover, from: [income], to: principal, during: [revolving, amortising]}
  - {pay: reinvestment, from: [principal], to: lantern_micro_lending, during: [revolving]}
  - {pay: principal, of: senior, from: [principal], during: [amortising]}
  - {pay: principal, of: mezzanine, from: [principal], during: [amortising]}
  - {pay: principal, of: subordinated, from: [principal], during: [amortising]}
  - {pay: principal, of: senior, from: [principal, income, reserve], during: [accelerated]}
  - {pay: interest, of: mezzanine, from: [income, principal, reserve], during: [accelerated]}
  - {pay: principal, of: mezzanine, from: [principal, income, reserve], during: [accelerated]}
  - {pay: principal, of: subordinated, from: [principal, income, reserve], during: [accelerated]}
  - {pay: residual, from: [income, principal], to: lantern_micro_lending}
"""
CODE = "pebble_plan"


def plan(buy_back=""):
    """The plan's terms; `buy_back` is the line that says when it sells loans back."""
    return parse_vehicle(PLAN.replace("BUY_BACK", buy_back), "pebble_plan.yaml")


def twin():
    """The plan on its first day in Decimal yuan."""
    terms = YAML(typ="safe").load(PLAN.replace("BUY_BACK", ""))
    tranches = {each["name"]: each["amount"] for each in terms["tranches"]}
    return NaiveVehicle(terms, {"accounts": {}, "tranches": tranches, "paid_to": dt.date(2024, 5, 8)})


def yuan(amount_fen):
    """Fen as Decimal yuan."""
    return Decimal(amount_fen) / 100


def pay_twin(naive, received_fen, ratios, on, offered_fen, defaulted_fen):
    """One payment date of the twin; returns its phase and payments."""
    naive.lines.clear()
    phase = naive.pay_out(
        {name: yuan(amount) for name, amount in received_fen.items()},
        {name: Fraction(*ratio) if ratio[1] else Fraction(0) for name, ratio in ratios.items()},
        on,
        yuan(offered_fen),
        yuan(defaulted_fen),
    )
    return phase, list(naive.lines)
