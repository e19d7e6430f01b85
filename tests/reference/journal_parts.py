"""Naive twin of the books: a loan lent jointly as two lives, ours and what is left of each amount for the other lenders.

What is ours of a sum that is spread over time is our share of everything up to a day less our share of everything before it; of
two shares the larger is rounded. Shares no code with `measures.ledger_parts`.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from tests.reference.journal import Instalment, Life, Money, exact, half_up

MILLION = 1_000_000


def parts_of_life(life: Life, own: Mapping[str, Any], served: Mapping[str, Any]) -> tuple[Life, Life]:
    """Our part, on our balance sheet, and the rest, which we serve.

    own      the head's `own`: our shares of principal, interest, fee, and the coupon
    served   the policy of the rest
    """
    principal, interest, fee = (exact(own[name]) for name in ("principal", "interest", "fee"))
    coupon = min(exact(own["coupon"]) / life.annual_rate, Fraction(1))
    as_lender = coupon * interest + (1 - coupon) * min(interest, fee)
    of_interest = Fraction(half_up(as_lender * MILLION), MILLION)
    for_service = (1 - coupon) * max(fee - interest, Fraction(0)) / (1 - as_lender)
    rows, facts = [], []
    repaid, came = 0, 0
    for row in life.rows:
        of_row = _next(repaid, row.principal, principal)
        rows.append(Instalment(due_on=row.due_on, principal=of_row, interest=_next(came, row.interest, of_interest)))
        repaid, came = repaid + row.principal, came + row.interest
    repaid, came, back = 0, 0, 0
    for each in sorted(life.money, key=lambda one: one.on):
        ours = replace(
            each,
            principal=_next(repaid, each.principal, principal),
            interest=_next(came, each.interest, of_interest),
            recovered=_next(back, each.recovered, principal),
        )
        repaid, came, back = repaid + each.principal, came + each.interest, back + each.recovered
        facts.append(ours)
    mine = replace(life, contract=life, lent=_ours(life.lent, principal), rows=tuple(rows), money=tuple(facts))
    whole = sorted(life.money, key=lambda one: one.on)
    rest = replace(
        life,
        model="capital_light",
        own={**served, "platform_share": str(half_up(for_service * MILLION) / MILLION)},
        lent=life.lent - mine.lent,
        rows=tuple(_row_left(*pair) for pair in zip(life.rows, rows, strict=True)),
        money=tuple(_money_left(*pair) for pair in zip(whole, facts, strict=True)),
    )
    return mine, rest


def _next(before: int, amount: int, share: Fraction) -> int:
    return _ours(before + amount, share) - _ours(before, share)


def _ours(amount: int, share: Fraction) -> int:
    """Nearest fen of the larger part; the smaller is what it leaves."""
    return half_up(amount * share) if share >= Fraction(1, 2) else amount - half_up(amount * (1 - share))


def _row_left(whole: Instalment, part: Instalment) -> Instalment:
    return replace(whole, principal=whole.principal - part.principal, interest=whole.interest - part.interest)


def _money_left(whole: Money, part: Money) -> Money:
    return replace(
        whole,
        principal=whole.principal - part.principal,
        interest=whole.interest - part.interest,
        recovered=whole.recovered - part.recovered,
        unapplied=whole.unapplied - part.unapplied,
    )
