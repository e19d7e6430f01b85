"""Requests made from the API's own description: none is answered with a fault of the server."""

import base64
import datetime as dt
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from loanbook.rest.server import serve_app
from loanbook.services.signing import HEADER, sign
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.unit import connect

EXAMPLES = 12
NOW = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)
SECRET = b"s" * 32
TOLD = {200, 201, 400, 403, 404, 409, 410, 422}
"""What a request of a known key may come to, and a signed message; 403 where it takes another role, also for a part of a verb."""


def test_no_request_of_the_described_form_breaks_the_server(online_dsn, vault, monkeypatch):
    for sender in ("PAYMENT_PROVIDER", "HARBOUR_BANK"):
        monkeypatch.setenv(f"LOANBOOK_SECRET_{sender}", base64.b64encode(SECRET).decode())
    with connect(online_dsn) as tx:
        key = create_caller(tx, role="operator", now=NOW, valid=dt.timedelta(days=1)).text
        tx.commit()
    application = serve_app(online_dsn, vault, lambda: (NOW, NOW.date()))
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    seen: dict[str, set[int]] = {}
    with TestClient(application, raise_server_exceptions=False) as client:
        for operation in schema.get_all_operations():
            _try(operation.ok(), key, seen, client)
    assert len(seen) >= 14
    if 201 not in set().union(*seen.values()):
        pytest.fail(f"nothing was ever done, so little was tried: {seen}")


def _signed(client, case):
    """A message of the described form, signed by whoever may send it, with the body that schemathesis made up."""
    what = case.path.rpartition("/")[2]
    sender = "harbour_bank" if what == "answer-offer" else "payment_provider"
    body = json.dumps(case.body).encode()
    headers = {"Idempotency-Key": case.headers.get("Idempotency-Key", ""), HEADER: sign(SECRET, what, body, NOW)}
    return client.post(f"/callbacks/{sender}/{what}", content=body, headers={k: v.encode() for k, v in headers.items()})


def _try(operation, key, seen, client):
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answered(case):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
        answer = _signed(client, case) if operation.path.startswith("/callbacks/") else case.call()
        seen.setdefault(operation.label, set()).add(answer.status_code)
        assert answer.status_code in TOLD, (answer.status_code, answer.content, case.body)

    answered()
