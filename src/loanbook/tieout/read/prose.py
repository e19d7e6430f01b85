"""Figures of running text, sentence by sentence: amount, comparatives, growth, ranges, translations, each with its period."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

from loanbook.tieout.document import Span
from loanbook.tieout.figure import Basis, Damage, Figure, Numeral, NumeralKind, Period, Unit
from loanbook.tieout.read.amounts import Amount, read_amounts
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.damage import is_run_in, read_run_in
from loanbook.tieout.read.head import last_basis
from loanbook.tieout.read.naming import figure_id
from loanbook.tieout.read.roles import Role, sentence_label, sentence_roles
from loanbook.tieout.read.spoken import sentence_periods
from loanbook.tieout.read.told_apart import told_apart
from loanbook.tieout.read.units import label_unit

_DIGIT = re.compile(r"[\d⁰¹²³⁴-⁹]")
_SENTENCE_END = re.compile(r"[.;!?][\"”’)]*\s+(?=[A-Z“\"(•])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Inc|Ltd|Co|Corp|Mr|Ms|Mrs|Dr|No|Nos|vs|approx|ca|St|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mio"
    r"|Mrd|bzw|e\.g|i\.e|U\.S|U\.K|p\.a|incl|excl|est))\.$"
)
_SENTENCE_CHARACTERS = 4_000
"""No sentence is longer; what is, is read in parts."""
_BLANK_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)")
_RATE = re.compile(r"\b(?:rates?|exchange|translat\w+|convert\w+)\b", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    r"(?:\W|\d|\b(?:in|to|and|or|of|an?|the|at|by|from|for|as|quarter|year|half|period|months?|first|second|third|fourth"
    r"|ended|prior|same|over|on|yoy|sequentially|organically)\b)*",
    re.IGNORECASE,
)
_JOINED = re.compile(r",?\s*(?:and|or|und)\s+(?:approximately\s+|about\s+)?", re.IGNORECASE)
_TOLD_TO = re.compile(r"\b(?:to|at)\s+$")
_NEW_SUBJECT = re.compile(r"[,;\s]*\b(?:and|while|whereas|but)\s+(?!an?\b|by\b|up\b|down\b)\w", re.IGNORECASE)
_ONE = re.compile(r"1(?:[.,]0+)?")
_PAID_PER_SHARE = re.compile(r"\bdividends?\b|\bdistributions?\b|\bearnings\b", re.IGNORECASE)
_OUTLOOK = re.compile(
    r"\b(?:expects?|expected|guidance|outlook|forecasts?|anticipates?|projects|targets?|targeting|erwartet|prognos\w+)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class ProseReading:
    """What a stretch of text gave."""

    figures: list[Figure] = field(default_factory=list)
    numerals: list[Numeral] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)


def read_prose(span: Span, headings: Sequence[str], context: Context, *, label_only: bool = False) -> ProseReading:
    """Figures and other numerals of a paragraph, heading or label.

    label_only   the text is a table's head or label: its numerals are told apart, none is a figure
    """
    reading = ProseReading()
    text = span.text
    if _DIGIT.search(text) is None:
        return reading
    if not label_only and is_run_in(text):
        run = read_run_in(span, headings, context)
        reading.figures, reading.damages = run.figures, run.damages
        reading.numerals = [Numeral(kind=kind, place=span.at(start, end), text=text[start:end]) for start, end, kind in run.told]
        return reading
    told = told_apart(text)
    amounts, others = read_amounts(_grouped(text) if context.mark == "," else text, told, context)
    told = sorted([*told, *others])
    if label_only:
        told = sorted([*told, *((amount.start, amount.end, NumeralKind.DEFINITION) for amount in amounts)])
        amounts = []
    rates, amounts = _rates(text, amounts)
    reading.numerals = [Numeral(kind=kind, place=span.at(start, end), text=text[start:end]) for start, end, kind in told]
    for rate, unit in rates:
        reading.figures.append(_rate(span, rate, headings, context))
        reading.numerals.append(
            Numeral(kind=NumeralKind.DEFINITION, place=span.at(unit.start, unit.end), text=text[unit.start : unit.end])
        )
    said: Period | None = None
    for first, last in sentences(text):
        inside = [amount for amount in amounts if first <= amount.start < last]
        if inside:
            read = _sentence(span, first, last, inside, headings, said, context)
            reading.figures += read
            said = next((figure.period for figure in read if figure.role == "current" and figure.period is not None), said)
    reading.figures.sort(key=lambda figure: (figure.place.line, figure.place.start))
    return reading


def _grouped(text: str) -> str:
    """A text in which blanks that group digits by three are no blanks between words: `27 181 millions d'euros`."""
    return _BLANK_GROUPS.sub(lambda match: match.group().replace(" ", "\u202f"), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where sentences begin and end; abbreviations end none."""
    bounds = [0]
    for match in _SENTENCE_END.finditer(text):
        if text[match.start()] == "." and _ABBREVIATION.search(text[max(0, match.start() - 12) : match.start() + 1]):
            continue
        bounds.append(match.end())
    bounds.append(len(text))
    bounds = [bound for first, last in pairwise(bounds) for bound in range(first, max(last, first + 1), _SENTENCE_CHARACTERS)] + [
        len(text)
    ]
    return list(pairwise(bounds))


def _rates(text: str, amounts: list[Amount]) -> tuple[list[tuple[Amount, Amount]], list[Amount]]:
    """Stated rates of exchange: "RMB7.2203 to US$1.00", "$1.00 = ¥151.4"; and the amounts that are none."""
    rates: list[tuple[Amount, Amount]] = []
    used: set[int] = set()
    for index in range(len(amounts) - 1):
        first, second = amounts[index : index + 2]
        between = text[first.end : second.start]
        if index in used or first.currency is None or second.currency is None or first.currency == second.currency:
            continue
        if re.fullmatch(r"\s*(?:to|=|per|:|for|was|equals?|is)\s*(?:each\s+)?", between) is None or (
            _RATE.search(text) is None and "=" not in between
        ):
            continue
        for rate, unit in ((first, second), (second, first)):
            if _ONE.fullmatch(str(unit.value)) and not unit.has_scale:
                rates.append((rate, unit))
                used |= {index, index + 1}
                break
    return rates, [amount for index, amount in enumerate(amounts) if index not in used]


def _rate(span: Span, rate: Amount, headings: Sequence[str], context: Context) -> Figure:
    text = span.text[rate.start : rate.end]
    place = span.at(rate.start, rate.end)
    return Figure(
        id=figure_id(place, text),
        key="",
        place=place,
        text=text,
        value=rate.value,
        step=rate.step,
        unit=Unit.RATE_OF_EXCHANGE,
        basis=context.basis,
        exact=True,
        currency=rate.currency,
        period=context.period and Period(end=context.period.end),
        label="exchange rate",
        path=tuple(headings),
        role="current",
    )


def _sentence(
    span: Span, first: int, last: int, amounts: list[Amount], headings: Sequence[str], said: Period | None, context: Context
) -> list[Figure]:
    """The figures of one sentence, in order."""
    text = span.text[first:last]
    moved = [
        replace(amount, start=amount.start - first, end=amount.end - first, digits_start=amount.digits_start - first)
        for amount in amounts
    ]
    roles = sentence_roles(text, moved)
    periods = sentence_periods(text, moved, roles, headings, said, context)
    outlook = _OUTLOOK.search(text) is not None
    figures: list[Figure] = []
    spoken = ""  # what the words before a growth or a change name, for the amount that it leads to
    for index, (amount, role) in enumerate(zip(moved, roles, strict=True)):
        of = figures[role.of] if role.of is not None else None
        label = of.label if of is not None and role.name not in ("share", "current") else sentence_label(text, moved, index)
        gap = text[moved[index - 1].end : amount.start] if index else ""
        joined = index > 0 and role.name == "current" and moved[index - 1].unit is amount.unit and _JOINED.fullmatch(gap)
        if figures and (role.name == "high" or joined or _SAYS_NOTHING.fullmatch(label)):
            moved_by = figures[-1].role in ("growth", "change") and _TOLD_TO.search(gap) is not None
            label = (spoken if moved_by else "") or figures[-1].label
        if role.name in ("growth", "change") and (not figures or figures[-1].role not in ("growth", "change")):
            own = sentence_label(text, moved, index)
            spoken = "" if _SAYS_NOTHING.fullmatch(own) or not _NEW_SUBJECT.match(gap) else own
        unit = _unit(amount, label, of, role)
        printed = text[amount.start : amount.end]
        place = span.at(first + amount.start, first + amount.end)
        value = -abs(amount.value) if role.falls else amount.value
        figures.append(
            Figure(
                id=figure_id(place, printed),
                key="",
                place=place,
                text=printed,
                value=value,
                step=amount.step,
                unit=unit,
                scale=amount.scale,
                currency=amount.currency,
                exact=(outlook and role.name in ("low", "high")) or _is_counted(amount, unit),
                basis=_basis(label, context),
                period=periods[index],
                label=label,
                path=tuple(headings),
                role=role.name,
                of=of.id if of is not None else None,
            )
        )
    return figures


def _is_counted(amount: Amount, unit: Unit) -> bool:
    return unit in (Unit.COUNT, Unit.PEOPLE) and not amount.has_scale and amount.step == 1 and not amount.vague


def _basis(label: str, context: Context) -> Basis | None:
    named = last_basis([label])
    return Basis.NON_GAAP if named is Basis.NON_GAAP else context.basis


def _unit(amount: Amount, label: str, of: Figure | None, role: Role) -> Unit:
    """Money of a per-share item is per share; a bare decimal of a ratio is one."""
    if (
        of is not None
        and role.name in ("translation", "comparative", "prior_quarter")
        and amount.unit in (Unit.MONEY, Unit.UNKNOWN, Unit.COUNT)
    ):
        if of.unit in (Unit.PER_SHARE, Unit.PER_ADS) and amount.has_scale:  # an amount in thousands is not per share
            return amount.unit
        return of.unit if amount.unit is not Unit.MONEY or of.unit in (Unit.PER_SHARE, Unit.PER_ADS) else amount.unit
    named = label_unit(label)
    if amount.unit is Unit.MONEY and amount.scale < 1 and named is None and _PAID_PER_SHARE.search(label):
        return Unit.PER_SHARE
    if (
        amount.unit is Unit.MONEY
        and not amount.has_scale
        and (amount.step < 1 or amount.scale < 1)
        and named in (Unit.PER_SHARE, Unit.PER_ADS)
    ):
        return named
    if amount.unit in (Unit.COUNT, Unit.UNKNOWN) and named in (Unit.SHARES, Unit.ADS, Unit.PEOPLE):
        return named
    if amount.unit is Unit.UNKNOWN and amount.step < Decimal(1) and re.search(r"\bratio|\bleverage|\bcoverage|\bmultiple", label):
        return Unit.RATIO
    return amount.unit
