"""Plain search for sums in a matrix, with an evidence test over its columns.

A hypothesis says: line r is the signed sum of the lines of a window beside it, in every column. It is worth what its holding
columns say (a seven-digit figure that comes out to the unit says seven decimal digits) less what the search could have found
by chance (how many hypotheses were tried) and less what its failing columns cost. A hypothesis that holds in most columns and
fails in one is kept: that column holds the error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10

from loanbook.tieout.relate.slips import is_slip

WINDOW = 60  # lines a total may lie away from its first term
WINDOW_UNNAMED = 8  # lines among which the terms of a total without a label stand
WINDOW_SIGNED = 14  # lines among which signs are tried
MOST_WORK = 400_000  # cells to look at in one field, some seconds: 3,000 lines of two columns, 500 of thirteen
DOUBT = 3.0  # decimal digits by which the evidence must beat chance: one false sum in a thousand totals
COST_OF_FAILURE = 1.5
COST_OF_SLIP = 0.3  # of a failing column that one slip explains
SLIPS = 60  # values that a figure of six digits may become by one slip
CARRIED = 2.0  # digits that a sum says at most for each digit of its third largest figure
TRIVIAL = 0.3  # digits that a column is worth in which one term alone is not nil
TRANSLATED = 0.5  # the same, of a column that another one implies


@dataclass(frozen=True, slots=True)
class Sum:
    """Line `result` = sum of `terms` (line, sign), held or failed by columns; `evidence` in decimal digits above chance."""

    result: int
    terms: tuple[tuple[int, int], ...]
    holds: tuple[int, ...]
    fails: tuple[int, ...]
    evidence: float
    above: bool


@dataclass(frozen=True, slots=True)
class Field:
    """What is searched: `values[line][column]` in whole steps, and which columns say something of their own.

    families  column to the number of its family; columns of one family imply each other (a currency translated)
    whole     False for columns of adjustments, in which lines that are left out are nil
    prior     digits that a line's label is worth: a line called a total is likelier one than another line
    groups    the group of each line; a window that ends where a group ends is a natural one
    unnamed   lines without a label: what stands right above such a line may be summed once more
    """

    values: Sequence[Sequence[int | None]]
    families: Sequence[int]
    whole: Sequence[bool]
    prior: Sequence[float] = ()
    groups: Sequence[int] = ()
    unnamed: Sequence[bool] = ()

    @property
    def width(self) -> int:
        return len(self.families)


def find_sums(field: Field) -> list[Sum]:
    """All sums that the evidence supports, totals standing for their terms once found; none in a field too large to search."""
    lines = [line for line, row in enumerate(field.values) if any(value is not None for value in row)]
    if len(lines) * min(len(lines), WINDOW) * field.width > MOST_WORK:
        return []
    found: list[Sum] = []
    totals: dict[int, set[int]] = {line: set() for line in lines}
    solved: set[tuple[int, bool]] = set()
    for depth in (0, 1, 2):
        while True:
            batch = _sweep(field, lines, totals, solved, depth)
            if not batch:
                break
            found.extend(batch)
            if depth:
                batch = _settle(field, lines, totals, solved)
                found.extend(batch)
    return found


def _settle(field: Field, lines: list[int], totals: dict[int, set[int]], solved: set[tuple[int, bool]]) -> list[Sum]:
    """The plain sums that a signed one has opened."""
    found: list[Sum] = []
    while batch := _sweep(field, lines, totals, solved, 0):
        found.extend(batch)
    return found


def _sweep(field: Field, lines: list[int], totals: dict[int, set[int]], solved: set[tuple[int, bool]], depth: int) -> list[Sum]:
    """One pass over all lines: plain windows (`depth` 0), one sign or omission (1), two (2)."""
    batch: list[Sum] = []
    for at, line in enumerate(lines):
        for above in (True, False):
            if (line, above) in solved or (depth and not above):
                continue
            visible = _visible(lines, at, totals, above=above)
            best = _best(field, line, visible, above=above, depth=depth)
            if best is not None and best.fails and not depth:
                best = _better(best, _best(field, line, visible, above=above, depth=1))
            if best is None and above and not depth and field.unnamed and field.unnamed[line]:
                best = _best(field, line, lines[max(0, at - WINDOW_UNNAMED) : at][::-1], above=True, depth=0)
            if best is None or any(line in totals and other in totals[line] for other, _ in best.terms):
                continue
            solved.add((line, above))
            best = best if above else _as_remainder(field, best)
            if best.above and not above:
                if (best.result, True) in solved:
                    continue
                solved.add((best.result, True))
            for other, _ in best.terms:
                totals[other].add(best.result)
            batch.append(best)
    return batch


def _better(failing: Sum, other: Sum | None) -> Sum:
    """Of a sum that fails in a column and one that holds in all with a line left out, the better supported.

    One that holds with a line turned is no better: that is what a slip of sign looks like.
    """
    if other is None or other.fails or not set(other.terms) < set(failing.terms) or other.evidence <= failing.evidence:
        return failing
    return other


def _as_remainder(field: Field, one: Sum) -> Sum:
    """A line that is the sum of those below it, of which the last is a result: that result is what is left of the line."""
    last = max(line for line, _ in one.terms)
    if len(one.terms) < 2 or not field.prior or not field.prior[last]:
        return one
    terms = ((one.result, 1), *((line, -1) for line, _ in one.terms if line != last))
    return replace(one, result=last, terms=terms, above=True)


def _visible(lines: Sequence[int], at: int, totals: dict[int, set[int]], *, above: bool) -> list[int]:
    """The lines that a sum may take, nearest first: not those for which a total stands between."""
    line = lines[at]
    found: list[int] = []
    places = range(at - 1, -1, -1) if above else range(at + 1, len(lines))
    for other in (lines[place] for place in places):
        if all(total >= line if above else total <= line for total in totals[other]):
            found.append(other)
            if len(found) == WINDOW:
                break
    return found


def _best(field: Field, line: int, visible: Sequence[int], *, above: bool, depth: int) -> Sum | None:
    """The best-supported sum for `line` of the lines that are `visible` from it, nearest first, or None."""
    values = field.values
    result = values[line]
    columns = [column for column in range(field.width) if result[column] is not None]
    if not any(result):
        return None
    neighbours = visible if depth == 0 else visible[:WINDOW_SIGNED]
    totals = [0] * field.width
    best: Sum | None = None
    window: list[int] = []
    for place, other in enumerate(neighbours):
        window.append(other)
        row = values[other]
        for column in columns:
            totals[column] += row[column] or 0
        excess = {column: totals[column] - (result[column] or 0) for column in columns}
        following = neighbours[place + 1] if place + 1 < len(neighbours) else None
        is_natural = above and _is_natural(field, line, other, following)
        for signs, complexity in _signs(field, window, columns, excess, depth, is_natural=is_natural):
            one = _weigh(field, line, window, signs, columns, complexity + log10(len(neighbours) + 1), above=above)
            if one is not None and (best is None or one.evidence > best.evidence + 1e-9):
                best = one
    return best


def _is_natural(field: Field, line: int, last: int, following: int | None) -> bool:
    """Whether a window that ends at `last` takes all there is, or all of the total's group."""
    if not field.prior or not field.prior[line]:
        return False
    if following is None:
        return True
    return bool(field.groups) and field.groups[last] == field.groups[line] != field.groups[following]


def _signs(
    field: Field, window: Sequence[int], columns: Sequence[int], excess: dict[int, int], depth: int, *, is_natural: bool
) -> list[tuple[dict[int, int], float]]:
    """Signs other than plus, and terms left out, that bring the window's sum to the result in a column, with what they cost."""
    size = len(window)
    if depth == 0:
        loose = size + 1
        near = any(2 * abs(gap) <= loose for gap in excess.values())
        return [({}, 0.0)] if near or (is_natural and size > 1) else []
    if size < 2 and depth:
        return []
    values = field.values
    found: dict[tuple[tuple[int, int], ...], float] = {}
    slack = (size + 1) // 2 if size > 2 else 1
    if depth == 1 and size >= 2:
        # the farthest line less all that follows: revenue less each cost
        found[tuple((other, -1) for other in window[:-1])] = 0.5
    for column in columns:
        gap = excess[column]
        if not gap:
            continue
        ways = {}
        for other in window:
            value = values[other][column]
            if value:
                ways[2 * value] = (other, -1)
                ways.setdefault(value, (other, 0))
        for off in range(-min(slack, 2), min(slack, 2) + 1):
            if depth == 1:
                way = ways.get(gap + off)
                if way is not None:
                    found.setdefault((way,), log10(2 * size))
            elif size >= 3 and not off:
                for one, way in ways.items():
                    other_way = ways.get(gap - one)
                    if other_way is not None and other_way[0] > way[0]:
                        found.setdefault((way, other_way), log10(2 * size * size) + 0.5)
    return [(dict(signs), cost) for signs, cost in found.items()]


def _weigh(
    field: Field,
    line: int,
    window: Sequence[int],
    signs: dict[int, int],
    columns: Sequence[int],
    complexity: float,
    *,
    above: bool,
) -> Sum | None:
    """The hypothesis with its evidence, or None where it does not beat chance."""
    values = field.values
    terms = tuple((other, signs.get(other, 1)) for other in window if signs.get(other, 1))
    if not terms:
        return None
    result = values[line]
    holds: list[int] = []
    fails: dict[int, int] = {}
    worth: dict[int, float] = {}
    telling = 0
    for column in columns:
        printed = result[column] or 0
        total = present = 0
        sizes = [0, 0, abs(printed)]
        for other, sign in terms:
            value = values[other][column]
            if value:
                present += 1
                total += sign * value
                sizes = sorted((*sizes, abs(value)))[-3:]
        if not present and not printed:
            continue
        gap = abs(total - printed)
        if 2 * gap > len(terms) + 1 or (present < 2 and gap):
            fails[column] = total - printed
            continue
        holds.append(column)
        if present < 2:
            digits = TRIVIAL if len(terms) > 1 else 0.0
        else:
            telling += 1
            digits = _worth(max(sizes), min(sizes), 1 if not gap else len(terms) + 1)
        family = field.families[column]
        best = worth.get(family, 0.0)
        worth[family] = max(best, digits) + (TRANSLATED if best and digits > TRIVIAL else 0.0)
    missed = list(fails) if _is_turned(values, terms, fails) else _missed(field, holds, fails)
    cost = 0.0
    for column in missed:
        digits = _slip(values, line, terms, column, fails[column]) if len(terms) > 1 else 0.0
        if digits > 0:
            telling += 1
        cost += COST_OF_SLIP - digits if digits > 0 else COST_OF_FAILURE
    if len(terms) == 1:
        return _repeated(field, line, terms, holds, missed, above=above)
    if (
        not telling
        or (len(missed) > len(holds) and (len(missed) > 1 or holds))
        or (len(missed) > 1 and 2 * len(missed) > telling)
    ):
        return None
    prior = field.prior[line] if field.prior else 0.0
    evidence = sum(worth.values()) + prior - complexity - cost
    if evidence < DOUBT:
        return None
    return Sum(line, terms, tuple(holds), tuple(missed), evidence, above)


def _is_turned(values: Sequence[Sequence[int | None]], terms: tuple[tuple[int, int], ...], fails: dict[int, int]) -> bool:
    """Whether all columns that fail come out with one line turned: the sum has its sign wrong, and no line is lacking."""
    return len(fails) > 1 and any(
        all(gap == 2 * sign * (values[line][column] or 0) for column, gap in fails.items()) for line, sign in terms
    )


def _worth(largest: int, third: int, allowed: int) -> float:
    """Digits that a column says in which a sum comes out within `allowed`.

    Two lines near each other, as basic and diluted shares are, miss each other by little: that a third line of few digits is
    about as much says little.
    """
    return max(0.0, min(log10(max(largest, 1) / allowed), CARRIED * log10(max(third, 1) / allowed)))


def _slip(values: Sequence[Sequence[int | None]], line: int, terms: tuple[tuple[int, int], ...], column: int, gap: int) -> float:
    """What a failing column is worth in digits where one slip in one of its figures explains it; nought where none does.

    A sum of n figures has some sixty slips for each, any of which could be met by chance.
    """
    printed = values[line][column] or 0
    if is_slip(printed, printed + gap) or any(
        is_slip(value, value - sign * gap) for other, sign in terms if (value := values[other][column])
    ):
        largest = max(abs(printed), *(abs(values[other][column] or 0) for other, _ in terms))
        return max(0.0, log10(largest) - log10(SLIPS * (len(terms) + 1)))
    return 0.0


def _repeated(
    field: Field, line: int, terms: tuple[tuple[int, int], ...], holds: list[int], fails: list[int], *, above: bool
) -> Sum | None:
    """A total of one line: it must repeat it in every column, and in two that say something."""
    if fails or not above:
        return None
    telling = {field.families[column] for column in holds if abs(field.values[line][column] or 0) >= 100}
    if len(telling) < 2:
        return None
    return Sum(line, terms, tuple(holds), (), DOUBT, above)


def _missed(field: Field, holds: Sequence[int], fails: dict[int, int]) -> list[int]:
    """The failing columns that count.

    Columns that fail by one and the same amount lack the same lines, as an excerpt does; so does the one column of amounts
    beside columns of adjustments.
    """
    if len(fails) > 1 and len(set(fails.values())) == 1:
        return []
    stated = [column for column in (*holds, *fails) if field.whole[column]]
    if len(fails) == 1 and not all(field.whole) and stated == list(fails):
        return []
    return list(fails)
