"""How each message of `docs/errors.md` is made by real code. Folders in messages are shown as `FOLDER`."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from loanbook.errors import EngineError, LoanbookError, RequestError, StateError, TermsError, TieError
from loanbook.statements.report import render
from loanbook.stores.book import create_book, open_book
from loanbook.stores.engine import connect
from loanbook.stores.intake import append
from loanbook.terms.catalogue import SHIPPED
from loanbook.terms.product_file import parse_product
from loanbook.units import day, parse_decimal
from tests.statements.made_close import make_close
from tests.stores.rows import TERMS, loan, table

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
    book = append(create_book(folder / "made_up"), rows, terms={"sample_level": TERMS}).book
    (key,) = book.manifest.terms
    (book.folder / "terms" / f"{key}.yaml").write_text(TERMS.replace("0.36", "0.72"), encoding="utf-8")
    return book.terms_text(key)


def _damaged_table(folder: Path) -> object:
    close = make_close(folder / "close")
    (close / "loss.parquet").write_bytes(b"not a table")
    return render(close, ())


def _float_column(folder: Path) -> object:
    with connect(folder) as engine:
        return engine.table("SELECT 0.1::DOUBLE AS principal_fen")


def _terms(old: str, new: str) -> Specimen:
    """The shipped cash loan with one line changed."""

    def read(folder: Path) -> object:
        text = (SHIPPED / "cash_loan.yaml").read_text(encoding="utf-8")
        assert old in text
        return parse_product(text.replace(old, new, 1), "terms/products/cash_loan.yaml")

    return read


SPECIMENS: dict[type[LoanbookError], tuple[Specimen, ...]] = {
    TermsError: (
        _terms("rate_annual: {least: 0, most: 0.24}", "rate_annual: 23.99"),
        _terms("excess: next", "exces: next"),
        _terms("effective_from: 2020-01-01", "effective_from: 1/1/2020"),
        _terms("  - in_advance_principal\n", ""),
    ),
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
