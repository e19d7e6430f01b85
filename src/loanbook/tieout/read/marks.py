"""Marks inside a line: emphasis, superscripts, links, tags, escapes and entities become what a reader sees, with places."""

import html
import re

from loanbook.tieout.document import Span
from loanbook.tieout.figure import Place
from loanbook.tieout.read.glyphs import plain_glyphs
from loanbook.tieout.read.lexicon import SUPERSCRIPTS

_TAG_NAMES = "b|i|u|em|strong|sup|sub|span|font|br|small|mark|a|p|div|s|del|ins|code|big|center|nobr"
_MARK = re.compile(
    rf"""(?P<sup>\$?\^\{{?\s*(?:\\?\*)?\s*\(?(?P<s1>\d{{1,2}}|[a-z])\)?\s*\}}\$?|<sup>\s*(?:\\?\*|<[a-z]+>)?\s*\(?(?P<s2>[\d,]{{1,5}}|[a-z])\)?\s*(?:</[a-z]+>)?\s*</sup>)
    |(?P<escape>\\(?P<e1>[$*_#%&\\\[\]()~^{{}}|<>-]))
    |(?P<strong>\*\*|__(?=\w)|(?<=\w)__)
    |(?P<tag></?(?:{_TAG_NAMES})(?:\s[^<>]{{0,200}})?/?>)
    |(?P<link>!?\[(?P<l1>[^\[\]]{{0,300}})\]\((?:[^()\s]{{0,500}})\))
    |(?P<entity>&(?:[a-zA-Z]{{2,8}}|\#\d{{1,6}}|\#x[0-9a-fA-F]{{1,5}});)""",
    re.VERBOSE,
)
_EMPHASIS = re.compile(r"(?<![\w*\\])\*(?=[A-Za-z“\"])([^*]{1,300}?)(?<=[A-Za-z.,;:%)”\"])\*(?![\w*])")


def unmarked(line: str, place: Place) -> Span:
    """The text of a line, or of a part of it that begins at `place.start`, without its marks."""
    pieces: list[str] = []
    offsets: list[int] = []
    plain = True
    drop = {at for match in _EMPHASIS.finditer(line) for at in (match.start(), match.end() - 1)} if "*" in line else set()
    at = 0

    def keep(first: int, last: int) -> None:
        nonlocal plain
        if drop:
            for index in range(first, last):
                if index in drop:
                    plain = False
                else:
                    pieces.append(line[index])
                    offsets.append(place.start + index)
        elif last > first:
            pieces.append(line[first:last])
            offsets.extend(range(place.start + first, place.start + last))

    for match in _MARK.finditer(line) if _may_have_marks(line) else ():
        keep(at, match.start())
        at = match.end()
        plain = False
        kind = match.lastgroup if match.lastgroup in ("strong", "tag") else None
        if match["sup"]:
            shown = (match["s1"] or match["s2"]).translate(SUPERSCRIPTS)
        elif match["escape"]:
            shown = match["e1"]
        elif match["link"]:
            shown = match["l1"]
        elif match["entity"]:
            shown = plain_glyphs(html.unescape(match["entity"]))
        else:
            shown = " " if kind == "tag" and match["tag"].startswith("<br") else ""
        pieces.append(shown)
        inner = match.start("l1") if match["link"] else match.start()
        offsets.extend(place.start + min(inner + (index if match["link"] else 0), match.end() - 1) for index in range(len(shown)))
    keep(at, len(line))
    return Span(text="".join(pieces), place=place, offsets=() if plain else tuple(offsets))


def _may_have_marks(line: str) -> bool:
    return any(mark in line for mark in ("*", "\\", "<", "&", "](", "^{", "__"))


def trimmed(span: Span) -> Span:
    """The span without blanks at either end."""
    left = len(span.text) - len(span.text.lstrip())
    text = span.text.strip()
    if len(text) == len(span.text):
        return span
    if span.offsets:
        return Span(
            text=text, place=span.place, offsets=span.offsets[left : left + len(text)], lines=span.lines[left : left + len(text)]
        )
    place = span.place
    return Span(
        text=text,
        place=Place(
            file=place.file,
            line=place.line,
            start=place.start + left,
            end=place.start + left + len(text),
            page=place.page,
            block=place.block,
            row=place.row,
            column=place.column,
        ),
    )


def joined(spans: list[Span]) -> Span:
    """Lines of one paragraph as one text, a blank between them."""
    if len(spans) == 1:
        return spans[0]
    texts: list[str] = []
    offsets: list[int] = []
    lines: list[int] = []
    for span in spans:
        if texts:
            texts.append(" ")
            offsets.append(offsets[-1] + 1 if offsets else span.place.start)
            lines.append(lines[-1] if lines else span.place.line)
        texts.append(span.text)
        offsets.extend(span.offsets or range(span.place.start, span.place.start + len(span.text)))
        lines.extend(span.lines or (span.place.line,) * len(span.text))
    return Span(text="".join(texts), place=spans[0].place, offsets=tuple(offsets), lines=tuple(lines))
