"""The ledger of a company whose loans come later, or that has none: it begins with the company's events alone."""

import datetime as dt

import pytest

from loanbook.errors import StateError
from loanbook.services.book_facts import quarters_still_open
from loanbook.services.bookkeeping import close_period
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_tieout import tie_out
from loanbook.services.restating import restate
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures
from loanbook.stores.book import create_book
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import KNOWN
from tests.stores.rows import TERMS, loan, paid_in_full, table

CAPITAL = """
- {kind: opening_balance, event_id: o1, entity: lantern_technology, currency: CNY, happened_on: 2023-12-31, book: core,
   account: "1001", amount: 5000.00}
- {kind: opening_balance, event_id: o2, entity: lantern_technology, currency: CNY, happened_on: 2023-12-31, book: core,
   account: "3020", amount: -5000.00}
"""
BILL = """
- {kind: cost_incurred, event_id: c1, entity: lantern_technology, currency: CNY, happened_on: 2024-02-15,
   line: sales_and_marketing, counterparty: Example Media, amount: 900.05}
"""


def told(book, words, name="events.yaml", on=dt.datetime(2024, 4, 1, tzinfo=dt.UTC)):
    file = book.folder.parent / name
    file.write_text(words, encoding="utf-8")
    reading = import_corporate(book.folder, file, recorded_at=on).reading
    assert not reading.faults.num_rows, reading.faults.to_pylist()
    return book


@pytest.fixture
def company(tmp_path):
    return told(create_book(tmp_path / "corp", currency="CNY"), CAPITAL + BILL)


def exact(book, name):
    found = group_statements(book, name)
    return Figures(statements=found.statements, amounts=found.amounts)


def test_a_company_without_loans_has_statements_that_tie_and_a_ledger_that_proves(company):
    closed, fresh = close_period(company, "2024Q1", known_on=KNOWN)
    assert fresh
    assert closed.manifest["loans"] == 0
    assert [each.name for each in Ledger(company).periods()] == ["2023Q4", "2024Q1"]
    figures = exact(company, "2024Q1")
    quarter = period("2024Q1")
    assert figures.value("sales_and_marketing", quarter) == 900_05
    assert figures.value("total_assets", period("2023Q4").end) == 5_000_00
    assert figures.value("total_assets", quarter.end) == figures.value("total_liabilities_and_equity", quarter.end)
    assert prove_ledger(company).findings == ()
    assert not any(tie.unexplained_fen for tie in tie_out(company, "2024Q1"))


def test_loans_that_come_later_are_booked_in_their_quarter(company):
    close_period(company, "2024Q1", known_on=KNOWN)
    row = loan("L1", "2024-05-10", 1_200_000, model="on_balance_sheet")
    rows = {"loan_disbursed": [row], "payment_received": paid_in_full(row, [0] * 12)}
    book = append(company, {kind: table(kind, each) for kind, each in rows.items()}, terms={"sample_level": TERMS}).book
    closed, _ = close_period(book, "2024Q2", known_on=KNOWN)
    assert closed.manifest["loans"] == 1
    figures = exact(book, "2024Q2")
    assert figures.value("financing_income", period("2024Q2")) > 0 == figures.value("financing_income", period("2024Q1"))
    assert 0 < figures.value("loans_receivable_net", period("2024Q2").end) < 1_300_000
    assert prove_ledger(book).findings == ()
    assert not any(tie.unexplained_fen for tie in tie_out(book, "2024Q2"))


def test_a_quarter_without_loans_is_restated_when_a_bill_was_forgotten(company):
    close_period(company, "2024Q1", known_on=dt.date(2024, 4, 10))
    told(company, BILL.replace("c1", "c2"), "more.yaml", dt.datetime(2024, 5, 1, tzinfo=dt.UTC))
    restate(company, "2024Q1", reason="a bill was forgotten", known_on=KNOWN)
    assert exact(company, "2024Q1").value("sales_and_marketing", period("2024Q1")) == 2 * 900_05
    assert prove_ledger(company).findings == ()


def test_a_book_that_was_told_nothing_and_a_quarter_before_its_first_fact_are_refused(tmp_path):
    book = create_book(tmp_path / "corp", currency="CNY")
    with pytest.raises(StateError, match="corp has no facts yet: no loan, and nothing that happened to the company"):
        close_period(book, "2024Q1")
    told(book, BILL)
    with pytest.raises(StateError, match="nothing that happened by 2014-03-31; its first fact is of 2024-02-15"):
        close_period(book, "2014Q1")


def test_a_quarter_far_from_the_last_fact_says_so_with_days(company):
    near, _ = close_period(company, "2024Q1", known_on=KNOWN)
    assert near.manifest["findings"] == []
    assert quarters_still_open(company) == ""
    late = "\n".join(BILL.splitlines()).replace("c1", "c3").replace("2024-02-15", "2025-02-03")
    told(company, late, "late.yaml", dt.datetime(2025, 2, 4, tzinfo=dt.UTC))
    assert quarters_still_open(company) == (
        "The book has facts up to 2025-02-03, 309 days after 2024-03-31: its quarters up to 2025Q1 are still to be closed."
    )
    for name in ("2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2"):
        closed, _ = close_period(company, name)
    assert [words for words in closed.manifest["findings"] if words.startswith("the last fact")] == [
        "the last fact of the book happened on 2025-02-03, 147 days before the quarter's end 2025-06-30: "
        "nothing that followed is in it"
    ]
