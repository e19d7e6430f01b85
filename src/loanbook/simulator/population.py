"""Who draws what and when: drawdown days, borrowers who come back, and the size and class of each loan."""

from dataclasses import dataclass

import numpy as np

from loanbook.kernel import kernel
from loanbook.simulator.draws import Stream, bell, chance, chances, pick
from loanbook.simulator.scenario import Scenario, day_weights
from loanbook.terms.conventions import Model
from loanbook.units import Ints

_ARRIVAL = int(Stream.ARRIVAL)
_ANCESTOR = int(Stream.ANCESTOR)
_BUSINESS = int(Stream.BUSINESS)
_GRADE = int(Stream.GRADE)
_FRAILTY = int(Stream.FRAILTY)
_PRODUCT = int(Stream.PRODUCT)
_TENOR = int(Stream.TENOR)
_AMOUNT = int(Stream.AMOUNT)
_MODEL = int(Stream.MODEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One terms class of the world as it is chosen: a product at a tenor, a grade's rate and a business model."""

    product: str
    tenor_months: int
    rate_annual: float
    model: Model
    segment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """The scenario as arrays that kernels draw from.

    choices        every class; class_of (products, tenors, grades, models) int32 into it, -1 where a product has no such tenor
    products, tenors, grades   cumulative shares; models (months, models) cumulative shares by month of the world
    median, stretch, sigma, step, least, most   sizes by product (and tenor)
    miss           (tenors of the product, grades) factor on the chance to miss, by product
    """

    choices: tuple[Choice, ...]
    class_of: Ints
    products: Ints
    tenors: Ints
    grades: Ints
    models: Ints
    median: Ints
    stretch: Ints
    sigma: Ints
    step: Ints
    least: Ints
    most: Ints
    miss: Ints
    frailty_sigma: float
    business_share: float


def months_of(scenario: Scenario, days: Ints) -> Ints:
    """Months since the world's first, of day numbers, int64."""
    first = np.datetime64(scenario.first_day, "D").astype("datetime64[M]")
    return np.asarray((days.astype("datetime64[D]").astype("datetime64[M]") - first).astype(np.int64))


def deck(scenario: Scenario) -> Deck:
    """The arrays of a scenario; classes are numbered by product, tenor, grade, model."""
    products, hazards = scenario.products, scenario.hazards
    grades, most_tenors = len(scenario.grade_shares), max(len(product.tenors) for product in products)
    shape = (len(products), most_tenors)
    class_of = np.full((*shape, grades, len(Model)), -1, np.int32)
    tenors, stretch, miss = np.ones(shape), np.ones(shape), np.ones((*shape, grades))
    choices: list[Choice] = []
    for p, product in enumerate(products):
        tenors[p, : len(product.tenors)] = np.cumsum(product.tenor_shares)
        stretch[p, : len(product.tenors)] = product.stretch
        for t, tenor in enumerate(product.tenors):
            miss[p, t] = np.array(hazards.grade_miss) * hazards.tenor_miss[tenor]
            for g in range(grades):
                for model in Model:
                    class_of[p, t, g, model] = len(choices)
                    segment = "small_business" if p == len(products) - 1 else "consumer"
                    choices.append(
                        Choice(
                            product=product.name,
                            tenor_months=tenor,
                            rate_annual=product.rates[g],
                            model=model,
                            segment=segment,
                        )
                    )
    months = int(months_of(scenario, np.array([scenario.last_day]))[0]) + 1
    first = np.array([scenario.models_first[model] for model in Model])
    last = np.array([scenario.models_last[model] for model in Model])
    along = np.linspace(0.0, 1.0, months)[:, None]
    return Deck(
        choices=tuple(choices),
        class_of=class_of,
        products=np.cumsum([product.share for product in products[:-1]]),
        tenors=tenors,
        grades=np.cumsum(scenario.grade_shares),
        models=np.cumsum(first * (1.0 - along) + last * along, axis=1),
        median=np.array([product.median_fen for product in products]),
        stretch=stretch,
        sigma=np.array([product.sigma for product in products]),
        step=np.array([product.step_fen for product in products]),
        least=np.array([product.least_fen for product in products]),
        most=np.array([product.most_fen for product in products]),
        miss=miss,
        frailty_sigma=hazards.frailty_sigma,
        business_share=scenario.business_share,
    )


def drawdown_days(scenario: Scenario, seed: int, count: int) -> Ints:
    """Days of `count` drawdowns, ascending, (count,) int32: one draw in each of `count` equal parts of the total weight."""
    ends = np.cumsum(day_weights(scenario))
    at = (np.arange(count) + chances(seed, int(Stream.DAY), 0, count)) / count
    number = np.minimum(np.searchsorted(ends, at, side="right"), ends.size - 1)
    return np.asarray((scenario.first_day + number).astype(np.int32))


def newcomer_shares(scenario: Scenario, months: int) -> Ints:
    """The part of drawdowns made by new borrowers, by month of the world, (months,) float64, falling towards its last level."""
    fading = np.exp(-np.arange(months) / scenario.newcomers_fade_months)
    return np.asarray(scenario.newcomers_last + (scenario.newcomers_first - scenario.newcomers_last) * fading)


@kernel
def borrowers_of(seed: int, days: Ints, months: Ints, newcomers: Ints, memory_days: int) -> Ints:
    """The borrower of each drawdown, (loans,) int64 dense numbers in order of arrival.

    A repeat drawdown is made by the borrower of a random earlier drawdown of the last `memory_days`, so those who have drawn
    often go on drawing; on the first day, and where memory is empty, everyone is new.
    """
    borrower = np.empty(days.size, np.int64)
    arrived = 0
    oldest = 0
    day_start = 0
    for loan in range(days.size):
        if days[loan] != days[day_start]:
            day_start = loan
        while days[oldest] < days[loan] - memory_days:
            oldest += 1
        if chance(seed, _ARRIVAL, loan, 0) < newcomers[months[loan]] or oldest >= day_start:
            borrower[loan] = arrived
            arrived += 1
        else:
            back = int(chance(seed, _ANCESTOR, loan, 0) * (day_start - oldest))
            borrower[loan] = borrower[oldest + back]
    return borrower


@kernel
def draw_loans(
    seed: int,
    first_key: int,
    borrower: Ints,
    months: Ints,
    class_of: Ints,
    products: Ints,
    tenors: Ints,
    grades: Ints,
    models: Ints,
    median: Ints,
    stretch: Ints,
    sigma: Ints,
    step: Ints,
    least: Ints,
    most: Ints,
    miss: Ints,
    frailty_sigma: float,
    business_share: float,
    class_no: Ints,
    principal_fen: Ints,
    risk: Ints,
) -> None:
    """Class, principal and risk of each loan; arguments as in `Deck`.

    borrower, months   (loans,) int64; grade, frailty and whether it is a business belong to the borrower, the rest to the loan
    class_no, principal_fen, risk   filled, (loans,) int32, int64 fen, float64 factor on the chance to miss a due date
    """
    for loan in range(borrower.size):
        key, who = first_key + loan, borrower[loan]
        grade = pick(grades, chance(seed, _GRADE, who, 0))
        if chance(seed, _BUSINESS, who, 0) < business_share:
            product = class_of.shape[0] - 1
        else:
            product = pick(products, chance(seed, _PRODUCT, key, 0))
        tenor = pick(tenors[product], chance(seed, _TENOR, key, 0))
        model = pick(models[months[loan]], chance(seed, _MODEL, key, 0))
        amount = median[product] * stretch[product, tenor] * np.exp(sigma[product] * bell(seed, _AMOUNT, key, 0))
        steps = np.int64(amount / step[product] + 0.5)
        class_no[loan] = class_of[product, tenor, grade, model]
        principal_fen[loan] = min(max(steps * step[product], least[product]), most[product])
        frailty = np.exp(frailty_sigma * bell(seed, _FRAILTY, who, 0) - frailty_sigma * frailty_sigma / 2.0)
        risk[loan] = miss[product, tenor, grade] * frailty


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Drawdowns: class_no (loans,) int32, principal_fen (loans,) int64, risk (loans,) float64 factor on the chance to miss."""

    class_no: Ints
    principal_fen: Ints
    risk: Ints


def draw_from(cards: Deck, seed: int, first_key: int, borrower: Ints, months: Ints) -> Drawn:
    """What borrowers draw, by consecutive keys; months since the world's first, both (loans,) int64."""
    drawn = Drawn(
        class_no=np.empty(borrower.size, np.int32),
        principal_fen=np.empty(borrower.size, np.int64),
        risk=np.empty(borrower.size, np.float64),
    )
    draw_loans(
        seed,
        first_key,
        borrower,
        months,
        cards.class_of,
        cards.products,
        cards.tenors,
        cards.grades,
        cards.models,
        cards.median,
        cards.stretch,
        cards.sigma,
        cards.step,
        cards.least,
        cards.most,
        cards.miss,
        cards.frailty_sigma,
        cards.business_share,
        drawn.class_no,
        drawn.principal_fen,
        drawn.risk,
    )
    return drawn
