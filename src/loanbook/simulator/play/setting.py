"""The assumptions of the played world: who comes by which channel, how months go, which partner takes what, what breaks when.

Hazards of a month are those of the columnar world (`simulator.scenario`), so both tell the same kind of lives; what is added here
exists only where there is somebody to talk to: channels, answers, outages, callbacks.
"""

from dataclasses import dataclass, field

from loanbook.simulator.scenario import Hazards, Scenario
from loanbook.units import date, day

FIRST_DAY = day("2025-01-01")
FESTIVALS = (day("2025-01-29"), day("2026-02-17"))
"""Spring Festivals in reach: nobody much borrows, some pay late."""
_LULL_DAYS = 6
_LULL = 0.45
_WEEKDAY = (1.04, 1.03, 1.02, 1.02, 1.06, 0.94, 0.89)
_MONTH_END = (1.25, 1.18, 1.12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How strangers come: share of them, what one costs, how much better than others they are (standard deviations)."""

    name: str
    share: float
    cost_fen: int
    quality: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Appetite:
    """How a partner answers an offer: chance to accept, chance to let it wait a day or more, days it cannot be reached.

    outages   (first day, days) counted from the first day of the world; an offer made then is answered after it
    """

    accepts: float
    dawdles: float = 0.01
    outages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the payment provider does wrong.

    fails     chance that a pay-out does not go through and is tried the next day
    closed    chance that an account turns out to be closed, so that the loan is never paid out
    repeats   chance that a callback is sent twice, under the same key
    outages   days on which nothing is reported; it comes afterwards with the day it happened
    """

    fails: float = 0.01
    closed: float = 0.004
    repeats: float = 0.02
    outages: tuple[tuple[int, int], ...] = ((200, 3),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What the provider's and the bank's statements do wrong; each but the last is put right by the next one.

    every      days that a statement is of
    misses     chance that a line is left out;  doubles  stands twice;  differs  has another amount;  nameless  has no reference
    transfers  chance that an instalment is transferred to the account without a word to anybody
    """

    every: int = 7
    misses: float = 0.010
    doubles: float = 0.004
    differs: float = 0.004
    nameless: float = 0.010
    transfers: float = 0.010


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What borrowers and the office decide now and then.

    bankrupt    chance that who is three instalments behind turns out to be bankrupt: two persons write the loan off
    rejected    part of the proposals that the second person rejects
    forgotten   chance that who was declined asks to be forgotten;  leaves  that who repaid takes a consent back and asks it
    placed      chance a day that a loan far past due is handed to an agency by hand;  recalled  that it is taken back
    """

    bankrupt: float = 0.12
    rejected: float = 0.08
    forgotten: float = 0.20
    leaves: float = 0.04
    placed: float = 0.03
    recalled: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A played world.

    scenario         products, hazards, traits as in the columnar world; `stress` by month of the due date
    borrowers        strangers who register in the year; business_share of them are small businesses
    days             days on which people come and draw; for `after` days more lives only go on, so that what became overdue in
                     the last month can be seen collected
    draws_every      mean days between a borrower's wishes to draw again
    comes_back       chance that who was declined applies again;  returns  chance that a purchase is returned within days
    rounds_up        chance that an instalment or a settlement is paid with the next full hundred yuan
    contacts_a_day   contacts that collectors have time for, times their effort;  contact_odds  factor on the odds to catch up of
                     who was not contacted for a month, and of who was
    miss_by_month    habit of the civil month in missing due dates;  effort_by_month  of collections in getting arrears paid
    """

    seed: int
    scenario: Scenario
    borrowers: int
    days: int
    after: int = 31
    first_day: int = FIRST_DAY
    business_share: float = 0.12
    draws_every: float = 75.0
    rounds_up: float = 0.02
    comes_back: float = 0.25
    returns: float = 0.03
    contacts_a_day: int = 10
    contact_odds: tuple[float, float] = (0.85, 1.10)
    channels: tuple[Channel, ...] = (
        Channel(name="app_store", share=0.38, cost_fen=92_00, quality=0.05),
        Channel(name="search_ads", share=0.30, cost_fen=141_00, quality=-0.10),
        Channel(name="partner_shop", share=0.20, cost_fen=60_00, quality=-0.05),
        Channel(name="friend", share=0.12, cost_fen=30_00, quality=0.30),
    )
    appetites: dict[str, Appetite] = field(
        default_factory=lambda: {
            "harbour_trust_1": Appetite(accepts=0.35),
            "lantern_micro_lending": Appetite(accepts=0.45),
            "heron_bank": Appetite(accepts=0.75, outages=((70, 4),)),
            "juniper_consumer_finance": Appetite(accepts=0.70, dawdles=0.03),
            "meadow_bank": Appetite(accepts=0.80, outages=((150, 2), (280, 6))),
            "harbour_bank": Appetite(accepts=0.90),
            "saffron_bank": Appetite(accepts=0.70, dawdles=0.04, outages=((220, 5),)),
            "granite_bank": Appetite(accepts=0.90, dawdles=0.05),
        }
    )
    other: Appetite = Appetite(accepts=0.8)
    provider: Provider = Provider()
    bank: Statements = Statements()
    decisions: Decisions = Decisions()
    miss_by_month: tuple[float, ...] = (1.10, 1.15, 1.00, 0.98, 0.98, 1.00, 1.00, 1.00, 0.98, 1.03, 0.98, 1.00)
    effort_by_month: tuple[float, ...] = (0.95, 0.85, 1.02, 1.02, 1.0, 1.0, 1.0, 1.0, 1.0, 0.97, 1.02, 1.02)

    @property
    def last_day(self) -> int:
        """The last day that is played."""
        return self.first_day + self.days + self.after - 1

    def wish(self, on: int) -> float:
        """How much people borrow on a day, against their best one: 0 to 1."""
        weight = _WEEKDAY[(on + 3) % 7]
        civil = date(on)
        for before in range(3):
            if date(on + before + 1).month != civil.month and date(on + before).month == civil.month:
                weight *= _MONTH_END[before]
        if any(-2 <= on - festival <= _LULL_DAYS for festival in FESTIVALS):
            weight *= _LULL
        return min(weight / (max(_WEEKDAY) * max(_MONTH_END)), 1.0)


def setting(*, seed: int, borrowers: int, days: int) -> Setting:
    """The world of `loanbook world`: a year with a stress episode in its second half.

    A whole year goes on until the plan that revolves has paid its first date, in February; a shorter one for a month.
    """
    after = 55 if days == 365 else 31
    return Setting(seed=seed, scenario=played_scenario(days), borrowers=borrowers, days=days, after=after)


def played_scenario(days: int, hazards: Hazards | None = None, stress: dict[str, float] | None = None) -> Scenario:
    """A scenario of the played year; without arguments with its own stress episode."""
    episode = {"2025-07": 1.20, "2025-08": 1.45, "2025-09": 1.40, "2025-10": 1.15}
    return Scenario(
        first_day=FIRST_DAY,
        last_day=FIRST_DAY + days - 1,
        known_until=FIRST_DAY + days - 1,
        hazards=hazards or Hazards(),
        stress=episode if stress is None else stress,
    )
