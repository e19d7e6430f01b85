"""Sentences of results releases, each with the whole truth of its figures; numerals that are none; number formats."""

from decimal import Decimal

import pytest

from loanbook.tieout.figure import NumeralKind, Reading, Unit
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.read.number import cell_number, decimal_mark, digits_value
from tests.tieout.build import period

SCALES = {Decimal(1): "1", Decimal(10**6): "million", Decimal(10**9): "billion"}
TITLE = "Example Credit Reports Third Quarter 2024 Results\n\n"


def read(text: str, title: str = TITLE) -> Reading:
    return read_figures(document_of((title + text + "\n").encode(), "release.txt"))


def facts(text: str, title: str = TITLE) -> list[str]:
    """Each figure as `text | value unit scale currency | period | role | label`."""
    return [
        f"{each.text} | {each.value} {each.unit} {SCALES[each.scale]} {each.currency or '-'} | {each.period} "
        f"| {each.role} | {each.label}"
        for each in read(text, title).figures
    ]


def wanted(text: str, value: str, when: str, role: str, label: str) -> str:
    return f"{text} | {value} | {period(when)} | {role} | {label}"


def test_amount_translation_comparative_and_prior_quarter():
    text = (
        "Total net revenue was RMB4,153.2 million (US$575.2 million), compared to RMB3,599.2 million in the same period of 2023, "
        "and RMB-45.5 million in the prior quarter."
    )
    label = "Total net revenue"
    assert facts(text) == [
        wanted("RMB4,153.2 million", "4153.2 money million CNY", "2024Q3", "current", label),
        wanted("US$575.2 million", "575.2 money million USD", "2024Q3", "translation", label),
        wanted("RMB3,599.2 million", "3599.2 money million CNY", "2023Q3", "comparative", label),
        wanted("RMB-45.5 million", "-45.5 money million CNY", "2024Q2", "prior_quarter", label),
    ]
    figures = read(text).figures
    assert [figure.of for figure in figures] == [None, figures[0].id, figures[0].id, figures[0].id]


def test_two_growths_each_before_its_base():
    text = (
        "Volume reached $82,436 million, a decrease of 14.9% from $96,923 million a year ago and an increase of 13.1% "
        "from $72,864 million in the prior quarter."
    )
    assert facts(text) == [
        wanted("$82,436 million", "82436 money million USD", "2024Q3", "current", "Volume"),
        wanted("14.9%", "-14.9 percent 1 -", "2024Q3", "growth", "Volume"),
        wanted("$96,923 million", "96923 money million USD", "2023Q3", "comparative", "Volume"),
        wanted("13.1%", "13.1 percent 1 -", "2024Q3", "growth", "Volume"),
        wanted("$72,864 million", "72864 money million USD", "2024Q2", "prior_quarter", "Volume"),
    ]


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        (
            "Gross bookings reached €12.3bn, up 14% year-over-year, and costs rose by €50m to €1.2bn.",
            [
                ("€12.3bn", "12.3 money billion EUR", "current"),
                ("14%", "14 percent 1 -", "growth"),
                ("€50m", "50 money million EUR", "change"),
                ("€1.2bn", "1.2 money billion EUR", "current"),
            ],
        ),
        (
            "The margin narrowed by 12 basis points to 3.41%, and leverage was 2.4x.",
            [
                ("12 basis points", "-12 basis_points 1 -", "change"),
                ("3.41%", "3.41 percent 1 -", "current"),
                ("2.4x", "2.4 ratio 1 -", "current"),
            ],
        ),
        (
            "Net loss per share was $(0.26), compared to earnings of $0.11 per share in the third quarter of 2023.",
            [("$(0.26)", "-0.26 per_share 1 USD", "current"), ("$0.11", "0.11 per_share 1 USD", "comparative")],
        ),
        (
            "Net income was RMB7.30 (US$1.02) per ADS.",
            [("RMB7.30", "7.30 per_ads 1 CNY", "current"), ("US$1.02", "1.02 per_ads 1 USD", "translation")],
        ),
        (
            "The company repurchased 3.4 million ADSs for approximately US$65 million at an average price of US$19.3 per ADS.",
            [
                ("3.4 million", "3.4 ads million -", "current"),
                ("US$65 million", "65 money million USD", "current"),
                ("US$19.3", "19.3 per_ads 1 USD", "current"),
            ],
        ),
        (
            "Deposits grew $120 million, or 3%, to $4.2 billion.",
            [
                ("$120 million", "120 money million USD", "change"),
                ("3%", "3 percent 1 -", "growth"),
                ("$4.2 billion", "4.2 money billion USD", "current"),
            ],
        ),
        (
            "Of this, $60 million was new business, representing 61.0% of the total.",
            [("$60 million", "60 money million USD", "current"), ("61.0%", "61.0 percent 1 -", "share")],
        ),
        (
            "The platform connected 159 institutional partners and 241.4 million consumers, an increase of 12.5% from 214.5"
            " million a year ago.",
            [
                ("159", "159 count 1 -", "current"),
                ("241.4 million", "241.4 count million -", "current"),
                ("12.5%", "12.5 percent 1 -", "growth"),
                ("214.5 million", "214.5 count million -", "comparative"),
            ],
        ),
    ],
)
def test_roles_units_and_signs(text, truth):
    found = [
        (each.text, f"{each.value} {each.unit} {SCALES[each.scale]} {each.currency or '-'}", each.role)
        for each in read(text).figures
    ]
    assert found == truth


def test_guidance_is_exact_and_of_its_own_period():
    text = (
        "For the fourth quarter of 2024, the Company expects net income between $1.7 billion and $1.8 billion, representing "
        "a year-on-year growth between 54% and 63%."
    )
    figures = read(text).figures
    assert [(each.role, str(each.value), each.exact, each.period) for each in figures] == [
        (role, value, True, period("2024Q4")) for role, value in (("low", "1.7"), ("high", "1.8"), ("low", "54"), ("high", "63"))
    ]
    assert [each.of for each in figures] == [None, None, figures[0].id, figures[1].id]


def test_the_first_bound_takes_scale_and_currency_of_the_second():
    figures = read("We expect sales of 1.7 to €1.8 billion and a margin of 10 to 12%.").figures
    assert [(each.amount, str(each.unit), each.currency) for each in figures] == [
        (Decimal("1700000000"), "money", "EUR"), (Decimal("1800000000"), "money", "EUR"),
        (10, "percent", None), (12, "percent", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("Sales for the years ended December 31, 2023 and 2022 were $88.1 million and $79.5 million, respectively.", "2023 2022"),
        (
            "Sales were $88.1 million and $79.5 million for the six months ended June 30, 2024 and 2023, respectively.",
            "2024H1 2023H1",
        ),
        ("Costs fell from $410 million in 2022 to $395 million in 2023.", "2022 2023"),
        ("Sales were $5 million for the nine months ended September 30, 2024. Margin was 62.3%.", "2024M9 2024M9"),
        ("Loans were $5 million as of September 30, 2024, up from $4 million as of June 30, 2024.", "@2024-09-30 @2024-06-30"),
        ("At the end of the third quarter, cash was $9.77 billion.", "@2024-09-30"),
        ("Premiums were £1,181.4 million (2023: £1,348.2 million).", "2024Q3 2023Q3"),
        ("Net income was $12 million, or $0.83 per share, for the quarter ended June 30, 2024.", "2024Q2 2024Q2"),
        (
            "Of such loans $70 million were light, an increase from $60 million as of September 30, 2023.",
            "@2024-09-30 @2023-09-30",
        ),
    ],
)
def test_periods(text, periods):
    assert [figure.period for figure in read(text).figures] == [period(name) for name in periods.split()]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (
            "Revenue from releasing of guarantee liabilities was $794.6 million.",
            ["Revenue from releasing of guarantee liabilities"],
        ),
        ("8 As of September 30, 2024, outstanding loan balance was $5 million.", ["outstanding loan balance"]),
        ("The bank today reported net income of $12 million, or $0.83 per share.", ["net income", "per share"]),
        ("Sales for the quarter ended June 30, 2024 were $12 million.", ["Sales"]),
        ("A 90 day+ delinquency rate of loans was 2.72%.", ["90 day+ delinquency rate of loans"]),
        ("We repurchased 3 million ADSs (net of costs) at an average price of US$19.3 per ADS.", ["ADSs", "average price"]),
        ("Income per share (“EPS”) was $3.20.", ["Income per share"]),
    ],
)
def test_labels(text, labels):
    assert [figure.label for figure in read(text).figures] == labels


def test_scales_in_titles_are_written_with_capitals():
    assert [figure.amount for figure in read("Launches A New US$450 Million Plan and a $2 BILLION Fund").figures] == [
        450_000_000,
        2_000_000_000,
    ]


def test_a_stated_rate_is_exact_and_its_unit_is_no_figure():
    for text in ("translated at RMB 7.0176 to US$1.00, the exchange rate", "at the exchange rate of US$1.00 = RMB7.0176"):
        reading = read(f"Amounts are {text}.")
        assert [(each.unit, each.value, each.exact, each.currency) for each in reading.figures] == [
            (Unit.RATE_OF_EXCHANGE, Decimal("7.0176"), True, "CNY")
        ]


@pytest.mark.parametrize(
    ("text", "kind", "numerals"),
    [
        ("The call is on August 13, 2024 at 8:30 PM Eastern Time.", NumeralKind.CLOCK, ["8:30 PM"]),
        (
            "See Form 20-F, ASC 326, Rule 13a-16 and Exhibit 99.1.",
            NumeralKind.IDENTIFIER,
            ["Form 20-F", "ASC 326", "Rule 13a-16", "Exhibit 99.1"],
        ),
        (
            "Call +61 2 5550 1234 or 1-800-555-0199, conference ID 445566.",
            NumeralKind.IDENTIFIER,
            ["+61 2 5550 1234", "1-800-555-0199", "ID 445566"],
        ),
        (
            "The 90 day+ delinquency rate, the 12-month period and loans 91 to 180 calendar days past due.",
            NumeralKind.DEFINITION,
            ["90 day+", "12-month", "91 to 180 calendar days"],
        ),
        ("Non-GAAP<sup>\\*10</sup> income and consumers^{*1} and revenue¹¹ grew.", NumeralKind.FOOTNOTE, ["¹⁰", "¹", "¹¹"]),
        ("Growth since FY23, in Q1 and in 2022 continued.", NumeralKind.DATE, ["FY23", "Q1", "2022"]),
        (
            "Address: 1217 Elm Road, Shanghai 200122, Washington, D.C. 20549.",
            NumeralKind.IDENTIFIER,
            ["1217 Elm Road", "Shanghai 200122", "D.C. 20549"],
        ),
        ("Stage 2 and Level 3 and Tier 1 as before.", NumeralKind.ORDINAL, ["Stage 2", "Level 3", "Tier 1"]),
    ],
)
def test_numerals_that_are_no_figures(text, kind, numerals):
    reading = read(text)
    assert reading.figures == ()
    assert [numeral.text for numeral in reading.numerals if numeral.kind is kind and numeral.place.line > 1] == numerals


@pytest.mark.parametrize(
    ("text", "mark", "value", "step"),
    [
        ("1,234,567", ".", "1234567", "1"), ("1,234.50", ".", "1234.50", "0.01"), ("1.234.567", ",", "1234567", "1"),
        ("1.234,5", ",", "1234.5", "0.1"), ("1 234,5", ",", "1234.5", "0.1"), ("12'345", ".", "12345", "1"),
        ("12,34,567", ".", "1234567", "1"), ("4.120.346", ".", "4120346", "1"), (".5", ".", "0.5", "0.1"), ("7", ",", "7", "1"),
    ],
)  # fmt: skip
def test_digits(text, mark, value, step):
    assert digits_value(text, mark) == (Decimal(value), Decimal(step))


@pytest.mark.parametrize("text", ["1,23", "1.2.3", "1,2345", "12,3456"])
def test_digits_that_are_no_number(text):
    assert digits_value(text, ".") is None


@pytest.mark.parametrize(
    ("text", "digits", "negative", "unit"),
    [
        ("(1,234)", "1,234", True, ""), ("( 1,234 )", "1,234", True, ""), ("$ (5.2)", "5.2", True, ""),
        ("1,234-", "1,234", True, ""),
        ("△123", "123", True, ""), ("▲ 1.5%", "1.5", True, "%"), ("−12", "12", True, ""), ("+4.7 %", "4.7", False, "%"),
        ("(5.2)%", "5.2", True, "%"), ("25 bps", "25", False, "bps"), ("2.4x", "2.4", False, "x"), ("€1.2m", "1.2", False, "m"),
        ("1,234 (1)", "1,234", False, ""), ("1,234*", "1,234", False, ""), ("12.3 million", "12.3", False, "million"),
    ],
)  # fmt: skip
def test_cells_of_one_number(text, digits, negative, unit):
    number = cell_number(text)
    assert number is not None
    assert (number.digits, number.negative, number.unit) == (digits, negative, unit)


@pytest.mark.parametrize("text", ["-", "–", "—", "$—", "(–)", "nil", "- -"])
def test_nils(text):
    number = cell_number(text)
    assert number is not None
    assert number.is_dash


@pytest.mark.parametrize("text", ["n.m.", "30.09.2024", "2024-06-30", "Note 5", "1,234 5,678 9", "Q3 2024", ""])
def test_cells_that_are_no_number(text):
    assert cell_number(text) is None


def test_the_decimal_mark_of_a_document():
    assert decimal_mark(["1.234,5 and 12,4 %"]) == ","
    assert decimal_mark(["1,234.5 and 12.4%"]) == "."
    assert decimal_mark(["1,234"]) == "."


def test_an_amount_that_begins_a_line_is_of_the_words_that_end_the_line_before():
    document = document_of(b"Gross margin was\n53.2%.", "a.txt")
    (figure,) = read_figures(document).figures
    assert (figure.label, figure.place.line) == ("Gross margin", 2)


def test_a_bracket_that_begins_a_line_takes_the_year_that_it_names():
    reading = read("The gearing ratio rose, and was 42.3%\n(2023: 51.3%). The current ratio was 1.67 times.")
    now, then, ratio = reading.figures
    assert (str(then.period), then.role, then.of, then.label) == ("2023-07-01..2023-09-30", "comparative", now.id, now.label)
    assert ratio.period == now.period


@pytest.mark.parametrize(
    ("text", "values", "currency"),
    [
        ("Basic earnings per share were RMB22.5 cents (2023: RMB18.7 cents).", ("22.5", "18.7"), "CNY"),
        ("Adjusted earnings per share were 41.3p (2023: 38.2p).", ("41.3", "38.2"), "GBP"),
        ("The interim dividend is 22 pence per share.", ("22",), "GBP"),
        ("The final dividend is 15p per share (2023: 14p).", ("15", "14"), "GBP"),
        ("Earnings per share were 41.3p.", ("41.3",), "GBP"),
        ("The board declared a dividend of 12.5 US cents per ordinary share.", ("12.5",), "USD"),
        ("A dividend of 8.0 HK cents per share was paid.", ("8.0",), "HKD"),
    ],
)
def test_cents_and_pence_are_hundredths_per_share(text, values, currency):
    found = [(each.value, each.unit, each.scale, each.currency) for each in read(text).figures]
    assert found == [(Decimal(value), Unit.PER_SHARE, Decimal("0.01"), currency) for value in values]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Inventory turnover days were 110 days, on average inventories.", "110"),
        ("The cash conversion cycle improved to 64 days.", "64"),
        ("Days sales outstanding were 41 days, compared with 45 days in the same period of 2023.", "41 45"),
        ("Inventory turnover days were 110 days (2023: 104 days).", "110 104"),
        ("Loans more than 90 days past due are written off.", ""),
        ("Turnover days count loans that were 90 days past due.", ""),
        ("The offer is open for 30 days.", ""),
        ("The 90 day+ delinquency rate was stable; day-1 losses and the 30-day collection rate were not.", ""),
    ],
)
def test_days_measured_are_figures_and_days_that_define_are_not(text, days):
    reading = read(text)
    assert [(each.value, each.unit) for each in reading.figures] == [(Decimal(day), Unit.DAYS) for day in days.split()]
    assert days or any(each.kind is NumeralKind.DEFINITION for each in reading.numerals)
