"""What the world offers: the shipped product terms as terms classes, one a product, tenor, rate and business model."""

from dataclasses import dataclass

import numpy as np

from loanbook.loans.batches import Classes
from loanbook.simulator.population import Choice, deck
from loanbook.simulator.scenario import Scenario
from loanbook.terms.catalogue import SHIPPED, in_force, products_in
from loanbook.terms.contract import Field
from loanbook.terms.product import Product, contract_row
from loanbook.units import Ints, rate

SEGMENTS = ("consumer", "small_business")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Terms classes in the order of `Deck.choices`, and the product terms behind them in the order of `classes.products`."""

    classes: Classes
    products: tuple[Product, ...]

    def texts(self) -> dict[str, str]:
        """The terms as a book archives them: YAML text by product code."""
        return {product.code: (SHIPPED / f"{product.code}.yaml").read_text(encoding="utf-8") for product in self.products}


def offer(scenario: Scenario) -> Offer:
    """The classes of a scenario under the shipped terms in force on its first day.

    raises   RequestError when the scenario chooses what the terms do not allow
    """
    shipped = products_in()
    products = tuple(in_force(shipped, product.name, scenario.first_day) for product in scenario.products)
    names = tuple(product.code for product in products)
    rows = np.array([_row(choice, products, names) for choice in deck(scenario).choices])
    groups = rows[:, [Field.PRODUCT, Field.MODEL, Field.SEGMENT]]
    rows[:, Field.GROUP] = np.unique(groups, axis=0, return_inverse=True)[1].reshape(-1)
    return Offer(classes=Classes(rows=rows, products=names, segments=SEGMENTS), products=products)


def _row(choice: Choice, products: tuple[Product, ...], names: tuple[str, ...]) -> Ints:
    number = names.index(choice.product)
    return contract_row(
        products[number],
        rate_annual=rate(choice.rate_annual),
        count=choice.tenor_months,
        product_code=number,
        model=choice.model,
        segment=SEGMENTS.index(choice.segment),
    )
