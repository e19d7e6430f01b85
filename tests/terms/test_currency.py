"""Currencies: a list of codes, and refusal of what is none wherever it comes in."""

import re

import pytest
from tests.accounting.corporate import MOMENT, written
from tests.stores.rows import TERMS, loan, table

from loanbook.errors import RequestError, StateError, TermsError
from loanbook.services.bookkeeping import close_period
from loanbook.services.company_importing import import_company
from loanbook.stores.book import create_book, ensure_book
from loanbook.stores.intake import append
from loanbook.terms import mandate, mandate_file, product_file, strategy_catalogue, strategy_file, vehicle_file
from loanbook.terms.catalogue import SHIPPED
from loanbook.terms.currency import checked, coarse, currencies, meant, unknown
from loanbook.terms.entity_file import SHIPPED as ENTITIES
from loanbook.terms.entity_file import group_in


def test_the_list_has_what_is_lent_in_and_not_what_has_no_minor_unit():
    known = currencies()
    assert {code: known[code].minor_units for code in ("CNY", "USD", "JPY", "KWD", "CLF", "ISK", "MRU")} == {
        "CNY": 2,
        "USD": 2,
        "JPY": 0,
        "KWD": 3,
        "CLF": 4,
        "ISK": 0,
        "MRU": 2,
    }
    assert not {"XXX", "XTS", "XAU", "XDR", "ZZZ", "RMB", "", "cny"} & known.keys()
    assert all(re.fullmatch("[A-Z]{3}", code) and each.name and not set(each.also) & known.keys() for code, each in known.items())
    assert list(known) == sorted(known)
    assert known["HRK"].replaced_in == 2023


def test_what_is_meant_is_told_and_nothing_is_guessed():
    assert [meant(word) for word in ("RMB", "usd", " eur ", "NTD", "ZZZ", "RMV")] == ["CNY", "USD", "EUR", "TWD", "", ""]
    assert unknown("CNY") == ""
    with pytest.raises(RequestError, match=r"^--currency must be an ISO 4217 code, e\.g\. CNY; got 'RMB'\. Write CNY\.$"):
        checked("RMB", "--currency")
    assert [coarse("KWD", decimals) for decimals in (3, 4)] == ["", ""]
    assert coarse("KWD", 2) == "decimals must be 3 or more for KWD; got 2. Write decimals: 3."


@pytest.mark.parametrize(
    ("read", "shipped"),
    [
        (product_file.parse_product, SHIPPED / "cash_loan.yaml"),
        (strategy_file.parse_strategy, next(strategy_catalogue.SHIPPED.glob("*.yaml"))),
        (vehicle_file.parse_vehicle, next(vehicle_file.SHIPPED.glob("*.yaml"))),
    ],
)
@pytest.mark.parametrize("code", ["RMB", "ZZZ", "XXX"])
def test_terms_in_no_currency_are_refused_with_their_line(read, shipped, code):
    text = shipped.read_text(encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if row == "currency: CNY")
    with pytest.raises(TermsError, match=rf"^made up\.yaml:{line}: currency must be an ISO 4217 code, e\.g\. CNY; got '{code}'"):
        read(text.replace("currency: CNY", f"currency: {code}"), "made up.yaml")


def test_a_mandate_and_an_entity_are_refused_too(tmp_path):
    text = next(mandate.SHIPPED.glob("*.yaml")).read_text(encoding="utf-8")
    (tmp_path / "one.yaml").write_text(text.replace("currency: CNY", "currency: ZZZ"), encoding="utf-8")
    with pytest.raises(TermsError, match="got 'ZZZ'"):
        mandate_file.read_mandate(tmp_path / "one.yaml")
    (tmp_path / "group").mkdir()
    for path in ENTITIES.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / "group" / path.name).write_text(text.replace("currency: HKD", "currency: HK1"), encoding="utf-8")
    with pytest.raises(TermsError, match="got 'HK1'"):
        group_in(tmp_path / "group")


def test_terms_that_a_book_archived_are_read_as_they_are():
    assert product_file.parse_archived(TERMS.replace("currency: CNY", "currency: ZZZ"), "archived").currency == "ZZZ"


def test_a_book_begins_in_a_currency_that_there_is(tmp_path):
    for make in (lambda at: create_book(at, currency="ZZZ"), lambda at: ensure_book(at, currency="ZZZ", decimals=2)):
        with pytest.raises(RequestError, match="the currency of a book must be an ISO 4217 code"):
            make(tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()
    empty, lent = create_book(tmp_path / "empty"), table("loan_disbursed", [loan("L1", "2024-01-05", currency="RMB")])
    with pytest.raises(RequestError, match=r"the currency of the batch must be an ISO 4217 code.*got 'RMB'\. Write CNY"):
        append(empty, {"loan_disbursed": lent}, terms={"sample_level": TERMS})


RATES = """event_id,entity,currency,to_currency,happened_on,basis,rate
R1,lantern_technology,USD,CNY,2024-09-30,spot,7.0176
R2,lantern_technology,USD,RMB,2024-09-30,spot,7.0176
R3,lantern_technology,ZZZ,CNY,2024-09-30,spot,7.0176
"""


def test_rates_and_openings_in_no_currency_are_set_aside(tmp_path):
    book = create_book(tmp_path / "holding", currency="CNY")
    taken = import_company(book, written(tmp_path, "rates.csv", RATES), recorded_at=MOMENT, kind="fx_rate")
    faults = [
        (row["row"], row["column"], row["value"], row["reason"], row["expected"]) for row in taken.reading.faults.to_pylist()
    ]
    assert faults == [
        (3, "to_currency", "RMB", "is no currency of ISO 4217", "an ISO 4217 code, e.g. CNY; write CNY"),
        (4, "currency", "ZZZ", "is no currency of ISO 4217", "an ISO 4217 code, e.g. CNY"),
    ]
    assert taken.reading.accepted.rows == 1
    opening = "event_id,entity,currency,happened_on,book,account,amount\nO1,lantern_technology,XXX,2024-06-30,core,1001,5\n"
    taken = import_company(book, written(tmp_path, "opening.csv", opening), recorded_at=MOMENT, kind="opening_balance")
    assert [(row["column"], row["value"]) for row in taken.reading.faults.to_pylist()] == [("currency", "XXX")]


def test_a_book_that_counts_yen_whole_cannot_hold_the_company(tmp_path):
    book = create_book(tmp_path / "yen", currency="JPY", decimals=0)
    with pytest.raises(StateError, match="money of yen has 0 decimals; the company's books count 2 in every currency"):
        import_company(book, written(tmp_path, "rates.csv", RATES), recorded_at=MOMENT, kind="fx_rate")
    with pytest.raises(StateError, match="money of yen has 0 decimals"):
        close_period(book, "2024Q3")
