"""The synthetic releases as the reader reads them, figure by figure against what their writer meant."""

from collections import Counter, defaultdict

import pytest

from loanbook.tieout.figure import Basis, Figure
from loanbook.tieout.read import document_of, read_figures
from tests.tieout.releases import TEMPLATES, Release, Truth

FACTS = ("value", "step", "unit", "scale", "currency", "period", "basis")


def figures_of(release: Release) -> list[tuple[Truth, Figure | None]]:
    """Each truth with the figure read at its place: the same occurrence of the same digits in its line."""
    lines: dict[int, list[Figure]] = defaultdict(list)
    for figure in read_figures(document_of(release.text.encode(), release.name)).figures:
        lines[figure.place.line].append(figure)
    seen: Counter[tuple[int, str]] = Counter()
    pairs = []
    for truth in release.truths:
        line = release.text.count("\n", 0, truth.start) + 1
        same = [figure for figure in lines[line] if digits(figure.text) == digits(truth.text)]
        at = seen[(line, truth.text)]
        seen[(line, truth.text)] += 1
        pairs.append((truth, same[at] if at < len(same) else None))
    return pairs


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def wrong_facts(truth: Truth, figure: Figure | None) -> list[str]:
    """Which facts of a figure were read wrongly. A word of direction is a sign; a basis may go unsaid."""
    if figure is None:
        return ["found"]
    wrong = []
    for name in FACTS:
        wanted, read = getattr(truth, name), getattr(figure, name)
        if name == "value" and figure.role in ("growth", "change") and truth.is_prose:
            wanted, read = abs(wanted), abs(read)
        if name == "basis" and (wanted is None or (read is None and wanted in (Basis.US_GAAP, Basis.IFRS))):
            continue
        if wanted != read:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_release_is_read_as_it_was_meant(template, seed):
    pairs = figures_of(template(seed))
    wrong = [(truth.text, names, figure) for truth, figure in pairs if (names := wrong_facts(truth, figure))]
    assert len(wrong) <= 0.02 * len(pairs), wrong[:5]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.__name__)
def test_a_release_gives_no_figure_that_it_does_not_hold(template):
    release = template(1)
    read = Counter(digits(figure.text) for figure in read_figures(document_of(release.text.encode(), release.name)).figures)
    meant = Counter(digits(truth.text) for truth in release.truths)
    assert not {text: count for text, count in (read - meant).items() if text}
