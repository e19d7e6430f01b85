"""How a loan's months go: the roll rates of the scenario, decided one month at a time when it comes, with the weather of then.

The same hazards as the columnar world's kernel (`simulator.behaviour`), told apart from it: there a whole life is drawn at once,
here the next month only, because season, stress and collections may have changed by then.
"""

import math
from dataclasses import dataclass, field
from enum import IntEnum

from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.scenario import Hazards, Trait
from loanbook.units import date

SPAN = 26
"""Arrears are caught up within 1 to 27 days of a due date."""
EARLY_DAYS = 5
VIRTUAL_MONTH = 30
"""Months go on in these steps after the last due date."""
PARTIAL_DAYS = (3, 20)
BOUNCED_DAYS = (3, 9)
BOUNCE_DAYS = 2
LAG_DAYS = (2, 30)
_DRAWS = 4


class Kind(IntEnum):
    """What a borrower does."""

    WAIT = 0
    """Nothing; the next month is looked at on that day."""
    PAY = 1
    PART = 2
    BOUNCE = 3
    """Pays, and the payment comes back."""
    SETTLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What happens on a day.

    until   instalments that are paid in full after it;  part  of the next instalment, for PART
    lag     days until the payment provider reports it
    """

    on: int
    kind: Kind
    until: int = 0
    part: float = 1.0
    lag: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What all months share: `strain` multiplies the chance to miss a due date and divides the odds to catch up; `effort` of
    collections multiplies those."""

    setting: Setting

    def strain(self, due_on: int) -> float:
        """Of a due date."""
        civil = date(due_on)
        stress = self.setting.scenario.stress.get(f"{civil.year}-{civil.month:02d}", 1.0)
        return stress * self.setting.miss_by_month[civil.month - 1]

    def effort(self, on: int) -> float:
        """Of a day."""
        return self.setting.effort_by_month[date(on).month - 1]


@dataclass(slots=True, kw_only=True)
class Life:
    """Of one loan so far; due dates as the platform published them.

    contacted_on   day on which collectors last got through to its borrower, or tried
    key      the loan's number in the world;  risk  factor on the chance to miss, of borrower, grade and tenor
    paid     instalments paid in full;  month  the next one to be decided;  last_on  day of the last payment
    """

    key: int
    due_on: tuple[int, ...]
    risk: float
    last_on: int
    paid: int = 0
    month: int = 0
    worst: int = 0
    contacted_on: int = 0
    trait: Trait = field(default=Trait.NONE)
    trait_at: int = -1

    def begin(self, hazards: Hazards, lots: Lots) -> None:
        """Draw what is irregular about the loan."""
        draw, upto = lots.chance(Lot.TRAIT, self.key), 0.0
        for number, share in enumerate(hazards.traits):
            upto += share
            if draw < upto:
                if number in (Trait.PARTIAL, Trait.BOUNCED, Trait.LATE_RECORDED):
                    self.trait = Trait(number)
                    self.trait_at = int(lots.chance(Lot.TRAIT, self.key, 1) * len(self.due_on))
                return

    @property
    def behind(self) -> int:
        """Instalments that are unpaid though a month was decided for them."""
        return self.month - self.paid

    def due(self, month: int) -> int:
        """The due date of a month, also of those after the last instalment."""
        rows = len(self.due_on)
        return self.due_on[month] if month < rows else self.due_on[-1] + VIRTUAL_MONTH * (month - rows + 1)

    def next(self, hazards: Hazards, weather: Weather, lots: Lots) -> list[Move]:
        """Decide the next month; empty once everything is paid."""
        if self.paid >= len(self.due_on):
            return []
        first = _DRAWS * self.month
        draw, when, missed, stays = (lots.chance(Lot.MONTH, self.key, first + number) for number in range(_DRAWS))
        if self.behind == 0:
            return self._current(hazards, weather, lots, draw, when, missed, stays)
        return self._behind(hazards, weather, draw, when)

    def _current(
        self, hazards: Hazards, weather: Weather, lots: Lots, draw: float, when: float, missed: float, stays: float
    ) -> list[Move]:
        month, due, rows = self.month, self.due(self.month), len(self.due_on)
        if draw < hazards.prepay and month < rows - 1:
            on = self.last_on + 1 + int(when * (due - self.last_on - 1))
            if on < due:
                self.paid = rows
                return [Move(on=on, kind=Kind.SETTLE)]
        strain = weather.strain(due)
        days, before = 0, []
        if self.trait_at == month and self.trait == Trait.PARTIAL:
            days = lots.within(Lot.TIMING, self.key, 0, *PARTIAL_DAYS)
            part_on = due + int(lots.chance(Lot.TIMING, self.key, 3) * days)
            part = 0.2 + 0.6 * lots.chance(Lot.TIMING, self.key, 2)
            before = [Move(on=part_on, kind=Kind.PART, until=self.paid, part=part)]
        elif self.trait_at == month and self.trait == Trait.BOUNCED:
            days = lots.within(Lot.TIMING, self.key, 0, *BOUNCED_DAYS)
            before = [Move(on=due, kind=Kind.BOUNCE, until=self.paid + 1)]
        elif missed < hazards.miss * self.risk * strain:
            graver = hazards.fresh[0] + hazards.fresh[1] * math.exp(-month / hazards.fresh[2])
            uncured = (1.0 - hazards.cure[0]) * strain * graver * math.sqrt(self.risk) / weather.effort(due)
            if stays < uncured:
                self.month += 1
                self.worst = max(self.worst, 1)
                return [Move(on=self.due(self.month), kind=Kind.WAIT)]
            days = 1 + int(SPAN * when**hazards.cure_speed)
        elif missed > 1.0 - hazards.early and month < rows - 1:
            days = max(-1 - int(EARLY_DAYS * when), self.last_on - due)
        lag = 0
        if self.trait_at == month and self.trait == Trait.LATE_RECORDED:
            lag = lots.within(Lot.TIMING, self.key, 4, *LAG_DAYS)
        self.paid += 1
        self.month += 1
        self.last_on = due + days
        return [*before, Move(on=due + days, kind=Kind.PAY, until=self.paid, lag=lag)]

    def _behind(self, hazards: Hazards, weather: Weather, draw: float, when: float) -> list[Move]:
        month, due, rows = self.month, self.due(self.month), len(self.due_on)
        self.worst = max(self.worst, self.behind + 1)
        on = due + 1 + int(SPAN * when)
        age = min(self.behind, len(hazards.cure) - 1)
        odds = weather.setting.contact_odds[on - self.contacted_on <= VIRTUAL_MONTH]
        everything = hazards.cure[age] / weather.strain(due) * weather.effort(on) * odds
        if draw < everything:
            until = min(month + 1, rows)
        elif draw < everything + hazards.pay_one[age]:
            until = self.paid + 1
        else:
            until = self.paid
        self.month += 1
        if until == self.paid:
            return [Move(on=self.due(self.month), kind=Kind.WAIT)]
        self.paid, self.last_on = until, on
        return [Move(on=on, kind=Kind.PAY, until=until)]
