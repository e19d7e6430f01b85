"""Messages of the outbox: seen while they wait, and taken once."""

import datetime as dt

from loanbook.stores.online.unit import Connection, Row


def take_messages(connection: Connection, recipient: str, most: int, now: dt.datetime) -> list[Row]:
    """Mark the oldest messages of a recipient as taken and return them, oldest first.

    Those that another transaction is taking are passed over: a message is given to one, or to nobody when that one fails.
    """
    query = (
        "WITH chosen AS (SELECT number FROM outbox WHERE recipient = %s AND taken_at IS NULL ORDER BY number LIMIT %s "
        "FOR UPDATE SKIP LOCKED), taken AS (UPDATE outbox SET taken_at = %s FROM chosen WHERE outbox.number = chosen.number "
        "RETURNING outbox.*) SELECT * FROM taken ORDER BY number"
    )
    return connection.execute(query, (recipient, most, now)).fetchall()


def waiting_messages(connection: Connection, recipient: str, after: int, most: int) -> list[Row]:
    """Messages of a recipient that wait, with numbers above one, oldest first."""
    query = "SELECT * FROM outbox WHERE recipient = %s AND taken_at IS NULL AND number > %s ORDER BY number LIMIT %s"
    return connection.execute(query, (recipient, after, most)).fetchall()
