"""A partner's subscription: billed ahead, earned straight line by days, caught up when it comes late, taken back in part."""

import datetime as dt
from fractions import Fraction

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.accounting.measured_postings import service_postables
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_proving import prove_ledger
from loanbook.statements.periods import period
from loanbook.units import date, day
from tests.services.ledgers import ledger_book

PARTNER = "entity: lantern_technology, currency: CNY, counterparty: Saffron Bank"
YEAR = f"""
- {{kind: service_billed, event_id: S1, {PARTNER}, happened_on: 2024-08-01, line: technology, amount: 36500, vat: 2190,
   starts_on: 2024-09-01, ends_on: 2025-08-31}}
- {{kind: service_paid, event_id: S2, {PARTNER}, happened_on: 2024-08-20, amount: 38690}}
"""
LATE = f"""
- {{kind: service_billed, event_id: S3, {PARTNER}, happened_on: 2024-10-10, line: referral, amount: 920, vat: 55.20,
   starts_on: 2024-07-01, ends_on: 2024-09-30}}
- {{kind: service_billed, event_id: S4, {PARTNER}, happened_on: 2024-12-01, line: technology, amount: -24300, vat: -1458,
   starts_on: 2025-01-01, ends_on: 2025-08-31}}
"""


def told(book, folder, text, on):
    (folder / "told.yaml").write_text(text)
    found = import_company(book, folder / "told.yaml", recorded_at=dt.datetime.fromisoformat(f"{on}T08:00:00+00:00"))
    assert found.reading.faults.num_rows == 0, found.reading.faults.to_pylist()


def services(closed):
    rows = [row for row in closed.table("entries").to_pylist() if row["kind"].startswith("service_")]
    return sorted((row["rule"], row["debit"], row["credit"], row["amount_fen"]) for row in rows)


def test_a_subscription_is_deferred_and_earned_by_days(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path, YEAR, "2024-08-20")
    third, _ = close_period(book, "2024Q3")
    # 30 of 365 days of 36,500.00; the rest is owed to the partner.
    assert services(third) == [
        ("C50", "1110", "2156", 36_500_00),
        ("C51", "1110", "2170", 2_190_00),
        ("C53", "2156", "4130", 3_000_00),
        ("C54", "1001", "1110", 38_690_00),
    ]
    told(book, tmp_path, LATE, "2024-12-01")
    fourth, _ = close_period(book, "2024Q4")
    # 92 more days; a service of the third quarter billed in October is earned at once; the contract ends with December.
    assert services(fourth) == [
        ("C50", "1110", "2156", 920_00),
        ("C50", "2156", "1110", 24_300_00),
        ("C51", "1110", "2170", 55_20),
        ("C51", "2170", "1110", 1_458_00),
        ("C52", "2156", "4120", 920_00),
        ("C53", "2156", "4130", 9_200_00),
    ]
    first, _ = close_period(book, "2025Q1")
    # The contract and what was taken back of it: nothing.
    assert services(first) == [("C53", "2156", "4130", 9_000_00), ("C53", "4130", "2156", 9_000_00)]
    assert prove_ledger(book).findings == ()
    found = group_statements(book, "2024Q4")
    others = sum(
        row["amount_fen"] * (1 if row["credit"] == "2156" else -1)
        for closed in (third, fourth)
        for row in closed.table("entries").to_pylist()
        if row["rule"] == "L56" and row["book"] == "CORE"
    )
    # 36,500.00 + 920.00 - 24,300.00 billed, all of it served by the end of the year.
    assert found.amounts.get(("contract_liabilities", period("2024Q4").end, "us_gaap"), 0) == others
    assert found.amounts["contract_liabilities", period("2024Q3").end, "us_gaap"] >= 33_500_00


def earned_by(amount, first, last, on):
    """Day by day, in fractions."""
    each = Fraction(amount, last - first + 1)
    sum_ = sum((each for number in range(first, last + 1) if number <= on), Fraction(0))
    return int(abs(sum_) + Fraction(1, 2)) * (1 if sum_ >= 0 else -1)


BILL = st.tuples(st.integers(-(10**12), 10**12), st.integers(19_700, 20_100), st.integers(0, 500))


@settings(max_examples=100, deadline=None)
@given(st.lists(BILL, max_size=6), st.integers(19_600, 20_700))
def test_what_is_earned_is_what_days_add_up_to(bills, on):
    table = pa.table(
        {
            "event_id": [f"S{at}" for at in range(len(bills))],
            "line": ["technology"] * len(bills),
            "entity": ["p"] * len(bills),
            "currency": ["CNY"] * len(bills),
            "amount_fen": pa.array([amount for amount, _, _ in bills], pa.int64()),
            "starts_on": pa.array([date(first) for _, first, _ in bills], pa.date32()),
            "ends_on": pa.array([date(first + more) for _, first, more in bills], pa.date32()),
        }
    )
    rows = service_postables(table, posted_on=on, close_run="R").to_pylist()
    found = {row["cell"]: row["amount_fen"] for row in rows}
    wanted = {f"S{at}:p": earned_by(amount, first, first + more, on) for at, (amount, first, more) in enumerate(bills)}
    assert found == {cell: amount for cell, amount in wanted.items() if amount}


def test_nothing_billed_is_nothing_earned():
    assert service_postables(None, posted_on=day("2024-09-30"), close_run="R").num_rows == 0
