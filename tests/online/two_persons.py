"""Two persons in a test: one proposes, another reads it and approves."""

import dataclasses

from loanbook.services.caller import Caller
from tests.online.platform import OPERATOR

FINANCE = Caller(caller_id="finance-1", role="finance")
SECOND = Caller(caller_id="finance-2", role="finance")
RISK = Caller(caller_id="risk-1", role="risk")


def hire(platform):
    """Note the callers, as their keys would."""
    for caller in (OPERATOR, FINANCE, SECOND, RISK):
        platform.connection.execute(
            "INSERT INTO caller (caller_id, role, created_at) VALUES (%s, %s, now()) ON CONFLICT DO NOTHING",
            dataclasses.astuple(caller)[:2],
        )
    platform.connection.commit()


def proposed(platform, kind, subject, content, maker=OPERATOR):
    status, made = platform.ask("propose", caller=maker, kind=kind, subject=subject, content=content, reason="for the test")
    assert status == 201, made
    return made


def checked(platform, made, checker=FINANCE, approve=True):
    """What came of it: (status, answer)."""
    named = {"proposal_id": made["proposal_id"], "content_hash": made["content_hash"]}
    return platform.ask("check", caller=checker, approve=approve, **named)


def decided(platform, kind, subject, content, maker=OPERATOR, checker=FINANCE):
    """Proposed and approved; what doing it answered."""
    status, answer = checked(platform, proposed(platform, kind, subject, content, maker), checker)
    assert status == 200, answer
    return answer["done"]
