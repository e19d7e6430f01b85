"""Findings of the proof write money as the book counts it."""

import dataclasses

import numpy as np
import pytest

from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import Projection, project
from loanbook.stores.proving import prove
from tests.stores.rows import TERMS, day, loan, payment, table


@pytest.mark.parametrize(
    ("decimals", "least", "found", "expected"), [(0, "24", "0", "1,200,000"), (2, "1.00", "0.00", "12,000.00")]
)
def test_a_finding_has_the_decimals_of_the_book(tmp_path, monkeypatch, decimals, least, found, expected):
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    terms = TERMS.replace("currency: CNY", f"currency: JPY\ndecimals: {decimals}").replace("least: 1.00", f"least: {least}")
    terms = terms.replace("most: 200000.00", "most: 2000000")
    rows = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10", currency="JPY")])}
    book = append(
        create_book(book_folder("made_up"), currency="JPY", decimals=decimals), rows, terms={"sample_level": terms}
    ).book
    projection = project(book)
    assert prove(book, projection).holds
    (batch,) = projection.batches()
    wrong = dataclasses.replace(batch, principal_fen=np.zeros(1, np.int64))
    monkeypatch.setattr(Projection, "batches", lambda self: [wrong])
    monkeypatch.setattr("loanbook.stores.proving._paid", lambda batch, projection: np.zeros(1, np.int64))
    (finding,) = prove(book, projection).findings
    assert (finding.value, finding.expected) == (found, expected)


def test_the_proof_agrees_with_the_projection_on_reversals_of_other_loans_events(tmp_path):
    # Books written before imports refused them hold such rows.
    loans = [loan("A", "2024-01-10"), loan("B", "2024-01-10")]
    payments = [payment("A", 1, "2024-02-10", 70_000), payment("B", 1, "2024-02-10", 50_000)]
    rows = [
        {"event_id": f"r{number}", "loan_id": "A", "happened_on": day("2024-03-01"), "reversed_event_id": taken}
        for number, taken in enumerate(("B/paid/1", "B/disbursed", "nothing", "A/paid/1"))
    ]
    tables = {"loan_disbursed": loans, "payment_received": payments, "event_reversed": rows}
    book = append(
        create_book(tmp_path / "made_up"),
        {kind: table(kind, found) for kind, found in tables.items()},
        terms={"sample_level": TERMS},
    ).book
    projection = project(book)
    proof = prove(book, projection)
    assert (proof.holds, proof.findings) == (True, ())
    assert proof.events["paid_fen"] == projection.manifest.totals["paid_fen"] == 50_000
    assert projection.manifest.totals["loans"] == 2
    (end,) = projection.manifest.loose_ends
    assert (end.events, end.first) == (3, "r0, r1, r2")
