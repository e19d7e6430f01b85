"""The world of a platform at a scale: its drivers are met by quotas and strata, so that chance moves outcomes, not drivers.

Month by month: who may draw (newcomers, and earlier borrowers who never were 30 days past due), the loans of the month dealt
from the quarter's quotas of product, model and tenor, and each loan's life from the same hazards as every other world.
"""

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.simulator.behaviour import Lives, live
from loanbook.simulator.draws import Stream, bell, chances
from loanbook.simulator.histories import Heads, irregular_batch
from loanbook.simulator.offer import Offer, offer
from loanbook.simulator.platform import BUSINESS, PAY_LATER, Platform, Quarter, tenor_mix
from loanbook.simulator.population import deck
from loanbook.simulator.quotas import drawdown_sizes, largest_remainder, spread
from loanbook.simulator.scenario import day_weights
from loanbook.simulator.world import World, ordinals
from loanbook.terms.conventions import Model
from loanbook.units import NEVER, Ints

SEED = 20_240_930
SCALE = 1_000
MOST_SCALE = 20_000
"""One loan stands for at most this many. Beyond 1,000 small models have too few loans to be compared."""
_ROUNDS = 40
"""Times a drawdown that a borrower in arrears asked for is passed on before it lapses to a newcomer."""


def platform_world(platform: Platform, *, seed: int = SEED, scale: int = SCALE) -> World:
    """The world in which one loan stands for `scale`.

    raises   RequestError for a scale out of 1..MOST_SCALE
    """
    if not 1 <= scale <= MOST_SCALE:
        raise RequestError(f"a scale must lie between 1 and {MOST_SCALE:,} (one loan stands for that many); got {scale:,}.")
    offered = offer(platform.scenario)
    months = _months(platform, scale)
    who = _Borrowers(platform, seed)
    dealt = [_deal(platform, seed, number, scale) for number in range(len(platform.quarters))]
    parts: list[tuple[Ints, Ints, Ints, Lives]] = []
    first_key = 0
    for quarter, start, days in months:
        labels = dealt[quarter][:, start : start + days.size]
        borrower = who.of(first_key, days, platform.quarters[quarter].newcomers, first=not parts)
        class_no, risk = _classes(platform, seed, labels, borrower)
        lives = live(
            platform.scenario,
            seed,
            first_key=first_key,
            contracts=offered.classes.rows,
            class_no=class_no,
            disbursed_on=days,
            risk=risk,
            horizon=platform.scenario.known_until,
        )
        who.learn(borrower, days, lives.bad_on)
        parts.append((class_no, days, borrower, lives))
        first_key += days.size
    principal = [_sizes(platform, seed, number, labels, scale, first_key) for number, labels in enumerate(dealt)]
    return _world(platform, seed, offered, parts, np.concatenate(principal))


def _months(platform: Platform, scale: int) -> list[tuple[int, int, Ints]]:
    """(quarter, its first slot of the month, the days of the month's drawdowns) for each month, in order."""
    scenario = platform.scenario
    weights = day_weights(scenario)
    months = []
    for number, quarter in enumerate(platform.quarters):
        since, until = quarter.first_day - scenario.first_day, quarter.last_day - scenario.first_day + 1
        days = np.arange(quarter.first_day, quarter.last_day + 1)
        drawn = np.repeat(days, spread(weights[since:until], round(quarter.loans / scale))).astype(np.int32)
        month = drawn.astype("datetime64[D]").astype("datetime64[M]")
        starts = np.flatnonzero(np.concatenate([np.ones(1, np.bool_), month[1:] != month[:-1]]))
        months += [(number, int(start), part) for start, part in zip(starts, np.split(drawn, starts[1:]), strict=True)]
    return months


def _deal(platform: Platform, seed: int, number: int, scale: int) -> Ints:
    """Product, model and tenor of a quarter's loans as places in the deck, (3, loans) int64, shuffled."""
    quarter, products = platform.quarters[number], platform.scenario.products
    loans = round(quarter.loans / scale)
    by_product = largest_remainder(_product_shares(quarter, len(products)), loans)
    total = sum(quarter.volume_fen.values())
    by_model = np.array([quarter.volume_fen[model] / total for model in Model])
    cards = []
    for place, product in enumerate(products):
        for model, count in zip(Model, largest_remainder(by_model, int(by_product[place])), strict=True):
            mix = np.array(product.tenor_shares)
            if product.name not in (PAY_LATER, BUSINESS):
                mix = tenor_mix(product.tenors, product.tenor_shares, quarter.tenor_months[model])
            for tenor, held in enumerate(largest_remainder(mix, int(count))):
                cards.append(np.tile(np.array([[place], [model], [tenor]]), int(held)))
    hand = np.concatenate(cards, axis=1)
    lot = chances(seed, int(Stream.KEEP), number * 2**40, loans)
    return np.asarray(hand[:, np.argsort(lot, kind="stable")])


def _product_shares(quarter: Quarter, products: int) -> Ints:
    """Shares of drawdowns by product: cash loans first, then pay-later and business loans."""
    shares = np.zeros(products)
    pay_later = quarter.pay_later_loans / quarter.loans
    shares[-2], shares[-1] = pay_later, (1.0 - pay_later) * quarter.business_share
    shares[0] = 1.0 - shares[-2] - shares[-1]
    return shares


class _Borrowers:
    """Who has drawn so far, and who fell behind: a repeat drawdown is of the borrower of a random earlier one in memory."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self.memory, self.seed = platform.scenario.memory_days, seed
        self.arrived = 0
        self.drawn_by, self.drawn_on = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self.bad_since = np.zeros(0, np.int64)

    def of(self, first_key: int, days: Ints, newcomers: float, *, first: bool) -> Ints:
        """The borrower of each of a month's drawdowns, (loans,) int64."""
        loans = days.size
        known = self.drawn_by[self.drawn_on >= days[0] - self.memory]
        new = loans if first or known.size == 0 else min(round(newcomers * loans), loans)
        is_new = np.zeros(loans, np.bool_)
        is_new[np.argsort(chances(self.seed, int(Stream.ARRIVAL), first_key, loans), kind="stable")[:new]] = True
        borrower = np.full(loans, -1, np.int64)
        open_places = np.flatnonzero(~is_new)
        for turn in range(_ROUNDS):
            if not open_places.size:
                break
            at = chances(self.seed, int(Stream.ANCESTOR), first_key + turn * 2**40, loans)[open_places]
            asked = known[(at * known.size).astype(np.int64)]
            granted = days[open_places] <= self.bad_since[asked]
            borrower[open_places[granted]] = asked[granted]
            open_places = open_places[~granted]
        is_new[open_places] = True
        count = int(is_new.sum())
        borrower[is_new] = self.arrived + np.arange(count)
        self.arrived += count
        self.bad_since = np.concatenate([self.bad_since, np.full(count, NEVER, np.int64)])
        return borrower

    def learn(self, borrower: Ints, days: Ints, bad_on: Ints) -> None:
        """A month's drawdowns and when each was first more than 30 days past due."""
        self.drawn_by = np.concatenate([self.drawn_by, borrower])
        self.drawn_on = np.concatenate([self.drawn_on, days])
        np.minimum.at(self.bad_since, borrower, bad_on)


def _classes(platform: Platform, seed: int, labels: Ints, borrower: Ints) -> tuple[Ints, Ints]:
    """Terms class (int32) and factor on the chance to miss (float64) of loans; grade and frailty belong to the borrower."""
    cards = deck(platform.scenario)
    grade = np.searchsorted(cards.grades, _of_borrowers(seed, int(Stream.GRADE), borrower), side="right")
    grade = np.minimum(grade, cards.grades.size - 1)
    product, model, tenor = labels
    class_no = cards.class_of[product, tenor, grade, model]
    sigma = platform.scenario.hazards.frailty_sigma
    frailty = np.exp(sigma * _bells(seed, int(Stream.FRAILTY), borrower) - sigma * sigma / 2.0)
    return class_no.astype(np.int32), cards.miss[product, tenor, grade] * frailty


def _of_borrowers(seed: int, stream: int, borrower: Ints) -> Ints:
    return np.asarray(chances(seed, stream, 0, int(borrower.max()) + 1)[borrower])


@kernel
def _bells(seed: int, stream: int, borrower: Ints) -> Ints:
    drawn = np.empty(borrower.size, np.float64)
    for place in range(borrower.size):
        drawn[place] = bell(seed, stream, borrower[place], 0)
    return drawn


def _sizes(platform: Platform, seed: int, number: int, labels: Ints, scale: int, keys: int) -> Ints:
    """Principal of a quarter's loans, (loans,) int64: each model's drawdowns sum to its volume."""
    quarter, products = platform.quarters[number], platform.scenario.products
    relative = np.ones(len(products))
    relative[-1] = platform.business_ticket
    fixed = np.zeros(len(products), np.int64)
    fixed[-2] = platform.pay_later_fen
    lot = chances(seed, int(Stream.AMOUNT), keys + number * 2**40, labels.shape[1])
    principal = np.zeros(labels.shape[1], np.int64)
    for model in Model:
        chosen = np.flatnonzero(labels[1] == model)
        if chosen.size:
            volume = round(quarter.volume_fen[model] / scale)
            principal[chosen] = drawdown_sizes(products, labels[0][chosen], lot[chosen], relative, fixed, volume)
    return principal


def _world(platform: Platform, seed: int, offered: Offer, parts: list[tuple[Ints, Ints, Ints, Lives]], principal: Ints) -> World:
    class_no, days, borrower = (np.concatenate([part[place] for part in parts]) for place in range(3))  # type: ignore[arg-type]
    lives = _joined([part[3] for part in parts])
    order = np.argsort(days, kind="stable")
    heads = Heads(
        loan_no=np.arange(days.size),
        class_no=class_no[order],
        principal_fen=principal[order],
        disbursed_on=days[order],
        ordinal=ordinals(borrower[order]),
    )
    ordered = lives.take(order)
    histories = irregular_batch(
        platform.scenario,
        seed,
        keys=order,
        contracts=offered.classes.rows,
        heads=heads,
        lives=ordered,
        chosen=np.arange(days.size),
        horizon=platform.scenario.known_until,
    )
    return World(
        scenario=platform.scenario,
        seed=seed,
        offer=offered,
        heads=heads,
        keys=order,
        borrower=borrower[order],
        lives=ordered,
        histories=histories,
    )


def _joined(lives: list[Lives]) -> Lives:
    ends = np.cumsum([each.offsets[-1] for each in lives])
    offsets = [lives[0].offsets, *(each.offsets[1:] + end for each, end in zip(lives[1:], ends, strict=False))]
    columns = ("late", "paid", "settled_on", "charged_off_on", "cancelled_on", "trait", "trait_at", "bad_on")
    joined = {name: np.concatenate([getattr(each, name) for each in lives]) for name in columns}
    return Lives(offsets=np.concatenate(offsets), **joined)
