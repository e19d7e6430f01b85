"""The hash of everything in the package that decides a figure: rules, kernels and definitions, so that no cache outlives them."""

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import loanbook

RULES = (
    "units.py",
    "kernel.py",
    "events.py",
    "loans",
    "measures",
    *(
        f"terms/{name}"
        for name in (
            "calendar.py",
            "calendars",
            "combinations.py",
            "contract.py",
            "conventions.py",
            "families.py",
            "loading.py",
            "measure.py",
            "measures",
            "product.py",
            "product_file.py",
            "setting.py",
            "settings.py",
            "unknown.py",
        )
    ),
    *(
        f"stores/{name}.py"
        for name in (
            "assembly",
            "batch_files",
            "book",
            "building",
            "engine",
            "event_rows",
            "event_scan",
            "latest",
            "limits",
            "projection",
            "schema",
            "spreadsheet",
            "tables",
            "terms_classes",
        )
    ),
    *(f"services/{name}.py" for name in ("closing", "facts_pass", "findings", "today")),
)
"""Files and folders whose change makes a projection or a close stale: what `services/closing.py` comes to by its imports, and the
terms it reads. Mandates, strategies, the online store and the services of a platform decide no figure of a close."""

_SUFFIXES = (".py", ".yaml", ".csv")


def rule_files() -> Iterator[Path]:
    """The files behind the hash, relative to the package, in a fixed order."""
    root = Path(loanbook.__file__).parent
    for name in RULES:
        start = root / name
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.suffix in _SUFFIXES:
                yield path.relative_to(root)


@functools.lru_cache(maxsize=1)
def rules_hash() -> str:
    """SHA-256 over the names and contents of the package's rule files."""
    root = Path(loanbook.__file__).parent
    sha = hashlib.sha256()
    for path in rule_files():
        sha.update(f"{path.as_posix()}\0".encode())
        sha.update((root / path).read_bytes())
    return sha.hexdigest()
