"""The second measure body: what one loan has come to in the books by a day, each figure a cumulative amount since it was made.

A figure at a day is a pure function of the loan's history, the policy of its group, the frozen estimates and, for what it says of
earlier periods, the day of the last close; so entries are differences of two closes, and closing daily comes to the same as
closing once. Rules of one loan are those of `loans.earning_*` and `loans.credit_stage`; every share is rounded once, half up.
"""

from loanbook.kernel import lean
from loanbook.loans.earning_guarantee import Guarantee, guarantee_part
from loanbook.loans.earning_partner_fee import Fee
from loanbook.loans.earning_service import Facilitation
from loanbook.loans.earning_spread import net_of_tax, share_of
from loanbook.loans.history import OUTSIDE, Due, End, Paid
from loanbook.measures.facts import Clock, Trait
from loanbook.measures.ledger_lent import book_lent
from loanbook.measures.ledger_policy import STAGING, Policy, Rate
from loanbook.measures.ledger_service import book_guarantee, book_partner_fee, book_service
from loanbook.measures.ledger_state import State, lost_on, set_state, stage_at
from loanbook.terms.conventions import Model
from loanbook.terms.families import DAYBOOK, LEDGER
from loanbook.units import NEVER, Ints

LEDGER_COLUMNS = len(LEDGER.columns)
DAYBOOK_COLUMNS = len(DAYBOOK.columns)
SCRATCH = len(State) + max(len(Facilitation), len(Guarantee), len(Fee))
"""Length of `scratch`: the loan's `State`, then what the rule at hand comes to."""

_STATES = len(State)
_D = {name: place for place, name in enumerate(DAYBOOK.columns)}
_L = {name: place for place, name in enumerate(LEDGER.columns)}
_D_DISBURSED = _D["disbursed_fen"]
_D_REPAID = _D["repaid_fen"]
_D_INTEREST = _D["interest_collected_fen"]
_D_FEE = _D["fee_collected_fen"]
_D_GUARANTEE_FEE = _D["guarantee_fee_collected_fen"]
_D_RECOVERED = _D["recovered_fen"]
_D_SETTLED_PRINCIPAL = _D["settled_principal_fen"]
_D_SETTLED_INCOME = _D["settled_income_fen"]
_D_SETTLED_GUARANTEE = _D["settled_guarantee_fen"]
_D_CHARGES = _D["charges_fen"]
_D_CHARGES_VAT = _D["charges_vat_fen"]
_LOANS = _L["loans"]
_DISBURSED = _L["disbursed_fen"]
_L_RECOVERED = _L["recovered_fen"]
_OUTSTANDING = _L["outstanding_fen"]
_STAGE_1 = _L["stage_1_fen"]
_AGED_PRINCIPAL = _L["principal_1_30_fen"]
_MONTHS = int(Clock.MONTHS)
_AS_OF = int(Clock.AS_OF)
_GROUP = int(Trait.GROUP)
_VINTAGE = int(Trait.VINTAGE)
_TENOR = int(Trait.TENOR)
_INTEREST = int(Due.INTEREST)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_PAID_RECOVERED = int(Paid.RECOVERED)
_PAID_CHARGES = int(Paid.CHARGES)
_END_OPENED_ON = int(End.OPENED_ON)
_END_OPENED_BALANCE = int(End.OPENED_BALANCE)
_END_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_END_CANCELLED_ON = int(End.CANCELLED_ON)
_END_CONTRACT_INTEREST = int(End.CONTRACT_INTEREST)
_MODEL = int(Policy.MODEL)
_FLAT_FEE_PPM = int(Policy.FLAT_FEE_PPM)
_SETTLE_DAYS = int(Policy.SETTLE_DAYS)
_COMPENSATION_DPD = int(Policy.COMPENSATION_DPD)
_VAT_PPM = int(Policy.VAT_PPM)
_STAGING_FROM, _STAGING_TO = STAGING.start, STAGING.stop
_OPENED_ON = int(State.OPENED_ON)
_LENT = int(State.LENT)
_LOST_ON = int(State.LOST_ON)
_ENDED_ON = int(State.ENDED_ON)
_BALANCE = int(State.BALANCE)
_COLLECTED = int(State.COLLECTED)
_LIVING = int(State.LIVING)
_DPD = int(State.DPD)
_BUCKET = int(State.BUCKET)
_REMAINING = int(State.REMAINING)
_AGED = int(State.AGED)
_LIFETIME = int(Rate.LIFETIME_LOSS)
_TWELVE = int(Rate.TWELVE_MONTH_LOSS)
_COLLECTABLE = int(Rate.COLLECTABLE)
_ON_BALANCE = int(Model.ON_BALANCE_SHEET)
_HEAVY = int(Model.CAPITAL_HEAVY)


@lean
def book_loan(
    due: Ints,
    rows: int,
    paid: Ints,
    pieces: int,
    ends: Ints,
    loan: Ints,
    pool: int,
    is_counted: bool,
    class_no: int,
    clock: Ints,
    terms: Ints,
    share: int,
    charges_share: int,
    rates: Ints,
    riskier: Ints,
    inception: Ints,
    unamortised: Ints,
    slots: Ints,
    scratch: Ints,
    daybook: Ints,
    ledger: Ints,
) -> bool:
    """Add what one loan, or one part of a loan lent jointly, has come to by the close to the cells of a pool.

    due .. ends    its history (`loans.history`), charge-off by terms applied
    loan, clock    `Trait`, `Clock` with PERIOD_START and LAST_ON
    is_counted     whether it counts as a loan: of two parts one does
    terms          its row of `policy`
    share          ppm, the platform's part of the borrower's interest where others lend;  charges_share  of late charges
    rates .. unamortised   `booking.Basis`
    slots          (days,) int64, the slot of each day up to the close: `booking.slots_of_days`
    scratch        (SCRATCH,) int64, written
    daybook        (pools x months x slots, DAYBOOK_COLUMNS) int64, added to;  ledger (pools x months, LEDGER_COLUMNS)
    returns        whether the loan had opened by `as_of`
    rounding       half up, once a share and loan
    """
    as_of = clock[_AS_OF]
    opened_on = ends[_END_OPENED_ON]
    if opened_on > as_of:
        return False
    group, vintage = loan[_GROUP], loan[_VINTAGE]
    model = terms[_MODEL]
    on_balance = model == _ON_BALANCE
    heavy = model == _HEAVY
    cell = pool * clock[_MONTHS] + vintage
    columns = ledger[cell]
    first_slot = cell * (slots[slots.size - 1] + 1)
    # The place in `slots` of a day.
    day = slots.size - 1 - as_of
    lent = ends[_END_OPENED_BALANCE]
    lost = lost_on(model, terms[_COMPENSATION_DPD], due, rows, ends[_END_CHARGED_OFF_ON])
    state, found = scratch[:_STATES], scratch[_STATES:]

    contract_interest = 0
    for row in range(rows):
        contract_interest += due[row, _INTEREST]
    # What a payoff takes off the schedule must not divide anew what came in before it.
    contract_interest = max(contract_interest, ends[_END_CONTRACT_INTEREST])
    share = 0 if on_balance else share
    fee_total = share_of(contract_interest, share)
    guarantee = 0
    if heavy and ends[_END_CANCELLED_ON] > as_of:
        guarantee = min(share_of(lent, inception[group, vintage, loan[_TENOR]]), fee_total)

    if on_balance:
        daybook[first_slot + slots[day + opened_on], _D_DISBURSED] += lent
    disbursed = lent
    balance = lent
    collected = 0
    recovered = 0
    fees = 0
    guarantee_fees = 0
    charged = 0
    charges = 0
    settle_days = terms[_SETTLE_DAYS]
    is_booked = on_balance or heavy or fee_total > 0
    for piece in range(pieces):
        on = paid[piece, _PAID_ON]
        if on > as_of:
            break
        principal = paid[piece, _PAID_PRINCIPAL]
        interest = paid[piece, _PAID_INTEREST]
        at = first_slot + slots[day + on]
        to_principal = 0
        to_income = 0
        to_guarantee = 0
        if on > lost:
            back = principal + interest + paid[piece, _PAID_RECOVERED] + paid[piece, _PAID_CHARGES]
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
                fee = share_of(collected, share)
                guarantee_fee = guarantee_part(guarantee, fee_total, fee)
                to_guarantee = guarantee_fee - guarantee_fees
                to_income = fee - fees - to_guarantee
                daybook[at, _D_GUARANTEE_FEE] += to_guarantee
                daybook[at, _D_FEE] += to_income
                fees = fee
                guarantee_fees = guarantee_fee
            if paid[piece, _PAID_CHARGES] != 0 and charges_share > 0:
                charged += paid[piece, _PAID_CHARGES]
                so_far = share_of(charged, charges_share)
                tax = (so_far - net_of_tax(so_far, terms[_VAT_PPM])) - (charges - net_of_tax(charges, terms[_VAT_PPM]))
                daybook[at, _D_CHARGES] += so_far - charges
                daybook[at, _D_CHARGES_VAT] += tax
                to_income += so_far - charges
                charges = so_far
        if is_booked and on + settle_days <= as_of:
            at = first_slot + slots[day + on + settle_days]
            daybook[at, _D_SETTLED_PRINCIPAL] += to_principal
            daybook[at, _D_SETTLED_INCOME] += to_income
            daybook[at, _D_SETTLED_GUARANTEE] += to_guarantee

    state[_OPENED_ON] = opened_on
    state[_LENT] = lent
    state[_LOST_ON] = lost
    state[_BALANCE] = balance
    state[_COLLECTED] = collected
    set_state(due, rows, as_of, state)
    columns[_LOANS] += is_counted
    columns[_DISBURSED] += disbursed
    if lost <= as_of:
        columns[_L_RECOVERED] += recovered
    lifetime, staged, collectable = 0, 0, 0
    if state[_ENDED_ON] == NEVER:
        remaining, bucket = state[_REMAINING], state[_BUCKET]
        is_riskier = riskier[group, vintage, remaining, bucket] != 0
        stage = stage_at(due, rows, as_of, state[_DPD], is_riskier, terms[_STAGING_FROM:_STAGING_TO])
        columns[_OUTSTANDING] += state[_LIVING]
        columns[_STAGE_1 + stage - 1] += state[_LIVING]
        if state[_AGED] >= 0:
            columns[_AGED_PRINCIPAL + state[_AGED]] += state[_LIVING]
        lifetime = rates[_LIFETIME, group, remaining, bucket]
        staged = lifetime if stage > 1 else rates[_TWELVE, group, remaining, bucket]
        collectable = rates[_COLLECTABLE, group, remaining, bucket]
    elif lost > as_of and balance > 0:
        # Every instalment is cleared but for what the arrears tolerance leaves: that is owed still, and not past due.
        columns[_OUTSTANDING] += balance

    lost_at = first_slot + slots[day + min(lost, as_of)]
    if on_balance:
        book_lent(due, rows, as_of, state, terms, unamortised[:, class_no], lifetime, staged, daybook[lost_at], columns)
        return True
    if terms[_FLAT_FEE_PPM] > 0:
        book_partner_fee(lent, opened_on, ends[_END_CANCELLED_ON], as_of, terms, found, columns)
    if share > 0:
        book_service(due, rows, clock, state, terms, share, fee_total, fees, guarantee, lifetime, collectable, found, columns)
    if heavy:
        book_guarantee(
            due,
            rows,
            as_of,
            state,
            terms,
            share,
            fee_total,
            fees,
            guarantee,
            lifetime,
            staged,
            collectable,
            found,
            daybook[lost_at],
            columns,
        )
    return True
