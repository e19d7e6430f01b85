"""The ACTUS reference contracts run through the house's kernels: every event within 10^-6, or declined by name."""

import copy
import json

import pytest

from loanbook.errors import RequestError
from tests.conftest import SHARED
from tests.oracles.actus import compute, judge, read_cases, run
from tests.oracles.actus_terms import read_terms

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
        ({"penaltyType": "A", "penaltyRate": "100"}, "penaltyType: penalties"),
        ({"feeRate": "1", "feeBasis": "X"}, "feeBasis X"),
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


def rows_of(**changes):
    """The computed events of a made-up loan: date, type, payoff."""
    outcomes = compute(read_terms(LOAN["terms"] | changes), {}, "")
    return [(str(outcome.at), outcome.kind, str(outcome.amounts[0])) for outcome in outcomes]


def test_a_fee_is_an_amount_a_date_or_a_rate_on_the_balance_since_the_last_fee():
    fee = {"cycleAnchorDateOfFee": "2025-01-31T00:00:00", "cycleOfFee": "P1ML1", "feeAccrued": "7"}
    amounts = rows_of(feeRate="25", feeBasis="A", **fee)
    assert [row for row in amounts if row[1] == "FP"] == [
        ("2025-01-31", "FP", "25"),
        ("2025-02-28", "FP", "25"),
        ("2025-03-01", "FP", "25"),
    ]
    rates = rows_of(feeRate="0.01", feeBasis="N", contractRole="RPL", **fee)
    assert [row for row in rates if row[1] == "FP"] == [
        ("2025-01-31", "FP", "-37"),
        ("2025-02-28", "FP", "-28"),
        ("2025-03-01", "FP", "-1"),
    ]


def test_holidays_given_with_a_contract_close_its_calendar():
    shifted = rows_of(calendar="MFH", businessDayConvention="SCF", holidays=["2025-02-03", "2025-02-04"])
    assert [row for row in shifted if row[1] == "IP"] == [("2025-02-05", "IP", "350"), ("2025-03-03", "IP", "260")]
    calculated = rows_of(calendar="MFH", businessDayConvention="CSF", holidays=["2025-02-03", "2025-02-04"])
    assert [row for row in calculated if row[1] == "IP"] == [("2025-02-05", "IP", "310"), ("2025-03-03", "IP", "280")]


def test_interest_of_an_annuity_follows_its_own_cycle_only_until_one_cycle_before_the_first_payment():
    level = {
        "contractType": "NAM",
        "maturityDate": "2025-12-01T00:00:00",
        "nextPrincipalRedemptionPayment": "1000",
        "cycleAnchorDateOfPrincipalRedemption": "2025-06-15T00:00:00",
        "cycleOfPrincipalRedemption": "P3ML0",
    }
    dates = [(at, kind) for at, kind, _ in rows_of(**level)]
    before = ["2025-02-01", "2025-03-01", "2025-03-15"]
    # The long stub takes the interest of 15 September, not its payment of principal: two dates without the end stay two.
    after = [("2025-06-15", "PR"), ("2025-06-15", "IP"), ("2025-09-15", "PR"), ("2025-12-01", "IP"), ("2025-12-01", "MD")]
    assert dates == [("2025-01-01", "IED"), *((at, "IP") for at in before), *after]


def test_a_contract_that_ends_before_it_begins_fails_in_words():
    verdict, detail = judge(made_loan(maturityDate="2024-12-01T00:00:00"))
    assert verdict == "fail"
    assert "matures on 2024-12-01, not after its initial exchange on 2025-01-01" in detail


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
