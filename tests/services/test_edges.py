"""Loans at the edges, by hand: one payment at the end, one instalment, the days around 90 and 180, repeat borrowers."""

import csv
import datetime as dt

import numpy as np
import pyarrow.parquet as pq
import pytest

from loanbook.loans.schedule import schedules
from loanbook.services.closing import close
from loanbook.services.explaining import explain, explain_loans
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.terms.catalogue import SHIPPED
from loanbook.terms.product import contract_row
from loanbook.terms.product_file import parse_product
from loanbook.units import day, rate
from tests.stores.rows import TERMS, loan, payment, table

BULLET = TERMS.replace("product: sample_level", "product: sample_bullet").replace("method: level", "method: bullet")
NO_CHARGE_OFF = TERMS.replace("charge_off_days: 180", "charge_off_days: 0")


def made(folder, loans, payments=(), terms=TERMS, **more):
    tables = {"loan_disbursed": table("loan_disbursed", loans)}
    if payments:
        tables["payment_received"] = table("payment_received", list(payments))
    return append(create_book(folder), tables, terms={"sample_level": terms, **more}).book


def measures(done):
    rows = pq.read_table(done.folder / "measures.parquet").to_pylist()
    whole = [row for row in rows if not row["split"] and row["comparison"] == "current"]
    return {row["measure"]: (row["numerator"], row["denominator"]) for row in whole}


def last_buckets(done):
    rows = [row for row in pq.read_table(done.folder / "delinquency.parquet").to_pylist() if row["loans"]]
    return {r["bucket"]: (r["loans"], r["principal_fen"]) for r in rows if r["month_end"] == max(x["month_end"] for x in rows)}


def test_a_bullet_loan_owes_all_until_its_last_day(tmp_path):
    # 12,000.00 for three months at 21.6 %: 216.00 of interest a month, all principal on 2024-04-10.
    row = loan("A", "2024-01-10", product="sample_bullet", installment_count=3, tenor_months=3)
    late = loan("B", "2024-01-10", product="sample_bullet", installment_count=3, tenor_months=3)
    months = (("2024-02-10", 21_600), ("2024-03-10", 21_600), ("2024-04-10", 1_221_600))
    book = made(
        tmp_path / "b",
        [row, late],
        [payment("A", n, on, amount) for n, (on, amount) in enumerate(months)],
        sample_bullet=BULLET,
    )
    before = measures(close(book, dt.date(2024, 4, 9)))
    assert before["outstanding_balance"] == (2_400_000, None)
    assert before["delinquency_30"] == (1_200_000, 2_400_000)
    after = close(book, dt.date(2024, 4, 10))
    assert measures(after)["outstanding_balance"] == (1_200_000, None)
    assert measures(after)["day1_delinquency"] == (0, 2_400_000)
    assert last_buckets(after) == {"31-60": (1, 1_200_000)}


def test_a_loan_of_one_instalment_pays_all_at_once(tmp_path):
    rows = [loan(name, "2024-01-10", installment_count=1, tenor_months=1) for name in "AB"]
    book = made(tmp_path / "b", rows, [payment("A", 1, "2024-02-10", 1_221_600), payment("B", 1, "2024-02-13", 1_221_600)])
    found = measures(close(book, dt.date(2024, 3, 31)))
    assert found["day1_delinquency"] == (1_200_000, 2_400_000)
    assert found["collection_30"] == (1_200_000, 1_200_000)
    assert found["first_payment_default"] == (0, 2_400_000)
    assert found["outstanding_balance"] == (0, None)
    assert last_buckets(close(book, dt.date(2024, 2, 11))) == {"1-30": (1, 1_200_000)}


@pytest.mark.parametrize(
    ("days", "bucket", "delinquency", "outstanding"),
    [
        (0, "current", 0, 1),
        (1, "1-30", 0, 1),
        (30, "1-30", 0, 1),
        (31, "31-60", 0, 1),
        (90, "61-90", 0, 1),
        (91, "91-120", 1, 1),
        (180, "151-180", 1, 1),
        (181, "181+", 0, 0),
    ],
)
def test_days_past_due_at_the_edges_of_their_buckets(tmp_path, days, bucket, delinquency, outstanding):
    book = made(tmp_path / "b", [loan("A", "2024-01-10", installment_count=1, tenor_months=1)], terms=NO_CHARGE_OFF)
    done = close(book, dt.date(2024, 2, 10) + dt.timedelta(days))
    assert last_buckets(done) == {bucket: (1, 1_200_000)}
    assert measures(done)["delinquency_90"] == (delinquency * 1_200_000, outstanding * 1_200_000)
    assert measures(done)["vintage_180"][0] == (1_200_000 if days > 180 else 0)
    assert measures(done)["vintage_30"][0] == (1_200_000 if days > 30 else 0)


@pytest.mark.parametrize(("days", "bucket"), [(180, "151-180"), (181, "charged_off")])
def test_terms_charge_off_the_day_after_their_limit(tmp_path, days, bucket):
    book = made(tmp_path / "b", [loan("A", "2024-01-10", installment_count=1, tenor_months=1)])
    done = close(book, dt.date(2024, 2, 10) + dt.timedelta(days))
    assert last_buckets(done) == {bucket: (1, 1_200_000)}
    assert measures(done)["charged_off"][0] == (1_200_000 if days > 180 else 0)


def test_repeat_borrowers_are_those_with_an_earlier_drawdown_in_any_quarter(tmp_path):
    rows = [
        loan("a1", "2024-02-01", 100_000, borrower_id="a"),
        loan("a2", "2024-05-01", 300_000, borrower_id="a"),
        loan("b1", "2024-05-02", 500_000, borrower_id="b"),
        loan("b2", "2024-06-03", 700_000, borrower_id="b"),
    ]
    found = measures(close(made(tmp_path / "b", rows), dt.date(2024, 6, 30)))
    assert found["repeat_share"] == (1_000_000, 1_500_000)
    assert found["new_borrowers"] == (1, None)
    assert found["borrowers"][0] == 2


@pytest.mark.parametrize("measure", ["delinquency_30", "delinquency_90"])
def test_the_loans_behind_a_delinquency_sum_to_it(tmp_path, measure):
    rows = [loan(f"L{month}", f"2024-{month:02}-10", 100_000 * month) for month in range(1, 9)]
    book = made(tmp_path / "b", rows)
    done = close(book, dt.date(2024, 8, 20))
    with explain_loans(book, done, measure).open(newline="") as file:
        lines = {row["loan_id"]: (int(row["numerator_fen"]), int(row["denominator_fen"])) for row in csv.DictReader(file)}
    (figure,) = [row for row in explain(measure, done).figures if not row["split"] and row["comparison"] == "current"]
    assert tuple(sum(parts) for parts in zip(*lines.values(), strict=True)) == (figure["numerator"], figure["denominator"])
    late = {loan_id for loan_id, (numerator, _) in lines.items() if numerator}
    # First dues on the 10th of the next month: on 20 August days past due are 192 (written off), 163, 132, 102, 71, 41, 10, none.
    assert late == {"L2", "L3", "L4"} | ({"L5", "L6"} if measure == "delinquency_30" else set())
    assert set(lines) == {f"L{month}" for month in range(2, 9)}


def shipped_book(folder, residue):
    """One shipped cash loan whose first instalment is paid on its day, short by `residue` fen."""
    terms = (SHIPPED / "cash_loan.yaml").read_text(encoding="utf-8")
    row = contract_row(parse_product(terms, "cash_loan.yaml"), rate_annual=rate("0.216"), count=6)
    _, principal, interest = schedules(row, np.array([500_000]), np.array([day("2024-01-15")]))
    lent = loan("A", "2024-01-15", 500_000, product="cash_loan", installment_count=6, tenor_months=6)
    paid = payment("A", 1, "2024-02-15", int(principal[0, 0] + interest[0, 0]) - residue)
    return made(folder, [lent], [paid], cash_loan=terms)


@pytest.mark.parametrize(("residue", "bucket"), [(3, "current"), (100, "current"), (101, "1-30")])
def test_a_few_fen_left_over_are_no_arrears_under_the_shipped_terms(tmp_path, residue, bucket):
    assert last_buckets(close(shipped_book(tmp_path / "b", residue), dt.date(2024, 2, 29))).keys() == {bucket}


def test_residues_do_not_add_up_unseen(tmp_path):
    # Each instalment is 1.00 short: the residue of the first is paid by the second, which is then 2.00 short.
    book = shipped_book(tmp_path / "b", 100)
    book = append(book, {"payment_received": table("payment_received", [payment("A", 2, "2024-03-15", 88_561)])}).book
    assert last_buckets(close(book, dt.date(2024, 3, 31))).keys() == {"1-30"}
