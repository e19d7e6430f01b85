"""What a period posts besides its loans: corporate events as they stand, equity, share-based compensation, debt."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.corporate_postings import equity_opening, equity_postables, grants, known, postables, still_to_post
from loanbook.accounting.debt import Debt, Tranches, debts, effective_rates
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.journal import postable
from loanbook.accounting.measured_postings import share_based_postables
from loanbook.accounting.share_based import US_GAAP, cost_cells, ifrs
from loanbook.errors import RequestError
from loanbook.services.today import last_begun_day
from loanbook.stores.book import Book
from loanbook.stores.importers.corporate import contents
from loanbook.stores.latest import last_recorded
from loanbook.terms.chart import Chart
from loanbook.units import HALF_UP, RATE_SCALE, Ints, mul_div

EQUITY_KINDS = ("shares_issued", "shares_repurchased", "shares_retired", "grant_exercised", "dividend_declared")
DAYS_A_YEAR = 365
"""Interest of borrowings is by actual days over 365 (policy choice)."""
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
        for event_id, text in sorted(contents(name, table).items()):
            said.update(f"{event_id}\x1e{text}\x1e".encode())
    return said.hexdigest()


def corporate_amounts(
    tables: Mapping[str, pa.Table],
    *,
    start: int,
    end: int,
    known_on: int,
    last: tuple[int, int] | None,
    posted: pa.Table | None,
    equity: EquityTerms,
    chart: Chart,
    close_run: str,
) -> pa.Table:
    """The amounts of a period, `journal.POSTABLE`.

    tables    corporate events by kind
    last      last day of the period before, and the day by whose end it knew; None for the first
    posted    what earlier periods posted besides their loans: not posted again but for its difference; a fact of an earlier
              period that was not known is posted on the first day of this one
    """
    facts = known(tables, end, known_by(known_on))
    parts = [postables(facts, end)]
    owners = sorted({(str(row["entity"]), str(row["currency"])) for name in EQUITY_KINDS for row in _rows(facts, name)})
    for entity, currency in owners:
        parts.append(equity_postables(facts, entity, currency, equity, opening=equity_opening(facts, entity, chart)))
    standing = still_to_post(pa.concat_tables(parts), posted, start, close_run)
    before = known(tables, last[0], known_by(last[1])) if last else {}
    made, moved = grants(facts)
    made_before, moved_before = grants(before)
    measured = []
    for name, policy in (("us_gaap", US_GAAP), ("ifrs", ifrs())):
        then = cost_cells(made_before, moved_before, policy, last[0]) if last else ()
        now = cost_cells(made, moved, policy, end)
        measured.append(share_based_postables(then, now, basis=name, posted_on=end, close_run=close_run))
    measured.append(_debt_amounts(before, facts, last[0] if last else None, end, close_run))
    return pa.concat_tables([standing, *measured]).combine_chunks()


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[dict[str, object]]:
    return tables[name].to_pylist() if name in tables else []


def _debt_amounts(
    before: Mapping[str, pa.Table], now: Mapping[str, pa.Table], last_on: int | None, end: int, close_run: str
) -> pa.Table:
    moved: dict[tuple[str, str, str, str], int] = {}
    for facts, day, sign in ((before, last_on, -1), (now, end, 1)):
        if day is None:
            continue
        for key, amounts in debt_state(facts, day).items():
            for component, column in _MEASURED:
                at = (*key, component)
                moved[at] = moved.get(at, 0) + sign * int(amounts[column])
    rows = [(key, amount) for key, amount in sorted(moved.items()) if amount]
    on = pa.array(np.full(len(rows), end, np.int32)).cast(pa.date32())
    return postable(
        {
            "cell": ["/".join(key) for key, _ in rows],
            "kind": "debt_measured",
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

    A borrowing is drawn once and has a last day; what is repaid before it is taken as it happened.
    raises   RequestError for a name drawn twice, a borrowing without a last day, more repaid than was drawn
    """
    drawn = {str(row["debt"]): row for row in _rows(facts, "debt_drawn")}
    if len(drawn) < len(_rows(facts, "debt_drawn")):
        names = [str(row["debt"]) for row in _rows(facts, "debt_drawn")]
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"the borrowing {twice} is drawn twice; give each drawing a name of its own.")
    if not drawn:
        return {}
    issued, principals, costs, offsets = [], [], [], [0]
    on: list[int] = []
    principal: list[int] = []
    interest: list[int] = []
    for name, row in drawn.items():
        if row["matures_on"] is None:
            raise RequestError(f"the borrowing {name} has no matures_on; interest and its current part need it.")
        start, owed = units.day(str(row["happened_on"])), int(str(row["amount_fen"]))
        rows = _schedule(name, start, units.day(str(row["matures_on"])), owed, int(str(row["rate_annual"] or 0)), facts)
        issued.append(start)
        principals.append(owed)
        costs.append(sum(int(str(r["amount_fen"])) for r in _rows(facts, "issue_cost_paid") if r["debt"] == name))
        for at, part, earned in rows:
            on.append(at)
            principal.append(part)
            interest.append(earned)
        offsets.append(len(on))
    tranches = Tranches(
        issued_on=np.array(issued, np.int64),
        principal_fen=np.array(principals, np.int64),
        cost_fen=np.array(costs, np.int64),
        offsets=np.array(offsets, np.int64),
        paid_on=np.array(on, np.int64),
        paid_principal_fen=np.array(principal, np.int64),
        paid_interest_fen=np.array(interest, np.int64),
    )
    found = debts(tranches, effective_rates(tranches), day=day)
    return {(str(row["entity"]), str(row["currency"]), name): found[place] for place, (name, row) in enumerate(drawn.items())}


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
