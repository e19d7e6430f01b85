"""From exact fen to thousands or ones of a document: leaves rounded once, notes allocated to them, one line takes the rest."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from loanbook.errors import TieError
from loanbook.statements.periods import Period
from loanbook.statements.presentation import MINOR_PER_THOUSAND, Figures, Key, leaf_signs
from loanbook.terms.statement import BASE, OWN_COLUMN, Line, Statement, Statements
from loanbook.units import HALF_UP, mul_div

_INCOME = "net_income_attributable_to_company"

_Tie: TypeAlias = tuple[Statement, Line]
"""A statement and a line of it that has `equals`."""


def shown(balances: Mapping[Key, int], statements: Statements) -> dict[Key, int]:
    """Ledger balances (debit less credit) in the sign in which each line shows them; lines without a sign stay."""
    return {key: (statements.line(key[0]).sign or 1) * amount for key, amount in balances.items()}


def round_document(amounts: Mapping[Key, int], statements: Statements, unit: int = MINOR_PER_THOUSAND) -> dict[Key, int]:
    """Exact fen to thousands, once for the whole document; shares and counts stay as they are.

    amounts    leaves and parts in fen, as shown; flows from the beginning of the year
    unit       fen in one of what the document shows
    returns    the same keys in that unit, and the leaf of parts where only they are given
    rounding   half up; the `residue` line of a statement makes its `equals` hold, in a roll-forward its own movements do; parts,
               and cells of an `allocated` table, share the rounded leaf. Shares are by largest remainder, ties by order
    raises     TieError when a statement does not hold exactly: the books are wrong, not the rounding. A table without a row of
               its own is not filled and not judged (a row of nothing fills it)
    """
    exact = dict(amounts)
    for code, period, column in amounts:
        leaf = statements.line(code).part_of
        if leaf and (leaf, period, column) not in exact:
            inner = [amounts.get((part, period, column), 0) for part in statements.parts(leaf)]
            exact[leaf, period, column] = sum(inner)
    ties = [(statement, line) for statement in statements.by_name.values() for line in statement.lines if line.equals]
    _check(exact, ties, statements)
    rounded = {key: _whole(amount, unit) if _is_money(statements, key) else amount for key, amount in exact.items()}
    for tie in ties:
        if tie[1].accumulation == "instant":
            _absorb(tie, exact, rounded, statements, unit)
    _allocate_parts(exact, rounded, statements, unit)
    for tie in ties:
        if tie[1].accumulation == "flow":
            _absorb(tie, exact, rounded, statements, unit)
    _follow_equity(exact, rounded, statements, unit)
    _allocate_cells(exact, rounded, statements, unit)
    return rounded


def largest_remainder(exact: Sequence[int], total: int, unit: int = MINOR_PER_THOUSAND) -> list[int]:
    """Shares of a total, each near exact / unit: floors, then one more to those with the largest remainder, ties by order.

    returns   whole numbers that sum to `total`
    """
    floors = [each // unit for each in exact]
    order = sorted(range(len(exact)), key=lambda place: (-(exact[place] % unit), place))
    left = total - sum(floors)
    if not exact:
        return []
    rounds, extra = divmod(left, len(exact))
    chosen = set(order[:extra])
    return [floor + rounds + (place in chosen) for place, floor in enumerate(floors)]


def _whole(fen: int, unit: int) -> int:
    return int(mul_div(fen, 1, unit, HALF_UP))


def _is_money(statements: Statements, key: Key) -> bool:
    return statements.line(key[0]).unit == "money"


def _places(statement: Statement, total: Line, amounts: Iterable[Key], statements: Statements) -> list[tuple[Period, str]]:
    """The periods and columns in which a table must hold: those of its own rows; without any it is not filled and not judged."""
    inner = set(leaf_signs(statements, total.code))
    for code in () if total.equals == OWN_COLUMN else total.equals:
        inner |= set(leaf_signs(statements, code))
    own = {
        line.code for line in statement.lines if line.kind in ("leaf", "part") and (line.code in inner or line.part_of in inner)
    }
    instant = total.accumulation == "instant"
    filled = {(period, column) for code, period, column in amounts if code in own and period.is_instant == instant}
    if total.equals != OWN_COLUMN:
        return sorted(filled)
    columns = [column.code for column in statement.columns if not column.sum]
    return sorted({(period, column) for period, _ in filled for column in columns})


def _check(exact: Mapping[Key, int], ties: Sequence[_Tie], statements: Statements) -> None:
    engine = Figures(statements=statements, amounts=exact)
    for statement, total in ties:
        for period, column in _places(statement, total, exact, statements):
            value, target = engine.value(total.code, period, column), engine.target(total, period, column)
            if value is not None and target is not None and value != target:
                raise TieError(
                    f"{total.place}: {total.code} of {period}, column {column}, is {value:,} fen and must be {target:,} "
                    f"({', '.join(total.equals)}): {value - target:,} too much. Find the entry that moves one side alone."
                )


def _absorb(tie: _Tie, exact: Mapping[Key, int], rounded: dict[Key, int], statements: Statements, unit: int) -> None:
    """What rounding left of an `equals`: to the statement's residue line, else shared by its leaves, largest remainder first."""
    statement, total = tie
    signs = leaf_signs(statements, total.code)
    residues = {statements.line(code).residue: code for code in signs if statements.line(code).residue}
    own = [line.code for line in statement.lines if line.kind == "leaf" and line.code in signs and not line.residue]
    engine = Figures(statements=statements, amounts=dict(rounded))
    for period, column in _places(statement, total, exact, statements):
        value, target = engine.value(total.code, period, column), engine.target(total, period, column)
        if value is None or target is None or value == target:
            continue
        free = [code for code in own if exact.get((code, period, column))]
        if "all" not in residues and free:
            owed = target - value + sum(signs[code] * rounded[code, period, column] for code in free)
            shares = largest_remainder([signs[code] * exact[code, period, column] for code in free], owed, unit)
            rounded.update({(code, period, column): signs[code] * share for code, share in zip(free, shares, strict=True)})
        elif residues:
            code = residues.get("all") or residues["last"]
            rounded[code, period, column] = rounded.get((code, period, column), 0) + signs[code] * (target - value)


def _allocate_parts(exact: Mapping[Key, int], rounded: dict[Key, int], statements: Statements, unit: int) -> None:
    leaves = {(statements.line(code).part_of, period, column) for code, period, column in exact if statements.line(code).part_of}
    for leaf, period, column in leaves:
        parts = [part for part in statements.parts(leaf) if (part, period, column) in exact]
        shares = largest_remainder([exact[part, period, column] for part in parts], rounded[leaf, period, column], unit)
        rounded.update({(part, period, column): share for part, share in zip(parts, shares, strict=True)})


def _follow_equity(exact: Mapping[Key, int], rounded: dict[Key, int], statements: Statements, unit: int) -> None:
    """In an adjustment column, income is what its retained earnings rose by: its lines of operations share what is left."""
    adjusting = {
        each
        for statement in statements.by_name.values()
        for column in statement.columns
        if BASE in column.sum
        for each in column.sum
    }
    signs = leaf_signs(statements, _INCOME) if _INCOME in statements.lines else {}
    spans = {(period, column) for code, period, column in exact if code in signs and column in adjusting - {BASE}}
    for period, column in sorted(spans):
        lines = [code for code in signs if exact.get((code, period, column))]
        earned = sum(signs[code] * exact[code, period, column] for code in lines)
        closing, opening = (("retained_earnings", at, column) for at in (period.end, period.eve))
        if earned != exact.get(closing, 0) - exact.get(opening, 0):
            continue
        owed = rounded.get(closing, 0) - rounded.get(opening, 0)
        shares = largest_remainder([signs[code] * exact[code, period, column] for code in lines], owed, unit)
        rounded.update({(code, period, column): signs[code] * share for code, share in zip(lines, shares, strict=True)})


def _allocate_cells(exact: Mapping[Key, int], rounded: dict[Key, int], statements: Statements, unit: int) -> None:
    for statement in statements.by_name.values():
        if not statement.allocated:
            continue
        columns = [column.code for column in statement.columns if not column.sum]
        for line in (line for line in statement.lines if line.kind == "link"):
            for period in {at for code, at, column in exact if code == line.code and column in columns}:
                if (line.code, period, BASE) not in rounded:
                    continue
                cells = [exact.get((line.code, period, column), 0) for column in columns]
                if sum(cells) != exact[line.code, period, BASE]:
                    raise TieError(
                        f"{line.place}: the cells of {line.code} in {statement.name} sum to {sum(cells):,} fen for {period}; "
                        f"the line is {exact[line.code, period, BASE]:,}."
                    )
                shares = largest_remainder(cells, rounded[line.code, period, BASE], unit)
                rounded.update({(line.code, period, column): share for column, share in zip(columns, shares, strict=True)})
