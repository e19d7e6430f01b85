"""`loanbook day close` after a gap: a line a day, the last day's steps, findings, and what a first run waits for."""

import datetime as dt

import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.services import days
from loanbook.services.day_close import STEPS
from tests.online.test_day_close import Closing


@pytest.fixture
def platform(tx, vault, tmp_path, monkeypatch, online_dsn):
    found = Closing(tx, vault, tmp_path / "settlements")
    monkeypatch.setenv("LOANBOOK_DSN", online_dsn)
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(days, "_clock", found.clock)
    monkeypatch.setattr("loanbook.commands.days.is_store_cold", lambda: False)
    return found


def closed(*options):
    done = CliRunner().invoke(app, ["day", "close", *options])
    return done.exit_code, done.stdout.splitlines(), done.stderr.splitlines()


def test_a_gap_is_a_line_a_day_and_the_last_day_step_by_step(platform):
    platform.running("heron_bank", count=3)
    platform.later(4)
    code, lines, told = closed()
    assert (code, told) == (0, [])
    assert len(lines) == 4 + len(STEPS)
    assert lines[0].startswith("2024-05-06  1 loan; ")
    assert "settlement files 3" in lines[0]
    assert [line.partition(" ")[0] for line in lines[:4]] == [f"2024-05-0{number}" for number in range(6, 10)]
    assert [line.split()[1] for line in lines[4:]] == [step.name for step in STEPS]
    assert {line.split()[0] for line in lines[4:]} == {"2024-05-09"}
    assert closed() == (0, ["Every day is closed."], [])
    platform.later(6)
    code, lines, _ = closed("--verbose")
    assert len(lines) == 2 * (len(STEPS) + 1)


def test_findings_are_counted_on_their_day_and_shown_of_the_last(platform):
    loan_id = platform.running(count=3)
    platform.connection.execute("UPDATE loan SET principal_repaid_fen = 1 WHERE loan_id = %s", (loan_id,))
    platform.connection.commit()
    platform.later(2)
    code, lines, told = closed()
    assert code == 1
    assert lines[0].endswith("; 1 finding")
    assert sum(line.startswith(f"    loan {loan_id}") for line in told) == 1
    assert told[-1] == "2 findings; `loanbook day show DATE` shows them again."


def test_a_day_that_is_not_over_is_not_said_to_be_closed_by_a_command_that_refuses(platform):
    for day in (platform.today, platform.today + dt.timedelta(days=1)):
        done = CliRunner().invoke(app, ["day", "show", str(day)])
        assert str(done.exception) == f"{day} is not over; the last day that can be closed is 2024-05-05."
    done = CliRunner().invoke(app, ["day", "show", "2024-05-05"])
    assert "`loanbook day close --to 2024-05-05` closes it." in str(done.exception)


def test_what_a_step_lists_is_counted_and_never_cut(platform):
    platform.running("heron_bank", count=3)
    platform.later(1)
    _, lines, _ = closed()
    (rooms,) = (line for line in lines if line.split()[1] == "guarantee_rooms")
    assert rooms.split(maxsplit=2)[2] == "rooms fen none, without net assets of 2"


def test_a_close_that_stops_says_what_it_had_done(platform, monkeypatch):
    platform.running()
    platform.later(2)

    def broken(*asked, **named):
        for number, step in enumerate(whole(*asked, **named)):
            yield step
            if number == len(STEPS) + 2:
                raise KeyboardInterrupt

    whole = days.close_days
    monkeypatch.setattr(days, "close_days", broken)
    _, lines, _ = closed()
    assert [line.split()[1] for line in lines[2:]] == [step.name for step in STEPS[:3]]
    assert len(platform.rows("SELECT step FROM day_step WHERE day = %s", dt.date(2024, 5, 7))) == 3


def test_only_commands_that_need_kernels_say_that_they_compile(platform, monkeypatch, tmp_path):
    platform.running()
    platform.later(1)
    monkeypatch.delenv("LOANBOOK_MASTER_KEY", raising=False)
    monkeypatch.setattr("loanbook.services.compiling.is_cold", lambda: True)
    monkeypatch.setattr("loanbook.commands.days.is_store_cold", lambda: True)
    assert any("compiling" in line for line in closed()[2])
    done = CliRunner().invoke(app, ["store", "backup", str(tmp_path / "copy.tar")])
    # It stops for want of a master key, after whatever it had to say first.
    assert "LOANBOOK_MASTER_KEY" in str(done.exception)
    assert "compiling" not in done.output
