"""A scenario of the platform, as tests/scenarios/platform/*.yaml write it, played over HTTP.

    title, model, begins_on
    people    who applies, by name: province and inputs; `as: NAME` applies with them and both consents
    steps     each is one of:
    - do: VERB  with: {...}          a verb and its body; `by` says whose key: operator (default), app, finance, risk, a partner
      keep: {line: line_id}          remembers a field of the answer: `$line` stands for it from then on
      then: {...}                    what the answer holds; fields that are not named are not looked at
      refused: {rule: ..., ...}      or: the refusal
    - look: READ  of: $line  with: {...}  then: {...}  keep: {...}
    - day: 2025-04-03                it is this day from here on, 17:00 in China; `later: 90` moves the clock on by minutes
    - close: 2025-04-02              closes every day that is not closed yet, up to this one
      then: {2025-04-02: {compensation: {loans: 1, paid: 1234.56}}}   found: [words of each finding, else there is none]
    - queue: [{loan_id: $loan, stage: early, dpd: 4, overdue: 886.61}]
    - told: {heron_bank: [loan_offered]}      the messages put out since the last such step, all of them, by recipient
    - settled: {heron_bank: {principal: 796.61, interest: 69.70, net: 866.31}}  of: 2025-04-03
    - book: $loan  then: {status: repaid, owed: 0.00}      after a book was told what happened

An amount is written in yuan with two decimals, under the field's name without `_fen`.
"""

import csv
import datetime as dt
import json
import re
import uuid
from collections import defaultdict
from decimal import Decimal

import yaml
from starlette.testclient import TestClient

from loanbook.loans.facts import Total
from loanbook.rest.app import path_of
from loanbook.rest.server import serve_app
from loanbook.services.accounts import view_loan
from loanbook.services.day import ZONE
from loanbook.services.day_close import close_days, day_terms
from loanbook.services.forwarding import forward
from loanbook.services.platform_terms import platform_terms
from loanbook.stores.book import create_book, open_book
from loanbook.stores.online.callers import create_caller
from loanbook.stores.online.unit import connect

_YEARS = dt.timedelta(days=3_000)
_ROLES = {"app": "borrower_app"}
_NAME = re.compile(r"\$(\w+)")


class _Loader(yaml.SafeLoader):
    """YAML with decimals as decimals: an amount is never a binary fraction."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))


def read_scenario(path):
    """A scenario's file."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


class Player:
    """Plays one scenario on a store of its own."""

    def __init__(self, scenario, dsn, vault, folder):
        self.people = scenario.get("people", {})
        self.names = {}
        self.steps = scenario["steps"]
        self._now = self._noon(scenario["begins_on"])
        self._dsn, self._folder = dsn, folder
        self._keys = {}
        self._number = 0
        self._client = TestClient(serve_app(dsn, vault, self._clock))
        self._terms = day_terms(platform_terms())
        self._book = None

    def play(self):
        """Every step in order; a step that does not come out says which it is."""
        with self._client, connect(self._dsn) as self._connection:
            for number, step in enumerate(self.steps, start=1):
                kind = next(iter(step))
                try:
                    _KINDS[kind](self, step)
                except AssertionError as error:
                    raise AssertionError(f"step {number} ({kind} {step[kind]}) on {self._clock()[1]}: {error}") from error

    @staticmethod
    def _noon(day):
        return dt.datetime.combine(day, dt.time(9), dt.UTC)

    def _clock(self):
        return self._now, self._now.astimezone(ZONE).date()

    def _day(self, step):
        self._now = self._noon(step["day"])

    def _later(self, step):
        self._now += dt.timedelta(minutes=step["later"])

    def _headers(self, who):
        if who not in self._keys:
            roles = ("operator", "finance", "risk", "auditor", "provider", "bureau")
            role = _ROLES.get(who, who if who in roles else "partner")
            with connect(self._dsn) as tx:
                partner = who if role == "partner" else None
                self._keys[who] = create_caller(tx, role=role, now=self._now, valid=_YEARS, partner=partner).text
                tx.commit()
        return {"Authorization": f"Bearer {self._keys[who]}", "Idempotency-Key": uuid.uuid4().hex}

    def _do(self, step):
        body = self._plain(step.get("with", {}))
        if "as" in step:
            person = self._plain(self.people[step["as"]])
            body = {"consents": ["credit_assessment", "bureau_query"], "consent_text_hash": "0" * 64} | person | body
        answer = self._client.post(
            path_of(step["do"]), content=json.dumps(body, default=str), headers=self._headers(step.get("by", "operator"))
        )
        self._check(step, answer)

    def _look(self, step):
        answer = self._client.get(
            f"{path_of(step['look'])}/{self._plain(step['of'])}",
            params=self._plain(step.get("with", {})),
            headers=self._headers(step.get("by", "operator")),
        )
        self._check(step, answer)

    def _check(self, step, answer):
        found = answer.json()
        if "refused" in step:
            assert answer.status_code >= 400, f"it was not refused: {found}"
            assert answer.headers["content-type"] == "application/problem+json"
            self._holds(found, step["refused"])
            return
        assert answer.status_code < 300, f"it was refused: {found}"
        self._holds(found, step.get("then", {}))
        for name, field in step.get("keep", {}).items():
            self.names[name] = found[field]

    def _close(self, step):
        done, found = defaultdict(dict), []
        folder = self._folder / "settlements"
        for each in close_days(self._terms, self._connection, self._clock, step["close"], folder=folder):
            found += each.findings
            done[each.day][each.step] = each.result
        wanted = step.get("found", [])
        assert len(found) == len(wanted), f"findings: {found}"
        for finding, words in zip(found, wanted, strict=True):
            assert words in finding.message, f"finding: {finding}"
        for day, steps in step.get("then", {}).items():
            self._holds(done[day], steps, str(day))

    def _queue(self, step):
        query = "SELECT loan_id, stage, dpd, overdue_fen FROM queued ORDER BY place"
        self._holds(self._rows(query), step["queue"])

    def _heard(self, step):
        found = defaultdict(list)
        for row in self._rows("SELECT number, recipient, topic FROM outbox WHERE number > %s ORDER BY number", self._number):
            self._number = row["number"]
            found[row["recipient"]].append(row["topic"])
        assert dict(found) == step["told"], f"told was {dict(found)}"

    def _settled(self, step):
        for partner, lines in step["settled"].items():
            path = self._folder / "settlements" / str(step["of"]) / f"{partner}.csv"
            totals = defaultdict(int)
            with path.open(encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    totals[row["line"]] += int(row["amount_fen"])
            wanted = {name: int(amount * 100) for name, amount in lines.items() if name != "net"}
            assert dict(totals) == wanted, f"the file of {partner} holds {_yuan(totals)}"
            query = "SELECT content FROM event WHERE kind = 'partner_settled' AND subject = %s AND happened_on = %s"
            (event,) = self._rows(query, partner, step["of"])
            assert event["content"]["totals_fen"] == wanted
            if "net" in lines:
                net = event["content"]["net_fen"]
                assert net == int(lines["net"] * 100), f"the net of {partner} is {Decimal(net) / 100}"

    def _in_book(self, step):
        if self._book is None:
            self._book = create_book(self._folder / "book", currency="CNY")
        forward(self._connection, open_book(self._book.folder), self._now)
        view = view_loan(open_book(self._book.folder), self._plain(step["book"]), self._clock()[1])
        found = {"status": view.status, "dpd": view.dpd, "owed_fen": view.account.total(Total.OUTSTANDING)}
        self._holds(found | {"recovered_fen": view.account.total(Total.RECOVERED)}, step["then"])

    def _rows(self, query, *values):
        found = self._connection.execute(query, values).fetchall()
        self._connection.rollback()
        return found

    def _plain(self, value):
        """A value of the file as the API takes and gives it: names replaced, amounts in fen under their full names."""
        if isinstance(value, dict):
            return {f"{key}_fen" if isinstance(each, Decimal) else key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        if isinstance(value, Decimal):
            fen = value * 100
            assert fen == int(fen), f"{value} is not an amount in yuan with two decimals"
            return int(fen)
        if isinstance(value, str):
            whole = _NAME.fullmatch(value)
            return self.names[whole[1]] if whole else value
        return value.isoformat() if isinstance(value, dt.date) else value

    def _holds(self, found, wanted, place=""):
        self._compare(found, self._plain(wanted), place or "it")

    def _compare(self, found, wanted, place):
        if isinstance(wanted, dict):
            assert isinstance(found, dict), f"{place} is {found}, expected {wanted}"
            for key, each in wanted.items():
                assert key in found, f"{place} has no {key}; it has {found}"
                self._compare(found[key], each, f"{place}.{key}")
        elif isinstance(wanted, list):
            assert len(found) == len(wanted), f"{place} has {len(found)} entries, expected {len(wanted)}: {found}"
            for number, (one, each) in enumerate(zip(found, wanted, strict=True)):
                self._compare(one, each, f"{place}[{number}]")
        else:
            assert found == wanted, f"{place} is {found!r}, expected {wanted!r}"


def _yuan(totals):
    return {name: f"{Decimal(amount) / 100:.2f}" for name, amount in totals.items()}


_KINDS = {
    "do": Player._do,
    "look": Player._look,
    "day": Player._day,
    "later": Player._later,
    "close": Player._close,
    "queue": Player._queue,
    "told": Player._heard,
    "settled": Player._settled,
    "book": Player._in_book,
}
