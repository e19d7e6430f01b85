"""The tables of a close made from its cells: vintage curves, losses, transitions, delinquency, volume, collection, prepayment.

Money is summed as int64; rates are divided here, after the sums, never in an engine. Months are given by the day of their
snapshot: the month's last day, and the closing day for the last month.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.measures.cells import Cells
from loanbook.measures.coverage import OPEN
from loanbook.measures.evaluation import annual
from loanbook.measures.periods import quarter_name
from loanbook.measures.telling import covered, not_measured, uncovered_reason
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS, BY_NAME, STATES
from loanbook.terms.measure import Definition, find_measure
from loanbook.units import Ints

_NO_RISK = tuple(model.name.lower() for model in (Model.REFERRAL, Model.TECHNOLOGY, Model.TECHNOLOGY_DISCONTINUED))
_CURVE = (
    ("vintage", pa.string()),
    ("mob", pa.int32()),
    ("numerator_fen", pa.int64()),
    ("denominator_fen", pa.int64()),
    ("rate", pa.float64()),
)
TABLE_SCHEMAS = {
    "vintage_30": pa.schema(_CURVE),
    "vintage_180": pa.schema(_CURVE),
    "loss": pa.schema(_CURVE),
    "transitions": pa.schema(
        [
            ("month_end", pa.date32()),
            ("from_bucket", pa.string()),
            ("to_bucket", pa.string()),
            ("loans", pa.int64()),
            ("principal_fen", pa.int64()),
            ("rate", pa.float64()),
        ]
    ),
    "delinquency": pa.schema(
        [
            ("month_end", pa.date32()),
            ("bucket", pa.string()),
            ("loans", pa.int64()),
            ("principal_fen", pa.int64()),
            ("share", pa.float64()),
        ]
    ),
    "volume": pa.schema(
        [
            ("month_end", pa.date32()),
            ("product", pa.string()),
            ("model", pa.string()),
            ("segment", pa.string()),
            ("loans", pa.int64()),
            ("principal_fen", pa.int64()),
        ]
    ),
    "collection": pa.schema(
        [
            ("month_end", pa.date32()),
            ("due_fen", pa.int64()),
            ("overdue_fen", pa.int64()),
            ("observed_fen", pa.int64()),
            ("collected_fen", pa.int64()),
            ("day1_rate", pa.float64()),
            ("collection_rate", pa.float64()),
        ]
    ),
    "prepayment": pa.schema(
        [
            ("month_end", pa.date32()),
            ("opening_fen", pa.int64()),
            ("scheduled_fen", pa.int64()),
            ("prepaid_fen", pa.int64()),
            ("smm", pa.float64()),
            ("cpr", pa.float64()),
        ]
    ),
}
_TOLD_BY = {
    "vintage_30": "vintage_30",
    "vintage_180": "vintage_180",
    "loss": "cumulative_gross_loss",
    "volume": "loan_volume",
    "transitions": "roll_rate",
    "delinquency": "delinquency",
    "collection": "day1_delinquency",
    "prepayment": "prepayment_speed",
}
"""Table -> the measure whose absence takes the table away."""
_SHOWS_THE_LAST = ("delinquency", "transitions", "prepayment")
"""Tables that are read by their last month: without it they would show an earlier one as the closing day's."""
_SHOWS_MONTHS = ("vintage_30", "vintage_180", "loss", "transitions", "prepayment")
"""Tables that mean nothing where tapes tell less than half of the month ends."""


def close_tables(cells: Cells, definitions: Iterable[Definition]) -> dict[str, pa.Table]:
    """Every table of `TABLE_SCHEMAS`; without rows where the book cannot tell it (`tables_not_measured`), and without the rows
    of months whose end its tapes do not tell."""
    absent = tables_not_measured(cells, definitions)
    made: Mapping[str, Callable[[Cells], list[dict[str, Any]]]] = {
        "vintage_30": lambda each: _curves(each, ("over_30_fen",), without=_NO_RISK),
        "vintage_180": lambda each: _curves(each, ("over_180_fen",), without=_NO_RISK),
        "loss": lambda each: _curves(each, ("charged_off_fen", "-recovered_fen"), without=()),
        "transitions": _transitions,
        "delinquency": _delinquency,
        "volume": _volume,
        "collection": _collection,
        "prepayment": _prepayment,
    }
    return {
        name: pa.Table.from_pylist([] if name in absent else rows(cells), schema=TABLE_SCHEMAS[name])
        for name, rows in made.items()
    }


def tables_not_measured(cells: Cells, definitions: Iterable[Definition]) -> dict[str, str]:
    """Tables that this book cannot tell, with the reason."""
    known = tuple(definitions)
    reasons = not_measured(cells, (find_measure(known, measure) for measure in _TOLD_BY.values()), months_back=None)
    found = {table: reasons[measure] for table, measure in _TOLD_BY.items() if measure in reasons}
    told = covered(cells)
    untold = np.flatnonzero(~told)
    if untold.size:
        sparse = 2 * untold.size > np.count_nonzero(cells.coverage[:, :, OPEN].any(axis=0))
        absent = set(_SHOWS_THE_LAST if not told[-1] else ()) | set(_SHOWS_MONTHS if sparse else ())
        reason = uncovered_reason(cells, int(untold[-1]))
        found |= {table: reason for table in _TOLD_BY if table in absent and table not in found}
    return found


def _cube(cells: Cells, family: str) -> Ints:
    """The family's cells by grain and column."""
    declared = BY_NAME[family]
    return cells.families[family].reshape(*cells.space.shape(declared), len(declared.columns))


def _column(family: str, column: str) -> int:
    return BY_NAME[family].columns.index(column)


def _ends(cells: Cells) -> list[dt.date]:
    return [units.date(day) for day in cells.space.window.month_ends]


def _told_from(cells: Cells) -> Ints:
    """Months told at their end and at the end of the month before: (months,) bool."""
    told = covered(cells)
    both: Ints = told & np.concatenate([told[:1], told[:-1]])
    return both


def _rate(numerator: int, denominator: int) -> float | None:
    return float(Fraction(numerator, denominator)) if denominator else None


def _curves(cells: Cells, columns: tuple[str, ...], *, without: tuple[str, ...]) -> list[dict[str, Any]]:
    """Cumulative curves by origination quarter, aligned by age, up to the age of the quarter's youngest month with loans.

    What was ever late needs every month until then told; what was lost needs the month itself, for each month of origination.
    """
    groups = [number for number, (_, model, _) in enumerate(cells.space.groups) if model not in without]
    told = covered(cells, np.array(groups, np.int64))
    if columns[0].startswith("over_"):
        told = np.logical_and.accumulate(told)
    cube = _cube(cells, "vintage")[groups].sum(axis=0, dtype=np.int64)
    window = cells.space.window
    original = cube[:, :, _column("vintage", "original_fen")].sum(axis=1, dtype=np.int64)
    added = np.zeros(cube.shape[:2], np.int64)
    for column in columns:
        sign = -1 if column.startswith("-") else 1
        added += sign * cube[:, :, _column("vintage", column.lstrip("-"))]
    reached = np.cumsum(added, axis=1, dtype=np.int64)
    quarters: dict[str, list[int]] = {}
    for vintage in np.flatnonzero(original):
        quarters.setdefault(quarter_name(window.first_month + int(vintage)), []).append(int(vintage))
    rows = []
    for name, vintages in quarters.items():
        denominator = int(original[vintages].sum(dtype=np.int64))
        for mob in range(window.months - max(vintages)):
            if not told[np.array(vintages) + mob].all():
                continue
            numerator = int(reached[vintages, mob].sum(dtype=np.int64))
            rows.append(
                {
                    "vintage": name,
                    "mob": mob,
                    "numerator_fen": numerator,
                    "denominator_fen": denominator,
                    "rate": _rate(numerator, denominator),
                }
            )
    return rows


def _transitions(cells: Cells) -> list[dict[str, Any]]:
    cube = _cube(cells, "transition").copy()
    told, silent = _told_from(cells), cells.space.without("charge_off")
    # Where the source does not tell what was written off, a balance that fell to zero is not known to be lost.
    cube[silent, :, :, STATES.index("unknown")] += cube[silent, :, :, STATES.index("charged_off")]
    cube[silent, :, :, STATES.index("charged_off")] = 0
    cube = cube.sum(axis=0, dtype=np.int64)
    rows = []
    for month, end in enumerate(_ends(cells)):
        if not told[month]:
            continue
        for before, from_bucket in enumerate(BUCKETS):
            whole = int(cube[month, before, :, 1].sum(dtype=np.int64))
            for after, to_bucket in enumerate(STATES):
                loans, opening, _ = (int(value) for value in cube[month, before, after])
                if loans:
                    rows.append(
                        {
                            "month_end": end,
                            "from_bucket": from_bucket,
                            "to_bucket": to_bucket,
                            "loans": loans,
                            "principal_fen": opening,
                            "rate": _rate(opening, whole),
                        }
                    )
    return rows


def _delinquency(cells: Cells) -> list[dict[str, Any]]:
    """Buckets by month; the share is of the outstanding balance, which 181+ and charged_off are not part of (null)."""
    cube = _cube(cells, "position").copy()
    cube[cells.space.without("charge_off"), :, BUCKETS.index("charged_off")] = 0
    cube = cube.sum(axis=0, dtype=np.int64)
    out = [BUCKETS.index("181+"), BUCKETS.index("charged_off")]
    told = covered(cells)
    rows = []
    for month, end in enumerate(_ends(cells)):
        if not told[month] or not cube[month].any():
            continue
        outstanding = int(cube[month, :, 1].sum(dtype=np.int64) - cube[month, out, 1].sum(dtype=np.int64))
        for place, bucket in enumerate(BUCKETS):
            loans, principal = int(cube[month, place, 0]), int(cube[month, place, 1])
            if bucket == "unknown" and not loans:
                continue
            share = None if place in out else _rate(principal, outstanding)
            rows.append({"month_end": end, "bucket": bucket, "loans": loans, "principal_fen": principal, "share": share})
    return rows


def _volume(cells: Cells) -> list[dict[str, Any]]:
    cube = _cube(cells, "volume").sum(axis=(2, 3), dtype=np.int64)
    ends = _ends(cells)
    return [
        {
            "month_end": ends[month],
            "product": product,
            "model": model,
            "segment": segment,
            "loans": int(cube[group, month, 0]),
            "principal_fen": int(cube[group, month, 1]),
        }
        for month in range(len(ends))
        for group, (product, model, segment) in enumerate(cells.space.groups)
        if cube[group, month].any()
    ]


def _collection(cells: Cells) -> list[dict[str, Any]]:
    cube = _cube(cells, "due").sum(axis=(0, 2), dtype=np.int64)
    rows = []
    for month, end in enumerate(_ends(cells)):
        due, overdue, _, observed, collected = (int(value) for value in cube[month])
        if due:
            rows.append(
                {
                    "month_end": end,
                    "due_fen": due,
                    "overdue_fen": overdue,
                    "observed_fen": observed,
                    "collected_fen": collected,
                    "day1_rate": _rate(overdue, due),
                    "collection_rate": _rate(collected, observed),
                }
            )
    return rows


def _prepayment(cells: Cells) -> list[dict[str, Any]]:
    cube = _cube(cells, "flow").sum(axis=0, dtype=np.int64)
    told = _told_from(cells)
    rows = []
    for month, end in enumerate(_ends(cells)):
        opening, scheduled, prepaid = (
            int(cube[month, _column("flow", name)]) for name in ("opening_fen", "scheduled_fen", "prepaid_fen")
        )
        smm = _rate(prepaid, opening - scheduled)
        if opening and told[month]:
            rows.append(
                {
                    "month_end": end,
                    "opening_fen": opening,
                    "scheduled_fen": scheduled,
                    "prepaid_fen": prepaid,
                    "smm": smm,
                    "cpr": None if smm is None else annual(smm),
                }
            )
    return rows
