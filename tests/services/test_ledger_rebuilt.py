"""Books rebuilt from events are identical; what was tampered with is found, also when every hash after it was made again."""

import datetime as dt
import json
import shutil

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from loanbook.errors import TieError
from loanbook.services import book_terms
from loanbook.services.bookkeeping import close_period
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.restating import restate
from loanbook.stores.book import open_book
from loanbook.stores.durable import digest
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from loanbook.terms import posting_rule
from tests.services.ledgers import ledger_book
from tests.stores.rows import loan, table

KNOWN = dt.date(2024, 10, 15)


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """An opening and two quarters; told of a loan of May on the day of the last close, after it; restated; and told of more."""
    book = ledger_book(tmp_path_factory.mktemp("rebuilt"), seed=5, loans=12)
    for name in ("2024Q2", "2024Q3"):
        close_period(book, name, known_on=KNOWN)
    late = loan("late", "2024-05-20", 500_000) | {"recorded_at": dt.datetime(2024, 10, 15, 18, tzinfo=dt.UTC)}
    book = append(book, {"loan_disbursed": table("loan_disbursed", [late])}).book
    restate(book, "2024Q3", reason="one loan was forgotten", known_on=KNOWN)
    last = loan("last", "2024-08-20", 700_000) | {"recorded_at": dt.datetime(2024, 10, 15, 19, tzinfo=dt.UTC)}
    return append(book, {"loan_disbursed": table("loan_disbursed", [last])}).book


@pytest.fixture
def book(closed, tmp_path):
    shutil.copytree(closed.folder, tmp_path / "made_up")
    return open_book(tmp_path / "made_up")


def test_books_rebuilt_from_events_are_identical_also_after_facts_of_the_same_day_and_an_edit_of_the_terms(
    book, tmp_path, monkeypatch
):
    edited = tmp_path / "posting"
    shutil.copytree(posting_rule.FOLDER, edited)
    (edited / "components.csv").write_text((edited / "components.csv").read_text().replace("disbursed_fen", "repaid_fen"))
    monkeypatch.setattr(book_terms.posting_rule, "FOLDER", edited)
    proof = prove_ledger(book, rebuild=True)
    assert [period.id for period in Ledger(book).all_periods()] == ["2024Q1.1", "2024Q2.1", "2024Q3.1", "2024Q3.2"]
    assert proof.findings == ()
    assert proof.head == Ledger(book).head


def rehashed(book, name, table_name, change):
    """A tamperer who changes a table of a period and makes every hash after it again."""
    ledger = Ledger(book)
    before = {}
    for period in ledger.all_periods():
        path = period.folder / "period.json"
        said = json.loads(path.read_text())
        if period.id == name:
            file = period.folder / f"{table_name}.parquet"
            pq.write_table(change(pq.read_table(file)), file)
            said["files"][file.name] = digest(file)
        said["previous"] = before.get(said["previous"], said["previous"])
        path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
        before[period.digest] = digest(path)
        last = period.id
    (ledger.folder / "head.json").write_text(json.dumps({"last": last, "digest": before[period.digest]}))


def more(table, column, where):
    place = table.schema.get_field_index(column)
    chosen = pc.equal(pc.cumulative_sum(where.cast("int64")), 1)
    return table.set_column(place, column, pc.add(table[column], pc.and_(where, chosen).cast("int64")))


def test_a_tampered_cell_and_a_tampered_entry_are_found_by_rebuilding(book):
    rehashed(
        book,
        "2024Q2.1",
        "cells_ledger",
        lambda cells: more(cells, "loan_allowance_fen", pc.greater(cells["loan_allowance_fen"], 0)),
    )
    rehashed(book, "2024Q3.2", "entries", lambda made: more(made, "amount_fen", pc.equal(made["rule"], "L01")))
    findings = prove_ledger(book, rebuild=True).findings
    (cell,) = [words for words in findings if "cells_ledger" in words]
    assert cell.startswith("2024Q2.1: cells_ledger rebuilt from events differs: 1 rows locked, 1 made instead: locked product=")
    assert any(words.startswith("2024Q3.2: entries rebuilt from events differs: 1 rows locked") for words in findings)
    plain = prove_ledger(book).findings
    assert not any("cells_ledger" in words for words in plain), "only measuring again can tell"


def test_a_tail_of_the_chain_that_was_taken_away_is_named(book):
    head = Ledger(book).head
    shutil.rmtree(book.folder / "ledger" / "restated-0001")
    (said,) = prove_ledger(book).findings
    assert "the chain of periods ends with 2024Q3.1; 2024Q3.2, which was locked last" in said
    with pytest.raises(TieError, match=r"2024Q3\.2, which was locked last"):
        close_period(book, "2024Q4")
    rest = Ledger(book)
    (rest.folder / "head.json").unlink()
    assert "head.json is gone" in prove_ledger(book).findings[0]
    end = json.loads((rest.folder / "2024Q3.1" / "period.json").read_text())
    (rest.folder / "head.json").write_text(
        json.dumps({"last": "2024Q3.1", "digest": digest(rest.folder / "2024Q3.1" / "period.json")})
    )
    assert end["period"] == "2024Q3"
    assert prove_ledger(book).findings == (), "who rewrites the head as well is not found here"
    (kept,) = prove_ledger(book, head=head).findings
    assert kept.startswith(f"no period has the hash {head}: the chain ends with 2024Q3.1")


def test_events_that_were_changed_or_are_gone_are_told_and_what_follows_is_not_rebuilt(book):
    manifest = json.loads((book.folder / "manifest.json").read_text())
    manifest["batches"] = manifest["batches"][1:]
    (book.folder / "manifest.json").write_text(json.dumps(manifest))
    findings = prove_ledger(open_book(book.folder), rebuild=True).findings
    assert any(
        words.startswith("2024Q1.1: it cannot be rebuilt: ") and "are not those that were counted" in words for words in findings
    )
    assert "2024Q2.1: it was not rebuilt, because 2024Q1.1 was not." in findings


def test_a_broken_chain_names_the_periods_that_follow(book):
    path = book.folder / "ledger" / "2024Q1.1" / "period.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 1 '))
    (said,) = prove_ledger(book).findings
    assert "broken after 2024Q1.1, at 2024Q2.1, which 2024Q3.1, 2024Q3.2 follow: the manifest before it was changed" in said
