"""Two pairs of eyes: what one proposed is done when another, who read the same, approves it; once, and whole."""

import msgspec
import psycopg
import pytest

from loanbook.services.approvals import KINDS, Checking, Executor, Proposing, check, content_hash, propose
from loanbook.services.caller import Caller, Refusal
from loanbook.stores.online.unit import Unit, connect
from tests.online.conftest import NOW

MAKER = Caller(caller_id="operator-1", role="operator")
CHECKER = Caller(caller_id="finance-1", role="finance")
CONTENT = {"amount_fen": 12_345, "to": "account of the borrower", "steps": [1, 2, {"big": 2**60}]}


@pytest.fixture
def unit(tx):
    for caller, role in (("operator-1", "operator"), ("finance-1", "finance"), ("finance-2", "finance"), ("risk-1", "risk")):
        tx.execute("INSERT INTO caller (caller_id, role, created_at) VALUES (%s, %s, %s)", (caller, role, NOW))
    tx.commit()
    return Unit(tx, NOW, NOW.date())


def _committed(unit):
    unit.flush()
    unit.connection.commit()


def _proposed(unit, caller=MAKER, kind="refund", content=None):
    request = Proposing(kind=kind, subject="ln-1", content=content or CONTENT, reason="paid twice")
    [made] = propose(EXECUTORS, unit, [(caller, request)])
    _committed(unit)
    return made


def _check(unit, made, caller=CHECKER, approve=True, digest=None, executes=None):
    request = Checking(proposal_id=made.proposal_id, content_hash=digest or made.content_hash, approve=approve)
    found = check(executes or EXECUTORS, unit, [(caller, request)])[0]
    _committed(unit)
    return found


class _Content(msgspec.Struct):
    amount_fen: int = 0


def _refund(unit, order):
    unit.tell("payment_provider", "refund", order.proposal_id, amount_fen=order.content.amount_fen)
    return {"refunded_fen": order.content.amount_fen}


def _refusing(refusal):
    return dict.fromkeys(KINDS, Executor(shape=_Content, refuse=lambda unit, order: refusal, do=_refund))


EXECUTORS = _refusing(None)


def _state(unit):
    row = unit.connection.execute("SELECT state, maker, checker FROM proposal").fetchone()
    return (row["state"], row["maker"], row["checker"])


def test_what_was_proposed_is_done_when_another_approves_in_one_transaction(unit):
    made = _proposed(unit)
    assert unit.connection.execute("SELECT count(*) AS n FROM outbox").fetchone() == {"n": 0}
    checked = _check(unit, made)
    assert (checked.state, checked.done) == ("approved", {"refunded_fen": 12_345})
    assert _state(unit) == ("approved", "operator-1", "finance-1")
    [message] = unit.connection.execute("SELECT recipient, content FROM outbox").fetchall()
    assert message == {"recipient": "payment_provider", "content": {"amount_fen": 12_345}}
    kinds = [row["kind"] for row in unit.connection.execute("SELECT kind FROM event ORDER BY number")]
    assert kinds == ["proposal_made", "proposal_approved"]


def test_what_is_rejected_is_not_done(unit):
    assert _check(unit, _proposed(unit), approve=False).state == "rejected"
    assert unit.connection.execute("SELECT count(*) AS n FROM outbox").fetchone() == {"n": 0}


def test_nobody_approves_what_they_proposed(unit):
    found = _check(unit, _proposed(unit, caller=CHECKER))
    assert isinstance(found, Refusal)
    assert (found.status, found.rule) == (403, "maker_is_checker")
    assert _state(unit) == ("proposed", "finance-1", None)


def test_the_tables_hold_it_too(unit):
    _proposed(unit)
    with pytest.raises(psycopg.errors.CheckViolation):
        unit.connection.execute("UPDATE proposal SET state = 'approved', checker = maker, checked_at = now()")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_roles_that_propose_and_roles_that_approve(unit, kind):
    for role in ("borrower_app", "partner", "auditor"):
        request = Proposing(kind=kind, subject="s", content={}, reason="r")
        [found] = propose(EXECUTORS, unit, [(Caller(caller_id="x", role=role), request)])
        assert isinstance(found, Refusal)
        assert found.rule == "role_not_allowed"
    assert KINDS[kind].makers
    assert KINDS[kind].checkers


def test_a_role_that_may_not_approve_is_refused(unit):
    found = _check(unit, _proposed(unit), caller=Caller(caller_id="risk-1", role="risk"))
    assert isinstance(found, Refusal)
    assert found.detail == "a refund is approved by finance; this key is of role risk."


def test_a_proposal_is_decided_once(unit):
    made = _proposed(unit)
    _check(unit, made)
    again = _check(unit, made, caller=Caller(caller_id="finance-2", role="finance"), approve=False)
    assert isinstance(again, Refusal)
    assert again.rule == "proposal_decided"
    assert unit.connection.execute("SELECT count(*) AS n FROM outbox").fetchone() == {"n": 1}


def test_of_two_approvals_at_once_one_is_done(unit, online_dsn):
    made = _proposed(unit)
    request = Checking(proposal_id=made.proposal_id, content_hash=made.content_hash, approve=True)
    both = [(CHECKER, request), (Caller(caller_id="finance-2", role="finance"), request)]
    found = check(EXECUTORS, unit, both)
    _committed(unit)
    assert [getattr(each, "state", None) or each.rule for each in found] == ["approved", "proposal_decided"]
    assert unit.connection.execute("SELECT count(*) AS n FROM outbox").fetchone() == {"n": 1}


def test_the_checker_names_what_was_read(unit):
    found = _check(unit, _proposed(unit), digest="0" * 64)
    assert isinstance(found, Refusal)
    assert found.rule == "another_content"
    assert _state(unit)[0] == "proposed"


def test_what_was_proposed_cannot_be_changed_and_a_change_behind_the_triggers_is_seen(unit, databases, online_dsn):
    made = _proposed(unit)
    statement = "UPDATE proposal SET content = '{\"amount_fen\": 99999999}'"
    with pytest.raises(psycopg.errors.RestrictViolation):
        unit.connection.execute(statement)
    unit.connection.rollback()
    name = dict(part.split("=") for part in online_dsn.split())["dbname"]
    with connect(databases.dsn(name, "postgres")) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement)
    found = _check(unit, made)
    assert isinstance(found, Refusal)
    assert found.rule == "proposal_changed"


def test_what_refuses_to_be_done_stays_proposed(unit):
    refusal = Refusal(status=409, rule="nothing_to_refund", detail="nothing was paid twice.")
    found = _check(unit, _proposed(unit), executes=_refusing(refusal))
    assert found == refusal
    assert _state(unit)[0] == "proposed"
    request = Proposing(kind="refund", subject="ln-1", content=CONTENT, reason="r")
    assert propose(_refusing(refusal), unit, [(MAKER, request)]) == [refusal]


def test_content_of_another_shape_is_refused_in_words(unit):
    request = Proposing(kind="refund", subject="ln-1", content={"amount_fen": "all"}, reason="r")
    [found] = propose(EXECUTORS, unit, [(MAKER, request)])
    assert (found.rule, found.detail) == (
        "content_not_understood",
        "content: amount_fen: expected a whole number, got text.",
    )


def test_an_unknown_proposal_is_refused(unit):
    request = Checking(proposal_id="pp-none", content_hash="0" * 64, approve=True)
    [found] = check(EXECUTORS, unit, [(CHECKER, request)])
    assert (found.status, found.rule) == (404, "no_such_proposal")


@pytest.mark.parametrize("content", [{"rate": 0.1}, {"a": [{"b": 1.5}]}, {"a": "x\0y"}, {"x\0": 1}, {"a": 1e400}])
def test_content_that_would_not_come_back_as_it_was_is_refused(unit, content):
    [found] = propose(EXECUTORS, unit, [(MAKER, Proposing(kind="refund", subject="ln-1", content=content, reason="r"))])
    assert isinstance(found, Refusal)
    assert found.rule == "content_not_exact"


def test_the_hash_is_of_the_content_whatever_the_order_of_its_names(unit):
    made = _proposed(unit)
    stored = unit.connection.execute("SELECT content FROM proposal").fetchone()["content"]
    assert list(stored) != list(CONTENT)
    assert content_hash("refund", "ln-1", stored).hex() == made.content_hash
    assert content_hash("write_off", "ln-1", stored).hex() != made.content_hash


def test_requests_of_another_form_are_not_understood():
    for body in (b'{"kind": "bribe", "subject": "s", "content": {}, "reason": "r"}', b'{"kind": "refund"}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=Proposing)
