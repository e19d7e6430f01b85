"""A vehicle's payment date: what it received and holds, paid out in the order of its terms.

A pure function on Python integers: a vehicle has some twenty steps a month, so nothing here needs a kernel.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError, TieError
from loanbook.funding.pro_rata import pro_rata
from loanbook.funding.vehicle_state import Ratio, VehicleState, breached_triggers, check_state, phase_on
from loanbook.loans.daycount import year_fraction
from loanbook.terms.product import PPM
from loanbook.terms.vehicle import Effect, Pay, Phase, Received, Seniority, Step, Vehicle
from loanbook.units import HALF_UP, INTEREST_SCALE, Ints, mul_div

_CARRIED = (Pay.FEE, Pay.INTEREST, Pay.DEFAULT_COVER)
"""Claims whose unpaid part is due again on the next date. Principal stays outstanding, the reserve's target is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one step asked for and got.

    step            1 for the first step of the waterfall in the terms
    of              fee or tranche; "" where the step has one claim only
    shortfall_fen   missed: fees, interest, default cover and reserve whenever unpaid; principal from the tranche's final day on
    """

    step: int
    pay: Pay
    of: str
    due_fen: int
    paid_fen: int
    shortfall_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Cash that left an account, in order: to somebody (`payee`), or into another account of the vehicle (`into`)."""

    step: int
    pay: Pay
    of: str
    account: str
    payee: str
    into: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One payment date: the phase it was paid in, breached triggers, claims and payments in order, and the state after."""

    vehicle: str
    on: int
    phase: Phase
    breached: tuple[str, ...]
    claims: tuple[Claim, ...]
    payments: tuple[Payment, ...]
    after: VehicleState


def collected(kind: Ints, amount_fen: Ints) -> dict[Received, int]:
    """Collections of a period summed by what they were paid for; their order does not matter.

    kind         (rows,) int, `Received`
    amount_fen   (rows,) int64; negative for one taken back
    raises       RequestError for an unknown kind, or a kind of which more was taken back than came in
    """
    kinds = np.asarray(kind, np.int64)
    if kinds.size and not 0 <= int(kinds.min()) <= int(kinds.max()) < len(Received):
        raise RequestError(f"there is no kind of collection outside 0 to {len(Received) - 1}.")
    sums = np.zeros(len(Received), np.int64)
    np.add.at(sums, kinds, np.asarray(amount_fen, np.int64))
    if (sums < 0).any():
        worst = Received(int(sums.argmin()))
        raise RequestError(
            f"collections of {worst.name.lower()} sum to {int(sums[worst])} fen; a period cannot receive less than 0."
        )
    return {received: int(sums[received]) for received in Received}


def reserve_target(vehicle: Vehicle, tranches_fen: Mapping[str, int]) -> int:
    """The reserve's target: its share of the tranches that are not subordinated, at least its floor; 0 once these are repaid."""
    rated = sum(tranches_fen[each.name] for each in vehicle.tranches if each.seniority is not Seniority.SUBORDINATED)
    if vehicle.reserve is None or rated == 0:
        return 0
    return max(int(mul_div(rated, vehicle.reserve.share_ppm, PPM, HALF_UP)), vehicle.reserve.least_fen)


class _Run:
    """One payment date under way: cash and tranches as they change from step to step."""

    def __init__(self, vehicle: Vehicle, state: VehicleState, on: int, phase: Phase) -> None:
        self.vehicle, self.on, self.phase = vehicle, on, phase
        self.cash = dict(state.accounts_fen)
        self.tranches = dict(state.tranches_fen)
        self.claims: list[Claim] = []
        self.payments: list[Payment] = []
        self.unpaid: dict[str, int] = {}
        self.number = {id(step): place for place, step in enumerate(vehicle.waterfall, 1)}

    def pay(self, step: Step, dues: list[int], accounts: tuple[str, ...]) -> None:
        """Pay one step's claims as far as the accounts reach, in proportion to what each is due."""
        names = step.of or ("",)
        paid = pro_rata(min(sum(dues), sum(self.cash[account] for account in accounts)), dues)
        sources = list(accounts)
        for name, due, amount in zip(names, dues, paid, strict=True):
            self._claim(step, name, due, amount)
            left = amount
            while left:
                account = sources[0]
                drawn = min(left, self.cash[account])
                if drawn:
                    self._move(step, name, account, drawn)
                    left -= drawn
                else:
                    sources.pop(0)

    def _claim(self, step: Step, name: str, due: int, paid: int) -> None:
        short = due - paid
        if step.pay is Pay.PRINCIPAL:
            self.tranches[name] -= paid
            final = next(each.final_on for each in self.vehicle.tranches if each.name == name)
            short = short if final is not None and self.on >= final else 0
        elif step.pay in (Pay.REINVESTMENT, Pay.RELEASE, Pay.RESIDUAL):
            short = 0
        if step.pay in _CARRIED and short:
            self.unpaid[claim_name(step.pay, name)] = short
        self.claims.append(
            Claim(step=self.number[id(step)], pay=step.pay, of=name, due_fen=due, paid_fen=paid, shortfall_fen=short)
        )

    def _move(self, step: Step, name: str, account: str, amount: int) -> None:
        self.cash[account] -= amount
        if step.into:
            self.cash[step.into] += amount
        self.payments.append(
            Payment(
                step=self.number[id(step)],
                pay=step.pay,
                of=name,
                account=account,
                payee=_payee(self.vehicle, step, name),
                into=step.into,
                amount_fen=amount,
            )
        )

    def pay_residual(self, step: Step) -> None:
        """Pay what is left once all fees and interest are paid; while a tranche is outstanding nothing of what repays it."""
        if any(claim.shortfall_fen for claim in self.claims if claim.pay in (Pay.FEE, Pay.INTEREST)):
            return
        kept: set[str] = set()
        if any(self.tranches.values()):
            kept = {account for each in self.vehicle.steps(self.phase) if each.pay is Pay.PRINCIPAL for account in each.sources}
            kept.add(self.vehicle.receives[Received.PRINCIPAL])
        free = tuple(account for account in step.sources if account not in kept)
        self.pay(step, [sum(self.cash[account] for account in free)], free)


def claim_name(pay: Pay, of: str) -> str:
    """The name of a claim in `VehicleState.unpaid_fen`: "interest of senior", "default_cover"."""
    return f"{pay.value} of {of}" if of else pay.value


def _payee(vehicle: Vehicle, step: Step, name: str) -> str:
    if step.pay is Pay.FEE:
        return next(fee.payee for fee in vehicle.fees if fee.name == name)
    if step.pay in (Pay.INTEREST, Pay.PRINCIPAL):
        return next(tranche.holder for tranche in vehicle.tranches if tranche.name == name)
    return step.payee


def _newly_due(vehicle: Vehicle, state: VehicleState, on: int, defaulted_fen: int) -> dict[str, int]:
    """What the period since the last date adds to each carried claim."""
    fraction = int(year_fraction(state.paid_to, on, int(vehicle.day_count)))
    rule = int(vehicle.rounding)

    def earned(base_fen: int, rate_annual: int) -> int:
        return int(mul_div(base_fen, rate_annual * fraction, INTEREST_SCALE, rule))

    whole = sum(state.tranches_fen.values())
    due = {claim_name(Pay.FEE, fee.name): fee.amount_fen + earned(whole, fee.rate_annual) for fee in vehicle.fees}
    for tranche in vehicle.tranches:
        due[claim_name(Pay.INTEREST, tranche.name)] = earned(state.tranches_fen[tranche.name], tranche.rate_annual)
    if any(step.pay is Pay.DEFAULT_COVER for step in vehicle.waterfall):
        due[claim_name(Pay.DEFAULT_COVER, "")] = defaulted_fen
    return due


def run_waterfall(
    vehicle: Vehicle,
    state: VehicleState,
    received_fen: Mapping[Received, int],
    *,
    ratios: Mapping[str, Ratio],
    on: int,
    offered_fen: int = 0,
    defaulted_fen: int = 0,
) -> Distribution:
    """Pay a vehicle's cash out on a payment date.

    state           before the collections of the period
    received_fen    collections of the period by kind (`collected`), minor units
    ratios          measures that triggers watch, by name: numerator, denominator
    offered_fen     price of the new loans offered while revolving
    defaulted_fen   principal of the loans that defaulted in the period, to be made good out of income
    returns         ordered claims and payments, and the state after: accounts before + received = paid out + accounts after
    raises          RequestError: a vehicle without a waterfall, a negative amount, a ratio not given;
                    StateError: the day is paid already; TieError: cash was not conserved
    rounding        the vehicle's rule, once for each fee and each tranche's interest; a split by largest remainder
    source          terms of the vehicle; twin tests/reference/waterfall.py
    """
    if not vehicle.waterfall:
        raise RequestError(f"{vehicle.code} has no waterfall. Write one in its terms.")
    check_state(vehicle, state, on)
    if min([offered_fen, defaulted_fen, *received_fen.values()]) < 0:
        raise RequestError(f"a payment date of {vehicle.code} cannot receive, be offered or lose a negative amount.")
    breached = breached_triggers(vehicle, state.breached, ratios)
    phase = phase_on(vehicle, breached, on)
    run = _Run(vehicle, state, on, phase)
    for received, amount in received_fen.items():
        run.cash[vehicle.receives[received]] += amount
    due = _newly_due(vehicle, state, on, defaulted_fen)
    for name, amount in state.unpaid_fen.items():
        due[name] += amount
    trapped = any(trigger.effect is Effect.TRAP for trigger in breached)
    # A claim without a step in this phase (default cover, once accelerated) stays due.
    run.unpaid = {name: amount for name, amount in due.items() if amount}
    for step in vehicle.steps(phase):
        if step.pay in _CARRIED:
            names = step.of or ("",)
            for name in names:
                run.unpaid.pop(claim_name(step.pay, name), None)
            run.pay(step, [due[claim_name(step.pay, name)] for name in names], step.sources)
        elif step.pay is Pay.PRINCIPAL:
            run.pay(step, [run.tranches[name] for name in step.of], step.sources)
        elif step.pay is Pay.REINVESTMENT:
            run.pay(step, [offered_fen], step.sources)
        elif step.pay is Pay.RESIDUAL:
            if not trapped:
                run.pay_residual(step)
        else:
            gap = reserve_target(vehicle, run.tranches) - run.cash[step.into if step.pay is Pay.RESERVE else step.sources[0]]
            run.pay(step, [max(gap if step.pay is Pay.RESERVE else -gap, 0)], step.sources)
    after = VehicleState(
        vehicle=vehicle.code,
        paid_to=on,
        accounts_fen=run.cash,
        tranches_fen=run.tranches,
        unpaid_fen=run.unpaid,
        breached=tuple(trigger.name for trigger in breached if trigger.lasting),
    )
    distribution = Distribution(
        vehicle=vehicle.code,
        on=on,
        phase=phase,
        breached=tuple(trigger.name for trigger in breached),
        claims=tuple(run.claims),
        payments=tuple(run.payments),
        after=after,
    )
    check_conserved(vehicle, state, received_fen, distribution)
    return distribution


def check_conserved(
    vehicle: Vehicle, before: VehicleState, received_fen: Mapping[Received, int], distribution: Distribution
) -> None:
    """Every account: before + received + moved in = paid + moved out + after, to the fen, and none below 0.

    raises   TieError naming the account and the figures
    """
    cash = dict(before.accounts_fen)
    for received, amount in received_fen.items():
        cash[vehicle.receives[received]] += amount
    for payment in distribution.payments:
        cash[payment.account] -= payment.amount_fen
        if payment.into:
            cash[payment.into] += payment.amount_fen
    for account, expected in cash.items():
        found = distribution.after.accounts_fen[account]
        if found != expected or found < 0:
            raise TieError(
                f"account {account} of {vehicle.code} holds {found} fen after its payments; it should hold {expected}."
            )
