"""The shipped mappings read the four sets whole; what is set aside is known and counted."""

import json

import pytest

from loanbook.stores.importers.mapping_file import shipped_mappings
from tests.conftest import SHARED
from tests.stores.importers.tapes import read_files

SETS = {
    "aart_2017_3": ("aart_2017_3/raw", "*.csv.gz"),
    "kiva": ("kiva_2005_2006", "*.parquet"),
    "lending_club": ("lendingclub_2007_2011", "loans.parquet"),
    "uci_taiwan": ("uci_taiwan_2005", "*.parquet"),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    done = {}

    def of(name):
        folder, pattern = SETS[name]
        files = sorted((SHARED / "data" / folder).glob(pattern))
        if not files:
            pytest.skip(f"the data of {name} is in ../shared, which is not here")
        if name not in done:
            done[name] = read_files(tmp_path_factory.mktemp(name), files, shipped=shipped_mappings()[name])
        return done[name]

    return of


def total(events, column):
    return sum(e[column] or 0 for e in events)


def test_aart_gives_the_published_totals(read):
    aart = read("aart_2017_3")
    opened, reported = aart.events["position_opened"], aart.events["position_reported"]
    assert [f.read for f in aart.files] == [1342, 2171]
    assert aart.faults == []
    assert (len(opened), len(reported)) == (3513, 108_176)
    assert total(opened, "original_principal_fen") == 7_344_556_284
    assert total(opened, "balance_fen") == 6_340_331_270
    assert total(reported, "principal_fen") == 5_166_657_648
    assert total(reported, "paid_fen") == 5_945_314_904
    assert total(reported, "recovered_fen") == 9_108_093
    assert total(reported, "liquidation_fen") == 82_344_512
    assert max(e["happened_on"] for e in reported).isoformat() == "2020-12-31"
    assert total([e for e in reported if e["happened_on"].isoformat() == "2020-12-31"], "balance_fen") == 1_007_460_252


def test_kiva_sets_aside_what_was_never_disbursed_or_paid_before(read):
    kiva = read("kiva")
    events = kiva.events
    assert {f.file: (f.read, f.accepted, f.skipped, f.quarantined) for f in kiva.files} == {
        "loans.parquet": (1000, 993, 0, 7),
        "payments.parquet": (6527, 6519, 0, 8),
        "schedule.parquet": (13_974, 6987, 6987, 0),
    }
    assert total(events["instalment_agreed"], "principal_fen") == 43_707_500
    listed = {e["loan_id"] for e in events["loan_disbursed"] if e["product"] == "kiva_listed"}
    assert len(listed) == 784
    assert {e["loan_id"] for e in events["instalment_agreed"]} <= listed
    disbursed = {e["loan_id"]: (e["happened_on"], e["recorded_at"]) for e in events["loan_disbursed"]}
    assert all(disbursed[e["loan_id"]] == (e["happened_on"], e["recorded_at"]) for e in events["instalment_agreed"])
    assert len(events["loan_cancelled"]) == 166 + 9 - 7


def test_kiva_due_dates_are_midnights_of_san_francisco(read):
    first = [e["due_on"].isoformat() for e in read("kiva").events["instalment_agreed"] if e["loan_id"] == "313"]
    assert first[:7] == ["2006-06-03", "2006-07-03", "2006-08-03", "2006-09-03", "2006-10-03", "2006-11-03", "2006-12-03"]


def test_lending_club_keeps_what_came_later_out_of_the_features(read):
    club = read("lending_club")
    assert {kind: len(rows) for kind, rows in club.events.items()} == {
        "loan_charged_off": 5640 + 761, "position_opened": 42_535, "position_reported": 42_535, "application_received": 42_535,
    }  # fmt: skip
    names = set(json.loads(club.events["application_received"][0]["features"]))
    assert not names & {"total_pymnt", "recoveries", "last_pymnt_d", "loan_status", "out_prncp", "last_credit_pull_d"}
    lines = [json.loads(e["features"])["earliest_credit_line"] for e in club.events["application_received"]]
    assert max(line for line in lines if line) < "2012"
    assert sum(line is None for line in lines) == pytest.approx(42_535 * 0.2946 + 96, abs=30)
    assert {e["rate_annual"] for e in club.events["position_opened"] if e["loan_id"] == "1077501"} == {106_500_000_000}
    assert {e["installment_count"] for e in club.events["position_opened"]} == {36, 60}


def test_uci_counts_months_backwards_and_late_months_as_thirty_days(read):
    uci = read("uci_taiwan")
    opened = {e["loan_id"]: e for e in uci.events["position_opened"]}
    reported = {(e["loan_id"], e["happened_on"].isoformat()): e for e in uci.events["position_reported"]}
    assert (len(opened), len(reported)) == (30_000, 180_000)
    assert all(reported[loan, "2005-04-30"]["balance_fen"] == e["balance_fen"] for loan, e in opened.items())
    assert all(reported[loan, "2005-04-30"]["dpd"] == e["dpd"] for loan, e in opened.items())
    september = [e for (_, on), e in reported.items() if on == "2005-09-30"]
    assert round(100 * sum(e["dpd"] > 0 for e in september) / 30_000, 1) == 22.7
    assert (reported["1", "2005-09-30"]["balance_fen"], reported["1", "2005-09-30"]["dpd"]) == (391_300, 60)
    assert "default_next_month" not in uci.events["application_received"][0]["features"]
