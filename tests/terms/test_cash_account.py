"""Terms of cash accounts: dated, and each kind of booking in one account."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.cash_account import Carried, account_in_force
from loanbook.terms.cash_account_file import SHIPPED, accounts_in, parse_account
from loanbook.units import day

TEXT = (SHIPPED / "payment_provider.yaml").read_text(encoding="utf-8")


def test_the_shipped_accounts_carry_every_kind_of_booking_once():
    accounts = accounts_in()
    assert sorted(kind for account in accounts for kind in account.carries) == sorted(Carried)
    provider = account_in_force(accounts, "payment_provider", day("2024-05-06"))
    assert (provider.match_days, provider.columns.amount, provider.decimals) == (2, "amount", 2)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("carries: [payment, return, refund]", "carries: [payment, gift]", r"made up\.yaml:7: carries"),
        ("carries: [payment, return, refund]", "carries: [payment, payment]", "must name each kind once"),
        ("match_days: 2", "match_days: 31", r"match_days must lie between 0 and 30"),
        ("amount: amount", "amount: booked_on", "must name a column of its own"),
        ("currency: CNY", "currency: RMB", "must be an ISO 4217 code, e.g. CNY; got 'RMB'. Write CNY."),
        ("cash_account: payment_provider", "cash_account: Payment Provider", "must be lower-case letters"),
        ("source: Loanbook example terms, version 1\n", "", "needs 'source'"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused_with_its_line(old, new, words):
    assert old in TEXT
    with pytest.raises(TermsError, match=words):
        parse_account(TEXT.replace(old, new), "made up.yaml")


def test_versions_are_dated_and_two_accounts_cannot_carry_one_kind(tmp_path):
    (tmp_path / "a.yaml").write_text(TEXT, encoding="utf-8")
    later = TEXT.replace("2020-01-01", "2026-01-01").replace("match_days: 2", "match_days: 3")
    (tmp_path / "b.yaml").write_text(later, encoding="utf-8")
    accounts = accounts_in(tmp_path)
    days = [account_in_force(accounts, "payment_provider", day(on)).match_days for on in ("2025-12-31", "2026-01-01")]
    assert days == [2, 3]
    with pytest.raises(RequestError, match="has no terms on 2019-12-31; the first version starts on 2020-01-01"):
        account_in_force(accounts, "payment_provider", day("2019-12-31"))
    with pytest.raises(RequestError, match=r"there is no cash account 'x'\. Known: payment_provider"):
        account_in_force(accounts, "x", day("2025-12-31"))
    (tmp_path / "c.yaml").write_text(TEXT.replace("cash_account: payment_provider", "cash_account: other"), encoding="utf-8")
    with pytest.raises(TermsError, match=r"carries payment, as other does"):
        accounts_in(tmp_path)
    (tmp_path / "c.yaml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(TermsError, match="already has terms from that day"):
        accounts_in(tmp_path)
