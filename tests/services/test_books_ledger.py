"""A closed quarter: balanced, proved, tied to the measures, closed once; late facts in the open one; damage and gaps are told."""

import datetime as dt
import shutil

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loanbook.accounting.journal import check_balanced, trial_balance
from loanbook.errors import TieError
from loanbook.services import book_terms
from loanbook.services.bookkeeping import close_period
from loanbook.services.closing import drop_closes
from loanbook.services.company_importing import import_company
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_reading import balances_of, entries_of_period
from loanbook.services.ledger_tieout import tie_out
from loanbook.stores.book import open_book
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from loanbook.terms.posting_rule import FOLDER, load_rules
from tests.services.ledgers import ledger_book
from tests.stores.rows import loan, payment, table


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A book with an opening and a closed quarter; tests that write copy it."""
    book = ledger_book(tmp_path_factory.mktemp("books"))
    close_period(book, "2024Q3", known_on=dt.date(2024, 10, 15))
    return book


@pytest.fixture
def copy(closed, tmp_path):
    shutil.copytree(closed.folder, tmp_path / "made_up")
    return open_book(tmp_path / "made_up")


# An example takes a second or two: it is not shrunk.
@settings(max_examples=4, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), loans=st.integers(1, 60))
def test_any_world_balances_in_each_book_and_entity_and_meets_its_measures(seed, loans, tmp_path_factory):
    book = ledger_book(tmp_path_factory.mktemp("world"), seed=seed, loans=loans)
    for name in ("2024Q2", "2024Q3"):
        close_period(book, name)
        for period in Ledger(book).periods():
            check_balanced(trial_balance(period.table("entries")))
        assert [tie for tie in tie_out(book, name) if tie.unexplained_fen] == []
    assert prove_ledger(book).findings == ()


def test_money_paid_beyond_what_is_owed_is_in_the_books_and_meets_the_accounts(copy):
    """One instalment paid five times over; part of the rest goes back, and every amount received is in transit on its day."""
    once = loan("once", "2024-10-15", 100_000, installment_count=1, tenor_months=1, model="on_balance_sheet")
    rows = {
        "loan_disbursed": table("loan_disbursed", [once]),
        "payment_received": table("payment_received", [payment("once", 0, "2024-11-15", 500_000)]),
        "refund_paid": table(
            "refund_paid",
            [payment("once", 1, "2024-12-03", 150_000)],
        ),
    }
    copy = append(copy, rows).book
    period, _ = close_period(copy, "2024Q4")
    held = entries_of_period(period, kind="payment_held")
    owed = {str(row["happened_on"]): (row["debit"], row["credit"], row["amount_fen"]) for row in held.to_pylist()}
    left = owed["2024-11-15"][2]
    collected = entries_of_period(period, kind="instalment_collected")
    of_day = collected.filter(pc.equal(collected["happened_on"], dt.date(2024, 11, 15)))
    of_loan = [explain_entry(copy, row["entry_id"]).loans.to_pylist() for row in of_day.to_pylist()]
    applied = sum(each["amount_fen"] for loans in of_loan for each in loans if each["loan_id"] == "once")
    assert left + applied == 500_000
    assert owed == {"2024-11-15": ("1030", "2117", left), "2024-12-03": ("2117", "1030", 150_000)}
    (tie,) = (tie for tie in tie_out(copy, "2024Q4") if tie.name == "held_for_borrowers")
    assert (tie.ledger_fen, tie.measure_fen, tie.unexplained_fen) == (left - 150_000, left - 150_000, 0)
    first = held["entry_id"][0].as_py()
    assert [row["loan_id"] for row in explain_entry(copy, first).loans.to_pylist()] == ["once"]
    assert prove_ledger(copy).findings == ()


def test_a_quarter_is_closed_once_and_books_rebuilt_from_events_are_identical(closed, copy):
    before = {path: path.read_bytes() for path in sorted(copy.folder.rglob("ledger/*/*"))}
    period, fresh = close_period(copy, "2024Q3")
    assert (period.id, fresh) == ("2024Q3.1", False)
    assert {path: path.read_bytes() for path in sorted(copy.folder.rglob("ledger/*/*"))} == before
    shutil.rmtree(copy.folder / "ledger")
    shutil.rmtree(copy.folder / "projection")
    drop_closes(copy)
    close_period(copy, "2024Q3", known_on=dt.date(2024, 10, 15))
    assert {path: path.read_bytes() for path in sorted(copy.folder.rglob("ledger/*/*"))} == before


def test_opening_and_movement_are_the_closing_balance_on_every_basis(closed):
    ledger, chart = Ledger(closed), load_chart()
    period = ledger.period("2024Q3")
    for basis in ("us_gaap", "ifrs", "local"):
        rows = balances_of(ledger, period, chart, basis=basis)
        assert all(row.opening_fen + row.moved_fen == row.closing_fen for row in rows)
        for entity in {row.entity for row in rows}:
            assert sum(row.closing_fen for row in rows if row.entity == entity) == 0


def test_a_payment_learned_of_after_the_close_is_posted_in_the_open_quarter_with_both_days(closed, copy):
    last = Ledger(copy).period("2024Q3")
    late = loan("late", "2024-08-20", 500_000)
    came = payment("late", 0, "2024-09-25", 30_000) | {"recorded_at": dt.datetime(2024, 11, 5, 12, tzinfo=dt.UTC)}
    made = late | {"recorded_at": dt.datetime(2024, 11, 5, 11, tzinfo=dt.UTC)}
    rows = {"loan_disbursed": table("loan_disbursed", [made]), "payment_received": table("payment_received", [came])}
    copy = append(copy, rows).book
    period, _ = close_period(copy, "2024Q4")
    assert Ledger(copy).period("2024Q3").digest == last.digest
    lent = entries_of_period(period, kind="money_lent")
    earlier = lent.filter(pc.less(lent["happened_on"], dt.date(2024, 10, 1)))
    assert [(row["posted_on"], row["happened_on"], row["amount_fen"]) for row in earlier.to_pylist()] == [
        (dt.date(2024, 10, 1), dt.date(2024, 8, 31), 500_000)
    ]
    assert explain_entry(copy, earlier["entry_id"][0].as_py()).loans.to_pylist() == [{"loan_id": "late", "amount_fen": 500_000}]
    ties = {tie.name: tie for tie in tie_out(copy, "2024Q4")}
    assert ties["originations"].earlier_fen == 500_000
    assert ties["repayments"].earlier_fen > 0
    assert not any(tie.unexplained_fen for tie in ties.values())
    assert prove_ledger(copy).findings == ()


@pytest.mark.parametrize("name", ["entries.parquet", "balances.parquet", "cells_ledger.parquet"])
def test_a_changed_byte_of_a_locked_file_is_told(copy, name):
    path = copy.folder / "ledger" / "2024Q2.1" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert prove_ledger(copy).findings == (f"2024Q2.1: {name} was changed after the period was locked.",)


def test_a_changed_manifest_breaks_the_chain(copy):
    path = copy.folder / "ledger" / "2024Q2.1" / "period.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 1 '))
    (said,) = prove_ledger(copy).findings
    assert "the chain of periods is broken after 2024Q2.1, at 2024Q3.1" in said
    with pytest.raises(TieError, match="chain of periods is broken"):
        close_period(copy, "2024Q4")


def one_fen_more_in(book, name):
    """Lock the last quarter again, every amount of one of its tables a fen larger."""
    ledger = Ledger(book)
    period = ledger.period("2024Q3")
    tables = {each.removesuffix(".parquet"): period.table(each.removesuffix(".parquet")) for each in period.manifest["files"]}
    place = tables[name].schema.get_field_index("amount_fen")
    tables[name] = tables[name].set_column(place, "amount_fen", pc.add(tables[name]["amount_fen"], 1))
    said = {each: value for each, value in period.manifest.items() if each not in ("files", "previous")}
    with ledger.writing():
        ledger.lock("2024Q3", tables, said)


def test_sums_that_statements_read_and_entries_do_not_bear_are_told(copy):
    one_fen_more_in(copy, "summed")
    found = prove_ledger(copy).findings
    assert found == ("2024Q3.1: its entries do not add up to `summed`, which later periods and statements read.",)


def test_entries_that_do_not_follow_from_their_amounts_are_told(copy):
    one_fen_more_in(copy, "entries")
    found = "\n".join(prove_ledger(copy).findings)
    assert "2024Q3.1: opening + movements is not the closing balance of" in found
    assert "2024Q3.1: entries posted again differ in amount_fen." in found


def test_an_amount_without_a_rule_stops_the_close_with_words_and_leaves_no_period(copy, tmp_path, monkeypatch):
    rules = tmp_path / "posting"
    shutil.copytree(FOLDER, rules)
    kept = [line for line in (rules / "loans.csv").read_text().splitlines() if not line.startswith(("L40,", "L51,"))]
    (rules / "loans.csv").write_text("\n".join(kept) + "\n")
    monkeypatch.setattr(book_terms, "load_rules", lambda chart, day, folder: load_rules(chart, day, rules))
    with pytest.raises(
        TieError, match=r"amounts of 2 kinds meet no posting rule: .*interest_earned net on_balance_sheet"
    ) as said:
        close_period(copy, "2024Q4")
    assert "loan_allowance_measured us_gaap on_balance_sheet no" in str(said.value)
    assert [period.id for period in Ledger(copy).all_periods()] == ["2024Q2.1", "2024Q3.1"]
    assert not list((copy.folder / "ledger").glob(".closing-*"))


def test_an_account_on_the_side_it_must_not_be_on_is_a_finding_on_each_basis(closed):
    findings = Ledger(closed).period("2024Q3").manifest["findings"]
    cash = [words for words in findings if "lantern_micro_lending" in words and "account 1001" in words]
    assert [words.split(":")[0] for words in cash] == ["lantern_micro_lending, us_gaap", "lantern_micro_lending, ifrs"]
    assert all("which its chart does not allow" in words for words in cash)


def test_an_entry_that_no_loan_makes_is_explained_without_loans(closed):
    period = Ledger(closed).period("2024Q3")
    entry = entries_of_period(period, kind="tax_measured").to_pylist()[0]
    found = explain_entry(closed, entry["entry_id"])
    assert (found.loans.num_rows, abs(found.amount["amount_fen"])) == (0, entry["amount_fen"])


def test_a_stated_opening_is_told_apart_from_loans(tmp_path):
    book = ledger_book(tmp_path, seed=3)
    (tmp_path / "opening.csv").write_text(
        "kind,event_id,entity,currency,happened_on,book,account,amount\n"
        "opening_balance,o1,lantern_micro_lending,CNY,2024-06-30,core,1310,70000.00\n"
        "opening_balance,o2,lantern_micro_lending,CNY,2024-06-30,core,3020,-70000.00\n"
    )
    import_company(book, tmp_path / "opening.csv", recorded_at=dt.datetime(2024, 7, 1, tzinfo=dt.UTC))
    for name in ("2024Q3", "2024Q4"):
        close_period(book, name)
        ties = {tie.name: tie for tie in tie_out(book, name)}
        assert ties["loans_receivable"].other_fen != 0
        assert not any(tie.unexplained_fen for tie in ties.values())
    opening = Ledger(book).period("2024Q2")
    stated = {
        row.account: row.closing_fen for row in balances_of(Ledger(book), opening, load_chart(), entity="lantern_micro_lending")
    }
    assert (stated["1310"], stated["3020"]) == (7_000_000, -7_000_000)
    assert prove_ledger(book).findings == ()


def test_a_loan_told_late_is_a_new_provision_and_revenue_of_an_earlier_period(copy):
    at = {"recorded_at": dt.datetime(2024, 11, 5, 11, tzinfo=dt.UTC)}
    made = [
        loan(f"late {model}", "2024-08-20", 500_000, model=model) | at
        for model in ("on_balance_sheet", "capital_heavy", "capital_light")
    ]
    copy = append(copy, {"loan_disbursed": table("loan_disbursed", made)}).book
    period, _ = close_period(copy, "2024Q4")
    rows = [row for row in period.table("entries").to_pylist() if row["cohort"] == "2024-08" and row["amount_fen"]]
    rules = {row["rule"]: row for row in rows}
    late = {row["entry_id"] for row in rows if _loans_of(copy, row) <= {loan["loan_id"] for loan in made}}
    new = {"L50", "L52", "L68", "L76", "L80", "L82"}
    # What heavy loans of this world pay is all for the guarantee: no L58, no L61.
    prior = {"L59", "L63"}
    assert {rule for rule in new & rules.keys() if rules[rule]["entry_id"] in late} == new
    assert {row["rule"] for row in rows if row["entry_id"] in late} >= prior
    assert not {row["rule"] for row in rows if row["entry_id"] in late} & {"L51", "L53", "L60", "L62", "L69", "L77", "L81", "L83"}
    # Loans that the last close knew are revised as before.
    assert {"L51", "L53"} <= {row["rule"] for row in rows if row["entry_id"] not in late}
    assert prove_ledger(copy, rebuild=True).findings == ()


def _loans_of(book, row):
    return set(explain_entry(book, row["entry_id"]).loans["loan_id"].to_pylist())
