"""The demonstration end to end: events, projection, close, page; and the auditor who recomputes it from the events."""

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.errors import RequestError, StateError
from loanbook.simulator.demo import demonstrate
from loanbook.simulator.histories import is_irregular
from loanbook.simulator.scenario import LAST_DAY
from loanbook.simulator.telling import tables
from loanbook.simulator.world import world
from loanbook.stores.projection import project
from tests.reference.seeded_auditor import BUCKETS, audit

SEED, LOANS = 5, 3_000


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def small_world():
    return world(SEED, LOANS)


@pytest.fixture(scope="module")
def told(small_world):
    return tables(small_world)


@pytest.fixture(scope="module")
def demonstration():
    return demonstrate(name="demo-small", seed=SEED, loans=LOANS, on_progress=silent)


@pytest.fixture(scope="module")
def position(demonstration):
    table = pq.read_table(demonstration.close.folder / "cells_position.parquet").to_pandas()
    return table[table["month"] == table["month"].max()]


def test_the_page_and_the_tables_are_there(demonstration):
    assert demonstration.fresh
    assert demonstration.page.read_text(encoding="utf-8").startswith("<!")
    assert demonstration.close.header["measured"]["loans"] == LOANS
    assert demonstration.close.header["findings"] == []


def test_the_projection_finds_the_irregular_loans_of_the_world(demonstration, small_world):
    manifest = project(demonstration.book).manifest
    assert manifest.loans["irregular"] == int(is_irregular(small_world.lives).sum())
    assert manifest.loans["compact"] == LOANS - manifest.loans["irregular"]
    assert manifest.totals["principal_fen"] == int(small_world.heads.principal_fen.sum())


def test_a_second_run_is_the_same_and_changes_nothing(demonstration):
    before = demonstration.page.read_bytes()
    again = demonstrate(name="demo-small", seed=SEED, loans=LOANS, on_progress=silent)
    assert not again.fresh
    assert not again.close.fresh
    assert again.page == demonstration.page
    assert again.page.read_bytes() == before
    with pytest.raises(StateError, match="holds 3,000 loans"):
        demonstrate(name="demo-small", seed=SEED, loans=LOANS + 1, on_progress=silent)


def test_the_auditor_finds_the_same_balances_from_the_events_alone(told, position):
    found = audit(told, as_of=LAST_DAY)
    ours = position.groupby("bucket")[["loans", "principal_fen"]].sum()
    closed = {name: (int(ours.loc[name, "loans"]), int(ours.loc[name, "principal_fen"])) for name in BUCKETS}
    assert found.outstanding == closed
    assert sum(loans for loans, _ in closed.values()) > 500


def test_the_auditor_finds_the_same_volumes(told, demonstration):
    found = audit(told, as_of=LAST_DAY)
    table = pq.read_table(demonstration.close.folder / "cells_volume.parquet").to_pandas()
    table["month"] = table["month"].map(lambda day: str(day)[:7])
    ours = table.groupby(["product", "model", "month"])[["loans", "principal_fen"]].sum()
    assert {key: int(row["loans"]) for key, row in ours.iterrows()} == found.loans
    assert {key: int(row["principal_fen"]) for key, row in ours.iterrows()} == found.principal_fen
    again = table[table["drawdown"] == "repeat"].groupby("month")["principal_fen"].sum()
    assert {month: int(value) for month, value in again.items()} == found.repeat_fen


def test_the_auditor_refuses_what_it_cannot_recompute(told):
    with pytest.raises(RequestError, match="no arithmetic for charge_added"):
        audit({**told, "charge_added": told["recovery_received"]}, as_of=LAST_DAY)


def test_the_command_prints_the_figures_and_the_page(demonstration):
    done = CliRunner().invoke(app, ["demo", "--book", "demo-small", "--seed", str(SEED), "--loans", str(LOANS)])
    assert done.exit_code == 0, done.output
    assert "3,000 simulated loans" in done.output
    assert str(demonstration.page) in done.output.replace("\n", "")
