"""The clock of verbs on books: which day it is."""

import datetime as dt

_EARLIEST_ZONE = dt.timedelta(hours=14)
"""Where a day begins first, ahead of UTC."""


def last_begun_day() -> dt.date:
    """The last day that has begun anywhere on earth: a source may rightly name it, and none after it."""
    return (dt.datetime.now(dt.UTC) + _EARLIEST_ZONE).date()
