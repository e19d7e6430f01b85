"""What time it is, for services; everything below them is told."""

import datetime as dt
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""The platform's zone: a fact's civil day is the day there."""


def wall_clock() -> tuple[dt.datetime, dt.date]:
    """Now, and the civil day in the platform's zone."""
    now = dt.datetime.now(dt.UTC)
    return now, now.astimezone(ZONE).date()
