"""What a quarter stands on: amounts as earlier ones posted them, a period before it that is whole, and no less known."""

import datetime as dt
import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from loanbook.accounting.journal import trial_balance
from loanbook.errors import StateError, TieError
from loanbook.services import bookkeeping, tax_amounts
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.opening import OPENING_REPLACED
from loanbook.stores.book import open_book
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book

COST = """
- {kind: cost_incurred, event_id: C1, entity: lantern_wfoe, currency: CNY, happened_on: 2024-08-15,
   line: general_and_administrative, counterparty: X, amount: -1000000}
"""
LATE = """
- {kind: debt_drawn, event_id: D1, entity: lantern_technology, currency: CNY, happened_on: 2024-07-01, debt: bank A,
   line: short_term_loans, amount: 100000, rate_annual: 0.0365, matures_on: 2025-06-30}
- {kind: grant_made, event_id: G1a, entity: lantern_holdings, currency: USD, happened_on: 2024-07-01, grant_id: G1,
   instrument: option, vests_on: 2025-07-01, instruments: 60000, fair_value: 10, exercise_price: 0.00001,
   administration_weight: 1}
"""
MEASURED = ("debt_measured", "share_based_measured", "tax_measured")


def told(book, folder, text, hour=1):
    path = folder / f"told{hour}.yaml"
    path.write_text(text)
    assert import_company(book, path, recorded_at=dt.datetime(2025, 2, 1, hour, tzinfo=dt.UTC)).reading.faults.num_rows == 0


def posted(book):
    """All amounts of what is measured, by kind, component, entity and cell."""
    company = pa.concat_tables([period.table("company") for period in Ledger(book).periods()])
    company = company.filter(pc.is_in(company["kind"], pa.array(MEASURED)))
    found = {}
    for row in company.to_pylist():
        key = tuple(row[name] for name in ("kind", "component", "entity", "cell"))
        found[key] = found.get(key, 0) + row["amount_fen"]
    return {key: amount for key, amount in found.items() if amount}


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A book whose third quarter knows what was recorded up to 1 February 2025."""
    home = tmp_path_factory.mktemp("books")
    book = ledger_book(home, loans=10)
    told(book, home, COST)
    close_period(book, "2024Q3")
    return book


@pytest.fixture
def book(closed, tmp_path):
    shutil.copytree(closed.folder, tmp_path / "made_up")
    return open_book(tmp_path / "made_up")


def test_what_is_told_on_the_day_of_the_last_close_but_after_it_is_posted_whole(book, tmp_path):
    told(book, tmp_path, LATE, hour=3)
    close_period(book, "2024Q4")
    prompt = ledger_book(tmp_path, loans=10, name="prompt")
    told(prompt, tmp_path, COST, hour=1)
    told(prompt, tmp_path, LATE, hour=3)
    for name in ("2024Q3", "2024Q4"):
        close_period(prompt, name)
    assert {period.manifest["known_at"] for period in Ledger(book).periods()} == {"2025-02-01"}
    found = posted(book)
    assert found == posted(prompt)
    # 100,000.00 x 3.65 % x 183 / 365 days, from 1 July to 31 December.
    assert [amount for key, amount in found.items() if key[:2] == ("debt_measured", "interest")] == [183_000]
    assert {key[1] for key in found if key[0] == "share_based_measured"} == {"us_gaap", "ifrs"}
    assert prove_ledger(book).findings == ()


def test_a_tax_rate_that_is_mended_later_is_posted_for_the_whole_year_so_far(book, monkeypatch):
    rate = tax_amounts._rate
    current = ("tax_measured", "current", "lantern_wfoe", "current:lantern_wfoe")
    before = posted(book)[current]

    def mended(group, entity, on):
        found = rate(group, entity, on)
        return replace(found, rate_ppm=2 * found.rate_ppm) if entity == "lantern_wfoe" else found

    monkeypatch.setattr(tax_amounts, "_rate", mended)
    close_period(book, "2024Q4")
    assert before > 0
    year = posted(book)[current]
    assert abs(year - 2 * before) <= 1, "rounded once, not twice"
    close_period(book, "2025Q1")
    assert posted(book)[current] == year, "a new year begins at nothing"


def test_a_quarter_never_knows_less_than_the_one_before_it(book):
    with pytest.raises(StateError, match=r"2024Q3.1 counts what was known by 2025-02-01; 2024Q4 cannot know less: 2025-01-05"):
        close_period(book, "2024Q4", known_on=dt.date(2025, 1, 5))
    assert close_period(book, "2024Q4")[0].manifest["known_at"] == "2025-02-01"


def test_a_quarter_that_is_not_over_is_refused(book, monkeypatch):
    monkeypatch.setattr(bookkeeping, "last_begun_day", lambda: dt.date(2024, 12, 30))
    with pytest.raises(StateError, match="2024Q4 ends on 2024-12-31 and is not over"):
        close_period(book, "2024Q4")
    monkeypatch.setattr(bookkeeping, "last_begun_day", lambda: dt.date(2024, 12, 31))
    assert close_period(book, "2024Q4")[1]


@pytest.mark.parametrize("name", ["amounts.parquet", "entries.parquet"])
def test_a_quarter_is_not_closed_on_top_of_a_damaged_one(book, name):
    path = book.folder / "ledger" / "2024Q3.1" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(TieError, match=f"2024Q4 cannot be closed on top of a damaged period. 2024Q3.1: {name} was changed"):
        close_period(book, "2024Q4")
    assert not (book.folder / "ledger" / "2024Q4.1").exists()


def test_a_stated_balance_that_is_not_known_yet_replaces_nothing(tmp_path):
    stated = "- {{kind: opening_balance, event_id: O{0}, entity: lantern_micro_lending, currency: CNY, happened_on: 2024-06-30, "
    stated += "book: core, account: {1}, amount: {2}}}\n"
    made = ledger_book(tmp_path, loans=20)
    told(made, tmp_path, stated.format(1, "1001", 500_000) + stated.format(2, "3050", -500_000))
    close_period(made, "2024Q3", known_on=dt.date(2024, 12, 31))
    kinds = set(Ledger(made).period("2024Q2").table("company")["kind"].to_pylist())
    assert not kinds & {"opening_balance", "opening_replaced"}


def test_tax_of_a_stated_balance_is_in_what_was_stated(tmp_path):
    plain, stated = (ledger_book(tmp_path, loans=20, name=name) for name in ("plain", "stated"))
    close_period(plain, "2024Q3")
    left = [row for row in trial_balance(Ledger(plain).period("2024Q2").table("entries")).to_pylist() if row["account"] == "1129"]
    entity, amount = left[0]["entity"], sum(row["amount_fen"] for row in left if row["entity"] == left[0]["entity"])
    line = "- {{kind: opening_balance, event_id: O{0}, entity: {1}, currency: CNY, happened_on: 2024-06-30, book: core, "
    line += "account: {2}, amount: {3}}}\n"
    yuan = amount / 100 - 10_000
    told(stated, tmp_path, line.format(1, entity, "1129", f"{yuan:.2f}") + line.format(2, entity, "3050", f"{-yuan:.2f}"))
    close_period(stated, "2024Q3")
    assert OPENING_REPLACED in Ledger(stated).period("2024Q2").table("company")["kind"].to_pylist()
    taxes = []
    for book in (plain, stated):
        company = Ledger(book).period("2024Q3").table("company")
        of = [row for row in company.to_pylist() if row["entity"] == entity and row["component"].startswith("deferred_")]
        # An asset in one book may be a liability in the other.
        taxes.append(sum(row["amount_fen"] * (1 if row["component"] == "deferred_asset" else -1) for row in of))
    assert taxes[0]
    assert taxes[0] == taxes[1]
