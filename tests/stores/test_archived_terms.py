"""Terms that a book archives: judged in full before they go in, and readable ever after, whatever rule is made later."""

import datetime as dt

import pytest

from loanbook.errors import TermsError
from loanbook.services.books import verify
from loanbook.services.closing import close
from loanbook.services.explaining import figures_of
from loanbook.stores.book import create_book, open_book
from loanbook.stores.intake import append
from loanbook.stores.one_loan import read_loan
from loanbook.terms import product_file
from tests.stores.rows import TERMS, loan, table

AS_OF = dt.date(2024, 3, 31)
LOANS = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10"), loan("B", "2024-02-10")])}
CHARGED_OFF_EARLY = TERMS.replace("non_accrual_days: 60", "non_accrual_days: 90").replace(
    "charge_off_days: 180", "charge_off_days: 60"
)


def book_of_then(folder, monkeypatch, text):
    """A book from before there was the rule that its terms break."""
    with monkeypatch.context() as then:
        then.setattr(product_file, "impossible", lambda product: None)
        return append(create_book(folder), LOANS, terms={"sample_level": text}).book


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (CHARGED_OFF_EARLY, "charge_off_days"),
        (TERMS + "arrears_tolerance: 1.00\n", "arrears_tolerance"),
        (TERMS + "overdue_interest: true\n", "overdue_interest"),
        (TERMS + "calendar: {name: weekdays}\n", "calendar.name"),
        (TERMS + "interest_only_count: 1\n", "interest_only_count"),
    ],
)
def test_a_book_whose_terms_became_impossible_opens_closes_and_says_so(tmp_path, monkeypatch, text, setting):
    book = book_of_then(tmp_path / "old", monkeypatch, text)
    made = close(open_book(book.folder), AS_OF)
    volume = next(row for row in figures_of(made) if row["measure"] == "loan_volume" and not row["split"])
    assert volume["numerator"] == 2_400_000
    (finding,) = (each for each in made.header["findings"] if each["kind"] == "terms")
    assert (finding["kind"], finding["events"], finding["first"]) == ("terms", 2, "A")
    assert f": {setting}: " in finding["message"]
    assert "terms that may no longer be written (old/terms/" in finding["message"]
    assert verify(book).holds
    assert read_loan(book, "B").terms is not None


def test_terms_that_contradict_themselves_are_no_finding_without_loans(tmp_path, monkeypatch):
    with monkeypatch.context() as then:
        then.setattr(product_file, "impossible", lambda product: None)
        unused = CHARGED_OFF_EARLY.replace("product: sample_level", "product: unused")
        book = append(create_book(tmp_path / "old"), LOANS, terms={"sample_level": TERMS, "unused": unused}).book
    assert "terms" not in {each["kind"] for each in close(book, AS_OF).header["findings"]}


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("sample_level", CHARGED_OFF_EARLY, r"terms of sample_level:\d+: charge_off_days \(60\) lies before"),
        ("sample_level", "no terms at all", "terms of sample_level:1: "),
        ("sample_level", TERMS.replace("method: level", "method: lvel"), r"terms of sample_level:\d+: method"),
        ("other", TERMS, "terms of other: the text is that of product sample_level"),
    ],
)
def test_terms_that_cannot_be_read_never_reach_the_archive(tmp_path, code, text, words):
    book = create_book(tmp_path / "new")
    with pytest.raises(TermsError, match=words):
        append(book, LOANS, terms={code: text})
    after = open_book(book.folder)
    assert (after.manifest.terms, after.manifest.batches) == ({}, ())
    assert not (book.folder / "terms").exists()
    assert append(after, LOANS, terms={"sample_level": TERMS}).accepted == {"loan_disbursed": 2}
