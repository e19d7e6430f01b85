"""The platform at the command line: the verbs of the API, no more and no fewer, over one store."""

import base64
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.rest.app import callback_path, path_of
from loanbook.rest.server import serve_app
from loanbook.services.local_desk import local_desk
from tests.online.platform import GOOD


@pytest.fixture
def online(monkeypatch, tmp_path):
    folder = Path(tempfile.mkdtemp(prefix="loanbook-cli-", dir="/tmp"))
    monkeypatch.setenv("LOANBOOK_ONLINE", str(folder / "online"))
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("LOANBOOK_MASTER_KEY", base64.b64encode(b"1" * 32).decode())
    folder.chmod(0o755)
    yield
    shutil.rmtree(folder, ignore_errors=True)


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(app, list(arguments), **options)
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.usefixtures("online")
def test_a_loan_is_borrowed_at_the_command_line_and_reaches_a_book():
    with local_desk():  # keeps the server up between the commands
        borrower = json.loads(run("call", "register", '{"kind": "consumer", "channel": "branch", "document": "9"}'))
        application = {
            **borrower,
            "consents": ["credit_assessment", "bureau_query"],
            "consent_text_hash": "0" * 64,
            "province": "hunan",
            "inputs": GOOD,
        }
        applied = json.loads(run("call", "apply", "-", input=json.dumps(application)))
        line = json.loads(run("call", "assess", json.dumps(applied)))
        wanted = {"line_id": line["line_id"], "product": "cash_loan", "principal_fen": 300_000, "installment_count": 3}
        quoted = json.loads(run("call", "quote", json.dumps(wanted), "--key", "q"))
        assert json.loads(run("call", "quote", json.dumps(wanted), "--key", "q")) == quoted
        loan = json.loads(run("call", "draw_down", json.dumps({"quote_id": quoted["quote_id"]})))["loan_id"]
        run("call", "answer_offer", json.dumps({"loan_id": loan, "decision": "accept"}))
        today = json.loads(run("look", "loan", loan))["drawn_on"]
        paid_out = {"loan_id": loan, "provider_reference": "out", "disbursed_on": today}
        run("call", "disburse", json.dumps(paid_out))
        assert "1 new" in run("forward", "platform")
        assert loan in run("loan", "platform", loan, "--as-of", today)
        assert "no_such_loan" in run("look", "loan", "lo-none", code=1)
        assert "none changed or missing" in run("audit")


@pytest.mark.usefixtures("online")
def test_rest_and_the_command_line_offer_the_same(online_dsn, vault):
    with TestClient(serve_app(online_dsn, vault)) as client:
        routes = {route.path for route in client.app.router.routes if isinstance(route, Route)}
    with local_desk() as desk:
        expected = {"/", "/health"} | {path_of(verb) for verb in desk.verbs}
        expected |= {callback_path(verb.name) for verb in desk.verbs.values() if verb.is_signed}
        expected |= {f"{path_of(read.name)}/{{{read.by}}}" for read in desk.reads.values()}
    assert {path for path in routes if not path.startswith(("/docs", "/openapi", "/static"))} == expected


@pytest.mark.usefixtures("online")
def test_two_persons_at_the_command_line_have_a_key_each(monkeypatch):
    with local_desk():
        entry = {
            "book": "CORE",
            "currency": "CNY",
            "happened_on": "2024-05-06",
            "debit": "office rent",
            "credit": "cash",
            "amount_fen": 100,
            "text": "rent",
        }
        wanted = {"kind": "manual_entry", "subject": "lantern_micro_lending", "content": entry, "reason": "rent of May"}
        assert "a manual_entry is proposed by finance" in run("call", "propose", json.dumps(wanted), code=1)
        keys = [run("key", "create", "--role", "finance", "--name", name).split()[0] for name in ("ann", "bob")]
        monkeypatch.setenv("LOANBOOK_API_KEY", keys[0])
        made = json.loads(run("call", "propose", json.dumps(wanted)))
        approval = json.dumps({"proposal_id": made["proposal_id"], "content_hash": made["content_hash"], "approve": True})
        assert "ann proposed it" in run("call", "check", approval, code=1)
        monkeypatch.setenv("LOANBOOK_API_KEY", keys[1])
        assert json.loads(run("call", "check", approval))["state"] == "approved"
        shown = json.loads(run("look", "proposal", made["proposal_id"]))
        assert (shown["maker"], shown["checker"]) == ("ann", "bob")
        monkeypatch.setenv("LOANBOOK_API_KEY", "loanbook_" + "x" * 43)
        assert "LOANBOOK_API_KEY is not known" in str(CliRunner().invoke(app, ["look", "proposals", "proposed"]).exception)
        monkeypatch.delenv("LOANBOOK_API_KEY")
        assert json.loads(run("look", "proposals", "proposed"))["proposals"] == []
        refund = {"kind": "refund", "subject": "lo-none", "content": {"amount_fen": 1}, "reason": "by the local operator"}
        assert "no_such_loan" in run("call", "propose", json.dumps(refund), code=1)
