"""The presentation engine: from leaf amounts of lines to every figure of a document.

Amounts come from a ledger or from a filing, in the sign in which they are shown, rounded to the document's unit: thousands, or
ones (`scale`); `presentation_rounding` rounds exact fen. Totals are sums of leaves; a quarter is the year to date less the year
to date before it; US$ leaves are RMB over the document's one rate, and one line absorbs what translation leaves open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loanbook.errors import RequestError
from loanbook.statements.per_share import FX_SCALE, in_dollars, per_share
from loanbook.statements.periods import Period
from loanbook.terms.statement import BASE, OWN_COLUMN, Line, Statements
from loanbook.units import HALF_UP, mul_div, parse_decimal

Key = tuple[str, Period, str]
"""Line, period, column."""

CNY, USD = "CNY", "USD"
MINOR_PER_THOUSAND = 100_000
_PERCENT = 100
_COMPUTED = ("ratio", "ads", "per_share")
"""Kinds of lines that are computed in each column, in one that adds up others too."""
_MINOR = 100
_ONES = {"million": 1_000_000, "tenths_million": 100_000}
"""How many ones are in one of a unit; ratios between units need it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """Figures of a document, each computed when it is asked for.

    amounts          given amounts in the unit of their line (money in the document's; shares and counts in ones); a total may be
                     given where its lines are not
    scale_fen        fen in one of the document's unit of money
    rate             `FX_SCALE`-ths of RMB a US$; 0: the document has no US$ column
    missing_is_nil   a leaf without an amount in a period that has amounts is nothing (a ledger); else it is not known (a filing).
                     In an adjustment column what is missing is always nothing
    """

    statements: Statements
    amounts: Mapping[Key, int]
    rate: int = 0
    scale_fen: int = MINOR_PER_THOUSAND
    shares_per_ads: int = 2
    missing_is_nil: bool = True
    _made: dict[tuple[str, Period, str, str], int | None] = field(default_factory=dict)
    _spans: dict[int, set[int]] = field(default_factory=dict)
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _given: set[tuple[Period, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for code, period, column in self.amounts:
            self.statements.line(code)
            self._given.add((period, column))
            if period.starts_on is not None:
                self._spans.setdefault(period.ends_on, set()).add(period.starts_on)
        for statement in self.statements.by_name.values():
            for each in statement.columns:
                if each.sum and each.sum != ("all",):
                    self._columns[each.code] = each.sum
                elif each.sum:
                    by = tuple(f"{other.by}=" for other in statement.columns if other.by)
                    members = sorted({column for _, _, column in self.amounts if column.startswith(by)})
                    self._columns[each.code] = tuple(members)

    def value(self, code: str, period: Period, column: str = BASE, currency: str = CNY) -> int | None:
        """One figure in the unit of its line (hundredths a share; tenths of a percent); None when it is not known.

        A balance that is asked for a flow's period is the one at its end.
        raises   RequestError for an unknown line, or US$ without a rate
        """
        line = self.statements.line(code)
        if currency == USD and not self.rate:
            raise RequestError("the document has no exchange rate; give `rate` for a US$ column.")
        if line.accumulation == "instant" and not period.is_instant:
            period = period.end
        key = (code, period, column, currency)
        if key not in self._made:
            self._made[key] = self._translated(line, period, column) if currency == USD else self._in_base(line, period, column)
        return self._made[key]

    def _in_base(self, line: Line, period: Period, column: str) -> int | None:
        given = self.amounts.get((line.code, period, column))
        if given is not None:
            return int(given)
        if column in self._columns and line.kind not in _COMPUTED:
            return self._sum((1, self.value(line.code, period, each)) for each in self._columns[column])
        if line.kind in _COMPUTED:
            return self._computed(line, period, column, CNY)
        if line.kind == "taken":
            return self._taken(line, period, column, CNY)
        if line.kind == "opening":
            return self._opening(line, period, column)
        if line.kind == "total":
            found = self._sum((sign, self.value(code, period, column)) for sign, code in line.addends)
            return self._difference(line, period, column) if found is None else found
        parts = [self.amounts.get((part, period, column)) for part in self.statements.parts(line.code)]
        if parts and any(part is not None for part in parts) and (column != BASE or self.missing_is_nil):
            return sum(int(part) for part in parts if part is not None)
        found = self._difference(line, period, column)
        if found is not None:
            return found
        absent_is_nil = column != BASE or line.shown == "unless_nil" or (self.missing_is_nil and (period, column) in self._given)
        return 0 if absent_is_nil and line.unit == "money" else None

    def _translated(self, line: Line, period: Period, column: str) -> int | None:
        if line.kind in _COMPUTED:
            return self._computed(line, period, column, USD)
        if line.kind == "total" and (line.code, period, column) not in self.amounts:
            return self._sum((sign, self.value(code, period, column, USD)) for sign, code in line.addends)
        if line.kind == "taken":
            return self._taken(line, period, column, USD)
        if line.residue == "all":
            absorbed = self._absorbing(line, period, column)
            if absorbed is not None:
                return absorbed
        amount = self.value(line.code, period, column)
        return amount if amount is None or line.unit != "money" else in_dollars(amount, self.rate)

    def _computed(self, line: Line, period: Period, column: str, currency: str) -> int | None:
        if line.kind == "ads" or (line.kind == "per_share" and line.of):
            value = self.value(line.of[0], period, column, currency)
            if value is None:
                return None
            return (
                self.shares_per_ads * value if line.kind == "per_share" else int(mul_div(value, 1, self.shares_per_ads, HALF_UP))
            )
        if line.kind == "per_share" and line.per == "share" and currency == USD:
            in_yuan = self.value(line.code, period, column)
            return None if in_yuan is None else in_dollars(in_yuan, self.rate)
        if line.kind == "ratio":
            return self.ratio(line.code, period, column, currency)
        above = self.value(line.numerator, period, column, currency)
        below = self.value(line.denominator, period, column, currency)
        if above is None or below is None or below <= 0:
            return None
        return per_share(above * self.scale_fen, below)

    def ratio(self, code: str, period: Period, column: str = BASE, currency: str = CNY, decimals: int = 1) -> int | None:
        """A ratio line with other decimals than it has in its table: percent (times: ones) in 10^decimals-ths, rounded once."""
        line = self.statements.line(code)
        above = self.value(line.numerator, period, column, currency)
        below = self.value(line.denominator, period, column, currency)
        if above is None or below is None or below <= 0:
            return None
        numerator, denominator = (self._ones(self.statements.line(each)) for each in (line.numerator, line.denominator))
        scale = 10**decimals * (1 if line.unit == "times" else _PERCENT)
        return int(mul_div(above * numerator, scale, below * denominator, HALF_UP))

    def _ones(self, line: Line) -> int:
        return self.scale_fen // _MINOR if line.unit == "money" else _ONES.get(line.unit, 1)

    def _taken(self, line: Line, period: Period, column: str, currency: str) -> int | None:
        sign, code = line.takes.get(column, (0, ""))
        amount = self.value(code, period, BASE, currency) if code else 0
        return None if amount is None else sign * amount

    def _opening(self, line: Line, period: Period, column: str) -> int | None:
        """The balance at the day before: given under its own code, the codes it is of, or a closing on that day."""
        if period.starts_on is None:
            return None
        given = self.amounts.get((line.code, period.eve, column))
        if given is not None:
            return int(given)
        own = line.of == OWN_COLUMN
        if own and column not in self.statements.lines:
            return None
        if own or column == BASE:
            found = self._sum((1, self.value(code, period.eve)) for code in balances(line.of, column))
            if found is not None:
                return found
        closing = self._closing(line.code)
        for start in sorted(self._spans.get(period.starts_on - 1, ())):
            found = self.value(closing.code, Period(starts_on=start, ends_on=period.starts_on - 1), column)
            if found is not None:
                return found
        return 0 if self.missing_is_nil else None

    def _closing(self, opening: str) -> Line:
        return next(line for line in self.statements.lines.values() if any(code == opening for _, code in line.addends))

    def _difference(self, line: Line, period: Period, column: str) -> int | None:
        """The year to date less the year to date before the period began; None where the two are not there, and for shares."""
        if period.starts_on is None or line.unit == "shares":
            return None
        for start in sorted(self._spans.get(period.ends_on, set()) & self._spans.get(period.starts_on - 1, set())):
            spans = [Period(starts_on=start, ends_on=end) for end in (period.ends_on, period.starts_on - 1)]
            if start >= period.starts_on or not all(self._tells(span, column) for span in spans):
                continue
            whole, before = (self.value(line.code, span, column) for span in spans)
            if whole is not None and before is not None:
                return whole - before
        return None

    def _tells(self, span: Period, column: str) -> bool:
        """Whether the amounts say something of a period's column; a ledger says nothing of what is nil."""
        return column == BASE or (span, column) in self._given or (self.missing_is_nil and (span, BASE) in self._given)

    def _absorbing(self, line: Line, period: Period, column: str) -> int | None:
        """What makes the statement's `equals` hold in US$: the other side less all other leaves."""
        for total in self.statements.lines.values():
            if not total.equals:
                continue
            signs = leaf_signs(self.statements, total.code)
            if line.code not in signs:
                continue
            sign = signs.pop(line.code)
            target = self.target(total, period, column, USD)
            rest = self._sum((each, self.value(code, period, column, USD)) for code, each in signs.items())
            return None if target is None or rest is None else sign * (target - rest)
        return None

    def target(self, line: Line, period: Period, column: str = BASE, currency: str = CNY) -> int | None:
        """What a line that has `equals` must be; None where that is not known."""
        own = line.equals == OWN_COLUMN
        if own and column not in self.statements.lines:
            return None
        return self._sum(
            (1, self.value(code, period, BASE if own else column, currency)) for code in balances(line.equals, column)
        )

    def _sum(self, addends: Iterable[tuple[int, int | None]]) -> int | None:
        found = 0
        for sign, amount in addends:
            if amount is None:
                return None
            found += sign * amount
        return found


def balances(codes: tuple[str, ...], column: str) -> tuple[str, ...]:
    """The lines that an opening or an `equals` names; "column" is the line with the column's own code."""
    return (column,) if codes == OWN_COLUMN else codes


def leaf_signs(statements: Statements, code: str) -> dict[str, int]:
    """The lines that are not totals into which a total expands, each with its sign."""
    signs: dict[str, int] = {}
    waiting = [(1, code)]
    while waiting:
        sign, each = waiting.pop()
        line = statements.line(each)
        if line.kind == "total":
            waiting.extend((sign * part, inner) for part, inner in line.addends)
        else:
            signs[each] = signs.get(each, 0) + sign
    return signs


def growth(new: int, old: int, decimals: int = 1) -> int | None:
    """Growth in percent, 10^decimals-ths, half up, negatives mirrored; None where there was nothing, or less, before.

    new, old   unrounded where they are to be had, and never a rounded percentage rounded again
    """
    return int(mul_div(new - old, _PERCENT * 10**decimals, old, HALF_UP)) if old > 0 else None


def rate_of(text: str) -> int:
    """A document's rate, RMB a US$, in `FX_SCALE`-ths: "7.2203" is 72,203; raises RequestError for none or less."""
    rate = parse_decimal(text, FX_SCALE, exact=True)
    if rate <= 0:
        raise RequestError(f"a rate is RMB a US$, above nothing, e.g. 7.0176; not {text}.")
    return rate
