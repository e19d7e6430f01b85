"""Reading a strategy from YAML: every part is checked against the feature schema, so that nothing can fall through later.

strategy: consumer               # code; one version a file
title: Consumer credit line
effective_from: 2024-01-01
source: ...
currency: CNY
line: {most: 200000.00, source: ..., valid_days: 365}
reapplication_wait_days: 30
features: {...}                  # `strategy_conditions.features`
rules: [...]                     # code, when, effect, words, source, unknown
scorecard: {...}                 # `scorecard_file`
grades: [{grade: A, score: 700}, ...]            # best first: from this score on
no_grade: {code: ..., words: ..., source: ...}   # below the last
offers: [{grade: A, when: {...}, limit: 50000.00, rate_annual: 0.12}, ...]   # the first that fits is made
no_offer: {code: ..., words: ..., source: ...}   # where none fits
"""

import re
from collections.abc import Mapping
from pathlib import Path

from loanbook.terms.currency import currency_of
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import text_hash
from loanbook.terms.scorecard_file import scorecard
from loanbook.terms.strategy import Characteristic, Condition, Effect, Feature, Grade, Offer, Rule, Strategy, Verdict
from loanbook.terms.strategy_conditions import coded, conditions, features, spoken
from loanbook.units import RATE_SCALE

DAYS_MOST = 3_660
"""No line is valid, and nobody waits, longer than ten years."""

_TOP = (
    "strategy",
    "title",
    "effective_from",
    "source",
    "currency",
    "decimals",
    "line",
    "reapplication_wait_days",
    "features",
    "rules",
    "scorecard",
    "grades",
    "no_grade",
    "offers",
    "no_offer",
)
_OPTIONAL = ("decimals",)
_VERDICT = ("code", "effect", "words", "source")
_GRADE = re.compile(r"[A-Z][A-Z0-9]{0,3}[+-]?")
_WHO = "who decided it and where that is written"


def read_strategy(path: Path, shown: str | None = None) -> Strategy:
    """The strategy of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_strategy(read_text(path, name), name)


def parse_strategy(text: str, name: str) -> Strategy:
    """The strategy of a YAML text; `name` is what messages call it."""
    items = parse_located(text, name).fields("a strategy", _TOP, [part for part in _TOP if part not in _OPTIONAL])
    schema = {feature.name: feature for feature in features(items["features"])}
    decimals = items["decimals"].whole("decimals", 0, 4) if "decimals" in items else 2
    line = items["line"].fields("line", ("most", "source", "valid_days"), ("most", "source", "valid_days"))
    line_most = _money(line["most"], "line.most", decimals)
    rules = tuple(_rule(entry, schema) for entry in items["rules"].items("rules"))
    base, characteristics = scorecard(items["scorecard"], schema)
    grades = _grades(items["grades"], base + sum(part.points_most for part in characteristics))
    offers = _offers(items["offers"], schema, grades, decimals, line_most)
    no_grade, no_offer = (_verdict(items[part], part) for part in ("no_grade", "no_offer"))
    _check_codes(items, rules, no_grade, no_offer)
    _check_read(items["features"], rules, characteristics, offers)
    currency = currency_of(items["currency"])
    return Strategy(
        code=coded(items["strategy"], "strategy"),
        title=spoken(items["title"], "title", "what the strategy is for"),
        place=name,
        hash=text_hash(text),
        source=spoken(items["source"], "source", _WHO),
        effective_from=items["effective_from"].date("effective_from"),
        currency=currency,
        decimals=decimals,
        line_limit_most_fen=line_most,
        line_limit_source=spoken(line["source"], "line.source", _WHO),
        line_valid_days=line["valid_days"].whole("line.valid_days", 1, DAYS_MOST),
        reapplication_wait_days=items["reapplication_wait_days"].whole("reapplication_wait_days", 0, DAYS_MOST),
        features=tuple(schema.values()),
        rules=rules,
        base=base,
        characteristics=characteristics,
        grades=grades,
        no_grade=no_grade,
        offers=offers,
        no_offer=no_offer,
    )


def _verdict(item: Located, what: str, more: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> Verdict:
    parts = item.fields(what, (*_VERDICT, *more), ("code", "words", "source", *required))
    effects = (Effect.DECLINE.value, Effect.REFER.value)
    return Verdict(
        code=coded(parts["code"], "code"),
        effect=Effect(parts["effect"].choice("effect", effects)) if "effect" in parts else Effect.DECLINE,
        words=spoken(parts["words"], "words", "what the borrower is told"),
        source=spoken(parts["source"], "source", _WHO),
    )


def _rule(item: Located, schema: Mapping[str, Feature]) -> Rule:
    verdict = _verdict(item, "a rule", ("when", "unknown"), ("when",))
    parts = item.fields("a rule", (*_VERDICT, "when", "unknown"))
    tests = conditions(parts["when"], schema, f"rule {verdict.code}")
    unsure = [test.feature for test in tests if not schema[test.feature].sure]
    if unsure and "unknown" not in parts:
        raise item.wrong(
            f"rule {verdict.code} reads {', '.join(unsure)}, which can be missing or unseen. "
            "Write unknown: decline, refer or pass for that case."
        )
    if not unsure and "unknown" in parts:
        raise parts["unknown"].wrong(f"all values rule {verdict.code} reads are required and known. Remove unknown.")
    unknown = Effect(parts["unknown"].choice("unknown", [e.value for e in Effect])) if unsure else Effect.PASS
    return Rule(verdict=verdict, conditions=tests, unknown=unknown)


def _grades(item: Located, score_most: int) -> tuple[Grade, ...]:
    found: list[Grade] = []
    for entry in item.items("grades"):
        parts = entry.fields("a grade", ("grade", "score"), ("grade", "score"))
        name, score = parts["grade"].text("grade"), parts["score"].integer("score")
        if not _GRADE.fullmatch(name):
            raise parts["grade"].wrong(f"a grade is a capital letter, then digits, + or -; got {name!r}. Write, e.g., A or B2.")
        if name in [grade.name for grade in found]:
            raise parts["grade"].wrong(f"grade {name} stands twice. Keep one of them.")
        if found and score >= found[-1].score_least:
            raise parts["score"].wrong(
                f"grade {name} starts at {score}, not below {found[-1].name}'s {found[-1].score_least}. Write grades best first."
            )
        if score > score_most:
            raise parts["score"].wrong(
                f"grade {name} starts at {score}, but the scorecard gives {score_most} at most. Lower it or remove the grade."
            )
        found.append(Grade(name=name, score_least=score))
    if not found:
        raise item.wrong("grades is empty. Write at least one, e.g. {grade: A, score: 700}.")
    return tuple(found)


def _offers(
    item: Located, schema: Mapping[str, Feature], grades: tuple[Grade, ...], decimals: int, line_most: int
) -> tuple[Offer, ...]:
    found: list[Offer] = []
    for entry in item.items("offers"):
        parts = entry.fields("an offer", ("grade", "when", "limit", "rate_annual"), ("grade", "limit", "rate_annual"))
        grade = parts["grade"].choice("grade", [grade.name for grade in grades])
        tests = conditions(parts["when"], schema, "an offer") if "when" in parts else ()
        for test in tests:
            if not schema[test.feature].required:
                raise parts["when"].wrong(
                    f"an offer reads {test.feature}, which may be missing and would then be offered a later row. "
                    "Write required: true at the feature, or make it a rule or points."
                )
        if any(other.grade == grade and set(other.conditions) <= set(tests) for other in found):
            raise entry.wrong(
                f"an earlier offer to grade {grade} is always taken before this one. Move this one up or remove it."
            )
        limit = _money(parts["limit"], "limit", decimals)
        if limit > line_most:
            raise parts["limit"].wrong(f"limit {parts['limit'].value} exceeds line.most. Lower it.")
        found.append(Offer(grade=grade, conditions=tests, limit_fen=limit, rate_annual=_rate(parts["rate_annual"])))
    bare = [grade.name for grade in grades if grade.name not in [offer.grade for offer in found]]
    if bare:
        raise item.wrong(f"grade {', '.join(bare)} has no offer. Write one, or remove the grade.")
    return tuple(found)


def _money(item: Located, what: str, decimals: int) -> int:
    number = item.scaled(what, 10**decimals, "50000.00")
    if number < 1:
        raise item.wrong(f"{what} must be above zero; got {item.value}.")
    return number


def _rate(item: Located) -> int:
    number = item.scaled("rate_annual", RATE_SCALE, "0.18")
    if not 0 <= number <= RATE_SCALE:
        raise item.wrong(f"rate_annual must be a fraction of one per year; got {item.value}. Write, e.g., 0.18.")
    return number


def _check_codes(items: Mapping[str, Located], rules: tuple[Rule, ...], no_grade: Verdict, no_offer: Verdict) -> None:
    """A code names one finding."""
    codes: list[str] = []
    placed = [*zip(items["rules"].items("rules"), [rule.verdict for rule in rules], strict=True)]
    for item, verdict in [*placed, (items["no_grade"], no_grade), (items["no_offer"], no_offer)]:
        if verdict.code in codes:
            raise item.wrong(f"code {verdict.code} already names another finding. Write one of its own.")
        codes.append(verdict.code)


def _check_read(
    item: Located, rules: tuple[Rule, ...], characteristics: tuple[Characteristic, ...], offers: tuple[Offer, ...]
) -> None:
    """A feature that nothing reads would be asked in vain, or a rule forgot it."""
    tests: list[Condition] = [test for rule in rules for test in rule.conditions]
    tests += [test for offer in offers for test in offer.conditions]
    read = {test.feature for test in tests} | {part.feature for part in characteristics}
    for name, entry in item.names("features").items():
        if name not in read:
            raise entry.wrong(f"no rule, points or offer reads {name}. Ask nothing in vain: remove it, or use it.")
