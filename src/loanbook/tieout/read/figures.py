"""All figures of a document: tables with what stands around them, prose, and what is told apart from both."""

from dataclasses import replace
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.tieout.document import Document, Heading, Paragraph, Table
from loanbook.tieout.figure import Damage, Figure, Numeral, Reading
from loanbook.tieout.read.context import document_context
from loanbook.tieout.read.grid import has_figures, table_rows
from loanbook.tieout.read.naming import with_ids, with_keys
from loanbook.tieout.read.prose import read_prose
from loanbook.tieout.read.scale import Statement
from loanbook.tieout.read.tables import Surroundings, read_table, table_statement

MOST_FIGURES = 100_000  # four times what five hundred full pages hold


def read_figures(document: Document, name: str = "") -> Reading:
    """Every displayed number of a document as a figure or, told apart, as a numeral of another kind.

    Figures stand in reading order. A caption's lines are blocks too and are read once, as those. Raises RequestError for a
    document of more than MOST_FIGURES.

    name    what ids call the document, one of its own among those read together; the file's name without folder if none is given
    """
    context = document_context(document)
    figures: list[Figure] = []
    numerals: list[Numeral] = []
    damages: list[Damage] = []
    headings: list[Heading] = []
    caption: tuple[str, ...] = ()
    statement: Statement | None = None
    for block in document.blocks:
        if len(figures) > MOST_FIGURES:
            raise RequestError(f"{document.file}: more than {MOST_FIGURES:,} figures; no results document has so many. Split it.")
        if isinstance(block, Table):
            rows = table_rows(block)
            own = tuple(span.text for span in block.caption)
            caption = own if own else caption
            if has_figures(rows):
                statement = table_statement(rows, caption) or statement
                path = tuple(dict.fromkeys((*(heading.span.text for heading in headings), *caption)))
                surroundings = Surroundings(path=path, around=tuple(reversed(path)), statement=statement)
                read = read_table(block, rows, surroundings, context)
                figures += read.figures
                numerals += read.numerals
                damages += read.damages
                for row in rows:
                    for cell in row.cells:
                        numerals += read_prose(cell.span, (), context, label_only=True).numerals
            else:
                for cell in block.cells:
                    prose = read_prose(cell.span, tuple(heading.span.text for heading in headings), context)
                    figures += prose.figures
                    numerals += prose.numerals
            continue
        if isinstance(block, Heading):
            headings = [heading for heading in headings if heading.level < block.level]
            prose = read_prose(block.span, tuple(heading.span.text for heading in headings), context)
            headings.append(block)
        else:
            assert isinstance(block, Paragraph)
            prose = read_prose(block.span, tuple(heading.span.text for heading in headings), context)
        figures += prose.figures
        numerals += prose.numerals
        damages += prose.damages
    named = with_ids(with_keys(_carried_over(figures)), name or Path(document.file).name)
    return Reading(figures=named, numerals=tuple(numerals), damages=tuple(damages))


def _carried_over(figures: list[Figure]) -> list[Figure]:
    """A comparative in a bracket that begins a line is of the last figure of the line above."""
    for index in range(1, len(figures)):
        before, figure = figures[index - 1 : index + 1]
        if (
            (figure.role, figure.of) == ("comparative", None)
            and before.place.row is None
            and before.place.line == figure.place.line - 1
            and before.unit is figure.unit
        ):
            figures[index] = replace(figure, of=before.id, label=before.label)
    return figures
