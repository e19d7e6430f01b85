"""The twin: what a world made from published drivers comes to, beside what was published, figure by figure.

Reported figures are rows of a CSV with their place in the filings. A row that names a measure is computed from a close's
measures here; rows of other computations (statement lines) take their values from whoever computes them.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loanbook import units
from loanbook.errors import RequestError, TermsError
from loanbook.measures.evaluation import evaluate
from loanbook.measures.measuring import Batch, measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.simulator.histories import compact_batch, irregular_batch, is_irregular
from loanbook.simulator.platform import SHIPPED
from loanbook.simulator.world import World
from loanbook.terms.measure import load_measures

COLUMNS = ("quarter", "item", "title", "unit", "measure", "split", "members", "reported", "band_percent", "source")
SCALED = {"count": 1, "rmb_million": 100_000_000, "rmb_thousand": 100_000}
"""Units that grow with the platform: integers of the book (loans, fen) in one of them."""
KNOWN_DAYS = 31
"""A quarter is closed with what was recorded this many days after its end: the 30 days of collection and one more."""
LOOK_AHEAD_DAYS = 30

MeasureRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One published figure.

    measure, split, members   how the book computes it: a measure's total, or the sum over members of a split; "" for neither
    value                     in `unit`: count, rmb_million, rmb_thousand, months, share
    band                      how far ours may be off, as a fraction; None where no band is claimed
    source                    filing and place, `derived: how`, or `chosen: why`
    """

    quarter: str
    item: str
    title: str
    unit: str
    measure: str
    split: str
    members: tuple[str, ...]
    value: float
    band: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A published figure beside ours at full size; ours and ratio are None where nobody computed it."""

    reported: Reported
    ours: float | None

    @property
    def ratio(self) -> float | None:
        """Ours over reported."""
        return None if self.ours is None or not self.reported.value else self.ours / self.reported.value

    @property
    def inside(self) -> bool | None:
        """Whether the ratio is within the band; None without a ratio or a band."""
        if self.ratio is None or self.reported.band is None:
            return None
        return abs(self.ratio - 1.0) <= self.reported.band


def load_reported(scenario: str) -> tuple[Reported, ...]:
    """The published figures of a shipped scenario. Raises TermsError with ``path:line:`` for a row that says nothing."""
    return read_reported(SHIPPED / f"{scenario}_reported.csv")


def read_reported(path: Path) -> tuple[Reported, ...]:
    """The published figures of a CSV file with `COLUMNS`. Raises TermsError with ``path:line:``."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise TermsError(f"{path.name}:1: the columns must be {', '.join(COLUMNS)}.")
        return tuple(_reported(row, f"{path.name}:{reader.line_num}") for row in reader)


def _reported(row: dict[str, str], place: str) -> Reported:
    for name in ("quarter", "item", "title", "unit", "reported", "source"):
        if not row[name]:
            raise TermsError(f"{place}: {name} is empty. Write it; a published figure without a place is none.")
    try:
        value, band = float(row["reported"]), float(row["band_percent"]) / 100.0 if row["band_percent"] else None
    except ValueError as error:
        raise TermsError(f"{place}: reported and band_percent must be numbers; {error}.") from error
    return Reported(
        quarter=row["quarter"],
        item=row["item"],
        title=row["title"],
        unit=row["unit"],
        measure=row["measure"],
        split=row["split"],
        members=tuple(row["members"].split("|")) if row["members"] else (),
        value=value,
        band=band,
        source=row["source"],
    )


def quarters_of(reported: Iterable[Reported]) -> tuple[str, ...]:
    """The quarters that figures are of, in order."""
    return tuple(sorted({row.quarter for row in reported}))


def quarter_end(quarter: str) -> dt.date:
    """The last day of "2024Q1"."""
    month = 3 * int(quarter[5:])
    first = dt.date(int(quarter[:4]) + month // 12, month % 12 + 1, 1)
    return first - dt.timedelta(days=1)


def ours_of(reported: Iterable[Reported], quarter: str, rows: Iterable[MeasureRow], scale: int) -> dict[tuple[str, str], float]:
    """Our figures of a quarter by (quarter, item), at full size, from the measure rows of its close.

    rows   as `evaluation.MEASURES_SCHEMA`; only the current period is used
    """
    found = {
        (row["measure"], row["split"] or "", row["split_value"] or ""): row for row in rows if row["comparison"] == "current"
    }
    ours = {}
    for each in reported:
        if each.quarter != quarter or not each.measure:
            continue
        members = each.members or ("",)
        behind = [found[key] for key in ((each.measure, each.split, member) for member in members) if key in found]
        if each.unit in SCALED:
            ours[each.quarter, each.item] = sum(int(row["numerator"]) for row in behind) * scale / SCALED[each.unit]
        elif len(behind) == 1 and behind[0]["value"] is not None:
            ours[each.quarter, each.item] = float(behind[0]["value"])
    return ours


def compare(reported: Iterable[Reported], ours: Mapping[tuple[str, str], float]) -> tuple[Compared, ...]:
    """Every published figure beside ours, by (quarter, item)."""
    return tuple(Compared(reported=each, ours=ours.get((each.quarter, each.item))) for each in reported)


def batches_of(world: World) -> tuple[Batch, ...]:
    """A world's loans as projection batches, the regular and the irregular ones, without a book."""
    odd = is_irregular(world.lives)
    irregular = irregular_batch(
        world.scenario,
        world.seed,
        keys=world.keys,
        contracts=world.offer.classes.rows,
        heads=world.heads,
        lives=world.lives,
        chosen=np.flatnonzero(odd),
        horizon=world.scenario.known_until,
    )
    return compact_batch(world.heads, world.lives, np.flatnonzero(~odd)), irregular


def ours_in_memory(reported: tuple[Reported, ...], world: World, scale: int) -> dict[tuple[str, str], float]:
    """Our figures of all quarters, measured from a world without writing a book; equal to those of its closes."""
    batches, ours = batches_of(world), {}
    named = {each.measure for each in reported}
    definitions = tuple(each for each in load_measures() if each.name in named)
    for quarter in quarters_of(reported):
        as_of = units.day(quarter_end(quarter))
        over = window(
            since=world.scenario.first_day,
            as_of=as_of,
            observed_to=as_of + LOOK_AHEAD_DAYS,
            known_on=as_of + KNOWN_DAYS,
        )
        cells = measure_batches(batches, world.offer.classes, space(world.offer.classes, over))
        rows = evaluate(cells, definitions, comparisons={"current": 0}).to_pylist()
        ours.update(ours_of(reported, quarter, rows, scale))
    return ours


def shown(unit: str, value: float) -> str:
    """A figure as the filings print it."""
    if unit == "share":
        return f"{100.0 * value:.2f} %"
    return f"{value:.2f}" if unit == "months" else f"{value:,.0f}"


def markdown(compared: Iterable[Compared]) -> str:
    """The table of ratios: a line an item, a pair of columns a quarter; ratios outside their band are marked with `!`."""
    found = tuple(compared)
    quarters = quarters_of(each.reported for each in found)
    if not quarters:
        raise RequestError("there are no published figures to compare with.")
    by_item: dict[str, dict[str, Compared]] = {}
    for each in found:
        by_item.setdefault(each.reported.item, {})[each.reported.quarter] = each
    header = " | ".join(f"{quarter} reported | ours / reported" for quarter in quarters)
    lines = [f"| figure | {header} |", "|---|" + "---:|" * (2 * len(quarters))]
    for pairs in by_item.values():
        title = next(iter(pairs.values())).reported.title
        lines.append(f"| {title} | " + " | ".join(_cell(pairs.get(quarter)) for quarter in quarters) + " |")
    return "\n".join(lines)


def _cell(each: Compared | None) -> str:
    if each is None:
        return " | "
    ratio = "" if each.ratio is None else f"{each.ratio:.3f}" + (" !" if each.inside is False else "")
    return f"{shown(each.reported.unit, each.reported.value)} | {ratio}"
