"""The audit log: what waits is sealed into the chain, its head is kept outside the database, and the whole chain is checked."""

from pathlib import Path

from loanbook.kernel import home
from loanbook.services.clock import wall_clock
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import ChainCheck, Head, keep_head, kept_heads, seal, verify_chain
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect


def heads_file() -> Path:
    """Where heads of the chain are kept: `<home>/audit_heads`. Copy it to where who runs the database cannot write."""
    return home() / "audit_heads"


def seal_all(connection: Connection) -> Head:
    """Seal every row that waits and keep the head; commits."""
    while True:
        head, sealed = seal(connection)
        connection.commit()
        if not sealed:
            return head
        path = heads_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_head(path, head, wall_clock()[0])


def check_audit() -> ChainCheck:
    """Seal what waits, then walk the chain against the heads that were kept. Raises StateError without a store."""
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as connection:
            seal_all(connection)
            path = heads_file()
            return verify_chain(connection, kept_heads(path) if path.exists() else ())
