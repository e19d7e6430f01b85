"""All rules in turn over a set of documents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Basis, Reading
from loanbook.tieout.relate.bounds import bounds
from loanbook.tieout.relate.columns import column_ratios
from loanbook.tieout.relate.concepts import declared_ratios, declared_relations
from loanbook.tieout.relate.grid import Grid, grids_of
from loanbook.tieout.relate.items import Items, items_of
from loanbook.tieout.relate.mentions import mentions, of_their_own_lines, per_ads_in_text
from loanbook.tieout.relate.paragraphs import Sentence, paragraphs
from loanbook.tieout.relate.periods import differences, years_of_quarters
from loanbook.tieout.relate.prose import defined_sums, prose_relations
from loanbook.tieout.relate.quotients import quotients
from loanbook.tieout.relate.relabel import relabelled
from loanbook.tieout.relate.repeats import repeats
from loanbook.tieout.relate.restated import restated
from loanbook.tieout.relate.rolls import declared_rolls, openings
from loanbook.tieout.relate.run_in import run_in_rows
from loanbook.tieout.relate.series import Frame, prose_series, table_series
from loanbook.tieout.relate.signs import label_signs
from loanbook.tieout.relate.sums import cross_footings, footings
from loanbook.tieout.relate.transfer import transferred
from loanbook.tieout.relate.translation import Pairs, Rates, pairs_of, rates_of, translations
from loanbook.tieout.relate.turned import growth_beside
from loanbook.tieout.relation import Relation, RelationKind

EQUALITIES = frozenset(RelationKind) - {RelationKind.INEQUALITY, RelationKind.DIRECTION}


def relate(readings: Sequence[tuple[Document, Reading]]) -> tuple[Relation, ...]:
    """Every relation that the rules find among the figures of `readings`, in a stable order, each once.

    Where rules take the first of several equals, it is that of the first document by name: in which order documents are
    given changes nothing.
    """
    readings = sorted(readings, key=lambda reading: (PurePath(reading[0].file).name, reading[0].file))
    figures = [figure for _, reading in readings for figure in reading.figures]
    bases_matter = len({figure.basis for figure in figures if figure.basis in (Basis.US_GAAP, Basis.IFRS)}) > 1
    translated: set[tuple[str, str]] = set()
    waiting: list[tuple[Pairs, Rates]] = []
    silent: set[str] = set()
    summed: list[Relation] = []
    by_id = {figure.id: figure for figure in figures}
    found: list[Relation] = []
    grids: dict[str, list[Grid]] = {}
    for document, reading in readings:
        own = relabelled(grids_of(reading.figures))
        grids[document.file] = own
        sums: list[Relation] = []
        for grid in own:
            down, still = footings(grid)
            sums.extend(down)
            silent |= still
            found.extend(declared_rolls(grid, down))
            found.extend(cross_footings(grid))
            found.extend(column_ratios(grid))
            found.extend(bounds(grid))
            found.extend(label_signs(grid))
        found.extend(run_in_rows(reading.figures))
        found.extend(sums)
        summed.extend(sums)
        prose = [figure for figure in reading.figures if figure.place.row is None]
        pairs = pairs_of(own, prose, by_id)
        rates = rates_of(reading.figures, pairs)
        translated |= {(document.file, foreign) for _, foreign in rates}
        waiting.append((pairs, rates))
    frame = Frame(bases_matter=bases_matter, translated=frozenset(translated))
    tables = [series for document, _ in readings for series in table_series(grids[document.file], frame)]
    phrases = [series for _, reading in readings for series in prose_series(reading.figures, frame)]
    for own in grids.values():
        found.extend(one for grid in own for one in openings(grid, frame))
    for _, reading in readings:
        found.extend(declared_relations(reading.figures, frame, found, silent))
        found.extend(declared_ratios(reading.figures, frame))
    items = items_of(tables, phrases)
    owner = {figure.id: item for item in items.items for cells in item.cells.values() for figure in cells}
    found.extend(repeats(items))
    found.extend(restated(items))
    found.extend(differences(items))
    found.extend(years_of_quarters(items, found))
    shares = quotients(items)
    found.extend(shares)
    leaves = {**leaves_of(summed, _same(items)), **multiplied(shares)}
    for amounts, at in waiting:
        found.extend(translations(amounts, at, leaves))
    found.extend(transferred(summed, owner))
    spoken: list[Sentence] = []
    for document, reading in readings:
        sentences = paragraphs(document, reading.figures)
        found.extend(growth_beside(reading.figures, owner))
        found.extend(prose_relations(sentences, owner, items))
        found.extend(defined_sums(sentences, items))
        found.extend(per_ads_in_text(sentences, shares))
        spoken.extend(sentences)
    found = of_their_own_lines(found, spoken, items, frame)
    tied = {name for one in found for name in (one.result, *(term.figure for term in one.terms)) if one.kind in EQUALITIES}
    found.extend(mentions(spoken, items, frame, tied))
    return tuple({relation.id: relation for relation in found}.values())


def multiplied(relations: Sequence[Relation]) -> Mapping[str, int]:
    """Amounts that are a whole multiple of a rounded one, with the multiple: rounding counts so many times."""
    return {
        relation.result: int(relation.terms[0].factor)
        for relation in relations
        if relation.rule == "per_ads_from_per_share" and relation.terms[0].factor >= 1
    }


def _same(items: Items) -> Mapping[str, str]:
    """Figure id to the id of the figure that stands for its item at its coordinate."""
    return {
        figure.id: figures[0].id
        for item in items.items
        for figures in item.cells.values()
        if len(figures) > 1
        for figure in figures
    }


def leaves_of(sums: Sequence[Relation], same: Mapping[str, str]) -> Mapping[str, int]:
    """How many lines each total sums, down to lines that are no totals; `same` names one figure for all that repeat it."""
    terms: dict[str, list[str]] = defaultdict(list)
    for relation in sums:
        result = same.get(relation.result, relation.result)
        if len(relation.terms) > 1 and not terms[result]:
            terms[result] = [same.get(term.figure, term.figure) for term in relation.terms]
    counted: dict[str, int] = {}

    def count(figure: str, above: frozenset[str]) -> int:
        if figure not in counted:
            below = [term for term in terms.get(figure, ()) if term not in above]
            counted[figure] = sum(count(term, above | {figure}) for term in below) or 1
        return counted[figure]

    for figure in list(terms):
        count(figure, frozenset({figure}))
    return {**counted, **{figure: counted[name] for figure, name in same.items() if name in counted}}
