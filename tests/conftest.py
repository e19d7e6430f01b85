"""Every test session has a user's folder of its own; compiled kernels are kept beside the environment between sessions."""

import os
import sys
import tempfile
from pathlib import Path

from hypothesis import settings

os.environ["LOANBOOK_HOME"] = tempfile.mkdtemp(prefix="loanbook-test-")
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(sys.prefix) / "compiled"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Data and oracles that are not part of the repository; tests that need them skip with that reason where the folder is absent."""

settings.register_profile("ci", derandomize=True, deadline=None)
"""CI draws the same examples each time; elsewhere every run draws new ones, and finds what CI then keeps as a case."""
settings.register_profile("here", deadline=None)
"""No deadline: the first example may compile, and machines are shared."""
settings.load_profile("ci" if os.environ.get("CI") else "here")


LONGEST = (
    "docs/test_code_blocks.py",
    "online/test_day_close.py",
    "tieout/test_thresholds.py",
    "tieout/test_bounds.py",
    "online/test_vehicles.py",
    "online/test_platform_scenarios.py",
    "simulator/test_played_world.py",
    "online/test_backup.py",
    "online/test_told_late.py",
    "commands/test_killed_books.py",
    "online/test_killed_store.py",
    "online/test_unsettled.py",
    "commands/test_killed_import.py",
    "services/test_books_ledger.py",
    "online/test_serving.py",
    "online/test_store_check.py",
    "accounting/test_book_properties.py",
    "stores/test_intake.py",
    "online/test_upgrade.py",
    "online/test_killed_workers.py",
    "online/test_corrections.py",
    "online/test_collections.py",
    "simulator/test_demo.py",
    "online/test_guarantees.py",
)
"""Files that take longer than about ten seconds, the longest first: begun last, one would leave the other worker idle."""


def pytest_collection_modifyitems(items):
    """The longest files first; all others as they are."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))
