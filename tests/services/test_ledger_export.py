"""The general ledger for another system: all entries, balanced, with titles and both days; proved by its control file."""

import csv
import json
import shutil
from collections import Counter
from decimal import Decimal

import pytest

from loanbook.errors import RequestError
from loanbook.services.bookkeeping import close_period
from loanbook.services.ledger_export import COLUMNS, export_ledger
from loanbook.services.restating import restate
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.durable import digest
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book
from tests.services.test_manual_entries import NOW

COSTS = """\
event_id,entity,currency,happened_on,line,counterparty,amount
c1,lantern_technology,CNY,2024-08-15,sales_and_marketing,"=HYPERLINK(""x"")",900.05
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    made = ledger_book(folder)
    (folder / "costs.csv").write_text(COSTS)
    import_corporate(made.folder, folder / "costs.csv", recorded_at=NOW, kind="cost_incurred")
    close_period(made, "2024Q3")
    return made


def lines_of(folder):
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                yield path.name, row


def test_every_entry_is_two_lines_that_balance_in_its_file_and_the_control_file_says_so(book, tmp_path):
    done = export_ledger(book, "2024Q3", tmp_path / "erp")
    assert done.folder.name == "made_up-2024Q3.1"
    control = json.loads((done.folder / "control.json").read_text())
    debits, credits, entries = Counter(), Counter(), Counter()
    for name, row in lines_of(done.folder):
        assert tuple(row) == COLUMNS
        assert name == f"{row['book']}-{row['entity']}.csv"
        assert row["title"]
        assert (row["line"], bool(row["debit"]), bool(row["credit"])) in (("1", True, False), ("2", False, True))
        debits[name] += Decimal(row["debit"] or 0)
        credits[name] += Decimal(row["credit"] or 0)
        entries[row["entry_id"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
    assert set(entries.values()) == {0}
    assert set(entries) == set(Ledger(book).period("2024Q3").table("entries")["entry_id"].to_pylist())
    for name, file in control["files"].items():
        assert file["debit"] == {"CNY": str(debits[name])} == {"CNY": str(credits[name])} == file["credit"]
        assert file["sha256"] == digest(done.folder / name)
    assert set(control["files"]) == set(debits)
    assert control["locked_as"] == Ledger(book).period("2024Q3").digest


def test_text_that_a_spreadsheet_would_run_is_harmless(book, tmp_path):
    done = export_ledger(book, "2024Q3", tmp_path)
    told = {row["counterparty"] for _, row in lines_of(done.folder) if row["kind"] == "cost_incurred"}
    assert told == {'\'=HYPERLINK("x")'}


def test_the_same_version_is_written_once_and_a_changed_folder_is_refused(book, tmp_path):
    done = export_ledger(book, "2024Q3", tmp_path)
    before = {path: path.read_bytes() for path in done.folder.iterdir()}
    assert not export_ledger(book, "2024Q3", tmp_path).fresh
    assert {path: path.read_bytes() for path in done.folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == [done.folder.name]
    next(done.folder.glob("CORE*")).write_text("")
    with pytest.raises(RequestError, match=r"holds something else than 2024Q3.1 as it is locked"):
        export_ledger(book, "2024Q3", tmp_path)


def test_a_restated_quarter_is_another_folder(book, tmp_path):
    shutil.copytree(book.folder, tmp_path / "made_up")
    other = type(book)(folder=tmp_path / "made_up", manifest=book.manifest)
    (tmp_path / "more.csv").write_text(COSTS.replace("c1", "c2"))
    import_corporate(other.folder, tmp_path / "more.csv", recorded_at=NOW, kind="cost_incurred")
    restate(other, "2024Q3", reason="a bill was forgotten")
    assert export_ledger(other, "2024Q3", tmp_path / "erp").folder.name == "made_up-2024Q3.2"
