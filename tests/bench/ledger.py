"""A servicer's ledger as one CSV of any size: simulated worlds told as events, one row an event, with a few rows that are bad.

`python -m tests.bench.ledger FOLDER MEGABYTES` writes `ledger.csv` and its mapping `ledger.yaml`, and prints counts as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from loanbook.simulator.world import events
from loanbook.units import RATE_SCALE

WORLD_LOANS = 100_000
BAD_A_WORLD = 5
_MEGABYTE = 1_000_000

COLUMNS = (
    *("what", "event", "loan", "day", "booked", "amount", "purpose", "reversed", "reason"),
    *("borrower", "product", "model", "segment", "rate", "count", "tenor"),
)
MAPPING = """\
mapping: ledger
title: a made-up servicer's ledger, one row an event
currency: CNY
tapes:
  - name: ledger
    files: ["*.csv", "*.csv.gz"]
    format: csv
    events:
      loan_disbursed:
        when: {what: {in: [loan]}}
        columns:
          <<common>>
          borrower_id: borrower
          product: product
          model: model
          segment: segment
          principal_fen: amount
          rate_annual: rate
          installment_count: count
          tenor_months: tenor
"""
_OTHERS = {
    "payment_received": ("payment", {"amount_fen": "amount", "purpose": "purpose"}),
    "event_reversed": ("reversal", {"reversed_event_id": "reversed", "reason": "reason"}),
    "rate_changed": ("repricing", {"rate_annual": "rate"}),
    "loan_charged_off": ("charge-off", {"reason": "reason"}),
    "recovery_received": ("recovery", {"amount_fen": "amount", "purpose": "purpose"}),
    "loan_cancelled": ("cancellation", {"reason": "reason"}),
}
_COMMON = {"event_id": "event", "loan_id": "loan", "happened_on": "day", "recorded_at": "booked"}
_FROM_EVENT = {
    "event": "event_id",
    "loan": "loan_id",
    "day": "happened_on",
    "purpose": "purpose",
    "reversed": "reversed_event_id",
    "reason": "reason",
    "borrower": "borrower_id",
    "product": "product",
    "model": "model",
    "segment": "segment",
    "count": "installment_count",
    "tenor": "tenor_months",
}


def mapping() -> str:
    """The mapping that reads a ledger."""
    indent = "\n          "
    text = MAPPING.replace("<<common>>", indent.join(f"{name}: {column}" for name, column in _COMMON.items()))
    for kind, (word, columns) in _OTHERS.items():
        text += f"      {kind}:\n        when: {{what: {{in: [{word}]}}}}\n        columns:{indent}"
        text += indent.join(f"{name}: {column}" for name, column in (*_COMMON.items(), *columns.items())) + "\n"
    return text


def write_ledger(folder: Path, *, size: int, world_loans: int = WORLD_LOANS) -> dict[str, int]:
    """Write worlds until the file has `size` bytes; returns rows, bad rows, loans, payments and bytes.

    Each world brings BAD_A_WORLD bad rows: a day in words, too many decimals, a loan that nobody opened, a row that stands
    already, and a row that is too short.
    """
    (folder / "ledger.yaml").write_text(mapping(), encoding="utf-8")
    wrote = dict.fromkeys(("rows", "bad", "loans", "payments"), 0)
    options = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
    with (folder / "ledger.csv").open("wb") as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        number = 0
        while file.tell() < size:
            told = events(1_000 + number, world_loans)
            for kind, table in told.items():
                pa.csv.write_csv(_rows(kind, table, number), file, options)
                wrote["rows"] += table.num_rows
            wrote["loans"] += told["loan_disbursed"].num_rows
            wrote["payments"] += told["payment_received"].num_rows
            file.write(_bad_rows(number).encode())
            wrote["bad"] += BAD_A_WORLD
            number += 1
        wrote["bytes"] = file.tell()
    wrote["rows"] += wrote["bad"]
    return wrote


def _rows(kind: str, table: pa.Table, number: int) -> pa.Table:
    """Events of one kind in the ledger's columns; ids of different worlds differ."""
    size = table.num_rows
    word = "loan" if kind == "loan_disbursed" else _OTHERS[kind][0]
    made: dict[str, Any] = {"what": pa.repeat(word, size), "booked": table["recorded_at"].cast(pa.date32())}
    for name, column in _FROM_EVENT.items():
        if column in table.column_names:
            made[name] = table[column]
    for name in ("event", "loan", "reversed", "borrower"):
        if name in made:
            made[name] = pc.binary_join_element_wise(made[name], pa.scalar(f"{number:04d}"), "/")
    money = next((table[name] for name in ("principal_fen", "amount_fen") if name in table.column_names), None)
    if money is not None:
        made["amount"] = _written(money, 100)
    if "rate_annual" in table.column_names:
        made["rate"] = _written(table["rate_annual"], RATE_SCALE)
    return pa.table([made.get(name, pa.nulls(size, pa.string())) for name in COLUMNS], names=list(COLUMNS))


def _written(numbers: Any, scale: int) -> Any:
    """Integers in units of 1/scale as plain decimals."""
    digits = len(str(scale)) - 1
    unit = pa.scalar("0." + "0" * (digits - 1) + "1").cast(pa.decimal128(digits + 1, digits))
    return pc.multiply(numbers.cast(pa.decimal128(19, 0)), unit)


def _bad_rows(number: int) -> str:
    tail = "," * (len(COLUMNS) - 7)
    loan = f"LN000000001/{number:04d}"
    return (
        f"payment,bad-1/{number},{loan},the last of May,2024-05-31,1.00,repayment{tail}\n"
        f"payment,bad-2/{number},{loan},2024-05-31,2024-05-31,1.005,repayment{tail}\n"
        f"payment,bad-3/{number},nobody-{number},2024-05-31,2024-05-31,1.00,repayment{tail}\n"
        f"payment,bad-3/{number},nobody-{number},2024-05-31,2024-05-31,1.00,repayment{tail}\n"
        f"payment,bad-4/{number}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write_ledger(Path(sys.argv[1]), size=int(float(sys.argv[2]) * _MEGABYTE))) + "\n")
