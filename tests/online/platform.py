"""A platform in a test: a desk with a clock that the test sets, and the steps of a loan's life."""

import datetime as dt
import itertools
import json

from loanbook.services.caller import Caller
from loanbook.services.desk import Call, Desk
from loanbook.services.platform_terms import archive_terms, platform_terms
from loanbook.services.reading import reads
from loanbook.services.verbs import verbs

TERMS = platform_terms()
OPERATOR = Caller(caller_id="operator", role="operator")
GOOD = {
    "kind": "consumer",
    "identity_verified": True,
    "on_fraud_list": False,
    "age_years": 35,
    "employment": "employed",
    "income_monthly_fen": 1_500_000,
    "debt_to_income": "0.2000",
    "bureau_score": 760,
    "inquiries_90_days": 1,
    "overdue_days_most": 0,
    "loans_repaid": 6,
}


class Platform:
    """One connection's desk and a civil clock."""

    def __init__(self, connection, vault, today=dt.date(2024, 5, 6)):
        self.today = today
        self.connection = connection
        self.verbs = {verb.name: verb for verb in verbs(TERMS, vault)}
        self.reads = {read.name: read for read in reads(TERMS, vault)}
        self.desk = Desk(connection, self.clock, vault.body_hash)
        self._keys = itertools.count(1)
        archive_terms(TERMS, connection, self.clock()[0])

    def clock(self):
        return dt.datetime.combine(self.today, dt.time(9, 0), dt.UTC), self.today

    def call(self, body, key=None, caller=OPERATOR):
        return Call(caller=caller, key=key or f"k{next(self._keys)}", body=json.dumps(body, default=str).encode())

    def ask(self, verb, caller=OPERATOR, key=None, **body):
        (reply,) = self.desk.answer(self.verbs[verb], [self.call(body, key, caller)])
        return reply.status, json.loads(reply.body)

    def done(self, verb, **body):
        status, answer = self.ask(verb, **body)
        assert status < 300, answer
        return answer

    def batch(self, verb, bodies, caller=OPERATOR):
        replies = self.desk.answer(self.verbs[verb], [self.call(body, None, caller) for body in bodies])
        return [(reply.status, json.loads(reply.body)) for reply in replies]

    def look(self, read, id_, caller=OPERATOR, **options):
        reply = self.desk.look(self.reads[read], caller, id_, options)
        return reply.status, json.loads(reply.body)

    def line(self, document="1", **inputs):
        person = {"name": "Wang Example"}
        kind = inputs.get("kind", "consumer")
        borrower = self.done(
            "register", kind=kind, channel="app_store", acquisition_cost_fen=9_900, document=document, identity=person
        )
        application = self.done(
            "apply",
            borrower_id=borrower["borrower_id"],
            consents=["credit_assessment", "bureau_query"],
            consent_text_hash="0" * 64,
            province="hunan",
            inputs=GOOD | inputs,
        )
        return self.done("assess", application_id=application["application_id"])

    def loan(self, line_id, principal_fen=500_000, count=6):
        quoted = self.done("quote", line_id=line_id, product="cash_loan", principal_fen=principal_fen, installment_count=count)
        return quoted, self.done("draw_down", quote_id=quoted["quote_id"])
