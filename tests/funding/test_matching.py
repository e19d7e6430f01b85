"""Matching by example: outcomes, their reasons in words, and the cap of a quote."""

import re
from dataclasses import replace

import numpy as np
import pytest
from tests.funding.requests import ON, SHIPPED, request

from loanbook.errors import RequestError, StateError
from loanbook.funding.eligibility import Bar, bars, eligible, order, values
from loanbook.funding.mandate_table import Ask, asked, mandate_table
from loanbook.funding.matching import Outcome, match, refusers
from loanbook.funding.quoting import quote_cap
from loanbook.funding.refusing import barred
from loanbook.funding.room import PublishedRoom, room_left, rooms_now
from loanbook.terms.rate_cap import caps_in
from loanbook.units import rate

pytestmark = pytest.mark.plain
TABLE = mandate_table(tuple(SHIPPED.values()), ON)


def number(code):
    return TABLE.numbers[code]


def test_mandates_come_in_the_order_of_value():
    asked_ = asked(TABLE, [request()])
    assert [TABLE.mandates[each].code for each in order(TABLE, asked_, 0)] == [
        "harbour_trust",
        "our_micro_lender",
        "heron_bank_guaranteed",
        "juniper_finance_guaranteed",
        "meadow_bank_joint",
        "saffron_bank_referral",
        "harbour_bank_light",
    ]


def test_expected_loss_moves_what_we_bear_behind_what_we_do_not():
    asked_ = asked(TABLE, [request()])
    found = [TABLE.mandates[each].code for each in order(TABLE, asked_, 0, np.array([rate("0.07")]))]
    assert found[:3] == ["saffron_bank_referral", "meadow_bank_joint", "harbour_bank_light"]


def test_the_best_is_reserved_and_its_quotas_shrink():
    before = room_left(TABLE)
    found = match(TABLE, asked(TABLE, [request()]), before)
    best = number("harbour_trust")
    assert (found.mandate[0], found.outcome[0]) == (best, Outcome.RESERVED)
    assert before.day_fen[best] - found.room.day_fen[best] == 500_000
    assert before.province_fen[best].sum() - found.room.province_fen[best].sum() == 500_000
    others = np.arange(len(TABLE.mandates)) != best
    assert (before.total_fen[others] == found.room.total_fen[others]).all()


def test_a_quota_takes_its_last_fen_and_not_one_more():
    best = number("harbour_trust")
    quota = TABLE.mandates[best].quota_day_fen
    used = np.zeros(len(TABLE.mandates), np.int64)
    for left, reserved in ((500_000, best), (499_999, number("our_micro_lender"))):
        used[best] = quota - left
        found = match(TABLE, asked(TABLE, [request()]), room_left(TABLE, day_used=used))
        assert found.mandate[0] == reserved
    (reason,) = [each for each in barred(TABLE, request(), found.bars[0]) if each.mandate == "harbour_trust"]
    assert reason.bar is Bar.DAY_QUOTA
    assert reason.words == (
        "harbour_trust: principal CNY 5,000.00; it lends CNY 10,000,000.00 a day, and what is left of it is less "
        "(quota.day, terms/mandates/harbour_trust.yaml; Loanbook example terms, version 1)."
    )


def test_an_unanswered_loan_stays_where_it_is_whatever_else_there_is():
    waiting = number("saffron_bank_referral")
    before = room_left(TABLE)
    found = match(TABLE, asked(TABLE, [request()]), before, waiting=np.array([waiting]), attempts=np.array([4]))
    assert (found.mandate[0], found.outcome[0]) == (waiting, Outcome.WAITING)
    assert (found.room.day_fen == before.day_fen).all()


@pytest.mark.parametrize(
    ("changes", "refused_by", "attempts", "outcome"),
    [
        ({"product": "unknown"}, [], 0, Outcome.NOT_ELIGIBLE),
        ({"grade": "Z"}, [], 0, Outcome.NOT_ELIGIBLE),
        ({}, [mandate.partner for mandate in TABLE.mandates], 3, Outcome.ALL_REFUSED),
        ({}, ["heron_bank"], 4, Outcome.ATTEMPTS_USED),
        ({}, ["a_partner_of_old"], 1, Outcome.RESERVED),
    ],
)
def test_outcomes(changes, refused_by, attempts, outcome):
    found = match(
        TABLE,
        asked(TABLE, [request(**changes)]),
        room_left(TABLE),
        refused=refusers(TABLE, [refused_by]),
        attempts=np.array([attempts]),
    )
    assert found.outcome[0] == outcome


def test_no_room_anywhere_is_said_so():
    nothing = room_left(TABLE, total_used=np.array([mandate.quota_total_fen for mandate in TABLE.mandates]))
    found = match(TABLE, asked(TABLE, [request()]), nothing)
    assert (found.mandate[0], found.outcome[0]) == (-1, Outcome.NO_ROOM)


def test_a_partner_that_refused_is_passed_over_under_all_its_mandates():
    twice = [replace(SHIPPED["heron_bank_guaranteed"], code=code) for code in ("first", "second")]
    table = mandate_table(twice, ON)
    found = match(table, asked(table, [request()]), room_left(table), refused=refusers(table, [["heron_bank"]]))
    assert found.outcome[0] == Outcome.ALL_REFUSED


def test_equal_mandates_go_by_code():
    twins = [replace(SHIPPED["heron_bank_guaranteed"], code=code) for code in ("b", "a", "c")]
    table = mandate_table(twins, ON)
    assert table.mandates[match(table, asked(table, [request()]), room_left(table)).mandate[0]].code == "a"


def test_one_borrower_has_one_limit_within_a_batch_and_before_it():
    limited = replace(SHIPPED["harbour_trust"].concentration, borrower_fen=900_000)
    table = mandate_table([replace(SHIPPED["harbour_trust"], concentration=limited)], ON)
    both = asked(table, [request(), request(), request(borrower_id="b2")])
    assert match(table, both, room_left(table)).outcome.tolist() == [Outcome.RESERVED, Outcome.NO_ROOM, Outcome.RESERVED]
    owed = np.array([[0], [400_001]])
    assert match(table, both, room_left(table), lent_fen=owed).mandate.tolist() == [0, -1, -1]
    with pytest.raises(RequestError, match="lent_fen must have 2 borrowers and 1 mandates"):
        match(table, both, room_left(table), lent_fen=owed[:1])


def test_head_room_of_a_guarantor_is_shared_by_its_mandates():
    both = [replace(SHIPPED["heron_bank_guaranteed"], code=code, partner=code) for code in ("a", "b")]
    table = mandate_table(both, ON)
    room = room_left(table, guarantee_rooms={"lantern_guarantee": 700_000})
    found = match(table, asked(table, [request(), request(borrower_id="b2")]), room)
    assert found.outcome.tolist() == [Outcome.RESERVED, Outcome.NO_ROOM]
    assert all(bit == 1 << Bar.GUARANTEE for bit in found.bars[1])
    with pytest.raises(RequestError, match="no mandate in force has the guarantor 'nobody'"):
        room_left(table, guarantee_rooms={"nobody": 1})


REASONS = [
    ({"product": "pay_later"}, "product pay_later; it takes cash_loan (eligibility.products, "),
    ({"installment_count": 36}, "36 instalments; it takes 3, 6, 12, 24 (eligibility.installments, "),
    ({"principal_fen": 10_000_001}, "principal CNY 100,000.01; it lends CNY 500.00 to CNY 100,000.00 (eligibility.amount, "),
    ({"rate_annual": rate("0.0999")}, "annual rate 9.9900 %; it takes 10.0000 % to 24.0000 % (eligibility.rate_annual, "),
    ({"borrower_kind": "small_business"}, "borrower is small_business; it takes consumer (eligibility.borrower_kinds, "),
    ({"grade": "E"}, "grade E; it takes A, B, C, D (eligibility.grades, "),
    ({"province": "atlantis"}, "province atlantis; its territory is another (eligibility.provinces, "),
    ({"age": 56}, "age 56; it takes 22 to 55 (eligibility.age, "),
    ({"age": 50, "age_most": 60}, "age 50 to 60; it takes 22 to 55 (eligibility.age, "),
    ({"age": None}, "age not known; it takes 22 to 55 (eligibility.age, "),
]


@pytest.mark.parametrize(("changes", "words"), REASONS)
def test_a_reason_names_what_is_asked_what_is_taken_and_where_it_stands(changes, words):
    asking = request(**changes)
    heron = number("heron_bank_guaranteed")
    reasons = [
        each
        for each in barred(TABLE, asking, bars(TABLE, asked(TABLE, [asking]))[0])
        if each.mandate == TABLE.mandates[heron].code
    ]
    assert [each.words for each in reasons] == [
        f"heron_bank_guaranteed: {words}terms/mandates/heron_bank_guaranteed.yaml; Loanbook example terms, version 1)."
    ]


def test_every_bar_has_words():
    every = np.full(len(TABLE.mandates), (1 << len(Bar)) - 1)
    assert len(barred(TABLE, request(), every)) == len(Bar) * len(TABLE.mandates)


def test_a_mandate_counts_from_its_first_to_its_last_day_in_its_newest_version():
    old = replace(SHIPPED["harbour_trust"], effective_from=ON - 10, place="old.yaml")
    new = replace(old, effective_from=ON, effective_until=ON + 5, place="new.yaml")
    assert [mandate_table([new, old], day).mandates for day in (ON - 11, ON - 1, ON, ON + 5, ON + 6)] == [
        (),
        (old,),
        (new,),
        (new,),
        (),
    ]


def test_a_quote_is_bound_by_the_strictest_cap_of_all_that_might_lend():
    takes = eligible(TABLE, asked(TABLE, [request()]))[0]
    bank, strict = caps_in()[0], replace(caps_in()[0], lenders=("micro_lender",), rate=rate("0.2"), name="stricter")
    found = quote_cap(TABLE, takes, (bank, strict))
    assert found.nominal == strict
    assert found.effective is None
    found.check(nominal=rate("0.2"), effective=rate("0.9"))
    with pytest.raises(RequestError, match=re.escape("exceeds the cap of 20.0000 % for micro_lender on 2026-11-22: stricter")):
        found.check(nominal=rate("0.2001"), effective=0)
    only_bank = takes & (np.arange(len(takes)) == number("harbour_bank_light"))
    assert quote_cap(TABLE, only_bank, (bank, strict)).nominal == bank
    joint = takes & (np.arange(len(takes)) == number("meadow_bank_joint"))
    assert quote_cap(TABLE, joint, (bank, strict)).nominal == strict


def test_a_loan_that_nobody_takes_is_not_uncapped():
    with pytest.raises(StateError, match="no mandate in force takes such a loan"):
        quote_cap(TABLE, np.zeros(len(TABLE.mandates), bool), caps_in())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"principal_fen": 0}, "a loan has a principal above zero.*got 0 fen, 12 months, 20 %"),
        ({"months": 0}, "got 500000 fen, 0 months, 20 %"),
        ({"months": 1_201}, "a tenor of 1 to 1,200 months"),
        ({"rate_annual": rate("1.01")}, "a rate of 0 to 100 % a year.*101 %"),
        ({"rate_annual": -1}, "a rate of 0 to 100 % a year"),
        ({"installment_count": 601}, "a loan has 1 to 600 instalments; got 601."),
    ],
)
def test_what_is_no_loan_is_refused(changes, words):
    with pytest.raises(RequestError, match=words):
        asked(TABLE, [request(**changes)])


def test_an_empty_batch_and_an_empty_table_are_no_error():
    assert match(TABLE, asked(TABLE, []), room_left(TABLE)).outcome.size == 0
    table = mandate_table([], ON)
    found = match(table, asked(table, [request()]), room_left(table))
    assert found.outcome.tolist() == [Outcome.NOT_ELIGIBLE]


def test_the_same_borrower_has_the_same_number():
    columns = asked(TABLE, [request(), request(borrower_id="b2"), request()])
    assert columns[:, Ask.BORROWER].tolist() == [0, 1, 0]


@pytest.mark.parametrize("losses", [[-1], [rate("1") + 1], [0, 0]])
def test_expected_losses_are_parts_of_the_principal(losses):
    with pytest.raises(RequestError, match="expected losses must be one a request"):
        match(TABLE, asked(TABLE, [request()]), room_left(TABLE), losses=np.array(losses))


def test_the_smallest_loan_with_the_dearest_fees_has_a_worth():
    dear = [replace(SHIPPED["granite_bank_technology"].transfers[0], name=f"fee_{n}", amount_fen=1_000_000) for n in range(6)]
    table = mandate_table([replace(SHIPPED["granite_bank_technology"], transfers=tuple(dear))], ON)
    assert values(table, asked(table, [request(principal_fen=1, months=1_200)]))[0, 0] == 6 * 10**18


def test_a_published_room_shrinks_by_what_was_taken_since_and_grows_by_what_was_given_back():
    guaranteed = [number for number, mandate in enumerate(TABLE.mandates) if mandate.guarantee]
    heron = next(number for number in guaranteed if TABLE.mandates[number].guarantee.guarantor == "lantern_guarantee")
    used = np.arange(1, len(TABLE.mandates) + 1) * 1_000
    then = {mandate.code: amount for mandate, amount in zip(TABLE.mandates, used.tolist(), strict=True)}
    published = {"lantern_guarantee": PublishedRoom(room_fen=500, used_fen=then)}
    assert rooms_now(TABLE, published, used) == {"lantern_guarantee": 500}
    for change in (600, -200):
        now = used.copy()
        now[heron] += change
        assert rooms_now(TABLE, published, now) == {"lantern_guarantee": 500 - change}
    # A mandate that was not there then has taken all it has since; a guarantor without mandates in force has no room to ask for.
    del then[TABLE.mandates[heron].code]
    assert rooms_now(TABLE, published, used) == {"lantern_guarantee": 500 - used[heron]}
    assert rooms_now(TABLE, {"nobody": PublishedRoom(room_fen=1, used_fen={})}, used) == {}
