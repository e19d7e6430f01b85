"""The account kernel against its naive twin in Decimal: loans whose schedule stands."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.loans.accounts import DISBURSED_ON, contract
from tests.reference.account import COMPONENTS, TIMINGS, Instalment, NaiveAccount

from loanbook.kernel import COMPILED
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.facts import FactKind, Row, Total
from loanbook.loans.schedule import schedules
from loanbook.terms.conventions import Excess, Payoff, Processing
from loanbook.units import NEVER

pytestmark = pytest.mark.plain
ALL_STEPS = [(timing, component) for timing in range(3) for component in range(4)]


@settings(max_examples=300 if COMPILED else 120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.permutations(ALL_STEPS),
    st.sampled_from([Excess.NEXT, Excess.LAST, Excess.SPREAD]),
    st.sampled_from(list(Processing)),
    st.integers(1, 7),
    st.lists(
        st.tuples(
            st.sampled_from([FactKind.PAYMENT, FactKind.PAYMENT, FactKind.CHARGE_FEE, FactKind.CHARGE_PENALTY]),
            st.integers(1, 240),
            st.integers(1, 60_000),
            st.booleans(),
            st.integers(-60, 40),
        ),
        max_size=8,
    ),
    st.sampled_from([0, 50, 16_000, 40_000]),
    st.booleans(),
    st.integers(0, 40),
)
def test_every_row_is_paid_as_the_twin_pays_it(
    steps: list[tuple[int, int]],
    excess: Excess,
    processing: Processing,
    count: int,
    happened: list[tuple[FactKind, int, int, bool, int]],
    tolerance: int,
    late_charge: bool,
    grace_days: int,
) -> None:
    codes = [4 * timing + component for timing, component in steps]
    row = contract(
        count=count,
        excess=excess,
        processing=processing,
        waterfall=codes,
        payoff=Payoff.ALL_SCHEDULED,
        arrears_tolerance=tolerance,
        penalty_rate_annual="0.1825" if late_charge else "0",
        penalty_grace_days=grace_days,
    )
    drawdown = Drawdown(contract=row, principal_fen=100_000, disbursed_on=DISBURSED_ON)
    due_on, principal, interest = schedules(row, 100_000, DISBURSED_ON)
    twin = NaiveAccount(
        instalments=[
            Instalment(
                int(due_on[0, place]),
                {
                    "penalty": Decimal(0),
                    "fee": Decimal(0),
                    "interest": Decimal(int(interest[0, place])),
                    "principal": Decimal(int(principal[0, place])),
                },
            )
            for place in range(count)
        ],
        steps=[(TIMINGS[timing], COMPONENTS[component]) for timing, component in steps],
        excess=excess.name.lower(),
        vertical=processing == Processing.VERTICAL,
        tolerance=Decimal(tolerance),
        late_charge_a_day=Decimal("0.0005") if late_charge else Decimal(0),
        grace_days=grace_days,
        day=DISBURSED_ON,
    )
    rows = []
    reversals = []
    for kind, age, amount, bounced, ahead in happened:
        on = DISBURSED_ON + age
        if bounced:
            reversals.append((FactKind.REVERSAL, on + 3, 0, len(rows)))
        rows.append((kind, on, amount, on + ahead if kind != FactKind.PAYMENT else 0))
    for kind, age, amount, _, ahead in sorted((fact for fact in happened if not fact[3]), key=lambda fact: (fact[1], fact[0])):
        on = DISBURSED_ON + age
        twin.advance(on)
        if kind == FactKind.PAYMENT:
            twin.pay(Decimal(amount), on)
        else:
            twin.charge("fee" if kind == FactKind.CHARGE_FEE else "penalty", Decimal(amount), on + ahead, on)
    twin.advance(DISBURSED_ON + 300)
    account = account_of(drawdown, fact_rows([*rows, *reversals]), as_of=DISBURSED_ON + 300, known_on=NEVER)
    assert account.total(Total.UNAPPLIED) == twin.held
    assert len(account.rows) == len(twin.instalments)
    for line, item in zip(account.rows, twin.instalments, strict=True):
        assert line[Row.DUE_ON] == item.due_on
        for component, name in enumerate(COMPONENTS):
            column = 4 - component
            assert (line[column], line[column + 4]) == (item.due[name], item.paid[name])
        assert (None if line[Row.SETTLED_ON] == NEVER else line[Row.SETTLED_ON]) == item.settled_on
        assert (None if line[Row.CLEARED_ON] == NEVER else line[Row.CLEARED_ON]) == item.cleared_on
