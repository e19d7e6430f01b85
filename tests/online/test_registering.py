"""Who is taken in, and from where: what no line could ever be opened on is refused at once."""

import pytest

from loanbook.terms.mandate import PROVINCES
from tests.online.platform import GOOD, Platform


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _register(platform, **changes):
    return platform.ask("register", **({"kind": "consumer", "channel": "web", "document": "D-1"} | changes))


def test_a_province_that_is_none_is_refused_with_those_that_are(platform):
    borrower_id = _register(platform)[1]["borrower_id"]
    asked = {"borrower_id": borrower_id, "consents": ["credit_assessment", "bureau_query"], "consent_text_hash": "0" * 64}
    for province, words in (("atlantis", "'atlantis'. Provinces: anhui,"), ("Hunan", "'Hunan'. Did you mean hunan?")):
        status, answer = platform.ask("apply", **asked, province=province, inputs=GOOD)
        assert (status, answer["rule"]) == (422, "no_such_province")
        assert words in answer["detail"]
        assert all(name in answer["detail"] for name in PROVINCES)
    assert platform.connection.execute("SELECT count(*) AS n FROM consent").fetchone()["n"] == 0
    assert platform.ask("apply", **asked, province="tibet", inputs=GOOD)[0] == 201


def test_a_document_stays_of_the_kind_of_borrower_it_came_with(platform):
    status, first = _register(platform)
    assert status == 201
    assert _register(platform, document="d-1 ") == (201, first)
    status, answer = _register(platform, kind="small_business")
    assert (status, answer["rule"]) == (409, "document_of_another_kind")
    assert answer["figures"] == {"kind": "consumer", "asked": "small_business"}
    assert first["borrower_id"] not in str(answer)


def test_in_a_batch_the_first_says_the_kind_of_a_document(platform):
    body = {"channel": "web", "document": "D-2"}
    kinds = ("small_business", "consumer", "small_business")
    first, second, third = platform.batch("register", [body | {"kind": kind} for kind in kinds])
    assert (first[0], second[0], second[1]["rule"]) == (201, 409, "document_of_another_kind")
    assert third == first


def test_a_blank_document_is_refused_and_the_others_of_its_batch_stand(platform):
    bodies = [{"kind": "consumer", "channel": "web", "document": text} for text in ("D-3", "  ", "\t\u3000", "D-4")]
    answers = platform.batch("register", bodies)
    assert [status for status, _ in answers] == [201, 422, 422, 201]
    assert answers[1][1]["rule"] == answers[2][1]["rule"] == "document_needed"
    assert answers[0][1] != answers[3][1]
    assert platform.connection.execute("SELECT count(*) AS n FROM identity").fetchone()["n"] == 2
