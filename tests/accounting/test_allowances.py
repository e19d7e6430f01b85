"""Allowances loan by loan, and what moved them between two closes."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.allowance_movements import movements, provision
from loanbook.accounting.allowances import allowances, collectable, exposure_of, inception_payouts
from loanbook.errors import RequestError
from loanbook.measures.credit_losses import estimate, inception
from loanbook.terms.families import BUCKETS
from tests.measures.known_losses import populate

CLOSE = 20


@pytest.fixture(scope="module")
def drawn():
    return populate(2, a_month=(200, 20), months=30, lending_months=24)


@pytest.fixture(scope="module")
def made(drawn):
    return estimate(drawn.cells_at(CLOSE), exposure=drawn.exposure[CLOSE])


def _loans(count, seed=1):
    random = np.random.default_rng(seed)
    return {
        "owed_fen": random.integers(0, 10**7, count),
        "group": random.integers(0, 2, count),
        "remaining": random.integers(-1, 60, count),
        "bucket": random.integers(0, len(BUCKETS) - 1, count),
    }


@pytest.mark.plain
def test_each_loan_is_its_rate_times_what_it_owes(made):
    loans = _loans(500)
    stage = np.random.default_rng(2).integers(1, 4, 500)
    found, staged = allowances(made, **loans), allowances(made, **loans, stage=stage)
    for loan in range(500):
        owed, group, remaining, bucket = (int(loans[name][loan]) for name in ("owed_fen", "group", "remaining", "bucket"))
        for rates, amount in (
            (made.lifetime_loss_ppm, found[loan]),
            (made.twelve_month_loss_ppm if stage[loan] == 1 else made.lifetime_loss_ppm, staged[loan]),
        ):
            rate = 0 if BUCKETS[bucket] == "charged_off" else int(rates[group, min(max(remaining, 0), 36), bucket])
            assert amount == int(Fraction(owed * rate, 1_000_000) + Fraction(1, 2))
    assert (staged <= found).all()


def test_loans_and_cells_agree_to_their_rounding(made):
    loans = _loans(2_000, 3)
    exposure = exposure_of(2, **loans)
    assert exposure.sum() == loans["owed_fen"][loans["bucket"] < 8].sum()
    assert abs(int(allowances(made, **loans).sum()) - int(made.allowance_fen(exposure).sum())) < 2_000


def test_collectable_never_exceeds_the_contract(made):
    loans = _loans(300, 4)
    contractual = loans.pop("owed_fen")
    found = collectable(made, contractual_fen=contractual, **loans)
    assert (found <= contractual).all()
    assert (found >= 0).all()


def test_payouts_at_inception_are_read_by_tenor(drawn, made):
    table = inception(drawn.cells_at(CLOSE), made, rate_annual=40_000_000_000)
    found = inception_payouts(
        table, principal_fen=np.array([1_000_000, 1_000_000]), group=np.array([0, 1]), tenor_months=np.array([12, 6])
    )
    assert found.tolist() == [int(table.net_payout_ppm[0, 12]), int(table.net_payout_ppm[1, 6])]


def test_codes_outside_the_estimate_are_refused(made):
    loans = _loans(3)
    with pytest.raises(RequestError, match="group"):
        allowances(made, **{**loans, "group": np.array([0, 1, 2])})
    with pytest.raises(RequestError, match="stage of 1, 2 or 3"):
        allowances(made, **loans, stage=np.array([0, 1, 2]))
    unknown = {**loans, "bucket": np.full(3, BUCKETS.index("unknown"))}
    with pytest.raises(RequestError, match="unknown days past due"):
        allowances(made, **unknown)
    assert (allowances(replace(made, method="warm"), **unknown) >= 0).all()


MONEY = st.integers(-(10**12), 10**12)


@given(st.data(), st.integers(1, 3), st.integers(0, 5), st.integers(0, 4))
def test_every_vintage_closes_and_new_and_revision_do_not_mix(data, groups, known, more):
    def table(vintages):
        return np.array(
            data.draw(st.lists(st.lists(MONEY, min_size=vintages, max_size=vintages), min_size=groups, max_size=groups))
        )

    now = known + more
    before, after, written, back = (table(each).astype(np.int64).reshape(groups, each) for each in (known, now, now, now))
    found = movements(
        before=before,
        vintages_before=range(100, 100 + known),
        after=after,
        vintages_after=range(100, 100 + now),
        written_off=written,
        recovered=back,
    )
    assert np.array_equal(found.opening + found.new + found.revision - found.written_off + found.recovered, found.closing)
    assert not (found.new[:, :known]).any()
    assert not (found.revision[:, known:]).any()
    assert found.roll_forward("loans").closing == int(after.sum())


def test_a_loan_of_the_period_is_new_and_an_older_one_revised():
    found = movements(
        before=np.array([[100]]),
        vintages_before=[5],
        after=np.array([[70, 40]]),
        vintages_after=[5, 6],
        written_off=np.array([[50, 10]]),
        recovered=np.array([[5, 0]]),
    )
    assert found.revision.tolist() == [[15, 0]]
    assert found.new.tolist() == [[0, 50]]
    assert provision(100, 70, 50, 5) == 15
    with pytest.raises(RequestError, match="lacks vintages"):
        movements(
            before=np.array([[1]]),
            vintages_before=[4],
            after=np.array([[1]]),
            vintages_after=[5],
            written_off=np.array([[0]]),
            recovered=np.array([[0]]),
        )
