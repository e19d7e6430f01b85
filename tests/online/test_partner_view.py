"""What a partner sees and can do: its own loans, page by page, and of another's nothing, by whatever read or verb."""

import datetime as dt
import typing

import msgspec
import pytest

from loanbook.services.caller import Caller
from loanbook.services.desk import ID_MOST
from tests.online.borrowing import SHARING, assessed, borrower, drawn, partner_named
from tests.online.platform import Platform

A, B = "lantern_micro_lending", "harbour_trust_1"
BUREAU = Caller(caller_id="bureau", role="bureau")
PROVIDER = Caller(caller_id="provider", role="provider")


@pytest.fixture
def platform(tx, vault):
    return Platform(tx, vault)


def _offer(platform, document, count, **asked):
    return drawn(platform, assessed(platform, borrower(platform, document), **asked)["line_id"], count=count)


def _ids(platform, loan_id):
    """Every id that belongs to a loan and to nothing else of this test."""
    [row] = platform.connection.execute(
        "SELECT l.*, c.decision_id, d.application_id, r.reservation_id FROM loan l JOIN credit_line c USING (line_id) "
        "JOIN decision d USING (decision_id) JOIN reservation r USING (loan_id) WHERE loan_id = %s AND r.state <> 'released'",
        (loan_id,),
    ).fetchall()
    names = ("loan_id", "borrower_id", "line_id", "quote_id", "decision_id", "application_id", "reservation_id")
    return {row[name] for name in names}


def _value(name, type_, id_):
    """A value of a field that the verb understands, with the id wherever one may stand."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Annotated:
        return _value(name, arguments[0], id_)
    if origin is typing.Literal:
        return arguments[0]
    if type(None) in arguments:
        return _value(name, next(each for each in arguments if each is not type(None)), id_)
    if origin in (tuple, list):
        return [_value(name, arguments[0], id_)]
    if origin is dict or (isinstance(type_, type) and issubclass(type_, msgspec.Struct)):
        return {}
    return {str: "0" * 64 if "hash" in name else id_, int: 1, bool: True, dt.date: "2024-05-06"}.get(type_, id_)


def _bodies(verb, ids):
    fields = typing.get_type_hints(verb.request, include_extras=True)
    required = {field.name for field in msgspec.structs.fields(verb.request) if field.required}
    for id_ in ids:
        yield {name: _value(name, fields[name], id_) for name in required}
        yield {name: _value(name, type_, id_) for name, type_ in fields.items()}


def _state(platform, loan_id):
    query = "SELECT to_jsonb(l) AS l, to_jsonb(c) AS c FROM loan l JOIN credit_line c USING (line_id) WHERE loan_id = %s"
    told = "SELECT count(*) AS n FROM event WHERE subject = %s"
    connection = platform.connection
    return connection.execute(query, (loan_id,)).fetchone(), connection.execute(told, (loan_id,)).fetchone()


def test_a_partner_sees_and_changes_nothing_of_anothers_loan_by_any_read_or_verb(platform):
    own, other = _offer(platform, "1", 24), _offer(platform, "2", 6)
    assert (own["partner"], other["partner"]) == (A, B)
    ids, before = _ids(platform, other["loan_id"]), _state(platform, other["loan_id"])
    caller = partner_named(A)
    understood = set()
    for read in platform.reads.values():
        for id_ in sorted({*ids, B, "credit_bureau", "payment_provider"}):
            status, told = platform.look(read.name, id_, caller=caller)
            assert status in (403, 404), (read.name, id_, told)
            assert not (ids - {id_}) & _texts(told), (read.name, id_, told)
    for verb in platform.verbs.values():
        for body in _bodies(verb, sorted({*ids, B})):
            status, told = platform.ask(verb.name, caller=caller, **body)
            assert not (ids - _texts(body)) & _texts(told), (verb.name, body, told)
            assert status in (403, 404, 409, 422) or "messages" in told, (verb.name, body, told)
            if status not in (403, 422) and "partner" in verb.roles:
                understood.add(verb.name)
    assert understood == {verb.name for verb in platform.verbs.values() if "partner" in verb.roles}
    assert _state(platform, other["loan_id"]) == before


def _texts(value):
    if isinstance(value, dict):
        return {text for each in (*value.keys(), *value.values()) for text in _texts(each)}
    if isinstance(value, list):
        return {text for each in value for text in _texts(each)}
    return {value} if isinstance(value, str) else set()


def test_who_refuses_is_not_told_who_is_asked_next(platform):
    offered = _offer(platform, "1", 6)
    body = {"loan_id": offered["loan_id"], "decision": "refuse", "reason": "not ours"}
    status, told = platform.ask("answer_offer", caller=partner_named(B), **body)
    assert (status, told) == (200, {"loan_id": offered["loan_id"], "state": "refused", "partner": None, "attempt": 1})
    assert platform.look("loan", offered["loan_id"], caller=partner_named(B))[0] == 404
    assert platform.look("loan", offered["loan_id"])[1]["partner"] not in (None, B)
    assert platform.look("partner_loans", B, caller=partner_named(B))[1]["loans"] == []


def _pages(platform, read, id_, caller, **options):
    after, pages = "", []
    while after is not None:
        status, told = platform.look(read, id_, caller=caller, **options, **({"after": after} if after else {}))
        assert status == 200, told
        after = told.pop("next")
        pages.append(next(iter(told.values())))
    return pages


def test_a_partners_loans_come_page_by_page_each_once_and_by_state(platform):
    line_id = assessed(platform, borrower(platform, "1"))["line_id"]
    loans = [drawn(platform, line_id, count=24)["loan_id"] for _ in range(7)]
    drawn(platform, line_id, count=6)
    for loan_id in loans[2:5]:
        platform.done("answer_offer", loan_id=loan_id, decision="accept")
    caller = partner_named(A)
    pages = _pages(platform, "partner_loans", A, caller, most="2")
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [each["loan_id"] for page in pages for each in page] == loans
    assert {each["partner"] for page in pages for each in page} == {A}
    confirmed = _pages(platform, "partner_loans", A, caller, most="2", state="confirmed")
    assert [each["loan_id"] for page in confirmed for each in page] == loans[2:5]
    assert _pages(platform, "partner_loans", A, caller, state="repaid") == [[]]
    offers = _pages(platform, "open_offers", A, caller, most="3")
    assert [each["loan_id"] for page in offers for each in page] == [*loans[:2], *loans[5:]]
    assert offers[0][0]["expires_at"] > offers[0][0]["offered_at"]
    assert "borrower_id" not in offers[0][0]


def test_pages_are_bounded_and_odd_ones_are_refused_in_words(platform):
    for most in ("0", "101", "1e3", "-1", "٣", "x", "9999"):
        assert platform.look("partner_loans", A, most=most)[1]["rule"] == "page_not_understood", most
    assert platform.look("partner_loans", A, after="x" * (ID_MOST + 1))[1]["rule"] == "page_not_understood"
    assert platform.look("partner_loans", A, state="Offered; --")[1]["rule"] == "state_not_understood"
    assert platform.look("outbox", A, after="x")[1]["rule"] == "page_not_understood"
    assert platform.look("borrower_loans", "bw-none")[1]["rule"] == "no_such_borrower"


def test_a_borrower_finds_their_lines_loans_decisions_and_consents(platform):
    id_, other = borrower(platform, "1"), borrower(platform, "2")
    line = assessed(platform, id_, consents=("credit_assessment", "bureau_query", SHARING))
    loans = [drawn(platform, line["line_id"])["loan_id"] for _ in range(3)]
    app = Caller(caller_id="app", role="borrower_app", borrower_id=id_)
    assert [each["line_id"] for each in platform.look("borrower_lines", id_, caller=app)[1]["lines"]] == [line["line_id"]]
    pages = _pages(platform, "borrower_loans", id_, app, most="2", state="offered")
    assert [[each["loan_id"] for each in page] for page in pages] == [loans[:2], loans[2:]]
    [decision] = platform.look("borrower_decisions", id_, caller=app)[1]["decisions"]
    assert (decision["decision_id"], decision["outcome"]) == (line["decision_id"], "approved")
    consents = platform.look("borrower_consents", id_, caller=app)[1]["consents"]
    assert {each["purpose"] for each in consents} == {"credit_assessment", "bureau_query", SHARING}
    for read in ("borrower_lines", "borrower_loans", "borrower_decisions", "borrower_consents", "borrower_disclosures"):
        assert platform.look(read, other, caller=app)[0] == 404
