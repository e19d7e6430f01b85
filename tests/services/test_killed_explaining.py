"""An explanation that was killed leaves nothing behind once the next one ran."""

import datetime as dt
import os
import signal
import subprocess
import sys

from loanbook.services.closing import close
from loanbook.services.explaining import explain_loans
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from tests.stores.rows import TERMS, loan, table

AS_OF = dt.date(2024, 3, 31)
KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from loanbook.services import explaining
from loanbook.services.closing import close
from loanbook.stores.book import open_book
explaining.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)
book = open_book(Path(sys.argv[1]))
explaining.explain_loans(book, close(book, dt.date(2024, 3, 31)), "loan_volume")
"""


def test_what_a_killed_explanation_staged_is_swept_by_the_next(tmp_path):
    rows = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10"), loan("B", "2024-02-10")])}
    book = append(create_book(tmp_path / "made_up"), rows, terms={"sample_level": TERMS}).book
    made = close(book, AS_OF)
    run = subprocess.run([sys.executable, "-c", KILLED, str(book.folder)], env=dict(os.environ), check=False)
    assert run.returncode == -signal.SIGKILL
    folder = made.folder / "drilldown"
    assert list(folder.rglob("*"))
    path = explain_loans(book, made, "loans")
    assert [each.name for each in folder.rglob("*")] == ["loans.csv"]
    assert path.read_text().count("\n") == 3
