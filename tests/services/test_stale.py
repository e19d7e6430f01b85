"""A close against a book that changes: held projections, later facts, newer knowledge, and what it says of them."""

import csv
import datetime as dt

import pyarrow.parquet as pq
import pytest

from loanbook.errors import StateError
from loanbook.services import closing
from loanbook.services.books import rebuild
from loanbook.services.closing import close, newer_facts, renewed
from loanbook.services.explaining import explain_loans
from loanbook.services.reporting import report
from loanbook.stores import checks
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import drop_projection, project, reading
from loanbook.stores.schema import rules
from tests.stores.rows import TERMS, day, loan, moment, payment, table

AS_OF = dt.date(2024, 3, 31)


@pytest.fixture
def book(tmp_path):
    rows = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10"), loan("B", "2024-02-10")])}
    return append(create_book(tmp_path / "made_up"), rows, terms={"sample_level": TERMS}).book


def paid(book, amount, recorded):
    rows = [payment("A", amount, "2024-02-10", amount, recorded_at=moment(recorded))]
    return append(book, {"payment_received": table("payment_received", rows)}).book


def outstanding(made):
    rows = pq.read_table(made.folder / "measures.parquet").to_pylist()
    return next(row["numerator"] for row in rows if row["measure"] == "outstanding_balance" and row["comparison"] == "current")


def test_a_projection_that_is_read_outlives_an_import_and_a_build(book, monkeypatch):
    real = closing.space

    def space_while_another_imports(*arguments):
        found = real(*arguments)
        project(paid(book, 5_000, "2024-02-10"))
        return found

    monkeypatch.setattr(closing, "space", space_while_another_imports)
    assert outstanding(close(book, AS_OF)) == 2_400_000
    monkeypatch.setattr(closing, "space", real)
    assert len(list((book.folder / "projection").glob("[!.]*"))) == 2
    drop_projection(book)
    assert not list((book.folder / "projection").glob("*"))


def test_a_rebuild_waits_for_readers_and_says_so(book):
    with reading(book) as projection:
        with pytest.raises(StateError, match="another command has been reading the projection"):
            drop_projection(book, wait_seconds=0.1)
        assert len(projection.classes().rows) == 1
    drop_projection(book, wait_seconds=0.1)
    assert not projection.folder.exists()
    assert rebuild(book)[0].loans == 2


def test_a_projection_removed_before_it_is_held_is_opened_again(book, monkeypatch):
    from loanbook.stores import projection as module

    found, calls = project(book), []

    def slow(*arguments, **named):
        calls.append(1)
        if len(calls) == 1:
            module.remove_projection(found.folder)
            return found
        return project(*arguments, **named)

    monkeypatch.setattr(module, "project", slow)
    with module.reading(book) as held:
        assert len(held.classes().rows) == 1
    assert len(calls) == 2


def test_facts_recorded_after_a_close_change_nothing_of_it_and_are_named(book, capsys):
    made = close(book, AS_OF)
    assert newer_facts(made) == ""
    grown = paid(book, 5_000, "2024-04-20")
    again = renewed(grown, made)
    assert (again.header["known_at"], outstanding(again)) == ("2024-03-31", outstanding(made))
    assert "facts recorded after 2024-03-31, up to 2024-04-20" in newer_facts(again)
    notes = []
    page = report(str(grown.folder), as_of=AS_OF, on_note=notes.append)
    assert page.parent == again.folder
    assert notes == [newer_facts(again)]


def test_facts_recorded_before_it_and_appended_since_make_a_close_stale(book):
    made = close(book, AS_OF)
    grown = paid(book, 30_000, "2024-02-10")
    path = explain_loans(grown, made, "outstanding_balance")
    assert path.parent.parent != made.folder
    with path.open(newline="") as file:
        total = sum(int(row["numerator_fen"]) for row in csv.DictReader(file))
    assert total == outstanding(close(grown, AS_OF, known_on=AS_OF)) < outstanding(made)
    assert report(str(grown.folder), as_of=AS_OF).parent == path.parent.parent


def test_loans_outside_their_products_limits_are_measured_and_found(tmp_path):
    rows = [
        loan("fits", "2024-01-05"),
        loan("huge", "2024-01-10", 9_000_000_000_000_000),
        loan("large", "2024-01-11", 20_000_001),
        loan("long", "2024-01-12", installment_count=7, tenor_months=7),
        loan("dear", "2024-01-13", rate_annual=400_000_000_000),
    ]
    book = append(
        create_book(tmp_path / "b"), {"loan_disbursed": table("loan_disbursed", rows)}, terms={"sample_level": TERMS}
    ).book
    made = close(book, AS_OF)
    found = [
        (f["product"], f["limit"], f["events"], f["amount_fen"], f["first"])
        for f in made.header["findings"]
        if f["kind"] == "limit"
    ]
    assert found == [
        ("sample_level", "amount", 2, 9_000_000_020_000_001, "huge"),
        ("sample_level", "count", 1, 1_200_000, "long"),
        ("sample_level", "rate", 1, 1_200_000, "dear"),
    ]
    assert "allows amounts of CNY 1.00 to 200,000.00" in made.header["findings"][-3]["message"]
    assert made.header["measured"]["loans"] == 5


def test_an_impossible_number_of_instalments_in_an_older_book_is_refused_in_words(tmp_path, monkeypatch):
    # Rows are refused when they are appended; a book may hold some from before there was the limit.
    monkeypatch.setattr(checks, "rules", lambda kind: tuple(rule for rule in rules(kind) if rule.most is None))
    rows = [loan("endless", "2024-01-05", installment_count=1_000_000)]
    book = append(
        create_book(tmp_path / "b"), {"loan_disbursed": table("loan_disbursed", rows)}, terms={"sample_level": TERMS}
    ).book
    with pytest.raises(
        StateError, match=r"sample_level disbursed from 2024-01-05 on have 1,000,000 instalments; a loan has 1 to 600"
    ):
        project(book)


def test_the_page_names_the_days_that_are_compared(book):
    made = close(book, dt.date(2024, 5, 20))
    page = report(str(book.folder), as_of=dt.date(2024, 5, 20)).read_text(encoding="utf-8")
    assert made.folder.name.startswith("2024-05-20")
    assert "Period 2024-04-01 to 2024-05-20, beside 2024-01-01 to 2024-03-31." in page


def test_a_fact_of_a_day_to_come_moves_no_default_day_of_a_close(book):
    usual = close(paid(book, 5_000, "2024-04-10"), AS_OF)
    rows = [payment("B", 1, "2199-05-31", 1_000)]
    later = append(book.refresh(), {"payment_received": table("payment_received", rows)}).book
    made = close(later, AS_OF)
    for name in ("known_at", "observed_to"):
        assert made.header[name] == usual.header[name] == "2024-04-10"
    assert (
        "up to 2199-05-31; this close does not count them. `loanbook close made_up --as-of 2024-03-31 --known-at 2199-05-31`"
        in (newer_facts(made))
    )
    assert close(later, AS_OF, known_on=dt.date(2199, 5, 31)).header["known_at"] == "2199-05-31"


def test_an_account_without_instalments_is_outside_no_number_of_them(tmp_path):
    opened = {
        "event_id": "card:opened",
        "loan_id": "card",
        "happened_on": day("2024-01-31"),
        "product": "sample_level",
        "model": "on_balance_sheet",
        "segment": "consumer",
        "currency": "CNY",
        "originated_on": day("2023-06-10"),
        "original_principal_fen": 100_000,
        "balance_fen": 80_000,
        "rate_annual": 0,
        "installment_count": 0,
        "tenor_months": 0,
        "dpd": 0,
    }
    terms = TERMS + "unknown: [origination, charge_off]\n"
    book = append(
        create_book(tmp_path / "b"), {"position_opened": table("position_opened", [opened])}, terms={"sample_level": terms}
    ).book
    made = close(book, day("2024-01-31"))
    assert made.header["findings"] == []
    assert made.header["not_measured"]["loan_volume"] == "the source of sample_level does not tell when loans were made"
    assert "outstanding_balance" not in made.header["not_measured"]
