"""Currencies there are, and the decimals of each: ISO 4217. A code that is not one of them is refused wherever it comes in.

`currencies/iso_4217.csv` is the list, dated and sourced. How many decimals a book counts is said by its mapping and terms:
as many as the currency has, or more.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.terms.loading import Located
from loanbook.terms.rows import read_rows

SHIPPED = Path(__file__).parent / "currencies" / "iso_4217.csv"
EXPECTED = "an ISO 4217 code, e.g. CNY"
_COLUMNS = ("currency", "minor_units", "name", "replaced_in", "also")
_MINOR_UNITS = ("0", "1", "2", "3", "4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """One currency.

    minor_units   decimals: 2 where money is counted in hundredths
    replaced_in   the year in which another took its place; 0: it is in use
    also          what is written for it and is no code
    """

    code: str
    minor_units: int
    name: str
    replaced_in: int
    also: tuple[str, ...]


@functools.cache
def currencies() -> Mapping[str, Currency]:
    """All currencies by code; raises TermsError with ``path:line:``."""
    return {
        row.text("currency"): Currency(
            code=row.text("currency"),
            minor_units=int(row.choice("minor_units", _MINOR_UNITS)),
            name=row.text("name"),
            replaced_in=int(row.cells["replaced_in"] or 0),
            also=row.several("also"),
        )
        for row in read_rows(SHIPPED, _COLUMNS)
    }


def coarse(code: str, decimals: int) -> str:
    """What is wrong with counting a currency in so many decimals: fewer than it has. More are no fault: a tape may be finer."""
    least = currencies()[code].minor_units
    return f"decimals must be {least} or more for {code}; got {decimals}. Write decimals: {least}." if decimals < least else ""


def meant(code: str) -> str:
    """The currency that is meant by what is no code: written small, or by a usual name; empty where none is."""
    word = code.strip().upper()
    found = [each.code for each in currencies().values() if word == each.code or word in each.also]
    return found[0] if found else ""


def unknown(code: str) -> str:
    """What is wrong with a code, as the end of a sentence; empty where it is a currency."""
    if code in currencies():
        return ""
    hint = meant(code)
    return f"{EXPECTED}; got {code!r}.{f' Write {hint}.' if hint else ''}"


def checked(code: str, what: str) -> str:
    """The code; raises RequestError where it is no currency, `what` being its name there."""
    wrong = unknown(code)
    if wrong:
        raise RequestError(f"{what} must be {wrong}")
    return code


def currency_of(item: Located, what: str = "currency") -> str:
    """The currency that a terms file says; raises TermsError with ``path:line:``."""
    wrong = unknown(item.text(what))
    if wrong:
        raise item.wrong(f"{what} must be {wrong}")
    return item.text(what)
