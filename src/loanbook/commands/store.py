"""The online store as something to operate: its state, backups, checks, upgrades."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loanbook.commands.screen import compiles_nothing, console, progress
from loanbook.errors import Finding
from loanbook.services.compiling import is_store_cold

app = typer.Typer(no_args_is_help=True, help=__doc__)

_MB = 1 << 20


@app.command("status")
def show_status() -> None:
    """Show which server holds the store, what is in it, what its books were told, its keys, and what restores left aside.

    Starts the embedded server where there is one; makes nothing. Ends with 1 when there is a store and it cannot be opened.
    """
    from loanbook.services.store_status import status

    found = status()
    table = Table("store", "", title="The online store", show_header=False)
    table.add_row("server", found.server)
    version = "no store yet" if found.major is None else f"PostgreSQL {found.major}"
    table.add_row("version", f"{version}; on this machine: {', '.join(str(each.major) for each in found.found) or 'none'}")
    if found.version:
        state = "" if found.version == found.latest else f"; this loanbook makes it {found.latest} when it is used next"
        table.add_row("tables", f"version {found.version}{state}")
    if found.sizes:
        rows = found.sizes
        table.add_row("size", f"{rows['bytes'] // _MB:,} MB")
        counts = ("borrowers", "lines", "loans", "events")
        table.add_row("rows", ", ".join(f"{rows[name]:,} {name}" for name in counts))
        table.add_row("newest event", f"{rows['newest']:%Y-%m-%d %H:%M:%S}" if rows["newest"] else "-")
        table.add_row("last closed day", str(rows["closed"] or "-"))
        table.add_row("audit log", f"{rows['sealed']:,} rows sealed, {rows['unsealed']:,} wait for the sealer")
        table.add_row("messages out", f"{rows['waiting']:,} wait to be taken")
    told = [f"{name} ({found.waiting[name]:,} facts wait)" if name in found.waiting else name for name in found.books]
    told += [f"{name} (told, not here)" for name in found.waiting if name not in found.books]
    table.add_row("books", ", ".join(told) or "none")
    table.add_row("keys", found.keys)
    for path in found.left_over:
        table.add_row("kept aside", str(path))
    console().print(table)
    if found.trouble:
        typer.echo(f"the store cannot be opened: {found.trouble}", err=True)
        raise typer.Exit(1)


@app.command("check")
def check() -> None:
    """Check that the store is whole, and list what is not; ends with 1 when there is a finding. Nothing is changed.

    Pages and indexes (pg_checksums while no other process uses the server, amcheck where the server brings it), tables against
    migrations, state against the events that led to it, loans against their accounts, lines against loans, quotas against
    reservations, the chain of the audit log, books and settlement files against their hashes, keys of borrowers.
    """
    from loanbook.services.checking import check_store

    with progress(is_store_cold) as tell:
        parts = check_store(tell)
    table = Table("part", "looked at", title="Check of the store")
    table.add_column("findings", justify="right")
    for part in parts:
        told = f"not checked: {part.left_out}" if part.left_out else part.looked_at
        table.add_row(part.name, told, "-" if part.left_out and not part.findings else str(len(part.findings)))
    console().print(table)
    findings = [(part.name, each) for part in parts for each in part.findings]
    for name, each in findings:
        figures = (
            f": {each.value or 'nothing'}, expected {each.expected}" if each.expected else f": {each.value}" if each.value else ""
        )
        typer.echo(f"{name}: {each.place}: {each.message}{figures}", err=True)
    if findings:
        typer.echo(f"{len(findings):,} findings.", err=True)
        raise typer.Exit(1)
    console().print("The store is whole.")


def _figures(finding: Finding) -> str:
    value = f": {finding.value or 'nothing'}" if finding.value or finding.expected else ""
    return f"{value}, expected {finding.expected}" if finding.expected else value


@app.command("backup")
def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A new name; one ending with .tar becomes one file, any other a folder.")
    ],
) -> None:
    """Copy the database and the books as of one moment, and what else the platform keeps, under a name that is free.

    Work goes on meanwhile. The name is there when all of it is on the disk, never before. Keys of borrowers are not in it, so
    that an old backup brings nobody back who was erased since: `loanbook key export` copies those. Projections and closes of
    books are derived and not in it. A .tar needs twice its size on the disk while it is made.
    """
    from loanbook.services.backing_up import back_up

    with progress(compiles_nothing) as tell:
        done = back_up(target, tell)
    manifest = done.manifest
    rows = sum(each.rows for each in manifest.database.tables.values())
    words = f"{done.place}: {rows:,} rows of {len(manifest.database.tables)} tables, {len(manifest.books)} books, "
    console().print(f"{words}{manifest.bytes / _MB:,.1f} MB.", highlight=False, soft_wrap=True)
    console().print("The keys of borrowers are not in it: `loanbook key export FOLDER` copies them.", highlight=False)


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="What `loanbook store backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Keep what is there aside, and take its place.")] = False,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Restore though the key file is lost; personal data stays sealed.")
    ] = False,
) -> None:
    """Bring a backup back into an empty place: whole and proven against its manifest, or not at all.

    The place is LOANBOOK_HOME with the embedded server's folder, or the empty database that LOANBOOK_DSN names. No other process
    may use it meanwhile. Borrowers who were erased since stay erased: their keys are gone, and their rows are blanked again.
    Closes and reports of books are derived and in no backup; those of a book that is replaced are kept aside with it.
    """
    from loanbook.services.restoring import restore as bring_back

    with progress(compiles_nothing) as tell:
        done = bring_back(source, replace=replace, without_keys=without_keys, on_progress=tell)
    rows = sum(each.rows for each in done.manifest.database.tables.values())
    told = f"{rows:,} rows and {len(done.manifest.books)} books of {done.manifest.made_at:%Y-%m-%d %H:%M} UTC are back."
    console().print(told, highlight=False)
    if done.blanked:
        words = "borrower was erased since, and stays so" if done.blanked == 1 else "borrowers were erased since, and stay so"
        console().print(f"{done.blanked:,} {words}.", highlight=False)
    if done.manifest.books:
        console().print(
            "Closes and reports of its books are not in a backup: `loanbook close BOOK` makes them again.", highlight=False
        )
    for path in done.aside:
        console().print(f"kept aside: {path}", highlight=False, soft_wrap=True)


@app.command("upgrade")
def upgrade(
    to: Annotated[int | None, typer.Option("--to", help="Major version of PostgreSQL; default the newest here.")] = None,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Remove the old folder once the new one is proven.")] = False,
) -> None:
    """Bring the embedded server's folder to another major version of PostgreSQL, up or down.

    Both versions must be on this machine, and no other process may use the store. Everything is copied into a folder of the new
    version and proven table by table; then the folders are exchanged, and the old one is kept aside. Until then a crash leaves
    the old one as it was.
    """
    from loanbook.services.upgrading import upgrade as bring_to

    with progress(compiles_nothing) as tell:
        done = bring_to(to, drop_old=drop_old, on_progress=tell)
    console().print(f"PostgreSQL {done.before} to {done.after}: {done.rows:,} rows, each table proven equal.", highlight=False)
    if done.aside is not None:
        console().print(f"the old folder: {done.aside} (remove it when it is needed no more)", highlight=False, soft_wrap=True)
