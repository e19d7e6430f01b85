"""Signed messages: of the sender, over these bytes, of these minutes, once."""

import base64
import datetime as dt
import hashlib
import hmac

import pytest

from loanbook.errors import StateError
from loanbook.services.signing import HEADER, WINDOW, SignatureError, secrets_of, sign, take, verify
from loanbook.stores.online.unit import connect
from tests.online.conftest import NOW

SECRET, OTHER = b"s" * 32, b"o" * 32
BODY = b'{"reference": "pp-1", "amount_fen": 50000}'
WHAT = "repay"
NONCE = "0123456789abcdef"


def _signed(now=NOW, nonce=NONCE, body=BODY, secret=SECRET):
    return verify("harbour_pay", sign(secret, WHAT, body, now, nonce), WHAT, body, NOW, [SECRET])


def test_the_signature_is_what_the_documentation_says():
    text = f"{int(NOW.timestamp())}.{NONCE}.repay.".encode() + BODY
    expected = hmac.new(SECRET, text, hashlib.sha256).hexdigest()
    assert sign(SECRET, WHAT, BODY, NOW, NONCE) == f"t={int(NOW.timestamp())},n={NONCE},s={expected}"


def test_a_signed_message_is_known_by_sender_nonce_and_time():
    found = _signed()
    assert (found.sender, found.nonce, found.signed_at) == ("harbour_pay", NONCE, NOW)
    assert verify("harbour_pay", sign(OTHER, WHAT, BODY, NOW), WHAT, BODY, NOW, [SECRET, OTHER]).sender == "harbour_pay"


@pytest.mark.parametrize("part", ["body", "what", "secret", "t", "n", "s"])
def test_a_change_of_any_part_breaks_the_signature(part):
    header, what, body = sign(SECRET, WHAT, BODY, NOW, NONCE), WHAT, BODY
    if part == "body":
        body = BODY.replace(b"50000", b"50001")
    elif part == "what":
        what = "disburse"
    elif part == "secret":
        header = sign(OTHER, WHAT, BODY, NOW, NONCE)
    elif part == "t":
        header = header.replace(f"t={int(NOW.timestamp())}", f"t={int(NOW.timestamp()) + 1}")
    elif part == "n":
        header = header.replace(NONCE, NONCE[:-1] + "0")
    else:
        header = header[:-1] + ("0" if header[-1] != "0" else "1")
    with pytest.raises(SignatureError, match="is not one of harbour_pay"):
        verify("harbour_pay", header, what, body, NOW, [SECRET])


def test_moving_the_dot_between_nonce_and_body_is_another_message():
    header = sign(SECRET, WHAT, b"1.x", NOW, NONCE)
    with pytest.raises(SignatureError):
        verify("harbour_pay", header.replace(NONCE, NONCE + ".1"), WHAT, b"x", NOW, [SECRET])


@pytest.mark.parametrize("header", ["", "t=1", "t=1,n=short,s=" + "0" * 64, f"t=1,n={NONCE},s=" + "g" * 64, "x" * 9999, "t=-5"])
def test_a_header_of_another_form_is_refused_with_the_form(header):
    with pytest.raises(SignatureError, match=f"^{HEADER} must be t=<seconds>"):
        verify("harbour_pay", header, WHAT, BODY, NOW, [SECRET])


def test_the_window_is_five_minutes_either_way():
    second = dt.timedelta(seconds=1)
    for inside in (NOW - WINDOW, NOW + WINDOW):
        assert _signed(inside).signed_at == inside
    for outside in (NOW - WINDOW - second, NOW + WINDOW + second):
        with pytest.raises(SignatureError, match="more than 5 minutes from now"):
            _signed(outside)


def test_a_nonce_is_taken_once_for_each_sender(tx):
    other = verify("quay_bank", sign(OTHER, WHAT, BODY, NOW, NONCE), WHAT, BODY, NOW, [OTHER])
    assert take(tx, [_signed(), other]) == [None, None]
    tx.commit()
    [again, fresh] = take(tx, [_signed(), _signed(nonce="fedcba9876543210")])
    assert isinstance(again, SignatureError)
    assert "was used before" in str(again)
    assert fresh is None
    assert take(tx, []) == []


def test_of_two_in_one_batch_the_first_is_taken(tx):
    found = take(tx, [_signed(), _signed()])
    assert found[0] is None
    assert isinstance(found[1], SignatureError)


def test_a_transaction_that_fails_gives_its_nonce_back(tx):
    take(tx, [_signed()])
    tx.rollback()
    assert take(tx, [_signed()]) == [None]


def test_of_two_at_once_one_is_taken(online_dsn):
    with connect(online_dsn) as first, connect(online_dsn) as second:
        assert take(first, [_signed()]) == [None]
        first.commit()
        assert isinstance(take(second, [_signed()])[0], SignatureError)


def test_secrets_come_from_the_environment_by_sender():
    both = ",".join(base64.b64encode(each).decode() for each in (SECRET, OTHER))
    assert secrets_of("harbour_pay", {"LOANBOOK_SECRET_HARBOUR_PAY": both}) == (SECRET, OTHER)
    for sender in ("quay_bank", "Harbour_Pay", "../x", ""):
        with pytest.raises(SignatureError, match="no secret is set"):
            secrets_of(sender, {"LOANBOOK_SECRET_HARBOUR_PAY": both, "LOANBOOK_SECRET_": both})
    for odd in ("c2hvcnQ=", "not base64!", both + ","):
        with pytest.raises(StateError, match="at least 32 bytes") as raised:
            secrets_of("harbour_pay", {"LOANBOOK_SECRET_HARBOUR_PAY": odd})
        assert odd not in str(raised.value)
