"""Combinations of settings that no loan can have: each is refused when the file is read, at its line, with what to write."""

import pytest

from loanbook.errors import TermsError
from loanbook.terms.catalogue import SHIPPED
from loanbook.terms.product_file import parse_product

CASH_LOAN = (SHIPPED / "cash_loan.yaml").read_text()
FOLLOWS = "recalculation: {follows_payments: true}"

# setting that stands on the line the message names, lines changed (a setting the file has is replaced), words of the message
IMPOSSIBLE = [
    (
        "excess",
        ["excess: smaller"],
        "excess: smaller changes the schedule, so interest must follow payments. Write recalculation",
    ),
    ("excess", ["excess: fewer"], "excess: fewer changes the schedule, so interest must follow payments. Write recalculation"),
    ("prepayment", ["prepayment: {interest: all_scheduled}", FOLLOWS], "all_scheduled needs a schedule that stands."),
    ("grace", ["grace: {interest: 1}", FOLLOWS], "grace.interest and recalculation.follows_payments exclude each other."),
    ("recalculation", ["method: flat", FOLLOWS], "follows_payments means nothing for method flat"),
    ("recalculation", ["method: listed", FOLLOWS], "follows_payments means nothing for method listed"),
    ("overdue_interest", ["overdue_interest: true"], "overdue_interest needs recalculation.follows_payments: true"),
    ("method", ["method: interest_only_then_level"], "needs interest_only_count. Write interest_only_count: 6."),
    ("interest_only_count", ["interest_only_count: 2"], "interest_only_count means nothing for method level."),
    (
        "interest_only_count",
        ["method: interest_only_then_level", "interest_only_count: 3"],
        "3 instalments without principal leave none of 3 to repay it. Write fewer than 3.",
    ),
    ("grace", ["grace: {principal: 3}"], "3 instalments without principal leave none of 3 to repay it."),
    ("grace", ["grace: {principal: 1}", "installments: [1]"], "1 instalments without principal leave none of 1 to repay it."),
    ("grace", ["grace: {interest: 1}", "installments: [1]"], "grace covers every one of 1 instalments."),
    ("grace", ["grace: {interest: 3}"], "grace covers every one of 3 instalments. Write fewer than 3."),
    ("grace", ["grace: {interest_free: 3}"], "grace covers every one of 3 instalments. Write fewer than 3."),
    ("grace", ["grace: {principal: 1}", "method: bullet"], "grace.principal means nothing for method bullet"),
    ("grace", ["grace: {interest_free: 1}", "method: listed"], "a listed schedule says what each instalment repays."),
    ("down_payment", ["down_payment: 0.25", "method: listed"], "a listed schedule says its own down payment."),
    ("down_payment", ["down_payment: 1"], "down_payment must be a fraction below one; 1 would leave nothing to lend."),
    ("calendar", ["calendar: {name: weekdays, shift: following}", "method: listed"], "a listed schedule says its own due dates."),
    ("calendar", ["calendar: {shift: following}"], "calendar.shift needs a calendar. Write name: weekdays"),
    ("calendar", ["calendar: {name: weekdays}"], "calendar.name without a shift changes nothing."),
    ("frequency", ["frequency: {unit: week, month_end: last_day}"], "last_day needs unit: month."),
    ("rounding", ["rounding: {smoothing: true}", "method: bullet"], "rounding.smoothing needs a level method, not bullet."),
    ("rounding", ["rounding: {installment_multiple: 1.00}", "method: bullet"], "means nothing for method bullet"),
    ("rounding", ["rounding: {installment_multiple: 1.00}", "method: listed"], "means nothing for method listed"),
    ("rounding", ["rounding: {installment_multiple: 20.84}"], "(20.84) exceeds the smallest instalment (20.83"),
    ("charge_off_days", ["charge_off_days: 59"], "charge_off_days (59) lies before non_accrual_days (60). Write a later day."),
    ("late_charge", ["late_charge: {grace_days: 3}"], "late_charge.grace_days without a rate charges nothing."),
    ("late_charge", ["late_charge: {rate_annual: 0.18, grace_days: 181}"], "grace_days (181) last longer than the loan"),
    ("arrears_tolerance", ["arrears_tolerance: 20.83"], "arrears_tolerance (20.83) is a whole instalment of the smallest loan"),
    ("amount", ["amount: {least: 0.23, most: 100.00}", "arrears_tolerance: 0"], "has fewer minor units than its 24 instalments."),
    ("amount", ["amount: {least: 600, most: 500}"], "amount.least exceeds amount.most (500). Swap them."),
    ("rate_annual", ["rate_annual: {least: 0.24, most: 0.12}"], "rate_annual.least exceeds rate_annual.most (0.12). Swap them."),
    ("installments", ["installments: {least: 12, most: 6}"], "installments.most must lie between 12 and 600; got 6."),
    ("installments", ["installments: [601]"], "installments must lie between 1 and 600; got 601."),
    ("installments", ["installments: [500]", "frequency: {every: 3}"], "500 instalments every 3 months run 125 years;"),
    (
        "rate_annual",
        ["rate_annual: 1", "frequency: {every: 72}", "installments: [3]"],
        "interest of one instalment can exceed 575 % of the loan.",
    ),
    (
        "rate_annual",
        ["rate_annual: 1", "method: flat", "installments: [72]"],
        "interest of all instalments can exceed 575 % of the loan.",
    ),
    (
        "fees",
        ["fees: [{name: a, due: disbursement, amount: 500}]"],
        "take 500.00 of the smallest loan of 500.00: nothing is left",
    ),
    (
        "fees",
        ["fees: [{name: a, due: disbursement, share: 0.5}]", "down_payment: 0.5"],
        "fees at disbursement and the down payment take 500.00 of the smallest loan of 500.00",
    ),
    (
        "fees",
        ["fees: [{name: a, due: installment, amount: 1}, {name: a, due: disbursement, amount: 1}]"],
        "fees name a twice.",
    ),
    ("waterfall", ["waterfall: [past_due_principal, due_principal]"], "waterfall lacks past_due_penalty, past_due_fee, "),
]

POSSIBLE = [
    ["excess: smaller", FOLLOWS],
    ["excess: spread"],
    ["prepayment: {interest: all_scheduled}"],
    ["grace: {interest: 2}"],
    ["grace: {principal: 2}", FOLLOWS],
    ["grace: {interest_free: 1}", "installments: [1, 3]"],
    ["method: flat", "recalculation: {engine: cumulative}"],
    ["method: interest_only_then_level", "interest_only_count: 2"],
    ["method: bullet", "arrears_tolerance: 499.99"],
    ["rounding: {installment_multiple: 20.83}"],
    ["charge_off_days: 60"],
    ["charge_off_days: 0"],
    ["late_charge: {rate_annual: 0.18, grace_days: 180}"],
    ["arrears_tolerance: 20.82"],
    ["amount: {least: 0.24, most: 100.00}", "arrears_tolerance: 0"],
    ["installments: [400]", "frequency: {every: 3}"],
    ["rate_annual: 1", "method: flat", "installments: [60]"],
    ["fees: [{name: a, due: disbursement, amount: 499.99}, {name: b, due: installment, amount: 1}]"],
    ["installments: [600]", "amount: {least: 5000.00, most: 200000.00}"],
]


def changed(lines: list[str]) -> str:
    """The shipped cash loan with top-level settings replaced, or added at the end."""
    kept = CASH_LOAN
    for line in lines:
        name = line.partition(":")[0]
        before = kept.splitlines(keepends=True)
        places = [place for place, text in enumerate(before) if text.startswith(f"{name}:")]
        if not places:
            kept += line + "\n"
            continue
        (place,) = places
        until = place + 1
        while before[until : until + 1] and before[until].startswith(" "):
            until += 1
        kept = "".join([*before[:place], line + "\n", *before[until:]])
    return kept


@pytest.mark.parametrize(("setting", "lines", "words"), IMPOSSIBLE, ids=lambda value: str(value)[:60])
def test_what_no_loan_can_have_is_refused_at_its_line_with_what_to_write(setting, lines, words):
    text = changed(lines)
    with pytest.raises(TermsError) as caught:
        parse_product(text, "my_terms/cash_loan.yaml")
    path, line, message = str(caught.value).split(":", 2)
    assert path == "my_terms/cash_loan.yaml"
    assert words in message
    assert text.splitlines()[int(line) - 1].startswith(f"{setting}:")


@pytest.mark.parametrize("lines", POSSIBLE, ids=lambda lines: "; ".join(lines)[:60])
def test_what_a_loan_can_have_is_taken(lines):
    assert parse_product(changed(lines), "my_terms/cash_loan.yaml").code == "cash_loan"
