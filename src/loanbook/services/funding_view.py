"""Who funds a loan, who bears its loss, and what each has received of it so far."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from loanbook.funding.claims import claim_parts, on_claims, shares_of_claim, staying_shares
from loanbook.funding.shares import PAID, Paid, split, stage_shares
from loanbook.loans.facts import Row as Due
from loanbook.loans.facts import Total
from loanbook.services.caller import Caller, Refusal
from loanbook.services.clock import ZONE
from loanbook.services.paying import online_account
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given
from loanbook.stores.online.day_book import claims_taken_over
from loanbook.stores.online.day_knowledge import booked_before
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.schema import LOAN
from loanbook.stores.online.unit import Row, Unit
from loanbook.stores.online.vehicle_book import handed_on
from loanbook.terms.mandate import Component, Mandate, Stage
from loanbook.units import Ints

_PERCENT = 10_000
"""Millionths in a hundredth."""


class HolderView(Given, kw_only=True):
    """A vehicle's part of a loan: percent of each component as shares stand now, and money so far in minor units.

    consolidated   whether what it earns and loses is the platform's
    lent_fen       its part of the principal when the loan was made
    recovered_fen  its part of what came after the loan was charged off
    passed_to      who has its part now, where it was sold or sold back: what borrowers pay is theirs since then
    """

    vehicle: str
    passed_to: str | None
    consolidated: bool
    principal_percent: str
    interest_percent: str
    fee_percent: str
    loss_percent: str
    lent_fen: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    recovered_fen: int


class FundingView(Given, kw_only=True):
    """The funding of a loan as of today; interest up to the coupon, what the borrower pays above it is the fee.

    compensated_fen   what the guarantor paid for the claim, of `claim_fen` that the lender was owed: the claim passed in that
                      part, 0 and 0 where it did not
    """

    loan_id: str
    mandate: str
    model: str
    stage: str
    compensated_on: dt.date | None
    compensated_fen: int
    claim_fen: int
    holders: tuple[HolderView, ...]


def funding_read(terms: PlatformTerms) -> Read:
    """The read."""

    def find(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> FundingView | Refusal:
        loan = unit.read(LOAN, [id_]).get(id_)
        if loan is None or not is_own(caller, loan):
            return none_such("loan", id_)
        if loan["mandate_hash"] is None:
            detail = f"loan {id_} is {loan['state']}; nobody funds it."
            return Refusal(status=409, rule="not_funded", detail=detail, figures={"state": loan["state"]})
        return _funding(terms, unit, loan)

    return Read(
        name="funding",
        text="Who funds a loan and what each has received of it",
        by="loan_id",
        answer=FundingView,
        roles=STAFF | {"partner"},
        find=find,
    )


def _funding(terms: PlatformTerms, unit: Unit, loan: Row) -> FundingView:
    mandate = terms.mandate_by_hash(loan["mandate_hash"])
    claims = claims_taken_over(unit.connection, [loan["loan_id"]])
    claim = claims[-1] if claims else None
    origin = stage_shares(mandate, Stage.ORIGINATION)
    if claim is not None:
        now = shares_of_claim(mandate, claim["paid_fen"], claim["claim_fen"])
    else:
        now = staying_shares(mandate) if loan["state"] == "charged_off" else origin
    lent = split(np.zeros(1, np.int64), np.array([loan["principal_fen"]]), origin[Component.PRINCIPAL])[0]
    parts = _received(terms, unit, loan, mandate, claims)
    return FundingView(
        loan_id=loan["loan_id"],
        mandate=mandate.code,
        model=mandate.model,
        stage=str(Stage.ORIGINATION if claim is None else Stage.COMPENSATION),
        compensated_on=claims[0]["on_day"] if claims else None,
        compensated_fen=claim["paid_fen"] if claim else 0,
        claim_fen=claim["claim_fen"] if claim else 0,
        holders=tuple(
            HolderView(
                vehicle=holder.vehicle,
                passed_to=_passed_to(unit, loan["loan_id"], holder.vehicle),
                consolidated=holder.consolidated,
                principal_percent=_percent(now[Component.PRINCIPAL, place]),
                interest_percent=_percent(now[Component.INTEREST, place]),
                fee_percent=_percent(now[Component.FEE, place]),
                loss_percent=_percent(now[Component.LOSS, place]),
                lent_fen=int(lent[place]),
                principal_fen=int(parts[Component.PRINCIPAL, place]),
                interest_fen=int(parts[Component.INTEREST, place]),
                fee_fen=int(parts[Component.FEE, place]),
                recovered_fen=int(parts[Component.LOSS, place]),
            )
            for place, holder in enumerate(mandate.holders)
        ),
    )


def _passed_to(unit: Unit, loan_id: str, vehicle: str) -> str | None:
    now = vehicle
    for found in handed_on(unit.connection, [loan_id], unit.today):
        now = next((row["payer"] for row in found if row["seller"] == now), now)
    return None if now == vehicle else now


def _received(terms: PlatformTerms, unit: Unit, loan: Row, mandate: Mandate, claims: Sequence[Row]) -> Ints:
    """What borrowers' money came to for each holder, (components, vehicles): by the shares that held when it came."""
    if loan["state"] == "cancelled" or loan["disbursed_on"] is None:
        return np.zeros((len(Component), len(mandate.vehicles)), np.int64)
    rate = np.array([loan["rate_annual"]], np.int64)
    payments = payments_of(unit.connection, [loan["loan_id"]])[loan["loan_id"]]
    paid = _paid(terms, loan, payments, unit.today)
    marks = np.zeros((len(claims), *paid.shape), np.int64)
    for step, claim in enumerate(claims):
        # As money is divided: by the day that booked it.
        ends = dt.datetime.combine(claim["on_day"] + dt.timedelta(days=1), dt.time(), ZONE)
        known = booked_before(unit.connection, loan["loan_id"], ends)
        marks[step] = _paid(terms, loan, [row for row in payments if row["payment_id"] in known], unit.today)
    sums = np.array([[[claim["paid_fen"]], [claim["claim_fen"]]] for claim in claims], np.int64).reshape(len(claims), 2, 1)
    stays, goes = claim_parts(mandate, rate, paid, on_claims(paid, marks, sums[:, 0], sums[:, 1]))
    both: Ints = stays[0] + goes[0]
    return both


def _paid(terms: PlatformTerms, loan: Row, payments: list[Row], as_of: dt.date) -> Ints:
    account = online_account(terms, loan, payments, as_of)
    rows = account.rows
    paid = np.zeros((1, PAID), np.int64)
    paid[0, Paid.PRINCIPAL] = rows[:, Due.PAID_PRINCIPAL].sum()
    paid[0, Paid.INTEREST] = rows[:, Due.PAID_INTEREST].sum()
    paid[0, Paid.FEE] = rows[:, [Due.PAID_FEE, Due.PAID_PENALTY]].sum()
    paid[0, Paid.LOSS] = max(account.total(Total.RECOVERED), 0)
    return paid


def _percent(share_ppm: int) -> str:
    whole, rest = divmod(int(share_ppm), _PERCENT)
    return f"{whole}.{rest:04d}"
