"""IFRS 9 stages: up at once, down one at a time, from month ends alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.stage_movements import stage_movements
from loanbook.accounting.staging import StagingPolicy, riskier_table
from loanbook.errors import RequestError
from loanbook.loans.credit_stage import NOT_SEEN
from loanbook.measures.credit_losses import estimate
from tests.accounting.kernels import stages
from tests.measures.known_losses import populate
from tests.reference.staging import stages_of

POLICY = StagingPolicy()


def _stages(dpd, now=None, policy=POLICY):
    probability = now or [10_000] * len(dpd)
    return stages([(days, risk, 10_000) for days, risk in zip(dpd, probability, strict=True)], policy.row)


@pytest.mark.plain
def test_the_backstop_is_more_than_thirty_days_and_default_ninety():
    assert _stages([0, 30, 31, 89, 90]) == [1, 1, 2, 2, 3]


@pytest.mark.plain
def test_a_loan_cures_one_stage_at_a_time():
    assert _stages([95, 0, 0, 0, 0, 0, 0]) == [3, 3, 3, 2, 2, 2, 1]
    assert _stages([45, 0, 0, 45, 0, 0, 0]) == [2, 2, 2, 2, 2, 2, 1]
    assert _stages([95, 45, 45, 45, 0, 0, 0]) == [3, 3, 3, 2, 2, 2, 1]


@pytest.mark.plain
def test_risk_has_increased_when_it_doubled_and_rose_enough():
    assert _stages([0, 0], [20_000, 30_000]) == [1, 2]
    relative_only = StagingPolicy(absolute_ppm=0)
    assert _stages([0, 0], [19_999, 20_000], relative_only) == [1, 2]
    assert _stages([0], [60_000], StagingPolicy(low_risk_ppm=60_000)) == [1]


@pytest.mark.plain
def test_a_loan_that_is_not_there_has_no_stage():
    assert _stages([NOT_SEEN, 0, 45, NOT_SEEN]) == [0, 1, 2, 0]


POLICIES = st.builds(
    StagingPolicy,
    relative_ppm=st.sampled_from([1_000_000, 1_500_000, 2_000_000, 3_333_333]),
    absolute_ppm=st.sampled_from([0, 5_000, 50_000]),
    low_risk_ppm=st.sampled_from([0, 10_000]),
    backstop_dpd=st.sampled_from([0, 30]),
    default_dpd=st.sampled_from([60, 90]),
    cure_months=st.integers(1, 4),
    cure_default_months=st.integers(1, 4),
)
MONTH = st.tuples(st.one_of(st.none(), st.integers(0, 130)), st.integers(0, 200_000), st.integers(0, 100_000))


@given(st.lists(MONTH, min_size=1, max_size=18), POLICIES)
def test_stages_are_those_of_the_naive_twin(months, policy):
    seen = [(NOT_SEEN if days is None else days, now, origin) for days, now, origin in months]
    assert stages(seen, policy.row) == stages_of(months, policy)


LOAN = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 10**9), st.integers(0, 10**9))


@given(st.lists(LOAN, max_size=30))
def test_exposure_rolls_forward_and_transfers_cancel(loans):
    before, now, owed, owes = (np.array([loan[place] for loan in loans], np.int64) for place in range(4))
    owed, owes = np.where(before > 0, owed, 0), np.where(now > 0, owes, 0)
    found = stage_movements(stage_before=before, stage_now=now, before_fen=owed, now_fen=owes)
    assert found.net_transfers.sum() == 0
    assert found.closing.tolist() == [int(owes[now == stage].sum()) for stage in (1, 2, 3)]
    assert found.opening.tolist() == [int(owed[before == stage].sum()) for stage in (1, 2, 3)]


def test_contradicting_thresholds_are_refused():
    with pytest.raises(RequestError, match="above backstop_dpd"):
        StagingPolicy(backstop_dpd=90)
    with pytest.raises(RequestError, match="no decrease"):
        StagingPolicy(relative_ppm=500_000)
    with pytest.raises(RequestError, match="at least one month"):
        StagingPolicy(cure_months=0)


def test_a_table_says_where_risk_has_increased():
    drawn = populate(2, a_month=(200, 20), months=24, lending_months=22)
    origin, now = (estimate(drawn.cells_at(close), exposure=drawn.exposure[close]) for close in (12, 20))
    found = riskier_table(now, origin, POLICY)
    # In time a loan is as risky as it was made; a quarter past due it is certain enough to have doubled.
    assert not found[0, 1:13, 0].any()
    assert found[:, :, 3:].all()
    for group, remaining, bucket in ((0, 12, 1), (1, 6, 2), (0, 3, 0)):
        before, after = int(origin.default_ppm[group, remaining, 0]), int(now.default_ppm[group, remaining, bucket])
        assert bool(found[group, remaining, bucket]) == (after >= 2 * before and after - before >= POLICY.absolute_ppm)
    with pytest.raises(RequestError, match="same groups"):
        riskier_table(now, replace(origin, groups=(("other", "capital_heavy", ""),) * 2), POLICY)
