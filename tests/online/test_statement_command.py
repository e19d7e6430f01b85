"""`loanbook statement`: a file against what was booked, in words."""

import json

import pytest

from loanbook.services.local_desk import local_desk
from tests.online.test_commands import online, run  # noqa: F401

GIVEN = ["--account", "payment_provider", "--number", "S-1", "--from", "2024-05-06"]


@pytest.mark.usefixtures("online")
def test_a_statement_is_reconciled_at_the_command_line_once(tmp_path):
    file = tmp_path / "statement.csv"
    file.write_text("reference,booked_on,amount\nP-9,2024-05-06,70.00\nP-8,someday,1.00\n", encoding="utf-8")
    asked = ["statement", str(file), *GIVEN, "--opening", "10.00", "--closing", "81.00"]
    with local_desk():
        said = run(*asked)
        assert "payment_provider S-1: 2 lines, 1 accepted (70.00), 1 set aside (1.00)." in said
        assert "line 3 booked_on is not a date as YYYY-MM-DD: 'someday'" in said
        assert "P-9 70.00 (unknown)" in said
        assert "Suspense: 2 items, 71.00. Booked and not reported: 0, 0.00." in said
        again = run(*asked)
        assert again == f"This statement was taken before: nothing was changed. What it came to then:\n{said}"
        assert json.loads(run("look", "cash", "payment_provider"))["suspense_items"] == 2
        file.write_text("reference,booked_on,amount\nP-9,2024-05-06,70.00\n", encoding="utf-8")
        assert "error: statement_differs: statement S-1 of payment_provider was taken" in run(*asked, code=1)


@pytest.mark.usefixtures("online")
def test_what_is_no_amount_or_no_text_is_said_so(tmp_path):
    file = tmp_path / "statement.csv"
    file.write_bytes(b"reference,booked_on,amount\n\xff\n")
    with pytest.raises(Exception, match="byte 27 is not UTF-8"):
        run("statement", str(file), *GIVEN, "--opening", "0", "--closing", "0", catch_exceptions=False)
    with pytest.raises(Exception, match=r"--closing must be an amount with at most 2 decimals, e\.g\. 1000\.00; got '1,5'"):
        run("statement", str(file), *GIVEN, "--opening", "0", "--closing", "1,5", catch_exceptions=False)
