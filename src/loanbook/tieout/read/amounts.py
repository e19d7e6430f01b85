"""Amounts in running text: number, sign, currency, scale and unit as they stand around the digits."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from loanbook.tieout.figure import NumeralKind, Unit
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.lexicon import CENTS, CURRENCY, CURRENCY_MARK, HUNDREDTH, SCALE_LETTER, SCALE_WORD, scale_of
from loanbook.tieout.read.number import DIGITS, SPACES, digits_value

_CENTS = re.compile(rf"{CENTS}|p", re.IGNORECASE)
_POINTS = r"percentage\s+points?|ppts?\b|pp\b|p\.p\.|pts\b"
_DIGITS = re.compile(DIGITS)
_BEFORE = re.compile(
    rf"""(?:(?P<c1>(?!円){CURRENCY})[{SPACES}\ ]?(?P<s0>[-−–])?)?(?P<o1>\()?(?P<s1>(?<![\w)%])[-−–△▲]|\bminus\s)?
    (?:(?P<c2>{CURRENCY})[{SPACES}\ ]?)?(?P<o2>\()?(?P<s2>(?<=\()[-−])?$""",
    re.VERBOSE,
)
_BEHIND = re.compile(
    rf"""(?P<close>\))?
    (?:[{SPACES}\ -]?(?P<unit>%|％|per\s?cent\b|percent\b|{_POINTS}
        |basis\s+points?|bps?\b|times\b|x\b(?!\s?\d)|{CENTS}|(?:hundred\s)?{SCALE_WORD}|{SCALE_LETTER}))?
    (?:[{SPACES}\ ]?(?:d['’]|de\ )?(?P<c3>円|元|{CURRENCY}(?!\s?[\d(])))?""",
    re.VERBOSE,
)
_MARK_CHARACTERS = 24
"""Marks before a number stand within so many characters."""
_PER = re.compile(r"^[^.;,()]{0,40}?\bper\s+(?:[\w-]+\s+){0,4}?(?P<what>ADSs?|American|shares?|units?|stock)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"^\s*\([^()]{1,40}\)")
_NOUN = re.compile(
    r"^\s*(?:Class [A-Z]\s+)?(?:[a-zà-ÿ-]+\s+){0,3}?(?P<what>ADSs?|American depositary shares|shares|employees|people"
    r"|staff|months|days|years)\b"
)
_NOUNS = {
    "employees": Unit.PEOPLE,
    "people": Unit.PEOPLE,
    "staff": Unit.PEOPLE,
    "months": Unit.MONTHS,
    "days": Unit.DAYS,
    "years": Unit.YEARS,
    "shares": Unit.SHARES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One amount of a text.

    start, end     characters of the text, marks included
    digits_start   where its digits begin
    vague          "approximately", "nearly", "up to": not a count to the one
    """

    start: int
    end: int
    digits_start: int
    value: Decimal
    step: Decimal
    unit: Unit
    scale: Decimal = Decimal(1)
    currency: str | None = None
    has_scale: bool = False
    vague: bool = False


def read_amounts(
    text: str, taken: list[tuple[int, int, NumeralKind]], context: Context
) -> tuple[list[Amount], list[tuple[int, int, NumeralKind]]]:
    """Amounts between what was told apart, and the digits that are neither."""
    mask = bytearray(len(text))
    for start, end, _ in taken:
        mask[start:end] = b"\x01" * (end - start)
    amounts: list[Amount] = []
    others: list[tuple[int, int, NumeralKind]] = []
    ended = 0
    for digits in _DIGITS.finditer(text):
        start, end = digits.span()
        if start < ended or any(mask[start:end]):
            continue
        before = _BEFORE.search(text, max(ended, start - _MARK_CHARACTERS), start)
        behind = _BEHIND.match(text, end)
        assert before is not None, "every part is optional"
        assert behind is not None, "every part is optional"
        amount = _amount(text, digits, before, behind, context)
        if isinstance(amount, Amount):
            amounts.append(amount)
            ended = amount.end
        else:
            others.append((start, end, amount))
            ended = end
    return _completed(amounts, text), others


def _amount(
    text: str, digits: re.Match[str], before: re.Match[str], behind: re.Match[str], context: Context
) -> Amount | NumeralKind:
    part = {**before.groupdict(), **behind.groupdict(), "digits": digits.group()}
    parsed = digits_value(part["digits"], context.mark) or digits_value(part["digits"], "," if context.mark == "." else ".")
    if parsed is None:
        return NumeralKind.DAMAGED
    value, step = parsed
    mark = part["c1"] or part["c2"] or part["c3"]
    currency = context.currency(mark) if mark else cents_currency(part["unit"] or "", context)
    word = re.sub(r"\s+", " ", part["unit"] or "").lower()
    bracket = bool(part["o1"] or part["o2"]) and bool(part["close"]) and (bool(part["c1"]) or word in ("%", "％"))
    negative = bool(part["s0"] or part["s1"] or part["s2"]) or bracket
    first = before.start()
    if (part["o1"] or part["o2"]) and not bracket and not part["c1"]:
        first = before.start("c2") if part["c2"] else before.start("s2") if part["s2"] else digits.start()
    last = behind.end()
    if part["close"] and not bracket:
        last, word, currency = behind.start("close"), "", currency if part["c1"] or part["c2"] else None
    while text[last - 1] in SPACES + " -":
        last -= 1
    after = text[last : last + 90]
    unit, scale = _unit_of_word(word, part["unit"] or "", after)
    if unit is None:
        unit = _unit_of_context(currency, after, part["digits"], scale, step, text, first)
        if unit is None:
            return NumeralKind.ORDINAL
    lead = text[max(0, first - 20) : first].lower()
    return Amount(
        start=first,
        end=last,
        digits_start=digits.start(),
        value=-value if negative else value,
        step=step,
        unit=unit,
        scale=scale,
        currency=currency if unit in (Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS) else None,
        has_scale=scale > 1,
        vague=re.search(r"(?:approximately|about|nearly|almost|around|over|more than|up to|least|some|ca\.?)\s*$", lead)
        is not None,
    )


def cents_currency(word: str, context: Context) -> str | None:
    """Whose hundredths a word names: pence are sterling, cents the currency named with them or the document's."""
    if not _CENTS.fullmatch(word):
        return None
    named = CURRENCY_MARK.search(word)
    if named is not None:
        return context.currency(named.group())
    if word.lower().startswith("p"):
        return "GBP"
    return {"us": "USD", "hk": "HKD"}.get(word[:2].lower(), context.main_currency)


def _unit_of_word(word: str, printed: str, after: str) -> tuple[Unit | None, Decimal]:
    """What the word behind the digits says: a unit of its own, or a scale."""
    one = Decimal(1)
    if word in ("%", "％", "percent", "per cent", "per cent."):
        points = re.match(r"\s*points?\b", after)
        return (Unit.POINTS if points else Unit.PERCENT), one
    if re.fullmatch(_POINTS, word):
        return Unit.POINTS, one
    if word.startswith(("bp", "basis")):
        return Unit.BASIS_POINTS, one
    if word in ("x", "times"):
        return Unit.RATIO, one
    if _CENTS.fullmatch(word):
        return None, HUNDREDTH
    if word.startswith("hundred "):
        return None, 100 * scale_of(word[8:])
    return None, scale_of(printed) if printed else one


def _unit_of_context(
    currency: str | None, after: str, digits: str, scale: Decimal, step: Decimal, text: str, start: int
) -> Unit | None:
    """What the words around an amount say that it counts; None for a bare number that names nothing."""
    if currency is not None:
        per = _PER.match(_BRACKETED.sub("", after))
        if per is not None and scale <= 1:
            return Unit.PER_ADS if per["what"].upper().startswith(("ADS", "AMERICAN")) else Unit.PER_SHARE
        return Unit.MONEY
    noun = _NOUN.match(after)
    if noun is not None:
        what = noun["what"]
        return Unit.ADS if what.startswith(("ADS", "American")) else _NOUNS[what.lower()]
    if scale != 1 or "," in digits or "." in digits or "’" in digits:
        return Unit.COUNT if step == 1 or scale != 1 else Unit.UNKNOWN
    if re.match(r"\s+[a-zà-ÿ]{3,}", after) and not re.match(
        r"\s+(?:and|or|to|of|in|the|for|as|from|through|is|was|were|which|that|with)\b", after
    ):
        return Unit.COUNT
    before = text[max(0, start - 30) : start]
    return Unit.COUNT if re.search(r"\b(?:reached|was|were|totall?ed|to|of)\s+$", before) and len(digits) > 1 else None


def _completed(amounts: list[Amount], text: str) -> list[Amount]:
    """The first of two bounds takes scale and currency of the second: "between $1.7 and $1.8 billion", "5 to 7%"."""
    for index in range(len(amounts) - 2, -1, -1):
        first, second = amounts[index], amounts[index + 1]
        if re.fullmatch(r"\s*(?:to|and|-|–|—|or|bis)\s*", text[first.end : second.start]) is None:
            continue
        if not first.has_scale and second.has_scale and first.unit in (second.unit, Unit.UNKNOWN, Unit.COUNT):
            first = replace(first, scale=second.scale, has_scale=True, unit=second.unit)
        if first.unit in (Unit.UNKNOWN, Unit.COUNT) and second.unit in (Unit.PERCENT, Unit.POINTS, Unit.BASIS_POINTS, Unit.RATIO):
            first = replace(first, unit=second.unit)
        if (
            second.unit in (Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS)
            and first.currency is None
            and first.unit in (second.unit, Unit.UNKNOWN, Unit.COUNT)
        ):
            first = replace(first, unit=second.unit, currency=second.currency)
        if second.currency is None and first.currency is not None and second.unit in (Unit.COUNT, Unit.UNKNOWN):
            amounts[index + 1] = replace(second, unit=first.unit, currency=first.currency)
        amounts[index] = first
    return amounts
