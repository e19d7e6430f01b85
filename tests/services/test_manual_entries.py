"""Manual entries: proposed by one, approved by another, posted by the next close, taken back on their day."""

import datetime as dt

import pytest

from loanbook.errors import RequestError, StateError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.ledger_reading import entries_of_period
from loanbook.services.ledger_tieout import tie_out
from loanbook.services.manual_entries import approve, proposals, propose, propose_rows, reject
from loanbook.stores.corporate_ledger import load_corporate
from tests.services.ledgers import ledger_book

NOW = dt.datetime(2024, 10, 3, 9, tzinfo=dt.UTC)
ACCRUAL = {
    "entity": "lantern_technology",
    "currency": "CNY",
    "happened_on": "2024-09-30",
    "book": "core",
    "debit": "5040",
    "credit": "2110",
    "amount": "1234.50",
    "text": "bonus of the quarter, paid in October",
    "reverses_on": "2024-10-01",
}


@pytest.fixture
def book(tmp_path):
    return ledger_book(tmp_path)


def proposed(book, maker="Ann Chen", **other):
    (made,) = propose_rows(book, [ACCRUAL | other], ["the entry"], maker=maker, now=NOW)
    return made.id


def test_an_approved_entry_is_posted_and_taken_back_on_its_day(book):
    id_ = proposed(book)
    assert approve(book, id_, by="Bo Lin", now=NOW).state == "approved"
    close_period(book, "2024Q3")
    then = entries_of_period(close_period(book, "2024Q3")[0], kind="manual_entry").to_pylist()
    following, _ = close_period(book, "2024Q4")
    now = entries_of_period(following, kind="manual_entry").to_pylist()
    told = [(row["posted_on"], row["debit"], row["credit"], row["amount_fen"], row["event"]) for row in (*then, *now)]
    assert told == [
        (dt.date(2024, 9, 30), "5040", "2110", 123_450, id_),
        (dt.date(2024, 10, 1), "2110", "5040", 123_450, id_),
    ]


def test_an_entry_approved_after_the_close_is_posted_in_the_open_quarter_and_told_apart_from_loans(book):
    close_period(book, "2024Q3", known_on=dt.date(2024, 10, 2))
    id_ = proposed(book, entity="lantern_micro_lending", debit="1310", credit="1001", reverses_on="2025-01-01")
    approve(book, id_, by="Bo", now=NOW)
    period, _ = close_period(book, "2024Q4")
    first = entries_of_period(period, kind="manual_entry").to_pylist()[0]
    assert (first["posted_on"], first["happened_on"]) == (dt.date(2024, 10, 1), dt.date(2024, 9, 30))
    ties = {tie.name: tie for tie in tie_out(book, "2024Q4")}
    assert ties["loans_receivable"].other_fen == 123_450
    assert not any(tie.unexplained_fen for tie in ties.values())


def test_the_maker_cannot_approve_however_the_name_is_written(book):
    id_ = proposed(book)
    with pytest.raises(RequestError, match=r"Ann Chen proposed .*; another person must approve it"):
        approve(book, id_, by="  ann   CHEN ", now=NOW)
    assert [each.state for each in proposals(book)] == ["proposed"]
    assert load_corporate(book.folder) == {}


def test_a_decision_stands(book):
    id_ = proposed(book)
    approve(book, id_, by="Bo", now=NOW)
    assert approve(book, id_, by="bo", now=NOW).by == "Bo"
    for again in (lambda: approve(book, id_, by="Cy", now=NOW), lambda: reject(book, id_, by="Cy", reason="no", now=NOW)):
        with pytest.raises(StateError, match=f"{id_} was approved by Bo"):
            again()
    other = proposed(book, amount="7.00")
    reject(book, other, by="Ann Chen", reason="a slip", now=NOW)
    with pytest.raises(StateError, match=f"{other} was rejected by Ann Chen"):
        approve(book, other, by="Bo", now=NOW)
    assert {each.proposal.id: (each.state, each.by, each.reason) for each in proposals(book)} == {
        id_: ("approved", "Bo", ""),
        other: ("rejected", "Ann Chen", "a slip"),
    }
    assert load_corporate(book.folder)["manual_entry"].num_rows == 1


def test_the_same_entry_again_is_the_same_proposal(book):
    assert proposed(book) == proposed(book)
    assert len(proposals(book, "proposed")) == 1
    assert proposed(book, maker="Cy") != proposed(book)
    with pytest.raises(RequestError, match="is the id of another proposal"):
        proposed(book, event_id=proposed(book), amount="8.00")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"debit": "9"}, "the entry: debit '9' is not known"),
        ({"entity": "nobody"}, "the entry: entity 'nobody' is not known"),
        ({"amount": "-1"}, "the entry: amount '-1' is too small"),
        ({"credit": "5040"}, "the entry: credit '5040' is the same as debit"),
        ({"reverses_on": "2024-09-01"}, "the entry: reverses_on '2024-09-01' is before happened_on"),
        ({"text": ""}, "the entry: text is empty"),
        ({"event_id": "../x"}, "cannot be the id of a proposal"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_when_it_is_proposed(book, wrong, words):
    with pytest.raises(RequestError, match=words.replace("(", r"\(")):
        proposed(book, **wrong)
    assert proposals(book) == ()


def test_a_file_is_proposed_whole_or_not_at_all(book, tmp_path):
    file = tmp_path / "entries.csv"
    head = ",".join(ACCRUAL)
    good = ",".join(f'"{value}"' for value in ACCRUAL.values())
    file.write_text(f"{head}\n{good}\n{good.replace('5040', '9')}\n")
    with pytest.raises(RequestError, match=r"entries.csv:3: debit '9' is not known.*Nothing was proposed"):
        propose(book, file, maker="Ann", now=NOW)
    assert proposals(book) == ()
    file.write_text(f"{head}\n{good}\n{good.replace('1234.50', '5')}\n")
    assert len(propose(book, file, maker="Ann", now=NOW)) == 2
    file.write_text(f"{head},checker\n{good},Bo\n")
    with pytest.raises(RequestError, match="leave the column checker away"):
        propose(book, file, maker="Ann", now=NOW)


def test_an_import_cannot_bring_manual_entries(book, tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("kind,event_id\nmanual_entry,x\n")
    for kind in (None, "manual_entry"):
        with pytest.raises(RequestError, match="manual entries need a maker and a checker"):
            import_company(book, file, recorded_at=NOW, kind=kind)
