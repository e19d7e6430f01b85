"""What no vehicle can have: orders of payment that contradict each other, refused when the file is read."""

from collections import Counter
from itertools import combinations

from loanbook.errors import TermsError
from loanbook.terms.vehicle import Effect, Pay, Phase, Received, Step, Vehicle, VehicleKind

_NEEDS_WATERFALL = (VehicleKind.TRUST, VehicleKind.ABS_PLAN)
_TO_TRANCHES = (Pay.INTEREST, Pay.PRINCIPAL)
_RANKS = ((Pay.INTEREST, Pay.INTEREST), (Pay.INTEREST, Pay.PRINCIPAL), (Pay.PRINCIPAL, Pay.PRINCIPAL))
"""What of a senior is met before what of a junior is paid."""
_MOVES = (Pay.RESERVE, Pay.RELEASE, Pay.DEFAULT_COVER)
_ONCE = (Pay.RESERVE, Pay.DEFAULT_COVER, Pay.REINVESTMENT, Pay.RESIDUAL)


def _wrong(place: str, words: str) -> TermsError:
    return TermsError(f"{place}: {words}")


def check_vehicle(vehicle: Vehicle, place: str) -> None:
    """Refuse a vehicle whose parts contradict each other.

    place    ``path:line`` for what concerns the whole file; what concerns a step names the step's own line
    raises   TermsError with what to write instead
    """
    _check_kind(vehicle, place)
    if not vehicle.waterfall:
        return
    missing = [received.name.lower() for received in Received if received not in vehicle.receives]
    if missing:
        raise _wrong(place, f"receives names no account for {', '.join(missing)}. Say where each kind of cash goes.")
    if vehicle.payment_dates is None:
        raise _wrong(place, "a vehicle with a waterfall needs payment_dates.")
    possible = vehicle.phases()
    for step in vehicle.waterfall:
        never = [phase.name.lower() for phase in step.during if phase not in possible]
        if never:
            raise _wrong(step.place, f"the step holds during {', '.join(never)}, which this vehicle never is. Remove it.")
    for phase in possible:
        steps = vehicle.steps(phase)
        _check_complete(vehicle, phase, steps, place)
        _check_order(vehicle, phase, steps)
        _check_seniority(vehicle, phase, steps)


def _check_kind(vehicle: Vehicle, place: str) -> None:
    kind = vehicle.kind.value
    if vehicle.kind in _NEEDS_WATERFALL and not (vehicle.tranches and vehicle.waterfall):
        raise _wrong(place, f"a vehicle of kind {kind} needs tranches and a waterfall.")
    if vehicle.tranches and not vehicle.waterfall:
        raise _wrong(place, "tranches are never paid without a waterfall. Write one.")
    if vehicle.waterfall and not vehicle.accounts:
        raise _wrong(place, "a waterfall needs accounts to pay from. Write accounts: [income, principal].")
    if (vehicle.deposit is not None) != (vehicle.kind is VehicleKind.THIRD_PARTY_GUARANTOR):
        raise _wrong(place, f"deposit belongs to kind third_party_guarantor, and to no other; this is {kind}.")
    if vehicle.revolving_until is None:
        for trigger in vehicle.triggers:
            if trigger.effect is Effect.AMORTISE:
                raise _wrong(place, f"trigger {trigger.name!r} ends a revolving period, but there is no revolving_until.")
    elif vehicle.revolving_until < vehicle.begins_on:
        raise _wrong(place, "revolving_until lies before the vehicle begins. Change one of them.")
    if vehicle.payment_dates is not None and vehicle.payment_dates.first_on <= vehicle.begins_on:
        raise _wrong(place, "the first payment date must lie after the day the vehicle begins.")
    order = [list(type(tranche.seniority)).index(tranche.seniority) for tranche in vehicle.tranches]
    if order != sorted(order):
        raise _wrong(place, "tranches must stand in the order senior, mezzanine, subordinated.")


def _check_complete(vehicle: Vehicle, phase: Phase, steps: tuple[Step, ...], place: str) -> None:
    """Each claim has exactly one step in each phase, so nothing due is forgotten or asked for twice."""
    word = phase.name.lower()
    wanted = [(Pay.FEE, fee.name) for fee in vehicle.fees]
    wanted += [(Pay.INTEREST, tranche.name) for tranche in vehicle.tranches if tranche.rate_annual]
    if phase is not Phase.REVOLVING:
        wanted += [(Pay.PRINCIPAL, tranche.name) for tranche in vehicle.tranches]
    found = Counter((step.pay, name) for step in steps for name in step.of)
    for claim in wanted:
        if found[claim] != 1:
            often = "no step" if not found[claim] else f"{found[claim]} steps"
            raise _wrong(place, f"the waterfall has {often} for {claim[0].value} of {claim[1]} while {word}. Write one.")
    for step in steps:
        for name in step.of:
            if (step.pay, name) not in wanted:
                raise _wrong(step.place, f"{step.pay.value} of {name} is never due while {word}. Remove it or change during.")
    for pay in _ONCE:
        if sum(step.pay is pay for step in steps) > 1:
            raise _wrong(place, f"the waterfall has two steps that pay {pay.value} while {word}. Keep one.")


def _check_order(vehicle: Vehicle, phase: Phase, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if step.into in step.sources:
            raise _wrong(step.place, f"{step.pay.value} moves cash from {step.into} into {step.into}. Name another account.")
        if step.pay in (Pay.RESERVE, Pay.RELEASE) and vehicle.reserve is None:
            raise _wrong(
                step.place, f"{step.pay.value} needs a reserve. Write, e.g., reserve: {{account: reserve, share: 0.02}}."
            )
        if step.pay is Pay.REINVESTMENT and phase is not Phase.REVOLVING:
            raise _wrong(step.place, "reinvestment holds while revolving only. Write during: [revolving].")
        if step.pay is Pay.RESIDUAL:
            if step is not steps[-1]:
                raise _wrong(step.place, f"residual must be the last step while {phase.name.lower()}: it takes all that is left.")
            if vehicle.reserve is not None and vehicle.reserve.account in step.sources:
                raise _wrong(step.place, "residual may not empty the reserve. Put a step {pay: release, to: income} before it.")


def _check_seniority(vehicle: Vehicle, phase: Phase, steps: tuple[Step, ...]) -> None:
    """A junior's step never comes before its senior's, and finds no cash that the senior could not draw on.

    Interest ranks before a junior's interest and principal, principal before a junior's principal.
    """
    names = [tranche.name for tranche in vehicle.tranches]
    at = {(step.pay, name): number for number, step in enumerate(steps) for name in step.of if step.pay in _TO_TRANCHES}
    for above, below in _RANKS:
        for senior, junior in combinations(names, 2):
            if (above, senior) in at and (below, junior) in at:
                _check_pair(phase, steps, at[above, senior], at[below, junior], senior, junior)


def _check_pair(phase: Phase, steps: tuple[Step, ...], first: int, second: int, senior: str, junior: str) -> None:
    above, below, word = steps[first], steps[second], phase.name.lower()
    if second < first:
        raise _wrong(
            above.place, f"{above.pay.value} of {senior} comes after {below.pay.value} of {junior} while {word}. Put it first."
        )
    for step in steps[first + 1 : second + 1]:
        strange = sorted(set(step.sources) - set(above.sources))
        if strange and step is below:
            raise _wrong(
                step.place,
                f"{step.pay.value} of {junior} draws on {', '.join(strange)} while {word}, which {above.pay.value} of {senior} "
                "cannot. Add the account to the senior's step.",
            )
        if strange and step.pay in _MOVES:
            raise _wrong(
                step.place,
                f"{step.pay.value} moves cash of {', '.join(strange)} on to {below.pay.value} of {junior} while {word}, though "
                f"{above.pay.value} of {senior} cannot draw on it. Move the step, or add the account there.",
            )
