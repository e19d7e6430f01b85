"""Rules of lending: each at its edge, and a refusal that names rule, source and figures."""

from dataclasses import replace

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms import lending_rule as rules_of
from loanbook.terms.lending_rule import FIGURES, SHIPPED, guarantee_room
from loanbook.terms.lending_rule_file import lending_rules_in, read_lending_rules
from loanbook.terms.mandate import Component, Stage
from loanbook.terms.mandate_file import mandates_in
from loanbook.units import day

RULES = lending_rules_in()
ON = day("2026-11-22")
TEXT = (SHIPPED / "china.yaml").read_text(encoding="utf-8")
JOINT = next(mandate for mandate in mandates_in() if mandate.code == "meadow_bank_joint")


def line(limit, kind="consumer", on=ON):
    rules_of.check_line(RULES, on=on, borrower_kind=kind, limit_fen=limit)


def bullet(months, *, at_maturity=True, kind="consumer"):
    rules_of.check_loan(RULES, on=ON, borrower_kind=kind, months=months, at_maturity=at_maturity)


def disbursed(amount, on=ON):
    rules_of.check_disbursement(RULES, on=on, principal_fen=500_000, disbursed_fen=amount)


def guaranteed(amount, net_assets=100, *, small=False):
    _figures("guarantor", {"guaranteed": amount, "net_assets": net_assets}, mainly_small_business="true" if small else "false")


def owing(bank, bonds, net_assets=100):
    _figures("micro_lender", {"non_standard_debt": bank, "standardised_debt": bonds, "net_assets": net_assets})


def _figures(subject, figures, **conditions):
    rules_of.check(RULES, subject, on=ON, figures=figures, conditions=conditions)


def joint(own):
    principal = tuple(own if holder.consolidated and holder.lender else 0 for holder in JOINT.holders)
    principal = tuple(
        1_000_000 - own if holder.vehicle == "meadow_bank" else share
        for holder, share in zip(JOINT.holders, principal, strict=True)
    )
    origination = JOINT.funding[Stage.ORIGINATION]
    funding = {Stage.ORIGINATION: (principal, *origination[1:])}
    mandate = replace(JOINT, funding=funding)
    assert mandate.consolidated_ppm(Component.PRINCIPAL) == own
    rules_of.check_funding(RULES, mandate, on=ON, until=ON)


ALLOWED = [
    lambda: line(20_000_000),
    lambda: line(20_000_001, kind="small_business"),
    lambda: line(20_000_001, on=day("2020-07-11")),
    lambda: bullet(12),
    lambda: bullet(36, at_maturity=False),
    lambda: bullet(24, kind="small_business"),
    lambda: disbursed(500_000),
    lambda: disbursed(1, on=day("2017-11-30")),
    lambda: guaranteed(1_000),
    lambda: guaranteed(1_500, small=True),
    lambda: guaranteed(0, net_assets=0),
    lambda: owing(100, 400),
    lambda: joint(300_000),
    lambda: joint(700_000),
    lambda: joint(1_000_000),
    lambda: joint(0),
]
REFUSED = [
    (lambda: line(20_000_001), RequestError, "line: limit is 200,000.01 and must be at most 200,000.00", "Order (2020) No. 9"),
    (lambda: bullet(13), RequestError, "loan: months is 13 months and must be at most 12 months", "Order (2020) No. 9"),
    (
        lambda: disbursed(499_999),
        RequestError,
        "disbursed is 4,999.99 and must be exactly 1 x principal (5,000.00) = 5,000.00",
        "Civil Code (2020), article 670",
    ),
    (lambda: disbursed(500_001), RequestError, "disbursed is 5,000.01 and must be exactly", "Civil Code"),
    (lambda: disbursed(499_999, on=day("2020-12-31")), RequestError, "must be exactly", "(2017) No. 141"),
    (
        lambda: guaranteed(1_001),
        RequestError,
        "guaranteed is 10.01 and must be at most 10 x net assets (1.00) = 10.00",
        "Decree (2017) No. 683, article 15",
    ),
    (lambda: guaranteed(1_501, small=True), RequestError, "at most 15 x net assets (1.00) = 15.00", "No. 683"),
    (lambda: guaranteed(0, net_assets=-1), RequestError, "at most 10 x net assets (-0.01) = -0.10", "No. 683"),
    (lambda: owing(101, 400), RequestError, "non standard debt is 1.01 and must be at most 1 x net assets (1.00)", "No. 86"),
    (lambda: owing(100, 401), RequestError, "standardised debt is 4.01 and must be at most 4 x net assets (1.00)", "No. 86"),
    (lambda: joint(700_001), RequestError, "funding: partner share is 29.9999% and must be at least 30.0000%", "(2021) No. 24"),
    (lambda: joint(299_999), RequestError, "funding: own share is 29.9999% and must be at least 30.0000%", "(2021) No. 24"),
]


@pytest.mark.parametrize("call", ALLOWED)
def test_what_the_rules_allow(call):
    call()


@pytest.mark.parametrize(("call", "error", "words", "source"), REFUSED)
def test_a_refusal_names_figures_rule_and_source(call, error, words, source):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
    assert source in str(caught.value)
    assert "terms/lending_rules/china.yaml:" in str(caught.value)


def test_every_broken_rule_is_named():
    with pytest.raises(RequestError) as caught:
        owing(101, 401)
    assert str(caught.value).count("terms/lending_rules/china.yaml:") == 2


def test_a_mandate_is_held_to_rules_that_begin_while_it_runs():
    begins = day("2022-01-01")
    principal = tuple(
        {"meadow_bank": 100_000, "lantern_micro_lending": 900_000}.get(holder.vehicle, 0) for holder in JOINT.holders
    )
    mandate = replace(JOINT, funding={Stage.ORIGINATION: (principal, *JOINT.funding[Stage.ORIGINATION][1:])})
    rules_of.check_funding(RULES, mandate, on=begins - 30, until=begins - 1)
    with pytest.raises(RequestError, match=r"at least 30\.0000% on 2022-01-01"):
        rules_of.check_funding(RULES, mandate, on=begins - 30, until=begins)


def test_every_subject_has_a_rule_and_every_rule_a_source():
    assert {rule.subject for rule in RULES} == set(FIGURES)
    assert all(rule.source for rule in RULES)


@pytest.mark.parametrize(
    ("guaranteed_fen", "net_assets", "room"), [(0, 100, 1_000), (999, 100, 1), (1_200, 100, -200), (0, -5, -50)]
)
def test_the_room_of_a_guarantor_is_what_the_rule_leaves(guaranteed_fen, net_assets, room):
    found = guarantee_room(RULES, on=ON, guaranteed_fen=guaranteed_fen, net_assets_fen=net_assets, mainly_small_business=False)
    assert found == room
    if room >= 0:
        guaranteed(guaranteed_fen + room, net_assets)
        with pytest.raises(RequestError):
            guaranteed(guaranteed_fen + room + 1, net_assets)


def test_before_the_rule_there_is_no_bound():
    on = day("2017-09-30")
    assert guarantee_room(RULES, on=on, guaranteed_fen=0, net_assets_fen=1, mainly_small_business=False) is None


SPECIMENS = [
    ("subject: line", "subject: lines", "not 'lines'. Did you mean line?"),
    ("figure: limit", "figure: principal", "figure must be one of limit, not 'principal'."),
    ("    most: 200000.00\n", "", "a lending rule needs least, most, or both."),
    ("most: 200000.00", "most: plenty", "most must be a number of at most 2 decimals; got 'plenty'."),
    ("where: {borrower_kind: consumer}", "where: {kind: consumer}", "where (subject line) has no setting 'kind'."),
    ("where: {borrower_kind: consumer}", "where: {borrower_kind: people}", "borrower_kind must be one of consumer, "),
    ("where: {borrower_kind: consumer}", "where: {borrower_kind: true}", "borrower_kind must be one of consumer, "),
    ("of: net_assets", "of: guaranteed", "of must be one of net_assets, not 'guaranteed'."),
    ("    least: 1\n    most: 1", "    least: 2\n    most: 1", "least exceeds most (1). Swap them."),
    ("effective_until: 2020-12-31", "effective_until: 2016-12-31", "effective_until lies before effective_from (2017-12-01)."),
    ("effective_until: 2020-12-31", "effective_until: 2021-01-01", "no_upfront_deduction is in force already by "),
    ("rule: personal_line", "rule: Personal line", "rule must be lower-case letters, digits and _"),
    ("source: Civil Code (2020), article 670", "source: ''", "source is empty."),
]


@pytest.mark.parametrize(("old", "new", "words"), SPECIMENS)
def test_a_wrong_rule_is_refused_with_its_line(tmp_path, old, new, words):
    assert old in TEXT
    path = tmp_path / "made_up.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TermsError, match=r"made_up\.yaml:\d+: ") as caught:
        lending_rules_in(tmp_path)
    assert words in str(caught.value)


def test_one_file_can_be_read():
    found = read_lending_rules(SHIPPED / "china.yaml", "terms/lending_rules/china.yaml")
    assert found == tuple(rule for rule in RULES if "china.yaml" in rule.place)
    assert len(found) == len(RULES) - 1


def test_arrears_of_a_borrower_at_the_edge():
    assert rules_of.arrears_breach(RULES, on=ON, days_past_due=0) is None
    breach = rules_of.arrears_breach(RULES, on=ON, days_past_due=1)
    assert (breach.rule.rule, breach.rule.most) == ("arrears", 0)
    assert "days past due is 1 days and must be at most 0 days on 2026-11-22" in breach.words
