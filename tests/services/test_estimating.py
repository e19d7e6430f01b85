"""The estimate behind a closed quarter: it comes to the ledger, loan by loan, and says what would change it and how it did."""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from loanbook.accounting.journal import by_account, of_basis
from loanbook.commands.estimates import show_estimates
from loanbook.errors import RequestError, StateError, TieError
from loanbook.measures.credit_losses_policy import METHODS
from loanbook.services import stage_view
from loanbook.services.bookkeeping import close_period
from loanbook.services.estimating import estimates_of
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    made = ledger_book(tmp_path_factory.mktemp("books"), loans=120)
    for name in ("2024Q2", "2024Q3"):
        close_period(made, name, known_on=dt.date(2024, 12, 31))
    return made


@pytest.fixture(scope="module")
def view(book):
    return estimates_of(book, "2024Q3")


def column(table: pa.Table, name: str, **chosen: object) -> int:
    for key, value in chosen.items():
        table = table.filter(pc.equal(table[key], value))
    return int(pc.sum(table[name]).as_py() or 0)


def test_the_chosen_method_is_the_ledger_to_the_fen(book, view):
    balances = Ledger(book).period("2024Q3").table("balances")
    for basis in ("us_gaap", "ifrs"):
        held = {row["account"]: -row["amount_fen"] for row in by_account(of_basis(balances, basis), ("account",)).to_pylist()}
        rows = [row for row in view.allowances.to_pylist() if row["basis"] == basis]
        assert {row["account"]: row[f"{view.estimates.method}_fen"] for row in rows} == {
            row["account"]: held.get(row["account"], 0) for row in rows
        }
        assert column(view.methods, f"roll_rate_{basis}_fen", product="sample_level") == held["1319"] + held["2150"]
    assert view.findings == ()
    assert held["1319"] > 0 < held["2150"]


def test_methods_differ_and_the_last_row_is_all_groups(view):
    rows = view.methods.to_pylist()
    totals = [rows[-1][f"{method}_us_gaap_fen"] for method in METHODS]
    assert len(set(totals)) == len(METHODS)
    assert totals == [sum(row[f"{method}_us_gaap_fen"] for row in rows[:-1]) for method in METHODS]
    for row in rows:
        assert row["low_fen"] <= row["roll_rate_us_gaap_fen"] <= row["high_fen"]
    assert {row["model"] for row in rows[:-1]} == {"on_balance_sheet", "capital_heavy"}


def test_movements_close_by_model_and_new_provisions_are_of_the_quarters_loans(book, view):
    entries = Ledger(book).period("2024Q3").table("entries")
    new = entries.filter(pc.equal(entries["debit_column"], "new"))
    of_loans = new.filter(pc.and_(pc.equal(new["debit"], "5110"), pc.equal(new["book"], "USGAAP")))
    assert column(view.movements, "new_fen", basis="us_gaap", account="1319") == pc.sum(of_loans["amount_fen"]).as_py()
    assert {cohort[:7] for cohort in of_loans["cohort"].to_pylist()} <= {"2024-07", "2024-08", "2024-09"}
    for row in view.movements.to_pylist():
        moved = sum(row[name] for name in ("new_fen", "revision_fen", "used_fen", "recovered_fen", "other_fen"))
        assert row["opening_fen"] + moved == row["closing_fen"]


def test_stages_close_and_their_allowance_is_that_of_ifrs(view):
    sums = dict.fromkeys(stage_view.MODELS, 0)
    for row in view.stages.to_pylist():
        moved = sum(row[name] for name in view.stages.column_names[3:-2])
        assert row["opening_fen"] + moved == row["closing_fen"]
        sums[row["model"]] += row["allowance_fen"]
    assert sums["on_balance_sheet"] == column(view.allowances, "ledger_fen", basis="ifrs", account="1319")
    assert sums["capital_heavy"] == column(view.allowances, "ledger_fen", basis="ifrs", account="2150")
    for model in stage_view.MODELS:
        rows = [row for row in view.stages.to_pylist() if row["model"] == model]
        entered = sum(row[f"from_stage_{stage}_fen"] for row in rows for stage in (1, 2, 3))
        assert entered == -sum(row["left_to_others_fen"] for row in rows)
    assert column(view.stages, "left_to_others_fen") < 0


def test_the_oldest_estimate_is_held_against_what_came(view):
    assert view.tested == "2024Q1"
    last = view.back_test.to_pylist()[-1]
    assert last["months"] == 6
    assert last["low_fen"] <= last["expected_fen"] <= last["high_fen"]


def test_the_first_quarter_has_nothing_to_be_held_against(book):
    found = estimates_of(book, "2024Q1")
    assert (found.back_test, found.tested) == (None, "")
    assert "back_test" not in found.tables()
    assert column(found.stages, "opening_fen") == 0
    assert column(found.allowances, "unexplained_fen") == 0


def test_a_quarter_that_is_not_closed_is_refused(book):
    with pytest.raises(StateError, match="2025Q1"):
        estimates_of(book, "2025Q1")


def test_loans_that_are_not_those_of_the_close_are_told(book, monkeypatch):
    monkeypatch.setitem(stage_view.MODELS, "capital_light", "contingent_ifrs_fen")
    locked = stage_view._check

    def other(period, model, closing):
        locked(period, model, closing + 1)

    monkeypatch.setattr(stage_view, "_check", other)
    with pytest.raises(TieError, match="on_balance_sheet by stage was locked as"):
        estimates_of(book, "2024Q3")


def test_sensitivities_are_parts_of_what_is_booked(view):
    rows = {row["change"]: row for row in view.sensitivities.to_pylist()}
    booked = view.methods.to_pylist()[-1]["roll_rate_us_gaap_fen"]
    assert rows["none"]["booked_change_fen"] == 0
    less = rows["probability of default -10 %"]
    assert less["booked_change_fen"] == pytest.approx(-0.1 * booked, rel=0.01)
    assert rows["severity +10 %"]["booked_change_fen"] > 0 > rows["severity -10 %"]["booked_change_fen"]
    weights = [name for name in rows if name.startswith("weight of scenario")]
    assert len(weights) == len(view.estimates.scenarios)
    worse = rows["weight of scenario worse +10 points"]["booked_change_fen"]
    assert worse > 0 > rows["weight of scenario better +10 points"]["booked_change_fen"]
    weight = dict(view.estimates.scenarios)["worse"] / 1_000_000
    assert worse == pytest.approx(rows["scenario worse alone"]["booked_change_fen"] * 0.1 / (1 - weight), abs=2)


def test_tables_go_into_a_folder_of_their_own(book, tmp_path):
    with pytest.raises(RequestError, match=r"there is no folder .*none"):
        show_estimates("2024Q3", f"{book.folder}/", tmp_path / "none" / "deep")
    folder = tmp_path / "made"
    show_estimates("2024Q3", f"{book.folder}/", folder)
    written = sorted(path.name for path in folder.glob("*.csv"))
    assert written == ["allowances.csv", "back_test.csv", "methods.csv", "movements.csv", "sensitivities.csv", "stages.csv"]
    assert (folder / "allowances.csv").read_text().startswith('"basis","account","title","ledger_fen"')
