"""A naive account in Decimal: one loan whose schedule stands, facts one by one, the waterfall word for word.

Slow and simple on purpose; it shares no code with the kernel. It knows payments, charges and reversals, the excess rules next,
last and spread, horizontal and vertical, the tolerance, and late charges counted day by day.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

COMPONENTS = ("penalty", "fee", "interest", "principal")
TIMINGS = ("past_due", "due", "in_advance")


@dataclass
class Instalment:
    """What is due on a day and what was paid of it."""

    due_on: int
    due: dict[str, Decimal]
    paid: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, Decimal(0)))
    settled_on: int | None = None
    cleared_on: int | None = None
    accrued: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)

    def unpaid(self) -> Decimal:
        """All components together."""
        return sum((self.due[name] - self.paid[name] for name in COMPONENTS), Decimal(0))


@dataclass
class NaiveAccount:
    """Instalments, and money that found nothing to pay."""

    instalments: list[Instalment]
    steps: list[tuple[str, str]]
    excess: str
    vertical: bool
    held: Decimal = Decimal(0)
    tolerance: Decimal = Decimal(0)
    late_charge_a_day: Decimal = Decimal(0)
    grace_days: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        """An instalment of no more than the tolerance is out of arrears from its due date on."""
        self._mark(0)

    def advance(self, day: int) -> None:
        """Days pass, one by one: what is overdue and beyond the tolerance is charged for being late."""
        while self.day < day:
            self.day += 1
            for item in self.instalments:
                if item.due_on >= self.day:
                    continue
                if item.unpaid() <= self.tolerance:
                    item.accrued = item.accrued if item.charged else Decimal(0)
                    continue
                owed = item.due["principal"] - item.paid["principal"]
                item.accrued += owed * self.late_charge_a_day
                if self.day - item.due_on > self.grace_days and owed > 0:
                    total = item.accrued.quantize(Decimal(1), ROUND_HALF_EVEN)
                    item.due["penalty"] += total - item.charged
                    item.charged = total

    def _due_by(self, day: int) -> Instalment | None:
        return next((item for item in self.instalments if item.due_on >= day), None)

    def charge(self, component: str, amount: Decimal, due_on: int, day: int) -> None:
        """A charge joins the first instalment due on or after its day, if that is not out of arrears; held money then pays it."""
        target = self._due_by(due_on)
        if target is None or (target.due_on < day and target.cleared_on is not None):
            target = self._due_by(max(due_on, day))
        if target is None:
            target = Instalment(max(due_on, day), dict.fromkeys(COMPONENTS, Decimal(0)))
            self.instalments.append(target)
        target.due[component] += amount
        target.settled_on = None
        self._mark(day)
        held, self.held = self.held, Decimal(0)
        self.pay(held, day)

    def pay(self, money: Decimal, day: int) -> None:
        """Run the waterfall."""
        timings: list[str] = []
        for timing, _ in self.steps:
            if timing not in timings:
                timings.append(timing)
        if self.vertical:
            for timing, component in self.steps:
                money = self._bucket(timing, [component], money, day, component)
        else:
            for timing in timings:
                names = [component for step, component in self.steps if step == timing]
                money = self._bucket(timing, names, money, day, None)
        self.held += money
        for item in self.instalments:
            if item.unpaid() == 0 and item.settled_on is None:
                item.settled_on = day
        self._mark(day)

    def _mark(self, day: int) -> None:
        for item in self.instalments:
            if item.unpaid() > self.tolerance:
                item.cleared_on = None
            elif item.cleared_on is None:
                item.cleared_on = day if any(item.paid.values()) else item.due_on

    def _open(self, timing: str, day: int, component: str | None) -> list[Instalment]:
        found = []
        for item in self.instalments:
            stands = "past_due" if item.due_on < day else "due" if item.due_on == day else "in_advance"
            owed = item.unpaid() if component is None else item.due[component] - item.paid[component]
            if stands == timing and owed > 0:
                found.append(item)
        return found

    def _bucket(self, timing: str, names: list[str], money: Decimal, day: int, only: str | None) -> Decimal:
        while money > 0:
            found = self._open(timing, day, only)
            if not found:
                return money
            before = money
            if timing == "in_advance" and self.excess == "spread":
                for name in names:
                    portion = (money / len(found)).quantize(Decimal(1), ROUND_HALF_EVEN)
                    rest = money - portion * len(found)
                    if portion + rest < 0:
                        portion = Decimal(int(money) // len(found))
                        rest = money - portion * len(found)
                    for item in found:
                        money -= self._take(item, name, portion + (rest if item is found[-1] else 0))
            else:
                item = found[-1] if timing == "in_advance" and self.excess == "last" else found[0]
                for name in names:
                    money -= self._take(item, name, money)
            if money == before:
                return money
        return money

    @staticmethod
    def _take(item: Instalment, name: str, most: Decimal) -> Decimal:
        amount = max(min(most, item.due[name] - item.paid[name]), Decimal(0))
        item.paid[name] += amount
        return amount
