"""Tables: which columns a release has, words and marks of a row, and the three forms they are written in."""

import csv
import io
from dataclasses import replace

import pytest
from lxml import html

from loanbook.errors import RequestError
from loanbook.statements import presentation_format as form
from loanbook.statements.periods import period
from loanbook.statements.presentation import CNY, USD, Figures, rate_of
from loanbook.statements.presentation_table import blocks, dimension_heads, table, to_csv, to_html, to_text
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements

STATEMENTS = load_statements()
Q1, Q2, H1 = period("2024Q1"), period("2024Q2"), period("2024H1")
AMOUNTS = {
    ("financing_income", period("2023Q1"), BASE): 900,
    ("financing_income", period("2023H1"), BASE): 2_000,
    ("financing_income", Q1, BASE): 1_000,
    ("financing_income", H1, BASE): 2_500,
    ("foreign_exchange_gain", period("2023H1"), BASE): -30,
    ("foreign_exchange_gain", H1, BASE): 20,
    ("share_based_compensation", H1, BASE): 5,
}


def made(amounts=AMOUNTS, rate="7.2672") -> Figures:
    return Figures(statements=STATEMENTS, amounts=amounts, rate=rate_of(rate))


def of(name, heads, engine=None):
    return table(STATEMENTS.by_name[name], heads, engine or made(), company="Example Credit Inc")


def test_a_balance_sheet_stands_against_the_last_of_december():
    (heads,) = blocks(STATEMENTS.by_name["balance_sheet"], Q2, dollars=True)
    assert [(str(head.period), head.currency) for head in heads] == [
        ("2023-12-31", CNY),
        ("2024-06-30", CNY),
        ("2024-06-30", USD),
    ]


def test_flows_stand_quarter_and_year_to_date_in_one_table_of_six_columns():
    (heads,) = blocks(STATEMENTS.by_name["operations"], Q2, dollars=True)
    assert [str(head.period) for head in heads] == [
        str(period(text)) for text in ("2023Q2", "2024Q2", "2024Q2", "2023H1", "2024H1", "2024H1")
    ]
    assert [head.currency for head in heads] == [CNY, CNY, USD] * 2
    assert heads[3].words == "Six months ended June 30, 2023 RMB"


def test_comprehensive_income_has_a_table_for_each_and_the_first_quarter_only_one():
    assert [len(block) for block in blocks(STATEMENTS.by_name["comprehensive_income"], Q2, dollars=True)] == [3, 3]
    assert [len(block) for block in blocks(STATEMENTS.by_name["operations"], Q1, dollars=True)] == [3]
    assert [len(block) for block in blocks(STATEMENTS.by_name["operations"], Q1, dollars=False)] == [2]


def test_a_table_that_counts_instruments_has_no_currency():
    (heads,) = blocks(STATEMENTS.by_name["awards"], Q2, dollars=True)
    assert [head.currency for head in heads] == [CNY] * 4
    assert heads[3].words == "Six months ended June 30, 2024"


def test_a_release_is_of_a_quarter():
    with pytest.raises(RequestError, match="a release is of a quarter, not of 2024-01-01/2024-06-30"):
        blocks(STATEMENTS.by_name["operations"], H1, dollars=True)


def test_rows_have_words_for_their_signs_marks_for_nothing_and_no_margin_in_dollars():
    (heads,) = blocks(STATEMENTS.by_name["operations"], Q2, dollars=True)
    rows = {row.code: row for row in of("operations", heads).rows}
    assert rows["foreign_exchange_gain"].words == "Foreign exchange (loss) gain"
    assert rows["foreign_exchange_gain"].cells == ("(30)", "20", "3", "(30)", "20", "3")
    assert rows["investment_loss"].cells == ("-",) * 6
    assert rows["financing_income"].amounts == (1_100, 1_500, 206, 2_000, 2_500, 344)
    quarter, _ = blocks(STATEMENTS.by_name["non_gaap"], Q2, dollars=True)
    margins = [row for row in of("non_gaap", quarter).rows if row.code == "net_income_margin"]
    assert margins[0].cells == ("97.3%", "101.3%", "")


def test_parts_are_shown_only_on_demand_and_lines_without_amounts_go():
    (heads,) = blocks(STATEMENTS.by_name["balance_sheet"], Q2, dollars=False)
    engine = made({("retained_earnings", period("2024-06-30"), BASE): 7})
    codes = [row.code for row in of("balance_sheet", heads, engine).rows]
    assert "retained_earnings" not in codes
    assert "contract_liabilities" not in codes
    shown = table(STATEMENTS.by_name["balance_sheet"], heads, engine, company="Example Credit Inc", parts=True)
    assert [row.cells for row in shown.rows if row.code == "retained_earnings"] == [("", "7")]


def test_a_reconciliation_has_its_six_columns_and_a_dash_of_its_own():
    statement = STATEMENTS.by_name["ifrs_operations"]
    engine = made({("financing_income", H1, BASE): 100, ("financing_income", H1, "effective_interest_rate"): -4})
    heads = dimension_heads(statement, H1, engine)
    rows = {row.code: row for row in table(statement, heads, engine, company="Example Credit Inc").rows}
    assert rows["total_net_revenue"].cells == ("100", "–", "(4)", "–", "–", "96")


def test_members_of_a_dimension_are_columns():
    statement = STATEMENTS.by_name["loans_by_vintage"]
    end = period("2024-06-30")
    amounts = {("vintage_current", end, f"origination_year={year}"): year for year in (2024, 2022)}
    engine = made(amounts)
    heads = dimension_heads(statement, end, engine)
    assert [head.words for head in heads] == ["2022", "2024", "Total"]
    assert table(statement, heads, engine, company="Example Credit Inc").rows[0].cells == ("2,022", "2,024", "4,046")


def test_one_table_in_three_forms_says_the_same():
    (heads,) = blocks(STATEMENTS.by_name["operations"], Q2, dollars=True)
    found = of("operations", heads)
    rows = list(csv.reader(io.StringIO(to_csv(found))))
    assert rows[0][2] == "Three months ended June 30, 2023 RMB"
    assert [row[2:] for row in rows[1:]] == [[as_number(cell) for cell in row.cells] for row in found.rows]
    page = html.fromstring(to_html(found))
    assert [[cell.text or "" for cell in row.findall("td")] for row in page.findall(".//tbody/tr")] == [
        list(row.cells) for row in found.rows
    ]
    text = to_text(found)
    assert "Net income per ADS attributable to ordinary shareholders of Example Credit Inc" in text
    line = next(line for line in text.splitlines() if line.startswith("Financing income"))
    assert line.split() == ["Financing", "income", "1,100", "1,500", "206", "2,000", "2,500", "344"]


def as_number(cell):
    """By another way than the code's: nil is 0, parentheses are a minus."""
    if cell in ("", "-"):
        return "0" if cell else ""
    number = cell.replace(",", "")
    return f"-{number[1:-1]}" if number.startswith("(") else number


def test_a_sum_in_parentheses_is_a_number_below_nothing_in_csv_and_other_text_stands():
    (heads,) = blocks(STATEMENTS.by_name["operations"], Q2, dollars=False)
    found = of("operations", heads)
    row = replace(found.rows[1], cells=("(1,234)", "(0.13)", "-", "12.5%"))
    assert to_csv(replace(found, rows=(row,))).splitlines()[1].endswith(",-1234,-0.13,0,12.5%")


def test_titles_are_escaped_in_html():
    (heads,) = blocks(STATEMENTS.by_name["balance_sheet"], Q2, dollars=False)
    made_table = table(STATEMENTS.by_name["balance_sheet"], heads, made(), company="A & <B>")
    assert "TOTAL A &amp; &lt;B&gt; EQUITY" in to_html(made_table)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (form.plain(-213_267), "(213,267)"),
        (form.plain(0), "-"),
        (form.plain(0, "–"), "–"),
        (form.hundredths(730), "7.30"),
        (form.hundredths(-5), "(0.05)"),
        (form.percent(279), "27.9%"),
        (form.percent(-30), "-3.0%"),
        (form.yuan(form.million(-213_267)), "RMB-213.3 million"),
        (form.dollars(form.million(575_209)), "US$575.2 million"),
        (form.million(4_153_150), "4,153.2 million"),
        (form.yuan(form.billion(4_153_183)), "RMB4.15 billion"),
        (form.count_in_millions(156_013_596), "156.01 million"),
        (form.percent_whole(65), "65%"),
        (form.times(24), "2.4"),
        (form.cell(2_414, "tenths_million"), "241.4"),
        (form.cell(None, "money"), ""),
    ],
)
def test_figures_are_written_as_releases_write_them(written, expected):
    assert written == expected
