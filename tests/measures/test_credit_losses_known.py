"""A population whose loss curve is known: estimates made at earlier closes, from what was known then, find what came later."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from loanbook.errors import RequestError
from loanbook.measures.credit_losses import estimate, estimates, inception, modelled
from loanbook.measures.credit_losses_checks import back_test, happened, scaled, sensitivities
from loanbook.measures.credit_losses_forward import Course, Forward
from loanbook.measures.credit_losses_policy import METHODS, PAST_DUE_BUCKETS, LossPolicy, Shock
from loanbook.measures.credit_losses_result import Inception, from_table, to_table
from loanbook.measures.credit_losses_rolls import look_back, rolls_of
from loanbook.measures.credit_losses_vintages import development
from loanbook.terms.outlook import outlook_on, outlooks_in
from tests.measures.known_losses import CURED, ENTRY, PREPAY, PRINCIPAL, RATE, RECOVERED, TENORS, WORSE, populate
from tests.reference.credit_losses import loss_of

CLOSES = (24, 30, 36)
CHANCES = {"entry": ENTRY, "worse": WORSE, "cured": CURED, "prepay": PREPAY, "rate": RATE}


@pytest.fixture(scope="module")
def population():
    return populate(1)


@pytest.fixture(scope="module")
def outlook():
    return outlook_on(outlooks_in(), "consumer", 20_000)


@pytest.mark.parametrize("method", ["roll_rate", "vintage"])
@pytest.mark.parametrize("close", CLOSES)
def test_what_came_later_lies_in_the_stated_interval(population, close, method):
    exposure = population.exposure[close]
    made = estimate(population.cells_at(close), method=method, exposure=exposure)
    for ahead in (12, population.months - 1 - close):
        found = back_test(made, exposure, population.cells_at(close + ahead)).to_pylist()
        assert all(row["inside"] for row in found), found
        whole = found[-1]
        assert whole["product"] is None
        # An interval that holds everything proves nothing.
        assert whole["high_fen"] < 1.3 * whole["expected_fen"]
        assert abs(whole["ratio_ppm"] - 1_000_000) < 100_000


def test_an_interval_of_ninety_percent_holds_about_so_many_outcomes():
    inside = []
    for seed in range(8):
        drawn = populate(100 + seed, a_month=(300, 40), months=48, lending_months=30)
        for close in (20, 26):
            found = back_test(
                estimate(drawn.cells_at(close), exposure=drawn.exposure[close]), drawn.exposure[close], drawn.cells_at(47)
            )
            inside += found["inside"].to_pylist()
    assert 0.80 <= np.mean(inside) <= 1.0


def test_a_constant_rate_of_default_would_not_do(population):
    """The chance to fall behind by months on book comes out of the cells, though no cell has both age and balance."""
    policy = LossPolicy()
    cells = population.cells_at(36)
    rolls = rolls_of(cells, policy, look_back(cells, policy))
    found = rolls.entry[0].sum() * rolls.seasoning[0]
    assert found[:10] == pytest.approx(ENTRY[:10], rel=0.15)
    assert found[0] > 2.5 * found[9]


def test_rates_by_remaining_months_and_bucket_are_those_of_the_chances(population):
    made = estimate(population.cells_at(36), exposure=population.exposure[36])
    gross = made.lifetime_loss_ppm[0] / made.severity_ppm[0]
    for remaining in (7, 9, 11, 12):
        assert gross[remaining, 0] == pytest.approx(loss_of(remaining, 12 - remaining, 0, **CHANCES), rel=0.10)
    for bucket in range(1, 7):
        assert gross[6, bucket] == pytest.approx(loss_of(6, 6, bucket, **CHANCES), rel=0.03)
    assert made.severity_ppm[0] == pytest.approx(1e6 * (1 - RECOVERED), rel=0.02)
    assert made.prepaid_ppm[0] == pytest.approx(1e6 * PREPAY, rel=0.05)


def test_vintages_end_where_the_chances_say(population):
    cells, policy = population.cells_at(36), LossPolicy()
    found = development(cells, policy, look_back(cells, policy))
    later = development(population.cells_at(59), policy, look_back(population.cells_at(59), policy))
    young = slice(24, 37)
    assert (found.known + found.future)[0, young].sum() == pytest.approx(later.known[0, young].sum(), rel=0.10)
    reached = found.pattern[0].cumsum()
    assert reached[9] / reached[8] > reached[13] / reached[12] > reached[21] / reached[20] >= 1.0


def test_a_thin_group_leans_on_its_parent(population):
    cells = population.cells_at(36)
    alone, leaning = (estimate(cells, policy=LossPolicy(thin_events=thin)) for thin in (0, 200))
    apart = [abs(each.lifetime_loss_ppm[1] - each.lifetime_loss_ppm[0]).sum() for each in (alone, leaning)]
    assert apart[1] < apart[0] / 2


def test_a_group_without_loans_behaves_as_the_book_does(population):
    cells = population.cells_at(36)
    for name in cells.families:
        half = cells.families[name].shape[0] // 2
        cells.families[name][half:] = 0
    made = estimate(cells)
    assert made.lifetime_loss_ppm[1] == pytest.approx(made.lifetime_loss_ppm[0], abs=20_000)
    assert made.allowance_fen(modelled(cells))[1] == 0


def _known_rolls(population):
    """Rolls of the chances themselves, instead of their estimate."""
    cells, policy = population.cells_at(36), LossPolicy(tail_months=120)
    rolls = rolls_of(cells, policy, look_back(cells, policy))
    rows = np.zeros_like(rolls.rows)
    for bucket in range(1, 7):
        rows[:, bucket, bucket + 2] = WORSE[bucket]
        rows[:, bucket, 1] = (1 - WORSE[bucket]) * CURED[bucket]
        rows[:, bucket, bucket + 1] = (1 - WORSE[bucket]) * (1 - CURED[bucket])
    rows[:, 6, 8:] = 0.0
    rows[:, 6, 9] = WORSE[6]
    rows[:, 7, 9] = 1.0
    entry = np.zeros_like(rolls.entry)
    entry[:, 1] = ENTRY[9]
    return policy, replace(
        rolls,
        entry=entry,
        rows=rows,
        prepay=np.full(2, PREPAY),
        rate=np.full(2, RATE),
        seasoning=np.tile(ENTRY[:37] / ENTRY[9], (2, 1)),
        severity=np.ones(2),
    )


def test_the_forward_run_agrees_with_one_loan_walked_through_its_states(population):
    policy, rolls = _known_rolls(population)
    values = Forward(rolls, policy).values()
    for place, tenor in enumerate(TENORS):
        for remaining in {0, 1, tenor // 2, tenor}:
            for bucket in range(7):
                if remaining + bucket == 0:
                    continue
                truth = loss_of(remaining, tenor - remaining, bucket, **CHANCES)
                assert values.lifetime[0, place, remaining, bucket] == pytest.approx(truth, abs=1e-9)
                early = loss_of(remaining, tenor - remaining, bucket, default_at=4, within=12, **CHANCES)
                assert values.twelve_month[0, place, remaining, bucket] == pytest.approx(early, abs=1e-9)


def test_scenarios_end_with_history(population):
    """Multipliers act in their months only: a factor in the first month alone is one step of other chances."""
    policy, rolls = _known_rolls(population)
    forward = Forward(rolls, policy)
    once = Course(miss=np.array([2.0]), roll=np.ones(1), recoveries=np.ones(1))
    louder = dict(CHANCES, entry=np.where(np.arange(ENTRY.size) == 4, 2 * ENTRY, ENTRY))
    truth = loss_of(8, 4, 0, **louder)
    assert forward.values(once).lifetime[0, 1, 8, 0] == pytest.approx(truth, abs=1e-9)


def test_what_a_guarantor_pays_net_is_what_is_lost(population):
    cells = population.cells_at(36)
    made = estimate(cells)
    table = inception(cells, made, rate_annual=40_000_000_000)
    assert table.undiscounted_ppm[0, 12] == pytest.approx(made.lifetime_loss_ppm[0, 12, 0], abs=2)
    ratio = table.net_payout_ppm[:, 1:] / table.undiscounted_ppm[:, 1:]
    # Payouts come between the second and the fifteenth month.
    assert (ratio < (1 + 0.04 / 12) ** -2).all()
    assert (ratio[:, 11] > (1 + 0.04 / 12) ** -15).all()
    assert Inception.from_table(table.to_table()).hash == table.hash
    with pytest.raises(RequestError, match="roll-rate"):
        inception(cells, estimate(cells, method="warm"), rate_annual=0)


def test_collectable_interest_is_what_comes_in(population):
    """The truth by a walk over one loan's states: interest of each instalment paid, over the contract's."""
    policy, rolls = _known_rolls(population)
    found = Forward(rolls, policy).values().collectable[0, 1, 12, 0]
    # Past maturity the table knows the bucket, not how many instalments are left: that costs a hundredth of a percent.
    assert found == pytest.approx(_interest_of(12), abs=2e-4)


def _interest_of(tenor):
    def owed(left):
        return (1 - (1 + RATE) ** -left) / RATE

    def interest(count):
        return count - owed(count)

    states, came = {(tenor, 0, tenor): 1.0}, 0.0
    for month in range(200):
        following = {}
        for (left, late, unpaid), part in states.items():
            if left == 0 and late == 0:
                continue
            ahead = max(left - 1, 0)
            if late == 0:
                bad = ENTRY[month]
                moves = [(bad, 1, unpaid), (1 - bad - PREPAY, 0, unpaid - 1)]
                came += part * PREPAY * (interest(unpaid) - interest(unpaid - 1)) / 2
            else:
                bad, back = WORSE[late], (1 - WORSE[late]) * CURED[late]
                moves = [(bad, late + 1, unpaid), (back, 0, ahead), (1 - bad - back, late, unpaid - 1 if left else unpaid)]
            for chance, now, rest in moves:
                came += part * chance * (interest(unpaid) - interest(rest))
                if now < 7:
                    following[ahead, now, rest] = following.get((ahead, now, rest), 0.0) + part * chance
        states = following
    return came / interest(tenor)


def test_the_same_cells_give_the_same_bytes_and_survive_a_table(population, outlook, tmp_path):
    import pyarrow.parquet as pq

    first, second = (estimate(population.cells_at(30), outlook=outlook) for _ in range(2))
    assert first.hash == second.hash
    pq.write_table(to_table(first), tmp_path / "estimate.parquet")
    back = from_table(pq.read_table(tmp_path / "estimate.parquet"))
    assert back == first
    assert np.array_equal(back.lifetime_loss_ppm, first.lifetime_loss_ppm)
    assert back.scenarios == tuple((each.name, each.weight_ppm) for each in outlook.scenarios)


def test_a_changed_table_is_refused(population):
    table = to_table(estimate(population.cells_at(30)))
    values = table["value"].to_pylist()
    values[5] += 1
    changed = table.set_column(table.schema.get_field_index("value"), "value", [values])
    with pytest.raises(RequestError, match="changed"):
        from_table(changed)
    with pytest.raises(RequestError, match="rows"):
        from_table(table.slice(1))
    with pytest.raises(RequestError, match="no estimate"):
        from_table(table.replace_schema_metadata(None))


def test_methods_stand_side_by_side(population, outlook):
    cells = population.cells_at(36)
    held = modelled(cells)
    found = {
        name: int(made.allowance_fen(held).sum())
        for name, made in estimates(cells, outlook=outlook, exposure=held, losses_only=True).items()
    }
    assert tuple(found) == METHODS
    # A pool's net charge-off rate times its life lags behind arrears of a short-lived book: known, and shown.
    assert 0 < found["warm"] < found["roll_rate"]


def test_modelled_exposure_sums_to_positions_and_is_near_the_true_one(population):
    cells = population.cells_at(36)
    found, true = modelled(cells), population.exposure[36]
    assert np.array_equal(found.sum(axis=1), true.sum(axis=1))
    assert found[0, 1:13, 0] == pytest.approx(true[0, 1:13, 0], rel=0.15)


def test_sensitivities_move_the_way_they_must(population, outlook):
    found = {row["change"]: row for row in sensitivities(population.cells_at(36), outlook=outlook).to_pylist()}
    assert found["none"]["lifetime_change_fen"] == 0
    for what in ("probability of default", "monthly chances to get worse", "severity"):
        assert found[f"{what} -10 %"]["lifetime_fen"] < found["none"]["lifetime_fen"] < found[f"{what} +10 %"]["lifetime_fen"]
    assert found["probability of default -10 %"]["lifetime_change_ppm"] == pytest.approx(-100_000, abs=20)
    assert found["prepayment +10 %"]["lifetime_fen"] < found["none"]["lifetime_fen"]
    assert found["scenario better alone"]["lifetime_fen"] < found["scenario worse alone"]["lifetime_fen"]


def test_scaling_never_passes_what_severity_loses(population):
    made = estimate(population.cells_at(36))
    for factor in (0.5, 2.0, 50.0):
        changed = scaled(made, factor)
        assert (changed.twelve_month_loss_ppm <= changed.lifetime_loss_ppm).all()
        assert changed.lifetime_loss_ppm.max() <= 1_000_000


@pytest.mark.parametrize("method", METHODS)
def test_rates_keep_their_order(population, outlook, method):
    made = estimate(population.cells_at(36), method=method, outlook=outlook)
    for rates in (made.lifetime_loss_ppm, made.twelve_month_loss_ppm, made.default_ppm, made.collectable_ppm):
        assert rates.shape == (2, 37, len(PAST_DUE_BUCKETS))
        assert rates.min() >= 0
        assert rates.max() <= 1_000_000
    assert (made.twelve_month_loss_ppm <= made.lifetime_loss_ppm).all()
    assert (np.diff(made.lifetime_loss_ppm, axis=2) >= 0).all()
    assert (np.diff(made.emergence_ppm, axis=1) >= 0).all()
    assert (made.emergence_ppm[:, -1] == 1_000_000).all()


def test_worse_chances_never_lose_less(population):
    cells = population.cells_at(36)
    made = [estimate(cells, shock=Shock(worsening=factor), spread=False) for factor in (0.5, 0.9, 1.0, 1.1, 2.0, 10.0)]
    for milder, harder in itertools.pairwise(made):
        assert (harder.lifetime_loss_ppm >= milder.lifetime_loss_ppm).all()
        assert (harder.default_ppm >= milder.default_ppm).all()


def test_a_back_test_counts_only_loans_that_were_there(population):
    made = estimate(population.cells_at(30))
    lost, back = happened(made, population.cells_at(36))
    vintages = population.families["vintage"]
    expected = sum(int(vintages[0, vintage, mob, 3]) for vintage in range(31) for mob in range(60) if 30 < vintage + mob <= 36)
    assert lost[0] == expected > 0
    assert back[0] > 0
    with pytest.raises(RequestError, match="later month"):
        back_test(made, population.exposure[30], population.cells_at(30))


def test_a_history_too_short_is_refused_with_words(population):
    with pytest.raises(RequestError, match="three whole months"):
        estimate(population.cells_at(2))
    with pytest.raises(RequestError, match="no method"):
        estimate(population.cells_at(12), method="guess")
    with pytest.raises(RequestError, match="look_back_months"):
        LossPolicy(look_back_months=1)
    with pytest.raises(RequestError, match="default_bucket"):
        LossPolicy(default_bucket="charged_off")


def test_principal_of_the_population_is_sound():
    """The population's own books close: what was lent is paid, charged off or still owed."""
    drawn = populate(3, a_month=(50, 5), months=30, lending_months=12)
    flow = drawn.families["flow"].sum(axis=(0, 1))
    owed = drawn.families["position"][:, -1].sum(axis=(0, 1))[1]
    assert flow[1] == flow[3] + flow[5] + owed
    assert flow[1] > 10 * PRINCIPAL
