"""OpenAPI 3.1 of the verbs and reads, from the very shapes that decode and encode them."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from loanbook.rest.examples import OTHER, SIGNED, TAGS, WELCOME, examples, tag_of
from loanbook.rest.health import PATH as HEALTH
from loanbook.services.desk import KEY_MOST, Verb
from loanbook.services.read import Read
from loanbook.services.signing import HEADER

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "rule": {"type": "string"},
        "source": {"type": "string"},
        "figures": {"type": "object"},
    },
    "required": ["type", "title", "status", "detail", "rule"],
}
_SIGNED = (
    "t=<seconds>,n=<nonce>,s=<hexadecimal HMAC-SHA-256 of t, n, the last part of the path and the body, a dot between each two>; "
    "no older than five minutes, each nonce once."
)
_PROBLEMS = {
    "4XX": "Refused: the rule, its source and the figures.",
    "5XX": "Not answered. Ask again with the same key: what was done is not done twice.",
}


def describe(
    verbs: Sequence[Verb],
    reads: Sequence[Read],
    path_of: Callable[[str], str],
    callback_path: Callable[[str], str],
    today: dt.date,
) -> dict[str, Any]:
    """The OpenAPI document; bodies to try are of today."""
    types = [*(verb.request for verb in verbs), *(verb.answer for verb in verbs), *(read.answer for read in reads)]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    places = dict(zip(types, schemas, strict=True))
    bodies = examples(today)
    paths: dict[str, Any] = {}
    for verb in verbs:
        paths[path_of(verb.name)] = {"post": _of_verb(verb, places, bodies)}
        if verb.is_signed:
            paths[callback_path(verb.name)] = {"post": _of_callback(verb, places, bodies)}
    for read in reads:
        paths[f"{path_of(read.name)}/{{{read.by}}}"] = {"get": _of_read(read, places)}
    paths[HEALTH] = {"get": _OF_HEALTH}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Loanbook", "version": "1", "description": WELCOME},
        "tags": _tags(),
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "signature": {"type": "apiKey", "in": "header", "name": HEADER, "description": _SIGNED},
            },
            "schemas": {**components, "Problem": _PROBLEM},
        },
    }


_OF_HEALTH = {
    "operationId": "health",
    "tags": [OTHER],
    "summary": "Whether the platform can work",
    "description": "For anybody, without a key: 200 when the store answers.",
    "security": [],
    "responses": {
        "200": {
            "description": "It can.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"status": {"type": "string", "const": "ok"}},
                        "required": ["status"],
                    }
                }
            },
        },
        "503": {
            "description": "The store does not answer.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    },
}


def _problems() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in _PROBLEMS.items()}


def _tags() -> list[dict[str, str]]:
    told = {tag: text for tag, (text, _) in TAGS.items()}
    told[SIGNED] = "The same verbs for partners, payment provider and bureau, believed by a signature instead of a key."
    return [{"name": tag, "description": text} for tag, text in (*told.items(), (OTHER, ""))]


def _bodies(found: dict[str, Any]) -> dict[str, Any]:
    """Bodies to try as OpenAPI writes them: one as `example`, several with their titles as `examples`."""
    if len(found) == 1:
        return {"example": next(iter(found.values()))}
    return {"examples": {title: {"summary": title, "value": body} for title, body in found.items()}} if found else {}


def _answer(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _text(described: Any) -> str:
    return (described.__doc__ or "").strip()


def _of_verb(verb: Verb, places: dict[Any, Any], bodies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    content = {"schema": places[verb.request]} | _bodies(bodies.get(verb.name, {}))
    return {
        "operationId": verb.name,
        "tags": [tag_of(verb.name)],
        "summary": verb.text,
        "description": f"For {', '.join(sorted(verb.roles))}. {_text(verb.request)}",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MOST},
                "example": f"{verb.name}-1",
                "description": "Any text. The same key and body get the same answer again; change it when you change the body.",
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {str(verb.status): _answer(_text(verb.answer), places[verb.answer]), **_problems()},
    }


def _of_callback(verb: Verb, places: dict[Any, Any], bodies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    described = _of_verb(verb, places, bodies)
    sender = {
        "name": "sender",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "The partner's code, payment_provider or credit_bureau.",
    }
    return described | {
        "operationId": f"signed_{verb.name}",
        "tags": [SIGNED],
        "summary": f"{verb.text}, by a signed message",
        "parameters": [sender, *described["parameters"]],
        "security": [{"signature": []}],
    }


def _of_read(read: Read, places: dict[Any, Any]) -> dict[str, Any]:
    asked = [{"name": read.by, "in": "path", "required": True, "schema": {"type": "string"}}]
    asked += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": text}
        for name, text in read.options.items()
    ]
    return {
        "operationId": read.name,
        "tags": [tag_of(read.name)],
        "summary": read.text,
        "description": f"For {', '.join(sorted(read.roles))}.",
        "parameters": asked,
        "responses": {"200": _answer(_text(read.answer), places[read.answer]), **_problems()},
    }
