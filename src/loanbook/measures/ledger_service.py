"""Loans that others lend in the books: what partners owe for them, facilitation and servicing, guarantees."""

from loanbook.kernel import lean
from loanbook.loans.earning_guarantee import Guarantee, guarantee_at, higher_of
from loanbook.loans.earning_interest import accrued_at
from loanbook.loans.earning_partner_fee import Confirmation, Fee, fee_at
from loanbook.loans.earning_service import Facilitation, Loss, facilitation_at
from loanbook.loans.earning_spread import net_of_tax, share_of
from loanbook.loans.history import Due
from loanbook.measures.facts import Clock
from loanbook.measures.ledger_policy import Policy
from loanbook.measures.ledger_state import State
from loanbook.terms.families import DAYBOOK, LEDGER
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, NEVER, Ints, mul_div

_L = {name: place for place, name in enumerate(LEDGER.columns)}
_D_PAYOUT = DAYBOOK.columns.index("payout_fen")
_UPFRONT = _L["upfront_fen"]
_UPFRONT_VAT = _L["upfront_vat_fen"]
_OVER_TIME = _L["over_time_fen"]
_OVER_TIME_VAT = _L["over_time_vat_fen"]
_BY_LAST = _L["over_time_by_last_fen"]
_BY_LAST_VAT = _L["over_time_by_last_vat_fen"]
_FEE_COLLECTED = _L["fee_collected_fen"]
_FEE_AHEAD = _L["fee_ahead_fen"]
_FEE_WRITTEN_OFF = _L["fee_written_off_fen"]
_FEE_WRITTEN_OFF_VAT = _L["fee_written_off_vat_fen"]
_FEE_ALLOWANCE = _L["fee_allowance_fen"]
_FEE_NONCURRENT = _L["fee_noncurrent_fen"]
_GUARANTEE_FEE = _L["guarantee_fee_fen"]
_GUARANTEE_COLLECTED = _L["guarantee_fee_collected_fen"]
_GUARANTEE_WRITTEN_OFF = _L["guarantee_fee_written_off_fen"]
_GUARANTEE_WRITTEN_OFF_VAT = _L["guarantee_fee_written_off_vat_fen"]
_GUARANTEE_ALLOWANCE = _L["guarantee_fee_allowance_fen"]
_GUARANTEE_NONCURRENT = _L["guarantee_fee_noncurrent_fen"]
_RELEASED = _L["released_fen"]
_RELEASED_VAT = _L["released_vat_fen"]
_PAYOUT = _L["payout_fen"]
_CONTINGENT = _L["contingent_fen"]
_CONTINGENT_IFRS = _L["contingent_ifrs_fen"]
_PREMIUM_RECEIVED = _L["premium_received_fen"]
_FLAT = _L["flat_fee_fen"]
_FLAT_VAT = _L["flat_fee_vat_fen"]
_FLAT_CONFIRMED = _L["flat_fee_confirmed_fen"]
_FLAT_COLLECTED = _L["flat_fee_collected_fen"]
_AGED_FEE = _L["fee_1_30_fen"]
_AGED_GUARANTEE = _L["guarantee_fee_1_30_fen"]
_ON = int(Due.ON)
_INTEREST = int(Due.INTEREST)
_AS_OF = int(Clock.AS_OF)
_LAST_ON = int(Clock.LAST_ON)
_UPFRONT_PPM = int(Policy.UPFRONT_PPM)
_FLAT_FEE_PPM = int(Policy.FLAT_FEE_PPM)
_CONFIRM_DAYS = int(Policy.CONFIRM_DAYS)
_COLLECT_DAYS = int(Policy.COLLECT_DAYS)
_VAT_PPM = int(Policy.VAT_PPM)
_LOST_FEES = int(Policy.LOST_FEES)
_IMPAIR = int(Loss.IMPAIR)
_OPENED_ON = int(State.OPENED_ON)
_LOST_ON = int(State.LOST_ON)
_ENDED_ON = int(State.ENDED_ON)
_BALANCE = int(State.BALANCE)
_COLLECTED = int(State.COLLECTED)
_LIVING = int(State.LIVING)
_MATURES_ON = int(State.MATURES_ON)
_LATER_INTEREST = int(State.LATER_INTEREST)
_NONCURRENT_INTEREST = int(State.NONCURRENT_INTEREST)
_AGED = int(State.AGED)
_EARNED = int(Fee.EARNED)
_CONFIRMED = int(Fee.CONFIRMED)
_FEE_CAME = int(Fee.COLLECTED)
_FROM_THE_DAY = int(Confirmation.FROM_THE_DAY)
_SERVICES = len(Facilitation)
_AT_ONCE = int(Facilitation.AT_ONCE)
_SERVED = int(Facilitation.OVER_TIME)
_CASH = int(Facilitation.COLLECTED)
_LOST_FEE = int(Facilitation.WRITTEN_OFF)
_CONTRACT_ASSET = int(Facilitation.CONTRACT_ASSET)
_CONTRACT_LIABILITY = int(Facilitation.CONTRACT_LIABILITY)
_AT_LAST = int(Facilitation.AT_LAST)
_GUARANTEES = len(Guarantee)
_INCEPTION = int(Guarantee.INCEPTION)
_G_RELEASED = int(Guarantee.RELEASED)
_G_COLLECTED = int(Guarantee.COLLECTED)
_G_WRITTEN_OFF = int(Guarantee.WRITTEN_OFF)
_G_AHEAD = int(Guarantee.AHEAD)


@lean
def book_partner_fee(lent: int, opened_on: int, cancelled_on: int, as_of: int, terms: Ints, found: Ints, columns: Ints) -> None:
    """Add the fee that the partner owes for a loan to its cell; it pays a fixed number of days after the disbursement."""
    collected = 0
    if as_of - opened_on >= terms[_COLLECT_DAYS] and as_of < cancelled_on:
        collected = share_of(lent, terms[_FLAT_FEE_PPM])
    fee_at(lent, terms[_FLAT_FEE_PPM], opened_on, cancelled_on, _FROM_THE_DAY, terms[_CONFIRM_DAYS], collected, as_of, found)
    earned = found[_EARNED]
    columns[_FLAT] += earned
    columns[_FLAT_VAT] += earned - net_of_tax(earned, terms[_VAT_PPM])
    columns[_FLAT_CONFIRMED] += found[_CONFIRMED]
    columns[_FLAT_COLLECTED] += found[_FEE_CAME]


@lean
def book_service(
    due: Ints,
    rows: int,
    clock: Ints,
    state: Ints,
    terms: Ints,
    share_ppm: int,
    contractual: int,
    collected: int,
    guarantee: int,
    lifetime_ppm: int,
    collectable_ppm: int,
    found: Ints,
    columns: Ints,
) -> None:
    """Add facilitation and servicing of a loan to its cell.

    share_ppm   our part of the borrower's interest;  contractual, collected, guarantee  `facilitation_at`;  found  scratch
    Under `Loss.IMPAIR` the price leaves out what prepayment takes away, and losses are the allowance's business; under
    `Loss.PRICE` it leaves out both. An allowance is measured without tax: with a fee that never comes its tax is not owed.
    """
    impairs = terms[_LOST_FEES] == _IMPAIR
    fallen_due = 0
    if impairs and state[_LOST_ON] <= clock[_AS_OF]:
        interest, row = 0, 0
        while row < rows and due[row, _ON] <= state[_LOST_ON]:
            interest += due[row, _INTEREST]
            row += 1
        fallen_due = share_of(interest, share_ppm)
    facilitation_at(
        contractual,
        collected,
        fallen_due,
        min(collectable_ppm + lifetime_ppm, PPM) if impairs else collectable_ppm,
        guarantee,
        terms[_UPFRONT_PPM],
        state[_OPENED_ON],
        state[_MATURES_ON],
        state[_ENDED_ON],
        clock[_LAST_ON],
        clock[_AS_OF],
        found[:_SERVICES],
    )
    asset = found[_CONTRACT_ASSET]
    upfront, over_time = found[_AT_ONCE], found[_SERVED]
    by_last = found[_AT_LAST] - upfront if state[_OPENED_ON] <= clock[_LAST_ON] else 0
    vat_ppm = terms[_VAT_PPM]
    columns[_UPFRONT] += upfront
    columns[_UPFRONT_VAT] += upfront - net_of_tax(upfront, vat_ppm)
    columns[_OVER_TIME] += over_time
    columns[_OVER_TIME_VAT] += over_time - net_of_tax(over_time, vat_ppm)
    columns[_BY_LAST] += by_last
    columns[_BY_LAST_VAT] += by_last - net_of_tax(by_last, vat_ppm)
    columns[_FEE_COLLECTED] += found[_CASH]
    columns[_FEE_AHEAD] += found[_CONTRACT_LIABILITY]
    columns[_FEE_WRITTEN_OFF] += found[_LOST_FEE]
    columns[_FEE_WRITTEN_OFF_VAT] += found[_LOST_FEE] - net_of_tax(found[_LOST_FEE], vat_ppm)
    if state[_AGED] >= 0:
        columns[_AGED_FEE + state[_AGED]] += asset
    if asset > 0:
        if impairs:
            columns[_FEE_ALLOWANCE] += share_of(net_of_tax(asset, vat_ppm), lifetime_ppm)
        if state[_LATER_INTEREST] > 0:
            columns[_FEE_NONCURRENT] += mul_div(asset, state[_NONCURRENT_INTEREST], state[_LATER_INTEREST], HALF_UP)


@lean
def book_guarantee(
    due: Ints,
    rows: int,
    as_of: int,
    state: Ints,
    terms: Ints,
    share_ppm: int,
    contractual: int,
    fees: int,
    guarantee: int,
    lifetime_ppm: int,
    staged_ppm: int,
    collectable_ppm: int,
    found: Ints,
    lost_day: Ints,
    columns: Ints,
) -> None:
    """Add our guarantee of a loan to its cell, and its payout to the daybook's row of that day.

    share_ppm           our part of the borrower's interest; the lender's is covered with the principal
    contractual, fees   of the contract, and collected;  guarantee  fair value at inception
    """
    opened_on, ended_on = state[_OPENED_ON], state[_ENDED_ON]
    ready, vat_ppm = found[:_GUARANTEES], terms[_VAT_PPM]
    guarantee_at(guarantee, contractual, fees, opened_on, state[_MATURES_ON], ended_on, as_of, ready)
    released, written_off, received = ready[_G_RELEASED], ready[_G_WRITTEN_OFF], ready[_G_AHEAD]
    columns[_GUARANTEE_FEE] += ready[_INCEPTION]
    columns[_GUARANTEE_COLLECTED] += ready[_G_COLLECTED]
    columns[_GUARANTEE_WRITTEN_OFF] += written_off
    columns[_GUARANTEE_WRITTEN_OFF_VAT] += written_off - net_of_tax(written_off, vat_ppm)
    columns[_RELEASED] += released
    columns[_RELEASED_VAT] += released - net_of_tax(released, vat_ppm)
    lender_collected = state[_COLLECTED] - share_of(state[_COLLECTED], share_ppm)
    if state[_LOST_ON] <= as_of:
        accrued = accrued_at(due, rows, opened_on, state[_LOST_ON])
        payout = state[_BALANCE] + max(accrued - share_of(accrued, share_ppm) - lender_collected, 0)
        lost_day[_D_PAYOUT] += payout
        columns[_PAYOUT] += payout
        return
    if ended_on != NEVER:
        return
    left = ready[_INCEPTION] - ready[_G_COLLECTED]
    if state[_AGED] >= 0:
        columns[_AGED_GUARANTEE + state[_AGED]] += left
    columns[_GUARANTEE_ALLOWANCE] += net_of_tax(left - share_of(left, collectable_ppm), vat_ppm)
    if state[_LATER_INTEREST] > 0:
        columns[_GUARANTEE_NONCURRENT] += mul_div(left, state[_NONCURRENT_INTEREST], state[_LATER_INTEREST], HALF_UP)
    columns[_PREMIUM_RECEIVED] += received
    accrued = accrued_at(due, rows, opened_on, as_of)
    exposed = state[_LIVING] + max(accrued - share_of(accrued, share_ppm) - lender_collected, 0)
    columns[_CONTINGENT] += share_of(exposed, lifetime_ppm)
    columns[_CONTINGENT_IFRS] += higher_of(share_of(exposed, staged_ppm), received) - received
