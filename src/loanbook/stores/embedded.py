"""The PostgreSQL server of the online store: one that a DSN names, else one found on this machine, else the wheel's binaries.

The embedded server listens on a socket in a folder of mode 0700 and on no port. PostgreSQL refuses to run as root: then the
server runs as an unprivileged account that exists already, in a folder of its own; no account is created and no other folder
opened.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import EngineError, StateError
from loanbook.kernel import home
from loanbook.stores.binaries import OLDEST_MAJOR, Binaries, found_binaries, other_major
from loanbook.stores.moves import finish_moves
from loanbook.stores.server_process import await_reaped

DSN_VARIABLE = "LOANBOOK_DSN"
"""Names a server that is there already, as libpq writes it; nothing is started then."""
VERSION_VARIABLE = "LOANBOOK_POSTGRES"
"""Which major version to take, where several are on this machine; without it the system's newest, else the wheel's."""
FOLDER_VARIABLE = "LOANBOOK_ONLINE"
"""Folder of the embedded server instead of `<home>/online`."""

DATABASE = "loanbook"
ROLE = "loanbook"
_BOOTSTRAP = "postgres"
_ROOT_FOLDERS = Path("/var/lib/loanbook")
_SOCKET_PATH_MOST = 90
"""A socket's path holds at most 107 bytes, the socket's own name included."""
_START_SECONDS = 60
_RETRY_SECONDS = 0.05
_LINGER_SECONDS = 20
_LINGERING = "is still in use"
"""What PostgreSQL says of the memory of a killed server whose processes have not ended yet."""
_WORDS_MOST = 2000
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_connections": "64",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who the server runs as; `name` is None where that is this process's own user."""

    name: str | None
    uid: int
    gid: int


def server_account() -> Account:
    """Who the embedded server runs as: this user, or, for root, the first of postgres and nobody that exists.

    raises   StateError when root has no such account
    """
    if os.geteuid() != 0:
        return Account(name=None, uid=os.geteuid(), gid=os.getegid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name=name, uid=found.pw_uid, gid=found.pw_gid)
    raise StateError(
        "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as. "
        f"Run loanbook as another user, or name a server in {DSN_VARIABLE}."
    )


def server_folder() -> Path:
    """Where the embedded server keeps its files: LOANBOOK_ONLINE, else `<home>/online`, for root a folder of its own."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).expanduser()
    if os.geteuid() == 0:
        return _ROOT_FOLDERS / hashlib.sha256(str(home().resolve()).encode()).hexdigest()[:16]
    return home() / "online"


def allowed_binaries() -> tuple[Binaries, ...]:
    """The servers that may open a store here: those found, of the version that LOANBOOK_POSTGRES names.

    raises   StateError when there is none
    """
    found = found_binaries()
    if not found:
        raise StateError(
            f"no PostgreSQL {OLDEST_MAJOR} or newer was found. Install it, or `pip install loanbook[api]`, which brings one, "
            f"or name a server in {DSN_VARIABLE}."
        )
    named = os.environ.get(VERSION_VARIABLE)
    if named:
        names = ", ".join(str(each.major) for each in found)
        found = tuple(each for each in found if str(each.major) == named)
        if not found:
            raise StateError(f"{VERSION_VARIABLE} is {named!r}, and no such PostgreSQL is on this machine; found here: {names}.")
    return found


class Embedded:
    """One server in one folder; processes share it, and the last to leave stops it."""

    def __init__(self, folder: Path | None = None, binaries: Binaries | None = None) -> None:
        self.folder = (folder or server_folder()).absolute()
        self.account = server_account()
        self.cluster = self.folder / "cluster"
        self.binaries = binaries or self._choose()
        self._held: int | None = None

    def _choose(self) -> Binaries:
        found = allowed_binaries()
        held = self.major()
        if held is None:
            return found[0]
        for each in found:
            if each.major == held:
                return each
        raise StateError(other_major(self.cluster, held, found, found_binaries()))

    def major(self) -> int | None:
        """The version that wrote the data folder; None when there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text().split(".")[0])
        except (FileNotFoundError, ValueError):
            return None

    def socket_folder(self) -> Path:
        """The folder of the socket: inside the server's own, or, where that path is too long, a short one of its own."""
        inside = self.folder / "socket"
        if len(str(inside)) <= _SOCKET_PATH_MOST:
            return inside
        return Path(tempfile.gettempdir()) / f"loanbook-{hashlib.sha256(str(inside).encode()).hexdigest()[:16]}"

    def dsn(self, role: str = ROLE, database: str = DATABASE) -> str:
        """How to reach the server, as libpq writes it."""
        return f"host={self.socket_folder()} dbname={database} user={role}"

    def start(self) -> str:
        """Start the server if no process has, and say how to reach it.

        raises   EngineError with the server's own words; StateError when another process restores or upgrades the folder, and
                 for a data folder of another major version
        """
        if self._held is not None:
            return self.dsn()
        self._make_folder(self.folder)
        handle = os.open(self.folder / ".users", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._join(handle)
            with self._alone():
                self._bring_up()
        except BaseException:
            os.close(handle)
            raise
        self._held = handle
        return self.dsn()

    def _join(self, handle: int) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    raise StateError(
                        f"{self.folder} is being restored or upgraded by another process. Wait until it has finished."
                    ) from None
                time.sleep(_RETRY_SECONDS)

    def _bring_up(self) -> None:
        finish_moves(self.journal)
        if self.is_running():
            return
        held = self.major()
        if held is None:
            self._create()
        elif held != self.binaries.major:
            raise StateError(other_major(self.cluster, held, (self.binaries,), found_binaries()))
        self._launch()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process away while the block runs; the server is down then, unless the block calls `run`.

        raises   StateError when another process uses the server
        """
        self._make_folder(self.folder)
        handle = os.open(self.folder / ".users", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"another process uses the server in {self.folder}. End it (`loanbook serve`, a running command), and run "
                    "this again."
                ) from None
            finish_moves(self.journal)
            self.halt()
            try:
                yield
            finally:
                self.halt()
        finally:
            os.close(handle)

    def run(self) -> str:
        """Inside `alone`: start the server, and say how to reach it. Raises as `start`."""
        self._bring_up()
        return self.dsn()

    def halt(self) -> None:
        """Stop a server that nobody uses, be it one that a crash left running."""
        if self.is_running():
            done = self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.cluster), check=False)
            if done.returncode and self.is_running():  # one that dies meanwhile did not shut down, and is gone all the same
                raise EngineError(f"the server in {self.cluster} did not stop: {done.stdout.strip()[-_WORDS_MOST:]}")

    def pages(self) -> str:
        """Inside `alone`: hold every page against its checksum; returns what was looked at. Raises EngineError naming pages."""
        if self.is_unclean():
            self.run()  # after a crash pages may be torn; starting mends them from the log
            self.halt()
        said = self._run("pg_checksums", "--check", "-D", str(self.cluster)).stdout
        found = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in said.splitlines())}
        return f"{int(found.get('Blocks scanned', '0')):,} pages"

    def is_unclean(self) -> bool:
        """Whether the server ended without shutting down."""
        said = self._run("pg_controldata", "-D", str(self.cluster)).stdout
        return not any(line.startswith("Database cluster state:") and line.endswith("shut down") for line in said.splitlines())

    def administrator(self) -> str:
        """How to reach the store's database as the server's own administrator."""
        return self.dsn(_BOOTSTRAP)

    @property
    def journal(self) -> Path:
        """Where the moves of a restore or an upgrade are noted until they are done."""
        return self.folder / "moves.json"

    def stop(self, *, only_last: bool = True) -> None:
        """Leave the server; stop it when no other process uses it, or in any case."""
        if self._held is None:
            return
        with self._alone():
            handle, self._held = self._held, None
            try:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    only_last = False
                if not only_last:
                    self.halt()
            finally:
                os.close(handle)

    def is_running(self) -> bool:
        """Whether a server of this folder answers pg_ctl; raises EngineError as `await_reaped`."""
        if self.major() is None:
            return False
        await_reaped(self.cluster, _LINGER_SECONDS)
        return self._run("pg_ctl", "status", "-D", str(self.cluster), check=False).returncode == 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.folder / ".starting", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755 if folder == self.folder and self.account.name else 0o700)
        os.chmod(folder, 0o700)
        if self.account.name is not None:
            os.chown(folder, self.account.uid, self.account.gid)
            probe = self._as_account(["/bin/sh", "-c", f'test -w "{folder}"'], check=False)
            if probe.returncode:
                raise StateError(
                    f"root's server runs as {self.account.name}, who cannot reach {folder}. Set {FOLDER_VARIABLE} to a folder "
                    f"that {self.account.name} can reach, or name a server in {DSN_VARIABLE}."
                )

    def _create(self) -> None:
        """A new cluster beside, then in place: a crash leaves a part that the next start removes."""
        new = self.folder / "cluster.new"
        shutil.rmtree(new, ignore_errors=True)
        self._run("initdb", "-D", str(new), "-U", _BOOTSTRAP, "-E", "UTF8", "--locale=C", "-A", "peer", "--data-checksums")
        with (new / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        own = pwd.getpwuid(os.geteuid()).pw_name
        users = sorted({own, self.account.name or own})
        (new / "pg_hba.conf").write_text("local all all peer map=loanbook\n", encoding="utf-8")
        roles = [f"loanbook {user} {role}\n" for user in users for role in (ROLE, _BOOTSTRAP)]
        (new / "pg_ident.conf").write_text("".join(roles), encoding="utf-8")
        new.rename(self.cluster)

    def _launch(self) -> None:
        sockets = self.socket_folder()
        self._make_folder(sockets)
        log = self.folder / "server.log"
        options = f"-c unix_socket_directories='{sockets}'"
        words = ("start", "-w", "-t", str(_START_SECONDS), "-D", str(self.cluster), "-l", str(log), "-o", options)
        give_up = time.monotonic() + _LINGER_SECONDS
        while True:
            told = log.stat().st_size if log.exists() else 0
            started = self._run("pg_ctl", *words, check=False)
            if not started.returncode:
                break
            said = log.read_text(encoding="utf-8", errors="replace")[-_WORDS_MOST:] if log.exists() else started.stderr
            if _LINGERING not in _since(log, told) or time.monotonic() >= give_up:
                raise EngineError(f"the server in {self.cluster} did not start: {said.strip()}")
            time.sleep(_RETRY_SECONDS)
        self._ensure_database()

    def _ensure_database(self) -> None:
        """The unprivileged role and its database; cheap when they are there."""
        import psycopg

        with psycopg.connect(self.dsn(_BOOTSTRAP, "postgres"), autocommit=True) as admin:
            if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone() is None:
                admin.execute(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                admin.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")

    def _run(self, program: str, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return self._as_account([self.binaries.path(program), *arguments], check=check)

    def _as_account(self, command: list[str], *, check: bool) -> "subprocess.CompletedProcess[str]":
        # The server must not hold the pipes of its starter: output goes to a file.
        with tempfile.TemporaryFile("w+") as said:
            as_user = (
                {"user": self.account.uid, "group": self.account.gid, "extra_groups": []} if self.account.name is not None else {}
            )
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False, text=True, **as_user
                )  # type: ignore[call-overload]
            except PermissionError as error:
                raise StateError(
                    f"{command[0]} cannot be run as {self.account.name}. Install PostgreSQL on the system, or name a server in "
                    f"{DSN_VARIABLE}."
                ) from error
            said.seek(0)
            words = said.read()
        if check and done.returncode:
            raise EngineError(f"{Path(command[0]).name} failed: {words.strip()[-_WORDS_MOST:]}")
        return subprocess.CompletedProcess(command, done.returncode, words, words)


def _since(log: Path, told: int) -> str:
    """What a log says after a place."""
    return log.read_bytes()[told:].decode(errors="replace") if log.exists() else ""


def named_dsn() -> str | None:
    """The server that the environment names, if it names one."""
    return os.environ.get(DSN_VARIABLE) or None


def moves_file() -> Path:
    """Where the moves of a restore into a named server are noted until they are done."""
    return home() / "moves.json"


@contextlib.contextmanager
def online_dsn() -> Iterator[str]:
    """How to reach the online store: the DSN that is named, else the embedded server, running as long as this lasts."""
    named = named_dsn()
    if named:
        finish_moves(moves_file())
        yield named
        return
    server = Embedded()
    dsn = server.start()
    try:
        yield dsn
    finally:
        server.stop()
