"""Contracts and facts for tests of accounts: short to write, and drawn at random."""

from typing import Any

from hypothesis import strategies as st

from loanbook.loans.account import Drawdown, fact_rows
from loanbook.loans.facts import FactKind
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import DayCount, Engine, Excess, Method, Payoff, Processing, Unit
from loanbook.units import Ints, Rounding, day, rate

DISBURSED_ON = day("2024-01-31")
PENALTIES_FIRST = [4 * timing + component for timing in range(3) for component in (0, 1, 2, 3)]
PRINCIPAL_FIRST = [4 * timing + component for timing in range(3) for component in (0, 1, 3, 2)]


def contract(**fields: Any) -> Ints:
    """A monthly level contract of 6 instalments at 12 %, changed by field name in lower case; rates as text."""
    row = empty_contract()
    row[Field.METHOD] = Method.LEVEL
    row[Field.RATE_ANNUAL] = rate(fields.pop("rate_annual", "0.12"))
    row[Field.PENALTY_RATE_ANNUAL] = rate(fields.pop("penalty_rate_annual", "0"))
    row[Field.COUNT] = 6
    row[Field.UNIT] = Unit.MONTH
    row[Field.DAY_COUNT] = DayCount.THIRTY_A_MONTH_360
    row[Field.ROUNDING] = Rounding.HALF_EVEN
    row[Field.OVERDUE_INTEREST] = 1
    steps = fields.pop("waterfall", PENALTIES_FIRST)
    row[Field.WATERFALL : Field.WATERFALL + len(steps)] = steps
    for name, value in fields.items():
        row[Field[name.upper()]] = value
    return row


@st.composite
def drawdowns(draw: st.DrawFn, *, small: bool = False) -> Drawdown:
    """Loans of every method and excess rule, recalculated or not.

    small   tolerances and round instalments that leave some rows within the tolerance
    """
    recalculate = draw(st.integers(0, 1))
    excesses = list(Excess) if recalculate else [Excess.NEXT, Excess.LAST, Excess.SPREAD]
    row = contract(
        rate_annual=draw(st.sampled_from(["0", "0.07", "0.2399", "0.36"])),
        penalty_rate_annual=draw(st.sampled_from(["0", "0", "0.1825"])),
        penalty_grace_days=draw(st.integers(0, 5)),
        method=draw(st.sampled_from([Method.LEVEL, Method.EQUAL_PRINCIPAL, Method.BULLET])),
        count=draw(st.integers(1, 8)),
        day_count=draw(st.sampled_from([DayCount.THIRTY_A_MONTH_360, DayCount.ACTUAL_365_FIXED, DayCount.ACTUAL_ACTUAL_ISDA])),
        smoothing=draw(st.integers(0, 1)),
        engine=draw(st.sampled_from([Engine.PROGRESSIVE, Engine.PROGRESSIVE, Engine.CUMULATIVE])),
        recalculate=recalculate,
        overdue_interest=draw(st.integers(0, 1)),
        payoff=draw(st.sampled_from([payoff for payoff in Payoff if not recalculate or payoff != Payoff.ALL_SCHEDULED])),
        excess=draw(st.sampled_from(excesses)),
        processing=draw(st.sampled_from(list(Processing))),
        down_payment_ppm=draw(st.sampled_from([0, 0, 250_000])),
        arrears_tolerance=draw(st.sampled_from([0, 50, 300, 5_000] if small else [0, 50])),
        installment_multiple=draw(st.sampled_from([0, 100, 9_000])) if small else 0,
        waterfall=draw(st.sampled_from([PENALTIES_FIRST, PRINCIPAL_FIRST])),
    )
    return Drawdown(contract=row, principal_fen=draw(st.integers(1_000, 1_000_000)), disbursed_on=DISBURSED_ON)


_PAYMENTS = st.tuples(
    st.sampled_from([FactKind.PAYMENT, FactKind.PAYMENT, FactKind.PAYMENT, FactKind.PAYOFF]), st.integers(1, 400_000)
)
_CHANGES = st.one_of(
    st.tuples(st.sampled_from([FactKind.CHARGE_FEE, FactKind.CHARGE_PENALTY]), st.integers(1, 5_000)),
    st.tuples(st.just(FactKind.RATE), st.sampled_from([rate("0.05"), rate("0.3")])),
    st.tuples(st.just(FactKind.DISBURSEMENT), st.integers(1_000, 300_000)),
)


@st.composite
def fact_lists(draw: st.DrawFn, *, changes: bool = True) -> Ints:
    """Up to eight facts, at most one of a kind a day, recorded up to 20 days late."""
    chosen = draw(st.lists(st.one_of(_PAYMENTS, _CHANGES) if changes else _PAYMENTS, max_size=8))
    rows = []
    seen = set()
    for kind, amount in chosen:
        on = DISBURSED_ON + draw(st.integers(1, 260))
        if (kind, on) in seen:
            continue
        seen.add((kind, on))
        detail = on + draw(st.integers(-60, 40)) if kind in (FactKind.CHARGE_FEE, FactKind.CHARGE_PENALTY) else 0
        rows.append((kind, on, amount, detail, on + draw(st.integers(0, 20))))
    return fact_rows(rows)
