"""Reading the terms of cash accounts from YAML.

cash_account: payment_provider
title: Account at the payment provider
effective_from: 2024-01-01
source: ...                          # who decided it, where it is written
currency: CNY
carries: [payment, return]           # payment | return | refund | disbursement | merchant_return
match_days: 2
columns: {reference: Txn, booked_on: Date, amount: Amount, loan_id: Order}    # what the statements call them; loan_id optional
"""

import re
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.cash_account import Carried, CashAccount, StatementColumns
from loanbook.terms.currency import currency_of
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import text_hash

SHIPPED = Path(__file__).parent / "cash_accounts"
"""Example accounts that come with the package; made up."""

_REQUIRED = ("cash_account", "title", "effective_from", "source", "currency", "carries", "match_days", "columns")
_NEEDED = ("reference", "booked_on", "amount")
_DECIMALS_MOST = 10
_DAYS_MOST = 30
_CODE = re.compile(r"[a-z][a-z0-9_]*")


def parse_account(text: str, name: str) -> CashAccount:
    """The terms of a YAML text; `name` is what messages call it. Raises TermsError with ``path:line:``."""
    items = parse_located(text, name).fields("a cash account", (*_REQUIRED, "decimals"), _REQUIRED)
    code, currency = items["cash_account"].text("cash_account"), currency_of(items["currency"])
    if not _CODE.fullmatch(code):
        raise items["cash_account"].wrong(f"cash_account must be lower-case letters, digits and _; got {code}.")
    known = [each.value for each in Carried]
    carries = [item.choice("carries", known) for item in items["carries"].items("carries")]
    if not carries or len(set(carries)) < len(carries):
        raise items["carries"].wrong(f"carries must name each kind once: {', '.join(known)}.")
    return CashAccount(
        code=code,
        title=items["title"].text("title"),
        place=name,
        hash=text_hash(text),
        source=items["source"].text("source"),
        effective_from=items["effective_from"].date("effective_from"),
        currency=currency,
        decimals=items["decimals"].whole("decimals", 0, _DECIMALS_MOST) if "decimals" in items else 2,
        carries=tuple(Carried(each) for each in carries),
        match_days=items["match_days"].whole("match_days", 0, _DAYS_MOST),
        columns=_columns(items["columns"]),
    )


def _columns(item: Located) -> StatementColumns:
    fields = item.fields("columns", (*_NEEDED, "loan_id"), _NEEDED)
    names = {name: each.text(f"columns.{name}") for name, each in fields.items()}
    if len(set(names.values())) < len(names):
        raise item.wrong("columns must name a column of its own for each.")
    return StatementColumns(**names)


def accounts_in(folder: Path = SHIPPED) -> tuple[CashAccount, ...]:
    """All versions of all accounts in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, two versions of an account that start on one day, or a kind
             of booking that two accounts carry on one day
    """
    found = []
    for path in folder.glob("*.yaml"):
        name = f"terms/{folder.name}/{path.name}"
        found.append(parse_account(read_text(path, name), name))
    found.sort(key=lambda each: (each.code, each.effective_from, each.place))
    for on in sorted({each.effective_from for each in found}):
        _check_day(found, on)
    return tuple(found)


def _check_day(found: list[CashAccount], on: int) -> None:
    """What must hold from a day on which a version starts."""
    current: dict[str, CashAccount] = {}
    for each in found:
        if each.effective_from > on:
            continue
        earlier = current.get(each.code)
        if earlier is not None and earlier.effective_from == each.effective_from:
            raise TermsError(f"{each.place}:1: {each.code} already has terms from that day in {earlier.place}. Change one date.")
        current[each.code] = each
    carrier: dict[Carried, CashAccount] = {}
    for each in current.values():
        for kind in each.carries:
            if kind in carrier:
                raise TermsError(
                    f"{each.place}:1: {each.code} carries {kind}, as {carrier[kind].code} does ({carrier[kind].place}). "
                    "A statement that does not show a booking would not tell whose it is: name one account for each kind."
                )
            carrier[kind] = each
