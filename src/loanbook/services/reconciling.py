"""Does a reported tape tie? Opening balances = principal collected + write-offs and add-backs + balances last reported.

Computed from the book's events alone, for any tape of `position_opened` and `position_reported`. Between two reports of a loan
the balance falls by the principal collected; where it does not, the difference is an exception of a named kind:

    to_zero_without_principal   the balance goes to zero and no principal was collected (charge-off, removal)
    to_zero_with_principal      the balance goes to zero, less principal was collected (the rest is written off)
    reduction                   the balance falls by more than the principal collected, and is not zero
    add_back                    the balance falls by less, or rises (returned payments, capitalised amounts)

Differences of a cent or less are rounding. Principal reported without a balance after it, by a loan that was never opened, or
dated before the opening is outside this identity: the former two break it, the last is the time before the tape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook import units
from loanbook.errors import StateError
from loanbook.stores.book import Book
from loanbook.units import Ints

TOLERANCE_FEN = 1
"""One and a half cents, in whole cents: two figures each rounded to the cent may differ by one."""

KINDS = ("to_zero_without_principal", "to_zero_with_principal", "reduction", "add_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of difference: how many reports, and their sum."""

    name: str
    count: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One reporting date: opening = principal + exceptions + rounding + closing of the loans reported on it, to the cent."""

    ends_on: int
    loans: int
    opening_fen: int
    principal_fen: int
    exceptions_fen: int
    exceptions: int
    rounding_fen: int
    closing_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One loan's report that does not roll."""

    loan_id: str
    ends_on: int
    kind: str
    before_fen: int
    principal_fen: int
    after_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A tape's balances from opening to last report.

    opening_fen        position_opened, one a loan (the earliest)
    principal_fen      principal of every report after the opening, with or without a balance
    lines              exceptions by kind, in the order of `KINDS`
    rounding_fen       sum of the differences within the tolerance
    last_fen           the last balance reported of each loan (the opening, when none was)
    unexplained_fen    opening - principal - exceptions - rounding - last; the tape ties when it is zero
    rolled, reports    reports that roll within the tolerance, of all that state a balance
    written_off_fen    what `loan_charged_off` events state, for comparison
    stopped            loans whose reports end before the tape does with a balance above zero, and that balance
    no_principal       True when the source reports no principal at all: there is nothing to tie
    """

    currency: str
    decimals: int
    opened_on: int
    last_on: int
    loans: int
    opening_fen: int
    principal_fen: int
    lines: tuple[Line, ...]
    rounding_fen: int
    last_fen: int
    unexplained_fen: int
    rolled: int
    reports: int
    written_off_fen: int
    stopped: Line
    unopened: Line
    no_principal: bool
    periods: tuple[Period, ...]
    exceptions: tuple[Discrepancy, ...]

    @property
    def net_write_offs_fen(self) -> int:
        """All exceptions together: what left the book without being collected, less what came back."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def ties(self) -> bool:
        """Whether every cent is accounted for; a tape that reports no principal proves nothing."""
        return self.unexplained_fen == 0 and self.unopened.count == 0 and not self.no_principal


def reconcile(book: Book) -> Reconciliation:
    """Reconcile all reported loans of a book.

    raises   StateError when the book has no monthly reports
    """
    if not book.files("position_opened") or not book.files("position_reported"):
        what = "opening balances and no reports after them" if book.files("position_opened") else "loans and their payments"
        if not book.rows("loan_disbursed") and not book.files("position_opened"):
            what = "no loans yet"
        raise StateError(
            f"{book.name} has no monthly reports, so there is nothing to reconcile: it holds {what}. `reconcile` is for a tape "
            "on which a servicer reports each loan's balance month by month (position_opened, position_reported): it checks that "
            f"they tie. To check a book of payments against its events run `loanbook verify {book.name}`."
        )
    opened = _read(book.files("position_opened"), ["loan_id", "happened_on", "balance_fen"])
    reported = _read(book.files("position_reported"), ["loan_id", "happened_on", "balance_fen", "principal_fen"])
    names, opening, opened_on = _earliest(opened)
    loan = np.asarray(pc.fill_null(pc.index_in(reported["loan_id"], names), -1)).astype(np.int64)
    on = _days(reported["happened_on"])
    unknown = loan < 0
    unopened = Line(name="unopened", count=int(unknown.sum()), amount_fen=int(_money(reported["principal_fen"])[unknown].sum()))
    keep = ~unknown & (on > opened_on[np.where(unknown, 0, loan)])
    order = np.flatnonzero(keep)
    order = order[np.lexsort((on[order], loan[order]))]
    loan, on = loan[order], on[order]
    principal = _money(reported["principal_fen"])[order]
    stated = np.asarray(reported["balance_fen"].is_valid())[order]
    balance = _money(reported["balance_fen"])[order]
    rolls = _Rolls.of(loan[stated], on[stated], balance[stated], _carried(loan, stated, principal), opening)
    return _result(
        book,
        names,
        opening,
        opened_on,
        rolls,
        on,
        principal,
        unopened,
        no_principal=reported["principal_fen"].null_count == len(reported),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rolls:
    """Reports with a balance, in the order of loans and days, each with the balance before it."""

    loan: Ints
    on: Ints
    before: Ints
    principal: Ints
    after: Ints
    last: Ints
    last_on: Ints

    @staticmethod
    def of(loan: Ints, on: Ints, balance: Ints, principal: Ints, opening: Ints) -> "_Rolls":
        starts = np.ones(len(loan), dtype=bool)
        starts[1:] = loan[1:] != loan[:-1]
        before = np.empty_like(balance)
        before[1:] = balance[:-1]
        before[starts] = opening[loan[starts]]
        ends = np.ones(len(loan), dtype=bool)
        ends[:-1] = starts[1:]
        last, last_on = opening.copy(), np.full(len(opening), -1, dtype=np.int64)
        last[loan[ends]] = balance[ends]
        last_on[loan[ends]] = on[ends]
        return _Rolls(loan=loan, on=on, before=before, principal=principal, after=balance, last=last, last_on=last_on)

    @property
    def difference(self) -> Ints:
        return self.before - self.principal - self.after

    @property
    def kind(self) -> Ints:
        """Position in KINDS, or -1 where the report rolls."""
        difference = self.difference
        kind = np.where(self.after == 0, np.where(self.principal == 0, 0, 1), 2)
        kind = np.where(difference < 0, 3, kind)
        return np.where(np.abs(difference) <= TOLERANCE_FEN, -1, kind)


def _carried(loan: Ints, stated: Ints, principal: Ints) -> Ints:
    """Principal of each report with a balance, with that of reports without one since the report before (a skipped month)."""
    running = np.cumsum(principal)
    at = np.flatnonzero(stated)
    upto = running[at]
    first = np.searchsorted(loan, loan[at], side="left")
    base = np.where(first > 0, running[first - 1], 0)
    before = np.empty_like(upto)
    before[1:] = upto[:-1]
    same = np.zeros(len(at), dtype=bool)
    same[1:] = loan[at][1:] == loan[at][:-1]
    return upto - np.where(same, before, base) if len(at) else upto


def _result(
    book: Book,
    names: pa.Array,
    opening: Ints,
    opened_on: Ints,
    rolls: _Rolls,
    on: Ints,
    principal: Ints,
    unopened: Line,
    *,
    no_principal: bool,
) -> Reconciliation:
    kind, difference = rolls.kind, rolls.difference
    lines = tuple(
        Line(name=name, count=int((kind == code).sum()), amount_fen=int(difference[kind == code].sum()))
        for code, name in enumerate(KINDS)
    )
    rounding = int(difference[kind < 0].sum())
    last_on = int(on.max()) if len(on) else int(opened_on.max())
    stopped = (rolls.last > 0) & (rolls.last_on < last_on)
    total = int(opening.sum())
    known = int(principal.sum()) + sum(line.amount_fen for line in lines) + rounding + int(rolls.last.sum())
    charged = _read(book.files("loan_charged_off"), ["principal_fen"]) if book.files("loan_charged_off") else None
    return Reconciliation(
        currency=book.currency,
        decimals=book.decimals,
        opened_on=int(opened_on.min()),
        last_on=last_on,
        loans=len(opening),
        opening_fen=total,
        principal_fen=int(principal.sum()),
        lines=lines,
        rounding_fen=rounding,
        last_fen=int(rolls.last.sum()),
        unexplained_fen=total - known,
        rolled=int((kind < 0).sum()),
        reports=len(kind),
        written_off_fen=int(_money(charged["principal_fen"]).sum()) if charged is not None else 0,
        stopped=Line(name="stopped", count=int(stopped.sum()), amount_fen=int(rolls.last[stopped].sum())),
        unopened=unopened,
        no_principal=no_principal,
        periods=_periods(rolls, kind, difference),
        exceptions=_exceptions(names, rolls, kind, difference),
    )


def _periods(rolls: _Rolls, kind: Ints, difference: Ints) -> tuple[Period, ...]:
    days, at = np.unique(rolls.on, return_inverse=True)

    def total(values: Ints) -> Ints:
        sums = np.zeros(len(days), dtype=np.int64)
        np.add.at(sums, at, values)
        return sums

    odd = kind >= 0
    loans, odds = np.bincount(at, minlength=len(days)), np.bincount(at[odd], minlength=len(days))
    opening, collected, closing = total(rolls.before), total(rolls.principal), total(rolls.after)
    lost, rounding = total(np.where(odd, difference, 0)), total(np.where(odd, 0, difference))
    return tuple(
        Period(
            ends_on=int(days[i]),
            loans=int(loans[i]),
            opening_fen=int(opening[i]),
            principal_fen=int(collected[i]),
            exceptions_fen=int(lost[i]),
            exceptions=int(odds[i]),
            rounding_fen=int(rounding[i]),
            closing_fen=int(closing[i]),
        )
        for i in range(len(days))
    )


def _exceptions(names: pa.Array, rolls: _Rolls, kind: Ints, difference: Ints) -> tuple[Discrepancy, ...]:
    """The reports that do not roll, by kind, then the largest first."""
    at = np.flatnonzero(kind >= 0)
    at = at[np.lexsort((rolls.loan[at], -np.abs(difference[at]), kind[at]))]
    loans = names.take(pa.array(rolls.loan[at])).to_pylist()
    return tuple(
        Discrepancy(
            loan_id=str(loans[i]),
            ends_on=int(rolls.on[j]),
            kind=KINDS[int(kind[j])],
            before_fen=int(rolls.before[j]),
            principal_fen=int(rolls.principal[j]),
            after_fen=int(rolls.after[j]),
            amount_fen=int(difference[j]),
        )
        for i, j in enumerate(at)
    )


def _earliest(opened: pa.Table) -> tuple[pa.Array, Ints, Ints]:
    """The loans, and the balance and day of the earliest opening of each."""
    coded = opened["loan_id"].combine_chunks().dictionary_encode()
    loan = np.asarray(coded.indices).astype(np.int64)
    on = _days(opened["happened_on"])
    order = np.lexsort((on, loan))
    first = order[np.unique(loan[order], return_index=True)[1]]
    return coded.dictionary, _money(opened["balance_fen"])[first], on[first]


def _read(files: Sequence[Path], columns: list[str]) -> pa.Table:
    if not files:
        types = {"loan_id": pa.string(), "happened_on": pa.date32()}
        return pa.table({name: pa.array([], types.get(name, pa.int64())) for name in columns})
    return pa.concat_tables([pq.read_table(path, columns=columns) for path in files])


def _days(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int32()).to_numpy()).astype(np.int64)


def _money(column: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(column, 0).to_numpy())


def exception_rows(result: Reconciliation) -> list[tuple[object, ...]]:
    """The exceptions as rows for a spreadsheet, money in major units as text."""
    return [
        (
            e.loan_id,
            units.date(e.ends_on).isoformat(),
            e.kind,
            *(_plain(v, result.decimals) for v in (e.before_fen, e.principal_fen, e.after_fen, e.amount_fen)),
        )
        for e in result.exceptions
    ]


EXCEPTION_COLUMNS = ("loan_id", "month_end", "kind", "balance_before", "principal", "balance_after", "difference")


def _plain(fen: int, decimals: int) -> str:
    return units.format_money(fen, decimals).replace(",", "")
