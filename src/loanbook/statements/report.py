"""Render a close folder as one self-contained HTML page: no network, no font file, readable without JavaScript, printable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path

import jinja2
from jinja2.filters import do_urlencode
from markupsafe import Markup

from loanbook.statements.books_page import BooksPage
from loanbook.statements.charts import Size
from loanbook.statements.close_folder import Close, Figure, read_close
from loanbook.statements.drawing import svg
from loanbook.statements.figures import change, exact_money, figure
from loanbook.statements.grids import Grid
from loanbook.statements.presentation_table import to_html
from loanbook.statements.sections import HEADLINE, PORTFOLIO_REPORT, Picture, Section, unit_text
from loanbook.statements.series import spoken
from loanbook.terms.measure import Definition, page_rows
from loanbook.units import day

FULL = Size(width=900, height=330)
LOW = Size(width=900, height=230)
HALF = Size(width=440, height=260)
NARROW = Size(width=350, height=270)

LOANS_WORDS = "loans behind it"

NO_ROWS = "the book holds no facts from which it could be measured"

NOTHING_THERE = "there is nothing in the period to divide by"

_UNBROKEN = re.compile(r"(?<=RMB) (?=[-\d])|(?<=US\$) (?=[-\d])|(?<=\b[A-Z]{3}) (?=[-\d])|(?<=\d) (?=million|months|pp\b)")
"""Spaces inside a figure, at which no line may break."""

Link = tuple[str, str]
"""Words and an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure with its comparatives, its growth and the files of its loans: none, its own, or those of its factors."""

    measure: str
    title: str
    value: str
    quarter: str
    year: str
    exact: str
    against_year: str
    against_quarter: str
    loans: tuple[Link, ...]
    unmeasured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture ready for the page: one drawing for wide pages and print, one for narrow screens."""

    title: str
    unit: str
    half: bool
    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A section ready for the page."""

    key: str
    title: str
    sentence: str
    unmeasured: str
    pictures: tuple[Drawn, ...]
    grid: Grid | None
    open: bool
    csv: str
    links: tuple[tuple[str, str, tuple[Link, ...]], ...]
    """(title of a measure, link to its definition, links to its loans)."""


def render(
    folder: Path,
    definitions: Sequence[Definition],
    *,
    files: str | None = "",
    note: str = "",
    foreword: Sequence[str] = (),
    books: BooksPage | None = None,
) -> str:
    """The report on a close folder as one HTML page.

    definitions   of every measure the page may name, in the order in which they are printed, with all their versions
    files         where the close's files lie, seen from the page: "" beside it, "name/" in a folder; None: the page links to none
    foreword      sentences before the figures
    note          what else the reader should know of the lists of loans
    books         the closed books of the quarter, to stand after the measures
    raises        StateError, EngineError as `read_close`
    """
    close = read_close(folder)
    figures = {found.measure: found for found in close.figures()}
    cards = {definition.name: _card(close, figures.get(definition.name), definition, files) for definition in definitions}
    cards |= {name: replace(card, loans=_loans(name, cards, definitions)) for name, card in cards.items()}
    known = {definition.name: definition for definition in definitions}
    return (
        _environment()
        .get_template("report.html")
        .render(
            close=close,
            cards=_headline(figures, cards),
            measures=list(cards.values()),
            measures_csv=_link(close, files, "measures.csv"),
            blocks=[_block(close, section, known, cards, files) for section in PORTFOLIO_REPORT],
            definitions=[(definition, page_rows(definition, day(close.as_of))) for definition in definitions],
            period=_period(close),
            note=note,
            foreword=tuple(foreword),
            books=books,
            style=Markup(_resource("report.css")),
            script=Markup(_resource("report.js")),
        )
    )


def _headline(figures: dict[str, Figure], cards: dict[str, Card]) -> list[Card]:
    """Every headline figure: those with something in one of their periods, then zeros, then those not measured, with why."""

    def place(card: Card) -> int:
        found = figures.get(card.measure)
        if card.unmeasured or found is None:
            return 2
        return 0 if any((found.current, found.prior_quarter, found.prior_year)) else 1

    return sorted((cards[name] for name in HEADLINE if name in cards), key=place)


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("loanbook.statements", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.finalize = unbroken
    environment.filters |= {
        "heat": percent_heat,
        "smaller_words": smaller_words,
        "statement": lambda made: Markup(to_html(made)),
        "capitalize_first": lambda words: words[:1].upper() + words[1:],
    }
    return environment


def _resource(name: str) -> str:
    return (resources.files("loanbook.statements") / "templates" / name).read_text(encoding="utf-8")


def _period(close: Close) -> str:
    flows = [found for found in close.figures() if found.starts_on and found.ends_on and found.starts_on < found.ends_on]
    if not flows:
        return ""
    beside = [
        f"{row['starts_on']} to {row['ends_on']}"
        for row in close.rows("measures")
        if row["measure"] == flows[0].measure and not row["split"] and row["comparison"] != "current"
    ]
    return f"Period {flows[0].starts_on} to {flows[0].ends_on}" + (f", beside {' and '.join(beside)}." if beside else ".")


def _card(close: Close, found: Figure | None, definition: Definition, files: str | None) -> Card:
    name, unit = definition.name, definition.unit
    current = found.current if found else None

    def against(earlier: Fraction | None) -> str:
        return change(current, earlier, measure=name, unit=unit)

    return Card(
        measure=name,
        title=definition.title,
        value=figure(current, measure=name, unit=unit, currency=close.currency),
        quarter=figure(found.prior_quarter if found else None, measure=name, unit=unit, currency=close.currency),
        year=figure(found.prior_year if found else None, measure=name, unit=unit, currency=close.currency),
        exact=_exact(found, definition, close) if found else "",
        against_year=against(found.prior_year if found else None),
        against_quarter=against(found.prior_quarter if found else None),
        loans=((LOANS_WORDS, link),) if (link := _link(close, files, f"drilldown/{name}.csv")) else (),
        unmeasured=""
        if current is not None
        else close.unmeasured.get(name) or (NOTHING_THERE if found else NO_ROWS) + left_out(definition, close),
    )


def left_out(definition: Definition, close: Close) -> str:
    """The kinds of loans that a measure leaves out, where the book has such: why it may find nothing."""
    version = definition.in_force(day(close.as_of))
    part = (version.denominator or version.numerator) if version else None
    if part is None:
        return ""
    lent = close.rows("volume")
    names = sorted({row[each] for each, members in part.without.items() for row in lent if row[each] in members})
    return f"; loans under {', '.join(map(spoken, names))} are left out by definition" if names else ""


def _exact(found: Figure, definition: Definition, close: Close) -> str:
    """The integers behind a figure: one amount, or one over the other."""
    version = definition.in_force(day(close.as_of))
    if version is None or version.numerator is None or found.numerator is None:
        return ""
    parts = [(found.numerator, version.numerator)]
    if version.denominator is not None and found.denominator is not None:
        parts.append((found.denominator, version.denominator))
    if definition.unit == "months" or (len(parts) == 1 and definition.unit != "money"):
        return ""
    return " ÷ ".join(
        exact_money(number, close.currency) if part.columns[0][1].endswith("_fen") else f"{number:,}" for number, part in parts
    )


def _block(close: Close, section: Section, known: dict[str, Definition], cards: dict[str, Card], files: str | None) -> Block:
    rows = close.tables[section.table].num_rows
    measured = rows > 0
    named = [name for name in section.measures if name in known]
    return Block(
        key=section.key,
        title=section.title,
        sentence=section.say(close) if measured else "",
        unmeasured="" if measured else close.unmeasured.get(section.table) or NO_ROWS + left_out(known[named[0]], close),
        pictures=tuple(
            _draw(close, section, number, picture)
            for number, picture in enumerate(section.pictures)
            if measured and picture.shown(close)
        ),
        grid=section.grid(close) if measured else None,
        open=section.open,
        csv=_link(close, files, f"{section.table}.csv"),
        links=tuple((known[name].title, f"#definition-{name}", cards[name].loans) for name in named),
    )


def _draw(close: Close, section: Section, number: int, picture: Picture) -> Drawn:
    unit = unit_text(picture, close)
    text = f"{picture.title}, {unit}. The table below holds the same figures."
    key = f"{section.key}-{number}"
    wide = svg(
        picture.draw(close, HALF if picture.half else LOW if picture.low else FULL), key=f"{key}-w", text=text, kind="wide"
    )
    narrow = svg(picture.draw(close, NARROW), key=f"{key}-n", text=text, kind="narrow")
    return Drawn(title=picture.title, unit=unit, half=picture.half, wide=Markup(wide), narrow=Markup(narrow))


def _link(close: Close, files: str | None, name: str) -> str:
    """A relative link from the page to a file of the close; empty when there is none."""
    return "" if files is None or not (close.folder / name).is_file() else f"{do_urlencode(files)}{name}"


def _loans(name: str, cards: dict[str, Card], definitions: Sequence[Definition]) -> tuple[Link, ...]:
    """Links to the loans behind a figure: its own list, or, for a product of measures, those of its factors."""
    definition = next(each for each in definitions if each.name == name)
    factors = [cards[factor] for factor, _ in definition.factors if factor in cards]
    return cards[name].loans or tuple((f"loans behind {card.title}", link) for card in factors for _, link in card.loans)


def unbroken(value: object) -> object:
    """What stands on the page, with unbreakable spaces inside figures."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNBROKEN.sub("\u00a0", value)
    return value


def percent_heat(share: float | None) -> str:
    """The CSS background of a heat cell: from white to deep blue by the square root of the share, so that small moves show."""
    if share is None:
        return ""
    strength = min(1.0, share) ** 0.5
    red, green, blue = (round(255 + (end - 255) * strength) for end in (11, 79, 138))
    return f"background:rgb({red},{green},{blue});color:{'#fff' if strength > 0.62 else 'inherit'}"


def smaller_words(value: str) -> Markup:
    """A figure with its words (RMB, million, months) set smaller than its digits."""
    parts = (
        Markup("<small>{}</small>").format(part) if part[0].isalpha() else Markup("{}").format(part) for part in value.split(" ")
    )
    return Markup("\u00a0").join(parts)
