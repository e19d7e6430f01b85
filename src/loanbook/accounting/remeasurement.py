"""Entries in another currency than their entity's own, made entries of its own (ASC 830-10-45-17, IAS 21.21-28).

The ledger keeps each entry in the currency in which it happened, and never adds two. Before a group adds anything up, such
entries are converted, both sides at one rate, and at the end of each period monetary balances are brought to the closing rate:
the difference is exchange gain or loss. What balances are in their own currency is carried from period to period beside what
the entity's books carry them at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.group_rows import AVERAGE, SPOT, is_in
from loanbook.accounting.translation import TRANSLATION, converted
from loanbook.errors import RequestError
from loanbook.terms.chart import FOLDER, SIDES, Chart
from loanbook.terms.entity import Group
from loanbook.terms.exchange_rates import ExchangeRates
from loanbook.terms.rows import read_rows
from loanbook.units import Ints, date

GAIN = "6020"
ADJUSTMENT = "3060"
HISTORICAL, TO_ADJUSTMENT = "historical", "adjustment"
CORE = "CORE"
_POOL = ("book", "entity", "currency", "account")
_ITEM = ("book", "topic", "entity", "currency", "functional", "account", "counterparty")
BALANCE = pa.schema([*(pa.field(name, pa.string()) for name in _ITEM), ("foreign_fen", pa.int64()), ("carrying_fen", pa.int64())])
"""What entities hold and owe in other currencies than their own, and what their books carry it at; debit positive."""
NOTHING = BALANCE.empty_table()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remeasured:
    """A period's entries in functional currencies, what the closing rate did among them; and the balances left, `BALANCE`."""

    entries: pa.Table
    left: pa.Table


def read_treatments(chart: Chart, path: Path = FOLDER / "remeasurement.csv") -> Mapping[str, str]:
    """Accounts that are not carried at the closing rate through income, `historical` or `adjustment`; raises TermsError."""
    rows = read_rows(path, ("account", "treatment", "text"))
    return {row.choice("account", tuple(chart.accounts)): row.choice("treatment", (HISTORICAL, TO_ADJUSTMENT)) for row in rows}


def remeasured(
    entries: pa.Table, group: Group, chart: Chart, rates: ExchangeRates, *, ends_on: int, before: pa.Table = NOTHING
) -> Remeasured:
    """The entries of a period, those in another currency than their entity's functional one converted into it.

    entries   columns `journal.SUMMED` and amount_fen; the others pass as they are
    before    `left` of the period before
    rate      both sides of an entry have one: the spot rate of the day where it adds to an account at historical rates, or to
              equity; where it takes from such an account, the average at which that stands (opening and additions of the
              period); else the average of the period. Monetary balances have the closing rate at the end
    rounding  each entry once, half up; each closing balance once
    raises    RequestError for a rate that is missing, and for an entity whose functional currency changed while it holds such
              balances
    """
    coded = entries["entity"].combine_chunks().dictionary_encode()
    own = pa.DictionaryArray.from_arrays(
        coded.indices, pa.array([group.entity(code).currency(ends_on) for code in coded.dictionary.to_pylist()], pa.string())
    ).cast(pa.string())
    foreign = pc.not_equal(entries["currency"], own)
    _check_unchanged(before, group, ends_on)
    if not pc.any(foreign).as_py() and not before.num_rows:
        return Remeasured(entries=entries, left=NOTHING)
    moved = entries.filter(foreign).append_column("functional", own.filter(foreign.combine_chunks()))
    treatments = read_treatments(chart)
    amounts = moved["amount_fen"].cast(pa.int64()).to_numpy()
    worth = _worth(moved, amounts, chart, treatments, rates, before)
    home = moved.drop_columns(["functional", "currency", "amount_fen"])
    home = home.append_column("currency", moved["functional"]).append_column("amount_fen", pa.array(worth, pa.int64()))
    home = home.filter(pc.greater(home["amount_fen"], 0))
    balances = _balances(moved, amounts, worth, chart, before)
    closing = _at_closing_rate(balances, treatments, rates, ends_on)
    change = closing - balances["carrying_fen"].to_numpy()
    made = [entries.filter(pc.invert(foreign)), home, _differences(balances, change, treatments, ends_on)]
    place = BALANCE.get_field_index("carrying_fen")
    return Remeasured(
        entries=pa.concat_tables([table.select(entries.column_names).cast(entries.schema) for table in made]),
        left=balances.set_column(place, BALANCE.field(place), pa.array(closing, pa.int64())),
    )


def _check_unchanged(before: pa.Table, group: Group, ends_on: int) -> None:
    for row in before.group_by(["entity", "functional"]).aggregate([]).to_pylist():
        now = group.entity(row["entity"]).currency(ends_on)
        if now != row["functional"]:
            raise RequestError(
                f"the functional currency of {row['entity']} is {now} on {date(ends_on)} and was {row['functional']} at the "
                "close before, while it holds balances in other currencies. Settle or restate them on the day of the change."
            )


def _texts(table: pa.Table, *names: str) -> Ints:
    """One text for each row, of several columns."""
    joined = pc.binary_join_element_wise(*(pc.fill_null(table[name].cast(pa.string()), "") for name in names), "\0")
    return np.array(joined.to_pylist(), dtype=object)


def _worth(
    moved: pa.Table, amounts: Ints, chart: Chart, treatments: Mapping[str, str], rates: ExchangeRates, before: pa.Table
) -> Ints:
    """What each entry is worth in its entity's currency."""
    historical = [code for code, how in treatments.items() if how == HISTORICAL]
    grows = {side: [code for code in historical if chart.account(code).normal == side] for side in SIDES}
    capital = [code for code, of in chart.accounts.items() if of.kind == "equity"]
    results = [code for code, of in chart.accounts.items() if of.is_result]
    account = {side: np.array(moved[side].to_pylist(), dtype=object) for side in SIDES}
    equity, earned = (is_in(account["debit"], codes) | is_in(account["credit"], codes) for codes in (capital, results))
    taken = {"debit": is_in(account["debit"], grows["credit"]), "credit": is_in(account["credit"], grows["debit"])}
    released = taken["debit"] | taken["credit"]
    added = {side: is_in(account[side], grows[side]) & ~released for side in SIDES}
    at_spot = (equity & ~earned) | added["debit"] | added["credit"]
    pools = {side: _texts(moved.append_column("account", moved[side]), *_POOL) for side in SIDES}
    worth = np.zeros(len(amounts), np.int64)
    _convert(worth, moved, amounts, at_spot & ~released, rates, SPOT)
    _convert(worth, moved, amounts, ~at_spot & ~released, rates, AVERAGE)
    standing = _standing(before, pools, added, amounts, worth, chart)
    numerators, divisors = np.zeros(len(amounts), np.int64), np.zeros(len(amounts), np.int64)
    for side in SIDES:
        mask = taken[side] & (divisors == 0)
        divisors[mask], numerators[mask] = _averages(standing, pools[side][mask])
    known = divisors > 0
    worth[known] = converted(amounts[known], numerators[known], divisors[known])
    # What an account never took in, as far as the books know, leaves it at the rate of the day.
    _convert(worth, moved, amounts, released & ~known, rates, SPOT)
    return worth


def _convert(worth: Ints, moved: pa.Table, amounts: Ints, mask: Ints, rates: ExchangeRates, kind: str) -> None:
    """Fill in the rows of a mask, at spot rates of their days or averages of their periods."""
    pairs = _texts(moved, "currency", "functional")
    days = moved["posted_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    for pair in sorted(set(pairs[mask])):
        rows = mask & (pairs == pair)
        currency, functional = pair.split("\0")
        worth[rows] = converted(
            amounts[rows], rates.rates_on(currency, kind, days[rows]), rates.rates_on(functional, kind, days[rows])
        )


def _standing(
    before: pa.Table, pools: Mapping[str, Ints], added: Mapping[str, Ints], amounts: Ints, worth: Ints, chart: Chart
) -> dict[str, tuple[int, int]]:
    """What accounts at historical rates held at the start and took in, by `_POOL`: in the foreign currency, and as carried.

    Both are above zero on the side that adds to the account.
    """
    names = [_texts(before, *_POOL), *(pools[side][added[side]] for side in SIDES)]
    sign = np.array([1 if chart.account(code).normal == "debit" else -1 for code in before["account"].to_pylist()], np.int64)
    foreign = [sign * before["foreign_fen"].to_numpy(), *(amounts[added[side]] for side in SIDES)]
    carried = [sign * before["carrying_fen"].to_numpy(), *(worth[added[side]] for side in SIDES)]
    table = pa.table(
        {
            "pool": pa.array(np.concatenate(names), pa.string()),
            "foreign": pa.array(np.concatenate(foreign), pa.int64()),
            "carried": pa.array(np.concatenate(carried), pa.int64()),
        }
    )
    sums = table.group_by("pool").aggregate([("foreign", "sum"), ("carried", "sum")]).to_pylist()
    return {row["pool"]: (row["foreign_sum"], row["carried_sum"]) for row in sums}


def _averages(standing: Mapping[str, tuple[int, int]], pools: Ints) -> tuple[Ints, Ints]:
    """Foreign amount and carrying amount of each pool; of its account in CORE where its own book holds none; else zero."""
    names, places = np.unique(pools.astype(str), return_inverse=True)
    found = np.zeros((len(names), 2), np.int64)
    for at, name in enumerate(names):
        core = "\0".join((CORE, *str(name).split("\0")[1:]))
        for pool in (str(name), core):
            held = standing.get(pool, (0, 0))
            if held[0] > 0 and found[at, 0] == 0:
                found[at] = held
    return found[places, 0], found[places, 1]


def _balances(moved: pa.Table, amounts: Ints, worth: Ints, chart: Chart, before: pa.Table) -> pa.Table:
    """Assets and liabilities at the end, as carried before the closing rate."""
    parts = [before]
    for side, sign in (("debit", 1), ("credit", -1)):
        columns = {name: moved[name].cast(pa.string()) for name in _ITEM if name != "account"} | {"account": moved[side]}
        columns |= {"foreign_fen": pa.array(sign * amounts, pa.int64()), "carrying_fen": pa.array(sign * worth, pa.int64())}
        parts.append(pa.table(columns).select(BALANCE.names).cast(BALANCE))
    both = pa.concat_tables(parts)
    both = both.filter(
        pc.is_in(
            both["account"], pa.array([code for code, each in chart.accounts.items() if each.kind in ("asset", "liability")])
        )
    )
    sums = both.group_by(list(_ITEM), use_threads=False).aggregate([("foreign_fen", "sum"), ("carrying_fen", "sum")])
    sums = sums.rename_columns(BALANCE.names).cast(BALANCE)
    return sums.filter(pc.or_(pc.not_equal(sums["foreign_fen"], 0), pc.not_equal(sums["carrying_fen"], 0)))


def _at_closing_rate(balances: pa.Table, treatments: Mapping[str, str], rates: ExchangeRates, ends_on: int) -> Ints:
    """What each balance is carried at after the close: at the closing rate, or as it was where the rate is historical."""
    found: Ints = balances["carrying_fen"].to_numpy().copy()
    amounts, pairs = balances["foreign_fen"].to_numpy(), _texts(balances, "currency", "functional")
    historical = [account for account, how in treatments.items() if how == HISTORICAL]
    monetary = ~is_in(np.array(balances["account"].to_pylist(), dtype=object), historical)
    for pair in sorted(set(pairs[monetary])):
        rows = monetary & (pairs == pair)
        currency, functional = (np.full(rows.sum(), rates.spot(each, ends_on), np.int64) for each in pair.split("\0"))
        found[rows] = converted(amounts[rows], currency, functional)
    return found


def _differences(balances: pa.Table, change: Ints, treatments: Mapping[str, str], ends_on: int) -> pa.Table:
    """Entries of what the closing rate did: the balance's account against exchange gain or loss, or the adjustment."""
    count = len(change)
    account = np.array(balances["account"].to_pylist(), dtype=object)
    to_equity = is_in(account, [code for code, how in treatments.items() if how == TO_ADJUSTMENT])
    other = np.where(to_equity, ADJUSTMENT, GAIN).astype(object)
    texts = {name: balances[name] for name in ("book", "topic", "entity", "counterparty")} | {"currency": balances["functional"]}
    column = pa.array([TRANSLATION] * count, pa.string())
    table = pa.table(
        texts
        | {
            "posted_on": pa.array(np.full(count, ends_on, np.int32), pa.int32()).cast(pa.date32()),
            "debit": pa.array(np.where(change > 0, account, other), pa.string()),
            "credit": pa.array(np.where(change > 0, other, account), pa.string()),
            "debit_column": column,
            "credit_column": column,
            "cash_flow": pa.array([""] * count, pa.string()),
            "amount_fen": pa.array(np.abs(change), pa.int64()),
        }
    )
    return table.filter(pc.greater(table["amount_fen"], 0))
