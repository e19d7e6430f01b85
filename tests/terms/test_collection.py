"""Terms of collections: the example reads, and what makes no sense is refused with its line."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.collection import collection_in_force
from loanbook.terms.collection_file import SHIPPED, collections_in, parse_collection
from loanbook.units import day

TEXT = (SHIPPED / "consumer.yaml").read_text(encoding="utf-8")


def test_the_example_reads_as_it_is_written():
    (terms,) = collections_in()
    assert (terms.opens_minute, terms.closes_minute) == (480, 1_200)
    assert [(stage.name, stage.dpd_least) for stage in terms.stages] == [
        ("reminder", 1),
        ("early", 4),
        ("middle", 31),
        ("late", 61),
    ]
    assert terms.actions[terms.action_number("call")].cost_fen == 250
    assert terms.agencies[0].commission_ppm == 220_000
    with pytest.raises(RequestError, match="consumer has no action 'visit'"):
        terms.action_number("visit")


def test_the_version_in_force_is_the_last_one_begun():
    both = (parse_collection(TEXT, "a.yaml"), parse_collection(TEXT.replace("2020-01-01", "2026-01-01"), "b.yaml"))
    assert collection_in_force(both, "consumer", day("2025-12-31")).place == "a.yaml"
    assert collection_in_force(both, "consumer", day("2026-01-01")).place == "b.yaml"
    with pytest.raises(RequestError, match="not in force on 2019-12-31"):
        collection_in_force(both, "consumer", day("2019-12-31"))
    with pytest.raises(RequestError, match="no collection terms 'business'"):
        collection_in_force(both, "business", day("2026-01-01"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('from: "08:00"', 'from: "8"', "hours.from must be a time of day"),
        ('from: "08:00"', 'from: "24:30"', "hours.from must be a time of day"),
        ('until: "20:00"', 'until: "07:00"', "hours.until must lie after hours.from"),
        ("cost: 2.50", "cost: -2.50", "cost must not be negative"),
        ("cost: 0.05", "cost: 0.055", "cost must be a number of at most 2 decimals"),
        ("actions: [text_message, robot_call]", "actions: [text_mesage]", "Did you mean text_message?"),
        ("dpd: 31", "dpd: 4", "stage middle must begin after stage early (4 dpd)"),
        ("a_day: 2, a_week: 5", "a_day: 6, a_week: 5", "contacts.a_week must lie between 6 and 100"),
        ("commission: 0.22", "commission: 22", "commission must be a fraction below one; got 22"),
        ("name: call,", "name: letter,", "each with a name of its own"),
        ("days_most: 7", "days_max: 7", "Did you mean days_most?"),
        ("keeps_days: 90", "keeps_days: 0", "keeps_days must lie between 1"),
        ("contact: false", "contact: 0", "contact must be true or false"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(old, new, words):
    assert old in TEXT
    with pytest.raises(TermsError, match=r"consumer\.yaml:\d+: ") as caught:
        parse_collection(TEXT.replace(old, new, 1), "consumer.yaml")
    assert words in str(caught.value)


def test_two_versions_of_one_day_are_refused(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    with pytest.raises(TermsError, match=r"b\.yaml:1: consumer already has terms from that day"):
        collections_in(tmp_path)
