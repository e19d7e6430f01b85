"""Positions of many loans equal the account of each."""

import datetime as dt

import numpy as np
import pytest

from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.batches import IrregularBatch
from loanbook.loans.delinquency import dpd
from loanbook.loans.facts import FactKind, Row, Total
from loanbook.loans.positions import Position, positions
from loanbook.terms.catalogue import products_in
from loanbook.terms.product import contract_row
from loanbook.units import NEVER, day

CASH = next(product for product in products_in() if product.code == "cash_loan")
START = day(dt.date(2024, 5, 6))
CLASSES = np.array([contract_row(CASH, rate_annual=rate * 10**10, count=count) for rate in (12, 24) for count in (3, 6)])


def batch_of(loans):
    """loans: (class, principal, disbursed_on, [(kind, on, amount)])."""
    facts = [fact for loan in loans for fact in loan[3]]
    count = len(loans)
    empty = np.zeros(0, np.int64)
    return IrregularBatch(
        loan_no=np.arange(count),
        class_no=np.array([loan[0] for loan in loans], np.int32),
        principal_fen=np.array([loan[1] for loan in loans], np.int64),
        disbursed_on=np.array([loan[2] for loan in loans], np.int32),
        first_due_on=np.full(count, NEVER, np.int32),
        installment_fen=np.zeros(count, np.int64),
        ordinal=np.zeros(count, np.int32),
        fact_offsets=np.cumsum([0] + [len(loan[3]) for loan in loans]).astype(np.int64),
        fact_kind=np.array([fact[0] for fact in facts], np.int8),
        fact_on=np.array([fact[1] for fact in facts], np.int32),
        fact_recorded_on=np.array([fact[1] for fact in facts], np.int32),
        fact_amount=np.array([fact[2] for fact in facts], np.int64),
        fact_detail=np.zeros(len(facts), np.int64),
        listed_offsets=np.zeros(count + 1, np.int64),
        listed_due_on=empty.astype(np.int32),
        listed_principal=empty,
        listed_interest=empty,
        listed_fee=empty,
    )


@pytest.mark.plain
@pytest.mark.parametrize("days", [0, 31, 40, 150, 400])
def test_positions_equal_the_account_of_each_loan(days):
    random = np.random.default_rng(days)
    loans = []
    for number in range(12):
        paid = sorted(random.integers(1, 200, number % 4).tolist())
        facts = [(int(FactKind.PAYMENT), START + on, int(random.integers(1, 30_000))) for on in paid]
        loans.append((number % 4, 100_000 + 137 * number, START + number // 4, facts))
    as_of = START + days
    found = positions(batch_of(loans), CLASSES, as_of)
    for out, (chosen, principal, disbursed_on, facts) in zip(found, loans, strict=True):
        drawdown = Drawdown(contract=CLASSES[chosen], principal_fen=principal, disbursed_on=disbursed_on)
        account = account_of(drawdown, fact_rows(facts), as_of=as_of, known_on=NEVER - 1)
        final = account_of(drawdown, fact_rows(facts), as_of=as_of + 1000, known_on=NEVER - 1)
        late = account.rows[account.rows[:, Row.DUE_ON] < as_of]
        owed = late[:, Row.PRINCIPAL : Row.PENALTY + 1] - late[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1]
        assert out[Position.DPD] == dpd(account)
        assert out[Position.OVERDUE] == owed.sum()
        assert out[Position.OVERDUE_PRINCIPAL] == owed[:, 0].sum()
        assert out[Position.OUTSTANDING] == account.total(Total.OUTSTANDING)
        assert out[Position.PAID_INTEREST] == account.rows[:, Row.PAID_INTEREST].sum()
        assert out[Position.RECEIVED] == account.total(Total.RECEIVED)
        assert out[Position.PAID_PRINCIPAL : Position.PAID_PENALTY + 1].sum() + out[Position.UNAPPLIED] == out[Position.RECEIVED]
        assert out[Position.REPAID_FINALLY] == final.total(Total.LENT) - final.total(Total.OUTSTANDING)
