"""Retention periods: dated, sourced, and wrong ones refused with their line."""

import datetime as dt

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.retention import CLASSES, ENDLESS, IDENTITIES, retention_in, retention_on
from loanbook.units import day

TODAY = dt.date(2026, 11, 22)


def _file(tmp_path, text):
    folder = tmp_path / "retention"
    folder.mkdir(exist_ok=True)
    (folder / "mine.yaml").write_text("retention:\n" + text)
    return folder


def test_every_class_has_a_shipped_period_with_a_source_today():
    versions = retention_in()
    for name in CLASSES:
        rule = retention_on(versions, name, day(TODAY))
        assert rule.source
        assert (rule.ends_before(TODAY) is None) == (name in ENDLESS)
        assert bool(rule.on_request) == (name in IDENTITIES)


def test_the_version_of_the_day_counts():
    versions = retention_in()
    assert retention_on(versions, "identity_borrower", day("2024-12-31")).years == 5
    assert retention_on(versions, "identity_borrower", day("2025-01-01")).years == 10
    with pytest.raises(RequestError, match="no retention period is in force for identity_borrower on 1999-01-01"):
        retention_on(versions, "identity_borrower", day("1999-01-01"))


def test_a_period_of_years_ends_on_the_same_day_and_a_leap_day_on_the_28th():
    rule = retention_on(retention_in(), "identity_borrower", day(TODAY))
    assert rule.ends_before(TODAY) == dt.date(2016, 11, 22)
    assert rule.ends_before(dt.date(2028, 2, 29)) == dt.date(2018, 2, 28)
    assert retention_on(retention_in(), "request", day(TODAY)).ends_before(TODAY) == dt.date(2026, 10, 23)


GOOD = "  - {class: request, keep: {days: 30}, effective_from: 2020-01-01, source: house}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("request", "requests"), 2, "Did you mean request?"),
        (GOOD.replace("{days: 30}", "30"), 2, "keep must be {years: 5}, {days: 30} or forever, not 30"),
        (GOOD.replace("{days: 30}", "{days: 0}"), 2, "keep.days must lie between 1 and 36,500; got 0"),
        (GOOD.replace("{days: 30}", "{days: 1, years: 1}"), 2, "either years or days"),
        (GOOD.replace("{days: 30}", "{months: 1}"), 2, "no setting 'months'"),
        (GOOD.replace("source: house", "source: ''"), 2, "source is empty"),
        (GOOD.replace(", source: house", ""), 2, "needs 'source'"),
        (GOOD.replace("source: house", "source: house, on_request: erase"), 2, "request has no on_request"),
        (GOOD.replace("class: request", "class: identity_borrower"), 2, "identity_borrower needs on_request"),
        (GOOD.replace("class: request", "class: event"), 2, "event is append-only and cannot be erased. Write keep: forever."),
        (GOOD + GOOD, 3, "request already has a period from 2020-01-01 in terms/retention/mine.yaml:2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path, text, line, words):
    with pytest.raises(TermsError) as raised:
        retention_in(_file(tmp_path, text))
    assert str(raised.value).startswith(f"terms/retention/mine.yaml:{line}: ")
    assert words in str(raised.value)
