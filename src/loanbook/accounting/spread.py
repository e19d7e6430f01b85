"""What is spread: over days, between parts, between revenue and tax. Each is the difference of two rounded cumulative amounts.

A cumulative amount is a function of the state at a day's end, so closing daily, once or after a gap posts the same sum.
"""

from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel
from loanbook.loans.earning_spread import by_days, net_of_tax, share_of
from loanbook.units import Ints

__all__ = ["by_days", "columns", "net_of_tax", "share_of", "split_tax"]


def columns(*values: Any) -> tuple[Ints, ...]:
    """Values broadcast to int64 columns of one length, (rows,) each; one loan is a column of length 1."""
    rows = (np.atleast_1d(np.asarray(value, np.int64)) for value in values)
    return tuple(np.ascontiguousarray(column) for column in np.broadcast_arrays(*rows))


@kernel
def _net(gross: Ints, tax_ppm: int, out: Ints) -> None:
    for row in range(gross.size):
        out[row] = net_of_tax(gross[row], tax_ppm)


def split_tax(gross_fen: Any, tax_ppm: int) -> tuple[Ints, Ints]:
    """Revenue and value-added tax of gross amounts, (rows,) int64 each; they sum to the gross amount.

    gross_fen   cumulative amounts, any sign: the entries of a period are the difference of two such splits
    raises      RequestError for a negative rate
    source      balances include VAT, revenue is net of it (DOMAIN section 6); evidence: the guarantee release of 2024,
                3,916,718 / 1.06 = 3,695,017 thousand as reported
    """
    if tax_ppm < 0:
        raise RequestError(f"a tax rate of {tax_ppm} millionths is below zero. Write 60000 for 6 %.")
    gross = np.ascontiguousarray(np.atleast_1d(gross_fen), np.int64)
    revenue = np.empty_like(gross)
    _net(gross, int(tax_ppm), revenue)
    return revenue, gross - revenue
