"""PostgreSQL's own programs (pg_dump, pg_restore, psql) against a server that a DSN names.

What a DSN says goes to them by the environment, never as an argument that every process of the machine could read.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from loanbook.errors import EngineError, StateError
from loanbook.stores.binaries import Binaries, found_binaries

_CLIENTS = ("pg_dump", "pg_restore", "psql")
_WORDS_MOST = 2000
_WAIT_SECONDS = 0.2


def clients_for(major: int) -> Binaries:
    """The programs for a server: of its own major version, else of the next newer one, which can read and write older servers.

    raises   StateError when none is on this machine
    """
    found = {each.major: each for each in reversed(found_binaries()) if _has_clients(each.folder)}
    named = shutil.which("pg_dump")
    if named is not None and _has_clients(Path(named).resolve().parent):
        folder = Path(named).resolve().parent
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
        found.setdefault(int(said.split()[2].split(".")[0]), Binaries(folder=folder, major=int(said.split()[2].split(".")[0])))
    for version in sorted(found):
        if version >= major:
            return found[version]
    held = ", ".join(map(str, sorted(found))) or "none"
    raise StateError(
        f"the server is PostgreSQL {major}; pg_dump, pg_restore and psql of {major} or newer are needed, found here: {held}. "
        f"Install the client programs of PostgreSQL {major}."
    )


def _has_clients(folder: Path) -> bool:
    return all((folder / name).exists() for name in _CLIENTS)


def server_major(connection: "psycopg.Connection[object]") -> int:
    """The major version of the server behind a connection."""
    return connection.info.server_version // 10_000


def environment_of(dsn: str) -> dict[str, str]:
    """The environment in which libpq's programs reach what a DSN names. Raises StateError for a setting that has no variable."""
    said = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    variables = {each.keyword.decode(): each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar}
    odd = sorted(set(said) - set(variables))
    if odd:
        raise StateError(f"the DSN says {', '.join(odd)}, which PostgreSQL's programs cannot be told by the environment.")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {variables[name]: value for name, value in said.items()}


def run(words: list[str], dsn: str, watched: Callable[[], None] | None = None) -> None:
    """Run a program to its end; `watched` is called meanwhile. Raises EngineError with the program's own words."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.Popen(words, env=environment_of(dsn), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        with _ended(done):
            while True:
                try:
                    done.wait(_WAIT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if watched is not None:
                        watched()
        _check(words, done.returncode, said)


def output(words: list[str], to: IO[bytes], *, sieve: Callable[[bytes], bool] | None = None) -> None:
    """Copy a program's output to a pipe; lines of its head for which `sieve` is false are left out. Raises EngineError."""
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said) as done, _ended(done):
            if done.stdout is None:
                raise EngineError(f"{Path(words[0]).name} gave no output.")
            for line in done.stdout:
                if sieve is None or sieve(line):
                    to.write(line)
                if not line.startswith((b"SET ", b"SELECT ", b"--", b"\n", b"\\")):
                    break
            shutil.copyfileobj(done.stdout, to, 1 << 20)
        _check(words, done.returncode, said)


@contextmanager
def script(words: list[str], dsn: str) -> Iterator[IO[bytes]]:
    """Feed a program through its input; when the block ends well it is waited for. Raises EngineError with its own words."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.Popen(words, env=environment_of(dsn), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        if done.stdin is None:
            raise EngineError(f"{Path(words[0]).name} takes no input.")
        with _ended(done):
            try:
                yield done.stdin
                done.stdin.close()
            except BrokenPipeError:
                pass  # it ended early; its words say why
            done.wait()
        _check(words, done.returncode or 0, said)


@contextmanager
def _ended(done: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    except BaseException:
        done.kill()
        done.wait()
        raise


def _check(words: list[str], code: int, said: IO[str]) -> None:
    said.seek(0)
    if code:
        raise EngineError(f"{Path(words[0]).name} failed: {said.read().strip()[-_WORDS_MOST:]}")
