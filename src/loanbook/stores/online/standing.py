"""How borrowers stand: the lines they hold, and loans of theirs that are past due or written off."""

import datetime as dt
from collections.abc import Iterable, Sequence

from loanbook.stores.online.unit import Connection, Row
from loanbook.units import Ints


def hold_lines(connection: Connection, borrower_ids: Iterable[str], today: dt.date) -> list[Row]:
    """Lines of borrowers, oldest first: borrower_id, line_id, kind, limit_fen, used_fen, is_open (can be drawn from today).

    Who else asks for one of these borrowers waits for this transaction, so that no two give a line to one borrower at once.
    """
    wanted = sorted(set(borrower_ids))
    # Two statements: the second one sees what was committed while the first waited.
    connection.execute(
        "SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended('lines of ' || b, 0) AS k "
        "FROM unnest(%s::text[]) AS x(b) ORDER BY k) AS keys",
        (wanted,),
    )
    query = (
        "SELECT borrower_id, line_id, kind, limit_fen, used_fen, state = 'open' AND expires_on > %s AS is_open FROM credit_line "
        "WHERE borrower_id = ANY(%s) ORDER BY borrower_id, opened_on, line_id"
    )
    return connection.execute(query, (today, wanted)).fetchall()


def behind_with(connection: Connection, borrower_ids: Iterable[str]) -> list[Row]:
    """Loans that keep borrowers from borrowing: borrower_id, loan_id, state, day, dpd, owed_fen; written-off ones first.

    Written off, and its principal (`owed_fen`) has not come back in full; or past due at the last close of a `day`, by `dpd`
    days, and less than what was overdue then (`owed_fen`) was paid since.
    """
    # One look-up a borrower: asked as one condition, PostgreSQL reads the whole table as long as it is small.
    query = (
        "SELECT b.borrower_id, f.loan_id, f.state, f.day, f.dpd, (f.was_owed - f.paid)::bigint AS owed_fen "
        "FROM unnest(%s::text[]) AS b(borrower_id) CROSS JOIN LATERAL ("
        "SELECT l.loan_id, l.state, p.day, coalesce(p.dpd, 0) AS dpd, "
        "CASE l.state WHEN 'charged_off' THEN l.principal_fen - l.principal_repaid_fen ELSE p.overdue_fen END AS was_owed, "
        "(SELECT coalesce(sum(y.amount_fen), 0) FROM payment y WHERE y.loan_id = l.loan_id AND NOT y.reversed "
        "AND CASE l.state WHEN 'charged_off' THEN y.purpose = 'recovery' ELSE y.paid_on > p.day END) AS paid "
        "FROM loan l LEFT JOIN past_due p ON p.loan_id = l.loan_id WHERE l.borrower_id = b.borrower_id "
        "AND (l.state = 'charged_off' OR l.state = 'disbursed' AND p.loan_id IS NOT NULL)) AS f "
        "WHERE f.paid < f.was_owed ORDER BY b.borrower_id, f.state, f.dpd DESC, f.loan_id"
    )
    return connection.execute(query, (sorted(set(borrower_ids)),)).fetchall()


def keep_past_due(connection: Connection, day: dt.date, loan_ids: Sequence[str], dpd: Ints, overdue_fen: Ints) -> None:
    """Put the loans past due at the end of a day in the place of those of the last one."""
    connection.execute("DELETE FROM past_due")
    with connection.cursor() as cursor, cursor.copy("COPY past_due (loan_id, day, dpd, overdue_fen) FROM STDIN") as copy:
        for loan_id, days, fen in zip(loan_ids, dpd.tolist(), overdue_fen.tolist(), strict=True):
            copy.write_row((loan_id, day, days, fen))
