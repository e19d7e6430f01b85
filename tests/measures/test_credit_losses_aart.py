"""AART 2017-3, a real pool of auto loans: estimates of its first years against what was charged off until the end of 2020."""

import pytest

from loanbook import units
from loanbook.measures.credit_losses import estimate, modelled
from loanbook.measures.credit_losses_checks import back_test
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from tests.measures.test_aart_cells import batch_of, pytestmark, tape  # noqa: F401

LAST = "2020-12-31"


@pytest.fixture(scope="module")
def closes(tape):  # noqa: F811
    classes, batch = batch_of(*tape)
    since = int(batch.disbursed_on.min())
    return {
        day: measure_batches([batch], classes, space(classes, window(since=since, as_of=units.day(day))))
        for day in ("2018-06-30", "2018-12-31", "2019-06-30", "2019-12-31", LAST)
    }


@pytest.mark.parametrize("day", ["2018-06-30", "2018-12-31", "2019-06-30", "2019-12-31"])
def test_a_real_pool_loses_what_was_expected_within_the_interval(closes, day):
    """A year of reports behind, the figure is of the right size; that of a few dozen charge-offs is not known better."""
    exposure = modelled(closes[day])
    found = back_test(estimate(closes[day], exposure=exposure), exposure, closes[LAST]).to_pylist()[-1]
    assert found["inside"], found
    assert 600_000 < found["ratio_ppm"] < 1_500_000
