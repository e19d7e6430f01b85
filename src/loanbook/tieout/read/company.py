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
    amounts = {index: units[index] is None and not _is_marked(rows[index]) for index in labels if index not in weak}
    return frozenset(index for index in weak if _is_between(index, amounts))


def _is_marked(row: Row) -> bool:
    return any(value.number.unit for value in row.values)


def _is_between(index: int, amounts: dict[int, bool]) -> bool:
    before = [is_amount for at, is_amount in amounts.items() if at < index]
    after = [is_amount for at, is_amount in amounts.items() if at > index]
    return all(before[-1:]) and after[:1] == [True]
