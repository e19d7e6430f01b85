"""Vehicles in the day close: books that tie, payment dates as the naive twin pays them, loans bought and sold back."""

import dataclasses
import datetime as dt

import pytest

from loanbook.loans.delinquency import dpd
from loanbook.loans.facts import Row as Due
from loanbook.loans.facts import Total
from loanbook.services import day_close
from loanbook.services.day_close import close_days
from tests.online.platform import OPERATOR
from tests.online.test_day_close import Closing, changed
from tests.online.vehicles import CODE, pay_twin, plan, twin, yuan

MICRO = "lantern_micro_lending"
BUY_BACK = "buy_back: {dpd_least: 30, dpd_most: 90, buyer: lantern_micro_lending, price: principal}"


class Funding(Closing):
    """A platform whose days are closed with a test's own vehicle among the shipped ones."""

    def __init__(self, connection, vault, folder, vehicle=None):
        super().__init__(connection, vault, folder)
        self.day_terms = dataclasses.replace(
            self.day_terms, vehicles=(*self.day_terms.vehicles, plan() if vehicle is None else vehicle)
        )

    def until(self, day):
        """Close all days before one."""
        self.today = day
        return self.close()

    def vehicle(self, code=CODE):
        status, found = self.look("vehicle", code)
        assert status == 200, found
        return found

    def events(self, kind, subject=None):
        which = "kind = %s AND (subject = %s OR %s::text IS NULL)"
        return self.rows(f"SELECT subject, happened_on, content FROM event WHERE {which} ORDER BY number", kind, subject, subject)

    def pay(self, loan_id, amount_fen=None):
        """Pay the instalment that is due next, or an amount, today."""
        if amount_fen is None:
            rows = self.account(loan_id, self.today).rows
            open_ = next(row for row in rows if row[Due.PRINCIPAL] > row[Due.PAID_PRINCIPAL])
            amount_fen = int(open_[Due.PRINCIPAL] + open_[Due.INTEREST] - open_[Due.PAID_PRINCIPAL] - open_[Due.PAID_INTEREST])
        self.repay(loan_id, amount_fen, f"in-{loan_id}-{self.today}")

    def paid_of(self, loan_ids, day):
        """Principal and interest paid of loans so far, by their accounts."""
        sums = {"principal": 0, "interest": 0}
        for loan_id in loan_ids:
            rows = self.account(loan_id, day).rows
            sums["principal"] += int(rows[:, Due.PAID_PRINCIPAL].sum())
            sums["interest"] += int(rows[:, Due.PAID_INTEREST].sum())
        return sums


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Funding(tx, vault, tmp_path / "settlements")


@pytest.fixture
def selling(tx, vault, tmp_path):
    return Funding(tx, vault, tmp_path / "settlements", plan(BUY_BACK))


def lived(platform):
    """Seven payment dates: one borrower stops, one misses a month, small loans follow. Returns the closes' steps."""
    punctual, late, stopped = (
        platform.running(MICRO, document=name, principal_fen=300_000, count=count)
        for name, count in (("punctual", 12), ("late", 12), ("stopped", 12))
    )
    done = {}
    small = []
    for month in range(6, 13):
        done |= platform.until(dt.date(2024, month, 6))
        if month != 8:
            platform.pay(punctual)
            platform.pay(late)
        if month == 8:
            small.append(platform.running(MICRO, document=f"small-{month}", principal_fen=60_000, count=3))
        done |= platform.until(dt.date(2024, month, 20))
        if month == 8:
            platform.pay(punctual)
            platform.pay(late)
    done |= platform.until(dt.date(2025, 1, 20))
    return [punctual, late, stopped, *small], done


def test_three_tranches_a_breached_trigger_and_a_shortfall_are_paid_as_the_twin_pays_them(platform):
    loans, done = lived(platform)
    sold = {row["subject"]: row for row in platform.events("loan_sold")}
    assert set(sold) == set(loans)
    paid = platform.events("vehicle_paid", CODE)
    days = ["06-10", "07-10", "08-12", "09-10", "10-10", "11-11", "12-10"]
    assert [each["content"]["on"] for each in paid] == [*(f"2024-{day}" for day in days), "2025-01-10"]
    naive, held, before = twin(), 1_000_000, {"principal": 0, "interest": 0}
    shorts, phases, covered = [], [], 0
    for each in paid:
        content, on = each["content"], each["happened_on"]
        mine = [loan_id for loan_id in loans if sold[loan_id]["happened_on"] < on]
        now = platform.paid_of(mine, on)
        received = {name: now[name] - before[name] for name in now}
        before = now
        if held:
            held -= sum(sold[loan_id]["content"]["price_fen"] for loan_id in mine)
            received["principal"] += held
            held = 0
        accounts = {loan_id: platform.account(loan_id, on) for loan_id in mine}
        lost = [row["content"]["principal_fen"] for row in platform.events("loan_charged_off") if row["happened_on"] <= on]
        outstanding = {
            loan_id: account.total(Total.OUTSTANDING)
            for loan_id, account in accounts.items()
            if not any(row["subject"] == loan_id and row["happened_on"] <= on for row in platform.events("loan_charged_off"))
        }
        serious = sum(amount for loan_id, amount in outstanding.items() if dpd(accounts[loan_id]) > 90)
        ratios = {
            "cumulative_default": (sum(lost), sum(sold[loan_id]["content"]["price_fen"] for loan_id in mine)),
            "delinquency_90": (serious, sum(outstanding.values())),
        }
        assert {name: tuple(ratio) for name, ratio in content["ratios_fen"].items()} == ratios
        bought = sum(row["content"]["price_fen"] for row in sold.values() if row["happened_on"] == on)
        phase, lines = pay_twin(naive, received, ratios, on, bought, sum(lost) - covered)
        covered = sum(lost)
        assert content["phase"] == phase
        assert [(one["pay"], one["of"], one["account"], yuan(one["amount_fen"])) for one in content["payments"]] == lines
        phases.append(phase)
        shorts.append({f"{one['pay']} of {one['of']}": one["short_fen"] for one in content["claims"] if one["short_fen"]})
    assert phases == ["revolving"] * 6 + ["amortising"] * 2
    # No borrower paid between 10 July and 12 August: the servicing fee waits a month and is made good.
    assert shorts[2]["fee of servicing"] > 0
    assert "fee of servicing" not in shorts[3]
    made_good = [one for one in paid[3]["content"]["claims"] if one["of"] == "servicing"]
    assert made_good[0]["paid_fen"] > shorts[2]["fee of servicing"]
    assert "delinquency traps the residual" in paid[3]["content"]["breached"]
    found = platform.vehicle()
    assert {name: yuan(amount) for name, amount in found["tranches_fen"].items()} == naive.debt
    assert {name: yuan(amount) for name, amount in found["unpaid_fen"].items()} == naive.unpaid
    assert (found["phase"], found["breached"]) == ("amortising", ["defaults end the revolving period"])
    assert found["tranches_fen"]["senior"] < 600_000
    assert all(step.left_out == 0 for step in done.values())
    check_cash(platform)


def check_cash(platform):
    """All cash of all vehicles is what investors and borrowers brought, less what was lent and paid to others."""
    books = [platform.vehicle(row["vehicle"]) for row in platform.rows("SELECT vehicle FROM vehicle")]
    assert {CODE, MICRO} < {each["vehicle"] for each in books}
    cash = sum(sum(each["accounts_fen"].values()) + each["lending_fen"] for each in books)
    borrowers = platform.rows("SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM payment WHERE NOT reversed")[0]["fen"]
    lent = platform.rows("SELECT sum(principal_fen)::bigint AS fen FROM loan WHERE disbursed_on IS NOT NULL")[0]["fen"]
    others = sum(
        one["amount_fen"]
        for each in platform.events("vehicle_paid", CODE)
        for one in each["content"]["payments"]
        if "(example)" in one["to"]
    )
    # What investors brought; what our own lender subscribed only changed its place.
    brought = sum(each["content"]["lending_fen"] for each in platform.events("vehicle_opened"))
    ours = sum(
        each["content"]["lending_fen"] for each in platform.events("vehicle_received") if each["content"]["why"] == "tranches"
    )
    assert (brought, ours) == (1_000_000 + 10_000_000_000, -150_000 - 1_000_000_000)
    assert cash == brought + ours + borrowers - lent - others


def test_a_balance_that_is_not_the_sum_of_its_events_is_found(platform):
    platform.running(MICRO, principal_fen=300_000)
    platform.until(dt.date(2024, 5, 10))
    platform.connection.execute(
        "UPDATE vehicle_balance SET amount_fen = amount_fen + 1 WHERE vehicle = %s AND kind = 'account' AND name = 'income'",
        (CODE,),
    )
    platform.connection.commit()
    done = platform.until(platform.today + dt.timedelta(days=1))
    (audit,) = [step for (_, name), step in done.items() if name == "self_audit"]
    assert audit.result["vehicle_balances_that_differ"] == 1
    assert audit.findings[0].place == f"vehicle {CODE} account income"


def test_a_gap_pays_each_missed_date_once_and_a_crash_leaves_a_date_paid_or_not(platform, monkeypatch):
    platform.running(MICRO, principal_fen=300_000, count=12)
    platform.today = dt.date(2024, 8, 20)
    keep = day_close.keep_step

    def crashing(tx, day, step, *rest):
        if (step, day) == ("vehicle_waterfalls", dt.date(2024, 7, 10)):
            raise KeyboardInterrupt
        keep(tx, day, step, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(day_close, "keep_step", crashing)
        with pytest.raises(KeyboardInterrupt):
            platform.close()
    assert [each["content"]["on"] for each in platform.events("vehicle_paid")] == ["2024-06-10"]
    platform.close()
    platform.close()
    assert [each["content"]["on"] for each in platform.events("vehicle_paid")] == ["2024-06-10", "2024-07-10", "2024-08-12"]
    assert platform.vehicle()["paid_to"] == "2024-08-12"


def test_a_ratio_that_nobody_published_stops_its_vehicle_alone_and_the_date_is_paid_later(platform, monkeypatch):
    platform.running(MICRO, principal_fen=300_000, count=12)
    from loanbook.services import day_steps_vehicles

    with monkeypatch.context() as patched:
        patched.delitem(day_steps_vehicles.RATIOS, "delinquency_90")
        done = platform.until(dt.date(2024, 6, 12))
    step = done[dt.date(2024, 6, 10), "vehicle_waterfalls"]
    assert [finding.place for finding in step.findings] == [f"vehicle {CODE}"]
    assert "needs the ratio delinquency_90" in step.findings[0].message
    assert platform.vehicle()["phase"] is None
    done = platform.until(dt.date(2024, 6, 14))
    (paid,) = platform.events("vehicle_paid", CODE)
    assert (paid["content"]["on"], paid["happened_on"]) == ("2024-06-10", dt.date(2024, 6, 12))
    assert done[dt.date(2024, 6, 13), "vehicle_waterfalls"].result["dates"] == 0


def test_a_bought_loan_is_sold_back_and_its_money_follows_the_holder_from_the_next_day(selling):
    loan_id = selling.running(MICRO, principal_fen=300_000, count=3)
    selling.until(dt.date(2024, 5, 9))
    assert selling.vehicle()["lending_fen"] == 700_000
    assert selling.vehicle(MICRO)["lending_fen"] == -300_000 - 150_000 + 300_000
    assert [each["passed_to"] for each in selling.look("funding", loan_id)[1]["holders"]] == [CODE]
    selling.until(dt.date(2024, 6, 6))
    selling.pay(loan_id)
    first = selling.paid_of([loan_id], selling.today)
    selling.until(dt.date(2024, 6, 7))
    assert selling.vehicle()["accounts_fen"] == {"income": first["interest"], "principal": first["principal"], "reserve": 0}
    assert selling.vehicle(MICRO)["accounts_fen"] == {"cash": 0}
    back_on = dt.date(2024, 7, 6) + dt.timedelta(days=30)
    selling.today = back_on
    selling.pay(loan_id, 100)
    last = selling.paid_of([loan_id], back_on)
    selling.until(back_on + dt.timedelta(days=1))
    (event,) = selling.events("loan_bought_back")
    price = event["content"]["price_fen"]
    assert (event["happened_on"], event["content"]["vehicle"], event["content"]["buyer"]) == (back_on, CODE, MICRO)
    assert price == 300_000 - last["principal"]
    (told,) = [each for each in selling.events("vehicle_collected", CODE) if each["happened_on"] == back_on]
    # Money of the day itself is still the plan's; the price comes on top.
    assert told["content"]["received_fen"] == {"interest": 100, "buy_back": price}
    before = selling.vehicle(MICRO)["accounts_fen"]["cash"]
    selling.pay(loan_id, 50_000)
    selling.until(selling.today + dt.timedelta(days=1))
    assert selling.vehicle(MICRO)["accounts_fen"]["cash"] == before + 50_000
    file = selling.file(MICRO, selling.today - dt.timedelta(days=1)) if selling.today.weekday() else {}
    assert sum(file.values()) in (0, 50_000)
    assert [each["passed_to"] for each in selling.look("funding", loan_id)[1]["holders"]] == [None]
    assert selling.rows("SELECT kind, seller, payer FROM taken_over ORDER BY on_day") == [
        {"kind": "sale", "seller": MICRO, "payer": CODE},
        {"kind": "buy_back", "seller": CODE, "payer": MICRO},
    ]


def test_a_third_party_guarantor_pays_from_the_deposit_and_then_itself_and_says_so(platform):
    guarantor = next(each for each in platform.day_terms.vehicles if each.code == "cairn_guarantee")
    small = dataclasses.replace(guarantor, deposit=dataclasses.replace(guarantor.deposit, amount_fen=120_000, floor_fen=50_000))
    vehicles = tuple(small if each is guarantor else each for each in platform.day_terms.vehicles)
    day_terms = changed(platform.day_terms, "heron_bank_guaranteed", "guarantee", cap_ppm=None, guarantor="cairn_guarantee")
    platform.day_terms = dataclasses.replace(day_terms, vehicles=vehicles)
    loans = [platform.running("heron_bank", document=str(number), principal_fen=100_000, count=3) for number in (1, 2)]
    due_on = dt.date(2024, 6, 6)
    done = platform.until(due_on + dt.timedelta(days=61))
    day = due_on + dt.timedelta(days=60)
    step = done[day, "compensation"]
    assert step.result["loans"] == 2
    events = platform.events("loan_compensated")
    assert {each["subject"] for each in events} == set(loans)
    whole = sum(each["content"]["principal_fen"] + each["content"]["interest_fen"] for each in events)
    assert sum(each["content"]["from_deposit_fen"] for each in events) == 120_000 < whole == step.result["paid_fen"]
    assert [(finding.place, finding.value) for finding in step.findings] == [("guarantor cairn_guarantee", str(whole - 120_000))]
    assert "deposit with it is used up" in step.findings[0].message
    assert step.result["deposit_calls_fen"] == {"cairn_guarantee": 120_000}
    assert platform.vehicle("cairn_guarantee")["deposit_fen"] == 0
    # Other shares hold from the next day on: what a borrower pays then is no longer the lender's.
    platform.repay(loans[0], 30_000, "late")
    platform.until(platform.today + dt.timedelta(days=5))
    assert sum(platform.file("heron_bank", day + dt.timedelta(days=1)).values()) == 0
    assert platform.file("heron_bank", day) == {(each, "compensation"): whole // 2 for each in loans}


def test_a_cap_that_is_used_up_leaves_the_claim_with_the_lender_and_says_so_once(platform):
    loans = [platform.running("heron_bank", document=str(number), principal_fen=100_000, count=3) for number in (1, 2, 3)]
    done = platform.until(dt.date(2024, 6, 6) + dt.timedelta(days=64))
    steps = [step for (_, name), step in done.items() if name == "compensation" and (step.result["loans"] or step.left_out)]
    (step,) = steps
    assert (step.result["loans"], step.result["paid_fen"]) == (1, 30_000)
    (finding,) = step.findings
    assert finding.place == "mandate heron_bank_guaranteed"
    assert "what 3 loans owe the lender is not covered" in finding.message
    assert int(finding.value) == step.result["uncovered_fen"] > 250_000
    taken = platform.rows("SELECT loan_id FROM taken_over")
    assert len(taken) == 1
    platform.repay(next(each for each in loans if each != taken[0]["loan_id"]), 1_000, "late")
    after = platform.until(platform.today + dt.timedelta(days=5))
    assert sum(platform.file("heron_bank", dt.date(2024, 8, 9)).values()) > 0
    # From the next day on only what nothing was paid for is asked for again, and without another finding.
    for again in [step for (_, name), step in after.items() if name == "compensation"]:
        assert (again.result["loans"], again.findings) == (0, ())
        assert 0 < again.result["uncovered_fen"] < step.result["uncovered_fen"]


def test_each_mandate_settles_on_its_days_and_the_audit_compares_files_events_and_cash(platform):
    platform.day_terms = changed(platform.day_terms, "our_micro_lender", "settlement", every="week")
    loans = {partner: platform.running(partner, document=partner) for partner in ("heron_bank", MICRO, "harbour_trust_1")}
    platform.until(dt.date(2024, 6, 7))
    for loan_id in loans.values():
        platform.repay(loan_id, 90_000, f"in-{loan_id}")
    done = platform.until(dt.date(2024, 7, 1))
    written = {path.parent.name for path in platform.folder.glob(f"2024-06-*/{MICRO}.csv")}
    assert written == {"2024-06-02", "2024-06-09", "2024-06-16", "2024-06-23", "2024-06-30"}
    assert {path.parent.name for path in platform.folder.glob("*/harbour_trust_1.csv")} == {"2024-05-31", "2024-06-30"}
    # Friday 7 June: the bank settles by the day; Monday the 10th is a holiday, so the file is payable on the 11th.
    (told,) = platform.rows(
        "SELECT content FROM event WHERE kind = 'partner_settled' AND subject = 'heron_bank' AND happened_on = '2024-06-07'"
    )
    assert told["content"]["mandates"]["heron_bank_guaranteed"]["payable_on"] == "2024-06-11"
    assert (loans["harbour_trust_1"], "principal") in platform.file("harbour_trust_1", dt.date(2024, 6, 8))
    audits = [step.result["settlements_that_differ"] for (_, name), step in done.items() if name == "self_audit"]
    assert set(audits) == {0}
    waiting = [step.result["waiting_fen"] for (day, name), step in done.items() if name == "settlement_files"]
    assert any(waiting)
    assert not waiting[-1]


@pytest.mark.parametrize("tampered", ["file", "waiting", "gone"])
def test_the_audit_finds_a_file_or_a_waiting_sum_that_was_changed(platform, monkeypatch, tampered):
    loan_id = platform.running("harbour_trust_1")
    platform.until(dt.date(2024, 5, 31))
    keep = day_close.keep_step

    def changing(tx, day, step, *rest):
        keep(tx, day, step, *rest)
        path = platform.folder / "2024-05-31" / "harbour_trust_1.csv"
        if step == "settlement_files" and tampered == "file":
            path.write_text(path.read_text().replace(",500000,", ",500001,"))
        elif step == "settlement_files" and tampered == "gone":
            path.unlink()
        elif step == "settlement_files":
            mandate = tx.execute("SELECT mandate_hash FROM loan").fetchone()["mandate_hash"]
            tx.execute("INSERT INTO settlement_due VALUES (%s, %s, 'principal', 1, %s, 5)", (mandate, loan_id, day))

    monkeypatch.setattr(day_close, "keep_step", changing)
    done = platform.until(dt.date(2024, 6, 1))
    audit = done[dt.date(2024, 5, 31), "self_audit"]
    assert audit.result["settlements_that_differ"] == 1
    words = {"file": "is not the file that was written", "gone": "is not there", "waiting": "is not what came less what went"}
    assert words[tampered] in audit.findings[0].message


def test_finance_sees_a_vehicle_and_a_partner_does_not(platform):
    platform.running()
    platform.until(dt.date(2024, 5, 9))
    caller = dataclasses.replace(OPERATOR, caller_id="p", role="partner", partner="heron_bank")
    assert platform.look("vehicle", CODE, caller)[0] == 403
    assert platform.look("vehicle", CODE, dataclasses.replace(OPERATOR, role="finance"))[0] == 200
    assert platform.look("vehicle", "nobody")[0] == 404


def test_closing_again_does_nothing(platform):
    platform.running(MICRO, principal_fen=300_000, count=12)
    platform.until(dt.date(2024, 6, 12))
    before = platform.vehicle()
    assert list(close_days(platform.day_terms, platform.connection, platform.clock, folder=platform.folder)) == []
    assert platform.vehicle() == before


def test_money_is_put_into_a_vehicle_where_its_terms_have_a_place_for_it(platform):
    platform.running(MICRO, principal_fen=300_000)
    platform.until(dt.date(2024, 5, 9))
    before = platform.vehicle(MICRO)
    put = {"vehicle": MICRO, "amount_fen": 500_000, "reference": "bank-1"}
    assert platform.done("fund_vehicle", into="lending", **put)["amount_fen"] == before["lending_fen"] + 500_000
    put["reference"] = "bank-1-b"
    assert platform.done("fund_vehicle", into="account", **put)["amount_fen"] == 500_000
    put["reference"] = "bank-1-c"
    status, refused = platform.ask("fund_vehicle", into="deposit", **put)
    assert (status, refused["rule"]) == (422, "not_into_this_vehicle")
    guarantor = {"vehicle": "cairn_guarantee", "amount_fen": 7, "reference": "bank-2"}
    assert platform.done("fund_vehicle", into="deposit", **guarantor)["amount_fen"] == 500_000_007
    assert platform.ask("fund_vehicle", into="account", **(guarantor | {"reference": "bank-3"}))[0] == 422
    assert platform.ask("fund_vehicle", into="account", **(put | {"vehicle": "nobody"}))[0] == 404
    done = platform.until(dt.date(2024, 5, 11))
    assert all(step.left_out == 0 for step in done.values())


def test_a_banks_reference_is_booked_once_a_vehicle_under_whatever_key(platform):
    platform.running(MICRO, principal_fen=300_000)
    platform.until(dt.date(2024, 5, 9))
    before = platform.vehicle(MICRO)["lending_fen"]
    put = {"vehicle": MICRO, "into": "lending", "amount_fen": 500_000, "reference": "bank-1"}
    assert platform.done("fund_vehicle", **put)["amount_fen"] == before + 500_000
    status, refused = platform.ask("fund_vehicle", **put)
    assert (status, refused["rule"]) == (409, "payment_booked_already")
    assert platform.ask("fund_vehicle", **(put | {"into": "account", "amount_fen": 1}))[0] == 409
    other = put | {"reference": "bank-2"}
    assert [status for status, _ in platform.batch("fund_vehicle", [other, other, put])] == [201, 409, 409]
    assert platform.vehicle(MICRO)["lending_fen"] == before + 1_000_000
    # Another vehicle's money is another's; a refused request leaves its reference free.
    elsewhere = put | {"vehicle": "cairn_guarantee"}
    assert platform.ask("fund_vehicle", **(elsewhere | {"into": "account"}))[0] == 422
    assert platform.ask("fund_vehicle", **(elsewhere | {"into": "deposit"}))[0] == 201


def test_a_deposit_that_was_filled_up_pays_again(platform):
    guarantor = next(each for each in platform.day_terms.vehicles if each.code == "cairn_guarantee")
    small = dataclasses.replace(guarantor, deposit=dataclasses.replace(guarantor.deposit, amount_fen=1_000, floor_fen=1_000))
    vehicles = tuple(small if each is guarantor else each for each in platform.day_terms.vehicles)
    day_terms = changed(platform.day_terms, "heron_bank_guaranteed", "guarantee", cap_ppm=None, guarantor="cairn_guarantee")
    platform.day_terms = dataclasses.replace(day_terms, vehicles=vehicles)
    platform.running("heron_bank", principal_fen=100_000, count=3)
    platform.until(dt.date(2024, 5, 9))
    platform.done("fund_vehicle", vehicle="cairn_guarantee", into="deposit", amount_fen=9_000, reference="bank-1")
    platform.until(dt.date(2024, 8, 6))
    (event,) = platform.events("loan_compensated")
    assert event["content"]["from_deposit_fen"] == 10_000
    assert platform.vehicle("cairn_guarantee")["deposit_fen"] == 0


def test_a_published_ratio_counts_unless_the_day_close_finds_it_itself(tx, vault, tmp_path):
    watched = plan()
    trigger = dataclasses.replace(watched.triggers[0], ratio="servicer_leverage", above_ppm=500_000)
    platform = Funding(tx, vault, tmp_path, dataclasses.replace(watched, triggers=(trigger,)))
    platform.running(MICRO, principal_fen=300_000, count=12)
    platform.until(dt.date(2024, 6, 3))
    ratio = {"vehicle": CODE, "numerator": 51, "denominator": 100}
    status, refused = platform.ask("publish_ratio", ratio="delinquency_90", **ratio)
    assert (status, refused["rule"]) == (409, "ratio_of_the_day_close")
    assert platform.ask("publish_ratio", ratio="servicer_leverage", **(ratio | {"vehicle": "nobody"}))[0] == 404
    platform.done("publish_ratio", ratio="servicer_leverage", **ratio)
    platform.until(dt.date(2024, 6, 12))
    assert platform.vehicle()["phase"] == "amortising"
    # It was for the date that it came before; the next date needs a new one.
    done = platform.until(dt.date(2024, 7, 11))
    assert "needs the ratio servicer_leverage" in done[dt.date(2024, 7, 10), "vehicle_waterfalls"].findings[0].message


def test_what_comes_after_a_charge_off_is_a_recovery_of_who_holds_the_loan(platform):
    loan_id = platform.running(MICRO, principal_fen=300_000, count=12)
    platform.until(dt.date(2024, 12, 10))
    assert platform.rows("SELECT state FROM loan") == [{"state": "charged_off"}]
    platform.repay(loan_id, 5_000, "late")
    platform.until(dt.date(2024, 12, 11))
    told = platform.events("vehicle_collected", CODE)[-1]
    assert told["content"]["received_fen"] == {"recovery": 5_000}
    assert told["content"]["accounts_fen"]["income"] == 5_000
