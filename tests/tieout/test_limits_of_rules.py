"""Each rule stops where it says: one case at either side."""

import datetime as dt
from decimal import Decimal

import pytest

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.interval import Interval
from loanbook.tieout.judge import judge
from loanbook.tieout.judge.conventions import failing, practices
from loanbook.tieout.relate import relate
from loanbook.tieout.relate.build import sum_relation
from loanbook.tieout.relate.grid import grids_of
from loanbook.tieout.relate.growths import _shift
from loanbook.tieout.relate.rolls import openings
from loanbook.tieout.relate.search import Field, find_sums
from loanbook.tieout.relate.series import Frame
from loanbook.tieout.relate.translation import Rate, _common, translations
from loanbook.tieout.relation import Relation, Severity, Status, Verdict
from tests.tieout.build import figure, table

FRAME = Frame(bases_matter=False, translated=frozenset())


@pytest.mark.parametrize(("second", "found"), [(731, True), (73, False)])
def test_a_total_of_one_line_needs_two_columns_that_say_something(second: int, found: bool) -> None:
    field = Field(values=[[123_456, second], [123_456, second]], families=[0, 1], whole=[True, True])
    assert bool(find_sums(field)) == found


def _roll(first: str, second: str) -> list[Relation]:
    text = f"""
                        {first}    {second}
    Balance, beginning  1,200      1,000
    Additions           340        200
    Balance, end        1,540      1,200
    """
    return [one for grid in grids_of(table(text)) for one in openings(grid, FRAME)]


def test_only_a_balance_of_a_day_opens_what_follows() -> None:
    assert not _roll("2024/CNY", "2023/CNY")
    assert _roll("@2024-12-31/CNY", "@2023-12-31/CNY")


@pytest.mark.parametrize(("at_two", "found"), [("1,531,986", True), (".", False)])
def test_a_line_that_differs_at_one_place_alone_is_not_restated(at_two: str, found: bool) -> None:
    first = """
                     2024Q1/CNY   2023Q1/CNY
    Ferry fares      1,534,986    1,065,882
    """
    later = f"""
                     2024Q1/CNY   2023Q1/CNY
    Ferry fares      {at_two}     1,165,882
    """
    tables = (table(first, file="first.txt"), table(later, file="later.txt"))
    relations = relate([(Document(file=one[0].place.file, blocks=()), Reading(figures=one)) for one in tables])
    assert any(one.rule == "restated_series" for one in relations) == found


@pytest.mark.parametrize(("stray", "found"), [(1, True), (2, False)])
def test_a_rate_is_common_where_four_in_five_agree(stray: int, found: bool) -> None:
    ratios = [Interval(Decimal("7.2"), Decimal("7.3"))] * (7 - stray)
    ratios += [Interval(Decimal(9 + each), Decimal("9.1") + each) for each in range(stray)]
    assert (_common(ratios) is not None) == found


@pytest.mark.parametrize(("printed", "verdict"), [("101", Verdict.ROUNDING), ("104", Verdict.BROKEN)])
def test_a_total_of_three_translated_lines_is_off_by_one_at_most(printed: str, verdict: Verdict) -> None:
    local = figure("700", id="l", currency="CNY")
    foreign = figure(printed, id="f", currency="USD")
    rate = Rate("CNY", "USD", Interval.exact(Decimal(7)), figure("7.00", id="r"))
    (one,) = translations([(local, foreign)], {("CNY", "USD"): rate}, {"f": 3})
    assert one.verdict is verdict


@pytest.mark.parametrize(
    ("day", "before"),
    [((2025, 2, 28), (2024, 2, 29)), ((2024, 2, 29), (2023, 2, 28)), ((2024, 6, 29), (2023, 6, 29))],
)
def test_the_last_of_february_stays_the_last(day: tuple[int, int, int], before: tuple[int, int, int]) -> None:
    assert _shift(dt.date(*day)) == dt.date(*before)


def _footed(number: int, departing: int) -> tuple[dict[str, Figure], list[Relation]]:
    """Sums of three whole figures, of which some come out one too high."""
    figures: dict[str, Figure] = {}
    made = []
    for at in range(number):
        parts = [figure("1,100", id=f"{at}.{part}") for part in range(3)]
        total = figure("3,301" if at < departing else "3,300", id=f"{at}.t")
        figures |= {one.id: one for one in (*parts, total)}
        made.append(sum_relation("discovered", total, [(part, 1) for part in parts]))
    return figures, made


@pytest.mark.parametrize(("departing", "kept"), [(3, True), (8, False)])
def test_an_issuer_that_departs_in_more_than_three_of_a_hundred_does_not_foot_exactly(departing: int, kept: bool) -> None:
    figures, made = _footed(100, departing)
    assert bool(practices(made, figures)) == kept


@pytest.mark.parametrize(("part", "called"), [("1,100", True), ("1.1", False)])
def test_a_sum_with_a_coarser_term_is_no_departure(part: str, called: bool) -> None:
    figures, made = _footed(60, 0)
    scale = Decimal(1) if part == "1,100" else Decimal(1000)
    terms = [figure(part, id=f"x.{at}", scale=scale) for at in range(3)]
    total = figure("3,301", id="x.t")
    figures |= {one.id: one for one in (*terms, total)}
    made.append(sum_relation("discovered", total, [(one, 1) for one in terms]))
    assert made[-1].verdict is Verdict.ROUNDING
    assert bool(failing(made, figures, practices(made, figures))) == called


@pytest.mark.parametrize(("printed", "total", "severity"), [("102", "302", Severity.ROUNDING), ("110", "310", Severity.ERROR)])
def test_a_translated_line_stands_in_for_its_column_by_three_units_at_most(printed: str, total: str, severity: Severity) -> None:
    local, foreign = figure("700", id="l", key="l", currency="CNY"), figure(printed, id="f", key="f", currency="USD")
    other, whole = figure("200", id="o", key="o", currency="USD"), figure(total, id="w", key="w", currency="USD")
    rate = Rate("CNY", "USD", Interval.exact(Decimal(7)), figure("7.00", id="r", key="r", exact=True))
    assert rate.figure is not None
    relations = translations([(local, foreign)], {("CNY", "USD"): rate}, {})
    relations.append(sum_relation("discovered", whole, [(foreign, 1), (other, 1)]))
    reading = Reading(figures=(local, foreign, other, whole, rate.figure))
    (found,) = judge([(Document(file="a.txt", blocks=()), reading)], relations).findings
    assert found.severity is severity


def test_what_a_failed_sum_alone_would_have_checked_is_noted() -> None:
    one, two, whole = (figure(text, id=text, key=text) for text in ("1,200", "3,400", "4,900"))
    alone = figure("77", id="77", key="77")
    reading = Reading(figures=(one, two, whole, alone))
    found = judge([(Document(file="a.txt", blocks=()), reading)], [sum_relation("discovered", whole, [(one, 1), (two, 1)])])
    ends = sorted(found.statuses[each.id] for each in (one, two, whole))
    assert ends == [Status.FAILED, Status.NOTED, Status.NOTED]
    assert found.statuses["77"] is Status.NOT_CHECKABLE
