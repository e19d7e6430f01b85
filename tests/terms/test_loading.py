"""A terms file is read once however often it is asked for, under each name; a long text is not kept."""

import pytest

from loanbook.errors import TermsError
from loanbook.terms import loading
from loanbook.terms.loading import KEPT_MAX, parse_located


def test_the_same_text_is_read_once_and_another_again():
    first = parse_located("rate: 0.2\n", "a.yaml")
    assert parse_located("rate: 0.2\n", "a.yaml") is first
    assert parse_located("rate: 0.3\n", "a.yaml").fields("it", ["rate"])["rate"].value == "0.3"
    assert parse_located("rate: 0.2\n", "b.yaml").place == "b.yaml:1"


def test_who_takes_names_out_of_a_text_takes_them_out_of_a_copy():
    parse_located("rate: 0.2\n", "a.yaml").names("it").clear()
    assert parse_located("rate: 0.2\n", "a.yaml").names("it").keys() == {"rate"}


def test_a_long_text_is_read_each_time():
    text = "words: " + "x" * KEPT_MAX + "\n"
    held = loading._kept.cache_info().currsize
    assert parse_located(text, "a.yaml") is not parse_located(text, "a.yaml")
    assert loading._kept.cache_info().currsize == held


def test_a_wrong_text_is_told_each_time():
    for _ in range(2):
        with pytest.raises(TermsError, match=r"a\.yaml:1: anchors"):
            parse_located("rate: &here 0.2\n", "a.yaml")
