"""How each message of `docs/errors.md` is made by real code. Folders in messages are shown as `FOLDER`."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from loanbook.errors import EngineError, LoanbookError, RequestError, StateError, TieError
from loanbook.statements.report import render
from loanbook.stores.book import create_book, open_book
from loanbook.stores.engine import connect
from loanbook.stores.intake import append
from loanbook.units import day, parse_decimal
from tests.statements.made_close import make_close
from tests.stores.rows import loan, table

Specimen = Callable[[Path], object]


def _lent(principal_fen: int = 500_000) -> pa.Table:
    return table("loan_disbursed", [loan("made-up-1", "2024-03-15", principal_fen)])


def _id_used_again(folder: Path) -> object:
    book = append(create_book(folder / "made_up"), {"loan_disbursed": _lent(500_000)}).book
    return append(book, {"loan_disbursed": _lent(500_001)})


def _unknown_column(folder: Path) -> object:
    rows = _lent().append_column("colour", pa.array(["blue"]))
    return append(create_book(folder / "made_up"), {"loan_disbursed": rows})


def _changed_terms(folder: Path) -> object:
    rows = {"loan_disbursed": _lent()}
    book = append(create_book(folder / "made_up"), rows, terms={"cash_loan": "rate_annual: 0.2399\n"}).book
    (key,) = book.manifest.terms
    (book.folder / "terms" / f"{key}.yaml").write_text("rate_annual: 0.3600\n", encoding="utf-8")
    return book.terms_text(key)


def _damaged_table(folder: Path) -> object:
    close = make_close(folder / "close")
    (close / "loss.parquet").write_bytes(b"not a table")
    return render(close, ())


def _float_column(folder: Path) -> object:
    with connect(folder) as engine:
        return engine.table("SELECT 0.1::DOUBLE AS principal_fen")


SPECIMENS: dict[type[LoanbookError], tuple[Specimen, ...]] = {
    RequestError: (
        lambda folder: day("31/12/2024"),
        lambda folder: parse_decimal("ten", 100),
        lambda folder: open_book(folder / "nothing"),
        _unknown_column,
    ),
    StateError: (
        lambda folder: render(folder, ()),
        lambda folder: [create_book(folder / "made_up") for _ in range(2)],
        _id_used_again,
    ),
    TieError: (_changed_terms,),
    EngineError: (_damaged_table, _float_column),
}
