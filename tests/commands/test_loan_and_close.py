"""What `loan`, `close`, `differences` and the command itself print."""

import datetime as dt
import sys

import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from loanbook import cli
from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from tests.stores.rows import TERMS, day, loan, payment, table


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty home; returns its exit code and its output with every run of spaces as one."""
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["loanbook", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        found = capsys.readouterr()
        return ended.value.code or 0, " ".join((found.out + found.err).split())

    return called


def bounced_book():
    rows = {
        "loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10")]),
        "payment_received": table("payment_received", [payment("A", 1, "2024-02-10", 123_45)]),
        "event_reversed": table(
            "event_reversed",
            [
                {
                    "event_id": "bounce-1",
                    "loan_id": "A",
                    "reversed_event_id": payment("A", 1, "2024-02-10", 123_45)["event_id"],
                    "reason": "no [cover]",
                    "happened_on": day("2024-02-14"),
                }
            ],
        ),
    }
    return append(create_book(book_folder("made_up")), rows, terms={"sample_level": TERMS}).book


def test_a_reversal_says_what_it_takes_back_and_how_much(run):
    bounced_book()
    _, said = run("loan", "made_up", "A", "--as-of", "2024-03-31")
    assert "reversal of the payment of 2024-02-10 │ -123.45" in said


def test_nothing_is_outstanding_of_a_cancelled_loan_from_its_day_on(run):
    cancelled = {"event_id": "back-1", "loan_id": "A", "happened_on": day("2024-02-20"), "reason": "goods returned"}
    rows = {
        "loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10", 300_00)]),
        "loan_cancelled": table("loan_cancelled", [cancelled]),
    }
    append(create_book(book_folder("made_up")), rows, terms={"sample_level": TERMS})
    _, before = run("loan", "made_up", "A", "--as-of", "2024-02-19")
    assert "outstanding │ 300.00" in before
    _, said = run("loan", "made_up", "A", "--as-of", "2024-02-20")
    assert "status │ cancelled" in said
    assert "outstanding │ 0.00" in said
    (first,) = (line for line in said.split("│ 1 │ 2024-02-10")[1:])
    assert first.split("│")[6].strip() == "0.00"
    run("close", "made_up", "--as-of", "2024-03-31")
    (volume,) = (book_folder("made_up") / "closes").glob("*/volume.parquet")
    rows = pq.read_table(volume).to_pylist()
    assert [(row["month_end"], row["loans"], row["principal_fen"]) for row in rows if row["loans"]] == [
        (dt.date(2024, 1, 31), 1, 300_00)
    ]


def test_the_events_of_a_loan_are_listed_with_their_ids_and_words(run):
    bounced_book()
    _, without = run("loan", "made_up", "A", "--as-of", "2024-03-31")
    _, said = run("loan", "made_up", "A", "--as-of", "2024-03-31", "--events")
    assert "bounce-1" not in without
    assert "event_reversed │ bounce-1" in said
    assert "reason no [cover]" in said
    assert "amount 123.45" in said


def test_a_mistyped_close_can_be_dropped_and_its_day_was_warned_of(run):
    bounced_book()
    _, said = run("close", "made_up", "--as-of", "2034-03-31")
    assert "finding: the book's last fact was recorded on 2024-02-14, 3,698 days before 2034-03-31" in said
    _, said = run("close", "made_up", "--as-of", "2024-02-29")
    assert "last fact" not in said
    assert run("close", "made_up", "--as-of", "2034-03-31", "--drop")[1].startswith("made_up: 1 close as of 2034-03-31 dropped")
    code, said = run("close", "made_up", "--as-of", "2034-03-31", "--drop")
    assert code == 2
    assert "It is closed as of 2024-02-29." in said


def test_differences_are_written_for_spreadsheets_too(run):
    opened = {
        "event_id": "o1",
        "loan_id": "T",
        "happened_on": day("2024-01-31"),
        "product": "sample_level",
        "model": "on_balance_sheet",
        "currency": "CNY",
        "segment": "consumer",
        "tenor_months": 12,
        "originated_on": day("2023-06-10"),
        "original_principal_fen": 100_000,
        "balance_fen": 80_000,
        "rate_annual": 0,
        "installment_count": 12,
        "dpd": 0,
    }
    reported = {"event_id": "r1", "loan_id": "T", "happened_on": day("2024-02-29"), "balance_fen": 70_000, "principal_fen": 5_000}
    rows = {"position_opened": table("position_opened", [opened]), "position_reported": table("position_reported", [reported])}
    book = append(create_book(book_folder("tape")), rows, terms={"sample_level": TERMS}).book
    _, said = run("differences", "tape")
    assert "tape_account.csv" in said
    written = pv.read_csv(book.folder / "findings" / "tape_account.csv")
    assert written.num_rows == pq.read_table(book.folder / "findings" / "tape_account.parquet").num_rows == 1
    assert written.column("roll_fen").to_pylist() == [-5_000]


def test_version_and_short_help(run):
    assert run("--version")[1].startswith("loanbook ")
    code, said = run("close", "-h")
    assert code == 0
    assert "loanbook close [OPTIONS] BOOK" in said
