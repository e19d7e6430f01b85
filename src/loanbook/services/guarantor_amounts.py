"""Claims of third-party guarantors in a period, and what their deposits were used for."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.guarantor_claims import claim_postables, claimed_by_day, met
from loanbook.accounting.journal import POSTABLE
from loanbook.stores.ledger import Period
from loanbook.terms.entity import Bookings, Role
from loanbook.terms.guarantor import GuarantorTerms

FOLDER = "guarantors"
"""The folder of a book with the terms of its third-party guarantors."""
DEPOSIT = "1020"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuarantorAmounts:
    """Amounts to post, `journal.POSTABLE`, and findings in words."""

    amounts: pa.Table
    findings: tuple[str, ...]


def guarantor_amounts(
    guarantors: Sequence[GuarantorTerms],
    amounts: pa.Table,
    entries: pa.Table,
    earlier: Sequence[Period],
    bookings: Bookings,
    *,
    end: int,
    currency: str,
    close_run: str,
) -> GuarantorAmounts:
    """What guarantors claimed in a period.

    amounts   of the period's loans;  entries   of the period so far: deposits paid are among them
    earlier   the periods before: what is left of each deposit, on the books of the entity that fills the role of guarantor
    raises    RequestError when nobody fills that role
    """
    parts, findings = [POSTABLE.empty_table()], []
    for terms in guarantors:
        entity = bookings.entity(Role.GUARANTOR, model="capital_heavy", vehicle="", on=end)
        opening = sum(sum(_deposits(each.table("summed"), entity, terms.code).values()) for each in earlier)
        paid = _deposits(entries, entity, terms.code)
        claims = met(claimed_by_day(amounts, terms), paid, opening)
        parts.append(claim_postables(terms.code, claims, entity=entity, currency=currency, close_run=close_run))
        held = opening + sum(paid.values()) - sum(each.from_deposit_fen for each in claims)
        if held < terms.deposit_floor_fen:
            findings.append(
                f"{terms.code} holds a deposit of {currency} {units.format_money(held)} of {entity}, below the floor of "
                f"{units.format_money(terms.deposit_floor_fen)}. Pay in, and import deposit_paid with counterparty {terms.code}."
            )
    return GuarantorAmounts(amounts=pa.concat_tables(parts), findings=tuple(findings))


def _deposits(entries: pa.Table, entity: str, guarantor: str) -> dict[int, int]:
    """What went into a guarantor's deposit by day, debit less credit."""
    found: dict[int, int] = {}
    own = entries.filter(pc.and_(pc.equal(entries["entity"], entity), pc.equal(entries["counterparty"], guarantor)))
    for side, sign in (("debit", 1), ("credit", -1)):
        of = own.filter(pc.equal(own[side], DEPOSIT))
        for day, amount in zip(of["posted_on"].cast(pa.int32()).to_pylist(), of["amount_fen"].to_pylist(), strict=True):
            found[day] = found.get(day, 0) + sign * amount
    return found
