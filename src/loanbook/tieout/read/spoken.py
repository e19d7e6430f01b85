"""The period of each amount of a sentence: what its clause says, else its sentence, the ones before it, the headings above."""

import re
from collections.abc import Sequence
from dataclasses import replace

from loanbook.tieout.directions import ON_YEAR, YEAR_AGO
from loanbook.tieout.figure import Period
from loanbook.tieout.read.amounts import Amount
from loanbook.tieout.read.calendar import Hint, length_months, prior_period, read_hint, resolve
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.roles import Role, bracketed_when

_SAME_DATE = re.compile(r"\b(?:same|such|that)\s+(?:date|day|time)\b|\bdate\s+thereof\b", re.IGNORECASE)
_OR = re.compile(r",?\s*(?:or|and)\s+(?:\w+\s+){0,3}")
_DATELINE = re.compile(r"^[^.;]{0,80}?(?:--|—|–|/PRNewswire/|\(?(?:GLOBE NEWSWIRE|BUSINESS WIRE)\)?)\s*(?:--|—|–)?\s*")
_AT_END = re.compile(r"^[^,.;]{0,30}\bat\s+(?:the\s+)?(?:quarter|period|year|month)(?:[\s-]*end(?:ing)?\b|'s end)", re.IGNORECASE)
_MOVED_TO = re.compile(r"\bfrom\b[^,;]*\bto\s*$", re.IGNORECASE)
_CLAUSE_CHARACTERS = 110


def sentence_periods(
    text: str, amounts: list[Amount], roles: list[Role], headings: Sequence[str], said: Period | None, context: Context
) -> list[Period | None]:
    """The period of each amount: what its clause says, else its sentence, the headings, the document."""
    spread = _respectively(text, amounts, roles, context)
    base = _base_period(text[: amounts[0].start], headings, said, context)
    periods: list[Period | None] = []
    unstated: set[int] = set()
    stated: set[int] = set()
    for index, (amount, role) in enumerate(zip(amounts, roles, strict=True)):
        if index in spread:
            periods.append(spread[index])
            continue
        end = amounts[index + 1].start if index + 1 < len(amounts) else len(text)
        after = text[amount.end : min(end, amount.end + _CLAUSE_CHARACTERS)]
        after = re.split(r";|\.\s|\((?=[^()]*$)", after)[0]
        if role.name == "current":
            after = re.split(r",?\s*(?:compar\w+|versus|vs\.?|from|an?\s+(?:increase|decrease)|up|down)\b", after)[0]
        of = periods[role.of] if role.of is not None else base
        if role.name in ("translation", "growth", "change", "share") or (role.name in ("low", "high") and role.of is not None):
            periods.append((_clause_period(after, context) if role.of is None else None) or of)
        elif role.name in ("comparative", "prior_quarter"):
            bracketed = bracketed_when(text[amounts[index - 1].end if index else 0 : amount.start])
            periods.append(_compared_period(bracketed or after, of or base, role, text, context))
            if read_hint(after):
                stated.add(index)
        else:
            gap = _MOVED_TO.sub("", text[amounts[index - 1].end if index else 0 : amount.start])
            own = _clause_period(after, context) or (_clause_period(gap, context) if index else None)
            if own is None and role.name == "high":
                own = periods[-1]
            if (
                own is None
                and index
                and role.name == "current"
                and roles[index - 1].name == "current"
                and index + 1 < len(amounts)
            ):
                own = base
            if own is None and base is not None and _AT_END.search(text[amount.end : amount.end + 60]):
                own = Period(end=base.end)
            periods.append(own or base)
            if own is not None:
                stated.add(index)
            if own is None and index == 0 and base is not None and not _clause_period(text[: amount.start], context):
                unstated.add(index)
            if role.name == "low" and own is None:
                tail = _clause_period(text[amount.end :][:200], context)
                periods[-1] = tail if tail is not None and base is None else periods[-1]
    return _as_instants(roles, _shared_forward(text, amounts, roles, periods, stated), unstated)


def _shared_forward(
    text: str, amounts: list[Amount], roles: list[Role], periods: list[Period | None], stated: set[int]
) -> list[Period | None]:
    """ "$12.4 million, or $0.83 per share, for the quarter ended …": the words behind the second are of the first too."""
    shared = list(periods)
    for index in range(len(amounts) - 2, -1, -1):
        if index in stated or index + 1 not in stated or roles[index].name != roles[index + 1].name:
            continue
        if _OR.fullmatch(text[amounts[index].end : amounts[index + 1].start]):
            shared[index] = shared[index + 1]
            stated.add(index)
    return shared


def _as_instants(roles: list[Role], periods: list[Period | None], unstated: set[int]) -> list[Period | None]:
    """An amount without a date of its own that is compared with a balance is a balance at the end of the period."""
    for index in unstated:
        period = periods[index]
        compared = [periods[other] for other, role in enumerate(roles) if role.of == index and role.name == "comparative"]
        if period is None or period.start is None:
            continue
        if compared and all(other is not None and other.start is None for other in compared):
            instant = Period(end=period.end)
            periods = [
                instant if at == index or (roles[at].of == index and each == period) else each for at, each in enumerate(periods)
            ]
    return periods


_LATE_IN_MONTH = 27
"""A heading that is a date earlier in its month says when the document was published."""


def _base_period(before: str, headings: Sequence[str], said: Period | None, context: Context) -> Period | None:
    """What the words before the first amount say, else the sentences before it, the headings above it, the document."""
    own = _clause_period(_DATELINE.sub("", before), context)
    if own is not None:
        return own
    if said is not None and (said.start is not None or _SAME_DATE.search(before)):
        return said
    for heading in reversed(headings):
        hint = read_hint(heading)
        if hint.year is not None and (hint.day is None or hint.months is not None or hint.day >= _LATE_IN_MONTH):
            found = resolve(hint, context.fiscal_year, instant=None)
            if found is not None:
                return found
    return context.period


def _clause_period(clause: str, context: Context) -> Period | None:
    """The period that a clause names; a quarter without a year is of the document's."""
    if not clause.strip():
        return None
    hint = read_hint(clause)
    if not hint:
        return None
    if hint.year is None:
        if hint.part is None or context.period is None:
            return None
        hint = replace(hint, year=context.fiscal_year.name_of(context.period.end))
    if (
        hint.month is None
        and hint.part is None
        and hint.months is None
        and hint.start is None
        and not hint.fiscal
        and re.search(r"\b(?:in|for|of|during|since)\s+(?:(?:the\s+)?years?\s+)?(?:19|20)\d\d(?!\s+[A-Z])", clause) is None
    ):
        return None
    end_of = re.search(r"\bat\s+(?:the\s+)?(?:end|close)\s+of\b|\bas\s+of\s+(?:the\s+)?end\b", clause, re.IGNORECASE)
    return resolve(replace(hint, months=0) if end_of else hint, context.fiscal_year, instant=None)


def _compared_period(after: str, of: Period | None, role: Role, text: str, context: Context) -> Period | None:
    if role.name == "prior_quarter":
        named = _clause_period(after, context)
        return named or (prior_period(of) if of is not None else None)
    hint = read_hint(after)
    if YEAR_AGO.search(after) and of is not None:
        if hint.month is not None or hint.part is not None:
            return _clause_period(after, context) or context.fiscal_year.shift(of, -1)
        year = hint.year if hint.year is not None else of.end.year - 1
        return context.fiscal_year.shift(of, year - of.end.year)
    own = _clause_period(after, context)
    if own is not None:
        if (
            (role.of is not None or text.lstrip().startswith("("))
            and of is not None
            and of.start is not None
            and own.start is not None
            and hint.part is None
            and hint.month is None
            and length_months(own) != length_months(of)
        ):
            return context.fiscal_year.shift(of, own.end.year - of.end.year)
        return own
    if of is not None and re.search(rf"\b{ON_YEAR}\b|prior[- ]year|last year|year ago", text, re.IGNORECASE):
        return context.fiscal_year.shift(of, -1)
    return None


def _respectively(text: str, amounts: list[Amount], roles: list[Role], context: Context) -> dict[int, Period]:
    """ "A and B for the years ended December 31, 2023 and 2022, respectively": periods in the order of the amounts."""
    found: dict[int, Period] = {}
    start = 0
    for match in re.finditer("respectively", text):
        mains = [
            index
            for index, amount in enumerate(amounts)
            if start <= amount.start and amount.end <= match.start() and roles[index].name in _NAMED
        ]
        found |= _spread(text[: match.start()], amounts, mains, context)
        start = match.end()
    return found


_NAMED = ("current", "comparative", "prior_quarter")
_FULL_YEAR = re.compile(r"(?<![\d,.])((?:19|20)\d\d)(?![\d,.]\d)")


def _spread(clause: str, amounts: list[Amount], mains: list[int], context: Context) -> dict[int, Period]:
    """The years behind some amounts, or before the first of the sentence, in the order of the amounts."""
    if len(mains) < 2:
        return {}
    tail = clause[amounts[mains[-1]].end :]
    years = [int(year) for year in _FULL_YEAR.findall(tail)]
    if not years:
        tail = clause[: amounts[0].start]
        years = [int(year) for year in _FULL_YEAR.findall(tail)]
    if len(years) != len(mains):
        return {}
    parts = re.split(r"\band\b|,\s(?=[A-Z])", tail)
    hints = [read_hint(part) for part in parts if re.search(r"(?:19|20)\d\d", part)]
    lead = read_hint(re.sub(r"(?:19|20)\d\d", "", tail)) if len(hints) != len(years) or not hints[-1].month else Hint()
    found: dict[int, Period] = {}
    for position, (index, year) in enumerate(zip(mains, years, strict=True)):
        own = hints[position] if position < len(hints) else Hint()
        hint = replace(own, year=year).over(hints[0] if hints else Hint()).over(lead)
        period = resolve(hint, context.fiscal_year, instant=None)
        if period is not None:
            found[index] = period
    return found
