"""Small event tables for tests of the stores."""

import datetime as dt
from typing import Any

import pyarrow as pa

from loanbook.events import BY_NAME
from loanbook.stores.schema import arrow_schema

UTC = dt.UTC


def day(text: str) -> dt.date:
    """A date from ISO text."""
    return dt.date.fromisoformat(text)


def moment(text: str, hour: int = 12) -> dt.datetime:
    """Noon (or another hour) of a day, UTC."""
    return dt.datetime.combine(day(text), dt.time(hour), UTC)


def table(kind: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Event rows as an Arrow table of the kind's schema; recorded_at defaults to noon of happened_on."""
    full = [{"recorded_at": moment(row["happened_on"].isoformat()), **row} for row in rows]
    return pa.Table.from_pylist(full, schema=arrow_schema(BY_NAME[kind]).remove_metadata())


def loan(loan_id: str, on: str, principal: int = 1_200_000, **other: Any) -> dict[str, Any]:
    """A `loan_disbursed` row."""
    row = {
        "event_id": f"{loan_id}/disbursed",
        "loan_id": loan_id,
        "happened_on": day(on),
        "source": "test",
        "borrower_id": f"b-{loan_id}",
        "product": "sample_level",
        "model": "on_balance_sheet",
        "segment": "consumer",
        "currency": "CNY",
        "principal_fen": principal,
        "rate_annual": 216_000_000_000,
        "installment_count": 12,
        "tenor_months": 12,
    }
    return row | other


def payment(loan_id: str, number: int, on: str, amount: int, **other: Any) -> dict[str, Any]:
    """A `payment_received` row."""
    row = {
        "event_id": f"{loan_id}/paid/{number}",
        "loan_id": loan_id,
        "happened_on": day(on),
        "amount_fen": amount,
        "source": "test",
    }
    return row | other
