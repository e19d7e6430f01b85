"""What a step takes of the money of a day: what was booked on it, and what it could not take on an earlier day.

A loan whose account cannot be made, or whose mandate is not among the terms, is set apart: its money waits, and the first close
that finds its trouble mended takes all of it at once. Vehicles and partners are taken for by steps of their own, each in its own
transaction, so each has a list of its own of what waits; collections keep theirs themselves (`day_recoveries`). The list is empty
as a rule, and is read by its key.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from loanbook.services.day import Day
from loanbook.services.day_money import HeldMoney, Lent, held_money, lent_on, returned_on
from loanbook.services.day_pass import FINDINGS_MOST
from loanbook.stores.online.unsettled import keep_unsettled, unsettled


class Taker(StrEnum):
    """Who takes: the books of vehicles, the files of partners; collections take money alone, to count what of it was overdue."""

    VEHICLES = "vehicles"
    PARTNERS = "partners"
    COLLECTIONS = "collections"


_WHAT = {"money": "its money", "lent": "its payout", "returned": "the return of its purchase"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a step takes; `late` says of loans since when the money taken waited: of payments, payouts and returned purchases."""

    money: HeldMoney
    lent: tuple[Lent, ...]
    returned: tuple[Lent, ...]
    late: Mapping[str, Mapping[str, dt.date]]


def take(day: Day, taker: Taker) -> Taken:
    """Take the money of the day, and what waited and can be parted by now; note what has to wait. Once a step and day."""
    waited = unsettled(day.connection, taker)
    money = held_money(day, waited["money"])
    lent, lent_apart = lent_on(day, waited["lent"])
    returned, returned_apart = returned_on(day, waited["returned"])
    late = {}
    for what, apart in (("money", money.apart), ("lent", lent_apart), ("returned", returned_apart)):
        for loan_id, since in list(apart.items())[:FINDINGS_MOST]:
            day.findings.add(f"loan {loan_id}", f"{_WHAT[what]} waits until the loan can be booked", f"since {since}")
        day.findings.count += max(len(apart) - FINDINGS_MOST, 0)
        if apart or waited[what]:
            keep_unsettled(day.connection, taker, what, apart)
        late[what] = {loan_id: since for loan_id, since in waited[what].items() if loan_id not in apart}
    return Taken(money=money, lent=tuple(lent), returned=tuple(returned), late=late)
