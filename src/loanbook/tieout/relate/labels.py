"""Labels of line items: what makes two of them the same item, and what makes them different ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz import fuzz

from loanbook.tieout.relate.pack_text import content_of

MARKS = re.compile(r"\^\{[^}]*\}|<[^>]*>|[⁰¹²³⁴-⁹]+|\(\s*\d{1,2}\s*\)|\*\d*|[†‡]")
TAILS = re.compile(
    r"\s+(?:for|in|during|as of|as at|at)\s+the\s+(?:\w+\s+){0,3}(?:quarter|months?|weeks?|year|half|period)\b.*"
    r"|\s+for\s+(?:\w+\s+)?\d{4}\b.*",
    re.IGNORECASE,
)
ASIDES = re.compile(r"\((?:US\$|RMB|USD|note|in thousands|unaudited)[^)]*\)", re.IGNORECASE)
WORDS = re.compile(r"[a-z0-9]+(?:-gaap)?|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of labels as `packs/words.yaml` lists them."""

    empty: frozenset[str]
    alike: Mapping[str, str]
    telling: frozenset[str]
    general: frozenset[str]
    total: frozenset[str]


@cache
def words() -> Words:
    """The words of the pack."""
    text = (files("loanbook.tieout.relate") / "packs" / "words.yaml").read_text(encoding="utf-8")
    found = content_of(text, "words.yaml")
    lists = {name: frozenset(found[name].split()) for name in ("empty", "telling", "general", "total")}
    return Words(alike=found["alike"], **lists)


@lru_cache(maxsize=20_000)
def words_of(label: str) -> tuple[str, ...]:
    """The words that name the item, in their order, singular and in one spelling."""
    text = TAILS.sub(" ", ASIDES.sub(" ", MARKS.sub(" ", label))).casefold()
    text = text.replace("non-current", "noncurrent").replace("non gaap", "non-gaap").replace("non-controlling", "noncontrolling")
    text = text.replace("’", "'").replace("'s", "")
    known = words()
    found: list[str] = []
    for printed in WORDS.findall(text):
        word = known.alike.get(printed, printed)
        if len(word) > 4:
            if word.endswith("ies"):
                word = word[:-3] + "y"
            elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
                word = word[:-1]
        if word and word not in known.empty and printed not in known.empty and (not found or found[-1] != word):
            found.append(word)
    return tuple(found)


@lru_cache(maxsize=20_000)
def key_of(label: str) -> str:
    """The label's words in one spelling and order; equal keys are one item where nothing else tells them apart."""
    return " ".join(sorted(set(words_of(label))))


def full_label(label: str, path: Sequence[str]) -> str:
    """The label with the group above it, where it names no item by itself: `Basic` under `Net income per share`."""
    found = set(words_of(label))
    return f"{path[-1]} {label}" if path and found <= words().general else label


@lru_cache(maxsize=20_000)
def is_total(label: str) -> bool:
    """Whether the label calls its line a total or a result."""
    found = WORDS.findall(label.casefold())
    return any(word in words().total for word in found[:3]) or (bool(found) and label == label.upper() and len(found) > 1)


@lru_cache(maxsize=200_000)
def likeness(one: str, other: str) -> float:
    """From 0 to 1; 1 for one item, below 0.3 where a telling word stands in one of them alone."""
    mine, yours = words_of(one), words_of(other)
    if not mine or not yours:
        return 0.0
    first, second = set(mine), set(yours)
    if first == second:
        return 1.0
    score = max(fuzz.token_sort_ratio(key_of(one), key_of(other)), 0.95 * fuzz.token_set_ratio(key_of(one), key_of(other))) / 100
    telling = len((first ^ second) & words().telling)
    return float(score * 0.45**telling)
