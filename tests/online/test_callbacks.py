"""Signed messages over the routes: believed by their signature alone, taken once, each sender for itself."""

import base64
import datetime as dt
import json
import os
import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loanbook.errors import StateError
from loanbook.rest.server import serve_app
from loanbook.services.caller import Caller
from loanbook.services.desk import Call, Desk, Verb
from loanbook.services.parties import Senders
from loanbook.services.requests import Asked, Given
from loanbook.services.signing import HEADER, WINDOW, Signed, sign
from loanbook.stores.online.unit import connect
from tests.online.platform import Platform

NOW = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)
OLD, NEW, PARTNER, STRANGER = (bytes([letter]) * 32 for letter in b"onps")
PROVIDER = "payment_provider"
ROOT = Path(__file__).resolve().parents[2]


class Asking(Asked):
    """A request of nothing."""


class Answering(Given):
    """An answer of nothing."""


def _text(*secrets):
    return ",".join(base64.b64encode(secret).decode() for secret in secrets)


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


@pytest.fixture
def offered(platform):
    """A loan that waits for its partner: (loan_id, partner)."""
    _, drawn = platform.loan(platform.line()["line_id"])
    return drawn["loan_id"], drawn["partner"]


@pytest.fixture
def environment(monkeypatch, offered):
    monkeypatch.setenv("LOANBOOK_SECRET_PAYMENT_PROVIDER", _text(OLD))
    monkeypatch.setenv(f"LOANBOOK_SECRET_{offered[1].upper()}", _text(PARTNER))
    monkeypatch.setenv("LOANBOOK_SECRET_SAFFRON_BANK", _text(STRANGER))
    return monkeypatch


def _client(online_dsn, vault):
    return TestClient(serve_app(online_dsn, vault, lambda: (NOW, NOW.date())))


@pytest.fixture
def client(online_dsn, vault, environment):
    with _client(online_dsn, vault) as client:
        yield client


def post(client, sender, what, body, secret, *, now=NOW, key=None, header=None, signed_as=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = sign(secret, signed_as or what, content, now) if header is None else header
    headers = {HEADER: signature, "Idempotency-Key": key or uuid.uuid4().hex}
    answer = client.post(f"/callbacks/{sender}/{what}", content=content, headers=headers)
    return answer.status_code, answer.json()


def _told(answer):
    return answer[0], answer[1].get("rule")


@pytest.fixture
def disbursed(platform, client, offered):
    """The loan after its partner and the payment provider sent theirs."""
    loan_id, partner = offered
    assert post(client, partner, "answer-offer", {"loan_id": loan_id, "decision": "accept"}, PARTNER)[1]["state"] == "confirmed"
    paid_out = {"loan_id": loan_id, "provider_reference": "out", "disbursed_on": "2024-05-06"}
    assert post(client, PROVIDER, "disburse", paid_out, OLD)[1]["state"] == "disbursed"
    return loan_id


def _payment(loan_id, reference="in"):
    return {"loan_id": loan_id, "provider_reference": reference, "amount_fen": 1_000, "paid_on": "2024-05-06"}


def _count(platform, table):
    platform.connection.rollback()
    return platform.connection.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"]


def test_a_loan_lives_by_signed_messages_alone(platform, client, disbursed):
    assert post(client, PROVIDER, "repay", _payment(disbursed), OLD)[0] == 201
    back = post(client, PROVIDER, "give-back", {"provider_reference": "in", "reason": "no funds"}, OLD)
    assert (back[0], back[1]["state"]) == (200, "disbursed")
    platform.connection.rollback()
    callers = {row["caller_id"] for row in platform.connection.execute("SELECT caller_id FROM audit WHERE action = 'repay'")}
    assert callers == {"signed payment_provider"}


def test_a_message_that_comes_again_is_not_taken_again(platform, client, disbursed):
    content = json.dumps(_payment(disbursed)).encode()
    header = sign(OLD, "repay", content, NOW)
    assert _told(post(client, PROVIDER, "repay", content, OLD, header=header, key="one")) == (201, None)
    assert _told(post(client, PROVIDER, "repay", content, OLD, header=header, key="one")) == (401, "signature_used")
    assert _told(post(client, PROVIDER, "repay", content, OLD, header=header, key="two")) == (401, "signature_used")
    assert _count(platform, "payment") == 1


def test_a_retry_is_signed_anew_and_gets_the_same_answer(platform, client, disbursed):
    first = post(client, PROVIDER, "repay", _payment(disbursed), OLD, key="one")
    assert post(client, PROVIDER, "repay", _payment(disbursed), OLD, key="one") == first
    assert _told(post(client, PROVIDER, "repay", _payment(disbursed), OLD, key="two")) == (409, "payment_booked_already")
    assert _told(post(client, PROVIDER, "repay", _payment(disbursed, "other"), OLD, key="one")) == (422, "idempotency_key_reused")
    assert _count(platform, "payment") == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"header": ""}, "signature_needed"),
        ({"header": "t=1,n=2,s=3"}, "signature_needed"),
        ({"header": sign(OLD, "repay", b"{}", NOW)}, "signature_wrong"),
        ({"secret": PARTNER}, "signature_wrong"),
        ({"signed_as": "give-back"}, "signature_wrong"),
        ({"now": NOW - WINDOW - dt.timedelta(seconds=1)}, "signature_too_old"),
        ({"now": NOW + WINDOW + dt.timedelta(seconds=1)}, "signature_too_old"),
        ({"sender": "nobody_bank"}, "sender_not_known"),
        ({"sender": "credit_bureau"}, "sender_not_known"),
        ({"sender": "harbour_bank_light"}, "sender_not_known"),
        ({"sender": "PAYMENT_PROVIDER"}, "sender_not_known"),
    ],
)
def test_what_is_not_believed_changes_nothing_and_is_told_why(platform, client, disbursed, change, rule):
    asked = {"sender": PROVIDER, "secret": OLD} | change
    answer = post(client, asked.pop("sender"), "repay", _payment(disbursed), asked.pop("secret"), **asked)
    assert _told(answer) == (401, rule)
    assert _count(platform, "payment") == _count(platform, "nonce") - 2 == 0


def test_a_changed_body_is_not_believed(platform, client, disbursed):
    body = _payment(disbursed)
    header = sign(OLD, "repay", json.dumps(body).encode(), NOW)
    changed = post(client, PROVIDER, "repay", body | {"amount_fen": 1_001}, OLD, header=header)
    assert _told(changed) == (401, "signature_wrong")


def test_a_partner_answers_for_itself_alone(platform, client, offered):
    loan_id, partner = offered
    body = {"loan_id": loan_id, "decision": "accept"}
    assert _told(post(client, "saffron_bank", "answer-offer", body, STRANGER)) == (404, "no_such_loan")
    assert _told(post(client, partner, "answer-offer", body, STRANGER)) == (401, "signature_wrong")
    assert _told(post(client, partner, "repay", _payment(loan_id), PARTNER)) == (403, "role_not_allowed")
    assert _told(post(client, PROVIDER, "answer-offer", body, OLD)) == (403, "role_not_allowed")
    assert platform.look("loan", loan_id)[1]["state"] == "offered"


def test_the_key_of_a_message_is_its_senders_own(client, offered):
    loan_id, partner = offered
    body = {"loan_id": loan_id, "decision": "accept"}
    assert _told(post(client, "saffron_bank", "answer-offer", body, STRANGER, key="same"))[0] == 404
    assert _told(post(client, partner, "answer-offer", body, PARTNER, key="same"))[0] == 200


def test_two_secrets_hold_while_one_replaces_the_other(online_dsn, vault, environment, disbursed):
    body = _payment(disbursed)
    for secrets, signed, status in (
        ((OLD,), NEW, 401),
        ((NEW, OLD), OLD, 201),
        ((NEW, OLD), NEW, 409),
        ((NEW,), OLD, 401),
        ((NEW,), NEW, 409),
    ):
        environment.setenv("LOANBOOK_SECRET_PAYMENT_PROVIDER", _text(*secrets))
        with _client(online_dsn, vault) as client:
            assert post(client, PROVIDER, "repay", body, signed)[0] == status, (secrets, signed)


def test_a_server_does_not_start_with_a_secret_that_is_too_short(online_dsn, vault, environment):
    environment.setenv("LOANBOOK_SECRET_PAYMENT_PROVIDER", "c2hvcnQ=")
    with pytest.raises(StateError, match="LOANBOOK_SECRET_PAYMENT_PROVIDER: a secret must be at least 32 bytes"):
        serve_app(online_dsn, vault)


def test_of_one_message_sent_many_times_at_once_one_is_taken(platform, client, disbursed):
    content = json.dumps(_payment(disbursed)).encode()
    header = sign(OLD, "repay", content, NOW)
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(post, client, PROVIDER, "repay", content, OLD, header=header) for _ in range(16)]
        found = sorted(_told(each.result()) for each in sent)
    assert found == [(201, None), *[(401, "signature_used")] * 15]
    assert _count(platform, "payment") == 1


def test_a_nonce_is_given_back_with_what_failed(online_dsn, vault):
    signed = Signed(sender=PROVIDER, nonce="n" * 16, signed_at=NOW)
    caller = Caller(caller_id="signed payment_provider", role="provider")
    fails = [True]

    def run(unit, asked):
        if fails:
            fails.clear()
            unit.connection.execute("SELECT 1 / 0")
        return [Answering() for _ in asked]

    with connect(online_dsn) as connection:
        desk = Desk(connection, lambda: (NOW, NOW.date()), vault.body_hash)
        verb = Verb(name="x", text="", request=Asking, answer=Answering, roles=frozenset({"provider"}), run=run)
        call = Call(caller=caller, key="k", body=b"{}", signed=signed)
        with pytest.raises(Exception, match="division by zero"):
            desk.answer(verb, [call])
        assert [reply.status for reply in desk.answer(verb, [call])] == [200]
        assert [reply.status for reply in desk.answer(verb, [call])] == [401]


def test_callbacks_are_described_with_their_signature(client):
    described = client.get("/openapi.json").json()
    callbacks = {path for path in described["paths"] if path.startswith("/callbacks/")}
    wanted = ("answer-offer", "disburse", "repay", "give-back", "take")
    assert callbacks >= {f"/callbacks/{{sender}}/{what}" for what in wanted}
    for path in callbacks:
        post_ = described["paths"][path]["post"]
        assert post_["security"] == [{"signature": []}]
        assert {each["name"] for each in post_["parameters"]} == {"sender", "Idempotency-Key"}
    assert described["components"]["securitySchemes"]["signature"]["name"] == HEADER


def test_only_those_with_a_secret_are_senders():
    senders = Senders(["harbour_bank", "quay_bank"], {"LOANBOOK_SECRET_HARBOUR_BANK": _text(OLD)})
    caller, _ = senders.believe("harbour_bank", sign(OLD, "take", b"", NOW), "take", b"", NOW)
    assert (caller.role, caller.partner) == ("partner", "harbour_bank")


def test_the_shell_example_of_the_guide_signs_what_is_believed(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("the example needs openssl, which this machine lacks; signatures themselves are tested without it")
    example = (ROOT / "docs/guides/access.md").read_text(encoding="utf-8").partition("```sh\n")[2].partition("```")[0]
    signing, curl, rest = example.partition("curl")
    assert curl
    assert "/callbacks/harbour_bank/answer-offer" in rest
    body, secrets = '{"loan_id": "lo-example", "decision": "accept"}', {"LOANBOOK_SECRET_HARBOUR_BANK": _text(OLD)}
    told = signing + 'printf "t=%s,n=%s,s=%s" "$T" "$N" "$S"'
    done = subprocess.run(["/bin/sh", "-c", told], env=os.environ | secrets, capture_output=True, text=True, check=True)
    now = dt.datetime.now(dt.UTC)
    caller, _ = Senders(["harbour_bank"], secrets).believe("harbour_bank", done.stdout, "answer-offer", body.encode(), now)
    assert caller.partner == "harbour_bank"


def test_the_python_example_of_the_guide_signs_what_is_believed():
    page = (ROOT / "docs/guides/access.md").read_text(encoding="utf-8")
    names = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)
    secrets, now = {"LOANBOOK_SECRET_HARBOUR_BANK": names["secret"]}, dt.datetime.now(dt.UTC)
    found, _ = Senders(["harbour_bank"], secrets).believe("harbour_bank", names["header"], "answer-offer", names["body"], now)
    assert found.partner == "harbour_bank"
