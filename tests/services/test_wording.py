"""What is wrong with a body, in words: each message names the place, what is expected and what to write."""

import enum

import msgspec
import pytest

from loanbook.services.consents import ConsentGiving
from loanbook.services.requests import Application, Asked, Registration, Repaying
from loanbook.services.wording import meant, not_understood


class Season(enum.Enum):
    DRY = "dry"
    WET = "wet"


class Plot(Asked, kw_only=True):
    season: Season
    crop: str = ""


class Farm(Asked, kw_only=True):
    plots: tuple[Plot, ...] = ()
    home: Plot | None = None
    by_name: dict[str, Plot] = msgspec.field(default_factory=dict)


def said(shape, body):
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as error:
        msgspec.json.decode(body, type=shape)
    return not_understood(error.value, shape, body)


PERSON = b'{"kind": "consumer", "document": "1", %s}'
PAID = b'{"loan_id": "a", "provider_reference": "b", %s}'
FIELDS = "kind, channel, acquisition_cost_fen, document, identity"


@pytest.mark.parametrize(
    ("shape", "body", "words"),
    [
        (Registration, b" ", f"the body is empty: send JSON. Fields: {FIELDS}."),
        (Registration, b'{"kind": "con', "the JSON ends too early. Close every quote, bracket and brace."),
        (Registration, b"{'kind': 1}", "the body is no JSON: object keys must be strings (byte 1). Send a JSON object."),
        (Registration, b'{"kind": "\xff"}', "the body is not UTF-8. Send JSON in UTF-8."),
        (Registration, b"[]", "the body: expected a JSON object, got a list."),
        (
            Registration,
            b'{"kind": "consumr"}',
            "kind must be one of consumer, small_business, not 'consumr'. Did you mean consumer?",
        ),
        (Registration, b'{"kind": "alien"}', "kind must be one of consumer, small_business, not 'alien'."),
        (Registration, PERSON % b'"chanel": "a"', f"there is no field 'chanel'. Did you mean channel? Fields: {FIELDS}."),
        (Registration, b'{"kind": "consumer"}', "the field 'channel' is missing. Needed: kind, channel, document."),
        (Registration, PERSON % b'"channel": ""', "channel: expected text of length >= 1."),
        (Registration, PERSON % b'"identity": {"": "x"}', "a name in identity: expected text of length >= 1."),
        (Registration, PERSON % b'"identity": {"a": 1}', "identity[...]: expected text, got a whole number."),
        (Repaying, PAID % b'"paid_on": "31/12/2024"', "paid_on is not a date. Write YYYY-MM-DD."),
        (
            Repaying,
            PAID % b'"amount_fen": 1.5',
            "amount_fen: expected a whole number, got a number. Minor units (fen); at most 100 billion yuan.",
        ),
        (
            ConsentGiving,
            b'{"text_hash": "xx"}',
            "text_hash is not of its form. Write: SHA-256 as 64 hexadecimal digits, small letters.",
        ),
        (Application, b'{"consents": ["a", ""]}', "consents[1]: expected text of length >= 1."),
        (Farm, b'{"plots": [{"season": "dri"}]}', "plots[0].season must be one of dry, wet, not 'dri'. Did you mean dry?"),
        (
            Farm,
            b'{"plots": [{"seson": "dry"}]}',
            "there is no field 'seson' in plots[0]. Did you mean season? Fields: season, crop.",
        ),
        (Farm, b'{"home": {"crop": "rice"}}', "the field 'season' is missing in home. Needed: season."),
        (Farm, b'{"by_name": {"x": {"season": "w"}}}', "by_name[...].season must be one of dry, wet, not 'w'."),
    ],
)
def test_a_message_says_what_is_expected(shape, body, words):
    assert said(shape, body).startswith(words)


def test_what_was_meant_is_only_said_of_what_is_near():
    assert meant("henan", ["hunan", "hainan", "tibet"]) == " Did you mean hunan?"
    assert meant("atlantis", ["hunan", "hainan"]) == ""
