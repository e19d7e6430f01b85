"""What a rule of a mapping can do to a value, beyond reading it."""

import json

import pytest

from loanbook.services.importing import import_tape
from loanbook.stores.importers.mapping_file import read_mapping
from tests.stores.importers.tapes import GOOD, MAPPING, lines, read_text, write_mapping


def opened(folder, old, new, row=GOOD, header=None):
    text = lines(row) if header is None else header + "\n" + row + "\n"
    assert old in MAPPING
    read = read_text(folder, text, MAPPING.replace(old, new, 1))
    return (read.events.get("position_opened") or [None])[0], read.faults


@pytest.mark.parametrize(
    ("new", "value", "rate"),
    [
        ("rate_annual: {from: rate, unit: percent}", "7.04", 70_400_000_000),
        ('rate_annual: {from: rate, unit: percent, strip: "%"}', "10.65%", 106_500_000_000),
        ("rate_annual: {from: rate, unit: fraction_or_percent}", "3.99", 39_900_000_000),
        ("rate_annual: {from: rate, unit: fraction_or_percent}", "0.0399", 39_900_000_000),
        ("rate_annual: {value: 0.0123}", "", 12_300_000_000),
        ("rate_annual: {from: rate, default: 0}", "NA", 0),
    ],
)
def test_rates(tmp_path, new, value, rate):
    event, faults = opened(tmp_path, "rate_annual: rate", new, GOOD.replace("0.0704", value))
    assert faults == []
    assert event["rate_annual"] == rate


def test_a_file_in_percent_stays_in_percent_for_its_small_rates(tmp_path):
    mapping = MAPPING.replace("rate_annual: rate", "rate_annual: {from: rate, unit: fraction_or_percent}")
    rows = [GOOD.replace("0.0704", "7.04"), GOOD.replace("made-up-1", "made-up-2").replace("0.0704", "0.9")]
    read = read_text(tmp_path, lines(*rows), mapping)
    assert [e["rate_annual"] for e in read.events["position_opened"]] == [70_400_000_000, 9_000_000_000]
    assert read.file.units == {"rate": "percent"}


def test_rounding_is_counted(tmp_path):
    mapping = MAPPING.replace("balance_fen: balance", "balance_fen: {from: balance, round: half_up}")
    read = read_text(tmp_path, lines(GOOD.replace("11281.52", "11281.525")), mapping)
    assert read.events["position_opened"][0]["balance_fen"] == 1128153
    assert read.file.rounded == 1


def test_a_negative_balance_is_kept_when_the_mapping_says_so(tmp_path):
    event, faults = opened(
        tmp_path, "balance_fen: balance", "balance_fen: {from: balance, negative: keep}", GOOD.replace("11281.52", "-0.01")
    )
    assert (event["balance_fen"], faults) == (-1, [])


def test_more_instalments_than_a_loan_can_have_are_set_aside(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD.replace(",73", ",601"), GOOD.replace("made-up-1", "made-up-2").replace(",73", ",600")))
    outcome = import_tape(read_mapping(write_mapping(tmp_path)), [path], "endless")
    assert outcome.new == 1
    (finding,) = outcome.findings
    assert (finding.place, finding.value, finding.expected) == ("tape.csv, row 2", "601", "600 or less")
    assert finding.message == "position_opened.installment_count: term is above 600"


@pytest.mark.parametrize(
    ("new", "value", "words", "expected"),
    [
        ("rate", "12", "rate is above 100 % a year", "a fraction of one; if the source writes percent, set unit: percent"),
        (
            "{from: rate, unit: percent}",
            "1200",
            "rate is above 100 % a year",
            "percent, as unit: percent says: 12 for 12 % a year",
        ),
        (
            "{from: rate, unit: fraction_or_percent}",
            "1200",
            "rate is above 100 % a year",
            "one way of writing rates in a file; to say which, set unit: percent or unit: fraction",
        ),
        (
            "rate",
            "20%",
            "rate is not a number",
            'digits, e.g. 12.5; where the source writes a sign, set strip: "%"',
        ),
    ],
)
def test_a_rate_that_is_set_aside_says_what_to_set(tmp_path, new, value, words, expected):
    _, (fault,) = opened(tmp_path, "rate_annual: rate", f"rate_annual: {new}", GOOD.replace("0.0704", value))
    assert (fault["reason"], fault["value"], fault["expected"]) == (words, value, expected)


def test_the_original_amount_stays_positive_whatever_the_mapping_says(tmp_path):
    event, faults = opened(
        tmp_path,
        "original_principal_fen: amount",
        "original_principal_fen: {from: amount, negative: keep}",
        GOOD.replace("13649.18", "-13649.18"),
    )
    assert event is None
    assert faults[0]["reason"] == "amount is negative"


def test_sums_and_differences(tmp_path):
    event, _ = opened(tmp_path, "balance_fen: balance", "balance_fen: {sum: [amount, -balance]}")
    assert event["balance_fen"] == 1364918 - 1128152


def test_a_sum_beyond_64_bits_is_set_aside(tmp_path):
    huge = GOOD.replace("13649.18", "90000000000000000").replace("11281.52", "90000000000000000")
    mapping = MAPPING.replace("balance_fen: balance", "balance_fen: {sum: [amount, balance], minor: true}")
    mapping = mapping.replace("original_principal_fen: amount", "original_principal_fen: {value: 1}")
    read = read_text(tmp_path, lines(huge.replace("90000000000000000", "9" * 15)), mapping)
    assert read.events["position_opened"][0]["balance_fen"] == 2 * (10**15 - 1)
    read = read_text(tmp_path, lines(huge), mapping.replace(", minor: true", ""))
    assert read.events == {}


def test_the_first_value_that_is_there(tmp_path):
    event, _ = opened(
        tmp_path, "balance_fen: balance", "balance_fen: {first_of: [nowhere, balance, amount]}", GOOD.replace("11281.52", "")
    )
    assert event["balance_fen"] == 1364918


def test_value_maps(tmp_path):
    rule = "model: {from: rate, map: {'0.0704': on_balance_sheet, x: referral}}"
    assert opened(tmp_path, "model: {value: on_balance_sheet}", rule)[0]["model"] == "on_balance_sheet"
    _, faults = opened(tmp_path, "model: {value: on_balance_sheet}", rule, GOOD.replace("0.0704", "0.5"))
    assert (faults[0]["reason"], faults[0]["value"]) == ("rate is a value that the mapping does not name", "0.5")
    rule = rule.replace("}}", "}, otherwise: referral}")
    assert opened(tmp_path, "model: {value: on_balance_sheet}", rule, GOOD.replace("0.0704", "0.5"))[0]["model"] == "referral"


def test_conditions_choose_rows_and_count_the_others(tmp_path):
    rows = [GOOD, GOOD.replace("made-up-1", "made-up-2").replace("11281.52", "0"), GOOD.replace("made-up-1", "made-up-3")]
    for condition, loans in (
        ("{balance: {above: 0}}", ["made-up-1", "made-up-3"]),
        ("{id: {in: [made-up-1]}}", ["made-up-1"]),
        ("{id: {not_in: [made-up-1]}}", ["made-up-2", "made-up-3"]),
        ("{id: {not_in: [made-up-1]}, balance: {above: 0}}", ["made-up-3"]),
        ("{balance: {present: false}}", []),
    ):
        read = read_text(
            tmp_path, lines(*rows), MAPPING.replace("        columns:", f"        when: {condition}\n        columns:")
        )
        assert [e["loan_id"] for e in read.events.get("position_opened", [])] == loans
        assert (read.file.accepted, read.file.skipped) == (len(loans), 3 - len(loans))


def test_skipped_rows_are_not_judged(tmp_path):
    rows = [GOOD, GOOD.replace("made-up-1", "total").replace("05-31-2017", "")]
    mapping = MAPPING.replace("    events:", "    skip_when: {id: {in: [total]}}\n    events:")
    read = read_text(tmp_path, lines(*rows), mapping)
    assert (read.file.read, read.file.accepted, read.file.skipped, read.faults) == (2, 1, 1, [])


def test_features_are_one_json_object(tmp_path):
    mapping = """
mapping: made_up
currency: USD
tapes:
  - name: applications
    files: ["*.csv"]
    format: csv
    events:
      application_received:
        columns: {event_id: {template: "{loan_id}:application"}, loan_id: id, happened_on: {from: day}}
        features:
          income: {from: income, type: number, strip: "$", thousands: ","}
          job: {from: job}
          since: {from: since, type: date, not_after: day}
          owner: {from: owner, type: flag}
"""
    text = (
        "id,day,income,job,since,owner\n"
        'a,2020-01-02,"$1,200.50","the ""boss"" \\ x",1999-02-01,True\n'
        "b,2020-01-02,.5,,2055-01-01,\n"
    )
    read = read_text(tmp_path, text, mapping)
    assert [json.loads(e["features"]) for e in read.events["application_received"]] == [
        {"income": 1200.5, "job": 'the "boss" \\ x', "since": "1999-02-01", "owner": True},
        {"income": 0.5, "job": None, "since": None, "owner": None},
    ]
    bad = read_text(tmp_path, text.replace(".5,,", "lots,,"), mapping)
    assert [f["reason"] for f in bad.faults] == ["income income is not a number"]
