"""Running loans and their payments as columns, in chunks: each column comes as one binary array, so that no Python object is
made for a loan. (A binary COPY would come row by row: 4 µs each in the driver, six times what the accounts themselves take.)

Every column is made an int8 that is never null, so that its elements have one width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.errors import EngineError
from loanbook.stores.online.unit import Connection
from loanbook.units import Ints

ID_BYTES = 64
"""An id is padded to this; the API takes none that is longer."""
_HEADER = 20
"""Bytes of a binary array before its first element."""

_RUNNING = "disbursed_on <= %s AND (closed_on IS NULL OR closed_on > %s)"
"""Loans that ran at the end of a day, also where they have ended since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanColumns:
    """Loans by id, (loans,) each.

    loan_id          bytes, ascending as the store sorts them
    terms, mandate   int64, hash of the terms' hash (`hash_of`); principal_fen, rate_annual, count, disbursed_on, repaid_fen int64
    open             bool, still running now
    """

    loan_id: Ints
    terms: Ints
    mandate: Ints
    rate_annual: Ints
    count: Ints
    principal_fen: Ints
    disbursed_on: Ints
    repaid_fen: Ints
    open: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentColumns:
    """Payments that stand, (payments,) int64 each, in any order: place of the loan in its chunk, day, amount, payoff or not."""

    loan: Ints
    on: Ints
    amount_fen: Ints
    payoff: Ints


def terms_hashes(connection: Connection) -> tuple[dict[int, str], dict[int, str]]:
    """Which hash of terms, and of a mandate, each number in the columns stands for."""
    found: list[dict[int, str]] = []
    for column in ("terms_hash", "mandate_hash"):
        query = f"SELECT DISTINCT {column} AS hash, hashtextextended({column}, 0) AS number FROM loan WHERE {column} IS NOT NULL"
        rows = connection.execute(query).fetchall()
        numbers = {row["number"]: row["hash"] for row in rows}
        if len(numbers) != len(rows):
            raise EngineError(f"two values of {column} have one number. Neither can be told from the other in columns.")
        found.append(numbers)
    return found[0], found[1]


def loan_chunk(connection: Connection, day: object, after: str, most: int) -> LoanColumns:
    """The next loans after an id that ran at the end of a day."""
    return _loans(connection, f"{_RUNNING} AND loan_id > %s ORDER BY loan_id LIMIT %s", (day, day, after, most))


def loans_of(connection: Connection, loan_ids: Sequence[str]) -> LoanColumns:
    """Some loans, whatever their state; those never disbursed are left out."""
    return _loans(connection, "loan_id = ANY(%s) AND disbursed_on IS NOT NULL ORDER BY loan_id", (sorted(set(loan_ids)),))


def _loans(connection: Connection, which: str, values: tuple[object, ...]) -> LoanColumns:
    columns = (
        "hashtextextended(terms_hash, 0)",
        "hashtextextended(coalesce(mandate_hash, ''), 0)",
        "rate_annual",
        "installment_count::int8",
        "principal_fen",
        "(disbursed_on - DATE '1970-01-01')::int8",
        "principal_repaid_fen",
        "(state = 'disbursed')::int4::int8",
    )
    *found, ids = gathered(connection, columns, f"FROM loan WHERE {which}", values, "loan_id")
    return LoanColumns(
        loan_id=ids,
        terms=found[0],
        mandate=found[1],
        rate_annual=found[2],
        count=found[3],
        principal_fen=found[4],
        disbursed_on=found[5],
        repaid_fen=found[6],
        open=found[7] == 1,
    )


def payment_chunk(connection: Connection, day: object, after: str, last: str) -> PaymentColumns:
    """The payments of the loans of a chunk, from after one id to another."""
    running = f"{_RUNNING} AND loan_id > %s AND loan_id <= %s"
    return _payments(connection, running, "p.loan_id > %s AND p.loan_id <= %s", (day, day, after, last), (after, last))


def payments_of_loans(connection: Connection, loan_ids: Sequence[str]) -> PaymentColumns:
    """The payments of the loans of `loans_of`."""
    ids = sorted(set(loan_ids))
    return _payments(connection, "loan_id = ANY(%s) AND disbursed_on IS NOT NULL", "p.loan_id = ANY(%s)", (ids,), (ids,))


def _payments(
    connection: Connection, loans: str, payments: str, loan_values: tuple[object, ...], payment_values: tuple[object, ...]
) -> PaymentColumns:
    columns = ("l.n", "(p.paid_on - DATE '1970-01-01')::int8", "p.amount_fen", "(p.purpose = 'payoff')::int4::int8")
    rest = (
        f"FROM (SELECT loan_id, row_number() OVER (ORDER BY loan_id) - 1 AS n FROM loan WHERE {loans}) l "
        f"JOIN payment p USING (loan_id) WHERE NOT p.reversed AND {payments}"
    )
    found = gathered(connection, columns, rest, (*loan_values, *payment_values))
    return PaymentColumns(loan=found[0], on=found[1], amount_fen=found[2], payoff=found[3])


def gathered(connection: Connection, columns: Sequence[str], rest: str, values: Sequence[object], id_: str = "") -> list[Ints]:
    """The answer of a query as columns: int64 each, and the ids, bytes, as the last one where they are asked for."""
    named = [f"{column} AS c{number}" for number, column in enumerate(columns)]
    if id_:
        named.append(f"rpad({id_}, {ID_BYTES}) AS c{len(columns)}")
    arrays = ", ".join(f"array_agg(c{number})" for number in range(len(named)))
    cursor = connection.execute(f"SELECT {arrays} FROM (SELECT {', '.join(named)} {rest}) AS x", values, binary=True)
    result = cursor.pgresult
    if result is None:
        raise EngineError("the store gave no answer.")
    found: list[Ints] = [_array(result.get_value(0, number), ">i8", 8).astype(np.int64) for number in range(len(columns))]
    if id_:
        found.append(np.char.rstrip(_array(result.get_value(0, len(columns)), f"S{ID_BYTES}", ID_BYTES)))
    return found


def _array(content: bytes | None, kind: str, width: int) -> Ints:
    """One array in PostgreSQL's binary form: dimensions, null flag, type, size and first index, then length and value of each."""
    if content is None:
        return np.zeros(0, kind)
    row = np.dtype([("length", ">i4"), ("value", kind)])
    nulls = int.from_bytes(content[4:8], "big")
    size = len(content) - _HEADER
    rows = np.frombuffer(content, row, count=size // row.itemsize, offset=_HEADER)
    if nulls or size % row.itemsize or (rows["length"] != width).any():
        raise EngineError("the store answered values of several widths: one is null, or an id is not plain text.")
    values: Ints = rows["value"]
    return values
