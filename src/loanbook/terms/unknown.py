"""What the source of a product's loans may not tell, though every loan in a book has a place for it."""

from enum import IntEnum


class Unknown(IntEnum):
    """What a tape had to be given a stand-in for. Measures that would count the stand-in are not measured."""

    ORIGINATION = 0
    """The day loans were made: no volume by month, no vintages."""
    AMOUNT = 1
    """The amount lent at the start: no volume in money, no part of initial principal."""
    TENOR = 2
    """For how long was lent: no average tenor."""
    CHARGE_OFF = 3
    """Which loans were written off, or when: no losses and no recoveries. A balance that falls to zero may have been paid."""
