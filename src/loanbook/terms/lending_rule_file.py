"""Reading lending rules from YAML.

lending_rules:
  - rule: guarantee_leverage         # name of the rule in a refusal
    title: ...                       # what it says, in one sentence
    subject: guarantor               # line, borrower, loan, disbursement, funding, guarantor, micro_lender
    figure: guaranteed               # what is bounded
    most: 10                         # or least, or both; in the figure's unit ...
    of: net_assets                   # ... or times this figure
    where: {mainly_small_business: false}
    effective_from: 2017-10-01       # effective_until: last day, where it ended
    source: ...
"""

import re
from itertools import combinations
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.lending_rule import CONDITIONS, FIGURES, SHIPPED, TIMES, LendingRule
from loanbook.terms.loading import Located, read_located
from loanbook.units import NEVER, date

_CODE = re.compile(r"[a-z][a-z0-9_]*")
_REQUIRED = ("rule", "title", "subject", "figure", "effective_from", "source")
_OPTIONAL = ("least", "most", "of", "where", "effective_until")


def read_lending_rules(path: Path, shown: str | None = None) -> tuple[LendingRule, ...]:
    """The rules of a file. Raises TermsError with ``path:line:`` and what to write instead."""
    top = read_located(path, shown).fields("a file of lending rules", ("lending_rules",), ("lending_rules",))
    return tuple(_rule(entry) for entry in top["lending_rules"].items("lending_rules"))


def lending_rules_in(folder: Path = SHIPPED) -> tuple[LendingRule, ...]:
    """All rules of a folder's *.yaml. Raises TermsError, also where two versions of one rule are in force on one day."""
    found: list[LendingRule] = []
    for path in sorted(folder.glob("*.yaml")):
        found.extend(read_lending_rules(path, f"terms/{folder.name}/{path.name}"))
    for first, second in combinations(found, 2):
        if first.rule == second.rule and _overlap(first, second):
            raise TermsError(f"{second.place}: {second.rule} is in force already by {first.place}. Write effective_until there.")
    return tuple(found)


def _overlap(first: LendingRule, second: LendingRule) -> bool:
    ends = [NEVER if rule.effective_until is None else rule.effective_until for rule in (first, second)]
    return first.effective_from <= ends[1] and second.effective_from <= ends[0]


def _rule(entry: Located) -> LendingRule:
    items = entry.fields("a lending rule", (*_REQUIRED, *_OPTIONAL), _REQUIRED)
    subject = items["subject"].choice("subject", FIGURES)
    figures = FIGURES[subject]
    figure = items["figure"].choice("figure", figures)
    of = items["of"].choice("of", [name for name in figures if name != figure]) if "of" in items else ""
    if "least" not in items and "most" not in items:
        raise entry.wrong("a lending rule needs least, most, or both.")
    scale = TIMES if of else figures[figure].scale
    least, most = (
        items[side].scaled(side, scale, "10" if of else "200000.00") if side in items else None for side in ("least", "most")
    )
    if least is not None and most is not None and least > most:
        raise items["least"].wrong(f"least exceeds most ({items['most'].value}). Swap them.")
    begins = items["effective_from"].date("effective_from")
    until = items["effective_until"].date("effective_until") if "effective_until" in items else None
    if until is not None and until < begins:
        raise items["effective_until"].wrong(f"effective_until lies before effective_from ({date(begins)}). Swap them.")
    code = items["rule"].text("rule")
    if not _CODE.fullmatch(code):
        raise items["rule"].wrong(f"rule must be lower-case letters, digits and _; got {items['rule'].shown}.")
    source = items["source"].text("source").strip()
    if not source:
        raise items["source"].wrong("source is empty. Write which regulation says so, and where.")
    return LendingRule(
        rule=code,
        title=items["title"].text("title"),
        subject=subject,
        figure=figure,
        least=least,
        most=most,
        of=of,
        where=_where(items["where"], subject) if "where" in items else (),
        effective_from=begins,
        effective_until=until,
        source=source,
        place=entry.place,
    )


def _where(item: Located, subject: str) -> tuple[tuple[str, str], ...]:
    words = CONDITIONS[subject]
    found = []
    for name, value in item.fields(f"where (subject {subject})", words).items():
        flag = isinstance(value.value, bool)
        word = str(value.value).lower() if flag else value.choice(name, words[name])
        if word not in words[name]:
            raise value.wrong(f"{name} must be one of {', '.join(words[name])}, not {value.shown}.")
        found.append((name, word))
    return tuple(found)
