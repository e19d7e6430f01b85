"""The worlds that the tests of this room share: a small one, and the demonstration's own."""

import pytest

from loanbook.simulator.telling import tables
from loanbook.simulator.world import World, world

SEED = 7
LOANS = 6_000


@pytest.fixture(scope="session")
def small_world() -> World:
    """A world of LOANS loans."""
    return world(SEED, LOANS)


@pytest.fixture(scope="session")
def told(small_world):
    """Its events."""
    return tables(small_world)


@pytest.fixture(scope="session")
def demo_world() -> World:
    """The world of `loanbook demo`."""
    return world()
