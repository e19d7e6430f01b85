"""A loan that a trust funds, in the trust's own books and consolidated: tests/scenarios/trust_*.yaml, to be checked by hand."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ruamel.yaml import YAML

from loanbook import units
from loanbook.accounting.equity import EquityTerms
from loanbook.accounting.grants import PER_MILLION
from loanbook.accounting.group_close import close_group
from loanbook.accounting.group_rows import summed
from loanbook.accounting.posting import rule_table
from loanbook.services.corporate_amounts import corporate_amounts
from loanbook.services.entry_posting import post_by
from loanbook.stores.importers.corporate import read_corporate
from tests.accounting.groups import terms_of
from tests.accounting.journals import CHART, RULES, carrying_facts, close_all, day, fen, role_rows

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("trust_*.yaml"))
MOMENT = dt.datetime(2023, 12, 31, 12, tzinfo=dt.UTC)


def company_of(words, folder):
    """The events of the scenario's companies, through the reader of corporate events."""
    lines = []
    for number, event in enumerate(words["company"]):
        said = {"event_id": f"E{number}", "currency": "CNY", "happened_on": event["on"]}
        said |= {name: value for name, value in event.items() if name != "on"}
        lines.append("- {" + ", ".join(f"{name}: {value}" for name, value in said.items()) + "}")
    path = folder / "company.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    reading = read_corporate(path, recorded_at=MOMENT)
    assert reading.faults.num_rows == 0, reading.faults.to_pylist()
    return dict(reading.tables)


def told(rows):
    """Balances by account, what is nothing left out."""
    found = summed(rows, ("account",))
    pairs = zip(found["account"].tolist(), found["amount_fen"].tolist(), strict=True)
    return {str(account): int(amount) for account, amount in pairs if amount}


def periods(words, folder):
    """Each close: its day, and entries of the loan and of the companies."""
    company, posted, start = company_of(words, folder), [], day(words["loan"]["disbursed_on"].replace(day=1))
    days = [close["as_of"] for close in words["closes"]]
    for on, closed in zip(days, close_all(carrying_facts(words), words, days), strict=True):
        amounts = corporate_amounts(
            company,
            start=start,
            end=day(on),
            known_on=day(on),
            posted=pa.concat_tables(posted) if posted else None,
            equity=EquityTerms(par_per_million_fen=PER_MILLION // 100),
            chart=CHART,
            close_run=str(on),
        )
        posted.append(amounts)
        yield start, day(on), pa.concat_tables([closed.entries, post_by(amounts, rule_table(RULES), role_rows())])
        start = day(on) + 1


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_trusts_books_and_the_group_are_those_worked_out_by_hand(file, tmp_path):
    words = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    terms, state = terms_of(words["entities"]), None
    for (start, end, entries), wanted in zip(periods(words, tmp_path), words["closes"], strict=True):
        assert set(entries.filter(pc.equal(entries["model"], "on_balance_sheet"))["entity"].to_pylist()) == {"trust"}
        close = close_group(entries, terms, starts_on=start, ends_on=end, before=state)
        state = close.state()
        assert close.consolidated.findings == ()
        assert close.consolidated.eliminations.total == 0
        assert not close.cash_flow.findings
        own = {code: told(close.translation.rows.where(close.translation.rows["entity"] == code)) for code in words["entities"]}
        group = told(close.consolidated.rows)
        expected = {who: {str(a): fen(b) for a, b in wanted[who].items()} for who in ("trust", "wfoe", "group")}
        assert {"trust": own["trust"], "wfoe": own["wfoe"], "group": group} == expected, units.date(end)
        eliminated = told(close.consolidated.eliminations)
        sums = dict(eliminated)
        for balances in own.values():
            for account, amount in balances.items():
                sums[account] = sums.get(account, 0) + amount
        assert {account: amount for account, amount in sums.items() if amount} == group
        assert eliminated
