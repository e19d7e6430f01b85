"""The five filings come out of the presentation engine as they are printed, or there is a reason that arithmetic bears."""

from collections import Counter
from functools import cache

from tests.replay.__main__ import PAGE
from tests.replay.page import page
from tests.replay.proof import exceptions, implied_compensation, proved
from tests.replay.replay import Outcome, leaves, outcomes, printed

AT_LEAST = 2_043
"""Printed figures that come out; a change that loses one fails here first."""


@cache
def _found() -> tuple[Outcome, ...]:
    return tuple(outcomes())


def test_every_printed_figure_comes_out_as_printed_or_is_listed():
    missed = {each.figure.where for each in _found() if not each.agrees}
    assert missed == {each.where for each in exceptions()}
    assert sum(each.agrees for each in _found()) >= AT_LEAST
    assert len(_found()) == len(printed()) == sum(each.agrees for each in _found()) + len(missed)


def test_every_reason_is_borne_by_arithmetic():
    by_where = {each.figure.where: each for each in _found()}
    for listed in exceptions():
        assert proved(listed, by_where[listed.where])


def test_a_figure_is_never_computed_from_itself():
    """What is compared is no input: no place is both a leaf and a printed figure, and none is twice."""
    places = Counter([(fact.place, fact.nth) for fact in leaves() if fact.role != "derived"])
    places += Counter([(figure.place, figure.nth) for figure in printed()])
    assert not [place for place, times in places.items() if times > 1]
    keys = Counter((fact.line, fact.period, fact.column) for fact in leaves())
    assert not [key for key, times in keys.items() if times > 1]


def test_each_section_of_each_filing_is_compared():
    """A part that was never taken down would pass unseen."""
    compared = {(figure.filing, figure.section) for figure in printed()}
    for filing in ("S0", "S1", "S2"):
        for section in ("highlights", "financial highlights", "results", "quotes", "balance_sheet", "operations", "cash_flows"):
            assert (filing, section) in compared
        assert {(filing, "comprehensive_income"), (filing, "non_gaap"), (filing, "outlook"), (filing, "capital")} <= compared
    for filing in ("S1", "S3"):
        assert {(filing, "ifrs_operations"), (filing, "ifrs_balance_sheet"), (filing, "notes")} <= compared
    assert {("S4", "provisions"), ("S4", "answer")} <= compared


def test_share_based_compensation_of_the_last_quarter_exists():
    low, high = implied_compensation()
    assert low < high


def test_the_page_tells_what_the_replay_finds():
    by_where = {each.figure.where: each for each in _found()}
    evidence = {listed.where: proved(listed, by_where[listed.where]) for listed in exceptions()}
    assert PAGE.read_text(encoding="utf-8") == page(_found(), evidence), "run `python -m tests.replay`"
