"""Offers that partners leave unanswered: one sweep, by command, by timer and in the day close."""

import datetime as dt
import time

import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.services import sweeping as module
from loanbook.services.sweeping import Swept, sweep_once, sweeping
from loanbook.stores.online.day_book import take_sweep
from loanbook.stores.online.unit import connect
from tests.online.platform import TERMS, Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def offered(platform):
    line = platform.line()
    _, drawn = platform.loan(line["line_id"])
    return drawn


def later(platform, **ahead):
    now = platform.clock()[0] + dt.timedelta(**ahead)
    return lambda: (now, now.date())


def answering(platform, loan_id):
    (row,) = platform.connection.execute("SELECT mandate_hash FROM loan WHERE loan_id = %s", (loan_id,)).fetchall()
    platform.connection.rollback()
    return TERMS.mandate_by_hash(row["mandate_hash"]).answering


def test_a_partner_is_asked_again_and_then_the_offer_goes_to_the_next(platform):
    drawn = offered(platform)
    rule = answering(platform, drawn["loan_id"])
    assert sweep_once(TERMS, platform.connection, later(platform)) == Swept()
    asked = later(platform, seconds=rule.within_seconds + rule.ask_again_seconds)
    assert sweep_once(TERMS, platform.connection, asked) == Swept(asked_again=1)
    assert sweep_once(TERMS, platform.connection, asked) == Swept()
    over = later(platform, seconds=rule.expires_seconds)
    assert sweep_once(TERMS, platform.connection, over) == Swept(expired=1)
    assert sweep_once(TERMS, platform.connection, over) == Swept()
    status, loan = platform.look("loan", drawn["loan_id"])
    assert (status, loan["state"]) == (200, "offered")
    assert loan["partner"] != drawn["partner"]


def test_two_sweeps_at_once_do_not_wait_for_each_other(platform, online_dsn):
    with connect(online_dsn) as other:
        assert take_sweep(other)
        assert sweep_once(TERMS, platform.connection) == Swept(busy=True)
        other.rollback()
    assert not sweep_once(TERMS, platform.connection, later(platform)).busy


def test_the_timer_sweeps_while_the_platform_is_served_and_survives_a_store_that_is_away(platform, online_dsn, monkeypatch):
    drawn = offered(platform)
    clock = later(platform, seconds=answering(platform, drawn["loan_id"]).expires_seconds)
    tried = []

    def failing_once(dsn):
        tried.append(dsn)
        if len(tried) == 1:
            raise OSError("the store is away")
        return connect(dsn)

    monkeypatch.setattr(module, "connect", failing_once)
    with sweeping(online_dsn, 0.05, clock):
        until = time.monotonic() + 60
        while time.monotonic() < until and platform.look("loan", drawn["loan_id"])[1]["partner"] == drawn["partner"]:
            time.sleep(0.05)
    assert platform.look("loan", drawn["loan_id"])[1]["partner"] != drawn["partner"]
    events = platform.connection.execute("SELECT subject FROM event WHERE kind = 'reservation_expired'").fetchall()
    assert [event["subject"] for event in events] == [drawn["loan_id"]]


def test_the_command_says_what_it_came_to(platform, online_dsn, monkeypatch):
    monkeypatch.setenv("LOANBOOK_DSN", online_dsn)
    offered(platform)
    done = CliRunner().invoke(app, ["sweep"])
    assert (done.exit_code, done.output) == (0, "0 asked again, 1 expired, 0 lapsed.\n")
    done = CliRunner().invoke(app, ["sweep"])
    # Its next partner was asked just now, by the wall clock.
    assert (done.exit_code, done.output) == (0, "0 asked again, 0 expired, 0 lapsed.\n")
