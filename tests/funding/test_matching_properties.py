"""Matching holds whatever the batch and its order: as the twin, no quota overrun, nobody asked twice."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.funding.requests import ON, mandates, requests
from tests.reference import matching as twin

from loanbook.funding.eligibility import eligible, order, values
from loanbook.funding.mandate_table import asked, mandate_table
from loanbook.funding.matching import ATTEMPTS_MOST, Outcome, match, refusers
from loanbook.funding.room import room_left
from loanbook.units import rate

pytestmark = pytest.mark.plain
BATCH = st.lists(requests(), min_size=1, max_size=12)
PARTNERS = st.sampled_from(["harbour_bank", "heron_bank", "harbour_trust_1", "lantern_micro_lending", "gone_bank"])


@settings(max_examples=150, deadline=None)
@given(drawn=mandates(), batch=BATCH, chance=st.data())
def test_matching_agrees_with_its_twin(drawn, batch, chance):
    table = mandate_table(drawn, ON)
    size = len(batch)
    refused_by = chance.draw(st.lists(st.lists(PARTNERS, max_size=3), min_size=size, max_size=size))
    attempts = chance.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    losses = chance.draw(st.lists(st.sampled_from([0, rate("0.03"), rate("0.1")]), min_size=size, max_size=size))
    rooms = {name: chance.draw(st.integers(0, 2_000_000)) for name in table.guarantors}
    columns = asked(table, batch)
    found = match(
        table,
        columns,
        room_left(table, guarantee_rooms=rooms),
        refused=refusers(table, refused_by),
        attempts=np.array(attempts),
        losses=np.array(losses),
    )
    words = [
        table.mandates[number].code if number >= 0 else Outcome(outcome).name
        for number, outcome in zip(found.mandate, found.outcome, strict=True)
    ]
    assert words == twin.match(drawn, batch, refused_by=refused_by, attempts=attempts, losses=losses, guarantee_rooms=rooms)
    takes, worth = eligible(table, columns), values(table, columns, np.array(losses))
    for row, request in enumerate(batch):
        for number, mandate in enumerate(table.mandates):
            assert takes[row, number] == twin.takes(mandate, request)
            assert worth[row, number] == twin.worth(mandate, request, losses[row])


@settings(max_examples=100, deadline=None)
@given(drawn=mandates(), batch=BATCH, chance=st.data())
def test_no_order_of_a_batch_overruns_a_quota(drawn, batch, chance):
    table = mandate_table(drawn, ON)
    batch = chance.draw(st.permutations(batch))
    rooms = {name: chance.draw(st.integers(0, 2_000_000)) for name in table.guarantors}
    before = room_left(table, guarantee_rooms=rooms)
    found = match(table, asked(table, batch), before)
    lent = defaultdict(int)
    for number, request in zip(found.mandate, batch, strict=True):
        if number >= 0:
            mandate = table.mandates[number]
            lent[mandate.code] += request.principal_fen
            lent[mandate.code, request.province] += request.principal_fen
            lent[mandate.code, request.grade] += request.principal_fen
            lent[mandate.code, request.borrower_id] += request.principal_fen
            if mandate.guarantee:
                lent["guarantor", mandate.guarantee.guarantor] += request.principal_fen
    for number, mandate in enumerate(table.mandates):
        assert lent[mandate.code] <= min(mandate.quota_day_fen, mandate.quota_total_fen)
        assert found.room.day_fen[number] == mandate.quota_day_fen - lent[mandate.code]
        assert found.room.total_fen[number] == mandate.quota_total_fen - lent[mandate.code]
        limits = mandate.concentration
        for request in batch:
            assert limits.province_fen is None or lent[mandate.code, request.province] <= limits.province_fen
            assert limits.grade_fen is None or lent[mandate.code, request.grade] <= limits.grade_fen
            assert limits.borrower_fen is None or lent[mandate.code, request.borrower_id] <= limits.borrower_fen
    for guarantor, room in rooms.items():
        assert lent["guarantor", guarantor] <= room
    assert (before.total_fen == [mandate.quota_total_fen for mandate in table.mandates]).all()


@settings(max_examples=100, deadline=None)
@given(drawn=mandates(), batch=BATCH, cut=st.integers(0, 12))
def test_a_batch_in_two_parts_is_the_batch(drawn, batch, cut):
    table = mandate_table(drawn, ON)
    whole = match(table, asked(table, batch), room_left(table))
    columns = asked(table, batch)
    first = match(table, columns[:cut], room_left(table))
    owed = np.zeros((int(columns[:, -1].max()) + 1, len(table.mandates)), np.int64)
    for row, number in enumerate(first.mandate):
        if number >= 0:
            owed[columns[row, -1], number] += columns[row, 0]
    rest = columns[cut:]
    known = int(rest[:, -1].max()) + 1 if len(rest) else 0
    second = match(table, rest, first.room, lent_fen=owed[:known])
    assert [*first.mandate, *second.mandate] == list(whole.mandate)
    assert (second.room.total_fen == whole.room.total_fen).all()


@settings(max_examples=100, deadline=None)
@given(drawn=mandates(), request=requests())
def test_a_refused_loan_goes_to_new_partners_in_order_of_value_at_most_four_times(drawn, request):
    table = mandate_table(drawn, ON)
    columns = asked(table, [request])
    ranks = list(order(table, columns, 0))
    refused_by: list[str] = []
    seen: list[int] = []
    while True:
        found = match(
            table,
            columns,
            room_left(table),
            refused=refusers(table, [refused_by]),
            attempts=np.array([len(refused_by)]),
        )
        if found.outcome[0] != Outcome.RESERVED:
            break
        number = int(found.mandate[0])
        assert table.mandates[number].partner not in refused_by
        seen.append(ranks.index(number))
        refused_by.append(table.mandates[number].partner)
    assert len(refused_by) <= ATTEMPTS_MOST
    assert seen == sorted(seen)
    assert found.mandate[0] == -1
