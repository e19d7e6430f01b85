"""Read a mapping from YAML and check all of it before any tape is opened; every error says path:line and what to write."""

import hashlib
import re
import zoneinfo
from pathlib import Path

from loanbook import events
from loanbook.errors import TermsError
from loanbook.events import Column, Type
from loanbook.stores.importers.dates import MOMENT, format_pattern
from loanbook.stores.importers.mapping import (
    Condition,
    EventRule,
    Feature,
    Format,
    Rule,
    Tape,
    TapeMapping,
    Term,
    Unit,
)
from loanbook.terms.currency import coarse, currency_of
from loanbook.terms.loading import Located, read_located

SHIPPED = Path(__file__).parent / "mappings"
FILLED = ("recorded_at", "source")
"""Common columns that the importer fills when a mapping does not."""

_TOP = ("mapping", "title", "source", "currency", "decimals", "tapes")
_TAPE = ("name", "files", "format", "encoding", "delimiter", "quote", "nulls", "newlines_in_values", "skip_when", "events")
_EVENT = ("repeat", "keep_if_any", "when", "first_of_loan", "dated_by_loan", "columns", "features")
_RULE = (
    *("from", "first_of", "sum", "value", "template", "format", "zone", "add_months", "month_end", "month_day", "unit", "minor"),
    "strip",
    *("thousands", "decimal_mark", "map", "otherwise", "default", "round", "negative", "least", "most", "not_after", "optional"),
    "type",
)
_SOURCES = ("from", "first_of", "sum", "value", "template")
_DATE_ONLY = ("format", "zone", "add_months", "month_end", "month_day", "not_after")
_NUMBER_ONLY = ("minor", "thousands", "decimal_mark", "round", "negative", "least", "most")
_FEATURES = ("number", "text", "date", "flag")
_ADD = re.compile(r"^(?:-?k([+-]\d+)?|([+-]?\d+))$")
_MONTHS_MOST = 1_200
_NUMBER_MOST = 10**15
_MOST_DECIMALS = 8


def shipped_mappings() -> dict[str, Path]:
    """The mappings that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def find_mapping(name: str) -> TapeMapping:
    """A shipped mapping by its name, or a mapping file by its path.

    raises   TermsError when there is neither, or the file says something impossible
    """
    shipped = shipped_mappings()
    if name in shipped:
        return read_mapping(shipped[name], shown=f"{name}.yaml")
    path = Path(name)
    if not path.is_file():
        raise TermsError(f"{name}:1: there is no such mapping file, and no shipped mapping of that name ({', '.join(shipped)}).")
    return read_mapping(path)


def read_mapping(path: Path, shown: str | None = None) -> TapeMapping:
    """The mapping of a YAML file, fully checked; raises TermsError with path:line."""
    located = read_located(path, shown)
    top = located.fields("the mapping", _TOP, ("mapping", "currency", "tapes"))
    decimals = top["decimals"].integer("decimals") if "decimals" in top else 2
    if not 0 <= decimals <= _MOST_DECIMALS:
        raise top["decimals"].wrong(f"decimals of the currency must be 0 to {_MOST_DECIMALS}, not {decimals}.")
    currency = currency_of(top["currency"])
    few = coarse(currency, decimals)
    if few:
        raise top["decimals" if "decimals" in top else "currency"].wrong(few)
    tapes = tuple(_tape(item, decimals, currency) for item in top["tapes"].items("tapes"))
    if not tapes:
        raise top["tapes"].wrong("tapes must list at least one kind of file.")
    products: dict[str, None] = {}
    for tape in tapes:
        for event in tape.events:
            for rule in event.columns:
                if rule.name == "product":
                    products.update(dict.fromkeys(_constants(rule)))
    return TapeMapping(
        name=top["mapping"].text("mapping"),
        title=top["title"].text("title") if "title" in top else "",
        source=top["source"].text("source") if "source" in top else "",
        currency=currency,
        currency_place=top["currency"].place,
        decimals=decimals,
        decimals_place=top["decimals" if "decimals" in top else "currency"].place,
        tapes=tapes,
        products=tuple(products),
        text_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
        place=located.place,
    )


def _constants(rule: Rule) -> list[str]:
    named = [rule.value, rule.otherwise, rule.default, *(word for _, word in rule.words or ())]
    return [name for name in named if name]


def _tape(item: Located, decimals: int, currency: str) -> Tape:
    fields = item.fields("a tape", _TAPE, ("name", "files", "format", "events"))
    kind = Format(fields["format"].choice("format", [f.value for f in Format]))
    for name in ("encoding", "delimiter", "quote", "newlines_in_values"):
        if name in fields and kind is not Format.CSV:
            raise fields[name].wrong(f"{name} is a setting of CSV tapes; this tape is {kind.value}.")
    delimiter = fields["delimiter"].text("delimiter") if "delimiter" in fields else ","
    if len(delimiter) != 1:
        raise fields["delimiter"].wrong(f'delimiter must be one character, not {delimiter!r}. A tab is "\\t".')
    quote = fields["quote"].text("quote") if "quote" in fields else '"'
    if len(quote) != 1:
        raise fields["quote"].wrong(f"quote must be one character, not {quote!r}.")
    for name, mark in (("delimiter", delimiter), ("quote", quote)):
        if mark in "\r\n" or (name == "quote" and quote == delimiter):
            raise fields.get(name, item).wrong(
                f"{name} is {mark!r}, which ends lines or is the delimiter already. Write another."
            )
    encoding = fields["encoding"].text("encoding") if "encoding" in fields else "utf-8"
    try:
        "".encode(encoding)
    except LookupError:
        raise fields["encoding"].wrong(f"{encoding!r} is not a text encoding. Write e.g. utf-8, latin-1, gb18030.") from None
    nulls: tuple[str, ...] = ("",)
    if "nulls" in fields:
        nulls = tuple("" if n.value is None else n.text("a null") for n in fields["nulls"].items("nulls"))
    kinds = fields["events"].names("events")
    rules = tuple(_event(name, value, decimals, currency) for name, value in kinds.items())
    if not rules:
        raise fields["events"].wrong("events must name at least one kind of event.")
    return Tape(
        place=item.place,
        name=fields["name"].text("name"),
        files=tuple(f.text("a file pattern") for f in fields["files"].items("files")),
        format=kind,
        events=rules,
        skip=_conditions(fields.get("skip_when")),
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        nulls=nulls,
        newlines_in_values="newlines_in_values" in fields and fields["newlines_in_values"].flag("newlines_in_values"),
    )


def _event(name: str, item: Located, decimals: int, currency: str) -> EventRule:
    kind = events.BY_NAME.get(name)
    if kind is None:
        raise item.wrong(f"{name!r} is not a kind of event. Known: {', '.join(events.BY_NAME)}.")
    fields = item.fields(name, _EVENT, ("columns",))
    known = {column.name: column for column in events.columns(kind)}
    given = fields["columns"].fields(name, known)
    features: tuple[Feature, ...] = ()
    if "features" in fields:
        if "features" not in known:
            raise fields["features"].wrong(f"{name} has no features; application_received has.")
        features = tuple(_feature(n, v, decimals) for n, v in fields["features"].names("features").items())
    rules = [_rule(n, v, known[n], decimals) for n, v in given.items()]
    if "currency" in known and "currency" not in given:
        rules.append(Rule(place=item.place, name="currency", value=currency))
    present = {rule.name for rule in rules} | ({"features"} if features else set())
    missing = [c.name for c in known.values() if c.required and c.name not in present and c.name not in FILLED]
    if missing:
        raise item.wrong(f"{name} needs {', '.join(missing)}. Map each to a source column, or write a value.")
    repeat = tuple(r.text("a stem of a repeated group") for r in fields["repeat"].items("repeat")) if "repeat" in fields else ()
    for rule in rules:
        if not repeat and (_uses_period(rule)):
            raise TermsError(
                f"{rule.place}: {{k}} is the period of a repeated group; name its columns under repeat, e.g. [BAL, PRC]."
            )
    return EventRule(
        place=item.place,
        kind=kind,
        columns=tuple(rules),
        features=features,
        repeat=repeat,
        keep_if_any=tuple(k.text("a column") for k in fields["keep_if_any"].items("keep_if_any"))
        if "keep_if_any" in fields
        else (),
        when=_conditions(fields.get("when")),
        first_of_loan="first_of_loan" in fields and fields["first_of_loan"].flag("first_of_loan"),
        dated_by_loan="dated_by_loan" in fields and fields["dated_by_loan"].flag("dated_by_loan"),
    )


def _uses_period(rule: Rule) -> bool:
    return any("{k}" in term.column for term in rule.terms) or "k" in rule.add_months or "{k}" in (rule.template or "")


def _feature(name: str, item: Located, decimals: int) -> Feature:
    kind = "text"
    if isinstance(item.value, dict) and "type" in item.value:
        kind = item.value["type"].choice("type", _FEATURES)
    types = {"number": Type.RATE, "text": Type.TEXT, "date": Type.DATE, "flag": Type.TEXT}
    text = "A feature."
    return Feature(
        type=kind, rule=_rule(name, item, Column(name=name, type=types[kind], text=text, required=False), decimals, feature=True)
    )


def _rule(name: str, item: Located, column: Column, decimals: int, *, feature: bool = False) -> Rule:
    if not isinstance(item.value, dict):
        return Rule(place=item.place, name=name, terms=(_term(item),), scale=10**decimals, formats=("YYYY-MM-DD",))
    fields = item.fields(name, _RULE if feature else _RULE[:-1])
    _check_settings(name, item, fields, column.type)
    formats = tuple(f.text("format") for f in fields["format"].items("format")) if "format" in fields else ("YYYY-MM-DD",)
    for written in formats:
        if written != MOMENT and format_pattern(written) is None:
            raise fields["format"].wrong(
                f"{written!r} is not a date format. Write YYYY, MM (or MON for Jan), DD and separators, "
                f"e.g. MM-DD-YYYY, or {MOMENT}."
            )
    zone = fields["zone"].text("zone") if "zone" in fields else "UTC"
    if zone not in zoneinfo.available_timezones():
        raise fields["zone"].wrong(f"{zone!r} is not a time zone. Write e.g. America/New_York.")
    add = fields["add_months"].text("add_months") if "add_months" in fields else "0"
    shape = _ADD.match(add)
    if shape is None:
        raise fields["add_months"].wrong(f"add_months must be a whole number, k or -k (k: the period), not {add!r}.")
    if abs(int(shape[1] or shape[2] or 0)) > _MONTHS_MOST:
        raise fields["add_months"].wrong(f"add_months must lie between -{_MONTHS_MOST:,} and {_MONTHS_MOST:,}; got {add}.")
    mark = fields["decimal_mark"].choice("decimal_mark", (".", ",")) if "decimal_mark" in fields else "."
    scale = 1 if "minor" in fields and fields["minor"].flag("minor") else 10**decimals
    return Rule(
        place=item.place,
        name=name,
        terms=_terms(fields),
        first="first_of" in fields,
        value=fields["value"].text("value") if "value" in fields else None,
        template=fields["template"].text("template") if "template" in fields else None,
        formats=formats,
        zone=zone,
        add_months=add,
        month_end="month_end" in fields and fields["month_end"].flag("month_end"),
        month_day=fields["month_day"].whole("month_day", 1, 28) if "month_day" in fields else 1,
        unit=Unit(fields["unit"].choice("unit", [u.value for u in Unit])) if "unit" in fields else Unit.FRACTION,
        scale=scale,
        strip=tuple(_cut(s, "strip") for s in fields["strip"].items("strip")) if "strip" in fields else (),
        thousands=_separator(fields["thousands"], mark) if "thousands" in fields else "",
        decimal_mark=mark,
        words=_words(fields["map"]) if "map" in fields else None,
        otherwise=fields["otherwise"].text("otherwise") if "otherwise" in fields else None,
        default=fields["default"].text("default") if "default" in fields else None,
        round_cents="round" in fields and bool(fields["round"].choice("round", ("half_up",))),
        keep_negative="negative" in fields and fields["negative"].choice("negative", ("keep", "refuse")) == "keep",
        least=fields["least"].whole("least", -_NUMBER_MOST, _NUMBER_MOST) if "least" in fields else None,
        most=fields["most"].whole("most", -_NUMBER_MOST, _NUMBER_MOST) if "most" in fields else None,
        not_after=_term(fields["not_after"]) if "not_after" in fields else None,
        optional="optional" in fields and fields["optional"].flag("optional"),
    )


def _check_settings(name: str, item: Located, fields: dict[str, Located], kind: Type) -> None:
    chosen = [source for source in _SOURCES if source in fields]
    if len(chosen) != 1:
        raise item.wrong(f"{name} needs exactly one of {', '.join(_SOURCES)}; it has {', '.join(chosen) or 'none'}.")
    for settings, kinds, what in (
        (_DATE_ONLY, (Type.DATE, Type.MOMENT), "dates"),
        (_NUMBER_ONLY, (Type.MONEY, Type.RATE, Type.INTEGER), "numbers"),
        (("unit",), (Type.RATE,), "rates"),
    ):
        for setting in settings:
            if setting in fields and kind not in kinds:
                raise fields[setting].wrong(f"{setting} is a setting of {what}; {name} is {kind.value}.")
    if "sum" in fields and kind not in (Type.MONEY, Type.INTEGER):
        raise fields["sum"].wrong(f"sum adds up money or whole numbers; {name} is {kind.value}.")


def _cut(item: Located, what: str) -> str:
    text = item.text(what)
    if not text:
        raise item.wrong(f'{what} is empty, so there is nothing to cut. Write the text to cut, e.g. "%", or remove the setting.')
    return text


def _separator(item: Located, mark: str) -> str:
    text = _cut(item, "thousands")
    if mark in text or any(c.isdigit() or c in "+-" for c in text):
        raise item.wrong(
            f"thousands is {text!r}, which numbers need themselves (decimal_mark is {mark!r}). Write the separator, "
            f'e.g. "{"." if mark == "," else ","}", and set decimal_mark where it is not a point.'
        )
    return text


def _terms(fields: dict[str, Located]) -> tuple[Term, ...]:
    if "from" in fields:
        return (_term(fields["from"]),)
    if "first_of" in fields:
        return tuple(_term(item) for item in fields["first_of"].items("first_of"))
    if "sum" in fields:
        return tuple(_term(item, signed=True) for item in fields["sum"].items("sum"))
    return ()


def _term(item: Located, *, signed: bool = False) -> Term:
    text = item.text("a source column")
    negative = signed and text.startswith("-")
    return Term(column=text[1:].strip() if negative else text, sign=-1 if negative else 1)


def _words(item: Located) -> tuple[tuple[str, str | None], ...]:
    return tuple((name, None if v.value is None else v.text("a word")) for name, v in item.names("map").items())


def _conditions(item: Located | None) -> tuple[Condition, ...]:
    if item is None:
        return ()
    return tuple(_condition(name, value) for name, value in item.names("conditions").items())


def _condition(column: str, item: Located) -> Condition:
    fields = item.fields(f"the condition on {column}", ("present", "in", "not_in", "above"))
    if len(fields) != 1:
        raise item.wrong(f"the condition on {column} must be one of present, in, not_in, above.")
    if "present" in fields:
        return Condition(place=item.place, column=column, present=fields["present"].flag("present"))
    if "above" in fields:
        return Condition(place=item.place, column=column, above=fields["above"].whole("above", -_NUMBER_MOST, _NUMBER_MOST))
    name = "in" if "in" in fields else "not_in"
    words = tuple(word.text("a word") for word in fields[name].items(name))
    return Condition(place=item.place, column=column, words=words, negated=name == "not_in")
