"""Whatever comes in: cash is conserved, a junior waits for its senior, order does not matter, and the naive twin agrees."""

import dataclasses
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.funding.vehicles import plain_terms, vehicle
from tests.reference.waterfall import NaiveVehicle

from loanbook.errors import RequestError, StateError, TieError
from loanbook.funding.pro_rata import pro_rata
from loanbook.funding.vehicle_state import VehicleState, opening_state
from loanbook.funding.waterfall import check_conserved, collected, run_waterfall
from loanbook.terms.vehicle import Pay, Phase, Received
from loanbook.units import date

pytestmark = pytest.mark.plain
CODES = ("bluewater_abs_1", "harbour_trust_1")
RATIOS = ("cumulative_default", "delinquency_90")
MONEY = st.one_of(st.just(0), st.integers(0, 50_000), st.integers(0, 3_000_000_000))


@st.composite
def payment_date(draw):
    """A vehicle in any state, a day, and what comes in."""
    terms = vehicle(draw(st.sampled_from(CODES)))
    claims = [f"fee of {fee.name}" for fee in terms.fees]
    claims += [f"interest of {tranche.name}" for tranche in terms.tranches if tranche.rate_annual]
    lasting = [trigger.name for trigger in terms.triggers if trigger.lasting]
    state = VehicleState(
        vehicle=terms.code,
        paid_to=terms.begins_on + draw(st.integers(0, 700)),
        accounts_fen={name: draw(MONEY) for name in terms.accounts},
        tranches_fen={
            tranche.name: draw(st.one_of(st.just(0), st.integers(0, tranche.amount_fen))) for tranche in terms.tranches
        },
        unpaid_fen={name: amount for name in claims if (amount := draw(MONEY))},
        breached=tuple(name for name in lasting if draw(st.booleans())),
    )
    received = {kind: draw(MONEY) for kind in Received}
    ratios = {name: (draw(st.integers(0, 13)), 100) for name in RATIOS}
    on = state.paid_to + draw(st.integers(1, 100))
    return terms, state, received, ratios, on, draw(MONEY), draw(MONEY)


def run(case):
    terms, state, received, ratios, on, offered, defaulted = case
    return run_waterfall(terms, state, received, ratios=ratios, on=on, offered_fen=offered, defaulted_fen=defaulted)


@given(payment_date())
def test_cash_in_is_cash_out_and_cash_left_on_every_account(case):
    terms, state, received, *_ = case
    found = run(case)
    for account in terms.accounts:
        came = sum(amount for kind, amount in received.items() if terms.receives[kind] == account)
        came += sum(each.amount_fen for each in found.payments if each.into == account)
        went = sum(each.amount_fen for each in found.payments if each.account == account)
        assert state.accounts_fen[account] + came == went + found.after.accounts_fen[account]
        assert found.after.accounts_fen[account] >= 0
    assert all(each.amount_fen > 0 and bool(each.into) != bool(each.payee) for each in found.payments)


@given(payment_date())
def test_a_claim_is_paid_at_most_what_is_due_and_by_the_payments_of_its_step(case):
    found = run(case)
    for claim in found.claims:
        assert 0 <= claim.paid_fen <= claim.due_fen
        assert claim.paid_fen == sum(each.amount_fen for each in found.payments if (each.step, each.of) == (claim.step, claim.of))
        assert claim.shortfall_fen in (0, claim.due_fen - claim.paid_fen)
        if claim.pay in (Pay.FEE, Pay.INTEREST, Pay.DEFAULT_COVER):
            name = f"{claim.pay.value} of {claim.of}".removesuffix(" of ")
            assert found.after.unpaid_fen.get(name, 0) == claim.due_fen - claim.paid_fen


@given(payment_date())
def test_a_junior_is_never_paid_before_its_seniors_due_is_met(case):
    terms, *_ = case
    found = run(case)
    rank = {tranche.name: place for place, tranche in enumerate(terms.tranches)}
    for above, below in ((Pay.INTEREST, Pay.INTEREST), (Pay.INTEREST, Pay.PRINCIPAL), (Pay.PRINCIPAL, Pay.PRINCIPAL)):
        for senior, junior in product(found.claims, found.claims):
            if (senior.pay, junior.pay) == (above, below) and rank[senior.of] < rank[junior.of]:
                assert not (junior.paid_fen and senior.paid_fen < senior.due_fen)
    if any(each.pay is Pay.RESIDUAL for each in found.payments):
        assert not any(claim.shortfall_fen for claim in found.claims if claim.pay in (Pay.FEE, Pay.INTEREST))


@given(payment_date())
def test_what_repays_tranches_is_not_residual_while_one_is_outstanding(case):
    terms, *_ = case
    found = run(case)
    residual = {each.account for each in found.payments if each.pay is Pay.RESIDUAL}
    if any(found.after.tranches_fen.values()):
        assert terms.receives[Received.PRINCIPAL] not in residual
    if found.phase is Phase.ACCELERATED and any(found.after.tranches_fen.values()):
        assert not residual
        assert not found.after.accounts_fen["principal"]


@given(payment_date())
def test_the_naive_twin_agrees(case):
    terms, state, received, ratios, on, offered, defaulted = case
    found = run(case)

    def money(fen: int) -> Decimal:
        return Decimal(fen) / 100

    before = {
        "accounts": {name: money(fen) for name, fen in state.accounts_fen.items()},
        "tranches": {name: money(fen) for name, fen in state.tranches_fen.items()},
        "unpaid": {name: money(fen) for name, fen in state.unpaid_fen.items()},
        "breached": state.breached,
        "paid_to": date(state.paid_to),
    }
    twin = NaiveVehicle(plain_terms(terms.code), before)
    phase = twin.pay_out(
        {kind.name.lower(): money(fen) for kind, fen in received.items()},
        {name: Fraction(*ratio) for name, ratio in ratios.items()},
        date(on),
        money(offered),
        money(defaulted),
    )
    assert found.phase.name.lower() == phase
    assert [(each.pay.value, each.of, each.account, money(each.amount_fen)) for each in found.payments] == twin.lines
    assert {name: money(fen) for name, fen in found.after.accounts_fen.items()} == twin.cash
    assert {name: money(fen) for name, fen in found.after.tranches_fen.items()} == twin.debt
    assert {name: money(fen) for name, fen in found.after.unpaid_fen.items()} == twin.unpaid
    assert sorted(found.after.breached) == sorted(twin.breached)


@given(st.lists(st.tuples(st.sampled_from(list(Received)), st.integers(1, 10**12)), max_size=30), st.randoms())
def test_the_order_of_collections_within_a_period_does_not_matter(rows, random):
    def summed(chosen):
        return collected(np.array([kind for kind, _ in chosen], np.int8), np.array([fen for _, fen in chosen], np.int64))

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert summed(rows) == summed(shuffled)
    assert sum(summed(rows).values()) == sum(fen for _, fen in rows)


@given(payment_date(), st.integers(1, 99))
def test_two_dates_conserve_cash_as_one_history(case, days):
    terms, state, received, ratios, on, *_ = case
    first = run(case)
    second = run_waterfall(terms, first.after, received, ratios=ratios, on=on + days)
    out = sum(each.amount_fen for found in (first, second) for each in found.payments if not each.into)
    assert sum(state.accounts_fen.values()) + 2 * sum(received.values()) == out + sum(second.after.accounts_fen.values())


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=9))
def test_parts_sum_to_the_amount_and_are_within_a_fen_of_their_share(amount, weights):
    whole = sum(weights)
    if whole == 0:
        weights, whole = [*weights, 1], 1
    parts = pro_rata(amount, weights)
    assert sum(parts) == amount
    assert all(abs(Fraction(amount * weight, whole) - part) < 1 for part, weight in zip(parts, weights, strict=True))
    if amount <= whole:
        assert all(part <= weight for part, weight in zip(parts, weights, strict=True))


def test_equal_remainders_go_to_the_earlier_one():
    assert pro_rata(1, [1, 1]) == [1, 0]
    assert pro_rata(5, [3, 3, 3]) == [2, 2, 1]
    with pytest.raises(ValueError, match="all weights are zero"):
        pro_rata(1, [0, 0])


@given(payment_date())
def test_a_fen_that_is_nowhere_is_found(case):
    terms, state, received, *_ = case
    found = run(case)
    account = terms.accounts[0]
    lost = dict(found.after.accounts_fen) | {account: found.after.accounts_fen[account] + 1}
    wrong = dataclasses.replace(found, after=dataclasses.replace(found.after, accounts_fen=lost))
    with pytest.raises(TieError, match=f"account {account} of {terms.code}"):
        check_conserved(terms, state, received, wrong)


def test_what_cannot_be_paid_out_is_refused():
    terms = vehicle("bluewater_abs_1")
    state = opening_state(terms, {"reserve": 184_000_000})
    fine = {"cumulative_default": (0, 1), "delinquency_90": (0, 1)}
    on = terms.begins_on + 31
    with pytest.raises(StateError, match=r"has paid up to 2026-01-20; 2026-01-20 is not after it"):
        run_waterfall(terms, state, {}, ratios=fine, on=terms.begins_on)
    with pytest.raises(StateError, match="the state is of bluewater_abs_1, the terms are of harbour_trust_1"):
        run_waterfall(vehicle("harbour_trust_1"), state, {}, ratios={}, on=on)
    with pytest.raises(RequestError, match="needs the ratio delinquency_90"):
        run_waterfall(terms, state, {}, ratios={"cumulative_default": (0, 1)}, on=on)
    with pytest.raises(RequestError, match="negative"):
        run_waterfall(terms, state, {Received.FEE: -1}, ratios=fine, on=on)
    with pytest.raises(RequestError, match="harbour_bank has no waterfall"):
        run_waterfall(vehicle("harbour_bank"), opening_state(vehicle("harbour_bank")), {}, ratios={}, on=on)
    with pytest.raises(RequestError, match="has no account 'cash'"):
        opening_state(terms, {"cash": 1})
    with pytest.raises(RequestError, match="collections of fee sum to -1 fen"):
        collected(np.array([Received.FEE]), np.array([-1]))


def test_principal_is_short_from_the_final_day_of_its_tranche_on():
    terms = vehicle("harbour_trust_1")
    (final,) = (tranche.final_on for tranche in terms.tranches if tranche.final_on)
    state = dataclasses.replace(opening_state(terms), paid_to=final - 30)
    for on, short in ((final - 1, 0), (final, 9_000_000_000)):
        found = run_waterfall(terms, state, {}, ratios={}, on=on)
        assert [claim.shortfall_fen for claim in found.claims if claim.pay is Pay.PRINCIPAL] == [short, 0]
    assert date(final) == dt.date(2027, 1, 10)
