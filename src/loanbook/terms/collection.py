"""Terms of collections: who is contacted when and how often, what a promise is, when an agency takes over, what it all costs."""

from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.units import date

MINUTES_A_DAY = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something a collector does. `contact`: it reaches the borrower, so it counts against the contact limits."""

    name: str
    cost_fen: int
    contact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionStage:
    """One queue: loans from dpd_least days past due up to the next stage that owe at least `overdue_least_fen`.

    actions       names of what is done here
    day, week     most contacts a day, and in any seven days
    """

    name: str
    dpd_least: int
    overdue_least_fen: int
    actions: tuple[str, ...]
    contacts_a_day: int
    contacts_a_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTerms:
    """A promise to pay lies at most `days_most` ahead; it is kept when its amount, less a tolerance, came by its day + grace.

    broken_moves_up   so many stages later than its days past due say stands a loan that broke one, as long as it stays past due
    """

    days_most: int
    grace_days: int
    tolerance_fen: int
    broken_moves_up: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An outside collector.

    dpd_least, overdue_least_fen   the loans it gets
    weight                         its part of the loans that several agencies could get
    commission_ppm                 of what is recovered while it has the loan, millionths
    keeps_days                     then it hands the loan back
    """

    name: str
    dpd_least: int
    overdue_least_fen: int
    weight: int
    commission_ppm: int
    keeps_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionTerms:
    """One dated version of a collection policy.

    stages                    by dpd_least, ascending
    opens_minute, closes_minute   contacts are allowed from the one to just before the other, minutes of the local day
    """

    code: str
    title: str
    place: str
    hash: str
    source: str
    effective_from: int
    currency: str
    decimals: int
    opens_minute: int
    closes_minute: int
    actions: tuple[Action, ...]
    stages: tuple[CollectionStage, ...]
    promise: PromiseTerms
    agencies: tuple[Agency, ...]

    def action_number(self, name: str) -> int:
        """The place of an action in `actions`; columns hold it. Raises RequestError for an unknown one."""
        for number, action in enumerate(self.actions):
            if action.name == name:
                return number
        raise RequestError(f"{self.code} has no action {name!r}. Known: {', '.join(action.name for action in self.actions)}.")


def collection_in_force(versions: tuple[CollectionTerms, ...], code: str, as_of: int) -> CollectionTerms:
    """The version of a policy in force on a day.

    raises   RequestError when there is no such policy, or none that early
    """
    named = [terms for terms in versions if terms.code == code]
    if not named:
        known = ", ".join(sorted({terms.code for terms in versions})) or "none"
        raise RequestError(f"there are no collection terms {code!r}. Known: {known}.")
    current = [terms for terms in named if terms.effective_from <= as_of]
    if not current:
        first = min(terms.effective_from for terms in named)
        raise RequestError(
            f"collection terms {code} are not in force on {date(as_of)}; the first version starts on {date(first)}."
        )
    return max(current, key=lambda terms: terms.effective_from)
