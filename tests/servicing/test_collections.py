"""Queues, contact limits, promises, agencies and what a recovered yuan costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.servicing.agencies import IN_HOUSE, collection_cost, commission_fen, hand_over
from loanbook.servicing.collections import NO_STAGE, Contact, contact_counts, may_contact, moved_up, queue_of, stages_of
from loanbook.servicing.promises import PromiseState, check_promise, in_spell, promise_states
from loanbook.terms.collection_file import SHIPPED, read_collection
from loanbook.units import day

TERMS = read_collection(SHIPPED / "consumer.yaml")
NAMES = [stage.name for stage in TERMS.stages]
ON = day("2026-05-20")
NOON = 12 * 60


def ints(*values):
    return np.array(values, np.int64)


def test_a_loan_is_in_the_stage_of_its_days_past_due_if_it_owes_enough():
    dpd = ints(0, 1, 3, 4, 30, 31, 60, 61, 900, 61)
    stage = stages_of(TERMS, dpd, np.append(np.full(9, 100_000), 999))
    expected = ["reminder", "reminder", "early", "early", "middle", "middle", "late", "late"]
    assert [NAMES[number] for number in stage[1:9]] == expected
    assert [stage[0], stage[9]] == [NO_STAGE, NO_STAGE]


def test_the_queue_is_latest_stage_first_then_largest_amount_and_leaves_out_what_is_held():
    found = queue_of(
        TERMS,
        ints(1, 2, 3, 4, 5, 6),
        ints(5, 70, 5, 70, 0, 70),
        ints(9_000, 5_000, 9_000, 8_000, 9_000, 9_000),
        np.array([False] * 5 + [True]),
    )
    assert found.loan_no.tolist() == [4, 2, 1, 3]
    assert found.overdue_fen.tolist() == [8_000, 5_000, 9_000, 9_000]
    assert [NAMES[number] for number in found.stage] == ["late", "late", "early", "early"]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-10, 2)), max_size=30), st.lists(st.integers(0, 5), max_size=6))
def test_contacts_are_counted_by_borrower_over_a_day_and_seven_days(contacts, borrowers):
    who, when = ints(*(each for each, _ in contacts)), ints(*(ON + each for _, each in contacts))
    today, week = contact_counts(ints(*borrowers), who, when, ON)
    for place, borrower in enumerate(borrowers):
        assert today[place] == sum(each == borrower and on == 0 for each, on in contacts)
        assert week[place] == sum(each == borrower and -7 < on <= 0 for each, on in contacts)


def test_a_contact_of_the_same_weekday_last_week_no_longer_counts():
    today, week = contact_counts(ints(1, 2), ints(1, 1, 2, 2), ints(ON - 7, ON - 6, ON, ON + 1), ON)
    assert today.tolist() == [0, 1]
    assert week.tolist() == [1, 1]


def allowed(borrowers, stage, *, today=0, week=0, minute=NOON, promise=False, agency=False):
    count = len(borrowers)
    found = may_contact(
        TERMS,
        ints(*borrowers),
        np.full(count, NAMES.index(stage) if stage else NO_STAGE, np.int8),
        today=np.full(count, today),
        week=np.full(count, week),
        minute=minute,
        promise_open=np.full(count, promise),
        with_agency=np.full(count, agency),
    )
    return [Contact(number) for number in found]


def test_contacts_stop_at_the_limits_of_day_and_week_also_within_one_list():
    assert allowed([1, 2, 1, 1, 2], "early") == [Contact.ALLOWED] * 3 + [Contact.DAY_LIMIT, Contact.ALLOWED]
    assert allowed([1, 1], "early", today=1) == [Contact.ALLOWED, Contact.DAY_LIMIT]
    assert allowed([1, 1], "early", week=5) == [Contact.ALLOWED, Contact.WEEK_LIMIT]
    assert allowed([1], "reminder", week=3) == [Contact.WEEK_LIMIT]


@pytest.mark.parametrize(
    ("minute", "answer"),
    [
        (479, Contact.OUTSIDE_HOURS),
        (480, Contact.ALLOWED),
        (1_199, Contact.ALLOWED),
        (1_200, Contact.OUTSIDE_HOURS),
        (0, Contact.OUTSIDE_HOURS),
    ],
)
def test_nobody_is_contacted_before_eight_or_from_eight_in_the_evening(minute, answer):
    assert allowed([1], "early", minute=minute) == [answer]


def test_a_promise_an_agency_and_no_queue_bar_contacts():
    assert allowed([1], "early", promise=True) == [Contact.PROMISE_OPEN]
    assert allowed([1], "early", agency=True) == [Contact.WITH_AGENCY]
    assert allowed([1], None) == [Contact.NOT_IN_A_QUEUE]
    assert allowed([], "early") == []
    with pytest.raises(RequestError, match="no minute 1440"):
        allowed([1], "early", minute=1_440)


@pytest.mark.parametrize(
    ("paid", "as_of", "state"),
    [
        ([], 6, PromiseState.OPEN),
        ([], 7, PromiseState.BROKEN),
        ([(0, 10_000)], 0, PromiseState.KEPT),
        ([(5, 9_900)], 6, PromiseState.KEPT),
        ([(5, 9_899)], 6, PromiseState.OPEN),
        ([(5, 9_899)], 7, PromiseState.BROKEN),
        ([(2, 5_000), (6, 5_000)], 7, PromiseState.KEPT),
        ([(7, 10_000)], 8, PromiseState.BROKEN),
        ([(-1, 10_000)], 7, PromiseState.BROKEN),
        ([(7, 10_000)], 6, PromiseState.OPEN),
    ],
)
def test_a_promise_of_100_yuan_due_in_five_days_with_one_day_of_grace(paid, as_of, state):
    found = promise_states(
        TERMS,
        ints(7),
        ints(ON),
        ints(ON + 5),
        ints(10_000),
        paid_loan_no=ints(*(7 for _ in paid), 8),
        paid_on=ints(*(ON + after for after, _ in paid), ON),
        paid_fen=ints(*(amount for _, amount in paid), 50_000),
        as_of=ON + as_of,
    )
    assert found.tolist() == [state]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 7), st.integers(200, 900)), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(1, 900)), max_size=20),
    st.integers(0, 20),
)
def test_promises_agree_with_a_plain_count(promises, payments, as_of):
    loan, made, ahead, amount = (ints(*column) for column in zip(*promises, strict=True)) if promises else [ints()] * 4
    paid_loan, paid_on, paid = (ints(*column) for column in zip(*payments, strict=True)) if payments else [ints()] * 3
    found = promise_states(
        TERMS, loan, made, made + ahead, amount, paid_loan_no=paid_loan, paid_on=paid_on, paid_fen=paid, as_of=as_of
    )
    for place, (number, on, days, promised) in enumerate(promises):
        last = on + days + TERMS.promise.grace_days
        came = sum(fen for each, when, fen in payments if each == number and on <= when <= min(last, as_of))
        expected = PromiseState.BROKEN if last < as_of else PromiseState.OPEN
        assert found[place] == (PromiseState.KEPT if came >= promised - TERMS.promise.tolerance_fen else expected)


def test_a_promise_too_far_ahead_or_too_large_is_refused():
    fine = {"made_on": ON, "due_on": ON + 7, "amount_fen": 10_000, "overdue_fen": 10_000}
    check_promise(TERMS, **fine)
    with pytest.raises(RequestError, match=r"must fall due by 2026-05-27 \(7 days, consumer; .*\), not on 2026-05-28"):
        check_promise(TERMS, **fine | {"due_on": ON + 8})
    with pytest.raises(RequestError, match=r"at most the 100\.00 overdue, not 100\.01"):
        check_promise(TERMS, **fine | {"amount_fen": 10_001})


def handed(dpd, overdue=100_000, *, agency=IN_HOUSE, days=0, had=(), numbers=range(1)):
    numbers = np.array(list(numbers), np.int64)
    taken = np.zeros((len(numbers), len(TERMS.agencies)), bool)
    taken[:, list(had)] = True
    return hand_over(
        TERMS,
        numbers,
        np.full(len(numbers), dpd),
        np.full(len(numbers), overdue),
        agency=np.full(len(numbers), agency),
        handed_on=np.full(len(numbers), ON - days),
        had=taken,
        as_of=ON,
    )


def test_agencies_take_over_at_their_days_past_due_by_weight():
    assert handed(90).tolist() == [IN_HOUSE]
    assert handed(91, 19_999).tolist() == [IN_HOUSE]
    shares = np.bincount(handed(91, numbers=range(40_000)), minlength=3) / 40_000
    assert abs(shares[0] - 0.75) < 0.01
    assert abs(shares[1] - 0.25) < 0.01
    assert handed(181, numbers=range(50)).tolist() == [2] * 50
    assert handed(91, numbers=range(50, 60)).tolist() == handed(91, numbers=range(60))[50:].tolist()


def test_an_agency_keeps_a_loan_for_its_days_and_does_not_get_it_twice():
    assert handed(150, agency=0, days=89).tolist() == [0]
    assert handed(150, agency=0, days=90).tolist() == [1]
    assert handed(150, agency=1, days=90, had=(0,)).tolist() == [IN_HOUSE]
    assert handed(400, agency=2, days=180, had=(0,)).tolist() == [IN_HOUSE]
    assert handed(0, 0, agency=0, days=5).tolist() == [IN_HOUSE]


def test_commission_is_half_up_and_goes_back_with_a_reversal():
    agency = ints(0, 0, 1, IN_HOUSE, 0)
    assert commission_fen(TERMS, agency, ints(100, -100, 10, 5_000, 2)).tolist() == [22, -22, 3, 0, 0]
    with pytest.raises(OverflowError):
        commission_fen(TERMS, ints(0), ints(2**62))


def test_the_cost_of_a_recovered_yuan_is_a_ratio_of_sums():
    call, text = TERMS.action_number("call"), TERMS.action_number("text_message")
    cost = collection_cost(
        TERMS,
        action=ints(text, text, call, call),
        action_stage=ints(0, 0, 3, -1),
        recovered_fen=ints(10_000, 50_000, 20_000),
        recovered_stage=ints(0, 3, 3),
        recovered_agency=ints(IN_HOUSE, 0, IN_HOUSE),
    )
    assert cost.ratio("reminder") == (10, 10_000)
    assert cost.ratio("late") == (250 + 11_000, 70_000)
    assert cost.ratio("") == (250, 0)
    assert cost.ratio() == (10 + 250 + 250 + 11_000, 80_000)
    with pytest.raises(RequestError, match="has 5 actions"):
        collection_cost(
            TERMS, action=ints(5), action_stage=ints(0), recovered_fen=ints(), recovered_stage=ints(), recovered_agency=ints()
        )


def test_a_loan_that_broke_a_promise_stands_a_stage_later_but_never_beyond_the_last():
    stage = np.array([NO_STAGE, 0, 0, 2, 3], np.int8)
    broken = np.array([True, False, True, True, True])
    assert moved_up(TERMS, stage, broken).tolist() == [NO_STAGE, 0, 1, 3, 3]
    found = queue_of(TERMS, ints(1, 2), ints(5, 5), ints(9_000, 9_000), np.zeros(2, bool), np.array([False, True]))
    assert [(number, NAMES[place]) for number, place in zip(found.loan_no, found.stage, strict=True)] == [
        (2, "middle"),
        (1, "early"),
    ]


def test_a_promise_counts_for_the_spell_of_arrears_that_it_was_made_in():
    # Due on ON - 5: past due from the next day on.
    made = ints(ON - 6, ON - 5, ON - 4, ON)
    assert in_spell(made, np.full(4, 5), ON).tolist() == [False, False, True, True]
    assert in_spell(ints(ON), ints(0), ON).tolist() == [False]
