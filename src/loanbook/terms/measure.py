"""Measure definitions: dated YAML files that say which cells are summed over which, and why.

One file is one measure. `versions` hold what may change: from `effective_from` on a version replaces the earlier one.
"""

import difflib
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook import units
from loanbook.errors import RequestError
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS, BY_NAME, DRAWDOWNS, INSTALMENTS, STATES, Family
from loanbook.terms.loading import Located, read_located

UNITS = ("money", "count", "months", "share")
PERIODS = ("instant", "month", "quarter", "to_date")
"""At the period's last day; in its last month; in its quarter; since the book began."""
GROUP = ("product", "model", "segment")
"""Dimensions that every family has: the parts of its group."""
_MEMBERS = {
    "model": tuple(model.name.lower() for model in Model),
    "bucket": BUCKETS,
    "from_bucket": BUCKETS,
    "to_bucket": STATES,
    "drawdown": DRAWDOWNS,
    "instalment": INSTALMENTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A sum of signed columns over chosen cells.

    columns   (sign, column) pairs, sign 1 or -1
    where     dimension -> members that count
    without   dimension -> members that do not
    """

    columns: tuple[tuple[int, str], ...]
    where: Mapping[str, tuple[str, ...]]
    without: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> str:
        """The sum in plain words, for pages; money is in the book's currency, so the `_fen` of a column is left away."""
        text = " ".join(
            (("- " if sign < 0 else "+ ") if place or sign < 0 else "") + _spoken(column)
            for place, (sign, column) in enumerate(self.columns)
        )
        for dimension, names in self.where.items():
            text += f", {_spoken(dimension)} {' or '.join(names)}"
        for dimension, names in self.without.items():
            text += f", {_spoken(dimension)} not {' or '.join(names)}"
        return f"sum of {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A definition as it stands from a day on.

    numerator, denominator   None where the measure is the product of others; denominator None for plain sums
    source                   the filing or choice it follows
    """

    effective_from: int
    numerator: Sum | None
    denominator: Sum | None
    source: str
    definition_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One measure.

    family             whose cells it sums; empty for the product of other measures
    period             one of `PERIODS`
    splits             dimensions it is also given by; `numerator_splits` restrict the numerator only (shares of a whole)
    factors            (measure, complement) whose values are multiplied; complement: 1 - value
    annualised         the monthly ratio x becomes 1 - (1 - x)^12
    versions           ascending by effective_from
    """

    name: str
    title: str
    unit: str
    family: str
    period: str
    splits: tuple[str, ...]
    numerator_splits: tuple[str, ...]
    factors: tuple[tuple[str, bool], ...]
    annualised: bool
    text: str
    versions: tuple[Version, ...]

    def in_force(self, day: int) -> Version | None:
        """The version in force on a day; None before the first."""
        found = [version for version in self.versions if version.effective_from <= day]
        return found[-1] if found else None


def _spoken(name: str) -> str:
    return name.removesuffix("_fen").replace("_", " ")


FOLDER = Path(__file__).parent / "measures"


def load_measures(folder: Path = FOLDER) -> tuple[Definition, ...]:
    """All definitions of a folder, by name.

    raises   TermsError with path:line for anything that families do not have
    """
    paths = sorted(folder.glob("*.yaml"))
    return _load(folder, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


@functools.lru_cache(maxsize=8)
def _load(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> tuple[Definition, ...]:
    """Reading the files costs half a second; unchanged files are read once."""
    found = tuple(load_measure(path, shown=f"{folder.name}/{path.name}") for path, _, _ in files)
    names = {definition.name for definition in found}
    for definition in found:
        for factor, _ in definition.factors:
            if factor not in names:
                raise RequestError(f"measure {definition.name} multiplies {factor}, which {folder} does not define.")
    return found


def find_measure(definitions: Iterable[Definition], name: str) -> Definition:
    """The definition of a name; raises RequestError with the names nearest to it, and where all of them are listed."""
    known = {definition.name: definition for definition in definitions}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        near += sorted(other for other in known if name and name in other and other not in near)[: 3 - len(near)]
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise RequestError(f"there is no measure {name!r}.{meant} `loanbook measures` lists all {len(known)}.")
    return known[name]


def load_measure(path: Path, shown: str | None = None) -> Definition:
    """The definition in one YAML file; raises TermsError with path:line."""
    fields = read_located(path, shown).fields(
        "a measure",
        (
            "name",
            "title",
            "unit",
            "family",
            "period",
            "splits",
            "numerator_splits",
            "product_of",
            "annualised",
            "text",
            "versions",
        ),
        ("name", "title", "unit", "period", "text", "versions"),
    )
    name = fields["name"].text("name")
    if name != path.stem:
        raise fields["name"].wrong(f"the file is called {path.stem}.yaml; name it alike. Write name: {path.stem}.")
    family = _family(fields)
    factors = _factors(fields)
    if (family is None) == (not factors):
        raise fields["name"].wrong(
            "a measure sums cells of a `family`, or is the `product_of` other measures: give one of the two."
        )
    versions = tuple(_version(item, family) for item in fields["versions"].items("versions"))
    days = [version.effective_from for version in versions]
    if days != sorted(set(days)):
        raise fields["versions"].wrong("versions must ascend by effective_from, each day once.")
    return Definition(
        name=name,
        title=fields["title"].text("title"),
        unit=fields["unit"].choice("unit", UNITS),
        family=family.name if family else "",
        period=fields["period"].choice("period", PERIODS),
        splits=_dimensions(fields, "splits", family),
        numerator_splits=_dimensions(fields, "numerator_splits", family),
        factors=factors,
        annualised=fields["annualised"].flag("annualised") if "annualised" in fields else False,
        text=fields["text"].text("text"),
        versions=versions,
    )


def _family(fields: Mapping[str, Located]) -> Family | None:
    return BY_NAME[fields["family"].choice("family", BY_NAME)] if "family" in fields else None


def _factors(fields: Mapping[str, Located]) -> tuple[tuple[str, bool], ...]:
    if "product_of" not in fields:
        return ()
    found = []
    for item in fields["product_of"].items("product_of"):
        factor = item.fields("a factor", ("measure", "complement"), ("measure",))
        complement = factor["complement"].flag("complement") if "complement" in factor else False
        found.append((factor["measure"].text("measure"), complement))
    return tuple(found)


def dimensions(family: Family) -> tuple[str, ...]:
    """The named dimensions of a family: its grain with the group's parts in place of the group."""
    return (*GROUP, *(dimension for dimension in family.grain if dimension != "group"))


def _dimensions(fields: Mapping[str, Located], name: str, family: Family | None) -> tuple[str, ...]:
    if name not in fields:
        return ()
    allowed = dimensions(family) if family else GROUP
    return tuple(item.choice("a split", allowed) for item in fields[name].items(name))


def _version(item: Located, family: Family | None) -> Version:
    fields = item.fields("a version", ("effective_from", "numerator", "denominator", "source"), ("effective_from", "source"))
    if family is not None and "numerator" not in fields:
        raise item.wrong("a version of a family's measure needs a `numerator`.")
    numerator = _sum(fields["numerator"], family) if "numerator" in fields and family else None
    denominator = _sum(fields["denominator"], family) if "denominator" in fields and family else None
    effective_from = fields["effective_from"].date("effective_from")
    content = [effective_from, *(_plain(part) for part in (numerator, denominator))]
    return Version(
        effective_from=effective_from,
        numerator=numerator,
        denominator=denominator,
        source=fields["source"].text("source"),
        definition_hash=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16],
    )


def _plain(part: Sum | None) -> object:
    return None if part is None else [part.columns, dict(part.where), dict(part.without)]


def _sum(item: Located, family: Family) -> Sum:
    fields = item.fields("a sum", ("sum", "where", "except"), ("sum",))
    columns = []
    for column in fields["sum"].items("sum"):
        written = column.text("a column")
        sign, name = (-1, written[1:]) if written.startswith("-") else (1, written)
        if name not in family.columns:
            raise column.wrong(f"family {family.name} has no column {name!r}; its columns are {', '.join(family.columns)}.")
        columns.append((sign, name))
    return Sum(
        columns=tuple(columns),
        where=_members(fields["where"], family) if "where" in fields else {},
        without=_members(fields["except"], family) if "except" in fields else {},
    )


def _members(item: Located, family: Family) -> dict[str, tuple[str, ...]]:
    chosen = {}
    for dimension, names in item.fields("a choice of cells", dimensions(family)).items():
        if dimension in _MEMBERS:
            chosen[dimension] = tuple(name.choice(dimension, _MEMBERS[dimension]) for name in names.items(dimension))
        else:
            chosen[dimension] = tuple(name.text(dimension) for name in names.items(dimension))
    return chosen


def page_rows(definition: Definition, day: int | None = None) -> list[dict[str, str]]:
    """What a reference page or the report prints of a measure, a row a version in force by `day` (default: all).

    keys   measure, title, unit, family, grain, period, splits, numerator, denominator, text, source, effective_from
    """
    grain = ", ".join(dimensions(BY_NAME[definition.family])) if definition.family else ""
    product = " x ".join(f"(1 - {name})" if complement else name for name, complement in definition.factors)
    return [
        {
            "measure": definition.name,
            "title": definition.title,
            "unit": definition.unit,
            "family": definition.family,
            "grain": grain,
            "period": definition.period,
            "splits": ", ".join((*definition.splits, *definition.numerator_splits)),
            "numerator": version.numerator.words if version.numerator else product,
            "denominator": version.denominator.words if version.denominator else "",
            "text": definition.text,
            "source": version.source,
            "effective_from": units.date(version.effective_from).isoformat(),
        }
        for version in definition.versions
        if day is None or version.effective_from <= day
    ]
