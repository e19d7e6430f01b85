"""Statements out of closed books: naive sums, roll-forwards that close, both bases, notes that end at the balance sheet."""

import csv
import datetime as dt
from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from loanbook import units
from loanbook.accounting.cash_flow import CASH
from loanbook.accounting.group_rows import table_of
from loanbook.errors import TieError
from loanbook.services.book_rates import book_rates
from loanbook.services.books_report import books_page
from loanbook.services.group_closes import adjustments_in_order, close_in_order, functional_entries, group_terms
from loanbook.services.group_statements import check_reconciled, group_statements, in_unit
from loanbook.simulator.example_books import keep_example_books
from loanbook.statements.periods import period
from loanbook.statements.presentation import Figures
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import FOLDER, load_chart
from loanbook.terms.entity_file import group_in
from tests.services.ledgers import ledger_book

AS_OF = dt.date(2024, 9, 30)
QUARTERS = ("2024Q1", "2024Q2", "2024Q3")
YEAR = period("2024M9")
CHART = load_chart()
NOTE_LINES = FOLDER / "lines.csv"
ALONE = "loans_receivable_net guarantee_liabilities_stand_ready guarantee_liabilities_contingent financial_assets_receivable_net"
"""Balance sheet lines that no elimination and no exchange rate touches."""
FLOWS = "financing_income revenue_from_releasing_of_guarantee_liabilities provision_for_loans_receivable funding_costs"
PARTS = ("ordinary_shares", "additional_paid_in_capital", "treasury_stock", "statutory_reserves", "retained_earnings")


@pytest.fixture(scope="module", params=[1, 7])
def book(request, tmp_path_factory):
    """A small book of all models with a company around it, three quarters closed."""
    made = ledger_book(tmp_path_factory.mktemp("group"), seed=request.param, loans=60)
    assert keep_example_books(made, AS_OF, on_progress=lambda *_: None).name == "2024Q3"
    return made


@pytest.fixture(scope="module")
def found(book):
    return group_statements(book, "2024Q3", rate=7_2000)


@pytest.fixture(scope="module")
def exact(found):
    return Figures(statements=found.statements, amounts=found.amounts)


def naive(book, lines, quarters, books=("CORE", "USGAAP")):
    """Debits less credits of the accounts of lines, entry by entry."""
    sums = defaultdict(int)
    for each in Ledger(book).periods():
        if each.name not in quarters:
            continue
        for row in each.table("entries").to_pylist():
            if row["book"] in books:
                sums[CHART.account(row["debit"]).line] += row["amount_fen"]
                sums[CHART.account(row["credit"]).line] -= row["amount_fen"]
    return {line: sums[line] for line in lines}


def test_lines_are_the_sums_of_their_entries(book, found, exact):
    for basis, books in (("us_gaap", ("CORE", "USGAAP")), ("ifrs", ("CORE", "IFRS"))):
        balances = naive(book, ALONE.split(), QUARTERS, books)
        for line, amount in balances.items():
            assert exact.value(line, YEAR.end, basis) == found.statements.line(line).sign * amount, line
        for span, quarters in ((YEAR, QUARTERS), (period("2024Q2"), ("2024Q2",))):
            for line, amount in naive(book, FLOWS.split(), quarters, books).items():
                assert exact.value(line, span, basis) == found.statements.line(line).sign * amount, line
    assert any(naive(book, ALONE.split(), QUARTERS).values())


def turned(closed):
    """What entities have paid ahead of their taxes: off the payable, to prepaid expenses."""
    owed, moved = defaultdict(int), defaultdict(int)
    for row in table_of(closed.consolidated.rows).to_pylist():
        if row["account"] in ("2160", "2170"):
            owed[row["entity"], row["account"]] += row["amount_fen"]
    for (_, account), amount in owed.items():
        if amount > 0:
            moved[CHART.account(account).line] -= amount
            moved["prepaid_expenses_and_other_assets"] += amount
    return moved


def test_a_company_that_paid_its_tax_ahead_has_an_asset_and_does_not_lessen_what_another_owes(found, exact):
    """Of every period: payables are the credit balances of entities, the debit ones stand among the assets."""
    seen = 0
    for each in found.periods:
        end = period(each.closed.name).end
        rows = table_of(each.consolidated.rows).to_pylist()
        for account, line in (("2160", "income_tax_payable"), ("2170", "other_tax_payable")):
            net = -sum(row["amount_fen"] for row in rows if row["account"] == account)
            ahead = -turned(each).get(line, 0)
            assert exact.value(line, end) == net + ahead >= 0
            seen += ahead
        prepaid = sum(row["amount_fen"] for row in rows if row["account"] == "1510")
        assert (
            exact.value("prepaid_expenses_and_other_assets", end) == prepaid + turned(each)["prepaid_expenses_and_other_assets"]
        )
    assert seen > 0


def test_what_a_period_opens_with_is_what_the_last_closed_with(found):
    for periods in (found.periods, found.ifrs):
        closing: dict[str, int] = {}
        for each in periods:
            opening, now = defaultdict(int), defaultdict(int)
            for row in each.consolidated.trial_balance().to_pylist():
                now[row["account"]] += row["amount_fen"]
                if row["column"] == "opening":
                    opening[row["account"]] += row["amount_fen"]
            assert sum(now.values()) == 0
            assert {k: v for k, v in opening.items() if v} == {k: v for k, v in closing.items() if v}
            closing = now


@pytest.mark.parametrize("quarter", [*QUARTERS, "2024M9"])
def test_changes_in_equity_end_at_the_balance_sheet_in_every_column(exact, found, quarter):
    span = period(quarter)
    columns = [each.code for each in found.statements.by_name["changes_in_equity"].columns]
    moved = 0
    for engine in (exact, found.figures):
        for column in columns:
            assert engine.value("equity_closing", span, column) == engine.value(column, span.end), column
            moved += abs(engine.value("equity_closing", span, column) - engine.value("equity_opening", span, column))
    assert moved
    assert {line for line, at, _ in found.amounts if at == YEAR and line.startswith("equity_")} >= {
        "equity_shares_issued",
        "equity_shares_repurchased",
        "equity_shares_cancelled",
        "equity_dividends",
    }


def test_us_gaap_and_the_adjustments_are_ifrs_in_every_line(found):
    """Against the group closed on IFRS by itself, taxes paid ahead on the side they have in US GAAP.

    What rates leave of rounding is below a thousandth of a thousand.
    """
    columns = {each.code for each in found.statements.by_name["ifrs_balance_sheet"].columns} - {"ifrs"}
    assert {column for _, _, column in found.amounts} > columns - {"other"}
    own = defaultdict(int)
    for row in found.ifrs[-1].consolidated.trial_balance().to_pylist():
        account = CHART.account(row["account"])
        own["retained_earnings" if account.is_result else account.line] += row["amount_fen"]
    for line, moved in turned(found.periods[-1]).items():
        own[line] += moved
    added = defaultdict(int)
    for (line, at, column), amount in found.amounts.items():
        if at == YEAR.end and column in columns and found.statements.line(line).sign:
            added[line] += found.statements.line(line).sign * amount
    for line in own:
        if line not in ("memo", "clearing"):
            assert abs(own[line] - added[line]) <= 100, line
    balance = found.figures
    for quarter in QUARTERS:
        at = period(quarter).end
        assert balance.value("total_assets", at, "ifrs") == balance.value("total_liabilities_and_equity", at, "ifrs")
        parts = sum(balance.value("net_income", period(quarter), column) for column in columns)
        assert balance.value("net_income", period(quarter), "ifrs") == parts


def test_an_entry_under_no_column_of_its_own_stands_in_the_other_and_one_in_the_wrong_book_is_found(book):
    closed = Ledger(book).periods()
    terms = group_terms(CHART, group_in(), book_rates(load_corporate(book.folder)))
    entries = functional_entries(closed, terms)
    us_gaap, ifrs = (close_in_order(closed, entries, terms, basis) for basis in ("us_gaap", "ifrs"))
    adjusted = adjustments_in_order(closed, entries, terms)
    check_reconciled(us_gaap, adjusted, ifrs, CHART)
    missing = {topic: periods for topic, periods in adjusted.items() if topic != "financial_guarantee"}
    with pytest.raises(TieError, match=r"US GAAP and the adjustments are .* fen more than IFRS"):
        check_reconciled(us_gaap, missing, ifrs, CHART)


def test_share_based_compensation_moves_paid_in_capital_against_retained_earnings_under_ifrs(exact):
    moved = {
        line: exact.value(line, YEAR.end, "share_based_compensation") for line in ("total_assets", "total_liabilities", *PARTS)
    }
    assert moved["total_assets"] == moved["total_liabilities"] == 0
    assert moved["additional_paid_in_capital"] == -moved["retained_earnings"] != 0
    assert exact.value("income_tax_expense", YEAR, "share_based_compensation") == 0
    cost = exact.value("share_based_compensation", YEAR)
    assert cost == sum(exact.value("share_based_compensation", period(each)) for each in QUARTERS) > 0
    assert exact.value("non_gaap_net_income", YEAR) == exact.value("net_income", YEAR) + cost


def test_weighted_shares_are_a_walk_over_days(book, found):
    tables = load_corporate(book.folder)
    start, end = YEAR.starts_on, YEAR.ends_on
    change = defaultdict(int)
    for kind, sign in (("shares_issued", 1), ("shares_repurchased", -1), ("grant_exercised", 1)):
        for row in tables[kind].to_pylist() if kind in tables else []:
            if row["entity"] == "lantern_holdings":
                change[units.day(row["happened_on"])] += sign * row["shares"]
    # Units that vested and are not shares yet count from their day on (ASC 260-10-45-13).
    for row in tables["grant_made"].to_pylist():
        if row["instrument"] == "restricted_share_unit":
            change[units.day(row["vests_on"])] += row["instruments"]
    for row in tables["grant_exercised"].to_pylist():
        change[units.day(row["happened_on"])] -= row["instruments"]
    days = range(start, end + 1)
    total = sum(sum(by for on, by in change.items() if on <= day) for day in days)
    basic = found.figures.value("weighted_average_shares_basic", YEAR)
    assert abs(basic - total / len(days)) <= 0.5 + max(row["instruments"] for row in tables["grant_forfeited"].to_pylist())
    income = found.figures.value("net_income_attributable_to_company", YEAR)
    # In a loss nothing dilutes.
    assert (found.figures.value("weighted_average_shares_diluted", YEAR) > basic) == (income > 0)
    hundredths = found.figures.value("basic_per_share", YEAR)
    assert abs(hundredths - income * 100_000 / basic) <= 0.5
    assert found.figures.value("basic_per_ads", YEAR) == 2 * hundredths
    assert found.figures.value("diluted_per_share", YEAR, "ifrs") is not None


def test_receivables_by_days_past_due_end_at_their_accounts(book, found, exact):
    naive_balances = defaultdict(int)
    for each in Ledger(book).periods():
        for row in each.table("entries").to_pylist():
            if row["book"] in ("CORE", "USGAAP"):
                naive_balances[row["debit"]] += row["amount_fen"]
                naive_balances[row["credit"]] -= row["amount_fen"]
    wanted = {
        "ageing_loans_receivable": ("1310", "1311", "1312"),
        "ageing_financial_assets_receivable": ("1210", "1211"),
        "ageing_accounts_receivable_and_contract_assets": ("1110", "1120", "1121"),
    }
    for line, accounts in wanted.items():
        assert exact.value(line, YEAR.end, "total_by_days") == sum(naive_balances[each] for each in accounts) > 0
    assert exact.value("ageing_guaranteed_loans", YEAR.end, "total_by_days") == exact.value("guaranteed_principal", YEAR.end)
    past_due = sum(exact.value("ageing_loans_receivable", YEAR.end, each) for each in ("d1_30", "d31_60", "d61_90", "d91_180"))
    assert past_due > 0


def test_loans_by_year_of_origination_end_at_loans_and_allowance(exact):
    assert exact.value("vintage_loans", YEAR.end, "total_by_year") == exact.value(
        "ageing_loans_receivable", YEAR.end, "total_by_days"
    )
    assert exact.value("vintage_allowance", YEAR.end, "total_by_year") == exact.value("allowance_for_loans_receivable", YEAR.end)
    assert exact.value("vintage_charge_offs", YEAR, "total_by_year") == -exact.value("loan_allowance_write_off", YEAR)


def test_provisions_and_revenue_are_parted_to_the_fen(exact, found):
    for line in ("loans_receivable", "financial_assets_receivable", "contingent_liabilities"):
        whole = exact.value(f"provision_for_{line}", YEAR)
        parts = [exact.value(f"provision_for_{line}", YEAR, column) for column in ("new_provision", "revision")]
        assert sum(parts) == whole
        assert parts[0]
    earlier = 0
    for timing, movement in (("point_in_time", "prior_period"), ("over_time", "prior_services")):
        amount = exact.value("revenue_from_earlier_obligations", YEAR, timing)
        assert amount == -naive_column(found, ("4010", "4110"), movement) != 0
        earlier += amount
    assert exact.value("contract_assets_prior_period", YEAR) == earlier == naive_column(found, ("1120",), "prior_period") != 0


def naive_column(found, accounts, column):
    total = 0
    for each in found.periods:
        for row in each.closed.table("entries").to_pylist():
            for side, sign in (("debit", 1), ("credit", -1)):
                if row["book"] in ("CORE", "USGAAP") and row[side] in accounts and row[f"{side}_column"] == column:
                    total += sign * row["amount_fen"]
    return total


def test_the_proof_of_tax_explains_the_expense(exact):
    for span in (YEAR, *(period(each) for each in QUARTERS)):
        assert exact.value("tax_of_period", span) == exact.value("income_tax_expense", span)
        assert exact.value("current_tax", span) + exact.value("deferred_tax", span) == exact.value("income_tax_expense", span)
        assert abs(exact.value("tax_other", span) or 0) < 100
    statutory = exact.value("tax_statutory", YEAR)
    assert abs(statutory + exact.value("income_before_income_tax", YEAR) / 4) < 100


def test_borrowings_by_maturity_end_at_their_accounts(exact, found):
    trial = found.periods[-1].consolidated.trial_balance()
    for line, accounts in (("maturity_investors", ["2010", "2011"]), ("maturity_short_term_loans", ["2130"])):
        owed = pc.sum(trial.filter(pc.is_in(trial["account"], pa.array(accounts)))["amount_fen"]).as_py() or 0
        assert exact.value(line, YEAR.end, "total_by_maturity") == -owed
        assert not exact.value(line, YEAR.end, "undated")


def test_cash_is_never_below_zero_and_flows_end_at_it(found, book):
    for each in Ledger(book).periods():
        assert each.manifest["findings"] == []
        rows = [row for row in each.table("balances").to_pylist() if row["account"] in CASH and row["book"] == "CORE"]
        by_entity = defaultdict(int)
        for row in rows:
            by_entity[row["entity"]] += row["amount_fen"]
        assert min(by_entity.values()) >= 0
    for engine in (found.figures,):
        cash = engine.value("cash_and_cash_equivalents", YEAR.end) + engine.value("restricted_cash", YEAR.end)
        assert engine.value("cash_end", YEAR) == cash


def test_the_page_has_statements_notes_and_the_reconciliation(book, found):
    page, ones = books_page(book, AS_OF), in_unit(found, "one")
    assert [chapter.key for chapter in page.chapters] == ["statements", "notes", "reconciliation"]
    assert page.findings == ()
    made = {table.name: table for chapter in page.chapters for table in chapter.tables}
    assert len([table for chapter in page.chapters for table in chapter.tables]) >= 24
    assert {"balance_sheet", "changes_in_equity", "ageing", "tax_reconciliation", "ifrs_operations", "bridge"} <= set(made)
    totals = {"Revenue": "total_net_revenue", "Net profit": "net_income"}
    for place, line in enumerate(totals.values()):
        *parts, last = [row.amounts[place] for row in made["bridge"].rows if row.amounts]
        assert sum(parts) == last == ones.figures.value(line, YEAR)
    flows = [row for row in made["cash_flow_lines"].rows if row.amounts]
    ends = [at for at, row in enumerate(flows) if row.kind == "total"]
    for first, last in zip([0, *(end + 1 for end in ends)], ends, strict=False):
        assert sum(row.amounts[0] for row in flows[first:last]) == flows[last].amounts[0]
    assert all("{" not in row.words for table in made.values() for row in table.rows)
    assert books_page(book, dt.date(2024, 8, 31)) is None


def test_one_fen_too_much_is_found(found):
    """The statement is judged before it is rounded."""
    from loanbook.statements.presentation_rounding import round_document

    wrong = dict(found.amounts)
    wrong["loans_receivable_net", YEAR.end, "us_gaap"] += 1
    with pytest.raises(TieError, match="1 too much"):
        round_document(wrong, found.statements)


def test_services_of_earlier_periods_are_over_time_in_every_line_of_every_account():
    """A posting names the movement; by it every line of the note has the same timing as the service itself."""
    timing = {}
    for row in csv.DictReader(line for line in NOTE_LINES.read_text().splitlines() if not line.startswith("#")):
        if row["movement"] in ("prior_services", "prior_period") and row["column"]:
            timing.setdefault((row["account"], row["movement"]), set()).add(row["column"])
    assert timing == {
        (account, movement): {column}
        for account in ("4010", "4110")
        for movement, column in (("prior_services", "over_time"), ("prior_period", "point_in_time"))
    }
