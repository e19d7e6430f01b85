"""A place of its own for a store: user's folder, server's folder, master key; and a loan's life in it."""

import base64
import contextlib
import itertools
import os
import shutil
import tempfile
import time
from pathlib import Path

from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.stores.embedded import Embedded, online_dsn
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import open_vault
from tests.online.platform import Platform

MASTER = base64.b64encode(b"1" * 32).decode()


class Place:
    """One store; commands and connections are those of the place that was entered last (`use`)."""

    def __init__(self, patch, name="place"):
        self.root = Path(tempfile.mkdtemp(prefix=f"loanbook-{name}-", dir="/tmp"))
        self.root.chmod(0o755)
        self.home, self.online, self.keys = self.root / "home", self.root / "online", self.root / "home" / "keys"
        self._patch = patch

    def use(self):
        """Make this the place of the environment."""
        for name, value in self.environment().items():
            self._patch.setenv(name, value)
        self._patch.delenv("LOANBOOK_DSN", raising=False)
        return self

    def environment(self):
        """Of a command in this place."""
        return {"LOANBOOK_ONLINE": str(self.online), "LOANBOOK_HOME": str(self.home), "LOANBOOK_MASTER_KEY": MASTER}

    def run(self, *words, code=0):
        """A command; its output, error stream with it."""
        self.use()
        done = CliRunner().invoke(app, [str(word) for word in words])
        said = done.output + (f"error: {done.exception}" if done.exception and done.exit_code == 1 else "")
        assert done.exit_code == code, said
        return said

    def fails(self, *words):
        """The words of the error that a command ends with."""
        self.use()
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code, done.output
        return str(done.exception)

    @contextlib.contextmanager
    def platform(self, **options):
        """The platform of the place, its tables made."""
        self.use()
        with online_dsn() as dsn:
            migrate_dsn(dsn)
            with contextlib.closing(connect(dsn)) as connection:
                platform = Platform(connection, open_vault(), **options)
                platform._keys = itertools.count(time.time_ns())  # no key of an earlier visit
                yield platform

    @contextlib.contextmanager
    def administrator(self):
        """A connection of the server's own administrator, whom no trigger stops."""
        self.use()
        with online_dsn(), contextlib.closing(connect(Embedded().administrator())) as connection:
            yield connection

    def close(self):
        """End its server, if a crash left one, and remove it."""
        self.use()
        with contextlib.suppress(Exception), Embedded().alone():
            pass
        shutil.rmtree(self.root, ignore_errors=True)


def lent(platform, document="1", reference="1", **asked):
    """A borrower with a loan that was paid out: line, quote, loan."""
    line = platform.line(document)
    quoted, drawn = platform.loan(line["line_id"], **asked)
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    paid_out = {"provider_reference": f"out-{reference}", "disbursed_on": platform.today}
    platform.done("disburse", loan_id=drawn["loan_id"], **paid_out)
    return line, quoted, drawn["loan_id"]


def state_of(platform, loan_id):
    """What the platform says of a loan and of who borrowed it."""
    _, loan = platform.look("loan", loan_id)
    return loan


def only_this(environment=os.environ):
    """The environment of a command without what names a store."""
    return {name: value for name, value in environment.items() if not name.startswith("LOANBOOK_") or name == "LOANBOOK_POSTGRES"}
