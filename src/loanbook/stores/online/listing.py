"""Lists of the online store, a page at a time, by ids that sort by their time of making."""

from loanbook.stores.online.unit import Connection, Row


def loans_of_partner(connection: Connection, partner: str, state: str, after: str, most: int) -> list[Row]:
    """A partner's loans with ids above one, in a state or ("") in any, in the order of their ids.

    Every state is read by the index (partner, state, loan_id) to its first `most` loans, so a page costs the same anywhere.
    """
    if state:
        query = "SELECT * FROM loan WHERE partner = %s AND state = %s AND loan_id > %s ORDER BY loan_id LIMIT %s"
        return connection.execute(query, (partner, state, after, most)).fetchall()
    query = """
        WITH RECURSIVE s(state) AS (
            (SELECT state FROM loan WHERE partner = %(partner)s ORDER BY state LIMIT 1)
            UNION ALL
            SELECT (SELECT l.state FROM loan l WHERE l.partner = %(partner)s AND l.state > s.state ORDER BY l.state LIMIT 1)
            FROM s WHERE s.state IS NOT NULL)
        SELECT x.* FROM s CROSS JOIN LATERAL (
            SELECT * FROM loan l WHERE l.partner = %(partner)s AND l.state = s.state AND l.loan_id > %(after)s
            ORDER BY l.loan_id LIMIT %(most)s) x
        ORDER BY x.loan_id LIMIT %(most)s"""
    return connection.execute(query, {"partner": partner, "after": after, "most": most}).fetchall()


def loans_of_borrower(connection: Connection, borrower_id: str, state: str, after: str, most: int) -> list[Row]:
    """A borrower's loans with ids above one, in a state or ("") in any."""
    query = (
        "SELECT * FROM loan WHERE borrower_id = %s AND (%s::text = '' OR state = %s) AND loan_id > %s ORDER BY loan_id LIMIT %s"
    )
    return connection.execute(query, (borrower_id, state, state, after, most)).fetchall()


def offers_to(connection: Connection, partner: str, after: str, most: int) -> list[Row]:
    """Offers that wait for a partner: its loans of state offered with grade, kind, report, and how often it was asked."""
    query = (
        "SELECT l.*, r.asked_at, r.asked, r.attempt, c.grade, c.kind, "
        "(SELECT report_id FROM report p WHERE p.loan_id = l.loan_id AND p.partner = l.partner "
        "ORDER BY report_id DESC LIMIT 1) AS report_id "
        "FROM loan l JOIN reservation r ON r.loan_id = l.loan_id AND r.state = 'reserved' "
        "JOIN credit_line c ON c.line_id = l.line_id "
        "WHERE l.partner = %s AND l.state = 'offered' AND l.loan_id > %s ORDER BY l.loan_id LIMIT %s"
    )
    return connection.execute(query, (partner, after, most)).fetchall()


_OF_BORROWER = {
    "line": ("credit_line", "line_id"),
    "decision": ("decision", "decision_id"),
    "consent": ("consent", "consent_id"),
    "disclosure": ("disclosure", "disclosure_id"),
}


def rows_of_borrower(connection: Connection, what: str, borrower_id: str, after: str, most: int) -> list[Row]:
    """A borrower's lines, decisions, consents or disclosures with ids above one, in the order of their ids."""
    table, id_ = _OF_BORROWER[what]
    query = f"SELECT * FROM {table} WHERE borrower_id = %s AND {id_} > %s ORDER BY {id_} LIMIT %s"
    return connection.execute(query, (borrower_id, after, most)).fetchall()


def archived_text(connection: Connection, terms_hash: str) -> str | None:
    """The text of archived terms; None where there is none of that hash."""
    row = connection.execute("SELECT content FROM terms WHERE hash = %s", (terms_hash,)).fetchone()
    return row["content"] if row else None
