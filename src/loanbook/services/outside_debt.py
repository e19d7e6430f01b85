"""What our own micro-lender may borrow, in relation to its net assets: found from what its books say and what is known here.

Whoever keeps a micro-lender's books publishes its net assets and its debt, as of a day; that states facts and is not refused, but
says which rule they break. Known here are, on top of it, what was told since as borrowed (`fund_vehicle` with `funds`), and what
outsiders hold of the plans that buy its loans, which is standardised debt: it is counted by the plans' books and not published.
What would go beyond a rule is refused: money told as borrowed, and, in the day close, the opening of a plan. What its owner
advances (`lending` below 0) is not told apart from equity and is not counted; where it is a loan, it belongs into the published
figure. Without a figure nothing is known: borrowed money is not taken then, and plans open.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from msgspec import Meta

from loanbook import units
from loanbook.funding.vehicle_ledger import Ledger
from loanbook.services.caller import Caller, Refusal
from loanbook.services.desk import Verb
from loanbook.services.read import STAFF, Read, none_such
from loanbook.services.requests import MONEY_MOST, Asked, Given, Id
from loanbook.stores.online.guarantees import borrowed_since, last_published
from loanbook.stores.online.schema_vehicles import VEHICLE
from loanbook.stores.online.unit import Connection, Unit
from loanbook.stores.online.vehicle_book import ledgers
from loanbook.terms.lending_rule import Breach, LendingRule, breaches
from loanbook.terms.vehicle import Pay, Vehicle, VehicleKind

DEBT = "debt_published"
FIGURE = {"borrowed": "non_standard_debt", "securities": "standardised_debt"}
"""The figure of the rules that money told as borrowed belongs to."""

Sum = Annotated[int, Meta(ge=0, le=MONEY_MOST)]


class PublishingDebt(Asked, kw_only=True):
    """What a micro-lender's books say as of today; it counts until the next figure."""

    vehicle: Id
    net_assets_fen: Sum
    non_standard_debt_fen: Sum
    """Owed to banks, shareholders and in other non-standard ways."""
    standardised_debt_fen: Sum
    """Owed under bonds and other standardised instruments, save the plans that are here."""


class DebtView(Given, kw_only=True):
    """What a micro-lender owes outside and may still borrow, minor units.

    net_assets_fen   as last published; null without a figure, and nothing is borrowed then
    non_standard_debt_fen, standardised_debt_fen   published, and borrowed since; with what outsiders hold of plans here
    plans_fen        that part of standardised debt
    room_fen         by figure, what may still be borrowed; below 0 what is too much; left out where no rule binds
    breaks           the rules that the figures break, with source and figures
    """

    vehicle: str
    net_assets_fen: int | None
    non_standard_debt_fen: int
    standardised_debt_fen: int
    plans_fen: int
    room_fen: dict[str, int]
    breaks: tuple[str, ...]


def is_micro_lender(vehicles: Iterable[Vehicle], code: str) -> bool:
    """Whether the rules of micro-lenders bind a vehicle."""
    return any(each.code == code and each.kind is VehicleKind.MICRO_LENDER for each in vehicles)


def figures_of(connection: Connection, vehicles: Sequence[Vehicle], code: str) -> dict[str, int] | None:
    """The figures of the rules for a micro-lender as they stand; None where none was published."""
    told = last_published(connection, DEBT, [code]).get(code)
    if told is None:
        return None
    since = borrowed_since(connection, DEBT, code)
    return {
        "net_assets": told["net_assets_fen"],
        "non_standard_debt": told["non_standard_debt_fen"] + since.get("borrowed", 0),
        "standardised_debt": told["standardised_debt_fen"]
        + since.get("securities", 0)
        + _held_outside(vehicles, ledgers(connection), code),
    }


def beyond(rules: tuple[LendingRule, ...], figures: Mapping[str, int], more: Mapping[str, int], on: int) -> Breach | None:
    """The rule that figures would break with more of them; None: they may grow so. Only rules on what grows are asked."""
    grown = {name: amount + more.get(name, 0) for name, amount in figures.items()}
    found = breaches(rules, "micro_lender", on=on, figures=grown)
    return next((each for each in found if more.get(each.rule.figure, 0) > 0), None)


def seller_of(vehicles: Iterable[Vehicle], plan: Vehicle) -> str | None:
    """The micro-lender whose loans a plan buys; None for what is no such plan."""
    sellers = {step.payee for step in plan.waterfall if step.pay is Pay.REINVESTMENT}
    found = sorted(each.code for each in vehicles if each.kind is VehicleKind.MICRO_LENDER and each.code in sellers)
    return found[0] if plan.kind is VehicleKind.ABS_PLAN and found else None


def issued_outside(plan: Vehicle, seller: str) -> int:
    """What others than the seller bring for a plan's tranches."""
    return sum(tranche.amount_fen for tranche in plan.tranches if tranche.holder != seller)


def _held_outside(vehicles: Sequence[Vehicle], books: Mapping[str, Ledger], seller: str) -> int:
    held = 0
    for code, ledger in books.items():
        plan = max((each for each in vehicles if each.code == code), key=lambda each: each.effective_from, default=None)
        if plan is not None and seller_of(vehicles, plan) == seller:
            outside = {tranche.name for tranche in plan.tranches if tranche.holder != seller}
            held += sum(amount for name, amount in ledger.tranches_fen.items() if name in outside)
    return held


def publish_debt(
    rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...], unit: Unit, asked: Sequence[tuple[Caller, PublishingDebt]]
) -> list[DebtView | Refusal]:
    """Take micro-lenders' figures as dated events."""
    unit.lock(VEHICLE, (request.vehicle for _, request in asked))
    for _, request in asked:
        if is_micro_lender(vehicles, request.vehicle):
            unit.event(
                DEBT,
                request.vehicle,
                net_assets_fen=request.net_assets_fen,
                non_standard_debt_fen=request.non_standard_debt_fen,
                standardised_debt_fen=request.standardised_debt_fen,
            )
    unit.flush()
    return [
        view_of(rules, vehicles, unit, request.vehicle)
        if is_micro_lender(vehicles, request.vehicle)
        else none_such("micro_lender", request.vehicle)
        for _, request in asked
    ]


def view_of(rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...], unit: Unit, code: str) -> DebtView:
    """What is known of a micro-lender's debt."""
    figures = figures_of(unit.connection, vehicles, code)
    plans = _held_outside(vehicles, ledgers(unit.connection), code)
    if figures is None:
        return DebtView(
            vehicle=code,
            net_assets_fen=None,
            non_standard_debt_fen=0,
            standardised_debt_fen=plans,
            plans_fen=plans,
            room_fen={},
            breaks=(),
        )
    on = units.day(unit.today)
    room: dict[str, int] = {}
    for rule in rules:
        if rule.subject == "micro_lender" and rule.binds(on, {}) and (most := rule.most_of(figures)) is not None:
            left = most - figures[rule.figure]
            room[rule.figure] = min(left, room.get(rule.figure, left))
    return DebtView(
        vehicle=code,
        net_assets_fen=figures["net_assets"],
        non_standard_debt_fen=figures["non_standard_debt"],
        standardised_debt_fen=figures["standardised_debt"],
        plans_fen=plans,
        room_fen=room,
        breaks=tuple(each.words for each in breaches(rules, "micro_lender", on=on, figures=figures)),
    )


def too_much(breach: Breach) -> Refusal:
    """That a rule keeps a micro-lender from borrowing so much."""
    return Refusal(
        status=409,
        rule=breach.rule.rule,
        detail=breach.words,
        source=breach.rule.source,
        figures={f"{name}_fen": amount for name, amount in breach.figures.items()},
    )


def debt_verbs(rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...]) -> tuple[Verb, ...]:
    """The verb."""
    return (
        Verb(
            name="publish_debt",
            text="Publish a micro-lender's net assets and debt, which bound what it may borrow",
            request=PublishingDebt,
            answer=DebtView,
            roles=frozenset({"finance", "risk", "operator"}),
            run=partial(publish_debt, rules, vehicles),
            status=201,
        ),
    )


def debt_read(rules: tuple[LendingRule, ...], vehicles: tuple[Vehicle, ...]) -> Read:
    """The read."""

    def find(unit: Unit, _: Caller, id_: str, __: Mapping[str, Any]) -> DebtView | Refusal:
        if not is_micro_lender(vehicles, id_):
            return none_such("micro_lender", id_)
        return view_of(rules, vehicles, unit, id_)

    return Read(
        name="debt",
        text="What a micro-lender owes outside and may still borrow",
        by="vehicle",
        answer=DebtView,
        roles=STAFF,
        find=find,
    )
