"""What a period's loans come to, asked with tables of other versions."""

import pytest

from loanbook.accounting.loan_amounts import (
    DAYBOOK_SCHEMA,
    LEDGER_SCHEMA,
    Totals,
    _dense,
    period_days,
    quarter_before,
    with_room_for,
)
from loanbook.errors import RequestError, StateError
from loanbook.measures.space import Space
from loanbook.measures.window import window
from loanbook.terms.families import LEDGER
from loanbook.units import day

OVER = Space(
    window=window(since=day("2024-01-01"), as_of=day("2024-03-31")),
    groups=(("cash_loan", "referral", ""),),
    pools=(("cash_loan", "referral", "", "", ""), ("cash_loan", "referral", "", "", "saffron_bank")),
    tenors=(12,),
)
ROW = {
    **dict.fromkeys(LEDGER_SCHEMA.names, ""),
    **dict.fromkeys(LEDGER.columns, 7),
    "product": "cash_loan",
    "model": "referral",
    "cohort": "2024-02",
}


def test_what_was_kept_comes_back_at_its_place():
    table = Totals(ledger=LEDGER_SCHEMA.empty_table(), daybook=LEDGER_SCHEMA.empty_table()).ledger
    assert not _dense(OVER, table, LEDGER.columns, 0).any()
    kept = type(table).from_pylist([ROW], schema=LEDGER_SCHEMA)
    assert (_dense(OVER, kept, LEDGER.columns, 0)[0, 1] == 7).all()


def test_a_period_of_a_version_that_knew_no_vehicle_has_loans_of_none():
    kept = type(LEDGER_SCHEMA.empty_table()).from_pylist([ROW], schema=LEDGER_SCHEMA).drop_columns(["vehicle", "partner"])
    found = _dense(OVER, kept, LEDGER.columns, 0)
    assert (found[0, 1] == 7).all()
    assert not found[1].any()


def test_a_period_of_a_version_that_lacked_a_column_is_told_in_words():
    kept = type(LEDGER_SCHEMA.empty_table()).from_pylist([ROW], schema=LEDGER_SCHEMA).drop_columns([LEDGER.columns[-1]])
    with pytest.raises(StateError, match=f"did not know {LEDGER.columns[-1]}.*books restate"):
        _dense(OVER, kept, LEDGER.columns, 0)


def test_quarters_have_days_and_an_order():
    assert period_days("2024Q1") == (day("2024-01-01"), day("2024-03-31"))
    assert quarter_before("2024Q1") == "2023Q4"
    with pytest.raises(RequestError, match="Write it like 2024Q3"):
        period_days("2024-Q1")


def test_months_and_groups_that_only_the_last_close_has_get_room_and_are_never_counted_from_the_end():
    table = type(LEDGER_SCHEMA.empty_table())
    early, other = {**ROW, "cohort": "2023-11"}, {**ROW, "model": "technology"}
    with pytest.raises(RequestError, match="the last close has 2023-11; the space begins with 2024-01"):
        _dense(OVER, table.from_pylist([early], schema=LEDGER_SCHEMA), LEDGER.columns, 0)
    kept = table.from_pylist([early, ROW, other], schema=LEDGER_SCHEMA)
    over = with_room_for(OVER, Totals(ledger=kept, daybook=DAYBOOK_SCHEMA.empty_table()))
    assert over.groups == (*OVER.groups, ("cash_loan", "technology", ""))
    dense = _dense(over, kept, LEDGER.columns, 0)
    assert over.pools == (*OVER.pools, ("cash_loan", "technology", "", "", ""))
    assert dense.shape[:2] == (3, 5)
    assert (dense[0, 0] == 7).all()
    assert (dense[[0, 2], 3] == 7).all()
    assert dense.sum() == 3 * 7 * len(LEDGER.columns)
    assert with_room_for(OVER, None) == OVER
