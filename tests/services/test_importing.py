"""An import is one commit: all of it or nothing, and the same file twice changes nothing."""

import csv
import datetime as dt
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from loanbook.errors import RequestError, StateError, TermsError
from loanbook.services import importing
from loanbook.services.importing import import_tape
from loanbook.stores.book import book_folder, open_book
from loanbook.stores.importers.mapping_file import find_mapping, read_mapping
from loanbook.stores.importers.reading import read_tape
from loanbook.terms.catalogue import SHIPPED
from tests.stores.importers.tapes import GOOD, MAPPING, lines, write_mapping


def tape(folder, *rows, name="tape.csv"):
    path = folder / name
    path.write_text(lines(*rows))
    return path


def row(number, **changed):
    text = GOOD.replace("made-up-1", f"made-up-{number}")
    for old, new in changed.values():
        text = text.replace(old, new)
    return text


def run(folder, *files, mapping=MAPPING, trial=False, terms=()):
    return import_tape(read_mapping(write_mapping(folder, mapping)), files, folder.name, terms=terms, trial=trial)


def own_terms(folder, name="own_loan", **changed):
    text = (SHIPPED / "auto_loan.yaml").read_text().replace("product: auto_loan", f"product: {name}")
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}_terms.yaml"
    path.write_text(text)
    return path


def snapshot(folder):
    root = book_folder(folder.name)
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".lock"}


def test_the_same_file_twice_changes_nothing(tmp_path):
    path = tape(tmp_path, row(1), row(2), row(3, bad=("05-31-2017", "soon")))
    first = run(tmp_path, path)
    before = snapshot(tmp_path)
    again = run(tmp_path, path)
    assert (first.new, again.new) == (2, 0)
    assert [(k.given, k.new, k.held) for k in again.kinds] == [(2, 0, 2)]
    assert snapshot(tmp_path) == before


def test_the_same_rows_under_another_name_change_no_event(tmp_path):
    run(tmp_path, tape(tmp_path, row(1), row(2)))
    assert run(tmp_path, tape(tmp_path, row(0), row(1), row(2), name="renamed.csv")).new == 1
    assert open_book(tmp_path.name).rows("position_opened") == 3


def test_a_changed_row_under_a_used_id_changes_nothing(tmp_path):
    run(tmp_path, tape(tmp_path, row(1)))
    before = snapshot(tmp_path)
    with pytest.raises(StateError, match=r"made-up-1:opened \(balance_fen\)"):
        run(tmp_path, tape(tmp_path, row(1, less=("11281.52", "11000.00")), row(2), name="later.csv"))
    assert snapshot(tmp_path) == before


def test_one_unreadable_file_leaves_the_others_out(tmp_path):
    good = tape(tmp_path, row(1))
    cut = tmp_path / "cut.csv"
    cut.write_text(lines(row(2)) + row(3)[:20])
    with pytest.raises(RequestError, match="cut off"):
        run(tmp_path, good, cut)
    assert not book_folder(tmp_path.name).exists()


def test_a_trial_writes_nothing(tmp_path):
    outcome = run(tmp_path, tape(tmp_path, row(1)), trial=True)
    assert (outcome.book, outcome.new) == (None, 1)
    assert not book_folder(tmp_path.name).exists()


def test_the_quarantine_is_kept_with_the_book_and_acts_on_no_spreadsheet(tmp_path):
    outcome = run(tmp_path, tape(tmp_path, row(1), row(2, bad=("11281.52", '"=HYPERLINK(1)"'))))
    assert outcome.quarantine.parent.parent == book_folder(tmp_path.name) / "imports"
    with outcome.quarantine.open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["file"], line["row"], line["column"]) == ("tape.csv", "3", "balance_fen")
    assert (line["value"], line["reason"]) == ("'=HYPERLINK(1)", "balance is not a number")
    assert pq.read_table(outcome.quarantine.with_suffix(".parquet")).to_pylist()[0]["value"] == "=HYPERLINK(1)"
    record = json.loads((outcome.quarantine.parent / "import.json").read_text())
    (file,) = record["files"]
    assert file["read"] == file["accepted"] + file["skipped"] + file["quarantined"] == 2
    assert record["faults"] == 1


def test_the_terms_of_shipped_products_go_into_the_book(tmp_path):
    run(tmp_path, tape(tmp_path, row(1)))
    book = open_book(tmp_path.name)
    assert list(book.manifest.terms.values()) == ["auto_loan"]
    assert book.currency == "USD"


def test_a_book_in_another_currency_is_not_touched(tmp_path):
    run(tmp_path, tape(tmp_path, row(1)))
    with pytest.raises(StateError, match="the book is kept in USD, the mapping is in EUR"):
        run(tmp_path, tape(tmp_path, row(2)), mapping=MAPPING.replace("USD", "EUR"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "currency: USD",
            "currency: USD\ndecimals: 3",
            r"made_up.yaml:4: decimals of the currency are 3, but .* auto_loan .* count 2",
        ),
        ("currency: USD", "currency: EUR", r"made_up.yaml:3: currency is EUR, but .* auto_loan .* are in USD"),
        ("{value: auto_loan}", "{value: cash_loan}", r"made_up.yaml:3: currency is USD, but .* cash_loan .* are in CNY"),
        (
            "{value: auto_loan}",
            "{value: auto_laon}",
            r"made_up.yaml:15: loans name the product 'auto_laon', which has no terms. Known",
        ),
        (
            "{value: auto_loan}",
            "id",
            r"made_up.yaml:15: loans name the product 'made-up-1', which has no terms. Known: auto_loan, ",
        ),
    ],
)
def test_terms_of_another_money_or_none_stop_the_import(tmp_path, old, new, said):
    assert old in MAPPING
    for trial in (True, False):
        with pytest.raises(TermsError, match=said):
            run(tmp_path, tape(tmp_path, row(1)), mapping=MAPPING.replace(old, new), trial=trial)
    assert not book_folder(tmp_path.name).exists()


def test_own_terms_are_archived_with_their_loans_and_known_the_next_time(tmp_path):
    mapping = MAPPING.replace("{value: auto_loan}", "{value: own_loan}")
    terms = own_terms(tmp_path)
    run(tmp_path, tape(tmp_path, row(1)), mapping=mapping, terms=[terms])
    book = open_book(tmp_path.name)
    ((key, code),) = book.manifest.terms.items()
    assert (code, book.terms_text(key), len(book.manifest.batches)) == ("own_loan", terms.read_text(), 1)
    assert run(tmp_path, tape(tmp_path, row(2)), mapping=mapping).new == 1
    later = own_terms(tmp_path, later=("title: ", "title: Other "))
    with pytest.raises(TermsError, match=r"own_loan_terms.yaml:1: own_loan has other terms from 20..-..-.. already"):
        run(tmp_path, tape(tmp_path, row(3)), mapping=mapping, terms=[later])


def test_own_terms_stand_instead_of_the_shipped_ones(tmp_path):
    terms = own_terms(tmp_path, "auto_loan", title=("title: ", "title: Own "))
    run(tmp_path, tape(tmp_path, row(1)), terms=[terms])
    book = open_book(tmp_path.name)
    assert [book.terms_text(key) for key in book.manifest.terms] == [terms.read_text()]


def test_a_book_has_one_number_of_decimals(tmp_path):
    three = MAPPING.replace("currency: USD", "currency: USD\ndecimals: 3").replace("{value: auto_loan}", "{value: fine_loan}")
    terms = own_terms(tmp_path, "fine_loan", decimals=("currency: USD", "currency: USD\ndecimals: 3"))
    run(tmp_path, tape(tmp_path, row(1)), mapping=three, terms=[terms])
    assert open_book(tmp_path.name).decimals == 3
    with pytest.raises(StateError, match="money of the book has 3 decimals, that of the mapping 2"):
        run(tmp_path, tape(tmp_path, row(2)))


def test_a_manifest_without_decimals_means_two(tmp_path):
    run(tmp_path, tape(tmp_path, row(1)))
    path = book_folder(tmp_path.name) / "manifest.json"
    held = json.loads(path.read_text())
    assert held.pop("decimals") == 2
    path.write_text(json.dumps(held))
    assert open_book(tmp_path.name).decimals == 2
    assert run(tmp_path, tape(tmp_path, row(2))).new == 1


def test_two_imports_into_a_book_that_is_not_there_yet_both_go_in(tmp_path, monkeypatch):
    met = threading.Barrier(2, timeout=60)
    times = []

    def read_together(*given, **named):
        reading = read_tape(*given, **named)
        times.append(1)
        if len(times) <= 2:
            met.wait()
        return reading

    monkeypatch.setattr(importing, "read_tape", read_together)
    files = [tape(tmp_path, row(number), name=f"{number}.csv") for number in (1, 2)]
    write_mapping(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda path: import_tape(read_mapping(tmp_path / "made_up.yaml"), [path], tmp_path.name), files))
    assert [outcome.new for outcome in outcomes] == [1, 1]
    assert open_book(tmp_path.name).rows("position_opened") == 2
    # The second was judged again, against the book that the first had made.
    assert len(times) == 3


def test_what_the_book_would_refuse_counts_in_the_totals_and_lies_in_the_quarantine(tmp_path):
    words = MAPPING.replace("model: {value: on_balance_sheet}", "model: term")
    words = words.replace("installment_count: term", "installment_count: {value: 60}")
    good, bad = row(1).replace(",73", ",on_balance_sheet"), row(2).replace(",73", ",on_balans")
    outcome = run(tmp_path, tape(tmp_path, good, bad), mapping=words)
    (file,) = outcome.files
    assert (file.read, file.accepted, file.skipped, file.quarantined, outcome.faults, outcome.new) == (2, 1, 0, 1, 1, 1)
    assert "3,position_opened,model,on_balans,model is not a known word" in outcome.quarantine.read_text()
    assert open_book(tmp_path.name).manifest.batches[0].quarantine is None


PAYMENTS = """
  - name: payments
    files: ["*.pay"]
    format: csv
    events:
      payment_received:
        columns: {event_id: {template: "{loan_id}:{happened_on}"}, loan_id: id, happened_on: day, amount_fen: amount}
"""
LENT = """
mapping: made_up
currency: USD
tapes:
  - name: loans
    files: ["*.csv"]
    format: csv
    events:
      loan_disbursed:
        columns:
          event_id: {template: "{loan_id}:lent"}
          loan_id: id
          happened_on: day
          product: {value: auto_loan}
          model: {value: on_balance_sheet}
          principal_fen: amount
          rate_annual: {value: 0.05}
          installment_count: {value: 12}
"""


def test_events_of_unknown_loans_and_before_the_loan_are_set_aside(tmp_path):
    loans, pays = tmp_path / "loans.csv", tmp_path / "made-up.pay"
    loans.write_text("id,day,amount\na,2024-03-01,100\n")
    pays.write_text("id,day,amount\na,2024-03-01,5\na,2024-02-29,5\nnobody,2024-03-02,5\n")
    outcome = run(tmp_path, pays, loans, mapping=LENT + PAYMENTS)
    assert [(f.place, f.message.split(": ")[1], f.value) for f in outcome.findings] == [
        ("made-up.pay, row 3", "the event precedes the disbursement of 2024-03-01", "2024-02-29"),
        ("made-up.pay, row 4", "no loan of this id is disbursed or opened in these files or the book", "nobody"),
    ]
    pays.write_text("id,day,amount\na,2024-04-01,7\n")
    assert run(tmp_path, pays, mapping=LENT + PAYMENTS).new == 1


def test_a_shipped_mapping_is_found_by_its_name():
    assert sorted(find_mapping("kiva").products) == ["kiva_listed", "kiva_term"]


def test_the_same_files_without_faults_leave_no_quarantine_of_before(tmp_path):
    path = tape(tmp_path, row(1), row(2, later=("05-31-2017", "06-30-2017")))
    mapping = read_mapping(write_mapping(tmp_path, MAPPING))
    first = import_tape(mapping, [path], tmp_path.name, today=dt.date(2017, 6, 1))
    assert first.faults
    folder = first.quarantine.parent
    again = import_tape(mapping, [path], tmp_path.name)
    assert (again.faults, again.quarantine) == (0, None)
    assert json.loads((folder / "import.json").read_text())["faults"] == 0
    assert [each.name for each in folder.iterdir()] == ["import.json"]


def test_progress_is_told_of_what_follows_the_reading(tmp_path):
    told = []
    mapping = read_mapping(write_mapping(tmp_path, MAPPING))
    import_tape(mapping, [tape(tmp_path, row(1))], tmp_path.name, progress=lambda name, at: told.append(name))
    stages = list(dict.fromkeys(told))
    assert stages == ["tape.csv", "judging rows", "writing events", "keeping the record"]
    told.clear()
    import_tape(mapping, [tmp_path / "tape.csv"], tmp_path.name, trial=True, progress=lambda name, at: told.append(name))
    assert list(dict.fromkeys(told)) == ["tape.csv", "judging rows"]
