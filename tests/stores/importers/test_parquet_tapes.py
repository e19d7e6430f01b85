"""Parquet tapes: typed columns, floats that mean cents, and files that cannot be read."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loanbook.errors import RequestError
from tests.stores.importers.tapes import MAPPING, read_files

PARQUET = MAPPING.replace('files: ["*.csv", "*.csv.gz"]', 'files: ["*.parquet"]').replace("format: csv", "format: parquet")
PARQUET = PARQUET.replace('    nulls: ["", NA]\n', "")


def columns(**changed):
    good = {
        "id": pa.array([1, 2]),
        "cutoff": pa.array([dt.date(2017, 5, 31)] * 2),
        "made": pa.array([dt.datetime(2016, 1, 1)] * 2, pa.timestamp("ms")),
        "amount": pa.array([13649.18, 20000.0]),
        "balance": pa.array([11281.52, 0.1 + 0.2]),
        "rate": pa.array([0.0704, 0.1]),
        "term": pa.array([73.0, 60.0]),
    }
    return good | changed


def read(folder, **changed):
    path = folder / "tape.parquet"
    pq.write_table(pa.table(columns(**changed)), path)
    return read_files(folder, [path], PARQUET)


def test_typed_columns(tmp_path):
    events = read(tmp_path).events["position_opened"]
    assert [(e["loan_id"], e["balance_fen"], e["rate_annual"], e["installment_count"]) for e in events] == [
        ("1", 1128152, 70_400_000_000, 73),
        ("2", 30, 100_000_000_000, 60),
    ]
    assert [e["source"] for e in events] == ["tape.parquet:1", "tape.parquet:2"]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["1", "2"], pa.large_string()),
        pa.array(["1", "2"]).dictionary_encode(),
        pa.array([1.0, 2.0]),
        pa.array([1, 2], pa.uint64()),
        pa.array(["1", "2"], pa.string_view()),
    ],
)
def test_ids_of_any_plain_type(tmp_path, ids):
    assert [e["loan_id"] for e in read(tmp_path, id=ids).events["position_opened"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("balance", pa.array([11281.52, 3005.666844]), "balance has more than 2 decimals"),
        ("balance", pa.array([11281.52, float("inf")]), "balance is too large to be held exactly"),
        ("balance", pa.array([11281.52, float("nan")]), "balance is missing"),
        ("balance", pa.array([11281.52, -5.0]), "balance is negative"),
        ("balance", pa.array([None, None], pa.null()), "balance is missing"),
        ("balance", pa.array([True, False]), "balance a bool is not a number"),
        ("cutoff", pa.array([1.5, 2.5]), "cutoff a double is not a date"),
        ("cutoff", pa.array(["05-31-2017", "soon"]), "cutoff is not a date"),
    ],
)
def test_values_that_are_set_aside(tmp_path, name, column, reason):
    result = read(tmp_path, **{name: column})
    assert (2, reason) in [(f["row"], f["reason"]) for f in result.faults]
    assert result.file.read == result.file.accepted + result.file.quarantined == 2


def test_nested_columns_are_refused(tmp_path):
    with pytest.raises(RequestError, match="Flatten it first"):
        read(tmp_path, balance=pa.array([[1], [2]]))


def test_a_missing_column(tmp_path):
    path = tmp_path / "tape.parquet"
    pq.write_table(pa.table(columns()).drop_columns(["rate"]), path)
    with pytest.raises(RequestError, match=r"tape.parquet: there is no column 'rate', which .*made_up.yaml:19 reads"):
        read_files(tmp_path, [path], PARQUET)


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-10], lambda b: b"id,cutoff\n1,2\n", lambda b: b[:200] + b"\0" * 300 + b[500:]]
)
def test_unreadable_files_are_refused_whole(tmp_path, damage):
    path = tmp_path / "tape.parquet"
    pq.write_table(pa.table(columns()), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RequestError, match=r"tape.parquet: (this cannot be read as Parquet|the file is empty)"):
        read_files(tmp_path, [path], PARQUET)
