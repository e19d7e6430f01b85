"""Books that begin in mid-year: the year's tax is that of the year, and a stated balance is no income of the day it is stated."""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book

TOLD = dt.datetime(2024, 12, 1, tzinfo=dt.UTC)
OWNER = "entity: lantern_technology, currency: CNY"
COST = f"{{kind: cost_incurred, {OWNER}, line: general_and_administrative, counterparty: X"
STATED = f"{{kind: opening_balance, {OWNER}, happened_on: 2024-06-30, book: core"


def told(book, folder, *lines):
    path = folder / f"{book.name}.yaml"
    path.write_text("".join(f"- {line}\n" for line in lines))
    assert import_company(book, path, recorded_at=TOLD).reading.faults.num_rows == 0


def current_tax(book, *, entity=None):
    """Current tax of all periods by entity, in order of the periods where an entity is named."""
    found = {}
    for period in Ledger(book).periods():
        rows = period.table("company")
        rows = rows.filter(pc.and_(pc.equal(rows["kind"], "tax_measured"), pc.equal(rows["component"], "current")))
        for row in rows.to_pylist():
            key = (period.name, row["entity"]) if entity else row["entity"]
            if entity in (None, row["entity"]):
                found[key] = found.get(key, 0) + row["amount_fen"]
    return {key: amount for key, amount in found.items() if amount}


def test_the_years_tax_does_not_depend_on_the_quarter_that_the_books_begin_with(tmp_path):
    sides = []
    for name, quarters in (("whole", ("2024Q1", "2024Q2", "2024Q3", "2024Q4")), ("late", ("2024Q3", "2024Q4"))):
        book = ledger_book(tmp_path, seed=4, loans=40, name=name)
        told(book, tmp_path, f"{COST}, event_id: C1, happened_on: 2024-02-15, amount: 5000}}")
        for quarter in quarters:
            close_period(book, quarter)
        sides.append(current_tax(book))
    assert sides[0] == sides[1] != {}


def test_a_stated_balance_that_is_taxed_later_is_no_loss_of_the_year(tmp_path):
    book = ledger_book(tmp_path, loans=1)
    told(
        book,
        tmp_path,
        f"{STATED}, event_id: O1, account: 1120, amount: 80000}}",
        f"{STATED}, event_id: O2, account: 3050, amount: -80000}}",
        f"{COST}, event_id: C1, happened_on: 2024-08-15, amount: -10000}}",
    )
    for quarter in ("2024Q3", "2024Q4", "2025Q1"):
        close_period(book, quarter)
    # 10,000.00 at 15 %.
    assert current_tax(book, entity="lantern_technology") == {("2024Q3", "lantern_technology"): 150_000}


def test_stated_results_are_the_year_so_far(tmp_path):
    book = ledger_book(tmp_path, loans=1)
    told(
        book,
        tmp_path,
        f"{STATED}, event_id: O1, account: 4120, amount: -30000}}",
        f"{STATED}, event_id: O2, account: 1001, amount: 30000}}",
        f"{COST}, event_id: C1, happened_on: 2024-08-15, amount: 10000}}",
    )
    for quarter in ("2024Q3", "2024Q4"):
        close_period(book, quarter)
    found = current_tax(book, entity="lantern_technology")
    # 30,000.00 at 15 %, then 10,000.00 less; the year comes to 20,000.00.
    assert found == {("2024Q2", "lantern_technology"): 450_000, ("2024Q3", "lantern_technology"): -150_000}


def test_loans_taken_back_after_the_close_take_their_months_and_groups_with_them(tmp_path):
    from loanbook.services.entry_explaining import explain_entry
    from loanbook.services.ledger_proving import prove_ledger
    from loanbook.stores.intake import append
    from tests.stores.rows import TERMS, loan, table

    book = ledger_book(tmp_path, loans=6)
    first = loan("first", "2023-11-10", 900_000, product="other_level", model="on_balance_sheet", segment="first")
    terms = {"other_level": TERMS.replace("sample_level", "other_level")}
    book = append(book, {"loan_disbursed": table("loan_disbursed", [first])}, terms=terms).book
    plain = ledger_book(tmp_path, loans=6, name="plain")
    close_period(book, "2024Q2", known_on=dt.date(2024, 7, 1))
    close_period(plain, "2024Q2", known_on=dt.date(2024, 7, 1))
    gone = {
        "event_id": "first/gone",
        "loan_id": "first",
        "happened_on": dt.date(2023, 11, 10),
        "recorded_at": dt.datetime(2024, 8, 1, tzinfo=dt.UTC),
        "source": "test",
        "reversed_event_id": "first/disbursed",
    }
    book = append(book, {"event_reversed": table("event_reversed", [gone])}).book
    period, _ = close_period(book, "2024Q3")
    other, _ = close_period(plain, "2024Q3")
    lent = [row for row in period.table("entries").to_pylist() if row["kind"] == "money_lent" and row["product"] == "other_level"]
    assert [(row["debit"], row["credit"], row["amount_fen"], row["cohort"]) for row in lent] == [
        ("1001", "1310", 900_000, "2023-11")
    ]
    found = explain_entry(book, lent[0]["entry_id"])
    assert found.loans.to_pylist() == [{"loan_id": "first", "amount_fen": -900_000}]
    sides = []
    for each in (period, other):
        rows = each.table("balances")
        rows = rows.filter(pc.is_in(rows["account"], pa.array(["1310", "1312", "1001"])))
        rows = rows.filter(pc.equal(rows["book"], "CORE")).group_by("account").aggregate([("amount_fen", "sum")])
        sides.append({row["account"]: row["amount_fen_sum"] for row in rows.to_pylist()})
    assert sides[0] == sides[1]
    assert prove_ledger(book, rebuild=True).findings == ()
