"""Strategy files: whatever could fall through later is refused at its line, with what to write instead."""

import random
import re

import pytest

from loanbook.errors import TermsError
from loanbook.terms.strategy_file import parse_strategy

SMALL = """strategy: made_up
title: Made up
effective_from: 2024-01-01
source: made up for this test
currency: CNY
line: {most: 1000.00, source: made up, valid_days: 30}
reapplication_wait_days: 7
features:
  age: {type: integer, least: 0, most: 120, title: Age, required: true}
  share: {type: decimal, decimals: 2, least: -1, most: 1, title: Share, required: false}
  job: {type: choice, choices: [cook, clown, clerk], title: Job, required: true}
  listed: {type: flag, title: Listed, required: true}
  since: {type: date, least: 0, most: 1000, title: Since, required: true}
rules:
  - {code: young, when: {age: {below: 18}}, words: Too young., source: made up}
  - {code: listed, when: {listed: {is: true}}, words: Listed., source: made up}
  - {code: clown, when: {job: {not_in: [cook, clerk]}}, unknown: refer, words: No clowns., source: made up}
scorecard:
  base: 10
  points:
    share:
      - {below: 0.5, points: 1}
      - {points: 2}
      - {missing: true, points: 0}
    job: [{in: [cook, clerk], points: 5}, {is: clown, points: 0}, {unseen: true, points: 0}]
    since: [{below: 100, points: 0}, {points: 3}]
grades:
  - {grade: A, score: 15}
  - {grade: B, score: 11}
no_grade: {code: low, words: Too low., source: made up}
offers:
  - {grade: A, when: {age: {at_least: 30}}, limit: 900.00, rate_annual: 0.1}
  - {grade: A, limit: 500.00, rate_annual: 0.12}
  - {grade: B, limit: 100.00, rate_annual: 0.2}
no_offer: {code: nothing, words: Nothing., source: made up}
"""

# text as it stands, text instead, words of the message; the message names the line of the change
REFUSED = [
    ("currency: CNY", "currency: yuan", "currency must be an ISO 4217 code, e.g. CNY; got 'yuan'."),
    ("currency: CNY", "curency: CNY", "a strategy has no setting 'curency'. Did you mean currency?"),
    ("source: made up for this test", "source: ' '", "source is empty. Write who decided it and where that is written."),
    ("valid_days: 30", "valid_days: 0", "line.valid_days must lie between 1 and 3,660; got 0."),
    ("most: 1000.00", "most: 1000.001", "line.most must be a number of at most 2 decimals; got '1000.001'. Write 50000.00."),
    ("  age: {type: integer", "  Age: {type: integer", "a feature's name must be lower-case letters"),
    ("{type: flag, title", "{type: boolean, title", "type must be one of integer, decimal, choice, flag, date, not 'boolean'."),
    ("most: 120, title", "title", "feature age of type integer needs 'most'."),
    ("{type: flag, title", "{type: flag, least: 0, title", "a feature of type flag has no 'least'. Leave it out."),
    ("decimals: 2, least", "decimals: 2, choices: [a], least", "a feature of type decimal has no 'choices'. Leave it out."),
    ("least: 0, most: 120", "least: 130, most: 120", "least exceeds most (120). Swap them."),
    (
        "least: 0, most: 120",
        "least: 0.5, most: 120",
        "least must be a number of at most 0 decimals; got '0.5'. Write a whole number.",
    ),
    ("most: 120", "most: 10000000000000000", "most must lie between -1,000,000,000,000,000 and 1,000,000,000,000,000 units"),
    ("choices: [cook, clown, clerk]", "choices: [cook, clown, cook]", "choice cook stands twice. Keep one of them."),
    ("choices: [cook, clown, clerk]", 'choices: ["it\'s", clown]', "a choice must be lower-case letters, digits and _"),
    ("title: Listed, required: true", "title: Listed, required: maybe", "required must be true or false, not 'maybe'."),
    ("when: {age: {below", "when: {ages: {below", "rule young reads 'ages', which features does not have. Did you mean age?"),
    ("{below: 18}", "{under: 18}", "a condition on age has no setting 'under'. Known: below, at_most"),
    ("{below: 18}", "{below: 18, at_most: 17}", "a condition on age is one of below or at_most, one of above or at_least"),
    ("{below: 18}", "{is: 18, above: 3}", "a condition on age is one of below or at_most, one of above or at_least"),
    ("{below: 18}", "{}", "a condition on age is one of below or at_most"),
    ("{below: 18}", "{below: '18 years'}", "below must be a number of at most 0 decimals; got '18 years'."),
    ("{below: 18}", "{below: 121}", "below 121 can never matter: age lies between 0 and 120. Write a number inside."),
    ("{below: 18}", "{below: 0}", "no age fulfils this; it lies between 0 and 120. Widen the condition."),
    ("{below: 18}", "{at_least: 0}", "every age fulfils this, by its limits. Narrow the condition or leave it out."),
    ("{below: 18}", "{above: 20, below: 20}", "no age fulfils this; it lies between 0 and 120. Widen the condition."),
    ("when: {age: {below: 18}}", "when: {}", "rule young is empty. Write a condition, e.g. age_years: {below: 18}."),
    ("{is: true}", "{is: 1}", "listed must be true or false, not 1."),
    ("{is: true}", "{in: [true, false]}", "this holds for every listed. Leave the condition out."),
    ("{is: true}", "{is: [true, false]}", "is takes one value. Write in: [...] for several."),
    ("not_in: [cook, clerk]", "not_in: [cook, clerk, clown]", "not_in leaves no job. Leave one out."),
    ("not_in: [cook, clerk]", "in: [cook, cook]", "in must list different values, at least one; got a list."),
    ("not_in: [cook, clerk]", "is: clownn", "job must be one of cook, clown, clerk, not 'clownn'. Did you mean clown?"),
    ("unknown: refer, ", "", "rule clown reads job, which can be missing or unseen. Write unknown: decline, refer or pass"),
    (
        "words: Too young.",
        "unknown: pass, words: Too young.",
        "all values rule young reads are required and known. Remove unknown.",
    ),
    ("words: Too young.", "effect: pass, words: Too young.", "effect must be one of decline, refer, not 'pass'."),
    ("words: Too young.", "words: ''", "words is empty. Write what the borrower is told."),
    ("code: listed", "code: young", "code young already names another finding. Write one of its own."),
    ("code: low", "code: clown", "code clown already names another finding. Write one of its own."),
    ("base: 10", "base: ten", "base must be a whole number, not 'ten'."),
    ("{below: 0.5, points: 1}", "{below: -1, points: 1}", "no value of share is left for this bin. Bins ascend; write a higher"),
    ("{below: 0.5, points: 1}", "{below: 0.505, points: 1}", "below must be a number of at most 2 decimals; got '0.505'."),
    ("{below: 0.5, points: 1}", "{points: 1}", "the bin before this one takes all other values. Move it to the end"),
    ("- {points: 2}", "- {below: 0.9, points: 2}", "the bins of share leave its highest values out. End with {points: ...}"),
    ("- {missing: true, points: 0}", "- {missing: false, points: 0}", "the bin of missing values has nothing but its points."),
    (
        "      - {missing: true, points: 0}\n",
        "",
        "share can be missing, and that needs points too. Write {missing: true, points: 0}.",
    ),
    ("{unseen: true, points: 0}", "{missing: true, points: 0}", "job is required: who lacks it is referred, never scored."),
    (", {unseen: true, points: 0}", "", "job can be unseen, and that needs points too. Write {unseen: true, points: 0}."),
    ("{points: 3}", "{points: 3}, {unseen: true, points: 0}", "a date is never unseen. Remove the bin."),
    ("{is: clown, points: 0}", "{is: cook, points: 0}", "cook of job already has points. Keep one of the bins."),
    ("{is: clown, points: 0}, ", "", "the bins of job leave out clown. Every value needs points."),
    ("{is: clown, points: 0}", "{is: clown}", "a bin of job needs 'points'."),
    ("score: 15", "score: 21", "grade A starts at 21, but the scorecard gives 20 at most. Lower it or remove the grade."),
    ("score: 11", "score: 15", "grade B starts at 15, not below A's 15. Write grades best first."),
    ("grade: B, score", "grade: A, score", "grade A stands twice. Keep one of them."),
    (
        "grade: B, score",
        "grade: best, score",
        "a grade is a capital letter, then digits, + or -; got 'best'. Write, e.g., A or B2.",
    ),
    ("{grade: B, limit", "{grade: C, limit", "grade must be one of A, B, not 'C'."),
    ("limit: 900.00", "limit: 1000.01", "limit 1000.01 exceeds line.most. Lower it."),
    ("limit: 900.00", "limit: 0", "limit must be above zero; got 0."),
    ("rate_annual: 0.12", "rate_annual: 12", "rate_annual must be a fraction of one per year; got 12. Write, e.g., 0.18."),
    ("when: {age: {at_least: 30}}", "when: {share: {above: 0.1}}", "an offer reads share, which may be missing"),
    (
        "{grade: A, limit",
        "{grade: A, when: {age: {at_least: 30}}, limit",
        "an earlier offer to grade A is always taken before this one.",
    ),
]
LATER = [
    ("  - {grade: B, limit: 100.00, rate_annual: 0.2}\n", "", "offers:", "grade B has no offer. Write one, or remove the grade.")
]


def test_the_text_itself_is_a_strategy():
    found = parse_strategy(SMALL, "made_up.yaml")
    assert [offer.limit_fen for offer in found.offers] == [900_00, 500_00, 100_00]
    assert found.rules[2].conditions[0].accepted == ("clown",)


@pytest.mark.parametrize(("old", "new", "words"), REFUSED, ids=[new[:40].strip() + "-" + words[:30] for _, new, words in REFUSED])
def test_a_line_that_says_something_impossible_is_refused_there(old, new, words):
    assert SMALL.count(old) == 1
    with pytest.raises(TermsError) as caught:
        parse_strategy(SMALL.replace(old, new), "made_up.yaml")
    message = str(caught.value)
    assert words in message
    line = SMALL[: SMALL.index(old)].count("\n") + 1
    named = int(message.split(":")[1])
    if "the bin before" in words:
        line += 1
    # What lacks a part is named at the block that lacks it: at most five lines up.
    block = not new or any(word in words for word in ("needs", "leave", "holds"))
    assert line - 5 * block <= named <= line, message


def test_a_grade_without_an_offer_is_refused_at_the_offers():
    ((old, new, at, words),) = LATER
    line = SMALL[: SMALL.index(at)].count("\n") + 1
    with pytest.raises(TermsError, match=rf"made_up\.yaml:{line + 1}: {words}"):
        parse_strategy(SMALL.replace(old, new), "made_up.yaml")


def test_a_feature_nobody_reads_is_refused():
    asked = SMALL.replace("rules:\n", "  shoes: {type: integer, least: 1, most: 60, title: Shoes, required: true}\nrules:\n", 1)
    with pytest.raises(TermsError, match=r"made_up\.yaml:14: no rule, points or offer reads shoes\. Ask nothing in vain"):
        parse_strategy(asked, "made_up.yaml")


def test_a_damaged_file_is_a_terms_error_with_a_line_or_still_a_strategy():
    draw = random.Random(20261122)
    messages = []
    for _ in range(150):
        at = draw.randrange(len(SMALL))
        damaged = SMALL[:at] + draw.choice(["", "{", "}", ":", "-1", "x", "\n", "[", "~", "'"]) + SMALL[at + draw.randrange(4) :]
        try:
            parse_strategy(damaged, "made_up.yaml")
        except TermsError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert [message for message in messages if not re.match(r"made_up\.yaml:\d+: ", message)] == []
