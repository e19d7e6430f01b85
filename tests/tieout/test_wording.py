"""What should have stood there is written as what stands there."""

from dataclasses import replace
from decimal import Decimal

import pytest

from loanbook.tieout.judge.wording import displayed
from loanbook.tieout.spreadsheet import cell_text
from tests.tieout.build import figure


@pytest.mark.parametrize(
    ("text", "step", "value", "shown"),
    [
        ("60,737", "1", "60377", "60,377"),
        ("(2,767)", "1", "-2768", "(2,768)"),
        ("(2,767)", "1", "2768", "2,768"),
        ("3,741", "1", "-3741", "-3,741"),
        ("57%", "1", "56.48", "56%"),
        ("RMB412.6 million", "0.1", "421.6", "RMB421.6 million"),
        ("RMB-213.3 million", "0.1", "-231.3", "RMB-231.3 million"),
        ("RMB-213.3 million", "0.1", "1213.3", "RMB1,213.3 million"),
        ("1.234,5 Mio. €", "0.1", "12345.6", "12.345,6 Mio. €"),
        ("1 234,5", "0.1", "-4321.5", "-4 321,5"),
        ("12,5 %", "0.1", "13.4", "13,4 %"),
        ("1’234", "1", "4321", "4’321"),
        ("1,234-", "1", "-1243", "1,243-"),
        ("△1,234", "1", "-1243", "△1,243"),
        ("$ (1,234)", "1", "-1243", "$ (1,243)"),
        ("0.50", "0.01", "1234.5", "1,234.50"),
        ("-", "1", "12", "12"),
        ("999", "1", "1999", "1,999"),
    ],
)
def test_a_value_is_displayed_as_the_figure_is(text, step, value, shown):
    assert displayed(Decimal(value), replace(figure("0"), text=text, step=Decimal(step))) == shown


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"),
        ("@now", "'@now"),
        ("-1,234.5", "-1,234.5"),
        ("+5%", "+5%"),
        ("Total assets", "Total assets"),
    ],
)
def test_a_spreadsheet_runs_nothing_that_a_document_says(text, safe):
    assert cell_text(text) == safe
