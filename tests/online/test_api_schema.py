"""Requests made from the API's own description: none is answered with a fault of the server."""

import datetime as dt

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from loanbook.rest.server import serve_app
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.unit import connect

EXAMPLES = 12
NOW = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)
TOLD = {200, 201, 400, 404, 409, 410, 422}
"""What a request of a known key may come to."""


def test_no_request_of_the_described_form_breaks_the_server(online_dsn, vault):
    with connect(online_dsn) as tx:
        key = create_caller(tx, role="operator", now=NOW, valid=dt.timedelta(days=1)).text
        tx.commit()
    application = serve_app(online_dsn, vault, lambda: (NOW, NOW.date()))
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    seen: dict[str, set[int]] = {}
    for operation in schema.get_all_operations():
        _try(operation.ok(), key, seen)
    assert len(seen) >= 14
    if 201 not in set().union(*seen.values()):
        pytest.fail(f"nothing was ever done, so little was tried: {seen}")


def _try(operation, key, seen):
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answered(case):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
        answer = case.call()
        seen.setdefault(operation.label, set()).add(answer.status_code)
        assert answer.status_code in TOLD, (answer.status_code, answer.content, case.body)

    answered()
