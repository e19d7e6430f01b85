"""One small world for all tests of this room."""

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
