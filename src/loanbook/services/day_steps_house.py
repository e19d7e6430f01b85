"""Steps of the house: what has become due (derived), quotas of past days, lines that end, the audit's seal, the self-audit."""

from loanbook.services.day import Day
from loanbook.services.day_steps_cash import audit_cash
from loanbook.services.day_steps_partners import audit_settlement
from loanbook.stores.online.audit import seal
from loanbook.stores.online.day_book import cash_differences, expire_lines, quota_differences, reset_quotas
from loanbook.stores.online.vehicle_book import balance_differences

_SEALED_AT_ONCE = 10_000


def fall_due(day: Day) -> dict[str, int]:
    """Loans with an instalment due that day. Derived: nothing is written for a loan."""
    figures = day.figures
    for finding in figures.unbookable.first:
        day.findings.add(finding.place, finding.message, finding.value, finding.expected)
    day.findings.count += figures.unbookable.count - len(figures.unbookable.first)
    return {
        "running_loans": figures.running.loans,
        "outstanding_fen": figures.running.amount_fen,
        "loans": figures.due.loans,
        "due_fen": figures.due.amount_fen,
        "unbookable_loans": figures.unbookable.count,
    }


def mark_overdue(day: Day) -> dict[str, int]:
    """Loans past due at the day's end, and those that became so. Derived."""
    overdue, new = day.figures.overdue, day.figures.newly_overdue
    return {
        "loans": overdue.loans,
        "overdue_fen": overdue.amount_fen,
        "new_loans": new.loans,
        "new_overdue_fen": new.amount_fen,
    }


def late_charges(day: Day) -> dict[str, int]:
    """Late charges where terms have them. Derived by the account kernel from terms, so no event is written."""
    return {"loans": day.figures.late_charges.loans, "charged_fen": day.figures.late_charges.amount_fen}


def reset_quota(day: Day) -> dict[str, int]:
    """Quotas of days before this one are removed, where nothing reserved under them waits."""
    return {"removed": reset_quotas(day.connection, day.day)}


def expire_credit_lines(day: Day) -> dict[str, int]:
    """Lines end on the day that they were valid until."""
    return {"lines": expire_lines(day.connection, day.day, day.now)}


def seal_audit(day: Day) -> dict[str, object]:
    """Seal what waits in the audit log."""
    sealed = 0
    while True:
        head, rows = seal(day.connection, _SEALED_AT_ONCE)
        sealed += rows
        if rows < _SEALED_AT_ONCE:
            return {"sealed": sealed, "number": head.number, "hash": head.hash.hex()}


def audit(day: Day) -> dict[str, int]:
    """Booked principal against the account, allocated against cash, quotas against reservations, events against payments;
    vehicles' books against their events, and what partners are told against what borrowers paid; payments against statements
    and suspense."""
    differences = day.figures.differences
    for finding in differences.first:
        day.findings.add(finding.place, finding.message, finding.value, finding.expected)
    day.findings.count += differences.count - len(differences.first)
    quotas = quota_differences(day.connection)
    for row in quotas:
        held = f"{row['reserved_fen']} reserved, {row['confirmed_fen']} confirmed"
        rebuilt = f"{row['reserved']} reserved, {row['confirmed']} confirmed"
        day.findings.add(f"quota {row['mandate']} {row['scope']}", "is not what its reservations come to", held, rebuilt)
    vehicles = balance_differences(day.connection)
    for row in vehicles:
        place = f"vehicle {row['vehicle']} {row['kind']} {row['name']}".rstrip()
        day.findings.add(place, "is not the sum of its events", row["held_fen"] or 0, row["told_fen"] or 0)
    settlements = audit_settlement(day)
    cash = cash_differences(day.connection, *day.moments())
    for row in cash:
        message = "no payment agrees with the event"
        day.findings.add(f"event {row['number']} of loan {row['subject']}", message, row["held_fen"], row["amount_fen"])
    return {
        "loans": day.figures.running.loans,
        "loans_that_differ": differences.count,
        "quotas_that_differ": len(quotas),
        "payments_that_differ": len(cash),
        "vehicle_balances_that_differ": len(vehicles),
        "settlements_that_differ": settlements,
    } | audit_cash(day)
