"""What third-party guarantors claim from us, and how much of it they keep out of the deposit that they hold.

The lender is paid by the guarantor, which claims the payout from us (back-to-back). The loss is ours either way, so liabilities
and payouts are booked like those of our own guarantor; what differs is whom the money goes to, and that none goes while the
deposit lasts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.guarantors import Cover, OnBooks, transfers
from loanbook.accounting.journal import postable
from loanbook.terms.guarantor import GuarantorTerms
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, mul_div

KIND, FROM_DEPOSIT, IN_CASH = "guarantor_claimed", "from_deposit", "in_cash"
BEARS_LOSS = "platform"
"""The condition `bears_loss` of these amounts: with recourse the loss is ours."""
_CALLED, _PAYOUT, _HEAVY = "guarantee_called", "payout", "capital_heavy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """A guarantor's claims of a day in fen, by what they were met with, and the deposit it holds after them."""

    day: int
    from_deposit_fen: int
    in_cash_fen: int
    deposit_fen: int


def claimed_by_day(amounts: pa.Table, terms: GuarantorTerms) -> dict[int, int]:
    """Claims of a period by the day on which they are posted, int64 fen: the guarantor's share of payouts.

    amounts    `journal.POSTABLE` of the period's loans
    rounding   half up, of the running total: the period's claims are its share of the period's payouts to the fen
    """
    meets = [pc.equal(amounts[name], word) for name, word in (("kind", _CALLED), ("component", _PAYOUT), ("model", _HEAVY))]
    chosen = amounts.filter(pc.and_(pc.and_(*meets[:2]), meets[2]))
    sums = chosen.group_by(["posted_on", "product", "cohort"]).aggregate([("amount_fen", "sum")])
    parts: dict[int, int] = {}
    for row in sums.set_column(0, "posted_on", sums["posted_on"].cast(pa.int32())).to_pylist():
        year, month = str(row["cohort"]).split("-")
        share = terms.share_ppm(row["product"], int(year) * 12 + int(month) - 1)
        if share:
            parts[row["posted_on"]] = parts.get(row["posted_on"], 0) + share * int(row["amount_fen_sum"])
    found, running, rounded = {}, 0, 0
    for day in sorted(parts):
        running += parts[day]
        whole, rest = divmod(running, PPM)
        total = whole + int(mul_div(rest, 1, PPM, HALF_UP))
        if total != rounded:
            found[day] = total - rounded
        rounded = total
    return found


def met(claims: Mapping[int, int], deposits: Mapping[int, int], opening_fen: int) -> tuple[Claims, ...]:
    """How each day's claims are met: out of the deposit first (`guarantors.transfers`), the rest in cash.

    claims     by day; below zero: a payout was taken back, and comes back in cash
    deposits   by day: paid in (or taken back, below zero), before the claims of the day
    """
    found, held = [], opening_fen
    for day in sorted({*claims, *deposits}):
        held += deposits.get(day, 0)
        claim = claims.get(day, 0)
        used = 0
        if claim > 0 and held > 0:
            cover = Cover(effective_from=day, guarantor="", own=False, deposit_fen=held)
            made = transfers(cover, claim, held)
            used = sum(each.amount_fen for each in made if each.on_books is OnBooks.CONTINGENT_LIABILITY_BY_DEPOSIT)
        held -= used
        if claim:
            found.append(Claims(day=day, from_deposit_fen=used, in_cash_fen=claim - used, deposit_fen=held))
    return tuple(found)


def claim_postables(guarantor: str, claims: tuple[Claims, ...], *, entity: str, currency: str, close_run: str) -> pa.Table:
    """Amounts of one guarantor's claims, `journal.POSTABLE`."""
    rows = [(each.day, FROM_DEPOSIT, each.from_deposit_fen) for each in claims] + [
        (each.day, IN_CASH, each.in_cash_fen) for each in claims
    ]
    rows = [row for row in rows if row[2]]
    on = pa.array(np.array([row[0] for row in rows], np.int32)).cast(pa.date32())
    return postable(
        {
            "cell": [f"{KIND}/{guarantor}/{component}/{day}" for day, component, _ in rows],
            "kind": KIND,
            "component": [component for _, component, _ in rows],
            "entity": entity,
            "currency": currency,
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [amount for *_, amount in rows],
            "event": close_run,
            "counterparty": guarantor,
            "model": _HEAVY,
            "bears_loss": BEARS_LOSS,
        },
        len(rows),
    )
