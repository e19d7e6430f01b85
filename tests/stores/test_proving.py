"""Findings of the proof write money as the book counts it."""

import dataclasses

import numpy as np
import pytest

from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import Projection, project
from loanbook.stores.proving import prove
from tests.stores.rows import TERMS, loan, table


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
