"""Buying on a pay-later line: many small drawdowns on one limit, one statement a month, and goods that go back."""

import datetime as dt

import numpy as np
import pytest

from loanbook import units
from loanbook.loans.borrower_cost import costs
from loanbook.loans.delinquency import Status
from loanbook.services.accounts import view_loan
from loanbook.services.day_close import close_days, day_terms
from loanbook.services.forwarding import forward
from loanbook.stores.book import create_book, open_book
from tests.online.platform import TERMS, Platform
from tests.online.test_cancelling import agrees, used
from tests.online.two_persons import decided, hire

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
POOR = {"age_years": 25, "income_monthly_fen": 500_000, "bureau_score": 500, "inquiries_90_days": 6, "overdue_days_most": 10}


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def plan(platform, line_id, amount_fen, count):
    status, found = platform.look("offers", line_id, amount_fen=str(amount_fen), product="pay_later")
    assert status == 200, found
    return next(each for each in found["offers"] if each["installment_count"] == count)


def bought(platform, line_id, amount_fen, count=3, order="1", merchant="tea_house"):
    shown = plan(platform, line_id, amount_fen, count)
    answer = platform.done(
        "buy",
        line_id=line_id,
        merchant=merchant,
        merchant_reference=order,
        principal_fen=amount_fen,
        installment_count=count,
        total_fen=shown["total_fen"],
    )
    assert answer["total_fen"] == shown["total_fen"]
    return answer


def running(platform, line_id, amount_fen, count=3, order="1"):
    loan_id = bought(platform, line_id, amount_fen, count, order)["loan_id"]
    platform.done("answer_offer", loan_id=loan_id, decision="accept")
    platform.done("disburse", loan_id=loan_id, provider_reference=f"out-{order}", disbursed_on=platform.today)
    return loan_id


def rows(platform, query, *values):
    found = platform.connection.execute(query, values).fetchall()
    platform.connection.rollback()
    return found


def test_many_purchases_share_one_limit(platform):
    line = platform.line()["line_id"]
    platform.connection.execute("UPDATE credit_line SET limit_fen = 100000")
    platform.connection.commit()
    for number in range(9):
        bought(platform, line, 10_000 + number, order=str(number))
    view = platform.look("line", line)[1]
    assert (view["used_fen"], view["available_fen"]) == (90_036, 9_964)
    assert [each["amount_most_fen"] for each in platform.look("offers", line)[1]["offers"]] == [9_964] * 4
    body = {"line_id": line, "merchant": "m", "merchant_reference": "x", "principal_fen": 9_965, "installment_count": 3}
    status, problem = platform.ask("buy", total_fen=99_999, **body)
    assert (status, problem["rule"], problem["figures"]["used_fen"]) == (422, "line_exceeded", 90_036)
    assert rows(platform, "SELECT count(*) AS n FROM purchase")[0]["n"] == 9


def test_purchases_of_one_batch_are_matched_after_each_other_and_an_order_is_bought_once(platform):
    line = platform.line()["line_id"]
    platform.connection.execute("UPDATE credit_line SET limit_fen = 25000")
    platform.connection.commit()
    total = plan(platform, line, 10_000, 3)["total_fen"]
    body = {"line_id": line, "merchant": "m", "principal_fen": 10_000, "installment_count": 3, "total_fen": total}
    found = platform.batch("buy", [body | {"merchant_reference": each} for each in ("a", "b", "a", "c")])
    assert [answer.get("rule", status) for status, answer in found] == [201, 201, "order_bought_already", "line_exceeded"]
    assert platform.ask("buy", **body, merchant_reference="a")[1]["rule"] == "order_bought_already"
    assert bought(platform, line, 5_000, order="a", merchant="another")["state"] == "offered"
    quotas = rows(platform, "SELECT reserved_fen FROM quota WHERE scope = 'total'")
    assert [row["reserved_fen"] for row in quotas] == [25_000]


@pytest.mark.parametrize("end", ["unfunded", "cancelled"])
def test_an_order_for_which_nothing_was_lent_is_bought_again(platform, end):
    line = platform.line()["line_id"]
    loan_id = bought(platform, line, 30_000)["loan_id"]
    if end == "cancelled":
        platform.done("answer_offer", loan_id=loan_id, decision="accept")
        platform.done("cancel_loan", loan_id=loan_id, reason="the provider refuses")
    while end == "unfunded" and platform.look("loan", loan_id)[1]["state"] == "offered":
        platform.done("answer_offer", loan_id=loan_id, decision="refuse", reason="for the test")
    assert platform.look("loan", loan_id)[1]["state"] == end
    platform.today += dt.timedelta(days=1)
    again = running(platform, line, 30_000)
    assert again != loan_id
    shown = plan(platform, line, 30_000, 3)
    order = {"merchant": "tea_house", "merchant_reference": "1", "principal_fen": 30_000, "installment_count": 3}
    problem = platform.ask("buy", line_id=line, total_fen=shown["total_fen"], **order)[1]
    assert problem["rule"] == "order_bought_already"


def test_nothing_is_lent_that_costs_more_than_was_shown(platform):
    line = platform.line()["line_id"]
    shown = plan(platform, line, 30_000, 3)
    assert (shown["total_fen"], shown["interest_fen"], shown["first_due_on"]) == (30_599, 599, "2024-06-06")
    body = {"line_id": line, "merchant": "m", "merchant_reference": "1", "principal_fen": 30_000, "installment_count": 3}
    status, problem = platform.ask("buy", **body, total_fen=30_598)
    assert (status, problem["rule"]) == (409, "dearer_than_shown")
    assert problem["figures"] == {"total_fen": 30_599, "shown_fen": 30_598}
    assert platform.look("line", line)[1]["used_fen"] == 0
    assert rows(platform, "SELECT count(*) AS n FROM loan")[0]["n"] == 0
    assert platform.done("buy", **body, total_fen=30_600)["total_fen"] == 30_599


def test_a_few_yuan_are_lent_only_by_who_takes_them_and_never_above_the_cap(platform):
    line = platform.line(**POOR)
    assert (line["grade"], line["rate_annual"]) == ("D", "0.239900")
    small = platform.look("offers", line["line_id"], amount_fen="100", product="pay_later")[1]["offers"]
    assert [each["installment_count"] for each in small] == [1, 3, 6, 12]
    assert all(float(each["all_in_nominal"]) <= 0.24 for each in small)
    first = bought(platform, line["line_id"], 9_999, order="1")
    second = bought(platform, line["line_id"], 10_000, order="2")
    refusals = {}
    for loan in (first, second):
        body = {"loan_id": loan["loan_id"], "decision": "refuse", "reason": "too small for us"}
        refusals[loan["loan_id"]] = platform.done("answer_offer", **body)["partner"]
    # Juniper takes 100.00 and more in 3 to 12 instalments, our micro-lender whatever is left.
    assert list(refusals.values()) == [None, "juniper_consumer_finance"]
    # At 23.99 % half up, 383.41 for a month comes to 24.0056 %: the cap refused it before interest was rounded down.
    assert plan(platform, line["line_id"], 38_341, 1)["all_in_nominal"] < "0.24"


@pytest.mark.parametrize(("on", "nominal"), [("2023-12-31", 240_056), ("2024-01-01", 239_743)])
def test_interest_of_small_tickets_is_rounded_down_because_half_up_passed_the_cap(on, nominal):
    product = TERMS.product("pay_later", units.day(on))
    amount, day, rate = (np.array([value], np.int64) for value in (38_341, units.day(on), units.rate("0.2399")))
    cost = costs(product, amount, count=1, disbursed_on=day, rates=rate)
    assert round(int(cost.nominal[0]) * 1_000_000 / units.RATE_SCALE) == nominal


def test_a_statement_adds_up_what_all_drawdowns_ask_for_in_a_month(platform):
    line = platform.line()["line_id"]
    first = running(platform, line, 30_000, 3, "1")
    platform.today = dt.date(2024, 5, 20)
    second = running(platform, line, 5_990, 1, "2")
    may = platform.look("statement", line)[1]
    assert (may["month"], may["due_fen"], may["items"], may["used_fen"]) == ("2024-05", 0, [], 35_990)
    june = platform.look("statement", line, month="2024-06")[1]
    assert [(each["loan_id"], each["due_on"], each["open_fen"]) for each in june["items"]] == [
        (first, "2024-06-06", 10_200),
        (second, "2024-06-20", 6_049),
    ]
    assert (june["due_fen"], june["to_pay_fen"], june["pay_by"]) == (16_249, 16_249, "2024-06-06")
    assert june["items"][0]["merchant_reference"] == "1"
    platform.today = dt.date(2024, 6, 20)
    platform.done("repay", loan_id=second, provider_reference="in-2", amount_fen=6_049, paid_on=platform.today)
    platform.done("repay", loan_id=first, provider_reference="in-1", amount_fen=200, paid_on=platform.today)
    platform.today = dt.date(2024, 7, 2)
    june = platform.look("statement", line, month="2024-06")[1]
    assert (june["due_fen"], june["paid_fen"], june["open_fen"], june["pay_by"]) == (16_249, 6_249, 10_000, None)
    july = platform.look("statement", line)[1]
    assert (july["due_fen"], july["overdue_fen"], july["to_pay_fen"], july["pay_by"]) == (10_200, 10_000, 20_200, "2024-07-06")
    assert [each["days_past_due"] for each in july["items"]] == [26, 0]
    for month in ("2024-13", "now", "2024-1"):
        assert platform.look("statement", line, month=month)[1]["rule"] == "month_not_understood"


def test_a_returned_purchase_is_as_if_it_had_not_been_bought(platform, tmp_path):
    line = platform.line()["line_id"]
    loan_id = running(platform, line, 30_000)
    kept = running(platform, line, 10_000, order="2")
    platform.today = dt.date(2024, 6, 6)
    platform.done("repay", loan_id=loan_id, provider_reference="in-1", amount_fen=10_200, paid_on=platform.today)
    platform.today = dt.date(2024, 6, 9)
    asked = {"loan_id": loan_id, "provider_reference": "back-1", "returned_on": platform.today}
    answer = platform.done("return_purchase", **asked, reason="does not fit")
    assert answer == {"loan_id": loan_id, "state": "cancelled", "given_back_fen": 10_200}
    view = platform.look("loan", loan_id)[1]
    assert (view["state"], view["outstanding_fen"], view["days_past_due"], view["instalments"]) == ("cancelled", 0, 0, [])
    assert platform.look("line", line)[1]["used_fen"] == 10_000
    told = rows(platform, "SELECT recipient, topic, content FROM outbox WHERE subject = %s ORDER BY number DESC LIMIT 2", loan_id)
    assert [(row["recipient"], row["topic"]) for row in told] == [
        ("payment_provider", "give_back"),
        ("lantern_micro_lending", "loan_cancelled"),
    ]
    assert told[0]["content"]["amount_fen"] == 10_200
    assert told[0]["content"]["payments"] == [{"provider_reference": "in-1", "amount_fen": 10_200}]
    june = platform.look("statement", line, month="2024-06")[1]
    assert {each["loan_id"] for each in june["items"]} == {kept}
    book = create_book(tmp_path / "online", currency="CNY")
    forward(platform.connection, book, NOW)
    found = view_loan(open_book(book.folder), loan_id, platform.today)
    assert (found.status, found.dpd, found.owed_fen) == (Status.CANCELLED, 0, 0)
    assert platform.ask("repay", loan_id=loan_id, provider_reference="in-2", amount_fen=1, paid_on=platform.today)[0] == 409
    assert platform.look("payment_preview", loan_id, payoff="true")[1]["rule"] == "loan_not_running"


def test_a_payment_that_bounces_after_its_purchase_was_returned_is_not_given_back(platform):
    loan_id = running(platform, platform.line()["line_id"], 30_000)
    platform.today = dt.date(2024, 6, 6)
    platform.done("repay", loan_id=loan_id, provider_reference="in-1", amount_fen=10_200, paid_on=platform.today)
    platform.done("return_purchase", loan_id=loan_id, provider_reference="back-1", returned_on=platform.today)
    answer = platform.done("give_back", provider_reference="in-1", reason="no funds")
    assert answer == {"loan_id": loan_id, "state": "cancelled", "outstanding_fen": 0}
    told = rows(platform, "SELECT recipient, topic, content FROM outbox WHERE subject = %s ORDER BY number DESC LIMIT 1", loan_id)
    assert (told[0]["recipient"], told[0]["topic"]) == ("payment_provider", "give_back_stopped")
    assert told[0]["content"].items() >= {"provider_reference": "in-1", "amount_fen": 10_200}.items()
    assert platform.ask("give_back", provider_reference="in-1", reason="x")[1]["rule"] == "payment_returned_already"


def test_a_refund_that_bounces_after_its_purchase_was_returned_is_still_to_be_paid(platform):
    hire(platform)
    loan_id = running(platform, platform.line()["line_id"], 30_000)
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    body = {"loan_id": loan_id, "amount_fen": owed + 2_000, "paid_on": platform.today}
    platform.done("repay", provider_reference="in-1", **body)
    decided(platform, "refund", loan_id, {"amount_fen": 2_000})
    asked = {"loan_id": loan_id, "provider_reference": "back-1", "returned_on": platform.today}
    assert platform.done("return_purchase", **asked)["given_back_fen"] == owed
    (row,) = rows(platform, "SELECT provider_reference FROM payment WHERE purpose = 'refund'")
    platform.done("give_back", provider_reference=row["provider_reference"], reason="account closed")
    told = rows(platform, "SELECT topic, content FROM outbox WHERE subject = %s ORDER BY number DESC LIMIT 1", loan_id)[0]
    assert (told["topic"], told["content"]["amount_fen"]) == ("give_back", 2_000)


def test_a_purchase_is_not_returned_while_its_borrower_owes_a_refund(platform):
    hire(platform)
    loan_id = running(platform, platform.line()["line_id"], 30_000)
    owed = platform.look("payment_preview", loan_id, payoff="true")[1]["amount_fen"]
    for reference, amount_fen in (("in-1", owed), ("in-2", 2_000)):
        platform.done("repay", loan_id=loan_id, provider_reference=reference, amount_fen=amount_fen, paid_on=platform.today)
    decided(platform, "refund", loan_id, {"amount_fen": 2_000})
    for reference in ("in-1", "in-2"):
        platform.done("give_back", provider_reference=reference, reason="no funds")
    asked = {"loan_id": loan_id, "provider_reference": "back-1", "returned_on": platform.today}
    status, problem = platform.ask("return_purchase", **asked)
    assert (status, problem["rule"], problem["figures"]) == (409, "refund_not_paid_back", {"owed_fen": 2_000})
    platform.done("repay", loan_id=loan_id, provider_reference="in-3", amount_fen=2_500, paid_on=platform.today)
    assert platform.done("return_purchase", **asked)["given_back_fen"] == 500


def test_what_cannot_be_returned(platform):
    line = platform.line()["line_id"]
    _, other = platform.loan(line)
    offered = bought(platform, line, 10_000, order="2")["loan_id"]
    loan_id = running(platform, line, 10_000, order="3")
    second = running(platform, line, 10_000, order="4")
    day = platform.today

    def rule(loan, reference="back", on=day):
        return platform.ask("return_purchase", loan_id=loan, provider_reference=reference, returned_on=on)[1].get("rule")

    assert rule("lo-none") == rule(other["loan_id"]) == "no_such_purchase"
    assert rule(offered) == "loan_not_running"
    assert rule(loan_id, on=day + dt.timedelta(days=1)) == rule(loan_id, on=day - dt.timedelta(days=1)) == "day_out_of_order"
    assert rule(loan_id) is None
    assert rule(loan_id, "again") == "purchase_returned_already"
    assert rule(second) == "payment_booked_already"
    platform.connection.execute(
        "INSERT INTO taken_over (loan_id, kind, on_day, mandate, payer, paid_fen, from_deposit_fen) "
        "VALUES (%s, 'compensation', now(), 'm', 'p', 1, 0)",
        (second,),
    )
    platform.connection.commit()
    assert rule(second, "back-2") == "claim_taken_over"


def test_what_a_lender_lent_for_returned_goods_comes_back_in_its_settlement(platform, tmp_path):
    line = platform.line()["line_id"]
    loan_id = running(platform, line, 30_000)
    platform.today = dt.date(2024, 6, 6)
    platform.done("repay", loan_id=loan_id, provider_reference="in-1", amount_fen=10_200, paid_on=platform.today)
    platform.today = dt.date(2024, 6, 7)
    platform.done("return_purchase", loan_id=loan_id, provider_reference="back-1", returned_on=platform.today)
    platform.today = dt.date(2024, 6, 8)
    done = list(close_days(day_terms(TERMS), platform.connection, platform.clock, folder=tmp_path))
    assert not [each for each in done if each.findings]
    query = "SELECT content FROM event WHERE kind = 'partner_settled' AND subject = 'lantern_micro_lending' ORDER BY number"
    totals = [row["content"]["totals_fen"] for row in rows(platform, query)]
    # 99.01 of principal and 2.99 of interest were paid and go back; the merchant returned 300.00.
    assert totals[0] == {"disbursed": 30_000}
    assert totals[-2:] == [{"principal": 9_901, "interest": 299}, {"principal": 30_000 - 9_901, "interest": -299}]


def test_a_returned_purchase_gives_its_quotas_back_and_a_past_day_stays_past(platform):
    line = platform.line()["line_id"]
    loan_id = running(platform, line, 30_000)
    running(platform, line, 10_000, order="2")
    assert used(platform)["total"] == 40_000
    platform.connection.execute("DELETE FROM quota WHERE scope LIKE 'day:%'")
    platform.connection.commit()
    platform.today += dt.timedelta(days=3)
    platform.done("return_purchase", loan_id=loan_id, provider_reference="back-1", returned_on=platform.today)
    assert set(used(platform).values()) == {10_000}
    assert "day" not in used(platform)
    assert agrees(platform)
