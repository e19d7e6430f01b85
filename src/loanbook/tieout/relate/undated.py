"""Amounts that text compares with and gives no date: `climbed to €155.7 million from €143.3 million`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from loanbook.tieout.relate.build import equal_relation
from loanbook.tieout.relate.growths import EARLIER, compared_with, lasts_like, year_before
from loanbook.tieout.relate.paragraphs import Sentence
from loanbook.tieout.relate.series import Item, agree
from loanbook.tieout.relate.slips import is_slip_of
from loanbook.tieout.relation import Relation

RULE = "text_against_table"


def undated(sentence: Sentence, owner: Mapping[str, Item]) -> Iterable[Relation]:
    """An earlier amount of the item: the one of that value, else that of a year before if a slip of the hand lies between."""
    for figure in sentence.figures:
        if figure.period is not None or figure.role not in EARLIER:
            continue
        name = compared_with(sentence, figure)
        now = next((one for one in sentence.figures if one.id == name), None)
        item = owner.get(now.id) if now else None
        at = item.place(now) if item and now else None
        if item is None or at is None:
            continue
        factor = 1 if now is None or now.amount * item.finest(now).amount >= 0 else -1  # a cost that a table prints below nought
        lines = {
            one.period: line
            for one in item.cells
            if (one.currency, one.basis) == (at.currency, at.basis) and (line := item.best(one)) is not None
            if one.period.end < at.period.end and lasts_like(one.period, at.period)
        }
        same = [line for line in lines.values() if agree(figure, replace(line, value=factor * line.value))]
        before = lines.get(year_before(at.period))
        if same:
            yield equal_relation(RULE, figure, same[0], factor=factor)
        elif before is not None and is_slip_of(figure, factor * before.amount):
            yield equal_relation(RULE, figure, before, factor=factor)
