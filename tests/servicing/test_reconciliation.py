"""A provider's statement against our payments: every line once, and what does not match is in suspense to the fen."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.servicing.reconciliation import NOBODY, Match, pair_by_amount_and_day, reconcile

LINES = st.lists(st.tuples(st.sampled_from(["A", "B", "C", "D"]), st.integers(-3, 3)), max_size=12)


def matched(theirs, ours):
    def side(lines):
        return pa.array([reference for reference, _ in lines], pa.string()), np.array([fen for _, fen in lines], np.int64)

    return reconcile(*side(theirs), *side(ours))


def test_a_statement_of_five_lines():
    theirs = [("P-1", 40_000), ("P-2", 25_000), ("P-9", 7_000), ("P-4", 30_000), ("P-4", 31_000)]
    ours = [("P-4", 31_000), ("P-1", 40_000), ("P-2", 25_500), ("P-3", 12_000)]
    found = matched(theirs, ours)
    lines = [
        (Match(kind).name, *rows) for kind, *rows in zip(found.match, found.theirs, found.ours, found.difference_fen, strict=True)
    ]
    assert lines == [
        ("MATCHED", 0, 1, 0),
        ("MATCHED", 4, 0, 0),
        ("MISSING_HERE", 2, NOBODY, 7_000),
        ("MISSING_HERE", 3, NOBODY, 30_000),
        ("MISSING_THERE", NOBODY, 3, -12_000),
        ("AMOUNT_DIFFERS", 1, 2, -500),
    ]
    assert found.suspense_fen == 7_000 + 30_000 - 12_000 - 500 == found.their_fen - found.our_fen
    assert (found.count(Match.MISSING_HERE), found.amount_fen(Match.MISSING_HERE)) == (2, 37_000)


@given(LINES, LINES)
def test_totals_are_conserved_and_as_much_as_can_matches(theirs, ours):
    found = matched(theirs, ours)
    assert sorted(found.theirs[found.theirs != NOBODY].tolist()) == list(range(len(theirs)))
    assert sorted(found.ours[found.ours != NOBODY].tolist()) == list(range(len(ours)))
    assert found.suspense_fen == sum(fen for _, fen in theirs) - sum(fen for _, fen in ours)
    # Counted plainly: equal lines, then what of a reference is left on both sides, then the rest.
    there, here = Counter(theirs), Counter(ours)
    equal = there & here
    assert found.count(Match.MATCHED) == equal.total()
    left_there, left_here = Counter(), Counter()
    for (reference, _), count in (there - equal).items():
        left_there[reference] += count
    for (reference, _), count in (here - equal).items():
        left_here[reference] += count
    assert found.count(Match.AMOUNT_DIFFERS) == (left_there & left_here).total()
    assert found.count(Match.MISSING_HERE) == (left_there - left_here).total()
    assert found.count(Match.MISSING_THERE) == (left_here - left_there).total()
    for kind, their, our in zip(found.match, found.theirs, found.ours, strict=True):
        if their != NOBODY and our != NOBODY:
            assert theirs[their][0] == ours[our][0]
            assert (theirs[their][1] == ours[our][1]) == (kind == Match.MATCHED)


@given(LINES, LINES, st.randoms())
def test_the_order_of_lines_changes_no_amount(theirs, ours, random):
    before = matched(theirs, ours)
    random.shuffle(theirs)
    random.shuffle(ours)
    after = matched(theirs, ours)
    assert [(after.count(kind), after.amount_fen(kind)) for kind in Match] == [
        (before.count(kind), before.amount_fen(kind)) for kind in Match
    ]


def test_both_sides_empty_is_nothing_in_suspense():
    assert matched([], []).suspense_fen == 0


def test_a_line_without_reference_or_amount_is_refused():
    with pytest.raises(RequestError, match="a line has no reference"):
        matched([("", 5)], [])
    with pytest.raises(RequestError, match="a line has no reference"):
        matched([(None, 5)], [("A", 5)])
    with pytest.raises(RequestError, match="one reference and one amount"):
        reconcile(pa.array(["A"]), np.array([], np.int64), pa.array([], pa.string()), np.array([], np.int64))


DATED = st.lists(st.tuples(st.integers(1, 4), st.integers(10, 16)), max_size=8)


@given(DATED, DATED, st.integers(0, 3))
def test_lines_and_bookings_pair_by_amount_and_day_where_neither_could_mean_another(theirs, ours, days):
    found = pair_by_amount_and_day(*columns(theirs), *columns(ours), days=days)

    def near(one, others):
        return [place for place, (fen, on) in enumerate(others) if fen == one[0] and abs(on - one[1]) <= days]

    expected = [
        (place, near(line, ours)[0])
        for place, line in enumerate(theirs)
        if len(near(line, ours)) == 1 and len(near(ours[near(line, ours)[0]], theirs)) == 1
    ]
    assert list(zip(*(each.tolist() for each in found), strict=True)) == expected


def columns(rows):
    return np.array([fen for fen, _ in rows], np.int64), np.array([on for _, on in rows], np.int64)


def test_two_equal_amounts_of_one_day_are_left_alone():
    theirs, ours = columns([(5, 10), (5, 10), (7, 10)]), columns([(5, 10), (7, 12)])
    assert [each.tolist() for each in pair_by_amount_and_day(*theirs, *ours, days=2)] == [[2], [1]]
