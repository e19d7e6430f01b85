"""`loanbook serve`."""

import os
import signal
import socket
import sys
from types import FrameType
from typing import Annotated

import typer

from loanbook.errors import StateError


def serve(
    port: Annotated[int, typer.Option("--port", help="Port on this machine.", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; put a TLS proxy before any other.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option("--workers", help="Processes that answer.", min=1, max=64)] = 1,
    seal_seconds: Annotated[
        float, typer.Option("--seal-seconds", help="How often the audit log is sealed into its chain.", min=0.1, max=3600.0)
    ] = 5.0,
    sweep_seconds: Annotated[
        float,
        typer.Option("--sweep-seconds", help="How often unanswered offers are swept.", min=0.1, max=3600.0),
    ] = 30.0,
) -> None:
    """Serve the platform's API over HTTP, with its documentation under /docs.

    The store is the PostgreSQL that LOANBOOK_DSN names, else one that starts with this command and stops with it. Keys:
    `loanbook key create`. Personal data is sealed under LOANBOOK_MASTER_KEY. A caller's rate is parted among the workers.
    """
    import uvicorn

    _check_port(host, port)
    from loanbook.commands.screen import say_when_cold
    from loanbook.services.compiling import is_store_cold
    from loanbook.stores.online.key_file import master_keys

    master_keys()  # said before anything is announced
    say_when_cold(is_store_cold)
    from loanbook.rest.factory import WORKERS_VARIABLE
    from loanbook.services.auditing import sealing
    from loanbook.services.sweeping import sweeping
    from loanbook.stores.embedded import DSN_VARIABLE, online_dsn
    from loanbook.stores.online.migrate import migrate_dsn

    # uvicorn raises the signal that ended it once more when it is done: unhandled, it would end us before the store is stopped.
    signal.signal(signal.SIGTERM, _leave)
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        os.environ[DSN_VARIABLE] = dsn
        os.environ[WORKERS_VARIABLE] = str(workers)
        typer.echo(f"Serving http://{host}:{port}, its documentation under /docs. Ctrl-C ends it.")
        with sealing(dsn, seal_seconds), sweeping(dsn, sweep_seconds):
            uvicorn.run(
                "loanbook.rest.factory:application",
                factory=True,
                host=host,
                port=port,
                workers=workers,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=10,
            )


def _check_port(host: str, port: int) -> None:
    """Say in words what uvicorn would say after everything else has started. Raises StateError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            words = f"cannot listen on {host}:{port} ({error.strerror}). Choose another with --port or --host."
            raise StateError(words) from None


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
