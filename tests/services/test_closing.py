"""Closing: pure in facts and days, the same bytes again, equal for both decoders, explained by its loans."""

import csv
import datetime as dt
import hashlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from loanbook.errors import RequestError, StateError
from loanbook.loans.batches import CompactBatch, IrregularBatch
from loanbook.measures.cells import to_tables
from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.services.books import rebuild, verify
from loanbook.services.closing import close, close_window, find_close
from loanbook.services.explaining import explain, explain_loans
from loanbook.stores.assembly import Cursor, chunks, resolve_reversals
from loanbook.stores.batch_files import read_batch
from loanbook.stores.book import create_book
from loanbook.stores.building import irregular_batch
from loanbook.stores.engine import connect
from loanbook.stores.event_rows import FACT_STREAM, LOAN_STREAM, keep_loans, keep_rows, name_events
from loanbook.stores.intake import append
from loanbook.stores.projection import project
from loanbook.stores.terms_classes import archived_products, version_table
from tests.stores.rows import TERMS, day, loan, moment, payment, schedule, table
from tests.stores.test_projection import some_loans

AS_OF = dt.date(2024, 3, 31)


def make(folder, loans, payments, **others):
    tables = {"loan_disbursed": table("loan_disbursed", loans), "payment_received": table("payment_received", payments)}
    tables |= {kind: table(kind, rows) for kind, rows in others.items()}
    return append(create_book(folder), tables, terms={"sample_level": TERMS}).book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    loans, payments = some_loans(150)
    on = {"happened_on": day("2024-02-10")}
    others = {
        "event_reversed": [
            {"event_id": "r1", "loan_id": payments[5]["loan_id"], "reversed_event_id": payments[5]["event_id"], **on}
        ],
        "loan_charged_off": [{"event_id": "c1", "loan_id": "L7", **on}],
        "recovery_received": [{"event_id": "v1", "loan_id": "L7", "amount_fen": 1234, "happened_on": day("2024-03-01")}],
    }
    return make(tmp_path_factory.mktemp("books") / "closing", loans, payments, **others)


def cells_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("cells_*.parquet"))}


def bytes_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()}


def test_a_close_is_made_once_and_says_what_it_is(book):
    first = close(book, AS_OF)
    again = close(book, AS_OF)
    assert first.fresh
    assert not again.fresh
    assert again.folder == first.folder
    header = json.loads((first.folder / "close.json").read_text())
    assert header["as_of"] == "2024-03-31"
    assert header["observed_to"] == "2024-04-30"
    assert header["facts_hash"] == book.facts_hash()
    assert sum(header["loans"].values()) == 150
    assert header["loans"]["irregular"] > 0 < header["loans"]["compact"]
    assert find_close(book).folder == first.folder
    for name, written in header["tables"].items():
        assert pq.read_metadata(first.folder / f"{name}.parquet").num_rows == written["rows"]
        assert (first.folder / f"{name}.csv").is_file()


def test_dropped_and_rebuilt_gives_the_same_bytes(book):
    before = bytes_of(close(book, AS_OF).folder)
    projection, dropped = rebuild(book)
    assert dropped >= 1
    assert projection.loans == 150
    assert bytes_of(close(book, AS_OF).folder) == before
    assert verify(book).holds


def test_any_number_of_threads_gives_the_same_cells(book):
    before = bytes_of(close(book, AS_OF).folder)
    rebuild(book)
    assert bytes_of(close(book, AS_OF, threads=5).folder) == before


def as_irregular(book):
    """Every loan of a book as one irregular batch, compact or not."""
    with connect(book.folder / ".test-spill") as engine:
        name_events(engine, book)
        keep_loans(engine, version_table(archived_products(book)))
        keep_rows(engine)
        facts = Cursor(engine.stream(FACT_STREAM))
        for run in chunks(engine.stream(LOAN_STREAM), most=1 << 20):
            yield irregular_batch(run, resolve_reversals(facts.take(int(run["loan_no"][-1]) + 1)), {})


@pytest.mark.parametrize("as_of", ["2023-05-17", "2023-12-31", "2024-03-31", "2024-08-15", "2025-06-30"])
def test_every_compact_loan_through_the_irregular_decoder_gives_the_same_cells(book, as_of):
    projection = project(book)
    classes = projection.classes()
    found = space(classes, close_window(projection, day(as_of), None, None))
    batches = list(projection.batches())
    assert {type(batch) for batch in batches} == {CompactBatch, IrregularBatch}
    mixed = measure_batches(batches, classes, found)
    forced = measure_batches(as_irregular(book), classes, found)
    assert mixed.loans == forced.loans > 0
    for name, cells in mixed.families.items():
        np.testing.assert_array_equal(cells, forced.families[name], err_msg=name)


def test_a_later_event_leaves_an_earlier_close_as_it_was(tmp_path):
    loans, payments = some_loans(60, seed=3)
    book = make(tmp_path / "b", loans, payments)
    known = dt.date(2024, 6, 30)
    early = [row for row in payments if row["happened_on"] <= known]
    book = make(tmp_path / "early", [row for row in loans if row["happened_on"] <= known], early)
    before = cells_of(close(book, AS_OF, known_on=known).folder)
    late = moment("2024-07-05")
    news = {
        "payment_received": table(
            "payment_received",
            [payment(row["loan_id"], 77, "2024-01-20", 5_000, recorded_at=late) for row in loans[:20]],
        ),
        "loan_disbursed": table(
            "loan_disbursed",
            [
                loan("late", "2023-01-01", borrower_id=loans[0]["borrower_id"], recorded_at=late),
                loan("other", "2022-06-01", product="sample_level", segment="small_business", recorded_at=late),
            ],
        ),
        "event_reversed": table(
            "event_reversed",
            [
                {
                    "event_id": "undo",
                    "loan_id": early[0]["loan_id"],
                    "happened_on": day("2024-02-01"),
                    "recorded_at": late,
                    "reversed_event_id": early[0]["event_id"],
                }
            ],
        ),
    }
    grown = append(book, news).book
    again = close(grown, AS_OF, known_on=known)
    assert again.fresh
    assert cells_of(again.folder) == before
    assert cells_of(close(grown, AS_OF).folder) != before


def test_figures_are_those_of_the_loans(tmp_path):
    rows = [loan("A", "2024-01-10", 1_200_000), loan("B", "2024-02-10", 2_400_000, borrower_id="b-A")]
    plan = schedule(rows[0])
    book = make(tmp_path / "b", rows, [payment("A", 1, "2024-02-12", plan[0][1] + plan[0][2])])
    made = close(book, AS_OF)
    figures = {
        row["measure"]: (row["numerator"], row["denominator"])
        for row in pq.read_table(made.folder / "measures.parquet").to_pylist()
        if not row["split"] and row["comparison"] == "current"
    }
    assert figures["loan_volume"] == (3_600_000, None)
    assert figures["repeat_share"] == (2_400_000, 3_600_000)
    due = plan[0][1] + plan[1][1] + schedule(rows[1])[0][1]
    assert figures["day1_delinquency"] == (due, due)
    assert figures["outstanding_balance"] == (3_600_000 - plan[0][1], None)


@pytest.mark.parametrize("measure", ["day1_delinquency", "outstanding_balance", "loans", "repeat_share", "delinquency_30"])
def test_a_figure_is_the_sum_of_its_loans(book, measure):
    made = close(book, AS_OF)
    path = explain_loans(book, made, measure)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    (figure,) = [row for row in explain(measure, made).figures if not row["split"] and row["comparison"] == "current"]
    names = [name for name in lines[0] if name != "loan_id"]
    assert sum(int(line[names[0]]) for line in lines) == figure["numerator"]
    if figure["denominator"] is not None:
        assert sum(int(line[names[1]]) for line in lines) == figure["denominator"]
    assert len({line["loan_id"] for line in lines}) == len(lines)


def test_products_of_measures_have_no_loans_of_their_own(book):
    with pytest.raises(RequestError, match="ask for the loans behind day1_delinquency, collection_30"):
        explain_loans(book, close(book, AS_OF), "c_m2")


def test_cells_add_up_over_batches(book):
    projection = project(book)
    classes = projection.classes()
    found = space(classes, close_window(projection, AS_OF, None, None))
    parts = [measure_batches([read_batch(path, kind, group)], classes, found) for kind, path, group, _ in projection.places()]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    whole = to_tables(measure_batches(projection.batches(), classes, found))
    assert {name: cells.to_pylist() for name, cells in to_tables(total).items()} == {
        name: cells.to_pylist() for name, cells in whole.items()
    }


def test_impossible_days_are_refused_in_words(book, tmp_path):
    with pytest.raises(RequestError, match="before the book's first loan"):
        close(book, dt.date(2020, 1, 1))
    with pytest.raises(RequestError, match="known_at 2024-03-01 lies before as_of 2024-03-31"):
        close(book, AS_OF, known_on=dt.date(2024, 3, 1))
    with pytest.raises(StateError, match="no loans yet"):
        close(create_book(tmp_path / "empty"), AS_OF)


def test_a_charge_off_and_a_recovery_come_to_their_measures(tmp_path):
    row = loan("A", "2024-01-10", 1_200_000)
    others = {
        "loan_charged_off": [{"event_id": "c", "loan_id": "A", "happened_on": day("2024-02-20")}],
        "recovery_received": [{"event_id": "v", "loan_id": "A", "happened_on": day("2024-03-01"), "amount_fen": 1_234}],
    }
    paid = schedule(row)[0]
    book = make(tmp_path / "b", [row], [payment("A", 1, "2024-02-10", paid[1] + paid[2])], **others)
    figures = {
        row["measure"]: row["numerator"]
        for row in pq.read_table(close(book, AS_OF).folder / "measures.parquet").to_pylist()
        if not row["split"] and row["comparison"] == "current"
    }
    assert figures["recovered"] == 1_234
    assert figures["charged_off"] == 1_200_000 - paid[1]
    assert figures["outstanding_balance"] == 0
