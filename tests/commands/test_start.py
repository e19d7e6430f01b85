"""Commands start without what only others need."""

import subprocess
import sys

import pytest

from tests.tieout.releases.us_bank import us_bank

DRAWING = ("altair", "vl_convert", "jinja2")
BOOKS = ("numpy", "numba", "pyarrow", "duckdb", "ibis", "loanbook.stores", "loanbook.services", "loanbook.units")
LOADED = """
import sys
from loanbook import cli
sys.argv = ["loanbook", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as ended:
    assert not ended.code, ended.code
print("LOADED", *sorted(sys.modules))
"""


def loaded(*words: object) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it has loaded."""
    run = subprocess.run([sys.executable, "-c", LOADED, *map(str, words)], capture_output=True, text=True, check=True)
    said, _, names = run.stdout.rpartition("LOADED")
    return said, set(names.split())


def test_help_lists_all_commands_and_loads_none_of_them():
    said, names = loaded("--help")
    assert "Read every figure of the documents" in said
    assert "List the books when called alone" in said
    assert not names & {*DRAWING, *BOOKS, "loanbook.commands.tieout", "loanbook.commands.ledger"}


def test_a_tie_out_starts_without_books_kernels_and_databases(tmp_path):
    said, names = loaded("tieout", us_bank(1).save(tmp_path))
    assert "Nothing to look at" in said
    assert not names & {*DRAWING, *BOOKS}


def test_commands_of_books_start_without_the_drawing_library():
    said, names = loaded("measures")
    assert "delinquency" in said
    assert "numba" in names
    assert not names & set(DRAWING)


@pytest.mark.parametrize("words", [(), ("books",)], ids=["a command", "a command of a group"])
def test_an_unknown_command_is_told_the_nearest(words):
    run = subprocess.run([sys.executable, "-c", LOADED, *words, "verfy"], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Did you mean 'verify'?" in run.stderr
