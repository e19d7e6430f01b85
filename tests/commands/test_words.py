"""What the command line says of impossible requests: words and exit code 2, never a traceback."""

import sys

import pytest

from loanbook import cli
from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from tests.stores.rows import TERMS, loan, table


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    rows = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10")])}
    return append(create_book(book_folder("made_up")), rows, terms={"sample_level": TERMS}).book


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["loanbook", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("amount", ["99999999999999999999", "92233720368547758.07"])
def test_a_payment_beyond_64_bits_is_refused(book, monkeypatch, capsys, amount):
    code, said = run(monkeypatch, capsys, "preview", "made_up", "A", "--on", "2024-06-30", "--amount", amount)
    assert (code, said) == (2, f"error: {amount} is more than a payment can be. Write at most 23,058,430,092,136,939.51.")


def test_an_overflow_anywhere_is_told_in_words(book, monkeypatch, capsys):
    def overflow(*arguments, **named):
        raise OverflowError("money overflow: a x b / c does not fit in 64 bits")

    monkeypatch.setattr("loanbook.commands.loans.preview", overflow)
    code, said = run(monkeypatch, capsys, "preview", "made_up", "A", "--on", "2024-06-30", "--amount", "1")
    assert code == 2
    assert said.startswith("error: a figure is too large to be computed exactly: money overflow")


def test_nothing_is_paid_before_the_disbursement(book, monkeypatch, capsys):
    code, said = run(monkeypatch, capsys, "preview", "made_up", "A", "--on", "2024-01-09", "--amount", "1")
    assert (code, said) == (2, "error: A is disbursed on 2024-01-10; nothing can be paid on 2024-01-09. Preview a later day.")


@pytest.mark.parametrize("day", ["2900-01-01", "9999-12-31"])
def test_a_day_too_far_ahead_says_how_far(book, monkeypatch, capsys, day):
    code, said = run(monkeypatch, capsys, "close", "made_up", "--as-of", day)
    assert code == 2
    assert f"close an earlier day: the window from 2024-01-10 to {day} has" in said
    assert "months, more than the" in said


def test_differences_need_a_tape(book, monkeypatch, capsys):
    code, said = run(monkeypatch, capsys, "differences", "made_up")
    assert code == 2
    assert "there is no reported tape to compare with" in said
