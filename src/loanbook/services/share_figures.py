"""Weighted average shares of the periods that statements show, on both bases, out of the listed company's corporate events."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from loanbook import units
from loanbook.accounting.corporate_postings import grants, known
from loanbook.accounting.earnings_per_share import (
    Capital,
    PeriodShares,
    average_price,
    capital_of,
    diluted_of,
    period_shares,
    year_to_date,
)
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.grants import roll_forward
from loanbook.accounting.share_based import US_GAAP, ifrs
from loanbook.accounting.weighted_shares import YearToDate
from loanbook.errors import RequestError
from loanbook.loans.dates import add_months
from loanbook.services.corporate_amounts import known_by
from loanbook.services.return_figures import return_amounts
from loanbook.statements.periods import Period
from loanbook.statements.presentation import Figures, Key
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Period as Closed
from loanbook.terms.accounting_policy import FOLDER as POLICIES
from loanbook.terms.accounting_policy import load_policies
from loanbook.terms.chart import Chart
from loanbook.terms.conventions import MonthEnd
from loanbook.terms.entity import Group
from loanbook.terms.statement import BASE, Statements
from loanbook.units import HALF_UP, mul_div

BASIC, DILUTED = "weighted_average_shares_basic", "weighted_average_shares_diluted"
_INCOME = "net_income_attributable_to_company"
_SHARES = ("opening_shares", "shares_issued")
_QUARTER = 3
_SAME_DAY = int(MonthEnd.SAME_DAY)
_AWARDS = {"opening": 1, "granted": 1, "forfeited": -1, "exercised": -1, "expired": -1, "vested": 1, "closing_unvested": 1}
_BASES = ((BASE, US_GAAP, YearToDate.AVERAGE_OF_QUARTERS), ("ifrs", ifrs(), YearToDate.INDEPENDENT))


def share_amounts(
    book: Book, closed: Closed, group: Group, chart: Chart, statements: Statements, exact: Mapping[Key, int]
) -> tuple[dict[Key, int], tuple[str, ...]]:
    """Weighted average shares, basic and diluted, of every period with flows, as a closed period knew the events.

    exact     amounts in fen as shown: dilution is judged by the income of each basis
    returns   by line, period and column, in ones; what is missing, in words: no company with shares, no average price
    rounding  year to date: the average of quarters on US GAAP (ASC 260-10-55-3), a period of its own on IFRS (IAS 33.37)
    """
    end, known_on = (units.day(closed.manifest[name]) for name in ("ends_on", "known_at"))
    tables = known(load_corporate(book.folder), end, known_by(known_on))
    entity = listed_entity(tables, group)
    if entity is None:
        return {}, ("No company of the group has told of shares, so there are no figures a share. Import shares_issued.",)
    policy = load_policies(closed.manifest["policy"], end, book.room(POLICIES))[-1]
    terms = EquityTerms(par_per_million_fen=policy.par_per_million_fen)
    currency = group.entity(entity).currency(end)
    engine = Figures(statements=statements, amounts=exact)
    found: dict[Key, int] = {}
    findings: dict[str, None] = {}
    for column, awards, method in _BASES:
        capital = capital_of(tables, entity, currency, terms, chart, policy=awards)
        for span in _spans(exact):
            shares, missing = _shares(capital, tables, entity, span, method)
            found[BASIC, span, column] = shares.basic.shares
            findings |= dict.fromkeys(missing)
            income = engine.value(_INCOME, span, column)
            if not missing and income is not None:
                found[DILUTED, span, column] = diluted_of(shares, income).shares
    found |= _awards(tables, entity, _spans(exact))
    returned, wrong = return_amounts(tables, entity, _spans(exact), engine.shares_per_ads)
    return found | returned, (*findings, *wrong)


def _awards(tables: Mapping[str, pa.Table], entity: str, spans: Sequence[Period]) -> dict[Key, int]:
    """Lines of the note on awards: what leaves is below zero; nothing of a company that has granted none."""
    made, moved = grants(tables)
    own = [grant for grant in made if grant.entity == entity]
    found: dict[Key, int] = {}
    for span in spans if own else ():
        assert span.starts_on is not None
        moves = roll_forward(own, moved, span.starts_on, span.ends_on)
        for name, sign in _AWARDS.items():
            found[f"awards_{name.removeprefix('closing_')}", span, BASE] = sign * moves[name]
    return found


def listed_entity(tables: Mapping[str, pa.Table], group: Group) -> str | None:
    """Whose shares are counted: the group's parent, or the one company that has told of shares; None when nobody has."""
    owners = {str(name) for kind in _SHARES if kind in tables for name in tables[kind]["entity"].to_pylist()}
    if group.top in owners:
        return group.top
    return owners.pop() if len(owners) == 1 else None


def _spans(exact: Mapping[Key, int]) -> list[Period]:
    """Quarters and years to date of which there are flows; a quarter that is told as a year to date only, too."""
    spans = {period for _, period, column in exact if not period.is_instant and column == BASE}
    last = {Period(starts_on=_quarter_start(span.ends_on), ends_on=span.ends_on) for span in spans}
    return sorted(spans | last)


def _quarter_start(end: int) -> int:
    return int(add_months(end + 1, -_QUARTER, _SAME_DAY))


def _quarters(span: Period) -> Iterator[Period]:
    start, end = span.starts_on, span.ends_on
    assert start is not None
    while end >= start:
        yield Period(starts_on=_quarter_start(end), ends_on=end)
        end = _quarter_start(end) - 1


def _shares(
    capital: Capital, tables: Mapping[str, pa.Table], entity: str, span: Period, method: YearToDate
) -> tuple[PeriodShares, list[str]]:
    """Shares of a span, and what is missing for its diluted ones."""
    parts = sorted(_quarters(span))
    prices, missing = [], []
    for part in parts:
        assert part.starts_on is not None
        try:
            prices.append(average_price(tables, entity, capital.currency, part.starts_on, part.ends_on))
        except RequestError as error:
            prices.append(1)
            missing += [str(error)] if capital.grants else []
    quarters = [_of(capital, part, price) for part, price in zip(parts, prices, strict=True)]
    if len(parts) == 1:
        return quarters[0], missing
    return year_to_date(quarters, _of(capital, span, _mean(parts, prices)), method), missing


def _of(capital: Capital, span: Period, price: int) -> PeriodShares:
    assert span.starts_on is not None
    return period_shares(capital, span.starts_on, span.ends_on, price)


def _mean(parts: Sequence[Period], prices: Sequence[int]) -> int:
    """The average price of a year to date: that of its quarters by days (policy choice)."""
    days = [part.ends_on - (part.starts_on or 0) + 1 for part in parts]
    total = sum(price * count for price, count in zip(prices, days, strict=True))
    return int(mul_div(total, 1, sum(days), HALF_UP))
