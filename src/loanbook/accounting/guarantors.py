"""Who stands behind a partner's loans: our own guarantor, or somebody else's with a deposit of ours and a claim on us.

A third-party guarantor pays the lender first and claims it back (back-to-back), first out of the deposit that it holds. The loss
is the platform's either way, so stand-ready and contingent liability are on its books; what differs is who pays whom.
"""

from dataclasses import dataclass
from enum import StrEnum

from loanbook.errors import RequestError, StateError


class Party(StrEnum):
    """A side of a transfer."""

    LENDER = "lender"
    GUARANTOR = "guarantor"
    PLATFORM = "platform"
    """Our companies, one reporting entity: our own guarantor is among them."""


class OnBooks(StrEnum):
    """What a transfer moves on the platform's consolidated books, against cash."""

    NOTHING = "nothing"
    """Between others: a memorandum."""
    CONTINGENT_LIABILITY = "contingent_liability"
    """A payout: it uses the liability up."""
    SECURITY_DEPOSIT = "security_deposit"
    """Paid in: an asset, and no loss."""
    CONTINGENT_LIABILITY_BY_DEPOSIT = "contingent_liability_by_deposit"
    """A payout without cash: the deposit is used up with the liability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Who guarantees loans that are compensated from a day on.

    own            the guarantor is one of our consolidated companies
    recourse       it claims from us what it paid; without recourse the loss is its own and no liability is ours
    deposit_fen    what it holds of ours; floor_fen  below it, it is filled up to `deposit_fen` at the day's end
    """

    effective_from: int
    guarantor: str
    own: bool
    recourse: bool = True
    deposit_fen: int = 0
    floor_fen: int = 0

    def __post_init__(self) -> None:
        if self.own and self.deposit_fen:
            raise RequestError(f"{self.guarantor} is our own company: a deposit with it is eliminated. Write deposit_fen=0.")
        if not 0 <= self.floor_fen <= self.deposit_fen:
            raise RequestError(
                f"{self.guarantor}: the deposit's floor, {self.floor_fen:,}, must lie between 0 and its {self.deposit_fen:,}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that one party gives another because of a claim."""

    payer: Party
    payee: Party
    amount_fen: int
    on_books: OnBooks


def transfers(cover: Cover, claim_fen: int, deposit_fen: int) -> tuple[Transfer, ...]:
    """Who pays whom for one claim, in order; amounts of 0 are left out.

    deposit_fen   what the guarantor holds of ours before the claim
    raises        StateError for a negative amount
    """
    if claim_fen < 0 or deposit_fen < 0:
        raise StateError(f"a claim of {claim_fen:,} against a deposit of {deposit_fen:,}: neither can be negative.")
    if cover.own:
        found = [Transfer(payer=Party.PLATFORM, payee=Party.LENDER, amount_fen=claim_fen, on_books=OnBooks.CONTINGENT_LIABILITY)]
    else:
        found = [Transfer(payer=Party.GUARANTOR, payee=Party.LENDER, amount_fen=claim_fen, on_books=OnBooks.NOTHING)]
    if not cover.own and cover.recourse:
        used = min(claim_fen, deposit_fen)
        left = deposit_fen - used
        filled = cover.deposit_fen - left if left < cover.floor_fen else 0
        for amount, books in (
            (used, OnBooks.CONTINGENT_LIABILITY_BY_DEPOSIT),
            (claim_fen - used, OnBooks.CONTINGENT_LIABILITY),
            (filled, OnBooks.SECURITY_DEPOSIT),
        ):
            found.append(Transfer(payer=Party.PLATFORM, payee=Party.GUARANTOR, amount_fen=amount, on_books=books))
    return tuple(each for each in found if each.amount_fen)
