"""Borrowings that are overdue or repaid early, tax of a company abroad, and totals by currency, in closed books."""

import datetime as dt
from pathlib import Path

import pyarrow.compute as pc

from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.ledger_proving import prove_ledger
from loanbook.stores.book import Book
from tests.services.ledgers import ledger_book

RECORDED = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)
DRAWN = "happened_on: 2024-07-01, debt: bank A, line: short_term_loans, amount: 1000000, rate_annual: 0.08"


def told(book: Book, folder: Path, text: str) -> None:
    file = folder / "company.yaml"
    file.write_text(text)
    assert not import_company(book, file, recorded_at=RECORDED).reading.faults.num_rows


def measured(period, kind: str) -> list[tuple[str, str, str, str, int]]:
    table = period.table("entries")
    rows = table.filter(pc.equal(table["kind"], kind)).to_pylist()
    return sorted((r["entity"], r["currency"], r["component"], r["debit"], r["amount_fen"]) for r in rows)


def test_tax_is_posted_in_the_currency_of_its_income_and_totals_are_by_currency(tmp_path: Path) -> None:
    book = ledger_book(tmp_path, loans=3)
    cost = "kind: cost_incurred, happened_on: 2024-08-15, line: general_and_administrative, counterparty: X"
    told(
        book,
        tmp_path,
        f"- {{{cost}, event_id: C1, entity: lantern_hong_kong, currency: HKD, amount: -1000}}\n"
        f"- {{{cost}, event_id: C2, entity: lantern_hong_kong, currency: CNY, amount: -500}}\n",
    )
    period, _ = close_period(book, "2024Q3")
    assert [row for row in measured(period, "tax_measured") if row[0] == "lantern_hong_kong"] == [
        ("lantern_hong_kong", "CNY", "current", "6110", 8_250),
        ("lantern_hong_kong", "HKD", "current", "6110", 16_500),
    ]
    assert period.manifest["totals"]["CORE"]["HKD"] == 100_000 + 16_500
    following, _ = close_period(book, "2024Q4")
    assert not [row for row in measured(following, "tax_measured") if row[0] == "lantern_hong_kong"]
    assert prove_ledger(book).findings == ()


def test_what_is_repaid_early_has_no_issue_cost_and_what_is_overdue_bears_interest(tmp_path: Path) -> None:
    book = ledger_book(tmp_path, loans=3)
    owner = "entity: lantern_technology, currency: CNY"
    told(
        book,
        tmp_path,
        f"- {{kind: debt_drawn, event_id: D1, {owner}, {DRAWN}, matures_on: 2024-09-30}}\n"
        f"- {{kind: debt_repaid, event_id: D2, {owner}, happened_on: 2024-08-01, debt: bank A, line: short_term_loans, "
        "amount: 600000}\n",
    )
    period, _ = close_period(book, "2024Q3")
    following, _ = close_period(book, "2024Q4")
    # 1,000,000.00 for 31 days and 400,000.00 for 60 days at 8 %, 6,794.52 and 5,260.27 (60 of 61 days, rounded once more);
    # then 92 days more on 400,000.00.
    assert measured(period, "debt_measured") == [("lantern_technology", "CNY", "interest", "5020", 679_452 + 526_028)]
    assert measured(following, "debt_measured")[0][-1] == 806_575
    assert len(measured(following, "debt_measured")) == 1
    for each in (period, following):
        (words,) = [words for words in each.manifest["findings"] if "bank A" in words]
        assert "was to be repaid on 2024-09-30; CNY 400,000.00 is still owed" in words
