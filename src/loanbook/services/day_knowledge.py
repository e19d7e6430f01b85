"""Where claims stood by what was known at the end of the day that is closed: what passes a claim on asks for nothing else.

Money is divided by the day that learned of it (`day_money`). So a claim that passes on a day is what was owed by what that day
knew: a payment told later, though it was made earlier, belongs to who holds the claim then, and a day closed late passes on what
it would have passed on in time.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import chosen, joined
from loanbook.services.day_pass import CHUNK, Standing, stand
from loanbook.stores.online.day_columns import loans_of
from loanbook.stores.online.day_knowledge import payments_booked, ran_then, told_since


def known_of(day: Day, ids: Sequence[str]) -> Standing:
    """Where some loans stood; `open` says whether they ran, as far as the day knew."""
    loans = loans_of(day.connection, ids)
    ran = ran_then(day.connection, ids, day.day)
    then = dataclasses.replace(loans, open=np.array([each.decode() in ran for each in loans.loan_id.tolist()], bool))
    return stand(day.book, then, payments_booked(day.connection, ids, day.moments()[1]), day.day, day.findings)


def known_late(day: Day) -> Standing | None:
    """The loans that were past due; None when none was.

    The pass of the day saw all that is known now; only loans of which more was told since the day ended are looked at again.
    """
    if day.shared.late is None:
        told = told_since(day.connection, day.day, day.moments()[1])
        again = set(told)
        parts = [
            chosen(part, np.array([place for place, each in enumerate(part.loan_id) if each not in again], np.int64))
            for part in day.figures.late
        ]
        for start in range(0, len(told), CHUNK):
            standing = known_of(day, told[start : start + CHUNK])
            parts.append(chosen(standing, np.flatnonzero(standing.column(Position.DPD) > 0)))
        day.shared.late = tuple(part for part in parts if part.loan_id)
    return joined(list(day.shared.late)) if day.shared.late else None
