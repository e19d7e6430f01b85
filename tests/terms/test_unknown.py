"""What terms say that their source does not tell: read by name, once each; the shipped tapes say it."""

import pytest
from tests.stores.rows import TERMS

from loanbook.errors import TermsError
from loanbook.terms.catalogue import SHIPPED
from loanbook.terms.product_file import parse_product, read_product
from loanbook.terms.unknown import Unknown


def test_terms_tell_everything_unless_they_say_otherwise():
    assert parse_product(TERMS, "made_up.yaml").unknown == ()
    told = parse_product(TERMS + "unknown: [charge_off, tenor]\n", "made_up.yaml")
    assert told.unknown == (Unknown.CHARGE_OFF, Unknown.TENOR)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("[charge_off, charge_off]", "Write each once"),
        ("[borrower]", "origination, amount, tenor"),
    ],
)
def test_what_cannot_be_unknown_is_refused_with_its_line(words, said):
    with pytest.raises(TermsError, match=r"made_up.yaml:\d+") as refused:
        parse_product(TERMS + f"unknown: {words}\n", "made_up.yaml")
    assert said in str(refused.value)


def test_a_card_and_kiva_write_nothing_off_by_a_rule_of_ours():
    for name in ("card_account", "kiva_listed", "kiva_term"):
        terms = read_product(SHIPPED / f"{name}.yaml")
        assert terms.charge_off_days == 0
        assert Unknown.CHARGE_OFF in terms.unknown
