"""Price before match: a quote must suit whichever eligible mandate takes the loan, so the strictest caps among them bind it."""

from dataclasses import dataclass

import numpy as np

from loanbook.errors import StateError
from loanbook.funding.mandate_table import MandateTable, Term
from loanbook.terms.rate_cap import EFFECTIVE, LENDERS, NOMINAL, RateCap, check_rate, strictest
from loanbook.units import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCap:
    """The strictest caps that bind a quote, one a basis; None: no lender has a cap on that basis."""

    on: int
    nominal: RateCap | None
    effective: RateCap | None

    def check(self, *, nominal: int, effective: int) -> None:
        """Refuse all-in annual rates above a cap. Raises RequestError naming rule, source and figures."""
        for cap in (self.nominal, self.effective):
            if cap is not None:
                check_rate((cap,), cap.lenders[0], self.on, nominal=nominal, effective=effective)


def quote_cap(table: MandateTable, takes: Ints, caps: tuple[RateCap, ...]) -> QuoteCap:
    """The strictest caps among the lenders of the mandates that take a request; all lenders of a joint mandate count.

    takes    (mandates,) bool: a row of `eligible`
    raises   StateError when no mandate takes it: nobody to lend is not uncapped
    """
    bits = int(np.bitwise_or.reduce(table.terms[np.asarray(takes, np.bool_), Term.LENDERS]))
    lenders = tuple(lender for code, lender in enumerate(LENDERS) if bits >> code & 1)
    if not lenders:
        raise StateError("no mandate in force takes such a loan, so it cannot be quoted. Ask for other terms.")
    return QuoteCap(
        on=table.on,
        nominal=strictest(caps, lenders, table.on, NOMINAL),
        effective=strictest(caps, lenders, table.on, EFFECTIVE),
    )
