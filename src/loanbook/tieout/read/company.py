"""Rows whose label is a word that may be counted or paid: the rows beside them say which."""

import re
from collections.abc import Sequence

from loanbook.tieout.read.grid import Row, RowKind
from loanbook.tieout.read.rows import clean_label, row_label
from loanbook.tieout.read.units import is_weak, label_unit

_KEY = re.compile(
    r"\b(?:key\s+(?:figures|metrics|data|performance)|highlights|statistics|operating\s+(?:data|metrics)|kpis?|at\s+a\s+glance"
    r"|kennzahlen|chiffres\s+clés)\b",
    re.IGNORECASE,
)
_TITLES = 2


def amid_amounts(rows: Sequence[Row], around: Sequence[str]) -> frozenset[int]:
    """Numbers of rows of such a label that stand between rows of amounts, or before the first of them.

    rows     of a table that states a currency or a scale
    around   its titles, nearest first; a table of key figures has counts amid amounts
    """
    if _KEY.search(" ".join(around[:_TITLES])):
        return frozenset()
    labels = {index: clean_label(row_label(row)) for index, row in enumerate(rows) if row.kind is RowKind.FIGURES}
    units = {index: label_unit(label) for index, label in labels.items()}
    weak = {index for index, label in labels.items() if is_weak(label, units[index])}
    found: set[int] = set()
    waiting: list[int] = []
    is_open = True  # whether the last row that says what it is was an amount, or there was none
    for index in labels:
        if index in weak:
            waiting.extend([index] if is_open else [])
        else:
            is_open = units[index] is None and not _is_marked(rows[index])
            found.update(waiting if is_open else ())
            waiting = []
    return frozenset(found)


def _is_marked(row: Row) -> bool:
    return any(value.number.unit for value in row.values)
