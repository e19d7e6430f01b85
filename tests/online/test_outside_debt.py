"""What our micro-lender may borrow: its net assets and debt are published, and what goes beyond a rule is refused in words."""

import dataclasses
import datetime as dt

import pytest

from loanbook.terms.vehicle_file import vehicles_in
from tests.online.platform import OPERATOR
from tests.online.test_vehicles import BUY_BACK, MICRO, Funding
from tests.online.vehicles import CODE, plan

NOTICE = "Yin Bao Jian Ban Fa (2020) No. 86"


@pytest.fixture
def platform(tx, vault, tmp_path, monkeypatch):
    """Its vehicles are open, but for the test's plan, which begins on 8 May."""
    both = (*vehicles_in(), plan(BUY_BACK))
    for module in ("verbs", "reading"):
        monkeypatch.setattr(f"loanbook.services.{module}.vehicles_in", lambda: both)
    found = Funding(tx, vault, tmp_path / "settlements", plan(BUY_BACK))
    found.running(MICRO, principal_fen=300_000)
    found.until(dt.date(2024, 5, 8))
    return found


def publish(platform, net_assets_fen, borrowed_fen=0, bonds_fen=0):
    figures = {"non_standard_debt_fen": borrowed_fen, "standardised_debt_fen": bonds_fen}
    return platform.done("publish_debt", vehicle=MICRO, net_assets_fen=net_assets_fen, **figures)


def fund(platform, amount_fen, reference, funds="borrowed"):
    body = {"vehicle": MICRO, "into": "lending", "amount_fen": amount_fen, "reference": reference, "funds": funds}
    return platform.ask("fund_vehicle", **body)


def test_a_micro_lender_borrows_its_net_assets_and_raises_four_times_them(platform):
    assert fund(platform, 100, "t-0")[1]["rule"] == "net_assets_not_known"
    room = publish(platform, 1_000_000, borrowed_fen=300_000)
    assert room["room_fen"] == {"non_standard_debt": 700_000, "standardised_debt": 4_000_000}
    assert fund(platform, 600_000, "t-1")[0] == 201
    status, refused = fund(platform, 100_001, "t-2")
    assert (status, refused["rule"]) == (409, "micro_lender_borrowing")
    assert NOTICE in refused["source"]
    assert "non standard debt is 10,000.01 and must be at most 1 x net assets (10,000.00) = 10,000.00" in refused["detail"]
    assert refused["figures"]["non_standard_debt_fen"] == 1_000_001
    # Its owner's own money is not bounded, and securities have a bound of their own.
    assert fund(platform, 5_000_000, "t-3", "own")[0] == 201
    assert fund(platform, 4_000_000, "t-4", "securities")[0] == 201
    assert fund(platform, 1, "t-5", "securities")[1]["rule"] == "micro_lender_securities"
    assert fund(platform, 100_000, "t-6")[0] == 201
    view = platform.look("debt", MICRO)[1]
    assert view["room_fen"] == {"non_standard_debt": 0, "standardised_debt": 0}
    assert view["breaks"] == []
    # The next figure says what is owed then; what breaks a rule is told and not hidden.
    room = publish(platform, 900_000, borrowed_fen=900_001, bonds_fen=100)
    assert room["room_fen"] == {"non_standard_debt": -1, "standardised_debt": 3_599_900}
    (broken,) = room["breaks"]
    assert NOTICE in broken
    assert fund(platform, 1, "t-7")[0] == 409
    assert fund(platform, 3_599_900, "t-8", "securities")[0] == 201


def test_two_of_one_batch_do_not_borrow_the_room_of_one(platform):
    publish(platform, 1_000_000)
    bodies = [
        {"vehicle": MICRO, "into": "lending", "amount_fen": 600_000, "reference": f"t-{number}", "funds": "borrowed"}
        for number in range(2)
    ]
    assert [status for status, _ in platform.batch("fund_vehicle", bodies)] == [201, 409]


def test_a_plan_whose_tranches_would_be_too_much_is_not_opened_until_they_are_not(platform):
    # Outsiders bring 8,500.00; 4 x 2,124.99 is less.
    publish(platform, 212_499)
    done = platform.until(dt.date(2024, 5, 10))
    steps = [step for (_, name), step in done.items() if name == "vehicle_receipts"]
    (finding,) = [each for each in steps[-1].findings if each.place == f"vehicle {CODE}"]
    assert "it is not opened: micro lender: standardised debt is 8,500.00 and must be at most 4 x net assets" in finding.message
    assert NOTICE in finding.message
    assert platform.look("vehicle", CODE)[0] == 404
    publish(platform, 212_500)
    platform.until(dt.date(2024, 5, 11))
    assert platform.vehicle()["opened_on"] == "2024-05-10"
    view = platform.look("debt", MICRO)[1]
    assert (view["plans_fen"], view["standardised_debt_fen"], view["room_fen"]["standardised_debt"]) == (850_000, 850_000, 0)
    assert fund(platform, 1, "t-1", "securities")[1]["rule"] == "micro_lender_securities"


def test_only_a_micro_lender_is_told_to_borrow_and_only_the_house_publishes_it(platform):
    body = {"net_assets_fen": 1, "non_standard_debt_fen": 0, "standardised_debt_fen": 0}
    assert platform.ask("publish_debt", vehicle="harbour_bank", **body)[1]["rule"] == "no_such_micro_lender"
    assert platform.look("debt", "nobody")[1]["rule"] == "no_such_micro_lender"
    partner = dataclasses.replace(OPERATOR, role="partner", partner="harbour_bank")
    assert platform.ask("publish_debt", partner, vehicle=MICRO, **body)[0] == 403
    assert platform.look("debt", MICRO, caller=partner)[0] == 403
    wrong = {"vehicle": "lantern_guarantee", "into": "account", "amount_fen": 1, "reference": "t", "funds": "borrowed"}
    assert platform.ask("fund_vehicle", **wrong)[1]["rule"] == "not_into_this_vehicle"
