"""Whatever the chances, rates stay between nothing and everything, twelve months below a lifetime, and worse is never better."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.measures.credit_losses_exposure import AGES, BUCKET_COUNT, Originations, run_down
from loanbook.measures.credit_losses_forward import Course, Forward, worsened
from loanbook.measures.credit_losses_policy import LossPolicy, Shock
from loanbook.measures.credit_losses_rolls import OUTCOMES, Rolls
from loanbook.terms.outlook import parse_outlook

SHARE = st.floats(0.0, 1.0)
FACTOR = st.floats(0.0, 4.0)


@st.composite
def rolls(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    sparse = draw(st.sampled_from([0.0, 0.5, 0.9]))
    random = np.random.default_rng(seed)
    rows = random.random((2, BUCKET_COUNT, OUTCOMES)) * (random.random((2, BUCKET_COUNT, OUTCOMES)) >= sparse)
    rows[rows.sum(axis=2) == 0.0, 0] = 1.0
    rows /= rows.sum(axis=2, keepdims=True)
    entry = np.zeros((2, 1 + BUCKET_COUNT))
    entry[:, 1:] = random.dirichlet(np.ones(BUCKET_COUNT), 2) * draw(SHARE)
    rate, prepay = np.full(2, draw(st.floats(1e-4, 0.1))), np.full(2, draw(st.floats(0.0, 0.5)))
    lent = Originations(tenors=np.array([3, 12, 36]), lent=np.ones((2, 4, 3)), loans=np.ones(2))
    return Rolls(
        entry=entry,
        rows=rows,
        prepay=prepay,
        rate=rate,
        seasoning=random.random((2, AGES)) * 3.0,
        severity=random.random(2),
        loan_fen=np.ones(2),
        lent=lent,
        owed=run_down(lent, rate, prepay),
    )


@settings(max_examples=40)
@given(rolls(), st.lists(FACTOR, max_size=4), FACTOR)
def test_rates_are_shares_and_keep_their_order(behaviour, factors, back):
    course = Course(miss=np.array(factors), roll=np.array(factors), recoveries=np.full(len(factors), back))
    found = Forward(behaviour, LossPolicy(tail_months=12)).values(course)
    for rates in (found.lifetime, found.twelve_month, found.default, found.collectable):
        assert np.isfinite(rates).all()
        assert rates.min() >= 0.0
        assert rates.max() <= 1.0 + 1e-9
    assert (found.twelve_month <= found.lifetime + 1e-12).all()
    assert (np.diff(found.lifetime, axis=-1) >= 0.0).all()


@settings(max_examples=40)
@given(rolls(), st.floats(1.0, 5.0))
def test_more_worsening_never_loses_less(behaviour, factor):
    mild, hard = (Forward(behaviour, LossPolicy(tail_months=12), Shock(worsening=each)).values() for each in (1.0, factor))
    assert (hard.lifetime >= mild.lifetime - 1e-12).all()
    assert (hard.default >= mild.default - 1e-12).all()


@settings(max_examples=40)
@given(rolls(), st.floats(0.0, 1.0))
def test_recovering_more_never_loses_more(behaviour, factor):
    mild, hard = (Forward(behaviour, LossPolicy(tail_months=12), Shock(severity=each)).lifetime() for each in (factor, 1.0))
    assert (hard >= mild - 1e-12).all()


@given(rolls(), FACTOR)
def test_rows_stay_rows_under_a_factor(behaviour, factor):
    found = worsened(behaviour.rows, factor)
    assert np.allclose(found[:, 1:].sum(axis=2), 1.0)
    assert found.min() >= 0.0


@given(st.integers(0, 36), st.integers(1, 36), st.decimals(0, 5, places=3))
def test_a_straight_line_ends_at_history(months, back, factor):
    text = f"""outlook: o
title: t
effective_from: 2024-01-01
source: s
scenarios:
  - {{name: only, weight: 1, supportable_months: {months}, reversion: straight_line, reversion_months: {back}, miss: {factor}}}
"""
    path = parse_outlook(text, "o.yaml").scenarios[0].miss
    assert len(path) == months + back
    if months:
        steps = np.diff([*path[months - 1 :], 1_000_000])
        assert abs(steps.max() - steps.min()) <= 1
