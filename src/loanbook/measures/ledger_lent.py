"""Loans of our own balance sheet in the books: interest, deferred costs, charge-off and the allowance."""

from loanbook.kernel import lean
from loanbook.loans.earning_costs import amortised_at
from loanbook.loans.earning_interest import interest_at, non_accrual
from loanbook.loans.earning_spread import net_of_tax, share_of
from loanbook.measures.ledger_policy import ACCRUAL, Policy
from loanbook.measures.ledger_state import State
from loanbook.terms.families import DAYBOOK, LEDGER
from loanbook.units import NEVER, Ints

_L = {name: place for place, name in enumerate(LEDGER.columns)}
_D_WRITTEN_OFF = DAYBOOK.columns.index("written_off_fen")
_D_INTEREST_WRITTEN_OFF = DAYBOOK.columns.index("interest_written_off_fen")
_D_COSTS_WRITTEN_OFF = DAYBOOK.columns.index("costs_written_off_fen")
_WRITTEN_OFF = _L["written_off_fen"]
_NONCURRENT = _L["noncurrent_fen"]
_EARNED = _L["interest_earned_fen"]
_EARNED_VAT = _L["interest_vat_fen"]
_COLLECTED = _L["interest_collected_fen"]
_EARNED_WRITTEN_OFF = _L["interest_written_off_fen"]
_DEFERRED = _L["deferred_fen"]
_AMORTISED = _L["amortised_fen"]
_AMORTISED_IFRS = _L["amortised_ifrs_fen"]
_COSTS_WRITTEN_OFF = _L["costs_written_off_fen"]
_ALLOWANCE = _L["loan_allowance_fen"]
_ALLOWANCE_IFRS = _L["loan_allowance_ifrs_fen"]
_AGED_INTEREST = _L["interest_1_30_fen"]
_COST_PPM = int(Policy.COST_PPM)
_VAT_PPM = int(Policy.VAT_PPM)
_ACCRUAL_FROM, _ACCRUAL_TO = ACCRUAL.start, ACCRUAL.stop
_S_OPENED_ON = int(State.OPENED_ON)
_S_LENT = int(State.LENT)
_S_LOST_ON = int(State.LOST_ON)
_S_ENDED_ON = int(State.ENDED_ON)
_S_BALANCE = int(State.BALANCE)
_S_COLLECTED = int(State.COLLECTED)
_S_LIVING = int(State.LIVING)
_S_NONCURRENT = int(State.NONCURRENT)
_S_AGED = int(State.AGED)


@lean
def book_lent(
    due: Ints,
    rows: int,
    as_of: int,
    state: Ints,
    terms: Ints,
    unamortised: Ints,
    lifetime_ppm: int,
    staged_ppm: int,
    lost_day: Ints,
    columns: Ints,
) -> None:
    """Add a loan of ours to its cell, `columns`, and its charge-off to the daybook's row of that day.

    A charge-off takes the amortised cost, so also the costs that were not amortised by then (ASC 326-20-35-8, IFRS 9 5.4.4), by
    the contractual life on both bases: what was written off is moved by no later estimate.

    state         `State`;  terms  its row of `policy`
    unamortised   (2, REMAINING) RATE_SCALE-ths: contractual life, expected life
    lifetime_ppm, staged_ppm   expected loss of what is owed: US GAAP, IFRS by stage; 0 of a loan that ended
    """
    opened_on, lost, ended_on = state[_S_OPENED_ON], state[_S_LOST_ON], state[_S_ENDED_ON]
    accrual = terms[_ACCRUAL_FROM:_ACCRUAL_TO]
    collected = state[_S_COLLECTED]
    repaid_on = NEVER if lost <= as_of else ended_on
    recognised, reversed_ = interest_at(accrual, due, rows, opened_on, repaid_on, lost, collected, as_of)
    earned = recognised - reversed_
    columns[_NONCURRENT] += state[_S_NONCURRENT]
    columns[_EARNED] += earned
    columns[_EARNED_VAT] += earned - net_of_tax(earned, terms[_VAT_PPM])
    columns[_COLLECTED] += collected
    if terms[_COST_PPM] > 0:
        deferred = share_of(state[_S_LENT], terms[_COST_PPM])
        until = min(as_of, lost)
        stopped_on = NEVER
        if repaid_on == NEVER:
            stopped_on, _ = non_accrual(accrual, due, rows, opened_on, until)
        amortised = amortised_at(deferred, unamortised[0], due, rows, opened_on, repaid_on, stopped_on, until)
        columns[_DEFERRED] += deferred
        columns[_AMORTISED] += amortised
        if lost <= as_of:
            columns[_AMORTISED_IFRS] += amortised
            columns[_COSTS_WRITTEN_OFF] += deferred - amortised
            lost_day[_D_COSTS_WRITTEN_OFF] += deferred - amortised
        else:
            columns[_AMORTISED_IFRS] += amortised_at(deferred, unamortised[1], due, rows, opened_on, repaid_on, stopped_on, until)
    if lost <= as_of:
        lost_day[_D_WRITTEN_OFF] += state[_S_BALANCE]
        lost_day[_D_INTEREST_WRITTEN_OFF] += earned - collected
        columns[_WRITTEN_OFF] += state[_S_BALANCE]
        columns[_EARNED_WRITTEN_OFF] += earned - collected
    elif ended_on == NEVER:
        owed = state[_S_LIVING] + max(earned - collected, 0)
        columns[_ALLOWANCE] += share_of(owed, lifetime_ppm)
        columns[_ALLOWANCE_IFRS] += share_of(owed, staged_ppm)
        if state[_S_AGED] >= 0:
            columns[_AGED_INTEREST + state[_S_AGED]] += earned - collected
