"""Commands in a test: the store that its fixture made, and the vault that the commands will open."""

import base64

from loanbook.stores.embedded import DSN_VARIABLE
from loanbook.stores.online.key_file import FOLDER_VARIABLE
from loanbook.stores.online.vault import open_vault


def online_vault(monkeypatch, dsn, tmp_path):
    """Point the environment at the store, and open its vault."""
    monkeypatch.setenv(DSN_VARIABLE, dsn)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("LOANBOOK_MASTER_KEY", base64.b64encode(b"1" * 32).decode())
    return open_vault()
