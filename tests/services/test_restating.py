"""Restatements: new versions of a quarter and all later ones at once, what they changed, and nothing of them when they fail."""

import datetime as dt
import shutil

import pytest

from loanbook.errors import RequestError, StateError, TieError
from loanbook.services import restating
from loanbook.services.bookkeeping import close_period
from loanbook.services.ledger_proving import prove_ledger
from loanbook.services.ledger_tieout import tie_out
from loanbook.services.restating import changes, preview, restate
from loanbook.stores.book import open_book
from loanbook.stores.intake import append
from loanbook.stores.ledger import Ledger
from tests.services.ledgers import ledger_book
from tests.stores.rows import loan, table

KNOWN = dt.date(2024, 10, 15)
LATE = loan("late", "2024-05-20", 500_000) | {"recorded_at": dt.datetime(2024, 11, 5, 11, tzinfo=dt.UTC)}


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A book of two closed quarters and the opening before them, that learns of a loan of May in November."""
    book = ledger_book(tmp_path_factory.mktemp("books"))
    for name in ("2024Q2", "2024Q3"):
        close_period(book, name, known_on=KNOWN)
    return append(book, {"loan_disbursed": table("loan_disbursed", [LATE])}).book


@pytest.fixture
def book(closed, tmp_path):
    shutil.copytree(closed.folder, tmp_path / "made_up")
    return open_book(tmp_path / "made_up")


def ids(book):
    return [period.id for period in Ledger(book).all_periods()]


def test_a_quarter_and_every_later_one_get_a_version_and_the_old_ones_stay(book):
    before = {path: path.read_bytes() for path in book.folder.rglob("ledger/2024*/*")}
    made = restate(book, "2024Q2", reason=" a loan of May was learned of in November ")
    assert [period.id for period in made] == ["2024Q2.2", "2024Q3.2"]
    assert ids(book) == ["2024Q1.1", "2024Q2.1", "2024Q3.1", "2024Q2.2", "2024Q3.2"]
    assert [period.manifest["reason"] for period in made] == ["a loan of May was learned of in November"] * 2
    assert {path: path.read_bytes() for path in before} == before
    assert prove_ledger(book).findings == ()
    assert not any(tie.unexplained_fen or tie.earlier_fen for name in ("2024Q2", "2024Q3") for tie in tie_out(book, name))


def test_what_changed_is_shown_by_account_and_line(book):
    restate(book, "2024Q2", reason="a loan of May")
    found = {(each.basis, each.code): each for each in changes(book, "2024Q2").accounts if each.code in ("1001", "1310")}
    lent = found["us_gaap", "1310"]
    assert (lent.entity, lent.new_moved_fen - lent.old_moved_fen) == ("lantern_micro_lending", 500_000)
    assert found["ifrs", "1001"].new_balance_fen - found["ifrs", "1001"].old_balance_fen == -500_000
    later = {(each.basis, each.code): each for each in changes(book, "2024Q3").lines}
    cash = later["us_gaap", "cash_and_cash_equivalents"]
    assert cash.new_moved_fen == cash.old_moved_fen
    assert cash.new_balance_fen - cash.old_balance_fen == -500_000
    with pytest.raises(RequestError, match="2024Q2 has no version 3; it has 1, 2"):
        changes(book, "2024Q2", new=3)


def test_the_next_quarter_follows_the_newest_versions(book):
    restate(book, "2024Q2", reason="a loan of May")
    period, _ = close_period(book, "2024Q4")
    assert period.manifest["follows"] == "2024Q3.2"
    assert not any(row["happened_on"] < dt.date(2024, 10, 1) for row in period.table("entries").to_pylist())
    assert prove_ledger(book).findings == ()


def test_an_opening_is_restated_as_an_opening(book):
    made = restate(book, "2024Q1", reason="from the beginning")
    assert [(period.id, period.manifest["opening"]) for period in made] == [
        ("2024Q1.2", True),
        ("2024Q2.2", False),
        ("2024Q3.2", False),
    ]
    assert prove_ledger(book).findings == ()


def test_a_restatement_that_changes_nothing_is_refused_and_so_is_one_without_a_reason(book):
    before = ids(book)
    with pytest.raises(StateError, match="2024Q3 restated from what is known by 2024-10-15 is what it was"):
        restate(book, "2024Q3", reason="once more", known_on=KNOWN)
    with pytest.raises(RequestError, match="say why the period is restated"):
        restate(book, "2024Q3", reason=" ")
    with pytest.raises(StateError, match="has no closed period 2023Q4"):
        restate(book, "2023Q4", reason="a reason")
    with pytest.raises(StateError, match="2024Q3 of made_up has one version"):
        changes(book, "2024Q3")
    assert ids(book) == before


def test_an_error_in_the_last_quarter_leaves_the_old_versions_alone(book, monkeypatch):
    before, real = ids(book), restating.book_period

    def failing(book, ledger, name, *arguments, **named):
        if name == "2024Q3":
            assert ledger.period("2024Q2").id == "2024Q2.2"
            assert Ledger(book).period("2024Q2").id == "2024Q2.1", "another reader sees the old versions"
            raise TieError("made to fail")
        return real(book, ledger, name, *arguments, **named)

    monkeypatch.setattr(restating, "book_period", failing)
    with pytest.raises(TieError, match="made to fail"):
        restate(book, "2024Q2", reason="a loan of May")
    assert ids(book) == before
    assert not list((book.folder / "ledger").glob(".closing-*"))
    monkeypatch.undo()
    assert [period.id for period in restate(book, "2024Q2", reason="a loan of May")] == ["2024Q2.2", "2024Q3.2"]


def test_a_preview_shows_what_would_change_in_which_quarters_and_keeps_nothing(book):
    before = {path: path.read_bytes() for path in book.folder.rglob("ledger/*/*")}
    found = preview(book, "2024Q2")
    assert {path: path.read_bytes() for path in book.folder.rglob("ledger/*/*")} == before
    assert [(each.old.id, each.new.id) for each in found] == [("2024Q2.1", "2024Q2.2"), ("2024Q3.1", "2024Q3.2")]
    restate(book, "2024Q2", reason="a loan of May")
    for each in found:
        made = changes(book, each.old.name)
        assert (each.lines, each.accounts) == (made.lines, made.accounts)
        assert each.lines
    assert all(not each.lines for each in preview(book, "2024Q2")), "nothing would change any more"
