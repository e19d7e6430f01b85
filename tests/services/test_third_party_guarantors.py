"""Loans behind a third-party guarantor: it pays first, keeps what our deposit covers, claims the rest; the loss stays ours."""

import datetime as dt

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.guarantor_claims import claimed_by_day, met
from loanbook.accounting.journal import by_account, of_basis, postable
from loanbook.errors import TermsError
from loanbook.services.bookkeeping import close_period
from loanbook.services.entry_explaining import explain_entry
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_tieout import tie_out
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.ledger import Ledger
from loanbook.terms.guarantor import check_shares, guarantors_in, parse_guarantor
from tests.services.ledgers import ledger_book

CAIRN = """
guarantor: cairn_guarantee
title: Cairn Financing Guarantee (example)
source: test
recourse: true
deposit_floor: 500.00
covers:
  - {products: [sample_level], share: 0.4, from: 2024-01-01, until: 2024-12-31}
"""
DEPOSIT = """
- {kind: deposit_paid, event_id: d1, entity: lantern_guarantee, currency: CNY, happened_on: 2024-07-01,
   counterparty: cairn_guarantee, amount: 1500}
"""
KNOWN = dt.date(2024, 12, 31)


def closed(folder, terms="", events=""):
    book = ledger_book(folder, loans=120)
    if terms:
        (book.folder / "guarantors").mkdir()
        (book.folder / "guarantors" / "cairn.yaml").write_text(terms, encoding="utf-8")
    if events:
        file = folder / "events.yaml"
        file.write_text(events, encoding="utf-8")
        import_corporate(book.folder, file, recorded_at=dt.datetime(2024, 6, 1, tzinfo=dt.UTC))
    for name in ("2024Q3", "2024Q4"):
        close_period(book, name, known_on=KNOWN)
    return book


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    return closed(tmp_path_factory.mktemp("third"), CAIRN, DEPOSIT)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The same loans and deposit, and nobody but our own guarantor."""
    return closed(tmp_path_factory.mktemp("own"), "", DEPOSIT)


def balances(book, name):
    table = of_basis(Ledger(book).period(name).table("balances"), "us_gaap")
    rows = by_account(table.filter(pc.equal(table["entity"], "lantern_guarantee"))).to_pylist()
    return {row["account"]: row["amount_fen"] for row in rows}


def amounts_of(book, name, component):
    table = Ledger(book).period(name).table("company")
    meets = pc.and_(pc.equal(table["kind"], "guarantor_claimed"), pc.equal(table["component"], component))
    return sum(table.filter(meets)["amount_fen"].to_pylist())


def payouts(book, name):
    table = Ledger(book).period(name).table("amounts")
    return sum(table.filter(pc.equal(table["component"], "payout"))["amount_fen"].to_pylist())


def test_the_deposit_pays_first_and_only_money_moves(behind, own):
    used = claimed = 0
    for name in ("2024Q3", "2024Q4"):
        used += amounts_of(behind, name, "from_deposit")
        here = amounts_of(behind, name, "from_deposit") + amounts_of(behind, name, "in_cash")
        assert abs(here - payouts(behind, name) * 2 / 5) <= 1
        claimed += here
        mine, plain = balances(behind, name), balances(own, name)
        assert {code: mine[code] - plain[code] for code in mine if mine[code] != plain[code]} == (
            {"1001": used, "1020": -used} if used else {}
        )
        assert mine["1020"] == 1_500_00 - used >= 0
    assert claimed > used == 1_500_00


def test_the_books_prove_tie_and_say_what_the_deposit_lacks(behind):
    assert prove_ledger(behind).findings == ()
    assert not any(tie.unexplained_fen for name in ("2024Q3", "2024Q4") for tie in tie_out(behind, name))
    (said,) = [words for words in Ledger(behind).period("2024Q4").manifest["findings"] if "cairn" in words]
    assert said.startswith("cairn_guarantee holds a deposit of CNY 0.00 of lantern_guarantee, below the floor of 500.00.")
    assert set(Ledger(behind).period("2024Q4").manifest["guarantors"]) == {"cairn_guarantee"}


def test_an_entry_of_claims_names_the_guarantor_and_no_loans(behind):
    found = []
    for name in ("2024Q3", "2024Q4"):
        entries = Ledger(behind).period(name).table("entries")
        found += entries.filter(pc.equal(entries["kind"], "guarantor_claimed")).to_pylist()
    assert {(row["debit"], row["credit"], row["cash_flow"], row["counterparty"], row["rule"]) for row in found} == {
        ("1001", "1020", "guarantee_payouts", "cairn_guarantee", "B01")
    }
    assert explain_entry(behind, found[0]["entry_id"]).loans.num_rows == 0


def test_an_opening_takes_nothing_out_of_a_deposit(behind):
    opening = Ledger(behind).periods()[0]
    assert opening.manifest["opening"]
    assert payouts(behind, opening.name) > 0
    assert amounts_of(behind, opening.name, "in_cash") == 0


@given(
    claims=st.dictionaries(st.integers(0, 60), st.integers(-(10**6), 10**9), max_size=20),
    deposits=st.dictionaries(st.integers(0, 60), st.integers(0, 10**9), max_size=6),
    opening=st.integers(0, 10**9),
)
def test_a_deposit_never_falls_below_zero_and_claims_are_met_whole(claims, deposits, opening):
    found = met(claims, deposits, opening)
    held = opening
    by_day = {each.day: each for each in found}
    for day in sorted({*claims, *deposits}):
        held += deposits.get(day, 0)
        if claims.get(day):
            each = by_day.pop(day)
            assert each.from_deposit_fen + each.in_cash_fen == claims[day]
            assert each.from_deposit_fen == max(min(claims[day], held), 0)
            held -= each.from_deposit_fen
            assert each.deposit_fen == held >= 0
    assert not by_day


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-(10**6), 10**9)), max_size=30))
def test_claims_are_the_share_of_the_payouts_to_the_fen(payouts):
    terms = parse_guarantor(CAIRN.replace("0.4", "0.333333"), "cairn.yaml")
    on = [dt.date(2024, 7, 1) + dt.timedelta(day) for day, _ in payouts]
    amounts = postable(
        {
            "kind": "guarantee_called",
            "component": "payout",
            "model": "capital_heavy",
            "product": "sample_level",
            "cohort": "2024-03",
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [amount for _, amount in payouts],
        },
        len(payouts),
    )
    total = sum(amount for _, amount in payouts)
    assert abs(sum(claimed_by_day(amounts, terms).values()) - total * 333_333 / 1_000_000) <= 0.5 + abs(total) * 1e-15
    assert claimed_by_day(amounts, parse_guarantor(CAIRN.replace("sample_level", "other"), "c.yaml")) == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("recourse: true", "recourse: false", "cairn.yaml:5: a guarantor without recourse bears the loss itself.*capital_light"),
        ("share: 0.4", "share: 40", "cairn.yaml:8: share must lie above 0 and at most at 1"),
        ("from: 2024-01-01", "from: 2024-01-02", "cairn.yaml:8: from must be the first day of a month"),
        ("until: 2024-12-31", "until: 2024-12-30", "cairn.yaml:8: until must be the last day of a month"),
        ("deposit_floor: 500.00", "deposit_floor: -1.00", "cairn.yaml:6: deposit_floor must lie between"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused_with_their_line(old, new, words):
    assert old in CAIRN
    with pytest.raises(TermsError, match=words):
        parse_guarantor(CAIRN.replace(old, new), "cairn.yaml")


def test_guarantors_cannot_cover_more_than_all_loans(tmp_path):
    one = parse_guarantor(CAIRN, "a.yaml")
    other = parse_guarantor(CAIRN.replace("cairn_guarantee", "reed_guarantee").replace("0.4", "0.7"), "b.yaml")
    with pytest.raises(
        TermsError, match=r"more than all sample_level loans made in 2024-01: cairn_guarantee 0\.4, reed_guarantee 0\.7"
    ):
        check_shares([one, other])
    assert guarantors_in(tmp_path / "none") == ()
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(CAIRN, encoding="utf-8")
    with pytest.raises(TermsError, match="the guarantor cairn_guarantee is there twice"):
        guarantors_in(tmp_path)
