"""A book's own companies, roles and vehicles stand instead of the shipped ones, and a closed quarter keeps those it had."""

import datetime as dt

import pytest

from loanbook.errors import RequestError, StateError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_rebuilding import rebuild_ledger
from loanbook.services.own_terms import own_terms
from loanbook.stores.book import create_book
from loanbook.stores.ledger import Ledger

ENTITY = """\
entity: heron_lending
kind: parent
jurisdiction: CN
source: made up
names: [{name: Heron Lending Limited, from: 2020-01-01}]
currency: [{currency: CNY, from: 2020-01-01}]
control: [{basis: ownership, method: full, from: 2020-01-01}]
tax_rates: [{rate: 0.25, source: made up, from: 2020-01-01}]
"""
RENT = "event_id,entity,currency,happened_on,line,amount\nrent-1,heron_lending,CNY,2024-02-01,general_and_administrative,1200\n"
EARLY = dt.datetime(2024, 2, 2, tzinfo=dt.UTC)


def test_a_company_of_ones_own_is_booked_and_a_closed_quarter_keeps_its_terms(tmp_path):
    book = create_book(tmp_path / "heron", currency="CNY")
    folder, files = own_terms(book, "entities")
    assert "lantern_holdings.yaml" in files
    for path in folder.iterdir():
        path.unlink()
    (folder / "heron_lending.yaml").write_text(ENTITY)
    rent = tmp_path / "rent.csv"
    rent.write_text(RENT)
    import_company(book, rent, kind="cost_incurred", recorded_at=EARLY)
    close_period(book, "2024Q1")
    found = group_statements(book, "2024Q1")
    assert set(found.terms.group.codes) == {"heron_lending"}
    assert found.amounts["general_and_administrative", found.quarter, "us_gaap"] == 1200_00
    (folder / "heron_lending.yaml").write_text(ENTITY.replace("0.25", "0.15"))
    ledger = Ledger(book)
    assert not rebuild_ledger(book)
    assert {row["entity"] for row in ledger.period("2024Q1").table("entries").to_pylist()} == {"heron_lending"}


def test_what_a_book_may_not_have_or_has_already_is_refused(tmp_path):
    book = create_book(tmp_path / "heron", currency="CNY")
    with pytest.raises(RequestError, match="They are policies, entities, entity_roles, outlooks, vehicles"):
        own_terms(book, "charts")
    own_terms(book, "outlooks")
    with pytest.raises(StateError, match="the book has its own outlooks already"):
        own_terms(book, "outlooks")
