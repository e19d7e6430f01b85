"""`loanbook retention`: counts first, erases when asked, and leaves a row in the audit log."""

import datetime as dt

import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.services.retention import retain
from loanbook.stores.online.unit import connect
from loanbook.stores.online.vault import PersonalData
from loanbook.terms.retention import retention_in
from tests.online.commanding import online_vault


@pytest.fixture
def vault(monkeypatch, online_dsn, tmp_path):
    return online_vault(monkeypatch, online_dsn, tmp_path)


def _registered(connection, vault, names, years):
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=366 * years)
    vault.put(connection, [PersonalData(borrower_id=name, document=name, details={}) for name in names])
    for name in names:
        connection.execute("INSERT INTO borrower VALUES (%s, 'consumer', 'example', 0, %s)", (name, moment))
    connection.commit()


def _run(*words):
    done = CliRunner().invoke(app, ["retention", *words], env={"COLUMNS": "250"})
    assert done.exit_code == 0, done.output
    lines = {line.split()[1]: [cell.strip() for cell in line.split("│")] for line in done.output.splitlines() if "│" in line}
    return done.output, {name: cells[-3:-1] for name, cells in lines.items()}


def test_counts_come_first_and_nothing_is_erased_before_it_is_asked_for(online_dsn, vault):
    with connect(online_dsn) as connection:
        _registered(connection, vault, ["bw-old-1", "bw-old-2"], 3)
        _registered(connection, vault, ["bw-new"], 1)
        said, counts = _run()
        assert (" 1 year " in said, "1 years" in said) == (True, False)
        assert counts["identity_applicant"] == ["2", "-"]
        assert "Nothing was erased" in said
        assert all(vault.identities(connection, ["bw-old-1", "bw-old-2", "bw-new"]))
        connection.rollback()
        said, counts = _run("--apply")
        assert counts["identity_applicant"] == ["2", "2"]
        assert "Nothing was erased" not in said
        assert [each is None for each in vault.identities(connection, ["bw-old-1", "bw-old-2", "bw-new"])] == [True, True, False]
        audit = connection.execute("SELECT subjects FROM audit WHERE action = 'retention_applied'").fetchall()
        assert audit == [{"subjects": ["identity_applicant: 2"]}]
        connection.rollback()
        assert _run("--apply")[1]["identity_applicant"] == ["0", "0"]


def test_more_than_a_step_takes_is_erased_in_several(online_dsn, vault):
    with connect(online_dsn) as connection:
        _registered(connection, vault, [f"bw-{number}" for number in range(5)], 3)
        now = dt.datetime.now(dt.UTC)
        for number in range(7):
            connection.execute("INSERT INTO nonce VALUES ('s', %s, %s)", (str(number), now - dt.timedelta(days=30)))
        connection.commit()
        found = {due.name: (due.found, due.erased) for due in retain(connection, vault, retention_in(), most=2)}
        assert (found["identity_applicant"], found["nonce"]) == ((5, 5), (7, 7))
        steps = connection.execute("SELECT subjects FROM audit WHERE action = 'retention_applied' ORDER BY entry").fetchall()
        assert len(steps) == 4
