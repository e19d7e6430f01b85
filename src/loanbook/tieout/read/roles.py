"""What each amount of a sentence is to the others: the amount itself, what it is compared with, growth, bounds, a translation."""

import re
from dataclasses import dataclass

from loanbook.tieout.directions import FALL, ON_QUARTER, ON_YEAR, PRIOR_QUARTER, RISE, YEAR_AGO
from loanbook.tieout.figure import Unit
from loanbook.tieout.read.amounts import Amount
from loanbook.tieout.read.calendar import read_hint

_DIRECTION_BEFORE = re.compile(rf"\b(?:(?P<rise>{RISE})|(?P<fall>{FALL}))\b(?P<between>[^.;]{{0,60}})$", re.IGNORECASE)
_DIRECTION_AFTER = re.compile(
    rf"^\s*(?:{ON_YEAR}|{ON_QUARTER}|sequential|quarterly|annual|organic|net"
    r"|\(?\w+\)?)?\s*(?:(?P<rise>increase|growth|rise|gain|improvement|higher|jump|expansion|more(?=\s+than)|ahead(?=\s+of)|above)|(?P<fall>decrease|decline"
    r"|drop|reduction|fall|lower|contraction|less(?=\s+than)|behind|below))\b",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"^\s*(?:(?:(?P<rise>higher|more)|(?P<fall>lower|less))\s+than|(?P<above>above)|(?P<below>below))\s+(?:in\s+|for\s+)?(?:the\s+)?"
    r"(?:a\s+year|prior|previous|preceding|last|same|corresponding|first|second|third|fourth|Q[1-4]|H[12]|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_YEARLY_AFTER = re.compile(rf"^\W*(?:{ON_YEAR}|{ON_QUARTER}|sequentially)\b", re.IGNORECASE)
_COMPARED = re.compile(
    r"(?:\b(?:compar\w+(?:\s+(?:to|with))?|versus|against|than|vs\.?|as opposed to|gegenüber|Vorjahr:?)"
    r"|(?<!\bcame )(?<!\bcomes )(?<!\bderived )\bfrom)\s*(?:[\w’'-]+\s+){0,4}\(?$|\bafter\s+(?:approximately\s+|about\s+)?$"
    r"|\b(?:ahead\s+of|behind|above|below|up\s+on|down\s+on)\s+(?:the\s+)?(?:last|prior|previous)[\s-]year(?:['’]s)?\s+(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_BY = re.compile(r"\bby\s+(?:approximately\s+|about\s+)?$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+(?:approximately\s+|about\s+)?$", re.IGNORECASE)
_CHAIN = re.compile(
    r"^[^.;]{0,80}(?:,\s*(?:(?:and|or)\s+)?|\b(?:and|or)\s+)(?:(?:compared\s+)?(?:to|with|from)\s+)?(?:a\s+|an\s+)?$",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"\b(?:represent\w*|account\w*\s+for|compris\w+|constitut\w+|equivalent\s+to|or|being|made\s+up)\s+(?:approximately\s+"
    r"|about\s+|nearly\s+|only\s+|over\s+)?$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:between|range\s+(?:of|from)|from|in\s+a\s+range\s+of|zwischen)\s+(?:approximately\s+|about\s+)?$", re.IGNORECASE
)
_BRACKET = re.compile(r"\(\s*(?P<when>[^():;]{2,40}):\s*(?:approximately\s+|around\s+)?$")
_CHANGED = re.compile(
    r"\b(?:chang(?:e|es|ed|ing)|variation|movement|Veränderung|évolution)\b[^.;]{0,40}?(?:\s(?:of|by|von|um|de)|:)\s*$",
    re.IGNORECASE,
)
_AND = re.compile(r",?\s*and\s+(?:of\s+)?", re.IGNORECASE)
_OR_BY = re.compile(r"\W*(?:or|i\.e\.,?)\s+by\s+", re.IGNORECASE)
_MOVES_FROM = re.compile(rf"\b(?:{FALL}|{RISE})\s+(?:by\s+)?from\s+$", re.IGNORECASE)
_GROWS = re.compile(rf"\b(?:{RISE}|{FALL}|represent\w*)\b", re.IGNORECASE)
_RANGE_MIDDLE = re.compile(r"\s*(?:and|to|-|–|—|bis|und)\s*")
_OPEN_BRACKET = re.compile(
    r"\W{0,2}\((?:or\s+|approximately\s+|about\s+|equivalent\s+to\s+|ca\.\s+)*|,?\s+or\s+|\s*/\s*", re.IGNORECASE
)
_VERB = re.compile(
    r"\b(?:was|were|is|are|reached|reaching|amounted|totall?ed|totall?ing|stood|came|increased|decreased|grew|rose|fell"
    r"|declined|dropped|improved|had|has|have|remained|of(?=\s+(?:approximately\s+|about\s+|over\s+)?$)|expects?|generated"
    r"|reported|recorded|posted|delivered|worsened|deteriorated|widened|narrowed|climbed|jumped|expanded|contracted|slipped|advanced|went|equalled|absorbed|betrug"
    r"|belief|stieg|sank)\b",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    r"\b(?:was|were|is|are|reached|amounted|totall?ed|stood|had|has|have|generated|reported|recorded)\b", re.IGNORECASE
)
_OBJECT = re.compile(
    r"\b(?:(?:in|de)creased|grew|reduced|raised|lifted|lowered|improved|expanded|recorded|reported|posted|registered|saw|achieved"
    r"|generated|delivered)\s+(?:(?:an?|the)\s+(?:\w+\s+){0,2}?(?:increase|decrease|decline|rise|growth|drop|fall|improvement|reduction)"
    r"\s+(?:in|of)\s+)?(?:its|our|their|the)?\s*(?P<object>[A-Za-z][^,.;()]{2,80}?)"
    r"(?=\s+(?:in|for|during|by|to|at|as|over|year)\b|\s*$)",
    re.IGNORECASE,
)
_ISSUER = re.compile(
    r"\b(?:AG|SE|SA|NV|AB|ASA|Oyj|KGaA|GmbH|plc|Inc|Corp|Corporation|Ltd|Limited|LLC|Holdings?|Group|Company|Bancorp|we|it)\.?$",
    re.IGNORECASE,
)
_NAMED_OF = re.compile(
    r"\b(?:reported|posted|recorded|delivered|announced|generated|declared|incurred|achieved|had|expects?(?:\s+to\s+\w+)?)\s+"
    r"(?:an?\s+|the\s+)?(?P<label>[^,.;]{3,90}?)\s+(?:of|between|from|in the range of)\s+(?:approximately\s+|about\s+"
    r"|between\s+)?$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\d{1,2}[.)]?\s+(?=[A-Z“\"])")
_ASIDE = re.compile(
    r"^(?:as\s+(?:of|at)|in|for|during|on|at\s+the\s+end\s+of)\s+(?:the\s+)?"
    r"(?:[A-Za-z]+\.?\s+\d{1,2},\s+(?:19|20)\d\d|[^,]{3,60})(?:,\s*(?:19|20)\d\d(?:\s+and\s+(?:19|20)\d\d)?)?,\s*",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:(?:and|while|whereas|or|of which|with|representing|which|[Aa]n?|at|the(?=\s+average)|giving|lifting|bringing|taking"
    r"|leaving|raising|yielding|(?:equates?|equivalent|corresponds?|corresponding|translates?|translating|resulting)\s+(?:to|in|into))\b\s*"
    r"|.{0,40}?\bat\s+an?\s+(?=average\b))+"
    r"|^[^\w“\"(]+"
)
_TRAILING = re.compile(r"\s+(?:between|of|from|at|to|by|and|approximately|about|an?|the)$")
_DEFINED = re.compile(r"\s*\(\W*[“\"][^()]*\)?")
_SHARE_OPENS = re.compile(r"[,(–—]\s*(?P<words>[^,;:.()\d]{0,60})$")
_SHARE_CLOSES = re.compile(r"\s*(?:of|to)\s+[^,;:.()\d–—]{2,80}[,)–—]", re.IGNORECASE)
_SHARES = re.compile(
    r"(?:\b(?:which|that|or|about|approximately|around|nearly|almost|over|some|roughly|being|is|are|was|were|for|up|to"
    r"|represent\w*|account\w*|mak(?:es|ing)|made|compris\w*|constitut\w*|equal\w*|equivalent|contribut\w*)\b|\s)*",
    re.IGNORECASE,
)
_MONEYLIKE = (Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS)
_RELATIVE = (Unit.PERCENT, Unit.POINTS, Unit.BASIS_POINTS)
_TIME_TAIL = re.compile(
    r"\s+(?:for|in|during|as\s+of|as\s+at|at)\s+(?:the\s+)?(?:[\w,.-]+\s+){0,7}?"
    r"(?:(?:19|20)\d\d(?:\s+and\s+(?:19|20)\d\d)?|quarter|half|period)$"
)
_LABEL_CHARACTERS = 160
_CLAUSE_CHARACTERS = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an amount is.

    name    as in `Figure.role`
    of      index of the amount in its sentence that it qualifies
    falls   a direction word says less
    """

    name: str
    of: int | None = None
    falls: bool = False


def sentence_roles(text: str, amounts: list[Amount]) -> list[Role]:
    """The role of each amount of one sentence."""
    roles: list[Role] = []
    main: int | None = None
    bounds: dict[str, int] = {}
    for index, amount in enumerate(amounts):
        start = amounts[index - 1].end if index else 0
        gap = text[start : amount.start]
        after = text[amount.end : amounts[index + 1].start if index + 1 < len(amounts) else amount.end + _CLAUSE_CHARACTERS]
        role = _role(gap, after, amounts, index, roles, main, bounds, text)
        roles.append(role)
        if main is not None and role.name == "current" and _listed(text, amounts, index):
            continue
        if (role.name == "current" and amount.unit not in _RELATIVE) or (
            role.name == "current" and (main is None or amounts[main].unit in _RELATIVE)
        ):
            main = index
        elif role.name in ("low", "high") and amount.unit not in _RELATIVE:
            bounds[role.name] = index
            main = index
    return roles


def _listed(text: str, amounts: list[Amount], index: int) -> bool:
    """Whether an amount is one more of a list that ends in "respectively": what is said behind is of the first."""
    one, other = amounts[index - 1], amounts[index]
    gap = text[one.end : other.start]
    return one.unit is other.unit and _AND.fullmatch(gap) is not None and "respectively" in text[other.end : other.end + 20]


def _role(
    gap: str,
    after: str,
    amounts: list[Amount],
    index: int,
    roles: list[Role],
    main: int | None,
    bounds: dict[str, int],
    text: str,
) -> Role:
    amount = amounts[index]
    before = amounts[index - 1] if index else None
    if (
        before is not None
        and amount.unit in _MONEYLIKE
        and before.unit in _MONEYLIKE
        and amount.currency != before.currency
        and _OPEN_BRACKET.fullmatch(gap)
    ):
        return Role(name="translation", of=index - 1)
    relative = amount.unit in _RELATIVE
    if bracketed_when(gap) is not None and (main is not None or gap.lstrip().startswith("(")):
        return Role(name="comparative", of=None if main is None else _like(amounts, roles, index, main))
    middle = before is not None and _RANGE_MIDDLE.fullmatch(gap) is not None
    if middle and roles[-1].name == "low":
        return Role(name="high", of=bounds.get("high") if relative and roles[-1].of is not None else None)
    following = amounts[index + 1] if index + 1 < len(amounts) else None
    moved = bool(roles) and roles[-1].name in ("growth", "change") and _FROM.search(gap) is not None
    if (
        following is not None
        and not moved
        and following.unit is amount.unit
        and _RANGE_MIDDLE.fullmatch(after)
        and _opens_range(gap, after)
    ):
        grows = relative and _GROWS.search(gap) is not None
        return Role(name="low", of=bounds.get("low") if grows else None)
    direction = _direction(gap, after, relative)
    if relative:
        if direction is not None and (not _COMPARED.search(gap) or _BY.search(gap)):
            name = "growth" if amount.unit is Unit.PERCENT else "change"
            return Role(name=name, of=main, falls=direction == "fall")
        if roles and roles[-1].name == "change" and re.fullmatch(r",?\s*\(?(?:or\s+)?", gap):
            return Role(name="growth", of=roles[-1].of, falls=roles[-1].falls)
        if main is not None and amount.unit is Unit.PERCENT and _OR_BY.fullmatch(gap):
            return Role(name="growth", of=main)
        if _YEARLY_AFTER.match(after):
            return Role(name="growth", of=main)
        if _SHARE.search(gap) and main is not None:
            return Role(name="share", of=main)
        if main is not None and _CHANGED.search(gap):
            return Role(name="growth" if amount.unit is Unit.PERCENT else "change", of=main)
    elif (
        direction is not None
        and re.search(r"\b(?:by|of|\w+ed|grew|rose|fell|up|down)\s+(?:approximately\s+|about\s+)?$", gap)
        and not re.search(r"\b(?:to|from|at|compared\s+\w+)\s+$", gap)
        and _is_change(gap)
    ):
        return Role(name="change", of=main, falls=direction == "fall")
    elif main is not None and (than := _THAN.match(after)) is not None:
        return Role(name="change", of=main, falls=than["rise"] is None and than["above"] is None)
    compared = _COMPARED.search(gap) is not None and not re.search(r"\bto\s+$", re.sub(r"compared\s+to\s+$", "", gap))
    chained = (
        index > 0
        and relative is (amounts[index - 1].unit in _RELATIVE)
        and roles[-1].name in ("comparative", "prior_quarter")
        and _CHAIN.fullmatch(gap) is not None
        and not _PREDICATE.search(gap)
    )
    chained = chained or (
        index > 1
        and roles[-1].name == "translation"
        and roles[-2].name in ("comparative", "prior_quarter")
        and _CHAIN.fullmatch(gap) is not None
        and not _PREDICATE.search(gap)
    )
    if (compared or chained) and (main is not None or _FROM.search(gap)):
        name = "prior_quarter" if PRIOR_QUARTER.search(after) and not YEAR_AGO.search(after) else "comparative"
        return Role(name=name, of=_like(amounts, roles, index, main))
    return Role(name="current")


def _opens_range(gap: str, after: str) -> bool:
    """Whether two bounds follow: "between A and B", "A to B"; not "by A to B" nor "fell from A to B"."""
    if re.search(r"\bby\s+(?:approximately\s+|about\s+)?$", gap) or _MOVES_FROM.search(gap):
        return False
    return _BETWEEN.search(gap) is not None or re.fullmatch(r"\s*(?:to|-|–|—|bis)\s*", after) is not None


def _like(amounts: list[Amount], roles: list[Role], index: int, main: int | None) -> int | None:
    """The last amount in its own right that is of the same unit, else the last of any."""
    amount = amounts[index]
    for other in range(index - 1, -1, -1):
        if roles[other].name == "current" and (amounts[other].unit, amounts[other].currency) == (amount.unit, amount.currency):
            return other
    return main


def bracketed_when(gap: str) -> str | None:
    """When the amount is of, where a bracket says so before it: "(2023: €1.2 billion)", "(previous year: 83.4%)"."""
    match = _BRACKET.search(gap)
    if match is None or not (read_hint(match["when"]) or YEAR_AGO.search(match["when"]) or PRIOR_QUARTER.search(match["when"])):
        return None
    return f"in {match['when']}"


def _is_change(gap: str) -> bool:
    """Whether the amount itself is the change: "increased by X", "a decrease of X", not "lower provision of X"."""
    if re.search(r"\b(?:grew|rose|increased|declined|decreased|fell|dropped|up|down)\s+(?:approximately\s+|about\s+)?$", gap):
        return True
    return re.search(
        rf"\b(?:{RISE}|{FALL})\s+(?:\w+\s+){{0,3}}(?:by|of)\s+(?:approximately\s+|about\s+)?$", gap, re.IGNORECASE
    ) is not None and not re.search(r"\b(?:up|down)\s+\w+\s+of\s+$", gap)


def _direction(gap: str, after: str, relative: bool) -> str | None:
    found = _DIRECTION_AFTER.match(after) if relative else None
    if found is None:
        clause = re.split(r"[;:]|,\s+(?=and\s+\w+\s+(?:was|were))", gap)[-1]
        found = _DIRECTION_BEFORE.search(clause)
        while found is not None and (nearer := _DIRECTION_BEFORE.search(clause, found.start() + 1)) is not None:
            found = nearer
        if (
            found is not None
            and re.search(r"\b(?:to|was|were|at|is)\s+$", found["between"])
            and not re.search(r"\b(?:rate|growth)\b.*\b(?:was|of)\s+$", found["between"])
        ):
            return None
        if found is not None and re.search(r"(?:^|\s)(?:margin|rate|ratio|share)s?\b.*\bof\s+$", found["between"]):
            return None
    if found is None:
        return None
    return "rise" if found["rise"] else "fall"


def sentence_label(text: str, amounts: list[Amount], index: int) -> str:
    """The phrase that names an amount: what stands before its verb, or the noun behind it."""
    amount = amounts[index]
    aside = _share_aside(text, amounts, index - 1)
    start = amounts[index - 1].end if index else 0
    words = text[start : amount.start]
    if aside is not None:
        words = f"{text[amounts[index - 2].end if index > 1 else 0 : aside[0]]} {text[aside[1] : amount.start]}"
    gap = re.sub(r"\([^()]{0,60}\)", " ", words)
    end = amounts[index + 1].start if index + 1 < len(amounts) else len(text)
    after = re.split(r"[.;(]|,\s|\s(?:compared|and|with|from|in|as)\s", text[amount.end : min(end, amount.end + 120)])[0]
    named = _NAMED_OF.search(gap)
    if named is not None:
        owner = _trimmed(gap[: named.start()]) if aside is not None else ""
        return f"{owner} {_trimmed(named['label'])}".strip()
    gap = _ASIDE.sub("", _NUMBERED.sub("", gap.strip(' ,-•*–“"')))
    verb = _VERB.search(gap)
    before = _LEADING.sub("", (gap[: verb.start()] if verb else gap).strip(" ,)")).strip()
    if _ISSUER.search(before) is not None and (owned := _OBJECT.search(gap)) is not None:
        return _trimmed(owned["object"])
    counts = amount.unit in (Unit.COUNT, Unit.SHARES, Unit.ADS, Unit.PEOPLE)
    if counts and re.match(r"\s+[a-zA-Z]", after) and not re.search(r"\b(?:was|were|reached)\s+(?:approximately\s+)?$", gap):
        return _trimmed(after)
    if len(re.findall(r"[A-Za-z]{2,}", before)) >= 1:
        return _trimmed(before)
    return _trimmed(after) or _trimmed(_VERB.split(text[: amounts[0].start])[0]) or _trimmed(text[: amounts[0].start])


def _share_aside(text: str, amounts: list[Amount], index: int) -> tuple[int, int] | None:
    """Where a clause begins and ends that says what share of a whole its subject is: `, 46% of sales,`, `(40% of the total)`.

    The whole that it names is no subject of what follows.
    """
    if index < 0 or amounts[index].unit is not Unit.PERCENT:
        return None
    first = amounts[index - 1].end if index else 0
    opens = _SHARE_OPENS.search(text, first, amounts[index].start)
    closes = _SHARE_CLOSES.match(text, amounts[index].end)
    if opens is None or closes is None or _SHARES.fullmatch(opens["words"]) is None:
        return None
    return opens.start(), closes.end()


def _trimmed(text: str) -> str:
    words = " ".join(re.sub(r"[⁰¹²³⁴-⁹*]+", "", _DEFINED.sub("", text)).split()).strip(' ,;:-–•“”"()')
    return _TRAILING.sub("", _LEADING.sub("", _TIME_TAIL.sub("", words)))[-_LABEL_CHARACTERS:]
