"""Published statements of several platforms, from their components: totals, reconciliations, roll-forwards."""

import json
from typing import Any

import pytest

from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures, rate_of
from loanbook.terms.loading import parse_located
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import join_statements, load_statements, read_statement
from tests.conftest import SHARED

CASES = SHARED / "oracles" / "accounting_cases.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the cases lie in ../shared/oracles, which is not here")
STATEMENTS = load_statements()
ADJUSTMENTS = (
    "us_gaap",
    "expected_credit_losses",
    "effective_interest_rate",
    "share_based_compensation",
    "financial_guarantee",
)


def case(name: str) -> dict[str, Any]:
    return next(each for each in json.loads(CASES.read_text(encoding="utf-8"))["cases"] if each["id"] == name)


def engine(amounts, **settings) -> Figures:
    return Figures(statements=STATEMENTS, amounts=amounts, missing_is_nil=False, **settings)


def reconciliation(name: str, rows: dict[str, list[int]], at: str, titles: dict[str, str]) -> None:
    """Every row: its leaves are put in, its total and its amount under IFRS come out."""
    when = period(at)
    codes = {STATEMENTS.line(line.code).title: line.code for line in STATEMENTS.by_name[name].lines if line.kind == "link"}
    named = {title: titles.get(title) or codes[title] for title in rows}
    amounts = {}
    for title, row in rows.items():
        line = STATEMENTS.line(named[title])
        for column, amount in zip(ADJUSTMENTS, row, strict=False):
            if line.kind == "leaf" or (column == BASE and line.kind == "total" and line.code not in ("total_assets",)):
                amounts[line.code, when, column] = amount
    made = engine(amounts)
    for title, row in rows.items():
        found = [made.value(named[title], when, column) for column in (*ADJUSTMENTS, "ifrs")]
        assert found == row, title


@pytest.mark.parametrize(("name", "at"), [("ifrs-recon-qfin-bs-2022", "2022-12-31"), ("ifrs-recon-qfin-bs-2023", "2023-12-31")])
def test_balance_sheets_under_ifrs(name, at):
    titles = {
        "Financial assets receivable, net (current)": "financial_assets_receivable_net",
        "Loans receivable, net (current)": "loans_receivable_net",
        "Amounts due from related parties (current)": "amounts_due_from_related_parties",
        "Amounts due from related parties (noncurrent)": "amounts_due_from_related_parties_noncurrent",
    }
    reconciliation("ifrs_balance_sheet", case(name)["inputs"]["rows"], at, titles)


def test_operations_of_2024_under_ifrs():
    """Cost totals are expected of the columns: 9,637,086 in all and an adjustment of 442,683 for credit losses."""
    each = case("ifrs-recon-qfin-is-2024")
    reconciliation("ifrs_operations", each["inputs"]["rows"], "2024", {})
    year = period("2024")
    amounts = {
        (STATEMENTS.line(code).code, year, column): row[place]
        for code, title in (
            ("provision_for_loans_receivable", "Provision for loans receivable"),
            ("provision_for_contingent_liabilities", "Provision for contingent liabilities"),
        )
        for row in [each["inputs"]["rows"][title]]
        for place, column in enumerate(ADJUSTMENTS)
        if place
    }
    total = engine(amounts).value("total_operating_costs_and_expenses", year, "expected_credit_losses")
    assert total == each["expected"]["total_opex_ecl_adj"]


def test_annual_revenue_by_group():
    """Platform services are printed as a total there; it is put in as its one line."""
    each = case("revenue-annual-qfin")
    lines = [code for _, code in STATEMENTS.line("credit_driven_services").addends]
    for year, amounts in each["inputs"].items():
        expected = each["expected"][year]
        given = {(code, period(year), BASE): amount for code, amount in zip(lines, amounts, strict=True)}
        given["platform_services", period(year), BASE] = expected["platform"]
        made = engine(given)
        assert made.value("credit_driven_services", period(year)) == expected["credit_driven"]
        assert made.value("total_net_revenue", period(year)) == expected["total"]


def test_revenue_by_stream_and_timing():
    each = case("asc606-revenue-disaggregation-qfin")
    places = [
        ("facilitation_and_servicing_fees_capital_heavy", "point_in_time"),
        ("facilitation_and_servicing_fees_capital_heavy", "over_time"),
        ("financing_income", "over_time"),
        ("revenue_from_releasing_of_guarantee_liabilities", "over_time"),
        ("other_services_fees_credit_driven", "point_in_time"),
        ("facilitation_and_servicing_fees_capital_light", "point_in_time"),
        ("facilitation_and_servicing_fees_capital_light", "over_time"),
        ("referral_services_fees", "point_in_time"),
        ("other_services_fees_platform", "point_in_time"),
    ]
    for name, row in each["inputs"]["rows"].items():
        kind, year = name.split("_")
        span = period(f"{year}{'H1' if kind == 'H1' else 'M9'}")
        amounts = {(code, span, column): amount for (code, column), amount in zip(places, row, strict=False)}
        total = engine(amounts).value("total_net_revenue", span, "total_by_timing")
        assert total == each["expected"][name]


def test_operating_section_of_2022():
    each = case("is-qfin-2022")
    year = period("2022")
    codes = [code for _, code in STATEMENTS.line("total_operating_costs_and_expenses").addends]
    amounts = {(code, year, BASE): amount for code, amount in zip(codes, each["inputs"]["costs"].values(), strict=True)}
    amounts["total_net_revenue", year, BASE] = each["inputs"]["revenue"]
    made = engine(amounts)
    assert made.value("total_operating_costs_and_expenses", year) == each["expected"]["total_costs"]
    assert made.value("income_from_operations", year) == each["expected"]["income_from_operations"]


def other_company(name: str, lines: list[str]) -> Figures:
    """Another company's statement: the same engine over lines of its own."""
    text = f"statement: {name}\ntitle: Another company's\naccumulation: flow\nlines:\n" + "".join(f"- {line}\n" for line in lines)
    return Figures(
        statements=join_statements([read_statement(parse_located(text, f"{name}.yaml"))]), amounts={}, missing_is_nil=False
    )


def test_another_platforms_operations_with_its_own_lines():
    """Lexin 2024: two blocks of cost, and a US$ column by the rate that its figures imply."""
    each = case("is-lexin-2024")
    given, expected = each["inputs"], each["expected"]
    lines = ["{code: revenue, title: Revenue, sign: credit}"]
    lines += [f"{{code: cost_{place}, title: Cost, sign: debit}}" for place in range(len(given["op_cost"]))]
    lines += [f"{{code: expense_{place}, title: Expense, sign: debit}}" for place in range(len(given["opex"]))]
    lines += [
        f"{{code: {code}, title: Other, sign: credit}}" for code in ("fv_change", "interest", "investment", "others", "tax")
    ]
    costs, expenses = (
        ", ".join(f"{kind}_{place}" for place in range(len(given[name])))
        for kind, name in (("cost", "op_cost"), ("expense", "opex"))
    )
    lines += [
        f"{{code: total_op_cost, title: T, kind: total, sum: [{costs}]}}",
        "{code: gross_profit, title: T, kind: total, sum: [revenue, -total_op_cost]}",
        f"{{code: total_opex, title: T, kind: total, sum: [{expenses}]}}",
        "{code: pretax, title: T, kind: total, sum: [gross_profit, -total_opex, fv_change, interest, investment, others]}",
        "{code: net_income, title: T, kind: total, sum: [pretax, -tax]}",
    ]
    year = period("2024")
    amounts = {("revenue", year, BASE): given["revenue"]}
    for kind, name in (("cost", "op_cost"), ("expense", "opex")):
        amounts |= {(f"{kind}_{place}", year, BASE): amount for place, amount in enumerate(given[name])}
    amounts |= {(code, year, BASE): given[code] for code in ("fv_change", "interest", "investment", "others", "tax")}
    made = Figures(
        statements=other_company("lexin", lines).statements, amounts=amounts, rate=rate_of("7.2993"), missing_is_nil=False
    )
    for code in ("total_op_cost", "gross_profit", "total_opex", "pretax", "net_income"):
        assert made.value(code, year) == expected[code]
    assert made.value("revenue", year, currency="USD") == expected["usd_revenue"]


def test_another_platforms_assets_foot():
    each = case("bs-finv-2023-assets")
    assets = each["inputs"]["assets"]
    codes = [f"asset_{place}" for place in range(len(assets))]
    lines = [f"{{code: {code}, title: Asset, sign: debit, accumulation: instant}}" for code in codes]
    lines.append(f"{{code: total, title: Total, kind: total, accumulation: instant, sum: [{', '.join(codes)}]}}")
    end = period("2023-12-31")
    amounts = {(code, end, BASE): amount for code, amount in zip(codes, assets, strict=True)}
    made = Figures(statements=other_company("finv", lines).statements, amounts=amounts)
    assert made.value("total", end) == each["expected"]["total_assets"]


ROLL_FORWARDS = {
    "asc460-stand-ready-qfin": (
        "stand_ready_rollforward",
        "guarantee_liabilities_stand_ready",
        {"provision_at_inception": "stand_ready_inception", "released_into_revenue": "stand_ready_release"},
    ),
    "asc326-contingent-guarantee-qfin": (
        "contingent_rollforward",
        "guarantee_liabilities_contingent",
        {"provision": "provision_for_contingent_liabilities", "net_payout": "contingent_net_payout"},
    ),
    "asc326-loan-allowance-qfin": (
        "loan_allowance_rollforward",
        "allowance_for_loans_receivable",
        {
            "provision": "provision_for_loans_receivable",
            "gross_writeoff": "loan_allowance_write_off",
            "recoveries": "loan_allowance_recovery",
        },
    ),
}


@pytest.mark.parametrize("name", list(ROLL_FORWARDS))
def test_published_roll_forwards_close(name):
    table, balance, moves = ROLL_FORWARDS[name]
    each = case(name)
    for label, row in each["inputs"].items():
        kind, _, year = label.rpartition("_")
        span = period(year + {"": "", "H1": "H1", "9M": "M9"}[kind])
        amounts = {(balance, span.eve, BASE): row["opening"], (balance, span.end, BASE): each["expected"][label]}
        amounts |= {(code, span, BASE): row[move] for move, code in moves.items()}
        made = engine(amounts)
        closing = STATEMENTS.line(f"{table}_closing")
        assert made.value(closing.code, span) == each["expected"][label] == made.target(closing, span)


def test_loans_subject_to_guarantee_by_days_past_due():
    each = case("guarantee-qfin-aging")
    columns = {"current": "current", "d0_30": "d1_30", "d31_60": "d31_60", "d61_90": "d61_90"}
    for year, row in each["inputs"].items():
        end = period(f"{year}-12-31")
        amounts = {("ageing_guaranteed_loans", end, columns[bucket]): amount for bucket, amount in row.items()}
        assert engine(amounts).value("ageing_guaranteed_loans", end, "total_by_days") == each["expected"][year]
