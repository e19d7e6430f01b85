"""Strategies by code and day: the version in force when an application is decided."""

from itertools import pairwise
from pathlib import Path

from loanbook.errors import RequestError, TermsError
from loanbook.terms.strategy import Strategy
from loanbook.terms.strategy_file import read_strategy
from loanbook.units import date

SHIPPED = Path(__file__).parent / "strategies"
"""Example strategies that come with the package; made up, and one for each kind of borrower."""


def strategies_in(folder: Path = SHIPPED) -> tuple[Strategy, ...]:
    """All versions of all strategies in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, or two versions of a strategy that start on one day
    """
    found = sorted(
        (read_strategy(path, f"terms/{folder.name}/{path.name}") for path in folder.glob("*.yaml")),
        key=lambda strategy: (strategy.code, strategy.effective_from, strategy.place),
    )
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(
                f"{later.place}:1: {later.code} already has a strategy from that day in {earlier.place}. Change one date."
            )
    return tuple(found)


def strategy_in_force(strategies: tuple[Strategy, ...], code: str, on: int) -> Strategy:
    """The version of a strategy in force on a day.

    raises   RequestError when there is no such strategy, or none that early
    """
    versions = [strategy for strategy in strategies if strategy.code == code]
    if not versions:
        known = ", ".join(sorted({strategy.code for strategy in strategies})) or "none"
        raise RequestError(f"there is no strategy {code!r}. Known: {known}.")
    current = [strategy for strategy in versions if strategy.effective_from <= on]
    if not current:
        first = min(strategy.effective_from for strategy in versions)
        raise RequestError(f"strategy {code} is not in force on {date(on)}; its first version starts on {date(first)}.")
    return max(current, key=lambda strategy: strategy.effective_from)
