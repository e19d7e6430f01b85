"""The lines of a provider's or bank's statement, read from CSV; what cannot be read is set aside with place and reason."""

import csv
import io
from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.terms.cash_account import CashAccount, StatementColumns
from loanbook.units import MONEY_MAX, date, day, format_money, parse_decimal

REFERENCE_MOST = 64
AMOUNT_MOST = MONEY_MAX // 1_000_000
"""A single movement; a statement of a million such lines still sums in 64 bits."""
_SHOWN = 200
_LINES_MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement: in is positive, out negative. An amount of 0 only tells which loan a reference is for.

    reference   empty where the line has none; then it names no loan either

    line      of the file; the header is 1
    """

    line: int
    reference: str
    booked_on: int
    amount_fen: int
    loan_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFault:
    """A line set aside: where, what is wrong, and what stands there; its amount and reference where they can be read."""

    line: int
    column: str
    reason: str
    value: str
    amount_fen: int | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRows:
    """Every line of a file once, in one of the two."""

    lines: tuple[StatementLine, ...]
    faults: tuple[StatementFault, ...]

    @property
    def rows(self) -> int:
        """How many lines the file has, without its header."""
        return len(self.lines) + len(self.faults)


class _FaultError(Exception):
    def __init__(self, column: str, reason: str, value: str) -> None:
        self.column, self.reason, self.value = column, reason, value


def read_statement(text: str, account: CashAccount, *, starts_on: int, ends_on: int) -> StatementRows:
    """The lines of a statement in CSV, by the columns that the account's terms name; other columns are not looked at.

    starts_on, ends_on   the days the statement is of; a line of another day is set aside
    raises               RequestError for a file without a header, without a column that is needed, or with one twice
    """
    source = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(source, strict=True)
    lines: list[StatementLine] = []
    faults: list[StatementFault] = []
    try:
        header = next(reader, [])
        places = _places(header, account.columns)
        for row in reader:
            if not row:
                continue
            if len(lines) + len(faults) >= _LINES_MOST:
                raise RequestError(f"a statement has at most {_LINES_MOST:,} lines. Split it by days.")
            try:
                lines.append(_line(row, reader.line_num, header, places, account, starts_on, ends_on))
            except _FaultError as fault:
                faults.append(_set_aside(row, reader.line_num, places, account, fault))
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num} of the statement is not CSV: {error}. Nothing of it was taken.") from error
    return StatementRows(lines=tuple(lines), faults=tuple(faults))


def _places(header: list[str], columns: StatementColumns) -> dict[str, int]:
    """Where each column stands."""
    names = [name.strip() for name in header]
    places = {}
    for what in ("reference", "booked_on", "amount", "loan_id"):
        name = getattr(columns, what)
        found = [place for place, each in enumerate(names) if each == name] if name else []
        if len(found) > 1 or (not found and what != "loan_id"):
            seen = ", ".join(repr(each) for each in names[:20]) or "nothing"
            times = "twice" if found else "not"
            raise RequestError(f"column {name!r} ({what}) stands {times} in the statement's first line, which holds {seen}.")
        if found:
            places[what] = found[0]
    return places


def _line(
    row: list[str], number: int, header: list[str], places: dict[str, int], account: CashAccount, starts_on: int, ends_on: int
) -> StatementLine:
    if len(row) != len(header):
        raise _FaultError("", f"the line has {len(row)} columns, the header has {len(header)}", ",".join(row))
    columns = account.columns
    reference = _reference(row[places["reference"]].strip(), columns)
    text = row[places["booked_on"]].strip()
    try:
        booked_on = day(text)
    except RequestError as error:
        raise _FaultError(columns.booked_on, "is not a date as YYYY-MM-DD", text) from error
    if not starts_on <= booked_on <= ends_on:
        raise _FaultError(columns.booked_on, f"lies outside the statement, {date(starts_on)} to {date(ends_on)}", text)
    loan_id = row[places["loan_id"]].strip() if "loan_id" in places else ""
    if len(loan_id) > REFERENCE_MOST or not loan_id.isprintable():
        raise _FaultError(columns.loan_id, f"is not an id of at most {REFERENCE_MOST} characters", loan_id)
    text = row[places["amount"]].strip()
    amount_fen = _amount(text, account)
    if amount_fen == 0 and not loan_id:
        raise _FaultError(columns.amount, "is nothing", text)
    if loan_id and not reference:
        raise _FaultError(columns.reference, "is missing, and a line that names a loan needs one", reference)
    return StatementLine(line=number, reference=reference, booked_on=booked_on, amount_fen=amount_fen, loan_id=loan_id)


def _reference(text: str, columns: StatementColumns) -> str:
    if len(text) > REFERENCE_MOST or not text.isprintable():
        raise _FaultError(columns.reference, f"is not a reference of at most {REFERENCE_MOST} characters", text)
    return text


def _amount(text: str, account: CashAccount) -> int:
    name = account.columns.amount
    try:
        amount_fen = parse_decimal(text, 10**account.decimals, exact=True)
    except (RequestError, OverflowError) as error:
        reason = f"is not an amount with at most {account.decimals} decimals and no separators"
        raise _FaultError(name, reason, text) from error
    if abs(amount_fen) > AMOUNT_MOST:
        raise _FaultError(name, f"is beyond {format_money(AMOUNT_MOST, account.decimals)}", text)
    return amount_fen


def _set_aside(row: list[str], number: int, places: dict[str, int], account: CashAccount, fault: _FaultError) -> StatementFault:
    """The fault of a line, with the amount and reference that can still be read."""
    amount_fen: int | None = None
    reference = ""
    if fault.column:
        try:
            amount_fen = _amount(row[places["amount"]].strip(), account)
        except _FaultError:
            amount_fen = None
        try:
            reference = _reference(row[places["reference"]].strip(), account.columns)
        except _FaultError:
            reference = ""
    return StatementFault(
        line=number,
        column=fault.column,
        reason=fault.reason,
        value="".join(each if each.isprintable() else "?" for each in fault.value)[:_SHOWN],
        amount_fen=amount_fen,
        reference=reference,
    )
