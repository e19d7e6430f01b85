"""A tape's rules met with a file's header: which source columns are needed, which periods a repeated group has."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from loanbook.errors import RequestError
from loanbook.stores.importers.mapping import EventRule, Rule, Tape, Term

_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a file gives a tape.

    needed    source columns to read, in the header's order
    events    the tape's rules with {first} and {last} written out
    periods   periods of each event rule's repeated group; () when it has none
    """

    needed: tuple[str, ...]
    events: tuple[EventRule, ...]
    periods: tuple[tuple[int, ...], ...]


def bind(tape: Tape, header: Sequence[str] | None, file: str) -> Binding:
    """Find every column of the tape in a header.

    header   the file's columns; None where records have no header (XML): every column may be absent
    raises   RequestError naming the column that is missing or stands twice, and the nearest one
    """
    seen: set[str] = set()
    for name in header or ():
        if name in seen:
            raise RequestError(f"{file}: the column {name!r} stands twice in the header. Rename one of them.")
        seen.add(name)
    needed: set[str] = set()
    bound, periods = [], []
    for event in tape.events:
        found = _periods(event, header, file) if event.repeat else ()
        event = replace(event, columns=tuple(_written_out(rule, header, file) for rule in event.columns))
        for column, place, optional in _columns(event):
            for name in [column.replace("{k}", str(k)) for k in found] if "{k}" in column else [column]:
                if header is None or name in seen:
                    needed.add(name)
                elif not optional:
                    raise _missing(file, name, place, header)
        bound.append(event)
        periods.append(found)
    for condition in tape.skip:
        if header is not None and condition.column not in seen:
            raise _missing(file, condition.column, condition.place, header)
        needed.add(condition.column)
    order = tuple(name for name in header if name in needed) if header is not None else tuple(sorted(needed))
    return Binding(needed=order, events=tuple(bound), periods=tuple(periods))


def template_names(template: str) -> list[str]:
    """The names in the braces of a template."""
    return _PLACE.findall(template)


def source_columns(event: EventRule) -> frozenset[str]:
    """The source columns that an event rule reads, `{k}` not written out."""
    return frozenset(column for column, _, _ in _columns(event))


def _columns(event: EventRule) -> Iterator[tuple[str, str, bool]]:
    """Every source column that an event rule reads, the place that asks for it, and whether it may be absent."""
    own = {rule.name for rule in event.columns} | {"k"}
    for rule in (*event.columns, *(feature.rule for feature in event.features)):
        for term in (*rule.terms, *((rule.not_after,) if rule.not_after else ())):
            yield term.column, rule.place, rule.optional or rule.first
        for name in template_names(rule.template or ""):
            if name not in own:
                yield name, rule.place, rule.optional
    for condition in event.when:
        yield condition.column, condition.place, False
    for column in event.keep_if_any:
        yield column, event.place, True


def _periods(event: EventRule, header: Iterable[str] | None, file: str) -> tuple[int, ...]:
    names = tuple(header or ())
    found: dict[str, set[int]] = {}
    for stem in event.repeat:
        pattern = re.compile(re.escape(stem) + r"(\d{1,4})$")
        found[stem] = {int(match.group(1)) for name in names if (match := pattern.match(name))}
    first = found[event.repeat[0]]
    if not first:
        raise RequestError(
            f"{file}: no column of the repeated group {event.repeat[0]}1, {event.repeat[0]}2, ... is in the header "
            f"({event.place}). The mapping does not fit this file."
        )
    for stem, numbers in found.items():
        # A group that is wholly absent is judged column by column, as optional or missing.
        if numbers and numbers != first:
            odd = sorted(numbers ^ first)[0]
            raise RequestError(
                f"{file}: the repeated groups do not have the same periods: {event.repeat[0]} and {stem} differ at {odd}. "
                f"Add or remove the column {stem}{odd} ({event.place})."
            )
    return tuple(sorted(first))


def _written_out(rule: Rule, header: Sequence[str] | None, file: str) -> Rule:
    terms = []
    for term in rule.terms:
        column = term.column
        for word, choose in (("{last}", max), ("{first}", min)):
            if word in column:
                before, _, after = column.partition(word)
                pattern = re.compile(re.escape(before) + r"(\d{1,4})" + re.escape(after) + "$")
                numbers = [int(m.group(1)) for name in header or () if (m := pattern.match(name))]
                if not numbers:
                    raise RequestError(
                        f"{file}: no column {before}1{after}, {before}2{after}, ... is in the header ({rule.place})."
                    )
                column = column.replace(word, str(choose(numbers)))
        terms.append(Term(column=column, sign=term.sign))
    return replace(rule, terms=tuple(terms))


def _missing(file: str, name: str, place: str, header: Sequence[str]) -> RequestError:
    near = difflib.get_close_matches(name, header, 1, cutoff=0.75)
    hint = (
        f"The nearest is {near[0]!r}."
        if near
        else f"It has {len(header)}: {', '.join(header[:6])}{', ...' if len(header) > 6 else ''}."
    )
    return RequestError(
        f"{file}: there is no column {name!r}, which {place} reads. {hint} Correct the mapping, or mark it optional: true."
    )
