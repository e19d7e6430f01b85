"""The unit of a document: thousands for large books, ones where thousands would not foot to the eye."""

from dataclasses import replace

import pytest

from loanbook.errors import RequestError
from loanbook.statements.periods import period
from loanbook.statements.presentation import USD, Figures
from loanbook.statements.presentation_rounding import round_document
from loanbook.statements.presentation_table import Head, table
from loanbook.statements.scale import AUTO, ONE, THOUSAND, THOUSANDS_FROM_FEN, rounded_signs, scale_of, turned_signs
from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements

STATEMENTS = load_statements()
CLOSING = period("2024Q3").end
SHEET = STATEMENTS.by_name["balance_sheet"]
QUARTER = period("2024Q3")
RESULTS = STATEMENTS.by_name["operations"]
SMALL = {"cash_and_cash_equivalents": 640_00, "accounts_receivable_and_contract_assets_net": 640_00}
"""RMB 640 each: in thousands 1 + 1, of which the total is 1.28."""


def balanced(assets, equity):
    left = sum(assets.values()) - equity
    return {
        (code, CLOSING, BASE): fen for code, fen in {**assets, "company_equity": equity, "short_term_loans": left}.items() if fen
    }


def figures(exact, scale, rate=0):
    amounts = round_document(exact, STATEMENTS, scale.fen)
    return Figures(statements=STATEMENTS, amounts=amounts, rate=rate, scale_fen=scale.fen)


def test_small_books_are_shown_in_ones_and_large_ones_in_thousands():
    small = balanced(SMALL, 600_00)
    large = balanced({**SMALL, "goodwill": THOUSANDS_FROM_FEN}, 600_00)
    just_below = balanced({"goodwill": THOUSANDS_FROM_FEN - 1}, 1)
    assert scale_of(AUTO, small, STATEMENTS) == scale_of(AUTO, just_below, STATEMENTS) == ONE
    assert scale_of(AUTO, large, STATEMENTS) == THOUSAND
    assert scale_of("thousand", small, STATEMENTS) == THOUSAND
    assert scale_of("one", large, STATEMENTS) == ONE
    assert (THOUSAND.words("CNY"), ONE.words("CNY")) == ("thousands of CNY", "CNY")


def test_an_unknown_unit_is_refused_with_those_that_there_are():
    with pytest.raises(RequestError, match=r"'million' is no unit of statements. Write one of auto, thousand, one"):
        scale_of("million", {}, STATEMENTS)


def test_in_ones_every_figure_is_its_fen_over_a_hundred():
    exact = balanced(SMALL, 600_00)
    found = figures(exact, ONE)
    assert found.value("total_assets", CLOSING) == 1_280
    assert {code: found.value(code, CLOSING) for code, _, _ in exact} == {code: fen // 100 for (code, _, _), fen in exact.items()}


@pytest.mark.parametrize(("scale", "income"), [(THOUSAND, 300), (ONE, 300_000)])
def test_a_share_earns_the_same_in_either_unit(scale, income):
    year = period("2024Q3")
    amounts = {("total_net_revenue", year, BASE): 3 * income, ("net_income", year, BASE): income}
    amounts |= {
        ("net_income_attributable_to_company", year, BASE): income,
        ("weighted_average_shares_basic", year, BASE): 1_000_000,
    }
    found = Figures(statements=STATEMENTS, amounts=amounts, scale_fen=scale.fen)
    assert found.value("basic_per_share", year) == 30
    assert found.value("net_income_margin", year) == 333


def test_dollars_of_another_sign_are_told_and_ones_do_not_turn():
    """Nine assets of RMB 3,000 at 7.2 are nothing in thousands of US$, but the debt is 4: the company's equity would be -4."""
    assets = ("cash_and_cash_equivalents", "restricted_cash", "short_term_investments", "security_deposit_prepaid")
    assets += ("funds_receivable_from_payment_providers", "land_use_rights_net", "intangible_assets", "goodwill")
    exact = balanced({**dict.fromkeys(assets, 3_000_00), "loans_receivable_net": 3_000_00}, 1_500_00)
    told = {}
    for scale in (THOUSAND, ONE):
        heads = [Head(period=CLOSING, words="RMB"), Head(period=CLOSING, words="USD", currency=USD)]
        made = table(SHEET, heads, figures(exact, scale, rate=7_2000), company="Example")
        told[scale.name] = turned_signs([made])
        assert turned_signs([replace(made, heads=made.heads[:1])]) == ()
    assert told == {
        "thousand": tuple(
            f"Condensed Consolidated Balance Sheets: {words} is RMB 1 and US$ (4)"
            for words in ("TOTAL EXAMPLE EQUITY", "TOTAL EQUITY")
        ),
        "one": (),
    }


def results(exact, scale, rate=0):
    heads = [Head(period=QUARTER, words="RMB")] + ([Head(period=QUARTER, words="USD", currency=USD)] if rate else [])
    return table(RESULTS, heads, figures(exact, scale, rate=rate), company="Example")


def test_a_total_that_rounding_gave_another_sign_is_told_with_what_it_is_exactly():
    """Four revenues of RMB 400 are nothing each, their cost of 1,500 is 2: a profit of RMB 100 is shown as a loss of 2."""
    revenues = ("financing_income", "referral_services_fees", "other_services_fees_platform", "other_services_fees_credit_driven")
    exact = {(code, QUARTER, BASE): 400_00 for code in revenues} | {("sales_and_marketing", QUARTER, BASE): 1_500_00}
    exactly = Figures(statements=STATEMENTS, amounts=exact)
    told = rounded_signs([results(exact, THOUSAND)], exactly, THOUSAND)
    where = "Condensed Consolidated Statements of Operations, RMB"
    assert len(told) == 4
    assert told[0] == f"{where}: Loss from operations is RMB (2) in thousands and exactly RMB 100.00; totals add rounded leaves"
    assert rounded_signs([results(exact, ONE)], exactly, ONE) == ()


def test_dollars_beside_no_yuan_are_told():
    """Three revenues of RMB 4 thousand are US$ 1 each; their cost of 12 thousand is 2 at 7.2: no result in RMB, one in US$."""
    revenues = ("financing_income", "referral_services_fees", "other_services_fees_platform")
    exact = {(code, QUARTER, BASE): 4_000_00 for code in revenues} | {("sales_and_marketing", QUARTER, BASE): 12_000_00}
    told = turned_signs([results(exact, THOUSAND, rate=7_2000)])
    assert told[0].endswith("is RMB - and US$ 1")
    assert len(told) == 4
