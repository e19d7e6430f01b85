"""The documentation page: every verb and read under a heading, every verb with a body to try, and the bodies lead to a loan."""

import datetime as dt
import json

import msgspec
import pytest
from starlette.testclient import TestClient

from loanbook.rest.examples import OTHER, SIGNED, TAGS, examples, tag_of
from loanbook.rest.server import serve_app
from loanbook.services.reading import reads
from loanbook.services.verbs import verbs
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.unit import connect
from tests.online.platform import TERMS

NOW = dt.datetime(2024, 5, 6, 9, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def asked(vault):
    return verbs(TERMS, vault)


def test_every_verb_has_bodies_to_try_that_it_understands(asked):
    bodies = examples(TODAY)
    assert set(bodies) == {verb.name for verb in asked}
    for verb in asked:
        for body in bodies[verb.name].values():
            msgspec.json.decode(json.dumps(body), type=verb.request)


def test_every_verb_and_read_stands_under_one_heading(asked, vault):
    names = [each.name for each in (*asked, *reads(TERMS, vault))]
    assert {name: tag_of(name) for name in names if tag_of(name) == OTHER} == {}
    listed = [name for _, found in TAGS.values() for name in found]
    assert sorted(listed) == sorted(names)


@pytest.fixture
def client(online_dsn, vault):
    with connect(online_dsn) as tx:
        key = create_caller(tx, role="operator", now=NOW, valid=dt.timedelta(days=1)).text
        tx.commit()
    with TestClient(serve_app(online_dsn, vault, lambda: (NOW, TODAY))) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def test_who_fills_in_what_the_page_says_borrows_money(client):
    described = client.get("/openapi.json").json()
    known = {}

    def send(path, title=None):
        operation = described["paths"][path]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        body = content["example"] if title is None else content["examples"][title]["value"]
        text = json.dumps(body)
        for field, value in known.items():
            for name in ("/register", "/apply", "/assess", "/quote", "/draw-down"):
                text = text.replace(f"<{field} from {name}>", value)
        assert "from /" not in text, text
        (parameter,) = operation["parameters"]
        answer = client.post(path, content=text, headers={parameter["name"]: f"{parameter['example']} {title}"})
        assert answer.status_code < 300, answer.text
        known.update({name: value for name, value in answer.json().items() if isinstance(value, str)})
        return answer.json()

    send("/register", "A consumer")
    send("/apply", "A consumer")
    send("/assess")
    send("/quote", "5,000.00 in 6 instalments")
    assert send("/draw-down")["state"] == "offered"
    assert send("/answer-offer", "Accept")["state"] == "confirmed"
    assert send("/disburse")["state"] == "disbursed"
    assert send("/repay", "A part")["outstanding_fen"] == 494_996
    assert send("/repay", "All of it")["state"] == "repaid"
    assert send("/buy")["total_fen"] <= 31_500


def test_the_page_is_of_its_day_and_shows_signed_messages_apart(client):
    described = client.get("/openapi.json").json()
    body = described["paths"]["/disburse"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert body["disbursed_on"] == "2024-05-06"
    assert [tag["name"] for tag in described["tags"]][:2] == ["Borrow", "Lenders"]
    callbacks = [operations["post"] for path, operations in described["paths"].items() if path.startswith("/callbacks")]
    assert callbacks
    assert all(each["tags"] == [SIGNED] for each in callbacks)
