"""API keys of callers, and the master key of personal data."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook.commands.screen import console

app = typer.Typer(no_args_is_help=True, help=__doc__)

Name = Annotated[str, typer.Argument(help="The caller, as `loanbook key list` shows it.")]
Days = Annotated[int, typer.Option("--days", help="Days the key is valid.", min=1, max=3650)]


@app.command("create")
def create_key(
    role: Annotated[
        str, typer.Option("--role", help="borrower_app, partner, provider, bureau, risk, finance, operator or auditor.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What to call the caller; made up when left out.")] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", help="The partner whose loans it may touch; role partner only.")
    ] = None,
    borrower: Annotated[
        str | None, typer.Option("--borrower", help="The one borrower it may touch; role borrower_app only.")
    ] = None,
    days: Days = 365,
) -> None:
    """Make a caller and print its key, this once; only a hash of it is kept."""
    from loanbook.services import keys

    valid = dt.timedelta(days=days)
    made = keys.create(role=role, valid=valid, now=_now(), name=name, partner=partner, borrower_id=borrower)
    typer.echo(made.text)
    typer.echo(f"{made.caller_id}, role {role}, until {made.expires_at:%Y-%m-%d}. The key is not shown again.", err=True)


@app.command("list")
def list_keys() -> None:
    """List the callers with their roles and how long their keys are valid."""
    from loanbook.services import keys

    table = Table("caller", "role", "partner", "created", "valid until", title="Callers")
    table.add_column("keys", justify="right")
    rows = keys.callers(_now())
    for row in rows:
        ends = f"revoked {_day(row['revoked_at'])}" if row["revoked_at"] else _day(row["last_expires_at"])
        table.add_row(row["caller_id"], row["role"], row["partner"] or "-", _day(row["created_at"]), ends, str(row["valid_keys"]))
    console().print(table if rows else "There are no callers yet. `loanbook key create --role operator` makes one.")


@app.command("rotate")
def rotate_key(
    name: Name,
    days: Days = 365,
    overlap_days: Annotated[int, typer.Option("--overlap-days", help="Days the old keys stay valid.", min=0, max=90)] = 7,
) -> None:
    """Print a new key of a caller; its old keys end after the overlap."""
    from loanbook.services import keys

    made = keys.rotate(name, valid=dt.timedelta(days=days), overlap=dt.timedelta(days=overlap_days), now=_now())
    typer.echo(made.text)
    ends = f"in {overlap_days} day{'' if overlap_days == 1 else 's'}" if overlap_days else "now"
    typer.echo(f"{name}, until {made.expires_at:%Y-%m-%d}; older keys end {ends}.", err=True)


@app.command("revoke")
def revoke_key(name: Name) -> None:
    """End a caller and all of its keys."""
    from loanbook.services import keys

    ended = keys.revoke(name, now=_now())
    console().print(f"{name} is revoked; {ended} valid {'key' if ended == 1 else 'keys'} ended.")


@app.command("rewrap")
def rewrap_keys() -> None:
    """Wrap the keys of all borrowers by the first of LOANBOOK_MASTER_KEYS; what is sealed under them stays as it is."""
    from loanbook.services import keys

    console().print(f"{keys.rewrap(now=_now()):,} keys are wrapped by the first master key; the others are needed no more.")


@app.command("export")
def export_keys(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Best on another machine.")]) -> None:
    """Copy the file of borrowers' keys, with the list of those erased, over the copy in a folder; a backup does not hold it.

    Keep one copy, the newest: an older one brings back no erased borrower as long as its list of erased slots is newer, but
    knows nothing of keys made since. It is wrapped by the master key, which is not in it. Make it after a backup, never before.
    """
    from loanbook.services.key_copies import export_keys as export

    slots = export(folder)
    console().print(f"{folder}: {slots - 2:,} slots of borrowers.", highlight=False, soft_wrap=True)


@app.command("import")
def import_keys(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `loanbook key export` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Also over another key file, or one with newer keys.")] = False,
) -> None:
    """Take a copy of the file of borrowers' keys back; keys that any list says were erased are emptied in it at once."""
    from loanbook.services.key_copies import import_keys as take_back

    done = take_back(folder, replace=replace)
    words = f"{done.slots - 2:,} slots of borrowers; {done.listed:,} listed as erased, {done.blanked:,} rows blanked again."
    console().print(words, highlight=False)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _day(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else "-"
