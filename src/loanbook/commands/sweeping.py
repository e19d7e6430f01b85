"""`loanbook sweep`."""

import typer


def sweep() -> None:
    """Ask partners again that have not answered an offer, and let go of offers that have expired: they go to the next partner.

    Confirmed loans that nobody paid out in the days of their mandate lapse: they are cancelled.

    `loanbook serve` does it every few seconds, and the day close once a day. The store is the PostgreSQL that LOANBOOK_DSN names,
    else the embedded one. Ends with exit code 1 when an offer could not be swept.
    """
    from loanbook.services.sweeping import sweep_online

    done = sweep_online()
    if done.busy:
        typer.echo("Another sweep is at work.")
        return
    typer.echo(f"{done.asked_again:,} asked again, {done.expired:,} expired, {done.lapsed:,} lapsed.")
    for finding in done.findings:
        typer.echo(f"    {finding.place}: {finding.message}", err=True)
    if done.left_out:
        raise typer.Exit(1)
