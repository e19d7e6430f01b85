"""What was kept long enough is erased, and a borrower who asks is erased or told by which law not."""

import datetime as dt

import pytest

from loanbook.services.caller import Caller, Refusal
from loanbook.services.retention import Erased, Erasing, erase, erase_due, list_due
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vault import PersonalData
from loanbook.terms.retention import retention_in
from tests.online.conftest import NOW

TODAY = NOW.date()
OPERATOR = Caller(caller_id="operator-1", role="operator")
RULES = retention_in()


def _long_ago(years=0, days=0):
    return TODAY.replace(year=TODAY.year - years) - dt.timedelta(days=days)


@pytest.fixture
def unit(tx):
    return Unit(tx, NOW, TODAY)


def _borrower(unit, vault, borrower_id, registered_on, loans=()):
    """A borrower with loans of (disbursed_on, closed_on)."""
    tx = unit.connection
    vault.put(tx, [PersonalData(borrower_id=borrower_id, document=f"EX {borrower_id}", details={"name": "Lin Example"})])
    moment = dt.datetime.combine(registered_on, dt.time(9), dt.UTC)
    tx.execute("INSERT INTO borrower VALUES (%s, 'consumer', 'example', 0, %s)", (borrower_id, moment))
    for number, (disbursed_on, closed_on) in enumerate(loans):
        _loan(tx, borrower_id, f"{borrower_id}-{number}", registered_on, disbursed_on, closed_on)
    tx.commit()


def _insert(tx, table, **values):
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    tx.execute(f"INSERT INTO {table} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING", list(values.values()))


def _loan(tx, borrower_id, name, on, disbursed_on, closed_on):
    _insert(tx, "terms", hash="h", kind="k", code="c", effective_from=on, content="x", archived_at=NOW)
    shared = {"borrower_id": borrower_id}
    _insert(tx, "application", application_id=f"ap-{name}", applied_on=on, state="decided", sealed=b"", recorded_at=NOW, **shared)
    decided = {"decided_on": on, "strategy_hash": "h", "outcome": "approved", "reasons": [], "sealed": b"", "recorded_at": NOW}
    _insert(tx, "decision", decision_id=f"dc-{name}", application_id=f"ap-{name}", **decided, **shared)
    line = {
        "kind": "consumer",
        "province": "example",
        "age_least": 23,
        "age_most": 55,
        "grade": "A",
        "rate_annual": 1,
        "limit_fen": 100,
        "used_fen": 0,
        "opened_on": on,
        "expires_on": on,
        "state": "open",
    }
    _insert(tx, "credit_line", line_id=f"li-{name}", decision_id=f"dc-{name}", **line, **shared)
    quote = {"product": "p", "terms_hash": "h", "principal_fen": 10, "installment_count": 3, "rate_annual": 1}
    priced = {"all_in_nominal": 1, "all_in_effective": 1, "quoted_on": on, "expires_at": NOW}
    _insert(tx, "quote", quote_id=f"qu-{name}", line_id=f"li-{name}", **quote, **priced, **shared)
    loan = {"drawn_on": on, "state": "x", "disbursed_on": disbursed_on, "principal_repaid_fen": 0, "closed_on": closed_on}
    _insert(tx, "loan", loan_id=f"ln-{name}", line_id=f"li-{name}", quote_id=f"qu-{name}", **quote, **loan, **shared)


def _world(unit, vault):
    eleven, nine = _long_ago(11), _long_ago(9)
    _borrower(unit, vault, "repaid-long-ago", eleven, [(eleven, _long_ago(10, 1))])
    _borrower(unit, vault, "repaid-ten-years-ago-today", eleven, [(eleven, _long_ago(10))])
    _borrower(unit, vault, "repaid-lately-too", eleven, [(eleven, _long_ago(10, 1)), (nine, _long_ago(8))])
    _borrower(unit, vault, "still-owes", eleven, [(eleven, None), (eleven, _long_ago(10, 1))])
    _borrower(unit, vault, "never-came-back", _long_ago(2, 1))
    _borrower(unit, vault, "came-lately", _long_ago(1))
    _borrower(unit, vault, "refused-by-all", _long_ago(3), [(None, _long_ago(3))])
    _borrower(unit, vault, "is-being-paid-out", _long_ago(3), [(None, None)])


def _found(dues):
    return {due.name: due.found for due in dues}


def test_who_was_kept_long_enough_is_erased_and_nobody_else(unit, vault):
    _world(unit, vault)
    found = _found(list_due(unit, RULES))
    assert (found["identity_borrower"], found["identity_applicant"]) == (1, 2)
    erased = {due.name: due.erased for due in erase_due(unit, vault, RULES)}
    unit.connection.commit()
    assert (erased["identity_borrower"], erased["identity_applicant"]) == (1, 2)
    gone = unit.connection.execute("SELECT borrower_id FROM identity WHERE erased_at IS NOT NULL ORDER BY 1").fetchall()
    assert [row["borrower_id"] for row in gone] == ["never-came-back", "refused-by-all", "repaid-long-ago"]
    told = unit.connection.execute("SELECT subject, content FROM event WHERE kind = 'borrower_erased' ORDER BY 1").fetchall()
    assert told[2] == {"subject": "repaid-long-ago", "content": {"rule": "identity_borrower", "kept": "10 years"}}
    assert _found(list_due(unit, RULES))["identity_applicant"] == 0
    assert unit.connection.execute("SELECT count(*) AS n FROM loan").fetchone() == {"n": 8}
    ages = unit.connection.execute(
        "SELECT borrower_id FROM credit_line WHERE age_least IS NULL AND state = 'closed' ORDER BY 1"
    ).fetchall()
    assert [row["borrower_id"] for row in ages] == ["refused-by-all", "repaid-long-ago"]


def test_a_step_erases_a_batch_and_the_next_the_rest(unit, vault):
    _world(unit, vault)
    steps = []
    while True:
        [due] = [each for each in erase_due(unit, vault, RULES, most=1) if each.name == "identity_applicant"]
        unit.connection.commit()
        steps.append((due.found, due.erased))
        if not due.erased:
            break
    assert steps == [(2, 1), (1, 1), (0, 0)]


def test_rows_without_people_go_by_their_own_periods(unit, vault):
    tx = unit.connection

    def ago(days):
        return NOW - dt.timedelta(days=days)

    for days in (1, 29, 31, 400):
        _insert(tx, "nonce", sender="s", nonce=str(days), signed_at=ago(days))
        answer = {"verb": "v", "body_hash": b"h", "status": 200, "answer": b"a", "recorded_at": ago(days)}
        _insert(tx, "request", caller_id="c", key=str(days), **answer)
        message = {"recipient": "r", "topic": "t", "subject": "s", "content": "{}", "recorded_at": ago(days)}
        _insert(tx, "outbox", taken_at=ago(days) if days != 31 else None, **message)
        _insert(tx, "audit", recorded_at=ago(days), caller_id="c", action="a", subjects=[], status=200)
    _borrower(unit, vault, "quoted", TODAY, [(TODAY, None)])
    tx.execute("UPDATE quote SET expires_at = %s", (ago(1000),))
    tx.commit()
    assert _found(erase_due(unit, vault, RULES)) == {
        "identity_borrower": 0,
        "identity_applicant": 0,
        "request": 2,
        "nonce": 3,
        "outbox": 1,
        "quote": 0,
        "audit": 0,
        "event": 0,
    }
    tx.commit()
    assert [row["key"] for row in tx.execute("SELECT key FROM request ORDER BY key")] == ["1", "29"]
    assert tx.execute("SELECT count(*) AS n FROM outbox WHERE taken_at IS NULL").fetchone() == {"n": 1}
    assert tx.execute("SELECT count(*) AS n FROM audit").fetchone() == {"n": 4}


def _ask(unit, vault, borrower_id):
    [found] = erase(vault, RULES, unit, [(OPERATOR, Erasing(borrower_id=borrower_id))])
    unit.flush()
    unit.connection.commit()
    return found


def test_a_borrower_who_asks_is_erased_where_no_law_keeps_them(unit, vault):
    _world(unit, vault)
    for borrower_id in ("came-lately", "repaid-long-ago"):
        assert _ask(unit, vault, borrower_id) == Erased(borrower_id=borrower_id)
        assert vault.identities(unit.connection, [borrower_id]) == [None]
    again = _ask(unit, vault, "came-lately")
    assert isinstance(again, Refusal)
    assert again.status == 404


def test_a_borrower_whom_a_law_keeps_is_told_which_and_until_when(unit, vault):
    _world(unit, vault)
    for borrower_id, began in (("repaid-lately-too", _long_ago(8)), ("repaid-ten-years-ago-today", _long_ago(10))):
        found = _ask(unit, vault, borrower_id)
        assert isinstance(found, Refusal)
        assert (found.status, found.rule) == (409, "retention_period")
        assert found.source.startswith("Anti-Money Laundering Law")
        assert found.figures == {"kept": "10 years", "from": began.isoformat()}
        assert vault.identities(unit.connection, [borrower_id]) != [None]


def test_a_running_loan_keeps_its_borrower(unit, vault):
    _world(unit, vault)
    for borrower_id in ("still-owes", "is-being-paid-out"):
        found = _ask(unit, vault, borrower_id)
        assert isinstance(found, Refusal)
        assert found.rule == "loan_running"
