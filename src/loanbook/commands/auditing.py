"""`loanbook audit`."""

import typer


def check_audit() -> None:
    """Seal the audit log of the platform and check its chain: every row as it was written, none missing.

    Ends with 1 and names the first row that is not as it was. Heads of the chain are kept in `audit_heads` in the user's folder.
    """
    from loanbook.services.auditing import check_audit as check

    found = check()
    if found.broken is not None:
        broken = found.broken
        typer.echo(f"{broken.place}: {broken.message}: {broken.value}, expected {broken.expected}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{found.head.number:,} rows, none changed or missing; head {found.head.hash.hex()[:16]}.")
