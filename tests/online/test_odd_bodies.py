"""A body that nobody can read costs its own call and no other of its batch."""

import json

import pytest

from loanbook.services import desk as desks
from loanbook.services.desk import NESTED_MOST, Call
from tests.online.platform import GOOD, OPERATOR, Platform
from tests.online.two_persons import hire


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


@pytest.fixture
def application(platform):
    borrower = platform.done("register", kind="consumer", channel="app_store", document="1", identity={"name": "Wang Example"})
    needed = ["credit_assessment", "bureau_query"]
    return borrower | {"consents": needed, "consent_text_hash": "0" * 64, "province": "hunan", "inputs": GOOD}


def answered(platform, verb, bodies):
    calls = [Call(caller=OPERATOR, key=f"odd {place}", body=body) for place, body in enumerate(bodies)]
    return [(reply.status, json.loads(reply.body)) for reply in platform.desk.answer(platform.verbs[verb], calls)]


def nested(levels):
    return b'{"inputs":{"a":' + b"[" * levels + b"]" * levels + b"}}"


@pytest.mark.parametrize("levels", [900, 5_000, 30_000])
def test_a_body_nested_too_deeply_costs_its_own_call(platform, application, levels):
    good = json.dumps(application).encode()
    (first, _), (second, odd), (third, _) = answered(platform, "apply", [good, nested(levels), good])
    assert (first, second, third) == (201, 422, 201)
    assert (odd["rule"], odd["detail"]) == (
        "request_not_understood",
        "the body is nested too deeply. At most 64 lists and objects may lie inside each other.",
    )


@pytest.mark.parametrize("levels", [90, 900, 5_000])
def test_a_proposal_nested_too_deeply_is_refused_in_words(platform, levels):
    hire(platform)
    content = b"[" * levels + b"]" * levels
    body = b'{"kind":"refund","subject":"lo-1","reason":"r","content":{"a":' + content + b"}}"
    ((status, told),) = answered(platform, "propose", [body])
    assert (status, told["rule"]) == (422, "request_not_understood")
    assert "nested too deeply" in told["detail"]


def test_as_deep_as_may_be_and_brackets_in_texts_are_taken(platform, application):
    deepest = json.loads("[" * (NESTED_MOST - 2) + "]" * (NESTED_MOST - 2))
    texts = {"a": '[{"' * 500, "b": "\\", "c": '{"\\' * 500}
    many = [{}] * 500
    bodies = [json.dumps(application | {"inputs": GOOD | odd}).encode() for odd in ({"a": deepest}, texts, {"a": many})]
    assert [status for status, _ in answered(platform, "apply", bodies)] == [201, 201, 201]
    ((status, told),) = answered(platform, "apply", [json.dumps(application | {"inputs": {"a": [deepest]}}).encode()])
    assert (status, "nested too deeply" in told["detail"]) == (422, True)


def test_whatever_else_goes_wrong_with_a_body_costs_its_own_call(platform, application, monkeypatch):
    check = desks._check

    def fails(verb, call, decoder):
        if call.body == b"odd":
            raise MemoryError
        return check(verb, call, decoder)

    monkeypatch.setattr(desks, "_check", fails)
    good = json.dumps(application).encode()
    (first, _), (second, odd) = answered(platform, "apply", [good, b"odd"])
    assert (first, second, odd["rule"]) == (201, 500, "internal_error")
