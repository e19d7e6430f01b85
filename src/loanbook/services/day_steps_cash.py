"""Cash in the day close: suspense that bookings explain by now, and the subledger held against statements and suspense."""

from loanbook import units
from loanbook.errors import RequestError
from loanbook.services.day import Day
from loanbook.services.day_pass import FINDINGS_MOST
from loanbook.services.statement_taking import match_open
from loanbook.stores.online.cash import (
    accounts_with_statements,
    cash_sums,
    lock_accounts,
    reported_differences,
    suspense_by_events,
    unreported_sums,
)
from loanbook.terms.cash_account import account_in_force


def release_suspense(day: Day) -> dict[str, int]:
    """Release the items of suspense that what was booked since explains."""
    accounts = accounts_with_statements(day.connection)
    lock_accounts(day.connection, accounts)
    unit = day.unit()
    released = items = amount_fen = 0
    for code in accounts:
        found = match_open(day.terms.platform, unit, code)
        released, items = released + len(found.released), items + len(found.open)
        amount_fen += sum(item["amount_fen"] for item in found.open)
    unit.flush()
    return {"released": released, "items": items, "suspense_fen": amount_fen}


def audit_cash(day: Day) -> dict[str, int]:
    """The cash of each account against what statements reported of our bookings and suspense; suspense against its events.

    What no statement has reported yet is told, and no finding: the next statement may bring it.
    """
    sums = cash_sums(day.connection)
    told = suspense_by_events(day.connection)
    differ = cash_fen = suspense_fen = waiting = waiting_fen = 0
    for row in sums:
        code, moved = row["account"], row["closing_fen"] - row["opening_fen"]
        cash_fen, suspense_fen = cash_fen + moved, suspense_fen + row["suspense_fen"]
        explained = row["reported_fen"] + row["suspense_fen"]
        for wrong, message, value, expected in (
            (row["gaps"] > 0, "statements do not open where the one before closed", row["gaps"], 0),
            (moved != explained, "cash is not what was reported of our bookings and suspense", moved, explained),
            (
                row["suspense_fen"] != told.get(code, 0),
                "suspense is not the sum of its events",
                row["suspense_fen"],
                told.get(code, 0),
            ),
        ):
            if wrong:
                differ += 1
                day.findings.add(f"account {code}", message, value, expected)
        try:
            account = account_in_force(day.terms.platform.cash_accounts, code, units.day(row["ends_on"]))
        except RequestError as error:
            day.findings.add(f"account {code}", str(error))
            continue
        rows, amount, _ = unreported_sums(
            day.connection, [str(kind) for kind in account.carries], row["begins_on"], row["ends_on"]
        )
        waiting, waiting_fen = waiting + rows, waiting_fen + amount
    bookings = reported_differences(day.connection, FINDINGS_MOST)
    for row in bookings:
        message = "was reported with another amount than it is booked with"
        day.findings.add(f"{row['kind']} {row['booking_id']}", message, row["held_fen"], row["booked_fen"])
    return {
        "cash_fen": cash_fen,
        "suspense_fen": suspense_fen,
        "unreported": waiting,
        "unreported_fen": waiting_fen,
        "cash_that_differs": differ + len(bookings),
    }
