"""The books' pass over loans against the accounting room's own functions of one loan: two ways to the same columns.

The pass reads a loan's history once for all its columns; `loanbook.accounting` states each rule by itself, and is held by a naive
twin. Where both speak of the same rule they must agree to the fen.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.effective_interest import amortised
from loanbook.accounting.facilitation import Facilitation, facilitation
from loanbook.accounting.fees import Confirmation, Fee, fees
from loanbook.accounting.guarantees import Guarantee, at_inception, guarantees
from loanbook.accounting.interest_income import Accrual, Return, interest_income
from loanbook.accounting.spread import split_tax
from loanbook.loans.schedule import schedules
from loanbook.measures.booking import Basis, book_batches
from loanbook.measures.ledger import REMAINING, Policy, Rate
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Model
from loanbook.terms.families import AGED_DAYS, BUCKETS, LEDGER
from loanbook.units import NEVER, RATE_SCALE, mul_div
from tests.measures.random_loans import AS_OF, CLASSES, SETTINGS, SINCE, build, one_loan

pytestmark = pytest.mark.plain
PPM = 1_000_000
UPFRONT, COST, FLAT, CONFIRM, COMPENSATION, NON_ACCRUAL, VAT = 700_000, 11_000, 26_000, 30, 60, 60, 60_000
SHARE, LIFETIME, COLLECTABLE, FAIR_VALUE = 640_000, 30_000, 930_000, 27_000
COLUMN = {name: place for place, name in enumerate(LEDGER.columns)}
POLICY = {
    Policy.UPFRONT_PPM: UPFRONT,
    Policy.COST_PPM: COST,
    Policy.FLAT_FEE_PPM: 0,
    Policy.CONFIRM_DAYS: CONFIRM,
    Policy.COLLECT_DAYS: 60,
    Policy.COMPENSATION_DPD: COMPENSATION,
    Policy.NON_ACCRUAL_DPD: NON_ACCRUAL,
    Policy.VAT_PPM: VAT,
}


def basis(chosen):
    groups = len(chosen.groups)
    policy = np.zeros((groups, len(Policy)), np.int64)
    for column, value in POLICY.items():
        policy[:, column] = value
    models = [Model[model.upper()] for _, model, _ in chosen.groups]
    policy[:, Policy.MODEL] = models
    flat = [model in (Model.REFERRAL, Model.TECHNOLOGY, Model.TECHNOLOGY_DISCONTINUED) for model in models]
    policy[flat, Policy.FLAT_FEE_PPM] = FLAT
    rates = np.zeros((len(Rate), groups, REMAINING, len(BUCKETS)), np.int64)
    rates[Rate.LIFETIME_LOSS], rates[Rate.COLLECTABLE] = LIFETIME, COLLECTABLE
    left = np.maximum(PPM - np.arange(REMAINING) * PPM // 7, 0)
    services = np.isin(CLASSES.rows[:, Field.MODEL], [Model.CAPITAL_HEAVY, Model.CAPITAL_LIGHT])
    return Basis(
        period_start=int(chosen.window.as_of),
        policy=np.repeat(policy[:, None], chosen.window.months, axis=1),
        shares=np.repeat(np.where(services, SHARE, 0)[:, None], chosen.window.months, axis=1),
        rates=rates,
        inception=np.full((groups, chosen.window.months, len(chosen.tenors)), FAIR_VALUE),
        unamortised=np.broadcast_to(left, (2, CLASSES.rows.shape[0], REMAINING)).copy(),
    )


def booked(drawn, as_of):
    """One loan's ledger columns by name, its naive history and its schedule's interest."""
    batch, (loan,) = build([drawn])
    chosen = space(CLASSES, window(since=SINCE, as_of=as_of, known_on=as_of))
    cells = book_batches([batch], CLASSES, chosen, basis(chosen))
    columns = cells.ledger.reshape(-1, len(COLUMN)).sum(axis=0)
    row = CLASSES.rows[drawn["class_no"]]
    _, _, interest = schedules(row, batch.principal_fen, batch.disbursed_on, first_due_on=drawn["first_due"])
    return {name: int(columns[place]) for name, place in COLUMN.items()}, loan, interest[0]


def ends(loan, as_of, model):
    """The day the loan was lost (paid for or written off), and whether it is repaid by the close."""
    lost = loan.charged_off_on
    if model == Model.CAPITAL_HEAVY:
        lost = min([lost, *(due.on + COMPENSATION for due in loan.dues if due.cleared_on > due.on + COMPENSATION)])
    seen = min(as_of, lost)
    repaid = lost > as_of and (loan.owed(seen) <= 0 or all(due.cleared_on <= seen for due in loan.dues))
    return lost, repaid


def drawn_as(models):
    numbers = [int(number) for number in np.flatnonzero(np.isin(CLASSES.rows[:, Field.MODEL], models))]

    def made(each, number):
        paid = int(CLASSES.rows[number, Field.COUNT])
        return {**each, "class_no": number, "late": each["late"][:paid]}

    return st.builds(made, one_loan(), st.sampled_from(numbers))


AS_OFS = st.integers(SINCE + 20, AS_OF)


@SETTINGS
@given(drawn_as([Model.CAPITAL_HEAVY, Model.CAPITAL_LIGHT]), AS_OFS)
def test_fees_and_guarantees_of_a_loan_agree(drawn, as_of):
    found, loan, interest = booked(drawn, as_of)
    model = Model(int(CLASSES.rows[drawn["class_no"], Field.MODEL]))
    lost, repaid = ends(loan, as_of, model)
    is_lost = lost <= as_of
    contractual = int(mul_div(int(interest.sum()), SHARE, PPM, 0))
    got = sum(payment.interest for payment in loan.payments if payment.on <= min(as_of, lost))
    collected = int(mul_div(got, SHARE, PPM, 0))
    inception = 0
    if model == Model.CAPITAL_HEAVY:
        inception = min(int(at_inception(loan.principal, FAIR_VALUE)[0]), contractual)
    matures = loan.dues[-1].on
    ended = lost if is_lost else as_of if repaid else NEVER
    guarantee = guarantees(inception, contractual, collected, loan.disbursed_on, matures, day=as_of, ended_on=ended)[0]
    revenue = facilitation(
        contractual,
        collected,
        loan.disbursed_on,
        matures,
        day=as_of,
        last_on=loan.disbursed_on - 1,
        collectable_ppm=PPM if is_lost else COLLECTABLE + LIFETIME,
        at_once_ppm=UPFRONT,
        guarantee_fen=inception,
        ended_on=ended,
        impaired=int(is_lost),
    )[0]
    expected = {
        "guarantee_fee_fen": guarantee[Guarantee.INCEPTION],
        "guarantee_fee_collected_fen": guarantee[Guarantee.COLLECTED],
        "guarantee_fee_written_off_fen": guarantee[Guarantee.WRITTEN_OFF],
        "released_fen": guarantee[Guarantee.RELEASED],
        "released_vat_fen": split_tax(guarantee[Guarantee.RELEASED], VAT)[1][0],
        "fee_collected_fen": revenue[Facilitation.COLLECTED],
    }
    assert {name: found[name] for name in expected} == expected
    # The pass takes the expected part of what is left after the guarantee, the room of all fees: each is rounded once.
    for name, column in (("upfront_fen", Facilitation.AT_ONCE), ("over_time_fen", Facilitation.OVER_TIME)):
        assert abs(found[name] - revenue[column]) <= 2
    assert abs(found["fee_written_off_fen"] - revenue[Facilitation.WRITTEN_OFF]) <= 2
    if not is_lost:
        asset = found["upfront_fen"] + found["over_time_fen"] - found["fee_collected_fen"]
        net = revenue[Facilitation.CONTRACT_ASSET] - revenue[Facilitation.CONTRACT_LIABILITY]
        assert abs(asset - net) <= 2


@SETTINGS
@given(drawn_as([Model.ON_BALANCE_SHEET]), AS_OFS)
def test_interest_and_deferred_costs_of_a_loan_agree(drawn, as_of):
    found, loan, interest = booked(drawn, as_of)
    lost, repaid = ends(loan, as_of, Model.ON_BALANCE_SHEET)
    policy = np.zeros(len(Accrual), np.int64)
    policy[[Accrual.AFTER_DAYS, Accrual.RETURN, Accrual.CATCH_UP]] = NON_ACCRUAL, Return.BELOW, 1
    got = sum(payment.interest for payment in loan.payments if payment.on <= min(as_of, lost))
    recognised, reversed_, _ = interest_income(
        policy,
        [[due.on for due in loan.dues]],
        [interest],
        [[due.cleared_on for due in loan.dues]],
        loan.disbursed_on,
        got,
        day=as_of,
        ended_on=as_of if repaid else NEVER,
        charged_off_on=lost,
    )
    seen = min(as_of, lost)
    oldest = next((due.on for due in loan.dues if due.cleared_on > seen), NEVER)
    if seen - oldest > NON_ACCRUAL and any(due.cleared_on > oldest + NON_ACCRUAL for due in loan.dues if due.on < oldest):
        # An older instalment was paid after accrual had stopped, the next one keeps the loan on non-accrual. The pass counts 60
        # days from the oldest instalment unpaid now, so the payment lets some more days accrue; the spell goes on here.
        assert found["interest_earned_fen"] >= recognised[0]
    else:
        assert found["interest_earned_fen"] == recognised[0]
    assert found["interest_collected_fen"] == got
    assert reversed_[0] == 0
    deferred = int(at_inception(loan.principal, COST)[0])
    fallen = [due.on for due in loan.dues if due.on <= as_of]
    table = np.maximum(PPM - np.arange(len(loan.dues) + 1) * PPM // 7, 0) * (RATE_SCALE // PPM)
    table[-1] = 0
    assert found["deferred_fen"] == (deferred if loan.disbursed_on <= as_of else 0)
    if found["loans"] and fallen:
        # The pass moves costs with each instalment; on the day of the last one the two are the same.
        at = amortised(
            deferred,
            table[None, :],
            0,
            [[due.on for due in loan.dues]],
            loan.disbursed_on,
            day=fallen[-1],
            ended_on=fallen[-1] if repaid or lost <= as_of else NEVER,
        )
        if len(fallen) < len(loan.dues):
            assert found["amortised_fen"] == at[0]


@SETTINGS
@given(drawn_as([Model.REFERRAL, Model.TECHNOLOGY]), st.one_of(st.just(CONFIRM), st.integers(0, 2 * CONFIRM)))
def test_a_partners_fee_for_a_loan_agrees(drawn, age):
    as_of = min(drawn["disbursed"] + age, AS_OF)
    found, loan, _ = booked(drawn, as_of)
    expected = fees(loan.principal, FLAT, loan.disbursed_on, day=as_of, lag_days=CONFIRM, basis=Confirmation.FROM_THE_DAY)[0]
    assert found["flat_fee_fen"] == expected[Fee.EARNED]
    assert found["flat_fee_confirmed_fen"] == expected[Fee.CONFIRMED]
    assert found["flat_fee_vat_fen"] == split_tax(expected[Fee.EARNED], VAT)[1][0]


def naive_place(days):
    if days <= 0:
        return None
    for last, name in ((30, "1_30"), (60, "31_60"), (90, "61_90"), (180, "91_180")):
        if days <= last:
            return name
    return "over_180"


@SETTINGS
@given(drawn_as([Model.ON_BALANCE_SHEET, Model.CAPITAL_HEAVY, Model.CAPITAL_LIGHT]), AS_OFS)
def test_a_loan_stands_whole_at_its_days_past_due(drawn, as_of):
    found, loan, _ = booked(drawn, as_of)
    model = Model(int(CLASSES.rows[drawn["class_no"], Field.MODEL]))
    lost, repaid = ends(loan, as_of, model)
    living = bool(found["loans"]) and lost > as_of and not repaid
    oldest = next((due.on for due in loan.dues if due.cleared_on > as_of), as_of)
    place = naive_place(as_of - oldest) if living else None
    asset = found["upfront_fen"] + found["over_time_fen"] - found["fee_collected_fen"] - found["fee_written_off_fen"]
    guarantee = [found[f"guarantee_fee{name}_fen"] for name in ("", "_collected", "_written_off")]
    interest = [found[f"interest_{name}_fen"] for name in ("earned", "collected", "written_off")]
    whole = {
        "principal": loan.owed(as_of) if living else 0,
        "interest": interest[0] - interest[1] - interest[2],
        "fee": asset,
        "guarantee_fee": guarantee[0] - guarantee[1] - guarantee[2],
    }
    assert whole["principal"] == found["outstanding_fen"]
    for what, amount in whole.items():
        for days in AGED_DAYS:
            assert found[f"{what}_{days}_fen"] == (amount if days == place else 0), (what, days)
