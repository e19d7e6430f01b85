"""Appending events: the same batch twice changes nothing, changed content is refused, bad rows are quarantined."""

import datetime as dt
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loanbook.errors import RequestError, StateError, TieError
from loanbook.events import KINDS
from loanbook.stores.book import check_files, create_book, open_book
from loanbook.stores.intake import append
from loanbook.stores.schema import arrow_schema
from tests.commands.killing import Killer
from tests.stores.rows import TERMS, loan, moment, payment, table

LOANS = [loan("L1", "2024-01-05"), loan("L2", "2024-01-06"), loan("L3", "2024-02-01")]
PAYMENTS = [payment("L1", 1, "2024-02-05", 110_000), payment("L2", 1, "2024-02-07", 110_000)]


@pytest.fixture
def book(tmp_path):
    return create_book(tmp_path / "sample")


def batch():
    return {"loan_disbursed": table("loan_disbursed", LOANS), "payment_received": table("payment_received", PAYMENTS)}


def test_a_batch_of_several_kinds_is_one_commit(book):
    receipt = append(book, batch())
    assert receipt.accepted == {"loan_disbursed": 3, "payment_received": 2}
    assert len(receipt.book.manifest.batches) == 1
    assert receipt.book.rows("payment_received") == 2
    assert receipt.book.currency == "CNY"
    assert open_book(book.folder).manifest == receipt.book.manifest
    assert check_files(receipt.book) == []


def test_the_same_batch_twice_changes_nothing(book):
    first = append(book, batch())
    before = (book.folder / "manifest.json").read_bytes()
    second = append(book, batch())
    assert second.skipped == {"loan_disbursed": 3, "payment_received": 2}
    assert second.total(second.accepted) == 0
    assert second.batch == 0
    assert (book.folder / "manifest.json").read_bytes() == before
    assert second.book.facts_hash() == first.book.facts_hash()


def test_new_rows_beside_held_ones_are_taken_in_alone(book):
    append(book, batch())
    more = [*PAYMENTS, payment("L3", 1, "2024-03-01", 5)]
    receipt = append(book, {"payment_received": table("payment_received", more)})
    assert (receipt.accepted, receipt.skipped) == ({"payment_received": 1}, {"payment_received": 2})
    stored = pa.concat_tables([pq.read_table(path) for path in receipt.book.files("payment_received")])
    assert sorted(stored["event_id"].to_pylist()) == ["L1/paid/1", "L2/paid/1", "L3/paid/1"]


@pytest.mark.parametrize("order", ["book", "batch"])
def test_other_content_under_a_used_id_is_refused_with_the_columns_named(book, order):
    changed = payment("L1", 1, "2024-02-06", 110_001)
    fresh = payment("L9", 1, "2024-02-06", 1)
    if order == "book":
        append(book, batch())
        rows = [fresh, changed]
    else:
        rows = [fresh, PAYMENTS[0], changed]
    before = open_book(book.folder).manifest
    with pytest.raises(StateError, match=r"1 event id\(s\) of payment_received .*L1/paid/1 \(happened_on, amount_fen\)"):
        append(book, {"payment_received": table("payment_received", rows)})
    assert open_book(book.folder).manifest == before


def test_null_and_value_differ(book):
    append(book, {"payment_received": table("payment_received", [payment("L1", 1, "2024-02-05", 5)])})
    with pytest.raises(StateError, match=r"\(purpose\)"):
        append(book, {"payment_received": table("payment_received", [payment("L1", 1, "2024-02-05", 5, purpose="payoff")])})


def test_repeated_rows_of_one_batch_are_stored_once(book):
    receipt = append(book, {"payment_received": table("payment_received", [PAYMENTS[0], PAYMENTS[1], PAYMENTS[0], PAYMENTS[0]])})
    assert (receipt.accepted, receipt.skipped) == ({"payment_received": 2}, {"payment_received": 2})


def test_a_fact_delivered_again_later_keeps_its_first_moment(book):
    append(book, batch())
    again = [row | {"recorded_at": moment("2024-09-09"), "source": "other file"} for row in PAYMENTS]
    receipt = append(book, {"payment_received": table("payment_received", again)})
    assert (receipt.total(receipt.accepted), receipt.redelivered) == (0, 2)


def test_an_id_serves_one_kind_only(book):
    append(book, batch())
    row = {"event_id": "L1/paid/1", "loan_id": "L1", "happened_on": dt.date(2024, 3, 1)}
    with pytest.raises(StateError, match=r"two kinds of event: L1/paid/1 \(loan_cancelled, payment_received\)"):
        append(book, {"loan_cancelled": table("loan_cancelled", [row])})


def test_bad_rows_are_quarantined_and_the_sums_hold(book):
    rows = [
        payment("L1", 1, "2024-02-05", 0),
        payment("L1", 2, "2024-02-05", 7, purpose="gift"),
        payment("L1", 3, "2024-02-05", 7) | {"loan_id": None},
        payment("L1", 4, "2024-02-05", 7) | {"event_id": ""},
        payment("L1", 5, "2024-02-05", 7),
        payment("L1", 5, "2024-02-05", 7),
    ]
    receipt = append(book, {"payment_received": table("payment_received", rows)})
    assert receipt.given == {"payment_received": 6}
    assert receipt.quarantined == {"payment_received": 4}
    assert receipt.total(receipt.given) == sum(map(receipt.total, (receipt.accepted, receipt.skipped, receipt.quarantined)))
    assert [(f.message, f.value) for f in receipt.findings] == [
        ("payment_received: amount_fen is too small", "0"),
        ("payment_received: purpose is not a known word", "gift"),
        ("payment_received: loan_id is missing", ""),
        ("payment_received: event_id is missing", ""),
    ]
    held = pq.read_table(receipt.quarantine)
    assert held["row_number"].to_pylist() == [1, 2, 3, 4]
    assert held["expected"].to_pylist()[0] == "at least 1"
    again = append(book, {"payment_received": table("payment_received", rows)})
    assert again.quarantined == {"payment_received": 4}
    assert again.batch == 0


def test_more_instalments_than_a_loan_can_have_are_quarantined(book):
    rows = [loan("L1", "2024-01-05", installment_count=600), loan("L2", "2024-01-05", installment_count=601)]
    receipt = append(book, {"loan_disbursed": table("loan_disbursed", rows)})
    assert (receipt.accepted, receipt.quarantined) == ({"loan_disbursed": 1}, {"loan_disbursed": 1})
    (finding,) = receipt.findings
    assert (finding.message, finding.value, finding.expected) == (
        "loan_disbursed: installment_count is too large",
        "601",
        "at most 600",
    )


def test_another_currency_is_quarantined_and_two_in_a_first_batch_are_refused(tmp_path, book):
    append(book, batch())
    receipt = append(book, {"loan_disbursed": table("loan_disbursed", [loan("L8", "2024-03-01", currency="USD")])})
    assert receipt.findings[0].expected == "CNY"
    mixed = table("loan_disbursed", [loan("A", "2024-03-01", currency="USD"), loan("B", "2024-03-01")])
    with pytest.raises(StateError, match="CNY, USD"):
        append(create_book(tmp_path / "other"), {"loan_disbursed": mixed})


def test_tables_that_do_not_fit_are_refused_in_words(book):
    good = batch()["payment_received"]
    with pytest.raises(RequestError, match="no kind of event"):
        append(book, {"payments": good})
    with pytest.raises(RequestError, match="no column 'colour'"):
        append(book, {"payment_received": good.append_column("colour", pa.array(["red", "red"]))})
    with pytest.raises(RequestError, match="'amount_fen' is required"):
        append(book, {"payment_received": good.drop_columns(["amount_fen"])})
    floats = good.set_column(good.schema.get_field_index("amount_fen"), "amount_fen", pa.array([1.5, 2.0]))
    with pytest.raises(RequestError, match="amount_fen is a column of double"):
        append(book, {"payment_received": floats})
    assert open_book(book.folder).manifest.batches == ()


def test_streams_and_files_are_taken_like_tables(book, tmp_path):
    rows = batch()
    pq.write_table(rows["loan_disbursed"], tmp_path / "loans.parquet")
    stream = pa.RecordBatchReader.from_batches(rows["payment_received"].schema, rows["payment_received"].to_batches(1))
    receipt = append(book, {"loan_disbursed": tmp_path / "loans.parquet", "payment_received": stream})
    assert receipt.accepted == {"loan_disbursed": 3, "payment_received": 2}
    assert append(book, rows).batch == 0


def test_archived_terms_never_change(book):
    kept = append(book, {}, terms={"sample_level": TERMS}).book
    (key,) = kept.manifest.terms
    assert kept.terms_text(key) == TERMS
    assert append(kept, {}, terms={"sample_level": TERMS}).book.manifest == kept.manifest
    (book.folder / "terms" / f"{key}.yaml").write_text(TERMS.replace("0.36", "0.72"))
    with pytest.raises(TieError, match="archived terms were changed"):
        kept.terms_text(key)


def test_a_changed_event_file_is_found(book):
    kept = append(book, batch()).book
    path = kept.files("payment_received")[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "was changed after batch 1" in check_files(kept)[0]


def test_every_kind_has_a_schema_that_stores_its_rows(book):
    empty = {kind.name: arrow_schema(kind).empty_table() for kind in KINDS}
    assert append(book, empty).batch == 0


def test_a_writer_killed_at_any_moment_leaves_the_book_as_before_or_finished(book):
    append(book, batch())
    writer = Killer("tests.stores.killed_writer")
    try:
        outcomes = set()
        for stop in range(1, 200):
            code = writer.run(folder=str(book.folder), step=stop)["code"]
            found = open_book(book.folder)
            outcomes.add(len(found.manifest.batches))
            assert check_files(found) == []
            present = {p for room in ("events", "terms", "quarantine") for p in (found.folder / room).rglob("*") if p.is_file()}
            assert len(present) == (2 if len(found.manifest.batches) == 1 else 5)
            assert not (found.folder / ".staging").exists()
            if code == 0 or len(found.manifest.batches) == 2:
                break
            assert code == -9
        assert outcomes == {1, 2}
        assert stop > 15
        assert writer.run(folder=str(book.folder))["code"] == 0
    finally:
        writer.close()
    assert open_book(book.folder).rows("payment_received") == 52


def test_two_writers_at_once_both_succeed(book, tmp_path):
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from loanbook.stores import book, intake
        from tests.stores.rows import TERMS, payment, table
        who = sys.argv[2]
        for n in range(4):
            opened = book.open_book(Path(sys.argv[1]))
            intake.append(opened, {"payment_received": table("payment_received", [payment(who, n, "2024-03-01", 5)])})
        """
    )
    path = tmp_path / "writers.py"
    path.write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    runs = [subprocess.Popen([sys.executable, str(path), str(book.folder), who], env=environment) for who in ("A", "B")]
    assert [run.wait() for run in runs] == [0, 0]
    found = open_book(book.folder)
    assert found.rows("payment_received") == 8
    assert [b.number for b in found.manifest.batches] == list(range(1, 9))
    assert check_files(found) == []
