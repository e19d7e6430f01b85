"""What entities file beside the group: local rules from their terms, a book of their own, limits, and a bridge that adds up."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from loanbook.accounting.journal import BALANCE, LOCAL, broken_limits
from loanbook.errors import RequestError, TermsError
from loanbook.services import group_statements as module
from loanbook.services import ledger_reading
from loanbook.services.bookkeeping import close_period
from loanbook.services.entity_bridge import NET_PROFIT, REVENUE, bridge_of, local_names
from loanbook.services.group_statements import group_statements
from loanbook.services.ledger_reading import balances_of
from loanbook.stores.corporate_ledger import import_corporate
from loanbook.stores.ledger import Ledger
from loanbook.terms.chart import load_chart
from loanbook.terms.entity import Group, LocalGaap
from loanbook.terms.entity_file import SHIPPED, group_in, parse_entity
from loanbook.units import day
from tests.services.ledgers import ledger_book

GUARANTEE = (SHIPPED / "lantern_guarantee.yaml").read_text(encoding="utf-8")
RESERVE = """
- {kind: manual_entry, event_id: m1, entity: lantern_guarantee, currency: CNY, happened_on: 2024-08-15, book: prc, debit: "5140",
   credit: "2150", amount: 1234.56, maker: ada, checker: ben, text: reserve that local rules ask for}
"""


def with_books(books: tuple[str, ...]) -> Group:
    """The example group, its guarantor filing by these books; none: it files nothing."""
    said = (LocalGaap(name="PRC ASBE", books=books, starts_on=0, ends_on=None),) if books else ()
    entities = [replace(each, local_gaap=said) if each.code == "lantern_guarantee" else each for each in group_in().entities]
    return Group(entities=tuple(entities))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    made = ledger_book(folder)
    file = folder / "reserve.yaml"
    file.write_text(RESERVE, encoding="utf-8")
    receipt = import_corporate(made.folder, file, recorded_at=dt.datetime(2024, 9, 1, tzinfo=dt.UTC))
    assert receipt.reading.faults.num_rows == 0
    close_period(made, "2024Q3", known_on=dt.date(2024, 12, 31))
    return made


def bridge_by(found, measure):
    rows = bridge_of(found, found.quarter).to_pylist()
    return {(row["step"], row["part"]): row["amount_fen"] for row in rows if row["measure"] == measure}


def test_the_bridge_adds_up_to_the_statement_of_the_group(book):
    found = group_statements(book, "2024Q3")
    assert local_names(found) == {"PRC ASBE": "CORE + IFRS"}
    last = found.periods[-1].consolidated
    trial = [row for row in last.trial_balance().to_pylist() if row["account"] in last.setting.results]
    profit = -sum(row["amount_fen"] for row in trial if row["column"] != "opening")
    revenue = found.figures.value("total_net_revenue", found.quarter)
    for measure, booked, most in ((REVENUE, 100_000 * revenue, 500_000), (NET_PROFIT, profit, 0)):
        rows = bridge_by(found, measure)
        total = rows.pop(("consolidated", ""))
        assert sum(rows.values()) == total
        # The statement adds up rounded lines.
        assert abs(total - booked) <= most
    majors = {"lantern_guarantee", "lantern_micro_lending", "lantern_technology"}
    assert {part for step, part in rows if step == "sum_of_major_entities"} == majors


def test_a_book_of_local_rules_moves_what_is_filed_and_nothing_of_the_group(book, monkeypatch):
    plain = group_statements(book, "2024Q3")
    monkeypatch.setattr(module, "group_in", lambda _: with_books(("CORE", "IFRS", "PRC")))
    found = group_statements(book, "2024Q3")
    assert found.amounts == plain.amounts
    before, after = bridge_by(plain, NET_PROFIT), bridge_by(found, NET_PROFIT)
    moved = {key: after[key] - before[key] for key in before if after[key] != before[key]}
    assert moved == {("sum_of_major_entities", "lantern_guarantee"): -123_456, ("accounting_rules", "lantern_guarantee"): 123_456}


def test_a_major_entity_that_files_nothing_is_refused(book, monkeypatch):
    monkeypatch.setattr(module, "group_in", lambda _: with_books(()))
    with pytest.raises(
        RequestError, match=r"lantern_guarantee is a major entity on 2024-06-30 and says nothing .* Add local_gaap"
    ):
        bridge_of(group_statements(book, "2024Q3"), module.period("2024Q3"))


def test_balances_on_the_local_basis_are_those_of_each_entitys_books(book, monkeypatch):
    ledger, chart = Ledger(book), load_chart()
    period = ledger.period("2024Q3")
    ifrs = {(row.entity, row.account): row.closing_fen for row in balances_of(ledger, period, chart, basis="ifrs")}
    monkeypatch.setattr(ledger_reading, "group_in", lambda _: with_books(("CORE", "IFRS", "PRC")))
    local = {(row.entity, row.account): row.closing_fen for row in balances_of(ledger, period, chart, basis=LOCAL)}
    moved = {key: local[key] - ifrs.get(key, 0) for key in local if local[key] != ifrs.get(key, 0)}
    assert moved == {("lantern_guarantee", "5140"): 123_456, ("lantern_guarantee", "2150"): -123_456}
    monkeypatch.setattr(ledger_reading, "group_in", lambda _: with_books(()))
    assert not any(row.entity == "lantern_guarantee" for row in balances_of(ledger, period, chart, basis=LOCAL))


def test_limits_are_checked_on_local_books_of_their_own():
    rows = [
        {"book": book, "entity": "e", "currency": "CNY", "account": account, "column": "", "amount_fen": amount}
        for book, account, amount in (("CORE", "2150", -100), ("PRC", "2150", 150), ("PRC", "5140", -150), ("CORE", "5140", 100))
    ]
    balances = pa.Table.from_pylist(rows, schema=BALANCE)
    assert broken_limits(balances, load_chart()) == ()
    assert broken_limits(balances, load_chart(), {"e": ("CORE", "IFRS")}) == ()
    (broken,) = broken_limits(balances, load_chart(), {"e": ("CORE", "IFRS", "PRC"), "other": ("CORE", "PRC")})
    assert (broken.entity, broken.basis, broken.account, broken.balance_fen) == ("e", "local", "2150", 50)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[IFRS]", "books must name CORE and each other one once"),
        ("[CORE, CORE]", "books must name CORE and each other one once"),
        ("[CORE, MEMO]", "a book must be one of CORE, USGAAP, IFRS, PRC, not 'MEMO'"),
    ],
)
def test_local_rules_that_cannot_be_meant_are_refused_with_their_line(written, words):
    with pytest.raises(TermsError, match=words) as said:
        parse_entity(GUARANTEE.replace("[CORE, IFRS]", written), "lantern_guarantee.yaml")
    assert str(said.value).startswith("lantern_guarantee.yaml:13:")


def test_two_local_rules_of_one_day_are_refused():
    doubled = GUARANTEE.replace(", from: 2018-04-20}]  #", ", from: 2018-04-20}, {name: B, books: [CORE], from: 2020-01-01}]  #")
    assert doubled != GUARANTEE
    with pytest.raises(TermsError, match="local_gaap: two lines hold on 2020-01-01"):
        parse_entity(doubled, "lantern_guarantee.yaml")


def test_the_rules_of_a_day_hold_from_their_first_to_their_last():
    campus = group_in().entity("lantern_campus")
    assert campus.local(day("2020-10-14")) is None
    assert campus.local(day("2020-10-15")).books == ("CORE", "IFRS")
