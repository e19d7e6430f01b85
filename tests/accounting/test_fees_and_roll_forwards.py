"""Referral and technology fees, value-added tax, and roll-forwards that must close."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.roll_forward import RollForward
from loanbook.errors import TieError
from loanbook.loans.earning_partner_fee import Confirmation, Fee
from loanbook.loans.earning_spread import by_days
from loanbook.units import NEVER, day
from tests.accounting.kernels import net_and_tax, partner_fees

pytestmark = pytest.mark.plain


def test_a_referral_is_a_contract_asset_until_its_month_is_confirmed():
    """RMB 5,000 at 2.6 % on 10 January; January's list is confirmed 15 days after its end, paid on 1 March."""
    dates = ["2024-01-09", "2024-01-10", "2024-02-14", "2024-02-15", "2024-03-01"]
    rows = [
        partner_fees(500_000, 26_000, day("2024-01-10"), day=day(on), lag_days=15, collected=13_000 if on >= "2024-03" else 0)[0]
        for on in dates
    ]
    balances = [(row[Fee.EARNED] - row[Fee.CONFIRMED], row[Fee.CONFIRMED] - row[Fee.COLLECTED]) for row in rows]
    assert balances == [(0, 0), (13_000, 0), (13_000, 0), (0, 13_000), (0, 0)]


def test_a_cancelled_loan_earns_no_fee_and_what_was_paid_is_owed_back():
    found = partner_fees(500_000, 26_000, 0, day=50, lag_days=0, cancelled_on=50, collected=13_000)[0]
    assert found.tolist() == [0, 0, 13_000]


def test_a_fee_by_volume_is_confirmed_at_once():
    found = partner_fees([100_000, 1], 1_000, 7, day=7, lag_days=0, basis=Confirmation.FROM_THE_DAY)
    assert found[:, Fee.CONFIRMED].tolist() == found[:, Fee.EARNED].tolist() == [100, 0]


@given(st.integers(-(10**15), 10**15), st.integers(0, 200_000))
def test_revenue_and_tax_are_the_gross_amount(gross, tax_ppm):
    revenue, tax = net_and_tax(gross, tax_ppm)
    assert revenue + tax == gross
    assert 2 * abs(revenue * (1_000_000 + tax_ppm) - gross * 1_000_000) <= 1_000_000 + tax_ppm
    assert net_and_tax(-gross, tax_ppm) == (-revenue, -tax)


def test_a_term_of_no_days_is_earned_at_once():
    assert by_days(100, 5, 5, NEVER, 5) == 100
    assert by_days(100, 5, 5, NEVER, 4) == 0


def test_a_roll_forward_that_does_not_close_says_every_figure():
    with pytest.raises(TieError) as refused:
        RollForward(title="Allowance 2024", opening=1_000, movements={"provision": 500, "write-off": -200}, closing=1_301)
    assert str(refused.value) == (
        "Allowance 2024 does not close: opening 1,000, provision +500, write-off -200 make 1,300, "
        "but the closing balance is 1,301, +1 off."
    )
    assert RollForward(title="rounded", opening=1, movements={"a": 1}, closing=3, tolerance=1).closing == 3
