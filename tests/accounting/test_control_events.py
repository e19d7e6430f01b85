"""Corporate events to changes of control: prices from events, shares and days from entities' terms, and what is refused."""

import datetime as dt
import re

import pytest

from loanbook.accounting.control_changes import Acquisition, Disposal, ShareChange, adjustment
from loanbook.accounting.control_events import control_changes
from loanbook.errors import RequestError
from loanbook.stores.importers.corporate import read_corporate
from loanbook.units import day
from tests.accounting.groups import group

GROUP = group(
    {
        "p": {"kind": "parent"},
        "s": {
            "holders": [
                {"holder": "p", "share": 0.6, "from": "2024-02-01", "until": "2024-04-30"},
                {"holder": "p", "share": 0.9, "from": "2024-05-01", "until": "2024-08-31"},
                {"holder": "p", "share": 0.3, "from": "2024-09-01"},
            ],
            "control": [
                {"basis": "ownership", "method": "full", "from": "2024-02-01", "until": "2024-08-31"},
                {"basis": "none", "method": "equity", "from": "2024-09-01"},
            ],
        },
    }
)
LIFE = [
    "kind: control_gained, event_id: a, happened_on: 2024-02-01, amount: 700, noncontrolling: 400, business: 'yes'",
    "kind: fair_value_acquired, event_id: b, happened_on: 2024-02-01, account: 1620, amount: 50",
    "kind: fair_value_acquired, event_id: c, happened_on: 2024-02-01, account: 1620, amount: -20.5",
    "kind: share_changed, event_id: d, happened_on: 2024-05-01, amount: 450",
    "kind: control_lost, event_id: e, happened_on: 2024-09-01, amount: 800, gain: 90, retained: 330",
]


def read(lines, tmp_path, currency="CNY"):
    text = "\n".join(f"- {{entity: p, company: s, currency: {currency}, {line}}}" for line in lines)
    path = tmp_path / "events.yaml"
    path.write_text(text, encoding="utf-8")
    reading = read_corporate(path, recorded_at=dt.datetime(2024, 10, 1, tzinfo=dt.UTC))
    assert reading.faults.num_rows == 0, reading.faults.to_pylist()
    return dict(reading.tables)


def changes(lines, tmp_path, starts_on="2024-01-01", ends_on="2024-12-31", **other):
    tables = read(lines, tmp_path, **other)
    return control_changes(tables, GROUP, starts_on=day(starts_on), ends_on=day(ends_on), currency="CNY")


def test_the_life_of_a_subsidiary_reads_as_it_was_told(tmp_path):
    common = {"entity": "s", "holder": "p"}
    bought, more, sold = changes(LIFE, tmp_path)
    assert bought == Acquisition(
        on=day("2024-02-01"),
        consideration_fen=700_00,
        held_before_fen=0,
        noncontrolling_fen=400_00,
        fair_value_fen={"1620": 29_50},
        **common,
    )
    shares = {"share_before_ppm": 600_000, "share_after_ppm": 900_000}
    assert more == ShareChange(on=day("2024-05-01"), cost_fen=450_00, **shares, **common)
    assert sold == Disposal(on=day("2024-09-01"), retained_fen=330_00, **common)


def test_a_period_takes_the_changes_of_its_days(tmp_path):
    found = changes(LIFE, tmp_path, "2024-04-01", "2024-06-30")
    assert [type(each) for each in found] == [ShareChange]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([LIFE[1]], "fair values of s on 2024-02-01 for p have no control_gained of that day"),
        ([LIFE[3].replace("05-01", "06-01")], "the terms of s give p the same share on 2024-06-01 as before"),
        ([LIFE[3], LIFE[3].replace("event_id: d", "event_id: f")], "s already changes on 2024-05-01; give one event a company"),
        (
            [LIFE[3], LIFE[1].replace("02-01", "05-01")],
            "fair values of s on 2024-05-01 belong to a control_gained, not to share_cha",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(lines, words, tmp_path):
    with pytest.raises(RequestError, match=re.escape(words)):
        changes(lines, tmp_path)


def test_prices_in_another_currency_are_refused(tmp_path):
    with pytest.raises(RequestError, match="d: share_changed is in USD; state it in CNY, as the group's figures"):
        changes([LIFE[3]], tmp_path, currency="USD")


def test_the_difference_of_two_bases_changes_hands_without_a_price(tmp_path):
    bought, more, sold = map(adjustment, changes(LIFE, tmp_path))
    assert (bought.consideration_fen, bought.noncontrolling_fen, bought.fair_value_fen, bought.adjusting) == (0, 0, {}, True)
    assert (more.cost_fen, more.share_after_ppm, sold.retained_fen) == (0, 900_000, 0)
