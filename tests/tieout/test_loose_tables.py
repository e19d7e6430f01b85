"""Releases whose tables lost their blank cells on the way to text, and what their prose says beside the tables."""

from pathlib import Path

from loanbook.tieout.checking import tie_out
from loanbook.tieout.figure import Reading
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relation import Severity, Status
from tests.tieout.test_reading_tables import read

HIGHLIGHTS = """\
Kestrel Ink Reports Second Quarter 2026 Results

Revenue of $205.3 million, up 7% year-over-year, driven by subscription revenue increasing 11% year-over-year.

Net income was $5.2 million, compared to a net loss of $2.7 million in the same period of 2025.

Net revenues for the quarter ended June 30, 2026 were $205.3 million, an increase of 6.6% and an increase of approximately 3.6%
sequentially.

Key Metrics

(Unaudited, in thousands except percentages)

Three Months Ended June 30, | % Growth | Six Months Ended June 30, | % Growth
(Decline) | (Decline)
2026 | 2025 | YOY | 2026 | 2025 | YOY
Transaction revenue | $ | 71,890 | $ | 72,611 | (1) | % | $ | 148,513 | $ | 139,464 | 6 | %
Subscription revenue | 133,399 | 119,898 | 11 | % | 263,557 | 236,155 | 12 | %
Total revenue | 205,289 | 192,509 | 7 | % | 412,070 | 375,619 | 10 | %
Net income (loss) | 5,183 | (2,660) | n/m | 6,287 | 4,861 | 29 | %
Gross margin | 68 | % | 65 | % | 5 | % | 66 | % | 64 | % | 3 | %
"""
BALANCES = """\
Kestrel Ink, Inc.

Condensed Balance Sheets

(In thousands, except par values)

June 30, 2026 | December 31, 2025
Assets
Cash | 167,227 | 203,100
Receivables | 19,759 | 20,589
Total assets | 186,986 | 223,689
Stockholders' equity:
Preferred stock, $0.001 par value; 100,000 shares authorized, none issued or outstanding | — | —
Common stock, $0.001 par value; 1,000,000 shares authorized; 167,451 and 177,624 shares issued and outstanding | 169 | 179
Additional paid-in capital | 344,473 | 305,936
Accumulated deficit | (157,656) | (82,426)
Total stockholders' equity | 186,986 | 223,689
"""


def judged(tmp_path: Path, text: str) -> Judgement:
    path = tmp_path / "kestrel.txt"
    path.write_text(text, encoding="utf-8")
    return tie_out([path])


def test_columns_are_counted_from_the_label_and_short_heads_shared_out() -> None:
    reading = read(HIGHLIGHTS[HIGHLIGHTS.index("Key Metrics") :])
    found = [(figure.label, str(figure.period), figure.role, str(figure.value)) for figure in reading.figures]
    quarter, half = "2026-04-01..2026-06-30", "2026-01-01..2026-06-30"
    assert found[:3] == [
        ("Transaction revenue", quarter, "", "71890"),
        ("Transaction revenue", "2025-04-01..2025-06-30", "", "72611"),
        ("Transaction revenue", quarter, "growth", "-1"),
    ]
    assert ("Net income (loss)", half, "growth", "29") in found
    assert ("Gross margin", quarter, "change", "5") in found
    assert ("Gross margin", quarter, "", "68") in found


def test_the_text_beside_the_table_ties_and_a_driver_has_its_own_growth(tmp_path: Path) -> None:
    judgement = judged(tmp_path, HIGHLIGHTS)
    assert judgement.findings == ()
    ticked = [
        figure.text for figure in judgement.figures if judgement.statuses[figure.id] is Status.TICKED and figure.place.row is None
    ]
    assert ticked == ["$205.3 million", "7%", "11%", "$5.2 million", "$2.7 million", "$205.3 million", "6.6%"]
    slipped = judged(tmp_path, HIGHLIGHTS.replace("increasing 11%", "increasing 17%"))
    assert [finding.printed for finding in slipped.findings if finding.severity is Severity.ERROR] == ["17%"]


def test_a_loss_told_in_words_is_the_figure_in_brackets(tmp_path: Path) -> None:
    slipped = judged(tmp_path, HIGHLIGHTS.replace("net loss of $2.7 million", "net loss of $7.2 million"))
    assert [finding.printed for finding in slipped.findings if finding.severity is Severity.ERROR] == ["$7.2 million"]


def test_a_line_of_share_capital_is_an_amount(tmp_path: Path) -> None:
    judgement = judged(tmp_path, BALANCES)
    assert judgement.findings == ()
    assert {str(figure.unit) for figure in judgement.figures} == {"money"}
    assert all(judgement.statuses[figure.id] is Status.TICKED for figure in judgement.figures if figure.value)


SIX_MONTHS = "2024-01-01..2024-06-30"
BESIDE = """\
Condensed Consolidated Statement of Profit or Loss
For the six months ended 30 June
(Expressed in RMB'000 unless otherwise stated)
Notes 2024 2023
Revenue 5 74,411,953 73,169,553
Cost of revenue 6 (66,296,374) (65,335,907)
Gross profit   8,115,579 7,833,646
Other income 7 879,847 935,824
Administrative expenses   (6,541,835) (6,353,365)
Level 3 instruments   (56,832) (76,420)
Profit for the period   2,396,759 2,339,685
Attributable to:
  Equity holders of the company   2,323,793 2,261,867
  Non-controlling interests   72,966 77,818
  2,396,759 2,339,685
The notes on pages 18 to 38 form part of this information.
"""
BELOW = """\
Three months ended
December 31,
Twelve months ended
December 31,
($ millions)
2025
2024
% / pts
Change
2025
2024
% / pts
Change
Premiums
$
8,691
$
8,759
(0.8
)
$
35,653
$
35,239
1.2
Claims
(6,460)
(6,795)
(4.9
)
(27,055)
(28,746)
(5.9
)
Expenses
(1,225)
(1,336)
(8.3
)
(5,113)
(5,367)
(4.7
)
Underwriting income
1,006
628
60.2
3,485
1,126
N/M
"""
PADDED = """\
in TEUR | Anhang | H1 2024 | H1 2023 |
---|---|---|---|
Umsatzerlöse | (5) | 614.808 | 638.977 |
Andere Erträge | 5.377 | -16.980 | |
Materialaufwand | (5) | -270.806 | -279.863 |
Bruttogewinn | 349.379 | 342.134 | |
"""


def values(reading: Reading) -> list[tuple[str, str, str]]:
    return [(figure.label, str(figure.period), figure.text) for figure in reading.figures]


def test_figures_that_one_blank_parts_stand_in_columns(tmp_path: Path) -> None:
    found = values(read(BESIDE))
    assert found[:2] == [("Revenue", SIX_MONTHS, "74,411,953"), ("Revenue", "2023-01-01..2023-06-30", "73,169,553")]
    assert ("Level 3 instruments", SIX_MONTHS, "(56,832)") in found
    judgement = judged(tmp_path, BESIDE)
    assert len(found) == 20
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == 20
    assert {figure.scale for figure in judgement.figures} == {1000}
    slipped = judged(tmp_path, BESIDE.replace("  2,396,759 2,339,685", "  2,396,759 2,389,685"))
    assert [finding.printed for finding in slipped.findings if finding.severity is Severity.ERROR] == ["2,389,685"]


def test_cells_below_each_other_stand_in_rows(tmp_path: Path) -> None:
    judgement = judged(tmp_path, BELOW)
    quarter = "2025-10-01..2025-12-31"
    found = [
        (figure.label, str(figure.period), figure.role, str(figure.value), figure.place.line) for figure in judgement.figures
    ]
    assert found[:3] == [
        ("Premiums", quarter, "", "8691", 16),
        ("Premiums", "2024-10-01..2024-12-31", "", "8759", 18),
        ("Premiums", quarter, "growth", "-0.8", 19),
    ]
    assert found[-1] == ("Underwriting income", "2024-01-01..2024-12-31", "", "1126", 49)
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == len(found) == 23


def test_cells_moved_over_a_blank_note_go_back(tmp_path: Path) -> None:
    first, second = "2024-01-01..2024-06-30", "2023-01-01..2023-06-30"
    assert values(read(PADDED))[2:4] == [("Andere Erträge", first, "5.377"), ("Andere Erträge", second, "-16.980")]
    judgement = judged(tmp_path, PADDED)
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == 8


MOVED = """\
(Unaudited) | |||||||||||||||||
Three Months Ended
September 30, |
Nine Months Ended
September 30, | ||||||||||||||||
(in thousands, except per share amounts) | 2024 | 2023 | 2024 | 2023 | |||||||||||||
Net income (loss) | $ | 1,779 | $ | (4,362 | ) | $ | 13,179 | $ | (28,601 | ) | |||||||
Stock-based compensation | 17,356 | 20,526 | 50,710 | 66,423 | |||||||||||||
Impact of tax rate (1) | (3,721 | ) | (10,997 | ) | (14,564 | ) | (8,897 | ) | |||||||||
Non-GAAP net income | $ | 15,414 | $ | 5,167 | $ | 49,325 | $ | 28,925 | |||||||||
"""
UNEVEN = """\
|Quarter Ended
|Year-to-date
|Sep. 30,
|Jun. 30,
|Sep. 30,
|Sep. 30,
|Sep. 30,
|2025
|2025
|2024
|2025
|2024
|
Interest income
|$
|9,186
|$
|8,916
|$
|7,486
|$
|26,960
|$
|20,793
|
Interest expense
|(2,250
|)
|(2,113
|)
|(1,360
|)
|(6,451
|)
|(3,259
|)
|
Provision
|(510
|)
|(431
|)
|(280
|)
|(1,301
|)
|(844
|)
|
Net interest income after provision
|6,426
|6,372
|5,846
|19,208
|16,690
|
"""


def test_cells_moved_to_the_front_stand_under_their_heads(tmp_path: Path) -> None:
    judgement = judged(tmp_path, MOVED)
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == len(judgement.figures) == 16
    assert [str(figure.period) for figure in judgement.figures[:4]] == [
        "2024-07-01..2024-09-30",
        "2023-07-01..2023-09-30",
        "2024-01-01..2024-09-30",
        "2023-01-01..2023-09-30",
    ]


def test_three_quarters_and_two_years_to_date_are_told_by_heads_that_repeat(tmp_path: Path) -> None:
    judgement = judged(tmp_path, UNEVEN)
    assert judgement.findings == ()
    assert judgement.counts()[Status.TICKED] == len(judgement.figures) == 20
    assert [str(figure.period) for figure in judgement.figures[:5]] == [
        "2025-07-01..2025-09-30",
        "2025-04-01..2025-06-30",
        "2024-07-01..2024-09-30",
        "2025-01-01..2025-09-30",
        "2024-01-01..2024-09-30",
    ]


def test_figures_of_one_row_never_contradict_each_other(tmp_path: Path) -> None:
    text = "Segment results for the year ended December 31, 2024\n(in thousands)\n\n\tNorth\tSouth\n\t2024\t2024\n"
    rows = "Revenue\t41,870\t\nCosts\t31,332\t\nTax\t2,118\t\nResult\t8,420\t9,713\n"
    findings = judged(tmp_path, text + rows).findings
    assert all(finding.kind != "repeated_line" for finding in findings)
