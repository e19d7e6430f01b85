"""HTML: block elements become headings, paragraphs and tables. Nothing is fetched, no script is run, no entity expanded."""

import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html

from loanbook.errors import RequestError
from loanbook.tieout.document import Cell, Heading, Paragraph, Span
from loanbook.tieout.figure import Place
from loanbook.tieout.read.draft import Draft, Piece
from loanbook.tieout.read.glyphs import plain_glyphs
from loanbook.tieout.read.lexicon import SUPERSCRIPTS
from loanbook.tieout.read.limits import Meter

_SKIPPED = {
    "script",
    "style",
    "head",
    "title",
    "noscript",
    "template",
    "svg",
    "math",
    "object",
    "embed",
    "iframe",
    "ix:header",
    "header",
}
_BLOCKS = {
    "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "section", "article", "body", "html", "center", "blockquote", "pre", "hr",
    "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "main", "aside", "footer", "figure", "figcaption", "address", "fieldset", "caption",
}  # fmt: skip
_CELL_TAGS = {"td", "th"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_INDENT = re.compile(r"(?:padding-left|margin-left|text-indent)\s*:\s*(-?\d+(?:\.\d+)?)\s*(pt|px|em|in|%)", re.IGNORECASE)
_MARKER = re.compile(r"\W?(?:\(?\w{1,3}[.)]|[•●▪◦·–—*-])?\W?")
_FOOTNOTE = re.compile(r"(?:[⁰¹²³⁴-⁹]+|\(\d{1,2}\)|[*†‡]+)\s*(?=[A-Z“\"(])")
_CELL = re.compile(r"<t[dh][\s>]", re.IGNORECASE)
_SPAN_LIMIT = 200
"""Columns or rows that one cell may cover; more is hostile or a mistake."""

Element = etree._Element


def read_elements(text: str, file: str, meter: Meter) -> list[Piece]:
    """The pieces of a page in reading order."""
    if not text.strip():
        return []
    meter.expect_cells(sum(1 for _ in _CELL.finditer(text)))
    parser = lxml_html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=False, recover=True)
    try:
        root = lxml_html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise RequestError(f"{file}: not readable as HTML ({error}).") from error
    pieces = _Page(file, meter).pieces(root)
    for told in parser.error_log:
        if told.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:  # what follows is not in the tree
            raise RequestError(f"{file}:{told.line}: read no further ({told.message}). Mend the page, or give it as text.")
    return pieces


class _Page:
    """One walk over the elements; text between block elements gathers into a paragraph."""

    def __init__(self, file: str, meter: Meter) -> None:
        self.file = file
        self.meter = meter
        self.found: list[Piece] = []
        self.texts: list[str] = []
        self.line = 1
        self.bold = True
        self.heading = 0

    def pieces(self, root: Element) -> list[Piece]:
        stack: list[tuple[Element, int, bool]] = [(root, 0, False)]
        count = 0
        while stack:
            element, depth, leaving = stack.pop()
            name = _name(element)
            if leaving:
                if name in _BLOCKS:
                    self.flush()
                if name == "sup":
                    self.texts[-1:] = [_superscript(self.texts[-1])] if self.texts else []
                self.add(element.tail, element, tail=True)
                continue
            count += 1
            if count % 2000 == 0:
                self.meter.check_time()
            if depth > self.meter.limits.depth:
                raise RequestError(
                    f"{self.file}:{element.sourceline}: elements nested {depth} deep; the limit is "
                    f"{self.meter.limits.depth}. Is this a document?"
                )
            if name is None or name in _SKIPPED or _is_hidden(element):
                self.add(element.tail, element, tail=True)
                continue
            if name == "table" and not _is_layout(element):
                self.flush()
                self.table(element)
                self.add(element.tail, element, tail=True)
                continue
            if name in _BLOCKS or name in ("table", "tr", "tbody", "thead", "tfoot") or name in _CELL_TAGS:
                self.flush()
                self.line = _line(element, self.line)
                self.heading = int(name[1]) if re.fullmatch(r"h[1-6]", name) else 0
            if name == "br":
                self.texts.append("\n")
            stack.append((element, depth, True))
            if name == "sup":
                self.texts.append(_superscript("".join(str(piece) for piece in element.itertext())))
                continue
            self.add(element.text, element)
            stack.extend((child, depth + 1, False) for child in reversed(element))
        self.flush()
        return self.found

    def add(self, text: str | None, element: Element, *, tail: bool = False) -> None:
        if text:
            if text.strip() and not any(piece.strip() for piece in self.texts):
                self.line = _line(element, self.line)
            self.texts.append(text.replace("\n", " ").replace("\r", " "))
            if text.strip():
                self.bold = self.bold and _is_bold(element.getparent() if tail else element)

    def flush(self) -> None:
        """What gathered becomes a heading or a paragraph for each line."""
        whole = "".join(self.texts)
        for text in whole.split("\n"):
            shown = _shown(text)
            if shown:
                self.meter.check_line(shown, self.line)
                span = Span(text=shown, place=Place(file=self.file, line=self.line, start=0, end=len(shown)))
                if self.heading or (self.bold and len(shown) < 160 and not shown.endswith((".", ",", ";"))):
                    self.found.append(Heading(span=span, level=self.heading or 3))
                else:
                    self.found.append(Paragraph(span=span, is_footnote=_FOOTNOTE.match(shown) is not None))
        self.texts = []
        self.bold = True
        self.heading = 0

    def table(self, table: Element) -> None:
        draft = Draft()
        covered: dict[int, int] = {}
        for line in _rows(table):
            cells: list[Cell] = []
            column = 0
            following: dict[int, int] = {}
            for element in line:
                if _name(element) not in _CELL_TAGS:
                    continue
                while covered.get(column, 0) > 0:
                    column += 1
                columns, rows = _spanned(element, "colspan"), _spanned(element, "rowspan")
                self.meter.add_cells(1)
                if not _is_hidden(element):
                    cells.append(self.cell(element, column, columns, rows))
                if rows > 1:
                    following |= dict.fromkeys(range(column, column + columns), rows - 1)
                column += columns
            covered = {at: left - 1 for at, left in covered.items() if left > 1} | following
            self.meter.add_cells(len(covered))
            self.meter.check_time()
            if any(cell.span.text for cell in cells):
                draft.rows.append(cells)
        filled = sum(bool(cell.span.text) for row in draft.rows for cell in row)
        if filled and all(_is_listing(row) for row in draft.rows):
            for row in draft.rows:
                texts = [cell.span for cell in row if cell.span.text]
                span = texts[-1] if len(texts) < 3 and _MARKER.fullmatch(texts[0].text) else _together(texts)
                self.found.append(Paragraph(span=span, is_footnote=len(texts) > 1))
        elif draft.rows:
            self.found.append(draft)

    def cell(self, element: Element, column: int, columns: int, rows: int) -> Cell:
        shown = _shown(_cell_text(element))
        self.meter.check_line(shown, self.line)
        line = _line(element, self.line)
        indent = 0
        for part in (element, *element.iterchildren("p", "div", "span")):
            found = _INDENT.search(part.get("style") or "")
            if found:
                points = float(found[1]) * {"pt": 1.0, "px": 0.75, "em": 10.0, "in": 72.0, "%": 5.0}[found[2].lower()]
                indent += max(0, round(points / 4))
        raw = "".join(str(piece) for piece in element.itertext()) if column == 0 else ""
        indent += (len(raw) - len(raw.lstrip("\xa0 \n"))) if raw.startswith("\xa0") else 0
        return Cell(
            span=Span(text=shown, place=Place(file=self.file, line=line, start=0, end=len(shown))),
            row=0,
            column=column,
            columns=columns,
            rows=rows,
            is_bold=bool(shown)
            and any(_is_bold(part) for part in (element, *element.iterdescendants("b", "strong", "font", "span", "p"))),
            indent=indent,
        )


def _line(element: Element, otherwise: int) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else otherwise


def _name(element: Element) -> str | None:
    return element.tag.lower() if isinstance(element.tag, str) else None


_THIN = re.compile(r"(?<=\d)[\xa0\u2007\u2009\u202f](?=\d{3}(?!\d))")
"""A blank that groups the digits of one number is no end of a word."""


def _shown(text: str) -> str:
    text = plain_glyphs(text)
    return "\u202f".join(" ".join(part.split()) for part in _THIN.sub("\x1f", text).replace("\u200b", "").split("\x1f"))


def _superscript(text: str) -> str:
    return text.translate(SUPERSCRIPTS)


def _rows(table: Element) -> Iterator[Element]:
    """The rows of a table, not those of tables inside it."""
    for child in table:
        name = _name(child)
        if name == "tr":
            yield child
        elif name in ("tbody", "thead", "tfoot"):
            yield from (row for row in child if _name(row) == "tr")


def _cell_text(element: Element) -> str:
    """The text of a cell; superscripts stay marks, block elements and breaks are blanks."""
    parts: list[str] = []
    stack: list[tuple[Element, bool]] = [(element, False)]
    while stack:
        each, leaving = stack.pop()
        if leaving:
            parts.append((" " if _name(each) in _BLOCKS else "") + (each.tail or ""))
            continue
        name = _name(each)
        if each is not element:
            if name is None or name in _SKIPPED or _is_hidden(each):
                parts.append(each.tail or "")
                continue
            stack.append((each, True))
            if name == "sup":
                parts.append(_superscript("".join(str(piece) for piece in each.itertext())))
                continue
            parts.append(" " if name == "br" or name in _BLOCKS else "")
        parts.append(each.text or "")
        stack.extend((child, False) for child in reversed(each))
    return "".join(parts)


def _is_hidden(element: Element) -> bool:
    return element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "") is not None


def _is_bold(element: Element | None) -> bool:
    depth = 0
    while element is not None and depth < 6:
        if _name(element) in ("b", "strong", "th") or _BOLD.search(element.get("style") or ""):
            return True
        element = element.getparent()
        depth += 1
    return False


def _spanned(element: Element, name: str) -> int:
    text = (element.get(name) or "1").strip()
    return max(1, min(int(text), _SPAN_LIMIT)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _is_layout(table: Element) -> bool:
    """A table around other tables lays out the page."""
    return next(table.iterdescendants("table"), None) is not None


def _is_listing(row: list[Cell]) -> bool:
    """A row of a list that is set as a table: a bullet or note's number, and running text."""
    filled = [cell.span.text for cell in row if cell.span.text]
    if not filled:
        return True
    return len(filled) <= 2 and len(filled[-1]) > 40 and (len(filled) == 1 or _MARKER.fullmatch(filled[0]) is not None)


def _together(spans: list[Span]) -> Span:
    text = " ".join(span.text for span in spans)
    place = spans[0].place
    return Span(text=text, place=Place(file=place.file, line=place.line, start=0, end=len(text)))
