"""The general ledger of a period for another system: CSV files of balanced lines, and a control file that proves them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.journal import DIMENSIONS, ENTRY
from loanbook.accounting.year_end import closing_entries, ends_year
from loanbook.errors import RequestError, TieError
from loanbook.services.period_reading import year_before
from loanbook.stores.book import Book
from loanbook.stores.durable import digest, move_in_place
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.scratch import staging_folder
from loanbook.stores.tables import write_csv
from loanbook.terms.chart import Chart, load_chart
from loanbook.units import format_money

FORMAT = 1
CONTROL = "control.json"
CLOSING = "closing-"
"""The beginning of files that close a year: another system takes them last, or closes its year by itself and leaves them."""
_TEXTS = ("cash_flow", "rule", "rule_version", "kind", "component", *DIMENSIONS, "topic", "event")
COLUMNS = (
    "entry_id",
    "line",
    "posted_on",
    "happened_on",
    "book",
    "entity",
    "account",
    "title",
    "movement",
    "currency",
    "debit",
    "credit",
    *_TEXTS,
)
"""Columns of a file. Each entry is two lines, the debit first; amounts in whole units of the currency on their side alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerExport:
    """A folder of files, what its control file says, and whether it was written now."""

    folder: Path
    control: dict[str, Any]
    fresh: bool


def export_ledger(book: Book, name: str, to: Path) -> LedgerExport:
    """Write the entries of a closed period, one file a book and entity, into `to/<book>-<period>.<version>`; all or nothing.

    The last period of a fiscal year has files besides with the entries that close it: results to retained earnings (`year_end`).
    The same version again changes nothing. Text that a spreadsheet would run is made harmless.
    raises   StateError for a period that is not closed; RequestError when the folder cannot be written or holds something else
    """
    ledger = Ledger(book)
    period = ledger.period(name)
    target = to / f"{book.name}-{period.id}"
    if target.exists():
        return LedgerExport(folder=target, control=_standing(target, period), fresh=False)
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"{to}: a folder cannot be made here: {error.strerror}. Name another with --to.") from error
    chart = load_chart()
    entries = period.table("entries")
    closing = _closing(ledger, period, chart)
    with staging_folder(to, ".export") as staging:
        folder = staging / target.name
        folder.mkdir()
        files = {}
        for prefix, written in (("", entries), (CLOSING, closing)):
            for owner in _owners(written):
                chosen = written.filter(
                    pc.and_(pc.equal(written["book"], owner["book"]), pc.equal(written["entity"], owner["entity"]))
                )
                file = folder / f"{prefix}{owner['book']}-{owner['entity']}.csv"
                write_csv(ledger_lines(chosen, chart, book.decimals), file)
                files[file.name] = {**owner, **_totals(chosen, book.decimals), "sha256": digest(file)}
        control = {
            "format": FORMAT,
            "ledger": book.name,
            "period": period.name,
            "version": period.version,
            "starts_on": period.manifest["first_day"],
            "ends_on": period.manifest["ends_on"],
            "known_at": period.manifest["known_at"],
            "locked_as": period.digest,
            "entries": entries.num_rows,
            "closing_entries": closing.num_rows,
            "files": files,
        }
        every = entries.num_rows + closing.num_rows
        if sum(file["entries"] for file in files.values()) != every:
            raise TieError(f"{period.id}: the files do not hold all {every:,} entries; nothing was exported.")
        (folder / CONTROL).write_text(json.dumps(control, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        move_in_place(folder, target)
    return LedgerExport(folder=target, control=control, fresh=True)


def _closing(ledger: Ledger, period: Period, chart: Chart) -> pa.Table:
    """The entries that close the year that a period ends; none for others, and none for what lies before the books."""
    on = str(period.manifest["ends_on"])
    if not ends_year(on):
        return ENTRY.empty_table()
    before = year_before(ledger, period)
    return closing_entries(
        period.table("balances"),
        before.table("balances") if before else None,
        chart,
        on=on,
        locked_as=period.digest,
    )


def _owners(entries: pa.Table) -> list[dict[str, str]]:
    owners = entries.group_by(["book", "entity"]).aggregate([]).sort_by([("book", "ascending"), ("entity", "ascending")])
    return owners.to_pylist()  # type: ignore[no-any-return]


def ledger_lines(entries: pa.Table, chart: Chart, decimals: int) -> pa.Table:
    """Entries as lines of `COLUMNS`, by posting day and entry; debits equal credits in every entry."""
    titles = pa.array([account.title for account in chart.accounts.values()])
    codes = pa.array(list(chart.accounts))
    amount, nothing = decimal_text(entries["amount_fen"], decimals), pa.array([None] * entries.num_rows, pa.string())
    sides = []
    for number, side in enumerate(("debit", "credit"), 1):
        named = pc.index_in(entries[side], codes)
        columns = {
            **{name: entries[name] for name in ("entry_id", "posted_on", "happened_on", "book", "entity", "currency", *_TEXTS)},
            "line": pa.array(np.full(entries.num_rows, number, np.int8)),
            "account": entries[side],
            "title": titles.take(named.combine_chunks()),
            "movement": entries[f"{side}_column"],
            "debit": amount if number == 1 else nothing,
            "credit": amount if number == 2 else nothing,
        }
        sides.append(pa.table({name: columns[name] for name in COLUMNS}))
    order = [(name, "ascending") for name in ("posted_on", "entry_id", "line")]
    return pa.concat_tables(sides).sort_by(order)


def decimal_text(amounts: pa.ChunkedArray, decimals: int) -> Any:
    """Minor units, none below zero, as text of whole units."""
    scale = 10**decimals
    whole = pc.divide(amounts, scale)
    rest = pc.subtract(amounts, pc.multiply(whole, scale))
    if not decimals:
        return whole.cast(pa.string())
    return pc.binary_join_element_wise(whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), decimals, "0"), ".")


def _totals(entries: pa.Table, decimals: int) -> dict[str, Any]:
    sums = entries.group_by("currency").aggregate([("amount_fen", "sum")]).sort_by("currency").to_pylist()
    total = {row["currency"]: format_money(row["amount_fen_sum"], decimals).replace(",", "") for row in sums}
    # A pair has one amount: debits and credits of its lines are the same figure.
    return {"entries": entries.num_rows, "lines": 2 * entries.num_rows, "debit": total, "credit": total}


def _standing(target: Path, period: Period) -> dict[str, Any]:
    try:
        control = dict(json.loads((target / CONTROL).read_text(encoding="utf-8")))
        same = control["locked_as"] == period.digest
        whole = all(
            (target / name).exists() and digest(target / name) == file["sha256"] for name, file in control["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        same = whole = False
        control = {}
    if not same or not whole:
        raise RequestError(
            f"{target} holds something else than {period.id} as it is locked. Move it away, or name another folder."
        )
    return control
