"""The sweep of reservations that wait for a partner: ask again, and let go of what has expired.

A partner that has not answered may have decided, so its loan goes nowhere else until the reservation expires by the mandate.
A loan that was confirmed and not paid out in the mandate's days is cancelled (`cancelling`).
"""

import datetime as dt
from collections.abc import Sequence

from loanbook.errors import StateError
from loanbook.services.cancelling import let_lapse, payable_until
from loanbook.services.day import Day, apart
from loanbook.services.day_pass import Findings
from loanbook.services.partnering import moved, reroute
from loanbook.services.platform_terms import PlatformTerms
from loanbook.stores.online.day_book import confirmed_loans, waiting_reservations
from loanbook.stores.online.lookups import open_reservations
from loanbook.stores.online.quotas import Change
from loanbook.stores.online.schema import LINE, LOAN, RESERVATION
from loanbook.stores.online.unit import Connection, Row, Unit
from loanbook.terms.mandate import Answering


def sweep(day: Day) -> dict[str, int]:
    """The sweep as a step; it is judged by the clock, not by the day."""
    return sweep_reservations(day.terms.platform, day.connection, day.now, day.today, day.findings)


def sweep_reservations(
    terms: PlatformTerms, connection: Connection, now: dt.datetime, today: dt.date, findings: Findings
) -> dict[str, int]:
    """Ask partners again, release what has expired and offer it to the next mandate, cancel confirmed loans that nobody paid out
    in their days. The caller commits.

    findings   takes the loans for which it could not be done
    """
    again, over = [], []
    for row in waiting_reservations(connection):
        try:
            answering = terms.mandate_by_hash(row["mandate_hash"]).answering
        except StateError as error:
            findings.add(f"loan {row['loan_id']}", f"its offer is not swept: {error}")
            continue
        if _expired(row, answering, now):
            over.append(row["loan_id"])
        elif _to_ask(row, answering, now):
            again.append(row["loan_id"])
    asked = sum(apart(connection, findings, again, lambda ids: _ask(terms, Unit(connection, now, today), ids)))
    released = sum(apart(connection, findings, over, lambda ids: _release(terms, Unit(connection, now, today), ids)))
    stale = [row["loan_id"] for row in confirmed_loans(connection, today) if payable_until(terms, row) < today]
    lapsed = sum(apart(connection, findings, stale, lambda ids: let_lapse(terms, Unit(connection, now, today), ids)))
    return {"asked_again": asked, "expired": released, "lapsed": lapsed}


def _expired(reservation: Row, answering: Answering, now: dt.datetime) -> bool:
    waited: dt.timedelta = now - reservation["asked_at"]
    return waited.total_seconds() >= answering.expires_seconds


def _to_ask(reservation: Row, answering: Answering, now: dt.datetime) -> bool:
    """First after the time to decide and the time between questions; then after the time between questions."""
    if reservation["asked_again_at"] is None:
        waited: dt.timedelta = now - reservation["asked_at"]
        return waited.total_seconds() >= answering.within_seconds + answering.ask_again_seconds
    since: dt.timedelta = now - reservation["asked_again_at"]
    return since.total_seconds() >= answering.ask_again_seconds


def _ask(terms: PlatformTerms, unit: Unit, ids: Sequence[str]) -> int:
    loans = unit.lock(LOAN, ids)
    waiting = open_reservations(unit.connection, loans)
    for loan_id, reservation in waiting.items():
        loan = loans[loan_id]
        if loan["state"] == "offered" and _to_ask(reservation, terms.mandate_by_hash(loan["mandate_hash"]).answering, unit.now):
            unit.update(RESERVATION, reservation, asked=reservation["asked"] + 1, asked_again_at=unit.now)
            unit.tell(
                loan["partner"],
                "answer_wanted",
                loan_id,
                mandate=loan["mandate"],
                attempt=reservation["attempt"],
                asked=reservation["asked"],
            )
    unit.flush()
    return len(waiting)


def _release(terms: PlatformTerms, unit: Unit, ids: Sequence[str]) -> int:
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", ids)
    waiting = open_reservations(unit.connection, loans)
    released: list[Row] = []
    changes: list[Change] = []
    for loan_id, reservation in waiting.items():
        loan = loans[loan_id]
        mandate = terms.mandate_by_hash(loan["mandate_hash"])
        if loan["state"] != "offered" or not _expired(reservation, mandate.answering, unit.now):
            continue
        unit.update(RESERVATION, reservation, state="released")
        unit.event(
            "reservation_expired",
            loan_id,
            mandate=mandate.code,
            partner=mandate.partner,
            attempt=reservation["attempt"],
            asked=reservation["asked"],
        )
        unit.tell(mandate.partner, "offer_withdrawn", loan_id, mandate=mandate.code, attempt=reservation["attempt"])
        unit.update(LOAN, loan, refused_by=[*loan["refused_by"], loan["partner"]])
        changes += moved(mandate, lines[loan["line_id"]], reservation, confirmed=False)
        released.append(loan)
    reroute(terms, unit, released, lines, changes)
    unit.flush()
    return len(released)
