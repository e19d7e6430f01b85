"""A book whose sums leave 64 bits is refused in words: no figure wraps, and no proof confirms a wrapped one."""

import datetime as dt

import pytest

from loanbook.services.books import verify
from loanbook.services.closing import close
from loanbook.services.explaining import explain_loans
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import project
from loanbook.stores.proving import prove
from tests.stores.rows import TERMS, loan, table

AS_OF = dt.date(2024, 3, 31)
UNIT = 10**10
"""Minor units of one of the currency, at ten decimals."""


def book_of(folder, *, loans: int, amount: int, months: int):
    terms = TERMS.replace("currency: CNY", "currency: CNY\ndecimals: 10").replace("most: 200000.00", "most: 900000.00")
    made = [
        loan(f"L{number:04}", "2024-01-10", amount * UNIT, installment_count=months, tenor_months=months)
        for number in range(loans)
    ]
    rows = {"loan_disbursed": table("loan_disbursed", made)}
    return append(create_book(folder, decimals=10, currency="CNY"), rows, terms={"sample_level": terms}).book


@pytest.mark.parametrize(("loans", "amount", "months"), [(2050, 900_000, 1), (1000, 100_000, 24)])
def test_a_volume_or_principal_months_beyond_64_bits_is_refused(tmp_path, loans, amount, months):
    # 2,050 x 900,000 x 10^10 is 1.8e19, which wraps to 3,255,926,290,448,384 minor units; 24 months of 10^18 are 2.4e19.
    book = book_of(tmp_path / "vast", loans=loans, amount=amount, months=months)
    with pytest.raises(OverflowError, match=r"vast: principal times months .* come to [12]\d,"):
        close(book, AS_OF)
    principal = loans * amount * UNIT
    proof = prove(book, project(book))
    assert proof.holds
    assert proof.events["principal_fen"] == proof.projection["principal_fen"] == principal
    assert verify(book).proof.events["principal_fen"] == principal


def test_a_book_just_inside_64_bits_is_closed_and_explained(tmp_path):
    # Ten loans of 90,000 over a month: 9 x 10^15, under 9.22 x 10^18.
    book = book_of(tmp_path / "large", loans=10, amount=90_000, months=1)
    done = close(book, AS_OF)
    text = explain_loans(book, done, "loan_volume").read_text().splitlines()
    assert sum(int(line.rpartition(",")[2]) for line in text[1:]) == 10 * 90_000 * UNIT
