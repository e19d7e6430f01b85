"""What a period posts besides its loans: corporate events as they stand, equity, awards, services over days, debt."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.borrowing import DAYS_A_YEAR, Debt, borrowing_at
from loanbook.accounting.corporate_postings import equity_opening, equity_postables, grants, known, postables, still_to_post
from loanbook.accounting.corporate_reversals import reversed_ids, taken_back
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.journal import postable
from loanbook.accounting.measured_postings import (
    DEBT,
    SERVICE,
    SHARE_BASED,
    less_posted,
    service_postables,
    share_based_postables,
)
from loanbook.accounting.pool_funding import LINES, Pool, by_expected_cash
from loanbook.accounting.share_based import US_GAAP, cost_cells, ifrs
from loanbook.errors import RequestError
from loanbook.loans.dates import add_months
from loanbook.services.today import last_begun_day
from loanbook.stores.book import Book
from loanbook.stores.importers.corporate import contents
from loanbook.stores.latest import last_recorded
from loanbook.terms.chart import Chart
from loanbook.terms.conventions import MonthEnd
from loanbook.units import HALF_UP, RATE_SCALE, Ints, mul_div

EQUITY_KINDS = ("shares_issued", "shares_repurchased", "shares_retired", "grant_exercised", "dividend_declared")
_MEASURED = (("interest", Debt.INTEREST), ("issue_cost", Debt.AMORTISED), ("noncurrent", Debt.NON_CURRENT))


def known_by(day: int) -> dt.datetime:
    """The last moment of a day, UTC, to the microsecond."""
    return dt.datetime.combine(units.date(day), dt.time.max, dt.UTC)


def known_now(book: Book, corporate: Mapping[str, pa.Table], least: dt.date) -> dt.date:
    """The last day up to today on which the book recorded anything, of its loans or of the company; at least `least`."""
    today = last_begun_day()
    days = [least, last_recorded(book, today) or least]
    for table in corporate.values():
        days += [moment.date() for moment in pc.unique(table["recorded_at"]).to_pylist() if moment.date() <= today]
    return max(days)


def facts_hash(corporate: Mapping[str, pa.Table], end: int, known_on: int) -> str:
    """Of the corporate events that a close counts: their ids and what they say."""
    said = hashlib.sha256()
    for name, table in sorted(known(corporate, end, known_by(known_on)).items()):
        told = contents(name, table).sort_by("event_id")
        lines = pc.binary_join_element_wise(told["event_id"], told["said"], "", "\x1e").cast(pa.large_string())
        for chunk in (chunk for chunk in lines.chunks if len(chunk)):
            # The texts of a column lie one after the other.
            ends = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
            said.update(chunk.buffers()[2][ends[0] : ends[-1]])
    return said.hexdigest()


def corporate_amounts(
    tables: Mapping[str, pa.Table],
    *,
    start: int,
    end: int,
    known_on: int,
    posted: pa.Table | None,
    equity: EquityTerms,
    chart: Chart,
    close_run: str,
    pools: Mapping[str, Pool] | None = None,
) -> pa.Table:
    """The amounts of a period, `journal.POSTABLE`.

    tables    corporate events by kind
    pools     by entity, what its loans repay of its tranches within a year: `pool_funding.pools_of`
    posted    what earlier periods posted besides their loans: not posted again but for its difference; a fact of an earlier
              period that was not known is posted on the first day of this one
    note      awards, services over days and debt are measured at `end` from what is known now; what earlier periods posted is
              taken as posted, never measured again from facts that have come since
    """
    facts = known(tables, end, known_by(known_on))
    parts = [postables(facts, end)]
    owners = sorted({(str(row["entity"]), str(row["currency"])) for name in EQUITY_KINDS for row in _rows(facts, name)})
    for entity, currency in owners:
        parts.append(equity_postables(facts, entity, currency, equity, opening=equity_opening(facts, entity, chart)))
    standing = still_to_post(pa.concat_tables(parts), posted, start, close_run)
    back = taken_back(posted, reversed_ids(facts), start, close_run)
    made, moved = grants(facts)
    measured = [
        _debt_amounts(facts, end, pools or {}, close_run),
        service_postables(facts.get("service_billed"), posted_on=end, close_run=close_run),
    ]
    for name, policy in (("us_gaap", US_GAAP), ("ifrs", ifrs())):
        now = cost_cells(made, moved, policy, end)
        measured.append(share_based_postables((), now, basis=name, posted_on=end, close_run=close_run))
    before = None if posted is None else posted.filter(pc.is_in(posted["kind"], pa.array([DEBT, SERVICE, SHARE_BASED])))
    moves = less_posted(pa.concat_tables(measured), before, posted_on=end, close_run=close_run)
    return pa.concat_tables([standing, back, moves]).combine_chunks()


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[dict[str, object]]:
    return tables[name].to_pylist() if name in tables else []


def _debt_amounts(facts: Mapping[str, pa.Table], end: int, pools: Mapping[str, Pool], close_run: str) -> pa.Table:
    """What borrowings have come to, since they were drawn; what is current of those that a pool repays by its expected cash."""
    found = debt_state(facts, end)
    drawn = {str(row["debt"]): row for row in _rows(facts, "debt_drawn")}
    lasts = {name: units.day(str(row["matures_on"])) for name, row in drawn.items() if row["matures_on"] is not None}
    for entity, pool in pools.items():
        own = {key[2]: at for key, at in found.items() if key[0] == entity and drawn[key[2]]["line"] in LINES}
        for name, at in by_expected_cash(own, lasts, pool).items():
            found[entity, str(drawn[name]["currency"]), name] = at
    state = sorted(found.items())
    reached = [((*key, component), int(amounts[column])) for key, amounts in state for component, column in _MEASURED]
    rows = sorted((key, amount) for key, amount in reached if amount)
    on = pa.array(np.full(len(rows), end, np.int32)).cast(pa.date32())
    return postable(
        {
            "cell": ["/".join(key) for key, _ in rows],
            "kind": DEBT,
            "component": [key[3] for key, _ in rows],
            "entity": [key[0] for key, _ in rows],
            "currency": [key[1] for key, _ in rows],
            "vehicle": [key[2] for key, _ in rows],
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [amount for _, amount in rows],
            "event": close_run,
        },
        len(rows),
    )


def debt_state(facts: Mapping[str, pa.Table], day: int) -> dict[tuple[str, str, str], Ints]:
    """What each borrowing has come to by a day, by entity, currency and name: (len(Debt),) int64.

    A borrowing is drawn once and has a last day; what is repaid before it is taken as it happened. What is still owed on its last
    day goes on to bear interest until it is repaid, and its issue cost is amortised by then.
    raises   RequestError for a name drawn twice, a borrowing without a last day, more repaid than was drawn
    """
    drawn = {str(row["debt"]): row for row in _rows(facts, "debt_drawn")}
    if len(drawn) < len(_rows(facts, "debt_drawn")):
        names = [str(row["debt"]) for row in _rows(facts, "debt_drawn")]
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"the borrowing {twice} is drawn twice; give each drawing a name of its own.")
    if not drawn:
        return {}
    found: dict[tuple[str, str, str], Ints] = {}
    for name, row in drawn.items():
        if row["matures_on"] is None:
            raise RequestError(f"the borrowing {name} has no matures_on; interest and its current part need it.")
        start, owed = units.day(str(row["happened_on"])), int(str(row["amount_fen"]))
        matures = units.day(str(row["matures_on"]))
        # What is still owed from its last day on is taken as repaid tomorrow.
        rows = _schedule(name, start, matures if day < matures else day + 1, owed, int(str(row["rate_annual"] or 0)), facts)
        cost = sum(int(str(r["amount_fen"])) for r in _rows(facts, "issue_cost_paid") if r["debt"] == name)
        is_overdue = matures <= day < rows[-1][0]
        at = borrowing_at(start, 0 if is_overdue else cost, rows, day=day, current_to=a_year_after(day))
        if is_overdue:
            at[Debt.COST] = at[Debt.AMORTISED] = cost
        found[(str(row["entity"]), str(row["currency"]), name)] = at
    return found


def overdue(tables: Mapping[str, pa.Table], end: int, known_on: int) -> list[str]:
    """Findings of a close: borrowings that are not repaid though their last day has passed."""
    facts = known(tables, end, known_by(known_on))
    found = []
    for (entity, currency, name), at in sorted(debt_state(facts, end).items()):
        last = next(str(row["matures_on"]) for row in _rows(facts, "debt_drawn") if row["debt"] == name)
        left = int(at[Debt.BORROWED] - at[Debt.REPAID])
        if left and units.day(last) <= end:
            found.append(
                f"the borrowing {name} of {entity} was to be repaid on {last}; {currency} {units.format_money(left)} is still "
                "owed and bears interest. Import debt_repaid, or draw what was renewed under a name of its own."
            )
    return found


def a_year_after(day: int) -> int:
    """The last day that counts as current."""
    return int(add_months(day, 12, int(MonthEnd.SAME_DAY)))


def _schedule(
    name: str, start: int, matures: int, owed: int, rate: int, facts: Mapping[str, pa.Table]
) -> Sequence[tuple[int, int, int]]:
    """Days, principal and interest of a borrowing: repayments that happened, then the rest on its last day."""
    repaid: dict[int, int] = {}
    for row in _rows(facts, "debt_repaid"):
        if row["debt"] == name:
            at = units.day(str(row["happened_on"]))
            repaid[at] = repaid.get(at, 0) + int(str(row["amount_fen"]))
    left = owed - sum(repaid.values())
    if left < 0:
        raise RequestError(f"the borrowing {name} was drawn for {units.format_money(owed)}; more than that is repaid.")
    if left or not repaid:
        last = max([matures, *repaid])
        repaid[last] = repaid.get(last, 0) + left
    rows, since = [], start
    for at in sorted(repaid):
        rows.append((at, repaid[at], int(mul_div(owed * (at - since), rate, RATE_SCALE * DAYS_A_YEAR, HALF_UP))))
        owed -= repaid[at]
        since = at
    return rows
