"""The auditor's account by hand agrees with the account kernel, over whatever is paid when."""

import datetime as dt
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook import units
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.facts import FactKind, Row, Total
from loanbook.simulator.play.naive_account import Contract, Instalment, Payment, account, month_later
from loanbook.terms.catalogue import in_force, products_in
from loanbook.terms.product import contract_row

DRAWN = dt.date(2025, 1, 31)
PRODUCTS = products_in()
RATE = Decimal("0.2159")


def kernel_account(product, count, principal_fen, payments, as_of):
    terms = in_force(PRODUCTS, product, units.day(DRAWN))
    contract = contract_row(terms, rate_annual=units.rate(str(RATE)), count=count)
    drawdown = Drawdown(contract=contract, principal_fen=principal_fen, disbursed_on=units.day(DRAWN))
    kinds = {False: FactKind.PAYMENT, True: FactKind.PAYOFF}
    facts = [(kinds[each.settles], units.day(each.paid_on), each.amount_fen) for each in payments if each.stands]
    return account_of(drawdown, fact_rows(facts), as_of=units.day(as_of), known_on=units.NEVER - 1)


def schedule_of(product, count, principal_fen):
    rows = kernel_account(product, count, principal_fen, [], DRAWN).rows
    return tuple(
        Instalment(
            due_on=units.date(int(row[Row.DUE_ON])),
            principal_fen=int(row[Row.PRINCIPAL]),
            interest_fen=int(row[Row.INTEREST]),
            fee_fen=int(row[Row.FEE]),
        )
        for row in rows
    )


paid = st.builds(
    lambda after, amount, settles, stands: (DRAWN + dt.timedelta(days=after), amount, settles, stands),
    st.integers(0, 500),
    st.one_of(st.integers(1, 400_000), st.integers(1, 2_000_000)),
    st.booleans(),
    st.sampled_from([True, True, True, False]),
)


@settings(max_examples=150, deadline=None)
@given(
    product=st.sampled_from(["cash_loan", "small_business_loan", "pay_later"]),
    count=st.sampled_from([6, 12]),
    principal_fen=st.integers(3_000_00, 5_000_00),
    told=st.lists(paid, max_size=8),
)
def test_it_agrees_with_the_kernel(product, count, principal_fen, told):
    payments = [
        Payment(reference=str(number), paid_on=on, amount_fen=amount, settles=settles, stands=stands)
        for number, (on, amount, settles, stands) in enumerate(sorted(told))
    ]
    as_of = DRAWN + dt.timedelta(days=600)
    contract = Contract(product=product, rate_annual=RATE, disbursed_on=DRAWN)
    by_hand = account(contract, schedule_of(product, count, principal_fen), payments)
    ours = kernel_account(product, count, principal_fen, payments, as_of)
    assert by_hand.outstanding_fen == ours.total(Total.OUTSTANDING)
    assert abs(by_hand.unapplied_fen - ours.total(Total.UNAPPLIED)) <= 1
    behind = ours.rows[(ours.rows[:, Row.DUE_ON] < units.day(as_of)) & (ours.rows[:, Row.CLEARED_ON] > units.day(as_of))]
    days = units.day(as_of) - int(behind[:, Row.DUE_ON].min()) if len(behind) else 0
    assert by_hand.late(as_of, product)[0] == days


def test_months_end_where_there_is_no_such_day():
    assert [month_later(dt.date(2025, 1, 31), number) for number in (1, 2, 13)] == [
        dt.date(2025, 2, 28),
        dt.date(2025, 3, 31),
        dt.date(2026, 2, 28),
    ]
