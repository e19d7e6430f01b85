"""A payment is previewed as it is then booked, and what is booked is the account of what happened, whatever happened."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loanbook import units
from loanbook.loans.account import Drawdown, account_of, fact_rows
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.terms.product import contract_row
from loanbook.units import NEVER
from tests.loans.accounts import DISBURSED_ON, drawdowns
from tests.online.platform import TERMS
from tests.online.test_corrections import OURS
from tests.online.test_day_close import START, Closing
from tests.online.two_persons import decided, hire

COLUMNS = {
    "principal_fen": Piece.PRINCIPAL,
    "interest_fen": Piece.INTEREST,
    "fee_fen": Piece.FEE,
    "penalty_fen": Piece.PENALTY,
    "recovered_fen": Piece.RECOVERED,
}


@pytest.fixture
def platform(tx, vault, tmp_path):
    made = Closing(tx, vault, tmp_path / "settlements")
    hire(made)
    return made


class History:
    """One loan at the desk, and beside it what happened to it, told to the account kernel by the test itself."""

    numbers = itertools.count(1)

    def __init__(self, platform, count):
        self.platform = platform
        platform.today = START
        self.number = next(self.numbers)
        self.loan_id = platform.running(OURS, document=f"history-{self.number}", count=count)
        product = TERMS.product("cash_loan", units.day(START))
        (loan,) = platform.rows("SELECT rate_annual FROM loan WHERE loan_id = %s", self.loan_id)
        contract = contract_row(product, rate_annual=loan["rate_annual"], count=count)
        self.drawdown = Drawdown(contract=contract, principal_fen=500_000, disbursed_on=units.day(START))
        self.facts = {}
        self.charged_off_on = None

    def account(self, facts=None):
        told = self.facts.values() if facts is None else facts
        today = units.day(self.platform.today)
        return account_of(self.drawdown, fact_rows(told), as_of=today, known_on=NEVER - 1)

    def pay(self, amount_fen, days_ago=0, *, payoff=False):
        """Preview, book, and compare both with each other and with the account."""
        on = max(self.platform.today - dt.timedelta(days=days_ago), START)
        options = {"on": on.isoformat()} | ({"payoff": "true"} if payoff else {"amount_fen": str(amount_fen)})
        status, seen = self.platform.look("payment_preview", self.loan_id, **options)
        recovers = self.charged_off_on is not None and on >= self.charged_off_on
        if self.charged_off_on is not None:
            left = self.left(on)
            offered = max(left, 1) if payoff else amount_fen
            if self.excess(FactKind.PAYMENT, on, offered):
                wanted = (409, "more_than_is_owed")
                assert (status, seen["rule"], seen["figures"]["owed_fen"]) == (*wanted, left)
                body = {"loan_id": self.loan_id, "amount_fen": offered, "paid_on": on}
                status, problem = self.platform.ask("repay", provider_reference="too much", **body)
                assert (status, problem["rule"]) == wanted
                return
            assert seen["amount_fen"] == offered
        assert status == 200, seen
        amount_fen = seen["amount_fen"] if payoff else amount_fen
        assert seen["amount_fen"] == amount_fen
        if amount_fen == 0:
            assert self.platform.look("loan", self.loan_id)[1]["outstanding_fen"] == 0
            return
        reference = f"p-{next(self.numbers)}"
        body = {"provider_reference": reference, "amount_fen": amount_fen, "paid_on": on}
        booked = self.platform.done("repay", loan_id=self.loan_id, purpose="payoff" if payoff else "repayment", **body)
        after = ("state", "outstanding_fen", "unapplied_fen", "recovered_fen", "closes", "remaining_fen", "note")
        assert {name: booked[name] for name in after} == {name: seen[name] for name in after}
        kind = FactKind.RECOVERY if recovers else FactKind.PAYOFF if payoff else FactKind.PAYMENT
        self.facts[reference] = (kind, units.day(on), amount_fen)
        if payoff and on == self.platform.today and self.charged_off_on is None:
            assert (booked["state"], booked["outstanding_fen"]) == ("repaid" if booked["unapplied_fen"] >= 0 else "disbursed", 0)
        self.compare_pieces(seen, kind, units.day(on))
        over = booked["state"] == "repaid"
        left = 0 if over else self.owed(self.platform.today)
        assert (booked["closes"], booked["remaining_fen"]) == (left == 0, left)
        assert (booked["note"] != "") == (payoff and left > 0)

    def owed(self, on):
        """What settles the loan on a day, had it not been charged off and had all that came been payments."""
        before = self.as_if()
        payoff = self.as_if((FactKind.PAYOFF, units.day(on), 0)).total(Total.RECEIVED) - before.total(Total.RECEIVED)
        # A refund that lost its money is owed as well.
        return payoff + max(-before.total(Total.UNAPPLIED), 0)

    def as_if(self, *more):
        kinds = {FactKind.RECOVERY: FactKind.PAYMENT}
        facts = [(kinds.get(kind, kind), *rest) for kind, *rest in self.facts.values() if kind != FactKind.CHARGE_OFF]
        return self.account([*facts, *more])

    def excess(self, kind, on, amount_fen):
        """What finds nothing to pay once an amount is offered."""
        accounts = self.as_if(), self.as_if((kind, units.day(on), amount_fen))
        before, after = (max(each.total(Total.UNAPPLIED), 0) for each in accounts)
        return max(after - before, 0)

    def left(self, on):
        """What of it is still owed: money of later days has paid some of it."""
        owed = self.owed(on)
        return owed - self.excess(FactKind.PAYOFF, on, owed) if owed else 0

    def compare_pieces(self, seen, kind, on):
        account = self.account()
        place = np.flatnonzero((account.facts[:, Fact.ON] == on) & (account.facts[:, Fact.KIND] == kind))[-1]
        went = account.pieces[account.pieces[:, Piece.FACT] == place]
        assert [[each[name] for name in COLUMNS] for each in seen["pieces"]] == went[:, list(COLUMNS.values())].tolist()
        due = [None if row < 0 else units.date(account.rows[row, Row.DUE_ON]).isoformat() for row in went[:, Piece.ROW]]
        assert [each["due_on"] for each in seen["pieces"]] == due

    def bounce(self, place):
        if self.facts:
            reference = list(self.facts)[place % len(self.facts)]
            if self.facts[reference][0] != FactKind.CHARGE_OFF:
                self.platform.done("give_back", provider_reference=reference, reason="no funds")
                del self.facts[reference]

    def refund(self, part):
        unapplied = self.account().total(Total.UNAPPLIED)
        if unapplied > 0 and self.charged_off_on is None:
            amount_fen = 1 + part % unapplied
            done = decided(self.platform, "refund", self.loan_id, {"amount_fen": amount_fen})
            (row,) = self.platform.rows("SELECT provider_reference FROM payment WHERE payment_id = %s", done["payment_id"])
            self.facts[row["provider_reference"]] = (FactKind.PAYMENT, units.day(self.platform.today), -amount_fen)

    def write_off(self):
        if self.platform.look("loan", self.loan_id)[1]["state"] == "disbursed":
            decided(self.platform, "write_off", self.loan_id, {"cause": "fraud"})
            self.charged_off_on = self.platform.today
            self.facts["written off"] = (FactKind.CHARGE_OFF, units.day(self.platform.today), 0)

    def compare(self):
        """What the desk shows is the account of what happened."""
        account, shown = self.account(), self.platform.look("loan", self.loan_id)[1]
        totals = Total.OUTSTANDING, Total.UNAPPLIED, Total.RECOVERED
        assert [shown["outstanding_fen"], shown["unapplied_fen"], shown["recovered_fen"]] == [
            account.total(each) for each in totals
        ]
        paid = account.rows[:, [Row.PAID_PRINCIPAL, Row.PAID_INTEREST, Row.PAID_FEE, Row.PAID_PENALTY]].sum(axis=1)
        assert [each["paid_fen"] for each in shown["instalments"]] == paid.tolist()
        over = account.total(Total.OUTSTANDING) == 0 and account.total(Total.UNAPPLIED) >= 0
        assert shown["state"] == ("charged_off" if self.charged_off_on else "repaid" if over else "disbursed")
        assert paid.sum() + account.total(Total.UNAPPLIED) + account.total(Total.RECOVERED) == account.total(Total.RECEIVED)


STEP = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 70)),
    st.tuples(st.just("pay"), st.one_of(st.integers(1, 120_000), st.integers(1, 700_000))),
    st.tuples(st.just("late"), st.integers(1, 90)),
    st.tuples(st.just("payoff"), st.integers(0, 40)),
    st.tuples(st.just("bounce"), st.integers(0, 20)),
    st.tuples(st.just("refund"), st.integers(0, 10**6)),
    st.tuples(st.just("write_off"), st.just(0)),
)


def test_what_is_previewed_is_what_is_booked_over_random_histories(platform):
    @given(st.sampled_from([3, 6, 12]), st.lists(STEP, min_size=2, max_size=12))
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(count, steps):
        history = History(platform, count)
        for what, number in steps:
            if what == "wait":
                platform.today += dt.timedelta(days=number)
            elif what == "pay":
                history.pay(number)
            elif what == "late":
                history.pay(number * 1_000, days_ago=number)
            elif what == "payoff":
                history.pay(0, days_ago=number if number > 20 else 0, payoff=True)
            elif what == "bounce":
                history.bounce(number)
            elif what == "refund":
                history.refund(number)
            else:
                history.write_off()
            history.compare()

    holds()


def test_a_payment_of_a_day_ahead_is_thought_of_as_if_nothing_else_came(platform):
    loan_id = platform.running(OURS)
    day = START + dt.timedelta(days=45)
    seen = platform.look("payment_preview", loan_id, payoff="true", on=day.isoformat())[1]
    assert (seen["on"], seen["state"], seen["outstanding_fen"]) == (day.isoformat(), "repaid", 0)
    today = platform.look("payment_preview", loan_id, payoff="true")[1]
    assert today["amount_fen"] < seen["amount_fen"]
    platform.today = day
    assert platform.look("payment_preview", loan_id, payoff="true")[1] == seen
    body = {"amount_fen": seen["amount_fen"], "paid_on": day, "provider_reference": "in", "purpose": "payoff"}
    booked = platform.done("repay", loan_id=loan_id, **body)
    assert (booked["state"], booked["outstanding_fen"], booked["unapplied_fen"]) == ("repaid", 0, 0)


def test_a_payoff_that_is_a_fen_short_says_so_before_and_after(platform):
    loan_id = platform.running(OURS)
    platform.today = START + dt.timedelta(days=45)
    whole = platform.look("payment_preview", loan_id, payoff="true")[1]
    assert (whole["payoff_fen"], whole["closes"], whole["remaining_fen"], whole["note"]) == (whole["amount_fen"], True, 0, "")
    short = whole["payoff_fen"] - 1
    seen = platform.look("payment_preview", loan_id, payoff="true", amount_fen=str(short))[1]
    assert (seen["payoff_fen"], seen["amount_fen"], seen["closes"], seen["state"]) == (short + 1, short, False, "disbursed")
    assert seen["remaining_fen"] >= 1
    body = {"loan_id": loan_id, "paid_on": platform.today}
    booked = platform.done("repay", amount_fen=short, provider_reference="in-1", purpose="payoff", **body)
    assert (booked["closes"], booked["remaining_fen"]) == (False, seen["remaining_fen"])
    came, left = units.format_money(short), units.format_money(booked["remaining_fen"])
    assert booked["note"] == seen["note"]
    assert f"{came} came as a payoff" in booked["note"]
    assert f"{left} settles it" in booked["note"]
    # What it says is what it takes.
    body |= {"provider_reference": "in-2", "amount_fen": booked["remaining_fen"], "purpose": "payoff"}
    done = platform.done("repay", **body)
    assert (done["state"], done["closes"], done["remaining_fen"], done["unapplied_fen"]) == ("repaid", True, 0, 0)
    # An ordinary payment that leaves something is no surprise and needs no note.
    other = platform.running(OURS, document="2")
    part = platform.done("repay", loan_id=other, amount_fen=100, provider_reference="in-3", paid_on=platform.today)
    assert (part["closes"], part["note"]) == (False, "")
    assert part["remaining_fen"] == platform.look("payment_preview", other, payoff="true")[1]["payoff_fen"]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, "amount_not_understood"),
        ({"amount_fen": "0"}, "amount_not_understood"),
        ({"amount_fen": "1.5"}, "amount_not_understood"),
        ({"amount_fen": "0" * 25 + "9" * 30}, "amount_not_understood"),
        ({"amount_fen": "9" * 14}, "amount_not_understood"),
        ({"amount_fen": "5", "on": "2024-05-05"}, "day_out_of_order"),
        ({"amount_fen": "5", "on": "tomorrow"}, "day_out_of_order"),
        ({"amount_fen": "5", "on": "9999-12-31"}, "day_out_of_order"),
    ],
)
def test_a_preview_of_what_cannot_be_paid_is_refused_in_words(platform, options, rule):
    loan_id = platform.running(OURS)
    status, problem = platform.look("payment_preview", loan_id, **options)
    assert (status, problem["rule"]) == (422, rule)


@given(
    drawdowns(),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 300_000)), min_size=1, max_size=5),
    st.integers(1, 500_000),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 50_000)), max_size=2),
)
@settings(max_examples=300, deadline=None)
def test_a_refund_leaves_less_unapplied_and_moves_nothing_else(loan, paid, too_much, part, after):
    """Under every method and rule: a refund is money below 0 that the account kernel holds against what it held."""
    facts = [(FactKind.PAYMENT, DISBURSED_ON + days, amount) for days, amount in paid]
    day = max(on for _, on, _ in facts) + 10
    facts.append((FactKind.PAYMENT, day, 4 * loan.principal_fen + too_much))
    unapplied = account_of(loan, fact_rows(facts), as_of=day, known_on=NEVER - 1).total(Total.UNAPPLIED)
    refund = 1 + part % unapplied
    facts += [(FactKind.PAYMENT, day + days, amount) for days, amount in after]
    for as_of in (day, day + 300):
        without = account_of(loan, fact_rows(facts), as_of=as_of, known_on=NEVER - 1)
        found = account_of(loan, fact_rows([*facts, (FactKind.PAYMENT, day, -refund)]), as_of=as_of, known_on=NEVER - 1)
        assert np.array_equal(found.rows, without.rows)
        money = [column for column in Piece if column is not Piece.FACT]
        assert np.array_equal(found.pieces[:, money], without.pieces[:, money])
        moved = {Total.UNAPPLIED, Total.RECEIVED}
        for column in Total:
            if column < Total.PERIODS:
                assert found.total(column) == without.total(column) - (refund if column in moved else 0), column
