"""Which entities are consolidated in a period: on the day before it, at its end, and who came or left on which day between."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loanbook.accounting.group_rows import UNDATED
from loanbook.errors import RequestError
from loanbook.terms.chart import Chart
from loanbook.terms.elimination import EliminationRule
from loanbook.terms.entity import Group, Method
from loanbook.units import NEVER, Ints, date

# Columns of the roll-forward that only consolidation writes.
ACQUIRED = "acquired"
DISPOSED = "disposed"
NONCONTROLLING = "noncontrolling"
UNMATCHED = "unmatched"
INCOME = "income"
CONTRIBUTED = "contributed"
DIVIDENDS = "dividends"
SHARE_CHANGE = "share_change"
REMEASURED = "remeasured"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAccounts:
    """The accounts that consolidation itself writes, by code of the chart."""

    goodwill: str = "1640"
    equity_method: str = "1660"
    investment: str = "1800"
    paid_in: str = "3020"
    retained: str = "3050"
    translation: str = "3060"
    noncontrolling: str = "3090"
    gain: str = "6040"
    """Gain or loss on investments: the equity method, remeasurement of a share held before, disposals, bargain purchases."""

    @property
    def investments(self) -> tuple[str, str]:
        """Where a holder's books carry what it paid for an entity."""
        return self.investment, self.equity_method


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a consolidation of one period is made with."""

    group: Group
    chart: Chart
    rules: tuple[EliminationRule, ...]
    accounts: GroupAccounts
    starts_on: int
    ends_on: int
    joined: Mapping[str, int]
    """First day in the figures, by entity; UNDATED for those consolidated before the period."""
    left: Mapping[str, int]
    """First day out of the figures; NEVER for those that stay."""

    @property
    def results(self) -> tuple[str, ...]:
        """Accounts of the income statement."""
        return tuple(code for code, account in self.chart.accounts.items() if account.is_result)

    @property
    def equity(self) -> tuple[str, ...]:
        """Accounts of equity."""
        return tuple(code for code, account in self.chart.accounts.items() if account.kind == "equity")

    @property
    def cuts(self) -> tuple[int, ...]:
        """First days of the stretches of the period in which no share and no control changes."""
        days = {day for entity in self.group.entities for day in entity.changes() if self.starts_on < day <= self.ends_on}
        return (self.starts_on, *sorted(days))

    def stretch_ends(self) -> tuple[int, ...]:
        """The last day of each stretch."""
        return (*(day - 1 for day in self.cuts[1:]), self.ends_on)

    def stretch_of(self, posted_on: Ints) -> Ints:
        """The number of each day's stretch; -1 for undated rows."""
        found: Ints = np.searchsorted(np.array(self.cuts, np.int64), posted_on, side="right") - 1
        return found

    def joined_on(self, entities: Ints) -> Ints:
        """First day in the figures of each entity; NEVER for those that are not in at any time."""
        return mapped(entities, self.joined, NEVER)

    def left_on(self, entities: Ints) -> Ints:
        """First day out of the figures of each entity."""
        return mapped(entities, self.left, NEVER)

    def inside(self, entities: Ints, posted_on: Ints) -> Ints:
        """Whether each entity is in the figures on each day; undated rows count as the day before the period."""
        found: Ints = (self.joined_on(entities) <= posted_on) & (posted_on < self.left_on(entities))
        return found


def mapped(values: Ints, words: Mapping[str, int], default: int) -> Ints:
    """A number for each text."""
    if not len(values):
        return np.zeros(0, np.int64)
    unique, places = np.unique(values.astype(str), return_inverse=True)
    found: Ints = np.array([words.get(str(word), default) for word in unique], np.int64)[places]
    return found


def setting_of(
    group: Group, chart: Chart, rules: tuple[EliminationRule, ...], accounts: GroupAccounts, *, starts_on: int, ends_on: int
) -> Setting:
    """The perimeter of a period; raises RequestError for an entity that comes or leaves more than once in it."""
    joined: dict[str, int] = {}
    left: dict[str, int] = {}
    for entity in group.entities:
        days = [starts_on - 1, *(day for day in entity.changes() if starts_on <= day <= ends_on), ends_on]
        states = [entity.method(day) is Method.FULL for day in days]
        turns = [days[at] for at in range(1, len(days)) if states[at] != states[at - 1]]
        if len(turns) > 1:
            raise RequestError(
                f"{entity.code} comes and leaves on {', '.join(str(date(day)) for day in turns)}; close between them."
            )
        if not any(states):
            continue
        joined[entity.code] = UNDATED if states[0] else turns[0]
        left[entity.code] = turns[0] if turns and states[0] else NEVER
    return Setting(
        group=group, chart=chart, rules=rules, accounts=accounts, starts_on=starts_on, ends_on=ends_on, joined=joined, left=left
    )
