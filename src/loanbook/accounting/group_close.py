"""A group's period from journal entries to consolidated figures and cash flows, and what the next period opens with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from loanbook.accounting.cash_flow import CASH, CashFlowStatement, cash_flow_statement
from loanbook.accounting.consolidation import Change, Consolidated, consolidate
from loanbook.accounting.group_rows import US_GAAP, Rows, rows_of_entries, summed, with_opening
from loanbook.accounting.perimeter import GroupAccounts
from loanbook.accounting.translation import Translation, translate
from loanbook.terms.cash_flow import CashFlowClass, IndirectLine
from loanbook.terms.chart import Chart
from loanbook.terms.elimination import EliminationRule
from loanbook.terms.entity import Group
from loanbook.terms.exchange_rates import ExchangeRates

_BALANCE = ("entity", "account", "counterparty")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTerms:
    """The terms that a group's close is made by."""

    group: Group
    chart: Chart
    rules: tuple[EliminationRule, ...]
    rates: ExchangeRates
    classes: dict[str, CashFlowClass]
    indirect: tuple[IndirectLine, ...]
    accounts: GroupAccounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupState:
    """What a close leaves to the next: each entity's closing balances in its currency, the same translated, and eliminations."""

    functional: Rows
    translated: Rows
    carried: Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupClose:
    """One period of a group."""

    functional: Rows
    translation: Translation
    consolidated: Consolidated
    cash_flow: CashFlowStatement

    def state(self) -> GroupState:
        """What the next period opens with."""
        return GroupState(
            functional=summed(self.functional, _BALANCE),
            translated=summed(self.translation.rows, _BALANCE),
            carried=self.consolidated.carried(),
        )


def close_group(
    entries: pa.Table,
    terms: GroupTerms,
    *,
    starts_on: int,
    ends_on: int,
    before: GroupState | None = None,
    changes: Sequence[Change] = (),
    books: Sequence[str] = US_GAAP,
    cash_accounts: Sequence[str] = CASH,
) -> GroupClose:
    """The group's period.

    entries    the period's journal (`journal.ENTRY`) of all entities, in functional currencies (`remeasurement`)
    before     the state of the last close of the same books; None for the first one
    raises     as `translate` and `consolidate`
    """
    moved = rows_of_entries(entries, terms.chart, cash_accounts=cash_accounts, books=books)
    functional = with_opening(moved, before.functional if before else None)
    period: dict[str, Any] = {"starts_on": starts_on, "ends_on": ends_on}
    translation = translate(
        functional,
        terms.group,
        terms.chart,
        terms.rates,
        carried=before.translated if before else None,
        adjustment=terms.accounts.translation,
        **period,
    )
    consolidated = consolidate(
        translation.rows,
        terms.group,
        terms.chart,
        terms.rules,
        carried=before.carried if before else None,
        changes=changes,
        accounts=terms.accounts,
        **period,
    )
    cash = cash_flow_statement(
        consolidated.rows, consolidated.setting, terms.classes, terms.indirect, cash_accounts=cash_accounts
    )
    return GroupClose(functional=functional, translation=translation, consolidated=consolidated, cash_flow=cash)
