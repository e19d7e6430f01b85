"""Figures of repurchase plans and dividends in US$, out of the events of the listed company: lines of the highlights."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from loanbook.accounting.corporate_postings import equity_facts
from loanbook.accounting.equity import Deed
from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.shareholder_returns import (
    PPM,
    Dividend,
    DividendPayment,
    Repurchase,
    RepurchasePlan,
    dividends_payable,
    utilisation,
)
from loanbook.errors import Finding
from loanbook.statements.periods import Period
from loanbook.statements.presentation import USD, Key
from loanbook.terms.statement import BASE
from loanbook.units import HALF_UP, day, mul_div

_CENTS_A_MILLION = 100_000_000
_TENTH_OF_A_MILLION = 100_000
_TENTHS_OF_A_PERCENT = 1_000
_CENTS_A_TENTH = 10


def return_amounts(
    tables: Mapping[str, pa.Table], entity: str, spans: Iterable[Period], shares_per_ads: int
) -> tuple[dict[Key, int], tuple[str, ...]]:
    """Amounts of the highlights by line, period and column, in the unit of each line; what is wrong with the events, in words.

    tables    corporate events as they are known
    note      of several plans the last one that has begun is shown; only what is in US$ is
    """
    plans = [_plan(row) for row in _rows(tables, "repurchase_authorised", entity)]
    bought = [_repurchase(row) for row in _rows(tables, "shares_repurchased", entity)]
    dividends = [(_dividend(tables, entity, row), row) for row in _rows(tables, "dividend_declared", entity)]
    payments = [_payment(row) for row in _rows(tables, "dividend_paid", entity)]
    found: dict[Key, int] = {}
    findings: list[Finding] = []
    for span in spans:
        at = span.end
        begun = [plan for plan in plans if plan.starts_on <= at.ends_on and plan.currency == USD]
        if begun:
            plan = max(begun, key=lambda each: (each.starts_on, each.code))
            used = utilisation(plan, bought, at.ends_on)
            findings += used.findings
            amounts = {
                "repurchase_authorised": _part(plan.authorised, _CENTS_A_MILLION),
                "repurchased_dollars": _part(used.amount, _CENTS_A_MILLION),
                "repurchased_ads": _part(used.shares, shares_per_ads * _TENTH_OF_A_MILLION),
                "repurchase_utilised": used.utilised_ppm // (PPM // _TENTHS_OF_A_PERCENT),
            }
            average = used.average(shares_per_ads)
            if average is not None:
                amounts["repurchase_price"] = _part(average, _CENTS_A_TENTH)
            found |= {(line, at, BASE): amount for line, amount in amounts.items()}
        in_dollars = [each for each, _ in dividends if each.currency == USD]
        if any(each.declared_on <= at.ends_on for each in in_dollars):
            owed, wrong = dividends_payable([each for each, _ in dividends], payments, USD, at.ends_on)
            findings += wrong
            found["dividends_payable_dollars", at, BASE] = _part(owed, _CENTS_A_MILLION)
            assert span.starts_on is not None
            declared = [
                row["per_share_per_million_fen"]
                for each, row in dividends
                if each.currency == USD and span.starts_on <= each.declared_on <= span.ends_on
            ]
            if declared:
                found["dividend_per_share", span, BASE] = _part(sum(declared), PER_MILLION)
    words = (f"{each.place}: {each.message} ({each.value}; expected {each.expected})." for each in findings)
    return found, tuple(dict.fromkeys(words))


def _part(amount: int, size: int) -> int:
    return int(mul_div(amount, 1, size, HALF_UP))


def _rows(tables: Mapping[str, pa.Table], name: str, entity: str) -> list[dict[str, Any]]:
    return [row for row in tables[name].to_pylist() if row["entity"] == entity] if name in tables else []


def _plan(row: Mapping[str, Any]) -> RepurchasePlan:
    return RepurchasePlan(
        code=row["plan"],
        currency=row["currency"],
        starts_on=day(row["happened_on"]),
        ends_on=day(row["ends_on"]),
        authorised=row["amount_fen"],
    )


def _repurchase(row: Mapping[str, Any]) -> Repurchase:
    return Repurchase(
        event_id=row["event_id"],
        plan=row["plan"] or "",
        currency=row["currency"],
        bought_on=day(row["happened_on"]),
        shares=row["shares"],
        amount=row["amount_fen"] + (row["commission_fen"] or 0),
    )


def _dividend(tables: Mapping[str, pa.Table], entity: str, row: Mapping[str, Any]) -> Dividend:
    facts = {fact.event_id: fact for fact in equity_facts(tables, entity) if fact.deed is Deed.DIVIDEND}
    return Dividend(
        event_id=row["event_id"],
        currency=row["currency"],
        declared_on=day(row["happened_on"]),
        amount=facts[row["event_id"]].amount_fen,
    )


def _payment(row: Mapping[str, Any]) -> DividendPayment:
    return DividendPayment(
        event_id=row["event_id"], dividend=row["dividend"], paid_on=day(row["happened_on"]), amount=row["amount_fen"]
    )
