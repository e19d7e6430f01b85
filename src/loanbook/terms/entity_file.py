"""Reading a group's entities from YAML, one file each (`terms/entities/*.yaml`), and who books which role (`terms/entity_roles`).

entity: lantern_campus
kind: joint_venture              # parent, holding, wfoe, vie, subsidiary, trust, abs_plan, joint_venture
jurisdiction: CN
source: ...
names: [{name: Lantern Campus (example), from: 2020-10-15}]
currency: [{currency: CNY, from: 2020-10-15}]
holders:                         # `until` is the last day; {outside: name} is a holder that is not of the group
  - {holder: lantern_wfoe, share: 0.4, from: 2020-10-15, until: 2021-12-14}
  - {holder: lantern_wfoe, share: 0.7, from: 2021-12-15}
control:
  - {basis: none, method: equity, from: 2020-10-15, until: 2021-12-14}
  - {basis: ownership, method: full, from: 2021-12-15}
tax_rates: [{rate: 0.25, source: ..., from: 2020-10-15}]
major: [{from: 2021-12-15}]      # left out: it is no major operating entity
transparent: [{from: 2020-10-15}]  # left out: it is taxed itself; else who controls it by contract is taxed on what it earns
local_gaap:                      # left out: it files no statements of its own
  - {name: PRC ASBE, books: [CORE, IFRS], from: 2020-10-15}
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.currency import currency_of
from loanbook.terms.entity import (
    PPM,
    Basis,
    Booking,
    Bookings,
    Control,
    Dated,
    Entity,
    EntityKind,
    Group,
    Holding,
    LocalGaap,
    Method,
    Role,
    TaxRate,
    Worded,
)
from loanbook.terms.loading import Located, parse_located, read_located, read_text
from loanbook.terms.posting_rule import BOOKS, CORE, MEMO
from loanbook.terms.product import text_hash
from loanbook.units import RATE_SCALE, date

SHIPPED = Path(__file__).parent / "entities"
"""The example group; all made up."""
ROLES = Path(__file__).parent / "entity_roles"

_REQUIRED = ("entity", "kind", "jurisdiction", "source", "names", "currency", "control", "tax_rates")
_OPTIONAL = ("vehicle", "holders", "major", "local_gaap", "transparent")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_HALF = PPM // 2


def group_in(folder: Path = SHIPPED) -> Group:
    """The group of a folder's *.yaml.

    raises   TermsError with ``path:line:`` for what is wrong in a file or between files
    """
    return group_of(parse_entity(read_text(path, _shown(path)), _shown(path)) for path in sorted(folder.glob("*.yaml")))


def group_of(entities: Iterable[Entity]) -> Group:
    """A group of entities, checked against each other: one parent, every holder known, none held in a circle."""
    group = Group(entities=tuple(sorted(entities, key=lambda entity: entity.code)))
    codes = group.codes
    for one, other in pairwise(group.entities):
        if one.code == other.code:
            raise TermsError(f"{other.place}: the entity {one.code} is also in {one.place}. Rename one.")
    parents = [entity.code for entity in group.entities if entity.kind is EntityKind.PARENT]
    if len(parents) != 1:
        raise TermsError(f"entities: a group has one parent; found {', '.join(parents) or 'none'}.")
    for entity in group.entities:
        for holder in {each.holder for each in entity.holders if not each.outside} | {
            each.by for each in entity.control if each.by
        }:
            if holder not in codes:
                raise TermsError(f"{entity.place}: {entity.code} is held by {holder}, which is no entity. Write it as outside.")
        for on in entity.changes():
            group.upward(on)
            _check_control(entity, on)
    return group


def parse_entity(text: str, name: str) -> Entity:
    """The entity of a YAML text; `name` is what messages call it."""
    top = parse_located(text, name)
    items = top.fields("an entity", (*_REQUIRED, *_OPTIONAL), _REQUIRED)
    holders = tuple(_holding(entry) for entry in items["holders"].items("holders")) if "holders" in items else ()
    control = tuple(_control(entry) for entry in items["control"].items("control"))
    names = tuple(_worded(entry, "name") for entry in items["names"].items("names"))
    currencies = tuple(_worded(entry, "currency", currency_of) for entry in items["currency"].items("currency"))
    tax_rates = tuple(_tax(entry) for entry in items["tax_rates"].items("tax_rates"))
    local_gaap = tuple(_local(entry) for entry in items["local_gaap"].items("local_gaap")) if "local_gaap" in items else ()
    lists: tuple[tuple[str, Sequence[Dated]], ...] = (
        *(("names", names), ("currency", currencies), ("control", control), ("tax_rates", tax_rates)),
        *((("local_gaap", local_gaap),) if local_gaap else ()),
        *((f"holders of {who}", [each for each in holders if each.holder == who]) for who in {each.holder for each in holders}),
    )
    for what, periods in lists:
        _check_periods(items[what.split(maxsplit=1)[0]], what, periods)
    for on in {each.starts_on for each in holders}:
        held = sum(each.share_ppm for each in holders if each.holds(on))
        if held > PPM:
            raise items["holders"].wrong(f"on {date(on)} the shares add up to {held / PPM:.4f}, more than one.")
    return Entity(
        code=_matched(items["entity"], "entity", _CODE, "lower-case letters, digits and _"),
        kind=EntityKind(items["kind"].choice("kind", [kind.value for kind in EntityKind])),
        jurisdiction=_matched(items["jurisdiction"], "jurisdiction", _COUNTRY, "two capital letters, e.g. CN"),
        vehicle=items["vehicle"].text("vehicle") if "vehicle" in items else "",
        source=items["source"].text("source"),
        place=top.place,
        hash=text_hash(text),
        names=names,
        currencies=currencies,
        holders=holders,
        control=control,
        tax_rates=tax_rates,
        major=tuple(_dated(entry) for entry in items["major"].items("major")) if "major" in items else (),
        local_gaap=local_gaap,
        transparent=_transparent(items["transparent"], control) if "transparent" in items else (),
    )


def bookings_in(folder: Path = ROLES) -> Bookings:
    """All lines of a folder's *.yaml; two lines for one role, model and vehicle never hold on one day."""
    lines = [line for path in sorted(folder.glob("*.yaml")) for line in _bookings(read_located(path, _shown(path)))]
    key = [(line.role, line.model, line.vehicle) for line in lines]
    for place, line in enumerate(lines):
        for other in (lines[at] for at in range(place) if key[at] == key[place]):
            if _overlap(line, other):
                raise TermsError(
                    f"{line.place}: {line.role.value} is also said in {other.place} for the same days. End one first."
                )
    return Bookings(lines=tuple(lines))


def _bookings(top: Located) -> Iterable[Booking]:
    for entry in top.fields("a file of roles", ("entity_roles",), ("entity_roles",))["entity_roles"].items("entity_roles"):
        items = entry.fields("a line", ("role", "model", "vehicle", "entity", "from", "until"), ("role", "entity", "from"))
        period = _period(items)
        yield Booking(
            role=Role(items["role"].choice("role", [role.value for role in Role])),
            model=items["model"].text("model") if "model" in items else "",
            vehicle=items["vehicle"].text("vehicle") if "vehicle" in items else "",
            entity=items["entity"].text("entity"),
            place=entry.place,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
        )


def _shown(path: Path) -> str:
    return f"terms/{path.parent.name}/{path.name}"


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _period(items: dict[str, Located]) -> Dated:
    starts_on = items["from"].date("from")
    ends_on = items["until"].date("until") if "until" in items else None
    if ends_on is not None and ends_on < starts_on:
        raise items["until"].wrong(f"until lies before from ({date(starts_on)}). Swap them.")
    return Dated(starts_on=starts_on, ends_on=ends_on)


def _dated(entry: Located) -> Dated:
    return _period(entry.fields("a period", ("from", "until"), ("from",)))


def _transparent(item: Located, control: Sequence[Control]) -> tuple[Dated, ...]:
    periods = tuple(_dated(entry) for entry in item.items("transparent"))
    for period in periods:
        if not any(each.by and each.holds(period.starts_on) for each in control):
            raise item.wrong(f"on {date(period.starts_on)} nobody controls it by contract, to be taxed for it. Leave it out.")
    return periods


def _worded(entry: Located, what: str, read: Callable[[Located, str], str] = Located.text) -> Worded:
    items = entry.fields(f"a dated {what}", (what, "from", "until"), (what, "from"))
    period = _period(items)
    return Worded(word=read(items[what], what), starts_on=period.starts_on, ends_on=period.ends_on)


def _share(item: Located) -> int:
    share = item.scaled("share", PPM, "0.4")
    if not 0 <= share <= PPM:
        raise item.wrong(f"share must be a fraction from 0 to 1; got {item.value}. Write, e.g., 0.4.")
    return share


def _holding(entry: Located) -> Holding:
    items = entry.fields("a holder", ("holder", "outside", "share", "from", "until"), ("share", "from"))
    if ("holder" in items) == ("outside" in items):
        raise entry.wrong("a holder needs either holder (an entity of the group) or outside (a name). Write one of them.")
    period = _period(items)
    outside = "outside" in items
    return Holding(
        holder=items["outside" if outside else "holder"].text("holder"),
        outside=outside,
        share_ppm=_share(items["share"]),
        starts_on=period.starts_on,
        ends_on=period.ends_on,
    )


def _control(entry: Located) -> Control:
    items = entry.fields("a line of control", ("basis", "method", "by", "share", "from", "until"), ("basis", "method", "from"))
    basis = Basis(items["basis"].choice("basis", [basis.value for basis in Basis]))
    method = Method(items["method"].choice("method", [method.value for method in Method]))
    period = _period(items)
    contract = basis is Basis.CONTRACT
    for name in ("by", "share"):
        if contract != (name in items):
            raise entry.wrong(f"control by contract needs by and share; {basis.value} has {'no ' if contract else ''}{name!r}.")
    if (method is Method.FULL) == (basis is Basis.NONE):
        raise entry.wrong(
            f"method {method.value} does not go with basis {basis.value}: full needs control, equity and none have none."
        )
    return Control(
        basis=basis,
        method=method,
        by=items["by"].text("by") if contract else "",
        share_ppm=_share(items["share"]) if contract else 0,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
    )


def _tax(entry: Located) -> TaxRate:
    items = entry.fields("a tax rate", ("rate", "source", "from", "until"), ("rate", "source", "from"))
    rate = items["rate"].scaled("rate", RATE_SCALE, "0.25")
    if not 0 <= rate < RATE_SCALE:
        raise items["rate"].wrong(f"rate must be a fraction below 1; got {items['rate'].value}. Write, e.g., 0.25.")
    period = _period(items)
    return TaxRate(rate=rate, source=items["source"].text("source"), starts_on=period.starts_on, ends_on=period.ends_on)


def _local(entry: Located) -> LocalGaap:
    items = entry.fields("local rules", ("name", "books", "from", "until"), ("name", "books", "from"))
    period = _period(items)
    books = tuple(each.choice("a book", [book for book in BOOKS if book != MEMO]) for each in items["books"].items("books"))
    if CORE not in books or len(set(books)) < len(books):
        raise items["books"].wrong(f"books must name {CORE} and each other one once; got {', '.join(books)}.")
    return LocalGaap(name=items["name"].text("name"), books=books, starts_on=period.starts_on, ends_on=period.ends_on)


def _overlap(one: Dated, other: Dated) -> bool:
    return one.holds(other.starts_on) or other.holds(one.starts_on)


def _check_periods(item: Located, what: str, periods: Sequence[Dated]) -> None:
    for place, one in enumerate(periods):
        for other in periods[:place]:
            if _overlap(one, other):
                day = date(max(one.starts_on, other.starts_on))
                raise item.wrong(f"{what}: two lines hold on {day}. End the earlier one the day before.")


def _check_control(entity: Entity, on: int) -> None:
    if entity.kind is EntityKind.PARENT:
        return
    held = sum(share for _, share in entity.shares(on))
    method, basis = entity.method(on), entity.basis(on)
    if method is Method.FULL and basis is Basis.OWNERSHIP and held <= _HALF:
        raise TermsError(
            f"{entity.place}: on {date(on)} {entity.code} is controlled by a share of {held / PPM:.4f}; more than 0.5 is needed."
        )
    if method is Method.EQUITY and not 0 < held <= _HALF:
        raise TermsError(
            f"{entity.place}: on {date(on)} the equity method needs a share above 0 and up to 0.5; "
            f"{entity.code} has {held / PPM:.4f}."
        )
