"""Entries in another currency than their entity's own: as a naive twin does them, exact by book, and what is refused."""

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.accounting.remeasurement import NOTHING, read_treatments, remeasured
from loanbook.errors import RequestError
from loanbook.units import date, day
from tests.accounting.groups import CHART, entries, terms_of
from tests.reference import remeasurement as naive

AVERAGE = (("2024-01-01", "2024-03-31", "7.1"), ("2024-04-01", "2024-06-30", "6.95"))
WEEKS = [(str(date(on)), Fraction(700 + on % 23, 100)) for on in range(day("2024-01-01"), day("2024-07-01"), 5)]
TERMS = terms_of(
    {"p": {"kind": "parent"}},
    [("USD", "spot", on, on, str(float(rate))) for on, rate in WEEKS]
    + [("USD", "average", one, last, rate) for one, last, rate in AVERAGE],
)
_ACCOUNTS = ("1001", "1002", "1510", "1610", "1910", "2110", "2156", "2910", "3010", "4130", "5040", "6030")
_DAYS = (("2024-01-03", "2024-02-11", "2024-03-31"), ("2024-04-02", "2024-05-20", "2024-06-30"))


def lines(quarter, book="CORE"):
    line = st.fixed_dictionaries(
        {
            "entity": st.just("p"),
            "currency": st.just("USD"),
            "book": st.just(book),
            "on": st.sampled_from(_DAYS[quarter]),
            "debit": st.sampled_from(_ACCOUNTS),
            "credit": st.sampled_from(_ACCOUNTS),
            "amount": st.integers(1, 10**8).map(lambda fen: f"{fen // 100}.{fen % 100:02d}"),
        }
    )
    return st.lists(line.filter(lambda each: each["debit"] != each["credit"]), max_size=10)


def by_account(table):
    sums = defaultdict(int)
    for row in table.to_pylist():
        sums[row["debit"]] += row["amount_fen"]
        sums[row["credit"]] -= row["amount_fen"]
    return {account: amount for account, amount in sums.items() if amount}


def spot(on):
    return next(rate for text, rate in reversed(WEEKS) if day(text) <= on)


def average(on):
    return next(Fraction(rate) for one, last, rate in AVERAGE if day(one) <= on <= day(last))


def both(quarters, terms=TERMS):
    left, found = NOTHING, []
    for table, last in zip(quarters, ("2024-03-31", "2024-06-30"), strict=False):
        made = remeasured(table, terms.group, CHART, terms.rates, ends_on=day(last), before=left)
        left = made.left
        found.append(made.entries)
    return found, left


@settings(max_examples=80, deadline=None)
@given(lines(0), lines(1))
def test_what_a_naive_twin_says(first, second):
    found, left = both([entries(first), entries(second)])
    books = naive.Books()
    reached = defaultdict(int)
    for table, told, last in zip(found, (first, second), ("2024-03-31", "2024-06-30"), strict=True):
        # The kernel knows entries of one day and pair of accounts as one.
        rows = [(day(row["on"]), row["debit"], row["credit"], int(row["amount"].replace(".", ""))) for row in told]
        naive.period(books, rows, spot=spot, average=average, closing=spot(day(last)))
        for account, amount in by_account(table).items():
            reached[account] += amount
        assert set(table["currency"].to_pylist()) <= {"CNY"}
        assert {k: v for k, v in reached.items() if v} == {k: v for k, v in books.all_accounts.items() if v}
    carried = defaultdict(int)
    for row in left.to_pylist():
        carried[row["account"]] += row["carrying_fen"]
    assert {k: v for k, v in carried.items() if v} == {k: v for k, v in books.carried.items() if v}


@settings(max_examples=30, deadline=None)
@given(lines(0), lines(0, "IFRS"), lines(1), lines(1, "IFRS"))
def test_books_are_converted_as_if_alone_where_nothing_is_used_of_another(core_1, ifrs_1, core_2, ifrs_2):
    """So what two books add up to is what they are each: the adjustments of IFRS stay exact."""
    monetary = [
        [line for line in each if not {line["debit"], line["credit"]} & set(naive.HISTORICAL)]
        for each in (core_1, ifrs_1, core_2, ifrs_2)
    ]
    together, _ = both([entries(monetary[0] + monetary[1]), entries(monetary[2] + monetary[3])])
    alone = [both([entries(monetary[at]), entries(monetary[at + 2])])[0] for at in (0, 1)]
    for quarter in range(2):
        sums = defaultdict(int)
        for found in alone:
            for account, amount in by_account(found[quarter]).items():
                sums[account] += amount
        assert by_account(together[quarter]) == {account: amount for account, amount in sums.items() if amount}


def test_what_an_adjustment_uses_leaves_at_the_rate_of_core():
    told = {"entity": "p", "currency": "USD", "amount": "100.00"}
    bought = {**told, "on": "2024-01-03", "debit": "1610", "credit": "1001"}
    used = {**told, "on": "2024-03-31", "debit": "5040", "credit": "1610", "amount": "10.00", "book": "IFRS", "topic": "x"}
    (found,), _ = both([entries([bought, used])])
    assert [row["amount_fen"] for row in found.to_pylist() if row["book"] == "IFRS"] == [int(10_00 * spot(day("2024-01-03")))]


def test_own_currency_passes_as_it_is():
    table = entries([{"entity": "p", "currency": "CNY", "on": "2024-01-03", "debit": "1001", "credit": "3010", "amount": "1"}])
    made = remeasured(table, TERMS.group, CHART, TERMS.rates, ends_on=day("2024-03-31"))
    assert made.entries is table
    assert made.left.num_rows == 0


def test_a_missing_rate_is_named():
    table = entries([{"entity": "p", "currency": "HKD", "on": "2024-01-03", "debit": "5040", "credit": "2110", "amount": "1"}])
    with pytest.raises(RequestError, match="no average rate of HKD in CNY for 2024-01-03"):
        remeasured(table, TERMS.group, CHART, TERMS.rates, ends_on=day("2024-03-31"))


def test_a_functional_currency_that_changes_under_foreign_balances_is_refused():
    table = entries([{"entity": "p", "currency": "USD", "on": "2024-01-03", "debit": "5040", "credit": "2110", "amount": "1"}])
    made = remeasured(table, TERMS.group, CHART, TERMS.rates, ends_on=day("2024-03-31"))
    turned = terms_of({"p": {"kind": "parent", "currency": "USD"}})
    with pytest.raises(RequestError, match="functional currency of p is USD on 2024-06-30 and was CNY"):
        remeasured(entries([]), turned.group, CHART, TERMS.rates, ends_on=day("2024-06-30"), before=made.left)


def test_treatments_are_of_assets_and_liabilities_and_as_the_twin_has_them():
    found = read_treatments(CHART)
    assert {CHART.account(code).kind for code in found} == {"asset", "liability"}
    signs = {code: 1 if CHART.account(code).normal == "debit" else -1 for code, how in found.items() if how == "historical"}
    assert signs == naive.HISTORICAL
    assert tuple(code for code, how in found.items() if how == "adjustment") == naive.TO_EQUITY
