"""Settlement rows of a partner and day come from the events and tie to them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import RequestError, TieError
from loanbook.servicing.settlement import SIGN, Line, SettledEvents, check_tied, settlement_of

ROW = st.tuples(st.integers(1, 5), st.integers(0, 2), st.integers(100, 102), st.sampled_from(list(Line)), st.integers(-900, 900))


def events_of(rows):
    columns = list(zip(*rows, strict=True)) or [()] * 6
    names = ("event_no", "loan_no", "partner_no", "booked_on", "line", "amount_fen")
    return SettledEvents(**{name: np.array(column, np.int64) for name, column in zip(names, columns, strict=True)})


@given(st.lists(ROW, max_size=25), st.randoms())
def test_every_event_is_in_exactly_one_file_and_the_order_does_not_matter(rows, random):
    rows = [(number, *row) for number, row in enumerate(rows)]
    files = [settlement_of(events_of(rows), partner_no=partner, on=on) for partner in range(3) for on in (100, 101, 102)]
    assert sum(int(file.events.sum()) for file in files) == len(rows)
    assert sum(int(file.totals_fen.sum()) for file in files) == sum(row[-1] for row in rows)
    assert sum(file.net_fen for file in files) == sum(SIGN[line] * amount for *_, line, amount in rows)
    random.shuffle(rows)
    again = settlement_of(events_of(rows), partner_no=1, on=101)
    assert again.table().equals(settlement_of(events_of(sorted(rows)), partner_no=1, on=101).table())


def test_a_day_of_one_partner():
    rows = [
        (1, 10, 7, 100, Line.DISBURSED, 500_000),
        (2, 11, 7, 100, Line.PRINCIPAL, 41_000),
        (2, 11, 7, 100, Line.INTEREST, 900),
        (3, 11, 7, 100, Line.PRINCIPAL, 1_000),
        (4, 12, 7, 100, Line.COMPENSATION, 77_000),
        (5, 10, 7, 100, Line.PLATFORM_FEE, 2_500),
        (6, 13, 7, 100, Line.PRINCIPAL, -300),
        (7, 11, 7, 101, Line.PRINCIPAL, 5),
        (8, 14, 8, 100, Line.PRINCIPAL, 6),
    ]
    found = settlement_of(events_of(rows), partner_no=7, on=100)
    assert found.table().to_pylist()[:4] == [
        {"loan_no": 10, "line": "disbursed", "events": 1, "amount_fen": 500_000},
        {"loan_no": 10, "line": "platform_fee", "events": 1, "amount_fen": 2_500},
        {"loan_no": 11, "line": "principal", "events": 2, "amount_fen": 42_000},
        {"loan_no": 11, "line": "interest", "events": 1, "amount_fen": 900},
    ]
    assert found.net_fen == 42_000 + 900 + 77_000 - 2_500 - 300
    assert settlement_of(events_of(rows), partner_no=9, on=100).table().num_rows == 0


def test_an_event_that_stands_twice_or_a_changed_row_does_not_tie():
    row = (1, 10, 7, 100, Line.PRINCIPAL, 500)
    with pytest.raises(TieError, match="event 1 stands twice for loan 10"):
        settlement_of(events_of([row, row]), partner_no=7, on=100)
    events = events_of([row, (2, 10, 7, 100, Line.FEE, 5)])
    fine = settlement_of(events, partner_no=7, on=100)
    with pytest.raises(TieError, match="principal of the settlement of 1970-04-11: events 500, rows 501, total 500 fen"):
        check_tied(dataclasses.replace(fine, amount_fen=fine.amount_fen + np.array([1, 0])), events)
    with pytest.raises(TieError, match="sums 3 events of 2"):
        check_tied(dataclasses.replace(fine, events=fine.events + np.array([1, 0])), events)
    with pytest.raises(RequestError, match="no line outside"):
        settlement_of(events_of([(1, 10, 7, 100, 99, 500)]), partner_no=7, on=100)
