"""An auditor of the seeded world: it sees the events, nothing else, and recomputes by its own arithmetic what a close must say.

It shares no rule with the house: instalments come from the textbook formula in floating point, interest from whole-number
division, and a loan's money is laid against its cumulative dues instead of being allocated payment by payment. So it covers
what the world offers, and no more: level monthly instalments, oldest first, lower rates from a due date on, full
settlements, charge-offs, cancellations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.errors import RequestError
from loanbook.units import RATE_SCALE, Ints, date

BY_THE_DAY = ("small_business_loan",)
"""Products whose interest runs by the day over 365; the others earn a twelfth of the annual rate a month."""
BUCKETS = ("current", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180")
CHARGED_OFF_AFTER = 180
_EPOCH_NEVER = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the auditor found as of a day.

    loans, principal_fen      drawdowns by (product, model, month "YYYY-MM")
    outstanding               bucket -> (loans, principal_fen) of loans up to 180 days past due that are not written off
    repeat_fen                principal lent to borrowers with an earlier drawdown, by month
    """

    loans: dict[tuple[str, str, str], int]
    principal_fen: dict[tuple[str, str, str], int]
    outstanding: dict[str, tuple[int, int]]
    repeat_fen: dict[str, int]


def audit(tables: dict[str, pa.Table], *, as_of: int) -> Audit:
    """Volumes and balances as of a day, from event tables (`world.events`), everything in them being known.

    raises   RequestError for events that the auditor has no arithmetic for
    """
    strange = set(tables) - {
        "loan_disbursed", "payment_received", "event_reversed", "loan_charged_off", "recovery_received", "loan_cancelled",
        "rate_changed",
    }  # fmt: skip
    if strange:
        raise RequestError(f"the auditor knows no arithmetic for {sorted(strange)[0]}.")
    drawn = tables["loan_disbursed"].filter(pc.less_equal(_day_column(tables["loan_disbursed"]), as_of))
    ids = drawn["loan_id"]
    paid_fen, settled_on = _money(tables, ids, as_of)
    gone_on = np.minimum(settled_on, _first_day(tables.get("loan_cancelled"), ids, as_of))
    charged_on = _first_day(tables.get("loan_charged_off"), ids, as_of)
    due_on, principal, interest = _dues(tables, drawn)
    owed, oldest = _position(paid_fen, due_on, principal, interest, as_of)
    dpd = np.where(oldest < as_of, as_of - oldest, 0)
    alive = (gone_on > as_of) & (charged_on > as_of) & (owed > 0) & (dpd <= CHARGED_OFF_AFTER)
    bucket = (dpd + 29) // 30
    outstanding = {
        name: (int((alive & (bucket == place)).sum()), int(owed[alive & (bucket == place)].sum()))
        for place, name in enumerate(BUCKETS)
    }
    return Audit(outstanding=outstanding, **_volumes(drawn))


def _day_column(table: pa.Table) -> Any:
    return table["happened_on"].cast(pa.int32())


def _days(table: pa.Table) -> Ints:
    return np.asarray(_day_column(table).to_numpy().astype(np.int64))


def _places(ids: Any, of: Any) -> Ints:
    """Where each id stands among the loans, -1 for none."""
    return np.asarray(pc.index_in(of, value_set=ids.combine_chunks()).fill_null(-1).to_numpy())


def _first_day(table: pa.Table | None, ids: Any, as_of: int) -> Ints:
    days = np.full(len(ids), _EPOCH_NEVER)
    if table is not None:
        place, on = _places(ids, table["loan_id"]), _days(table)
        seen = (place >= 0) & (on <= as_of)
        np.minimum.at(days, place[seen], on[seen])
    return days


def _money(tables: dict[str, pa.Table], ids: Any, as_of: int) -> tuple[Ints, Ints]:
    """Money that stands by a day for each loan, and the day of a full settlement."""
    payments = tables["payment_received"]
    if "event_reversed" in tables:
        back = pc.is_in(payments["event_id"], value_set=tables["event_reversed"]["reversed_event_id"].combine_chunks())
        payments = payments.filter(pc.invert(back))
    place, on = _places(ids, payments["loan_id"]), _days(payments)
    seen = (place >= 0) & (on <= as_of)
    payoff = pc.equal(payments["purpose"], "payoff").to_numpy(zero_copy_only=False)
    paid, settled = np.zeros(len(ids), np.int64), np.full(len(ids), _EPOCH_NEVER)
    np.add.at(paid, place[seen & ~payoff], payments["amount_fen"].to_numpy()[seen & ~payoff])
    np.minimum.at(settled, place[seen & payoff], on[seen & payoff])
    return paid, settled


def _dues(tables: dict[str, pa.Table], drawn: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Due dates, principal and interest, (loans, most instalments) int64; nothing after a loan's last."""
    opened, principal_fen = _days(drawn), drawn["principal_fen"].to_numpy()
    counts, rate = drawn["installment_count"].to_numpy(), drawn["rate_annual"].to_numpy() / RATE_SCALE
    daily = pc.is_in(drawn["product"], value_set=pa.array(BY_THE_DAY)).to_numpy(zero_copy_only=False)
    months = opened.astype("datetime64[D]").astype("datetime64[M]")
    day_of_month = opened - months.astype("datetime64[D]").astype(np.int64)
    shape = (counts.size, int(counts.max()))
    due_on, fraction = np.full(shape, _EPOCH_NEVER), np.zeros(shape)
    before = opened
    for number in range(shape[1]):
        first = (months + number + 1).astype("datetime64[D]").astype(np.int64)
        last = (months + number + 2).astype("datetime64[D]").astype(np.int64) - 1
        on = np.minimum(first + day_of_month, last)
        due_on[:, number] = np.where(number < counts, on, _EPOCH_NEVER)
        fraction[:, number] = np.where(daily, (on - before) / 365.0, 1.0 / 12.0)
        before = on
    none = np.zeros(counts.size, np.int64)
    principal, interest = _level(principal_fen, rate, fraction, none, counts)
    return due_on, *_repriced(tables, drawn, due_on, fraction, counts, principal, interest)


def _repriced(
    tables: dict[str, pa.Table], drawn: pa.Table, due_on: Ints, fraction: Ints, counts: Ints, principal: Ints, interest: Ints
) -> tuple[Ints, Ints]:
    """Amounts after changes of rate on due dates: what is left is levelled again over the instalments that are left."""
    changes = tables.get("rate_changed")
    if changes is None:
        return principal, interest
    place = _places(drawn["loan_id"], changes["loan_id"])
    on, rate = _days(changes)[place >= 0], changes["rate_annual"].to_numpy()[place >= 0] / RATE_SCALE
    place = place[place >= 0]
    since = (due_on[place] <= on[:, None]).sum(axis=1)
    later = np.arange(due_on.shape[1]) >= since[:, None]
    left = (principal[place] * later).sum(axis=1)
    new_principal, new_interest = _level(left, rate, fraction[place], since, counts[place])
    principal[place] = np.where(later, new_principal, principal[place])
    interest[place] = np.where(later, new_interest, interest[place])
    return principal, interest


def _level(principal_fen: Ints, rate: Any, fraction: Ints, since: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Level instalments `since` .. `counts` of each loan, (loans, most instalments) int64, 0 elsewhere."""
    numbers = np.arange(fraction.shape[1])
    within = (numbers >= since[:, None]) & (numbers < counts[:, None])
    worth = np.cumprod(np.where(within, 1.0 / (1.0 + rate[:, None] * fraction), 1.0), axis=1) * within
    level = np.floor(principal_fen / worth.sum(axis=1) + 0.5).astype(np.int64)
    principal, interest = np.zeros(fraction.shape, np.int64), np.zeros(fraction.shape, np.int64)
    balance = principal_fen.copy()
    for number in numbers:
        earned = np.floor(balance * rate * fraction[:, number] + 0.5).astype(np.int64)
        interest[:, number] = np.where(within[:, number], earned, 0)
        repaid = np.where(number == counts - 1, balance, np.minimum(level - earned, balance))
        principal[:, number] = np.where(within[:, number], repaid, 0)
        balance -= principal[:, number]
    return principal, interest


def _position(paid_fen: Ints, due_on: Ints, principal: Ints, interest: Ints, as_of: int) -> tuple[Ints, Ints]:
    """Principal that the money has not covered, and the due date of the first instalment it has not covered in full."""
    dues = principal + interest
    upto = np.cumsum(dues, axis=1)
    on_row = np.clip(paid_fen[:, None] - (upto - dues), 0, dues)
    owed = (principal - np.clip(on_row - interest, 0, principal)).sum(axis=1)
    oldest = np.where(on_row < dues, due_on, _EPOCH_NEVER).min(axis=1)
    return owed, np.where(oldest == _EPOCH_NEVER, as_of, oldest)


def _volumes(drawn: pa.Table) -> dict[str, Any]:
    months = [str(date(int(day)))[:7] for day in np.unique(_days(drawn))]
    month_of = dict(zip(np.unique(_days(drawn)).tolist(), months, strict=True))
    month = pa.array([month_of[day] for day in _days(drawn).tolist()])
    first = _first_drawdown(drawn)
    table = pa.table(
        {
            "product": drawn["product"],
            "model": drawn["model"],
            "month": month,
            "principal": drawn["principal_fen"],
            "first": first,
        }
    )
    grouped = table.group_by(["product", "model", "month"]).aggregate([("principal", "sum"), ("principal", "count")])
    rows = grouped.to_pylist()
    again = table.filter(pc.invert(table["first"])).group_by(["month"]).aggregate([("principal", "sum")]).to_pylist()
    return {
        "loans": {(row["product"], row["model"], row["month"]): row["principal_count"] for row in rows},
        "principal_fen": {(row["product"], row["model"], row["month"]): row["principal_sum"] for row in rows},
        "repeat_fen": {row["month"]: row["principal_sum"] for row in again},
    }


def _first_drawdown(drawn: pa.Table) -> Any:
    """Whether each drawdown is its borrower's first, by day and then loan id."""
    order = pc.sort_indices(
        drawn, [("borrower_id", "ascending"), ("happened_on", "ascending"), ("loan_id", "ascending")]
    ).to_numpy()
    borrower = pc.dictionary_encode(drawn["borrower_id"]).combine_chunks().indices.to_numpy()[order]
    first = np.empty(order.size, np.bool_)
    first[order] = np.concatenate([np.ones(1, np.bool_), borrower[1:] != borrower[:-1]])
    return pa.array(first)
