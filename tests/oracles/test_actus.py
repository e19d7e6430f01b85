"""The ACTUS reference contracts run through the house's kernels: every event within 10^-6, or declined by name."""

import copy
import json

import pytest

from loanbook.errors import RequestError
from tests.conftest import SHARED
from tests.oracles.actus import judge, read_cases, run

FOLDER = SHARED / "oracles" / "actus"
FILES = sorted(FOLDER.glob("actus-tests-*.json"))
CASES = {case_id: case for path in FILES for case_id, case in read_cases(path).items()}
LEAST = 109
DECLINED_MOST = 0.30

pytestmark = pytest.mark.plain
needs_contracts = pytest.mark.skipif(not CASES, reason=f"the ACTUS reference contracts are not at {FOLDER}")

LOAN = {
    "terms": {
        "contractType": "PAM",
        "contractID": "made-up-1",
        "contractRole": "RPA",
        "currency": "CNY",
        "statusDate": "2024-12-31T00:00:00",
        "initialExchangeDate": "2025-01-01T00:00:00",
        "maturityDate": "2025-03-01T00:00:00",
        "notionalPrincipal": "36500",
        "nominalInterestRate": "0.10",
        "dayCountConvention": "A365",
        "cycleAnchorDateOfInterestPayment": "2025-02-01T00:00:00",
        "cycleOfInterestPayment": "P1ML1",
    },
    "to": "",
    "dataObserved": {},
    "eventsObserved": [],
    "results": [
        ("2025-01-01", "IED", "-36500", "36500", "0.10", "0"),
        ("2025-02-01", "IP", "310", "36500", "0.10", "0"),
        ("2025-03-01", "IP", "280", "36500", "0.10", "0"),
        ("2025-03-01", "MD", "36500", "0", "0.10", "0"),
    ],
}
_NAMES = ("eventDate", "eventType", "payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest")


def made_loan(**changes):
    case = copy.deepcopy(LOAN)
    case["terms"].update(changes)
    case["results"] = [dict(zip(_NAMES, row, strict=True)) for row in LOAN["results"]]
    return case


@needs_contracts
@pytest.mark.parametrize("case_id", sorted(CASES) or ["absent"])
def test_a_reference_contract_has_every_event(case_id):
    verdict, detail = judge(CASES[case_id])
    assert verdict in ("pass", "declined"), detail
    assert verdict == "pass" or detail


@needs_contracts
def test_the_reference_set_is_whole_and_hardly_any_contract_is_declined():
    verdicts = [verdict for path in FILES for _, verdict, _ in run(path)]
    assert len(verdicts) >= LEAST
    assert verdicts.count("declined") <= DECLINED_MOST * len(verdicts)


@needs_contracts
@pytest.mark.parametrize("name", ["payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest"])
def test_a_reference_contract_changed_by_two_millionths_fails(name):
    case = copy.deepcopy(CASES[min(CASES)])
    result = case["results"][len(case["results"]) // 2]
    result[name] = float(result[name]) + 2e-6
    verdict, detail = judge(case)
    assert verdict == "fail"
    assert name in detail


def test_a_made_up_loan_by_hand_passes():
    assert judge(made_loan()) == ("pass", "")


def test_an_event_too_few_or_too_many_is_a_difference():
    case = made_loan()
    missing = case["results"].pop()
    assert judge(case) == ("fail", "event 4: got MD on 2025-03-01, expected no further event")
    case["results"] += [missing, missing | {"eventDate": "2025-04-01"}]
    assert judge(case) == ("fail", "event 5: expected MD on 2025-04-01, got no further event")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contractType": "SWAPS"}, "contractType SWAPS"),
        ({"contractRole": "PFL"}, "contractRole PFL"),
        ({"dayCountConvention": "B252"}, "dayCountConvention B252"),
        ({"feeRate": "0.01", "cycleOfFee": "P1ML0"}, "feeRate: fees"),
        ({"exerciseDate": "2025-02-01"}, "exerciseDate: no term of a consumer loan"),
        ({"contractStructure": [{"object": {}}]}, "contractStructure: combined"),
        ({"maturityDate": "2025-03-01T12:30:00"}, "time of day 12:30:00"),
        ({"calendar": "TARGET", "businessDayConvention": "SCF"}, "calendar TARGET"),
        ({"settlementCurrency": "USD"}, "settlementCurrency USD"),
    ],
)
def test_what_is_outside_consumer_lending_is_declined_by_name(changes, reason):
    verdict, detail = judge(made_loan(**changes))
    assert verdict == "declined"
    assert reason in detail


def test_a_term_that_changes_nothing_is_no_reason_to_decline():
    assert judge(made_loan(feeRate="0", prepaymentEffect="N", contractPerformance="PF")) == ("pass", "")


def test_a_rate_reset_stays_within_its_limits():
    case = made_loan(
        cycleAnchorDateOfRateReset="2025-02-01T00:00:00",
        cycleOfRateReset="P1ML1",
        marketObjectCodeOfRateReset="MADE_UP",
        rateSpread="0.30",
        periodCap="0.02",
        lifeCap="0.115",
    )
    case["dataObserved"] = {"MADE_UP": {"data": [{"timestamp": "2025-02-01T00:00:00", "value": "0.01"}]}}
    reset = dict(zip(_NAMES, ("2025-02-01", "RR", "0", "36500", "0.115", "0"), strict=True))
    case["results"].insert(2, reset)
    case["results"][3] |= {"payoff": "322", "nominalInterestRate": "0.115"}
    case["results"][4] |= {"nominalInterestRate": "0.115"}
    assert judge(case) == ("pass", "")


def test_a_malformed_case_fails_alone_and_a_malformed_file_is_named(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"a": made_loan(notionalPrincipal="many"), "b": made_loan()}), encoding="utf-8")
    verdicts = {case_id: verdict for case_id, verdict, _ in run(path)}
    assert verdicts == {"a": "fail", "b": "pass"}
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(RequestError, match="one object of cases"):
        list(run(path))
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RequestError, match="not a JSON file"):
        list(run(path))
