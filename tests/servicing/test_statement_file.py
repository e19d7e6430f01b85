"""A statement's lines: each is taken or set aside, with its place, its reason and what stands there."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.servicing.statement_file import AMOUNT_MOST, read_statement
from loanbook.terms.cash_account import account_in_force
from loanbook.terms.cash_account_file import accounts_in
from loanbook.units import day, format_money

ON = day("2024-05-06")
PROVIDER, BANK = (account_in_force(accounts_in(), code, ON) for code in ("payment_provider", "payout_bank"))
HEADER = "reference,booked_on,amount,loan_id"


def read(*rows, header=HEADER, account=PROVIDER, ends_on=ON):
    return read_statement("\n".join((header, *rows)), account, starts_on=ON, ends_on=ends_on)


def test_good_lines_know_their_line_of_the_file():
    rows = ["P-1,2024-05-06,400.00,", "", "P-2,2024-05-06,-0.01,lo-1", '"P ""3""",2024-05-06,7,', "P-4,2024-05-06,0,lo-2"]
    found = read(*rows, " ,2024-05-06,1,")
    assert found.faults == ()
    assert [(line.line, line.reference, line.amount_fen, line.loan_id) for line in found.lines] == [
        (2, "P-1", 40_000, ""),
        (4, "P-2", -1, "lo-1"),
        (5, 'P "3"', 700, ""),
        (6, "P-4", 0, "lo-2"),
        (7, "", 100, ""),
    ]


@pytest.mark.parametrize(
    ("row", "column", "reason", "value", "amount_fen"),
    [
        ("P-1,2024-05-07,1.00,", "booked_on", "lies outside the statement, 2024-05-06 to 2024-05-06", "2024-05-07", 100),
        ("P-1,6.5.2024,1.00,", "booked_on", "is not a date as YYYY-MM-DD", "6.5.2024", 100),
        (" ,2024-05-06,1.00,lo-1", "reference", "is missing, and a line that names a loan needs one", "", 100),
        ("P" * 65 + ",2024-05-06,1.00,", "reference", "is not a reference of at most 64 characters", "P" * 65, 100),
        ("P-1,2024-05-06,1.005,", "amount", "is not an amount with at most 2 decimals and no separators", "1.005", None),
        ("P-1,2024-05-06,1 000,", "amount", "is not an amount with at most 2 decimals and no separators", "1 000", None),
        ("P-1,2024-05-06,nan,", "amount", "is not an amount with at most 2 decimals and no separators", "nan", None),
        ("P-1,2024-05-06,,", "amount", "is not an amount with at most 2 decimals and no separators", "", None),
        ("P-1,2024-05-06,0.00,", "amount", "is nothing", "0.00", 0),
        (f"P-1,2024-05-06,{AMOUNT_MOST}00,", "amount", f"is beyond {format_money(AMOUNT_MOST)}", f"{AMOUNT_MOST}00", None),
        ("P-1,2024-05-06,1.00," + "l" * 65, "loan_id", "is not an id of at most 64 characters", "l" * 65, 100),
        ("P-1,2024-05-06", "", "the line has 2 columns, the header has 4", "P-1,2024-05-06", None),
    ],
)
def test_what_cannot_be_meant_is_set_aside(row, column, reason, value, amount_fen):
    found = read("P-0,2024-05-06,5.00,", row)
    assert (len(found.lines), found.rows) == (1, 2)
    (fault,) = found.faults
    assert (fault.line, fault.column, fault.reason, fault.value, fault.amount_fen) == (3, column, reason, value, amount_fen)


def test_the_columns_are_those_the_account_names_in_any_order_and_others_are_not_looked_at():
    bank = read("-5.00,x,R-1,2024-05-06", header="\ufeffAmount,Text, Reference ,Value date", account=BANK)
    assert [(line.reference, line.amount_fen) for line in bank.lines] == [("R-1", -500)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "column 'reference' .* stands not in the statement's first line, which holds nothing"),
        ("reference,amount\n", r"column 'booked_on' \(booked_on\) stands not .*'reference', 'amount'"),
        ("reference,reference,booked_on,amount\n", "column 'reference' .* stands twice"),
        (f'{HEADER}\n"P-1,2024-05-06,1.00,\n', "line 2 of the statement is not CSV"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_whole(text, words):
    with pytest.raises(RequestError, match=words):
        read_statement(text, PROVIDER, starts_on=ON, ends_on=ON)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6), max_size=10))
def test_whatever_stands_in_a_file_every_line_is_taken_or_set_aside(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER.split(","), *rows])
    found = read_statement(text.getvalue(), PROVIDER, starts_on=ON, ends_on=ON)
    kept = list(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))
    assert found.rows == sum(bool(row) for row in kept) - 1
    places = sorted([line.line for line in found.lines] + [fault.line for fault in found.faults])
    assert len(set(places)) == len(places)
