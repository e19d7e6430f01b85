"""A damaged projection ends in words, never in a wrong figure and never in a crash."""

import dataclasses
import datetime as dt
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loanbook.errors import StateError
from loanbook.loans.facts import FactKind
from loanbook.services.closing import close, drop_closes
from loanbook.stores.batch_checks import check_batch
from loanbook.stores.batch_files import from_table, kind_of, read_batch, to_table
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import drop_projection, project
from tests.stores.rows import TERMS, loan, moment, paid_in_full, payment, table

AS_OF = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    loans = [loan(f"L{number}", "2024-01-10", 1_000_000 + number) for number in range(60)]
    paid = [row for each in loans[:40] for row in paid_in_full(each, [0, 3, 1])]
    paid += [payment(each["loan_id"], 9, "2024-02-12", 10_000) for each in loans[40:50]]
    taken = {
        "event_id": "back",
        "loan_id": "L40",
        "happened_on": dt.date(2024, 3, 1),
        "reversed_event_id": "L40/paid/9",
        "source": "test",
        "recorded_at": moment("2024-03-01"),
    }
    rows = {
        "loan_disbursed": table("loan_disbursed", loans),
        "payment_received": table("payment_received", paid),
        "event_reversed": table("event_reversed", [taken]),
    }
    made = append(create_book(tmp_path_factory.mktemp("made") / "b"), rows, terms={"sample_level": TERMS}).book
    yield made
    drop_projection(made)


@pytest.fixture
def projection(book):
    drop_closes(book)
    drop_projection(book)
    return project(book)


def _file(projection, kind):
    return next(projection.folder / file.path for file in projection.manifest.files if file.kind == kind)


@pytest.mark.parametrize("name", ["classes.parquet", "calendar.parquet", "shifting.parquet"])
@pytest.mark.parametrize("damage", ["gone", "cut", "scrambled"])
def test_a_missing_or_cut_table_names_the_rebuild(book, projection, name, damage):
    path = projection.folder / name
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
        scrambled = whole[:footer] + b"\xff" * 32 + whole[footer + 32 :]
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else scrambled)
    with pytest.raises(StateError, match=rf"(?s){name}: .*Run loanbook rebuild"):
        close(book, AS_OF)


def test_loan_ids_that_cannot_be_read_name_the_rebuild(projection):
    (projection.folder / "loans.parquet").unlink()
    with pytest.raises(StateError, match=r"loans.parquet: not readable .*Run loanbook rebuild"):
        projection.loan_ids(np.array([0]))


@pytest.mark.parametrize("kind", ["compact", "irregular"])
def test_no_flipped_bit_of_a_batch_changes_it_in_silence(projection, kind):
    path = _file(projection, kind)
    whole = path.read_bytes()
    before = to_table(read_batch(path, kind, 0))
    draw = random.Random(5)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(4, len(whole) - 8)] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            assert to_table(read_batch(path, kind, 0)).equals(before)
        except StateError as error:
            assert "Run loanbook rebuild" in str(error)  # noqa: PT017
            refused += 1
    assert refused > 100


def test_numbers_that_point_outside_are_refused(projection):
    rows = projection.classes().rows
    by_kind = {kind_of(batch): batch for batch in projection.batches()}
    compact, irregular = by_kind["compact"], by_kind["irregular"]
    wrong = dataclasses.replace(compact, class_no=compact.class_no + len(rows))
    with pytest.raises(StateError, match="here: class_no points outside"):
        check_batch(wrong, rows, "here")
    many = np.zeros(compact.loan_no.size + 1, np.int64)
    many[1:] = 500
    with pytest.raises(StateError, match="here: late_days points outside"):
        check_batch(dataclasses.replace(compact, late_offsets=many), rows, "here")
    assert (irregular.fact_kind == int(FactKind.REVERSAL)).any()
    for target in (-1, 99):
        with pytest.raises(StateError, match="here: fact_detail points outside"):
            check_batch(dataclasses.replace(irregular, fact_detail=np.full_like(irregular.fact_detail, target)), rows, "here")


def test_lists_that_do_not_fit_are_refused(projection):
    irregular = next(batch for batch in projection.batches() if kind_of(batch) == "irregular")
    rows = to_table(irregular)
    place = rows.column_names.index("fact_on")
    shorter = pa.array([value.as_py()[:-4] for value in rows["fact_on"]], pa.binary())
    with pytest.raises(ValueError, match="lists of other lengths"):
        from_table(rows.set_column(place, "fact_on", shorter), "irregular")
    odd = pa.array([value.as_py()[:-1] for value in rows["fact_on"]], pa.binary())
    with pytest.raises(ValueError, match="bounds of lists"):
        from_table(rows.set_column(place, "fact_on", odd), "irregular")


def test_the_file_of_other_columns_is_refused(book, projection):
    path = projection.folder / "classes.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(StateError, match="not the terms classes"):
        close(book, AS_OF)
