"""Exact fen become the thousands of a document: each leaf once, and everything still foots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import TieError
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures
from loanbook.statements.presentation_rounding import largest_remainder, round_document, shown
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements
from tests.reference import presentation as twin

STATEMENTS = load_statements()
OPENING, CLOSING, HALF, Q1 = period("2023-12-31"), period("2024-06-30"), period("2024H1"), period("2024Q1")
MARCH = period("2024-03-31")
ASSETS = [line.code for line in STATEMENTS.by_name["balance_sheet"].lines if line.kind == "leaf" and line.sign > 0]
CLAIMS = [
    line.code
    for line in STATEMENTS.by_name["balance_sheet"].lines
    if line.kind in ("leaf", "part") and line.sign < 0 and line.code not in ("company_equity", "retained_earnings")
]
REVENUE_AND_COST = [line.code for line in STATEMENTS.by_name["operations"].lines if line.kind == "leaf" and line.unit == "money"]
FEN = st.integers(0, 10**13)
SIGNED = st.integers(-(10**12), 10**12)


@st.composite
def books(draw):
    """Books in fen that hold exactly: a year's opening, March and June, with flows from January."""
    amounts = {}
    flows = {}
    for span, before in ((Q1, None), (HALF, Q1)):
        for code in REVENUE_AND_COST:
            flows[code, span] = draw(SIGNED) + (flows[code, before] if before else 0)
            amounts[code, span, BASE] = flows[code, span]
    for at in (OPENING, MARCH, CLOSING):
        for code in ASSETS + CLAIMS:
            amounts[code, at, BASE] = draw(FEN)
        exact = Figures(statements=STATEMENTS, amounts=amounts)
        liabilities = exact.value("total_liabilities", at)
        other_equity = sum(amounts[code, at, BASE] for code in CLAIMS if STATEMENTS.line(code).kind == "part")
        amounts["retained_earnings", at, BASE] = (
            exact.value("total_assets", at) - liabilities - amounts["noncontrolling_interests", at, BASE] - other_equity
        )
    for span, end in ((Q1, MARCH), (HALF, CLOSING)):
        cash = [
            sum(amounts[code, at, BASE] for code in ("cash_and_cash_equivalents", "restricted_cash")) for at in (OPENING, end)
        ]
        parts = [draw(SIGNED) for _ in range(3)]
        for code, value in zip(
            ("net_cash_operating", "net_cash_investing", "net_cash_financing", "effect_of_exchange_rate_changes"),
            [*parts, cash[1] - cash[0] - sum(parts)],
            strict=True,
        ):
            amounts[code, span, BASE] = value
        release = draw(SIGNED)
        change = [amounts["guarantee_liabilities_stand_ready", at, BASE] for at in (OPENING, end)]
        amounts["stand_ready_release", span, BASE] = release
        amounts["stand_ready_inception", span, BASE] = change[1] - change[0] - release
        change = [amounts["guarantee_liabilities_contingent", at, BASE] for at in (OPENING, end)]
        amounts["contingent_net_payout", span, BASE] = (
            change[1] - change[0] - amounts["provision_for_contingent_liabilities", span, BASE]
        )
        exact = Figures(statements=STATEMENTS, amounts=amounts)
        for column in (*STATEMENTS.parts("company_equity"), "noncontrolling_interests"):
            moved = exact.value("equity_net_income", span, column) + exact.value("equity_translation_adjustment", span, column)
            change = [amounts.get((column, at, BASE), 0) for at in (OPENING, end)]
            amounts["equity_dividends", span, column] = change[1] - change[0] - moved
        point = draw(SIGNED)
        amounts["financing_income", span, "point_in_time"] = point
        amounts["financing_income", span, "over_time"] = amounts["financing_income", span, BASE] - point
    return amounts


@given(books())
def test_a_rounded_document_foots_everywhere(amounts):
    rounded = round_document(amounts, STATEMENTS)
    made = Figures(statements=STATEMENTS, amounts=rounded)
    for at in (OPENING, MARCH, CLOSING):
        assert made.value("total_assets", at) == made.value("total_liabilities_and_equity", at)
        parts = STATEMENTS.parts("company_equity")
        assert sum(rounded.get((part, at, BASE), 0) for part in parts) == rounded["company_equity", at, BASE]
    for span in (Q1, HALF):
        for name in ("cash_end", "stand_ready_rollforward_closing", "contingent_rollforward_closing"):
            assert made.value(name, span) == made.target(STATEMENTS.line(name), span)
        for column in STATEMENTS.by_name["changes_in_equity"].columns:
            closing = made.value("equity_closing", span, column.code)
            assert closing == made.value(column.code, span.end)
        income = ("net_income_attributable_to_company", "net_loss_attributable_to_noncontrolling_interests")
        company, others = (made.value(code, span) for code in income)
        assert made.value("equity_net_income", span, "total_equity") == company - others == made.value("net_income", span)
        cells = [rounded["financing_income", span, column] for column in ("point_in_time", "over_time")]
        assert sum(cells) == rounded["financing_income", span, BASE] == made.value("financing_income", span, "total_by_timing")


@given(books())
def test_leaves_are_rounded_once_and_only_what_absorbs_moves_further(amounts):
    rounded = round_document(amounts, STATEMENTS)
    free = {"effect_of_exchange_rate_changes", "stand_ready_release", "stand_ready_inception", "contingent_net_payout"}
    for (code, span, column), amount in amounts.items():
        if code in free or STATEMENTS.line(code).part_of or column != BASE:
            assert abs(rounded[code, span, column] * 100_000 - amount) <= 100_000 * 20
        else:
            assert rounded[code, span, column] == twin.half_up(twin.Fraction(amount, 100_000))


@given(st.lists(SIGNED, min_size=1, max_size=12), st.integers(-3, 3))
def test_shares_of_a_total_are_those_of_the_twin(exact, more):
    total = twin.half_up(twin.Fraction(sum(exact), 100_000)) + more
    found = largest_remainder(exact, total)
    assert sum(found) == total
    if total >= sum(each // 100_000 for each in exact) and total - sum(each // 100_000 for each in exact) <= len(exact):
        assert found == twin.shares(exact, total, 100_000)


def test_ties_go_to_the_first():
    assert largest_remainder([50_000, 50_000, 50_000], 2) == [1, 1, 0]
    assert largest_remainder([], 0) == []


def test_books_that_do_not_balance_are_refused_not_rounded():
    with pytest.raises(TieError) as raised:
        round_document({("goodwill", CLOSING, BASE): 500, ("noncontrolling_interests", CLOSING, BASE): 499}, STATEMENTS)
    assert "total_liabilities_and_equity of 2024-06-30, column us_gaap, is 499 fen and must be 500" in str(raised.value)


def test_cells_that_do_not_sum_to_their_line_are_refused():
    amounts = {("financing_income", HALF, BASE): 10, ("financing_income", HALF, "over_time"): 9}
    with pytest.raises(TieError, match="the cells of financing_income in revenue_by_stream sum to 9 fen"):
        round_document(amounts, STATEMENTS)


def test_equity_moves_share_what_rounding_leaves():
    """Dividends of 0.6 thousand between rounded balances of 10 and 9 are 1; where no row can, `other changes` takes it."""
    amounts = {
        ("retained_earnings", OPENING, BASE): 1_000_000,
        ("cash_and_cash_equivalents", OPENING, BASE): 1_000_000,
        ("retained_earnings", CLOSING, BASE): 940_000,
        ("cash_and_cash_equivalents", CLOSING, BASE): 940_000,
        ("equity_dividends", HALF, "retained_earnings"): -60_000,
        ("net_cash_financing", HALF, BASE): -60_000,
    }
    rounded = round_document(amounts, STATEMENTS)
    assert rounded["retained_earnings", CLOSING, BASE] == 9
    assert rounded["equity_dividends", HALF, "retained_earnings"] == -1
    assert rounded["net_cash_financing", HALF, BASE] == -1
    income = {
        ("retained_earnings", CLOSING, BASE): 120_000,
        ("cash_and_cash_equivalents", CLOSING, BASE): 120_000,
        ("financing_income", HALF, BASE): 40_000,
        ("referral_services_fees", HALF, BASE): 40_000,
        ("other_income_net", HALF, BASE): 40_000,
        ("net_cash_operating", HALF, BASE): 120_000,
        ("equity_dividends", HALF, "retained_earnings"): 0,
    }
    rounded = round_document(income, STATEMENTS)
    made = Figures(statements=STATEMENTS, amounts=rounded)
    assert made.value("net_income_attributable_to_company", HALF) == 0
    assert rounded["equity_other", HALF, "retained_earnings"] == 1
    assert made.value("equity_closing", HALF, "retained_earnings") == 1


@given(st.lists(SIGNED, min_size=8, max_size=8))
def test_an_adjustment_balances_and_its_income_is_what_its_retained_earnings_rise_by(values):
    """Column (i) of the reconciliation: at two dates, a half year between; exact in fen, and after rounding still."""
    column = "expected_credit_losses"
    loans, tax, claims = values[0:2], values[2:4], values[4:6]
    amounts = {}
    for at, place in ((OPENING, 0), (CLOSING, 1)):
        amounts["loans_receivable_net_noncurrent", at, column] = loans[place]
        amounts["deferred_tax_assets", at, column] = tax[place]
        amounts["guarantee_liabilities_contingent", at, column] = claims[place]
        amounts["retained_earnings", at, column] = loans[place] + tax[place] - claims[place]
    amounts["provision_for_loans_receivable", HALF, column] = loans[0] - loans[1]
    amounts["provision_for_contingent_liabilities", HALF, column] = claims[1] - claims[0]
    amounts["income_tax_expense", HALF, column] = tax[1] - tax[0]
    rounded = round_document(amounts, STATEMENTS)
    made = Figures(statements=STATEMENTS, amounts=rounded)
    earnings = [made.value("retained_earnings", at, column) for at in (OPENING, CLOSING)]
    for at in (OPENING, CLOSING):
        assert made.value("total_assets", at, column) == made.value("total_liabilities_and_equity", at, column)
    assert made.value("net_income_attributable_to_company", HALF, column) == earnings[1] - earnings[0]
    for key, amount in amounts.items():
        assert abs(rounded[key] * 100_000 - amount) < 300_000


def test_an_adjustment_that_does_not_balance_is_refused():
    with pytest.raises(TieError, match="column financial_guarantee, is 0 fen and must be 7"):
        round_document({("deferred_tax_assets", CLOSING, "financial_guarantee"): 7}, STATEMENTS)


def test_ledger_balances_are_shown_in_the_sign_of_their_line():
    balances = {("financing_income", HALF, BASE): -70, ("funding_costs", HALF, BASE): 30, ("income_tax_expense", HALF, BASE): 9}
    assert shown(balances, STATEMENTS) == {
        ("financing_income", HALF, BASE): 70,
        ("funding_costs", HALF, BASE): 30,
        ("income_tax_expense", HALF, BASE): -9,
    }
