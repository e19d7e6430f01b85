"""The command line: each command is one service call and prints what it returns."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from loanbook.commands import (
    auditing,
    books,
    calling,
    closing,
    days,
    demo,
    entity_bridge,
    entries,
    estimates,
    forgetting,
    group_statements,
    importing,
    keys,
    ledger,
    ledger_files,
    loans,
    manual_entries,
    reporting,
    restating,
    serving,
    statements,
    store,
    sweeping,
    tieout,
    worlds,
)
from loanbook.commands.help import Readable
from loanbook.errors import LoanbookError

app = typer.Typer(
    name="loanbook",
    cls=Readable,
    help="From loan facts to the risk and volume figures a platform publishes, every figure traceable to its loans.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loanbook {metadata.version('loanbook')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("world")(worlds.world)
ledger.app.command("export")(ledger_files.export_books)
ledger.app.command("reconcile")(ledger_files.reconcile_books)
ledger.app.command("restate")(restating.restate_books)
ledger.app.command("changes")(restating.show_changes)
ledger.app.command("propose")(manual_entries.propose_entries)
ledger.app.command("reverse")(manual_entries.reverse_event)
ledger.app.command("proposals")(manual_entries.list_proposals)
ledger.app.command("approve")(manual_entries.approve_entry)
ledger.app.command("reject")(manual_entries.reject_entry)
ledger.app.command("bridge")(entity_bridge.show_bridge)
ledger.app.command("estimates")(estimates.show_estimates)
app.add_typer(ledger.app, name="books")
app.command("statements")(group_statements.show_statements)
app.command("entries")(entries.show_entries)
app.command("events")(books.show_events)
app.command("rebuild")(books.rebuild_book)
app.command("verify")(books.verify_book)
app.command("differences")(books.show_differences)
app.command("close")(closing.close_book)
app.command("measures")(closing.list_measures)
app.command("explain")(closing.explain_measure)
app.command("loan")(loans.show_loan)
app.command("preview")(loans.preview_loan)
app.command("import")(importing.import_files)
app.command("mappings")(importing.list_mappings)
app.command("reconcile")(importing.reconcile_book)
app.command("report")(reporting.render_report)
app.command("tieout")(tieout.check_documents)
app.add_typer(keys.app, name="key")
app.add_typer(store.app, name="store")
app.add_typer(days.app, name="day")
app.command("serve")(serving.serve)
app.command("sweep")(sweeping.sweep)
app.command("statement")(statements.take_statement)
app.command("call")(calling.call)
app.command("look")(calling.look)
app.command("forward")(calling.forward)
app.command("audit")(auditing.check_audit)
app.command("retention")(forgetting.retention)
app.command("erase")(forgetting.erase)
app.command("replay")(forgetting.replay)


def main() -> None:
    """Run the command line; errors made on purpose, and money beyond 64 bits, end with their words and exit code 2."""
    try:
        app()
    except LoanbookError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "loanbook":
            raise
        typer.echo(f"error: this command needs {error.name}, which the core leaves out: pip install 'loanbook[api]'.", err=True)
        sys.exit(2)
    except OverflowError as error:
        typer.echo(f"error: a figure is too large to be computed exactly: {error}.", err=True)
        sys.exit(2)
