"""Mandates: what a file may say, and the words for everything it may not."""

import pytest

from loanbook.errors import TermsError
from loanbook.terms.catalogue import products_in
from loanbook.terms.mandate import (
    MODEL_BOUNDS,
    MODELS,
    PROVINCES,
    SHARES_WHOLE,
    SHIPPED,
    Component,
    Stage,
    mandates_in_force,
)
from loanbook.terms.mandate_file import mandates_in, parse_mandate
from loanbook.terms.product import text_hash
from loanbook.terms.vehicle_file import vehicles_in
from loanbook.units import day, rate

HERON = (SHIPPED / "heron_bank_guaranteed.yaml").read_text(encoding="utf-8")
LIGHT = (SHIPPED / "harbour_bank_light.yaml").read_text(encoding="utf-8")
JOINT = (SHIPPED / "meadow_bank_joint.yaml").read_text(encoding="utf-8")
REFERRAL = (SHIPPED / "saffron_bank_referral.yaml").read_text(encoding="utf-8")
PRODUCTS = tuple(sorted({product.code for product in products_in()}))

SPECIMENS = [
    (HERON, "title: ", "titel: ", "a mandate has no setting 'titel'. Did you mean title?"),
    (HERON, "partner: heron_bank\n", "", "a mandate needs 'partner'."),
    (
        HERON,
        "partner: heron_bank",
        "partner: heron",
        "partner must be one of heron_bank, lantern_guarantee, platform, not 'heron'.",
    ),
    (HERON, "mandate: heron", "mandate: Heron ", "mandate must be lower-case letters, digits and _"),
    (HERON, "source: Loanbook example terms, version 1", "source: ''", "source is empty."),
    (HERON, "model: capital_heavy", "model: capital_heav", "not 'capital_heav'. Did you mean capital_heavy?"),
    (HERON, "source:", "effective_until: 2022-12-31\nsource:", "effective_until lies before effective_from (2023-01-01)."),
    (HERON, "currency: CNY", "currency: yuan", "currency must be an ISO 4217 code, e.g. CNY; got 'yuan'."),
    (HERON, "[cash_loan]", "[cash_lone]", "not 'cash_lone'. Did you mean cash_loan?"),
    (HERON, "[cash_loan]", "[cash_loan, cash_loan]", "products must be a list without repetition"),
    (HERON, "[3, 6, 12, 24]", "[6, 3]", "installments must be different numbers in ascending order."),
    (HERON, "[3, 6, 12, 24]", "[0]", "installments must lie between 1 and 600; got 0."),
    (HERON, "least: 500.00", "least: 500.001", "amount.least must be a number of at most 2 decimals; got '500.001'."),
    (HERON, "least: 500.00", "least: 0", "amount.least must be an amount of 0.01 to"),
    (HERON, "least: 500.00", "least: 100000.01", "amount.least exceeds amount.most (100000.00). Swap them."),
    (HERON, "most: 0.24", "most: 24", "rate_annual.most must be a fraction of one per year from 0 to 1; got 24."),
    (HERON, "{least: 0.10, most", "{least: 0.25, most", "rate_annual.least exceeds rate_annual.most (0.24). Swap them."),
    (HERON, "[consumer]", "[consumers]", "not 'consumers'. Did you mean consumer?"),
    (HERON, "[A, B, C, D]", "[A, B!, C]", "grades must be grades of a strategy, e.g. A; got 'B!'."),
    (HERON, "provinces: all", "provinces: [bejing]", "not 'bejing'. Did you mean beijing?"),
    (HERON, "provinces: all", "provinces: everywhere", "provinces must be one of anhui, "),
    (HERON, "provinces: all", "provinces: {without: [tibet]}", "provinces has no setting 'without'. Known: except."),
    (HERON, "age: {least: 22, most: 55}", "age: {least: 55, most: 22}", "age.most must lie between 55 and 120; got 22."),
    (HERON, "coupon_annual: 0.065", "coupon_annual: 6.5", "price.coupon_annual must be a fraction of one per year"),
    (HERON, "{coupon_annual: 0.065}", "{coupon_annual: 0.065, funding_cost_annual: 0.04}", "they fund nothing here. Remove it."),
    (HERON, "day: 30000000.00", "day: 3000000000.00", "quota.day exceeds quota.total (2000000000.00)."),
    (HERON, "day: 30000000.00", "day: -1", "quota.day must be an amount of 0.01 to"),
    (HERON, "province: 0.30", "province: 1.5", "concentration.province must be a fraction from 0 to 1; got 1.5."),
    (HERON, "province: 0.30", "province: 0", "concentration.province leaves no room at all."),
    (HERON, "guarantor: lantern_guarantee", "guarantor: lantern", "guarantee.guarantor must be one of heron_bank, "),
    (HERON, "compensation_dpd: 60", "compensation_dpd: 0", "guarantee.compensation_dpd must lie between 1 and 3,650; got 0."),
    (HERON, "cap: 0.10", "cap: 10", "guarantee.cap must be a fraction from 0 to 1; got 10."),
    (HERON, "every: business_day", "every: day", "settlement.every must be one of business_day, week, month, not 'day'."),
    (HERON, "calendar: china_interbank", "calendar: mars", "settlement.calendar must be one of "),
    (HERON, "expires_seconds: 86400", "expires_seconds: 4", "a reservation would expire before the partner answers (5 s)."),
    (HERON, "lender: bank", "lender: banks", "lender must be one of bank, "),
    (
        HERON,
        "{consolidated: false, lender: bank}",
        "{consolidated: false}",
        "vehicle heron_bank lends 100.0000% of each loan. Write its",
    ),
    (HERON, "platform: {consolidated: true}", "platform: {consolidated: true, lender: trust}", "vehicle platform lends nothing."),
    (HERON, "platform: {consolidated: true}", "platform: {consolidated: yes}", "consolidated must be true or false"),
    (HERON, "principal: {heron_bank: 1}", "principal: {heron_bank: 0.9}", "add up to 0.900000. They must add up to 1."),
    (HERON, "principal: {heron_bank: 1}", "principal: {heron_bnk: 1}", "has no setting 'heron_bnk'. Did you mean heron_bank?"),
    (HERON, "principal: {heron_bank: 1}", "principal: {heron_bank: 0.9999999}", "must be a number of at most 6 decimals"),
    (HERON, "    interest: {heron_bank: 1}\n", "", "funding.origination needs 'interest'."),
    (
        HERON,
        "loss: {lantern_guarantee: 1}",
        "loss: {heron_bank: 1}",
        "model capital_heavy means that consolidated vehicles hold some part of loss at origination; here they hold 0.0000%.",
    ),
    (LIGHT, "loss: {harbour_bank: 1}", "loss: {platform: 1}", "hold nothing of loss at origination; here they hold 100.0000%."),
    (LIGHT, "principal: {harbour_bank: 1}", "principal: {platform: 1}", "hold nothing of principal at origination"),
    (LIGHT, "model: capital_light", "model: on_balance_sheet", "hold some part of principal at origination"),
    (LIGHT, "model: capital_light", "model: capital_light\ninvestigation_report: true", "is handed over under model referral."),
    (LIGHT, "funding:\n", "guarantee: {guarantor: platform, compensation_dpd: 60}\nfunding:\n", "Write funding.compensation."),
    (
        LIGHT.replace("model: capital_light", "model: capital_heavy"),
        "loss: {harbour_bank: 1}",
        "loss: {platform: 1}",
        "our vehicles bear losses of loans that they do not fund: that needs a guarantee.",
    ),
    (
        JOINT,
        "loss: {meadow_bank: 0.7, lantern_micro_lending: 0.3}",
        "loss: {meadow_bank: 0.9, lantern_micro_lending: 0.1}",
        "our vehicles fund 30.0000% of each loan and bear 10.0000% of its loss.",
    ),
    (REFERRAL, "share: 0.026", "share: 0.026, amount: 5.00", "a fee needs either share (of the principal) or amount (a loan)."),
    (REFERRAL, "share: 0.026", "shares: 0.026", "a fee has no setting 'shares'. Did you mean share?"),
    (REFERRAL, "payee: platform", "payee: saffron_bank", "saffron_bank would pay itself. Name two vehicles."),
    (REFERRAL, "share: 0.026", "amount: 10000.01", "a fee's amount must be an amount of 0.01 to 10,000.00"),
    (REFERRAL, "fee: {saffron_bank: 1}", "fee: {platform: 1}", "hold nothing of fee at origination"),
    (REFERRAL, "[shanghai,", "&east [shanghai,", "anchors and aliases are not allowed."),
]


@pytest.mark.parametrize(("text", "old", "new", "words"), SPECIMENS)
def test_a_wrong_mandate_is_refused_with_its_line(text, old, new, words):
    assert old in text
    with pytest.raises(TermsError, match=r"^terms/made_up\.yaml:\d+: ") as caught:
        parse_mandate(text.replace(old, new, 1), "terms/made_up.yaml", PRODUCTS)
    assert words in str(caught.value)


def test_a_message_points_at_the_line_of_the_value():
    with pytest.raises(TermsError) as caught:
        parse_mandate(HERON.replace("cap: 0.10", "cap: 10"), "made_up.yaml")
    line = next(number for number, words in enumerate(HERON.splitlines(), 1) if words.startswith("guarantee:"))
    assert str(caught.value).startswith(f"made_up.yaml:{line}: ")


def test_shipped_mandates_cover_every_model_and_one_joint_loan():
    found = mandates_in(products=PRODUCTS)
    assert {mandate.model for mandate in found} == set(MODELS) == set(MODEL_BOUNDS)
    joint = [mandate for mandate in found if mandate.is_joint]
    assert [mandate.consolidated_ppm(Component.PRINCIPAL) / SHARES_WHOLE for mandate in joint] == [0.3]
    assert [mandate.code for mandate in joint] == ["meadow_bank_joint"]
    assert all("(example)" in mandate.title for mandate in found)


def test_what_a_mandate_says_of_a_vehicle_is_what_its_terms_say():
    terms = {vehicle.code: vehicle for vehicle in vehicles_in()}
    shared = [holder for mandate in mandates_in() for holder in mandate.holders if holder.vehicle in terms]
    assert shared
    assert all(holder.consolidated == terms[holder.vehicle].consolidated for holder in shared)


def test_a_mandate_is_its_file():
    heron = parse_mandate(HERON, "heron.yaml")
    assert heron.hash == text_hash(HERON)
    assert heron.eligibility.amount_least_fen == 50_000
    assert heron.eligibility.provinces == PROVINCES
    assert heron.eligibility.ages == (22, 55)
    assert heron.coupon_annual == rate("0.065")
    assert heron.concentration.province_fen == 60_000_000_000
    assert heron.vehicles == ("heron_bank", "lantern_guarantee", "platform")
    assert heron.lenders == ("bank",)
    assert heron.funding[Stage.ORIGINATION][Component.FEE] == (0, 400_000, 600_000)
    assert heron.funding[Stage.COMPENSATION][Component.PRINCIPAL] == (0, SHARES_WHOLE, 0)


def test_a_territory_may_be_all_but_some():
    heron = parse_mandate(HERON.replace("provinces: all", "provinces: {except: [tibet, xinjiang]}"), "heron.yaml")
    assert set(PROVINCES) - set(heron.eligibility.provinces) == {"tibet", "xinjiang"}


def test_two_versions_from_one_day_are_refused(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(HERON, encoding="utf-8")
    with pytest.raises(TermsError, match=r"b\.yaml:1: heron_bank_guaranteed already has terms from that day in .*a\.yaml"):
        mandates_in(tmp_path)


def test_the_newest_version_holds_and_an_ended_one_is_out(tmp_path):
    (tmp_path / "a.yaml").write_text(HERON, encoding="utf-8")
    later = HERON.replace("effective_from: 2023-01-01", "effective_from: 2024-01-01\neffective_until: 2024-12-31")
    (tmp_path / "b.yaml").write_text(later, encoding="utf-8")
    found = mandates_in(tmp_path)
    in_force = [
        [mandate.hash for mandate in mandates_in_force(found, day(on))] for on in ("2022-12-31", "2023-12-31", "2024-12-31")
    ]
    assert in_force == [[], [text_hash(HERON)], [text_hash(later)]]
    assert mandates_in_force(found, day("2025-01-01")) == ()


def test_a_mandate_has_few_fees():
    fee = "  - {name: referral, payer: saffron_bank, payee: platform, share: 0.026}\n"
    many = "".join(fee.replace("referral", f"fee_{number}").replace("0.026", "0.001") for number in range(7))
    assert fee in REFERRAL
    with pytest.raises(TermsError, match="a mandate has at most 6 fees; got 7"):
        parse_mandate(REFERRAL.replace(fee, many), "made_up.yaml")
