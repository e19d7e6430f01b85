"""Vehicles: who funds loans, bears their losses or keeps their cash, and the order in which a vehicle pays on its dates.

`vehicle_file` reads and checks them; `funding.waterfall` runs the order. A waterfall is a list of steps; what a breached trigger
changes is the phase, and each step says in which phases it holds. So one list is the whole contract, before and after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from loanbook.errors import RequestError
from loanbook.terms.conventions import DayCount, Shift
from loanbook.units import Rounding, date


class VehicleKind(StrEnum):
    """What a vehicle is."""

    MICRO_LENDER = "micro_lender"
    """Our own licensed lender."""
    TRUST = "trust"
    """A trust that lends; consolidated where the platform buys its overdue loans back."""
    ABS_PLAN = "abs_plan"
    """A securitisation of loans bought from us: tranches, a revolving period, then repayment."""
    GUARANTOR = "guarantor"
    """Our own licensed guarantee company."""
    THIRD_PARTY_GUARANTOR = "third_party_guarantor"
    """Somebody else's guarantee company; it pays first, and holds a deposit of ours."""
    PARTNER = "partner"
    """A bank or consumer-finance company that lends its own money."""
    PLATFORM = "platform"
    """Our own company that serves loans and earns fees; it lends and guarantees nothing."""


NO_LICENCE = "none"
LICENCES: Mapping[VehicleKind, str] = {
    VehicleKind.MICRO_LENDER: "lending",
    VehicleKind.TRUST: "lending",
    VehicleKind.ABS_PLAN: "lending",
    VehicleKind.PARTNER: "lending",
    VehicleKind.GUARANTOR: "guarantee",
    VehicleKind.THIRD_PARTY_GUARANTOR: "guarantee",
    VehicleKind.PLATFORM: NO_LICENCE,
}
"""What a kind of vehicle may do, as posting rules ask for it. A trust lends by its trustee's licence, a plan holds lent loans."""


class Received(IntEnum):
    """What cash that a vehicle receives was paid for; `receives` says into which account each goes."""

    PRINCIPAL = 0
    INTEREST = 1
    FEE = 2
    PENALTY = 3
    RECOVERY = 4
    """After charge-off."""
    BUY_BACK = 5
    """The price of overdue loans that were bought back."""
    COMPENSATION = 6
    """From a guarantor."""
    DEPOSIT = 7
    """Put in by an owner, e.g. the first filling of a reserve."""


class Phase(IntEnum):
    """Where a vehicle stands; a later phase is a stricter one."""

    REVOLVING = 0
    """Principal that comes back buys new loans."""
    AMORTISING = 1
    """Principal that comes back repays the tranches."""
    ACCELERATED = 2
    """All cash repays the tranches, the most senior first."""


class Pay(StrEnum):
    """What a step of a waterfall pays."""

    FEE = "fee"
    INTEREST = "interest"
    PRINCIPAL = "principal"
    RESERVE = "reserve"
    """Fills the reserve up to its target: cash moves between accounts."""
    RELEASE = "release"
    """Takes what the reserve holds above its target: cash moves between accounts."""
    DEFAULT_COVER = "default_cover"
    """Makes good the principal of loans that defaulted, out of income: cash moves between accounts."""
    REINVESTMENT = "reinvestment"
    """Buys the new loans that are offered."""
    RESIDUAL = "residual"
    """Whatever is left once fees and interest are paid; never what principal is paid from while a tranche is outstanding."""


class Effect(StrEnum):
    """What a breached trigger does."""

    AMORTISE = "amortise"
    """The revolving period is over."""
    ACCELERATE = "accelerate"
    """The accelerated order holds."""
    TRAP = "trap"
    """No residual is paid; it stays in its account."""


class Price(StrEnum):
    """What a bought-back loan costs."""

    PRINCIPAL = "principal"
    PRINCIPAL_AND_INTEREST = "principal_and_interest"


class Seniority(StrEnum):
    """The class of a tranche. The reserve's target follows the tranches that are not subordinated."""

    SENIOR = "senior"
    MEZZANINE = "mezzanine"
    SUBORDINATED = "subordinated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """One class of a vehicle's debt. A rate of 0 means that it lives on the residual.

    amount_fen   issued;  rate_annual  `units.RATE_SCALE`-ths;  final_on  day by which principal must be repaid (None: open)
    """

    name: str
    seniority: Seniority
    holder: str
    amount_fen: int
    rate_annual: int
    final_on: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFee:
    """A fee of every payment date: a fixed amount, or a rate a year on all tranches' outstanding amount; the other is 0."""

    name: str
    payee: str
    amount_fen: int
    rate_annual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """A cash reserve: the account, and its target as a share of the tranches that are not subordinated, at least `least_fen`."""

    account: str
    share_ppm: int
    least_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A ratio that must not be exceeded. `lasting`: once breached, breached for good; else only while the ratio is above."""

    name: str
    ratio: str
    above_ppm: int
    effect: Effect
    lasting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyBack:
    """Overdue loans a vehicle sells back: those of dpd_least to dpd_most days past due, both in."""

    dpd_least: int
    dpd_most: int
    buyer: str
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """What a third-party guarantor holds of ours; compensation uses it first, and below `floor_fen` it must be filled up."""

    amount_fen: int
    floor_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a waterfall.

    of        fees or tranches, paid in proportion to what each is due; empty where the step has one claim only
    sources   accounts that pay, in this order
    into      the account that cash moves to, for steps that move cash between accounts; else ""
    payee     who is paid, for reinvestment and residual; else ""
    during    the phases in which the step holds; empty for all
    place     ``path:line``
    """

    pay: Pay
    of: tuple[str, ...]
    sources: tuple[str, ...]
    into: str
    payee: str
    during: tuple[Phase, ...]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDates:
    """The first payment date and every how many months it comes again; then moved to a business day of the calendar."""

    first_on: int
    every_months: int
    calendar: str
    shift: Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One dated version of a vehicle's terms.

    begins_on         first day that bears interest
    revolving_until   last day of the revolving period (None: there is none)
    receives          the account each kind of received cash goes to; empty for a vehicle without accounts
    tranches          most senior first
    hash              SHA-256 of the file's text
    """

    code: str
    title: str
    kind: VehicleKind
    consolidated: bool
    place: str
    hash: str
    source: str
    effective_from: int
    currency: str
    decimals: int
    begins_on: int
    payment_dates: PaymentDates | None
    day_count: DayCount
    rounding: Rounding
    revolving_until: int | None
    accounts: tuple[str, ...]
    receives: Mapping[Received, str]
    tranches: tuple[Tranche, ...]
    fees: tuple[VehicleFee, ...]
    reserve: Reserve | None
    triggers: tuple[Trigger, ...]
    buy_back: BuyBack | None
    deposit: Deposit | None
    waterfall: tuple[Step, ...]

    def phases(self) -> tuple[Phase, ...]:
        """The phases that this vehicle can be in."""
        found = [Phase.AMORTISING]
        if self.revolving_until is not None:
            found.insert(0, Phase.REVOLVING)
        if any(trigger.effect is Effect.ACCELERATE for trigger in self.triggers):
            found.append(Phase.ACCELERATED)
        return tuple(found)

    def steps(self, phase: Phase) -> tuple[Step, ...]:
        """The steps of a phase, in order."""
        return tuple(step for step in self.waterfall if not step.during or phase in step.during)


def version_on(vehicles: Sequence[Vehicle], code: str, day: int) -> Vehicle | None:
    """The version of a vehicle's terms in force on a day, before the first one that one; None for an unknown vehicle."""
    versions = sorted((each for each in vehicles if each.code == code), key=lambda each: each.effective_from)
    held = [each for each in versions if each.effective_from <= day] or versions[:1]
    return held[-1] if held else None


def vehicle_in_force(vehicles: tuple[Vehicle, ...], code: str, as_of: int) -> Vehicle:
    """The version of a vehicle in force on a day.

    raises   RequestError when there is no such vehicle, or none that early
    """
    versions = [vehicle for vehicle in vehicles if vehicle.code == code]
    if not versions:
        known = ", ".join(sorted({vehicle.code for vehicle in vehicles})) or "none"
        raise RequestError(f"there is no vehicle {code!r}. Known: {known}.")
    current = [vehicle for vehicle in versions if vehicle.effective_from <= as_of]
    if not current:
        first = min(vehicle.effective_from for vehicle in versions)
        raise RequestError(f"vehicle {code} has no terms in force on {date(as_of)}; the first version starts on {date(first)}.")
    return max(current, key=lambda vehicle: vehicle.effective_from)
