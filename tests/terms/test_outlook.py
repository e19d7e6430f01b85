"""Outlooks are read whole or refused with the place and what to write."""

import pytest

from loanbook.errors import TermsError
from loanbook.terms.outlook import outlook_on, outlooks_in, parse_outlook
from loanbook.units import day

GOOD = """outlook: consumer
title: t
effective_from: 2024-01-01
source: s
scenarios:
  - {name: base, weight: 0.75, supportable_months: 2, reversion: immediate, miss: [1.1, 1.2]}
  - {name: worse, weight: 0.25, supportable_months: 2, reversion: straight_line, reversion_months: 3, miss: 1.4, recoveries: 0.8}
"""


def test_paths_are_the_supportable_months_and_the_way_back():
    base, worse = parse_outlook(GOOD, "o.yaml").scenarios
    assert base.miss == (1_100_000, 1_200_000)
    assert base.recoveries == (1_000_000, 1_000_000)
    assert worse.miss == (1_400_000, 1_400_000, 1_300_000, 1_200_000, 1_100_000)
    assert worse.recoveries == (800_000, 800_000, 850_000, 900_000, 950_000)
    assert (base.weight_ppm, worse.weight_ppm) == (750_000, 250_000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("weight: 0.25", "weight: 0.20"), "weights must sum to 1"),
        (("weight: 0.25", "weight: 1.25"), "between 0 and 1"),
        (("[1.1, 1.2]", "[1.1]"), "each of the 2 supportable months"),
        (("reversion: immediate", "reversion: slow"), "one of straight_line, immediate"),
        (("reversion_months: 3, ", ""), "needs reversion_months"),
        (("reversion: immediate", "reversion: immediate, reversion_months: 2"), "Leave them out"),
        (("miss: 1.4", "miss: -1.4"), "between 0 and 10"),
        (("miss: 1.4", "mis: 1.4"), "Did you mean miss"),
        (("name: worse", "name: base"), "a name of its own"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(change, words):
    with pytest.raises(TermsError, match=words) as error:
        parse_outlook(GOOD.replace(*change), "o.yaml")
    assert str(error.value).startswith("o.yaml:")


def test_shipped_outlooks_are_found_by_day():
    shipped = outlooks_in()
    assert outlook_on(shipped, "consumer", day("2024-09-30")).scenarios[0].name == "base"
    assert outlook_on(shipped, "unchanged", day("2024-09-30")).scenarios[0].miss == ()
    with pytest.raises(TermsError, match="consumer, unchanged"):
        outlook_on(shipped, "mortgage", day("2024-09-30"))


def test_two_versions_of_one_day_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    with pytest.raises(TermsError, match="already has an outlook"):
        outlooks_in(tmp_path)
