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
