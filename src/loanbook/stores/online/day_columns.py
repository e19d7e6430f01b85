"""Running loans and their payments as columns, in chunks of ids: each column comes as one binary value, so that no Python object
is made for a row. (A binary COPY would come row by row: 4 µs each in the driver, six times what the accounts themselves take. An
array of the store's takes a third longer to make than its values one after the other.)

Every column is made an int8 that is never null, so that its elements have one width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.errors import EngineError
from loanbook.stores.online.unit import Connection
from loanbook.units import Ints

_DAY = "((({} - DATE '1970-01-01')::int8 << 1) & 4294967295)"
"""A day in bits 1 to 31; bit 0 is left for yes or no."""
_KEY = "hashtextextended(loan_id, 0)"
_SECOND_KEY = "(hashtextextended(loan_id, 1) << 32)"
"""Another hash, of which the lower half is kept, above the bits of a day."""
_RUNNING = "disbursed_on <= %s AND (closed_on IS NULL OR closed_on > %s)"
"""Loans that ran at the end of a day, also where they have ended since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanColumns:
    """Loans by id, (loans,) each.

    loan_id          bytes, ascending as the store sorts them;  key  (2, loans) int64, hashes of it (`places_of`)
    terms, mandate   int64, hash of the terms' hash (`hash_of`); principal_fen, rate_annual, count, disbursed_on, repaid_fen int64
    open             bool, still running now
    """

    loan_id: Ints
    key: Ints
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
    """Which hash of a product, and of a mandate, each number in the columns stands for: all that the store has archived."""
    query = "SELECT kind, hash, hashtextextended(hash, 0) AS number FROM terms WHERE kind IN ('product', 'mandate')"
    rows = connection.execute(query).fetchall()
    if len({row["number"] for row in rows}) != len(rows):
        raise EngineError("two versions of terms have one number. Neither can be told from the other in columns.")
    products, mandates = ({row["number"]: row["hash"] for row in rows if row["kind"] == kind} for kind in ("product", "mandate"))
    return products, mandates


def chunk_end(connection: Connection, after: str, most: int) -> str | None:
    """The last id of a chunk that begins after one; None when there is none left."""
    query = "SELECT max(loan_id) AS last FROM (SELECT loan_id FROM loan WHERE loan_id > %s ORDER BY loan_id LIMIT %s) AS x"
    row = connection.execute(query, (after, most)).fetchone()
    return row["last"] if row else None


def loan_chunk(connection: Connection, day: object, after: str, last: str) -> LoanColumns:
    """The loans of a chunk, from after one id to another, that ran at the end of a day."""
    return _loans(connection, f"{_RUNNING} AND loan_id > %s AND loan_id <= %s ORDER BY loan_id", (day, day, after, last))


def loans_of(connection: Connection, loan_ids: Sequence[str]) -> LoanColumns:
    """Some loans, whatever their state; those never disbursed are left out."""
    return _loans(connection, "loan_id = ANY(%s) AND disbursed_on IS NOT NULL ORDER BY loan_id", (sorted(set(loan_ids)),))


def _loans(connection: Connection, which: str, values: tuple[object, ...]) -> LoanColumns:
    columns = (
        _KEY,
        f"{_SECOND_KEY} | {_DAY.format('disbursed_on')} | (state = 'disbursed')::int4",
        "hashtextextended(terms_hash, 0)",
        "hashtextextended(coalesce(mandate_hash, ''), 0)",
        "rate_annual",
        "principal_fen",
        "principal_repaid_fen",
        "installment_count::int8",
    )
    *found, ids = gathered(connection, columns, f"FROM loan WHERE {which}", values, "loan_id")
    return LoanColumns(
        loan_id=ids,
        key=np.stack((found[0], found[1] >> 32)),
        disbursed_on=_days(found[1]),
        open=(found[1] & 1) == 1,
        terms=found[2],
        mandate=found[3],
        rate_annual=found[4],
        principal_fen=found[5],
        repaid_fen=found[6],
        count=found[7],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRows:
    """Payments that stand, as they were read, in any order: key (2, rows) as of `LoanColumns`; packed, day and payoff; amount."""

    key: Ints
    packed: Ints
    amount_fen: Ints

    def of(self, loans: LoanColumns) -> PaymentColumns:
        """Those of some loans, each with the place of its loan."""
        place = places_of(loans, self.key)
        known = place >= 0
        packed = self.packed[known]
        return PaymentColumns(loan=place[known], on=_days(packed), amount_fen=self.amount_fen[known], payoff=packed & 1)


def payment_chunk(connection: Connection, after: str, last: str) -> PaymentRows:
    """The payments of the loans of a chunk, whatever their state."""
    return _payments(connection, "loan_id > %s AND loan_id <= %s", (after, last))


def payments_of_loans(connection: Connection, loans: LoanColumns) -> PaymentColumns:
    """The payments of some loans."""
    return _payments(connection, "loan_id = ANY(%s)", ([each.decode() for each in loans.loan_id.tolist()],)).of(loans)


def _payments(connection: Connection, which: str, values: tuple[object, ...]) -> PaymentRows:
    columns = (_KEY, f"{_SECOND_KEY} | {_DAY.format('paid_on')} | (purpose = 'payoff')::int4", "amount_fen")
    key, packed, amount_fen = gathered(connection, columns, f"FROM payment WHERE NOT reversed AND {which}", values)
    return PaymentRows(key=np.stack((key, packed >> 32)), packed=packed, amount_fen=amount_fen)


def places_of(loans: LoanColumns, key: Ints) -> Ints:
    """Which of the loans each key belongs to, (rows,), -1 for none of them.

    Two hashes of the id stand for it, 96 bits in all: to join by them here takes half the time of a join by text in the store.
    key      (2, rows) int64
    raises   EngineError when two loans have the same first hash
    """
    order = np.argsort(loans.key[0])
    sorted_ = loans.key[0][order]
    if (sorted_[1:] == sorted_[:-1]).any():
        raise EngineError("two loans of one chunk have one number. Their payments cannot be told apart in columns.")
    if not order.size:
        return np.full(key.shape[1], -1, np.int64)
    found = order[np.minimum(np.searchsorted(sorted_, key[0]), order.size - 1)]
    place: Ints = np.where((loans.key[:, found] == key).all(axis=0), found, -1)
    return place


def _days(packed: Ints) -> Ints:
    """The days of a packed column (`_DAY`)."""
    return ((packed & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000 >> 1


def gathered(
    connection: Connection, columns: Sequence[str], rest: str, values: Sequence[object], id_: str = "", *, first: str = ""
) -> list[Ints]:
    """The answer of a query as columns: int64 each, and the ids, bytes, as the last one where they are asked for.

    rest     the query after its columns;  first   what it begins with: WITH and its tables
    raises   EngineError for a value that is null
    """
    named = [f"{column} AS c{number}" for number, column in enumerate(columns)]
    told = ["int8send(count(*))", *(f"string_agg(int8send(c{number}), '')" for number in range(len(columns)))]
    if id_:
        named.append(f"{id_} AS id")
        told.append("string_agg(id, E'\\n')")
    query = f"{first} SELECT {', '.join(told)} FROM (SELECT {', '.join(named)} {rest}) AS x"
    result = connection.execute(query, values, binary=True).pgresult
    if result is None:
        raise EngineError("the store gave no answer.")
    count, *parts = (result.get_value(0, number) or b"" for number in range(len(told)))
    found: list[Ints] = [np.frombuffer(part, ">i8").astype(np.int64) for part in parts[: len(columns)]]
    if id_:
        found.append(np.array(parts[-1].split(b"\n") if parts[-1] else [], "S"))
    if any(each.size != int.from_bytes(count) for each in found):
        raise EngineError("the store answered columns of several lengths: a value is null, or an id is not plain text.")
    return found
