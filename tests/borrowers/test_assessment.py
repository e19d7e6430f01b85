"""Assessments: an explicit outcome for any JSON, all reasons kept, the same again on replay, and as the naive twin says."""

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.borrowers.assessment import assess, replay
from loanbook.borrowers.evidence import Assessment, Outcome, Result
from loanbook.borrowers.features import State
from loanbook.borrowers.tables import Tables
from loanbook.errors import EngineError
from loanbook.terms.strategy import Condition, Effect
from loanbook.units import RATE_SCALE
from tests.borrowers.applicants import CONSUMER, ON, applicants, civil, shipped, shipped_again, stored, strangers, text_of
from tests.reference import assessment as twin

CODES = ("consumer", "small_business")
TWINS = {code: twin.load(text_of(code)) for code in CODES}


def check_whole(assessment: Assessment) -> None:
    """What holds for every assessment."""
    effects = {reason.effect for reason in assessment.reasons}
    expected = Outcome.DECLINED if Effect.DECLINE in effects else Outcome.REFER if effects else Outcome.APPROVED
    assert assessment.outcome is expected
    assert Effect.PASS not in effects
    assert len(set(assessment.codes)) == len(assessment.codes)
    offered = (assessment.limit_fen, assessment.rate_annual, assessment.expires_on)
    assert (None in offered, set(offered) == {None}) == (expected is not Outcome.APPROVED,) * 2
    assert (assessment.reapply_on is not None) == (expected is Outcome.DECLINED)
    if assessment.score is not None:
        given_points = [one.points for one in assessment.evidence.features if one.points is not None]
        assert assessment.score == assessment.evidence.base + sum(given_points)
    for one in assessment.evidence.features:
        assert (one.value is not None) == (one.state is State.KNOWN)
    assert json.loads(json.dumps(assessment.record())) == assessment.record()


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_json_for_any_feature_has_an_explicit_outcome(code, data):
    strategy = shipped(code)
    inputs = data.draw(strangers(strategy))
    assessment = assess(strategy, inputs, ON)
    check_whole(assessment)
    faulty = {one.name for one in assessment.evidence.features if one.state in (State.WRONG_TYPE, State.OUT_OF_LIMITS)}
    assert faulty <= {code.partition(".")[0] for code in assessment.codes}
    if faulty:
        assert assessment.outcome is not Outcome.APPROVED


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_replay_on_stored_inputs_and_archived_text_is_identical(code, data):
    inputs = data.draw(strangers(shipped(code)))
    assert assess(shipped_again(code), stored(inputs), ON) == assess(shipped(code), inputs, ON)


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_the_naive_twin_decides_alike(code, data):
    strategy = shipped(code)
    inputs = data.draw(applicants(strategy))
    found = assess(strategy, inputs, ON)
    expected = twin.decide(TWINS[code], inputs, civil(ON))
    assert (found.outcome, frozenset(found.codes)) == (expected.outcome, expected.codes)
    assert (found.score, found.grade) == (expected.score, expected.grade)
    assert found.limit_fen == (None if expected.limit is None else expected.limit * 100)
    assert found.rate_annual == (None if expected.rate is None else expected.rate * RATE_SCALE)


@given(data=st.data(), more=st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_more_points_never_give_a_worse_grade(data, more):
    strategy = shipped("consumer")
    inputs = data.draw(applicants(strategy))
    ranks = [grade.name for grade in strategy.grades]
    before, after = assess(strategy, inputs, ON), assess(replace(strategy, base=strategy.base + more), inputs, ON)
    assert after.score == before.score + more
    rank = {name: number for number, name in enumerate(ranks)}
    assert rank.get(after.grade, len(ranks)) <= rank.get(before.grade, len(ranks))


@given(scores=st.lists(st.integers(-2000, 2000), min_size=2, max_size=40))
def test_grades_fall_with_the_score_alone(scores):
    tables = Tables(shipped("small_business"))
    last = len(shipped("small_business").grades)
    numbers = [last if (number := tables.grade(score)) is None else number for score in sorted(scores)]
    assert numbers == sorted(numbers, reverse=True)


def test_all_reasons_are_kept_declines_first():
    inputs = {**CONSUMER, "kind": "martian", "age_years": 17, "on_fraud_list": True, "identity_verified": False}
    inputs |= {"income_monthly_fen": "900000", "defaulted_on": "2026-01-01"}
    found = assess(shipped("consumer"), inputs, ON)
    assert found.outcome is Outcome.DECLINED
    assert found.codes == (
        "fraud_warning",
        "under_age",
        "recent_default",
        "kind.unseen",
        "income_monthly_fen.wrong_type",
        "identity_not_verified",
    )
    assert (found.score, found.grade, found.limit_fen, found.reapply_on) == (None, None, None, ON + 30)
    results = {one.code: one.result for one in found.evidence.rules}
    assert (results["under_age"], results["income_too_low"], results["over_age"]) == (Result.HIT, Result.UNKNOWN, Result.PASSED)


def test_a_missing_value_never_falls_through_to_a_worse_row():
    found = assess(shipped("consumer"), {**CONSUMER, "loans_repaid": None}, ON)
    assert (found.outcome, found.codes, found.limit_fen) == (Outcome.REFER, ("loans_repaid.missing",), None)


def test_no_row_matched_is_a_reason():
    poor = {**CONSUMER, "income_monthly_fen": 300_000, "bureau_score": 500, "loans_repaid": 0, "debt_to_income": "0.5"}
    found = assess(shipped("consumer"), poor, ON)
    assert (found.score, found.grade, found.codes) == (510, "D", ("no_line_for_income",))
    found = assess(shipped("consumer"), {**poor, "inquiries_90_days": 9, "employment": "none"}, ON)
    assert (found.score, found.grade, found.codes) == (375, None, ("score_too_low", "many_inquiries_thin_file"))


def test_replay_takes_the_text_and_the_inputs():
    batch = [CONSUMER, {}, {**CONSUMER, "age_years": 70}]
    found = [assess(shipped("consumer"), inputs, ON) for inputs in batch]
    assert [one.outcome for one in found] == [Outcome.APPROVED, Outcome.REFER, Outcome.DECLINED]
    assert replay(text_of("consumer"), stored(batch[2]), ON) == found[2]


def test_a_changed_text_is_another_strategy():
    changed = text_of("consumer").replace("below: 18}", "below: 35}")
    found, again = assess(shipped("consumer"), CONSUMER, ON), replay(changed, CONSUMER, ON)
    assert (found.outcome, again.outcome, again.codes) == (Outcome.APPROVED, Outcome.DECLINED, ("under_age",))
    assert found.strategy_hash != again.strategy_hash


def test_threads_share_a_strategy():
    expected = assess(shipped("consumer"), CONSUMER, ON)
    wrong: list[Assessment] = []

    def decide() -> None:
        wrong.extend(one for _ in range(100) if (one := assess(shipped("consumer"), CONSUMER, ON)) != expected)

    threads = [threading.Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_cell_the_engine_answers_otherwise_is_refused_when_compiled():
    strategy = shipped("consumer")
    rule = replace(strategy.rules[0], conditions=(Condition(feature="employment", accepted=("it's",)),))
    with pytest.raises(EngineError, match=r"the rule engine answers .* to the cell"):
        Tables(replace(strategy, rules=(rule,)))
