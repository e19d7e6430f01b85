"""Numbers as they are displayed: grouping, decimal mark, sign by bracket, dash or triangle, nil by a stroke."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from loanbook.tieout.read.lexicon import CURRENCY, SCALE_LETTER, SCALE_WORD, SUPERSCRIPT_DIGITS

SPACES = "\u00a0\u2007\u2009\u202f"
"""Blanks that may group digits; a plain blank groups only inside a cell."""

DIGITS = rf"(?:\d+(?:[.,'’{SPACES}]\d+)*|(?<![\d.,])[.,]\d+)"
MINUS = "-−–‑△▲▼"
_DASH = re.compile(rf"(?:{CURRENCY})?\s*\(?(?:[-–—−‑_]{{1,2}}|- -)\)?\s*%?|nil|NIL|Nil|—%")
_GROUPED = {
    mark: re.compile(
        rf"\d{{1,3}}(?:[{groups}{SPACES} ]\d{{3}})+(?:{re.escape(mark)}\d+)?"
        rf"|\d{{1,2}}(?:[{groups}]\d{{2}})*[{groups}]\d{{3}}(?:{re.escape(mark)}\d+)?"
    )
    for mark, groups in ((".", ",'’"), (",", ".'’"))
}
_PLAIN = {mark: re.compile(rf"\d+(?:{re.escape(mark)}\d+)?|{re.escape(mark)}\d+") for mark in ".,"}
_TWICE = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+")
_SEPARATORS = re.compile(rf"[,'’{SPACES} ]")


MOST_DIGITS = 24
"""Of a number: far beyond any currency, and within what decimal arithmetic keeps."""


def digits_value(text: str, mark: str) -> tuple[Decimal, Decimal] | None:
    """Value and step of unsigned digits whose decimal mark is `mark`; None where they are no number under it.

    `4.120.346` is a number under either mark: two groups of three cannot be decimals.
    """
    if len(text) > MOST_DIGITS and sum(each.isdigit() for each in text) > MOST_DIGITS:
        return None
    if text.isascii() and text.isdigit():
        return Decimal(text), Decimal(1)
    if _GROUPED[mark].fullmatch(text) or _PLAIN[mark].fullmatch(text):
        whole, _, decimals = text.rpartition(mark) if mark in text else (text, "", "")
        plain = re.sub(r"\D", "", whole)
        return Decimal(f"{plain or 0}.{decimals}" if decimals else plain), Decimal(1).scaleb(-len(decimals))
    if _TWICE.fullmatch(text):
        return Decimal(re.sub(r"\D", "", text)), Decimal(1)
    return None


_POINT_EVIDENCE = re.compile(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})+\.\d+(?![\d.,]\d)|(?<![\d.,])\d{1,3}(?:,\d{3}){2,}(?![\d.,]\d)"
    r"|(?<![\d.,])\d+\.\d{1,2}(?:%|\s?(?:million|billion))"
)
_COMMA_EVIDENCE = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[.\u00a0\u202f ]\d{3})+,\d{1,2}(?!\d)|(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?![\d.,]\d)"
    r"|(?<![\d.,])\d+,\d{1,2}(?![\d.,]\d|\d)(?:\s?%|\s?M[ir][or]d?)?"
)


def decimal_mark(texts: Iterable[str]) -> str:
    """The document's decimal mark, by how many of its numbers can be read under one mark only; a point where none tells."""
    points = commas = 0
    for text in texts:
        if "," in text or "." in text:
            points += sum(1 for _ in _POINT_EVIDENCE.finditer(text))
            commas += sum(1 for _ in _COMMA_EVIDENCE.finditer(text))
    return "," if commas > points else "."


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNumber:
    """What a cell that holds one number says.

    digits     as printed
    negative   by bracket, minus or triangle
    start, end characters of the cell's text that are the figure, marks included
    currency   its mark, empty where there is none
    unit       what stands behind: "%", "bps", "x", a scale's word, a unit's word; empty where nothing
    is_open    a bracket that this cell opens and does not close
    is_plain   digits alone: a year may look like this
    """

    digits: str
    negative: bool = False
    start: int = 0
    end: int = 0
    currency: str = ""
    unit: str = ""
    note: str = ""
    is_open: bool = False
    is_dash: bool = False
    is_plain: bool = False


UNIT_WORDS = (
    r"%|％|per cent|percent|percentage points?|ppts?\b|pp\b|p\.p\.|pts?\b|basis points?|bps?\b|[xX]\b|times\b|days\b|months\b"
    r"|years\b|倍"
)
_CELL = re.compile(
    rf"""\s*(?P<whole>
    (?P<c1>{CURRENCY})?\s*(?P<o1>[(\[（])?\s*(?P<s1>[{MINUS}+])?\s*(?P<c2>{CURRENCY})?\s*(?P<o2>[(（])?\s*(?P<s2>[{MINUS}])?
    (?P<digits>\d[\d.,'’{SPACES}\ ]*(?<=\d)|[.,]\d+)
    \s*(?P<trail>[-−](?!\d))?\s*(?P<u1>{UNIT_WORDS}|{SCALE_WORD}|{SCALE_LETTER})?\s*(?P<c3>{CURRENCY})?
    \s*(?P<close>[)\]）]{{1,2}})?\s*(?P<u2>{UNIT_WORDS}|{SCALE_WORD})?)
    \s*(?P<note>(?:[*†‡#]+|[{SUPERSCRIPT_DIGITS}⁽⁾ᵃᵇᶜ,]+|\((?:\d{{1,2}}|[a-z]{{1,2}})\)|\[\d{{1,2}}\])*)\s*""",
    re.VERBOSE,
)


_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?")
_CELL_CHARACTERS = 60


def cell_number(text: str) -> CellNumber | None:
    """The one number that a cell holds, None where it holds words or several numbers."""
    stripped = text.strip()
    if not stripped or len(stripped) > _CELL_CHARACTERS or _DATE.fullmatch(stripped):
        return None
    if _DASH.fullmatch(stripped):
        start = len(text) - len(text.lstrip())
        mark = re.match(CURRENCY, stripped)
        return CellNumber(
            digits="",
            start=start,
            end=start + len(stripped),
            is_dash=True,
            currency=mark.group() if mark else "",
            unit="%" if stripped.endswith("%") else "",
        )
    match = _CELL.fullmatch(text)
    if match is None:
        return None
    if " " in match["digits"].strip() and _SPACED.fullmatch(match["digits"].strip()) is None:
        return None
    opened = bool(match["o1"] or match["o2"])
    if match["close"] and not opened:
        return None
    return CellNumber(
        digits=match["digits"],
        start=match.start("whole"),
        end=match.end("whole"),
        negative=opened or match["s1"] not in (None, "+") or bool(match["s2"]) or bool(match["trail"]),
        currency=match["c1"] or match["c2"] or match["c3"] or "",
        unit=(match["u1"] or match["u2"] or "").strip(),
        note=match["note"],
        is_open=opened and not match["close"],
        is_plain=match["whole"] == match["digits"] and match["digits"].isdigit(),
    )
