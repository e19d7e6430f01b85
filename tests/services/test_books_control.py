"""Control gained in steps, through the books' own close and statements: a joint venture at 40 %, then 70 %.

By hand. 1,000,000 of capital, 400,000 of it ours. Interest of 100,000 until September 2021, taxed at 25 %: 30,000 are ours, the
investment is 430,000. Another 50,000 until 14 December: 450,000 (tax is posted at the quarter's end). On 15 December 30 % are
bought for 440,000; the 40 % are worth 520,000 (a gain of 70,000), the outsiders' 30 % 400,000; net assets of 1,125,000 are worth
200,000 more. Goodwill = 440,000 + 520,000 + 400,000 - 1,325,000 = 35,000. Then 60,000 less tax of 27,500 (25 % of the quarter's
110,000): 9,750 are the outsiders'. In the first quarter of 2022 10,000 less 2,500: 2,250 theirs.
"""

import datetime as dt

import pytest

from loanbook.accounting.corporate_events import BY_NAME
from loanbook.errors import RequestError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.group_statements import group_statements
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.units import day
from tests.accounting.groups import balance
from tests.stores.rows import TERMS, loan, paid_in_full, table

EVENTS = """
- {kind: shares_issued, event_id: e1, entity: lantern_wfoe, currency: CNY, happened_on: 2021-07-02, shares: 1000, amount: 1000000}
- {kind: capital_contributed, event_id: e2, entity: lantern_wfoe, currency: CNY, happened_on: 2021-07-05,
   counterparty: lantern_campus, amount: 400000}
- {kind: capital_from_outside, event_id: e3, entity: lantern_campus, currency: CNY, happened_on: 2021-07-05,
   counterparty: Pebble Estates (example), amount: 300000}
- {kind: capital_from_outside, event_id: e4, entity: lantern_campus, currency: CNY, happened_on: 2021-07-05,
   counterparty: Third Shore Property (example), amount: 300000}
- {kind: interest_earned, event_id: e5, entity: lantern_campus, currency: CNY, happened_on: 2021-08-10, amount: 100000}
- {kind: interest_earned, event_id: e6, entity: lantern_campus, currency: CNY, happened_on: 2021-11-10, amount: 50000}
- {kind: control_gained, event_id: e7, entity: lantern_wfoe, currency: CNY, happened_on: 2021-12-15, company: lantern_campus,
   amount: 440000, held_before: 520000, noncontrolling: 400000, business: "yes"}
- {kind: fair_value_acquired, event_id: e8, entity: lantern_wfoe, currency: CNY, happened_on: 2021-12-15,
   company: lantern_campus, account: 1620, amount: 250000}
- {kind: fair_value_acquired, event_id: e9, entity: lantern_wfoe, currency: CNY, happened_on: 2021-12-15,
   company: lantern_campus, account: 2510, amount: -50000}
- {kind: interest_earned, event_id: e10, entity: lantern_campus, currency: CNY, happened_on: 2021-12-20, amount: 60000}
- {kind: interest_earned, event_id: e11, entity: lantern_campus, currency: CNY, happened_on: 2022-02-10, amount: 10000}
"""
YUAN = 100


def made(folder, events=EVENTS):
    """A book of a few loans of 2021 and the events; the quarter before the purchase, that of it, and the next are closed."""
    rows = [loan(f"L{number}", f"2021-0{7 + number % 2}-1{number}", 600_000, installment_count=6) for number in range(4)]
    paid = [each for row in rows for each in paid_in_full(row, [0] * 6)]
    book = create_book(folder / "venture", name="venture", currency="CNY")
    tables = {"loan_disbursed": table("loan_disbursed", rows), "payment_received": table("payment_received", paid)}
    book = append(book, tables, terms={"sample_level": TERMS}).book
    file = folder / "events.yaml"
    file.write_text(events, encoding="utf-8")
    reading = import_company(book, file, recorded_at=dt.datetime(2021, 7, 1, tzinfo=dt.UTC)).reading
    assert reading.faults.num_rows == 0, reading.faults.to_pylist()
    return book


@pytest.fixture(scope="module")
def statements(tmp_path_factory):
    book = made(tmp_path_factory.mktemp("books"))
    for name in ("2021Q4", "2022Q1"):
        close_period(book, name, known_on=dt.date(2022, 3, 31))
    return group_statements(book, "2022Q1")


def of(period, account, *columns):
    return balance(period.consolidated.rows, account, *columns)


def test_at_forty_percent_the_venture_is_one_line_by_the_equity_method(statements):
    opening = statements.periods[0]
    assert opening.closed.manifest["opening"]
    assert of(opening, "1660") + of(opening, "1800") == 430_000 * YUAN
    assert of(opening, "6040") == -30_000 * YUAN
    assert (of(opening, "1640"), of(opening, "3090")) == (0, 0)
    assert not any(row == "lantern_campus" for row in opening.consolidated.own["entity"])


def test_at_seventy_percent_it_is_consolidated_with_goodwill_and_outsiders(statements):
    bought = statements.periods[1]
    assert of(bought, "1640") == 35_000 * YUAN
    assert of(bought, "1660") + of(bought, "1800") == 0
    assert (of(bought, "1620"), of(bought, "3090", "acquired")) == (250_000 * YUAN, -400_000 * YUAN)
    assert of(bought, "6040", "income", "remeasured") == -(20_000 + 70_000) * YUAN
    assert of(bought, "3090", "income") == -9_750 * YUAN
    assert of(statements.periods[2], "3090") == -(400_000 + 9_750 + 2_250) * YUAN
    assert statements.changes[bought.closed.id][0].on == day("2021-12-15")


def test_both_bases_meet_and_the_balance_sheet_holds_after_rounding(statements):
    for ours, ifrs in zip(statements.periods, statements.ifrs, strict=True):
        for account in ("1640", "3090", "1620"):
            assert of(ours, account) == of(ifrs, account)
        assert ours.consolidated.rows.total == 0
        assert not ours.cash.findings
    end = statements.quarter.end
    value = statements.figures.value
    assert value("goodwill", end) == 35
    assert value("noncontrolling_interests", end) == 412
    assert value("total_assets", end) == value("total_liabilities_and_equity", end)


def test_a_close_without_the_event_of_the_purchase_is_refused_by_the_statements(tmp_path):
    events = "\n- ".join(line for line in EVENTS.split("\n- ") if "control_gained" not in line and "fair_value" not in line)
    book = made(tmp_path, events)
    close_period(book, "2021Q4", known_on=dt.date(2022, 3, 31))
    with pytest.raises(RequestError, match="lantern_campus has balances from before 2021-12-15, when it joins the group"):
        group_statements(book, "2021Q4")


def test_fair_values_without_their_purchase_are_refused(tmp_path):
    events = "\n- ".join(line for line in EVENTS.split("\n- ") if "control_gained" not in line)
    book = made(tmp_path, events)
    close_period(book, "2021Q4", known_on=dt.date(2022, 3, 31))
    with pytest.raises(RequestError, match="fair values of lantern_campus on 2021-12-15 for lantern_wfoe have no control_gained"):
        group_statements(book, "2021Q4")


def test_every_kind_of_change_posts_to_the_investment_or_says_no_entry():
    kinds = {name: BY_NAME[name] for name in ("control_gained", "share_changed", "control_lost", "fair_value_acquired")}
    assert {name: [posts.component for posts in kind.posts] for name, kind in kinds.items()} == {
        "control_gained": ["paid"],
        "share_changed": ["cost", "gain"],
        "control_lost": ["cost", "gain"],
        "fair_value_acquired": [],
    }
