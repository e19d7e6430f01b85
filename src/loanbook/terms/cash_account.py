"""Terms of the accounts that our cash lies in: whose statements come, in what form, and which bookings they should show."""

from dataclasses import dataclass
from enum import StrEnum

from loanbook.errors import RequestError
from loanbook.units import date


class Carried(StrEnum):
    """What we book and an account's statement should show."""

    PAYMENT = "payment"
    """Money from a borrower: in."""
    RETURN = "return"
    """A payment that bounced: out."""
    REFUND = "refund"
    """Money that found nothing to pay and went back to the borrower: out."""
    DISBURSEMENT = "disbursement"
    """A loan paid out: out."""
    MERCHANT_RETURN = "merchant_return"
    """What a merchant gave back for a purchase that was returned: in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementColumns:
    """What an account's statements call their columns; loan_id is empty where they have none."""

    reference: str
    booked_on: str
    amount: str
    loan_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAccount:
    """One dated version of an account's terms.

    carries      bookings that go through it; on any day each kind goes through one account at most
    match_days   a line without a known reference is matched by amount to the only booking so many days around it
    """

    code: str
    title: str
    place: str
    hash: str
    source: str
    effective_from: int
    currency: str
    decimals: int
    carries: tuple[Carried, ...]
    match_days: int
    columns: StatementColumns


def account_in_force(versions: tuple[CashAccount, ...], code: str, on: int) -> CashAccount:
    """The version of an account's terms in force on a day.

    raises   RequestError when there is no such account, or none that early
    """
    named = [each for each in versions if each.code == code]
    current = [each for each in named if each.effective_from <= on]
    if current:
        return max(current, key=lambda each: each.effective_from)
    if named:
        first = min(each.effective_from for each in named)
        raise RequestError(f"account {code} has no terms on {date(on)}; the first version starts on {date(first)}.")
    known = ", ".join(sorted({each.code for each in versions})) or "none"
    raise RequestError(f"there is no cash account {code!r}. Known: {known}.")
