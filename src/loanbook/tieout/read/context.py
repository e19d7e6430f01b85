"""What holds for a whole document: decimal mark, whose dollar, fiscal year, rules of accounting, scale, period."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from loanbook.tieout.document import Document, Heading, Span, Table
from loanbook.tieout.figure import Basis, Period
from loanbook.tieout.read.calendar import CALENDAR_YEAR, DATE, FiscalYear, date_parts, part_hint, read_hint, resolve
from loanbook.tieout.read.fiscal import fiscal_year_of
from loanbook.tieout.read.lexicon import currencies_in, currency_code
from loanbook.tieout.read.number import decimal_mark
from loanbook.tieout.read.scale import read_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Facts about a document that its figures are read with.

    mark            decimal mark, "." or ","
    dollar, yen     currencies that `$` and `¥` stand for
    main_currency   the one named most often, None in a document without any
    basis           rules that unmarked figures follow
    period          what the document reports on: its last quarter, half or year
    scale           of tables that state none, where the document states one throughout
    """

    mark: str = "."
    dollar: str = "USD"
    yen: str = "JPY"
    main_currency: str | None = None
    fiscal_year: FiscalYear = CALENDAR_YEAR
    basis: Basis | None = None
    period: Period | None = None
    scale: Decimal | None = None
    shares: Decimal = Decimal(1)

    def currency(self, mark: str) -> str:
        return currency_code(mark, dollar=self.dollar, yen=self.yen)


_DOLLARS = (
    ("CAD", r"canadian dollars?|C\$|CAD\b"),
    ("AUD", r"australian dollars?|A\$|AUD\b"),
    ("HKD", r"hong kong dollars?|HK\$"),
    ("SGD", r"singapore dollars?|S\$"),
    ("USD", r"U\.?S\.? dollars?|US\$|USD\b"),
)
_CHINA = re.compile(r"RMB|Renminbi|\bPRC\b|人民币", re.IGNORECASE)
_IFRS = re.compile(r"\bIFRSs?\b|International Financial Reporting Standards|IFRS Accounting Standards")
_GAAP = re.compile(r"\bU\.?\s?S\.?\s?GAAP\b|(?<![Nn]on-)(?<![Nn]on )\bGAAP\b|generally accepted accounting principles")
_TITLE_BLOCKS = 60
"""Title and first sentences stand within so many blocks, cover page included."""
_RESULTS = re.compile(
    r"\b(?:results|earnings|interim|profit|performance|quarterly|annual|ergebnis\w*|zwischenbericht|halbjahres\w*|résultats)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[^.]{0,60}\b(?:ended|ending)\b[^.]{0,30}")
_REPORTS = re.compile(r"\bquarters?\b|\bhalf\b|\bmonths?\b|\byear\b|\bQ[1-4]\b|\b[1-4]Q|\bH[12]\b|\b[12]H|\bFY", re.IGNORECASE)


def document_context(document: Document) -> Context:
    """The context of a document, from all of its texts."""
    texts = [span.text for span in document_spans(document)]
    whole = "\n".join(texts)
    named = currencies_in(whole)
    marks = Counter(match.group() for match in named.finditer(whole)) if named is not None else Counter()
    context = Context(
        mark=decimal_mark(texts),
        dollar=_dollar(whole),
        yen="CNY" if _CHINA.search(whole) else "JPY",
        fiscal_year=fiscal_year_of(whole),
        basis=_basis(whole),
    )
    codes = Counter[str]()
    for mark, count in marks.items():
        codes[context.currency(mark)] += count
    context = replace(context, main_currency=codes.most_common(1)[0][0] if codes else None)
    context = replace(context, period=_period(document, context))
    return _with_scale(context, document)


def document_spans(document: Document) -> Iterable[Span]:
    """Every text of a document once, in reading order."""
    for block in document.blocks:
        if isinstance(block, Table):
            for cell in block.cells:
                yield cell.span
        else:
            yield block.span


def _dollar(whole: str) -> str:
    counts = {code: len(re.findall(pattern, whole, re.IGNORECASE)) for code, pattern in _DOLLARS}
    stated = re.search(
        r"\b(?:all|amounts?|figures?)\b[^.]{0,60}\b(canadian|australian|singapore|hong kong|U\.?S\.?) dollars",
        whole,
        re.IGNORECASE,
    )
    if stated:
        return {"canadian": "CAD", "australian": "AUD", "singapore": "SGD", "hong kong": "HKD"}.get(stated[1].lower(), "USD")
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > counts["USD"] and "US$" not in whole else "USD"


def _basis(whole: str) -> Basis | None:
    ifrs, gaap = len(_IFRS.findall(whole)), len(_GAAP.findall(whole))
    if ifrs == gaap == 0:
        return None
    if re.search(
        r"prepared\s+(?:\w+\s+){0,3}(?:in accordance with|under)\s+(?:the\s+)?(?:U\.?S\.?\s?GAAP|generally accepted)", whole
    ):
        return Basis.US_GAAP
    return Basis.IFRS if ifrs > gaap else Basis.US_GAAP


def _period(document: Document, context: Context) -> Period | None:
    """What the first title or sentence that speaks of results names; else the month's end most often named."""
    for block in document.blocks[:_TITLE_BLOCKS]:
        if isinstance(block, Table):
            continue
        text = block.span.text[:600]
        if _RESULTS.search(text) is None or _REPORTS.search(text) is None:
            continue
        ended = _ENDED.search(text)
        part = part_hint(text)
        for hint in ([read_hint(ended.group())] if ended else []) + ([part] if part else []) + [read_hint(text[:200])]:
            if hint.year is not None and (hint.part or hint.months or hint.fiscal):
                found = resolve(hint, context.fiscal_year, instant=False)
                if found is not None:
                    return found
    days = Counter[tuple[int, int, int]]()
    for span in document_spans(document):
        for match in DATE.finditer(span.text):
            year, month, day = date_parts(match)
            if year is not None and day is not None and day >= 28:
                days[(year, month, day)] += 1
    for (year, month, day), _ in days.most_common(3):
        hint = replace(read_hint(f"{year}"), month=month, day=day)
        return resolve(hint, context.fiscal_year, instant=True)
    return None


def _with_scale(context: Context, document: Document) -> Context:
    """The scale that most tables state, for those that state none."""
    stated = Counter[tuple[Decimal, Decimal]]()
    for block in document.blocks:
        texts = (
            [span.text for span in block.caption]
            if isinstance(block, Table)
            else [block.span.text]
            if isinstance(block, Heading)
            else []
        )
        for text in texts:
            statement = read_statement(text) if len(text) < 300 else None
            if statement is not None and statement.money is not None:
                stated[(statement.money, statement.shares)] += 1
    if not stated:
        return context
    (money, shares), _ = stated.most_common(1)[0]
    return replace(context, scale=money, shares=shares)
