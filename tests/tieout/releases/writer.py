"""A text that is written piece by piece and remembers what every figure in it means."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from loanbook.tieout.figure import Basis, Period, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What one displayed figure means; `start` and `end` are its digits' characters in the file's text."""

    start: int
    end: int
    text: str
    value: Decimal
    step: Decimal
    unit: Unit
    scale: Decimal
    currency: str | None
    period: Period | None
    basis: Basis | None
    is_prose: bool
    derives: bool
    """Whether something else in the release determines it: an error in it can be found by arithmetic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A file's name and text, with the truth of its figures in reading order; `foots` when totals are sums of what is printed."""

    name: str
    text: str
    truths: tuple[Truth, ...]
    foots: bool

    def save(self, folder: Path) -> Path:
        """The release as a file in a folder."""
        path = folder / self.name
        path.write_text(self.text, encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure as a template displays it: what goes before and after its digits, and what it means."""

    digits: str
    value: Decimal
    step: Decimal
    unit: Unit = Unit.MONEY
    scale: Decimal = Decimal(1)
    currency: str | None = None
    period: Period | None = None
    basis: Basis | None = None
    before: str = ""
    after: str = ""
    derives: bool = True

    @property
    def text(self) -> str:
        return f"{self.before}{self.digits}{self.after}"


class Writer:
    """Text put piece by piece."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._at = 0
        self._truths: list[Truth] = []

    def put(self, *pieces: str | Shown, prose: bool = False) -> None:
        """Text and figures, one after the other."""
        for piece in pieces:
            if isinstance(piece, Shown):
                start = self._at + len(piece.before)
                self._truths.append(
                    Truth(
                        start=start,
                        end=start + len(piece.digits),
                        text=piece.digits,
                        value=piece.value,
                        step=piece.step,
                        unit=piece.unit,
                        scale=piece.scale,
                        currency=piece.currency,
                        period=piece.period,
                        basis=piece.basis,
                        is_prose=prose,
                        derives=piece.derives,
                    )
                )
            text = piece.text if isinstance(piece, Shown) else piece
            self._parts.append(text)
            self._at += len(text)

    def say(self, *pieces: str | Shown) -> None:
        """A paragraph."""
        self.put(*pieces, prose=True)
        self.put("\n\n")

    def lines_up(self, rows: Sequence[Sequence[str | Shown]], widths: Sequence[int], leader: str = " ") -> None:
        """Rows of columns: the first to the left, filled with `leader`, the others to the right."""
        for row in rows:
            for column, (piece, width) in enumerate(zip(row, widths, strict=False)):
                length = len(piece.text if isinstance(piece, Shown) else piece)
                gap = (leader if column == 0 and len(row) > 1 else " ") * max(width - length, 1)
                self.put(piece, gap) if column == 0 else self.put(gap, piece)
            self.put("\n")

    def release(self, name: str, *, foots: bool) -> Release:
        """What was written."""
        return Release(name=name, text="".join(self._parts), truths=tuple(self._truths), foots=foots)


def instant(year: int, month: int, day: int) -> Period:
    """The end of a day."""
    return Period(end=dt.date(year, month, day))


def months(year: int, month: int, count: int) -> Period:
    """The `count` months that end with a month."""
    end = (dt.date(year + month // 12, month % 12 + 1, 1)) - dt.timedelta(days=1)
    first = year * 12 + month - count
    return Period(start=dt.date(first // 12, first % 12 + 1, 1), end=end)


def rounded(value: Decimal, step: str) -> Decimal:
    """Half up to a multiple of a power of ten."""
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def growth(now: Decimal, then: Decimal) -> Decimal:
    """Per cent, unrounded."""
    return (now - then) / abs(then) * 100
