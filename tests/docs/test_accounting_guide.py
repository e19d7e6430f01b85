"""The tables of the accountants' guide are those of the loan lives that the books are held to."""

import re

from tests.reference_journal import GUIDE, RULES, filled


def test_the_tables_are_those_of_the_lives():
    text = GUIDE.read_text(encoding="utf-8")
    assert filled(text) == text, "docs/guides/accounting.md is stale: run `make docs`"


def test_the_guide_names_every_rule_of_loans_that_writes_an_entry():
    text = GUIDE.read_text(encoding="utf-8")
    named = set()
    for first, last in re.findall(r"\b([LM]\d\d)(?:–([LM]\d\d))?", text):
        number = int(first[1:])
        named |= {f"{first[0]}{each:02d}" for each in range(number, int(last[1:]) + 1 if last else number + 1)}
    wanted = {rule.rule for rule in RULES.values() if "loans.csv" in rule.place and rule.book != "none"}
    assert wanted - named == set()
