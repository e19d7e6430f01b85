"""Strategies by code and day, and what a text is identified by."""

import hashlib
from pathlib import Path

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.strategy import FeatureType
from loanbook.terms.strategy_catalogue import SHIPPED, strategies_in, strategy_in_force
from loanbook.units import RATE_SCALE, day

CONSUMER = (SHIPPED / "consumer.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strategies")
    (folder / "first.yaml").write_text(CONSUMER)
    (folder / "second.yaml").write_text(CONSUMER.replace("2024-01-01", "2025-07-01").replace("score: 640", "score: 650"))
    return folder


def test_the_shipped_strategies_are_of_both_kinds_of_borrower():
    shipped = strategies_in()
    assert [strategy.code for strategy in shipped] == ["consumer", "small_business"]
    consumer = shipped[0]
    assert consumer.place == "terms/strategies/consumer.yaml"
    assert consumer.hash == hashlib.sha256(CONSUMER.encode()).hexdigest()
    assert (consumer.line_limit_most_fen, consumer.offers[0].rate_annual) == (200_000_00, 1199 * RATE_SCALE // 10_000)
    assert {feature.type for strategy in shipped for feature in strategy.features} == set(FeatureType)
    debt = next(rule for rule in consumer.rules if rule.verdict.code == "debt_too_high")
    assert [(test.least, test.most) for test in debt.conditions] == [(7001, 990_000)]


def test_the_version_in_force_is_the_last_that_started(versions):
    found = strategies_in(versions)
    assert strategy_in_force(found, "consumer", day("2025-06-30")).grades[0].score_least == 640
    assert strategy_in_force(found, "consumer", day("2025-07-01")).grades[0].score_least == 650
    with pytest.raises(
        RequestError, match="strategy consumer is not in force on 2023-12-31; its first version starts on 2024-01-01"
    ):
        strategy_in_force(found, "consumer", day("2023-12-31"))
    with pytest.raises(RequestError, match=r"there is no strategy 'consumers'\. Known: consumer"):
        strategy_in_force(found, "consumers", day("2025-07-01"))


def test_two_versions_from_one_day_are_refused(versions, tmp_path):
    for name in ("first", "third"):
        (tmp_path / f"{name}.yaml").write_text(CONSUMER)
    with pytest.raises(TermsError, match=r"/third\.yaml:1: consumer already has a strategy from that day in .*/first\.yaml"):
        strategies_in(tmp_path)
