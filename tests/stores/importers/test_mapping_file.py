"""A mapping that says something impossible is refused with the line and what to write instead."""

import pytest

from loanbook.errors import TermsError
from loanbook.stores.importers.mapping_file import find_mapping, read_mapping, shipped_mappings
from tests.stores.importers.tapes import MAPPING, write_mapping


def refused(folder, text):
    with pytest.raises(TermsError) as error:
        read_mapping(write_mapping(folder, text), shown="made_up.yaml")
    return str(error.value)


def test_every_shipped_mapping_is_sound():
    assert sorted(shipped_mappings()) == ["aart_2017_3", "abs_ee_auto_loan", "kiva", "lending_club", "uci_taiwan"]
    for name in shipped_mappings():
        mapping = find_mapping(name)
        assert mapping.name == name
        assert mapping.source


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("currency: USD", "currency: ZZZ", "made_up.yaml:3: currency must be an ISO 4217 code, e.g. CNY; got 'ZZZ'."),
        ("currency: USD", "currency: usd", "made_up.yaml:3: currency must be an ISO 4217 code, e.g. CNY; got 'usd'. Write USD."),
        ("currency: USD", "currency: KWD", "made_up.yaml:3: decimals must be 3 or more for KWD; got 2. Write decimals: 3."),
        ("format: csv", "format: excel", "made_up.yaml:7: format must be one of csv, parquet, abs_ee_xml, not 'excel'"),
        ("position_opened:", "position_open:", "'position_open' is not a kind of event"),
        (
            "balance_fen: balance",
            "balance: balance",
            "made_up.yaml:19: position_opened has no setting 'balance'. Did you mean balance_fen?",
        ),
        ("          installment_count: term\n", "", "made_up.yaml:11: position_opened needs installment_count"),
        ("format: MM-DD-YYYY", "format: mm/dd/yy", "made_up.yaml:14: 'mm/dd/yy' is not a date format"),
        ("rate_annual: rate", "rate_annual: {from: rate, unit: ppm}", "made_up.yaml:20: unit must be one of fraction, percent"),
        (
            "rate_annual: rate",
            "rate_annual: {from: rate, month_end: true}",
            "month_end is a setting of dates; rate_annual is rate",
        ),
        (
            "rate_annual: rate",
            "rate_annual: {from: rate, value: 1}",
            "rate_annual needs exactly one of from, first_of, sum, value, template",
        ),
        ("rate_annual: rate", "rate_annual: {unit: percent}", "rate_annual needs exactly one of"),
        ("rate_annual: rate", "rate_annual: {sum: [a, b]}", "sum adds up money or whole numbers; rate_annual is rate"),
        ("balance_fen: balance", 'balance_fen: "BAL{k}"', "made_up.yaml:19: {k} is the period of a repeated group"),
        ("format: MM/YYYY}", "format: MM/YYYY, zone: Mars/Olympus}", "made_up.yaml:17: 'Mars/Olympus' is not a time zone"),
        ("format: MM/YYYY}", "format: MM/YYYY, add_months: soon}", "add_months must be a whole number, k or -k"),
        ("format: MM/YYYY}", "format: MM/YYYY, add_months: 999999999999}", "made_up.yaml:17: add_months must lie between -1,200"),
        ("format: MM/YYYY}", "format: MM/YYYY, add_months: 5+3}", "made_up.yaml:17: add_months must be a whole number, k or -k"),
        ("balance_fen: balance", 'balance_fen: {from: balance, strip: ""}', "made_up.yaml:19: strip is empty"),
        ("balance_fen: balance", 'balance_fen: {from: balance, strip: [$, ""]}', "made_up.yaml:19: strip is empty"),
        ("balance_fen: balance", 'balance_fen: {from: balance, thousands: ""}', "made_up.yaml:19: thousands is empty"),
        ("balance_fen: balance", 'balance_fen: {from: balance, thousands: "."}', "thousands is '.', which numbers need"),
        ("balance_fen: balance", "balance_fen: {from: balance, most: 99999999999999999999}", "most must lie between"),
        ("format: csv", 'format: csv\n    delimiter: "\\r"', "made_up.yaml:8: delimiter is '\\r', which ends lines"),
        ("format: csv", "format: csv\n    quote: ','", "made_up.yaml:8: quote is ',', which ends lines or is the delimiter"),
        ("format: csv", "format: csv\n    delimiter: '; '", "made_up.yaml:8: delimiter must be one character"),
        ("format: csv", "format: csv\n    encoding: klingon", "made_up.yaml:8: 'klingon' is not a text encoding"),
        ("format: csv", "format: parquet\n    delimiter: ';'", "made_up.yaml:8: delimiter is a setting of CSV tapes"),
        ("loan_id: id", "loan_id: id\n          loan_id: id", "made_up.yaml:14: 'loan_id' stands twice"),
        ("loan_id: id", "loan_id: [id", "this is not YAML"),
        ("    events:", "    when_any: 1\n    events:", "a tape has no setting 'when_any'"),
        (
            "        columns:",
            "        when: {rate: {equals: 1}}\n        columns:",
            "the condition on rate has no setting 'equals'",
        ),
    ],
)
def test_the_line_and_the_words(tmp_path, old, new, said):
    assert old in MAPPING
    assert said in refused(tmp_path, MAPPING.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mapping: !!python/object/apply:os.system ['true']\n", "made_up.yaml:1: the tag"),
        ("mapping: !!python/name:os.system\n", "made_up.yaml:1: the tag"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "made_up.yaml:1: anchors and aliases are not allowed"),
        ("a: " + "[" * 5000 + "]" * 5000, "made_up.yaml:1: the file is nested too deep"),
        ("", "made_up.yaml:1: the file is empty"),
        ("- a\n- b\n", "made_up.yaml:1: the mapping must be names with values, not a list"),
        ("x" * (1 << 21), "is too large"),
        ("a: \x00\n", "this is not YAML"),
    ],
)
def test_hostile_yaml_is_refused(tmp_path, text, said):
    assert said in refused(tmp_path, text)


def test_a_mapping_that_is_not_there():
    with pytest.raises(TermsError, match=r"no such mapping file, and no shipped mapping of that name \(aart_2017_3"):
        find_mapping("nowhere.yaml")
