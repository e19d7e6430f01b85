"""What a server process calls to get the application: the store that the environment names."""

import atexit
import gc
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
    found = serve_app(os.environ[DSN_VARIABLE], open_vault(), workers=workers)
    # Modules, terms and kernels stay as long as the process: to search them for garbage would stop all calls for 0.1 s.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # libraries report what is still held when the interpreter ends
    return found
