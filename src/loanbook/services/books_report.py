"""The books of a closed quarter as a page: statements, notes, both bases, cash flows line by line, the bridge from entities."""

import datetime as dt
from collections.abc import Sequence

from loanbook import units
from loanbook.accounting.bridge import CONSOLIDATED, ELIMINATIONS, PERIMETER, RULES, SUM
from loanbook.errors import RequestError
from loanbook.services.book_rates import book_rates
from loanbook.services.entity_bridge import NET_PROFIT, REVENUE, bridge_of, is_inside
from loanbook.services.group_closes import GroupPeriod
from loanbook.services.group_statements import GroupStatements, group_statements, in_unit, signs_turned
from loanbook.statements.books_page import BooksPage, chapters, longest
from loanbook.statements.per_share import FX_SCALE
from loanbook.statements.periods import Period
from loanbook.statements.presentation_format import cell
from loanbook.statements.presentation_rounding import largest_remainder
from loanbook.statements.presentation_table import Head, Row, Table, words_of
from loanbook.statements.scale import AUTO
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Ledger
from loanbook.terms.entity import Group
from loanbook.units import HALF_UP, RATE_SCALE, mul_div

DOLLAR = "USD"
_SECTIONS = {
    "operating": ("Operating activities", "net_cash_operating"),
    "investing": ("Investing activities", "net_cash_investing"),
    "financing": ("Financing activities", "net_cash_financing"),
}
_STEPS = {
    SUM: "Major operating entities under local rules",
    RULES: "Other rules of accounting",
    PERIMETER: "Other entities of the group",
    ELIMINATIONS: "Within the group",
    CONSOLIDATED: "The group under US GAAP",
}
CASH_FLOW_LINES = "cash_flow_lines"
"""The table of cash flows by class, directly and indirectly."""
_NET_INCOME = "Net income"
_NET_PROFIT, _REVENUE = "Net profit", "Revenue"
_MEASURES = {REVENUE: _REVENUE, NET_PROFIT: _NET_PROFIT}


def books_page(book: Book, as_of: dt.date) -> BooksPage | None:
    """The page of the period that ends on a day; None when the books are not closed as of it.

    raises   TieError as `group_statements`
    """
    period = next((each for each in Ledger(book).periods() if str(each.manifest["ends_on"]) == as_of.isoformat()), None)
    if period is None or period.manifest["opening"]:
        return None
    rate = dollar_rate(book, as_of)
    found = in_unit(group_statements(book, period.name, rate=rate), AUTO)
    group = found.terms.group
    top = group.entity(group.top)
    company = top.name(units.day(as_of)).partition(" (")[0]
    span = longest(found.figures, found.quarter)
    own = [each for each in found.periods if is_inside(each, span)]
    notes = [cash_flow_table(found, own, span), *bridge_tables(found, group, span)]
    words = [
        f"{company} and the companies it controls, {period.name}, in {found.scale.words('RMB')}",
        f"{found.scale.words('US$')} at RMB {units.format_money(rate, 4)} a US$, the rate that the book holds of {as_of}"
        if rate
        else "",
        f"period {period.id}, known at {period.manifest['known_at']}, {period.manifest['entries']:,} entries",
    ]
    shown = chapters(found.figures, found.quarter, company=company, notes=notes)
    turned = signs_turned(found, [made for each in shown for made in each.tables])
    return BooksPage(
        quarter=period.name,
        sentence="; ".join(each for each in words if each) + ".",
        chapters=shown,
        findings=(*period.manifest["findings"], *found.findings, *turned),
    )


def dollar_rate(book: Book, on: dt.date) -> int:
    """The rate of a day for the convenience translation, `per_share.FX_SCALE`-ths; 0 when the book has none."""
    try:
        rate = book_rates(load_corporate(book.folder)).spot(DOLLAR, units.day(on))
    except RequestError:
        return 0
    return int(mul_div(rate, FX_SCALE, RATE_SCALE, HALF_UP))


def cash_flow_table(found: GroupStatements, periods: Sequence[GroupPeriod], span: Period) -> Table:
    """Cash flows by class, then the operating ones indirectly; lines share the rounded totals of the statement."""
    rows: list[Row] = []
    for section, (title, code) in _SECTIONS.items():
        total = found.figures.value(code, span) or 0
        rows += _rows(title, _lines(periods, "direct", section), f"Net cash: {title.lower()}", total, found.scale.fen)
    total = found.figures.value("net_cash_operating", span) or 0
    (first, _), *others = _lines(periods, "indirect", "operating")
    income = found.figures.value("net_income", span) or 0
    below = _rows("Operating activities, from net income", others, "", total - income, found.scale.fen)
    rows += [below[0], _row(first, "leaf", (income,)), *below[1:-1], _row("Net cash: operating activities", "total", (total,))]
    heads = (Head(period=span, words=words_of(span, "CNY")),)
    return Table(
        name=CASH_FLOW_LINES, title="Cash flows by class, and operating ones from net income", heads=heads, rows=tuple(rows)
    )


def _lines(periods: Sequence[GroupPeriod], presentation: str, section: str) -> list[tuple[str, int]]:
    amounts: dict[str, int] = {}
    for each in periods:
        lines = each.cash.direct if presentation == "direct" else each.cash.indirect
        for line in lines:
            if line.section == section:
                amounts[line.title] = amounts.get(line.title, 0) + line.amount_fen
    return [(title, amount) for title, amount in amounts.items() if amount or title == _NET_INCOME]


def _rows(heading: str, lines: Sequence[tuple[str, int]], closing: str, total: int, unit: int) -> list[Row]:
    shares = largest_remainder([amount for _, amount in lines], total, unit)
    rows = [Row(words=heading, code="", kind="heading", cells=("",), amounts=())]
    rows += [_row(title, "leaf", (share,)) for (title, _), share in zip(lines, shares, strict=True)]
    return [*rows, _row(closing, "total", (total,))]


def _row(words: str, kind: str, amounts: tuple[int, ...]) -> Row:
    return Row(words=words, code="", kind=kind, cells=tuple(cell(amount, "money", "-") for amount in amounts), amounts=amounts)


def bridge_tables(found: GroupStatements, group: Group, span: Period) -> list[Table]:
    """From the sum of the major operating entities to the group, revenue and net profit; empty without major entities."""
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for row in bridge_of(found, span).to_pylist():
        measures = sums.setdefault((row["step"], row["part"]), {})
        measures[_MEASURES[row["measure"]]] = row["amount_fen"]
    if not any(step == SUM for step, _ in sums):
        return []
    names = (_REVENUE, _NET_PROFIT)
    shown = {_REVENUE: "total_net_revenue", _NET_PROFIT: "net_income"}
    totals = {name: found.figures.value(shown[name], span) or 0 for name in names}
    keys = [key for step in _STEPS for key in sums if key[0] == step != CONSOLIDATED]
    shares = {name: largest_remainder([sums[key].get(name, 0) for key in keys], totals[name], found.scale.fen) for name in names}
    rows_made: list[Row] = []
    for step, title in _STEPS.items():
        places = [place for place, key in enumerate(keys) if key[0] == step]
        if step == CONSOLIDATED:
            rows_made.append(_row(title, "total", tuple(totals.values())))
        elif places:
            rows_made.append(Row(words=title, code="", kind="heading", cells=("",) * len(names), amounts=()))
            rows_made += [
                _row(_named(group, keys[at][1], span), "leaf", tuple(shares[name][at] for name in names)) for at in places
            ]
    heads = tuple(Head(period=span, words=f"{name}: {words_of(span, 'CNY')}") for name in names)
    return [Table(name="bridge", title="From operating entities to the group", heads=heads, rows=tuple(rows_made))]


def _named(group: Group, part: str, span: Period) -> str:
    if part in group.codes:
        return group.entity(part).name(span.ends_on)
    return part[:1].upper() + part[1:].replace("_", " ")
