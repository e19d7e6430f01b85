"""An append that is killed: `python -m tests.stores.killed_writer`, asked as `tests/commands/killing.py` says.

A request's `folder` is the book's. What is appended adds fifty payments, one bad row and terms.
"""

from pathlib import Path
from typing import Any

import ibis.backends.duckdb  # noqa: F401  (loaded when first used; here once for all forks)

from loanbook.stores import book, intake
from tests.commands.killing import serve
from tests.stores.rows import TERMS, payment, table


def _append(request: dict[str, Any]) -> None:
    more = [payment("L3", n, "2024-03-01", 10 + n) for n in range(50)] + [payment("L3", 99, "2024-03-01", 0)]
    opened = book.open_book(Path(request["folder"]))
    intake.append(opened, {"payment_received": table("payment_received", more)}, terms={"sample_level": TERMS})


if __name__ == "__main__":
    serve(_append)
