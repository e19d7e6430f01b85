"""Tables of docs/guides/accounting.md out of the loan lives of tests/scenarios/journal_*.yaml: `make docs` fills them in.

`<!-- balances LIFE BASIS -->`, `<!-- entries LIFE CLOSE -->` and `<!-- reconciliation LIFE CLOSE -->` stand before a table, up
to `<!-- end -->`. CLOSE is the day of a close. `<!-- assumptions all lives -->`: policy and estimates of every life.
`<!-- claims guarantor_called all -->`: the life of a third-party guarantor.
"""

import datetime as dt
import re
from collections import defaultdict
from pathlib import Path

from ruamel.yaml import YAML

from loanbook.terms.chart import load_chart
from loanbook.terms.posting_rule import load_rules
from loanbook.units import day
from tests.reference import guarantor
from tests.reference.journal import life_of, money
from tests.reference.journal_book import BASES, SCENARIOS, Line, balances, entries
from tests.reference_writing import table

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guides" / "accounting.md"
CHART = load_chart("platform")
RULES = {rule.rule: rule for rule in load_rules(CHART, day("2024-12-31"))}
TOPICS = {
    "expected_credit_losses": "(i) credit losses",
    "effective_interest_rate": "(ii) effective interest",
    "share_based_compensation": "(iii) share-based",
    "financial_guarantee": "(iv) guarantees",
}
_MARK = re.compile(r"<!-- (balances|entries|reconciliation|assumptions|claims) (\w+) ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(text: str) -> str:
    """The guide's text with every table written anew."""
    return _MARK.sub(_written, text)


def _written(mark: re.Match[str]) -> str:
    kind, life, which = mark.groups()
    rows = {
        "balances": _balances,
        "entries": _entries,
        "reconciliation": _reconciliation,
        "assumptions": _assumptions,
        "claims": _claims,
    }[kind](life, which)
    return "\n".join([f"<!-- {kind} {life} {which} -->", *rows, "<!-- end -->"])


def _assumptions(_: str, __: str) -> list[str]:
    """Policy and estimates of all lives: what is assumed, of how much, in which models."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(SCENARIOS.glob("journal_*.yaml")):
        said = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        policy = {key: value for key, value in said["policy"].items() if key not in ("staging", "model", "served")}
        given = policy | said["policy"]["staging"] | said["policy"]["model"] | said.get("estimates", {})
        model = said["loan"]["model"]
        of_rest = [(name, value, "capital_light") for name, value in said["policy"].get("served", {}).items()]
        for name, value, of in [*((name, value, model) for name, value in given.items()), *of_rest]:
            models = found.setdefault((name, _shown(value)), [])
            if of not in models:
                models.append(of)
    every = {model for models in found.values() for model in models}
    rows: list[tuple[str, ...]] = [
        (f"`{name}`", value, "all" if set(models) == every else ", ".join(sorted(models)))
        for (name, value), models in found.items()
    ]
    return table(("policy or estimate", "value", "models"), rows)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{100 * value:.4g} %" if isinstance(value, float) and value < 1 else str(value)


def _closes(name: str) -> list[tuple[dt.date, list[Line]]]:
    life = life_of(YAML(typ="safe").load((SCENARIOS / f"journal_{name}.yaml").read_text(encoding="utf-8")))
    lasts = (None, *life.closed_on[:-1])
    return [(on, entries(life, last, on)) for last, on in zip(lasts, life.closed_on, strict=True)]


def _account(code: int) -> str:
    return f"{code} {CHART.account(str(code)).title}"


def _balances(name: str, basis: str) -> list[str]:
    """Accounts by close; credit balances below zero."""
    kept: list[Line] = []
    held = []
    closes = _closes(name)
    for _, lines in closes:
        kept += lines
        held.append(balances(kept)[basis])
    accounts = sorted({account for each in held for account in each})
    rows = [(_account(account), *(money(each.get(account, 0)) for each in held)) for account in accounts]
    return table((f"{basis.replace('_', ' ').upper()}, debit", *(str(on) for on, _ in closes)), rows)


def _entries(name: str, close: str) -> list[str]:
    (lines,) = [lines for on, lines in _closes(name) if str(on) == close]
    rows = [
        (
            line.happened_on.isoformat() + (f", posted {line.posted_on}" if line.posted_on != line.happened_on else ""),
            line.rule,
            line.book,
            line.role,
            str(line.debit),
            str(line.credit),
            money(line.fen),
            line.how,
        )
        for line in lines
    ]
    return table(("day", "rule", "book", "who", "debit", "credit", "RMB", "worked out"), rows)


def _claims(name: str, _: str) -> list[str]:
    """A third-party guarantor's life, with the deposit it holds after each entry."""
    life = YAML(typ="safe").load((SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8"))
    rows = [
        (
            line.on.isoformat(),
            line.rule,
            line.book,
            str(line.debit or "-"),
            str(line.credit or "-"),
            money(int(line.amount * 100)),
            money(int(held * 100)),
            line.how,
        )
        for line, held in guarantor.entries(life)
    ]
    return table(("day", "rule", "book", "debit", "credit", "RMB", "deposit after it", "worked out"), rows)


def _reconciliation(name: str, close: str) -> list[str]:
    """US GAAP, what each topic takes away and brings, IFRS, by account, cumulative up to the close."""
    kept = [line for on, lines in _closes(name) if str(on) <= close for line in lines]
    topics: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    causes: dict[int, set[str]] = defaultdict(set)
    for line in kept:
        sign = {"USGAAP": -1, "IFRS": 1}.get(line.book, 0)
        if sign:
            topic = RULES[line.rule].topic
            for account, amount in ((line.debit, line.fen), (line.credit, -line.fen)):
                topics[topic][account] += sign * amount
                causes[account].add(line.rule)
    held = balances(kept)
    columns = [topic for topic in TOPICS if any(topics[topic].values())]
    accounts = sorted({*held["us_gaap"], *held["ifrs"]})
    rows = []
    for account in accounts:
        moved = [topics[topic][account] for topic in columns]
        ifrs = held["us_gaap"].get(account, 0) + sum(moved)
        assert ifrs == held["ifrs"].get(account, 0)
        if any(moved):
            shown = [money(amount) if amount else "" for amount in moved]
            rules = ", ".join(sorted(causes[account]))
            rows.append((_account(account), money(held["us_gaap"].get(account, 0)), *shown, money(ifrs), rules))
    assert set(BASES) >= {"us_gaap", "ifrs"}
    return table(("debit", "US GAAP", *(TOPICS[topic] for topic in columns), "IFRS", "by the rules"), rows)


def main() -> None:
    """Fill the guide's tables."""
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
