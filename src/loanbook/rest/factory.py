"""What a server process calls to get the application: the store that the environment names."""

import os

from fastapi_offline import FastAPIOffline

from loanbook.rest.server import serve_app
from loanbook.stores.embedded import DSN_VARIABLE
from loanbook.stores.online.vault import open_vault

WORKERS_VARIABLE = "LOANBOOK_WORKERS"
"""How many processes serve the application together; `loanbook serve` sets it, another server that starts several must."""


def application() -> FastAPIOffline:
    """The application of the store in LOANBOOK_DSN; tables must be of this version already."""
    workers = max(int(os.environ.get(WORKERS_VARIABLE) or "1"), 1)
    return serve_app(os.environ[DSN_VARIABLE], open_vault(), workers=workers)
