"""The five filings as text, and every number that stands in a line of them."""

import re
from pathlib import Path

from tests.conftest import SHARED

FOLDER = SHARED / "seeds"
FILES = {
    "S0": "000_4de3e44ee1ba969b.txt",
    "S1": "001_01e0436794c25347.txt",
    "S2": "002_484eb15a0173c9ea.txt",
    "S3": "003_5178bcaa0f734743.txt",
    "S4": "004_aebbe4ef256cb589.txt",
}
"""The first two quarters' releases, the third's, the annual reconciliation to IFRS, and the answer to a report."""

NUMBER = re.compile(r"\(\d[\d.,]*\d\)|\(\d\)|(?<=RMB)-\d+(?:[.,]\d+)*%?|(?<=\$)-\d+(?:[.,]\d+)*%?|\d+(?:[.,]\d+)*%?")
_FIGURE = re.compile(r"\(?-?\d+(?:[.,]\d+)*%?\)?")
_NIL = ("-", "–", "—", "_")
_MARKUP = re.compile(r"</?(?:b|i|sup)>")


def present() -> bool:
    """Whether the folder of the filings is there."""
    return FOLDER.is_dir()


def read(filing: str) -> list[str]:
    """The lines of a filing; element 0 is line 1. Markup of bold, italic and superscripts, and escapes, are taken away."""
    text = Path(FOLDER / FILES[filing]).read_text(encoding="utf-8")
    return [_MARKUP.sub("", line).replace("\\", "").replace("**", "") for line in text.split("\n")]


def is_table_row(line: str) -> bool:
    """A row of a table: cells between tabs."""
    return "\t" in line


def numbers(line: str) -> list[tuple[str, int, int]]:
    """Every number of a line, with where it begins and ends; a nil mark in a table cell is one too.

    A cell that is a figure is one number with its parentheses and sign; elsewhere numbers are found in the text.
    """
    if not is_table_row(line):
        return [(match.group(), match.start(), match.end()) for match in NUMBER.finditer(line)]
    found: list[tuple[str, int, int]] = []
    at = 0
    for cell in line.split("\t"):
        text = cell.strip()
        start = at + len(cell) - len(cell.lstrip())
        if text in _NIL or _FIGURE.fullmatch(text):
            found.append((text, start, start + len(text)))
        else:
            found.extend((match.group(), at + match.start(), at + match.end()) for match in NUMBER.finditer(cell))
        at += len(cell) + 1
    return found
