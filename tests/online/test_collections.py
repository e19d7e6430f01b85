"""Collections online: contact limits, promises, agencies and their commission, and what a recovered yuan costs."""

import datetime as dt

import pytest

from loanbook.loans.positions import Position
from loanbook.services.collection_case import cases_of
from loanbook.services.day_close import STEPS, close_days, day_terms
from loanbook.services.day_pass import Book, Findings, stand_of
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.unit import Unit
from tests.online.platform import TERMS, Platform

START = dt.date(2024, 5, 6)
DUE = dt.date(2024, 6, 6)
"""The first instalment of a loan paid out on START."""
FAIR, STONE = "Fair Wind Collections (example)", "Stone Bridge Collections (example)"


class Collecting(Platform):
    """A platform whose loans are collected; `at` is the time of day in UTC, 8 hours behind the borrowers."""

    def __init__(self, connection, vault, folder):
        super().__init__(connection, vault, START)
        self.at = dt.time(9, 0)
        self.folder = folder
        self.day_terms = day_terms(TERMS)
        self.references = iter(range(1_000))

    def clock(self):
        return dt.datetime.combine(self.today, getattr(self, "at", dt.time(9, 0)), dt.UTC), self.today

    def running(self, document="1", principal_fen=500_000, count=6, line=None):
        line = line or self.line(document=document)
        _, drawn = self.loan(line["line_id"], principal_fen, count)
        self.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
        self.done(
            "disburse", loan_id=drawn["loan_id"], provider_reference=f"out-{next(self.references)}", disbursed_on=self.today
        )
        return drawn["loan_id"]

    def repay(self, loan_id, amount_fen, paid_on=None):
        reference = f"in-{next(self.references)}"
        self.done("repay", loan_id=loan_id, provider_reference=reference, amount_fen=amount_fen, paid_on=paid_on or self.today)
        return reference

    def past_due(self, days):
        """Go to the day on which loans of START are so many days past due."""
        self.today = DUE + dt.timedelta(days=days)

    def contact(self, loan_id, action="robot_call", outcome="not_reached", **asked):
        return self.ask("record_contact", loan_id=loan_id, action=action, outcome=outcome, **asked)

    def close(self, since=None):
        """Close the days up to yesterday; from so many days past due on, where the days before do not matter to the test."""
        if since is not None:
            before = DUE + dt.timedelta(days=since - 1)
            row = (before, STEPS[-1].name)
            self.connection.execute("INSERT INTO day_step VALUES (%s, %s, '{}', '[]', now()) ON CONFLICT DO NOTHING", row)
            self.connection.commit()
        found = close_days(self.day_terms, self.connection, self.clock, folder=self.folder)
        return {(each.day, each.step): each for each in found}

    def queue(self, stage="all", **options):
        status, view = self.look("collections_queue", stage, **options)
        assert status == 200, view
        return view

    def seen(self, loan_id):
        status, view = self.look("loan_collections", loan_id)
        assert status == 200, view
        return view

    def events(self, *kinds):
        query = "SELECT kind, subject, happened_on, content FROM event WHERE kind = ANY(%s) ORDER BY number"
        found = self.connection.execute(query, (list(kinds),)).fetchall()
        self.connection.rollback()
        return found


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Collecting(tx, vault, tmp_path / "settlements")


def test_contacts_stop_at_the_day_and_week_limits_of_the_stage_with_source_and_figures(platform):
    loan = platform.running()
    platform.past_due(5)
    answers = [platform.contact(loan) for _ in range(3)]
    assert [status for status, _ in answers] == [201, 201, 409]
    assert (answers[0][1]["stage"], answers[0][1]["cost_fen"], answers[0][1]["left_today"]) == ("early", 15, 1)
    refused = answers[2][1]
    assert refused["rule"] == "contact_day_limit"
    assert refused["source"] == "Loanbook example terms, version 1 (terms/collections/consumer.yaml)"
    assert refused["figures"] == {"contacts_today": 2, "limit": 2, "stage": "early"}
    for days in (6, 7):
        platform.past_due(days)
        assert [platform.contact(loan)[0] for _ in range(2)] == [201, 201]
    platform.past_due(8)
    status, refused = platform.contact(loan)
    assert (status, refused["rule"]) == (409, "contact_week_limit")
    assert refused["figures"] == {"contacts_in_seven_days": 6, "limit": 6, "stage": "early"}
    platform.past_due(12)
    assert platform.contact(loan)[0] == 201
    assert len(platform.events("contact_made")) == 7
    assert len(platform.seen(loan)["contacts"]) == 7


def test_a_borrower_is_counted_over_all_loans_also_within_one_batch(platform):
    line = platform.line()
    loans = [platform.running(line=line, principal_fen=100_000) for _ in range(2)]
    platform.past_due(5)
    bodies = [{"loan_id": loans[number % 2], "action": "call", "outcome": "reached"} for number in range(3)]
    answers = platform.batch("record_contact", bodies)
    assert [status for status, _ in answers] == [201, 201, 409]
    assert [answer["left_today"] for _, answer in answers[:2]] == [1, 0]


@pytest.mark.parametrize(
    ("at", "status"), [(dt.time(0, 0), 201), (dt.time(23, 59), 409), (dt.time(11, 59), 201), (dt.time(12), 409)]
)
def test_nobody_is_contacted_outside_the_hours_of_the_borrowers_zone(platform, at, status):
    loan = platform.running()
    platform.past_due(5)
    platform.at = at
    found, answer = platform.contact(loan)
    assert found == status
    if status == 409:
        assert answer["rule"] == "contact_hours"
        assert (answer["figures"]["from"], answer["figures"]["until"]) == ("08:00", "20:00")


def test_channels_are_those_of_the_stage_and_work_without_a_contact_is_not_limited(platform):
    loan = platform.running()
    platform.past_due(2)
    status, refused = platform.contact(loan, "letter")
    assert (status, refused["rule"]) == (409, "contact_channel")
    assert refused["figures"] == {"dpd": 2, "stage": "reminder", "allowed": ["text_message", "robot_call"]}
    assert platform.contact(loan, "telegram")[1]["rule"] == "no_such_action"
    platform.past_due(70)
    platform.at = dt.time(20, 0)
    assert [platform.contact(loan, "review", "done")[0] for _ in range(3)] == [201, 201, 201]
    assert platform.contact(loan, "call")[1]["rule"] == "contact_hours"


def test_who_is_not_past_due_is_not_contacted(platform):
    loan = platform.running()
    assert platform.contact(loan)[1]["rule"] == "contact_not_past_due"
    platform.past_due(5)
    platform.repay(loan, 600_000)
    assert platform.contact(loan)[1]["rule"] == "loan_not_running"
    assert platform.contact("lo-none")[1]["rule"] == "no_such_loan"
    assert platform.look("loan_collections", "lo-none")[0] == 404


def test_a_promise_keeps_collectors_away_until_it_is_kept_or_broken_and_a_broken_one_moves_the_loan_up(platform):
    kept, broken = (platform.running(document=str(number)) for number in (1, 2))
    platform.past_due(5)
    for loan in (kept, broken):
        given = platform.done("promise", loan_id=loan, amount_fen=50_000, due_on=platform.today + dt.timedelta(days=3))
        assert given["broken_after"] == (platform.today + dt.timedelta(days=4)).isoformat()
        assert platform.contact(loan)[1]["rule"] == "contact_promise_open"
    status, refused = platform.ask("promise", loan_id=kept, amount_fen=1, due_on=platform.today)
    assert (status, refused["rule"]) == (409, "promise_open")
    platform.past_due(6)
    done = platform.close()
    assert done[platform.today - dt.timedelta(days=1), "collections_queue"].result == {"rows": 0, "left_alone": 2, "moved_up": 0}
    assert platform.queue()["loans"] == []
    platform.repay(kept, 50_000)
    platform.past_due(11)
    done = platform.close()
    found = {day: done[day, "promises"].result for day, step in done if step == "promises"}
    assert found[DUE + dt.timedelta(days=6)] == {"open": 1, "kept": 1, "broken": 0}
    assert found[DUE + dt.timedelta(days=9)] == {"open": 1, "kept": 0, "broken": 0}
    assert found[DUE + dt.timedelta(days=10)] == {"open": 0, "kept": 0, "broken": 1}
    told = [
        (event["kind"], event["subject"], event["happened_on"]) for event in platform.events("promise_kept", "promise_broken")
    ]
    assert told == [
        ("promise_kept", kept, DUE + dt.timedelta(days=6)),
        ("promise_broken", broken, DUE + dt.timedelta(days=10)),
    ]
    view = platform.queue()
    assert [(row["loan_id"], row["stage"], row["dpd"]) for row in view["loans"]] == [(broken, "middle", 10), (kept, "early", 10)]
    assert (platform.seen(broken)["stage"], platform.seen(kept)["stage"]) == ("middle", "early")
    # Letters are for the stage that it was moved to.
    assert platform.contact(broken, "letter")[0] == 201
    assert platform.contact(kept, "letter")[1]["rule"] == "contact_channel"


def test_a_promise_kept_by_money_that_bounces_is_judged_again(platform):
    loan = platform.running()
    platform.past_due(5)
    platform.done("promise", loan_id=loan, amount_fen=50_000, due_on=platform.today)
    reference = platform.repay(loan, 50_000)
    platform.past_due(8)
    platform.close()
    assert [each["state"] for each in platform.seen(loan)["promises"]] == ["kept"]
    platform.done("give_back", provider_reference=reference, reason="no funds")
    platform.past_due(9)
    platform.close()
    assert [event["kind"] for event in platform.events("promise_kept", "promise_broken")] == ["promise_kept", "promise_broken"]
    assert platform.queue()["loans"][0]["stage"] == "middle"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"amount_fen": 50_000, "due_on": DUE + dt.timedelta(days=13)}, "must fall due by 2024-06-18"),
        ({"amount_fen": 50_000, "due_on": DUE}, "must fall due by 2024-06-18"),
        ({"amount_fen": 500_000, "due_on": DUE + dt.timedelta(days=6)}, "at most the 862.72"),
    ],
)
def test_a_promise_that_the_terms_do_not_take_is_refused(platform, asked, words):
    loan = platform.running()
    platform.past_due(5)
    status, refused = platform.ask("promise", loan_id=loan, **asked)
    assert (status, refused["rule"], refused["source"]) == (409, "promise_terms", "Loanbook example terms, version 1")
    assert words in refused["detail"]
    assert refused["figures"]["dpd"] == 5


def test_an_agency_gets_a_loan_by_terms_keeps_it_for_its_days_and_earns_on_what_comes_meanwhile(platform):
    loan = platform.running(count=12)
    platform.past_due(91)
    platform.repay(loan, 1_000)
    platform.past_due(92)
    done = platform.close(since=90)
    assert done[DUE + dt.timedelta(days=91), "agencies"].result == {"with_agencies": 1, "handed_over": 1, "taken_back": 0}
    (placement,) = platform.seen(loan)["placements"]
    agency = placement["agency"]
    assert (agency in (FAIR, STONE), placement["handed_on"]) == (True, (DUE + dt.timedelta(days=91)).isoformat())
    assert platform.queue()["loans"] == []
    assert platform.contact(loan, "call")[1]["rule"] == "contact_with_agency"
    status, contacted = platform.contact(loan, "call", made_by="agency")
    assert (status, contacted["cost_fen"]) == (201, 0)
    reference = platform.repay(loan, 10_000)
    platform.past_due(100)
    done = platform.close()
    rate = {FAIR: 22, STONE: 25}[agency]
    assert done[DUE + dt.timedelta(days=92), "recoveries"].result == {
        "payments": 1,
        "taken_back": 0,
        "recovered_fen": 10_000,
        "commission_fen": 100 * rate,
    }
    (event,) = platform.events("agency_commission")
    assert (event["content"]["agency"], event["content"]["commission_fen"]) == (agency, 100 * rate)
    platform.done("give_back", provider_reference=reference, reason="no funds")
    platform.past_due(182)
    platform.close()
    back = platform.events("agency_commission")[1]
    assert (back["happened_on"], back["content"]["commission_fen"]) == (DUE + dt.timedelta(days=100), -100 * rate)
    placements = platform.seen(loan)["placements"]
    assert [(each["agency"] == agency, each["ended_on"]) for each in placements] == [
        (True, (DUE + dt.timedelta(days=181)).isoformat()),
        (False, None),
    ]
    assert placements[0]["why_ended"] == "its time is over"
    assert (placements[0]["recovered_fen"], placements[0]["commission_fen"]) == (0, 0)


def test_a_loan_that_is_paid_comes_back_and_its_agency_earns_only_on_what_was_overdue(platform):
    loan = platform.running(count=12)
    platform.past_due(92)
    platform.close(since=90)
    overdue = platform.seen(loan)["overdue_fen"]
    platform.repay(loan, overdue + 30_000)
    platform.past_due(93)
    done = platform.close()
    assert done[DUE + dt.timedelta(days=92), "recoveries"].result["recovered_fen"] == overdue
    assert done[DUE + dt.timedelta(days=92), "agencies"].result == {"with_agencies": 0, "handed_over": 0, "taken_back": 1}
    assert platform.seen(loan)["placements"][0]["why_ended"] == "nothing is overdue"


def test_what_came_on_the_day_of_the_hand_over_was_recovered_by_us(platform):
    loan = platform.running(count=12)
    platform.past_due(40)
    platform.done("hand_over", loan_id=loan, agency=FAIR)
    platform.repay(loan, 10_000)
    platform.past_due(41)
    platform.repay(loan, 5_000)
    platform.past_due(42)
    done = platform.close(since=40)
    days = [done[DUE + dt.timedelta(days=number), "recoveries"].result["commission_fen"] for number in (40, 41)]
    assert days == [0, 1_100]


def test_an_agency_keeps_a_loan_that_is_written_off_meanwhile_and_earns_on_the_recovery(platform):
    loan = platform.running(count=12)
    platform.past_due(183)
    platform.close(since=181)
    platform.repay(loan, 20_000)
    platform.past_due(184)
    done = platform.close()
    view = platform.seen(loan)
    assert (view["state"], view["agency"]) == ("charged_off", "Last Mile Recovery (example)")
    assert done[DUE + dt.timedelta(days=183), "recoveries"].result["commission_fen"] == 7_000


def test_a_loan_written_off_early_still_goes_to_an_agency(platform):
    loan = platform.running(count=12)
    platform.past_due(60)
    query = "UPDATE loan SET state = 'charged_off', closed_on = %s WHERE loan_id = %s"
    platform.connection.execute(query, (platform.today, loan))
    platform.connection.commit()
    platform.past_due(92)
    platform.close(since=90)
    assert platform.seen(loan)["placements"][0]["handed_on"] == (DUE + dt.timedelta(days=91)).isoformat()


def test_a_loan_is_handed_over_and_recalled_by_hand_and_stays_recalled(platform):
    loan = platform.running(count=12)
    platform.past_due(40)
    given = platform.done("hand_over", loan_id=loan, agency=FAIR)
    assert (given["commission"], given["keeps_until"]) == ("0.220000", (platform.today + dt.timedelta(days=90)).isoformat())
    assert platform.ask("hand_over", loan_id=loan, agency=STONE)[1]["rule"] == "with_an_agency"
    platform.past_due(42)
    platform.close(since=40)
    assert platform.queue()["loans"] == []
    platform.done("recall", loan_id=loan, reason="the borrower asked")
    assert platform.ask("recall", loan_id=loan, reason="again")[1]["rule"] == "not_with_an_agency"
    assert platform.ask("hand_over", loan_id=loan, agency=FAIR)[1]["rule"] == "had_by_agency"
    assert platform.ask("hand_over", loan_id=loan, agency="Nobody")[1]["rule"] == "no_such_agency"
    platform.past_due(95)
    platform.close(since=90)
    assert [row["loan_id"] for row in platform.queue("late")["loans"]] == [loan]
    assert len(platform.seen(loan)["placements"]) == 1
    fresh = platform.running(document="2")
    assert platform.ask("hand_over", loan_id=fresh, agency=FAIR)[1]["rule"] == "not_past_due"


def test_the_cost_of_a_recovered_yuan_is_told_by_stage_and_month(platform):
    loan = platform.running(count=12)
    platform.past_due(5)
    for _ in range(2):
        platform.contact(loan, "call")
    platform.repay(loan, 10_000)
    platform.past_due(6)
    platform.close(since=5)
    platform.past_due(92)
    platform.close(since=90)
    platform.repay(loan, 20_000)
    platform.past_due(93)
    platform.close()
    status, june = platform.look("collection_cost", "2024-06")
    assert status == 200
    assert june["stages"] == [
        {
            "stage": "early",
            "contacts": 2,
            "contact_fen": 500,
            "commission_fen": 0,
            "recovered_fen": 10_000,
            "cost_per_yuan": "0.050000",
        }
    ]
    _, september = platform.look("collection_cost", "2024-09")
    agency = platform.seen(loan)["agency"]
    rate = {FAIR: 22, STONE: 25}[agency]
    assert (september["contact_fen"], september["commission_fen"], september["recovered_fen"]) == (0, 200 * rate, 20_000)
    assert september["cost_per_yuan"] == f"0.{rate}0000"
    assert [stage["stage"] for stage in september["stages"]] == ["late"]
    assert platform.look("collection_cost", "2024-13")[0] == 422


def test_the_queue_is_read_by_stage_and_page(platform):
    loans = [platform.running(document=str(number), principal_fen=100_000 * number) for number in range(1, 6)]
    platform.past_due(6)
    platform.close(since=5)
    first = platform.queue("early", most="2")
    assert [row["loan_id"] for row in first["loans"]] == [loans[4], loans[3]]
    rest = platform.queue("early", after=first["next"])
    assert ([row["loan_id"] for row in rest["loans"]], rest["next"]) == ([loans[2], loans[1], loans[0]], None)
    assert [(stage["stage"], stage["loans"]) for stage in first["stages"]] == [("early", 5)]
    assert platform.queue("late")["loans"] == []
    assert platform.look("collections_queue", "nowhere")[0] == 404
    assert platform.look("collections_queue", "all", after="x")[0] == 422


def test_a_collector_sees_what_the_day_close_sees(platform):
    loans = [platform.running(document=str(number), principal_fen=90_000 * number, count=6) for number in range(1, 4)]
    platform.past_due(3)
    platform.repay(loans[1], 4_321)
    for days in (5, 45, 100):
        platform.past_due(days)
        unit = Unit(platform.connection, *platform.clock())
        cases = cases_of(TERMS, unit, unit.read(LOAN, loans))
        standing = stand_of(Book(TERMS, platform.connection), platform.connection, loans, platform.today, Findings())
        for place, loan_id in enumerate(standing.loan_id):
            assert cases[loan_id].dpd == standing.column(Position.DPD)[place] == days
            assert cases[loan_id].overdue_fen == standing.column(Position.OVERDUE)[place] > 0
        platform.connection.rollback()
