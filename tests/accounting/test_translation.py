"""Translation: yuan stay as they are, the adjustment rolls, and is what the exchange rate did to net assets."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from loanbook.accounting.group_rows import OPENING, is_in, rows_of_entries, summed, table_of, with_opening
from loanbook.accounting.translation import converted, translate
from loanbook.errors import RequestError, TermsError
from loanbook.terms.exchange_rates import ExchangeRate, exchange_rates
from loanbook.units import RATE_SCALE, day, rate
from tests.accounting.groups import CHART, balance, entries, rows, terms_of
from tests.accounting.test_consolidation_properties import Q1, Q2, RATES, journals

CASH = ("1001", "1002")
TERMS = terms_of({"p": {"kind": "parent"}, "usd": {"currency": "USD", "holders": [{"holder": "p", "share": 1}]}}, RATES)


def own_rows(lines: Any) -> Any:
    return rows_of_entries(entries(lines), CHART, cash_accounts=CASH)


@settings(max_examples=60)
@given(journals(("p",), "Q1"))
def test_an_entity_in_yuan_is_translated_by_doing_nothing(lines: Any) -> None:
    own = own_rows(lines)
    found = translate(own, TERMS.group, CHART, TERMS.rates, starts_on=Q1[0], ends_on=Q1[1])
    assert table_of(found.rows).equals(table_of(own))
    assert not found.residue_fen


@settings(max_examples=80)
@given(journals(("usd",), "Q1"), journals(("usd",), "Q2"))
def test_the_adjustment_rolls_and_is_what_rates_did_to_net_assets(first: Any, second: Any) -> None:
    one = translate(own_rows(first), TERMS.group, CHART, TERMS.rates, starts_on=Q1[0], ends_on=Q1[1])
    functional = with_opening(own_rows(second), own_rows(first))
    two = translate(functional, TERMS.group, CHART, TERMS.rates, starts_on=Q2[0], ends_on=Q2[1], carried=one.rows)
    for found in (one, two):
        assert found.rows.total == 0
    assert balance(two.rows, "3060", OPENING) == balance(one.rows, "3060")
    monetary = [code for code, account in CHART.accounts.items() if account.kind in ("asset", "liability")]
    closing = summed(functional.where(is_in(functional["account"], monetary)), ("account",))
    for account, amount in zip(closing["account"], closing["amount_fen"], strict=True):
        assert balance(two.rows, account) == converted(np.array([amount]), np.array([rate("7.1268")]), np.array([RATE_SCALE]))[0]
    # By hand, in fractions: what is left of each movement at the closing rate, and the opening net assets at the change of it.
    rounding = len(functional) + len(own_rows(first)) + 20
    for found, lines, average, last in ((one, first, "7.1012", "7.0950"), (two, second, "7.1088", "7.1268")):
        own = own_rows(lines)
        exact = own.where(is_in(own["account"], monetary)).total * (Fraction(last) - Fraction(average))
        if found is two:
            before = own_rows(first)
            exact += before.where(is_in(before["account"], monetary)).total * (Fraction("7.1268") - Fraction("7.0950"))
        assert abs(-balance(found.rows, "3060", "translation") - exact) <= rounding


def test_capital_is_at_the_rate_of_its_day_and_a_dividend_too():
    lines = [
        {"entity": "usd", "on": "2024-01-02", "debit": "1001", "credit": "3010", "amount": "100.00"},
        {"entity": "usd", "on": "2024-03-31", "debit": "3050", "credit": "1001", "amount": "10.00"},
    ]
    found = translate(own_rows(lines), TERMS.group, CHART, TERMS.rates, starts_on=Q1[0], ends_on=Q1[1]).rows
    # 100 x 7.0827 (31 December serves 2 January), 10 and the cash of 90 at 7.0950, so 100 x (7.0950 - 7.0827) is left.
    assert {code: balance(found, code) for code in ("1001", "3010", "3050", "3060")} == {
        "1001": 638_55,
        "3010": -708_27,
        "3050": 70_95,
        "3060": -1_23,
    }


def test_openings_without_their_translated_amounts_are_refused():
    opening = with_opening(
        own_rows([]), own_rows([{"entity": "usd", "on": "2024-01-02", "debit": "1001", "credit": "4110", "amount": "1"}])
    )
    with pytest.raises(RequestError, match="usd opens with balances in USD and no translated ones"):
        translate(opening, TERMS.group, CHART, TERMS.rates, starts_on=Q2[0], ends_on=Q2[1])


def test_a_trial_balance_that_does_not_balance_is_refused():
    with pytest.raises(RequestError, match=r"p does not balance: debits less credits are 0\.01"):
        translate(rows([("p", "1001", "", "", Q1[0], 1)]), TERMS.group, CHART, TERMS.rates, starts_on=Q1[0], ends_on=Q1[1])


def test_a_rate_serves_a_week_and_no_longer():
    assert TERMS.rates.spot("USD", day("2024-04-07")) == rate("7.0950")
    with pytest.raises(RequestError, match="no spot rate of USD in CNY for 2024-04-08"):
        TERMS.rates.spot("USD", day("2024-04-08"))
    assert TERMS.rates.spot("CNY", day("2030-01-01")) == RATE_SCALE


def test_two_rates_for_a_day_are_refused():
    one = ExchangeRate(currency="USD", kind="average", starts_on=1, ends_on=5, rate=7, source="t", place="r.csv:2")
    other = ExchangeRate(currency="USD", kind="average", starts_on=5, ends_on=9, rate=7, source="t", place="r.csv:3")
    with pytest.raises(TermsError, match=r"r.csv:3: average of USD is also in r.csv:2"):
        exchange_rates([one, other])
