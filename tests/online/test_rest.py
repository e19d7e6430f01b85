"""The platform over HTTP: who passes, what is refused and how, one answer a key, and a loan borrowed by a stranger."""

import datetime as dt
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from loanbook.rest.server import serve_app
from loanbook.services.desk import BODY_MOST
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.unit import connect
from tests.online.platform import GOOD

NOW = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)


@pytest.fixture
def keys(online_dsn):
    with connect(online_dsn) as tx:
        made = {
            role: create_caller(tx, role=role, now=NOW, valid=dt.timedelta(days=1), partner=partner).text
            for role, partner in (("operator", None), ("auditor", None), ("partner", "harbour_bank"))
        }
        tx.commit()
    return made


@pytest.fixture
def client(online_dsn, vault, keys):
    with TestClient(serve_app(online_dsn, vault, lambda: (NOW, NOW.date()))) as client:
        client.headers["Authorization"] = f"Bearer {keys['operator']}"
        yield client


def ask(client, path, body, key=None, **headers):
    return client.post(path, json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex, **headers})


def test_a_stranger_borrows_over_http(client):
    person = {"kind": "consumer", "channel": "web", "document": "1", "identity": {"name": "Li Example"}}
    borrower = ask(client, "/register", person).json()["borrower_id"]
    application = {
        "borrower_id": borrower,
        "consents": ["credit_assessment", "bureau_query"],
        "consent_text_hash": "0" * 64,
        "province": "hunan",
        "inputs": GOOD,
    }
    applied = ask(client, "/apply", application).json()
    line = ask(client, "/assess", applied).json()
    wanted = {"line_id": line["line_id"], "product": "cash_loan", "principal_fen": 500_000, "installment_count": 6}
    quoted = ask(client, "/quote", wanted).json()
    assert float(quoted["all_in_nominal"]) <= 0.24
    drawn = ask(client, "/draw-down", {"quote_id": quoted["quote_id"]})
    assert drawn.status_code == 201
    loan = client.get(f"/loan/{drawn.json()['loan_id']}").json()
    assert (loan["state"], loan["outstanding_fen"], loan["borrower_id"]) == ("offered", 500_000, borrower)
    assert drawn.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("change", "status", "rule"),
    [
        ({"Authorization": ""}, 401, "key_needed"),
        ({"Authorization": "Bearer loanbook_" + "x" * 43}, 401, "key_not_known"),
        ({"Idempotency-Key": ""}, 400, "idempotency_key_needed"),
        ({"Idempotency-Key": "x" * 201}, 400, "idempotency_key_needed"),
    ],
)
def test_who_does_not_pass_is_told_why(client, change, status, rule):
    body = {"kind": "consumer", "channel": "web", "document": "1"}
    answer = client.post("/register", json=body, headers={"Idempotency-Key": "k"} | change)
    assert (answer.status_code, answer.json()["rule"]) == (status, rule)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind": "consumer"}',
        b'{"kind": "robot", "channel": "x", "identity": {}}',
        b'{"kind": "consumer", "channel": "x", "identity": {}, "extra": 1}',
        b'{"kind": "consumer", "channel": "a\\u0000b", "document": "1"}',
        b'{"kind": "consumer", "channel": "\\ud800", "document": "1"}',
        b'{"kind": "consumer", "channel": "x", "acquisition_cost_fen": 1e400, "document": "1"}',
        b"\xff\xfe",
    ],
)
def test_a_body_that_says_nothing_sensible_is_refused_in_words(client, body):
    answer = client.post("/register", content=body, headers={"Idempotency-Key": uuid.uuid4().hex})
    assert (answer.status_code, answer.json()["rule"]) == (422, "request_not_understood")


def test_a_body_has_a_largest_size(client):
    answer = client.post("/register", content=b" " * (BODY_MOST + 1), headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["rule"]) == (413, "body_too_large")


def test_roles_may_do_what_is_theirs(client, keys):
    body = {"kind": "consumer", "channel": "web", "document": "1"}
    for role in ("auditor", "partner"):
        answer = ask(client, "/register", body, Authorization=f"Bearer {keys[role]}")
        assert (answer.status_code, answer.json()["rule"]) == (403, "role_not_allowed")


def test_calls_that_arrive_together_are_each_answered(client):
    bodies = [{"kind": "consumer", "channel": "web", "document": str(number)} for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: ask(client, "/register", body), bodies))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["borrower_id"] for answer in answers}) == 40


def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/draw-down" in described["paths"]
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert used <= set(described["components"]["schemas"])


def test_a_statement_may_be_longer_than_other_requests(client):
    lines = "".join(f"P-{number},2024-05-06,1.00\n" for number in range(4_000))
    asked = {
        "account": "payment_provider",
        "number": "S-1",
        "starts_on": "2024-05-06",
        "ends_on": "2024-05-06",
        "opening_fen": 0,
        "closing_fen": 400_000,
        "content": "reference,booked_on,amount\n" + lines,
    }
    answer = ask(client, "/take-statement", asked)
    assert len(answer.request.content) > BODY_MOST
    assert (answer.status_code, answer.json()["suspense_items"]) == (200, 4_000)
    first = client.get("/cash/payment_provider").json()
    assert (first["suspense_fen"], len(first["items"])) == (400_000, 100)
    second = client.get("/cash/payment_provider", params={"after": first["next"]}).json()
    assert first["items"][-1]["item_id"] < second["items"][0]["item_id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "rule", "words"),
    [
        ("POST", "/draw_down", 404, "no_such_path", "Did you mean /draw-down?"),
        ("POST", "/quot", 404, "no_such_path", "Did you mean /quote?"),
        ("GET", "/loan", 404, "no_such_path", "Did you mean /loan/{loan_id}?"),
        ("GET", "/loans/lo-1", 404, "no_such_path", "Did you mean /loan/{loan_id}?"),
        ("GET", "/zzz", 404, "no_such_path", "there is no '/zzz'. The paths are at /docs"),
        ("GET", "/quote", 405, "method_not_allowed", "/quote is asked for by POST, not GET."),
        ("POST", "/loan/lo-1", 405, "method_not_allowed", "/loan/lo-1 is asked for by GET, not POST."),
    ],
)
def test_what_the_router_does_not_know_is_a_problem_with_a_hint(client, method, path, status, rule, words):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["status"], answer.json()["rule"]) == (status, status, rule)
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert ("allow" in answer.headers) == (status == 405)


def test_the_root_leads_to_the_page_without_a_key(client):
    answer = client.get("/", headers={"Authorization": ""}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
    assert client.get("/", headers={"Authorization": ""}).headers["content-type"].startswith("text/html")


def test_health_is_told_without_a_key(client):
    answer = client.get("/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert client.get("/openapi.json").json()["paths"]["/health"]["get"]["security"] == []


def test_health_is_a_problem_when_the_store_does_not_answer(client, monkeypatch):
    def gone(_):
        raise ConnectionError

    monkeypatch.setattr("loanbook.rest.health.KEPT_SECONDS", 0.0)
    with monkeypatch.context() as broken:
        broken.setattr("loanbook.services.desk.Desk.reach_store", gone)
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["rule"]) == (503, "store_unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/health").status_code == 200
