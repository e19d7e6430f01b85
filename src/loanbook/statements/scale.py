"""In which unit a document shows money: in thousands, as releases do, or in ones where thousands would say too little."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.statements.presentation import MINOR_PER_THOUSAND, USD, Figures, Key
from loanbook.statements.presentation_table import Table
from loanbook.terms.statement import BASE, Statements
from loanbook.units import format_money

AUTO = "auto"
THOUSANDS_FROM_FEN = 10_000_000_000
"""The largest amount from which on a document is in thousands: below 100 million they have five digits or fewer (choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The unit of a document's money: `fen` are in one of it."""

    name: str
    fen: int

    def words(self, currency: str) -> str:
        """What a reader is told: "thousands of CNY", "CNY"."""
        return currency if self == ONE else f"{self.name}s of {currency}"


THOUSAND = Scale(name="thousand", fen=MINOR_PER_THOUSAND)
ONE = Scale(name="one", fen=100)
SCALES = {each.name: each for each in (THOUSAND, ONE)}


def scale_of(name: str, exact: Mapping[Key, int], statements: Statements) -> Scale:
    """The unit of a name; of `auto`, the one that the size of the amounts asks for.

    exact    amounts in fen
    raises   RequestError for another name
    """
    if name in SCALES:
        return SCALES[name]
    if name != AUTO:
        raise RequestError(f"{name!r} is no unit of statements. Write one of {', '.join((AUTO, *SCALES))}.")
    amounts = (
        abs(amount) for (code, _, column), amount in exact.items() if column == BASE and statements.line(code).unit == "money"
    )
    return THOUSAND if max(amounts, default=0) >= THOUSANDS_FROM_FEN else ONE


def turned_signs(tables: Iterable[Table]) -> tuple[str, ...]:
    """Figures whose US$ have another sign than their RMB, or stand beside nothing: totals add translated leaves.

    One line, the company's equity or the exchange line of cash flows, takes what translation leaves.

    returns   a sentence a figure: title, table, both amounts
    """
    found = []
    for made in tables:
        base = {(head.period, head.column): place for place, head in enumerate(made.heads) if head.currency != USD}
        for place, head in enumerate(made.heads):
            beside = base.get((head.period, head.column))
            if head.currency != USD or beside is None:
                continue
            for row in (each for each in made.rows if each.amounts):
                ours, theirs = row.amounts[beside], row.amounts[place]
                if ours is not None and theirs and ours * theirs <= 0:
                    found.append(f"{made.title}: {row.words} is RMB {row.cells[beside]} and US$ {row.cells[place]}")
    return tuple(found)


def rounded_signs(tables: Iterable[Table], exact: Figures, scale: Scale) -> tuple[str, ...]:
    """Figures that rounding gave another sign, or an amount where there is none: totals add leaves that were rounded one by one.

    exact     the engine over the same amounts in fen
    returns   a sentence a figure: table, column, title, the amount as shown and exactly
    """
    found = []
    for made in tables:
        for row in (each for each in made.rows if each.amounts):
            line = exact.statements.lines.get(row.code)
            if line is None or line.unit != "money":
                continue
            for head, amount, cell in zip(made.heads, row.amounts, row.cells, strict=True):
                if head.currency == USD or not amount:
                    continue
                fen = exact.value(row.code, head.period, head.column)
                if fen is not None and amount * fen <= 0:
                    found.append(
                        f"{made.title}, {head.words}: {row.words} is RMB {cell} in {scale.name}s and exactly "
                        f"RMB {format_money(fen)}; totals add rounded leaves"
                    )
    return tuple(found)
