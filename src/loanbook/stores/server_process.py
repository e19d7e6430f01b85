"""The process of a PostgreSQL server that was killed: gone only when its parent has taken note."""

import time
from pathlib import Path

from loanbook.errors import EngineError

_RETRY_SECONDS = 0.05


def unreaped(cluster: Path) -> int | None:
    """The process of a data folder's server where it has ended and still stands in the table of processes (on Linux)."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return None
    return pid if state == "Z" else None


def await_reaped(cluster: Path, seconds: float) -> None:
    """Wait until no ended process stands for the server: pg_ctl and PostgreSQL would take it for a running one.

    raises   EngineError when its parent does not take note in time
    """
    give_up = time.monotonic() + seconds
    while (dead := unreaped(cluster)) is not None:
        if time.monotonic() >= give_up:
            raise EngineError(
                f"the server in {cluster} was killed, and its process {dead} stays in the table of processes because its parent "
                "does not wait for it. Run loanbook under an init that does (for a container: --init)."
            )
        time.sleep(_RETRY_SECONDS)
