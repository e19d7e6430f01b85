"""The ledger proved: files as they were locked, balances that follow from entries, entries that follow from amounts and rules."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import BALANCE, ENTRY, SUMMED, check_balanced, summed
from loanbook.errors import TieError
from loanbook.services.entry_posting import are_debits, brought_forward, post_by
from loanbook.services.ledger_rebuilding import rebuild_ledger
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress

SHOWN_MOST = 3
"""Entry ids or balances that a finding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProof:
    """What was read, and what is wrong, in words; nothing is wrong when `findings` is empty.

    head   the hash of the manifest that was locked last
    """

    periods: int
    entries: int
    findings: tuple[str, ...]
    head: str = ""


def prove_ledger(book: Book, *, rebuild: bool = False, head: str = "", on_progress: Progress | None = None) -> LedgerProof:
    """Prove every version of every period of a book.

    Each file against its hash and each manifest against the chain; then, for periods whose files stand: debits equal credits in
    each book, entity and currency; opening + movements = closing for every account and roll-forward column; the sums that later
    periods and statements read are those of the entries; entries posted again from the period's frozen amounts, rules and roles
    are the same, ids and content.

    rebuild   every period is also made again from the events (`ledger_rebuilding`)
    head      the hash of a manifest that was the last one once: it must be in the chain
    """
    tell = on_progress or (lambda stage, done, total: None)
    ledger = Ledger(book)
    try:
        periods = ledger.all_periods()
    except TieError as error:
        return LedgerProof(periods=0, entries=0, findings=(str(error),))
    changed = ledger.verify()
    found = list(changed)
    broken = {words.partition(":")[0] for words in changed}
    by_id = {period.id: period for period in periods}
    entries = 0
    for done, period in enumerate(periods):
        tell("proving periods", done, len(periods))
        before = by_id.get(str(period.manifest["follows"]))
        if period.id in broken or (before is not None and before.id in broken):
            continue
        entries += int(period.manifest["entries"])
        found += [f"{period.id}: {words}" for words in _wrong(period, before)]
    tell("proving periods", len(periods), len(periods))
    found += _doubled(period for period in ledger.periods() if period.id not in broken)
    if head and head not in {period.digest for period in periods}:
        end = f"{periods[-1].id} ({periods[-1].digest})" if periods else "nothing"
        found.append(f"no period has the hash {head}: the chain ends with {end}. What was locked then is gone or was changed.")
    if rebuild:
        found += rebuild_ledger(book, on_progress=tell)
    return LedgerProof(periods=len(periods), entries=entries, findings=tuple(found), head=periods[-1].digest if periods else "")


def _wrong(period: Period, before: Period | None) -> Iterator[str]:
    entries, balances = period.table("entries"), period.table("balances")
    try:
        check_balanced(balances)
    except TieError as error:
        yield str(error)
    if not are_debits(period.manifest["totals"], balances):
        yield "the totals of the manifest are not those of its balances."
    yield from _unfooted(brought_forward(before, entries), balances)
    order = [(name, "ascending") for name in (*SUMMED, "amount_fen")]
    kept, made = (table.sort_by(order).combine_chunks() for table in (period.table("summed"), summed(entries)))
    if not kept.equals(made):
        yield "its entries do not add up to `summed`, which later periods and statements read."
    amounts = pa.concat_tables([period.table("amounts"), period.table("company")])
    try:
        again = post_by(amounts, period.table("rules"), period.table("roles"))
    except TieError as error:
        yield f"posting its amounts again fails: {error}"
        return
    yield from _different(entries, again)


def _unfooted(expected: pa.Table, balances: pa.Table) -> Iterator[str]:
    keys = [name for name in BALANCE.names if name != "amount_fen"]
    sides = []
    for table in (expected, balances):
        rows = table.select(BALANCE.names).to_pylist()
        sides.append({tuple(row[name] for name in keys): row["amount_fen"] for row in rows if row["amount_fen"]})
    wrong = sorted(key for key in {*sides[0], *sides[1]} if sides[0].get(key, 0) != sides[1].get(key, 0))
    if wrong:
        shown = "; ".join(" ".join(filter(None, key)) for key in wrong[:SHOWN_MOST])
        yield f"opening + movements is not the closing balance of {len(wrong):,} accounts: {shown}."


def _different(entries: pa.Table, again: pa.Table) -> Iterator[str]:
    was, now = (table.select(ENTRY.names).cast(ENTRY).sort_by("entry_id") for table in (entries, again))
    if was.combine_chunks().equals(now.combine_chunks()):
        return
    for words, these, others in (("not made again", was, now), ("made again, but not there", now, was)):
        loose = these["entry_id"].filter(pc.invert(pc.is_in(these["entry_id"], others["entry_id"].combine_chunks())))
        if len(loose):
            yield f"{len(loose):,} entries are {words}: {', '.join(loose.slice(0, SHOWN_MOST).to_pylist())}."
    if was["entry_id"].combine_chunks().equals(now["entry_id"].combine_chunks()):
        columns = [name for name in ENTRY.names if not was[name].combine_chunks().equals(now[name].combine_chunks())]
        yield f"entries posted again differ in {', '.join(columns)}."


def _doubled(periods: Iterator[Period]) -> list[str]:
    ids = [period.table("entries")["entry_id"] for period in periods]
    if not ids:
        return []
    every = pa.chunked_array([chunk for each in ids for chunk in each.chunks], pa.string())
    counts = pc.value_counts(every)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if not len(doubled):
        return []
    return [f"{len(doubled):,} ids stand for more than one entry: {', '.join(doubled.slice(0, SHOWN_MOST).to_pylist())}."]
