"""Money of a loan that could not be booked on its day: it waits, and the close that finds the trouble mended settles it once."""

import csv
import datetime as dt

import pytest

from tests.online.test_day_close import START, Closing, changed

PARTNER = "heron_bank"


@pytest.fixture
def platform(tx, vault, tmp_path):
    return Closing(tx, vault, tmp_path / "settlements")


def spoiled(platform, loan_id, column="terms_hash"):
    """Let a loan name terms that are not there; returns how to mend it."""
    (row,) = platform.rows(f"SELECT {column} AS held FROM loan WHERE loan_id = %s", loan_id)
    query = f"UPDATE loan SET {column} = %s WHERE loan_id = %s"

    def mend():
        platform.connection.execute(query, (row["held"], loan_id))
        platform.connection.commit()

    platform.connection.execute(query, ("gone", loan_id))
    platform.connection.commit()
    return mend


def files(platform, loan_id):
    """Every row of every file of the partner for a loan, with the day of the file."""
    found = []
    for path in sorted(platform.folder.glob(f"*/{PARTNER}.csv")):
        with path.open(encoding="utf-8") as file:
            found += [row | {"file": path.parent.name} for row in csv.DictReader(file) if row["loan_id"] == loan_id]
    return found


def wrong(done):
    """Findings of the self-audit and of settlement."""
    return [each for (_, step), found in done.items() if step in ("self_audit", "settlement_files") for each in found.findings]


def test_payments_of_days_on_which_their_loan_could_not_be_booked_are_settled_once_when_it_can(platform):
    twin, loan_id = (platform.running(PARTNER, document=str(number), count=3) for number in range(2))
    platform.later(31)
    platform.close()
    mend = spoiled(platform, loan_id)
    for number, paid in ((31, 50_000), (33, 70_000)):
        platform.later(number)
        for name, each in (("t", twin), ("l", loan_id)):
            platform.today = START + dt.timedelta(days=number)
            if each == loan_id:  # the verb itself needs the account
                mend()
            platform.repay(each, paid, f"in-{name}-{number}")
            if each == loan_id:
                mend = spoiled(platform, loan_id)
    platform.later(35)
    done = platform.close()
    first = START + dt.timedelta(days=31)
    step = done[first, "settlement_files"].result
    assert (step["cash_fen"], step["apart_fen"], step["late_fen"]) == (50_000, 50_000, 0)
    assert {row["line"] for row in files(platform, loan_id)} == {"disbursed"}
    assert [row["since"] for row in platform.rows("SELECT since FROM unsettled")] == [first, first]
    assert {(each.place, each.value) for each in wrong(done)} == {(f"loan {loan_id}", f"since {first}")}
    mend()
    platform.later(36)
    done = platform.close()
    mended_on = platform.today - dt.timedelta(days=1)
    step = done[mended_on, "settlement_files"].result
    assert (step["cash_fen"], step["apart_fen"], step["late_fen"]) == (120_000, 0, 120_000)
    platform.later(37)
    assert wrong(done | platform.close()) == []
    mine = [row for row in files(platform, loan_id) if row["line"] != "disbursed"]
    others = [row for row in files(platform, twin) if row["line"] != "disbursed"]
    assert min(row["file"] for row in others) == first.isoformat()
    (settled_on,) = {row["file"] for row in mine}
    assert settled_on >= mended_on.isoformat()
    assert {row["late_since"] for row in mine} == {first.isoformat()}
    assert {row["late_since"] for row in others} == {""}
    sums = [{}, {}]
    for total, rows in zip(sums, (mine, others), strict=True):
        for row in rows:
            total[row["line"]] = total.get(row["line"], 0) + int(row["amount_fen"])
    assert sums[0] == sums[1]
    assert sum(sums[0].values()) > 100_000
    assert platform.rows("SELECT * FROM unsettled") == []
    before = files(platform, loan_id)
    platform.later(40)
    assert wrong(platform.close()) == []
    assert files(platform, loan_id) == before


def test_a_payment_that_bounces_before_its_loan_is_mended_is_settled_with_nobody(platform):
    loan_id = platform.running(PARTNER, count=3)
    platform.later(31)
    platform.repay(loan_id, 50_000, "in-1")
    mend = spoiled(platform, loan_id)
    platform.later(33)
    platform.close()
    mend()
    platform.done("give_back", provider_reference="in-1", reason="no funds")
    platform.later(35)
    done = platform.close()
    assert wrong(done) == []
    step = done[START + dt.timedelta(days=33), "settlement_files"].result
    assert (step["cash_fen"], step["late_fen"]) == (0, 50_000)
    assert {row["line"] for row in files(platform, loan_id)} == {"disbursed"}


def test_a_loan_whose_mandate_is_unknown_is_set_apart_and_its_payout_and_money_settled_later(platform):
    loan_id = platform.running(PARTNER, count=3)
    twin = platform.running(PARTNER, document="2", count=3)
    mend = spoiled(platform, loan_id, "mandate_hash")
    platform.later(2)
    done = platform.close()
    assert files(platform, loan_id) == []
    assert [row["line"] for row in files(platform, twin)] == ["disbursed"]
    told = [each.message for each in done[START, "vehicle_receipts"].findings]
    assert told
    assert any("mandate terms gone are not among this platform's terms" in each for each in told)
    platform.later(32)
    platform.repay(loan_id, 50_000, "in-1")
    platform.repay(twin, 50_000, "in-2")
    platform.later(34)
    platform.close()
    mend()
    platform.later(38)
    assert wrong(platform.close()) == []
    mine, others = ({row["line"]: row["amount_fen"] for row in files(platform, each)} for each in (loan_id, twin))
    assert mine == others
    assert {"disbursed", "principal", "interest"} <= set(mine)
    since = {row["line"]: row["late_since"] for row in files(platform, loan_id)}
    assert (since["disbursed"], since["principal"]) == (START.isoformat(), (START + dt.timedelta(days=32)).isoformat())
    assert platform.rows("SELECT * FROM unsettled") == []


def test_vehicles_get_what_waited_once_too(platform):
    loan_id = platform.running("lantern_micro_lending", count=3)
    platform.later(31)
    platform.close()
    platform.repay(loan_id, 90_000, "in-1")
    mend = spoiled(platform, loan_id)
    platform.later(33)
    platform.close()
    query = "SELECT coalesce(sum((SELECT sum(value::bigint) FROM jsonb_each_text(content->'received_fen'))), 0)::bigint AS n "
    query += "FROM event WHERE kind = 'vehicle_collected' AND subject = 'lantern_micro_lending'"
    assert platform.rows(query)[0]["n"] == 0
    mend()
    platform.later(38)
    platform.close()
    assert platform.rows(query)[0]["n"] == 90_000


def test_what_bounces_of_a_claim_that_passed_is_compensated_once_when_the_loan_can_be_booked_again(platform):
    platform.day_terms = changed(platform.day_terms, "heron_bank_guaranteed", "guarantee", cap_ppm=None)
    twin, loan_id = (platform.running(PARTNER, document=str(number), count=3) for number in range(2))
    platform.later(31)
    for name, each in (("t", twin), ("l", loan_id)):
        platform.repay(each, 30_000, f"in-{name}")
    platform.later(31 + 62)
    platform.close()
    for name in "tl":
        platform.done("give_back", provider_reference=f"in-{name}", reason="no funds")
    mend = spoiled(platform, loan_id)
    platform.later(31 + 64)
    platform.close()
    assert len(platform.rows("SELECT 1 FROM event WHERE kind = 'loan_compensated' AND subject = %s", loan_id)) == 1
    mend()
    for number in (31 + 66, 31 + 68):
        platform.later(number)
        assert wrong(platform.close()) == []
    sums = []
    for each in (twin, loan_id):
        rows = [(row["line"], row["amount_fen"]) for row in files(platform, each) if row["line"] == "compensation"]
        assert len(rows) == 2
        sums.append(rows)
        held = platform.look("funding", each)[1]
        sums.append((held["compensated_fen"], held["claim_fen"], held["holders"]))
    assert sums[:2] == sums[2:]
