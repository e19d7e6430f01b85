"""A vehicle's books: every change is a movement, their sum is the state, and cash only comes and goes through payments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.funding.vehicles import vehicle

from loanbook.errors import RequestError
from loanbook.funding.vehicle_ledger import (
    Ledger,
    Movement,
    distributed,
    moved,
    opening,
    received,
    state_of,
    subscriptions,
    swept_fen,
    to_payees,
)
from loanbook.funding.vehicle_state import breached_triggers, phase_on
from loanbook.funding.waterfall import run_waterfall
from loanbook.terms.vehicle import Phase, Received

pytestmark = pytest.mark.plain
CODES = ("bluewater_abs_1", "harbour_trust_1")
MONEY = st.integers(-200_000, 3_000_000_000)


def empty_ledger(code: str, opened_on: int) -> Ledger:
    """Books that nothing has happened in."""
    return Ledger(
        vehicle=code,
        opened_on=opened_on,
        paid_to=opened_on,
        accounts_fen={},
        tranches_fen={},
        unpaid_fen={},
        breached=(),
        lending_fen=0,
        deposit_fen=0,
    )


@st.composite
def history(draw):
    """A vehicle with receipts (some taken back), what was lent, and what defaulted, before each of some payment dates."""
    periods = [
        (
            {kind: draw(MONEY) for kind in draw(st.sets(st.sampled_from(list(Received)), max_size=4))},
            draw(st.integers(0, 12_000_000_000)),
            draw(st.integers(0, 13)),
            draw(st.integers(0, 1_000_000_000)),
            draw(st.integers(1, 200)),
            draw(st.booleans()),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    return vehicle(draw(st.sampled_from(CODES))), periods


def lived(terms, periods):
    """Ledger before and after each payment date with what happened on it."""
    ledger = moved(empty_ledger(terms.code, terms.begins_on), opening(terms))
    on = terms.begins_on
    for came, lent, percent, defaulted, days, lends in periods:
        ledger = moved(ledger, received(terms, came, lent_fen=lent))
        on += days
        state, lacking = state_of(terms, ledger)
        ratios = {"cumulative_default": (percent, 100), "delinquency_90": (percent, 100)}
        breached = breached_triggers(terms, state.breached, ratios)
        swept = swept_fen(ledger, phase_on(terms, breached, on), breached, lends=lends)
        done = run_waterfall(
            terms, state, {Received.PRINCIPAL: swept}, ratios=ratios, on=on, offered_fen=lent, defaulted_fen=defaulted
        )
        movement = distributed(terms, state, done, swept)
        after = moved(ledger, movement)
        yield ledger, lacking, done, movement, after, lends
        ledger = empty_ledger(terms.code, terms.begins_on)
        ledger = type(ledger)(
            vehicle=terms.code,
            opened_on=terms.begins_on,
            paid_to=on,
            accounts_fen=after.accounts_fen,
            tranches_fen=after.tranches_fen,
            unpaid_fen=done.after.unpaid_fen,
            breached=done.after.breached,
            lending_fen=after.lending_fen,
            deposit_fen=after.deposit_fen,
        )


@given(history())
def test_cash_of_every_account_is_what_came_less_what_went(case):
    terms, periods = case
    for before, lacking, done, movement, after, _ in lived(terms, periods):
        outside = sum(each.amount_fen for each in done.payments if not each.into)
        assert movement.cash_fen == -outside
        for name in terms.accounts:
            assert after.accounts_fen[name] == done.after.accounts_fen[name] - lacking.get(name, 0)
            assert after.accounts_fen[name] >= min(before.accounts_fen[name], 0)
        assert after.tranches_fen == done.after.tranches_fen
        repaid = sum(each.amount_fen for each in done.payments if each.pay == "principal")
        assert sum(before.tranches_fen.values()) - repaid == sum(after.tranches_fen.values())


@given(history())
def test_what_a_vehicle_pays_to_another_arrives_there_to_the_fen(case):
    terms, periods = case
    others = {"lantern_micro_lending": vehicle("lantern_micro_lending")}
    for *_, done, movement, _, _ in lived(terms, periods):
        theirs = to_payees(done, others)
        paid = sum(each.amount_fen for each in done.payments if not each.into and each.payee in others)
        assert sum(each.cash_fen for each in theirs.values()) == paid
        assert movement.cash_fen + paid <= 0


@given(history())
def test_what_tranches_brought_waits_only_while_a_mandate_lends(case):
    terms, periods = case
    for before, _, done, _, after, lends in lived(terms, periods):
        ended = done.phase is Phase.ACCELERATED or "defaults end the revolving period" in done.breached
        if lends and not ended:
            assert after.lending_fen == before.lending_fen
        else:
            assert after.lending_fen == min(before.lending_fen, 0)


def test_a_vehicle_begins_with_what_its_tranches_brought():
    terms = vehicle("bluewater_abs_1")
    books = moved(empty_ledger(terms.code, terms.begins_on), opening(terms))
    assert books.lending_fen == sum(subscriptions(terms).values()) == sum(books.tranches_fen.values()) == 10_000_000_000
    assert books.accounts_fen == {"income": 0, "principal": 0, "reserve": 0}
    assert opening(vehicle("cairn_guarantee")) == Movement(deposit_fen=500_000_000)


def test_money_taken_back_after_it_was_paid_out_leaves_an_account_below_zero_until_more_comes():
    terms = vehicle("harbour_trust_1")
    books = moved(empty_ledger(terms.code, terms.begins_on), received(terms, {Received.PRINCIPAL: -500, Received.INTEREST: 300}))
    state, lacking = state_of(terms, books)
    assert (state.accounts_fen, lacking) == ({"cash": 0}, {"cash": 200})
    books = moved(books, received(terms, {Received.INTEREST: 250}))
    assert state_of(terms, books)[0].accounts_fen == {"cash": 50}


def test_cash_without_an_account_is_refused():
    with pytest.raises(RequestError, match=r"cairn_guarantee keeps no accounts"):
        received(vehicle("cairn_guarantee"), {Received.FEE: 1})
