"""Who borrows no more: who holds a line already, who is past due, whose loan was written off."""

import datetime as dt
import threading

import pytest

from loanbook.services.day_close import close_days, day_terms
from loanbook.stores.online.unit import connect
from tests.online.platform import GOOD, TERMS, Platform

START = dt.date(2024, 5, 6)


class Closing(Platform):
    """A platform whose days are closed."""

    def __init__(self, connection, vault, folder):
        super().__init__(connection, vault, START)
        self.folder = folder

    def close_to(self, day):
        """Close all days to this one; the next day is today."""
        self.today = day + dt.timedelta(days=1)
        return list(close_days(day_terms(TERMS), self.connection, self.clock, None, folder=self.folder))

    def running(self, line_id, reference, principal_fen=500_000):
        _, drawn = self.loan(line_id, principal_fen)
        self.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
        self.done("disburse", loan_id=drawn["loan_id"], provider_reference=reference, disbursed_on=self.today)
        return drawn["loan_id"]

    def applied(self, borrower_id):
        told = {"consents": ["credit_assessment", "bureau_query"], "consent_text_hash": "0" * 64, "province": "hunan"}
        return self.done("apply", borrower_id=borrower_id, inputs=GOOD, **told)["application_id"]

    def borrower_of(self, line_id):
        return self.look("line", line_id)[1]["borrower_id"]


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Closing(tx, vault, tmp_path / "settlements")


def wanting(line_id):
    return {"line_id": line_id, "product": "cash_loan", "principal_fen": 100_000, "installment_count": 3}


def buying(line_id, reference):
    return {
        "line_id": line_id,
        "merchant": "Tea House (example)",
        "merchant_reference": reference,
        "principal_fen": 30_000,
        "installment_count": 3,
        "total_fen": 40_000,
    }


def test_a_borrower_has_one_open_line_and_the_refusal_names_it(platform):
    first = platform.line()
    status, told = platform.ask("assess", application_id=platform.applied(platform.borrower_of(first["line_id"])))
    assert (status, told["rule"]) == (409, "line_open_already")
    assert told["figures"] == {"line_id": first["line_id"], "limit_fen": 10_000_000, "kind": "consumer"}
    assert platform.connection.execute("SELECT count(*) AS n FROM credit_line").fetchone()["n"] == 1


def test_of_two_applications_in_one_batch_one_opens_a_line(platform):
    borrower = platform.done("register", kind="consumer", channel="branch", document="9")["borrower_id"]
    asked = [{"application_id": platform.applied(borrower)} for _ in range(2)]
    found = platform.batch("assess", asked)
    assert [(status, answer.get("rule")) for status, answer in found] == [(200, None), (409, "line_open_already")]
    assert found[1][1]["figures"]["line_id"] == found[0][1]["line_id"]


def test_of_two_applications_at_once_one_opens_a_line(platform, vault, tmp_path):
    borrower = platform.done("register", kind="consumer", channel="branch", document="9")["borrower_id"]
    asked = [platform.applied(borrower) for _ in range(4)]
    platform.connection.commit()
    start, statuses = threading.Barrier(len(asked)), []

    def assess(application_id, number):
        with connect(platform.connection.info.dsn) as connection:
            other = Platform(connection, vault, START)
            start.wait()
            statuses.append(other.ask("assess", application_id=application_id, key=f"at-once-{number}")[0])

    threads = [threading.Thread(target=assess, args=(each, number)) for number, each in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]


def test_a_line_that_ended_makes_room_for_another_and_what_is_drawn_from_it_counts(platform):
    first = platform.line()
    platform.connection.execute("UPDATE credit_line SET expires_on = '2024-05-06', used_fen = 10000001, limit_fen = 20000000")
    second = platform.ask("assess", application_id=platform.applied(platform.borrower_of(first["line_id"])))[1]
    assert (second["outcome"], second["reasons"][0].partition(":")[0]) == ("declined", "lending_rule")
    assert "200,000.01" in second["reasons"][0]
    assert platform.look("replay", second["decision_id"])[1]["identical"]
    platform.connection.execute("UPDATE credit_line SET used_fen = 10000000")
    third = platform.ask("assess", application_id=platform.applied(platform.borrower_of(first["line_id"])))[1]
    assert (third["outcome"], third["limit_fen"]) == ("approved", 10_000_000)


def test_who_is_past_due_borrows_no_more_until_it_is_paid(platform):
    line = platform.line()["line_id"]
    quoted = platform.done("quote", **wanting(line))
    loan = platform.running(line, "out-1")
    platform.close_to(dt.date(2024, 6, 6))  # due that day
    assert platform.ask("quote", **wanting(line))[0] == 201
    platform.close_to(dt.date(2024, 6, 8))
    with_figures = [platform.ask("quote", **wanting(line)), platform.ask("buy", **buying(line, "order-1"))]
    for status, told in with_figures:
        assert (status, told["rule"], told["source"]) == (409, "borrower_in_arrears", "Loanbook example policy, made up")
        figures = told["figures"]
        assert (figures["loan_id"], figures["days_past_due"], figures["as_of"]) == (loan, 2, "2024-06-08")
    assert figures["most"] == 0
    # A quote that was made before the close found it stands no longer.
    platform.connection.execute(
        "UPDATE quote SET quoted_on = %s, expires_at = %s WHERE quote_id = %s",
        (platform.today, platform.clock()[0] + dt.timedelta(minutes=5), quoted["quote_id"]),
    )
    assert platform.ask("draw_down", quote_id=quoted["quote_id"])[1]["rule"] == "borrower_in_arrears"
    assert platform.look("offers", line)[1]["rule"] == "borrower_in_arrears"
    application = platform.applied(platform.borrower_of(line))
    assert platform.ask("assess", application_id=application)[1]["rule"] == "borrower_in_arrears"

    owed = figures["owed_fen"]
    paid = {"loan_id": loan, "paid_on": platform.today}
    platform.done("repay", **paid, provider_reference="in-1", amount_fen=owed - 1)
    assert platform.ask("quote", **wanting(line))[1]["figures"]["owed_fen"] == 1
    platform.done("repay", **paid, provider_reference="in-2", amount_fen=1)
    assert platform.ask("draw_down", quote_id=platform.done("quote", **wanting(line))["quote_id"])[0] == 201


def test_another_borrower_in_the_batch_is_not_held_back(platform):
    late, good = (platform.line(document=str(number))["line_id"] for number in (1, 2))
    platform.running(late, "out-1")
    platform.close_to(dt.date(2024, 6, 8))
    found = platform.batch("quote", [wanting(late), wanting(good)])
    assert [(status, answer.get("rule")) for status, answer in found] == [(409, "borrower_in_arrears"), (201, None)]


def test_a_loan_that_a_promise_keeps_out_of_the_queue_counts(platform):
    line = platform.line()["line_id"]
    loan = platform.running(line, "out-1")
    platform.close_to(dt.date(2024, 6, 8))
    platform.done("promise", loan_id=loan, amount_fen=50_000, due_on="2024-06-12")
    platform.close_to(dt.date(2024, 6, 10))
    assert platform.connection.execute("SELECT count(*) AS n FROM queued").fetchone()["n"] == 0
    assert platform.ask("quote", **wanting(line))[1]["figures"]["days_past_due"] == 4


def test_whose_loan_was_written_off_borrows_when_its_principal_came_back(platform):
    line = platform.line()["line_id"]
    loan = platform.running(line, "out-1")
    platform.connection.execute(
        "UPDATE loan SET state = 'charged_off', closed_on = %s WHERE loan_id = %s", (platform.today, loan)
    )
    platform.today += dt.timedelta(days=1)
    status, told = platform.ask("quote", **wanting(line))
    assert (status, told["rule"], told["figures"]) == (409, "borrower_charged_off", {"loan_id": loan, "owed_fen": 500_000})
    assert platform.ask("buy", **buying(line, "order-1"))[1]["rule"] == "borrower_charged_off"
    application = platform.applied(platform.borrower_of(line))
    assert platform.ask("assess", application_id=application)[1]["rule"] == "borrower_charged_off"
    paid = {"loan_id": loan, "paid_on": platform.today}
    platform.done("repay", **paid, provider_reference="in-1", amount_fen=499_999)
    assert platform.ask("quote", **wanting(line))[1]["figures"]["owed_fen"] == 1
    platform.done("repay", **paid, provider_reference="in-2", amount_fen=1)
    assert platform.ask("quote", **wanting(line))[0] == 201
