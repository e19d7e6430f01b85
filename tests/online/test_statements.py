"""Statements of payment providers and banks: every movement is a booking or in suspense, each once, to the fen."""

import datetime as dt
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loanbook.services import suspense
from loanbook.services.day_close import close_days, day_terms
from loanbook.services.day_steps_cash import release_suspense
from loanbook.services.suspense import resolve
from loanbook.stores.online.cash import unreported_bookings
from loanbook.stores.online.schema_cash import SUSPENSE
from loanbook.stores.online.unit import Unit, new_id
from tests.online.platform import OPERATOR, TERMS, Platform

START = dt.date(2024, 5, 6)
HEADER = "reference,booked_on,amount,loan_id\n"


class Cash(Platform):
    """A platform with a running loan and statements of its payment provider."""

    def __init__(self, connection, vault):
        super().__init__(connection, vault, START)
        self.number = 0
        self.closing = 100_000

    def running(self, document="1", principal_fen=500_000):
        line = self.line(document=document)
        _, drawn = self.loan(line["line_id"], principal_fen)
        self.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
        self.done("disburse", loan_id=drawn["loan_id"], provider_reference=f"out-{document}", disbursed_on=self.today)
        return drawn["loan_id"]

    def repay(self, loan_id, reference, amount_fen, paid_on=None):
        self.done("repay", loan_id=loan_id, provider_reference=reference, amount_fen=amount_fen, paid_on=paid_on or self.today)

    def statement(self, lines, *, closing=None, account="payment_provider", header=HEADER, **given):
        """Take a statement of today with lines (reference, fen, ...) or texts; it closes where it must unless told otherwise."""
        rows = [line if isinstance(line, str) else self._row(*line) for line in lines]
        self.number += 1
        opening = self.closing
        if closing is None:
            closing = opening + sum(line[1] for line in lines if not isinstance(line, str))
        asked = {
            "account": account,
            "number": f"S-{self.number}",
            "starts_on": self.today,
            "ends_on": self.today,
            "opening_fen": opening,
            "closing_fen": closing,
            "content": header + "".join(f"{row}\n" for row in rows),
        } | given
        status, answer = self.ask("take_statement", **asked)
        if status == 200:
            self.closing = closing
        return status, answer, asked

    def _row(self, reference, fen, loan_id="", on=None):
        sign = "-" if fen < 0 else ""
        return f"{reference},{on or self.today},{sign}{abs(fen) // 100}.{abs(fen) % 100:02},{loan_id}"

    def taken(self, lines, **given):
        status, answer, _ = self.statement(lines, **given)
        assert status == 200, answer
        return answer

    def rows(self, query, *values):
        found = self.connection.execute(query, values).fetchall()
        self.connection.rollback()
        return found

    def check_cash(self, account="payment_provider", since=0):
        """Cash is what was reported and suspense, and its events come to the same."""
        status, view = self.look("cash", account)
        assert status == 200
        assert view["closing_fen"] - view["opening_fen"] == view["reported_fen"] + view["suspense_fen"]
        by_events = self.rows(
            "SELECT coalesce(sum((content->>'amount_fen')::bigint * CASE kind WHEN 'suspense_booked' THEN 1 ELSE -1 END), 0) "
            "AS fen FROM event WHERE kind LIKE 'suspense%%' AND content->>'account' = %s AND number > %s",
            account,
            since,
        )
        assert by_events[0]["fen"] == view["suspense_fen"]
        return view


@pytest.fixture
def cash(tx, vault):
    return Cash(tx, vault)


def test_a_statement_of_every_kind_of_line(cash):
    loan = cash.running()
    for reference, fen in (("P-1", 40_000), ("P-2", 25_500), ("P-3", 12_000), ("P-4", 7_700)):
        cash.repay(loan, reference, fen)
    taken = cash.taken([("P-1", 40_000), ("P-2", 25_000), ("P-9", 7_000), ("", 7_700)])
    assert (taken["rows"], taken["accepted"], taken["quarantined"]) == (4, 4, 0)
    assert (taken["matched_by_reference"], taken["matched_by_amount_and_day"]) == (1, 1)
    assert taken["differences"] == [{"reference": "P-2", "reported_fen": 25_000, "booked_fen": 25_500}]
    assert [(item["reference"], item["amount_fen"], item["why"]) for item in taken["unknown_items"]] == [
        ("P-2", -500, "amount_differs"),
        ("P-9", 7_000, "unknown"),
    ]
    assert [(each["reference"], each["amount_fen"]) for each in taken["unreported_bookings"]] == [("P-3", 12_000)]
    assert (taken["suspense_items"], taken["suspense_fen"]) == (2, 6_500)
    view = cash.check_cash()
    assert (view["unreported"], view["unreported_fen"], view["reported_fen"]) == (1, 12_000, 73_200)


def test_a_line_with_a_reference_nobody_knows_takes_no_booking_of_its_amount(cash):
    loan = cash.running()
    cash.repay(loan, "CB-1", 10_000)
    taken = cash.taken([("FEE-REVERSAL-77", 10_000)])
    assert (taken["matched_by_reference"], taken["matched_by_amount_and_day"], taken["unreported_fen"]) == (0, 0, 10_000)
    assert [(item["reference"], item["why"]) for item in taken["unknown_items"]] == [("FEE-REVERSAL-77", "unknown")]
    # The line of the booking itself comes a day later, finds it, and is not booked as somebody's payment.
    cash.today += dt.timedelta(days=1)
    taken = cash.taken([("CB-1", 10_000)])
    assert (taken["matched_by_reference"], taken["unknown"], taken["unreported"]) == (1, 0, 0)
    assert [item["reference"] for item in cash.check_cash()["items"]] == ["FEE-REVERSAL-77"]
    assert len(cash.rows("SELECT * FROM payment")) == 1


def test_a_line_without_a_reference_is_matched_where_one_booking_can_be_meant_at_once_or_later(cash):
    loan = cash.running()
    for reference, fen in (("P-1", 1_000), ("P-2", 1_000), ("P-3", 2_000)):
        cash.repay(loan, reference, fen)
    taken = cash.taken([("", 1_000), ("", 2_000), ("", 3_000)])
    assert (taken["matched_by_amount_and_day"], taken["unknown"], taken["unreported"]) == (1, 2, 2)
    cash.repay(loan, "P-4", 3_000)
    taken = cash.taken([("P-2", 1_000)])
    assert (taken["released"], taken["released_fen"], taken["suspense_items"]) == (2, 4_000, 0)
    cash.check_cash()


def test_money_whose_reference_has_the_form_of_our_ids_is_booked_by_the_id_of_its_item(cash):
    loan, reference = cash.running(), new_id("pp")
    (item,) = cash.taken([(reference, 90_000)])["unknown_items"]
    cash.done("resolve_suspense", item_id=item["item_id"], loan_id=loan)
    (payment,) = cash.rows("SELECT * FROM payment")
    assert payment["provider_reference"] == item["item_id"]
    cash.check_cash()


def test_the_same_statement_again_changes_nothing_and_another_of_its_number_is_refused(cash):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    status, answer, asked = cash.statement([("P-1", 40_000), ("P-9", 7_000)])
    before = cash.rows("SELECT count(*) AS n FROM event")
    assert answer["taken_before"] is False
    assert cash.ask("take_statement", **asked) == (200, answer | {"taken_before": True})
    assert cash.rows("SELECT count(*) AS n FROM event") == before
    status, refused = cash.ask("take_statement", **asked | {"content": HEADER, "closing_fen": asked["opening_fen"]})
    assert (status, refused["rule"]) == (409, "statement_differs")
    assert len(cash.rows("SELECT * FROM suspense")) == 1


def test_what_does_not_tie_or_leaves_a_gap_is_not_taken(cash):
    status, refused, _ = cash.statement([("P-1", 40_000)], closing=100_001)
    assert (status, refused["rule"]) == (422, "statement_does_not_tie")
    assert refused["figures"] == {"opening_fen": 100_000, "movements_fen": 40_000, "closing_fen": 100_001}
    cash.taken([("P-1", 40_000)])
    status, refused, _ = cash.statement([("P-2", 1)], opening_fen=139_999)
    assert (status, refused["rule"]) == (409, "statement_gap")
    assert refused["figures"] == {"opening_fen": 139_999, "closed_before_fen": 140_000}
    status, refused, _ = cash.statement([], starts_on=START - dt.timedelta(days=3), ends_on=START)
    assert (status, refused["rule"]) == (409, "statement_gap")
    status, refused, _ = cash.statement([], ends_on=START + dt.timedelta(days=1))
    assert (status, refused["rule"]) == (422, "day_out_of_order")
    status, refused, _ = cash.statement([], header="reference,amount\n")
    assert (status, refused["rule"]) == (422, "statement_not_readable")
    assert "'booked_on' (booked_on) stands not in the statement's first line" in refused["detail"]
    assert cash.statement([], account="nowhere")[1]["rule"] == "no_such_account"
    assert len(cash.rows("SELECT * FROM statement")) == 1


def test_bad_lines_are_set_aside_with_place_reason_and_value_and_their_money_is_in_suspense(cash):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    taken = cash.taken(
        ["P-1,2024-05-06,400.00,", ",2024-05-06,3.00,lo-1", "P-5,06/05/2024,2.00,", "P-6,2024-05-06,1 000,", "P-7,2024-05-06"],
        closing=100_000 + 40_000 + 300 + 200 + 100_000 + 55,
    )
    assert (taken["rows"], taken["accepted"], taken["quarantined"]) == (5, 1, 4)
    assert (taken["accepted_fen"], taken["quarantined_fen"]) == (40_000, 300 + 200 + 100_055)
    assert [(each["line"], each["column"], each["value"], each["amount_fen"]) for each in taken["faults"]] == [
        (3, "reference", "", 300),
        (4, "booked_on", "06/05/2024", 200),
        (5, "amount", "1 000", None),
        (6, "", "P-7,2024-05-06", None),
    ]
    view = cash.check_cash()
    items = {item["amount_fen"]: item for item in view["items"]}
    assert {fen: item["why"] for fen, item in items.items()} == {300: "quarantined", 200: "quarantined", 100_055: "unread"}
    # Somebody found out what the line without a reference was for.
    resolved = cash.done("resolve_suspense", item_id=items[300]["item_id"], loan_id=loan)
    assert resolved["suspense_fen"] == 100_255
    assert cash.check_cash()["suspense_fen"] == 100_255


def test_unknown_money_is_booked_for_its_loan_once_by_the_way_of_a_repayment(cash):
    loan = cash.running()
    (item,) = cash.taken([("P-9", 90_000)])["unknown_items"]
    resolved = cash.done("resolve_suspense", item_id=item["item_id"], loan_id=loan)
    assert (resolved["loan_id"], resolved["suspense_fen"]) == (loan, 0)
    assert resolved["outstanding_fen"] < 500_000
    (payment,) = cash.rows("SELECT * FROM payment")
    assert (payment["provider_reference"], payment["amount_fen"], payment["paid_on"]) == ("P-9", 90_000, START)
    status, refused = cash.ask("resolve_suspense", item_id=item["item_id"], loan_id=loan)
    assert (status, refused["rule"]) == (409, "item_released")
    status, refused = cash.ask("repay", loan_id=loan, provider_reference="P-9", amount_fen=90_000, paid_on=START)
    assert (status, refused["rule"]) == (409, "payment_booked_already")
    assert cash.ask("resolve_suspense", item_id="su-none", loan_id=loan)[1]["rule"] == "no_such_item"
    assert cash.check_cash()["suspense_items"] == 0
    # The next statement does not report the payment again.
    assert cash.taken([])["unreported"] == 0


def test_two_in_one_batch_cannot_book_one_item_twice(cash):
    loan = cash.running()
    (item,) = cash.taken([("P-9", 90_000)])["unknown_items"]
    asked = {"item_id": item["item_id"], "loan_id": loan}
    (first, _), (second, refused) = cash.batch("resolve_suspense", [asked, asked])
    assert (first, second, refused["rule"]) == (200, 409, "item_released")
    assert len(cash.rows("SELECT * FROM payment")) == 1


def test_money_that_was_booked_after_the_statement_is_not_booked_again(cash):
    loan = cash.running()
    (item,) = cash.taken([("P-9", 90_000)])["unknown_items"]
    cash.repay(loan, "P-9", 90_000)
    status, refused = cash.ask("resolve_suspense", item_id=item["item_id"], loan_id=loan)
    assert (status, refused["rule"]) == (409, "item_released")
    assert len(cash.rows("SELECT * FROM payment")) == 1
    assert cash.check_cash()["suspense_items"] == 0


def test_a_later_statement_names_the_loan(cash):
    loan = cash.running()
    cash.taken([("P-9", 90_000), ("P-8", 5_000)])
    taken = cash.taken([("P-9", 0, loan), ("P-8", 0, "lo-none"), ("P-7", 1_000, loan)])
    assert (taken["released"], taken["released_fen"], taken["unknown"]) == (2, 91_000, 1)
    assert [each["rule"] for each in taken["refused_items"]] == ["no_such_loan"]
    assert taken["suspense_fen"] == 5_000
    assert [row["amount_fen"] for row in cash.rows("SELECT * FROM payment ORDER BY amount_fen")] == [1_000, 90_000]
    cash.check_cash()


def test_a_doubled_line_is_in_suspense_until_it_is_taken_back(cash):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    assert cash.taken([("P-1", 40_000), ("P-1", 40_000)])["suspense_fen"] == 40_000
    taken = cash.taken([("P-1", -40_000)])
    assert (taken["released"], taken["suspense_items"]) == (2, 0)
    cash.check_cash()


def test_money_that_came_is_never_matched_with_money_that_went(cash):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    cash.taken([("P-1", 40_000)])
    cash.done("give_back", provider_reference="P-1", reason="no funds")
    # They book it a second time before they tell of the return.
    taken = cash.taken([("P-1", 40_000)])
    assert (taken["differing"], taken["suspense_fen"], taken["unreported_fen"]) == (0, 40_000, -40_000)
    assert cash.taken([("P-1", -40_000)])["matched_by_reference"] == 1


def test_an_item_whose_reference_was_booked_since_it_was_matched_is_not_booked_again(cash):
    loan = cash.running()
    (item,) = cash.taken([("P-9", 90_000)])["unknown_items"]
    cash.repay(loan, "P-9", 90_000)
    unit = Unit(cash.connection, *cash.clock())
    (refused,) = resolve(TERMS, unit, OPERATOR, [(unit.read(SUSPENSE, [item["item_id"]])[item["item_id"]], loan, "repayment")])
    cash.connection.rollback()
    assert (refused.status, refused.rule) == (409, "payment_booked_already")


def test_a_return_and_a_disbursement_are_bookings_too(cash):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    cash.taken([("P-1", 40_000)])
    (item,) = cash.taken([("P-1", -40_000)])["unknown_items"]
    assert cash.ask("resolve_suspense", item_id=item["item_id"], loan_id=loan)[1]["rule"] == "money_went_out"
    cash.done("give_back", provider_reference="P-1", reason="no funds")
    assert cash.taken([])["released_fen"] == -40_000
    assert cash.check_cash()["suspense_items"] == 0
    cash.closing = 0
    bank = "Value date,Reference,Text,Amount\n"
    taken = cash.taken([f"{START},out-1,loan,-5000.00"], account="payout_bank", header=bank, closing=-500_000)
    assert (taken["matched_by_reference"], taken["unreported"], taken["suspense_fen"]) == (1, 0, 0)
    cash.check_cash("payout_bank")


def closed(cash, tmp_path):
    """Close up to yesterday; the steps of the last day."""
    done = {each.step: each for each in close_days(day_terms(TERMS), cash.connection, cash.clock, folder=tmp_path)}
    return done["suspense"], done["self_audit"]


def test_the_day_close_releases_what_is_explained_and_holds_cash_against_bookings_and_suspense(cash, tmp_path):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    cash.repay(loan, "P-2", 1_000)
    cash.taken([("P-1", 40_000), ("P-9", 7_000)])
    cash.repay(loan, "P-9", 7_000)
    cash.today = START + dt.timedelta(days=1)
    suspense, audit = closed(cash, tmp_path)
    assert suspense.result == {"released": 1, "items": 0, "suspense_fen": 0}
    told = {
        name: audit.result[name] for name in ("cash_fen", "suspense_fen", "unreported", "unreported_fen", "cash_that_differs")
    }
    assert told == {"cash_fen": 47_000, "suspense_fen": 0, "unreported": 1, "unreported_fen": 1_000, "cash_that_differs": 0}
    assert audit.left_out == 0


@pytest.mark.parametrize(
    ("statement", "words", "findings"),
    [
        ("UPDATE suspense SET amount_fen = 7001", "cash is not what was reported of our bookings and suspense", 2),
        ("DELETE FROM reported", "cash is not what was reported of our bookings and suspense", 1),
        ("UPDATE reported SET amount_fen = 39999", "cash is not what was reported of our bookings and suspense", 2),
        ("UPDATE payment SET amount_fen = 39999", "was reported with another amount than it is booked with", 1),
        (
            "UPDATE statement SET opening_fen = opening_fen + 1, closing_fen = closing_fen + 1 WHERE place = 2",
            "statements do not open where the one before closed",
            2,
        ),
    ],
)
def test_the_self_audit_finds_cash_that_was_tampered_with(cash, tmp_path, statement, words, findings):
    loan = cash.running()
    cash.repay(loan, "P-1", 40_000)
    cash.taken([("P-1", 40_000), ("P-9", 7_000)])
    cash.taken([("P-8", 500), ("P-8", -500)])
    cash.connection.execute(statement)
    cash.connection.commit()
    cash.today = START + dt.timedelta(days=1)
    _, audit = closed(cash, tmp_path)
    assert words in [finding.message for finding in audit.findings]
    assert audit.result["cash_that_differs"] == findings


LINE = st.tuples(
    st.sampled_from(["as booked", "lost", "doubled", "altered", "misspelt", "nameless", "late"]), st.integers(1, 6), st.booleans()
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(days=st.lists(st.lists(LINE, max_size=7), min_size=1, max_size=4), strangers=st.lists(st.integers(-5, 5), max_size=3))
def test_random_statements_tie_and_suspense_is_conserved(cash, days, strangers):
    """Lines lost, doubled, altered, misspelt, nameless or late, and strangers' money: always cash = reported + suspense."""
    for table in ("reported", "suspense", "statement_line", "statement_fault", "statement"):
        cash.connection.execute(f"DELETE FROM {table}")
    cash.connection.execute("DELETE FROM payment")
    cash.connection.commit()
    cash.closing = 100_000
    base = cash.rows("SELECT coalesce(max(number), 0) AS n FROM event")[0]["n"]
    loans = cash.rows("SELECT loan_id FROM loan WHERE state = 'disbursed'")
    loan = loans[0]["loan_id"] if loans else cash.running(principal_fen=5_000_000)
    run, late, booked = cash.number, [], []
    for number, day in enumerate(days):
        lines, late = [*late], []
        for place, (what, units, bounces) in enumerate(day):
            reference, fen = f"{run}-{number}-{place}", units * 1_000
            cash.repay(loan, reference, fen)
            booked.append((reference, fen))
            if bounces:
                cash.done("give_back", provider_reference=reference, reason="no funds")
                booked.append((reference, -fen))
                lines.append((reference, -fen))
            told = {
                "as booked": [(reference, fen)],
                "lost": [],
                "doubled": [(reference, fen)] * 2,
                "altered": [(reference, fen + 7)],
                "misspelt": [(f"{reference}x", fen)],
                "nameless": [("", fen)],
                "late": [],
            }[what]
            lines += told
            late += [(reference, fen)] if what == "late" else []
        if number == 0:
            lines += [(f"{run}-stranger-{place}", 11 * fen) for place, fen in enumerate(strangers) if fen]
        status, taken, asked = cash.statement(lines)
        assert status == 200, taken
        assert taken["accepted"] == len(lines)
        assert sum(taken[name] for name in ("matched_by_reference", "matched_by_amount_and_day")) <= len(lines)
        view = cash.check_cash(since=base)
        # What is in suspense is what they said less what we booked of what they said.
        reported = cash.rows("SELECT kind, booking_id, amount_fen FROM reported")
        bookings = Counter(fen for _, fen in booked)
        assert not Counter(row["amount_fen"] for row in reported) - bookings
        assert view["unreported"] == len(booked) - len(reported)
        assert cash.ask("take_statement", **asked) == (200, taken | {"taken_before": True})
        assert cash.check_cash(since=base) == view


def test_only_bookings_that_open_items_can_mean_are_read(cash, monkeypatch):
    read = []

    def spying(*asked):
        found = unreported_bookings(*asked)
        read.append([(row["reference"], row["amount_fen"]) for row in found])
        return found

    monkeypatch.setattr(suspense, "unreported_bookings", spying)
    loan = cash.running()
    for number in range(20):
        cash.repay(loan, f"P-{number}", 1_000 + number)
    taken = cash.taken([])
    assert (taken["unreported"], len(taken["unreported_bookings"])) == (20, 20)
    assert read == [], "nothing is open, nothing is looked for"
    taken = cash.taken([("P-3", 1_003), ("", 1_007), ("", 555), ("Q-1", 1_009)])
    assert sorted(read.pop()) == [("P-3", 1_003), ("P-7", 1_007)]
    assert (taken["matched_by_reference"], taken["matched_by_amount_and_day"], taken["unreported"]) == (1, 1, 18)
    assert {each["reference"] for each in taken["unreported_bookings"]}.isdisjoint({"P-3", "P-7"})
    with cash.connection.transaction():
        release_suspense(_day(cash))
    cash.connection.rollback()
    assert read == [[]]
    assert cash.check_cash()["unreported"] == 18


def _day(cash):
    """What the step asks of a day."""
    return SimpleNamespace(
        connection=cash.connection,
        terms=SimpleNamespace(platform=TERMS),
        unit=lambda: Unit(cash.connection, cash.clock()[0], cash.today),
    )
