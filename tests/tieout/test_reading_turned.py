"""Tables turned: periods in the rows, items in the columns, units of their own under each."""

from decimal import Decimal

from loanbook.tieout.figure import Reading, Unit
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.relate import relate

RESULTS = """<h3>Consolidated Financial Results for the Nine Months Ended December 31, 2024</h3>
<p>(1) Operating Results (% indicates changes from the previous corresponding period.)</p>
<table><tr><th></th><th colspan=2>Net sales</th><th colspan=2>Operating profit</th></tr>
<tr><td>Nine months ended</td><td>Million yen</td><td>%</td><td>Million yen</td><td>%</td></tr>
<tr><td>December 31, 2024</td><td>412,807</td><td>6.4</td><td>31,644</td><td>12.9</td></tr>
<tr><td>December 31, 2023</td><td>388,154</td><td>4.2</td><td>28,017</td><td>(3.1)</td></tr></table>
<p>(2) Financial Position</p>
<table><tr><th></th><th>Total assets</th><th>Net assets</th><th>Equity ratio</th></tr>
<tr><td>As of</td><td>Million yen</td><td>Million yen</td><td>%</td></tr>
<tr><td>December 31, 2024</td><td>498,233</td><td>286,511</td><td>56.1</td></tr>
<tr><td>March 31, 2024</td><td>481,106</td><td>269,872</td><td>54.7</td></tr></table>
<p>2. Dividends</p>
<table><tr><th></th><th colspan=3>Annual dividends</th></tr>
<tr><td></td><td>2nd quarter-end</td><td>Year-end</td><td>Total</td></tr><tr><td></td><td>Yen</td><td>Yen</td><td>Yen</td></tr>
<tr><td>Fiscal year ended March 31, 2024</td><td>25.00</td><td>27.00</td><td>52.00</td></tr>
<tr><td>Fiscal year ending March 31, 2025 (Forecast)</td><td>28.00</td><td>30.00</td><td>58.00</td></tr></table>
<p>3. Earnings Forecast for the Fiscal Year Ending March 31, 2025 (April 1, 2024 to March 31, 2025)</p>
<table><tr><th></th><th colspan=2>Net sales</th><th>Basic earnings per share</th></tr>
<tr><td></td><td>Million yen</td><td>%</td><td>Yen</td></tr>
<tr><td>Full year</td><td>560,000</td><td>5.2</td><td>168.10</td></tr></table>
"""
STATEMENT = """<h3>Statement of Income</h3><p>(Million yen)</p>
<table><tr><th></th><th>Nine months ended December 31, 2023</th><th>Nine months ended December 31, 2024</th></tr>
<tr><td>Net sales</td><td>388,154</td><td>412,807</td></tr><tr><td>Cost of sales</td><td>360,137</td><td>381,163</td></tr>
<tr><td>Operating profit</td><td>28,017</td><td>31,644</td></tr></table>
"""
NOW, THEN = "2024-04-01..2024-12-31", "2023-04-01..2023-12-31"
LAST, NEXT = "2023-04-01..2024-03-31", "2024-04-01..2025-03-31"
MILLION = Decimal(10**6)


def read(html: str) -> Reading:
    return read_figures(document_of(html.encode(), "release.html"))


def test_rows_give_the_period_and_columns_the_item_and_its_unit():
    figures = read(RESULTS).figures
    assert [(each.text, str(each.period), each.label, each.unit, each.scale, each.role) for each in figures] == [
        *(
            (text, period, label, Unit.PERCENT if role else Unit.MONEY, Decimal(1) if role else MILLION, role)
            for period, texts in ((NOW, "412,807 6.4 31,644 12.9"), (THEN, "388,154 4.2 28,017 (3.1)"))
            for text, label, role in zip(
                texts.split(), 2 * ["Net sales"] + 2 * ["Operating profit"], 2 * ["", "growth"], strict=True
            )
        ),
        ("498,233", "2024-12-31", "Total assets", Unit.MONEY, MILLION, ""),
        ("286,511", "2024-12-31", "Net assets", Unit.MONEY, MILLION, ""),
        ("56.1", "2024-12-31", "Equity ratio", Unit.PERCENT, 1, ""),
        ("481,106", "2024-03-31", "Total assets", Unit.MONEY, MILLION, ""),
        ("269,872", "2024-03-31", "Net assets", Unit.MONEY, MILLION, ""),
        ("54.7", "2024-03-31", "Equity ratio", Unit.PERCENT, 1, ""),
        ("25.00", LAST, "Annual dividends 2nd quarter-end", Unit.PER_SHARE, 1, ""),
        ("27.00", LAST, "Annual dividends Year-end", Unit.PER_SHARE, 1, ""),
        ("52.00", LAST, "Annual dividends Total", Unit.PER_SHARE, 1, ""),
        ("28.00", NEXT, "Forecast Annual dividends 2nd quarter-end", Unit.PER_SHARE, 1, ""),
        ("30.00", NEXT, "Forecast Annual dividends Year-end", Unit.PER_SHARE, 1, ""),
        ("58.00", NEXT, "Forecast Annual dividends Total", Unit.PER_SHARE, 1, ""),
        ("560,000", NEXT, "Forecast Net sales", Unit.MONEY, MILLION, ""),
        ("5.2", NEXT, "Forecast Net sales", Unit.PERCENT, 1, "growth"),
        ("168.10", NEXT, "Forecast Basic earnings per share", Unit.PER_SHARE, 1, ""),
    ]


def rules(html: str, text: str) -> set[str]:
    """Rules that hold of the first figure that is printed so, and those that fail with a ! before them."""
    document = document_of(html.encode(), "release.html")
    reading = read_figures(document)
    wanted = next(each.id for each in reading.figures if each.text == text)
    return {
        ("!" if str(relation.verdict) == "broken" else "") + relation.rule
        for relation in relate([(document, reading)])
        if wanted in (relation.result, *(term.figure for term in relation.terms))
    }


def test_highlights_tie_to_the_statement_and_growth_to_the_row_below():
    assert rules(RESULTS + STATEMENT, "12.9") == {"growth_column"}
    assert {"growth_column", "repeated_line"} <= rules(RESULTS + STATEMENT, "31,644")
    slip = (RESULTS + STATEMENT).replace("<td>12.9</td>", "<td>19.2</td>")
    assert rules(slip, "19.2") == {"!growth_column"}
    slip = RESULTS.replace("31,644", "31,464") + STATEMENT
    assert "!repeated_line" in rules(slip, "31,464")


def test_maturities_by_year_are_no_turned_table():
    """Years that amounts fall due in are rows of one balance."""
    html = """<h3>Lease maturities as of December 31, 2024</h3><table><tr><th></th><th>Operating</th><th>Finance</th></tr>
<tr><td>2025</td><td>1,204</td><td>310</td></tr><tr><td>2026</td><td>1,100</td><td>200</td></tr>
<tr><td>Total</td><td>2,304</td><td>510</td></tr></table>"""
    assert {str(each.period) for each in read(html).figures} == {"2024-12-31"}


def test_days_without_years_and_heads_that_tell_no_columns_apart_are_left_open():
    """Heads that a page ran together name no item, and a day whose year stands elsewhere is of no period."""
    html = """<h3>Results for the Nine Months Ended December 31, 2024</h3><table><tr><th></th><th>Net sales</th><th></th></tr>
<tr><td>Nine months ended</td><td>Yen Yen</td><td></td></tr><tr><td>December 31,</td><td>412.80</td><td>6.4</td></tr>
<tr><td>December 31,</td><td>388.15</td><td>4.2</td></tr></table>"""
    assert {(each.label, each.period) for each in read(html).figures} == {("December 31", None)}
