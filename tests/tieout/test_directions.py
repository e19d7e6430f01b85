"""One vocabulary of directions: what reading calls a rise or a fall, relating and findings call so, too."""

import re

import pytest

from loanbook.tieout.directions import DIRECTION, FALL, RISE, is_down
from loanbook.tieout.relate.direction_words import WHOLE, opposite

WORDS = (
    *WHOLE,
    "increase",
    "increased",
    "decreasing",
    "up",
    "down",
    "higher",
    "lower",
    "grew",
    "fell",
    "rose",
    "narrowed",
    "worsened",
    "plunged",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_has_one_direction_and_its_opposite_the_other(word):
    assert DIRECTION.fullmatch(word)
    assert (re.fullmatch(RISE, word) is None) == is_down(word) == (re.fullmatch(FALL, word) is not None)
    assert DIRECTION.fullmatch(opposite(word))
    assert is_down(opposite(word)) != is_down(word)


def test_a_text_without_a_word_of_direction_points_nowhere():
    assert not is_down(None)
    assert not is_down("unchanged")
