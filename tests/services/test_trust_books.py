"""Loans that a trust of ours funds: in its own books, in the group as before, and on no balance sheet of ours without control."""

import datetime as dt
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from loanbook.accounting.journal import by_account, of_basis
from loanbook.errors import RequestError, TieError
from loanbook.services.bookkeeping import close_period
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_reading import balances_of, entries_of_period
from loanbook.simulator.example_books import keep_example_books
from loanbook.stores.book import create_book
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from tests.services.ledgers import rows_of
from tests.stores.rows import TERMS, table

AS_OF = dt.date(2024, 9, 30)
TRUST, LENDER, GUARANTOR, BANK = "harbour_trust_1", "lantern_micro_lending", "lantern_guarantee", "heron_bank"
UNCONTROLLED = "bluewater_abs_1"
"""A plan that is consolidated from 2026 on: in 2024 it is somebody else's."""
LOANS = ("1310", "1311", "1312", "1315", "1319")


def closed(home, name, funded):
    """The same sixty loans and company; `funded` says vehicle and partner of a row, or nothing."""
    rows = rows_of(3, 60)
    rows["loan_disbursed"] = [row | funded(row) for row in rows["loan_disbursed"]]
    book = create_book(home / name, name=name, currency="CNY")
    book = append(book, {kind: table(kind, each) for kind, each in rows.items()}, terms={"sample_level": TERMS}).book
    assert keep_example_books(book, AS_OF, on_progress=lambda *_: None).name == "2024Q3"
    return book


def in_the_trust(row):
    """Every other loan of ours is the trust's, and what the bank lends is guaranteed to it."""
    if row["model"] == "on_balance_sheet" and int(row["loan_id"][1:]) % 2:
        return {"vehicle": TRUST}
    return {"vehicle": GUARANTOR, "partner": BANK} if row["model"] == "capital_heavy" else {}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("trust")


@pytest.fixture(scope="module")
def plain(home):
    return closed(home, "plain", lambda row: {})


@pytest.fixture(scope="module")
def trust(home):
    return closed(home, "trust", in_the_trust)


def held(book, entity, basis="us_gaap"):
    """Balances of an entity at the end, by account, without what is nothing."""
    balances = of_basis(Ledger(book).periods()[-1].table("balances"), basis)
    rows = by_account(balances.filter(pc.equal(balances["entity"], entity))).to_pylist()
    return {row["account"]: row["amount_fen"] for row in rows if row["amount_fen"]}


def test_moving_loans_into_the_trust_moves_no_figure_of_the_group(plain, trust):
    before, after = (group_statements(book, "2024Q3", rate=7_2000) for book in (plain, trust))
    assert after.amounts == before.amounts
    assert sum(abs(amount) for amount in after.amounts.values()) > 0


def test_the_trust_has_the_loans_and_the_lender_what_is_left_of_them(plain, trust):
    whole = held(plain, LENDER)
    for account in (*LOANS, "4020", "5110"):
        assert held(trust, TRUST).get(account, 0) + held(trust, LENDER).get(account, 0) == whole.get(account, 0), account
        assert account == "1311" or held(trust, TRUST)[account], account
    assert not held(plain, TRUST)
    assert "6110" not in held(trust, TRUST), "who controls the trust is taxed on what it earns"


def test_entries_carry_vehicle_and_partner_and_are_chosen_by_them(trust):
    ledger = Ledger(trust)
    period = ledger.period("2024Q2")
    of_trust, of_bank = entries_of_period(period, vehicle=TRUST), entries_of_period(period, partner=BANK)
    assert set(of_trust["entity"].to_pylist()) == {TRUST}
    assert set(of_trust["model"].to_pylist()) == {"on_balance_sheet"}
    assert set(of_bank["model"].to_pylist()) == {"capital_heavy"}
    assert set(of_bank["vehicle"].to_pylist()) == {GUARANTOR}
    every = period.table("entries")
    heavy = every.filter(pc.equal(every["model"], "capital_heavy"))
    assert of_bank.num_rows == heavy.num_rows > 0
    with pytest.raises(RequestError, match=f"has the partner 'nobody'. Partners: {BANK}."):
        entries_of_period(period, partner="nobody")
    chart = load_chart()
    rows = {row.account: row for row in balances_of(ledger, ledger.period("2024Q3"), chart, vehicle=TRUST)}
    assert {account: row.closing_fen for account, row in rows.items() if account in LOANS} == {
        account: amount for account, amount in held(trust, TRUST).items() if account in LOANS
    }
    assert all(row.opening_fen + row.moved_fen == row.closing_fen for row in rows.values())
    with pytest.raises(RequestError, match=f"no entry up to 2024Q3.1 has the vehicle 'nobody'. Vehicles: .*{TRUST}"):
        balances_of(ledger, ledger.period("2024Q3"), chart, vehicle="nobody")


def test_the_loans_behind_an_entry_of_the_trust_are_the_trusts(trust):
    entries = entries_of_period(Ledger(trust).period("2024Q2"), vehicle=TRUST)
    for rule in ("L02", "L40", "L51"):
        row = entries.filter(pc.equal(entries["rule"], rule)).to_pylist()[0]
        found = explain_entry(trust, row["entry_id"])
        loans = found.loans["loan_id"].to_pylist()
        assert loans
        assert all(int(loan[1:]) % 2 for loan in loans)
        assert sum(found.loans["amount_fen"].to_pylist()) == found.amount["amount_fen"]


def test_the_ledger_of_the_trust_is_proven(trust):
    assert prove_ledger(trust).findings == ()


COMPANY = """
- {kind: loan_between_entities, event_id: I1, entity: lantern_micro_lending, counterparty: harbour_trust_1, amount: 20000,
   happened_on: 2024-01-02, currency: CNY}
- {kind: debt_drawn, event_id: D1, entity: harbour_trust_1, happened_on: 2024-01-02, debt: preferred, line: trust_units,
   amount: 100000, rate_annual: 0.055, matures_on: 2027-01-10, currency: CNY}
- {kind: debt_drawn, event_id: D2, entity: lantern_micro_lending, happened_on: 2024-01-02, debt: notes, line: trust_units,
   amount: 100000, rate_annual: 0.055, matures_on: 2027-01-10, currency: CNY}
"""


def test_what_is_current_of_a_trusts_debt_is_what_its_loans_bring_within_the_year(home):
    rows = rows_of(3, 60)
    rows["loan_disbursed"] = [row | in_the_trust(row) for row in rows["loan_disbursed"]]
    book = create_book(home / "funded", name="funded", currency="CNY")
    book = append(book, {kind: table(kind, each) for kind, each in rows.items()}, terms={"sample_level": TERMS}).book
    path = home / "company.yaml"
    path.write_text(COMPANY, encoding="utf-8")
    import_corporate(book.folder, path, recorded_at=dt.datetime(2024, 1, 3, tzinfo=dt.UTC))
    for quarter in ("2024Q1", "2024Q2"):
        period, _ = close_period(book, quarter, known_on=dt.date(2024, 12, 31))
        cells = [row for row in period.table("cells_ledger").to_pylist() if row["vehicle"] == TRUST]
        owed, later, allowance = (
            sum(row[name] for row in cells) for name in ("outstanding_fen", "noncurrent_fen", "loan_allowance_fen")
        )
        due = Fraction(owed - later)
        current = due - Fraction(allowance) * due / owed
        assert 0 < current < 10_000_000
        balances = by_account(of_basis(period.table("balances"), "us_gaap")).to_pylist()
        stands = {(row["entity"], row["account"]): row["amount_fen"] for row in balances}
        assert abs(stands[TRUST, "2010"] + current) < 1, quarter
        assert stands[TRUST, "2010"] + stands[TRUST, "2011"] == -10_000_000
        assert stands[LENDER, "2010"] == 0, "no pool of its own: by its last day"
        assert stands[LENDER, "2011"] == -10_000_000
    assert prove_ledger(book).findings == ()


def test_lending_by_who_has_no_licence_stops_the_close(home):
    rows = rows_of(3, 6)
    rows["loan_disbursed"] = [row | {"vehicle": "platform", "model": "on_balance_sheet"} for row in rows["loan_disbursed"]]
    book = create_book(home / "unlicensed", name="unlicensed", currency="CNY")
    book = append(book, {kind: table(kind, each) for kind, each in rows.items()}, terms={"sample_level": TERMS}).book
    with pytest.raises(TieError, match=r"meet no posting rule: .*money_lent principal.*consolidated yes, licence none"):
        close_period(book, "2024Q1")


def test_a_loan_of_a_vehicle_without_control_is_on_no_balance_sheet_of_ours(home):
    book = closed(home, "others", lambda row: {"vehicle": UNCONTROLLED} if row["model"] == "on_balance_sheet" else {})
    period = Ledger(book).period("2024Q3")
    amounts, entries = period.table("amounts"), period.table("entries")
    own = amounts.filter(pc.equal(amounts["vehicle"], UNCONTROLLED))
    assert set(own["consolidated"].to_pylist()) == {"no"}
    assert own.num_rows
    assert not pc.any(pc.equal(entries["vehicle"], UNCONTROLLED)).as_py()
    assert not set(LOANS) & set(pa.concat_arrays([*entries["debit"].chunks, *entries["credit"].chunks]).to_pylist())
    assert prove_ledger(book).findings == ()
    statements = group_statements(book, "2024Q3", rate=7_2000)
    assert not {line for line, _, _ in statements.amounts if line.startswith(("ageing_loans", "vintage_current"))}
