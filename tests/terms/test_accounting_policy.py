"""Accounting policies as an accountant writes them: accrual, stages, what is expected before a book shows any loss."""

import re

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.accounting_policy import FOLDER, load_policies, parse_policy
from loanbook.terms.conventions import Model
from loanbook.terms.posting_rule import load_components
from loanbook.units import day

SHIPPED = (FOLDER / "platform.yaml").read_text(encoding="utf-8")


def test_the_shipped_policy_says_how_interest_rests_and_when_risk_has_increased():
    policy = parse_policy(SHIPPED, "platform.yaml")
    own = policy.models[Model.ON_BALANCE_SHEET]
    assert (own.non_accrual_dpd, own.accrual_return, own.accrual_catch_up, own.accrual_reverse) == (60, "below", True, False)
    assert (policy.riskier_relative_ppm, policy.riskier_absolute_ppm, policy.low_risk_ppm) == (3_000_000, 200_000, 0)
    assert (policy.cure_months, policy.cure_default_months) == (3, 3)
    assert policy.prior is not None
    assert policy.prior.falls_behind_ppm == 18_000


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        ("riskier_times: 3", "riskier_times: 0.5", "at least 1 times"),
        ("riskier_by: 0.2", "riskier_by: 20", "between 0 and 1"),
        ("stage_3_dpd: 90", "stage_3_dpd: 30", "stage_2_dpd must lie below stage_3_dpd"),
        ("cure_months: 3", "cure_days: 90", "no setting 'cure_days'. Did you mean cure_months"),
        ("accrual_return: below", "accrual_return: soon", "below"),
        ("accrual_catch_up: true", "accrual_catch_up: 1", "true or false"),
        ("falls_behind: 0.018", "falls_behind: 1.8", "a chance between 0 and 1"),
        ("[0.45, 0.78,", "[0.45,", "one chance for each of 1-30, 31-60, 61-90, 91-120, 121-150, 151-180, 181+; got 6"),
        ("cures: [0.40,", "cures: [0.60,", "of 1-30 more than all moves: 0.45 roll on and 0.6 cure"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_with_its_line(written, instead, words):
    assert SHIPPED.count(written) == 1
    with pytest.raises(TermsError, match=f"platform.yaml:[0-9]+: .*{re.escape(words)}"):
        parse_policy(SHIPPED.replace(written, instead), "platform.yaml")


def test_a_component_is_taken_at_both_closes_or_at_the_one_that_it_names(tmp_path):
    path = tmp_path / "components.csv"
    path.write_text(
        "kind,component,family,columns\nfee_earned,prior,ledger,over_time_by_last_fen@now|-over_time_fen@last|loans\n"
    )
    (component,) = load_components(tmp_path)
    assert component.columns == ((1, 0, "over_time_by_last_fen"), (0, -1, "over_time_fen"), (1, -1, "loans"))
    for columns in ("disbursed_fen@last", "disbursed_fen@then"):
        path.write_text(f"kind,component,family,columns\nmoney_lent,principal,daybook,{columns}\n")
        with pytest.raises(TermsError, match=r"components.csv:2: .*@(last|then) says no close"):
            load_components(tmp_path)


def test_a_folder_without_a_version_in_force_is_named_with_what_to_do(tmp_path):
    with pytest.raises(RequestError) as refused:
        load_policies("platform", day("2024-12-31"), tmp_path)
    assert str(tmp_path) in str(refused.value)
    assert "stands instead of the shipped ones" in str(refused.value)
    with pytest.raises(RequestError, match=r"in force on 2019-12-31 in [^ ]*policies\.$"):
        load_policies("platform", day("2019-12-31"))
