"""What is told of a vehicle from outside: money that its owner puts in, and ratios that the day close does not find itself."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from loanbook import units
from loanbook.errors import RequestError
from loanbook.funding.vehicle_ledger import Movement, received
from loanbook.services.caller import Caller, Refusal
from loanbook.services.day_steps_vehicles import RATIOS
from loanbook.services.day_vehicles import book_movement
from loanbook.services.desk import Verb
from loanbook.services.outside_debt import FIGURE, beyond, figures_of, is_micro_lender, too_much
from loanbook.services.read import no_vehicle
from loanbook.services.requests import MONEY_MOST, Asked, Given, Id, Money, Name
from loanbook.stores.online.schema_vehicles import VEHICLE
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vehicle_book import funded_already, ledgers
from loanbook.terms.lending_rule import LendingRule
from loanbook.terms.vehicle import Received, Vehicle, vehicle_in_force

Sum = Annotated[int, Meta(ge=0, le=MONEY_MOST)]


class FundingVehicle(Asked, kw_only=True):
    """Money put into a vehicle: the account its terms send deposits to, what it lends from, or our deposit with a guarantor."""

    vehicle: Id
    into: Literal["account", "lending", "deposit"]
    amount_fen: Money
    reference: Name
    """The bank's, of the transfer; booked once a vehicle."""
    funds: Literal["own", "borrowed", "securities"] = "own"
    """Of a micro-lender: its owner's money, borrowed (banks, shareholders), or raised by securities; rules bound these two."""


class VehicleFunded(Given, kw_only=True):
    """What the vehicle has there now."""

    vehicle: str
    into: str
    amount_fen: int


class PublishingRatio(Asked, kw_only=True):
    """A ratio that a vehicle's trigger watches, as of today; it counts until the next payment date."""

    vehicle: Id
    ratio: Name
    numerator: Sum
    denominator: Sum


class RatioPublished(Given, kw_only=True):
    """What counts now."""

    vehicle: str
    ratio: str
    numerator: int
    denominator: int


def fund_vehicles(
    rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...], unit: Unit, asked: Sequence[tuple[Caller, FundingVehicle]]
) -> list[VehicleFunded | Refusal]:
    """Take money into vehicles' books; a bank's reference is booked once a vehicle, whatever its idempotency key."""
    known = unit.lock(VEHICLE, (request.vehicle for _, request in asked))
    booked = funded_already(unit.connection, known, [request.reference for _, request in asked])
    debts: dict[str, dict[str, int] | None] = {}
    return [
        _judge(rules, vehicles, unit, request, debts) or _fund(vehicles, unit, request, booked, debts)
        if request.vehicle in known
        else no_vehicle(request.vehicle)
        for _, request in asked
    ]


def _judge(
    rules: tuple[LendingRule, ...],
    vehicles: tuple[Vehicle, ...],
    unit: Unit,
    request: FundingVehicle,
    debts: dict[str, dict[str, int] | None],
) -> Refusal | None:
    """Why a micro-lender may not borrow what it is told to have borrowed; `debts` are figures as they stand in the batch."""
    code = request.vehicle
    if request.funds == "own":
        return None
    if not is_micro_lender(vehicles, code) or request.into == "deposit":
        detail = f"only what a micro-lender lends or keeps is told as borrowed; {code} is none, or {request.into} is our deposit."
        return Refusal(status=422, rule="not_into_this_vehicle", detail=detail)
    if code not in debts:
        debts[code] = figures_of(unit.connection, vehicles, code)
    figures = debts[code]
    if figures is None:
        detail = f"what {code} may borrow is a multiple of its net assets, and none were published. publish_debt takes them."
        return Refusal(status=409, rule="net_assets_not_known", detail=detail)
    breach = beyond(rules, figures, {FIGURE[request.funds]: request.amount_fen}, units.day(unit.today))
    return None if breach is None else too_much(breach)


def _fund(
    vehicles: tuple[Vehicle, ...],
    unit: Unit,
    request: FundingVehicle,
    booked: set[tuple[str, str]],
    debts: dict[str, dict[str, int] | None],
) -> VehicleFunded | Refusal:
    if (request.vehicle, request.reference) in booked:
        detail = f"reference {request.reference} is booked already for {request.vehicle}. A bank's reference is booked once."
        return Refusal(status=409, rule="payment_booked_already", detail=detail)
    try:
        vehicle = vehicle_in_force(vehicles, request.vehicle, units.day(unit.today))
        if request.into == "account":
            movement = received(vehicle, {Received.DEPOSIT: request.amount_fen})
        elif request.into == "lending":
            movement = received(vehicle, {}, lent_fen=-request.amount_fen)
        elif vehicle.deposit is None:
            raise RequestError(f"{vehicle.code} holds no deposit of ours. Put it into account or lending.")
        else:
            movement = Movement(deposit_fen=request.amount_fen)
    except RequestError as error:
        return Refusal(status=422, rule="not_into_this_vehicle", detail=str(error))
    booked.add((request.vehicle, request.reference))
    told: dict[str, object] = {"why": "funding", "reference": request.reference}
    figures = debts.get(request.vehicle)
    if request.funds != "own" and figures is not None:
        figures[FIGURE[request.funds]] += request.amount_fen
        told |= {"funds": request.funds, "funded_fen": request.amount_fen}
    book_movement(unit, "vehicle_received", request.vehicle, movement, **told)
    books = ledgers(unit.connection)[request.vehicle]
    now = {"lending": books.lending_fen, "deposit": books.deposit_fen}
    now["account"] = sum(books.accounts_fen[name] for name in movement.accounts_fen)
    return VehicleFunded(vehicle=request.vehicle, into=request.into, amount_fen=now[request.into])


def publish(unit: Unit, asked: Sequence[tuple[Caller, PublishingRatio]]) -> list[RatioPublished | Refusal]:
    """Take ratios as dated events, which a payment date reads."""
    known = unit.lock(VEHICLE, (request.vehicle for _, request in asked))
    answers: list[RatioPublished | Refusal] = []
    for _, request in asked:
        if request.vehicle not in known:
            answers.append(no_vehicle(request.vehicle))
        elif request.ratio in RATIOS:
            detail = f"the day close finds {request.ratio} itself from the vehicle's loans; nobody else publishes it."
            answers.append(Refusal(status=409, rule="ratio_of_the_day_close", detail=detail))
        else:
            ratios = {request.ratio: [request.numerator, request.denominator]}
            unit.event("ratios_published", request.vehicle, ratios_fen=ratios)
            answers.append(
                RatioPublished(
                    vehicle=request.vehicle,
                    ratio=request.ratio,
                    numerator=request.numerator,
                    denominator=request.denominator,
                )
            )
    return answers


def vehicle_verbs(rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...]) -> tuple[Verb, ...]:
    """The verbs."""
    return (
        Verb(
            name="fund_vehicle",
            text="Report that money was put into a vehicle",
            request=FundingVehicle,
            answer=VehicleFunded,
            roles=frozenset({"finance", "operator"}),
            run=partial(fund_vehicles, rules, vehicles),
            status=201,
        ),
        Verb(
            name="publish_ratio",
            text="Publish a ratio that a vehicle's trigger watches",
            request=PublishingRatio,
            answer=RatioPublished,
            roles=frozenset({"finance", "risk", "operator"}),
            run=publish,
            status=201,
        ),
    )
