"""The settings' own words: their examples are read, their defaults hold, their limits are those of the reader."""

from dataclasses import replace

import pytest
from tests.terms.test_combinations import CASH_LOAN, changed

from loanbook.errors import TermsError
from loanbook.terms.product_file import parse_product
from loanbook.terms.setting import Form
from loanbook.terms.settings import BLOCKS, GROUPS, NAMES, SETTINGS

WITH_DEFAULT = [s for s in SETTINGS.values() if (s.words and not s.needed) or s.form in (Form.COUNT, Form.FLAG)]
LIMITED = [s for s in SETTINGS.values() if s.form is Form.COUNT]


def written(setting, value) -> str:
    block, _, inner = setting.name.rpartition(".")
    return f"{block}: {{{inner}: {value}}}" if block else f"{inner}: {value}"


def bare(name: str) -> str:
    """The cash loan without a top-level setting."""
    return "\n".join(line for line in CASH_LOAN.splitlines() if not line.startswith(f"{name}:")) + "\n"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_an_example_is_read(setting):
    assert setting.name.partition(".")[0] in setting.example
    assert parse_product(changed(setting.example.splitlines()), "made_up.yaml").code == "cash_loan"


@pytest.mark.parametrize("setting", WITH_DEFAULT, ids=lambda setting: setting.name)
def test_the_default_is_what_holds_where_a_setting_is_left_out(setting):
    default = setting.default.name.lower() if setting.words else str(setting.default).lower()
    top = setting.name.partition(".")[0]
    left_out = replace(parse_product(bare(top), "made_up.yaml"), hash="")
    stated = parse_product(bare(top) + written(setting, default) + "\n", "made_up.yaml")
    assert replace(stated, hash="") == left_out


@pytest.mark.parametrize("setting", LIMITED, ids=lambda setting: setting.name)
def test_a_whole_number_beyond_its_limits_is_refused(setting):
    for beyond in (setting.least - 1, setting.most + 1):
        with pytest.raises(TermsError, match=f"{setting.name} must lie between {setting.least:,} and {setting.most:,}"):
            parse_product(changed([written(setting, beyond)]), "made_up.yaml")


def test_every_setting_says_what_it_means_and_is_listed_once():
    assert all(setting.text.endswith(".") and len(setting.text) > 5 for setting in SETTINGS.values())
    assert sum(len(group) for _, group in GROUPS) == len(SETTINGS)
    assert set(BLOCKS) < set(NAMES)
