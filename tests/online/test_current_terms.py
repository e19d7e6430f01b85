"""Running processes take approved terms up by themselves, all of them, and work by them from their first day."""

import datetime as dt
import http.client
import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import loanbook.terms
from loanbook.rest.server import serve_app
from loanbook.services.clock import wall_clock
from loanbook.services.current_terms import CurrentTerms
from loanbook.services.keys import create
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.lookups import keep_terms
from loanbook.stores.online.unit import connect
from tests.online.places import Place
from tests.online.platform import TERMS, Platform
from tests.online.test_killed_store import Serving

FOLDER = Path(loanbook.terms.__file__).parent
TODAY = dt.date(2024, 5, 6)
PRODUCT = (FOLDER / "products" / "cash_loan_2024.yaml").read_text(encoding="utf-8")
MANDATE = (FOLDER / "mandates" / "harbour_bank_light.yaml").read_text(encoding="utf-8")


def product_from(day):
    """The cash loan with a fee of 1 % from a day on."""
    fees = "fees: [{name: service, due: disbursement, share: 0.01}]\nmethod: level"
    return PRODUCT.replace("effective_from: 2024-04-01", f"effective_from: {day}").replace("method: level", fees)


class Http:
    """Calls of one application."""

    def __init__(self, client, keys):
        self._client, self._keys, self._number = client, keys, 0

    def post(self, verb, role="operator", **body):
        self._number += 1
        key = f"{id(self)}-{self._number}"
        headers = {"Authorization": f"Bearer {self._keys[role]}", "Idempotency-Key": key}
        return self._client.post(f"/{verb}", content=json.dumps(body, default=str), headers=headers).json()

    def get(self, path, role="operator"):
        return self._client.get(path, headers={"Authorization": f"Bearer {self._keys[role]}"}).json()


def approve(http, kind, code, text):
    made = http.post("propose", "risk", kind="terms", subject=code, content={"kind": kind, "text": text}, reason="for the test")
    named = {"proposal_id": made["proposal_id"], "content_hash": made["content_hash"]}
    done = http.post("check", "finance", approve=True, **named)
    assert done["state"] == "approved", done
    return done["done"]["terms_hash"]


@pytest.fixture
def keys(online_dsn):
    with connect(online_dsn) as tx:
        now = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)
        found = {
            role: create_caller(tx, role=role, now=now, valid=dt.timedelta(days=30)).text
            for role in ("operator", "risk", "finance")
        }
        tx.commit()
    return found


def test_two_running_servers_work_by_approved_terms_from_their_day_and_loans_keep_theirs(online_dsn, vault, tx, keys):
    line = Platform(tx, vault).line()["line_id"]
    tx.commit()
    at = {"day": TODAY}

    def clock():
        return (dt.datetime.combine(at["day"], dt.time(9), dt.UTC), at["day"])

    apps = [serve_app(online_dsn, vault, clock) for _ in range(2)]
    wanted = {"line_id": line, "product": "cash_loan", "principal_fen": 300_000, "installment_count": 6}
    with TestClient(apps[0]) as one, TestClient(apps[1]) as other:
        both = [Http(one, keys), Http(other, keys)]
        before = [http.post("quote", **wanted) for http in both]
        approve(both[0], "product", "cash_loan", product_from(TODAY + dt.timedelta(days=1)))
        approve(both[0], "mandate", "harbour_bank_light", MANDATE.replace("2023-01-01", "2024-05-07"))
        # Not today: what was quoted is drawn, and what is quoted is without a fee.
        drawn = [http.post("draw-down", quote_id=each["quote_id"]) for http, each in zip(both, before, strict=True)]
        assert [http.post("quote", **wanted)["fees_once_fen"] for http in both] == [0, 0]
        at["day"] += dt.timedelta(days=1)
        assert [http.post("quote", **wanted)["fees_once_fen"] for http in reversed(both)] == [3_000, 3_000]
        # A quote of one is read by the other, and the loans of yesterday keep their terms.
        quoted = both[0].post("quote", **wanted)
        assert "loan_id" in both[1].post("draw-down", quote_id=quoted["quote_id"])
        rows = {row["loan_id"]: row["terms_hash"] for row in tx.execute("SELECT loan_id, terms_hash FROM loan")}
        assert len(set(rows.values())) == 2
        assert {rows[each["loan_id"]] for each in drawn} == {TERMS.product("cash_loan", 19849).hash}


def test_the_store_is_asked_once_a_second_and_once_more_on_a_new_day(tx):
    seconds = [0.0]
    asked = []

    class Counting:
        def execute(self, query, *more):
            asked.append(query)
            return tx.execute(query, *more)

    (held,) = tx.execute("SELECT count(*) AS n FROM terms").fetchone().values()
    current = CurrentTerms(TERMS, held, lambda: seconds[0])
    for _ in range(5):
        assert current.of(Counting(), TODAY) is TERMS
    assert len(asked) == 1
    seconds[0] = 0.9
    current.of(Counting(), TODAY)
    assert len(asked) == 1
    current.of(Counting(), TODAY + dt.timedelta(days=1))
    assert len(asked) == 2
    seconds[0] = 2.0
    current.of(Counting(), TODAY + dt.timedelta(days=1))
    assert len(asked) == 3
    # A version that another release archived is no reason for anything.
    keep_terms(tx, [("f" * 64, "product", "other", TODAY, "text", dt.datetime(2024, 5, 6, tzinfo=dt.UTC))])
    seconds[0] = 4.0
    assert current.of(Counting(), TODAY + dt.timedelta(days=1)) is TERMS
    assert len(asked) == 5


def test_every_worker_of_a_real_server_knows_a_mandate_soon_after_it_was_approved(monkeypatch):
    place = Place(monkeypatch, "terms")
    try:
        with place.platform():
            now = wall_clock()[0]
            options = {"valid": dt.timedelta(days=1), "now": now, "partner": None, "borrower_id": None}
            keys = {role: create(role=role, name=role, **options).text for role in ("operator", "risk", "finance")}
        serving = Serving(place, "--workers", "2")
        try:
            serving.start()
            http = Http(_Real(serving.port), keys)
            begins = wall_clock()[1] + dt.timedelta(days=1)
            text = MANDATE.replace("mandate: harbour_bank_light", "mandate: harbour_second").replace("2023-01-01", str(begins))
            assert {http.get("/quota/harbour_second").get("rule") for _ in range(20)} == {"no_such_mandate"}
            approve(http, "mandate", "harbour_second", text)
            time.sleep(1.2)
            found = [http.get("/quota/harbour_second") for _ in range(30)]
            assert [each.get("mandate") for each in found] == ["harbour_second"] * 30
        finally:
            serving.end()
    finally:
        place.close()


class _Real:
    """A connection for each call, so that all workers are asked."""

    def __init__(self, port):
        self._port = port

    def post(self, path, content, headers):
        return self._call("POST", path, content, headers)

    def get(self, path, headers):
        return self._call("GET", path, None, headers)

    def _call(self, method, path, content, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, content, headers)
            return _Answer(connection.getresponse().read())
        finally:
            connection.close()


class _Answer:
    def __init__(self, body):
        self._body = body

    def json(self):
        return json.loads(self._body)
