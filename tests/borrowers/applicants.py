"""Applicants for tests: good ones of both kinds, and any within the limits of a strategy's features."""

import datetime as dt
import json
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from loanbook.terms.strategy import Feature, FeatureType, Strategy
from loanbook.terms.strategy_catalogue import SHIPPED
from loanbook.terms.strategy_conditions import written
from loanbook.terms.strategy_file import parse_strategy
from loanbook.units import date, day

ON = day("2026-11-22")

CONSUMER: dict[str, Any] = {
    "kind": "consumer",
    "identity_verified": True,
    "on_fraud_list": False,
    "age_years": 34,
    "employment": "employed",
    "income_monthly_fen": 900_000,
    "debt_to_income": "0.25",
    "bureau_score": 700,
    "inquiries_90_days": 1,
    "overdue_days_most": 0,
    "loans_repaid": 3,
}

SMALL_BUSINESS: dict[str, Any] = {
    "kind": "small_business",
    "legal_form": "company",
    "industry": "trade",
    "registration_active": True,
    "founded_on": "2019-05-06",
    "revenue_annual_fen": 250_000_000,
    "revenue_growth": "0.12",
    "tax_grade": "b",
    "debt_to_revenue": "0.3",
    "litigation_open": False,
    "owner_age_years": 45,
    "owner_bureau_score": 690,
    "owner_overdue_days_most": 0,
}

GOOD = {"consumer": CONSUMER, "small_business": SMALL_BUSINESS}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value."""


@cache
def text_of(code: str) -> str:
    """The text of a shipped strategy."""
    return (SHIPPED / f"{code}.yaml").read_text(encoding="utf-8")


@cache
def shipped(code: str) -> Strategy:
    """A shipped strategy, read once."""
    return parse_strategy(text_of(code), f"{code}.yaml")


@cache
def shipped_again(code: str) -> Strategy:
    """The same strategy, read a second time: another object with the same text."""
    return parse_strategy(text_of(code), "archive.yaml")


def proper(feature: Feature, on: int = ON) -> st.SearchStrategy[Any]:
    """A value of the feature's type inside its limits; None where it may be missing; unseen where no offer reads it."""
    if feature.type is FeatureType.FLAG:
        values: st.SearchStrategy[Any] = st.booleans()
    elif feature.type is FeatureType.CHOICE:
        values = st.sampled_from(feature.choices)
        if feature.name not in ("kind", "legal_form"):
            values |= st.just("never_heard_of")
    elif feature.type is FeatureType.DATE:
        values = st.integers(feature.least, feature.most).map(lambda age: date(on - age).isoformat())
    else:
        # Half of the draws near the least, where limits of rules and bins lie close together.
        near = st.integers(feature.least, min(feature.most, feature.least + 20_000))
        values = near | st.integers(feature.least, feature.most)
        if feature.type is FeatureType.DECIMAL:
            values = values.map(lambda number: written(number, feature))
    return values if feature.required else values | st.none()


def applicants(strategy: Strategy) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs a strategy takes without a fault: a good applicant with some answers changed, or all of them."""
    every = {feature.name: proper(feature) for feature in strategy.features}
    good = st.just(GOOD[strategy.code])
    few = st.tuples(good, st.sets(st.sampled_from(sorted(every)), max_size=4), st.fixed_dictionaries(every))
    changed = few.map(lambda drawn: {**drawn[0], **{name: drawn[2][name] for name in drawn[1]}})
    return changed | st.fixed_dictionaries(every)


def strangers(strategy: Strategy) -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON for any feature, proper values among it, and names nobody asked for."""
    some = {feature.name: proper(feature) | JSON for feature in strategy.features}
    return st.tuples(st.fixed_dictionaries({}, optional=some), st.dictionaries(st.text(max_size=8), JSON, max_size=2)).map(
        lambda pair: {**pair[1], **pair[0]}
    )


def stored(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs as PostgreSQL's JSONB gives them back: names in another order, exponents written out (1e22 comes back whole)."""

    def number(text: str) -> int | float:
        plain = format(Decimal(text), "f")
        return float(plain) if "." in plain else int(plain)

    found = json.loads(json.dumps(inputs), parse_float=number)
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), item[0])))


def civil(on: int) -> dt.date:
    """The date of a day."""
    return date(on)
