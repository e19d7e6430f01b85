"""Outlooks: what is expected of the months ahead, as weighted scenarios that multiply what the look-back showed.

outlook: consumer
title: ...
effective_from: 2024-01-01
source: ...                       # who decided it, on what evidence
scenarios:
  - name: base
    weight: 0.60                  # weights sum to 1
    supportable_months: 12        # reasonable and supportable; then history returns
    reversion: straight_line      # or immediate
    reversion_months: 12
    miss: 1.00                    # on the chance to fall behind; one number, or a list of one a month
    roll: 1.00                    # on the chance to get further behind
    recoveries: 1.00              # on what comes back of charge-offs

Forecasts for a reasonable and supportable period and reversion to history after it: ASC 326-20-30-9; probability-weighted
outcomes: IFRS 9 5.5.17.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import PPM, text_hash

SHIPPED = Path(__file__).parent / "outlooks"
"""Example outlooks that come with the package; made up."""
REVERSIONS = ("straight_line", "immediate")
MONTHS_MOST = 36
FACTOR_MOST = 10 * PPM
_TOP = ("outlook", "title", "effective_from", "source", "scenarios")
_SCENARIO = ("name", "weight", "supportable_months", "reversion", "reversion_months", "miss", "roll", "recoveries")
_OPTIONAL = ("reversion_months", "roll", "recoveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookScenario:
    """One scenario; factors are ppm by month ahead, the supportable months and the way back to 1,000,000.

    weight_ppm               of all scenarios, sums to 1,000,000
    miss, roll, recoveries   ppm, one for each of the same months ahead; after them history holds
    """

    name: str
    weight_ppm: int
    miss: tuple[int, ...]
    roll: tuple[int, ...]
    recoveries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One version of an outlook: from `effective_from` (a day number) on it replaces earlier ones of its code."""

    code: str
    title: str
    source: str
    place: str
    hash: str
    effective_from: int
    scenarios: tuple[OutlookScenario, ...]

    @property
    def named(self) -> str:
        """Code, first day and hash: what an estimate keeps of it."""
        return f"{self.code}/{self.effective_from}/{self.hash}"


def read_outlook(path: Path, shown: str | None = None) -> Outlook:
    """The outlook of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_outlook(read_text(path, name), name)


def outlooks_in(folder: Path = SHIPPED) -> tuple[Outlook, ...]:
    """All versions of all outlooks in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, or two versions of a code that start on one day
    """
    found = sorted(
        (read_outlook(path, f"terms/{folder.name}/{path.name}") for path in folder.glob("*.yaml")),
        key=lambda outlook: (outlook.code, outlook.effective_from, outlook.place),
    )
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(f"{later.place}:1: {later.code} already has an outlook from that day in {earlier.place}.")
    return tuple(found)


def outlook_on(outlooks: tuple[Outlook, ...], code: str, day: int) -> Outlook:
    """The version of a code in force on a day. Raises TermsError where there is none."""
    known = [each for each in outlooks if each.code == code and each.effective_from <= day]
    if not known:
        codes = ", ".join(sorted({each.code for each in outlooks})) or "none"
        raise TermsError(f"no outlook {code!r} is in force on that day; known are {codes}. Write one with an earlier date.")
    return max(known, key=lambda each: each.effective_from)


def parse_outlook(text: str, name: str) -> Outlook:
    """The outlook of a YAML text; `name` is what messages call it."""
    items = parse_located(text, name).fields("an outlook", _TOP, _TOP)
    scenarios = tuple(_scenario(entry) for entry in items["scenarios"].items("scenarios"))
    names = [each.name for each in scenarios]
    if not names or len(set(names)) < len(names):
        raise items["scenarios"].wrong(f"scenarios must be at least one, each with a name of its own; got {names}.")
    total = sum(each.weight_ppm for each in scenarios)
    if total != PPM:
        raise items["scenarios"].wrong(f"weights must sum to 1; they sum to {total / PPM:.6g}. Change one weight.")
    return Outlook(
        code=items["outlook"].text("outlook"),
        title=items["title"].text("title"),
        source=items["source"].text("source"),
        place=name,
        hash=text_hash(text),
        effective_from=items["effective_from"].date("effective_from"),
        scenarios=scenarios,
    )


def _scenario(entry: Located) -> OutlookScenario:
    items = entry.fields("a scenario", _SCENARIO, tuple(name for name in _SCENARIO if name not in _OPTIONAL))
    weight = items["weight"].scaled("weight", PPM, "0.60")
    if not 0 <= weight <= PPM:
        raise items["weight"].wrong(f"weight must lie between 0 and 1; got {items['weight'].shown}.")
    months = items["supportable_months"].whole("supportable_months", 0, MONTHS_MOST)
    immediate = items["reversion"].choice("reversion", REVERSIONS) == "immediate"
    if immediate and "reversion_months" in items:
        raise items["reversion_months"].wrong("an immediate reversion has no reversion_months. Leave them out.")
    if not immediate and "reversion_months" not in items:
        raise items["reversion"].wrong("a straight-line reversion needs reversion_months, e.g. 12.")
    back = 0 if immediate else items["reversion_months"].whole("reversion_months", 1, MONTHS_MOST)
    factors = {name: _factors(items.get(name), name, months, back) for name in ("miss", "roll", "recoveries")}
    return OutlookScenario(name=items["name"].text("name"), weight_ppm=weight, **factors)


def _factors(item: Located | None, what: str, months: int, back: int) -> tuple[int, ...]:
    if item is None:
        return (PPM,) * (months + back)
    given = [entry.scaled(what, PPM, "1.10") for entry in item.items(what)]
    for factor in given:
        if not 0 <= factor <= FACTOR_MOST:
            raise item.wrong(f"{what} is a factor between 0 and {FACTOR_MOST // PPM}; got {factor / PPM:.6g}.")
    if not isinstance(item.value, tuple):
        given = given * months
    if len(given) != months:
        raise item.wrong(f"{what} needs one factor for each of the {months} supportable months; got {len(given)}.")
    last = given[-1] if given else PPM
    return (*given, *(last + (PPM - last) * step // (back + 1) for step in range(1, back + 1)))
