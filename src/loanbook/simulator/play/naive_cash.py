"""What must lie in suspense, found by hand: lines of statements held one by one against what was heard to be booked.

Shares no rule with the house but what the terms of the accounts say: a line means the booking of its reference, or, without one,
the only booking of its amount within some days of it.
"""

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

MATCH_DAYS = {"payment_provider": 2, "payout_bank": 1}
"""Days that a line without a reference may be apart from its booking (terms of the cash accounts)."""


@dataclass(slots=True, kw_only=True)
class Moved:
    """A line, a booking or an item of suspense; `item_id` once it was seen."""

    reference: str
    on: dt.date
    amount_fen: int
    item_id: str = ""


@dataclass(slots=True, kw_only=True)
class NaiveCash:
    """One account: what is booked and not reported, and what is in suspense."""

    account: str
    moved_fen: int = 0
    reported_fen: int = 0
    booked: list[Moved] = field(default_factory=list)
    items: list[Moved] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    @property
    def suspense_fen(self) -> int:
        """What lies in suspense."""
        return sum(item.amount_fen for item in self.items)

    def book(self, reference: str, on: dt.date, amount_fen: int) -> None:
        """Something was booked."""
        self.booked.append(Moved(reference=reference, on=on, amount_fen=amount_fen))

    def statement(self, number: str, content: str) -> None:
        """Take a statement, once."""
        if number in self.taken:
            return
        self.taken.add(number)
        rows = list(csv.reader(content.splitlines()))[1:]
        lines = [Moved(reference=row[0], on=dt.date.fromisoformat(row[1]), amount_fen=int(Decimal(row[2]) * 100)) for row in rows]
        self.moved_fen += sum(line.amount_fen for line in lines)
        self.match(lines)

    def match(self, lines: list[Moved] | None = None) -> None:
        """Explain what can be explained of new lines and of what lies in suspense."""
        self._by_reference([*(lines or ()), *self.items])
        self._net()

    def _by_reference(self, movements: list[Moved]) -> None:
        self.items = []
        ours: dict[tuple[bool, str], list[Moved]] = defaultdict(list)
        for each in self.booked:
            ours[each.amount_fen < 0, each.reference].append(each)
        left: list[Moved] = []
        for movement in movements:
            same = ours[movement.amount_fen < 0, movement.reference]
            booking = next((each for each in same if each.amount_fen == movement.amount_fen), None)
            if booking is None:
                left.append(movement)
            else:
                same.remove(booking)
                self._reported(booking)
        # Then other amounts of the same reference, the smallest first; the difference is nobody's.
        unexplained: list[Moved] = []
        for movement in sorted(left, key=lambda each: each.amount_fen):
            same = sorted(ours[movement.amount_fen < 0, movement.reference], key=lambda each: each.amount_fen)
            if not same:
                unexplained.append(movement)
                continue
            ours[movement.amount_fen < 0, movement.reference].remove(same[0])
            self._reported(same[0])
            self.items.append(
                Moved(reference=movement.reference, on=movement.on, amount_fen=movement.amount_fen - same[0].amount_fen)
            )
        self._nameless(unexplained)

    def _nameless(self, movements: list[Moved]) -> None:
        """What has no reference means a booking of its amount when neither could mean another."""
        nameless = [each for each in movements if not each.reference]

        def near(one: Moved, others: list[Moved]) -> list[Moved]:
            days = MATCH_DAYS[self.account]
            return [each for each in others if each.amount_fen == one.amount_fen and abs((each.on - one.on).days) <= days]

        pairs = []
        for line in nameless:
            bookings = near(line, self.booked)
            if len(bookings) == 1 and len(near(bookings[0], nameless)) == 1:
                pairs.append((line, bookings[0]))
        for _, booking in pairs:
            self._reported(booking)
        explained = {id(line) for line, _ in pairs}
        self.items += [each for each in movements if id(each) not in explained]

    def _reported(self, booking: Moved) -> None:
        self.reported_fen += booking.amount_fen
        self.booked = [each for each in self.booked if each is not booking]

    def _net(self) -> None:
        """What went back where it came from is explained."""
        by_reference: dict[str, list[Moved]] = defaultdict(list)
        for item in self.items:
            by_reference[item.reference].append(item)
        for reference, items in by_reference.items():
            rest: list[Moved] = []
            for item in items if reference else ():
                opposite = next((each for each in rest if each.amount_fen == -item.amount_fen), None)
                if opposite is None:
                    rest.append(item)
                else:
                    rest.remove(opposite)
            if reference and (sum(each.amount_fen for each in rest) != 0 or len(rest) < 2):
                items[:] = rest
            elif reference:
                items.clear()
        self.items = [item for items in by_reference.values() for item in items]

    def release(self, reference: str, amount_fen: int) -> None:
        """An item was booked as a payment, and is reported with that."""
        item = next((each for each in self.items if (each.reference, each.amount_fen) == (reference, amount_fen)), None)
        if item is not None:
            self.items.remove(item)
            self.reported_fen += amount_fen
