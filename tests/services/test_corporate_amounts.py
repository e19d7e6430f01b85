"""What a period posts besides its loans: once, in the open period when it comes late, and as a difference where it moved."""

import datetime as dt
import hashlib
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from loanbook.accounting.corporate_postings import known
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.grants import PER_MILLION
from loanbook.services.corporate_amounts import corporate_amounts, facts_hash, known_by
from loanbook.stores.importers.corporate import contents
from loanbook.terms.chart import load_chart
from loanbook.units import day
from tests.accounting.corporate import year

ENDS = [day(on) for on in ("2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31")]


def known_from(tables: dict[str, pa.Table], on: str) -> dict[str, pa.Table]:
    """The same events, recorded at noon of a day."""
    moment = dt.datetime.combine(dt.date.fromisoformat(on), dt.time(12), dt.UTC)
    found = {}
    for name, table in tables.items():
        place = table.schema.get_field_index("recorded_at")
        found[name] = table.set_column(
            place, table.schema.field(place), pa.array([moment] * table.num_rows, table.schema.field(place).type)
        )
    return found


def with_last_day(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    debt = tables["debt_drawn"]
    place = debt.schema.get_field_index("matures_on")
    return {**tables, "debt_drawn": debt.set_column(place, debt.schema.field(place), pa.array([dt.date(2025, 5, 1)]))}


def closes(tables: dict[str, pa.Table]) -> list[pa.Table]:
    """The amounts of four quarters, one after the other."""
    posted: list[pa.Table] = []
    for last, end in pairwise(ENDS):
        posted.append(
            corporate_amounts(
                tables,
                start=last + 1,
                end=end,
                known_on=end,
                posted=pa.concat_tables(posted) if posted else None,
                equity=EquityTerms(par_per_million_fen=PER_MILLION // 100),
                chart=load_chart(),
                close_run=f"R{len(posted) + 1}",
            )
        )
    return posted


def total(tables: list[pa.Table], kind: str) -> int:
    return sum(row["amount_fen"] for table in tables for row in table.to_pylist() if row["kind"] == kind)


def test_quarters_add_up_to_the_year_however_late_events_are(tmp_path: Path) -> None:
    tables = with_last_day(year(tmp_path))
    prompt, late = closes(known_from(tables, "2023-12-31")), closes(known_from(tables, "2024-08-01"))
    kinds = {row["kind"] for table in prompt for row in table.to_pylist()}
    assert {"shares_retired", "share_based_measured", "debt_measured", "manual_entry", "opening_balance"} <= kinds
    for kind in kinds:
        assert total(prompt, kind) == total(late, kind), kind
    assert [table.num_rows for table in late[:2]] == [0, 0]
    assert {str(row["posted_on"]) for row in late[2].to_pylist() if row["kind"] == "shares_retired"} == {"2024-07-01"}
    for amounts in (prompt, late):
        keys = [(row["event"], row["cell"]) for table in amounts for row in table.to_pylist()]
        assert len(keys) == len(set(keys))


def test_a_repurchase_learned_of_late_moves_the_retirement_in_the_open_period(tmp_path: Path) -> None:
    tables = with_last_day(year(tmp_path))
    prompt = known_from(tables, "2023-12-31")
    again = known_from(tables, "2024-08-01")["shares_repurchased"]
    place = again.schema.get_field_index("event_id")
    again = again.set_column(place, again.schema.field(place), pa.array(["E2b"]))
    place = again.schema.get_field_index("amount_fen")
    again = again.set_column(place, again.schema.field(place), pa.array([19_010], pa.int64()))
    prompt["shares_repurchased"] = pa.concat_tables([prompt["shares_repurchased"], again])
    moved = {
        (row["event"], row["cell"]): row["amount_fen"] for row in closes(prompt)[2].to_pylist() if row["event"] in ("E2b", "E3")
    }
    # 2,000 shares for 281.30 instead of 1,000 for 90.10: 400 of them cost 56.26 (5,626) and not 36.04.
    assert moved == {
        ("E2b", "treasury_shares"): 19_020,
        ("E3", "treasury_shares~R3"): 2_002,
        ("E3", "retained_earnings~R3"): 2_002,
    }


def test_the_hash_of_the_facts_is_that_of_their_texts_one_after_the_other_by_id(tmp_path: Path) -> None:
    tables = year(tmp_path)
    first, second = list(tables)[:2]
    tables = {**tables, second: tables[second].slice(0, 0)}
    end = day("2038-01-01")
    said = hashlib.sha256()
    for name, table in sorted(known(tables, end, known_by(end)).items()):
        for row in sorted(contents(name, table).to_pylist(), key=lambda row: row["event_id"]):
            said.update(f"{row['event_id']}\x1e{row['said']}\x1e".encode())
    assert facts_hash(tables, end, end) == said.hexdigest()
    assert facts_hash({**tables, first: tables[first].slice(1)}, end, end) != said.hexdigest()
