"""Runs reference loans in the Fineract case format through the account kernel and compares every checkpoint to the cent.

A file is one JSON object `{meta, cases: [{id, product, loan, events, checkpoints}]}`. At each checkpoint the whole schedule
(dates, days, balance, due and paid by component, in advance, late, outstanding, date paid), totals, transactions, charges,
status and outstanding amount must agree. Settings that are not carried are declined by name. Journal entries are not compared.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from loanbook.errors import LoanbookError
from loanbook.loans.account import Account
from loanbook.loans.facts import Row, Total
from loanbook.units import NEVER, date, day, format_money
from tests.oracles.fineract_facts import Book, execute, is_settled
from tests.oracles.fineract_terms import DECIMALS, DeclinedError, money, read_setting

Verdict = Literal["pass", "fail", "declined"]

COLUMNS = (
    "nr",
    "days",
    "due_date",
    "paid_date",
    "balance",
    "principal",
    "interest",
    "fees",
    "penalties",
    "due",
    "paid",
    "in_advance",
    "late",
    "outstanding",
)
_DAYS = ("due_date", "paid_date")
_TEXTS = ("nr", "days", *_DAYS)
_TRANSACTION = ("date", "type", "amount", "principal", "interest", "fees", "penalties", "balance after", "reverted")
_CHECKED = {
    "after_event",
    "business_date",
    "source_line",
    "schedule",
    "totals",
    "transactions",
    "status",
    "outstanding_amount",
    "all_obligations_met",
    "charges",
    "journal",
}


class DifferenceError(Exception):
    """The first difference of a case."""


def run(path: str | Path) -> Iterator[tuple[str, Verdict, str]]:
    """Every case of a file: its id, the verdict, and the first difference or the reason it is declined."""
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    for case in content["cases"]:
        try:
            run_case(case)
        except DeclinedError as reason:
            yield case["id"], "declined", str(reason)
        except DifferenceError as difference:
            yield case["id"], "fail", str(difference)
        except (LoanbookError, ValueError, OverflowError, KeyError) as error:
            yield case["id"], "fail", f"{type(error).__name__}: {error}"
        else:
            yield case["id"], "pass", ""


def run_case(case: Mapping[str, Any]) -> None:
    """Execute one case; raises the first difference, or the reason it is declined."""
    setting = read_setting(case["product"], case["loan"])
    book = Book(setting=setting, principal_fen=money(case["loan"]["principal"]), expected_on=day(case["loan"]["submitted_on"]))
    for checkpoint in case["checkpoints"]:
        unknown = set(checkpoint) - _CHECKED
        if unknown:
            raise DeclinedError(f"checkpoint of {', '.join(sorted(unknown))} is not known")
    for number in range(len(case["events"]) + 1):
        if number > 0:
            execute(book, case["events"][number - 1])
        for checkpoint in case["checkpoints"]:
            if checkpoint["after_event"] == number:
                where = f"after event {number}"
                if checkpoint.get("source_line"):
                    where += f" (source line {checkpoint['source_line']})"
                _check(book, checkpoint, where)


def _check(book: Book, checkpoint: Mapping[str, Any], where: str) -> None:
    account = book.account()
    if checkpoint.get("schedule") is not None:
        _check_schedule(book, account, checkpoint["schedule"], where)
    if checkpoint.get("totals") is not None:
        _check_totals(account, checkpoint["totals"], where)
    if checkpoint.get("transactions") is not None:
        _check_transactions(book, account, checkpoint["transactions"], where)
    if checkpoint.get("charges") is not None:
        _check_charges(book, account, checkpoint["charges"], where)
    settled = is_settled(account)
    unapplied = account.total(Total.UNAPPLIED)
    if checkpoint.get("status") is not None:
        status = "ACTIVE" if not settled else "OVERPAID" if unapplied > 0 else "CLOSED_OBLIGATIONS_MET"
        if not book.disbursed:
            status = "APPROVED"
        _equal(f"{where}: status", status, checkpoint["status"])
    if checkpoint.get("all_obligations_met") is not None:
        _equal(f"{where}: all obligations met", settled, checkpoint["all_obligations_met"])
    if checkpoint.get("outstanding_amount") is not None:
        _equal_money(f"{where}: outstanding", _owed(account), checkpoint["outstanding_amount"])


def _equal(where: str, got: Any, expected: Any) -> None:
    if got != expected:
        raise DifferenceError(f"{where} is {got}, expected {expected}")


def _equal_money(where: str, got: int, expected: Any) -> None:
    if got != money(expected or 0):
        raise DifferenceError(f"{where} is {format_money(got, DECIMALS)}, expected {expected}")


def _owed(account: Account) -> int:
    due = account.rows[:, Row.PRINCIPAL : Row.PENALTY + 1].sum()
    return int(due - account.rows[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum())


def _split(account: Account, row: int) -> tuple[int, int]:
    """Of what was paid of a row: (in advance, late)."""
    due_on = account.rows[row, Row.DUE_ON]
    parts = account.pieces[account.pieces[:, 1] == row]
    amounts = parts[:, 2:6].sum(axis=1)
    return int(amounts[parts[:, 0] < due_on].sum()), int(amounts[parts[:, 0] > due_on].sum())


def position(book: Book, account: Account) -> list[dict[str, Any]]:
    """The schedule as the reference prints it: disbursements and instalments by day, amounts in minor units."""
    lent = book.disbursed
    pending = lent or [(book.expected_on, book.principal_fen)]
    printed: list[dict[str, Any]] = []
    balance, previous = 0, account.disbursed_on
    for row, line in enumerate(account.rows):
        number = row + 1
        due_on = int(line[Row.DUE_ON])
        while pending and pending[0][0] <= due_on:
            on, amount = pending.pop(0)
            balance += amount
            printed.append({"due_date": on, "balance": amount, "disbursement": True})
        balance -= int(line[Row.PRINCIPAL])
        due = int(line[Row.PRINCIPAL : Row.PENALTY + 1].sum())
        paid = int(line[Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum())
        ahead, late = _split(account, row)
        down_payment = due_on in [on for on, _ in pending + lent] and due_on == previous
        printed.append(
            {
                "nr": number,
                "days": 0 if down_payment else due_on - previous,
                "due_date": due_on,
                "paid_date": int(line[Row.SETTLED_ON]) if line[Row.SETTLED_ON] != NEVER and due > 0 else None,
                "balance": balance,
                "principal": int(line[Row.PRINCIPAL]),
                "interest": int(line[Row.INTEREST]),
                "fees": int(line[Row.FEE]),
                "penalties": int(line[Row.PENALTY]),
                "due": due,
                "paid": paid,
                "in_advance": ahead,
                "late": late,
                "outstanding": due - paid,
            }
        )
        previous = due_on
    for on, amount in pending:
        printed.append({"due_date": on, "balance": amount, "disbursement": True})
    return printed


def _check_schedule(book: Book, account: Account, expected: list[list[Any]], where: str) -> None:
    printed = position(book, account)
    _equal(f"{where}: rows of the schedule", len(printed), len(expected))
    for line, wanted in zip(printed, expected, strict=True):
        name = "disbursement" if line.get("disbursement") else f"row {line['nr']}"
        for column, value in zip(COLUMNS, wanted, strict=True):
            got = line.get(column)
            place = f"{where}: {name}, {column}"
            if column in _DAYS:
                _equal(place, None if got is None else date(got).isoformat(), value)
            elif column in _TEXTS:
                _equal(place, got, value)
            else:
                _equal_money(place, got or 0, value)


def _check_totals(account: Account, expected: Mapping[str, Any], where: str) -> None:
    splits = [_split(account, row) for row in range(len(account.rows))]
    rows = account.rows
    paid = int(rows[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum())
    totals = {
        "principal": int(rows[:, Row.PRINCIPAL].sum()),
        "interest": int(rows[:, Row.INTEREST].sum()),
        "fees": int(rows[:, Row.FEE].sum()),
        "penalties": int(rows[:, Row.PENALTY].sum()),
        "due": int(rows[:, Row.PRINCIPAL : Row.PENALTY + 1].sum()),
        "paid": paid,
        "in_advance": sum(ahead for ahead, _ in splits),
        "late": sum(late for _, late in splits),
        "outstanding": _owed(account),
    }
    for name, value in expected.items():
        if name not in totals:
            raise DeclinedError(f"total {name} is not known")
        _equal_money(f"{where}: total {name}", totals[name], value)


def _check_transactions(book: Book, account: Account, expected: list[list[Any]], where: str) -> None:
    got = sorted(line.key() for line in book.lines(account))
    wanted = sorted((day(line[0]), line[1], *(money(amount or 0) for amount in line[2:8]), bool(line[8])) for line in expected)
    for number in range(max(len(got), len(wanted))):
        if number >= len(got):
            raise DifferenceError(f"{where}: no transaction {_words(wanted[number])}")
        if number >= len(wanted):
            raise DifferenceError(f"{where}: transaction {_words(got[number])} is not expected")
        for name, ours, theirs in zip(_TRANSACTION, got[number], wanted[number], strict=True):
            if ours != theirs:
                raise DifferenceError(f"{where}: transaction {_words(got[number])}, expected {_words(wanted[number])} ({name})")


def _words(line: tuple[Any, ...]) -> str:
    amounts = " ".join(format_money(amount, DECIMALS) for amount in line[2:8])
    return f"{date(line[0])} {line[1]} {amounts}{' reverted' if line[8] else ''}"


def _check_charges(book: Book, account: Account, expected: list[Mapping[str, Any]], where: str) -> None:
    _equal(f"{where}: charges", len(book.charges), len(expected))
    left = {
        row: [int(account.rows[row, Row.PAID_FEE]), int(account.rows[row, Row.PAID_PENALTY])] for row in range(len(account.rows))
    }
    for (_, due, amount, column), wanted in zip(book.charges, expected, strict=True):
        row = next(row for row in range(len(account.rows)) if account.rows[row, Row.DUE_ON] >= due)
        place = int(column) - int(Row.FEE)
        paid = min(left[row][place], amount)
        left[row][place] -= paid
        name = f"{where}: charge of {date(due)}"
        if wanted.get("Due as of"):
            _equal(f"{name}, due as of", f"{date(due):%d %B %Y}", wanted["Due as of"])
        _equal_money(f"{name}, due", amount, wanted.get("Due", 0))
        _equal_money(f"{name}, paid", paid, wanted.get("Paid", 0))
        _equal_money(f"{name}, outstanding", amount - paid, wanted.get("Outstanding", 0))
