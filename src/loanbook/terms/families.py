"""Cell families: the grain, the columns and the budget of the additive integers that measures are ratios of.

A family is declared once, here: definitions are checked against it, the measure body writes it, tables read it.
"""

from dataclasses import dataclass

BUCKETS = ("current", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180", "181+", "charged_off", "unknown")
"""Delinquency of a loan at a day's end; `unknown` where a tape reports a balance and nothing to age it by."""

STATES = ("repaid", *BUCKETS)
"""Where a loan can be a month later."""

DRAWDOWNS = ("unknown", "first", "repeat")
"""The borrower's first drawdown ever, or a later one."""

BUDGET = 200_000
"""Rows one family may have in one snapshot (one month)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of cells.

    grain     dimensions in the order of the dense rows; every family starts with the group (product, model, segment)
    columns   int64 sums; `_fen` is money, the others are counts
    needs     what a loan's source must tell for the family to be filled: nothing, `payment_days` or `schedule`
    text      what the family counts
    """

    name: str
    grain: tuple[str, ...]
    columns: tuple[str, ...]
    text: str
    needs: str = ""
    budget: int = BUDGET


VOLUME = Family(
    name="volume",
    grain=("group", "month", "tenor_months", "drawdown"),
    columns=("loans", "principal_fen", "principal_months_fen", "borrowers"),
    text="Loans by month of disbursement; `principal_months_fen` is principal times contractual months, `borrowers` counts "
    "borrowers at their first drawdown ever.",
)
POSITION = Family(
    name="position",
    grain=("group", "month", "bucket"),
    columns=("loans", "principal_fen"),
    text="Loans that owe principal at the month's end, by days past due of the oldest unpaid instalment; `charged_off` is a memo "
    "of what was written off so far.",
)
DUE = Family(
    name="due",
    grain=("group", "month", "instalment"),
    columns=("due_fen", "overdue_fen", "observed_due_fen", "observed_fen", "collected_fen"),
    text="Principal by month in which it fell due: due; become overdue (unpaid at the end of its due date, by a loan that owed "
    "nothing older); and for due dates whose 30 days are over: due, become overdue, and of that what came in within 30 days.",
    needs="payment_days",
)
VINTAGE = Family(
    name="vintage",
    grain=("group", "vintage", "mob"),
    columns=("original_fen", "over_30_fen", "over_180_fen", "charged_off_fen", "recovered_fen", "prepaid_fen"),
    text="Loans by month of origination and months on book: original principal (at 0), principal outstanding on the day a loan "
    "was first more than 30 (180) days past due, written off, recovered, prepaid.",
)
TRANSITION = Family(
    name="transition",
    grain=("group", "month", "from_bucket", "to_bucket"),
    columns=("loans", "opening_fen", "closing_fen"),
    text="Loans that owed principal a month earlier, by bucket then and now.",
)
FLOW = Family(
    name="flow",
    grain=("group", "month"),
    columns=(
        "opening_fen",
        "entered_fen",
        "scheduled_fen",
        "paid_fen",
        "prepaid_fen",
        "charged_off_fen",
        "unreported_fen",
        "interest_fen",
        "recovered_fen",
    ),
    text="What moved principal in the month. Opening + entered - paid - charged off - unreported is the next opening; "
    "`prepaid_fen` is the part of `paid_fen` that was due in a later month; it and `scheduled_fen` are of loans that the month "
    "opened with, as the opening is.",
    needs="schedule",
)

DAYBOOK = Family(
    name="daybook",
    grain=("group", "vintage", "slot"),
    columns=(
        "disbursed_fen",
        "repaid_fen",
        "interest_collected_fen",
        "fee_collected_fen",
        "guarantee_fee_collected_fen",
        "written_off_fen",
        "interest_written_off_fen",
        "costs_written_off_fen",
        "payout_fen",
        "recovered_fen",
        "settled_principal_fen",
        "settled_income_fen",
        "settled_guarantee_fen",
        "charges_fen",
        "charges_vat_fen",
        "held_fen",
        "settled_held_fen",
    ),
    text="What happened on a day, as far as it is the books' business: money lent, collected, lost, paid out, recovered, held "
    "because nothing was owed that could take it, and credited to us by the payment provider. A slot is a month before the "
    "period or a day of it.",
    needs="payment_days",
)
AGED = ("principal", "interest", "fee", "guarantee_fee")
"""What the books tell by days past due: principal still owed, and interest, service fees and guarantee fees receivable."""
AGED_DAYS = ("1_30", "31_60", "61_90", "91_180", "over_180")
"""Days past due of the rest: what is not named is current."""
LEDGER = Family(
    name="ledger",
    grain=("group", "vintage"),
    columns=(
        "loans",
        "disbursed_fen",
        "written_off_fen",
        "payout_fen",
        "recovered_fen",
        "outstanding_fen",
        "noncurrent_fen",
        "interest_earned_fen",
        "interest_vat_fen",
        "interest_collected_fen",
        "interest_written_off_fen",
        "deferred_fen",
        "amortised_fen",
        "amortised_ifrs_fen",
        "costs_written_off_fen",
        "loan_allowance_fen",
        "loan_allowance_ifrs_fen",
        "upfront_fen",
        "upfront_vat_fen",
        "over_time_fen",
        "over_time_vat_fen",
        "over_time_by_last_fen",
        "over_time_by_last_vat_fen",
        "fee_collected_fen",
        "fee_ahead_fen",
        "fee_written_off_fen",
        "fee_written_off_vat_fen",
        "fee_allowance_fen",
        "fee_noncurrent_fen",
        "guarantee_fee_fen",
        "guarantee_fee_collected_fen",
        "guarantee_fee_written_off_fen",
        "guarantee_fee_written_off_vat_fen",
        "guarantee_fee_allowance_fen",
        "guarantee_fee_noncurrent_fen",
        "released_fen",
        "released_vat_fen",
        "contingent_fen",
        "contingent_ifrs_fen",
        "premium_received_fen",
        "flat_fee_fen",
        "flat_fee_vat_fen",
        "flat_fee_confirmed_fen",
        "flat_fee_collected_fen",
        "stage_1_fen",
        "stage_2_fen",
        "stage_3_fen",
        *(f"{what}_{days}_fen" for what in AGED for days in AGED_DAYS),
    ),
    text="What every loan of a month of origination has come to by the close, since it was made: each balance and each column of "
    "a roll-forward is one of these, so the entries of a period are the difference of two closes. `by_last` is what services "
    "given by the close before come to at what is known now: less what that close recognised it revises earlier periods.",
    needs="payment_days",
)

FAMILIES = (VOLUME, POSITION, DUE, VINTAGE, TRANSITION, FLOW)
"""What the measures of a close are made of."""
BOOK_FAMILIES = (DAYBOOK, LEDGER)
"""What the entries of the books are made of."""
BY_NAME = {family.name: family for family in FAMILIES}

INSTALMENTS = ("later", "first")
"""The dimension `instalment` of the family due."""
