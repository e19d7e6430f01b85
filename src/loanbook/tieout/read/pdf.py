"""PDF: the characters of a page with their positions become lines set with blanks, and those are read like any text."""

import ctypes
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from loanbook.errors import RequestError
from loanbook.tieout.read.draft import Piece
from loanbook.tieout.read.glyphs import plain_glyphs
from loanbook.tieout.read.limits import Meter
from loanbook.tieout.read.text import read_lines

_SAME_LINE = 0.45
"""Two characters stand in one line when their baselines differ by less than this share of their height."""
_WORD_GAP = 0.15
"""A gap of this share of a character's height parts words."""
_SPACE = 0x20
_UNPRINTED = (0xA0, 0xAD, 0xFFFE, 0xFFFF)
_COLUMN_GAP = 0.9
"""A gap of this share parts columns: it becomes two blanks at least."""


@dataclass(slots=True)
class _Letter:
    """A character with the box that its font gives it, blank at its sides included; a narrow 1 leaves no gap."""

    text: str
    left: float
    right: float
    base: float
    height: float


def read_pages(content: bytes, file: str, meter: Meter) -> list[Piece]:
    """The pieces of all pages. `Place.line` and its characters are of the page's text as it is set here."""
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise RequestError(
            f"{file}: not readable as PDF ({error}). A file that needs a password must be saved without it."
        ) from error
    try:
        if len(document) > meter.limits.pages:
            raise RequestError(
                f"{file}: {len(document):,} pages; the limit is {meter.limits.pages:,}. Split the file, or read it with higher "
                f"limits."
            )
        pieces: list[Piece] = []
        letters = 0
        for number in range(len(document)):
            meter.check_time()
            try:
                page = document[number]
                text = page.get_textpage()
            except pdfium.PdfiumError as error:
                raise RequestError(f"{file}: page {number + 1} cannot be read ({error}). Save the document anew.") from error
            found = _letters(text.raw, meter)
            letters += len(found)
            pieces += read_lines(plain_glyphs("\n".join(_lines(found))), file, meter, page=number + 1)
            text.close()
            page.close()
        if len(document) and not letters:
            raise RequestError(
                f"{file}: {len(document)} pages without any text; they are pictures. Run text recognition over it first."
            )
        return pieces
    finally:
        document.close()


def _letters(page: "raw.FPDF_TEXTPAGE", meter: Meter) -> list[_Letter]:
    count = raw.FPDFText_CountChars(page)
    meter.add_cells(max(count, 0) // 8)
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    letters = []
    for index in range(count):
        code = raw.FPDFText_GetUnicode(page, index)
        if code <= _SPACE or code in _UNPRINTED or not raw.FPDFText_GetLooseCharBox(page, index, box):
            continue
        raw.FPDFText_GetCharOrigin(page, index, x, y)
        height = max(raw.FPDFText_GetFontSize(page, index), 1.0)
        letters.append(_Letter(text=chr(code), left=box.left, right=box.right, base=y.value, height=height))
    return letters


def _lines(letters: list[_Letter]) -> list[str]:
    """Lines from the top of the page, each character where its position puts it."""
    rows: list[list[_Letter]] = []
    for letter in sorted(letters, key=lambda each: (-each.base, each.left)):
        if rows and abs(rows[-1][0].base - letter.base) < _SAME_LINE * min(rows[-1][0].height, letter.height):
            rows[-1].append(letter)
        else:
            rows.append([letter])
    if not rows:
        return []
    edge = min(letter.left for letter in letters)
    widths = sorted(letter.right - letter.left for letter in letters if letter.text.isdigit()) or sorted(
        letter.right - letter.left for letter in letters
    )
    pitch = max(widths[len(widths) // 2] * 1.1, 1.0)
    lines: list[str] = []
    below: _Letter | None = None
    for row in rows:
        row.sort(key=lambda each: each.left)
        if below is not None and below.base - row[0].base > 1.9 * max(below.height, row[0].height):
            lines.append("")
        lines.append(_set(row, edge, pitch))
        below = row[0]
    return lines


def _set(row: list[_Letter], edge: float, pitch: float) -> str:
    """One line: words keep one blank, columns stand where they stand on the page."""
    text = ""
    before: _Letter | None = None
    for letter in row:
        if before is None:
            text = " " * round((letter.left - edge) / pitch)
        else:
            gap = letter.left - before.right
            if gap > _COLUMN_GAP * letter.height:
                text += " " * max(2, round((letter.left - edge) / pitch) - len(text))
            elif gap > _WORD_GAP * letter.height:
                text += " "
        text += letter.text
        before = letter
    return text
