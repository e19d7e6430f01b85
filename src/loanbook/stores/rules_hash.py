"""The hash of everything in the package that decides a figure: rules, kernels and definitions, so that no cache outlives them."""

import functools
import hashlib
from pathlib import Path

import loanbook

ROOMS = ("units.py", "kernel.py", "events.py", "terms", "loans", "measures", "stores", "services")
"""Parts of the package whose change makes a projection or a close stale."""

_SUFFIXES = (".py", ".yaml", ".csv")


@functools.lru_cache(maxsize=1)
def rules_hash() -> str:
    """SHA-256 over the names and contents of the package's rule files."""
    root = Path(loanbook.__file__).parent
    sha = hashlib.sha256()
    for room in ROOMS:
        start = root / room
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.suffix in _SUFFIXES and "importers" not in path.parts:
                sha.update(f"{path.relative_to(root).as_posix()}\0".encode())
                sha.update(path.read_bytes())
    return sha.hexdigest()
