"""The closed periods of a book consolidated one after the other: on a basis, and each adjustment of IFRS by its topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.cash_flow import CashFlowStatement
from loanbook.accounting.consolidation import Change, Consolidated
from loanbook.accounting.control_changes import adjustment
from loanbook.accounting.control_events import control_changes
from loanbook.accounting.corporate_postings import known
from loanbook.accounting.group_close import GroupClose, GroupState, GroupTerms, close_group
from loanbook.accounting.group_rows import OPENING
from loanbook.accounting.perimeter import GroupAccounts
from loanbook.accounting.remeasurement import NOTHING, remeasured
from loanbook.services.corporate_amounts import known_by
from loanbook.stores.ledger import Period as Closed
from loanbook.terms.cash_flow import read_classes, read_indirect
from loanbook.terms.chart import Chart
from loanbook.terms.elimination import read_eliminations
from loanbook.terms.entity import Group
from loanbook.terms.exchange_rates import ExchangeRates
from loanbook.terms.posting_rule import BASES

STATED = "stated"
"""The column of balances that are stated when the books begin: in the opening period they are movements like all others."""
_ADJUSTED = ("USGAAP", "IFRS")
Changes = Mapping[str, Sequence[Change]]
NO_CHANGES: Changes = {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupPeriod:
    """One closed period of the group on one basis, or one adjustment alone."""

    closed: Closed
    close: GroupClose

    @property
    def consolidated(self) -> Consolidated:
        """The group's rows and eliminations."""
        return self.close.consolidated

    @property
    def cash(self) -> CashFlowStatement:
        """Its cash flows; those of an opening are of no period."""
        return self.close.cash_flow


def group_terms(chart: Chart, group: Group, rates: ExchangeRates) -> GroupTerms:
    """The terms of a group's close, with the shipped eliminations and classes of cash."""
    return GroupTerms(
        group=group,
        chart=chart,
        rules=read_eliminations(chart),
        rates=rates,
        classes=dict(read_classes()),
        indirect=read_indirect(chart),
        accounts=GroupAccounts(),
    )


def changes_of(closed: Sequence[Closed], tables: Mapping[str, pa.Table], group: Group, currency: str) -> Changes:
    """Changes of control and shares by the id of the closed period in whose days they are, as far as that period knew them.

    raises   RequestError as `control_events.control_changes`
    """
    found = {}
    for each in closed:
        start, end, known_at = (units.day(each.manifest[name]) for name in ("first_day", "ends_on", "known_at"))
        told = known(tables, end, known_by(known_at))
        found[each.id] = control_changes(told, group, starts_on=start, ends_on=end, currency=currency)
    return found


def functional_entries(closed: Sequence[Closed], terms: GroupTerms) -> list[pa.Table]:
    """The summed entries of periods in order, those in another currency than their entity's own made entries of its own.

    raises   RequestError as `remeasurement.remeasured`
    """
    found: list[pa.Table] = []
    left = NOTHING
    for each in closed:
        ends_on = units.day(each.manifest["ends_on"])
        made = remeasured(summed_entries(each), terms.group, terms.chart, terms.rates, ends_on=ends_on, before=left)
        found.append(made.entries)
        left = made.left
    return found


def close_in_order(
    closed: Sequence[Closed], entries: Sequence[pa.Table], terms: GroupTerms, basis: str, changes: Changes = NO_CHANGES
) -> list[GroupPeriod]:
    """Every period of the group on a basis in order, each opening with what the one before it closed with.

    entries   of each period, in functional currencies (`functional_entries`)
    changes   control gained or lost and shares changed, by the id of the closed period (`control_events`)
    """
    return close_on_books(closed, entries, terms, BASES[basis], changes)


def adjustments_in_order(
    closed: Sequence[Closed], entries: Sequence[pa.Table], terms: GroupTerms, changes: Changes = NO_CHANGES
) -> dict[str, list[GroupPeriod]]:
    """By topic: what the IFRS book says less what the US GAAP book says, as a group of its own.

    Prices of changes of control are the same on both, so an adjustment's group changes without any.
    So the adjustments are translated and attributed to outsiders like the books they adjust, and a topic's rows sum to zero.
    """
    adjusting = [adjusting_entries(table) for table in entries]
    adjusted = {period: tuple(map(adjustment, of)) for period, of in changes.items()}
    topics = sorted({topic for table in adjusting for topic in pc.unique(table["topic"]).to_pylist()})
    found = {}
    for topic in topics:
        own = [table.filter(pc.equal(table["topic"], topic)) for table in adjusting]
        found[topic] = close_on_books(closed, own, terms, _ADJUSTED, adjusted)
    return found


def close_on_books(
    closed: Sequence[Closed],
    entries: Sequence[pa.Table],
    terms: GroupTerms,
    books: Sequence[str],
    changes: Changes = NO_CHANGES,
) -> list[GroupPeriod]:
    """The periods that some books add up to; see `close_in_order`."""
    found: list[GroupPeriod] = []
    state: GroupState | None = None
    for each, table in zip(closed, entries, strict=True):
        # What an opening holds happened long before the quarter it is named by; its entries are of one day.
        start, end = units.day(each.manifest["first_day"]), units.day(each.manifest["ends_on"])
        own = changes.get(each.id, ())
        close = close_group(table, terms, starts_on=start, ends_on=end, before=state, changes=own, books=books)
        found.append(GroupPeriod(closed=each, close=close))
        state = close.state()
    return found


def summed_entries(closed: Closed) -> pa.Table:
    """Entries of a period added up over cohorts and products, as they were locked with it (`journal.summed`)."""
    table = closed.table("summed")
    if not closed.manifest["opening"]:
        return table
    for side in ("debit_column", "credit_column"):
        stated = pc.if_else(pc.equal(table[side], OPENING), STATED, table[side])
        table = table.set_column(table.schema.get_field_index(side), side, stated)
    return table


def adjusting_entries(table: pa.Table) -> pa.Table:
    """The entries of the two adjustment books: those of IFRS as they are, those of US GAAP the other way round."""
    chosen = table.filter(pc.is_in(table["book"], pa.array(_ADJUSTED)))
    turned = pc.equal(chosen["book"], "USGAAP")
    columns = {name: chosen[name] for name in chosen.column_names}
    for name in ("", "_column"):
        debit, credit = chosen[f"debit{name}"], chosen[f"credit{name}"]
        columns[f"debit{name}"] = pc.if_else(turned, credit, debit)
        columns[f"credit{name}"] = pc.if_else(turned, debit, credit)
    return pa.table(columns)
