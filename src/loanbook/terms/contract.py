"""A contract as a row of integers: what product terms and one loan's choices come to, in the form that kernels read.

A *terms class* is one such row; loans that share rate, tenor and product share it. Columns are named by `Field`.
"""

from enum import IntEnum

import numpy as np

WATERFALL_STEPS = 12
"""{past due, due, in advance} x {penalty, fee, interest, principal}."""


class Field(IntEnum):
    """Columns of a contract row, (fields,) int64. Enumerations are those of `terms.conventions`."""

    METHOD = 0
    RATE_ANNUAL = 1
    """`units.RATE_SCALE`-ths of one per year."""
    COUNT = 2
    """Number of instalments (a down payment not counted)."""
    UNIT = 3
    EVERY = 4
    """The frequency: one instalment every EVERY UNITs."""
    MONTH_END = 5
    DAY_COUNT = 6
    ROUNDING = 7
    """`units.Rounding` of every amount of the schedule."""
    INSTALLMENT_MULTIPLE = 8
    """The regular instalment is rounded to this many minor units; 0 or 1 for none."""
    SMOOTHING = 9
    """1: the gap between last and regular instalment is spread (see `loans.schedule`)."""
    GRACE_PRINCIPAL = 10
    """First instalments without principal."""
    GRACE_INTEREST = 11
    """First instalments in which interest accrues and is not collected; it falls due with the next one."""
    INTEREST_FREE = 12
    """First instalments without interest."""
    SHIFT = 13
    DOWN_PAYMENT_PPM = 14
    """Part of each disbursement due on its day, millionths."""
    ENGINE = 15
    RECALCULATE = 16
    """1: interest follows the principal actually outstanding; 0: the schedule's."""
    OVERDUE_INTEREST = 17
    """1: overdue principal goes on earning interest (only where RECALCULATE is 1)."""
    PAYOFF = 18
    EXCESS = 19
    PROCESSING = 20
    PENALTY_RATE_ANNUAL = 21
    """Late-charge rate on overdue principal, by day over 365; 0 for none. Implied by terms: no event is written."""
    PENALTY_GRACE_DAYS = 22
    """No late charge when an instalment is cleared within this many days of its due date."""
    ARREARS_TOLERANCE = 23
    """Minor units: a residue up to this is not arrears."""
    NON_ACCRUAL_DAYS = 24
    CHARGE_OFF_DAYS = 25
    """Charged off when more than this many days past due; 0 for never."""
    TENOR_MONTHS = 26
    """Contractual tenor for the weighted average."""
    PRODUCT = 27
    MODEL = 28
    SEGMENT = 29
    """Codes of the book's dictionaries; the pair (PRODUCT, MODEL, SEGMENT) is a loan's group."""
    GROUP = 30
    """Dense number of (PRODUCT, MODEL, SEGMENT) inside one close."""
    INTEREST_ONLY_COUNT = 31
    """Instalments before amortisation of `Method.INTEREST_ONLY_THEN_LEVEL`."""
    AGING = 32
    """How a reported loan ages (`conventions.Aging`); loans with payments of their own age by their instalments."""
    VEHICLE = 33
    PARTNER = 34
    """Codes of the book's dictionaries, below 0 for none; with the group they make a loan's pool, in the books."""
    OWN_PRINCIPAL = 35
    OWN_INTEREST = 36
    OWN_FEE = 37
    """Of a loan lent jointly our vehicles' part of each component, millionths; all of it of any other loan."""
    COUPON_ANNUAL = 38
    """Interest up to this rate is shared as interest, above it as fee; `units.RATE_SCALE`-ths."""
    WATERFALL = 39
    """First of `WATERFALL_STEPS` columns: `Timing` * 4 + `Component` in the order they are paid; -1 ends the list."""


SHARE_WHOLE = 1_000_000
FIELDS = int(Field.WATERFALL) + WATERFALL_STEPS


def empty_contract() -> np.ndarray:
    """A contract row of zeros with an empty waterfall, (FIELDS,) int64."""
    row = np.zeros(FIELDS, np.int64)
    row[Field.WATERFALL :] = -1
    row[Field.VEHICLE] = row[Field.PARTNER] = -1
    row[[Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE]] = SHARE_WHOLE
    row[Field.EVERY] = 1
    return row
