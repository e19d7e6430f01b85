"""How long things are kept, as dated data: for each class a period, its source, and what a borrower's wish changes."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.terms.loading import Located, read_located
from loanbook.units import date

SHIPPED = Path(__file__).parent / "retention"
CLASSES = {
    "identity_borrower": "who someone is who was lent to, and what was sealed under their key; from the day the last loan closed",
    "identity_applicant": "the same of someone who never was; from the last registration, application, drawdown or end of a line",
    "request": "idempotency keys with their answers; from the answer",
    "nonce": "nonces of signed messages; from their signing",
    "outbox": "messages that were taken; from their taking",
    "quote": "quotes that were not accepted; from their expiry",
    "audit": "who did or read what; from its recording",
    "event": "what happened; from its recording",
}
"""Each class, and when its time begins."""
ENDLESS = ("audit", "event")
"""Classes that a trigger keeps anyone from deleting; their terms can only say forever."""
IDENTITIES = ("identity_borrower", "identity_applicant")
_REQUIRED = ("class", "keep", "effective_from", "source")
_MOST = {"years": 100, "days": 36_500}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """One class's period, in force from a day until a later version's.

    years, days   how long; both None is forever
    on_request    "erase" or "refuse": an erasure that a borrower asks for before the period is over; only for identities
    """

    name: str
    years: int | None
    days: int | None
    on_request: str
    effective_from: int
    source: str
    place: str

    def ends_before(self, today: dt.date) -> dt.date | None:
        """What began before this day is due today; None: nothing ever is."""
        if self.days is not None:
            return today - dt.timedelta(days=self.days)
        if self.years is None:
            return None
        leap = today.month == 2 and today.day == 29
        return today.replace(year=today.year - self.years, day=28 if leap else today.day)

    @property
    def shown(self) -> str:
        """The period in words."""
        if self.years is None and self.days is None:
            return "forever"
        number, unit = (self.years, "year") if self.years is not None else (self.days, "day")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def retention_in(folder: Path = SHIPPED) -> tuple[Retention, ...]:
    """All versions of a folder's *.yaml, by class and day.

    raises   TermsError with ``path:line:`` and what to write instead
    """
    found: list[Retention] = []
    for path in sorted(folder.glob("*.yaml")):
        top = read_located(path, f"terms/{folder.name}/{path.name}")
        entries = top.fields("a retention file", ("retention",), ("retention",))["retention"].items("retention")
        for entry in entries:
            made = _read(entry)
            for other in found:
                if (other.name, other.effective_from) == (made.name, made.effective_from):
                    raise entry.wrong(f"{made.name} already has a period from {date(made.effective_from)} in {other.place}.")
            found.append(made)
    return tuple(sorted(found, key=lambda each: (each.name, each.effective_from)))


def retention_on(versions: tuple[Retention, ...], name: str, on: int) -> Retention:
    """The version of a class in force on a day. Raises RequestError where there is none: what has no period is not erased."""
    current = [each for each in versions if each.name == name and each.effective_from <= on]
    if not current:
        raise RequestError(f"no retention period is in force for {name} on {date(on)}.")
    return max(current, key=lambda each: each.effective_from)


def _read(entry: Located) -> Retention:
    items = entry.fields("a retention period", (*_REQUIRED, "on_request"), _REQUIRED)
    name = items["class"].choice("class", CLASSES)
    years, days = _period(items["keep"])
    if name in ENDLESS and (years is not None or days is not None):
        raise items["keep"].wrong(f"{name} is append-only and cannot be erased. Write keep: forever.")
    if (name in IDENTITIES) != ("on_request" in items):
        where = "needs" if name in IDENTITIES else "has no"
        raise entry.wrong(f"{name} {where} on_request (erase or refuse); it is for {' and '.join(IDENTITIES)}.")
    source = items["source"].text("source").strip()
    if not source:
        raise items["source"].wrong("source is empty. Write the law or policy that sets this period.")
    return Retention(
        name=name,
        years=years,
        days=days,
        on_request=items["on_request"].choice("on_request", ("erase", "refuse")) if "on_request" in items else "",
        effective_from=items["effective_from"].date("effective_from"),
        source=source,
        place=entry.place,
    )


def _period(item: Located) -> tuple[int | None, int | None]:
    if item.value == "forever":
        return None, None
    if not isinstance(item.value, dict):
        raise item.wrong(f"keep must be {{years: 5}}, {{days: 30}} or forever, not {item.shown}.")
    parts = item.fields("keep", tuple(_MOST))
    if len(parts) != 1:
        raise item.wrong("keep needs either years or days. Write one of them.")
    unit, value = next(iter(parts.items()))
    number = value.whole(f"keep.{unit}", 1, _MOST[unit])
    return (number, None) if unit == "years" else (None, number)
