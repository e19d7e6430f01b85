"""Clauses of shares, lines printed in brackets, words of direction, and how what is expected is written."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from loanbook.tieout.checking import tie_out
from loanbook.tieout.judge.suspects import Suspect
from loanbook.tieout.judge.wording import displayed, expected_of
from loanbook.tieout.relate.columns import growth_relation
from loanbook.tieout.relate.direction_words import opposite
from loanbook.tieout.relation import Finding, Verdict
from tests.tieout.build import figure

SEGMENTS = """
(in € million)

	H1 2025	H1 2024
Ferry lines	2,318	2,201
Harbour services	1,044	1,102
Dry docks	716	655
Group revenue	4,078	3,958
"""
BRIDGE = """
(in € million)

	H1 2025
Net debt at January 1	(2,174)
Free cash flow	412
Dividends paid	(305)
Net debt at June 30	(2,067)
"""


def found(tmp_path: Path, text: str, table: str = SEGMENTS) -> tuple[Finding, ...]:
    path = tmp_path / "kestrel.txt"
    path.write_text(f"Kestrel Marine: first-half 2025 results\n\n{text}\n{table}", encoding="utf-8")
    return tie_out([path]).findings


@pytest.mark.parametrize(
    "text",
    [
        "Ferry lines, 57% of Group revenue, posted revenue of €2,318 million, up 5.3%. Harbour services fell 5.3% to €1,044m.",
        "Ferry lines (57% of Group revenue) generated revenue of €2,318 million, up 5.3%.",
        "Ferry lines revenue, which represents 57% of Group revenue, was €2,318 million, up 5.3%.",
        "Ferry lines revenue, representing about 57% of Group revenue, rose 5.3% to €2,318 million.",
        "Dry docks, accounting for 18% of Group revenue, recorded revenue of €716 million, an increase of 9.3%.",
    ],
)
def test_the_whole_of_a_share_is_no_subject(tmp_path, text):
    assert found(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("text", "printed", "expected"),
    [
        ("Ferry lines, 57% of Group revenue, posted revenue of €2,381 million.", "€2,381 million", "€2,318 million"),
        ("Ferry lines (57% of Group revenue) generated revenue of €2,318 million, up 3.5%.", "3.5%", "5.3%"),
        ("Group revenue, 100% of the total, was €4,087 million.", "€4,087 million", "€4,078 million"),
    ],
)
def test_a_slip_beside_a_share_is_found(tmp_path, text, printed, expected):
    assert [(one.printed, one.expected) for one in found(tmp_path, text)] == [(printed, expected)]


def test_a_growth_is_not_of_the_next_sentence(tmp_path):
    assert found(tmp_path, "Ferry lines were up 5.3%. Harbour services fell 5.3% to €1,044 million.") == ()
    (slip,) = found(tmp_path, "Ferry lines were up 5.3%. Harbour services fell 3.5% to €1,044 million.")
    assert (slip.printed, slip.kind) == ("3.5%", "growth_in_text")


def test_text_states_the_size_of_a_debt_that_a_bridge_prints_in_brackets(tmp_path):
    text = "Net debt of €2,067 million at June 30, 2025, versus €2,174 million at December 31, 2024."
    assert found(tmp_path, text, BRIDGE) == ()
    (slip,) = found(tmp_path, text.replace("2,067", "2,076"), BRIDGE)
    assert (slip.printed, slip.expected) == ("€2,076 million", "€2,067 million")


def test_a_wrong_word_of_direction_is_named(tmp_path):
    text = "Ferry revenue was €231.8 million, {} of 5.3% from €220.1 million in the first half of 2024."
    assert found(tmp_path, text.format("an increase"), "") == ()
    (wrong,) = found(tmp_path, text.format("a decrease"), "")
    assert wrong.kind == "direction_word"
    assert 'The word "decrease" in "decrease of 5.3%" (line 3) should be "increase"' in wrong.message
    (wrong,) = found(tmp_path, "Cash was €231.8 million, compared to €220.1 million a year ago, a decline of €11.7 million.", "")
    assert 'The word "decline" in "decline of €11.7 million" (line 3) should be "increase"' in wrong.message


def test_a_wrong_size_is_no_matter_of_words(tmp_path):
    text = "Ferry revenue was €231.8 million, a decrease of 8.3% from €220.1 million in the first half of 2024."
    assert [one.kind for one in found(tmp_path, text, "")] == ["growth_in_text"]


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("decrease", "increase"),
        ("Increases", "Decreases"),
        ("rose", "fell"),
        ("rising", "falling"),
        ("down", "up"),
        ("grew", "fell"),
    ],
)
def test_words_have_their_opposites(word, other):
    assert opposite(word) == other


def test_an_expected_fall_has_one_sign():
    growth = replace(figure("0"), text="+8.7%", step=Decimal("0.1"))
    assert displayed(Decimal("-30.5"), growth) == "-30.5%"
    assert displayed(Decimal("30.5"), growth) == "+30.5%"


@pytest.mark.parametrize(("printed", "verdict", "expected"), [("2.3", Verdict.HOLDS, "2.3"), ("4.2", Verdict.BROKEN, "2.3")])
def test_growth_of_costs_in_brackets_is_expected_as_it_is_printed(printed, verdict, expected):
    now, then = figure("-716"), figure("-700")
    growth = replace(figure(printed), text=f"{printed}%", step=Decimal("0.1"), scale=Decimal(1))
    relation = growth_relation("growth_column", growth, now, then)
    assert relation.verdict is verdict
    assert round(growth.value - relation.difference, 1) == Decimal(expected)
    assert "= 2.286%" in relation.arithmetic


def test_a_wrong_word_of_scale_is_mended_by_the_word(tmp_path):
    table = SEGMENTS.replace("€ million", "€ thousand")
    text = "Group revenue was €4,078 {} in the first half of 2025."
    assert found(tmp_path, text.format("thousand"), table) == ()
    printed = replace(figure("2846.7"), text="RMB2,846.7 billion", step=Decimal("0.1"), scale=Decimal(10) ** 9)
    meant = Decimal("2846700000")
    relation = growth_relation("x", printed, printed, printed)
    culprit = Suspect(printed.id, (), meant - printed.amount, Decimal(0))
    assert expected_of(culprit, printed, relation) == "RMB2,846.7 million"
    other = Suspect(printed.id, (), Decimal("2900000000000") - printed.amount, Decimal(0))
    assert expected_of(other, printed, relation) == "RMB2,900.0 billion"


def test_an_amount_that_is_its_own_line_fails_against_no_other(tmp_path):
    near = SEGMENTS.replace("4,078", "2,378")  # a digit away from the ferries
    assert [one.kind for one in found(tmp_path, "Ferry lines posted revenue of €2,318 million.", near)] == []
    (slip,) = found(tmp_path, "Ferry lines posted revenue of €2,319 million.", near)
    assert (slip.printed, slip.expected) == ("€2,319 million", "€2,318 million")


def test_guidance_keeps_its_growth_when_another_document_has_what_came_of_it(tmp_path):
    """The bounds are no statement of the line: what came later is another amount, and the base is the year before."""
    guided = tmp_path / "kestrel_q1.txt"
    guided.write_text(
        "Kestrel Marine: first quarter 2025 results\n\nFor the second quarter of 2025, the Company expects net income between "
        "€1.10 million and €1.20 million, representing a year-on-year growth between 10.0% and 20.0%.\n",
        encoding="utf-8",
    )
    came = tmp_path / "kestrel_q2.txt"
    came.write_text(
        "Kestrel Marine: second quarter 2025 results\n\n(in € thousand)\n\n\tThree months ended June 30,\n\t2025\t2024\n"
        "Revenue\t8,400\t8,100\n"
        "Costs\t7,010\t7,100\nNet income\t1,390\t1,000\n",
        encoding="utf-8",
    )
    checked = tie_out([guided, came])
    kinds = {relation.rule for relation in checked.relations}
    assert "guidance_growth" in kinds
    assert not checked.findings
