"""What a close measures besides loans, as postable amounts: this close less the last, by cost line and by entity."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import POSTABLE, postable
from loanbook.accounting.share_based import CostCell
from loanbook.accounting.tax import Presented
from loanbook.accounting.translation import converted

DEBT, SERVICE, SHARE_BASED, TAX = "debt_measured", "service_measured", "share_based_measured", "tax_measured"
_CELL = ("kind", "component", "entity", "currency", "vehicle", "line", "cell")
"""What tells a measured amount from the others of its close."""


def share_based_postables(
    before: Iterable[CostCell], after: Iterable[CostCell], *, basis: str, posted_on: int, close_run: str
) -> pa.Table:
    """Compensation cost of a period by grant and cost line: cumulative now less cumulative at the last close.

    basis   component in the posting rules: us_gaap or ifrs
    """
    moved: dict[tuple[str, str, str, str], int] = {}
    for cells, sign in ((after, 1), (before, -1)):
        for cell in cells:
            key = cell.entity, cell.currency, cell.line, cell.grant_id
            moved[key] = moved.get(key, 0) + sign * cell.cost_fen
    rows = [(*key, amount) for key, amount in sorted(moved.items()) if amount]
    return _table(
        SHARE_BASED,
        posted_on,
        close_run,
        cell=[f"{basis}:{grant}:{line}" for _, _, line, grant, _ in rows],
        component=[basis] * len(rows),
        entity=[row[0] for row in rows],
        currency=[row[1] for row in rows],
        line=[row[2] for row in rows],
        amount_fen=[row[4] for row in rows],
    )


def service_postables(billed: pa.Table | None, *, posted_on: int, close_run: str) -> pa.Table:
    """What services over days have earned by a day since they began, straight line by days (ASC 606-10-25-31, IFRS 15.39).

    billed     `service_billed` events; None: there are none
    component  the event's line;  cell  its event
    rounding   each bill's cumulative amount, half up
    """
    if billed is None or not billed.num_rows:
        return POSTABLE.empty_table()
    first, last = (billed[name].cast(pa.int32()).to_numpy().astype(np.int64) for name in ("starts_on", "ends_on"))
    days = last - first + 1
    elapsed = np.clip(posted_on - first + 1, 0, days)
    earned = converted(billed["amount_fen"].cast(pa.int64()).to_numpy(), elapsed, days)
    kept = billed.append_column("earned", pa.array(earned, pa.int64())).filter(pa.array(earned != 0)).sort_by("event_id")
    texts = {name: kept[column].to_pylist() for name, column in _SERVICE.items()}
    return _table(SERVICE, posted_on, close_run, **texts, amount_fen=kept["earned"].to_pylist())


_SERVICE = {"cell": "event_id", "component": "line", "entity": "entity", "currency": "currency"}


def deferred_postables(
    before: Iterable[Presented],
    after: Iterable[Presented],
    *,
    currency: str,
    posted_on: int,
    close_run: str,
    topic: str = "deferred",
    basis: str = "",
) -> pa.Table:
    """Deferred tax through profit of a period: how the asset and the liability of each entity and jurisdiction moved.

    topic, basis   of differences that only one basis has: credit_losses, effective_interest, guarantee in us_gaap or ifrs
    """
    moved: dict[tuple[str, str, str], int] = {}
    for shown, sign in ((after, 1), (before, -1)):
        for each in shown:
            for side, amount in (("asset", each.asset_fen), ("liability", each.liability_fen)):
                key = each.entity, each.jurisdiction, side
                moved[key] = moved.get(key, 0) + sign * amount
    rows = [(*key, amount) for key, amount in sorted(moved.items()) if amount]
    return _table(
        TAX,
        posted_on,
        close_run,
        cell=[f"{topic}:{basis}:{where}:{side}" for _, where, side, _ in rows],
        component=[f"{topic}_{side}_{basis}".removesuffix("_") for _, _, side, _ in rows],
        entity=[row[0] for row in rows],
        currency=[currency] * len(rows),
        amount_fen=[row[3] for row in rows],
    )


def current_postables(
    before: dict[str, int],
    after: dict[str, int],
    *,
    currency: str,
    posted_on: int,
    close_run: str,
    component: str = "current",
) -> pa.Table:
    """Current tax of a period by entity: the year to date less the year to date at the last close (empty in a new year).

    component   current, or current_earlier: of years before
    """
    rows = [(entity, after.get(entity, 0) - before.get(entity, 0)) for entity in sorted({*before, *after})]
    rows = [row for row in rows if row[1]]
    return _table(
        TAX,
        posted_on,
        close_run,
        cell=[component] * len(rows),
        component=[component] * len(rows),
        entity=[row[0] for row in rows],
        currency=[currency] * len(rows),
        amount_fen=[row[1] for row in rows],
    )


def less_posted(amounts: pa.Table, posted: pa.Table | None, *, posted_on: int, close_run: str) -> pa.Table:
    """What is still to post of measured amounts: all that they have come to, less what earlier periods posted of the same cell.

    amounts   cumulative, `journal.POSTABLE`
    posted    what earlier periods posted, of the kinds in question: a cell that is no more is taken back
    """
    if posted is None or not posted.num_rows:
        return amounts
    columns = [*_CELL, "amount_fen"]
    before = posted.select(_CELL).append_column(POSTABLE.field("amount_fen"), pc.negate_checked(posted["amount_fen"]))
    sums = pa.concat_tables([amounts.select(columns), before]).group_by(list(_CELL)).aggregate([("amount_fen", "sum")])
    moved = sums.filter(pc.not_equal(sums["amount_fen_sum"], 0)).sort_by([(name, "ascending") for name in _CELL])
    on = pa.array(np.full(moved.num_rows, posted_on, np.int32)).cast(pa.date32())
    told = {"posted_on": on, "happened_on": on, "amount_fen": moved["amount_fen_sum"], "event": close_run}
    return postable({**{name: moved[name] for name in _CELL}, **told}, moved.num_rows)


def _table(kind: str, posted_on: int, close_run: str, **columns: Sequence[object]) -> pa.Table:
    size = len(columns["amount_fen"])
    on = pa.array(np.full(size, posted_on, np.int32)).cast(pa.date32())
    # One event for all of a close: the cell, with its entity, tells the amounts apart.
    cells = [f"{cell}:{entity}" for cell, entity in zip(columns["cell"], columns["entity"], strict=True)]
    return postable({**columns, "cell": cells, "kind": kind, "posted_on": on, "happened_on": on, "event": close_run}, size)
