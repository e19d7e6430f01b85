"""What an import sets aside because it would stop or move a later close: no terms in force, days to come, lost reversals."""

import datetime as dt

import pytest

from loanbook.services.books import verify
from loanbook.services.importing import import_tape
from loanbook.stores.book import book_folder, open_book
from loanbook.stores.importers.mapping_file import read_mapping
from loanbook.stores.projection import project
from loanbook.terms.catalogue import SHIPPED

TODAY = dt.date(2026, 11, 22)
MAPPING = """
mapping: made_up
currency: CNY
tapes:
  - name: loans
    files: ["loans*.csv"]
    format: csv
    events:
      loan_disbursed:
        columns:
          event_id: {template: "{loan_id}:lent"}
          loan_id: loan
          happened_on: day
          product: {value: made_up_loan}
          terms_hash: {from: hash, optional: true}
          model: {value: on_balance_sheet}
          principal_fen: amount
          rate_annual: {value: 0.12}
          installment_count: {value: 12}
  - name: payments
    files: ["payments*.csv"]
    format: csv
    events:
      payment_received:
        columns: {event_id: {template: "receipt:{receipt}"}, loan_id: loan, happened_on: day, amount_fen: amount}
  - name: bounced
    files: ["bounced*.csv"]
    format: csv
    events:
      event_reversed:
        columns:
          event_id: {template: "bounce:{bounce}"}
          loan_id: loan
          happened_on: day
          recorded_at: {first_of: [told, day]}
          reversed_event_id: {template: "{receipt}"}
          reason: why
"""
LOANS = "loan,day,amount\nA,2024-01-10,1200\nB,2024-02-10,1200\n"
PAYMENTS = "receipt,loan,day,amount\n1,A,2024-02-10,100\n2,B,2024-03-10,100\n"


def terms(folder, since="2024-01-01"):
    path = folder / f"terms-{since}.yaml"
    text = (SHIPPED / "cash_loan.yaml").read_text().replace("product: cash_loan", "product: made_up_loan")
    assert "effective_from: 2020-01-01" in text
    path.write_text(text.replace("effective_from: 2020-01-01", f"effective_from: {since}"))
    return path


def run(folder, *, own=(), trial=False, future=False, **texts):
    mapping = folder / "made_up.yaml"
    mapping.write_text(MAPPING)
    files = []
    for name, text in texts.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        files.append(path)
    return import_tape(read_mapping(mapping), files, folder.name, terms=own, trial=trial, future=future, today=TODAY)


def told(outcome):
    """Place, message and value of the findings; the totals of every file hold."""
    assert all(file.read == file.accepted + file.skipped + file.quarantined for file in outcome.files)
    return [(found.place, found.message, found.value) for found in outcome.findings]


@pytest.mark.parametrize("trial", [True, False])
def test_a_loan_before_its_terms_is_set_aside_with_its_payments(tmp_path, trial):
    loans = LOANS.replace("2024-01-10", "2023-12-31")
    outcome = run(tmp_path, own=[terms(tmp_path)], trial=trial, loans=loans, payments=PAYMENTS)
    early = "loan_disbursed.happened_on: the terms of made_up_loan are in force from 2024-01-01 on"
    unknown = "payment_received.loan_id: no loan of this id is disbursed or opened in these files or the book"
    assert told(outcome) == [("loans.csv, row 2", early, "2023-12-31"), ("payments.csv, row 2", unknown, "A")]
    assert outcome.new == 2
    if not trial:
        assert project(open_book(tmp_path.name)).loans == 1


def test_earlier_terms_bring_the_loan_in_and_are_told(tmp_path):
    loans = LOANS.replace("2024-01-10", "2023-12-31")
    assert run(tmp_path, own=[terms(tmp_path)], loans=loans).terms == (("made_up_loan", dt.date(2024, 1, 1)),)
    again = run(tmp_path, own=[terms(tmp_path, "2023-01-01")], loans=loans)
    assert (again.new, again.faults, again.terms) == (1, 0, (("made_up_loan", dt.date(2023, 1, 1)),))
    assert project(open_book(tmp_path.name)).loans == 2
    once_more = run(tmp_path, own=[terms(tmp_path, "2022-01-01")], loans=loans, trial=True)
    assert (once_more.new, once_more.terms) == (2, (("made_up_loan", dt.date(2022, 1, 1)),))
    assert run(tmp_path, loans=loans).terms == ()


def test_a_loan_under_terms_that_nobody_has_is_set_aside(tmp_path):
    loans = "loan,day,amount,hash\nA,2024-01-10,1200,made-up-hash\nB,2024-02-10,1200,\n"
    outcome = run(tmp_path, own=[terms(tmp_path)], loans=loans)
    words = "loan_disbursed.terms_hash: no terms of this hash are in the book, shipped or given"
    assert told(outcome) == [("loans.csv, row 2", words, "made-up-hash")]
    assert project(open_book(tmp_path.name)).loans == 1


@pytest.mark.parametrize("trial", [True, False])
def test_a_day_to_come_is_set_aside(tmp_path, trial):
    loans = LOANS.replace("2024-02-10", "2199-05-31")
    payments = PAYMENTS + "3,A,2026-11-22,100\n4,A,2026-11-23,100\n"
    outcome = run(tmp_path, own=[terms(tmp_path)], trial=trial, loans=loans, payments=payments)
    assert told(outcome) == [
        ("loans.csv, row 3", "loan_disbursed.happened_on: the day has not come: today is 2026-11-22", "2199-05-31"),
        (
            "payments.csv, row 3",
            "payment_received.loan_id: no loan of this id is disbursed or opened in these files or the book",
            "B",
        ),
        ("payments.csv, row 5", "payment_received.happened_on: the day has not come: today is 2026-11-22", "2026-11-23"),
    ]
    assert outcome.findings[0].expected == "a day up to 2026-11-22; where the source means it, import with --allow-future"
    if not trial:
        assert project(open_book(tmp_path.name)).manifest.last_recorded_on == "2026-11-22"


def test_a_day_of_recording_to_come_is_set_aside(tmp_path):
    bounced = "bounce,receipt,loan,day,told,why\n1,receipt:1,A,2024-03-01,2099-01-01,bounced\n"
    outcome = run(tmp_path, own=[terms(tmp_path)], loans=LOANS, payments=PAYMENTS, bounced=bounced)
    words = "event_reversed.recorded_at: the day has not come: today is 2026-11-22"
    assert told(outcome) == [("bounced.csv, row 2", words, "2099-01-01")]


def test_days_to_come_are_taken_when_they_are_meant(tmp_path):
    loans = LOANS.replace("2024-02-10", "2031-05-31")
    outcome = run(tmp_path, own=[terms(tmp_path)], future=True, loans=loans)
    assert (outcome.new, outcome.faults) == (2, 0)


@pytest.mark.parametrize("trial", [True, False])
def test_a_reversal_of_nothing_or_of_another_loans_event_is_set_aside(tmp_path, trial):
    bounced = (
        "bounce,receipt,loan,day,why\n1,receipt:1,A,2024-03-01,bounced\n2,receipt:2,A,2024-03-11,bounced\n"
        "3,receipt:9,A,2024-03-11,bounced\n4,bounce:3,A,2024-03-12,in error\n"
    )
    outcome = run(tmp_path, own=[terms(tmp_path)], trial=trial, loans=LOANS, payments=PAYMENTS, bounced=bounced)
    missing = "event_reversed.reversed_event_id: no event of this id comes in with these files or is in the book"
    assert told(outcome) == [
        ("bounced.csv, row 3", "event_reversed.reversed_event_id: the event of this id is of loan B, not of A", "receipt:2"),
        ("bounced.csv, row 4", missing, "receipt:9"),
        # It takes back a reversal that was set aside itself.
        ("bounced.csv, row 5", missing, "bounce:3"),
    ]
    assert (outcome.new, book_folder(tmp_path.name).exists()) == (5, not trial)
    if not trial:
        assert verify(open_book(tmp_path.name)).holds


def test_a_reversal_finds_its_event_in_the_book(tmp_path):
    run(tmp_path, own=[terms(tmp_path)], loans=LOANS, payments=PAYMENTS)
    bounced = "bounce,receipt,loan,day,why\n1,receipt:1,A,2024-03-01,bounced\n2,receipt:2,A,2024-03-01,bounced\n"
    outcome = run(tmp_path, bounced=bounced)
    assert (outcome.new, [finding.place for finding in outcome.findings]) == (1, ["bounced.csv, row 3"])
