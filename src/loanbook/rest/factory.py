"""What a server process calls to get the application: the store that the environment names."""

import os

from fastapi_offline import FastAPIOffline

from loanbook.rest.server import serve_app
from loanbook.stores.embedded import DSN_VARIABLE
from loanbook.stores.online.vault import open_vault


def application() -> FastAPIOffline:
    """The application of the store in LOANBOOK_DSN; tables must be of this version already."""
    return serve_app(os.environ[DSN_VARIABLE], open_vault())
