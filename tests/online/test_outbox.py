"""Messages are taken once: by one of two who ask at once, and by who asks again after a crash."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from loanbook.services.caller import Caller
from loanbook.services.parties import BUREAU, PROVIDER
from loanbook.stores.online.outbox import take_messages
from loanbook.stores.online.unit import Unit, connect
from tests.online.borrowing import partner_named
from tests.online.platform import Platform

CALLERS = {
    "harbour_bank": partner_named("harbour_bank"),
    PROVIDER: Caller(caller_id="provider", role="provider"),
    BUREAU: Caller(caller_id="bureau", role="bureau"),
}


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _tell(platform, recipient, count):
    now, today = platform.clock()
    unit = Unit(platform.connection, now, today)
    for number in range(count):
        unit.tell(recipient, "example", f"lo-{recipient}-{number:03}", number=number)
    unit.flush()
    platform.connection.commit()


def _subjects(told):
    return [each["subject"] for each in told["messages"]]


@pytest.mark.parametrize("recipient", CALLERS)
def test_messages_are_seen_while_they_wait_and_taken_in_order_once(platform, recipient):
    for each in CALLERS:
        _tell(platform, each, 5)
    caller = CALLERS[recipient]
    wanted = [f"lo-{recipient}-{number:03}" for number in range(5)]
    assert _subjects(platform.look("outbox", recipient, caller=caller)[1]) == wanted
    first, second, third = (platform.ask("take", caller=caller, most=3)[1] for _ in range(3))
    assert (_subjects(first), first["more"]) == (wanted[:3], True)
    assert (_subjects(second), second["more"]) == (wanted[3:], False)
    assert _subjects(third) == []
    assert first["messages"][1]["content"] == {"number": 1}
    assert _subjects(platform.look("outbox", recipient, caller=caller)[1]) == []


def test_nobody_sees_or_takes_what_is_for_another(platform):
    for each in CALLERS:
        _tell(platform, each, 2)
    for recipient, caller in CALLERS.items():
        for other in set(CALLERS) - {recipient}:
            assert platform.look("outbox", other, caller=caller)[1]["rule"] == "no_such_recipient"
            assert platform.ask("take", caller=caller, recipient=other)[1]["rule"] == "no_such_recipient"
    assert platform.ask("take")[1]["rule"] == "recipient_needed"
    assert len(platform.done("take", recipient="harbour_bank")["messages"]) == 2


def test_an_answer_that_was_lost_is_given_again_under_its_key(platform):
    _tell(platform, "harbour_bank", 5)
    caller = CALLERS["harbour_bank"]
    taken = platform.ask("take", caller=caller, key="poll-1", most=3)
    assert platform.ask("take", caller=caller, key="poll-1", most=3) == taken
    assert len(platform.ask("take", caller=caller, key="poll-2", most=3)[1]["messages"]) == 2


def test_messages_wait_again_when_who_takes_them_fails_before_the_commit(platform, online_dsn):
    _tell(platform, "harbour_bank", 3)
    with connect(online_dsn) as failing:
        assert len(take_messages(failing, "harbour_bank", 10, platform.clock()[0])) == 3
        failing.rollback()
    assert len(platform.ask("take", caller=CALLERS["harbour_bank"])[1]["messages"]) == 3


def test_while_one_takes_another_gets_other_messages_and_does_not_wait(platform, online_dsn):
    _tell(platform, "harbour_bank", 5)
    now = platform.clock()[0]
    with connect(online_dsn) as first, connect(online_dsn) as second:
        mine = [row["number"] for row in take_messages(first, "harbour_bank", 3, now)]
        second.execute("SET LOCAL lock_timeout = '2s'")
        others = [row["number"] for row in take_messages(second, "harbour_bank", 10, now)]
        assert (len(mine), len(others)) == (3, 2)
        assert not set(mine) & set(others)


def test_two_pollers_at_once_share_the_messages_each_once(platform, online_dsn, vault):
    _tell(platform, "harbour_bank", 200)

    def poll(name):
        with connect(online_dsn) as connection:
            mine = Platform(connection, vault)
            found = []
            for number in range(40):
                told = mine.ask("take", caller=CALLERS["harbour_bank"], key=f"{name}-{number}", most=7)[1]
                found += _subjects(told)
            return found

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(poll, ("a", "b"))
    assert len(one) + len(two) == 200
    assert len({*one, *two}) == 200
