"""The account kernel over many loans of one number of instalments: what the close does for irregular loans, for timing alone."""

from dataclasses import dataclass

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.account import fill_contract_schedule, scratch
from loanbook.loans.booking import book
from loanbook.loans.facts import Fact
from loanbook.terms.contract import Field
from loanbook.units import NEVER, Ints

_ON = int(Fact.ON)
_KIND = int(Fact.KIND)
_AMOUNT = int(Fact.AMOUNT)
_DETAIL = int(Fact.DETAIL)
_RECORDED_ON = int(Fact.RECORDED_ON)
_COUNT = int(Field.COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """rows (loans, instalments, len(Row)) int64 of each loan's account."""

    rows: Ints


@kernel
def _book_all(
    contracts: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    facts: Ints,
    fact: Ints,
    schedule: Ints,
    rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    rate_fraction: Ints,
    totals: Ints,
    booked: Ints,
) -> None:
    no_calendar = np.zeros(0, np.bool_)
    for loan in range(contracts.shape[0]):
        contract = contracts[loan]
        count = 0
        for number in range(facts.shape[1]):
            if facts[loan, number, 2] > 0:
                fact[count, _KIND] = facts[loan, number, 0]
                fact[count, _ON] = facts[loan, number, 1]
                fact[count, _AMOUNT] = facts[loan, number, 2]
                fact[count, _DETAIL] = 0
                fact[count, _RECORDED_ON] = facts[loan, number, 1]
                count += 1
        schedule_rows, regular = fill_contract_schedule(
            contract, principal_fen[loan], disbursed_on[loan], NEVER, 0, no_calendar, 0, schedule, rate_fraction
        )
        book(
            contract,
            principal_fen[loan],
            disbursed_on[loan],
            schedule,
            schedule_rows,
            regular,
            fact,
            count,
            NEVER,
            NEVER,
            rows,
            pieces,
            plan,
            ledger,
            resets,
            aux,
            rate_fraction,
            totals,
        )
        booked[loan, :, :] = rows[: booked.shape[1]]


def book_all(contracts: Ints, principal_fen: Ints, disbursed_on: Ints, facts: Ints) -> Booked:
    """Accounts of many loans; facts (loans, payments, 3) int64: kind, day, amount (0 for none), ascending by day."""
    count = int(contracts[0, _COUNT])
    room = scratch(count, facts.shape[1])
    rows = np.empty((contracts.shape[0], count, room.rows.shape[1]), np.int64)
    _book_all(
        contracts,
        principal_fen,
        disbursed_on,
        facts,
        np.zeros((facts.shape[1], len(Fact)), np.int64),
        room.schedule,
        room.rows,
        room.pieces,
        room.plan,
        room.ledger,
        room.resets,
        room.aux,
        room.rate_fraction,
        room.totals,
        rows,
    )
    return Booked(rows=rows)
