"""Text for a cell of a spreadsheet, which must not run what a document says."""

import re

_NUMBER = re.compile(r"[-+]?[\d.,]+%?")


def cell_text(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would take it for a formula."""
    is_formula = text[:1] in ("=", "+", "-", "@", "\t", "\r") and _NUMBER.fullmatch(text) is None
    return f"'{text}" if is_formula else text
