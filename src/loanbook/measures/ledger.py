"""The second measure body: what one loan has come to in the books by a day, each figure a cumulative amount since it was made.

A figure at a day is a pure function of the loan's history, the policy of its group and the frozen estimates, so entries are
differences of two closes, and closing daily comes to the same as closing once. Every share is rounded once, half up, per loan.
"""

from enum import IntEnum

from loanbook.kernel import lean
from loanbook.loans.dates import month_index
from loanbook.loans.history import OUTSIDE, Due, End, Paid
from loanbook.measures.facts import Clock, Trait, bucket_of
from loanbook.terms.conventions import Model
from loanbook.terms.families import BUCKETS, DAYBOOK, LEDGER
from loanbook.units import HALF_UP, Ints, mul_div

PPM = 1_000_000
REMAINING = 37
"""Remaining instalments that estimates are told by: 0 to 36 or more."""
NONCURRENT_DAYS = 365


class Policy(IntEnum):
    """Columns of `policy`, (groups, months, len(Policy)) int64: what the accounting policy says of a group's loans of a month."""

    MODEL = 0
    UPFRONT_PPM = 1
    """Part of the service price that is earned when the loan is made (stand-alone selling price of facilitation)."""
    COST_PPM = 2
    """Costs of making a loan that are deferred and amortised with the effective interest, of the amount lent."""
    FLAT_FEE_PPM = 3
    """A fee of the amount lent that the partner owes (referral, technology)."""
    CONFIRM_DAYS = 4
    """Days until the partner confirms it."""
    COLLECT_DAYS = 5
    """Days until it is paid."""
    SETTLE_DAYS = 6
    """Days that the payment provider keeps what borrowers paid."""
    COMPENSATION_DPD = 7
    """The guarantor pays the lender on this day past due."""
    NON_ACCRUAL_DPD = 8
    STAGE_2_DPD = 9
    STAGE_3_DPD = 10
    CURE_DAYS = 11
    """Days for which a loan that was in stage 2 stays there after it caught up."""
    VAT_PPM = 12
    """Value-added tax and surcharges on the net amount."""


class Rate(IntEnum):
    """First dimension of `rates`, (len(Rate), groups, REMAINING, buckets) int64 ppm: the frozen estimates."""

    LIFETIME_LOSS = 0
    TWELVE_MONTH_LOSS = 1
    COLLECTABLE = 2
    """Of the fees and interest still to come, the part that will."""


_L = {name: place for place, name in enumerate(LEDGER.columns)}
_D = {name: place for place, name in enumerate(DAYBOOK.columns)}
LEDGER_COLUMNS = len(LEDGER.columns)
DAYBOOK_COLUMNS = len(DAYBOOK.columns)

_D_DISBURSED = _D["disbursed_fen"]
_D_REPAID = _D["repaid_fen"]
_D_INTEREST = _D["interest_collected_fen"]
_D_FEE = _D["fee_collected_fen"]
_D_GUARANTEE_FEE = _D["guarantee_fee_collected_fen"]
_D_WRITTEN_OFF = _D["written_off_fen"]
_D_PAYOUT = _D["payout_fen"]
_D_RECOVERED = _D["recovered_fen"]
_D_SETTLED_PRINCIPAL = _D["settled_principal_fen"]
_D_SETTLED_INCOME = _D["settled_income_fen"]
_D_SETTLED_GUARANTEE = _D["settled_guarantee_fen"]
_LOANS = _L["loans"]
_DISBURSED = _L["disbursed_fen"]
_WRITTEN_OFF = _L["written_off_fen"]
_PAYOUT = _L["payout_fen"]
_L_RECOVERED = _L["recovered_fen"]
_OUTSTANDING = _L["outstanding_fen"]
_NONCURRENT = _L["noncurrent_fen"]
_EARNED = _L["interest_earned_fen"]
_EARNED_VAT = _L["interest_vat_fen"]
_COLLECTED = _L["interest_collected_fen"]
_EARNED_WRITTEN_OFF = _L["interest_written_off_fen"]
_DEFERRED = _L["deferred_fen"]
_AMORTISED = _L["amortised_fen"]
_AMORTISED_IFRS = _L["amortised_ifrs_fen"]
_ALLOWANCE = _L["loan_allowance_fen"]
_ALLOWANCE_IFRS = _L["loan_allowance_ifrs_fen"]
_UPFRONT = _L["upfront_fen"]
_UPFRONT_VAT = _L["upfront_vat_fen"]
_OVER_TIME = _L["over_time_fen"]
_OVER_TIME_VAT = _L["over_time_vat_fen"]
_FEE_COLLECTED = _L["fee_collected_fen"]
_FEE_WRITTEN_OFF = _L["fee_written_off_fen"]
_FEE_ALLOWANCE = _L["fee_allowance_fen"]
_FEE_NONCURRENT = _L["fee_noncurrent_fen"]
_GUARANTEE_FEE = _L["guarantee_fee_fen"]
_GUARANTEE_COLLECTED = _L["guarantee_fee_collected_fen"]
_GUARANTEE_WRITTEN_OFF = _L["guarantee_fee_written_off_fen"]
_GUARANTEE_ALLOWANCE = _L["guarantee_fee_allowance_fen"]
_GUARANTEE_NONCURRENT = _L["guarantee_fee_noncurrent_fen"]
_RELEASED = _L["released_fen"]
_RELEASED_VAT = _L["released_vat_fen"]
_CONTINGENT = _L["contingent_fen"]
_CONTINGENT_IFRS = _L["contingent_ifrs_fen"]
_PREMIUM_RECEIVABLE = _L["premium_receivable_fen"]
_PREMIUM_RECEIVED = _L["premium_received_fen"]
_FLAT = _L["flat_fee_fen"]
_FLAT_VAT = _L["flat_fee_vat_fen"]
_FLAT_CONFIRMED = _L["flat_fee_confirmed_fen"]
_FLAT_COLLECTED = _L["flat_fee_collected_fen"]
_STAGE_1 = _L["stage_1_fen"]
_AGED_PRINCIPAL = _L["principal_1_30_fen"]
_AGED_INTEREST = _L["interest_1_30_fen"]
_AGED_FEE = _L["fee_1_30_fen"]
_AGED_GUARANTEE = _L["guarantee_fee_1_30_fen"]

_FIRST_MONTH = int(Clock.FIRST_MONTH)
_MONTHS = int(Clock.MONTHS)
_AS_OF = int(Clock.AS_OF)
_PERIOD_START = int(Clock.PERIOD_START)
_GROUP = int(Trait.GROUP)
_VINTAGE = int(Trait.VINTAGE)
_TENOR = int(Trait.TENOR)
_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_PAID_RECOVERED = int(Paid.RECOVERED)
_OPENED_ON = int(End.OPENED_ON)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_MODEL = int(Policy.MODEL)
_UPFRONT_PPM = int(Policy.UPFRONT_PPM)
_COST_PPM = int(Policy.COST_PPM)
_FLAT_FEE_PPM = int(Policy.FLAT_FEE_PPM)
_CONFIRM_DAYS = int(Policy.CONFIRM_DAYS)
_COLLECT_DAYS = int(Policy.COLLECT_DAYS)
_SETTLE_DAYS = int(Policy.SETTLE_DAYS)
_COMPENSATION_DPD = int(Policy.COMPENSATION_DPD)
_NON_ACCRUAL_DPD = int(Policy.NON_ACCRUAL_DPD)
_STAGE_2_DPD = int(Policy.STAGE_2_DPD)
_STAGE_3_DPD = int(Policy.STAGE_3_DPD)
_CURE_DAYS = int(Policy.CURE_DAYS)
_VAT_PPM = int(Policy.VAT_PPM)
_LIFETIME = int(Rate.LIFETIME_LOSS)
_TWELVE = int(Rate.TWELVE_MONTH_LOSS)
_COLLECTABLE = int(Rate.COLLECTABLE)
_THREE_MONTHS = BUCKETS.index("61-90")
_SIX_MONTHS = BUCKETS.index("151-180")
_ON_BALANCE = int(Model.ON_BALANCE_SHEET)
_HEAVY = int(Model.CAPITAL_HEAVY)


@lean
def slot_of(day: int, clock: Ints) -> int:
    """The slot of a day: the month counted from the window's first, or past those the day of the period."""
    start = clock[_PERIOD_START]
    if day < start:
        return int(month_index(day) - clock[_FIRST_MONTH])
    return int(month_index(start) - clock[_FIRST_MONTH] + day - start)


@lean
def vat_in(gross_fen: int, vat_ppm: int) -> int:
    """The tax inside a gross amount: gross less the net it was put on."""
    return int(gross_fen - mul_div(gross_fen, PPM, PPM + vat_ppm, HALF_UP))


@lean
def accrued_to(due: Ints, rows: int, opened_on: int, day: int) -> int:
    """Contractual interest earned by the end of a day: that of rows due by then, and of the current one its share by days."""
    total = 0
    before = opened_on
    for row in range(rows):
        on = due[row, _ON]
        if on <= day:
            total += due[row, _INTEREST]
        elif day > before:
            return int(total + mul_div(due[row, _INTEREST], day - before, on - before, HALF_UP))
        else:
            return total
        before = on
    return total


@lean
def lost_on(model: int, compensation_dpd: int, due: Ints, rows: int, charged_off_on: int) -> int:
    """The day from which the original lender no longer has the claim: payout under a guarantee, or charge-off; `NEVER`."""
    lost = charged_off_on
    if model == _HEAVY:
        for row in range(rows):
            reached = due[row, _ON] + compensation_dpd
            if due[row, _CLEARED_ON] > reached:
                lost = min(lost, reached)
                break
    return lost


@lean
def stage_of(due: Ints, rows: int, day: int, dpd: int, terms: Ints) -> int:
    """The IFRS 9 stage of a living loan, 0 to 2: by days past due, and a loan that caught up lately stays in the second."""
    if dpd > terms[_STAGE_3_DPD]:
        return 2
    if dpd > terms[_STAGE_2_DPD]:
        return 1
    for row in range(rows):
        cleared = due[row, _CLEARED_ON]
        if cleared <= day and day - cleared < terms[_CURE_DAYS] and cleared - due[row, _ON] > terms[_STAGE_2_DPD]:
            return 1
    return 0


@lean
def aged_place(dpd: int) -> int:
    """Which of `families.AGED_DAYS` a number of days past due is; below zero for none."""
    bucket = bucket_of(dpd)
    if bucket <= _THREE_MONTHS:
        return bucket - 1
    return _THREE_MONTHS if bucket <= _SIX_MONTHS else _THREE_MONTHS + 1


@lean
def book_loan(
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    loan: Ints,
    class_no: int,
    clock: Ints,
    policy: Ints,
    shares: Ints,
    rates: Ints,
    inception: Ints,
    unamortised: Ints,
    daybook: Ints,
    ledger: Ints,
) -> bool:
    """Add what one loan has come to by the close to the cells of the books.

    due .. ends    its history (`loans.history`), charge-off by terms applied
    loan, clock    `Trait`, `Clock` with PERIOD_START
    policy         (groups, months, len(Policy)) int64, by month of origination
    shares         (classes, months) int64 ppm, the platform's part of the interest that borrowers pay
    rates          (len(Rate), groups, REMAINING, buckets) int64 ppm
    inception      (groups, months, tenors) int64 ppm of the amount lent: fair value of the guarantee when the loan was made
    unamortised    (2, classes, REMAINING) int64 ppm: of deferred costs, by rows due so far; contractual life, expected life
    daybook        (groups x months x slots, DAYBOOK_COLUMNS) int64, added to;  ledger (groups x months, LEDGER_COLUMNS)
    returns        whether the loan had opened by `as_of`
    rounding       half up, once a share and loan
    """
    as_of = clock[_AS_OF]
    opened_on = ends[_OPENED_ON]
    if opened_on > as_of:
        return False
    group = loan[_GROUP]
    terms = policy[group, loan[_VINTAGE]]
    model = terms[_MODEL]
    cell = group * clock[_MONTHS] + loan[_VINTAGE]
    slots = slot_of(as_of, clock) + 1
    first_slot = cell * slots
    on_balance = model == _ON_BALANCE
    heavy = model == _HEAVY
    vat_ppm = terms[_VAT_PPM]
    lost = lost_on(model, terms[_COMPENSATION_DPD], due, rows, ends[_CHARGED_OFF_ON])
    is_lost = lost <= as_of

    contract_interest = 0
    for row in range(rows):
        contract_interest += due[row, _INTEREST]
    lent = ends[_OPENED_BALANCE]
    share = 0 if on_balance else shares[class_no, loan[_VINTAGE]]
    fee_total = mul_div(contract_interest, share, PPM, HALF_UP)
    guarantee_total = 0
    if heavy:
        guarantee_total = min(mul_div(lent, inception[group, loan[_VINTAGE], loan[_TENOR]], PPM, HALF_UP), fee_total)

    if on_balance:
        daybook[first_slot + slot_of(opened_on, clock), _D_DISBURSED] += lent
    disbursed = lent
    balance = lent
    collected = 0
    recovered = 0
    fees = 0
    guarantee_fees = 0
    settle_by = as_of - terms[_SETTLE_DAYS]
    for piece in range(pieces):
        on = paid[piece, _PAID_ON]
        if on > as_of:
            break
        principal = paid[piece, _PAID_PRINCIPAL]
        interest = paid[piece, _PAID_INTEREST]
        at = first_slot + slot_of(on, clock)
        to_principal = 0
        to_income = 0
        to_guarantee = 0
        if on > lost:
            back = principal + interest + paid[piece, _PAID_RECOVERED]
            recovered += back
            if on_balance or heavy:
                daybook[at, _D_RECOVERED] += back
                if on_balance:
                    to_principal = back
                else:
                    to_guarantee = back
        elif paid[piece, _PAID_DUE] == OUTSIDE and principal < 0:
            disbursed -= principal
            balance -= principal
            if on_balance:
                daybook[at, _D_DISBURSED] -= principal
        else:
            balance -= principal
            collected += interest
            if on_balance:
                daybook[at, _D_REPAID] += principal
                daybook[at, _D_INTEREST] += interest
                to_principal = principal
                to_income = interest
            elif fee_total > 0:
                fee = mul_div(collected, share, PPM, HALF_UP)
                guarantee_fee = min(mul_div(fee, guarantee_total, fee_total, HALF_UP), guarantee_total)
                to_guarantee = guarantee_fee - guarantee_fees
                to_income = fee - fees - guarantee_fee
                daybook[at, _D_GUARANTEE_FEE] += to_guarantee
                daybook[at, _D_FEE] += to_income
                fees = fee - guarantee_fee
                guarantee_fees = guarantee_fee
        if on <= settle_by:
            at = first_slot + slot_of(on + terms[_SETTLE_DAYS], clock)
            daybook[at, _D_SETTLED_PRINCIPAL] += to_principal
            daybook[at, _D_SETTLED_INCOME] += to_income
            daybook[at, _D_SETTLED_GUARANTEE] += to_guarantee

    oldest = 0
    seen = min(as_of, lost)
    while oldest < rows and due[oldest, _CLEARED_ON] <= seen:
        oldest += 1
    is_settled = not is_lost and (balance <= 0 or oldest == rows)
    has_ended = is_lost or is_settled
    living = 0 if has_ended else balance
    dpd = max(as_of - due[oldest, _ON], 0) if not has_ended else 0
    bucket = bucket_of(dpd)
    fallen = 0
    while fallen < rows and due[fallen, _ON] <= as_of:
        fallen += 1
    remaining = min(rows - fallen, REMAINING - 1)
    noncurrent = 0
    later_interest = 0
    noncurrent_interest = 0
    if not has_ended:
        for row in range(oldest, rows):
            later_interest += due[row, _INTEREST]
            if due[row, _ON] > as_of + NONCURRENT_DAYS:
                noncurrent += due[row, _PRINCIPAL]
                noncurrent_interest += due[row, _INTEREST]
        noncurrent = min(noncurrent, living)
    stage = stage_of(due, rows, as_of, dpd, terms) if not has_ended else 0
    lifetime = rates[_LIFETIME, group, remaining, bucket]
    staged = lifetime if stage > 0 else rates[_TWELVE, group, remaining, bucket]
    collectable = rates[_COLLECTABLE, group, remaining, bucket]
    until = due[rows - 1, _ON] if rows > 0 else opened_on
    term_days = max(until - opened_on, 1)
    elapsed = min(max(as_of - opened_on, 0), term_days)

    ledger[cell, _LOANS] += 1
    ledger[cell, _DISBURSED] += disbursed
    ledger[cell, _OUTSTANDING] += living
    ledger[cell, _STAGE_1 + stage] += living
    aged = aged_place(dpd)
    if aged >= 0:
        ledger[cell, _AGED_PRINCIPAL + aged] += living
    if is_lost:
        ledger[cell, _L_RECOVERED] += recovered
    if on_balance:
        stop = as_of
        if oldest < rows and seen - due[oldest, _ON] > terms[_NON_ACCRUAL_DPD]:
            stop = due[oldest, _ON] + terms[_NON_ACCRUAL_DPD]
        earned = collected
        if not is_settled:
            earned = accrued_to(due, rows, opened_on, min(stop, seen))
            if is_lost or stop < as_of:
                earned = max(earned, collected)
        owed = living + max(earned - collected, 0)
        ledger[cell, _NONCURRENT] += noncurrent
        ledger[cell, _EARNED] += earned
        ledger[cell, _EARNED_VAT] += vat_in(earned, vat_ppm)
        ledger[cell, _COLLECTED] += collected
        deferred = mul_div(lent, terms[_COST_PPM], PPM, HALF_UP)
        ledger[cell, _DEFERRED] += deferred
        due_so_far = min(fallen, REMAINING - 1)
        for basis in range(2):
            left = 0 if has_ended else mul_div(deferred, unamortised[basis, class_no, due_so_far], PPM, HALF_UP)
            ledger[cell, _AMORTISED + basis] += deferred - left
        if is_lost:
            daybook[first_slot + slot_of(lost, clock), _D_WRITTEN_OFF] += balance
            ledger[cell, _WRITTEN_OFF] += balance
            ledger[cell, _EARNED_WRITTEN_OFF] += earned - collected
        elif not is_settled:
            ledger[cell, _ALLOWANCE] += mul_div(owed, lifetime, PPM, HALF_UP)
            ledger[cell, _ALLOWANCE_IFRS] += mul_div(owed, staged, PPM, HALF_UP)
            if aged >= 0:
                ledger[cell, _AGED_INTEREST + aged] += earned - collected
        return True

    if terms[_FLAT_FEE_PPM] > 0:
        fee = mul_div(lent, terms[_FLAT_FEE_PPM], PPM, HALF_UP)
        ledger[cell, _FLAT] += fee
        ledger[cell, _FLAT_VAT] += vat_in(fee, vat_ppm)
        if as_of - opened_on >= terms[_CONFIRM_DAYS]:
            ledger[cell, _FLAT_CONFIRMED] += fee
        if as_of - opened_on >= terms[_COLLECT_DAYS]:
            ledger[cell, _FLAT_COLLECTED] += fee
    if share == 0:
        return True

    service_total = fee_total - guarantee_total
    price = fees
    if is_lost:
        price = max(service_total, fees)
    elif not is_settled:
        # Losses are the allowance's business: the price leaves out what prepayment takes away.
        coming = min(collectable + lifetime, PPM)
        price = fees + mul_div(max(service_total - fees, 0), coming, PPM, HALF_UP)
    upfront = mul_div(price, terms[_UPFRONT_PPM], PPM, HALF_UP)
    over_time = price - upfront
    if is_lost:
        over_time = max(mul_div(over_time, min(lost - opened_on, term_days), term_days, HALF_UP), fees - upfront)
    elif not is_settled:
        over_time = mul_div(over_time, elapsed, term_days, HALF_UP)
    asset = upfront + over_time - fees
    ledger[cell, _UPFRONT] += upfront
    ledger[cell, _UPFRONT_VAT] += vat_in(upfront, vat_ppm)
    ledger[cell, _OVER_TIME] += over_time
    ledger[cell, _OVER_TIME_VAT] += vat_in(over_time, vat_ppm)
    ledger[cell, _FEE_COLLECTED] += fees
    if aged >= 0:
        ledger[cell, _AGED_FEE + aged] += asset
    if is_lost:
        ledger[cell, _FEE_WRITTEN_OFF] += asset
    elif not is_settled and asset > 0:
        ledger[cell, _FEE_ALLOWANCE] += mul_div(asset, lifetime, PPM, HALF_UP)
        if later_interest > 0:
            ledger[cell, _FEE_NONCURRENT] += mul_div(asset, noncurrent_interest, later_interest, HALF_UP)
    if not heavy:
        return True

    left = guarantee_total - guarantee_fees
    released = guarantee_total if has_ended else mul_div(guarantee_total, elapsed, term_days, HALF_UP)
    ledger[cell, _GUARANTEE_FEE] += guarantee_total
    ledger[cell, _GUARANTEE_COLLECTED] += guarantee_fees
    ledger[cell, _RELEASED] += released
    ledger[cell, _RELEASED_VAT] += vat_in(released, vat_ppm)
    if has_ended:
        ledger[cell, _GUARANTEE_WRITTEN_OFF] += left
    else:
        ledger[cell, _GUARANTEE_ALLOWANCE] += left - mul_div(left, collectable, PPM, HALF_UP)
        if aged >= 0:
            ledger[cell, _AGED_GUARANTEE + aged] += left
        if later_interest > 0:
            ledger[cell, _GUARANTEE_NONCURRENT] += mul_div(left, noncurrent_interest, later_interest, HALF_UP)
    lender_collected = collected - mul_div(collected, share, PPM, HALF_UP)
    if is_lost:
        accrued = accrued_to(due, rows, opened_on, lost)
        payout = balance + max(accrued - mul_div(accrued, share, PPM, HALF_UP) - lender_collected, 0)
        daybook[first_slot + slot_of(lost, clock), _D_PAYOUT] += payout
        ledger[cell, _PAYOUT] += payout
    elif not is_settled:
        accrued = accrued_to(due, rows, opened_on, as_of)
        exposed = living + max(accrued - mul_div(accrued, share, PPM, HALF_UP) - lender_collected, 0)
        ledger[cell, _CONTINGENT] += mul_div(exposed, lifetime, PPM, HALF_UP)
        unearned = max(guarantee_fees - released, 0)
        ledger[cell, _PREMIUM_RECEIVED] += unearned
        ledger[cell, _PREMIUM_RECEIVABLE] += max(released - guarantee_fees, 0)
        ledger[cell, _CONTINGENT_IFRS] += max(mul_div(exposed, staged, PPM, HALF_UP) - unearned, 0)
    return True
