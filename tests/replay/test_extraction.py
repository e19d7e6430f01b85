"""What was taken from the filings stands there, and nothing that stands there was left."""

import csv
import re
from functools import cache

import pytest

from loanbook.units import parse_decimal
from tests.replay import seeds
from tests.replay.replay import FACTS, leaves, printed

pytestmark = pytest.mark.skipif(not seeds.present(), reason="the filings (../shared/seeds) are not here")


@cache
def _lines(filing: str) -> list[str]:
    return seeds.read(filing)


def _number(filing: str, place: str, nth: int) -> tuple[str, str]:
    """The number at a place, and the words of the line before it."""
    name, line = place.split(":")
    assert name == seeds.FILES[filing]
    text = _lines(filing)[int(line) - 1]
    found, start, _ = seeds.numbers(text)[nth - 1]
    return found, text[:start]


def test_every_leaf_stands_at_its_place():
    for fact in leaves():
        if fact.role != "derived":
            assert _number(fact.filing, fact.place, fact.nth)[0] == fact.printed, fact


def test_every_leaf_is_its_printed_number():
    """The amount is what is printed, times its unit (a thousand for millions, ten or a hundred for decimals kept)."""
    for fact in leaves():
        if fact.role == "derived":
            continue
        digits = re.sub(r"\.(?=\d{3}\b)", ",", fact.printed) if fact.place.endswith(":47") else fact.printed
        if digits in ("-", "–", "—", "_"):
            assert fact.amount == 0
            continue
        value = parse_decimal(digits.strip("()%").replace(",", ""), 10_000)
        assert fact.amount, fact
        assert (10_000 * abs(fact.amount)) % value == 0, fact
        assert (10_000 * abs(fact.amount)) // value in (1, 10, 100, 1_000, 10_000, 1_000_000), fact
        assert (fact.amount < 0) == digits.startswith(("(", "-")), fact


def test_a_derived_leaf_is_the_difference_of_two():
    for fact in leaves():
        if fact.role == "derived":
            first, second = (int(part.replace(",", "")) for part in fact.printed.split(" - "))
            assert fact.amount == first - second
            amounts = {(each.place, each.amount) for each in leaves()}
            assert {(place, amount) for place, amount in zip(fact.place.split(" less "), (first, second), strict=True)} <= amounts


def test_every_printed_figure_stands_at_its_place():
    for figure in printed():
        found, before = _number(figure.filing, figure.place, figure.nth)
        assert found == figure.printed, figure
        if figure.form in ("increase", "decrease"):
            assert before.endswith(f"{figure.form} of "), figure


@pytest.mark.parametrize("filing", list(seeds.FILES))
def test_every_number_of_a_filing_is_accounted_for(filing):
    """Each number is a leaf, a printed figure, or named as no figure; and no figure is named as none."""
    taken = {(fact.place, fact.nth) for fact in leaves()} | {(figure.place, figure.nth) for figure in printed()}
    with (FACTS / "not_figures.csv").open(encoding="utf-8", newline="") as rows:
        patterns = [(row["line"], re.compile(row["pattern"])) for row in csv.DictReader(rows) if row["filing"] in ("*", filing)]
    left, hidden = [], []
    for at, text in enumerate(_lines(filing), 1):
        spans = [match.span() for line, pattern in patterns if line in ("*", str(at)) for match in pattern.finditer(text)]
        for nth, (number, start, end) in enumerate(seeds.numbers(text), 1):
            named = any(first <= start and end <= last for first, last in spans)
            if (f"{seeds.FILES[filing]}:{at}", nth) in taken:
                hidden += [(at, number)] * named
            elif not named:
                left.append((at, nth, number))
    assert not left
    assert not hidden


def test_tables_are_taken_whole():
    """In the statements' tables, the numbers taken are all that are there: counted a second way, by rows of figures alone."""
    figure = re.compile(r"\(?\d{1,3}(,\d{3})+\)?|\d+\.\d\d|\d+\.\d%|[-–—_]|\(\d+\)|\d{2,3}")
    for filing, damaged in (("S0", ()), ("S1", ()), ("S2", ()), ("S3", (76, 136))):
        taken = {(fact.place, fact.nth) for fact in leaves()} | {(each.place, each.nth) for each in printed()}
        for at, text in enumerate(_lines(filing), 1):
            if "\t" not in text or at in damaged:
                continue
            cells = [cell.strip() for cell in text.split("\t")]
            expected = sum(bool(figure.fullmatch(cell)) for cell in cells)
            found = sum((f"{seeds.FILES[filing]}:{at}", nth) in taken for nth in range(1, len(cells) + 1))
            assert expected == found, (filing, at, text)
