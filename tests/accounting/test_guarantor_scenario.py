"""The life of a third-party guarantor: by hand in YAML, by its twin, and by the books' own claims and rules."""

from collections import defaultdict
from decimal import Decimal

import pytest
from ruamel.yaml import YAML

from loanbook.accounting.guarantor_claims import claimed_by_day, met
from loanbook.accounting.journal import postable
from loanbook.terms.chart import load_chart
from loanbook.terms.guarantor import parse_guarantor
from loanbook.terms.posting_rule import load_rules
from loanbook.units import date, day
from tests.reference.guarantor import entries
from tests.reference.journal_book import SCENARIOS

TERMS = """
guarantor: cairn_guarantee
title: Cairn Financing Guarantee (example)
source: test
recourse: true
deposit_floor: 0.00
covers:
  - {{products: [sample_level], share: {share}, from: 2024-01-01, until: 2024-12-31}}
"""


@pytest.fixture(scope="module")
def life():
    return YAML(typ="safe").load((SCENARIOS / "guarantor_called.yaml").read_text(encoding="utf-8"))


def fen(amount):
    return int(Decimal(str(amount)) * 100)


def test_the_entries_by_hand_are_those_of_the_twin(life):
    by_hand = [
        (
            each["on"],
            row["book"],
            row.get("debit", 0),
            row.get("credit", 0),
            fen(row["amount"]),
            row["rule"],
            fen(each["deposit"]),
        )
        for each in life["days"]
        for row in each["entries"]
    ]
    assert by_hand == [
        (line.on, line.book, line.debit, line.credit, fen(line.amount), line.rule, fen(held)) for line, held in entries(life)
    ]
    sums = defaultdict(int)
    for line, _ in entries(life):
        if line.book in ("CORE", "USGAAP"):
            sums[line.debit] += fen(line.amount)
            sums[line.credit] -= fen(line.amount)
    assert {account: amount for account, amount in sums.items() if amount} == {
        account: fen(amount) for account, amount in life["balances"].items()
    }


def test_the_books_claim_and_keep_what_the_twin_says(life):
    payouts = life["payouts"]
    columns = {"kind": "guarantee_called", "component": "payout", "model": "capital_heavy", "product": "sample_level"}
    on = [row["on"] for row in payouts]
    amounts = postable(
        {
            **columns,
            "cohort": "2024-01",
            "posted_on": on,
            "happened_on": on,
            "amount_fen": [fen(row["amount"]) for row in payouts],
        },
        len(payouts),
    )
    terms = parse_guarantor(TERMS.format(share=life["share"]), "cairn.yaml")
    deposits = {day(row["on"]): fen(row["paid"]) for row in life["deposits"]}
    found = {
        (date(each.day), rule): (amount, each.deposit_fen)
        for each in met(claimed_by_day(amounts, terms), deposits, 0)
        for rule, amount in (("B01", each.from_deposit_fen), ("B02", each.in_cash_fen))
        if amount
    }
    assert found == {
        (line.on, line.rule): (fen(line.amount), fen(held)) for line, held in entries(life) if line.rule in ("B01", "B02")
    }


def test_the_rules_write_the_pairs_of_the_twin(life):
    rules = {rule.rule: rule for rule in load_rules(load_chart("platform"), day("2024-12-31"))}
    for line, _ in entries(life):
        rule = rules[line.rule]
        pair = (rule.book, rule.debit or "0", rule.credit or "0")
        assert pair == (line.book, str(line.debit), str(line.credit)), line.rule
