"""A table run into one line is read again where arithmetic allows one reading only."""

from dataclasses import replace

from loanbook.tieout.figure import Figure, Place
from loanbook.tieout.relate.run_in import run_in_rows
from loanbook.tieout.relation import Verdict
from tests.tieout.build import figure

ROWS = [
    "2,982,076 (2,966,528) 15,548",
    "394,872 (33,296) 361,576",
    "(88,430) 15,347,662 15,259,232",
    "688,843 (688,843)",
    "6,245,704 210,087 (44,120) (828,490) 5,583,181",
    "5,583,181 1,000 5,584,181",
]


def run_in(rows: list[str]) -> list[Figure]:
    texts = [text for row in rows for text in row.split()]
    made = [figure(text) for text in texts]
    return [
        replace(one, id=str(at), role="run_in", place=Place(file="a.txt", line=1, start=at, end=at + 1))
        for at, one in enumerate(made)
    ]


def test_each_row_is_found_by_the_sum_that_it_makes() -> None:
    found = run_in_rows(run_in(ROWS))
    assert [(one.result, len(one.terms)) for one in found] == [("2", 2), ("5", 2), ("8", 2), ("10", 1), ("15", 4), ("18", 2)]
    assert {one.verdict for one in found} == {Verdict.HOLDS}


def test_a_row_that_does_not_come_out_is_broken_where_those_around_it_do() -> None:
    found = run_in_rows(run_in([row.replace("361,576", "361,756") for row in ROWS]))
    assert [one.result for one in found if one.verdict is Verdict.BROKEN] == ["5"]


def test_figures_that_may_be_parted_in_two_ways_are_left_alone() -> None:
    assert run_in_rows(run_in(["(7,502) 182,398 174,896 (7,502)"] * 6)) == []
    assert run_in_rows(run_in(["1,234 5,678", "9,012", "3,456 7,891 2,345"])) == []


def test_a_line_that_adjustments_alone_make_stands_twice_and_is_no_error() -> None:
    found = run_in_rows(run_in([ROWS[0], "64,120 64,120", *ROWS[1:]]))
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    assert [one.result for one in found if len(one.terms) == 1] == ["4", "12"]
