"""What corporate events post: every amount once, mirrored inside the group, equity against paid-in capital, awards as one."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from loanbook.accounting.corporate_postings import (
    equity_facts,
    equity_opening,
    equity_postables,
    grants,
    known,
    postables,
    still_to_post,
)
from loanbook.accounting.equity import HELD, ISSUED, EquityTerms, movements
from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.share_based import US_GAAP, cumulative_cost
from loanbook.errors import RequestError
from loanbook.stores.importers.corporate import read_corporate
from loanbook.terms.chart import load_chart
from loanbook.units import day
from tests.accounting.corporate import COSTS, MOMENT, written, year

TERMS = EquityTerms(par_per_million_fen=PER_MILLION // 100)


def amounts(table: object, **where: str) -> list[tuple[str, str, int]]:
    rows = [row for row in table.to_pylist() if all(row[name] == value for name, value in where.items())]  # type: ignore[attr-defined]
    return [(row["component"], str(row["happened_on"]), row["amount_fen"]) for row in rows]


def test_amounts_go_where_their_event_says(tmp_path: Path) -> None:
    made = postables(year(tmp_path))
    assert amounts(made, kind="asset_bought") == [("amount", "2024-05-01", 10_000), ("vat", "2024-05-01", 600)]
    assert amounts(made, kind="depreciation_charged", line="general_and_administrative") == [
        ("intangible_assets", "2024-05-31", 200)
    ]
    assert amounts(made, kind="opening_balance", account="3050") == [("core", "2023-12-31", -500_000)]
    assert amounts(made, kind="intercompany_charged", entity="harbour", counterparty="parent") == [
        ("provided", "2024-05-31", 1_000)
    ]
    assert amounts(made, kind="intercompany_charged", entity="parent", counterparty="harbour") == [
        ("received", "2024-05-31", 1_000)
    ]
    cells = [(row["event"], row["cell"]) for row in made.to_pylist()]
    assert len(set(cells)) == len(cells)


def test_a_manual_entry_takes_itself_back_on_its_day(tmp_path: Path) -> None:
    tables = year(tmp_path)
    assert amounts(postables(tables, day("2024-09-30")), event="M1") == [("usgaap", "2024-09-30", 700)]
    later = postables(tables, day("2024-12-31"))
    assert amounts(later, event="M1") == [("usgaap", "2024-09-30", 700), ("usgaap", "2024-10-01", -700)]
    assert {(row["account"], row["contra"]) for row in later.to_pylist() if row["event"] == "M1"} == {("5040", "2110")}


def test_equity_events_post_what_moves_equity(tmp_path: Path) -> None:
    """Cash in 49,500.00; par 100.00; bought back for 90.10; of it 36.04 retired, par 0.04; dividend 299,700.00."""
    tables = year(tmp_path)
    made = equity_postables(tables, "parent", "CNY", TERMS)
    assert amounts(made, event="E1") == [("cash", "2024-01-02", 4_950_000), ("par", "2024-01-02", 10_000)]
    assert amounts(made, event="E2") == [("treasury_shares", "2024-02-01", 9_010)]
    assert amounts(made, event="E3") == [
        ("par", "2024-03-01", -4),
        ("treasury_shares", "2024-03-01", 3_604),
        ("retained_earnings", "2024-03-01", 3_600),
    ]
    assert amounts(made, event="E4") == [("declared", "2024-08-13", 29_970_000)]
    assert amounts(made, event="G3") == [("treasury_shares", "2025-02-01", 1_802)]
    facts = equity_facts(tables, "parent")
    closing = {}
    for moved in movements(facts, TERMS):
        for name, amount in moved.amounts.items():
            closing[name] = closing.get(name, 0) + amount
    # Everything but the dividend and the repurchase goes against paid-in capital.
    by = {name: sum(a for c, _, a in amounts(made) if c == name) for name in ("cash", "par", "retained_earnings")}
    treasury_out = sum(a for event in ("E3", "G3") for c, _, a in amounts(made, event=event) if c == "treasury_shares")
    assert closing["additional_paid_in_capital"] == by["cash"] - by["par"] - treasury_out + by["retained_earnings"]
    assert closing["treasury_stock"] == treasury_out - 9_010
    assert closing[ISSUED] - closing[HELD] == 1_000_000 - 1_000 + 200


def test_equity_opens_with_balances_and_shares(tmp_path: Path) -> None:
    text = """kind,event_id,entity,currency,happened_on,book,account,amount,shares,treasury_shares
opening_balance,O3,parent,CNY,2023-12-31,core,3030,40,,
opening_shares,O4,parent,CNY,2023-12-31,,,,1000,100
shares_retired,E9,parent,CNY,2024-01-31,,,,50,
"""
    tables = dict(read_corporate(written(tmp_path, "opening.csv", text), recorded_at=MOMENT).tables)
    opening = equity_opening(tables, "parent", load_chart())
    assert (opening["treasury_stock"], opening["shares_issued"], opening["treasury_shares_held"]) == (-4_000, 1_000, 100)
    made = equity_postables(tables, "parent", "CNY", TERMS, opening=opening)
    assert amounts(made, component="treasury_shares") == [("treasury_shares", "2024-01-31", 2_000)]


def test_a_later_period_posts_what_is_new_and_what_moved(tmp_path: Path) -> None:
    """A repurchase of February comes to light in the second quarter: it and the dearer retirement of March are posted there."""
    tables = year(tmp_path)
    first = still_to_post(
        equity_postables(known(tables, day("2024-03-31")), "parent", "CNY", TERMS), None, day("2024-01-01"), "R1"
    )
    text = "event_id,entity,currency,happened_on,shares,amount\nE2b,parent,CNY,2024-02-02,1000,99.90\n"
    reading = read_corporate(written(tmp_path, "late.csv", text), recorded_at=MOMENT, kind="shares_repurchased")
    late = reading.tables["shares_repurchased"]
    tables["shares_repurchased"] = pa.concat_tables([tables["shares_repurchased"], late])
    now = equity_postables(known(tables, day("2024-06-30")), "parent", "CNY", TERMS)
    second = still_to_post(now, first, day("2024-04-01"), "R2")
    rows = {
        (row["event"], row["cell"]): (str(row["posted_on"]), str(row["happened_on"]), row["amount_fen"])
        for row in second.to_pylist()
    }
    assert rows == {
        ("E2b", "treasury_shares"): ("2024-04-01", "2024-02-02", 9_990),
        ("E3", "treasury_shares~R2"): ("2024-04-01", "2024-03-01", 196),
        ("E3", "retained_earnings~R2"): ("2024-04-01", "2024-03-01", 196),
    }
    third = still_to_post(now, pa.concat_tables([first, second]), day("2024-07-01"), "R3")
    assert third.num_rows == 0


def test_awards_are_put_together_from_their_tranches(tmp_path: Path) -> None:
    tables = year(tmp_path)
    (award,), moved = grants(tables)
    assert (award.instruments, len(award.tranches), award.exercise_price_per_million_fen) == (1_200, 2, 1_000)
    assert cumulative_cost(award, moved, US_GAAP, day("2026-01-01")) == 1_080 * 1_469
    tables["grant_made"] = tables["grant_made"].set_column(
        tables["grant_made"].schema.get_field_index("administration_weight"), "administration_weight", [[1, 2]]
    )
    with pytest.raises(RequestError, match="grant G1: its tranches differ"):
        grants(tables)


def test_what_was_recorded_later_is_not_known_yet(tmp_path: Path) -> None:
    tables = year(tmp_path)
    assert not any(table.num_rows for table in known(tables, day("2030-01-01"), MOMENT - dt.timedelta(days=1)).values())
    assert known(tables, day("2024-02-01"), MOMENT)["shares_repurchased"].num_rows == 1
    assert known(tables, day("2024-01-31"))["shares_repurchased"].num_rows == 0


def test_costs_by_line_and_what_is_owed(tmp_path: Path) -> None:
    paid = "date,entity,amount,currency,supplier,id,kind\n2024-08-15,harbour,250,CNY,Quay Offices,P1,cost_paid\n"
    tables = dict(read_corporate(written(tmp_path, "c.csv", COSTS), recorded_at=MOMENT, kind="cost_incurred").tables)
    tables |= read_corporate(written(tmp_path, "p.csv", paid), recorded_at=MOMENT).tables
    made = postables(tables).to_pylist()
    third = [row for row in made if day("2024-07-01") <= day(str(row["happened_on"])) <= day("2024-09-30")]
    lines = {}
    for row in third:
        if row["kind"] == "cost_incurred" and row["component"] == "amount":
            lines[row["line"]] = lines.get(row["line"], 0) + row["amount_fen"]
    assert lines == {"general_and_administrative": 27_975, "sales_and_marketing": 120_050}
    owed = [row for row in made if row["counterparty"] == "Quay Offices" and day(str(row["happened_on"])) <= day("2024-08-31")]
    assert sum(row["amount_fen"] * (-1 if row["kind"] == "cost_paid" else 1) for row in owed) == 2_975


def test_a_stranger_among_kinds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no kind of corporate event"):
        postables({"loan_disbursed": year(tmp_path)["debt_drawn"]})
