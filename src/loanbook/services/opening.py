"""What the first close of a ledger takes off accounts whose opening balance is stated."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import postable, trial_balance

OPENING_BALANCE, OPENING_REPLACED = "opening_balance", "opening_replaced"


def replaced(entries: pa.Table, facts: Mapping[str, pa.Table], first_day: int, run: str) -> pa.Table:
    """What an opening takes off accounts whose balance is stated: what loans of years before the books began left there.

    They were paid out of money that nobody told; the stated balance stands instead, also where it is nothing. A balance is of one
    currency: a dollar account that is stated takes nothing off the yuan of the same account.
    """
    left: dict[tuple[str, str, str, str], int] = {}
    of_loans = entries.filter(pc.not_equal(entries["kind"], OPENING_BALANCE))
    for row in trial_balance(of_loans).to_pylist():
        key = (row["book"], row["entity"], row["currency"], row["account"])
        left[key] = left.get(key, 0) + row["amount_fen"]
    stated = facts[OPENING_BALANCE].to_pylist() if OPENING_BALANCE in facts else []
    rows = []
    for row in stated:
        taken = left.pop((row["book"].upper(), row["entity"], row["currency"], row["account"]), 0)
        if taken:
            rows.append((row, -taken))
    on = pa.array(np.full(len(rows), first_day, np.int32)).cast(pa.date32())
    return postable(
        {
            "cell": [f"{OPENING_REPLACED}/{row['book']}/{row['entity']}/{row['account']}" for row, _ in rows],
            "kind": OPENING_REPLACED,
            "component": [row["book"] for row, _ in rows],
            "entity": [row["entity"] for row, _ in rows],
            "currency": [row["currency"] for row, _ in rows],
            "account": [row["account"] for row, _ in rows],
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [amount for _, amount in rows],
            "event": run,
        },
        len(rows),
    )
