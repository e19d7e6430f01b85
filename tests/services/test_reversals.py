"""Corporate events taken back by two persons: the open quarter posts the difference with both days; what cannot be is refused."""

import datetime as dt

import pytest

from loanbook.errors import RequestError, StateError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_reading import entries_of_period
from loanbook.services.manual_entries import approve, proposals, propose_reversal
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.importers.corporate import read_corporate
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book

TOLD = dt.datetime(2024, 10, 2, 9, tzinfo=dt.UTC)
CLOSED = dt.date(2024, 10, 15)
NOW = dt.datetime(2025, 1, 20, 9, tzinfo=dt.UTC)
EVENTS = """
- {kind: cost_incurred, event_id: C1, entity: lantern_technology, currency: CNY, happened_on: 2024-08-15,
   line: sales_and_marketing, counterparty: Example Media, amount: 900.05, vat: 54.00}
- {kind: shares_issued, event_id: S1, entity: lantern_holdings, currency: USD, happened_on: 2024-07-10,
   shares: 1000000, amount: 5000}
- {kind: shares_issued, event_id: S2, entity: lantern_holdings, currency: USD, happened_on: 2024-07-20,
   shares: 1000000, amount: 9000}
- {kind: shares_repurchased, event_id: R1, entity: lantern_holdings, currency: USD, happened_on: 2024-09-01,
   shares: 500000, amount: 4000}
- {kind: debt_drawn, event_id: D1, entity: lantern_technology, currency: CNY, happened_on: 2024-07-01, debt: bank A,
   line: short_term_loans, amount: 100000, rate_annual: 0.0365, matures_on: 2025-06-30}
- {kind: debt_repaid, event_id: D2, entity: lantern_technology, currency: CNY, happened_on: 2024-09-15, debt: bank A,
   line: short_term_loans, amount: 40000}
- {kind: opening_balance, event_id: O1, entity: lantern_wfoe, currency: CNY, happened_on: 2024-06-30, book: core, account: 1001,
   amount: 700}
"""
OPENING_DOLLARS = """
- {kind: opening_balance, event_id: O3, entity: lantern_technology, currency: USD, happened_on: 2024-06-30, book: core,
   account: 1001, amount: 100}
"""


def told(book, folder, text=EVENTS):
    path = folder / "told.yaml"
    path.write_text(text)
    assert import_company(book, path, recorded_at=TOLD).reading.faults.num_rows == 0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A closed third quarter; then its cost, an issue of shares and a repayment are taken back, and the fourth is closed."""
    home = tmp_path_factory.mktemp("reversals")
    book = ledger_book(home, loans=8)
    told(book, home)
    close_period(book, "2024Q3", known_on=CLOSED)
    for event in ("C1", "S1", "D2"):
        made = propose_reversal(book, event, maker="Ann Chen", reason="told twice", now=NOW)
        approve(book, made.id, by="Bo Lin", now=NOW)
    close_period(book, "2024Q4")
    return book


def test_what_was_posted_is_taken_back_in_the_open_quarter_with_the_day_of_the_event(world):
    then = entries_of_period(Ledger(world).period("2024Q3"), kind="cost_incurred").to_pylist()
    now = entries_of_period(Ledger(world).period("2024Q4"), kind="cost_incurred").to_pylist()
    columns = ("book", "entity", "happened_on", "amount_fen", "event", "component", "counterparty")
    assert sorted([row[name] for name in columns] for row in now) == sorted([row[name] for name in columns] for row in then)
    assert {(row["debit"], row["credit"]) for row in now} == {(row["credit"], row["debit"]) for row in then}
    assert {(row["posted_on"], row["happened_on"]) for row in now} == {(dt.date(2024, 10, 1), dt.date(2024, 8, 15))}
    assert prove_ledger(world, rebuild=True).findings == ()


def test_after_a_reversal_the_books_stand_as_if_the_event_had_never_been_told(world, tmp_path):
    plain = ledger_book(tmp_path, loans=8)
    lines = EVENTS.strip().split("\n- ")
    kept = [line for line in lines if not any(f"event_id: {gone}," in line for gone in ("C1", "S1", "D2"))]
    told(plain, tmp_path, "- " + "\n- ".join(line.removeprefix("- ") for line in kept))
    for name in ("2024Q3", "2024Q4"):
        close_period(plain, name)
    sides = []
    for book in (world, plain):
        rows = Ledger(book).period("2024Q4").table("balances").to_pylist()
        sides.append({tuple(row[name] for name in ("book", "entity", "currency", "account")): 0 for row in rows})
        for row in rows:
            sides[-1][tuple(row[name] for name in ("book", "entity", "currency", "account"))] += row["amount_fen"]
    assert {key: fen for key, fen in sides[0].items() if fen} == {key: fen for key, fen in sides[1].items() if fen}
    close_period(world, "2025Q1")
    late = entries_of_period(Ledger(world).period("2025Q1")).to_pylist()
    assert not [row for row in late if row["event"] in ("C1", "S1", "D2")], "it is taken back once"


def test_a_reversal_before_the_close_leaves_nothing_to_post(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path)
    approve(book, propose_reversal(book, "C1", maker="Ann", reason="a slip", now=TOLD).id, by="Bo", now=TOLD)
    close_period(book, "2024Q3", known_on=CLOSED)
    assert "cost_incurred" not in Ledger(book).period("2024Q3").table("entries")["kind"].to_pylist()


def of_account(book, period, account, entity):
    rows = Ledger(book).period(period).table("balances").to_pylist()
    return {
        row["currency"]: sum(
            each["amount_fen"]
            for each in rows
            if (each["entity"], each["account"], each["currency"]) == (entity, account, row["currency"])
        )
        for row in rows
        if (row["entity"], row["account"]) == (entity, account)
    }


def test_an_opening_balance_is_taken_back_before_the_books_are_opened(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path)
    approve(book, propose_reversal(book, "O1", maker="Ann", reason="a slip", now=TOLD).id, by="Bo", now=TOLD)
    close_period(book, "2024Q3", known_on=CLOSED)
    assert of_account(book, "2024Q3", "1001", "lantern_wfoe") == {}


def test_an_opening_balance_of_opened_books_is_corrected_by_another_and_the_refusal_says_which(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path)
    close_period(book, "2024Q3", known_on=CLOSED)
    words = (
        r"'O1' is an opening_balance that the books were opened with; expected another opening_balance of core, 1001, "
        r"lantern_wfoe, CNY, 2024-06-30 \(`loanbook books import`\): amount -700\.00 takes it away"
    )
    with pytest.raises(RequestError, match=words):
        propose_reversal(book, "O1", maker="Ann", reason="a slip", now=NOW)
    assert of_account(book, "2024Q3", "1001", "lantern_wfoe") == {"CNY": 70_000}
    stated = next(line for line in EVENTS.split("\n- ") if "O1" in line)
    told(book, tmp_path, f"- {stated.replace('O1', 'O2').replace('700', '-700')}")
    close_period(book, "2024Q4")
    (late,) = entries_of_period(Ledger(book).period("2024Q4"), kind="opening_balance").to_pylist()
    assert (late["posted_on"], late["happened_on"], late["amount_fen"]) == (dt.date(2024, 10, 1), dt.date(2024, 6, 30), 70_000)
    assert of_account(book, "2024Q4", "1001", "lantern_wfoe") == {"CNY": 0}


def test_a_stated_balance_takes_nothing_off_another_currency_of_its_account(tmp_path):
    """Loans left yuan on the account; that the company holds dollars there too says nothing of them."""
    found = {}
    for said in ("", OPENING_DOLLARS):
        book = ledger_book(tmp_path / ((said and "dollars") or "none"), loans=8)
        if said:
            told(book, tmp_path, said)
        close_period(book, "2024Q3", known_on=CLOSED)
        found[said] = of_account(book, "2024Q3", "1001", "lantern_technology")
    assert found[""]["CNY"] != 0
    assert found[OPENING_DOLLARS] == {**found[""], "USD": 10_000}


def test_what_cannot_be_taken_back_is_refused_with_the_reason(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path)

    def proposed(event, reason="a slip"):
        return propose_reversal(book, event, maker="Ann", reason=reason, now=TOLD)

    with pytest.raises(RequestError, match="holds no event 'C9' of the company"):
        proposed("C9")
    with pytest.raises(RequestError, match="say why the event is taken back"):
        proposed("C1", " ")
    with pytest.raises(RequestError, match="'D1' is what D2 leans on; expected a reversal of D2 first"):
        proposed("D1")
    first, second = proposed("C1"), proposed("C1", "the same by another name")
    with pytest.raises(RequestError, match=r"Ann proposed .*; another person must approve it"):
        approve(book, first.id, by="ann", now=TOLD)
    assert approve(book, first.id, by="Bo", now=TOLD).state == "approved"
    with pytest.raises(
        StateError, match=r"cannot be booked any more: .*'C1' was taken back before; expected an event that stands"
    ):
        approve(book, second.id, by="Bo", now=TOLD)
    with pytest.raises(RequestError, match="is a reversal itself"):
        proposed(first.id)
    assert sorted(each.state for each in proposals(book)) == ["approved", "proposed"]
    (tmp_path / "told.csv").write_text("kind,event_id,reverses\nevent_reversed,X1,C1\n")
    with pytest.raises(RequestError, match="reversals need a maker and a checker"):
        import_company(book, tmp_path / "told.csv", recorded_at=TOLD)


def test_a_reversal_of_nothing_or_of_the_same_twice_is_set_aside_by_the_reader(tmp_path):
    book = ledger_book(tmp_path, loans=3)
    told(book, tmp_path)
    head = "kind,event_id,entity,currency,happened_on,reverses,maker,checker\n"
    rows = (
        "event_reversed,X1,lantern_technology,CNY,2024-08-15,C1,Ann,Bo\n"
        "event_reversed,X2,lantern_technology,CNY,2024-08-15,C1,Ann,Bo\n"
        "event_reversed,X3,lantern_technology,CNY,2024-08-15,none,Ann,Bo\n"
        "event_reversed,X4,lantern_technology,CNY,2024-08-16,D2,Ann,Bo\n"
        "event_reversed,X5,lantern_technology,CNY,2024-09-15,D2,Ann,Ann\n"
    )
    path = tmp_path / "reversals.csv"
    path.write_text(head + rows)
    reading = read_corporate(path, recorded_at=TOLD, held=load_corporate(book.folder))
    assert reading.tables["event_reversed"]["event_id"].to_pylist() == ["X1"]
    assert [(row["row"], row["column"], row["reason"]) for row in reading.faults.to_pylist()] == [
        (3, "reverses", "was taken back before"),
        (4, "reverses", "is no event of this book"),
        (5, "happened_on", "is not that of D2"),
        (6, "checker", "is the same as maker"),
    ]
