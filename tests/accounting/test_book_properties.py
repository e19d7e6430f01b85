"""What must hold of the books of any loans: small random books of every model, closed twice and once.

Compact loans of tests/measures/random_loans.py, and loans with the odd facts of tests/loans/accounts.py: partial and early
payments, new rates, charges, further disbursements, told up to twenty days late.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from loanbook.accounting.journal import by_account, check_balanced, of_basis, trial_balance
from loanbook.accounting.posting import rule_table
from loanbook.errors import TieError
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.batches import Classes, IrregularBatch
from loanbook.loans.dates import month_end, month_index
from loanbook.loans.facts import Fact, Total
from loanbook.services.bookkeeping import post_by
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Model
from loanbook.terms.families import LEDGER
from loanbook.terms.posting_rule import BASES
from loanbook.units import NEVER
from tests.accounting.journals import RULES, close_one, role_rows
from tests.loans.accounts import DISBURSED_ON, drawdowns, fact_lists
from tests.measures.random_loans import CLASSES, SINCE, build, one_loan

EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = {
    "loan": {"model": "capital_heavy"},
    "policy": {"model": {"lender_rate": 0.065, "upfront_share": 0.70, "compensation_dpd": 60, "guarantee_margin": 0.10}},
    "estimates": {
        "lifetime_loss": {"current": 0.031, "1-30": 0.17, "past_due": 0.77},
        "twelve_month_loss": {"current": 0.021, "1-30": 0.15, "past_due": 0.77},
        "collectable": {"current": 0.93, "1-30": 0.8, "past_due": 0.2},
        "net_payout_at_inception": 0.027,
        "prepaid_a_month": 0.03,
    },
}
BY_RULES = rule_table(RULES)
FIRST_MONTH = int(month_index(SINCE))
PLACE = {name: place for place, name in enumerate(LEDGER.columns)}
OWN, SERVED, GUARANTEED = ("on_balance_sheet",), ("capital_heavy", "capital_light"), ("capital_heavy",)
PARTNERS = ("referral", "technology", "technology_discontinued")
CLOSING = {
    "both": {
        ("1310", "1311"): (OWN, "outstanding"),
        ("1312",): (OWN, "interest_earned-interest_collected-interest_written_off"),
        ("1120", "1121"): (
            (*SERVED, *PARTNERS),
            "upfront+over_time-fee_collected-fee_written_off+fee_ahead+flat_fee-flat_fee_confirmed",
        ),
        ("2156",): (SERVED, "-fee_ahead"),
        ("1110",): (PARTNERS, "flat_fee_confirmed-flat_fee_collected"),
        ("1129",): (SERVED, "-fee_allowance"),
        ("1298",): (OWN, ""),
        ("1398",): (OWN, ""),
        ("2198",): (OWN, ""),
    },
    "us_gaap": {
        ("1315",): (OWN, "deferred-amortised-costs_written_off"),
        ("1319",): (OWN, "-loan_allowance"),
        ("1210", "1211"): (GUARANTEED, "guarantee_fee-guarantee_fee_collected-guarantee_fee_written_off"),
        ("1219",): (GUARANTEED, "-guarantee_fee_allowance"),
        ("2140",): (GUARANTEED, "released-guarantee_fee"),
        ("2150",): (GUARANTEED, "-contingent"),
    },
    "ifrs": {
        ("1315",): (OWN, "deferred-amortised_ifrs-costs_written_off"),
        ("1319",): (OWN, "-loan_allowance_ifrs"),
        ("1210", "1211", "1219", "2140"): (GUARANTEED, ""),
        ("1213",): (GUARANTEED, "released-guarantee_fee_collected-guarantee_fee_written_off+premium_received"),
        ("2150",): (GUARANTEED, "-contingent_ifrs"),
        ("2155",): (GUARANTEED, "-premium_received"),
    },
}
"""What accounts must stand at: a sum of what loans of some models have come to by the close."""


def month_ends(first, last):
    """A day of the last close and of this one: two month ends."""
    months = st.lists(st.integers(first, last), min_size=2, max_size=2, unique=True)
    return months.map(lambda pair: tuple(int(month_end(month)) for month in sorted(pair)))


def closed(batch, classes, days, since):
    """Consecutive closes on days, the first with everything since the book began."""
    found, last, start = [], None, int(month_end(month_index(since) - 1)) + 1
    for day in days:
        last = close_one(batch, WORDS, classes, day, last, start, BY_RULES, since=since)
        found.append(last)
        start = day + 1
    return found


def standing(close, models, formula):
    """What the loans of some models have come to."""
    places = [number for number, group in enumerate(close.space.groups) if group[1] in models]
    sums = close.cells.ledger[places].sum(axis=(0, 1))
    total = 0
    for term in formula.replace("-", "+-").split("+"):
        if term:
            total += int(sums[PLACE[f"{term.removeprefix('-')}_fen"]]) * (-1 if term.startswith("-") else 1)
    return total


def held_for_borrowers(batch, classes, as_of):
    """What the accounts of loans whose money we collect hold unapplied, as known on the day."""
    total = 0
    if isinstance(batch, IrregularBatch):
        for at, drawn in enumerate(batch.class_no):
            if Model(classes.rows[drawn, Field.MODEL]).name.lower() in (*OWN, *SERVED):
                start, stop = batch.fact_offsets[at : at + 2]
                names = ("kind", "on", "amount", "detail", "recorded_on")
                facts = fact_rows(zip(*(getattr(batch, f"fact_{name}")[start:stop].tolist() for name in names), strict=True))
                made = Drawdown(
                    contract=classes.rows[drawn],
                    principal_fen=int(batch.principal_fen[at]),
                    disbursed_on=int(batch.disbursed_on[at]),
                )
                total += account_of(made, facts, as_of=as_of, known_on=as_of).total(Total.UNAPPLIED)
    return total


def check(closes, once, batch, classes):
    for close in closes:
        entries = close.entries
        check_balanced(trial_balance(entries))
        check_balanced(close.balances)
        assert set(entries["entity"].to_pylist()) <= {"lender", "facilitator", "guarantor", "technology_provider"}
        assert pc.min(entries["amount_fen"]).as_py() is None or pc.min(entries["amount_fen"]).as_py() > 0
        for basis in BASES:
            held = {
                row["account"]: row["amount_fen"] for row in by_account(of_basis(close.balances, basis), ("account",)).to_pylist()
            }
            for accounts, (models, formula) in (CLOSING["both"] | CLOSING[basis]).items():
                stands = sum(held.get(account, 0) for account in accounts)
                assert stands == standing(close, models, formula), (basis, accounts)
            assert held.get("2117", 0) == -held_for_borrowers(batch, classes, close.space.window.as_of), basis
    first, last = closes
    everything = pa.concat_tables([first.entries, last.entries])
    assert len(set(everything["entry_id"].to_pylist())) == everything.num_rows
    # Opening + movements = closing, for every account and each column of its roll-forward.
    moved, opening = columns(trial_balance(last.entries)), columns(first.balances)
    assert opening + moved == columns(last.balances)
    assert columns(trial_balance(everything)) == columns(last.balances)
    # Two closes come to what one comes to.
    keys = ("book", "entity", "account")
    assert nonzero(by_account(last.balances, keys)) == nonzero(by_account(once.balances, keys))
    # Posting again writes the same.
    assert post_by(last.amounts, BY_RULES, role_rows()).equals(last.entries)


class Sums(dict):
    """Signed sums by key, zeros left out; the comparison of two is exact."""

    def __add__(self, other):
        total = {key: self.get(key, 0) + other.get(key, 0) for key in {*self, *other}}
        return Sums({key: amount for key, amount in total.items() if amount})


def columns(balances):
    found = Sums()
    for row in balances.to_pylist():
        key = tuple(row[name] for name in ("book", "entity", "account", "column"))
        found = found + Sums({key: row["amount_fen"]})
    return found


def nonzero(table):
    return [row for row in table.to_pylist() if row["amount_fen"]]


@EXAMPLES
@given(drawn=st.lists(one_loan(), min_size=1, max_size=8), days=month_ends(FIRST_MONTH, FIRST_MONTH + 19))
def test_books_of_any_loans_balance_close_and_post_alike_however_often(drawn, days):
    batch, _ = build(drawn)
    check(closed(batch, CLASSES, days, SINCE), closed(batch, CLASSES, days[1:], SINCE)[0], batch, CLASSES)


@EXAMPLES
@given(
    loans=st.lists(st.tuples(drawdowns(small=True), fact_lists(), st.sampled_from(list(Model))), min_size=1, max_size=4),
    days=month_ends(int(month_index(DISBURSED_ON)), int(month_index(DISBURSED_ON)) + 11),
)
def test_books_of_loans_with_odd_facts_do_too(loans, days):
    batch, classes = carrying(loans)
    check(closed(batch, classes, days, DISBURSED_ON), closed(batch, classes, days[1:], DISBURSED_ON)[0], batch, classes)


def carrying(loans):
    """Loans with facts as a batch, each with a terms class of its own."""
    rows = []
    for number, (drawdown, _, model) in enumerate(loans):
        row = drawdown.contract.copy()
        row[Field.MODEL], row[Field.PRODUCT], row[Field.SEGMENT] = model, number % 2, 0
        row[Field.TENOR_MONTHS], row[Field.CHARGE_OFF_DAYS] = row[Field.COUNT], 180
        rows.append(row)
    facts = [facts for _, facts, _ in loans]
    offsets = np.concatenate([[0], np.cumsum([len(each) + 1 for each in facts])])
    first = np.zeros((1, facts[0].shape[1]), np.int64)
    whole = []
    for (drawdown, _, _), each in zip(loans, facts, strict=True):
        made = first.copy()
        made[0, [Fact.ON, Fact.RECORDED_ON]] = drawdown.disbursed_on
        made[0, Fact.AMOUNT] = drawdown.principal_fen
        whole += [made, each]
    table = np.concatenate(whole)
    count, none = len(loans), np.zeros(0, np.int64)
    batch = IrregularBatch(
        loan_no=np.arange(count),
        class_no=np.arange(count, dtype=np.int32),
        principal_fen=np.array([drawdown.principal_fen for drawdown, _, _ in loans]),
        disbursed_on=np.full(count, DISBURSED_ON, np.int32),
        first_due_on=np.full(count, NEVER, np.int32),
        installment_fen=np.zeros(count, np.int64),
        ordinal=np.ones(count, np.int32),
        fact_offsets=offsets,
        fact_kind=table[:, Fact.KIND].astype(np.int8),
        fact_on=table[:, Fact.ON].astype(np.int32),
        fact_recorded_on=table[:, Fact.RECORDED_ON].astype(np.int32),
        fact_amount=table[:, Fact.AMOUNT],
        fact_detail=table[:, Fact.DETAIL],
        listed_offsets=np.zeros(count + 1, np.int64),
        listed_due_on=none.astype(np.int32),
        listed_principal=none,
        listed_interest=none,
        listed_fee=none,
    )
    return batch, Classes(rows=np.array(rows), products=("cash_loan", "pay_later"), segments=("consumer",))


@EXAMPLES
@given(drawn=st.lists(one_loan(), min_size=1, max_size=3), day=month_ends(FIRST_MONTH, FIRST_MONTH + 19), data=st.data())
def test_a_close_without_a_rule_for_some_amount_says_which(drawn, day, data):
    batch, _ = build(drawn)
    (close,) = closed(batch, CLASSES, day[1:], SINCE)
    used = Counter(zip(close.entries["kind"].to_pylist(), close.entries["component"].to_pylist(), strict=True))
    assume(used)
    kind, component = data.draw(st.sampled_from(sorted(used)))
    left = BY_RULES.filter(pc.invert(pc.and_(pc.equal(BY_RULES["kind"], kind), pc.equal(BY_RULES["component"], component))))
    with pytest.raises(TieError, match=f"meet no posting rule: .*{kind} {component}") as refused:
        post_by(close.amounts, left, role_rows())
    assert "Add a rule, or one that says no entry." in str(refused.value)
