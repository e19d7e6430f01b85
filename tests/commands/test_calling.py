"""`loanbook call`: a request is written field by field or whole; what is neither is refused in words before anything is asked."""

import json

import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.commands.calling import _body
from loanbook.errors import RequestError


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["line_id=ln-1", "principal_fen:=500000"], {"line_id": "ln-1", "principal_fen": 500_000}),
        (["reason=a = b", 'consents:=["x"]', "remark="], {"reason": "a = b", "consents": ["x"], "remark": ""}),
        (['{"a": "b=c"}'], {"a": "b=c"}),
        (["number=7"], {"number": "7"}),
    ],
)
def test_fields_and_whole_requests_come_to_the_same_json(words, asked):
    assert json.loads(_body(words)) == asked


@pytest.mark.parametrize(
    ("word", "words"), [("nothing", "is no field"), ("=1", "is no field"), ("a:=x", "what follows := is JSON")]
)
def test_what_is_no_field_is_said_in_words(word, words):
    with pytest.raises(RequestError, match=words):
        _body(["ok=1", word])
    assert CliRunner().invoke(app, ["call", "quote", "ok=1", word]).exit_code != 0
