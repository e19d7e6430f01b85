"""The five filings as the reader reads them, held against what was taken from them by hand."""

import csv
import datetime as dt
from collections import defaultdict
from functools import cache

import pytest

from loanbook.tieout.figure import Basis, Figure, Period, Reading, Unit
from loanbook.tieout.read import read_document, read_figures
from tests.replay import seeds
from tests.replay.replay import FACTS

pytestmark = pytest.mark.skipif(not seeds.present(), reason="the filings (../shared/seeds) are not here")


@cache
def _reading(filing: str) -> Reading:
    return read_figures(read_document(seeds.FOLDER / seeds.FILES[filing]))


@cache
def _truth() -> list[dict[str, str]]:
    rows = []
    for name in ("leaves.csv", "printed.csv"):
        with (FACTS / name).open(encoding="utf-8", newline="") as lines:
            rows += [row for row in csv.DictReader(lines) if row.get("role") != "derived"]
    return rows


@cache
def _figures(filing: str) -> dict[int, list[Figure]]:
    lines: dict[int, list[Figure]] = defaultdict(list)
    for figure in _reading(filing).figures:
        lines[figure.place.line].append(figure)
    return {line: sorted(figures, key=lambda figure: figure.place.start) for line, figures in lines.items()}


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit() or letter in ".,") or "-"


def found(filing: str, place: str, nth: int) -> Figure | None:
    """The figure at the nth number of a line: the same occurrence of the same digits."""
    line = int(place.split(":")[1])
    numbers = seeds.numbers(seeds.read(filing)[line - 1])
    printed = _digits(numbers[nth - 1][0])
    before = sum(_digits(text) == printed for text, _, _ in numbers[: nth - 1])
    same = [figure for figure in _figures(filing).get(line, []) if _digits(figure.text) == printed]
    return same[before] if before < len(same) else None


def period(text: str) -> Period:
    start, _, end = text.partition("/")
    return (
        Period(start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end))
        if end
        else Period(end=dt.date.fromisoformat(start))
    )


def is_balance_of(wanted: Period, figure: Figure) -> bool:
    """The hand-made file keeps cash at either end of a period, and a programme's size, under the period or day of their story.

    The reader says what the words say: a balance is of its day, a programme "for 2025" of 2025.
    """
    if figure.period is None:
        return False
    ends = (wanted.end, (wanted.start or wanted.end) - dt.timedelta(days=1))
    return (
        (figure.period.is_instant and "beginning of period" in figure.label) or "end of period" in figure.label
    ) and figure.period.end in ends


DOLLARS = ("US$", "$")
BASES = {"us_gaap": (Basis.US_GAAP, Basis.NON_GAAP), "ifrs": (Basis.IFRS,)}
"""The hand-made file keeps non-GAAP measures under the rules that they start from."""


def column_is_right(filing: str, row: dict[str, str]) -> dict[str, bool]:
    """Period, basis and currency of one fact, as read."""
    figure = found(filing, row["place"], int(row["nth"]))
    if figure is None:
        return {"found": False, "period": False, "basis": False, "currency": False}
    wanted = period(row["period"]) if row["period"] else None
    currency = row.get("currency") or None
    return {
        "found": True,
        "period": wanted is None or figure.period == wanted or is_balance_of(wanted, figure),
        "basis": figure.basis in BASES.get(row["column"], (Basis.ADJUSTMENT,)),
        "currency": figure.currency in (None, currency)
        or currency is None
        or (figure.currency == "USD" and figure.text.startswith(DOLLARS)),
    }


DAMAGED = {"S3": (range(47, 48), range(121, 136))}
"""A balance sheet run into one line, and a table without labels and period: what is lost there the reader does not say."""


def is_damaged(filing: str, row: dict[str, str]) -> bool:
    return any(int(row["place"].split(":")[1]) in lines for lines in DAMAGED.get(filing, ()))


def shares() -> dict[str, tuple[int, int]]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in _truth():
        if is_damaged(row["filing"], row):
            continue
        for name, right in column_is_right(row["filing"], row).items():
            counts[name][0] += right
            counts[name][1] += 1
    return {name: (right, all_) for name, (right, all_) in counts.items()}


@pytest.mark.parametrize("name", ["found", "period", "basis", "currency"])
def test_columns_of_the_filings_are_read(name):
    right, of = shares()[name]
    assert right >= 0.99 * of, f"{name}: {right} of {of}"


def test_damaged_tables_are_said_to_be_damaged():
    """Their figures are read, with value and scale; what cannot be told is not guessed."""
    reading = _reading("S3")
    assert {damage.place.line for damage in reading.damages} == {47, 121, 136}
    run_in = [figure for figure in reading.figures if figure.place.line == 47]
    assert len(run_in) == 84
    assert {figure.role for figure in run_in} == {"run_in"}
    assert {str(figure.period) for figure in run_in} == {"2022-12-31"}
    assert [str(figure.value) for figure in run_in if figure.text in ("4.120.346", "688.843", "(88,430)")] == [
        "-88430",
        "-88430",
        "688843",
        "4120346",
    ]
    assert {figure.period for figure in reading.figures if 121 <= figure.place.line <= 135} == {None}


def test_nothing_that_was_told_apart_is_a_figure():
    """Every figure in lines of text stands in the hand-made files: none is a date, a name or a footnote."""
    known = {(row["filing"], int(row["place"].split(":")[1])) for row in _truth()}
    strays = [
        (filing, figure.place.line, figure.text)
        for filing in seeds.FILES
        for figure in _reading(filing).figures
        if figure.unit is not Unit.RATE_OF_EXCHANGE and (filing, figure.place.line) not in known
    ]
    assert strays == []
