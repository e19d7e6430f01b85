"""Figures of a table from a compact notation, for tests that need no file.

    table('''
                    2024/CNY    2023/CNY
        Sales       1,200       1,000
        Costs       (700)       (600)
        Profit      500         400
    ''')

Two spaces or a tab part the cells. A head is ``period/currency/basis``, each part optional; a period is a year (the year's
duration), ``2024Q1``, ``2024H1`` or ``@2024-03-31`` (an instant). A label that ends in ``:`` alone in its row is a group.
"""

import datetime as dt
import re
from decimal import Decimal

from loanbook.tieout.figure import Basis, Figure, Period, Place, Unit

ENDS = {"Q1": (1, 3), "Q2": (4, 6), "Q3": (7, 9), "Q4": (10, 12), "H1": (1, 6), "H2": (7, 12), "M9": (1, 9), "": (1, 12)}


def period(text: str) -> Period | None:
    """`@2024-03-31`, `2024`, `2024Q1`, `2024H1`, `2024M9`; empty is None."""
    if not text:
        return None
    if text.startswith("@"):
        return Period(end=dt.date.fromisoformat(text[1:]))
    year = int(text[:4])
    first, last = ENDS[text[4:]]
    end = dt.date(year + last // 12, last % 12 + 1, 1) - dt.timedelta(days=1)
    return Period(start=dt.date(year, first, 1), end=end)


def figure(text: str, **more: object) -> Figure:
    """One figure from what is displayed: `(1,234.5)`, `12.5%`, `-`."""
    bare = text.replace(",", "").strip()
    dash = bare in {"-", "–", "—"}
    sign = -1 if bare.startswith("(") or (bare.startswith("-") and not dash) else 1
    digits = re.sub(r"[^0-9.]", "", bare) or "0"
    value = sign * Decimal(digits)
    settings: dict[str, object] = {
        "id": "f",
        "key": "k",
        "place": Place(file="a.txt", line=1, start=0, end=len(text)),
        "text": text,
        "value": value,
        "step": Decimal(1).scaleb(-len(digits.partition(".")[2])),
        "unit": Unit.PERCENT if "%" in text else Unit.MONEY,
        "dash": dash,
        **more,
    }
    return Figure(**settings)  # type: ignore[arg-type]


def table(
    text: str,
    *,
    file: str = "a.txt",
    block: int = 0,
    scale: int = 1000,
    unit: Unit = Unit.MONEY,
    units: dict[str, Unit] | None = None,
) -> tuple[Figure, ...]:
    """The figures of a table in the notation above; `units` names the unit of single rows by their label."""
    lines = [line for line in text.strip("\n").splitlines() if line.strip()]
    heads = [head.strip() for head in re.split(r"\t|\s{2,}", lines[0].strip())]
    made: list[Figure] = []
    group: tuple[str, ...] = ()
    for row, line in enumerate(lines[1:], start=1):
        label, *cells = [cell.strip() for cell in re.split(r"\t|\s{2,}", line.strip())]
        if not cells:
            group = (label.rstrip(":"),)
            continue
        for column, cell in enumerate(cells):
            if not cell or cell == ".":
                continue
            when, _, rest = heads[column].partition("/")
            currency, _, basis = rest.partition("/")
            kind = (units or {}).get(label, unit)
            kind = Unit.PERCENT if "%" in cell else kind
            made.append(
                figure(
                    cell,
                    id=f"{file}:{block}:{row}:{column}",
                    key=f"{label}|{heads[column]}",
                    place=Place(file=file, line=row + 1, start=0, end=len(cell), block=block, row=row, column=column + 1),
                    unit=kind,
                    scale=Decimal(scale) if kind is Unit.MONEY else Decimal(1),
                    currency=currency or None,
                    basis=Basis(basis) if basis else None,
                    period=period(when),
                    label=label,
                    path=group,
                    column=(heads[column],),
                )
            )
    return tuple(made)
