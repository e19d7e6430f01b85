"""A year as the sum of its quarters, series restated throughout, ageing and roll-forward tables."""

from collections.abc import Sequence

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate import relate
from loanbook.tieout.relation import Relation, Severity, Status, Verdict
from tests.tieout.build import table

QUARTERS = (
    "1,534,986  243,766  1,166,018  2,944,770",
    "1,690,110  151,073  972,586    2,813,769",
    "1,744,120  120,404  1,037,218  2,901,742",
    "1,688,301  99,870   1,110,045  2,898,216",
)
YEAR = "6,657,517  615,113  4,285,867  11,558,497"
LABELS = ("Interest", "Fees", "Guarantees", "Total revenue")


def column(head: str, cells: str, file: str, labels: Sequence[str] = LABELS) -> tuple[Figure, ...]:
    """A document of one column."""
    rows = "\n".join(f"{label}  {cell}" for label, cell in zip(labels, cells.split(), strict=True))
    return table(f"    {head}/CNY\n{rows}\n", file=file)


def judged(*tables: Sequence[Figure]) -> Judgement:
    """Each table as a document of its own."""
    readings = [(Document(file=found[0].place.file, blocks=()), Reading(figures=tuple(found))) for found in tables]
    return judge(readings, relate(readings))


def of_rule(found: Judgement, rule: str) -> list[Relation]:
    return [one for one in found.relations if one.rule == rule]


def quarters(year: str = YEAR) -> list[tuple[Figure, ...]]:
    each = [column(f"2024Q{number}", cells, f"q{number}.txt") for number, cells in enumerate(QUARTERS, start=1)]
    return [*each, column("2024", year, "year.txt")]


def test_a_year_is_the_sum_of_its_quarters_in_other_documents() -> None:
    found = judged(*quarters())
    assert [one.verdict for one in of_rule(found, "year_from_quarters")] == [Verdict.HOLDS] * 4
    assert found.findings == ()
    assert set(found.statuses.values()) == {Status.TICKED}


def test_a_year_that_is_not_the_sum_of_its_quarters_is_told() -> None:
    found = judged(*quarters(YEAR.replace("615,113", "651,113")))
    (finding,) = found.findings
    assert (finding.severity, finding.printed, finding.expected) == (Severity.ERROR, "651,113", "615,113")


def test_a_year_without_all_of_its_quarters_is_not_summed() -> None:
    found = judged(*quarters()[1:])
    assert of_rule(found, "year_from_quarters") == []


def test_quarters_that_the_year_to_date_ties_are_not_summed_again() -> None:
    text = "   2024Q1/CNY  2024Q2/CNY  2024H1/CNY  2024Q3/CNY  2024M9/CNY\n"
    for label, *cells in zip(LABELS, *(each.split() for each in QUARTERS[:3]), strict=True):
        first, second, third = (int(cell.replace(",", "")) for cell in cells)
        text += f"{label}  {first:,}  {second:,}  {first + second:,}  {third:,}  {first + second + third:,}\n"
    found = judged(table(text))
    assert found.findings == ()
    assert of_rule(found, "year_from_quarters") == []


def test_averages_of_quarters_do_not_add_up_to_the_years() -> None:
    documents = quarters()
    averages = ("88,120", "90,450", "93,870", "95,020", "91,865")
    heads = ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2024")
    more = [
        (*found, *table(f"   {head}/CNY\nAverage loans  {value}\n", file=found[0].place.file, block=1))
        for found, head, value in zip(documents, heads, averages, strict=True)
    ]
    found = judged(*more)
    assert found.findings == ()
    assert found.statuses["year.txt:1:1:0"] is Status.NOT_CHECKABLE


EARLIER = """
                         2024Q1/CNY   2023Q4/CNY   2023Q3/CNY
    Platform services    1,166,018    1,110,045    1,209,820
    Credit services      1,778,752    1,788,171    1,700,210
    Total revenue        2,944,770    2,898,216    2,910,030
"""
RESTATED = """
                         2024Q2/CNY   2024Q1/CNY   2023Q4/CNY   2023Q3/CNY
    Platform services    841,183      939,447      899,012      980,344
    Credit services      1,972,586    2,005,323    1,999,204    1,929,686
    Total revenue        2,813,769    2,944,770    2,898,216    2,910,030
"""


def test_a_series_restated_throughout_is_one_change_of_definition_for_each_line_and_no_error() -> None:
    found = judged(table(EARLIER, file="first.txt"), table(RESTATED, file="second.txt"))
    assert [(one.severity, one.kind) for one in found.findings] == [(Severity.DEFINITION, "restated")] * 2
    first = found.findings[0]
    assert (first.printed, first.expected) == ("939,447", "1,166,018")
    assert first.place.file == "second.txt"
    assert "939,447, was 1,166,018; 899,012, was 1,110,045; 980,344, was 1,209,820" in first.message
    assert len(first.figures) == 6
    assert Status.FAILED not in found.statuses.values()
    assert len({one.id for one in found.findings}) == 2


def test_which_document_restates_does_not_depend_on_the_order_in_which_they_are_named() -> None:
    ways = [
        judged(*pair)
        for pair in (
            (table(EARLIER, file="first.txt"), table(RESTATED, file="second.txt")),
            (table(RESTATED, file="second.txt"), table(EARLIER, file="first.txt")),
        )
    ]
    assert {one.id for one in ways[0].findings} == {one.id for one in ways[1].findings}
    assert {one.place for one in ways[0].findings} == {one.place for one in ways[1].findings}


def test_a_series_that_is_repeated_is_not_restated() -> None:
    again = RESTATED.replace("939,447      899,012      980,344", "1,166,018    1,110,045    1,209,820").replace(
        "2,005,323    1,999,204    1,929,686", "1,778,752    1,788,171    1,700,210"
    )
    found = judged(table(EARLIER, file="first.txt"), table(again, file="second.txt"))
    assert found.findings == ()
    assert of_rule(found, "restated_series") == []


def test_two_lines_of_one_name_in_a_document_are_not_restated() -> None:
    """Revenue and receivables may both have a line called platform services: the second document has both."""
    other = """
                         2024Q1/CNY   2023Q4/CNY   2023Q3/CNY
    Platform services    139,447      199,012      180,344
    Other receivables    105,323      199,204      129,686
    Receivables, sum     244,770      398,216      310,030
    """
    second = (*table(EARLIER, file="second.txt"), *table(other, file="second.txt", block=1))
    assert judged(table(EARLIER, file="first.txt"), second).findings == ()


AGEING = """
                     @2024-06-30/CNY  @2023-12-31/CNY
    Not yet due      61,204,310       58,770,122
    1 to 30 days     1,402,118        1,288,450
    31 to 60 days    803,552          766,904
    61 to 90 days    641,870          590,118
    Over 90 days     1,120,455        980,377
    Past due         3,967,995        3,625,849
    Total loans      65,172,305       62,395,971
"""
ROLL = """
                                    2024Q2/CNY   2024Q1/CNY
    Balance at beginning of period  1,120,455    980,377
    Provision                       402,118      388,450
    Charge-offs                     (303,552)    (266,904)
    Recoveries                      21,870       18,532
    Balance at end of period        1,240,891    1,120,455
"""
ACROSS = """
                  @2023-12-31/CNY   2024/CNY   2024/CNY   @2024-12-31/CNY
    Buildings     88,120            12,404     (3,118)    97,406
    Vehicles      14,300            2,210      (1,905)    14,605
    Equipment     40,277            9,862      (8,420)    41,719
    Software      9,150             1,844      (2,071)    8,923
    Total         151,847           26,320     (15,514)   162,653
"""


def test_an_ageing_table_adds_up_to_what_is_past_due_and_to_all_loans() -> None:
    found = judged(table(AGEING))
    assert found.findings == ()
    assert set(found.statuses.values()) == {Status.TICKED}
    (finding,) = judged(table(AGEING.replace("803,552", "808,552"))).findings
    assert (finding.severity, finding.expected) == (Severity.ERROR, "803,552")


def test_an_allowance_rolls_forward_and_begins_where_the_period_before_ended() -> None:
    found = judged(table(ROLL))
    assert found.findings == ()
    assert set(found.statuses.values()) == {Status.TICKED}
    (finding,) = judged(table(ROLL.replace("402,118", "420,118"))).findings
    assert (finding.severity, finding.expected) == (Severity.ERROR, "402,118")
    wrong = judged(table(ROLL.replace("1,120,455    980,377", "1,210,455    980,377")))
    assert [one.expected for one in wrong.findings] == ["1,120,455"]


def test_a_roll_forward_across_its_columns_adds_up_both_ways() -> None:
    found = judged(table(ACROSS))
    assert found.findings == ()
    assert {one.rule for one in found.relations} == {"footing", "cross_footing"}
    assert set(found.statuses.values()) == {Status.TICKED}
    (finding,) = judged(table(ACROSS.replace("(1,905)", "(1,950)"))).findings
    assert (finding.severity, finding.expected) == (Severity.ERROR, "(1,905)")
