"""Payment dates on business days, and phases by day and trigger."""

import pytest
from tests.funding.vehicles import vehicle

from loanbook.funding.vehicle_state import breached_triggers, payment_dates, phase_on
from loanbook.terms.calendar import named_calendar
from loanbook.terms.vehicle import Phase
from loanbook.units import date, day

pytestmark = pytest.mark.plain
ABS = "bluewater_abs_1"
FINE = {"cumulative_default": (0, 1), "delinquency_90": (0, 1)}


def test_payment_dates_move_off_holidays_and_do_not_drift():
    calendar = named_calendar("china_interbank", day("2026-01-01"), day("2026-12-31"))
    found = [str(date(on)) for on in payment_dates(vehicle(ABS), calendar, day("2026-07-20"))]
    # 20 February 2026 lies in the Spring Festival (to the 23rd), 20 June is a Saturday.
    assert found == ["2026-02-24", "2026-03-20", "2026-04-20", "2026-05-20", "2026-06-22", "2026-07-20"]
    assert payment_dates(vehicle("cairn_guarantee"), calendar, day("2026-07-20")) == ()


@pytest.mark.parametrize(
    ("on", "ratio", "before", "phase"),
    [
        ("2026-06-30", (6, 100), (), Phase.REVOLVING),
        ("2026-07-01", (0, 100), (), Phase.AMORTISING),
        ("2026-02-20", (60_001, 1_000_000), (), Phase.AMORTISING),
        ("2026-02-20", (11, 100), (), Phase.ACCELERATED),
        ("2026-02-20", (0, 100), ("defaults end the revolving period",), Phase.AMORTISING),
        ("2026-02-20", (1, 0), (), Phase.ACCELERATED),
    ],
)
def test_the_phase_follows_day_and_triggers(on, ratio, before, phase):
    terms = vehicle(ABS)
    breached = breached_triggers(terms, before, FINE | {"cumulative_default": ratio})
    assert phase_on(terms, breached, day(on)) is phase


def test_a_trigger_that_is_not_lasting_holds_only_while_it_is_breached():
    terms = vehicle(ABS)
    assert [each.name for each in breached_triggers(terms, (), FINE | {"delinquency_90": (51, 1000)})] == [
        "delinquency traps the residual"
    ]
    assert breached_triggers(terms, (), FINE) == ()
