"""Effective interest: how an upfront fee or cost of a loan becomes income over its contractual or its expected life.

What is left of a fee after each instalment, as a fraction of it, is the same for all loans of one terms class that have the
same fee in proportion to the principal. So rates are solved and fractions tabled once a class; a loan costs one product.
US GAAP amortises over the contractual life (ASC 310-20), IFRS over the expected life (IFRS 9, effective interest rate); the
difference of the two is column (ii) of the reconciliation. Floats appear only inside the solving; tables are integers.
"""

from typing import Any

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import kernel, lean
from loanbook.loans.pricing import NO_RATE, period_rate, scaled_rate
from loanbook.terms.product import PPM
from loanbook.units import RATE_SCALE, Ints


@lean
def _fill_flows(principal: Ints, interest: Ints, lent: int, smm: Ints, flows: Ints) -> None:
    """What one loan is expected to bring each period: instalments of the share still there, and what that share prepays."""
    there, balance = 1.0, np.float64(lent)
    for row in range(principal.size):
        balance -= principal[row]
        share = smm[row] / PPM
        flows[row] = there * (principal[row] + interest[row] + share * balance)
        there *= 1.0 - share


@lean
def _fill_table(principal: Ints, interest: Ints, lent: int, fee: int, smm: Ints, rate: float, table: Ints) -> None:
    """Fractions left of a fee, backwards: what a loan still there is worth, against what its borrower owes."""
    balance = np.float64(lent)
    for row in range(principal.size):
        balance -= principal[row]
    worth = 0.0
    table[principal.size] = 0
    for row in range(principal.size - 1, -1, -1):
        share = smm[row] / PPM
        worth = (principal[row] + interest[row] + share * balance + (1.0 - share) * worth) / (1.0 + rate)
        balance += principal[row]
        table[row] = np.int64(np.rint((balance - worth) / fee * RATE_SCALE))


@kernel
def _tables(principal: Ints, interest: Ints, lent: Ints, fee: Ints, smm: Ints, solve: bool, rates: Ints, tables: Ints) -> None:
    flows = np.empty(principal.shape[1], np.float64)
    for row in range(lent.size):
        if solve:
            _fill_flows(principal[row], interest[row], lent[row], smm[row], flows)
            rates[row] = scaled_rate(period_rate(np.float64(lent[row] - fee[row]), flows, flows.size))
        tables[row, :] = 0
        if rates[row] != NO_RATE and fee[row] != 0:
            _fill_table(principal[row], interest[row], lent[row], fee[row], smm[row], rates[row] / RATE_SCALE, tables[row])
            if solve:
                tables[row, 0] = RATE_SCALE


def unamortised_tables(
    principal_fen: Any, interest_fen: Any, fee_fen: Any, *, smm_ppm: Any = 0, rates: Any = None
) -> tuple[Ints, Ints]:
    """The effective rate of each class, and the fraction of its upfront fee that is left after each instalment.

    principal_fen, interest_fen   (classes, instalments) int64: the schedule of one loan of the class, large enough for its
                                  rounding not to matter; 0 after its end
    fee_fen      (classes,) int64: kept at disbursement (lowers the carrying amount); a cost is negative; 0: nothing to table
    smm_ppm      share of the loans still there that prepay with each instalment, millionths, (classes, instalments) or what
                 broadcasts; 0: the contractual life
    rates        (classes,) `units.RATE_SCALE`-ths a period: the original rates, kept when estimates change (IFRS 9 B5.4.6);
                 None: solved
    returns      rates (classes,), tables (classes, instalments + 1) int64, RATE_SCALE-ths; place k holds after k instalments,
                 for a loan that is still there; the last place is 0
    raises       RequestError for shapes that do not fit, shares outside 0..1, a class that has no rate
    """
    principal, interest = (np.ascontiguousarray(np.atleast_2d(money), np.int64) for money in (principal_fen, interest_fen))
    fee = np.ascontiguousarray(np.atleast_1d(fee_fen), np.int64)
    if principal.shape != interest.shape or fee.shape != principal.shape[:1]:
        raise RequestError(
            f"{fee.size} fees need principal and interest of {fee.size} rows; got {principal.shape} and {interest.shape}."
        )
    smm = np.ascontiguousarray(np.broadcast_to(np.asarray(smm_ppm, np.int64), principal.shape))
    if bool(((smm < 0) | (smm > PPM)).any()):
        raise RequestError(f"prepaid shares lie between 0 and {PPM:,} millionths; got {int(smm.min()):,} to {int(smm.max()):,}.")
    found = np.zeros(fee.size, np.int64) if rates is None else np.array(np.broadcast_to(rates, fee.shape), np.int64)
    tables = np.empty((fee.size, principal.shape[1] + 1), np.int64)
    _tables(principal, interest, principal.sum(axis=1), fee, smm, rates is None, found, tables)
    if bool((found == NO_RATE).any()):
        row = int(np.argmax(found == NO_RATE))
        raise RequestError(
            f"class {row} (counted from 0) has no effective rate: {int(principal[row].sum()):,} lent less a fee of "
            f"{int(fee[row]):,} against {int(principal[row].sum() + interest[row].sum()):,} that comes back."
        )
    return found, tables
