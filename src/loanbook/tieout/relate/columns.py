"""Columns of one table that derive from others of the same row: growth, and shares of a total line."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from loanbook.tieout.figure import Figure, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.relate.build import relation_of, shown
from loanbook.tieout.relate.grid import Grid, Row
from loanbook.tieout.relation import Relation, RelationKind

LEAST_ROWS = 3
MOST_FAILING = 0.2
MOST_WORK = 400_000  # pairs of cells to try in one table
HUNDRED = Decimal(100)


def column_ratios(grid: Grid) -> list[Relation]:
    """Per cent columns that are the growth of one column over another, or the shares of a column in one of its lines."""
    percent = _columns(grid, Unit.PERCENT)
    amounts = [column for unit in (Unit.MONEY, Unit.UNKNOWN, Unit.COUNT) for column in _columns(grid, unit)]
    made: list[Relation] = []
    if len(percent) * len(amounts) * len(amounts) * len(grid.rows) > MOST_WORK:
        return made
    for column in percent:
        rows = [row for row in grid.rows if column in row.cells and row.cells[column].unit is Unit.PERCENT]
        if len(rows) < LEAST_ROWS:
            continue
        best: list[Relation] = []
        for relations in (*_growths(rows, column, amounts), *_shares(grid, rows, column, amounts)):
            if len(relations) > len(best):
                best = relations
        made.extend(best)
    return made


def _columns(grid: Grid, unit: Unit) -> list[int]:
    return [column for column in grid.columns if any(column in row.cells and row.cells[column].unit is unit for row in grid.rows)]


def _growths(rows: Sequence[Row], column: int, amounts: Sequence[int]) -> Iterable[list[Relation]]:
    for now in amounts:
        for then in amounts:
            if now == then:
                continue
            found = []
            for row in rows:
                cells = row.cells
                if now in cells and then in cells and cells[then].value and cells[now].unit is cells[then].unit:
                    found.append(growth_relation("growth_column", cells[column], cells[now], cells[then]))
            yield _believed(found)


def _shares(grid: Grid, rows: Sequence[Row], column: int, amounts: Sequence[int]) -> Iterable[list[Relation]]:
    whole = [row for row in rows if row.cells[column].value == HUNDRED]
    for base in whole[:3]:
        for amount in amounts:
            total = base.cells.get(amount)
            if total is None or not total.value:
                continue
            found = []
            for row in rows:
                part = row.cells.get(amount)
                if part is not None and row is not base and part.unit is total.unit:
                    found.append(share_relation("share_of_total", row.cells[column], part, total))
            yield _believed(found)


def _believed(found: list[Relation]) -> list[Relation]:
    """All of `found` where most hold and say something, else none."""
    holding = sum(relation.expected.meets(relation.printed) for relation in found)
    if holding < LEAST_ROWS or len(found) - holding > max(1, MOST_FAILING * len(found)):
        return []
    return found


def growth_relation(rule: str, growth: Figure, now: Figure, then: Figure, sign: int = 1) -> Relation:
    """Growth in per cent; `sign` -1 where words say decrease and the figure is printed without a sign.

    Costs in brackets that grow are told as growth or as a fall, as the issuer likes: either sign of it is right.
    """
    bottom = then.interval
    if bottom.low <= 0 <= bottom.high:
        expected = Interval(Decimal("-1E+9"), Decimal("1E+9"))
    else:
        expected = now.interval / (bottom if bottom.low > 0 else -bottom) * Interval.exact(HUNDRED)
        shift = HUNDRED if bottom.low > 0 else -HUNDRED
        expected = Interval(expected.low - shift, expected.high - shift)
    costs = now.amount < 0 and then.amount < 0
    if costs and growth.value and (expected.low + expected.high < 0) != (sign * growth.value < 0):
        expected = -expected
    if sign < 0:
        expected = -expected
    bottom_sign = then.amount if costs else abs(then.amount)
    middle = (now.amount - then.amount) / bottom_sign * HUNDRED if then.amount else Decimal(0)
    return relation_of(
        RelationKind.GROWTH,
        rule,
        growth,
        ((now, Decimal(1)), (then, Decimal(-1))),
        expected,
        arithmetic=f"{now.text} / {then.text} - 1 = {shown(round(middle, 3))}%; printed {growth.text}",
    )


def share_relation(rule: str, share: Figure, part: Figure, whole: Figure) -> Relation:
    """A part in per cent of the whole."""
    bottom = whole.interval
    if bottom.low <= 0 <= bottom.high:
        expected = Interval(Decimal("-1E+9"), Decimal("1E+9"))
    else:
        expected = part.interval / bottom * Interval.exact(HUNDRED)
    middle = part.amount / whole.amount * HUNDRED if whole.amount else Decimal(0)
    return relation_of(
        RelationKind.RATIO,
        rule,
        share,
        ((part, Decimal(1)), (whole, Decimal(-1))),
        expected,
        arithmetic=f"{part.text} / {whole.text} = {shown(round(middle, 3))}%; printed {share.text}",
    )
