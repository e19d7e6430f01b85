"""Small businesses borrow by the verbs that consumers use, under their own strategy, rules and lenders."""

import datetime as dt

import pytest

from tests.online.platform import OPERATOR, Platform

FIRM = {
    "legal_form": "company",
    "industry": "trade",
    "registration_active": True,
    "founded_on": "2015-06-01",
    "revenue_annual_fen": 400_000_000,
    "tax_grade": "a",
    "debt_to_revenue": "0.1000",
    "owner_age_years": 40,
    "owner_bureau_score": 700,
    "owner_overdue_days_most": 0,
}


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def line(platform, province="hunan", **inputs):
    borrower = platform.done("register", kind="small_business", channel="branch", document=str(inputs))["borrower_id"]
    application = platform.done(
        "apply",
        borrower_id=borrower,
        consents=["credit_assessment", "bureau_query"],
        consent_text_hash="0" * 64,
        province=province,
        inputs=FIRM | inputs,
    )
    return platform.done("assess", **application)


def quoted(platform, line_id, product="small_business_loan", principal_fen=30_000_000, count=24):
    asked = {"line_id": line_id, "product": product, "principal_fen": principal_fen, "installment_count": count}
    return platform.ask("quote", OPERATOR, **asked)[1]


def test_a_firm_may_have_more_than_a_person_and_its_lender_takes_it(platform):
    found = line(platform)
    assert (found["grade"], found["limit_fen"]) == ("A", 80_000_000)
    quote = quoted(platform, found["line_id"])
    drawn = platform.done("draw_down", quote_id=quote["quote_id"])
    assert drawn["partner"] == "harbour_bank"
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    platform.done("disburse", loan_id=drawn["loan_id"], provider_reference="out", disbursed_on=platform.today)
    row = platform.connection.execute("SELECT content FROM event WHERE kind = 'loan_disbursed'").fetchone()
    assert row["content"]["segment"] == "small_business"


@pytest.mark.parametrize(("age", "lent"), [(55, True), (56, False)])
def test_a_lender_that_asks_for_an_age_asks_for_the_owners(platform, age, lent):
    answer = quoted(platform, line(platform, owner_age_years=age)["line_id"])
    assert ("quote_id" in answer) is lent
    assert lent or answer["rule"] == "not_lendable"


def test_products_of_persons_are_not_a_firms_nor_a_firms_a_persons(platform):
    for found, kind, products, other in (
        (line(platform), "small_business", ["small_business_loan"], "cash_loan"),
        (platform.line(), "consumer", ["cash_loan", "pay_later"], "small_business_loan"),
    ):
        seen = platform.look("line", found["line_id"])[1]
        assert (seen["kind"], seen["products"], found["products"]) == (kind, products, products)
        assert {each["product"] for each in platform.look("offers", found["line_id"])[1]["offers"]} == set(products)
        status, answer = platform.look("offers", found["line_id"], product=other)
        assert (status, answer["rule"]) == (422, "product_not_for_borrower")
        answer = quoted(platform, found["line_id"], other, 1_000_000, 6)
        assert (answer["status"], answer["rule"]) == (422, "product_not_for_borrower")
        assert answer["figures"]["product"] == other
        assert answer["figures"]["borrower_kind"] == kind
        assert f"{other} (terms/products/{other}_2024.yaml)" in answer["detail"]
        assert kind in answer["detail"]


def test_nothing_is_bought_with_a_product_of_the_other_kind(platform):
    asked = {"line_id": line(platform)["line_id"], "merchant": "Tea (example)", "merchant_reference": "1", "product": "pay_later"}
    status, answer = platform.ask("buy", **asked, principal_fen=30_000, installment_count=3, total_fen=40_000)
    assert (status, answer["rule"]) == (422, "product_not_for_borrower")


def test_terms_that_name_no_borrowers_are_for_any(platform):
    platform.today = dt.date(2024, 3, 29)
    found = line(platform)["line_id"]
    assert {each["product"] for each in platform.look("offers", found)[1]["offers"]} == {"small_business_loan", "cash_loan"}
    assert "quote_id" in quoted(platform, found, "cash_loan", 1_000_000, 6)


def test_a_person_is_offered_loans_of_3_6_12_and_24_months(platform):
    found = platform.look("offers", platform.line()["line_id"], product="cash_loan", amount_fen="500000")[1]["offers"]
    assert [each["installment_count"] for each in found] == [3, 6, 12, 24]
    assert all(each["total_fen"] > 500_000 and float(each["all_in_nominal"]) <= 0.24 for each in found)
