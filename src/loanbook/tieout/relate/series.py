"""Series: one line item as one place states it, its figures by coordinate; and items: the series that are the same line."""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from loanbook.tieout.figure import Basis, Figure, Period, Unit
from loanbook.tieout.relate.grid import Grid
from loanbook.tieout.relate.labels import full_label, key_of

STATING = frozenset({"", "current", "comparative", "prior_quarter", "prior_year", "translation", "other"})
CHANGES = frozenset({"growth", "change"})
MONEY_LIKE = frozenset({Unit.MONEY, Unit.PER_SHARE, Unit.PER_ADS})
COUNTED = frozenset({Unit.SHARES, Unit.ADS, Unit.PEOPLE, Unit.COUNT})


@dataclass(frozen=True, slots=True)
class Coordinate:
    """What a figure is of, apart from its line item. Two figures of one item at one coordinate must agree."""

    unit: Unit
    period: Period
    currency: str | None
    basis: str


@dataclass(slots=True, eq=False)
class Series:
    """A row of a table, or a phrase of prose with the amounts that follow it.

    ordinal   1-based number among the rows of its table with the same label and unit
    of        how many such rows there are
    """

    label: str
    path: tuple[str, ...]
    unit: Unit
    where: tuple[str, int, int]
    is_prose: bool
    ordinal: int = 1
    of: int = 1
    cells: dict[Coordinate, list[Figure]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return key_of(self.label)


@dataclass(slots=True, eq=False)
class Item:
    """One line item: the series that state it."""

    label: str
    unit: Unit
    series: list[Series] = field(default_factory=list)
    cells: dict[Coordinate, list[Figure]] = field(default_factory=dict)
    _best: dict[Coordinate, Figure] = field(default_factory=dict)

    def add(self, series: Series) -> None:
        """Takes in all figures of `series`."""
        self.series.append(series)
        for coordinate, figures in series.cells.items():
            self.cells.setdefault(coordinate, []).extend(figures)
            for figure in figures:
                standing = self._best.get(coordinate)
                if standing is None or _rank(figure) < _rank(standing):
                    self._best[coordinate] = figure

    def best(self, coordinate: Coordinate) -> Figure | None:
        """The figure that others are measured against: of the finest step, in a table before prose, first printed."""
        return self._best.get(coordinate)

    def place(self, figure: Figure) -> Coordinate | None:
        """The coordinate at which this item has `figure`."""
        return next((at for at, figures in self.cells.items() if any(one.id == figure.id for one in figures)), None)

    def finest(self, figure: Figure) -> Figure:
        """The figure that `figure` is measured against, itself where it is of no coordinate of this item."""
        at = self.place(figure)
        return figure if at is None else self._best[at]


def _rank(figure: Figure) -> tuple[bool, Decimal]:
    return figure.place.row is None, figure.step * figure.scale


@dataclass(frozen=True, slots=True)
class Frame:
    """What a set of documents needs of coordinates.

    bases_matter    whether both local and international rules are used, so that they must be kept apart
    translated      (file, currency) of amounts translated for convenience, at a rate of that file's own
    """

    bases_matter: bool = False
    translated: frozenset[tuple[str, str]] = frozenset()


def coordinate_of(figure: Figure, frame: Frame) -> Coordinate | None:
    """None where the period is not known. A count is the same in each currency's column; a translation is its file's own."""
    if figure.period is None:
        return None
    basis = figure.basis
    if basis is Basis.ADJUSTMENT:
        name = "adjustment:" + " ".join(figure.column[-2:])
    elif basis is Basis.IFRS and frame.bases_matter:
        name = "ifrs"
    elif figure.role in CHANGES and figure.place.row is not None:
        name = f"{figure.role}:" + " ".join(figure.column[-2:])
    else:
        name = ""
    period = figure.period
    label = figure.label.casefold()
    if period.start is not None:
        if "beginning of" in label or "opening" in label:
            period = Period(end=period.start - dt.timedelta(days=1))
        elif "end of the period" in label or "end of period" in label or "end of year" in label or "closing" in label:
            period = Period(end=period.end)
    currency = figure.currency if figure.unit in MONEY_LIKE else None
    if currency is not None and (figure.place.file, currency) in frame.translated:
        currency = f"{currency} in {figure.place.file}"
    return Coordinate(figure.unit, period, currency, name)


def table_series(grids: Iterable[Grid], frame: Frame) -> list[Series]:
    """One series for every row that has a figure with a period."""
    made: list[Series] = []
    for grid in grids:
        counted: dict[tuple[str, Unit], list[Series]] = defaultdict(list)
        unclear = _unclear(grid, frame)
        for row in grid.rows:
            by_unit: dict[Unit, Series] = {}
            label = full_label(row.label, row.path)
            for column, figure in row.cells.items():
                coordinate = coordinate_of(figure, frame)
                if coordinate is None or column in unclear:
                    continue
                series = by_unit.get(figure.unit)
                if series is None:
                    series = Series(label, row.path, figure.unit, (grid.file, grid.block, grid.part), False)
                    by_unit[figure.unit] = series
                series.cells.setdefault(coordinate, []).append(figure)
            for unit, series in by_unit.items():
                same = counted[key_of(label), unit]
                same.append(series)
                series.ordinal = len(same)
                made.append(series)
        for same in counted.values():
            for series in same:
                series.of = len(same)
    return made


def _unclear(grid: Grid, frame: Frame) -> set[int]:
    """Columns whose heads do not tell them from another column in most rows: what they state is not known."""
    together: Counter[tuple[int, int]] = Counter()
    for row in grid.rows:
        seen: dict[Coordinate, int] = {}
        for column, figure in row.cells.items():
            coordinate = None if figure.unit in COUNTED else coordinate_of(figure, frame)
            if coordinate is not None and seen.setdefault(coordinate, column) != column:
                together[seen[coordinate], column] += 1
    return {column for pair, times in together.items() if 2 * times > len(grid.rows) for column in pair}


def prose_series(figures: Iterable[Figure], frame: Frame) -> list[Series]:
    """The amounts that follow one phrase in one paragraph; growth, changes and bounds of ranges are no amounts of it."""
    made: dict[tuple[str, int, str, Unit, int], Series] = {}
    for figure in figures:
        if figure.place.row is not None or figure.role not in STATING or figure.exact:
            continue
        coordinate = coordinate_of(figure, frame)
        if coordinate is None or not figure.label:
            continue
        at = (figure.place.file, figure.place.block, key_of(figure.label), figure.unit, 0)
        while at in made and any(not agree(figure, other) for other in made[at].cells.get(coordinate, ())):
            at = (*at[:4], at[4] + 1)
        series = made.get(at)
        if series is None:
            series = Series(figure.label, figure.path, figure.unit, (at[0], at[1], 0), True)
            made[at] = series
        series.cells.setdefault(coordinate, []).append(figure)
    return list(made.values())


def digits_of(figure: Figure) -> int:
    """How many significant digits are displayed: what an agreement with it is worth."""
    if not figure.step:
        return len(figure.value.as_tuple().digits)
    return len(str(abs(int(figure.value / figure.step)))) if figure.value else 0


UNSIGNED = re.compile(
    r"\b(?:loss(?:es)?|deficit|outflows?|used|paid|repaid|repayments?|payments?|purchases?d?|repurchases?d?|expenditures?|capex|expenses?|costs?"
    r"|charges?|tax(?:es)?|benefit|provisions?|impairments?|write-?(?:down|off)s?|dividends?|depreciation|amorti[sz]ation"
    r"|(?:in)?debt(?:s|edness)?|borrowings?|overdrafts?|liabilit(?:y|ies)|invest(?:ed|ments?)|decrease|reduction)\b",
    re.IGNORECASE,
)
"""Words that say in a text what a table says by its sign."""


def opposed(one: Figure, other: Figure) -> bool:
    """Whether a text names by a word what a table shows in brackets: `a net loss of 5.2 million` and `(5,183)`."""
    prose, line = (one, other) if one.place.row is None else (other, one)
    return (
        prose.place.row is None
        and line.place.row is not None
        and prose.value > 0 > line.value
        and (UNSIGNED.search(prose.label) is not None or UNSIGNED.search(line.label) is not None)
    )


def agree(one: Figure, other: Figure) -> bool:
    """Whether both may stand for one amount; displayed as finely as each other, they must be equal."""
    if opposed(one, other):
        one, other = (replace(figure, value=abs(figure.value)) for figure in (one, other))
    if one.step * one.scale == other.step * other.scale:
        return one.amount == other.amount
    return one.interval.meets(other.interval)
