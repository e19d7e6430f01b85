"""Tables that lost their layout: a statement run into one line still gives its figures, marked as such, in reading order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from loanbook.tieout.document import Span
from loanbook.tieout.figure import Damage, Figure, NumeralKind, Unit
from loanbook.tieout.read.calendar import read_hint, resolve
from loanbook.tieout.read.context import Context
from loanbook.tieout.read.head import is_instant_statement
from loanbook.tieout.read.naming import figure_id
from loanbook.tieout.read.number import digits_value
from loanbook.tieout.read.rows import clean_label
from loanbook.tieout.read.scale import read_statement
from loanbook.tieout.read.told_apart import told_apart

_GROUPED = re.compile(r"(?<![\d.,])\(?\d{1,3}(?:[.,]\d{3})+(?:\)|(?![\d.,]\d|\d))")
_WORDY = re.compile(r"\b(?:was|were|compared|of|which|from|to|by|increased|decreased|RMB|US\$)\b")
_FEWEST = 14
"""So many grouped figures in one paragraph, hardly a verb between them, are a table."""


@dataclass(slots=True)
class RunIn:
    """Figures of a run-in statement, the damage, and what was told apart."""

    figures: list[Figure] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    told: list[tuple[int, int, NumeralKind]] = field(default_factory=list)


def is_run_in(text: str) -> bool:
    """Whether a paragraph is a table whose lines were joined."""
    if len(text) < 8 * _FEWEST:
        return False
    figures = len(_GROUPED.findall(text))
    return figures >= _FEWEST and figures > len(_WORDY.findall(text)) and figures * 45 > len(text)


def read_run_in(span: Span, headings: Sequence[str], context: Context) -> RunIn:
    """The figures of a run-in table with the words before them as labels.

    A dot between groups of three is a damaged comma where the other figures are whole. Columns are not known: figures carry the
    table's period, scale and currency, and the order in which they stand. Which column each is in, arithmetic may tell.
    """
    text = span.text
    run = RunIn()
    first = _GROUPED.search(text)
    assert first is not None
    around = [text[: first.start()], *reversed(headings)]
    hint = read_hint(around[0][:80])
    for heading in reversed(headings):
        hint = hint.over(read_hint(heading))
    period = resolve(hint, context.fiscal_year, instant=is_instant_statement(around))
    statement = read_statement(around[0][:120]) or next(
        (found for heading in reversed(headings) if (found := read_statement(heading))), None
    )
    scale = (statement.money if statement else None) or context.scale or Decimal(1)
    currency = context.currency(statement.currencies[0]) if statement and statement.currencies else context.main_currency
    label = ""
    at = 0
    for match in _GROUPED.finditer(text):
        words = clean_label(text[at : match.start()].strip(" _—–-"))
        label = words if re.search(r"[A-Za-z]{2}", words) else label
        at = match.end()
        printed = match.group()
        digits = printed.strip("()")
        parsed = (
            digits_value(digits.replace(".", ","), ".") if context.mark == "." else digits_value(digits.replace(",", "."), ",")
        )
        if parsed is None:
            run.told.append((match.start(), match.end(), NumeralKind.DAMAGED))
            continue
        place = span.at(match.start(), match.end())
        run.figures.append(
            Figure(
                id=figure_id(place, printed),
                key="",
                place=place,
                text=printed,
                value=-parsed[0] if printed.startswith("(") else parsed[0],
                step=parsed[1],
                unit=Unit.MONEY,
                scale=scale,
                currency=currency,
                basis=None,
                period=period,
                label=label,
                path=tuple(headings),
                role="run_in",
            )
        )
    run.told += [
        each
        for each in told_apart(text)
        if not any(each[0] < match.end() and match.start() < each[1] for match in _GROUPED.finditer(text))
    ]
    run.damages.append(
        Damage(
            place=span.at(0, len(text)),
            message=f"a table of {len(run.figures)} figures is run into one line: rows, columns and nils are lost",
        )
    )
    return run
