"""What fails is named with its likeliest culprit, and every figure ends with a status."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate import relate
from loanbook.tieout.relation import Severity, Status
from tests.tieout.build import table

QUARTER = """
                    2024Q1/CNY   2023Q1/CNY   2024Q1/USD
    Interest        1,534,986    1,065,882    212,593
    Fees            243,766      311,164      33,761
    Guarantees      1,166,018    1,209,820    161,492
    Total revenue   2,944,770    2,586,866    407,846
    Staff           736,026      640,341      101,938
    Funding         155,963      159,023      21,601
    Marketing       415,617      422,177      57,562
    Total costs     1,307,606    1,221,541    181,101
    Income          1,637,164    1,365,325    226,745
"""
HALF = """
                    2024Q2/CNY   2023Q2/CNY   2024H1/CNY   2023H1/CNY
    Interest        1,690,110    1,188,738    3,225,096    2,254,620
    Fees            151,073      395,512      394,839      706,676
    Guarantees      972,586      1,158,554    2,138,604    2,368,374
    Total revenue   2,813,769    2,742,804    5,758,539    5,329,670
    Staff           722,160      647,989      1,458,186    1,288,330
    Funding         161,302      165,225      317,265      324,248
    Marketing       366,388      436,486      782,005      858,663
    Total costs     1,249,850    1,249,700    2,557,456    2,471,241
    Income          1,563,919    1,493,104    3,201,083    2,858,429
"""


def judged(*tables: Sequence[Figure]) -> Judgement:
    """Each table as a document of its own."""
    readings = [
        (Document(file=figures[0].place.file, blocks=()), Reading(figures=tuple(figures))) for figures in tables if figures
    ]
    return judge(readings, relate(readings))


def quarter(text: str = QUARTER) -> tuple[Figure, ...]:
    return table(text, file="first.txt")


def half(text: str = HALF) -> tuple[Figure, ...]:
    return table(text, file="second.txt")


def test_what_comes_out_is_ticked_and_nothing_is_found() -> None:
    found = judged(quarter(), half())
    assert found.findings == ()
    assert set(found.statuses.values()) == {Status.TICKED}


def test_a_wrong_leaf_is_the_first_suspect_though_its_total_fails() -> None:
    found = judged(quarter(), half(HALF.replace("151,073", "151,973")))
    (finding,) = found.findings
    assert finding.severity is Severity.ERROR
    assert finding.suspects[0] == "second.txt:0:2:0"
    assert (finding.printed, finding.expected) == ("151,973", "151,073")
    assert found.statuses["second.txt:0:2:0"] is Status.FAILED
    assert found.statuses["second.txt:0:4:0"] is Status.TICKED


def test_a_wrong_total_is_the_first_suspect_though_its_leaves_are_in_the_relation() -> None:
    (finding,) = judged(quarter(), half(HALF.replace("2,813,769", "2,831,769"))).findings
    assert finding.suspects[0] == "second.txt:0:4:0"
    assert finding.expected == "2,813,769"


def test_off_by_one_where_all_else_foots_departs_from_practice() -> None:
    (finding,) = judged(quarter(), half(HALF.replace("1,188,738", "1,188,739"))).findings
    assert finding.severity is Severity.PRACTICE
    assert "second.txt:0:1:1" in finding.suspects[:3]


def test_a_comparative_that_ties_in_both_documents_was_restated() -> None:
    later = """
                    2025Q1/CNY   2024Q1/CNY
    Interest        1,634,986    1,531,986
    Fees            253,766      246,766
    Guarantees      1,266,018    1,166,018
    Total revenue   3,154,770    2,944,770
    """
    found = judged(quarter(), table(later, file="later.txt"))
    assert {finding.severity for finding in found.findings} == {Severity.DEFINITION}


def test_an_accepted_note_carries_over_to_the_next_version() -> None:
    wrong = half(HALF.replace("151,073", "151,973"))
    readings = [(Document(file="second.txt", blocks=()), Reading(figures=wrong))]
    (finding,) = judge(readings, relate(readings)).findings
    moved = tuple(replace(figure, id=f"v2:{figure.id}") for figure in wrong)
    again = [(Document(file="second.txt", blocks=()), Reading(figures=moved))]
    found = judge(again, relate(again), {finding.id: "known, agreed with the preparer"})
    assert [one.id for one in found.findings] == [finding.id]
    assert Status.FAILED not in found.statuses.values()
    assert found.statuses[found.findings[0].figures[0]] is Status.NOTED


def test_another_slip_of_an_accepted_figure_is_a_finding_of_its_own() -> None:
    def found(printed: str, notes: Mapping[str, str]) -> Judgement:
        figures = half(HALF.replace("151,073", printed))
        readings = [(Document(file="second.txt", blocks=()), Reading(figures=figures))]
        return judge(readings, relate(readings), notes)

    (accepted,) = found("151,973", {}).findings
    again = found("157,073", {accepted.id: "known, agreed with the preparer"})
    (finding,) = again.findings
    assert (finding.printed, finding.expected) == ("157,073", "151,073")
    assert finding.id != accepted.id
    assert again.statuses[finding.figures[0]] is Status.FAILED


def test_two_documents_with_one_slip_have_findings_of_their_own() -> None:
    wrong = HALF.replace("151,073", "151,973")
    findings = judged(half(wrong), table(wrong, file="third.txt")).findings
    assert len(findings) == len({one.id for one in findings})


def test_a_figure_that_nothing_checks_is_said_to_be_so() -> None:
    figures = (*quarter(), *table("  2024Q1/CNY\n  Branches opened  12\n", file="first.txt", block=1))
    found = judged(figures)
    assert found.statuses["first.txt:1:1:0"] is Status.NOT_CHECKABLE
    assert set(found.statuses) == {figure.id for figure in figures}
