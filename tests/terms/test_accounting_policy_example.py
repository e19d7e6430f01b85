"""The example of the reader's own page: every setting, and it can be read."""

import ast
import inspect
from dataclasses import replace

from loanbook.terms import accounting_policy
from loanbook.terms.accounting_policy import load_policies, parse_policy
from loanbook.terms.conventions import Model
from loanbook.units import day

EXAMPLE = (accounting_policy.__doc__ or "").partition("\n\n")[2]


def test_the_example_can_be_read():
    policy = parse_policy(EXAMPLE, "example")
    assert policy.low_risk_ppm == 10_000
    assert policy.models[Model.ON_BALANCE_SHEET].loss_overlay_ppm == 1_200_000


def test_the_example_assumes_what_the_shipped_policy_assumes():
    shown, shipped = parse_policy(EXAMPLE, "example").prior, load_policies("platform", day("2024-12-31"))[-1].prior
    assert replace(shown, source="") == replace(shipped, source="")


def test_the_example_shows_every_setting_that_the_reader_knows():
    tree = ast.parse(inspect.getsource(accounting_policy))
    known = set()
    for node in ast.walk(tree):
        named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
            "names",
            "losses_names",
            "days",
            "months",
            "risks",
            "_SHARES",
            "_DAYS",
            "_ACCRUALS",
        )
        if named:
            known |= {
                part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
    known |= {"accrual_return", "lender_rate_annual", "loss_overlay", *(model.name.lower() for model in Model)}
    assert {name for name in known if f"{name}:" not in EXAMPLE} == set()
