"""Workers that are killed lose no reservation and make none twice; quotas hold."""

import base64
import secrets

from loanbook.stores.online.unit import connect
from tests.soak.reservations import WRONG, soak


def test_reservations_by_several_workers_agree_with_quotas_events_and_what_was_told(online_dsn, tmp_path, monkeypatch):
    monkeypatch.setenv("LOANBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOANBOOK_MASTER_KEY", base64.b64encode(secrets.token_bytes(32)).decode())
    done = soak(online_dsn, tmp_path, quotes=6_000, workers=2, kills=3, seed=7, most_seconds=300, between=(0.2, 0.6))
    assert done.wrong == []
    assert done.kills == 3
    assert done.loans + done.not_funded == 6_000
    assert done.reservations > done.loans > 5_000
    assert done.refused_by_partners > 1_000
    assert done.never_answered > 400
    with connect(online_dsn) as connection:
        connection.execute("UPDATE quota SET reserved_fen = reserved_fen + 1 WHERE scope = 'total'")
        connection.execute("DELETE FROM outbox WHERE topic = 'pay_out'")
        for what in ("quotas that are not their reservations", "confirmed and pay_out"):
            (row,) = connection.execute(WRONG[what])
            assert row["n"] > 0, what
        connection.rollback()
