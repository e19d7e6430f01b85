"""Numerals of running text that are no figures: dates, clock times, identifiers, footnote marks, definitions, ordinals."""

import re
from collections.abc import Iterator

from loanbook.tieout.figure import NumeralKind
from loanbook.tieout.read.calendar import DATE, date_parts
from loanbook.tieout.read.lexicon import CURRENCY, MONTH, SCALE_LETTER, SCALE_WORD, SUPERSCRIPT_DIGITS

_UNIT_TAIL = rf"(?:{SCALE_WORD}|{SCALE_LETTER}|bps?\b|pp\b|ppts?\b|x\b)"
_STANDARD = (
    r"(?:ASC|ASU|IFRSs?|IAS|SFAS|FAS|FASB|HKAS|HKFRS|HKSAE|HKSRE|IFRIC|SIC|ISA|ISAE|ISO|SAB|FRS|SOP|FIN|Topic|Rules?"
    r"|Sections?|Articles?|Regulations?|"
    r"Items?|Notes?|Exhibits?|exhibits?|Forms?|Releases?|paragraphs?|Chapters?|Parts?|Appendix|Annex|Schedules?|Pages?"
    r"|pages?|pp?\.|No\.|Nos\.|Number|#|Act|§|"
    r"Basel|Title|clauses?|Clauses?|Proposal|Suite|Floor|Room|Box|Building|notes?|items?|footnotes?|Section)"
)
_CLASSES = (
    r"(?:Levels?|levels?|Stages?|stages?|Tiers?|tiers?|Phases?|phases?|Pillars?|Category|Categories|Steps?|steps?|Series|Class"
    r"|Type|Scope|Group|Top|top|Big|Day|day|D)"
)
_ROADS = (
    r"(?:Street|St\.|Road|Rd\.|Avenue|Ave\.|Boulevard|Blvd|Lane|Drive|Way|Plaza|Square|Place|Queen|Broadway|Court|Highway|Park)"
)
_YEAR = r"(?:19|20)\d{2}"
_PATTERNS: tuple[tuple[NumeralKind, re.Pattern[str]], ...] = (
    (NumeralKind.IDENTIFIER, re.compile(r"(?:https?://|www\.)[^\s<>]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+")),
    (
        NumeralKind.FOOTNOTE,
        re.compile(
            rf"[{SUPERSCRIPT_DIGITS}]+|(?<=[a-z”\"])\*{{0,2}}\((?:\d{{1,2}})\)(?=[\s,.;:)]|$)|\*\d{{1,2}}\b|\[\d{{1,2}}\]"
            rf"|(?<=[a-z]{{3}})(?<!\d)\d{{1,2}}(?=[\s,.;]|$)"
        ),
    ),
    (
        NumeralKind.FOOTNOTE,
        re.compile(
            rf"^\W{{0,3}}\(?\d{{1,2}}\)?\s+(?!{MONTH}|(?i:(?:months?|weeks?)\s+end))(?=[“\"A-Z])(?![^.]{{0,60}}\d{{4}}\s*$)"
        ),
    ),
    (
        NumeralKind.ORDINAL,
        re.compile(r"^\W{0,3}\(?\d{1,2}[.)]\s+(?=\S)|(?<![\w$€£¥])\(\d{1,2}\)(?=\s+[a-z])|\b\d{1,4}(?:st|nd|rd|th)\b"),
    ),
    (
        NumeralKind.CLOCK,
        re.compile(
            r"(?<![\d.,:])\d{1,2}[:.]\d{2}(?::\d{2})?\s*(?:[ap]\.?\s?m\b\.?|[AP]\.?M\b\.?|Uhr|hours?\b|h\b|GMT|CET|ET|EST|EDT|JST"
            r"|BST)|(?<![\d.,:])\d{1,2}:\d{2}(?::\d{2})?(?![\d:])|(?<![\d.,])\d{1,2}\s*(?:[ap]\.m\.|[ap]m\b|[AP]M\b)"
        ),
    ),
    (
        NumeralKind.DATE,
        re.compile(
            r"(?:19|20)\d\d\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日|期)?)?(?:\s?第\s?\d\s?(?:四半期|季度))?"
            r"|\d{1,2}\s?月\s?\d{1,2}\s?日|第\s?\d\s?(?:四半期|季度)"
        ),
    ),
    (NumeralKind.DATE, DATE),
    (
        NumeralKind.DATE,
        re.compile(
            rf"(?<![\w$€£¥.,])(?:Q[1-4]|[1-4]Q|[HS][12]|[12]H|(?:[369]|12)M|FY)[\s'’/-]*(?:{_YEAR}|['’]?\d{{2}})?(?!\w|[.,]\d)"
            rf"|(?<![\w.,]){_YEAR}[\s-]?Q[1-4]\b|['’]\d{{2}}\b(?!\d)",
            re.IGNORECASE,
        ),
    ),
    (
        NumeralKind.DATE,
        re.compile(
            rf"(?<![\w$€£¥.,]){_YEAR}\s?[-–/]\s?(?:{_YEAR}|\d{{2}})(?!\w|[.,]\d)"
            rf"|(?<![$€£¥.,\d])(?<!RMB)(?<!USD )(?<!EUR ){_YEAR}(?:[AEFP](?!\w))?(?![\d%]|[.,]\d|\s*(?:{SCALE_WORD})|\w)"
        ),
    ),
    (
        NumeralKind.DATE,
        re.compile(r"(?<![\d.,])\d{1,2}[\s-](?:months?|weeks?)(?=(?:\s+period)?\s+(?:ended|ending|to)\b)", re.IGNORECASE),
    ),
    (
        NumeralKind.IDENTIFIER,
        re.compile(
            rf"\b{_STANDARD}\s*(?:No\.?\s*)?(?:\([a-z]\)|[A-Z]{{0,3}}-?)?\d[\w.()-]*(?<![.(-])(?:(?:,\s|\s(?:and|or"
            rf"|to)\s)\d[\w.()-]*(?<![.(-])(?!\s*(?:%|{SCALE_WORD})))*"
        ),
    ),
    (
        NumeralKind.IDENTIFIER,
        re.compile(
            r"\b[A-Z]{2,}x?:\s?\d[\w]*|\+\d{1,3}[\s.-]?\(?\d[\d\s().-]{5,}\d|\(\d{3}\)\s?\d{3}[-.\s]\d{4}"
            r"|\b(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}\b|\b(?:ID|PIN|passcode|code|Passcode|Code)(?:\s+(?:is"
            r"|number))?[:#\s]+\d[\d-]{2,}#?"
        ),
    ),
    (
        NumeralKind.DEFINITION,
        re.compile(
            r"(?<![\d.,$€£¥])\d{1,4}(?:\s?(?:to|-|–)\s?\d{1,4})?\s?-\s?(?:days?|months?|years?|weeks?|hours?|minutes?"
            r"|quarters?|fold|points?|for|to)\b(?:\s?\+)?|\bDay[- ]\d+\b|\bD-\d+\b|(?<![\d.,$€£¥])\d{1,4}\s?(?:to|-|–"
            r"|and)\s?\d{1,4}\s(?:calendar\s|business\s|trading\s)?(?:days?|months?|weeks?)\b"
            r"|(?<![\d.,$€£¥])\d{1,4}\s(?:calendar\s|business\s|trading\s|consecutive\s)?(?:days?|weeks?|hours?"
            r"|minutes?)(?![\w])(?:\s?\+)?|(?<![\d.,$€£¥])\d{1,3}\+\s?days?\b",
            re.IGNORECASE,
        ),
    ),
    (
        NumeralKind.DEFINITION,
        re.compile(
            r"(?:\b(?:next|last|past|within|over|than|least|trailing|following|first|previous|preceding|for"
            r"|another)\s+)\d{1,3}\s(?:months?|years?|quarters?)\b|(?<![\d.,$€£¥])\d{1,3}\s(?:months?|years?)\s(?:after|before"
            r"|prior|from|or\s+(?:more|less)|of age)\b|(?<!\d)1\s?:\s?\d{1,4}\b|(?<![\d.,$€£¥])\d{1,3}-for-\d{1,3}\b",
            re.IGNORECASE,
        ),
    ),
    (NumeralKind.ORDINAL, re.compile(rf"\b{_CLASSES}[\s-]\d{{1,3}}(?![\d%]|[.,]\d|\s*(?:{SCALE_WORD}))")),
    (
        NumeralKind.IDENTIFIER,
        re.compile(
            rf"\b\d{{1,5}}/[A-Z]\b|\b\d{{1,5}}(?:[-–]\d{{1,5}})?,?\s(?:[A-Z][\w.]*\s){{0,3}}{_ROADS}\b"
            rf"|\b[A-Z]\.?[A-Z]\.?,?\s+\d{{5}}(?:-\d{{4}})?(?!\d|[.,]\d)"
            rf"|\b(?!{MONTH})[A-Z][a-z]{{2,}},?\s\d{{5,6}}(?![\d,.%]\d|\d|%"
            rf"|\s*(?:{SCALE_WORD}))\b"
        ),
    ),
    (
        NumeralKind.IDENTIFIER,
        re.compile(
            rf"(?<![\w$€£¥])(?!{CURRENCY}[-\d])(?:[A-Za-z]{{1,24}}[.-]?){{1,3}}\d[\w-]*(?:\.[\w-]*\d[\w-]*)*"
            rf"|(?<![\w$€£¥.,])0\d+(?:-\d+)+"
            rf"|(?<![\w$€£¥.,])\d+(?:-\d+){{2,}}|(?<![\w$€£¥.,])\d{{1,4}}-\d{{4,}}(?!\w)"
            rf"|(?<![\w$€£¥.,])(?!\d+{_UNIT_TAIL}|\d{{1,3}}p(?!\w))\d+[a-zA-Z][\w-]*"
        ),
    ),
    (
        NumeralKind.IDENTIFIER,
        re.compile(
            rf"(?<![\w$€£¥.,(+-])(?<!RMB )(?<!EUR )(?<!USD )(?<!CHF )(?<!JPY )(?<!GBP )(?<!US\$ )(?<![€£¥$] )\d{{2,4}}\s(?="
            rf"[A-Z][a-z])(?!(?i:{SCALE_WORD}))(?!Class|American|ADS)"
        ),
    ),
)


_MEASURED = re.compile(
    r"\b(?:days|turnover|cycle|DSO|DPO|DIO|average\s+(?:age|term|duration|maturity|life|tenor)|lead\s+times?)\b[^;]{0,90}?"
    r"(?:\b(?:was|were|is|are|to|from|by|at|averaged|reached|than|with|of|and|days,)\s+(?:approximately\s+|about\s+|around\s+)?"
    r"|\(\s*[^():;]{2,40}:\s*)$",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\s*(?:\+|\(?(?:past|over)\s*due|or\s+(?:more|less|longer)|delinquent|after|before|prior|from|of\s+the)", re.IGNORECASE
)
_COUNT_OF_DAYS = re.compile(r"\d{1,4}\s(?:days?|weeks?|hours?|minutes?)", re.IGNORECASE)


def _is_measured(kind: NumeralKind, text: str, start: int, end: int) -> bool:
    """Whether days are what was measured ("Inventory turnover days were 110 days"), and so a figure."""
    return (
        kind is NumeralKind.DEFINITION
        and _COUNT_OF_DAYS.fullmatch(text[start:end]) is not None
        and _PAST.match(text, end) is None
        and _MEASURED.search(text[max(0, text.rfind(". ", 0, start)) : start]) is not None
    )


def told_apart(text: str) -> list[tuple[int, int, NumeralKind]]:
    """Where numerals stand that are no figures, in order of place; the first pattern that finds one says what it is."""
    taken = bytearray(len(text))
    found: list[tuple[int, int, NumeralKind]] = []
    for kind, pattern in _PATTERNS:
        for start, end in _matches(pattern, text):
            if not any(taken[start:end]) and not _is_measured(kind, text, start, end):
                taken[start:end] = b"\x01" * (end - start)
                found.append((start, end, kind))
    return sorted(found)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        if pattern is DATE:
            month = date_parts(match)[1]
            if not 1 <= month <= 12:
                continue
        if any(letter.isdigit() for letter in match.group()):
            yield match.span()
