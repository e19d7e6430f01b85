"""OpenAPI 3.1 of the verbs and reads, from the very shapes that decode and encode them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

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
_PROBLEMS = (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)


def describe(
    verbs: Sequence[Verb], reads: Sequence[Read], path_of: Callable[[str], str], callback_path: Callable[[str], str]
) -> dict[str, Any]:
    """The OpenAPI document."""
    types = [*(verb.request for verb in verbs), *(verb.answer for verb in verbs), *(read.answer for read in reads)]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    places = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for verb in verbs:
        paths[path_of(verb.name)] = {"post": _of_verb(verb, places)}
        if verb.is_signed:
            paths[callback_path(verb.name)] = {"post": _of_callback(verb, places)}
    for read in reads:
        paths[f"{path_of(read.name)}/{{{read.by}}}"] = {"get": _of_read(read, places)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Loanbook", "version": "1", "description": "A loan's life, from a registration to a repaid loan."},
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


def _problems() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": "refused", "content": content} for status in _PROBLEMS}


def _answer(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _text(described: Any) -> str:
    return (described.__doc__ or "").strip()


def _of_verb(verb: Verb, places: dict[Any, Any]) -> dict[str, Any]:
    return {
        "operationId": verb.name,
        "summary": verb.text,
        "description": f"For {', '.join(sorted(verb.roles))}. {_text(verb.request)}",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MOST},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": places[verb.request]}}},
        "responses": {str(verb.status): _answer(_text(verb.answer), places[verb.answer]), **_problems()},
    }


def _of_callback(verb: Verb, places: dict[Any, Any]) -> dict[str, Any]:
    described = _of_verb(verb, places)
    sender = {
        "name": "sender",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "The partner's code, payment_provider or credit_bureau.",
    }
    return described | {
        "operationId": f"signed_{verb.name}",
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
        "summary": read.text,
        "description": f"For {', '.join(sorted(read.roles))}.",
        "parameters": asked,
        "responses": {"200": _answer(_text(read.answer), places[read.answer]), **_problems()},
    }
