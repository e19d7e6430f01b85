"""Whole small releases: what the text says is derived from the tables, and slips in it are found."""

from pathlib import Path

import pytest

from loanbook.tieout.checking import tie_out
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate import read_pack, statements_pack, with_concepts
from loanbook.tieout.relation import Severity, Status

RELEASE = """
Heron Lending Inc Announces First Quarter 2024 Results

Total net revenue was RMB2,944.8 million (US$407.8 million), compared to RMB2,586.9 million in the same period of 2023, an
increase of 13.8%.

Income from operations was RMB1,637.2 million (US$226.7 million), compared to RMB1,365.3 million in the same period of 2023. The
year-over-year increase was mainly due to the growth in revenue.

Operating margin was 55.6%.

Translations are made at a rate of RMB7.2203 to US$1.00.

Statements of Operations
(Amounts in thousands of Renminbi ("RMB") and U.S. dollars ("USD"))

	Three months ended March 31,
	2023	2024	2024
	RMB	RMB	USD
Interest	1,065,882	1,534,986	212,593
Fees	311,164	243,766	33,761
Guarantees	1,209,820	1,166,018	161,492
Total net revenue	2,586,866	2,944,770	407,846
Staff costs	640,341	736,026	101,938
Funding costs	159,023	155,963	21,601
Marketing	422,177	415,617	57,562
Total operating costs and expenses	1,221,541	1,307,606	181,101
Income from operations	1,365,325	1,637,164	226,745
"""


def judged(tmp_path: Path, text: str) -> Judgement:
    path = tmp_path / "heron.txt"
    path.write_text(text, encoding="utf-8")
    return tie_out([path])


def test_a_clean_release_ties_throughout(tmp_path: Path) -> None:
    found = judged(tmp_path, RELEASE)
    assert found.findings == ()
    assert found.counts()[Status.TICKED] == len(found.figures)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("RMB2,944.8 million", "RMB2,994.8 million"),
        ("US$407.8 million", "US$408.7 million"),
        ("RMB1,365.3 million", "RMB1,365.8 million"),
        ("13.8%", "18.3%"),
        ("55.6%", "56.5%"),
        ("1,166,018", "1,116,018"),
        ("33,761", "37,361"),
    ],
)
def test_a_slip_is_found_where_it_stands(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in RELEASE
    (finding,) = judged(tmp_path, RELEASE.replace(right, wrong)).findings
    assert finding.severity is Severity.ERROR
    assert (finding.printed, finding.expected) == (wrong, right)


def test_a_direction_that_the_figures_do_not_take_is_an_error(tmp_path: Path) -> None:
    found = judged(tmp_path, RELEASE.replace("year-over-year increase", "year-over-year decrease"))
    assert [(one.severity, one.kind) for one in found.findings] == [(Severity.ERROR, "direction")]


def test_an_amount_without_its_scale_is_noted(tmp_path: Path) -> None:
    text = RELEASE.replace("Operating margin was", "It includes funding costs of RMB155,963. Operating margin was")
    assert [(one.severity, one.kind) for one in judged(tmp_path, text).findings] == [(Severity.PRACTICE, "scale_left_out")]


def test_the_pack_names_lines_and_a_pack_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    named = with_concepts(judged(tmp_path, RELEASE).documents)
    assert {figure.concept for _, reading in named for figure in reading.figures} >= {"revenue", "operating_income"}
    assert len(statements_pack().declared) > 10
    with pytest.raises(Exception, match="names both a and b"):
        read_pack("items: {a: [Total assets], b: [Assets total]}", "mine.yaml")
    with pytest.raises(Exception, match="which is not among the items"):
        read_pack("items: {a: [Assets]}\nrelations: {r: a = b}", "mine.yaml")


def test_growth_that_is_told_before_its_amount_is_of_what_it_grew_to(tmp_path: Path) -> None:
    text = "Income from operations rose in the first quarter of 2024 by {} to RMB1,637.2 million (2023: RMB1,365.3 million)."
    for percent, errors in (("19.9%", 0), ("19.6%", 1)):
        found = judged(tmp_path, RELEASE + "\n" + text.format(percent) + "\n")
        assert [finding.printed for finding in found.findings] == [percent] * errors


def test_columns_that_a_converter_broke_are_one_again(tmp_path: Path) -> None:
    rows = [line.split("\t") for line in RELEASE[RELEASE.index("Interest\t") :].strip().splitlines()]
    head = "## Statements of Operations\n\n|  | 2023 |  | 2024 |  |\n|---|---|---|---|---|\n| in RMB thousand |  |  |  |  |\n"
    lines = [
        f"| {label} | | {first} | | {second} |" if number % 3 == 2 else f"| {label} | {first} |  | {second} |  |"
        for number, (label, first, second, _) in enumerate(rows)
    ]
    found = judged(tmp_path, head + "\n".join(lines) + "\n")
    assert set(found.statuses.values()) == {Status.TICKED}
    assert not found.findings
    spoiled = judged(tmp_path, head + "\n".join(lines).replace("736,026", "763,026") + "\n")
    assert [finding.printed for finding in spoiled.findings] == ["763,026"]


SPOKEN = [
    (
        "Total net revenue rose by RMB{}, or {}, to RMB2,944.8 million from RMB2,586.9 million in the same period of 2023.",
        "357.9 million",
        "13.8%",
    ),
    ("Total net revenue was RMB2,944.8 million, up RMB{} or {} from RMB2,586.9 million a year ago.", "357.9 million", "13.8%"),
    ("Operating margin was {}, up {} percentage points from 52.8% in the same period of 2023.", "55.6%", "2.8"),
    ("Operating margin increased by {} basis points to 55.6% from {} in the same period of 2023.", "280", "52.8%"),
    (
        "Total net revenue was RMB{} and RMB{} for the three months ended March 31, 2023 and 2024, respectively.",
        "2,586.9 million",
        "2,944.8 million",
    ),
    ("Interest made up {} of total net revenue, compared to {} in the same period of 2023.", "52.1%", "41.2%"),
    (
        "Fees of RMB243.8 million represented {} of total net revenue; staff costs were {} of total net revenue.",
        "8.28%",
        "25.0%",
    ),
    ("Income from operations came to RMB{} million, a change of {}.", "1,637.2", "19.9%"),
    ("Heron Lending Inc increased its income from operations by {} to RMB{} million.", "19.9%", "1,637.2"),
    ("Staff costs were RMB{} million, {} more than a year ago.", "736.0", "14.9%"),
]


@pytest.mark.parametrize(("sentence", "first", "second"), SPOKEN)
def test_what_is_said_of_amounts_is_derived_and_slips_in_it_are_found(
    tmp_path: Path, sentence: str, first: str, second: str
) -> None:
    text = RELEASE.replace("Operating margin was 55.6%.", "{}")
    clean = judged(tmp_path, text.format(sentence.format(first, second)))
    assert clean.findings == ()
    for right in (first, second):
        wrong = right.replace(right[0], "7", 1) if right[0] != "7" else right.replace("7", "1", 1)
        told = sentence.format(*(wrong if each == right else each for each in (first, second)))
        (finding,) = judged(tmp_path, text.format(told)).findings
        assert wrong.split()[0].rstrip("%") in finding.printed


BRIDGE = """
Heron Mills: first-half 2025 results

Net debt of €1,483 million at June 30, 2025, versus €1,386 million at December 31, 2024.

(in € million)

	H1 2025
Net debt at January 1	(1,386)
Free cash flow	303
Dividends paid	(242)
Share buybacks	(55)
Acquisitions, net of disposals	(120)
Exchange differences and other	17
Net debt at June 30	(1,483)
"""


def test_a_roll_forward_of_one_column_fails_by_its_labels_and_debt_is_told_without_brackets(tmp_path: Path) -> None:
    file = tmp_path / "bridge.txt"
    file.write_text(BRIDGE, encoding="utf-8")
    judgement = tie_out([file])
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == len(judgement.figures)
    file.write_text(BRIDGE.replace("(242)", "(224)"), encoding="utf-8")
    judgement = tie_out([file])
    (finding,) = judgement.findings
    texts = {figure.id: figure.text for figure in judgement.figures}
    assert (finding.kind, finding.severity) == ("roll_forward", Severity.ERROR)
    assert "(224)" in [texts[name] for name in finding.suspects]


def test_movements_printed_without_their_sign_are_no_failed_roll_forward(tmp_path: Path) -> None:
    file = tmp_path / "bridge.txt"
    file.write_text(BRIDGE.replace("(242)", "242").replace("17\n", "31\n"), encoding="utf-8")
    assert not [finding for finding in tie_out([file]).findings if finding.kind == "roll_forward"]


@pytest.mark.parametrize(
    ("word", "amount", "errors"),
    [("a decrease", "$77.5", 0), ("a decrease", "$77.6", 0), ("an increase", "$77.6", 1), ("an increase", "$77.5", 1)],
)
def test_a_change_in_the_other_direction_than_the_amounts_told_is_an_error(
    tmp_path: Path, word: str, amount: str, errors: int
) -> None:
    file = tmp_path / "cash.txt"
    file.write_text(
        "Heron Labs Reports Third Quarter 2024 Results\n\nCash and marketable securities were $384.2 million as of "
        f"September 30, 2024, compared to $461.8 million as of December 31, 2023, {word} of {amount} million.\n",
        encoding="utf-8",
    )
    found = tie_out([file]).findings
    assert [finding.severity for finding in found if finding.severity is Severity.ERROR] == [Severity.ERROR] * errors
