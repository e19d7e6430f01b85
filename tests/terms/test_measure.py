"""Measure definitions: what ships is valid, what is wrong says where."""

import re

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.families import BY_NAME
from loanbook.terms.measure import FOLDER, find_measure, load_measure, load_measures, page_rows
from loanbook.units import day

GOOD = """name: late_share
title: Late share
unit: share
family: position
period: instant
splits: [product]
text: A share made up for this test.
versions:
  - effective_from: 2020-01-01
    numerator: {sum: principal_fen, where: {bucket: ["1-30"]}}
    denominator: {sum: principal_fen}
    source: made up
"""


def written(tmp_path, text):
    path = tmp_path / "late_share.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_definition_has_a_title_a_text_and_a_source():
    shipped = load_measures()
    assert len(shipped) == len(list(FOLDER.glob("*.yaml"))) >= 35
    for definition in shipped:
        for row in page_rows(definition):
            assert all(row[part] for part in ("title", "text", "source", "numerator")), definition.name


def test_a_definition_reads_as_plain_words_for_pages(tmp_path):
    (row,) = page_rows(load_measure(written(tmp_path, GOOD)))
    assert row["numerator"] == "sum of principal, bucket 1-30"
    assert row["grain"] == "product, model, segment, month, bucket"
    assert row["effective_from"] == "2020-01-01"


@pytest.mark.parametrize(
    ("wrong", "instead", "line", "words"),
    [
        ("family: position", "family: positions", 4, "Did you mean position?"),
        ("sum: principal_fen, where", "sum: principal, where", 10, "family position has no column 'principal'"),
        ('bucket: ["1-30"]', 'bucket: ["1-31"]', 10, "Did you mean 1-30?"),
        ("bucket:", "mob:", 10, "has no setting 'mob'"),
        ("unit: share", "unit: percent", 3, "unit must be one of"),
        ("splits: [product]", "splits: [region]", 6, "a split must be one of"),
        ("2020-01-01", "01.01.2020", 9, "effective_from must be a date"),
        ("name: late_share", "name: lateness", 1, "Write name: late_share."),
        ("family: position\n", "", 1, "give one of the two"),
    ],
)
def test_a_wrong_definition_names_its_line(tmp_path, wrong, instead, line, words):
    with pytest.raises(TermsError) as error:
        load_measure(written(tmp_path, GOOD.replace(wrong, instead, 1)), shown="measures/late_share.yaml")
    assert str(error.value).startswith(f"measures/late_share.yaml:{line}: ")
    assert words in str(error.value)


def test_a_later_version_replaces_an_earlier_one_from_its_day_on(tmp_path):
    later = GOOD[GOOD.index("  - effective_from") :].replace("2020-01-01", "2021-07-01").replace('"1-30"', '"1-30", "31-60"')
    definition = load_measure(written(tmp_path, GOOD + later))
    before, after = definition.in_force(day("2021-06-30")), definition.in_force(day("2021-07-01"))
    assert before.numerator.where == {"bucket": ("1-30",)}
    assert after.numerator.where == {"bucket": ("1-30", "31-60")}
    assert before.definition_hash != after.definition_hash
    assert definition.in_force(day("2019-12-31")) is None
    with pytest.raises(TermsError, match="ascend"):
        load_measure(written(tmp_path, GOOD + later.replace("2021-07-01", "2019-01-01")))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("delinquency_120", "Did you mean delinquency_90 or delinquency_30 or delinquency?"),
        ("delinquncy", "Did you mean delinquency"),
        ("volume", "Did you mean loan_volume"),
        ("xyz", "no measure 'xyz'. `loanbook measures` lists all"),
    ],
)
def test_an_unknown_measure_names_the_nearest(name, meant):
    with pytest.raises(RequestError, match=re.escape(meant)):
        find_measure(load_measures(), name)


def test_every_family_starts_with_the_group():
    assert all(family.grain[0] == "group" for family in BY_NAME.values())
