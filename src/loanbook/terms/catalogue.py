"""Product terms by code and day: the version in force when a loan is made."""

from itertools import pairwise
from pathlib import Path

from loanbook.errors import RequestError, TermsError
from loanbook.terms.product import Product
from loanbook.terms.product_file import read_product
from loanbook.units import date

SHIPPED = Path(__file__).parent / "products"
"""Example products that come with the package."""


def products_in(folder: Path = SHIPPED) -> tuple[Product, ...]:
    """All versions of all products in a folder's *.yaml, by code and date; one file is one version.

    raises   TermsError for a file that says something impossible, or two versions of a product that start on one day
    """
    found = sorted(
        (read_product(path, f"terms/{folder.name}/{path.name}") for path in folder.glob("*.yaml")),
        key=lambda product: (product.code, product.effective_from, product.place),
    )
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(
                f"{later.place}:1: {later.code} already has terms from that day in {earlier.place}. Change one date."
            )
    return tuple(found)


def in_force(products: tuple[Product, ...], code: str, as_of: int) -> Product:
    """The version of a product in force on a day.

    raises   RequestError when there is no such product, or none that early
    """
    versions = [product for product in products if product.code == code]
    if not versions:
        known = ", ".join(sorted({product.code for product in products})) or "none"
        raise RequestError(f"there is no product {code!r}. Known: {known}.")
    current = [product for product in versions if product.effective_from <= as_of]
    if not current:
        first = min(product.effective_from for product in versions)
        raise RequestError(f"product {code} has no terms in force on {date(as_of)}; the first version starts on {date(first)}.")
    return max(current, key=lambda product: product.effective_from)
