"""What a book cannot tell, and why: a measure is left out with its reason instead of given a wrong number.

Three things take a measure away: how loans are reported (no payment days, no schedule, no borrower, no days past due), month ends
that no position covers (`measures.coverage`), and what the terms say that the source does not tell (`unknown` in product terms).
"""

from collections.abc import Iterable

import numpy as np

from loanbook import units
from loanbook.measures.cells import Cells
from loanbook.measures.coverage import OPEN, UNREPORTED, told_months
from loanbook.measures.periods import Period, period
from loanbook.measures.space import Space, names_of
from loanbook.terms.families import BUCKETS, BY_NAME
from loanbook.terms.measure import GROUP, Definition, Sum
from loanbook.terms.unknown import Unknown
from loanbook.units import Ints

_UNKNOWN = "unknown"
_MONTHLY_FLOWS = {"opening_fen", "scheduled_fen", "prepaid_fen"}
"""Flows that need each month's own balance; the others are known from the positions at both ends."""
_LOST = {"charged_off_fen", "recovered_fen"}
_FROM_UNKNOWN = {
    Unknown.ORIGINATION: "when loans were made",
    Unknown.AMOUNT: "how much was lent",
    Unknown.TENOR: "for how long was lent",
    Unknown.CHARGE_OFF: "which loans were written off, or when",
}


def not_measured(cells: Cells, definitions: Iterable[Definition], *, months_back: int | None = 0) -> dict[str, str]:
    """Measures that this book cannot tell over a period, with the reason.

    months_back   of the comparison (`periods.COMPARISONS`); None: only what no month can tell
    """
    known = tuple(definitions)
    reasons: dict[str, str] = {}
    for definition in known:
        reason = _reason(cells, definition, months_back)
        if reason:
            reasons[definition.name] = reason
    for definition in known:
        for factor, _ in definition.factors:
            if factor in reasons:
                reasons.setdefault(definition.name, f"{factor} is not measured: {reasons[factor]}")
    return reasons


def covered(cells: Cells, groups: Ints | None = None) -> Ints:
    """Months whose end is told for the groups (all without them): (months,) bool."""
    return told_months(cells.coverage if groups is None else cells.coverage[groups])


def uncovered_reason(cells: Cells, month: int, groups: Ints | None = None) -> str:
    """Why the end of a month is not told."""
    part = cells.coverage if groups is None else cells.coverage[groups]
    together = part.sum(axis=0, dtype=np.int64)
    window = cells.space.window
    reported = np.flatnonzero(told_months(part) & (together[:, OPEN] > 0) & (np.arange(window.months) < month))
    until = f"; the last before with reports is {units.date(int(window.month_ends[reported[-1]]))}" if reported.size else ""
    return (
        f"no position is reported on {units.date(int(window.month_ends[month]))} for {together[month, UNREPORTED]:,} of "
        f"{together[month, OPEN]:,} open loans of tapes{until}"
    )


def _reason(cells: Cells, definition: Definition, months_back: int | None) -> str:
    version = definition.in_force(cells.space.window.as_of)
    if version is None:
        return f"no version is in force on {units.date(cells.space.window.as_of)}"
    over = None if months_back is None else period(cells.space.window, definition.period, months_back)
    for part in (version.numerator, version.denominator):
        if part is not None:
            reason = _part_reason(cells, definition.family, part) or _unknown_reason(cells, definition.family, part)
            if not reason and over is not None:
                reason = _coverage_reason(cells, definition.family, part, over)
            if reason:
                return reason
    return ""


def _coverage_reason(cells: Cells, family: str, part: Sum, over: Period) -> str:
    groups = _groups(cells.space, part)
    told = covered(cells, groups)
    missing = [month for month in _needed(family, part, over) if not told[month]]
    return uncovered_reason(cells, missing[-1], groups) if missing else ""


def _needed(family: str, part: Sum, over: Period) -> list[int]:
    """Months at whose end positions must be known for a sum over a period."""
    columns = {column for _, column in part.columns}
    before = max(over.first - 1, 0)
    if family == "position":
        return list(range(over.first, over.last + 1))
    if family == "transition" or (family == "flow" and columns & _MONTHLY_FLOWS):
        return list(range(before, over.last + 1))
    if family == "flow":
        return [before, over.last]
    if family == "vintage" and columns - {"original_fen"}:
        return [before, over.last] if columns <= _LOST else list(range(over.last + 1))
    return []


def _groups(space: Space, part: Sum) -> Ints:
    """Groups that a sum takes, (groups,) bool."""
    chosen = np.ones(len(space.groups), np.bool_)
    for dimension in GROUP:
        names = np.array(names_of(space, dimension), object)
        if dimension in part.where:
            chosen &= np.isin(names, part.where[dimension])
        if dimension in part.without:
            chosen &= ~np.isin(names, part.without[dimension])
    return chosen


def _unknown_reason(cells: Cells, family: str, part: Sum) -> str:
    """Whether the sum needs something that the terms of one of its products declare untold."""
    columns = {column for _, column in part.columns}
    needs: list[Unknown] = []
    if family in ("volume", "vintage"):
        needs.append(Unknown.ORIGINATION)
    if columns & {"original_fen"} or (family == "volume" and columns & {"principal_fen", "principal_months_fen"}):
        needs.append(Unknown.AMOUNT)
    if "principal_months_fen" in columns:
        needs.append(Unknown.TENOR)
    if columns & _LOST or _ends_charged_off(cells, part):
        needs.append(Unknown.CHARGE_OFF)
    chosen = _groups(cells.space, part)
    for need in needs:
        untold = chosen & cells.space.without(need.name.lower())
        if untold.any():
            products = sorted({cells.space.groups[group][0] for group in np.flatnonzero(untold)})
            return f"the source of {', '.join(products)} does not tell {_FROM_UNKNOWN[need]}"
    return ""


def _ends_charged_off(cells: Cells, part: Sum) -> bool:
    """Whether a sum of transitions counts loans that left as charged off while their source does not tell that."""
    if "charged_off" not in part.where.get("to_bucket", ()):
        return False
    declared = BY_NAME["transition"]
    dense = cells.families["transition"].reshape(*cells.space.shape(declared), len(declared.columns))
    place = names_of(cells.space, "to_bucket").index("charged_off")
    return bool(dense[cells.space.without("charge_off"), :, :, place].any())


def _part_reason(cells: Cells, family: str, part: Sum) -> str:
    columns = {column for _, column in part.columns}
    if family == "due" and cells.without_payment_days:
        return (
            f"{cells.without_payment_days:,} of {cells.loans:,} loans come from a tape that reports months; "
            "it does not tell the day of a payment"
        )
    if columns & {"scheduled_fen", "prepaid_fen"} and cells.without_schedule:
        return (
            f"{cells.without_schedule:,} of {cells.loans:,} loans have no instalment or first due date; "
            "what was scheduled and what was prepaid cannot be told apart"
        )
    chosen_by = {*part.where, *part.without}
    if "drawdown" in chosen_by or "borrowers" in columns:
        unknown = _loans_in(cells, "volume", "drawdown", _UNKNOWN)
        if unknown:
            return f"for {unknown:,} loans the source names no borrower, so first and repeat drawdowns cannot be told apart"
    late = family == "position" and "bucket" in chosen_by and bool(set(part.where["bucket"]) & {*BUCKETS[1:7]})
    if late and _UNKNOWN not in part.where["bucket"]:
        return _age_unknown(_loans_in(cells, "position", "bucket", _UNKNOWN))
    if family == "transition":
        return _age_unknown(_loans_in(cells, "transition", "from_bucket", _UNKNOWN))
    if columns & {"over_30_fen", "over_180_fen"}:
        return _age_unknown(_loans_in(cells, "position", "bucket", _UNKNOWN))
    return ""


def _age_unknown(positions: int) -> str:
    return f"days past due are unknown for {positions:,} month-end positions" if positions else ""


def _loans_in(cells: Cells, family: str, dimension: str, member: str) -> int:
    declared = BY_NAME[family]
    dense = cells.families[family].reshape(*cells.space.shape(declared), len(declared.columns))
    place = names_of(cells.space, dimension).index(member)
    return int(np.take(dense, place, axis=declared.grain.index(dimension))[..., 0].sum(dtype=np.int64))
