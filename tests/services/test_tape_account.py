"""Our account beside a servicer's: differences are listed with their amounts and add up to the gap between the balances."""

import numpy as np
import pyarrow.parquet as pq

from loanbook.loans.tape_account import tape_differences
from loanbook.services.tape_account import compare_tape
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import project
from tests.stores.rows import TERMS, day, table

OPENED = {
    "event_id": "o", "loan_id": "T1", "happened_on": day("2024-03-31"), "product": "sample_level", "model": "capital_light",
    "currency": "CNY", "originated_on": day("2023-01-10"), "original_principal_fen": 200_000, "balance_fen": 100_000,
    "rate_annual": 120_000_000_000, "installment_count": 24, "dpd": 0,
}  # fmt: skip


def report(number, on, balance, principal, paid):
    return {
        "event_id": f"p{number}", "loan_id": "T1", "happened_on": day(on), "balance_fen": balance, "principal_fen": principal,
        "paid_fen": paid,
    }  # fmt: skip


def test_roll_and_split_add_up_to_the_gap(tmp_path):
    # A month at 12 % on 100,000 is 1,000 of interest: 5,000 paid are 4,000 of principal; the second report moves 500 unexplained.
    reports = [report(1, "2024-04-30", 96_000, 4_000, 5_000), report(2, "2024-05-31", 91_500, 4_000, 5_000)]
    tables = {"position_opened": table("position_opened", [OPENED]), "position_reported": table("position_reported", reports)}
    book = append(create_book(tmp_path / "t"), tables, terms={"sample_level": TERMS}).book
    projection = project(book)
    (batch,) = projection.batches()
    ours, roll, split, compared = tape_differences(batch, projection.classes())
    assert compared.all()
    assert ours.tolist()[0] == 96_000
    assert roll.tolist() == [0, -500]
    np.testing.assert_array_equal(batch.position_balance - ours, np.cumsum(roll + split))
    result = compare_tape(book)
    line = result.differences[0]
    assert (line.kind, line.reports, line.amount_fen) == ("roll", 1, -500)
    assert pq.read_table(result.file)["loan_id"].to_pylist() == ["T1"]
