"""The day close at the machine: over the store that LOANBOOK_DSN names, else the embedded one."""

import datetime as dt
from collections.abc import Iterator

from loanbook import units
from loanbook.errors import StateError
from loanbook.services.approved_terms import standing_terms
from loanbook.services.day import ZONE
from loanbook.services.day_close import StepDone, close_days, day_terms, show_day
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.lookups import keep_terms
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.projection import Progress
from loanbook.terms.loading import read_text
from loanbook.terms.vehicle_file import SHIPPED, parse_vehicle


def _clock() -> tuple[dt.datetime, dt.date]:
    now = dt.datetime.now(dt.UTC)
    return now, now.astimezone(ZONE).date()


def close_online(to: dt.date | None = None, on_progress: Progress | None = None) -> Iterator[StepDone]:
    """Close the days that are not closed yet; `day_close.close_days`."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            terms = standing_terms(connection, _clock()[0])
            archive_vehicles(connection, _clock()[0])
            yield from close_days(day_terms(terms), connection, _clock, to, on_progress=on_progress)


def archive_vehicles(connection: Connection, now: dt.datetime) -> None:
    """Keep every shipped version of vehicles' terms in the store, so that what their events name can always be read. Commits."""
    rows = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        text = read_text(path, path.name)
        vehicle = parse_vehicle(text, path.name)
        rows.append((vehicle.hash, "vehicle", vehicle.code, units.date(vehicle.effective_from), text, now))
    keep_terms(connection, rows)
    connection.commit()


def show_online(day: dt.date) -> list[StepDone]:
    """The steps of a day that are done. Raises RequestError when there is none, StateError for a day that is not over."""
    today = _clock()[1]
    if day >= today:
        raise StateError(f"{day} is not over; the last day that can be closed is {today - dt.timedelta(days=1)}.")
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            return show_day(connection, day)
