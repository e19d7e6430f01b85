"""The terms a platform works by, read once: products, strategies, mandates and caps as of a day, or by their hash."""

from dataclasses import dataclass

from loanbook.errors import StateError
from loanbook.terms.catalogue import in_force, products_in
from loanbook.terms.product import Product
from loanbook.terms.rate_cap import RateCap, caps_in


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTerms:
    """All versions of all terms of a platform."""

    products: tuple[Product, ...]
    caps: tuple[RateCap, ...]

    def product(self, code: str, as_of: int) -> Product:
        """The version in force on a day; RequestError when there is none."""
        return in_force(self.products, code, as_of)

    def product_by_hash(self, terms_hash: str) -> Product:
        """The version a loan was made under; StateError when this platform does not have it."""
        for product in self.products:
            if product.hash == terms_hash:
                return product
        raise StateError(f"product terms {terms_hash[:16]} are not among this platform's terms. Restore their file.")


def platform_terms() -> PlatformTerms:
    """The terms that come with the package."""
    return PlatformTerms(products=products_in(), caps=caps_in())
