"""Render a close folder as one self-contained HTML page: no network, no font file, readable without JavaScript, printable."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from loanbook.statements.charts import Size
from loanbook.statements.close_folder import Close, Figure, read_close
from loanbook.statements.drawing import svg
from loanbook.statements.figures import change, exact_money, figure
from loanbook.statements.grids import Grid
from loanbook.statements.sections import PORTFOLIO_REPORT, Picture, Section, unit_text

FULL = Size(width=900, height=330)
LOW = Size(width=900, height=230)
HALF = Size(width=440, height=260)
NARROW = Size(width=350, height=270)

NO_ROWS = "the book holds no facts from which it could be measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a measure means, as the page prints it."""

    measure: str
    title: str
    text: str
    numerator: str
    denominator: str
    source: str
    effective_from: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One headline figure with its growth and the links behind it."""

    measure: str
    title: str
    value: str
    exact: str
    against_year: str
    against_quarter: str
    definition: str
    loans: str
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
    links: tuple[tuple[str, str, str], ...]
    """(title, link to the definition or "", link to the loans or "")."""


def render(folder: Path, definitions: Sequence[Definition], *, page: Path | None = None) -> str:
    """The report on a close folder as one HTML page.

    definitions   of every measure the page may name, in the order in which they are printed
    page          where the page will stand (default: `report.html` in the folder); links to files are relative to it
    raises        StateError, EngineError as `read_close`
    """
    close = read_close(folder)
    base = (page or folder / "report.html").resolve().parent
    known = {definition.measure: definition for definition in definitions}
    return (
        _environment()
        .get_template("report.html")
        .render(
            close=close,
            cards=[_card(close, found, known, base) for found in close.figures()] + _absent_cards(close, known),
            blocks=[_block(close, section, known, base) for section in PORTFOLIO_REPORT],
            definitions=definitions,
            period=_period(close),
            style=Markup(_resource("report.css")),
            script=Markup(_resource("report.js")),
        )
    )


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("loanbook.statements", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"heat": percent_heat, "smaller_words": smaller_words}
    return environment


def _resource(name: str) -> str:
    return (resources.files("loanbook.statements") / "templates" / name).read_text(encoding="utf-8")


def _period(close: Close) -> str:
    flows = [found for found in close.figures() if found.starts_on and found.ends_on and found.starts_on < found.ends_on]
    return f"Period {flows[0].starts_on} to {flows[0].ends_on}." if flows else ""


def _card(close: Close, found: Figure, known: dict[str, Definition], base: Path) -> Card:
    def against(earlier_name: str) -> str:
        return change(found.current, getattr(found, earlier_name), measure=found.measure, unit=found.unit)

    return Card(
        measure=found.measure,
        title=found.title,
        value=figure(found.current, measure=found.measure, unit=found.unit, currency=close.currency),
        exact=_exact(found, close.currency),
        against_year=against("prior_year"),
        against_quarter=against("prior_quarter"),
        definition=_anchor(found.measure, known),
        loans=_link(close, base, f"drilldown/{found.measure}.csv"),
        unmeasured="" if found.current is not None else close.unmeasured.get(found.measure, NO_ROWS),
    )


def _absent_cards(close: Close, known: dict[str, Definition]) -> list[Card]:
    shown = {found.measure for found in close.figures()}
    titles = {name: known[name].title for name in close.unmeasured if name in known and name not in shown}
    return [
        Card(
            measure=name,
            title=title,
            value="",
            exact="",
            against_year="",
            against_quarter="",
            definition=_anchor(name, known),
            loans="",
            unmeasured=close.unmeasured[name],
        )
        for name, title in titles.items()
    ]


def _exact(found: Figure, currency: str) -> str:
    """The integers behind a figure."""
    if found.numerator is None:
        return ""
    if found.unit == "money":
        return exact_money(found.numerator, currency)
    if found.denominator is None:
        return ""
    return f"{found.numerator:,} ÷ {found.denominator:,}"


def _block(close: Close, section: Section, known: dict[str, Definition], base: Path) -> Block:
    rows = close.tables[section.table].num_rows
    measured = rows > 0
    named = [name for name in section.measures if name in known]
    return Block(
        key=section.key,
        title=section.title,
        sentence=section.say(close) if measured else "",
        unmeasured="" if measured else close.unmeasured.get(section.table, NO_ROWS),
        pictures=tuple(_draw(close, section, number, picture) for number, picture in enumerate(section.pictures) if measured),
        grid=section.grid(close) if measured else None,
        open=section.open,
        csv=_link(close, base, f"{section.table}.csv"),
        links=tuple((known[name].title, _anchor(name, known), _link(close, base, f"drilldown/{name}.csv")) for name in named),
    )


def _draw(close: Close, section: Section, number: int, picture: Picture) -> Drawn:
    unit = unit_text(picture, close.currency)
    text = f"{picture.title}, {unit}. The table below holds the same figures."
    key = f"{section.key}-{number}"
    wide = svg(
        picture.draw(close, HALF if picture.half else LOW if picture.low else FULL), key=f"{key}-w", text=text, kind="wide"
    )
    narrow = svg(picture.draw(close, NARROW), key=f"{key}-n", text=text, kind="narrow")
    return Drawn(title=picture.title, unit=unit, half=picture.half, wide=Markup(wide), narrow=Markup(narrow))


def _anchor(measure: str, known: dict[str, Definition]) -> str:
    return f"#definition-{measure}" if measure in known else ""


def _link(close: Close, base: Path, name: str) -> str:
    """A relative link from the page to a file of the close folder; empty when the file does not exist."""
    file = close.folder / name
    return Path(os.path.relpath(file.resolve(), base)).as_posix() if file.is_file() else ""


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
    return Markup(" ").join(parts)
