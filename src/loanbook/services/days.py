"""The day close at the machine: over the store that LOANBOOK_DSN names, else the embedded one."""

import datetime as dt
from collections.abc import Iterator

from loanbook.services.approved_terms import standing_terms
from loanbook.services.day import ZONE
from loanbook.services.day_close import StepDone, close_days, day_terms, show_day
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import connect


def _clock() -> tuple[dt.datetime, dt.date]:
    now = dt.datetime.now(dt.UTC)
    return now, now.astimezone(ZONE).date()


def close_online(to: dt.date | None = None) -> Iterator[StepDone]:
    """Close the days that are not closed yet; `day_close.close_days`."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            terms = standing_terms(connection, _clock()[0])
            yield from close_days(day_terms(terms), connection, _clock, to)


def show_online(day: dt.date) -> list[StepDone]:
    """The steps of a day that are done. Raises RequestError when there is none."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            return show_day(connection, day)
