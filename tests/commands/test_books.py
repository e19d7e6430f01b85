"""What `books`, `statements` and `entries` print: what the services return."""

import csv
import json
import re
import sys
from dataclasses import asdict

import pytest

from loanbook import cli, units
from loanbook.services.bookkeeping import close_period
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.group_statements import group_statements, in_unit
from loanbook.services.ledger_reading import balances_of, entries_of_period
from loanbook.services.presenting import tables_of
from loanbook.services.restating import changes
from loanbook.statements.presentation import rate_of
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from tests.services.ledgers import ledger_book


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / "books").mkdir()
    book = ledger_book(home / "books")
    close_period(book, "2024Q3")
    return home, book


@pytest.fixture
def run(closed, monkeypatch, capsys):
    """Runs a command; returns its exit code and its output with every run of spaces as one."""
    monkeypatch.setenv("LOANBOOK_HOME", str(closed[0]))
    monkeypatch.setenv("COLUMNS", "400")

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["loanbook", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        found = capsys.readouterr()
        return ended.value.code or 0, " ".join((found.out + found.err).split())

    return called


def money(fen):
    return units.format_money(fen)


def test_books_alone_is_the_list_of_books(run):
    code, said = run("books")
    assert code == 0
    assert "│ made_up │ CNY │ 40 │" in said


def test_a_close_that_was_made_says_so_and_shows_its_totals(run, closed):
    code, said = run("books", "close", "2024Q3", "--book", "made_up")
    period = Ledger(closed[1]).period("2024Q3")
    assert code == 0
    assert "2024Q3 was closed before; nothing was changed." in said
    for name, sums in period.manifest["totals"].items():
        for currency, total in sums.items():
            assert f"│ {name} │ {currency} │ {money(total)} │ {money(total)} │" in said
    assert f"{period.manifest['entries']:,} entries of {period.manifest['loans']} loans" in said
    assert all(f"finding: {words}" in said for words in period.manifest["findings"])


@pytest.mark.parametrize("basis", ["us_gaap", "ifrs", "local"])
def test_balances_are_those_of_the_ledger(run, closed, basis):
    ledger = Ledger(closed[1])
    _, said = run("books", "balances", "2024Q3", "--book", "made_up", "--basis", basis)
    rows = balances_of(ledger, ledger.period("2024Q3"), load_chart(), basis=basis)
    for row in rows:
        if row.opening_fen or row.moved_fen or row.closing_fen:
            amounts = " │ ".join(map(money, (row.opening_fen, row.moved_fen, row.closing_fen)))
            assert f"│ {row.entity} │ {row.account} │ {row.title} │ {amounts} │" in said
    _, alone = run("books", "balances", "2024Q3", "--book", "made_up", "--basis", basis, "--entity", "lantern_guarantee")
    assert "lantern_technology" not in alone
    code, said = run("books", "balances", "2024Q3", "--book", "made_up", "--basis", "cash")
    assert (code, "'cash' is no basis of accounting" in said) == (2, True)


def test_rules_and_accounts_are_those_of_the_terms(run):
    assert "│ 1310 │ Loans receivable │ asset │ debit │ never │ loans_receivable_net │" in run("books", "accounts")[1]
    _, said = run("books", "rules", "--kind", "money_lent")
    asked = "model on_balance_sheet; consolidated yes;"
    assert f"│ L01 │ money_lent │ principal │ {asked} │ CORE │ 1310 │ 1001 │ Principal reaches the borrower │" in said
    assert "licence lending" in said
    assert "L02" not in said
    assert run("books", "rules", "--kind", "lent")[0] == 2


def test_verify_and_reconcile_say_that_all_holds(run):
    code, said = run("books", "verify", "--book", "made_up")
    assert (code, "every trial balance is zero" in said) == (0, True)
    code, said = run("books", "reconcile", "2024Q3", "--book", "made_up")
    assert (code, "Ledger and measures meet to the cent." in said) == (0, True)


def test_verify_and_reconcile_end_with_two_when_something_is_wrong(run, closed, monkeypatch):
    from loanbook.commands import ledger_files
    from loanbook.services.ledger_tieout import Tie

    tie = Tie(name="x", title="Made to differ", ledger_fen=300, measure_fen=100, earlier_fen=50)
    monkeypatch.setattr(ledger_files, "tie_out", lambda *_, **__: (tie,))
    code, said = run("books", "reconcile", "2024Q3", "--book", "made_up")
    assert (code, "differ: Made to differ by 1.50." in said) == (2, True)
    path = Ledger(closed[1]).period("2024Q2").folder / "roles.parquet"
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    code, said = run("books", "verify", "--book", "made_up")
    path.write_bytes(content)
    assert code == 2
    assert "2024Q2.1: roles.parquet was changed after the period was locked." in said


def test_entries_are_chosen_shown_and_written_and_one_is_explained(run, closed, tmp_path):
    period = Ledger(closed[1]).period("2024Q3")
    rows = [row for row in period.table("entries").to_pylist() if row["rule"] == "L01"]
    code, said = run("entries", "2024Q3", "--book", "made_up", "--rule", "L01", "--limit", "1", "--to", tmp_path / "all.csv")
    assert code == 0
    assert f"1 of {len(rows)} entries. --limit shows more." in said
    written = (tmp_path / "all.csv").read_text().splitlines()
    assert len(written) == 1 + len(rows)
    assert ',"amount",' in written[0]
    entry = rows[0]["entry_id"]
    _, said = run("entries", "--book", "made_up", "--explain", entry[:12], "--to", tmp_path / "loans.csv")
    loans = explain_entry(closed[1], entry).loans.to_pylist()
    assert all(f"│ {row['loan_id']} │ {money(row['amount_fen'])} │" in said for row in loans)
    assert "They sum to the entry." in said
    assert len((tmp_path / "loans.csv").read_text().splitlines()) == 1 + len(loans)
    assert run("entries", "--book", "made_up")[0] == 2
    assert "has the rule 'L99'. Rules:" in run("entries", "2024Q3", "--book", "made_up", "--rule", "L99")[1]


def test_statements_are_those_of_the_service_in_each_form(run, closed, tmp_path):
    made = in_unit(group_statements(closed[1], "2024Q3", rate=rate_of("7.0176")), "auto")
    (sheet,) = tables_of(made, basis="us_gaap", dollars=True, company="X", only=("balance_sheet",))
    total = next(row for row in sheet.rows if row.code == "total_assets")
    words = ("statements", "2024Q3", "--book", "made_up", "--only", "balance_sheet", "--currency", "USD", "--rate", "7.0176")
    code, said = run(*words)
    assert code == 0
    assert "TOTAL ASSETS " + " ".join(filter(None, total.cells)) in said
    assert ": 2024Q3, US GAAP, in CNY" in said
    assert ": 2024Q3, US GAAP, in thousands of CNY" in run(*words, "--unit", "thousand")[1]
    run(*words, "--format", "csv", "--to", tmp_path / "sheet.csv")
    assert f"total_assets,TOTAL ASSETS,{','.join(map(str, total.amounts))}" in (tmp_path / "sheet.csv").read_text()
    run(*words, "--format", "html", "--to", tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert page.startswith("<!doctype html>")
    assert all(f"<td>{cell}</td>" in page for cell in total.cells)


def test_all_statements_of_each_basis_are_shown_and_the_columns_of_the_reconciliation_add_up(run, closed):
    _, said = run("statements", "2024Q3", "--book", "made_up")
    assert all(words in said for words in ("Balance Sheets", "Operations", "Cash Flows", "Allowance for loans receivable"))
    made = group_statements(closed[1], "2024Q3")
    for each in tables_of(made, basis="ifrs", dollars=False, company="X", only=("ifrs_balance_sheet", "ifrs_operations")):
        for row in each.rows:
            if row.code:
                assert sum(amount or 0 for amount in row.amounts[:-1]) == row.amounts[-1], row.code
    _, said = run("statements", "2024Q3", "--book", "made_up", "--basis", "ifrs")
    assert re.search(r"Reconciliation between U\.S\. GAAP and IFRS.*Balance Sheets \(IFRS\)", said)


LISTS = {
    ("books",): ("book", "currency", "loans"),
    ("books", "accounts"): ("code", "title", "kind", "normal"),
    ("books", "rules", "--kind", "interest_earned"): ("rule", "effective_from", "kind"),
    ("books", "balances", "2024Q3", "--book", "made_up"): ("entity", "currency", "account", "opening_fen"),
    ("books", "reconcile", "2024Q3", "--book", "made_up"): ("name", "ledger_fen", "unexplained_fen"),
    ("books", "proposals", "--book", "made_up"): ("proposal", "kind", "state"),
}


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_is_written_whole_as_csv_and_json(run, tmp_path, words):
    code, said = run(*words, "--csv", tmp_path / "rows.csv", "--json", tmp_path / "rows.json")
    assert code == 0, said
    told = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(told) == len(read)
    assert f"{len(told):,} row" in said
    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        assert set(LISTS[words]) <= set(next(csv.reader(file)))
    for row, other in zip(told, read, strict=True):
        assert list(row) == list(other)
        assert {name: str(cell) for name, cell in row.items() if isinstance(cell, int)}.items() <= other.items()
    code, said = run(*words, "--json", tmp_path / "nowhere" / "rows.json")
    assert (code, "there is no folder" in said) == (2, True)


def test_lists_are_those_of_the_services(run, closed, tmp_path):
    run("books", "accounts", "--json", tmp_path / "a.json")
    chart = load_chart().accounts
    assert [row["code"] for row in json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))] == list(chart)
    run("books", "balances", "2024Q3", "--book", "made_up", "--basis", "ifrs", "--json", tmp_path / "b.json")
    ledger = Ledger(closed[1])
    rows = balances_of(ledger, ledger.period("2024Q3"), load_chart(), basis="ifrs")
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == [asdict(row) for row in rows]
    code, said = run("books", "--csv", tmp_path / "c.csv", "accounts")
    assert (code, "Write them after it" in said) == (2, True)
    run("entries", "2024Q3", "--book", "made_up", "--json", tmp_path / "e.json")
    told = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert len(told) == ledger.period("2024Q3").manifest["entries"]
    assert [row["amount_fen"] for row in told] == entries_of_period(ledger.period("2024Q3"))["amount_fen"].to_pylist()


def test_a_script_can_ask_for_findings_by_the_exit_code(run, closed):
    findings = Ledger(closed[1]).period("2024Q3").manifest["findings"]
    assert findings
    assert run("books", "close", "2024Q3", "--book", "made_up")[0] == 0
    code, said = run("books", "close", "2024Q3", "--book", "made_up", "--fail-on-findings")
    assert (code, "Locked in" in said, all(words in said for words in findings)) == (1, True, True)


def test_ifrs_has_the_convenience_column_and_its_reconciliation_stays_in_yuan(run):
    words = ("statements", "2024Q3", "--book", "made_up", "--basis", "ifrs", "--currency", "USD", "--rate", "7.0176")
    code, said = run(*words, "--only", "operations", "--only", "balance_sheet")
    assert (code, said.count("Balance Sheets (IFRS)"), said.count("Operations (IFRS)")) == (0, 1, 1)
    assert '"September 30, 2024 USD"' in run(*words, "--only", "balance_sheet", "--format", "csv")[1]
    assert "USD" not in run(*words, "--only", "ifrs_balance_sheet", "--format", "csv")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--basis", "prc"), "'prc' is no basis of accounting"),
        (("--unit", "million"), "'million' is no unit of statements. Write one of auto, thousand, one"),
        (("--currency", "USD"), "the book has no rate of USD for 2024-09-30. Give one, --rate 7.0176"),
        (("--rate", "7.0176"), "--rate is of the column that --currency USD adds"),
        (("--currency", "EUR"), "not 'EUR'"),
        (("--currency", "USD", "--rate", "-7"), "a rate is RMB a US$, above nothing, e.g. 7.0176; not -7"),
        (("--only", "cash"), "there is no statement 'cash' on us_gaap. They are balance_sheet, operations"),
        (("--format", "pdf"), "'pdf' is no form"),
    ],
)
def test_what_statements_refuses(run, words, told):
    code, said = run("statements", "2024Q3", "--book", "made_up", *words)
    assert (code, told in said) == (2, True), said


def test_costs_come_in_a_manual_entry_is_approved_and_a_restatement_shows_both(run, closed, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text(
        "event_id,entity,currency,happened_on,line,amount\n"
        "c1,lantern_technology,CNY,2024-08-15,sales_and_marketing,900.05\n"
        "c2,nobody,CNY,2024-08-15,sales_and_marketing,1\n"
    )
    code, said = run("books", "import", costs, "--book", "made_up", "--kind", "cost_incurred")
    assert code == 0
    assert "│ accepted │ 1 │ CNY 900.05 │" in said
    assert "costs.csv:3: entity 'nobody' is not known; expected one of" in said
    assert "│ skipped │ 1 │" in run("books", "import", costs, "--book", "made_up", "--kind", "cost_incurred")[1]
    entry = ("--entity", "lantern_technology", "--debit", "5040", "--credit", "2110", "--amount", "10.00")
    code, said = run("books", "propose", "--book", "made_up", "--by", "Ann", *entry, "--on", "2024-09-30", "--text", "rent")
    assert code == 0
    id_ = said.split()[0]
    assert f"│ {id_} │ proposed │ Ann │" in run("books", "proposals", "--book", "made_up")[1]
    assert run("books", "approve", id_, "--book", "made_up", "--by", "ann")[0] == 2
    assert run("books", "approve", id_, "--book", "made_up", "--by", "Bo") == (0, f"{id_} of Ann approved by Bo.")
    assert "was approved by Bo" in run("books", "reject", id_, "--book", "made_up", "--by", "Cy", "--reason", "no")[1]
    code, said = run("books", "restate", "2024Q3", "--book", "made_up", "--reason", "bills came late")
    assert (code, "2024Q3.2 restates 2024Q3.1" in said) == (0, True), said
    _, said = run("books", "changes", "2024Q3", "--book", "made_up")
    found = changes(closed[1], "2024Q3")
    shown = {each.code: each for each in found.lines if each.basis == "us_gaap"}
    moved = shown["sales_and_marketing"]
    amounts = (money(fen) for fen in (moved.old_moved_fen, moved.new_moved_fen, 90_005))
    assert f"│ us_gaap │ │ │ sales and marketing │ movement │ {' │ '.join(amounts)} │" in said
    assert shown["general_and_administrative"].new_moved_fen - shown["general_and_administrative"].old_moved_fen == 1_000
    code, said = run("books", "export", "2024Q3", "--book", "made_up", "--to", tmp_path / "erp")
    assert (code, "made_up-2024Q3.2, with control.json" in said) == (0, True)
