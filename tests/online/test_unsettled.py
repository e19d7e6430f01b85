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
    assert [row["since"] for row in platform.rows("SELECT since FROM unsettled")] == [first] * 3
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


AGENCY = "Fair Wind Collections (example)"


def earned(platform, loan_id):
    """What was recovered of a loan and the agency's commission, by payment, without what was taken back; and as events told."""
    query = "SELECT payment_id, stage, recovered_fen, commission_fen, placement_id IS NOT NULL AS placed FROM recovered "
    query += "WHERE loan_id = %s AND taken_back_on IS NULL"
    rows = {row.pop("payment_id"): row for row in platform.rows(query, loan_id)}
    query = "SELECT p.provider_reference AS reference, p.payment_id FROM payment p WHERE p.loan_id = %s AND p.paid_on IS NOT NULL"
    found = {row["reference"][:-1]: rows.get(row["payment_id"]) for row in platform.rows(query, loan_id)}
    query = "SELECT sum((content->>'commission_fen')::bigint)::bigint AS fen FROM event WHERE kind = 'agency_commission'"
    return found, platform.rows(f"{query} AND subject = %s", loan_id)[0]["fen"]


def test_what_an_agency_earned_while_its_loan_could_not_be_booked_is_counted_once_when_it_can(platform):
    """The twin's payments are the loan's, and its close knows of each on its day."""
    twin, loan_id = (platform.running(PARTNER, document=str(number), count=6) for number in range(2))
    platform.later(31 + 35)
    platform.close()
    for each in (twin, loan_id):
        platform.done("hand_over", loan_id=each, agency=AGENCY)
    mend = spoiled(platform, loan_id)

    def both(day, *verbs):
        """Both loans on a day; the verbs themselves need the account."""
        nonlocal mend
        platform.later(day)
        platform.close()
        mend()
        for name, each in (("t", twin), ("l", loan_id)):
            for verb in verbs:
                verb(name, each)
        mend = spoiled(platform, loan_id)

    def pay(reference, amount_fen):
        return lambda name, each: platform.repay(each, amount_fen, f"{reference}{name}")

    both(31 + 37, pay("a", 40_000), pay("b", 10_000))
    both(31 + 38, pay("c", 60_000))
    both(31 + 39, lambda name, each: platform.done("give_back", provider_reference=f"b{name}", reason="no funds"))
    both(31 + 40, pay("d", 90_000))
    platform.later(31 + 42)
    done = platform.close()
    assert earned(platform, loan_id) == ({"a": None, "b": None, "c": None, "d": None}, None)
    assert platform.rows("SELECT ended_on FROM placement WHERE loan_id = %s", loan_id) == [{"ended_on": None}]
    waits = [each.value for each in done[START + dt.timedelta(days=31 + 40), "recoveries"].findings if loan_id in each.place]
    assert f"since {START + dt.timedelta(days=31 + 37)}" in waits
    mend()
    platform.later(31 + 43)
    done = platform.close()
    step = done[START + dt.timedelta(days=31 + 42), "recoveries"]
    assert (step.result["payments"], step.findings) == (3, ())
    assert earned(platform, loan_id) == earned(platform, twin)
    found, commission = earned(platform, loan_id)
    assert commission == step.result["commission_fen"] > 0
    assert (found["b"], found["a"]["recovered_fen"], found["d"]["recovered_fen"] < 90_000) == (None, 40_000, True)
    platform.done("give_back", provider_reference="al", reason="no funds")
    platform.done("give_back", provider_reference="at", reason="no funds")
    platform.later(31 + 45)
    assert wrong(platform.close()) == []
    assert earned(platform, loan_id) == earned(platform, twin)
    assert platform.rows("SELECT * FROM unsettled") == []


def test_an_agency_whose_terms_are_gone_earns_when_they_are_back_and_stops_no_close(platform):
    loan_id = platform.running(PARTNER, count=6)
    platform.later(31 + 35)
    platform.close()
    platform.done("hand_over", loan_id=loan_id, agency=AGENCY)
    (row,) = platform.rows("SELECT terms_hash FROM placement")
    platform.connection.execute("UPDATE placement SET terms_hash = 'gone'")
    platform.connection.commit()
    platform.later(31 + 36)
    platform.repay(loan_id, 40_000, "in-1")
    platform.later(31 + 37)
    day = START + dt.timedelta(days=31 + 36)
    step = platform.close()[day, "recoveries"]
    assert step.result["payments"] == 0
    assert any("collection terms gone are not among the terms" in each.message for each in step.findings)
    platform.connection.execute("UPDATE placement SET terms_hash = %s", (row["terms_hash"],))
    platform.connection.commit()
    platform.later(31 + 38)
    step = platform.close()[day + dt.timedelta(days=1), "recoveries"]
    assert (step.result["payments"], step.result["commission_fen"], step.findings) == (1, 8_800, ())
