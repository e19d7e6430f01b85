"""The command line: each command is one service call and prints what it returns."""

import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, ClassVar

import typer

from loanbook.commands.late import Late
from loanbook.errors import LoanbookError


class Commands(Late):
    """All commands, in the order in which help lists them: commands first, then groups of commands."""

    places: ClassVar[Mapping[str, str]] = {
        "demo": "demo:demo",
        "world": "worlds:world",
        "statements": "group_statements:show_statements",
        "entries": "entries:show_entries",
        "events": "books:show_events",
        "rebuild": "books:rebuild_book",
        "verify": "books:verify_book",
        "differences": "books:show_differences",
        "close": "closing:close_book",
        "measures": "closing:list_measures",
        "explain": "closing:explain_measure",
        "loan": "loans:show_loan",
        "preview": "loans:preview_loan",
        "import": "importing:import_files",
        "mappings": "importing:list_mappings",
        "reconcile": "importing:reconcile_book",
        "report": "reporting:render_report",
        "tieout": "tieout:check_documents",
        "serve": "serving:serve",
        "sweep": "sweeping:sweep",
        "statement": "statements:take_statement",
        "call": "calling:call",
        "look": "calling:look",
        "forward": "calling:forward",
        "audit": "auditing:check_audit",
        "retention": "forgetting:retention",
        "erase": "forgetting:erase",
        "replay": "forgetting:replay",
        "books": "ledger_group:app",
        "key": "keys:app",
        "store": "store:app",
        "day": "days:app",
    }


app = typer.Typer(
    name="loanbook",
    cls=Commands,
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
