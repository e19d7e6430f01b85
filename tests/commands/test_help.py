"""Help of every command: arguments and options under words for people, and one way of asking for it."""

import pytest
import typer
from typer.testing import CliRunner

from loanbook.cli import app


def commands(command, words=()):
    yield words
    for name, found in getattr(command, "commands", {}).items():
        yield from commands(found, (*words, name))


@pytest.mark.parametrize("words", list(commands(typer.main.get_command(app).load())), ids=" ".join)
def test_help_speaks_of_no_types_of_python(words):
    shown = {}
    for option in ("-h", "--help"):
        done = CliRunner().invoke(app, [*words, option], terminal_width=120, env={"COLUMNS": "120"})
        assert done.exit_code == 0, done.output
        shown[option] = done.output
    assert shown["-h"] == shown["--help"]
    for odd in ("<str>", "<int>", "<bool>", "<path>", "{", "<list", "......"):
        assert odd not in shown["-h"], shown["-h"]


def test_the_usage_and_the_options_of_a_command():
    shown = CliRunner().invoke(app, ["close", "-h"], env={"COLUMNS": "120"}).output
    assert "Usage: loanbook close [OPTIONS] BOOK" in shown
    assert "DATE" in next(line for line in shown.splitlines() if "│    --known-at" in line)
