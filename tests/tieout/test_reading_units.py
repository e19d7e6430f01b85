"""What a row counts: its label, and where one word is too little, the rows around it."""

import pytest

from loanbook.tieout.figure import Unit
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.read.units import is_weak, label_unit


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("Number of customers", Unit.COUNT),
        ("Deposits from customers", None),
        ("Loans and advances to customers", None),
        ("Revenue from contracts with customers", None),
        ("Amounts due to retail customers", None),
        ("Active users (in millions)", Unit.COUNT),
        ("Average number of employees", Unit.PEOPLE),
        ("Loans to employees", None),
        ("Workforce reduction", None),
        ("Notes 5.25% due 2027", None),
        ("3.5 % senior notes", None),
        ("Loans with a loan-to-value above 80%", None),
        ("% of revenue", Unit.PERCENT),
        ("Return on equity (%)", Unit.PERCENT),
        ("Effect of a rise by 100 basis points", None),
        ("Net interest spread, basis points", Unit.BASIS_POINTS),
        ("Cash dividends declared ($0.25 per share)", None),
        ("Dividends declared per share", Unit.PER_SHARE),
        ("Common stock, $0.001 par value; 500,000 shares authorized, 123,456 shares issued and outstanding", None),
        ("Number of ordinary shares of no par value in issue", Unit.SHARES),
        ("Weighted average ordinary shares outstanding, diluted", Unit.SHARES),
    ],
)
def test_a_label_names_a_unit_where_the_word_is_counted_and_not_where_it_is_paid(label, unit):
    assert label_unit(label) is unit


@pytest.mark.parametrize(("label", "weak"), [("Staff", True), ("Corporate customers", True), ("Ordinary shares", True)] + [
    (label, False) for label in ("Employees", "New customers", "Staff at period end", "Shares outstanding", "Revenue")
])  # fmt: skip
def test_a_noun_alone_says_little(label, weak):
    assert is_weak(label, label_unit(label)) is weak


def units(text: str, name: str = "release.md") -> dict[str, tuple[Unit, int]]:
    return {figure.label: (figure.unit, int(figure.scale)) for figure in read_figures(document_of(text.encode(), name)).figures}


COSTS = """# Operating costs

(in thousands of euros)

| | 2024 | 2023 |
|---|---:|---:|
| Staff | 12,345 | 11,870 |
| Premises | 3,210 | 3,105 |
| Partners | 1,404 | 1,377 |
| Marketing | 2,004 | 1,877 |
| Total operating costs | 18,963 | 18,229 |
"""


def test_staff_among_costs_is_money_of_the_tables_scale():
    assert set(units(COSTS).values()) == {(Unit.MONEY, 1000)}


def test_staff_in_a_table_of_key_figures_is_people():
    found = units(COSTS.replace("Operating costs\n", "Key figures\n").replace("| Total operating costs", "| Net income"))
    assert found["Staff"] == (Unit.PEOPLE, 1)
    assert found["Partners"] == (Unit.COUNT, 1)
    assert found["Marketing"] == (Unit.MONEY, 1000)


def test_staff_after_the_last_amount_or_beside_what_is_counted_is_people():
    last = COSTS.replace("| Staff | 12,345 | 11,870 |\n", "") + "| Staff | 345 | 340 |\n"
    assert units(last)["Staff"] == (Unit.PEOPLE, 1)
    beside = COSTS.replace("| Premises |", "| Number of branches |")
    assert units(beside)["Staff"] == (Unit.PEOPLE, 1)


def test_a_table_that_states_no_money_counts():
    text = COSTS.replace("(in thousands of euros)", "(at the end of the year)")
    assert units(text)["Staff"][0] is Unit.PEOPLE


def test_shares_of_the_capital_are_money_and_shares_below_an_average_are_shares():
    balance = """# Consolidated balance sheet

(in millions of Swiss francs)

| | December 31, 2024 | December 31, 2023 |
|---|---:|---:|
| Total liabilities | 4,210 | 4,105 |
| Ordinary shares | 22 | 22 |
| Retained earnings | 980 | 877 |
| Total equity and liabilities | 5,212 | 5,004 |
"""
    assert units(balance)["Ordinary shares"] == (Unit.MONEY, 1_000_000)
    income = """# Consolidated statements of income

(in millions of Swiss francs, except share data)

| | 2024 | 2023 |
|---|---:|---:|
| Net income | 980 | 877 |
| Weighted average number of shares | | |
| Ordinary shares | 310,200,000 | 320,100,000 |
| Diluted | 317,900,000 | 327,500,000 |
"""
    assert units(income)["Ordinary shares"] == (Unit.SHARES, 1)
