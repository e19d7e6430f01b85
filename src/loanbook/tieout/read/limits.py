"""How large a file may be: a hostile one is refused in words, it neither hangs nor fills the memory."""

import time
from dataclasses import dataclass

from loanbook.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one document; each is far above a filing of a thousand pages.

    file_bytes        size of the file
    cells             cells of all tables, and words of all pages
    line_characters   of one line of text, one paragraph or one cell; a longer one is no document of lines
    depth             elements inside each other in HTML
    pages             of a PDF
    seconds           wall clock for reading the file; checked between blocks and pages
    """

    file_bytes: int = 64 * 1024 * 1024
    cells: int = 600_000
    line_characters: int = 500_000
    depth: int = 200
    pages: int = 3_000
    seconds: float = 120.0


class Meter:
    """Counts what one reading used and raises where a limit is passed."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.cells = 0
        self._until = time.monotonic() + limits.seconds

    def check_line(self, text: str, line: int) -> None:
        if len(text) > self.limits.line_characters:
            raise RequestError(
                f"{self.file}:{line}: a line of {len(text):,} characters; the limit is {self.limits.line_characters:,}. "
                "Is this a document of lines?"
            )

    def add_cells(self, count: int) -> None:
        self.cells += count
        self.expect_cells(0)

    def expect_cells(self, count: int) -> None:
        """Raises before so many more cells are read."""
        if self.cells + count > self.limits.cells:
            raise RequestError(
                f"{self.file}: more than {self.limits.cells:,} table cells; no results document has so many. "
                "Split the file, or read it with higher limits."
            )

    def check_time(self) -> None:
        if time.monotonic() > self._until:
            raise RequestError(
                f"{self.file}: not read within {self.limits.seconds:g} seconds. Split the file, or read it with higher limits."
            )
