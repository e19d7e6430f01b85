"""No more costs of making loans are deferred than a quarter incurred, and a later close does not change what was."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.journal import postable
from loanbook.loans.batches import Classes
from loanbook.measures.cells import Cells
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.services.origination_costs import KEPT, LINE, deferrable, most_deferred
from loanbook.stores.ledger import Ledger
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import Model
from loanbook.terms.families import VOLUME
from loanbook.units import day
from tests.services.ledgers import ledger_book

PPM = 1_000_000
COST = """
- {{kind: cost_incurred, event_id: C1, entity: lantern_wfoe, currency: CNY, happened_on: 2024-08-15,
   line: {line}, counterparty: X, amount: {amount}}}
"""


def company(amounts):
    """Costs as they are posted: (line, currency, fen)."""
    on = pa.array(np.full(len(amounts), day("2024-08-15"), np.int32)).cast(pa.date32())
    return postable(
        {
            "kind": "cost_incurred",
            "component": "amount",
            "line": [line for line, _, _ in amounts],
            "currency": [currency for _, currency, _ in amounts],
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [fen for _, _, fen in amounts],
        },
        len(amounts),
    )


def cells(lent):
    """Cells of loans of our own lent in August 2024, and one lent before the quarter."""
    row = empty_contract()
    row[Field.MODEL] = Model.ON_BALANCE_SHEET
    row[Field.TENOR_MONTHS] = 6
    classes = Classes(rows=row[None, :], products=("cash_loan",), segments=("consumer",))
    found = space(classes, window(since=day("2024-06-01"), as_of=day("2024-09-30"), known_on=day("2024-09-30")))
    volume = np.zeros((len(found.groups), found.window.months, len(found.tenors), 3, len(VOLUME.columns)), np.int64)
    volume[0, 0, 0, 0, :2] = 1, 10**12
    volume[0, 2, 0, 0, :2] = len(lent), sum(lent)
    families = {"volume": volume.reshape(-1, len(VOLUME.columns))}
    return Cells(space=found, families=families, coverage=np.zeros((1, found.window.months, 2), np.int64))


def found_in(lent, costs):
    return deferrable(cells(lent), company(costs), start=day("2024-07-01"), end=day("2024-09-30"), currency="CNY")


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.integers(0, 10**9))
def test_shares_of_all_loans_never_exceed_what_was_incurred(lent, incurred):
    found = found_in(lent, [(LINE, "CNY", incurred)])
    assert (found["incurred_fen"], found["lent_fen"], found["loans"]) == (incurred, sum(lent), len(lent))
    assert sum((each * found["most_ppm"] * 2 + PPM) // (2 * PPM) for each in lent) <= incurred or found["most_ppm"] == 0
    assert 0 <= found["most_ppm"] <= PPM


def test_only_costs_of_the_line_in_the_currency_of_the_book_count():
    found = found_in([10**7], [(LINE, "CNY", 50_000), (LINE, "USD", 10**6), ("sales_and_marketing", "CNY", 10**6)])
    assert found["incurred_fen"] == 50_000
    assert found["most_ppm"] == 4_999, "0.5 %, less half a fen a loan for rounding"
    assert found_in([10**7], [])["most_ppm"] == 0
    assert found_in([], [])["most_ppm"] == PPM


def test_an_opening_and_a_period_without_it_defer_what_their_policy_says():
    manifests = [
        {"ends_on": "2024-03-31", "opening": True, KEPT: {"most_ppm": 1}},
        {"ends_on": "2024-06-30", "opening": False},
        {"ends_on": "2024-09-30", "opening": False, KEPT: {"most_ppm": 7}},
    ]
    assert list(most_deferred(manifests).values()) == [7]


def deferred(period):
    """Costs that a period deferred, by month of origination."""
    entries = period.table("entries")
    rows = entries.filter(pc.equal(entries["kind"], "costs_deferred")).to_pylist()
    found = {}
    for row in rows:
        assert (row["debit"], row["credit"]) == ("1315", "5010")
        found[row["cohort"]] = found.get(row["cohort"], 0) + row["amount_fen"]
    return found


@pytest.mark.parametrize(("amount", "binds"), [("70", True), ("1000000", False), (None, True)])
def test_a_quarter_defers_no_more_than_it_incurred(tmp_path, amount, binds):
    book = ledger_book(tmp_path, loans=40)
    if amount:
        path = tmp_path / "told.yaml"
        path.write_text(COST.format(line=LINE, amount=amount))
        import_company(book, path, recorded_at=dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
    for name in ("2024Q3", "2024Q4"):
        close_period(book, name)
    opening, third, fourth = Ledger(book).periods()
    assert sum(deferred(opening).values()) > 0, "the years before the books keep their policy"
    said = third.manifest[KEPT]
    assert said["incurred_fen"] == int(amount or 0) * 100
    assert (said["most_ppm"] < 10_000) == binds
    whole = sum(deferred(third).values())
    assert whole <= said["incurred_fen"]
    assert set(deferred(third)) <= {"2024-07", "2024-08", "2024-09"}
    if amount:
        assert whole > 0
    if not binds:
        assert abs(whole - said["lent_fen"] // 100) <= said["loans"]
    assert deferred(fourth) == {}, "what was deferred stands"
