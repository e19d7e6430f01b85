"""Forms of releases from other countries: serial numbers, growth without its mark, months and quarters in their own words."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import html

from loanbook.tieout.checking import tie_out
from loanbook.tieout.figure import Period, Unit
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.read.calendar import CALENDAR_YEAR, read_hint, resolve
from loanbook.tieout.relation import Status
from loanbook.tieout.show.page import page

SUPPLEMENT = """\
# Earnings release supplement, second quarter 2026

**CONSOLIDATED STATEMENTS OF INCOME**

(in millions, except per share and ratio data)

| | QUARTERLY TRENDS | | | 2Q26 Change | |
|---|---|---|---|---|---|
| | 2Q26 | 1Q26 | 2Q25 | 1Q26 | 2Q25 |
| Net interest income | 11,300 | 11,059 | 9,912 | 2 | 14 |
| Fees | 3,411 | 3,429 | 3,212 | (1) | 6 |
| TOTAL NET REVENUE | 14,711 | 14,488 | 13,124 | 2 | 12 |
| Compensation | 4,210 | 4,186 | 4,001 | 1 | 5 |
| Occupancy | 1,204 | 1,229 | 1,214 | (2) | (1) |
| TOTAL EXPENSE | 5,414 | 5,415 | 5,215 | — | 4 |
| NET INCOME | 9,297 | 9,073 | 7,909 | 2 | 18 |
| Weighted-average diluted shares | 2,850.7 | 2,863.0 | 2,900.0 | — | (2) |
"""
NUMBERED = """\
STATEMENT OF UNAUDITED RESULTS FOR THE QUARTER ENDED 30TH JUNE, 2026
(₹ in crore, except per share data)

Sr. No.\tParticulars\tQuarter Ended\t
\t\t30 June 2026\t30 June 2025
1\tIncome\t\t
(a)\tRevenue from operations\t4,043.49\t4,983.10
(b)\tOther income\t61.20\t88.15
\tTotal income\t4,104.69\t5,071.25
2\tTotal expenses\t3,212.46\t3,606.02
3\tProfit before tax (1-2)\t892.23\t1,465.23
4\tTax expense\t221.40\t366.30
5\tProfit for the period (3-4)\t670.83\t1,098.93
"""


def judged(tmp_path: Path, text: str, name: str) -> Judgement:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return tie_out([path])


def test_growth_without_its_mark_is_told_by_the_columns_beside_it(tmp_path: Path) -> None:
    judgement = judged(tmp_path, SUPPLEMENT, "supplement.md")
    assert judgement.findings == ()
    changes = [figure for figure in judgement.figures if figure.role]
    assert len(changes) == 16
    assert {(figure.unit, figure.role, figure.currency) for figure in changes} == {(Unit.PERCENT, "growth", None)}
    assert all(judgement.statuses[figure.id] is Status.TICKED for figure in changes if figure.value)
    assert {figure.scale for figure in judgement.figures if figure.unit is Unit.SHARES} == {1_000_000}


def test_changes_in_amounts_stay_amounts() -> None:
    text = SUPPLEMENT.replace("| 2 | 14 |", "| 241 | 1,388 |").replace("| (1) | 6 |", "| (18) | 199 |")
    text = (
        text.replace("| 2 | 12 |", "| 223 | 1,587 |")
        .replace("| 1 | 5 |", "| 24 | 209 |")
        .replace("| (2) | (1) |", "| (25) | (10) |")
    )
    figures = read_figures(document_of(text.encode(), "supplement.md")).figures
    assert [figure.unit for figure in figures if figure.text in ("241", "1,388", "(25)")] == [Unit.MONEY] * 3


def test_serial_numbers_are_no_figures_and_no_labels(tmp_path: Path) -> None:
    judgement = judged(tmp_path, NUMBERED, "numbered.txt")
    assert judgement.findings == ()
    assert [figure.label for figure in judgement.figures[::2]] == [
        "Revenue from operations",
        "Other income",
        "Total income",
        "Total expenses",
        "Profit before tax (1-2)",
        "Tax expense",
        "Profit for the period (3-4)",
    ]
    assert judgement.counts()[Status.TICKED] == 14


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Half year ended 30 June 2026", (1, 1), (6, 30)),
        ("Year ended 31 December 2026", (1, 1), (12, 31)),
        ("2T26", (4, 1), (6, 30)),
        ("1S26", (1, 1), (6, 30)),
        ("1er semestre 2026", (1, 1), (6, 30)),
        ("2. Halbjahr 2026", (7, 1), (12, 31)),
        ("im dritten Quartal 2026", (7, 1), (9, 30)),
        ("primeiro trimestre de 2026", (1, 1), (3, 31)),
    ],
)
def test_parts_of_years_in_other_words(text: str, first: tuple[int, int], last: tuple[int, int]) -> None:
    found = resolve(read_hint(text), CALENDAR_YEAR, instant=None)
    assert found == Period(start=dt.date(2026, *first), end=dt.date(2026, *last))


def test_amounts_in_french_and_portuguese_keep_groups_scale_and_currency() -> None:
    french = "<p>Le chiffre d’affaires s’établit à 27\u202f181 millions d’euros, contre 3 640,5 millions d’euros.</p>"
    found = read_figures(document_of(french.encode(), "resultats.html")).figures
    assert [(figure.value, figure.scale, figure.currency) for figure in found] == [
        (Decimal(27181), 1_000_000, "EUR"),
        (Decimal("3640.5"), 1_000_000, "EUR"),
    ]
    found = read_figures(document_of("Receita de R$ 5.007,5 milhões no 2T26.".encode(), "resultados.txt")).figures
    assert [(figure.value, figure.scale, figure.currency) for figure in found] == [(Decimal("5007.5"), 1_000_000, "BRL")]


def test_japanese_dates_are_no_figures_and_yen_stands_behind() -> None:
    text = "（参考）自己資本 2027年５月期第１四半期 16,219百万円 2026年５月期 16,268百万円"
    found = read_figures(document_of(text.encode(), "tanshin.txt")).figures
    assert [(figure.text, figure.scale, figure.currency) for figure in found] == [
        ("16,219百万円", 1_000_000, "JPY"),
        ("16,268百万円", 1_000_000, "JPY"),
    ]


def test_growth_told_before_any_amount_is_of_the_period_that_its_clause_names() -> None:
    text = (
        "Plover Reports Second Quarter 2026 Results for the quarter ended June 30, 2026\n\n"
        "Transaction revenue increased 7% year-over-year for the year ended December 31, 2025 due to an acquisition."
    )
    (growth,) = read_figures(document_of(text.encode(), "plover.txt")).figures
    assert str(growth.period) == "2025-01-01..2025-12-31"


def test_the_page_keeps_figures_under_their_heads_where_cells_are_missing(tmp_path: Path) -> None:
    text = "Three Months Ended June 30, | Six Months Ended June 30,\n2026 | 2025 | 2026 | 2025\n"
    text += "Fees | 12,345 | 11,111 | 24,680 | 22,222\n"
    text += "Interest | 2,345 | 2,111 | 4,680 | 4,222\nRevenue | $ | 14,690 | 13,222 | 29,360 | 26,444\n"
    judgement = judged(tmp_path, f"Statements of income\n\n(in thousands of US$)\n\n{text}", "plover.txt")
    shown = html.fromstring(page(judgement))
    ends: dict[str, list[int]] = {}
    for row in shown.xpath("//main//table//tr"):
        column = 0
        for cell in row.xpath("td|th"):
            column += int(cell.get("colspan") or 1)
            found = cell.text_content().replace("✓", "").strip()
            if found:
                ends.setdefault(found, []).append(column)
    assert ends["12,345"] == ends["2,345"] == ends["14,690"]
    assert ends["24,680"] == ends["29,360"]
    assert ends["Three Months Ended June 30,"][0] < ends["24,680"][0] <= ends["Six Months Ended June 30,"][0]
