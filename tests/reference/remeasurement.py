"""Entries in another currency, one by one in fractions: what accounts are carried at after each period."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

HISTORICAL = {"1510": 1, "1610": 1, "1620": 1, "1630": 1, "1640": 1, "1660": 1, "1800": 1, "2155": -1, "2156": -1}
"""Accounts at historical rates, and the sign of what adds to them."""
TO_EQUITY = ("1910", "2910")


def half_up(value: Fraction) -> int:
    return int(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


@dataclass
class Books:
    """Of one entity and book, by account, debit positive: assets and liabilities in its currency and in the other, and all."""

    carried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    foreign: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    all_accounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def period(
    books: Books,
    entries: Iterable[tuple[int, str, str, int]],
    *,
    spot: Callable[[int], Fraction],
    average: Callable[[int], Fraction],
    closing: Fraction,
) -> None:
    """One period's entries (day, debit, credit, amount) of one book, in one other currency; changes `books`."""
    listed = list(entries)
    worth = {}
    standing = {code: [sign * books.foreign[code], sign * books.carried[code]] for code, sign in HISTORICAL.items()}
    for at, (day, debit, credit, amount) in enumerate(listed):
        if HISTORICAL.get(debit) == -1 or HISTORICAL.get(credit) == 1:
            continue
        grown = [code for code, side in ((debit, 1), (credit, -1)) if HISTORICAL.get(code) == side]
        equity = {debit[0], credit[0]} & {"3"} and not {debit[0], credit[0]} & {"4", "5", "6"}
        worth[at] = half_up(amount * (spot(day) if grown or equity else average(day)))
        for code in grown:
            standing[code][0] += amount
            standing[code][1] += worth[at]
    for at, (day, debit, credit, amount) in enumerate(listed):
        if at not in worth:
            used = [code for code in (debit, credit) if HISTORICAL.get(code) == (-1 if code == debit else 1)]
            known = [standing[code] for code in used if standing[code][0] > 0]
            worth[at] = half_up(Fraction(amount * known[0][1], known[0][0]) if known else amount * spot(day))
        for code, sign in ((debit, 1), (credit, -1)):
            books.all_accounts[code] += sign * worth[at]
            if code[0] in "12":
                books.carried[code] += sign * worth[at]
                books.foreign[code] += sign * amount
    for code in sorted(books.carried):
        if code not in HISTORICAL:
            change = half_up(books.foreign[code] * closing) - books.carried[code]
            books.carried[code] += change
            books.all_accounts[code] += change
            books.all_accounts["3060" if code in TO_EQUITY else "6020"] -= change
