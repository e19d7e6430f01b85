"""Parameters that say where they come from: a YAML file whose every figure stands beside its source.

A parameter is one value (``{value, source}``) or a series by calendar quarter: a list of spans, each with its own source.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loanbook.errors import RequestError, TermsError
from loanbook.terms.loading import Located, read_located
from loanbook.units import day

_HEAD = ("scenario", "title", "filings")
_VALUE = ("value", "source")
_SPAN = ("quarters", "values", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One sourced figure: a value, or the values of consecutive quarters.

    value     text, int, bool, None, list or dict as YAML has it; decimals stay text (`Parameters.number` reads them)
    quarters  "2024Q1" ... of a span, as many as there are values; empty for a value
    """

    value: Any
    source: str
    place: str
    quarters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """All parameters of a file by dotted path, each as its spans in the order of the file.

    head   scenario, title and filings (tag -> document) as texts
    """

    path: str
    head: Mapping[str, Any]
    found: Mapping[str, tuple[Parameter, ...]]

    def names(self, under: str) -> tuple[str, ...]:
        """The names that stand directly under a path, in the order of the file."""
        deeper = (path.removeprefix(f"{under}.").split(".")[0] for path in self.found if path.startswith(f"{under}."))
        return tuple(dict.fromkeys(deeper))

    def spans(self, path: str) -> tuple[Parameter, ...]:
        """The spans of a parameter. Raises TermsError naming near paths when there is none."""
        if path not in self.found:
            near = difflib.get_close_matches(path, self.found, 1)
            raise TermsError(f"{self.path}:1: needs the parameter {path}." + (f" Did you mean {near[0]}?" if near else ""))
        return self.found[path]

    def one(self, path: str) -> Parameter:
        """A parameter that is one value."""
        span = self.spans(path)[0]
        if span.quarters:
            raise TermsError(f"{span.place}: {path} must be one value, not a series by quarter.")
        return span

    def number(self, path: str) -> float:
        """A value as a number."""
        span = self.one(path)
        return _number(span.value, path, span.place)

    def whole(self, path: str) -> int:
        """A value as a whole number."""
        span = self.one(path)
        return _whole(span.value, path, span.place)

    def day(self, path: str) -> int:
        """A value as a day number."""
        span = self.one(path)
        try:
            return day(str(span.value))
        except RequestError as error:
            raise TermsError(f"{span.place}: {path} must be a date, not {span.value!r}. Write YYYY-MM-DD.") from error

    def numbers(self, path: str) -> tuple[float, ...]:
        """A value that is a list of numbers."""
        span = self.one(path)
        if not isinstance(span.value, tuple):
            raise TermsError(f"{span.place}: {path} must be a list of numbers.")
        return tuple(_number(item, path, span.place) for item in span.value)

    def by_name(self, path: str) -> dict[str, float]:
        """A value that is names with numbers."""
        span = self.one(path)
        if not isinstance(span.value, dict):
            raise TermsError(f"{span.place}: {path} must be names with numbers.")
        return {name: _number(item, path, span.place) for name, item in span.value.items()}

    def by_quarter(self, path: str) -> dict[str, float]:
        """A series as numbers by quarter."""
        numbers: dict[str, float] = {}
        for span in self.spans(path):
            if not span.quarters:
                raise TermsError(f"{span.place}: {path} must be a series: a list of quarters, values and source.")
            for quarter, value in zip(span.quarters, span.value, strict=True):
                if quarter in numbers:
                    raise TermsError(f"{span.place}: {path} says {quarter} twice. Keep one of them.")
                numbers[quarter] = _number(value, path, span.place)
        return numbers


def read_parameters(path: Path, shown: str | None = None) -> Parameters:
    """The parameters of a file.

    raises   TermsError with ``path:line:`` for a figure without a source, or a span whose values do not fit its quarters
    """
    top = read_located(path, shown)
    names = top.names("a scenario")
    for name in _HEAD:
        if name not in names:
            raise top.wrong(f"a scenario needs {name!r}.")
    found: dict[str, tuple[Parameter, ...]] = {}
    for name, item in names.items():
        if name not in _HEAD:
            _collect(name, item, found)
    head = {name: _plain(names[name]) for name in _HEAD}
    return Parameters(path=top.path, head=head, found=found)


def _collect(path: str, item: Located, found: dict[str, tuple[Parameter, ...]]) -> None:
    if isinstance(item.value, dict) and "source" in item.value:
        fields = item.fields(path, _VALUE, _VALUE)
        found[path] = (Parameter(value=_plain(fields["value"]), source=_source(path, fields["source"]), place=item.place),)
    elif isinstance(item.value, dict):
        for name, inner in item.value.items():
            _collect(f"{path}.{name}", inner, found)
    elif isinstance(item.value, tuple) and item.value and all(isinstance(each.value, dict) for each in item.value):
        found[path] = tuple(_span(path, each) for each in item.value)
    else:
        raise item.wrong(f"{path} has no source. Write {{value: ..., source: ...}}; the source of a choice is `chosen: why`.")


def _span(path: str, item: Located) -> Parameter:
    fields = item.fields(path, _SPAN, _SPAN)
    quarters = quarters_of(fields["quarters"])
    values = _plain(fields["values"])
    if not isinstance(values, tuple) or len(values) != len(quarters):
        count = len(values) if isinstance(values, tuple) else 1
        raise item.wrong(f"{path} has {count} values for {len(quarters)} quarters. Write one value a quarter.")
    return Parameter(value=values, source=_source(path, fields["source"]), place=item.place, quarters=quarters)


def quarters_of(item: Located) -> tuple[str, ...]:
    """The quarters of "2024Q1" or "2022Q1-2023Q4". Raises TermsError for anything else."""
    ends = item.text("quarters").split("-")
    numbers = [_quarter_number(end) for end in ends]
    if len(ends) > 2 or None in numbers or numbers[0] > numbers[-1]:  # type: ignore[operator]
        raise item.wrong(f"quarters must be one or a span, not {item.shown}. Write 2024Q1 or 2022Q1-2023Q4.")
    first, last = numbers[0] or 0, numbers[-1] or 0
    return tuple(f"{number // 4}Q{number % 4 + 1}" for number in range(first, last + 1))


def _quarter_number(text: str) -> int | None:
    year, _, quarter = text.partition("Q")
    if not (year.isdigit() and len(year) == 4 and quarter in ("1", "2", "3", "4")):
        return None
    return 4 * int(year) + int(quarter) - 1


def _source(path: str, item: Located) -> str:
    source = item.text(f"the source of {path}").strip()
    if not source:
        raise item.wrong(f"the source of {path} is empty. Name the filing and place, how it is derived, or `chosen: why`.")
    return source


def _plain(item: Located) -> Any:
    if isinstance(item.value, dict):
        return {name: _plain(inner) for name, inner in item.value.items()}
    if isinstance(item.value, tuple):
        return tuple(_plain(inner) for inner in item.value)
    return item.value


def _number(value: Any, path: str, place: str) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(str(value))
    except ValueError as error:
        raise TermsError(f"{place}: {path} must be a number, not {value!r}. Write digits, e.g. 0.0354.") from error


def _whole(value: Any, path: str, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TermsError(f"{place}: {path} must be a whole number, not {value!r}.")
    return value
