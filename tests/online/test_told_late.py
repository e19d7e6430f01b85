"""A claim that passes on a day is what that day knew; what is told later is of who holds it then, also after a gap."""

import datetime as dt

import pytest

from loanbook.loans.facts import Total
from tests.online.test_day_close import Closing, changed
from tests.online.test_vehicles import BUY_BACK, CODE, MICRO, Funding
from tests.online.vehicles import plan

BANK = "heron_bank"
DUE_ON = dt.date(2024, 6, 6)
CLAIMED_ON = DUE_ON + dt.timedelta(days=60)
DAY = dt.timedelta(days=1)


def told(platform, loan_id, amount_fen, paid_on, **more):
    platform.done("repay", loan_id=loan_id, provider_reference="told-late", amount_fen=amount_fen, paid_on=paid_on, **more)


@pytest.fixture
def platform(tx, vault, tmp_path):
    found = Closing(tx, vault, tmp_path / "settlements")
    found.day_terms = changed(found.day_terms, "heron_bank_guaranteed", "guarantee", cap_ppm=None)
    return found


@pytest.fixture
def selling(tx, vault, tmp_path):
    return Funding(tx, vault, tmp_path / "settlements", plan(BUY_BACK))


def closed_to(platform, day, daily):
    """Everything before a day is closed: each day in its turn, or after the gap."""
    while daily and platform.today < day:
        platform.today += DAY
        platform.close()
    platform.today = day


@pytest.mark.parametrize("daily", [False, True], ids=["told before the close", "told after the close"])
@pytest.mark.parametrize("more", [{"amount_fen": 100_000}, {"amount_fen": 900_000, "purpose": "payoff"}], ids=["part", "all"])
def test_a_lender_is_compensated_in_full_and_what_is_told_later_is_the_guarantors(platform, daily, more):
    loan_id = platform.running(BANK, count=3)
    platform.today = CLAIMED_ON
    platform.close()
    owed = platform.account(loan_id, CLAIMED_ON)
    closed_to(platform, CLAIMED_ON + DAY, daily)
    told(platform, loan_id, paid_on=CLAIMED_ON, **more)
    known = platform.account(loan_id, platform.today)
    platform.today = CLAIMED_ON + 5 * DAY
    done = platform.close()
    assert [step.findings for step in done.values() if step.findings] == []
    (event,) = platform.rows("SELECT happened_on, content FROM event WHERE kind = 'loan_compensated'")
    assert (event["happened_on"], event["content"]["claimed_on"]) == (CLAIMED_ON, CLAIMED_ON.isoformat())
    assert event["content"]["principal_fen"] == owed.total(Total.OUTSTANDING) == 500_000
    paid = event["content"]["principal_fen"] + event["content"]["interest_fen"]
    assert platform.file(BANK, CLAIMED_ON) == {(loan_id, "compensation"): paid}
    assert not any(platform.file(BANK, CLAIMED_ON + DAY).values())
    held = {each["vehicle"]: each for each in platform.look("funding", loan_id)[1]["holders"]}
    assert held[BANK]["principal_fen"] == held[BANK]["interest_fen"] == 0
    assert held["lantern_guarantee"]["principal_fen"] == 500_000 - known.total(Total.OUTSTANDING)


def test_money_that_bounced_after_a_day_was_over_was_still_there_on_it(platform):
    loan_id = platform.running(BANK, count=3)
    platform.today = DUE_ON
    platform.repay(loan_id, 200_000, "bounces")
    platform.today = CLAIMED_ON + DAY
    platform.done("give_back", provider_reference="bounces", reason="no funds")
    platform.today = CLAIMED_ON + 3 * DAY
    platform.close()
    (event,) = platform.rows("SELECT happened_on, content FROM event WHERE kind = 'loan_compensated'")
    assert (event["happened_on"], event["content"]["claimed_on"]) == (CLAIMED_ON + DAY, CLAIMED_ON.isoformat())
    assert event["content"]["principal_fen"] == 500_000


def test_a_loan_is_sold_back_for_what_its_day_knew(selling):
    loan_id = selling.running(MICRO, principal_fen=300_000, count=3)
    back_on = DUE_ON + dt.timedelta(days=30)
    selling.until(back_on)
    selling.today = back_on + DAY
    told(selling, loan_id, 50_000, back_on)
    selling.close()
    (event,) = selling.events("loan_bought_back")
    assert (event["happened_on"], event["content"]["price_fen"]) == (back_on, 300_000)
    (received,) = [each for each in selling.events("vehicle_collected", CODE) if each["happened_on"] == back_on]
    assert received["content"]["received_fen"] == {"buy_back": 300_000}
    before = selling.vehicle(MICRO)["accounts_fen"]["cash"]
    selling.until(back_on + 2 * DAY)
    assert selling.vehicle(MICRO)["accounts_fen"]["cash"] == before + 50_000


def test_a_loan_is_sold_for_what_its_day_knew(selling):
    loan_id = selling.running(MICRO, principal_fen=300_000, count=3)
    sold_on = dt.date(2024, 5, 8)
    selling.until(sold_on)
    selling.today = sold_on + DAY
    told(selling, loan_id, 400_000, sold_on, purpose="payoff")
    selling.close()
    (event,) = selling.events("loan_sold")
    assert (event["subject"], event["happened_on"], event["content"]["price_fen"]) == (loan_id, sold_on, 300_000)
    selling.until(sold_on + 2 * DAY)
    assert selling.vehicle()["accounts_fen"]["principal"] == 300_000
