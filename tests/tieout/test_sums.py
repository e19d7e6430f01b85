"""Sums are found by what the columns say, without a label that helps."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading, Unit
from loanbook.tieout.relate import relate
from loanbook.tieout.relate.grid import grids_of
from loanbook.tieout.relate.sums import cross_footings, footings
from loanbook.tieout.relation import Relation, RelationKind, Verdict
from tests.tieout.build import table

INCOME = """
                    2024/CNY    2023/CNY    2024/USD
    a               243,766     311,164     33,761
    b               1,534,986   1,065,882   212,593
    c               1,166,018   1,209,820   161,492
    d               2,944,770   2,586,866   407,846
    e               736,026     640,341     101,938
    f               155,963     159,023     21,601
    g               415,617     422,177     57,562
    h               1,307,606   1,221,541   181,101
    i               1,637,164   1,365,325   226,745
    j               (366,065)   (172,291)   (50,699)
    k               1,271,099   1,193,034   176,046
"""


def relations_of(figures: tuple[Figure, ...]) -> list[Relation]:
    return [relation for grid in grids_of(figures) for relation in footings(grid)[0]]


def sums(relations: list[Relation]) -> set[tuple[str, ...]]:
    """Rows of each relation, result first; the sign of a term that is taken away is printed."""
    return {
        (
            relation.result.split(":")[2],
            *(("-" if term.factor < 0 else "") + term.figure.split(":")[2] for term in relation.terms),
        )
        for relation in relations
    }


def test_totals_differences_and_totals_of_totals_are_found() -> None:
    assert sums(relations_of(table(INCOME))) == {
        ("4", "3", "2", "1"),
        ("8", "7", "6", "5"),
        ("9", "-8", "4"),
        ("11", "10", "9"),
    }


def test_a_sum_that_fails_in_one_column_is_kept_and_broken_there() -> None:
    wrong = INCOME.replace("1,065,882", "1,068,582")
    broken = [relation for relation in relations_of(table(wrong)) if relation.verdict is Verdict.BROKEN]
    assert [relation.result for relation in broken] == ["a.txt:0:4:1"]
    assert broken[0].difference == Decimal(2586866 - 2589566)


def test_a_total_may_stand_above_its_parts() -> None:
    figures = table("""
                2024/CNY    2023/CNY
        all     3,016,282   2,630,621
        one     243,766     311,164
        two     1,534,986   1,065,882
        three   1,237,530   1,253,575
    """)
    assert sums(relations_of(figures)) == {("1", "2", "3", "4")}


def test_unrelated_figures_make_no_sum() -> None:
    """A hundred tables of forty random rows and two columns: no false sum."""
    chance = random.Random(20241122)
    for _ in range(100):
        rows = [f"row  {chance.randrange(1000, 10**6):,}  {chance.randrange(1000, 10**6):,}" for _ in range(40)]
        assert relations_of(table("\n".join(["  2024/CNY  2023/CNY", *rows]))) == []


@pytest.mark.parametrize(
    "rows",
    [
        ("3  4", "4,160  6,290", "4,162  6,295"),
        ("9  12", "41,602  62,901", "41,610  62,915"),
        ("41,602  62,901", "41,605  62,905", "3  4"),
    ],
)
def test_lines_near_each_other_and_a_small_one_make_no_sum(rows) -> None:
    lines = "\n".join(f"line{number}  {row}" for number, row in enumerate(rows))
    assert relations_of(table(f"\n        2024/CNY  2023/CNY\n{lines}\n")) == []


def test_in_two_columns_of_few_digits_a_total_is_known_by_its_label() -> None:
    figures = table("""
                            2024/EUR    2023/EUR
        Interest income     1,204       1,109
        Fee income          388         391
        Trading income      97          102
        Other income        45          38
        Total revenue       1,734       1,604
    """)
    found = relations_of(figures)
    assert [(relation.result, relation.verdict) for relation in found] == [
        ("a.txt:0:5:0", Verdict.HOLDS),
        ("a.txt:0:5:1", Verdict.BROKEN),
    ]


def test_revenue_less_costs_is_read_downward_and_hides_no_line_from_what_follows() -> None:
    figures = table("""
                            2024/JPY    2023/JPY
        Net sales           462,182     405,010
        Cost of sales       323,477     295,445
        Gross profit        138,705     109,565
        Selling expenses    88,066      83,023
        Operating income    50,639      26,542
        Interest received   1,919       1,822
        Exchange loss       (2,884)     (2,686)
        Ordinary income     49,674      25,678
    """)
    assert sums(relations_of(figures)) == {("3", "1", "-2"), ("5", "3", "-4"), ("8", "7", "6", "5")}


def test_lines_left_out_of_an_excerpt_are_no_error() -> None:
    """Of the amounts only what is adjusted is shown: the adjustments add up, the amounts need not."""
    figures = table("""
                2023/CNY/us_gaap  2023/CNY/adjustment  2023/CNY/adjustment  2023/CNY/ifrs
        one     2,522,543   -           (2,515,354)  7,189
        two     45,346      -           (8,942)      36,404
        three   24,604,487  (43,934)    -            24,560,553
        sum     39,796,028  (43,934)    (2,524,296)  37,227,798
        four    596,330     -           (596,330)    -
        five    4,240       -           (1,057)      3,183
        six     2,898,005   147,389     -            3,045,394
        rest    6,022,544   147,389     (597,387)    5,572,546
        both    45,818,572  103,455     (3,121,683)  42,800,344
    """)
    found = relations_of(figures)
    assert {relation.verdict for relation in found} == {Verdict.HOLDS}
    assert ("9", "8", "4") in sums(found)


def test_columns_that_add_up_across_are_found_and_a_wrong_row_is_broken() -> None:
    figures = table("""
                2023/CNY/us_gaap  2023/CNY/adjustment  2023/CNY/adjustment  2023/CNY/ifrs
        one     2,522,543   -           (2,515,354)  7,189
        two     45,346      -           (8,942)      36,404
        three   24,604,487  (43,934)    -            24,560,553
        four    4,240       -           (1,057)      3,183
        five    2,898,005   147,389     -            3,045,349
    """)
    (grid,) = grids_of(figures)
    found = cross_footings(grid)
    assert len(found) == 5
    assert [relation.result for relation in found if relation.verdict is Verdict.BROKEN] == ["a.txt:0:5:3"]


@pytest.mark.parametrize("rows", [300, 3000])
def test_a_long_table_is_searched_in_bounded_time(rows: int) -> None:
    chance = random.Random(7)
    lines = [
        "  2024/CNY  2023/CNY",
        *(f"row  {chance.randrange(1000, 10**6):,}  {chance.randrange(1000, 10**6):,}" for _ in range(rows)),
    ]
    assert relations_of(table("\n".join(lines))) == []


def test_growth_beside_amounts_adds_up_with_nothing_and_is_declared_of_nothing():
    figures = table(
        """
                        2024/EUR   2023/EUR   2024
        Revenue         8,251.9    9,416.7    -12.4%
        Cost of sales   -5,159.4   -5,648.9   8.7%
        Gross profit    3,092.5    3,767.8    -17.9%
    """
    )
    figures = tuple(replace(figure, role="growth") if figure.unit is Unit.PERCENT else figure for figure in figures)
    found = relate([(Document(file="a.txt", blocks=()), Reading(figures=figures))])
    sums = [relation for relation in found if relation.kind is RelationKind.SUM]
    assert {relation.result for relation in sums} == {"a.txt:0:3:0", "a.txt:0:3:1"}
    assert all(relation.verdict is Verdict.HOLDS for relation in found)


EXCEPTIONAL = """
                2024Q4      2024Q3      2023Q4        2024M9      2023M9      2023
    before      15,243.29   12,298.96   10,436.78     39,892.06   32,391.00   44,041.60
    items       -           -           (1,250.00)    -           (1,250.00)  (1,250.00)
    after       15,243.29   12,298.96   9,186.78      39,892.06   31,141.00   42,791.60
"""


def test_a_line_has_one_sign_across_the_columns() -> None:
    """A slip of sign in one of three columns is not absorbed by taking the line away there."""
    assert all(one.verdict is Verdict.HOLDS for one in relations_of(table(EXCEPTIONAL)))
    wrong = relations_of(table(EXCEPTIONAL.replace("(1,250.00)", "1,250.00", 1)))
    (broken,) = (one for one in wrong if one.verdict is Verdict.BROKEN)
    assert broken.difference == Decimal("-2500.00")
    assert len(wrong) > 1
    turned = relations_of(table(EXCEPTIONAL.replace("(1,250.00)", "1,250.00")))
    assert turned
    assert all(one.verdict is Verdict.HOLDS for one in turned)
