"""The terms of the products that a tape's loans name: found, held against the mapping, and handed on to be archived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from loanbook.errors import TermsError
from loanbook.stores.book import Book
from loanbook.stores.importers.mapping import TapeMapping
from loanbook.stores.terms_classes import archived_products
from loanbook.terms.catalogue import SHIPPED, products_in
from loanbook.terms.loading import read_text
from loanbook.terms.product import Product
from loanbook.terms.product_file import parse_product
from loanbook.units import date


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTerms:
    """One version of a product's terms with its exact text, as a file gives it."""

    product: Product
    text: str


def read_terms(files: Iterable[Path]) -> tuple[GivenTerms, ...]:
    """The product terms of files; raises TermsError with path:line for a file that says something impossible."""
    texts = [(read_text(path, str(path)), str(path)) for path in files]
    return tuple(GivenTerms(product=parse_product(text, name), text=text) for text, name in texts)


def named_products(events: Mapping[str, Path]) -> tuple[str, ...]:
    """The product codes that staged event files name, sorted."""
    found: set[str] = set()
    for kind in ("loan_disbursed", "position_opened"):
        if kind in events:
            with pq.ParquetFile(events[kind]) as file:
                for batch in file.iter_batches(columns=["product"]):
                    found.update(pc.unique(batch.column(0)).to_pylist())
    return tuple(sorted(found))


def known_terms(given: Sequence[GivenTerms], book: Book | None) -> dict[str, Product]:
    """Every version of terms that loans of an import can be made under, by hash: the book's, the given, and the shipped ones of
    products that neither of them has terms of."""
    held = tuple(archived_products(book).values()) if book is not None else ()
    return {product.hash: product for product in (*held, *(terms.product for terms in given), *_shipped(held, given))}


def _shipped(held: Sequence[Product], given: Sequence[GivenTerms]) -> tuple[Product, ...]:
    examples = products_in()
    hashes = {product.hash for product in examples}
    own = {terms.product.code for terms in given} | {product.code for product in held if product.hash not in hashes}
    return tuple(product for product in examples if product.code not in own)


def terms_to_archive(
    mapping: TapeMapping, named: Sequence[str], given: Sequence[GivenTerms], book: Book | None
) -> tuple[tuple[str, str], ...]:
    """Code and text of every version of terms that the book must archive before loans of these products go in.

    named    products of the loans
    given    the user's own terms; those of a shipped product's code stand instead of the shipped ones
    book     what it archives counts as known; None for a new book
    raises   TermsError for a product without terms, terms in another currency or with other decimals than the mapping, or two
             versions of a product that begin on one day
    """
    held = tuple(archived_products(book).values()) if book is not None else ()
    shipped = _shipped(held, given)
    known = (*held, *(terms.product for terms in given), *shipped)
    codes = {product.code for product in known}
    for code in named:
        if code not in codes:
            raise TermsError(
                f"{mapping.place_of(code)}: loans name the product {code!r}, which has no terms. Known: "
                f"{', '.join(sorted(codes))}. Correct the name, or give its terms: loanbook import --terms FILE."
            )
    wanted = {*named, *(terms.product.code for terms in given), *(product.code for product in held)}
    for product in known:
        if product.code in wanted:
            _check_money(mapping, product)
    _check_days((*held, *(terms.product for terms in given)))
    texts = {terms.product.hash: (terms.product.code, terms.text) for terms in given}
    for product in shipped:
        if product.code in wanted:
            texts[product.hash] = (product.code, (SHIPPED / Path(product.place).name).read_text(encoding="utf-8"))
    archived = {product.hash for product in held}
    return tuple(pair for key, pair in texts.items() if key not in archived)


def _check_money(mapping: TapeMapping, product: Product) -> None:
    name = f"the terms of product {product.code} ({product.place})"
    if product.currency != mapping.currency:
        raise TermsError(
            f"{mapping.currency_place}: currency is {mapping.currency}, but {name} are in {product.currency}. "
            "Correct the one that is wrong, or name a product of that currency."
        )
    if product.decimals != mapping.decimals:
        raise TermsError(
            f"{mapping.decimals_place}: decimals of the currency are {mapping.decimals}, but {name} count {product.decimals}. "
            f"Write decimals: {product.decimals}, or give terms that say decimals: {mapping.decimals}."
        )


def _check_days(products: Sequence[Product]) -> None:
    for first, second in combinations(products, 2):
        same = (first.code, first.effective_from) == (second.code, second.effective_from)
        if same and first.hash != second.hash:
            raise TermsError(
                f"{second.place}:1: {first.code} has other terms from {date(first.effective_from)} already ({first.place}). "
                "Give the new version a later effective_from."
            )
