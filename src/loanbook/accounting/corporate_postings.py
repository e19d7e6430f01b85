"""Corporate events to postable amounts: as they stand, and those of equity and awards that depend on other events."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.corporate_events import BY_NAME
from loanbook.accounting.corporate_kind import CorporateKind, Posts
from loanbook.accounting.corporate_reversals import AGAIN, standing
from loanbook.accounting.equity import (
    COLUMNS,
    HELD,
    ISSUED,
    NOTHING,
    PAR,
    RETAINED,
    SHARE_COLUMNS,
    TREASURY,
    Deed,
    EquityFact,
    EquityTerms,
    movements,
)
from loanbook.accounting.grants import PER_MILLION, Grant, GrantMovement, Instrument, Moved, Tranche
from loanbook.accounting.journal import POSTABLE, postable
from loanbook.accounting.option_value import OptionInputs, option_value
from loanbook.errors import RequestError
from loanbook.terms.chart import Chart
from loanbook.units import HALF_UP, NEVER, day, mul_div

_DEEDS = {
    "shares_issued": Deed.ISSUED,
    "shares_repurchased": Deed.REPURCHASED,
    "shares_retired": Deed.RETIRED,
    "grant_exercised": Deed.SETTLED,
    "dividend_declared": Deed.DIVIDEND,
}
_MOVED = {"grant_forfeited": Moved.FORFEITED, "grant_expired": Moved.EXPIRED, "grant_exercised": Moved.EXERCISED}
_LINES = (
    ("facilitation_origination_and_servicing", "facilitation_weight"),
    ("sales_and_marketing", "sales_weight"),
    ("general_and_administrative", "administration_weight"),
)


_KEY = "/"


def known(tables: Mapping[str, pa.Table], as_of: int, known_at: dt.datetime | None = None) -> dict[str, pa.Table]:
    """Events that happened by a day, were recorded by a moment (None: whenever) and not taken back by one recorded by then."""
    found = {}
    for name, table in tables.items():
        kept = pc.less_equal(table["happened_on"].cast(pa.int32()), as_of)
        if known_at is not None:
            kept = pc.and_(kept, pc.less_equal(table["recorded_at"], pa.scalar(known_at, pa.timestamp("us", tz="UTC"))))
        found[name] = table.filter(kept)
    return standing(found)


def postables(tables: Mapping[str, pa.Table], as_of: int = NEVER) -> pa.Table:
    """All amounts that events post as they stand (`CorporateKind.posts`), in `journal.POSTABLE`.

    tables   events by kind, as the reader gives them
    as_of    reversals of manual entries that fall after this day are left out
    raises   RequestError for a kind that there is not
    note     `posted_on` is the day of the fact; a close moves it into its open period
    """
    parts = []
    for name in sorted(tables):
        if name not in BY_NAME:
            raise RequestError(f"{name!r} is no kind of corporate event; kinds are {', '.join(BY_NAME)}.")
        for posts in BY_NAME[name].posts:
            parts += _posted(BY_NAME[name], posts, tables[name], as_of)
    return pa.concat_tables(parts) if parts else POSTABLE.empty_table()


def _posted(kind: CorporateKind, posts: Posts, table: pa.Table, as_of: int) -> list[pa.Table]:
    table = table.filter(pc.fill_null(pc.not_equal(table[posts.amount], 0), False))
    made = [_rows(kind, posts, table, table["happened_on"], table[posts.amount], "")]
    if posts.reversed_on:
        day_of = table[posts.reversed_on].cast(pa.int32())
        back = table.filter(pc.fill_null(pc.less_equal(day_of, as_of), False))
        made.append(_rows(kind, posts, back, back[posts.reversed_on], pc.negate_checked(back[posts.amount]), ":reversal"))
    return made


def _rows(
    kind: CorporateKind, posts: Posts, table: pa.Table, on: pa.ChunkedArray, amount: pa.ChunkedArray, suffix: str
) -> pa.Table:
    def text(column: str) -> Any:
        return pc.fill_null(table[column], "") if column else ""

    component = text(posts.component_of) if posts.component_of else posts.component
    cell = pc.binary_join_element_wise(component, suffix, "") if posts.component_of else f"{posts.component}{suffix}"
    return postable(
        {
            "cell": cell,
            "kind": kind.name,
            "component": component,
            "entity": table[posts.entity],
            "currency": table["currency"],
            "posted_on": on,
            "happened_on": on,
            "amount_fen": amount,
            "event": table["event_id"],
            "counterparty": text(posts.counterparty),
            "line": text(posts.line),
            "account": text(posts.account),
            "contra": text(posts.contra),
        },
        table.num_rows,
    )


def still_to_post(amounts: pa.Table, posted: pa.Table | None, start: int, close_run: str) -> pa.Table:
    """What of amounts as they are now known was not posted by earlier periods, posted in the one that begins on `start`.

    amounts   one row an event and cell, `journal.POSTABLE`
    posted    what earlier periods posted of them; a cell that moved since (a late repurchase moves the cost of shares
              retired before) is posted as its difference, under a cell of its own
    """
    events, cells = amounts["event"], amounts["cell"]
    if posted is not None and posted.num_rows:
        first = pc.replace_substring_regex(posted["cell"], f"{AGAIN}.*$", "")
        before = pa.table({"key": pc.binary_join_element_wise(posted["event"], first, _KEY), "amount": posted["amount_fen"]})
        sums = before.group_by("key").aggregate([("amount", "sum")])
        at = pc.index_in(pc.binary_join_element_wise(events, cells, _KEY), sums["key"].combine_chunks())
        moved = pc.subtract_checked(amounts["amount_fen"], pc.fill_null(sums["amount_sum"].combine_chunks().take(at), 0))
        again = pc.binary_join_element_wise(cells, close_run, AGAIN)
        amounts = _with(_with(amounts, "cell", pc.if_else(at.is_valid(), again, cells)), "amount_fen", moved)
        amounts = amounts.filter(pc.not_equal(moved, 0))
    days = np.maximum(amounts["happened_on"].cast(pa.int32()).to_numpy(), start).astype(np.int32)
    return _with(amounts, "posted_on", pa.array(days).cast(pa.date32()))


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values)


def equity_opening(tables: Mapping[str, pa.Table], entity: str, chart: Chart) -> dict[str, int]:
    """Columns of equity when the books begin: opening balances of an entity's equity accounts, and its opening shares."""
    found = dict.fromkeys((*COLUMNS, *SHARE_COLUMNS), 0)
    for row in _of(tables, "opening_balance", entity):
        line = chart.account(row["account"]).line
        if line in COLUMNS and row["book"] == "core":
            found[line] -= row["amount_fen"]
    for row in _of(tables, "opening_shares", entity):
        found[ISSUED] += row["shares"]
        found[HELD] += row["treasury_shares"]
    return found


def equity_facts(tables: Mapping[str, pa.Table], entity: str) -> tuple[EquityFact, ...]:
    """Facts of one entity's equity: issues, repurchases, retirements, exercises, dividends."""
    facts = []
    for name, deed in _DEEDS.items():
        for row in _of(tables, name, entity):
            amount = row.get("amount_fen") or 0
            if deed is Deed.DIVIDEND:
                amount = int(mul_div(row["shares"], row["per_share_per_million_fen"], PER_MILLION, HALF_UP))
            facts.append(
                EquityFact(
                    event_id=row["event_id"],
                    deed=deed,
                    happened_on=day(row["happened_on"]),
                    shares=0 if deed is Deed.DIVIDEND else row["shares"],
                    amount_fen=amount,
                    cost_fen=row.get("cost_fen") or row.get("commission_fen") or 0,
                    recorded_on=day(row["recorded_at"].date()),
                )
            )
    return tuple(facts)


def equity_postables(
    tables: Mapping[str, pa.Table], entity: str, currency: str, terms: EquityTerms, *, opening: Mapping[str, int] = NOTHING
) -> pa.Table:
    """Amounts of one entity's equity events; additional paid-in capital is the other side of all but the dividend.

    components   cash (received above zero, paid below), par, treasury_shares (cost that leaves above zero; of a repurchase
                 the cost that comes), retained_earnings (what is taken from them), declared
    """
    facts = {f.event_id: f for f in equity_facts(tables, entity)}
    names = {f.event_id: name for name, deed in _DEEDS.items() for f in facts.values() if f.deed is deed}
    rows: list[tuple[str, str, int, int]] = []
    for moved in movements(facts.values(), terms, opening=opening):
        fact = facts[moved.event_id]
        if fact.deed is Deed.DIVIDEND:
            amounts = {"declared": fact.amount_fen}
        elif fact.deed is Deed.REPURCHASED:
            amounts = {"treasury_shares": -moved.amounts.get(TREASURY, 0)}
        else:
            amounts = {
                "cash": fact.amount_fen - fact.cost_fen,
                "par": moved.amounts.get(PAR, 0),
                "treasury_shares": moved.amounts.get(TREASURY, 0),
                "retained_earnings": -moved.amounts.get(RETAINED, 0),
            }
        rows += [(moved.event_id, name, moved.happened_on, amount) for name, amount in amounts.items() if amount]
    on = pa.array(np.array([r[2] for r in rows], np.int32)).cast(pa.date32())
    components = [r[1] for r in rows]
    return postable(
        {
            "cell": components,
            "kind": [names[r[0]] for r in rows],
            "component": components,
            "entity": entity,
            "currency": currency,
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [r[3] for r in rows],
            "event": [r[0] for r in rows],
        },
        len(rows),
    )


def grants(tables: Mapping[str, pa.Table]) -> tuple[tuple[Grant, ...], tuple[GrantMovement, ...]]:
    """Awards put together from their tranches, and what happened to them.

    raises   RequestError where tranches of one grant disagree on what is the grant's
    """
    by_grant: dict[str, list[dict[str, Any]]] = {}
    for row in tables["grant_made"].to_pylist() if "grant_made" in tables else []:
        by_grant.setdefault(row["grant_id"], []).append(row)
    made = []
    for grant_id, rows in by_grant.items():
        heads = {tuple(str(row[name]) for name in _HEAD) for row in rows}
        if len(heads) > 1:
            raise RequestError(f"grant {grant_id}: its tranches differ in {', '.join(_HEAD)}. Give all rows of a grant the same.")
        made.append(_grant(grant_id, sorted(rows, key=lambda row: str(row["vests_on"]))))
    moved = [
        GrantMovement(
            grant_id=row["grant_id"],
            moved=moved_by,
            happened_on=day(row["happened_on"]),
            instruments=row["instruments"],
            recorded_on=day(row["recorded_at"].date()),
        )
        for name, moved_by in _MOVED.items()
        for row in (tables[name].to_pylist() if name in tables else [])
    ]
    return tuple(made), tuple(moved)


_HEAD = (
    "entity",
    "currency",
    "instrument",
    "happened_on",
    "exercise_price_per_million_fen",
    "service_from",
    *(weight for _, weight in _LINES),
)


def _grant(grant_id: str, rows: Sequence[Mapping[str, Any]]) -> Grant:
    head: Mapping[str, Any] = rows[0]
    return Grant(
        grant_id=grant_id,
        entity=str(head["entity"]),
        currency=str(head["currency"]),
        instrument=Instrument(str(head["instrument"])),
        granted_on=day(str(head["happened_on"])),
        service_from=day(str(head["service_from"])) if head["service_from"] else NEVER,
        exercise_price_per_million_fen=_number(head["exercise_price_per_million_fen"]),
        tranches=tuple(
            Tranche(
                vests_on=day(str(row["vests_on"])),
                instruments=_number(row["instruments"]),
                fair_value_per_million_fen=_fair_value(row),
            )
            for row in rows
        ),
        lines=tuple((line, _number(head[weight])) for line, weight in _LINES),
        recorded_on=max(day(str(row["recorded_at"])[:10]) for row in rows),
    )


def _fair_value(row: Mapping[str, Any]) -> int:
    """Fair value of a tranche, per million instruments: as told, else the share price where nothing is paid, else an option's.

    raises   RequestError where neither is told
    """
    told = row["fair_value_per_million_fen"]
    if told is not None:
        return int(told)
    needed = {name: row[name] for name in _OPTION}
    if row["share_price_per_million_fen"] and not row["exercise_price_per_million_fen"]:
        return int(row["share_price_per_million_fen"])
    if missing := [name.removesuffix("_per_million_fen") for name, value in needed.items() if value is None]:
        raise RequestError(
            f"grant {row['grant_id']}, vesting on {row['vests_on']}: there is no fair_value, and to work one out "
            f"{', '.join(missing)} must be told, too."
        )
    spot, strike, months, volatility, risk_free = (int(value) for value in needed.values())
    inputs = OptionInputs(
        spot_fen=spot,
        strike_fen=strike,
        term_months=months,
        volatility=volatility,
        risk_free=risk_free,
        dividend_yield=_number(row["dividend_yield"]),
    )
    return option_value(inputs)


_OPTION = (
    "share_price_per_million_fen",
    "exercise_price_per_million_fen",
    "expected_months",
    "volatility",
    "risk_free",
)


def _number(value: Any) -> int:
    return 0 if value is None else int(value)


def _of(tables: Mapping[str, pa.Table], name: str, entity: str) -> Iterable[dict[str, Any]]:
    if name not in tables:
        return ()
    rows: list[dict[str, Any]] = tables[name].filter(pc.equal(tables[name]["entity"], entity)).to_pylist()
    return rows
