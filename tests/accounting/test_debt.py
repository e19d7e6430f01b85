"""Tranches at amortised cost: what is accrued, paid, amortised and current on any day."""

import numpy as np
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.debt import Debt, Residue, Tranches, debts, effective_rates
from loanbook.errors import RequestError
from loanbook.units import RATE_SCALE, date, day, rate

pytestmark = pytest.mark.plain
ISSUED = day("2024-01-15")


@st.composite
def tranches(draw: st.DrawFn, *, cost: bool = True) -> Tranches:
    """One to three tranches that repay in one to eight payments."""
    issued, principal, costs, offsets, on, parts, interest = [], [], [], [0], [], [], []
    for _ in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1, 8))
        repaid = draw(st.lists(st.integers(0, 10**9), min_size=count, max_size=count))
        repaid[-1] += 10**6
        start = ISSUED + draw(st.integers(0, 300))
        issued.append(start)
        principal.append(sum(repaid))
        costs.append(sum(repaid) * draw(st.integers(-20, 20)) // 1_000 if cost else 0)
        on += np.cumsum([start, *draw(st.lists(st.integers(20, 200), min_size=count, max_size=count))])[1:].tolist()
        parts += repaid
        interest += [sum(repaid) * share // 1_000 for share in draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))]
        offsets.append(offsets[-1] + count)
    return Tranches(
        issued_on=np.array(issued),
        principal_fen=np.array(principal),
        cost_fen=np.array(costs),
        offsets=np.array(offsets),
        paid_on=np.array(on),
        paid_principal_fen=np.array(parts),
        paid_interest_fen=np.array(interest),
    )


@given(tranches(), st.lists(st.integers(-10, 1_900), min_size=1, max_size=6), st.sampled_from(list(Residue)))
def test_the_carrying_amount_is_current_and_non_current_and_what_moved_it(found, offsets, residue):
    rates = effective_rates(found)
    for offset in offsets:
        on = ISSUED + offset
        rows = debts(found, rates, day=on, residue=residue)
        owed = rows[:, Debt.BORROWED] - rows[:, Debt.REPAID]
        left = rows[:, Debt.COST] - rows[:, Debt.AMORTISED]
        assert (rows[:, Debt.CURRENT] + rows[:, Debt.NON_CURRENT] == owed - left).all()
        assert (rows[:, Debt.INTEREST] >= rows[:, Debt.INTEREST_PAID]).all()
        ended = found.paid_on[found.offsets[1:] - 1] <= on
        assert not rows[ended][:, [Debt.CURRENT, Debt.NON_CURRENT]].any()
        assert (rows[ended, Debt.AMORTISED] == found.cost_fen[ended]).all()
        assert (rows[ended, Debt.INTEREST] == rows[ended, Debt.INTEREST_PAID]).all()


@given(tranches())
def test_with_a_solved_rate_both_ways_of_rolling_agree(found):
    rates = effective_rates(found)
    for on in found.paid_on[:6]:
        once, end = (debts(found, rates, day=int(on), residue=residue)[:, Debt.AMORTISED] for residue in Residue)
        assert np.abs(once - end).max() <= 1 + found.principal_fen.max() // 10**9


@given(tranches())
def test_rates_are_those_of_pyxirr(found):
    for tranche, ours in enumerate(effective_rates(found)):
        rows = slice(found.offsets[tranche], found.offsets[tranche + 1])
        flows = found.paid_principal_fen[rows] + found.paid_interest_fen[rows]
        days = [date(int(on)) for on in (found.issued_on[tranche], *found.paid_on[rows])]
        received = float(found.principal_fen[tranche] - found.cost_fen[tranche])
        theirs = pyxirr.xirr(days, [-received, *map(float, flows)])
        if theirs is not None:
            assert ours / RATE_SCALE == pytest.approx(theirs, rel=1e-6, abs=1e-8)


def two_years() -> Tranches:
    """RMB 1,000,000.00 at 6 % a year, interest each half-year, repaid in two halves; RMB 10,000.00 cost of issue."""
    return Tranches(
        issued_on=np.array([day("2024-01-01")]),
        principal_fen=np.array([100_000_000]),
        cost_fen=np.array([1_000_000]),
        offsets=np.array([0, 4]),
        paid_on=np.array([day("2024-07-01"), day("2025-01-01"), day("2025-07-01"), day("2026-01-01")]),
        paid_principal_fen=np.array([0, 50_000_000, 0, 50_000_000]),
        paid_interest_fen=np.array([3_000_000, 3_000_000, 1_500_000, 1_500_000]),
    )


def test_what_is_expected_within_twelve_months_is_current():
    rates = effective_rates(two_years())
    at = debts(two_years(), rates, day=day("2024-03-31"))[0]
    assert at[Debt.INTEREST] == 3_000_000 * 90 // 182
    assert at[Debt.INTEREST_PAID] == 0
    left = at[Debt.COST] - at[Debt.AMORTISED]
    assert at[Debt.CURRENT] == 50_000_000 - left // 2
    a_year_later = debts(two_years(), rates, day=day("2025-01-01"))[0]
    assert a_year_later[Debt.NON_CURRENT] == 0
    assert debts(two_years(), rates, day=day("2024-12-31"))[0][Debt.NON_CURRENT] > 0


def test_a_cost_is_amortised_faster_while_more_is_owed():
    rates = effective_rates(two_years())
    steps = np.diff([0, *(int(debts(two_years(), rates, day=int(on))[0, Debt.AMORTISED]) for on in two_years().paid_on)])
    assert steps.sum() == 1_000_000
    assert steps[0] > steps[2]
    assert steps[1] > steps[3]


def test_faster_repayment_than_expected_is_caught_up_at_the_old_rate_or_left_to_the_end():
    """What the other half was to bring in a year comes in half a year: less cost is left for less time."""
    old = two_years()
    rates = effective_rates(old)
    changed = Tranches(
        issued_on=old.issued_on,
        principal_fen=old.principal_fen,
        cost_fen=old.cost_fen,
        offsets=np.array([0, 3]),
        paid_on=old.paid_on[:3],
        paid_principal_fen=np.array([0, 50_000_000, 50_000_000]),
        paid_interest_fen=np.array([3_000_000, 3_000_000, 1_500_000]),
    )
    on = day("2025-01-01")
    before = debts(old, rates, day=on)[0, Debt.AMORTISED]
    assert debts(changed, rates, day=on)[0, Debt.AMORTISED] > before
    assert abs(debts(changed, rates, day=on, residue=Residue.AT_END)[0, Debt.AMORTISED] - before) <= 1
    assert debts(changed, rates, day=day("2025-07-01"), residue=Residue.AT_END)[0, Debt.AMORTISED] == 1_000_000


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"paid_principal_fen": np.array([0, 0, 0, 1])}, "its rows repay 1"),
        ({"paid_on": np.array([day("2024-01-01")] * 4)}, "rising days"),
        ({"offsets": np.array([0, 3])}, "offsets must rise"),
        ({"cost_fen": np.array([1, 2])}, "as many amounts"),
    ],
)
def test_rows_that_contradict_the_tranche_are_refused(changed, words):
    columns = {name: getattr(two_years(), name) for name in Tranches.__slots__}
    with pytest.raises(RequestError, match=words):
        Tranches(**{**columns, **changed})


def test_a_stated_rate_leaves_its_residue_to_the_last_payment():
    found = debts(two_years(), rate("0.05"), day=day("2026-01-01"), residue=Residue.AT_END)[0]
    assert found[Debt.AMORTISED] == 1_000_000
