"""The synthetic releases: what they say of themselves is what stands in them."""

from decimal import Decimal

import pytest

from tests.tieout.releases import TEMPLATES, Release


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_of_a_release_names_the_characters_of_its_figures(template, seed: int) -> None:  # type: ignore[no-untyped-def]
    release: Release = template(seed)
    assert release.text == template(seed).text
    ends = [0]
    for truth in release.truths:
        assert release.text[truth.start : truth.end] == truth.text
        assert truth.start >= ends[-1]
        ends.append(truth.end)
        digits = "".join(each for each in truth.text if each.isdigit())
        assert Decimal(digits) * truth.step == abs(truth.value)


def test_two_seeds_are_two_companies() -> None:
    assert TEMPLATES[0](1).text != TEMPLATES[0](2).text
