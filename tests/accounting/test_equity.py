"""Equity by hand, by conservation, and repurchases and dividends as the releases tell them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.equity import (
    COLUMNS,
    COMPREHENSIVE,
    HELD,
    ISSUED,
    NONCONTROLLING,
    PAID_IN,
    PAR,
    RETAINED,
    SHARE_COLUMNS,
    TREASURY,
    Deed,
    EquityFact,
    EquityTerms,
    Excess,
    movements,
    outstanding_changes,
)
from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.shareholder_returns import (
    Dividend,
    DividendPayment,
    Repurchase,
    RepurchasePlan,
    dividends_payable,
    utilisation,
)
from loanbook.accounting.weighted_shares import weighted_average
from loanbook.errors import RequestError, StateError
from loanbook.units import day

TERMS = EquityTerms(par_per_million_fen=1 * PER_MILLION)


def closing(moved, opening=None):
    """Every column after some movements."""
    found = dict(opening or dict.fromkeys((*COLUMNS, *SHARE_COLUMNS), 0))
    for each in moved:
        for name, amount in each.amounts.items():
            found[name] += amount
    return found


def fact(number: int, deed: Deed, on: int, **amounts: int) -> EquityFact:
    return EquityFact(event_id=f"E{number:03}", deed=deed, happened_on=on, **amounts)


LIFE = [
    fact(1, Deed.ISSUED, 1, shares=1_000, amount_fen=100_000, cost_fen=3_000),
    fact(2, Deed.RESULT, 5, amount_fen=40_000, other_fen=-1_000),
    fact(3, Deed.REPURCHASED, 10, shares=100, amount_fen=15_000, cost_fen=100),
    fact(4, Deed.REPURCHASED, 11, shares=100, amount_fen=20_000, cost_fen=100),
    fact(5, Deed.COMPENSATED, 12, amount_fen=2_500),
    fact(6, Deed.SETTLED, 13, shares=50, amount_fen=500),
    fact(7, Deed.RETIRED, 14, shares=100),
    fact(8, Deed.DIVIDEND, 15, amount_fen=6_000),
    fact(9, Deed.TRANSLATED, 16, amount_fen=-70),
]


def test_a_company_by_hand() -> None:
    """Treasury shares cost 176 each: 50 leave for 8,800 against 500 paid, 100 are retired for 17,600, of it par 100."""
    found = closing(movements(LIFE, TERMS))
    assert found == {
        PAR: 900,
        PAID_IN: 100_000 - 3_000 - 1_000 + 2_500 - 8_300,
        TREASURY: -(35_200 - 8_800 - 17_600),
        RETAINED: 40_000 - 17_500 - 6_000,
        COMPREHENSIVE: -70,
        NONCONTROLLING: -1_000,
        ISSUED: 900,
        HELD: 50,
    }
    assert sum(found[name] for name in COLUMNS) == 97_000 + 39_000 - 35_200 + 2_500 + 500 - 6_000 - 70


def test_the_excess_of_retired_shares_may_go_to_paid_in_capital_first() -> None:
    found = movements(LIFE, EquityTerms(par_per_million_fen=PER_MILLION, excess=Excess.PAID_IN_CAPITAL_FIRST))
    retired = next(m for m in found if m.deed is Deed.RETIRED)
    # Paid-in capital of 90,200 on 1,000 shares: a tenth of it is given up, the rest of 17,500 comes out of retained earnings.
    assert retired.amounts == {TREASURY: 17_600, PAR: -100, PAID_IN: -9_020, RETAINED: -8_480, ISSUED: -100, HELD: -100}


def test_a_repurchase_learned_of_late_moves_the_cost_of_what_was_retired() -> None:
    late = EquityFact(event_id="E0035", deed=Deed.REPURCHASED, happened_on=10, shares=100, amount_fen=40_000, recorded_on=30)
    before = next(m for m in movements([*LIFE, late], TERMS, known_on=20) if m.deed is Deed.RETIRED)
    after = next(m for m in movements([*LIFE, late], TERMS, known_on=30) if m.deed is Deed.RETIRED)
    assert (before.amounts[TREASURY], after.amounts[TREASURY]) == (17_600, 25_067)


def test_more_treasury_shares_than_are_held_is_refused() -> None:
    with pytest.raises(StateError, match="E007: 100 treasury shares leave, but 0 are held"):
        movements([LIFE[0], LIFE[6]], TERMS)
    with pytest.raises(RequestError, match="must not be below zero"):
        movements([fact(1, Deed.ISSUED, 1, shares=-1)], TERMS)


def test_outstanding_shares_weigh_the_period() -> None:
    on, by = outstanding_changes(movements(LIFE, TERMS))
    found = weighted_average(0, np.array(on), np.array(by), 1, 16)
    assert found.share_days == 1_000 * 16 - 100 * 7 - 100 * 6 + 50 * 4


@st.composite
def lives(draw: st.DrawFn) -> list[EquityFact]:
    facts = [fact(0, Deed.ISSUED, 0, shares=draw(st.integers(1, 10**9)), amount_fen=draw(st.integers(0, 10**12)))]
    held, issued = 0, facts[0].shares
    for number in range(1, draw(st.integers(1, 15))):
        deeds = [d for d in Deed if (d is not Deed.REPURCHASED or held < issued) and (d is not Deed.RETIRED or held)]
        deed = draw(st.sampled_from(deeds))
        amount = draw(st.integers(0, 10**12))
        shares = 0
        if deed is Deed.REPURCHASED:
            shares = draw(st.integers(1, issued - held))
            held += shares
        elif deed is Deed.RETIRED:
            shares = draw(st.integers(1, held))
            held, issued = held - shares, issued - shares
        elif deed in (Deed.SETTLED, Deed.ISSUED):
            shares = draw(st.integers(0, 10**9))
            given_up = min(shares, held) if deed is Deed.SETTLED else 0
            held, issued = held - given_up, issued + shares - given_up
        facts.append(
            fact(
                number,
                deed,
                number,
                shares=shares,
                amount_fen=amount,
                other_fen=draw(st.integers(-9, 9)),
            )
        )
    return facts


CASH = {Deed.ISSUED: 1, Deed.REPURCHASED: -1, Deed.SETTLED: 1, Deed.RETIRED: 0, Deed.DIVIDEND: -1}


@given(lives(), st.sampled_from(Excess), st.integers(0, 16), st.integers(0, 10**7))
def test_total_equity_moves_by_what_came_and_went(facts: list[EquityFact], excess: Excess, cut: int, par: int) -> None:
    moved = movements(facts, EquityTerms(par_per_million_fen=par, excess=excess))
    for one, each in zip(sorted(facts, key=lambda f: (f.happened_on, f.event_id)), moved, strict=True):
        sign = CASH.get(one.deed, 1)
        other = one.other_fen if one.deed in (Deed.RESULT, Deed.TRANSLATED, Deed.CONTRIBUTED) else 0
        assert sum(each.amounts.get(name, 0) for name in COLUMNS) == sign * one.amount_fen - one.cost_fen + other
    whole = closing(moved)
    # Begun again in the middle with what had been reached, the rest moves as before.
    early = closing(moved[:cut])
    later = sorted(facts, key=lambda f: (f.happened_on, f.event_id))[cut:]
    assert closing(movements(later, EquityTerms(par_per_million_fen=par, excess=excess), opening=early), early) == whole
    if whole[HELD] == 0:
        assert whole[TREASURY] == 0
    assert whole[PAR] == (whole[ISSUED] * par * 2 + PER_MILLION) // (2 * PER_MILLION)


PLAN = RepurchasePlan(
    code="2024", currency="USD", starts_on=day("2024-04-01"), ends_on=day("2025-03-31"), authorised=350_000_000_00
)


def bought(number: int, on: str, ads: int, cents: int, currency: str = "USD") -> Repurchase:
    return Repurchase(
        event_id=f"R{number}", plan="2024", currency=currency, bought_on=day(on), shares=2 * ads, amount=cents + ads // 100
    )


def test_a_plan_is_used_up_by_amounts_with_commissions() -> None:
    buys = [bought(1, "2024-05-17", 3_400_000, 65_620_000_00), bought(2, "2024-08-13", 7_300_000, 145_000_000_00)]
    first, both = (utilisation(PLAN, buys, day(on)) for on in ("2024-06-30", "2024-09-30"))
    assert (first.shares, first.amount, first.average(2)) == (6_800_000, 65_620_340_00, 1_930)
    assert (both.shares, both.average(2), both.utilised_ppm) == (21_400_000, 1_968, 601_774)
    assert both.remaining + both.amount == PLAN.authorised
    assert not both.findings
    assert utilisation(PLAN, [], day("2024-06-30")).average(2) is None


def test_a_plan_tells_what_it_did_not_allow() -> None:
    buys = [
        bought(1, "2024-03-28", 10, 100),
        bought(2, "2024-05-17", 3_400_000, 351_000_000_00),
        bought(3, "2024-06-01", 1, 9, "CNY"),
    ]
    found = utilisation(PLAN, buys, day("2024-12-31"))
    assert [(f.place, f.expected) for f in found.findings] == [
        ("R1", "2024-04-01 to 2025-03-31"),
        ("R2", "at most 350,000,000.00"),
        ("R3", "USD"),
    ]
    assert found.shares == 6_800_020


def test_a_plan_that_is_used_up_to_the_last_cent_is_kept() -> None:
    whole = Repurchase(event_id="R1", plan="2024", currency="USD", bought_on=PLAN.ends_on, shares=2, amount=PLAN.authorised)
    found = utilisation(PLAN, [whole], PLAN.ends_on)
    assert (found.utilised_ppm, found.remaining, found.findings) == (1_000_000, 0, ())


def test_a_dividend_is_owed_until_it_is_paid() -> None:
    half = Dividend(event_id="D1", currency="USD", declared_on=day("2024-08-13"), amount=87_000_000_30)
    paid = [DividendPayment(event_id="P1", dividend="D1", paid_on=day("2024-10-23"), amount=87_000_000_00)]
    owed = [dividends_payable([half], paid, "USD", day(on)) for on in ("2024-08-12", "2024-09-30", "2024-12-31")]
    assert owed == [(0, ()), (87_000_000_30, ()), (30, ())]
    again = DividendPayment(event_id="P2", dividend="D1", paid_on=day("2024-11-01"), amount=31)
    left, (wrong,) = dividends_payable([half], [*paid, again], "USD", day("2024-12-31"))
    assert (left, wrong.place, wrong.expected) == (0, "P2", "at most 0.30")
