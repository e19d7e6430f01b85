"""A platform as its published drivers describe it: what is lent each quarter, under which model, for how long, at what price.

Drivers come from a scenario file in which every figure has its source (`sourced.py`); outcomes (balances, delinquency,
collection, losses) are not among them. `platform_world.py` makes the world.
"""

import difflib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from loanbook.errors import RequestError, TermsError
from loanbook.simulator.scenario import Hazards, Product, Scenario
from loanbook.simulator.sourced import Parameters, read_parameters
from loanbook.terms.conventions import Model
from loanbook.units import Ints, day

SHIPPED = Path(__file__).parent / "scenarios"
PAY_LATER = "pay_later"
BUSINESS = "small_business_loan"
FEN_A_MILLION = 100_000_000
_QUARTERS = ("loans", "pay_later_loans", "business_loans_share", "newcomers_share")
_MODELS = tuple(model.name.lower() for model in Model)
_PRODUCT = ("tenor_shares", "sigma", "step_fen", "least_fen", "most_fen", "rates")
_KNOWN = (
    *(f"days.{name}" for name in ("first", "last", "known_until")),
    *(f"borrowers.{name}" for name in ("grade_shares", "memory_days")),
    *(f"hazards.{each.name}" for each in fields(Hazards)),
    *(f"quarters.{name}" for name in (*_QUARTERS, "stress", "prepaying")),
    *(f"quarters.{series}.{model}" for series in ("volume_million", "cash_loan_tenor") for model in _MODELS),
    f"products.{PAY_LATER}.mean_fen",
    f"products.{BUSINESS}.mean_relative",
)
_ELSEWHERE = "books."
"""What stands under it is read by whoever keeps the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """What a quarter's drawdowns are, at full size.

    first_day, last_day   of the quarter; loans, pay_later_loans: drawdowns
    business_share        part of the other drawdowns that are small-business loans
    newcomers             part of drawdowns by borrowers who never drew before
    volume_fen            principal by model; tenor_months: mean contractual months of cash loans by model
    """

    name: str
    first_day: int
    last_day: int
    loans: int
    pay_later_loans: int
    business_share: float
    newcomers: float
    volume_fen: dict[Model, int]
    tenor_months: dict[Model, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A scenario file as the world uses it.

    scenario            products, grades, hazards, stress and days, as every world has them
    tickets             mean drawdown of a product relative to a cash loan's
    pay_later_fen       mean pay-later drawdown
    parameters          the file itself, for whoever needs the rest of it
    """

    name: str
    scenario: Scenario
    quarters: tuple[Quarter, ...]
    pay_later_fen: int
    business_ticket: float
    parameters: Parameters


def shipped_scenarios() -> tuple[str, ...]:
    """The names of the scenario files that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_platform(name: str) -> Platform:
    """A shipped scenario. Raises RequestError for an unknown name, TermsError with ``path:line:`` for a faulty file."""
    if name not in shipped_scenarios():
        raise RequestError(f"there is no scenario {name!r}; there are: {', '.join(shipped_scenarios())}.")
    return read_platform(SHIPPED / f"{name}.yaml", f"scenarios/{name}.yaml")


def read_platform(path: Path, shown: str | None = None) -> Platform:
    """The platform of a scenario file. Raises TermsError with ``path:line:``."""
    found = read_parameters(path, shown)
    _refuse_unknown(found)
    products = tuple(_product(found, name) for name in found.names("products"))
    if tuple(product.name for product in products)[-2:] != (PAY_LATER, BUSINESS):
        raise TermsError(f"{found.path}:1: products must end with {PAY_LATER} and {BUSINESS}, after the cash loan.")
    scenario = Scenario(
        first_day=found.day("days.first"),
        last_day=found.day("days.last"),
        known_until=found.day("days.known_until"),
        growth_a_month=0.0,
        grade_shares=found.numbers("borrowers.grade_shares"),
        memory_days=found.whole("borrowers.memory_days"),
        products=products,
        hazards=_hazards(found),
        stress=_by_month(found.by_quarter("quarters.stress")),
        prepaying=_by_month(found.by_quarter("quarters.prepaying")),
    )
    return Platform(
        name=str(found.head["scenario"]),
        scenario=scenario,
        quarters=_quarters(found, scenario),
        pay_later_fen=found.whole("products.pay_later.mean_fen"),
        business_ticket=found.number("products.small_business_loan.mean_relative"),
        parameters=found,
    )


def _refuse_unknown(found: Parameters) -> None:
    known = {*_KNOWN, *(f"products.{product}.{name}" for product in found.names("products") for name in _PRODUCT)}
    for path, spans in found.found.items():
        if path not in known and not path.startswith(_ELSEWHERE):
            near = difflib.get_close_matches(path, known, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise TermsError(f"{spans[0].place}: a platform has no parameter {path}.{hint}")


def _product(found: Parameters, name: str) -> Product:
    under = f"products.{name}"
    tenors = found.by_name(f"{under}.tenor_shares")
    months = tuple(int(month) for month in tenors)
    return Product(
        name=name,
        share=0.0,
        tenors=months,
        tenor_shares=tuple(tenors.values()),
        median_fen=0,
        sigma=found.number(f"{under}.sigma"),
        step_fen=found.whole(f"{under}.step_fen"),
        least_fen=found.whole(f"{under}.least_fen"),
        most_fen=found.whole(f"{under}.most_fen"),
        stretch=(1.0,) * len(months),
        rates=found.numbers(f"{under}.rates"),
    )


def _hazards(found: Parameters) -> Hazards:
    fresh = found.numbers("hazards.fresh")
    if len(fresh) != 3:
        raise TermsError(f"{found.one('hazards.fresh').place}: hazards.fresh must be three numbers.")
    return Hazards(
        miss=found.number("hazards.miss"),
        cure=found.numbers("hazards.cure"),
        pay_one=found.numbers("hazards.pay_one"),
        fresh=(fresh[0], fresh[1], fresh[2]),
        cure_speed=found.number("hazards.cure_speed"),
        early=found.number("hazards.early"),
        prepay=found.number("hazards.prepay"),
        grade_miss=found.numbers("hazards.grade_miss"),
        frailty_sigma=found.number("hazards.frailty_sigma"),
        tenor_miss={int(months): factor for months, factor in found.by_name("hazards.tenor_miss").items()},
        traits=found.numbers("hazards.traits"),
        recover=found.number("hazards.recover"),
        recover_part=found.number("hazards.recover_part"),
    )


def _by_month(by_quarter: dict[str, float]) -> dict[str, float]:
    return {f"{name[:4]}-{3 * int(name[5]) - 2 + month:02d}": factor for name, factor in by_quarter.items() for month in range(3)}


def _quarters(found: Parameters, scenario: Scenario) -> tuple[Quarter, ...]:
    series = {name: found.by_quarter(f"quarters.{name}") for name in _QUARTERS}
    volumes = {model: found.by_quarter(f"quarters.volume_million.{model.name.lower()}") for model in Model}
    tenors = {model: found.by_quarter(f"quarters.cash_loan_tenor.{model.name.lower()}") for model in Model}
    quarters = []
    for name, (first, last) in _days(scenario).items():
        for path, by_quarter in (*series.items(), *volumes.items(), *tenors.items()):
            if name not in by_quarter:
                shown = path.name.lower() if isinstance(path, Model) else path
                raise TermsError(f"{found.path}:1: quarters: {shown} has nothing for {name}. Add the quarter with its source.")
        quarters.append(
            Quarter(
                name=name,
                first_day=first,
                last_day=last,
                loans=int(series["loans"][name]),
                pay_later_loans=int(series["pay_later_loans"][name]),
                business_share=series["business_loans_share"][name],
                newcomers=series["newcomers_share"][name],
                volume_fen={model: int(volumes[model][name] * FEN_A_MILLION) for model in Model},
                tenor_months={model: tenors[model][name] for model in Model},
            )
        )
    return tuple(quarters)


def _days(scenario: Scenario) -> dict[str, tuple[int, int]]:
    """First and last day of each whole quarter of the scenario, by name."""
    months = np.arange(
        np.datetime64(scenario.first_day, "D").astype("datetime64[M]"),
        np.datetime64(scenario.last_day, "D").astype("datetime64[M]") + 1,
    )
    days = {}
    for first in months[::3]:
        year, month = str(first).split("-")
        last = (first + 3).astype("datetime64[D]").astype(np.int64) - 1
        days[f"{year}Q{(int(month) + 2) // 3}"] = (day(f"{first}-01"), int(last))
    return days


def tenor_mix(tenors: tuple[int, ...], shares: tuple[float, ...], mean: float) -> Ints:
    """Shares of tenors with a given mean, tilted from usual shares by a factor growing evenly with the months, float64.

    raises   RequestError when the mean lies outside the tenors
    """
    months, usual = np.array(tenors, np.float64), np.array(shares, np.float64)
    if not months[0] < mean < months[-1]:
        raise RequestError(f"a mean tenor of {mean} months needs tenors on both sides of it; they are {tenors}.")
    low, high = -5.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2.0
        tilted = usual * np.exp(middle * (months - mean))
        if (tilted * months).sum() < mean * tilted.sum():
            low = middle
        else:
            high = middle
    return np.asarray(tilted / tilted.sum())
