"""Consolidation of a period: entity trial balances in, the group's trial balance and every elimination out.

Each step's rows sum to zero, each elimination names its step and rule, and nothing is made to fit: what does not match is left
where it was booked, with a finding. Openings are the last close's closings, so opening + movements = closing on every account
of the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loanbook.accounting import control_changes, intercompany, ownership
from loanbook.accounting.control_changes import Acquisition, Disposal, ShareChange
from loanbook.accounting.group_rows import OPENING, UNDATED, Rows, is_in, summed, table_of, together
from loanbook.accounting.perimeter import ACQUIRED, GroupAccounts, Setting, setting_of
from loanbook.errors import Finding, RequestError, TieError
from loanbook.terms.chart import Chart
from loanbook.terms.elimination import DISTRIBUTION, EliminationRule
from loanbook.terms.entity import PPM, Group, Method
from loanbook.units import NEVER, date, format_money

FORMER = "former"
"""The step of what a company that left leaves behind: the results it earned in the group."""

Change = Acquisition | ShareChange | Disposal

_LASTING = ("step", "rule", "entity", "counterparty", "account")
_CARRIED = ("entity", "account", "counterparty")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Consolidated:
    """One period of the group.

    own            the entities' own rows, in the figures as of their days; a company that joined in the column `acquired`
    eliminations   every row that consolidation adds, the carried ones as openings; sums to zero in each step
    findings       differences between companies, and what no rule covers
    """

    setting: Setting
    own: Rows
    eliminations: Rows
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> Rows:
        """Everything: own rows and eliminations."""
        return together([self.own, self.eliminations])

    def trial_balance(self) -> pa.Table:
        """The group's figures: account, column, amount_fen; debit positive, sums to zero."""
        return table_of(summed(self.rows, ("account", "column"))).select(["account", "column", "amount_fen"])

    def eliminated(self) -> pa.Table:
        """The elimination entries: `group_rows.SCHEMA`."""
        return table_of(self.eliminations)

    def carried(self) -> Rows:
        """What the next period opens with beside the entities' own closings: pass it as `carried`."""
        gone = [entity for entity, day in self.setting.left.items() if day < NEVER]
        former = self.own.where(is_in(self.own["entity"], gone))
        parts = [summed(self.eliminations, _LASTING)]
        if len(former):
            parts.append(summed(former, _CARRIED).but(step=FORMER))
        return control_changes.opening_day(together(parts))


def consolidate(
    rows: Rows,
    group: Group,
    chart: Chart,
    rules: tuple[EliminationRule, ...],
    *,
    starts_on: int,
    ends_on: int,
    carried: Rows | None = None,
    changes: Sequence[Change] = (),
    accounts: GroupAccounts | None = None,
) -> Consolidated:
    """The group's figures of a period.

    rows       of all entities in the presentation currency (`translation.translate`), each entity's sum zero; entities held by
               the equity method too, with the rows of the period
    carried    `Consolidated.carried()` of the last close; None at the first one
    changes    control gained or lost and shares changed in the period
    raises     RequestError: an entity that does not balance, or comes or leaves without its event; TieError when eliminations or
               the group's figures do not sum to zero (a defect, never data)
    """
    setting = setting_of(group, chart, rules, accounts or GroupAccounts(), starts_on=starts_on, ends_on=ends_on)
    _check_rows(rows, setting, changes)
    if carried is None:
        _check_openings(rows, setting)
    made, findings = ownership.pick_up(rows, setting, carried)
    opened = [carried] if carried is not None else []
    for event in changes:
        if isinstance(event, Acquisition):
            made = together([made, control_changes.acquire(event, rows, together([*opened, made]), setting)])
        elif isinstance(event, ShareChange):
            made = together([made, control_changes.cost_of_shares(event, setting)])
    own = _in_the_figures(rows, setting)
    joining = [entity for entity, day in setting.joined.items() if day > UNDATED]
    # An investment that the equity method moved in earlier periods is acquired whole.
    held = [part.where((part["step"] == ownership.EQUITY_METHOD) & is_in(part["counterparty"], joining)) for part in opened]
    matched, unmatched = intercompany.eliminate(together([own, made, *held]), carried, setting)
    outside = ownership.outside_equity(own, setting)
    within = [rule.code for rule in rules if rule.kind == DISTRIBUTION]
    earned = together([own, made, matched.where(is_in(matched["rule"], within))])
    earned = earned.where(setting.inside(earned["entity"], earned["posted_on"]))
    made = together([*opened, made, matched, outside, ownership.attribute(earned, setting)])
    for event in sorted((each for each in changes if not isinstance(each, Acquisition)), key=lambda each: each.on):
        if isinstance(event, Disposal):
            booked = control_changes.dispose(event, rows, made, setting)
        else:
            booked = control_changes.change_share(event, made, setting)
        made = together([made, booked, ownership.attribute(booked.where(booked["entity"] == event.holder), setting)])
    found = Consolidated(setting=setting, own=own, eliminations=made, findings=(*findings, *unmatched))
    for what, total in (("eliminations", made.total), ("the group's figures", found.rows.total)):
        if total:
            raise TieError(f"{what} of {date(starts_on)} to {date(ends_on)} sum to {format_money(total)}, not to zero.")
    return found


def _in_the_figures(rows: Rows, setting: Setting) -> Rows:
    """The rows of consolidated entities while they are; what a company brought along in the column `acquired`, on its day."""
    joined, left = setting.joined_on(rows["entity"]), setting.left_on(rows["entity"])
    rows, joined = (
        rows.where((joined < NEVER) & (rows["posted_on"] < left)),
        joined[(joined < NEVER) & (rows["posted_on"] < left)],
    )
    brought = (joined > UNDATED) & (rows["posted_on"] < joined)
    return rows.but(
        column=np.where(brought, ACQUIRED, rows["column"]).astype(object), posted_on=np.where(brought, joined, rows["posted_on"])
    )


def _check_openings(rows: Rows, setting: Setting) -> None:
    """A first close cannot know what outsiders own, or the equity method added, from before it."""
    before = setting.starts_on - 1
    opening = rows.where((rows["column"] == OPENING) & (rows["amount_fen"] != 0))
    for code in sorted(set(opening["entity"])):
        entity = setting.group.entity(code)
        shared = entity.method(before) is Method.FULL and sum(share for _, share in entity.shares(before)) < PPM
        if code != setting.group.top and (shared or entity.method(before) is Method.EQUITY):
            raise RequestError(
                f"{code} has openings and belongs to others in part on {date(before)}; begin with the books of its first day, or "
                "give the last close's eliminations (carried)."
            )


def _check_rows(rows: Rows, setting: Setting, changes: Sequence[Change]) -> None:
    for entity in sorted(set(rows["entity"])):
        own = rows.of(entity)
        setting.group.entity(entity)
        if own.total:
            raise RequestError(
                f"the trial balance of {entity} does not balance: debits less credits are {format_money(own.total)}."
            )
        day = setting.joined.get(entity, UNDATED)
        before = own["amount_fen"][own["posted_on"] < day].any() if day > UNDATED else False
        if before and not any(isinstance(event, Acquisition) and event.entity == entity for event in changes):
            raise RequestError(f"{entity} has balances from before {date(day)}, when it joins the group; give the acquisition.")
    for entity, day in setting.left.items():
        if day < NEVER and not any(isinstance(event, Disposal) and event.entity == entity for event in changes):
            raise RequestError(f"{entity} leaves the group on {date(day)}; give the disposal.")
    for event in changes:
        if isinstance(event, Acquisition) and setting.joined.get(event.entity) != event.on:
            raise RequestError(
                f"{event.entity} is acquired on {date(event.on)}, but its terms do not begin full consolidation that day."
            )
        if isinstance(event, Disposal) and setting.left.get(event.entity) != event.on:
            raise RequestError(
                f"{event.entity} is disposed of on {date(event.on)}, but its terms do not end full consolidation that day."
            )
        if not setting.starts_on <= event.on <= setting.ends_on:
            raise RequestError(f"the change of {event.entity} on {date(event.on)} lies outside the period.")
