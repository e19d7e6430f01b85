"""Tables in the styles that issuers publish, each with its whole truth beside it."""

from decimal import Decimal

import pytest

from loanbook.tieout.figure import Basis, Figure, NumeralKind, Period, Reading
from loanbook.tieout.read import document_of, read_figures
from tests.tieout.build import period
from tests.tieout.paper import pdf, right_aligned


def read(text: str | bytes, name: str = "release.txt") -> Reading:
    return read_figures(document_of(text.encode() if isinstance(text, str) else text, name))


def rows_of(figures: list[Figure]) -> dict[str, list[Figure]]:
    """Figures by label, in order; a label that stands under several groups is told by its last group."""
    rows: dict[str, list[Figure]] = {}
    for figure in figures:
        rows.setdefault(figure.label, []).append(figure)
    return rows


def check(reading: Reading, columns: str, truth: str) -> None:
    """Every figure of a table against its truth.

    columns   period of each column (see `build.period`); a column of changes is written as period*growth
    truth     one row a line: label | unit scale currency | values with sign and decimals; . is no figure
    """
    wanted = []
    for line in truth.strip().splitlines():
        label, facts, values = (part.strip() for part in line.split("|"))
        unit, scale, *currency = facts.split()
        for column, value in zip(columns.split(), values.split(), strict=True):
            when, _, role = column.partition("*")
            if value != ".":
                own = value.endswith("%")
                step = Decimal(1).scaleb(Decimal(value.rstrip("%")).as_tuple().exponent)
                is_percent = own or role == "growth"
                wanted.append(
                    (
                        label, str(period(when)), role, Decimal(value.rstrip("%")), step, "percent" if is_percent else unit,
                        Decimal(1) if is_percent else Decimal(scale), None if is_percent or not currency else currency[0],
                    )
                )  # fmt: skip
    found = [
        (each.label, str(each.period), each.role, each.value, each.step, str(each.unit), each.scale, each.currency)
        for each in reading.figures
    ]
    assert found == wanted


def test_aligned_columns_with_leaders_strokes_and_stacked_heads():
    text = """
                       HARBOR POINT SAVINGS BANK
                   CONSOLIDATED STATEMENTS OF INCOME
             (Dollars in thousands, except per share data)

                                Three Months Ended       Nine Months Ended
                                   September 30,            September 30,
                                 2024        2023         2024        2023
                              ---------   ---------    ---------   ---------
Interest income:
  Loans ....................  $  41,210   $  36,004    $ 119,874   $ 102,332
  Securities ...............      5,118       4,870       15,021      14,117
                              ---------   ---------    ---------   ---------
Total interest income ......     46,328      40,874      134,895     116,449
Interest expense ...........    (18,440)    (13,101)     (52,117)    (33,870)
Recovery of credit losses ..        250          --         (400)        120
Earnings per share:
  Basic ....................  $    0.84   $    0.75    $    2.38   $    2.26
  Diluted ..................       0.83        0.74         2.36        2.24
Weighted average shares ....     14,764      14,690       14,751      14,688
Return on average assets ...       1.12%       1.05%        1.07%       1.06%
"""
    reading = read(text)
    check(reading, "2024Q3 2023Q3 2024M9 2023M9", """
        Loans                     | money 1000 USD  | 41210 36004 119874 102332
        Securities                | money 1000 USD  | 5118 4870 15021 14117
        Total interest income     | money 1000 USD  | 46328 40874 134895 116449
        Interest expense          | money 1000 USD  | -18440 -13101 -52117 -33870
        Recovery of credit losses | money 1000 USD  | 250 0 -400 120
        Basic                     | per_share 1 USD | 0.84 0.75 2.38 2.26
        Diluted                   | per_share 1 USD | 0.83 0.74 2.36 2.24
        Weighted average shares   | shares 1000     | 14764 14690 14751 14688
        Return on average assets  | percent 1       | 1.12% 1.05% 1.07% 1.06%
    """)  # fmt: skip
    rows = rows_of(list(reading.figures))
    assert rows["Basic"][0].path[-1] == "Earnings per share"
    assert rows["Loans"][0].column == ("Three Months Ended", "September 30,", "2024")
    assert rows["Recovery of credit losses"][1].dash


def test_html_of_a_quarterly_filing_with_dollars_and_brackets_in_cells_of_their_own():
    def line(label: str, *cells: str) -> str:
        return "<tr><td>" + label + "</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"

    head = '<tr><td></td><td></td><td colspan="2">{}</td><td></td><td colspan="2">{}</td><td></td></tr>'
    text = (
        "<html><body><h2>Consolidated Statements of Operations</h2>"
        "<p>(In millions, except shares which are reflected in thousands and per share amounts)</p><table>"
        '<tr><td></td><td></td><td colspan="5">Three Months Ended</td><td></td></tr>'
        + head.format("September 28,<br>2024", "September 30,<br>2023")
        + "<tr><td colspan=8>Net sales:</td></tr>"
        + line("&nbsp;&nbsp;Products", "", "$", "1,204", "", "$", "1,150", "")
        + line("Operating (loss) income", "", "", "(21", ")", "", "14", "")
        + line("Operating margin", "", "", "(1.4", ")%", "", "1.0", "%")
        + line("Diluted (loss) earnings per share", "", "$", "(0.12", ")", "$", "0.05", "")
        + line("Shares used in computing diluted (loss) earnings per share", "", "", "181,204", "", "", "180,077", "")
        + "</table></body></html>"
    )
    reading = read(text, "filing.html")
    weeks = Period(start=period("@2024-06-30").end, end=period("@2024-09-28").end)  # thirteen weeks
    assert {figure.period for figure in reading.figures} == {weeks, period("2023Q3")}
    assert [
        (figure.label, figure.text, str(figure.value), str(figure.unit), int(figure.scale), figure.currency)
        for figure in reading.figures
        if figure.period == weeks
    ] == [
        ("Products", "$1,204", "1204", "money", 1_000_000, "USD"),
        ("Operating (loss) income", "(21)", "-21", "money", 1_000_000, "USD"),
        ("Operating margin", "(1.4)%", "-1.4", "percent", 1, None),
        ("Diluted (loss) earnings per share", "$(0.12)", "-0.12", "per_share", 1, "USD"),
        ("Shares used in computing diluted (loss) earnings per share", "181,204", "181204", "shares", 1000, None),
    ]
    assert reading.figures[0].path[-1] == "Net sales"


def test_an_ifrs_issuer_with_decimal_commas_notes_and_codes_of_periods():
    text = """# Interim report, Nordhavn Group AS

The Group's financial statements are prepared under IFRS.

| EUR million | Note | Q2 2024 | Q2 2023 | Change, % | 1H24 | 1H23 | FY2023 |
|---|---|---:|---:|---:|---:|---:|---:|
| Revenue | 3 | 1 234,5 | 1 180,2 | 4,6 | 2 410,0 | 2 300,9 | 4 711,3 |
| Depreciation | 4 | -80,1 | -77,4 | 3,5 | −158,8 | –152,0 | -310,0 |
| Net finance costs | 5 | – | (2,5) | n.m. | 1,0- | ( 4,8 ) | (9,9) |
| Earnings per share, EUR | | 0,52 | 0,47 | 10,6 | 1,01 | 0,93 | 1,88 |
| Equity ratio, % | | 41,2 | 39,9 | | 41,2 | 39,9 | 40,5 |
| Employees (FTE) | | 5 210 | 5 105 | 2,1 | 5 210 | 5 105 | 5 150 |
"""
    reading = read(text, "report.md")
    check(reading, "2024Q2 2023Q2 2024Q2*growth 2024H1 2023H1 2023", """
        Revenue                 | money 1000000 EUR | 1234.5 1180.2 4.6 2410.0 2300.9 4711.3
        Depreciation            | money 1000000 EUR | -80.1 -77.4 3.5 -158.8 -152.0 -310.0
        Net finance costs       | money 1000000 EUR | 0 -2.5 . -1.0 -4.8 -9.9
        Earnings per share, EUR | per_share 1 EUR   | 0.52 0.47 10.6 1.01 0.93 1.88
        Equity ratio, %         | percent 1         | 41.2% 39.9% . 41.2% 39.9% 40.5%
        Employees (FTE)         | people 1          | 5210 5105 2.1 5210 5105 5150
    """)  # fmt: skip
    assert {figure.basis for figure in reading.figures} == {Basis.IFRS}
    assert [numeral.text for numeral in reading.numerals if numeral.kind is NumeralKind.FOOTNOTE] == ["3", "4", "5"]


def test_a_german_table_in_thousands_with_points_between_groups():
    text = (
        "Konzernbilanz (in TEUR)\n\n\t31.12.2024\t31.12.2023\nForderungen\t1.234.567\t998.001\nRückstellungen\t-12.345\t-9.876\n"
    )
    check(read(text), "@2024-12-31 @2023-12-31", """
        Forderungen    | money 1000 EUR | 1234567 998001
        Rückstellungen | money 1000 EUR | -12345 -9876
    """)  # fmt: skip


def test_yen_in_millions_with_triangles_and_a_fiscal_year_to_march():
    text = """Results for the first half of the fiscal year ending March 31, 2025 (FY2024)

(Millions of yen)

| | 1H FY2023 | 1H FY2024 | FY2023 |
|---|---|---|---|
| Ordinary income | 112,345 | 120,004 | 231,000 |
| Credit costs | △1,204 | ▲205 | △2,310 |
"""
    found = [
        (figure.label, str(figure.value), str(figure.period), figure.currency, int(figure.scale))
        for figure in read(text, "tanshin.md").figures
    ]
    half, last, year = "2023-04-01..2023-09-30", "2024-04-01..2024-09-30", "2023-04-01..2024-03-31"
    assert found == [
        ("Ordinary income", "112345", half, "JPY", 1_000_000),
        ("Ordinary income", "120004", last, "JPY", 1_000_000),
        ("Ordinary income", "231000", year, "JPY", 1_000_000),
        ("Credit costs", "-1204", half, "JPY", 1_000_000),
        ("Credit costs", "-205", last, "JPY", 1_000_000),
        ("Credit costs", "-2310", year, "JPY", 1_000_000),
    ]


def test_a_second_head_within_a_table_and_units_in_rows():
    text = """Key figures                      Q3 2024    Q2 2024    Q3 2023     Y/Y
CHF million
Net interest income                521.4      515.0      498.2     +4.7%
Cost/income ratio                   61.2%      62.0%      63.4%   -2.2pp
Cost of risk (bps)                    24         22         31     -7

Assets                         30.09.2024 30.06.2024 31.12.2023
Total loans                       45,120     44,870     44,010
"""
    found = [(each.text, str(each.value), str(each.unit), str(each.period), each.role) for each in read(text).figures]
    q3, q2, p3 = (str(period(name)) for name in ("2024Q3", "2024Q2", "2023Q3"))
    assert found == [
        ("521.4", "521.4", "money", q3, ""),
        ("515.0", "515.0", "money", q2, ""),
        ("498.2", "498.2", "money", p3, ""),
        ("+4.7%", "4.7", "percent", q3, "growth"),
        ("61.2%", "61.2", "percent", q3, ""),
        ("62.0%", "62.0", "percent", q2, ""),
        ("63.4%", "63.4", "percent", p3, ""),
        ("-2.2pp", "-2.2", "points", q3, "change"),
        ("24", "24", "basis_points", q3, ""),
        ("22", "22", "basis_points", q2, ""),
        ("31", "31", "basis_points", p3, ""),
        ("-7", "-7", "basis_points", q3, "change"),
        ("45,120", "45120", "money", "2024-09-30", ""),
        ("44,870", "44870", "money", "2024-06-30", ""),
        ("44,010", "44010", "money", "2023-12-31", ""),
    ]


def test_heads_that_share_four_columns_between_two_and_a_title_above_them():
    text = """
ACME INSURANCE GROUP                                    Q2 Results

                                Quarter ended          Year to date
(€ million)                 30 June 24  30 June 23  30 June 24  30 June 23
Gross written premium          1,204.3     1,150.9     2,410.0     2,300.1
Combined ratio (%)                94.2        95.1        93.8        96.0
"""
    check(read(text), "2024Q2 2023Q2 2024H1 2023H1", """
        Gross written premium | money 1000000 EUR | 1204.3 1150.9 2410.0 2300.1
        Combined ratio (%)    | percent 1         | 94.2% 95.1% 93.8% 96.0%
    """)  # fmt: skip


def test_columns_of_changes_in_money_and_per_cent():
    text = """## CONSOLIDATED STATEMENTS OF INCOME
For the Years Ended December 31, 2024 and 2023 (in millions, except per share amounts)

|  | 2024 | 2023 | $ Change | % Change |
|---|---|---|---|---|
| Net income | $ 612 | $ 640 | $ (28) | (4)% |
| Diluted EPS | $ 1.22 | $ 1.28 | $ (0.06) | (5)% |
"""
    check(read(text, "income.md"), "2024 2023 2024*change 2024*growth", """
        Net income  | money 1000000 USD | 612 640 -28 -4
        Diluted EPS | per_share 1 USD   | 1.22 1.28 -0.06 -5
    """)  # fmt: skip


def test_a_page_break_inside_a_table_and_missing_labels():
    text = (
        "Balance sheet (RMB in thousands)\n\n\tDecember 31, 2023\tJune 30, 2024\nCash\t1,204\t1,300\n\n12\n\n"
        "Loans\t9,000\t9,500\nTotal assets of the\t\t\nconsolidated group\t10,204\t10,800\n"
        "Share of owners\t\t\n\t10,000\t10,500\n"
    )
    reading = read(text)
    check(reading, "@2023-12-31 @2024-06-30", """
        Cash                                   | money 1000 CNY | 1204 1300
        Loans                                  | money 1000 CNY | 9000 9500
        Total assets of the consolidated group | money 1000 CNY | 10204 10800
        Share of owners                        | money 1000 CNY | 10000 10500
    """)  # fmt: skip


def test_columns_between_two_sets_of_rules_are_adjustments():
    text = (
        "Reconciliation\n\nYear ended December 31, 2024 (RMB'000)\n\n"
        "\tAs reported under U.S. GAAP\tCredit losses\tLeases (Note ii)\tUnder IFRSs\n"
        "Net income\t1,000\t(50)\t–\t950\nTax\t200\t10\t5\t215\n"
    )
    figures = read(text).figures
    assert [figure.basis for figure in figures[:4]] == [Basis.US_GAAP, Basis.ADJUSTMENT, Basis.ADJUSTMENT, Basis.IFRS]
    assert {str(figure.period) for figure in figures} == {"2024-01-01..2024-12-31"}
    assert {figure.scale for figure in figures} == {1000}


def test_balances_within_flows_are_of_their_day():
    text = (
        "Statement of cash flows (in £ thousands)\n\n\tSix months ended 30 June 2024\tSix months ended 30 June 2023\n"
        "Net increase in cash\t200\t100\nCash at beginning of period\t800\t700\nBalance at 30 June\t1,000\t800\n"
    )
    assert [str(figure.period) for figure in read(text).figures] == [
        "2024-01-01..2024-06-30", "2023-01-01..2023-06-30", "2023-12-31", "2022-12-31", "2024-06-30", "2023-06-30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("Year ended December 31, 2023", "2023"),
        ("FY2023", "2023"),
        ("FY23", "2023"),
        ("Q3 2024", "2024Q3"),
        ("3Q24", "2024Q3"),
        ("1H24", "2024H1"),
        ("First Half of 2024", "2024H1"),
        ("9M 2024", "2024M9"),
        ("Nine months ended September 30, 2024", "2024M9"),
        ("Jan-Jun 2024", "2024H1"),
        ("1 January to 30 June 2024", "2024H1"),
        ("30 June 2024", "@2024-06-30"),
        ("As of June 30, 2024", "@2024-06-30"),
        ("30.06.2024", "@2024-06-30"),
        ("2024-06-30", "@2024-06-30"),
        ("Quarter ended 30 June 2024", "2024Q2"),
        ("Second Quarter 2024", "2024Q2"),
        ("2023", "2023"),
    ],
)
def test_heads_name_their_periods(head, wanted):
    figures = read(f"Figures in USD million\n\n\t{head}\tNote\nSales\t1,234\t5\nCosts\t(834)\t6\n").figures
    assert [figure.period for figure in figures] == [period(wanted)] * 2


def test_a_csv_with_captions():
    text = "Balance sheets (Millions of yen)\n\n,As of March 31 2024,As of June 30 2024\n"
    text += 'Cash,"112,345","120,004"\nAllowance,△1,▲205\n'
    check(read(text, "sheet.csv"), "@2024-03-31 @2024-06-30", """
        Cash      | money 1000000 JPY | 112345 120004
        Allowance | money 1000000 JPY | -1 -205
    """)  # fmt: skip


def test_a_pdf_is_read_by_where_its_characters_stand():
    lines = [(50, 740, 14, "Larkspur Holdings plc"), (50, 715, 11, "Consolidated income statement")]
    lines += [(50, 700, 9, "(in millions of US dollars, except per share amounts)")]
    lines += [(275, 680, 9, "Three months ended"), (435, 680, 9, "Nine months ended")]
    lines += [(285, 668, 9, "September 30,"), (445, 668, 9, "September 30,")]
    rows = [("", ["2024", "2023", "2024", "2023"]), ("Revenue", ["1,204.5", "1,150.0", "3,480.2", "3,377.9"])]
    rows += [("Cost of sales", ["(802.1)", "(790.4)", "(2,310.0)", "(2,280.5)"])]
    rows += [
        ("Earnings per share", ["$ 0.41", "$ 0.36", "$ 1.18", "$ 1.09"]),
        ("Gross margin", ["33.4%", "31.3%", "33.6%", "32.5%"]),
    ]
    for number, (label, cells) in enumerate(rows):
        lines += right_aligned(656 - 14 * number, label, cells)
    reading = read(pdf([lines]), "statement.pdf")
    check(reading, "2024Q3 2023Q3 2024M9 2023M9", """
        Revenue            | money 1000000 USD | 1204.5 1150.0 3480.2 3377.9
        Cost of sales      | money 1000000 USD | -802.1 -790.4 -2310.0 -2280.5
        Earnings per share | per_share 1 USD   | 0.41 0.36 1.18 1.09
        Gross margin       | percent 1         | 33.4% 31.3% 33.6% 32.5%
    """)  # fmt: skip
    assert {figure.place.page for figure in reading.figures} == {1}


def test_a_statement_titled_inside_a_run_of_tables_takes_its_own_day():
    """One run of columns holds three statements; what stands right above the heads of each says what it is of."""
    text = """
STATEMENT OF PROFIT OR LOSS
For the year ended 31 December 2024

                                              2024            2023
                             Notes         GBP'000         GBP'000

Revenue                          4       2,846,715       2,513,908
Cost of sales                    6     (1,977,340)     (1,766,211)
Gross profit                               869,375         747,697

Earnings per share (pence)      10
  - Basic and diluted                         22.5            18.7

STATEMENT OF FINANCIAL POSITION
As at 31 December 2024

                                              2024            2023
                             Notes         GBP'000         GBP'000

Inventories                     14         612,338         577,104
Trade receivables               15         704,519         661,830
Total current assets                     1,316,857       1,238,934

4. REVENUE

                                              2024            2023
                                           GBP'000         GBP'000
Sale of instruments                      1,918,204       1,702,115
Consumables                                928,511         811,793
"""
    figures = [each for each in read(text).figures if each.place.column]
    facts = {each.label.strip("- "): (str(each.period), str(each.unit), each.scale, each.currency) for each in figures[::2]}
    year = "2024-01-01..2024-12-31"
    thousands = (year, "money", Decimal(1000), "GBP")
    assert facts == {
        "Revenue": thousands,
        "Cost of sales": thousands,
        "Gross profit": thousands,
        "Basic and diluted": (year, "per_share", Decimal("0.01"), "GBP"),
        "Inventories": ("2024-12-31", "money", Decimal(1000), "GBP"),
        "Trade receivables": ("2024-12-31", "money", Decimal(1000), "GBP"),
        "Total current assets": ("2024-12-31", "money", Decimal(1000), "GBP"),
        "Sale of instruments": thousands,
        "Consumables": thousands,
    }


def test_weeks_ended_over_an_amount_and_its_share_are_a_duration():
    """The balance sheet above has no say over heads that state their length."""
    head = (
        "<tr><th></th><th colspan=2>13 Weeks Ended November 2, 2024</th><th colspan=2>13 Weeks Ended October 28, 2023</th></tr>"
    )
    html = f"""<h2>Balance Sheets</h2><table><tr><th></th><th>November 2, 2024</th></tr><tr><td>Goods</td><td>1,010</td></tr>
<tr><td>Total assets</td><td>2,590</td></tr></table><p>What moved is shown below as parts of revenue.</p><table>{head}
<tr><th>(dollars in thousands)</th><th>Amount</th><th>% of Revenue</th><th>Amount</th><th>% of Revenue</th></tr>
<tr><td>Total revenue</td><td>1,226,923</td><td>100.0%</td><td>1,198,278</td><td>100.0%</td></tr>
<tr><td>Gross profit</td><td>420,690</td><td>34.3%</td><td>402,868</td><td>33.6%</td></tr></table>"""
    reading = read(html, "release.html")
    assert [str(each.period) for each in reading.figures] == [
        *2 * ["2024-11-02"], *2 * (2 * ["2024-08-04..2024-11-02"] + 2 * ["2023-07-30..2023-10-28"])
    ]  # fmt: skip
    assert not [each for each in reading.numerals if each.kind is NumeralKind.FOOTNOTE]
