"""Small event tables for tests of the stores."""

import datetime as dt
from typing import Any

import pyarrow as pa

from loanbook import units
from loanbook.events import BY_NAME
from loanbook.loans.schedule import schedules
from loanbook.stores.schema import arrow_schema
from loanbook.terms.product import contract_row
from loanbook.terms.product_file import parse_product

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


TERMS = """\
product: sample_level
title: Sample level loan
effective_from: 2020-01-01
source: test
currency: CNY
amount: {least: 1.00, most: 200000.00}
installments: [1, 3, 6, 12, 24]
rate_annual: {least: 0, most: 0.36}
method: level
day_count: thirty_a_month_360
frequency: {unit: month, every: 1, month_end: same_day}
rounding: {rule: half_up}
waterfall:
  - past_due_penalty
  - past_due_fee
  - past_due_interest
  - past_due_principal
  - due_penalty
  - due_fee
  - due_interest
  - due_principal
  - in_advance_penalty
  - in_advance_fee
  - in_advance_interest
  - in_advance_principal
processing: horizontal
excess: next
prepayment: {interest: to_date}
non_accrual_days: 60
charge_off_days: 180
"""


def schedule(row: dict[str, Any]) -> list[tuple[dt.date, int, int]]:
    """Due date, principal and interest of each instalment of a `loan` row under TERMS."""
    contract = contract_row(parse_product(TERMS, "sample"), rate_annual=row["rate_annual"], count=row["installment_count"])
    due, principal, interest = schedules(contract, row["principal_fen"], units.day(row["happened_on"]))
    return [(units.date(d), int(p), int(i)) for d, p, i in zip(due[0], principal[0], interest[0], strict=True)]


def paid_in_full(row: dict[str, Any], late: list[int]) -> list[dict[str, Any]]:
    """Payments of a loan's first instalments, each whole and so many days late."""
    plan = schedule(row)[: len(late)]
    return [
        payment(row["loan_id"], n, (on + dt.timedelta(days)).isoformat(), p + i)
        for n, ((on, p, i), days) in enumerate(zip(plan, late, strict=True))
    ]
