"""Splitting one amount in proportion to weights, to the last fen."""

from collections.abc import Sequence


def pro_rata(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Parts of an amount in proportion to weights; the fen that rounding leaves go to the largest remainders.

    amount_fen   >= 0
    weights      >= 0, in an order that never changes (the order of the terms): equal remainders go to the earlier one
    returns      parts that sum to the amount; with an amount of at most the sum of weights none exceeds its weight
    raises       ValueError for a negative number, or an amount with nobody to take it
    """
    whole = sum(weights)
    if amount_fen < 0 or any(weight < 0 for weight in weights):
        raise ValueError("an amount and its weights must not be negative")
    if amount_fen == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError(f"{amount_fen} fen cannot be split: all weights are zero")
    parts = [amount_fen * weight // whole for weight in weights]
    left = amount_fen - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(amount_fen * weights[place] % whole), place))
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts
