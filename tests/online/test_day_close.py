"""Day closes: steps done once in their order, gaps caught up, one failing loan apart from the others, money that ties."""

import csv
import dataclasses
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import pytest

from loanbook.errors import StateError
from loanbook.loans.delinquency import dpd
from loanbook.loans.facts import Row as DueRow
from loanbook.loans.facts import Total
from loanbook.services import day_close, day_pass
from loanbook.services.day_close import STEPS, close_days, day_terms, show_day
from loanbook.services.paying import online_account
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.unit import connect
from loanbook.units import RATE_SCALE
from tests.online.platform import TERMS, Platform

START = dt.date(2024, 5, 6)


class Closing(Platform):
    """A platform whose days are closed."""

    def __init__(self, connection, vault, folder):
        super().__init__(connection, vault, START)
        self.folder = folder
        self.day_terms = day_terms(TERMS)

    def close(self, to=None, chunk=50_000):
        found = close_days(self.day_terms, self.connection, self.clock, to, folder=self.folder, chunk=chunk)
        return {(each.day, each.step): each for each in found}

    def later(self, days):
        self.today = START + dt.timedelta(days=days)

    def running(self, partner=None, document="1", principal_fen=500_000, count=6, **inputs):
        line = self.line(document=document, **inputs)
        _, drawn = self.loan(line["line_id"], principal_fen, count)
        while partner is not None and drawn["partner"] != partner:
            drawn = self.done("answer_offer", loan_id=drawn["loan_id"], decision="refuse", reason="for the test")
        self.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
        self.done("disburse", loan_id=drawn["loan_id"], provider_reference=f"out-{document}", disbursed_on=self.today)
        return drawn["loan_id"]

    def repay(self, loan_id, amount_fen, reference):
        self.done("repay", loan_id=loan_id, provider_reference=reference, amount_fen=amount_fen, paid_on=self.today)

    def rows(self, query, *values):
        found = self.connection.execute(query, values).fetchall()
        self.connection.rollback()
        return found

    def file(self, partner, day):
        """The partner's file of the settlement day that takes what a day booked."""
        on = min(path.parent.name for path in self.folder.glob(f"*/{partner}.csv") if path.parent.name >= day.isoformat())
        with (self.folder / on / f"{partner}.csv").open(encoding="utf-8") as file:
            return {(row["loan_id"], row["line"]): int(row["amount_fen"]) for row in csv.DictReader(file)}

    def account(self, loan_id, day):
        (loan,) = self.rows("SELECT * FROM loan WHERE loan_id = %s", loan_id)
        found = online_account(TERMS, loan, payments_of(self.connection, [loan_id])[loan_id], day)
        self.connection.rollback()
        return found

    def rate(self, loan_id):
        return self.rows("SELECT rate_annual FROM loan WHERE loan_id = %s", loan_id)[0]["rate_annual"]


def changed(day_terms, code, part, **values):
    """The terms of a day with one part of one mandate changed."""
    mandates = tuple(
        dataclasses.replace(each, **{part: dataclasses.replace(getattr(each, part), **values)}) if each.code == code else each
        for each in day_terms.platform.mandates
    )
    return dataclasses.replace(day_terms, platform=dataclasses.replace(day_terms.platform, mandates=mandates))


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Closing(tx, vault, tmp_path / "settlements")


def test_every_step_of_every_missed_day_is_done_once_in_order(platform):
    platform.running()
    platform.later(3)
    done = platform.close()
    days = [START + dt.timedelta(days=number) for number in range(3)]
    assert list(done) == [(day, step.name) for day in days for step in STEPS]
    assert all(each.left_out == 0 for each in done.values())
    assert platform.close() == {}
    assert [each.step for each in show_day(platform.connection, START)] == [step.name for step in STEPS]
    with pytest.raises(StateError, match="is not over"):
        platform.close(to=platform.today)


def test_what_is_due_and_overdue_is_what_the_accounts_say(platform):
    loans = [platform.running(document=str(number), principal_fen=100_000 * number, count=3) for number in (1, 2, 3)]
    platform.later(31)
    platform.repay(loans[0], 1_000, "in-1")
    platform.later(40)
    done = platform.close(chunk=2)
    day = START + dt.timedelta(days=39)
    accounts = [platform.account(loan_id, day) for loan_id in loans]
    assert done[START + dt.timedelta(days=31), "fall_due"].result["loans"] == 3
    assert done[START + dt.timedelta(days=32), "mark_overdue"].result["new_loans"] == 3
    assert done[day, "mark_overdue"].result["loans"] == sum(dpd(each) > 0 for each in accounts) == 3
    assert done[day, "fall_due"].result["outstanding_fen"] == sum(each.total(Total.OUTSTANDING) for each in accounts)
    queued = platform.rows("SELECT * FROM queued ORDER BY place")
    assert [row["loan_id"] for row in queued] == loans[::-1]
    assert {(row["day"], row["dpd"], row["stage"]) for row in queued} == {(day, 8, "early")}


def test_a_gap_caught_up_equals_days_closed_one_by_one(platform, databases, request, vault, tmp_path):
    name = databases.create(request.getfixturevalue("_migrated"))
    with connect(databases.dsn(name)) as connection:
        daily = Closing(connection, vault, tmp_path / "daily")
        found = []
        for each, every_day in ((platform, False), (daily, True)):
            results = {}
            loan_id = each.running("heron_bank", document=str(id(each)), count=3)
            for number in range(1, 110):
                each.later(number)
                if every_day:
                    results |= each.close()
                if number == 50:
                    each.repay(loan_id, 60_000, "in-1")
                    # What is taken back after the day was closed is in a later close; on the day itself it is in this one.
                    each.done("give_back", provider_reference="in-1", reason="no funds")
            found.append(
                {
                    key: step.result
                    for key, step in (results or each.close()).items()
                    if key[1] not in ("audit_seal", "reservations", "quota_reset")
                }
            )
            assert each.rows("SELECT count(*) AS n FROM taken_over")[0]["n"] == 1
    databases.drop(name)
    assert found[0] == found[1]
    assert len(found[0]) == 109 * (len(STEPS) - 3)


def test_a_guarantor_pays_on_its_day_and_the_partner_is_told_and_settled(platform):
    loan_id = platform.running("heron_bank", count=3)
    due_on = dt.date(2024, 6, 6)
    day = due_on + dt.timedelta(days=60)
    platform.today = day + dt.timedelta(days=5)
    platform.close()
    (event,) = platform.rows("SELECT * FROM event WHERE kind = 'loan_compensated'")
    account = platform.account(loan_id, day)
    assert (event["subject"], event["happened_on"]) == (loan_id, day)
    # The cap is a tenth of what was disbursed under the mandate; interest is the lender's at its coupon of 6.5 %, not the rate.
    owed = account.total(Total.OUTSTANDING) + account.rows[:2, DueRow.INTEREST].sum()
    paid = event["content"]["principal_fen"]
    assert (paid, event["content"]["interest_fen"]) == (50_000, 0)
    assert 450_000 < event["content"]["uncovered_fen"] < owed - paid
    assert platform.file("heron_bank", day) == {(loan_id, "compensation"): paid}
    platform.repay(loan_id, 100_000, "late")
    paid_on = platform.today
    platform.later((platform.today - START).days + 4)
    platform.close()
    # The claim passed in the part that was paid for: of what comes in now the rest is still the lender's.
    later = platform.account(loan_id, paid_on)
    came = int((later.rows[:, DueRow.PAID_PRINCIPAL] - account.rows[:, DueRow.PAID_PRINCIPAL]).sum())
    claim = paid + event["content"]["uncovered_fen"]
    passed = Decimal(came * paid) / claim
    theirs = platform.file("heron_bank", paid_on)
    assert theirs[loan_id, "principal"] == came - int(passed.quantize(Decimal(1), ROUND_HALF_UP)) > 80_000
    interest = 100_000 - came
    expected = Decimal(interest * (claim - paid)) / claim * Decimal("0.065") / (Decimal(platform.rate(loan_id)) / RATE_SCALE)
    assert abs(theirs[loan_id, "interest"] - expected) <= 1
    assert set(theirs) == {(loan_id, "principal"), (loan_id, "interest")}
    funding = platform.look("funding", loan_id)[1]
    assert (funding["compensated_fen"], funding["claim_fen"]) == (paid, claim)
    held = {each["vehicle"]: each for each in funding["holders"]}
    assert held["heron_bank"]["principal_fen"] == theirs[loan_id, "principal"]
    assert held["lantern_guarantee"]["principal_fen"] == came - theirs[loan_id, "principal"]
    assert abs(float(held["lantern_guarantee"]["loss_percent"]) - 100 * paid / claim) < 0.0002


def test_a_payment_that_bounces_after_the_claim_was_taken_over_goes_back_from_those_who_had_it(platform):
    platform.day_terms = changed(platform.day_terms, "heron_bank_guaranteed", "guarantee", cap_ppm=None)
    loan_id = platform.running("heron_bank", count=3)
    platform.later(31)
    platform.repay(loan_id, 30_000, "in-1")
    paid_on, day = platform.today, dt.date(2024, 6, 6) + dt.timedelta(days=60)
    platform.today = day + dt.timedelta(days=1)
    platform.close()
    first = platform.file("heron_bank", paid_on)
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    platform.repay(loan_id, 10_000, "in-2")
    bounced_on = platform.today
    platform.today += dt.timedelta(days=4)
    done = platform.close()
    assert [step.findings for step in done.values() if step.findings] == []
    # It gives back what bounced, and its guarantor pays for that too.
    again = sum(first.values())
    assert platform.file("heron_bank", bounced_on) == {
        **{key: -amount for key, amount in first.items()},
        (loan_id, "compensation"): again,
    }
    one, other = platform.rows("SELECT happened_on, content FROM event WHERE kind = 'loan_compensated' ORDER BY number")
    assert (one["happened_on"], other["happened_on"]) == (day, bounced_on)
    parts = {line: other["content"][f"{line}_fen"] for line in ("principal", "interest", "uncovered")}
    assert parts == {"principal": first[loan_id, "principal"], "interest": first[loan_id, "interest"], "uncovered": 0}
    funding = platform.look("funding", loan_id)[1]
    assert (
        funding["compensated_fen"]
        == funding["claim_fen"]
        == again + sum(one["content"][f"{line}_fen"] for line in ("principal", "interest"))
    )
    assert platform.rows("SELECT paid_fen FROM taken_over") == [{"paid_fen": funding["claim_fen"]}]
    held = {each["vehicle"]: each for each in funding["holders"]}
    assert (held["heron_bank"]["principal_fen"], held["heron_bank"]["interest_fen"]) == (0, 0)
    ours = held["lantern_guarantee"]
    fees = ours["fee_fen"] + held["platform"]["fee_fen"]
    assert ours["principal_fen"] + ours["interest_fen"] + fees == 10_000


def test_what_bounces_above_a_cap_is_a_claim_that_the_lender_keeps(platform):
    loan_id = platform.running("heron_bank", count=3)
    platform.later(31)
    platform.repay(loan_id, 30_000, "in-1")
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=61)
    platform.close()
    capped = platform.look("funding", loan_id)[1]
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    bounced_on = platform.today
    platform.today += dt.timedelta(days=1)
    done = platform.close()
    funding = platform.look("funding", loan_id)[1]
    back = -sum(platform.file("heron_bank", bounced_on).values())
    assert (funding["compensated_fen"], funding["claim_fen"]) == (capped["compensated_fen"], capped["claim_fen"] + back)
    (finding,) = [found for step in done.values() for found in step.findings]
    assert "cap of its guarantee is used up" in finding.message
    assert finding.value == str(back)
    platform.done(
        "repay", loan_id=loan_id, provider_reference="all", amount_fen=900_000, paid_on=platform.today, purpose="payoff"
    )
    paid_on = platform.today
    platform.today += dt.timedelta(days=4)
    platform.close()
    theirs = platform.file("heron_bank", paid_on)
    passed = Decimal(500_000 * funding["compensated_fen"]) / funding["claim_fen"]
    assert abs(theirs[loan_id, "principal"] - (500_000 - passed)) <= 2


def test_money_that_came_before_a_claim_grew_goes_back_as_it_came(platform):
    loan_id = platform.running("heron_bank", count=3)
    platform.later(31)
    platform.repay(loan_id, 60_000, "before")
    paid_on = platform.today
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=61)
    platform.close()
    days = []
    for reference in ("since", "before", "since"):
        if reference == "since" and not days:
            platform.repay(loan_id, 200_000, reference)
        else:
            platform.done("give_back", provider_reference=reference, reason="no funds")
        days.append(platform.today)
        platform.today += dt.timedelta(days=4)
        platform.close()
        sums = {"principal": 0, "interest": 0}
        for day in (paid_on, *days):
            for (_, line), amount in platform.file("heron_bank", day).items():
                sums[line] = sums.get(line, 0) + amount
        funding = platform.look("funding", loan_id)[1]
        theirs = next(each for each in funding["holders"] if each["vehicle"] == "heron_bank")
        assert (theirs["principal_fen"], theirs["interest_fen"]) == (sums["principal"], sums["interest"])
    assert (sums["principal"], sums["interest"]) == (0, 0)
    assert len(platform.rows("SELECT 1 FROM event WHERE kind = 'loan_compensated'")) == 2


def test_files_tie_to_the_money_also_when_it_bounces(platform):
    loan_id = platform.running("heron_bank")
    platform.later(31)
    platform.repay(loan_id, 90_000, "in-1")
    paid_on = platform.today
    platform.later(33)
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    platform.later(40)
    done = platform.close()
    assert platform.file("heron_bank", START)[loan_id, "disbursed"] == 500_000
    first, second = platform.file("heron_bank", paid_on), platform.file("heron_bank", paid_on + dt.timedelta(days=2))
    assert first[loan_id, "principal"] > 70_000
    assert first[loan_id, "interest"] > 0
    assert {key: -amount for key, amount in first.items()} == second
    step = done[paid_on, "settlement_files"].result
    assert step["cash_fen"] == 90_000
    assert step["net_fen"]["heron_bank"] == sum(first.values())
    (told,) = platform.rows(
        "SELECT content FROM event WHERE kind = 'partner_settled' AND subject = 'heron_bank' AND happened_on = %s", paid_on
    )
    assert told["content"]["net_fen"] == sum(first.values())
    assert sorted(path.stem for path in (platform.folder / paid_on.isoformat()).iterdir()) == sorted(step["net_fen"])


def test_a_loan_is_charged_off_on_the_first_day_past_its_terms(platform):
    loan_id = platform.running("lantern_micro_lending")
    due_on = dt.date(2024, 6, 6)
    platform.today = due_on + dt.timedelta(days=181)
    platform.close()
    assert platform.rows("SELECT state FROM loan")[0]["state"] == "disbursed"
    platform.today += dt.timedelta(days=2)
    done = platform.close()
    (loan,) = platform.rows("SELECT * FROM loan WHERE loan_id = %s", loan_id)
    assert (loan["state"], loan["closed_on"]) == ("charged_off", due_on + dt.timedelta(days=181))
    assert done[loan["closed_on"], "charge_offs"].result == {"loans": 1, "principal_fen": 500_000}
    assert done[platform.today - dt.timedelta(days=1), "fall_due"].result["running_loans"] == 0


def test_a_trust_sells_its_overdue_loan_back_once(platform, monkeypatch):
    loan_id = platform.running("harbour_trust_1")
    trust = next(each for each in platform.day_terms.vehicles if each.code == "harbour_trust_1")
    # The shipped plan begins in 2025: before, it sells nothing back.
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=33)
    assert not [each for each in platform.close().values() if each.step == "buy_backs" and each.result["loans"]]
    object.__setattr__(trust, "effective_from", 0)
    # The trust's mandate settles by the month.
    platform.today = dt.date(2024, 8, 1)
    done = [each for each in platform.close().values() if each.step == "buy_backs"]
    assert [each.result["loans"] for each in done] == [1] + [0] * (len(done) - 1)
    assert platform.file("harbour_trust_1", done[0].day)[loan_id, "buy_back"] == done[0].result["price_fen"] > 500_000


def test_an_unanswered_offer_is_asked_again_and_only_expires_by_its_mandate(platform):
    line = platform.line()
    _, drawn = platform.loan(line["line_id"])
    partner = drawn["partner"]
    platform.later(1)
    asked_at = platform.rows("SELECT asked_at FROM reservation")[0]["asked_at"]
    moment = asked_at + dt.timedelta(minutes=30)
    platform.clock = lambda: (moment, platform.today)
    assert platform.close()[START, "reservations"].result == {"asked_again": 1, "expired": 0, "lapsed": 0}
    assert platform.rows("SELECT state, partner FROM loan") == [{"state": "offered", "partner": partner}]
    told = platform.rows("SELECT * FROM outbox WHERE topic = 'answer_wanted'")
    assert [row["recipient"] for row in told] == [partner]
    moment = asked_at + dt.timedelta(days=4)
    platform.later(2)
    assert platform.close()[START + dt.timedelta(days=1), "reservations"].result == {"asked_again": 0, "expired": 1, "lapsed": 0}
    (loan,) = platform.rows("SELECT * FROM loan")
    assert loan["refused_by"] == [partner]
    assert loan["partner"] != partner
    assert loan["state"] == "offered"
    assert platform.rows("SELECT state FROM reservation ORDER BY attempt") == [{"state": "released"}, {"state": "reserved"}]
    assert platform.rows("SELECT sum(reserved_fen)::bigint AS n FROM quota WHERE scope = 'total'")[0]["n"] == 500_000


def test_one_loan_that_cannot_be_booked_is_reported_and_the_others_go_on(platform, monkeypatch):
    loans = [platform.running(document=str(number), count=3, principal_fen=500_000 + number) for number in range(5)]
    platform.connection.execute("UPDATE loan SET terms_hash = 'gone' WHERE loan_id = %s", (loans[3],))
    platform.connection.commit()
    book = day_pass.positions

    def failing(batch, *rest):
        if 500_002 in batch.principal_fen:
            raise OverflowError("does not fit in 64 bits")
        return book(batch, *rest)

    monkeypatch.setattr(day_pass, "positions", failing)
    platform.later(40)
    done = platform.close()[START + dt.timedelta(days=39), "fall_due"]
    assert done.result["running_loans"] == 3
    assert {finding.place for finding in done.findings} == {f"loan {loans[2]}", f"loan {loans[3]}"}
    assert done.left_out == done.result["unbookable_loans"] == 2
    assert platform.rows("SELECT count(*) AS n FROM queued")[0]["n"] == 3


def test_what_fails_for_one_loan_while_writing_is_taken_back_for_it_alone(platform):
    loans = [platform.running("lantern_micro_lending", document=str(number)) for number in range(3)]
    platform.connection.execute(f"ALTER TABLE event ADD CHECK (kind <> 'loan_charged_off' OR subject <> '{loans[1]}')")
    platform.connection.commit()
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=182)
    done = platform.close()[platform.today - dt.timedelta(days=1), "charge_offs"]
    assert done.result["loans"] == 2
    assert [finding.place for finding in done.findings] == [f"loan {loans[1]}"]
    states = {row["loan_id"]: row["state"] for row in platform.rows("SELECT loan_id, state FROM loan")}
    assert [states[each] for each in loans] == ["charged_off", "disbursed", "charged_off"]


@pytest.mark.parametrize("crashed", ["compensation", "settlement_files", "audit_seal"])
def test_a_crash_leaves_steps_done_or_not_done(platform, monkeypatch, crashed):
    platform.running("heron_bank", count=3)
    platform.today = dt.date(2024, 6, 6) + dt.timedelta(days=61)
    platform.close(to=platform.today - dt.timedelta(days=2))
    place = next(number for number, step in enumerate(STEPS) if step.name == crashed)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(day_close, "keep_step", _crashing(crashed, crash))
        with pytest.raises(KeyboardInterrupt):
            platform.close()
    day = platform.today - dt.timedelta(days=1)
    assert len(show_day(platform.connection, day)) == place
    assert [step for _, step in platform.close()] == [step.name for step in STEPS[place:]]
    assert len(platform.rows("SELECT * FROM event WHERE kind = 'loan_compensated'")) == 1
    assert len(platform.rows("SELECT * FROM event WHERE kind = 'partner_settled' AND happened_on = %s", day)) == len(
        list((platform.folder / day.isoformat()).iterdir())
    )


def _crashing(crashed, crash):
    keep = day_close.keep_step
    return lambda tx, day, step, *rest: crash() if step == crashed else keep(tx, day, step, *rest)


def test_quotas_of_past_days_go_lines_end_and_the_audit_sees_what_was_tampered_with(platform):
    loan_id = platform.running()
    platform.later(2)
    done = platform.close()
    assert done[START, "quota_reset"].result == {"removed": 0}
    assert done[START + dt.timedelta(days=1), "quota_reset"].result == {"removed": 1}
    assert done[START + dt.timedelta(days=1), "self_audit"].result["quotas_that_differ"] == 0
    platform.connection.execute("UPDATE quota SET reserved_fen = 7 WHERE scope = 'total'")
    platform.connection.execute("UPDATE loan SET principal_repaid_fen = 1 WHERE loan_id = %s", (loan_id,))
    platform.connection.execute("UPDATE credit_line SET expires_on = %s", (START + dt.timedelta(days=2),))
    platform.connection.commit()
    platform.later(3)
    done = platform.close()
    audit = done[START + dt.timedelta(days=2), "self_audit"]
    assert (audit.result["quotas_that_differ"], audit.result["loans_that_differ"], audit.left_out) == (1, 1, 2)
    assert done[START + dt.timedelta(days=2), "line_expiry"].result == {"lines": 1}
    assert platform.rows("SELECT kind FROM event WHERE kind = 'line_expired'") == [{"kind": "line_expired"}]
