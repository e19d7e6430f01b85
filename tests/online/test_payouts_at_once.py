"""Two callers report one payout for two loans at the same moment: one is booked, the other is told by the rule."""

import threading
import time

import pytest

from loanbook.stores.online.unit import connect
from tests.online.platform import Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def confirmed(platform, document):
    _, drawn = platform.loan(platform.line(document=document)["line_id"])
    platform.done("answer_offer", loan_id=drawn["loan_id"], decision="accept")
    return drawn["loan_id"]


def waits(connection):
    """Until some transaction of this database waits for another one."""
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(200):
        if connection.execute(query).fetchone()["n"]:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_a_payout_that_another_books_at_the_same_moment_is_a_conflict(platform, online_dsn, vault):
    first, second = (confirmed(platform, document) for document in ("1", "2"))
    answers = []
    with connect(online_dsn) as other, connect(online_dsn) as watching:
        # The first caller's transaction, before its commit.
        other.execute(
            "UPDATE loan SET state = 'disbursed', disbursed_on = %s, payout_reference = 'out-1' WHERE loan_id = %s",
            (platform.today, first),
        )
        asked = {"loan_id": second, "provider_reference": "out-1", "disbursed_on": platform.today}
        thread = threading.Thread(target=lambda: answers.append(platform.ask("disburse", key="second", **asked)))
        thread.start()
        watching.autocommit = True
        waits(watching)
        other.commit()
        thread.join(timeout=30)
    ((status, problem),) = answers
    assert (status, problem["rule"], problem["figures"]) == (409, "payment_booked_already", {"loan_id": first})
    assert platform.ask("disburse", key="second", **asked) == (status, problem)
    assert platform.look("loan", second)[1]["state"] == "confirmed"
    platform.done("disburse", **asked | {"provider_reference": "out-2"})
