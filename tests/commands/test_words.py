"""What the command line says of impossible requests: words and exit code 2, never a traceback."""

import sys
from contextlib import contextmanager

import pytest

from loanbook import cli
from loanbook.commands.closing import _value
from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from tests.docs.blocks import command
from tests.stores.rows import TERMS, loan, payment, schedule, table


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


@pytest.mark.parametrize("amount", ["1,000", "1000.005", "ten"])
def test_an_amount_that_is_none_shows_one(book, monkeypatch, capsys, amount):
    code, said = run(monkeypatch, capsys, "preview", "made_up", "A", "--on", "2024-06-30", "--amount", amount)
    words = "is not an amount of money with at most 2 decimals. Write digits without separators, e.g. 1250.00."
    assert (code, said) == (2, f"error: {amount!r} {words}")


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


def test_an_unknown_loan_and_an_unknown_measure_are_told_the_nearest(book, monkeypatch, capsys):
    code, said = run(monkeypatch, capsys, "loan", "made_up", "a", "--as-of", "2024-06-30")
    assert (code, said) == (2, "error: made_up has no loan 'a'. The nearest ids are A.")
    code, said = run(monkeypatch, capsys, "explain", "delinquency90", "--book", "made_up", "--as-of", "2024-06-30")
    assert code == 2
    assert said.startswith("error: there is no measure 'delinquency90'. Did you mean delinquency_90")


def test_reconcile_without_reports_says_what_it_is_for(book, monkeypatch, capsys):
    code, said = run(monkeypatch, capsys, "reconcile", "made_up")
    assert code == 2
    assert said.startswith("error: made_up has no monthly reports, so there is nothing to reconcile: it holds loans and their")


def test_a_first_run_says_that_it_compiles_and_a_later_one_does_not(book, monkeypatch):
    monkeypatch.setattr("loanbook.services.compiling.is_cold", lambda: True)
    assert "(first run: compiling the kernels," in command(["close", "made_up", "--as-of", "2024-06-30"])[1]
    monkeypatch.setattr("loanbook.services.compiling.is_cold", lambda: False)
    assert "compiling" not in command(["close", "made_up", "--as-of", "2024-05-31"])[1]


def test_the_report_tells_its_stages_and_prints_its_path(book, monkeypatch):
    stages = []

    @contextmanager
    def listen():
        yield lambda stage, done, total: stages.append((stage, done, total))

    monkeypatch.setattr("loanbook.commands.reporting.progress", listen)
    assert command(["close", "made_up", "--as-of", "2024-06-30"])[0] == 0
    code, said = command(["report", "made_up"])
    assert (code, said.strip().endswith("report.html")) == (0, True)
    assert stages[0][:2] == ("listing the loans behind the figures", 0)
    assert stages[-1] == ("drawing the page", 1, 1)


def test_the_screen_of_a_loan_shows_how_much_of_each_payment_went_to_each_instalment(book):
    first, second = schedule(loan("A", "2024-01-10"))[:2]
    due = [first[1] + first[2], second[1] + second[2]]
    rows = [payment("A", 1, "2024-02-10", due[0] + 5000), payment("A", 2, "2024-03-20", due[1] - 5000)]
    append(book, {"payment_received": table("payment_received", rows)})
    code, said = command(["loan", "made_up", "A", "--as-of", "2024-03-31"])
    assert code == 0
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.split("Facts, and")[1].splitlines() if "│" in line]
    interest, principal = min(second[2], 5000), 5000 - min(second[2], 5000)
    first_went, early_went, rest_went = (
        [f"{fen / 100:.2f}" if fen else "" for fen in parts] + [""]
        for parts in ((first[1], first[2]), (principal, interest), (second[1] - principal, second[2] - interest))
    )
    assert lines[1:] == [
        ["2024-02-10", "payment", f"{(due[0] + 5000) / 100:,.2f}", "yes", "1 of 12, due 2024-02-10", *first_went],
        ["", "", "", "", "2 of 12, due 2024-03-10", *early_went],
        ["2024-03-20", "payment", f"{(due[1] - 5000) / 100:,.2f}", "yes", "2 of 12, due 2024-03-10", *rest_went],
    ]


@pytest.mark.parametrize(("unit", "text"), [("share", "0.00%"), ("months", "0.00 months"), ("count", "0")])
def test_what_rounds_to_nothing_has_no_sign(unit, text):
    assert _value({"value": -1e-7, "unit": unit}, 2) == text
    assert _value({"value": -0.51, "unit": unit}, 2).startswith("-")


@pytest.mark.parametrize(("decimals", "balance", "least"), [(0, "1,200,000", "24"), (8, "0.01200000", "0.00001")])
def test_screens_write_the_decimals_of_the_book(book, decimals, balance, least):
    terms = TERMS.replace("currency: CNY", f"currency: JPY\ndecimals: {decimals}").replace("most: 200000.00", "most: 2000000")
    rows = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10", currency="JPY")])}
    fine = create_book(book_folder("fine"), currency="JPY", decimals=decimals)
    append(fine, rows, terms={"sample_level": terms.replace("least: 1.00", f"least: {least}")})
    for words in (
        ["close", "fine", "--as-of", "2024-01-31"],
        ["explain", "outstanding_balance", "--book", "fine", "--as-of", "2024-01-31"],
        ["loan", "fine", "A", "--as-of", "2024-01-31"],
    ):
        code, said = command(words)
        assert (code, f" {balance} " in said) == (0, True), said
