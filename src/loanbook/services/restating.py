"""Restatement: new versions of a locked period and of every later one, from what is known now; and what they changed.

The old versions stay. All new ones come into being at once (`stores/ledger.py`): a reader sees the old periods or the new ones.
Facts that arrive late need no restatement: the open period posts them with both days.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.journal import by_account, of_basis, trial_balance
from loanbook.accounting.loan_amounts import period_days
from loanbook.errors import RequestError, StateError
from loanbook.services.bookkeeping import book_period
from loanbook.services.corporate_amounts import known_now
from loanbook.services.period_reading import followed
from loanbook.stores.book import Book
from loanbook.stores.corporate_ledger import load_corporate
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress
from loanbook.terms.chart import Chart, load_chart

REASON_MOST = 1_000
"""Characters of a reason."""


class _NothingChangedError(Exception):
    """Ends a restatement that comes to what is locked already."""


class _PreviewedError(Exception):
    """Ends a restatement that was only to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An account of an entity or a line of the chart, on one basis, in two versions; debits positive.

    moved     what the period's entries come to;  balance  at its end
    """

    basis: str
    entity: str
    code: str
    title: str
    old_moved_fen: int
    new_moved_fen: int
    old_balance_fen: int
    new_balance_fen: int

    @property
    def is_none(self) -> bool:
        """Whether both versions say the same."""
        return self.old_moved_fen == self.new_moved_fen and self.old_balance_fen == self.new_balance_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a version changed: by entity and account, and by statement line of all entities together."""

    old: Period
    new: Period
    accounts: tuple[Change, ...]
    lines: tuple[Change, ...]


def restate(
    book: Book,
    name: str,
    *,
    reason: str,
    policy: str | None = None,
    known_on: dt.date | None = None,
    on_progress: Progress | None = None,
) -> tuple[Period, ...]:
    """Make new versions of a closed period and of all later ones, and lock them together; the new versions, oldest first.

    reason     why, kept with each version
    policy     the accounting policy; default: that of each old version, as it is in force now
    known_on   what was recorded by then counts; default: everything up to today
    raises     StateError for a period that is not closed, or when nothing would change; RequestError without a reason;
               TieError as `close_period`. After an error the old versions stand alone
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_MOST:
        raise RequestError(f"say why the period is restated, in 1 to {REASON_MOST:,} characters: --reason TEXT.")
    ledger = Ledger(book)
    first = ledger.period(name)
    with ledger.writing():
        old = _from_on(ledger, first)
        known = known_on or _known_on(book, ledger, old)
        try:
            with ledger.together():
                _make(book, ledger, old, reason, policy, known, on_progress)
                if all(_same(was, ledger.period(was.name)) for was in old):
                    raise _NothingChangedError
        except _NothingChangedError:
            raise StateError(f"{name} restated from what is known by {known} is what it was: nothing was changed.") from None
        names = [each.name for each in old]
    return tuple(each for each in ledger.periods() if each.name in names)


def preview(
    book: Book,
    name: str,
    *,
    policy: str | None = None,
    known_on: dt.date | None = None,
    on_progress: Progress | None = None,
) -> tuple[Changes, ...]:
    """What a restatement would change, in the period and in each later one, oldest first; nothing is kept.

    policy, known_on   as `restate`
    raises             as `restate`, but not when nothing would change: every period then has no rows
    """
    ledger = Ledger(book)
    first = ledger.period(name)
    found: list[Changes] = []
    with ledger.writing():
        old = _from_on(ledger, first)
        known = known_on or _known_on(book, ledger, old)
        try:
            with ledger.together():
                _make(book, ledger, old, "preview", policy, known, on_progress)
                found = [_changes(was, ledger.period(was.name)) for was in old]
                raise _PreviewedError
        except _PreviewedError:
            return tuple(found)


def _from_on(ledger: Ledger, first: Period) -> list[Period]:
    """The newest versions of a period and of every later one."""
    return [each for each in ledger.periods() if str(each.manifest["ends_on"]) >= str(first.manifest["ends_on"])]


def _known_on(book: Book, ledger: Ledger, old: list[Period]) -> dt.date:
    known_on = known_now(book, load_corporate(book.folder), units.date(period_days(old[-1].name)[1]))
    last = followed(ledger, old[0])
    return known_on if last is None else max(known_on, dt.date.fromisoformat(last.manifest["known_at"]))


def _make(
    book: Book,
    ledger: Ledger,
    old: list[Period],
    reason: str,
    policy: str | None,
    known_on: dt.date,
    on_progress: Progress | None,
) -> None:
    tell = on_progress or (lambda stage, done, total: None)
    last = followed(ledger, old[0])
    last = None if last is None else ledger.period(last.name)
    for each in old:
        said = {"reason": reason, "restates": each.id}
        is_opening = bool(each.manifest["opening"])
        chosen = policy or str(each.manifest["policy"])
        last = book_period(book, ledger, each.name, last, chosen, known_on, tell, is_opening=is_opening, said=said)


def _same(old: Period, new: Period) -> bool:
    """Whether two versions have the same entries but for their ids, which name the close that posted them."""
    keys = ["book", "entity", "currency", "posted_on", "happened_on", "debit", "credit", "debit_column", "credit_column", "rule"]
    sides = []
    for period in (old, new):
        entries = period.table("entries")
        # A cell that is posted again names the close that posts it, behind a mark.
        cell = pc.replace_substring_regex(entries["cell"], "~.*$", "")
        entries = entries.set_column(entries.schema.get_field_index("cell"), "cell", cell)
        sums = entries.group_by([*keys, "cell"]).aggregate([("amount_fen", "sum")])
        sides.append(sums.sort_by([(name, "ascending") for name in sums.column_names]).combine_chunks())
    return bool(sides[0].equals(sides[1]))


def changes(book: Book, name: str, *, old: int | None = None, new: int | None = None) -> Changes:
    """What changed between two versions of a period; default: the newest and the one before it.

    raises   StateError for a period that is not closed or has one version; RequestError for a version that there is not
    """
    ledger = Ledger(book)
    versions = {period.version: period for period in ledger.versions(name)}
    if len(versions) == 1:
        raise StateError(
            f"{name} of {book.name} has one version. `loanbook books restate {name} --book {book.name} --reason TEXT` "
            "makes another."
        )
    order = sorted(versions)
    chosen = (order[-2] if old is None else old, order[-1] if new is None else new)
    for version in chosen:
        if version not in versions:
            raise RequestError(f"{name} has no version {version}; it has {', '.join(map(str, order))}.")
    return _changes(versions[chosen[0]], versions[chosen[1]])


def _changes(before: Period, after: Period) -> Changes:
    chart = load_chart()
    return Changes(
        old=before,
        new=after,
        accounts=_compared(before, after, chart, by_line=False),
        lines=_compared(before, after, chart, by_line=True),
    )


def _compared(old: Period, new: Period, chart: Chart, *, by_line: bool) -> tuple[Change, ...]:
    sides = [_figures(period, chart, by_line=by_line) for period in (old, new)]
    nothing = (0, 0)
    found = []
    for basis, entity, code in sorted({*sides[0], *sides[1]}):
        was, now = (side.get((basis, entity, code), nothing) for side in sides)
        found.append(
            Change(
                basis=basis,
                entity=entity,
                code=code,
                title=code.replace("_", " ") if by_line else chart.account(code).title,
                old_moved_fen=was[0],
                new_moved_fen=now[0],
                old_balance_fen=was[1],
                new_balance_fen=now[1],
            )
        )
    return tuple(each for each in found if not each.is_none)


def _figures(period: Period, chart: Chart, *, by_line: bool) -> Mapping[tuple[str, str, str], tuple[int, int]]:
    """(basis, entity, code) -> moved in the period, balance at its end."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    tables: tuple[pa.Table, pa.Table] = (trial_balance(period.table("entries")), period.table("balances"))
    for basis in ("us_gaap", "ifrs"):
        for place, table in enumerate(tables):
            for row in by_account(of_basis(table, basis)).to_pylist():
                account = row["account"]
                key = (basis, "", chart.account(account).line) if by_line else (basis, row["entity"], account)
                moved, balance = found.get(key, (0, 0))
                amount = row["amount_fen"]
                found[key] = (moved + amount, balance) if place == 0 else (moved, balance + amount)
    return found
