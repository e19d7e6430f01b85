"""Foreign entities into the group's currency.

Translation (ASC 830-30): assets and liabilities at the closing rate; each movement at the average rate of its period, or at
the spot rate of its day where its entry touches equity; openings as they were translated at the last close. What that leaves
over is the cumulative translation adjustment, in other comprehensive income. Entries in another currency than the entity's own
are made entries of its own first (`remeasurement`).
"""

from dataclasses import dataclass

import numpy as np

from loanbook.accounting.group_rows import AVERAGE, OPENING, SPOT, Rows, exact_total, row, summed, together
from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.terms.chart import Chart
from loanbook.terms.entity import Group
from loanbook.terms.exchange_rates import ExchangeRates, MissingRateError
from loanbook.units import HALF_UP, RATE_SCALE, Ints, date, format_money, mul_div

TRANSLATION = "translation"
"""The column of what only the exchange rate moved."""

_MONETARY = ("asset", "liability")
_BALANCE = ("entity", "account", "counterparty")


@kernel
def _scaled(amounts: Ints, rates: Ints, divisors: Ints, scaled: Ints) -> None:
    for place in range(len(amounts)):
        scaled[place] = mul_div(amounts[place], rates[place], divisors[place], HALF_UP)


def converted(amounts_fen: Ints, rates: Ints, divisors: Ints) -> Ints:
    """amount x rate / divisor of each row, half up, symmetric for negatives; int64, OverflowError and never a wrapped product."""
    found = np.empty(len(amounts_fen), np.int64)
    _scaled(np.ascontiguousarray(amounts_fen), rates, divisors, found)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Translation:
    """Rows in the presentation currency; each entity's sum is zero.

    residue_fen   by entity: what rounding each row left in the adjustment, i.e. less than half a fen x rows
    """

    rows: Rows
    residue_fen: dict[str, int]


def translate(
    rows: Rows,
    group: Group,
    chart: Chart,
    rates: ExchangeRates,
    *,
    starts_on: int,
    ends_on: int,
    carried: Rows | None = None,
    adjustment: str = "3060",
) -> Translation:
    """The rows of all entities in the presentation currency.

    rows         in functional currency, each entity summing to zero; opening rows are its balances before `starts_on`
    carried      the last close's translated rows (closing balances count); needed by foreign entities that have openings
    adjustment   the account of the cumulative translation adjustment
    returns      own rows of entities that keep books in the presentation currency, unchanged; for others every row once
                 translated and rounded half up, a row in the column `translation` for each asset and liability, and the
                 adjustment, which takes the residue of rounding
    raises       RequestError: an entity that does not balance, whose currency changes in the period, or with openings and no
                 `carried`
    """
    found: list[Rows] = []
    residue: dict[str, int] = {}
    for entity in sorted(set(rows["entity"])):
        own = rows.of(entity)
        if own.total != 0:
            raise RequestError(
                f"the trial balance of {entity} does not balance: debits less credits are {format_money(own.total)}."
            )
        dated = own["posted_on"] >= starts_on
        if (~dated & (own["column"] != OPENING)).any() or (own["posted_on"] > ends_on).any():
            raise RequestError(f"{entity} has movements outside {date(starts_on)} to {date(ends_on)}.")
        currency = group.entity(entity).currency(ends_on)
        first = int(own["posted_on"][dated].min()) if dated.any() else ends_on
        if group.entity(entity).currency(first) != currency:
            raise RequestError(f"the functional currency of {entity} changes in the period; close on the day before the change.")
        if currency == rates.presentation:
            found.append(own)
            continue
        try:
            translated, residue[entity] = _translated(own, currency, rates, chart, ends_on, carried, adjustment)
        except MissingRateError as error:
            raise MissingRateError(
                f"{entity} keeps its books in {currency}, and the group cannot be put together: {error}"
            ) from error
        found.append(translated)
    return Translation(rows=together(found), residue_fen=residue)


def _translated(
    own: Rows, currency: str, rates: ExchangeRates, chart: Chart, ends_on: int, carried: Rows | None, adjustment: str
) -> tuple[Rows, int]:
    entity = str(own["entity"][0])
    opening, moved = own.where(own["column"] == OPENING), own.where(own["column"] != OPENING)
    if carried is not None:
        opened = summed(carried.of(entity), _BALANCE).but(column=OPENING)
    elif len(opening) and opening["amount_fen"].any():
        raise RequestError(
            f"{entity} opens with balances in {currency} and no translated ones; give the last close's translated rows."
        )
    else:
        opened = opening
    spot = moved["basis"] == SPOT
    used = np.zeros(len(moved), np.int64)
    # What is nothing needs no rate.
    some = moved["amount_fen"] != 0
    for mask, kind in ((spot & some, SPOT), (~spot & some, AVERAGE)):
        used[mask] = rates.rates_on(currency, kind, moved["posted_on"][mask])
    moves = moved.but(amount_fen=converted(moved["amount_fen"], used, np.full(len(moved), RATE_SCALE, np.int64)))
    monetary = _monetary(chart)
    closing = summed(own.where(np.isin(own["account"], monetary)), _BALANCE)
    owed = bool(closing["amount_fen"].any())
    rate = np.full(len(closing), rates.spot(currency, ends_on) if owed else 0, np.int64)
    target = closing.but(amount_fen=converted(closing["amount_fen"], rate, np.full(len(closing), RATE_SCALE, np.int64)))
    reached = together([opened, moves])
    reached = reached.where(np.isin(reached["account"], monetary))
    revalued = summed(together([target, reached.negated()]), _BALANCE).but(column=TRANSLATION, posted_on=ends_on)
    parts = [opened, moves, revalued]
    left = exact_total(together(parts)["amount_fen"])
    if left:
        parts.append(row(-left, entity=entity, account=adjustment, column=TRANSLATION, posted_on=ends_on))
    return together(parts), exact_total(moves["amount_fen"])


def _monetary(chart: Chart) -> list[str]:
    return [code for code, account in chart.accounts.items() if account.kind in _MONETARY]
