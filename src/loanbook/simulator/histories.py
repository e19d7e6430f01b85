"""Lives as batches: regular loans by days late, irregular ones by the facts that a servicer would have sent."""

from dataclasses import dataclass

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.batches import CompactBatch, IrregularBatch
from loanbook.loans.compact import payoff_interest
from loanbook.loans.facts import FactKind
from loanbook.loans.schedule import fill_schedule
from loanbook.simulator.behaviour import Lives
from loanbook.simulator.draws import Stream, chance
from loanbook.simulator.scenario import Scenario, Trait
from loanbook.terms.contract import Field
from loanbook.units import NEVER, Ints, rate

_COUNT = int(Field.COUNT)
_DISBURSEMENT = int(FactKind.DISBURSEMENT)
_RATE = int(FactKind.RATE)
_PAYMENT = int(FactKind.PAYMENT)
_PAYOFF = int(FactKind.PAYOFF)
_RECOVERY = int(FactKind.RECOVERY)
_CHARGE_OFF = int(FactKind.CHARGE_OFF)
_CANCELLATION = int(FactKind.CANCELLATION)
_REVERSAL = int(FactKind.REVERSAL)
_TIMING = int(Stream.TIMING)
_RECOVERED = int(Stream.RECOVERY)
_PARTIAL = int(Trait.PARTIAL)
_BOUNCED = int(Trait.BOUNCED)
_LATE_RECORDED = int(Trait.LATE_RECORDED)
_REPRICED = int(Trait.REPRICED)
_RATE_ANNUAL = int(Field.RATE_ANNUAL)

BOUNCE_DAYS = 2
"""A direct debit comes back this many days later."""
LAG_DAYS = (2, 40)
"""A payment recorded late is recorded this many days after it happened."""
RECOVERY_DAYS = (10, 120)
RATE_CUT = rate("0.012")
_MOST_RECOVERIES = 3
_SPARE = 4 + _MOST_RECOVERIES
"""Facts a loan can have beyond one a paid instalment: its disbursement, a part or a bounce and its return, an end, recoveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Loans as they were drawn, in the order of a batch; columns as in `batches.Head`."""

    loan_no: Ints
    class_no: Ints
    principal_fen: Ints
    disbursed_on: Ints
    ordinal: Ints

    def take(self, chosen: Ints) -> "Heads":
        """The loans at some positions, or where a mask is true."""
        return Heads(
            loan_no=self.loan_no[chosen],
            class_no=self.class_no[chosen],
            principal_fen=self.principal_fen[chosen],
            disbursed_on=self.disbursed_on[chosen],
            ordinal=self.ordinal[chosen],
        )


@kernel
def _append(
    at: int,
    kind: int,
    on: int,
    recorded_on: int,
    amount: int,
    detail: int,
    kinds: Ints,
    ons: Ints,
    recorded: Ints,
    sums: Ints,
    rest: Ints,
) -> int:
    kinds[at], ons[at], recorded[at], sums[at], rest[at] = kind, on, recorded_on, amount, detail
    return at + 1


@kernel
def _facts_of_all(
    seed: int,
    keys: Ints,
    chosen: Ints,
    contracts: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    horizon: int,
    recover: float,
    recover_part: float,
    life_offsets: Ints,
    late: Ints,
    paid: Ints,
    settled_on: Ints,
    charged_off_on: Ints,
    cancelled_on: Ints,
    trait: Ints,
    trait_at: Ints,
    fact_offsets: Ints,
    kinds: Ints,
    ons: Ints,
    recorded: Ints,
    sums: Ints,
    rest: Ints,
) -> None:
    most = 1 + contracts[:, _COUNT].max()
    due_on, principal, interest = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    new_due_on = np.empty(most, np.int64)
    no_calendar = np.zeros(0, np.bool_)
    at = 0
    for number in range(chosen.size):
        loan = chosen[number]
        key = keys[loan]
        contract = contracts[class_no[loan]]
        fill_schedule(contract, principal_fen[loan], disbursed_on[loan], NEVER, 0, no_calendar, 0, due_on, principal, interest)
        start = at
        owed = principal_fen[loan]
        day = disbursed_on[loan]
        at = _append(at, _DISBURSEMENT, day, day, owed, 0, kinds, ons, recorded, sums, rest)
        for row in range(paid[loan]):
            amount = principal[row] + interest[row]
            on = due_on[row] + late[life_offsets[loan] + row]
            owed -= principal[row]
            known = on
            if row == trait_at[loan]:
                if trait[loan] == _PARTIAL:
                    part = max(int(amount * (0.2 + 0.6 * chance(seed, _TIMING, key, 2))), 1)
                    before = due_on[row] + int(chance(seed, _TIMING, key, 3) * (on - due_on[row]))
                    at = _append(at, _PAYMENT, before, before, part, 0, kinds, ons, recorded, sums, rest)
                    amount -= part
                elif trait[loan] == _BOUNCED:
                    tried = due_on[row]
                    back = tried + BOUNCE_DAYS
                    at = _append(at, _PAYMENT, tried, tried, amount, 0, kinds, ons, recorded, sums, rest)
                    at = _append(at, _REVERSAL, back, back, 0, at - 1 - start, kinds, ons, recorded, sums, rest)
                elif trait[loan] == _LATE_RECORDED:
                    lag = LAG_DAYS[0] + int(chance(seed, _TIMING, key, 4) * (LAG_DAYS[1] - LAG_DAYS[0] + 1))
                    known = min(on + lag, horizon)
                elif trait[loan] == _REPRICED:
                    lower = contract.copy()
                    lower[_RATE_ANNUAL] -= RATE_CUT
                    lower[_COUNT] -= row + 1
                    at = _append(at, _RATE, on, on, lower[_RATE_ANNUAL], 0, kinds, ons, recorded, sums, rest)
                    # Twelfths of a year do not depend on the days, so the rest is a schedule of its own; its dates stay.
                    fill_schedule(
                        lower, owed, on, NEVER, 0, no_calendar, 0, new_due_on, principal[row + 1 :], interest[row + 1 :]
                    )
            at = _append(at, _PAYMENT, on, known, amount, 0, kinds, ons, recorded, sums, rest)
        if cancelled_on[loan] != NEVER:
            on = cancelled_on[loan]
            at = _append(at, _CANCELLATION, on, on, 0, 0, kinds, ons, recorded, sums, rest)
        if settled_on[loan] != NEVER:
            on = settled_on[loan]
            row = paid[loan]
            start_on = disbursed_on[loan] if row == 0 else due_on[row - 1]
            amount = owed + payoff_interest(contract, owed, start_on, due_on[row], row, interest[row], on)
            at = _append(at, _PAYOFF, on, on, amount, 0, kinds, ons, recorded, sums, rest)
        if charged_off_on[loan] != NEVER:
            on = charged_off_on[loan]
            at = _append(at, _CHARGE_OFF, on, on, 0, 0, kinds, ons, recorded, sums, rest)
            if chance(seed, _RECOVERED, key, 0) < recover:
                for time in range(1 + int(chance(seed, _RECOVERED, key, 1) * _MOST_RECOVERIES)):
                    span = RECOVERY_DAYS[1] - RECOVERY_DAYS[0]
                    on += RECOVERY_DAYS[0] + int(chance(seed, _RECOVERED, key, 2 + 2 * time) * span)
                    amount = int(owed * recover_part / _MOST_RECOVERIES * chance(seed, _RECOVERED, key, 3 + 2 * time))
                    if on <= horizon and amount > 0:
                        at = _append(at, _RECOVERY, on, on, amount, 0, kinds, ons, recorded, sums, rest)
        fact_offsets[number + 1] = at


def is_irregular(lives: Lives) -> Ints:
    """Which loans carry their facts, (loans,) bool."""
    return np.asarray((lives.trait > 0) | (lives.charged_off_on != NEVER))


def compact_batch(heads: Heads, lives: Lives, chosen: Ints) -> CompactBatch:
    """The loans at `chosen` positions as days late and settlement."""
    some = heads.take(chosen)
    loans = chosen.size
    paid = lives.paid[chosen].astype(np.int64)
    late_offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(paid)])
    place = np.repeat(lives.offsets[chosen] - late_offsets[:-1], paid) + np.arange(late_offsets[-1])
    return CompactBatch(
        loan_no=some.loan_no,
        class_no=some.class_no,
        principal_fen=some.principal_fen,
        disbursed_on=some.disbursed_on,
        first_due_on=np.full(loans, NEVER, np.int32),
        installment_fen=np.zeros(loans, np.int64),
        ordinal=some.ordinal,
        settled_on=lives.settled_on[chosen],
        late_offsets=late_offsets,
        late_days=lives.late[place],
    )


def irregular_batch(
    scenario: Scenario, seed: int, *, keys: Ints, contracts: Ints, heads: Heads, lives: Lives, chosen: Ints, horizon: int
) -> IrregularBatch:
    """The loans at `chosen` positions (int64) as dated facts, in the order of their days.

    keys   (loans,) int64 the key under which each loan of `heads` has lived (`behaviour.live`)
    """
    room = int(lives.paid[chosen].sum()) + _SPARE * chosen.size
    kinds, ons, recorded = np.empty(room, np.int8), np.empty(room, np.int32), np.empty(room, np.int32)
    sums, rest = np.empty(room, np.int64), np.empty(room, np.int64)
    offsets = np.zeros(chosen.size + 1, np.int64)
    _facts_of_all(
        seed,
        keys,
        chosen,
        contracts,
        heads.class_no,
        heads.principal_fen,
        heads.disbursed_on,
        horizon,
        scenario.hazards.recover,
        scenario.hazards.recover_part,
        lives.offsets,
        lives.late,
        lives.paid,
        lives.settled_on,
        lives.charged_off_on,
        lives.cancelled_on,
        lives.trait,
        lives.trait_at,
        offsets,
        kinds,
        ons,
        recorded,
        sums,
        rest,
    )
    some, loans, facts = heads.take(chosen), chosen.size, offsets[-1]
    return IrregularBatch(
        loan_no=some.loan_no,
        class_no=some.class_no,
        principal_fen=some.principal_fen,
        disbursed_on=some.disbursed_on,
        first_due_on=np.full(loans, NEVER, np.int32),
        installment_fen=np.zeros(loans, np.int64),
        ordinal=some.ordinal,
        fact_offsets=offsets,
        fact_kind=kinds[:facts],
        fact_on=ons[:facts],
        fact_recorded_on=recorded[:facts],
        fact_amount=sums[:facts],
        fact_detail=rest[:facts],
        listed_offsets=np.zeros(loans + 1, np.int64),
        listed_due_on=np.zeros(0, np.int32),
        listed_principal=np.zeros(0, np.int64),
        listed_interest=np.zeros(0, np.int64),
        listed_fee=np.zeros(0, np.int64),
    )
