"""Draws are uniform, independent of order, and the same on every machine."""

import numpy as np
import pytest

from loanbook.simulator.draws import Stream, bell, bits, chance, chances, pick

DAY, AMOUNT = int(Stream.DAY), int(Stream.AMOUNT)


def test_a_draw_depends_on_its_address_alone():
    assert [hex(int(bits(1, 0, 0, 0))), hex(int(bits(2, 3, 5, 7)))] == GOLDEN_BITS
    many = chances(9, DAY, 0, 1000)
    assert many[500] == chance(9, DAY, 500, 0)
    assert np.array_equal(chances(9, DAY, 500, 500), many[500:])


def test_neighbouring_seeds_streams_keys_and_numbers_differ():
    drawn = {chance(seed, stream, key, number) for seed in (0, 1) for stream in (0, 1) for key in range(50) for number in (0, 1)}
    assert len(drawn) == 2 * 2 * 50 * 2


@pytest.mark.parametrize("stream", list(Stream))
def test_draws_are_uniform(stream):
    drawn = chances(3, int(stream), 0, 200_000)
    counts = np.histogram(drawn, bins=20, range=(0.0, 1.0))[0]
    expected = drawn.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 50.0  # chi-square, 19 degrees of freedom: beyond 43.8 once in a thousand
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01


def test_bell_draws_are_standard_normal():
    drawn = np.array([bell(3, AMOUNT, key, 0) for key in range(50_000)])
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1.0) < 0.02
    assert abs((np.abs(drawn) > 1.959964).mean() - 0.05) < 0.004


def test_pick_follows_the_shares():
    cumulative = np.cumsum([0.2, 0.5, 0.3])
    assert [pick(cumulative, draw) for draw in (0.0, 0.19, 0.2, 0.69, 0.71, 0.999999)] == [0, 0, 1, 1, 2, 2]


GOLDEN_BITS = ["0xe9f4272ea2a6fa6b", "0x5a3ae7bb9cc1db86"]
"""From the definition in Python integers: see `test_golden_bits_follow_the_definition`."""


def test_golden_bits_follow_the_definition():
    """The finaliser, once more, in unbounded integers."""

    def word(seed: int, stream: int, key: int, number: int) -> int:
        mask = (1 << 64) - 1
        value = seed * 0x9E3779B97F4A7C15 + (stream + 1) * 0xD1B54A32D192ED03
        value = (value + (key + 1) * 0xAEF17502108EF2D9 + (number + 1) * 0xF1357AEA2E62A9C5) & mask
        for _ in range(2):
            value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
            value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
            value ^= value >> 31
        return value

    assert [hex(word(1, 0, 0, 0)), hex(word(2, 3, 5, 7))] == GOLDEN_BITS
