"""Rules of lending where they bite: shipped mandates, proposed mandates, the table of a day, and what a loan is paid out with."""

from dataclasses import replace
from pathlib import Path

import pytest

import loanbook.terms
from loanbook.errors import TermsError
from loanbook.services import platform_terms as loading
from loanbook.services.platform_terms import check_mandates, platform_terms
from loanbook.terms.mandate_file import mandates_in
from loanbook.units import day
from tests.online.platform import TERMS, Platform
from tests.online.two_persons import RISK, hire

FILE = Path(loanbook.terms.__file__).parent / "mandates" / "meadow_bank_joint.yaml"
TEXT = FILE.read_text(encoding="utf-8")
LITTLE = TEXT.replace("meadow_bank: 0.7, lantern_micro_lending: 0.3", "meadow_bank: 0.1, lantern_micro_lending: 0.9")
"""The bank funds a tenth of each loan."""
WORDS = "partner share is 10.0000% and must be at least 30.0000% on"
SOURCE = "Yin Bao Jian Ban Fa (2021) No. 24, item 2; terms/lending_rules/china.yaml:"


def _little(tmp_path, **changes):
    text = LITTLE
    for old, new in changes.values():
        text = text.replace(old, new)
    (tmp_path / FILE.name).write_text(text, encoding="utf-8")
    return mandates_in(tmp_path)


def test_shipped_mandates_that_break_a_rule_do_not_start(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "mandates_in", lambda products: _little(tmp_path))
    with pytest.raises(TermsError) as caught:
        platform_terms()
    assert "meadow_bank_joint.yaml: meadow_bank_joint: funding: " + WORDS + " 2023-01-01" in str(caught.value)
    assert SOURCE in str(caught.value)


def test_a_version_is_held_to_the_rules_of_its_own_days(tmp_path):
    (early,) = _little(tmp_path, begins=("effective_from: 2023-01-01", "effective_from: 2021-01-01"))
    with pytest.raises(TermsError, match="2022-01-01"):
        check_mandates([early], TERMS.lending_rules)
    check_mandates([replace(early, effective_until=day("2021-12-31"))], TERMS.lending_rules)
    shipped = next(mandate for mandate in TERMS.mandates if mandate.code == early.code)
    check_mandates([replace(shipped, effective_from=day("2022-01-01")), early], TERMS.lending_rules)
    with pytest.raises(TermsError, match="2022-01-01"):
        check_mandates([shipped, early], TERMS.lending_rules)


def test_a_mandate_that_a_later_rule_forbids_takes_no_loans(tmp_path):
    (early,) = _little(tmp_path, begins=("effective_from: 2023-01-01", "effective_from: 2021-01-01"))
    others = [mandate for mandate in TERMS.mandates if mandate.code != early.code]
    terms = replace(TERMS, mandates=(*others, early))
    before, after = (terms.mandate_table(day(text)).numbers for text in ("2021-12-31", "2022-01-01"))
    assert early.code in before
    assert early.code not in after


@pytest.fixture
def platform(tx, vault):
    made = Platform(tx, vault)
    hire(made)
    return made


def test_a_mandate_that_breaks_a_rule_is_refused_when_it_is_proposed(platform):
    begins = ("effective_from: 2023-01-01", "effective_from: 2030-01-01")
    body = {"kind": "terms", "subject": "meadow_bank_joint", "reason": "r"}
    status, problem = platform.ask("propose", caller=RISK, content={"kind": "mandate", "text": LITTLE.replace(*begins)}, **body)
    assert (status, problem["rule"]) == (422, "terms_not_valid")
    assert WORDS + " 2030-01-01" in problem["detail"]
    assert SOURCE in problem["detail"]
    status, _ = platform.ask("propose", caller=RISK, content={"kind": "mandate", "text": TEXT.replace(*begins)}, **body)
    assert status == 201


def test_what_is_paid_out_is_the_whole_principal(platform):
    _, drawn = platform.loan(platform.line()["line_id"])
    loan_id = drawn["loan_id"]
    platform.done("answer_offer", loan_id=loan_id, decision="accept")
    body = {"loan_id": loan_id, "provider_reference": "out-1", "disbursed_on": platform.today}
    for amount in (499_999, 500_001):
        status, problem = platform.ask("disburse", **body, amount_fen=amount)
        assert (status, problem["rule"]) == (422, "lending_rule")
        assert problem["figures"] == {"principal_fen": 500_000, "amount_fen": amount}
        assert "must be exactly 1 x principal (5,000.00) = 5,000.00" in problem["detail"]
        assert "Civil Code (2020), article 670; terms/lending_rules/china.yaml:" in problem["detail"]
    assert platform.look("loan", loan_id)[1]["state"] == "confirmed"
    assert platform.done("disburse", **body, amount_fen=500_000)["state"] == "disbursed"
