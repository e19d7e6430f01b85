"""A loan that a bank and our micro-lender lend together: lived on the platform, told to a book, closed there as our part."""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from loanbook.accounting.journal import by_account, check_balanced, of_basis
from loanbook.loans.facts import Row
from loanbook.services.bookkeeping import close_period
from loanbook.services.closing import close
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.forwarding import forward
from loanbook.services.ledger_proving import prove_ledger
from loanbook.stores.book import create_book, open_book
from loanbook.stores.event_rows import OWN_PART
from loanbook.stores.ledger import Ledger
from loanbook.stores.tables import read_table
from tests.online.test_day_close import Closing
from tests.online.test_recoveries import CHARGED_OFF_ON, NOW, close_only, repay
from tests.online.two_persons import hire

BANK, LENDER, FACILITATOR = "meadow_bank", "lantern_micro_lending", "lantern_technology"
LOANS = ("1310", "1311")
OWN_PPM = 300_000
ABOVE_THE_COUPON = {
    "income_monthly_fen": 700_000,
    "debt_to_income": "0.2000",
    "bureau_score": 600,
    "inquiries_90_days": 3,
    "overdue_days_most": 3,
    "loans_repaid": 1,
}
"""Of a borrower whose rate leaves a fee above the bank's 14 %."""


@pytest.fixture
def platform(tx, vault, tmp_path):
    made = Closing(tx, vault, tmp_path / "settlements")
    hire(made)
    return made


@pytest.fixture
def book(tmp_path):
    return create_book(tmp_path / "online", currency="CNY")


def lived(platform):
    """Drawn, two instalments paid (the second late, with its late charge), charged off, and a part of it recovered."""
    loan_id = platform.running(BANK, document="joint", principal_fen=1_234_567, count=24, **ABOVE_THE_COUPON)
    owed = platform.account(loan_id, platform.today).rows
    platform.later(31)
    repay(platform, loan_id, int(owed[0, [Row.PRINCIPAL, Row.INTEREST]].sum()), "first")
    platform.later(72)
    repay(platform, loan_id, int(owed[1, [Row.PRINCIPAL, Row.INTEREST]].sum()) + 2_345, "second")
    close_only(platform, CHARGED_OFF_ON + dt.timedelta(days=61))
    repay(platform, loan_id, 77_777, "recovered")
    return loan_id


def sums(ledger, column, family="cells_daybook"):
    """A column of the last period's cells by model."""
    table = ledger.periods()[-1].table(family)
    found = table.group_by("model").aggregate([(column, "sum")]).to_pydict()
    return dict(zip(found["model"], found[f"{column}_sum"], strict=True))


def balances(ledger, name, entity=None):
    rows = of_basis(ledger.period(name).table("balances"), "us_gaap")
    if entity:
        rows = rows.filter(pc.equal(rows["entity"], entity))
    return {row["account"]: row["amount_fen"] for row in by_account(rows, ("account",)).to_pylist() if row["amount_fen"]}


def test_a_joint_loan_is_told_with_our_part_of_it_and_booked_as_that(platform, book):
    loan_id = lived(platform)
    forward(platform.connection, book, NOW)
    book = open_book(book.folder)
    (row,) = pq.read_table(book.files("loan_disbursed")[0]).to_pylist()
    assert [row[name] for name in OWN_PART] == [OWN_PPM, OWN_PPM, 1_000_000, 14 * 10**10]
    assert (row["principal_fen"], row["vehicle"], row["partner"]) == (1_234_567, LENDER, BANK)

    for name in ("2024Q2", "2024Q3", "2024Q4", "2025Q1"):
        period, _ = close_period(book, name)
        check_balanced(period.table("balances"))
    ledger = Ledger(book)

    # What the platform settles with each holder is what the book knows of our part.
    holders = {each["vehicle"]: each for each in platform.look("funding", loan_id)[1]["holders"]}
    ours = holders[LENDER]
    own, light = "on_balance_sheet", "capital_light"
    assert sums(ledger, "disbursed_fen") == {own: ours["lent_fen"], light: 0}
    assert sums(ledger, "repaid_fen") == {own: ours["principal_fen"], light: 0}
    assert sums(ledger, "recovered_fen")[own] == ours["recovered_fen"]
    received = sums(ledger, "interest_collected_fen")[own] + sums(ledger, "charges_fen")[own]
    served = sums(ledger, "fee_collected_fen")[light] + sums(ledger, "charges_fen")[light]
    told = ours["interest_fen"] + sum(each["fee_fen"] for each in holders.values())
    # Interest is parted here at the coupon and there by our part of it: each a rounded cumulative amount.
    assert received + served == pytest.approx(told, abs=3)
    assert holders["platform"]["fee_fen"] > 0

    # The balance sheet shows our part while it lives, and nothing of it afterwards.
    cells = ledger.period("2024Q2").table("cells_ledger").to_pylist()
    outstanding = {each["model"]: each["outstanding_fen"] for each in cells}
    shown = sum(balances(ledger, "2024Q2")[account] for account in LOANS)
    assert shown == outstanding[own]
    rows = platform.account(loan_id, dt.date(2024, 6, 30)).rows
    assert sum(outstanding.values()) == int(rows[:, Row.PRINCIPAL].sum() - rows[:, Row.PAID_PRINCIPAL].sum())
    assert abs(shown - sum(outstanding.values()) * OWN_PPM / 1_000_000) < 2
    last = balances(ledger, "2025Q1")
    assert not set(last) & {*LOANS, "1312", "1315", "1319", "1120", "1129"}
    written_off = sums(ledger, "written_off_fen", "cells_ledger")
    assert written_off == {own: ours["lent_fen"] - ours["principal_fen"], light: 0}

    # The bank's part stands in a pool of its own, served and not lent; the loan behind its entries is the one loan.
    entries = ledger.period("2024Q2").table("entries")
    fees = entries.filter(pc.equal(entries["model"], light))
    assert set(fees["entity"].to_pylist()) == {FACILITATOR}
    assert set(fees["partner"].to_pylist()) == {BANK}
    assert set(entries.filter(pc.equal(entries["model"], own))["entity"].to_pylist()) == {LENDER}
    for rule in ("L02", "L40", "L33", "L62"):
        explained = explain_entry(book, entries.filter(pc.equal(entries["rule"], rule))["entry_id"][0].as_py())
        assert explained.loans["loan_id"].to_pylist() == [loan_id], rule
    assert prove_ledger(book).findings == ()


def test_measures_go_on_counting_the_whole_loan_once(platform, book):
    loan_id = lived(platform)
    forward(platform.connection, book, NOW)
    book = open_book(book.folder)
    period, _ = close_period(book, "2024Q3")
    assert period.manifest["loans"] == 1
    assert pc.sum(period.table("cells_ledger")["loans"]).as_py() == 1
    measured = close(book, dt.date(2024, 9, 30))
    volume, position = (read_table(measured.folder, f"cells_{family}") for family in ("volume", "position"))
    assert (pc.sum(volume["loans"]).as_py(), pc.sum(volume["principal_fen"]).as_py()) == (1, 1_234_567)
    now = position.filter(pc.equal(position["month"], pa.scalar(dt.date(2024, 9, 30))))
    (loan,) = [row for row in now.to_pylist() if row["principal_fen"]]
    left = platform.account(loan_id, dt.date(2024, 9, 30))
    assert (loan["model"], loan["loans"]) == ("on_balance_sheet", 1)
    assert loan["principal_fen"] == int(left.rows[:, Row.PRINCIPAL].sum() - left.rows[:, Row.PAID_PRINCIPAL].sum())
