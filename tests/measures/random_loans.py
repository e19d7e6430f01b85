"""Made-up compact loans for measure tests, as a batch and as the naive twin's loans."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from loanbook import units
from loanbook.kernel import COMPILED
from loanbook.loans.batches import Classes, CompactBatch
from loanbook.loans.schedule import schedules
from loanbook.terms.contract import WATERFALL_STEPS, Field, empty_contract
from loanbook.terms.conventions import DayCount, Model, Payoff, Unit
from tests.reference.measures import NEVER, Due, Loan, Payment

SETTINGS = settings(max_examples=150 if COMPILED else 12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SINCE = units.day("2023-01-15")
AS_OF = units.day("2024-08-31")
PRODUCTS = ("cash_loan", "pay_later")
SEGMENTS = ("consumer", "small_business")


def contract(*, model: Model, product: int, segment: int, count: int, charge_off_days: int, tolerance: int) -> np.ndarray:
    row = empty_contract()
    row[Field.COUNT] = row[Field.TENOR_MONTHS] = count
    row[Field.RATE_ANNUAL] = units.rate("0.216")
    row[Field.UNIT] = Unit.MONTH
    row[Field.DAY_COUNT] = DayCount.THIRTY_A_MONTH_360
    row[Field.PAYOFF] = Payoff.TO_PERIOD_END
    row[Field.MODEL], row[Field.PRODUCT], row[Field.SEGMENT] = model, product, segment
    row[Field.CHARGE_OFF_DAYS] = charge_off_days
    row[Field.ARREARS_TOLERANCE] = tolerance
    row[Field.WATERFALL :] = range(WATERFALL_STEPS)
    return row


CLASSES = Classes(
    rows=np.array(
        [
            contract(
                model=model, product=number % 2, segment=number // 3 % 2, count=count, charge_off_days=days, tolerance=tolerance
            )
            for number, model in enumerate(Model)
            for count, days, tolerance in ((3, 180, 0), (7, 180, 20_000), (12, 0, 0))
        ]
    ),
    products=PRODUCTS,
    segments=SEGMENTS,
)


@st.composite
def one_loan(draw: st.DrawFn) -> dict:
    """Terms class, amounts, days and a paying habit: on time, some days late, from some instalment on never, settled early."""
    class_no = draw(st.integers(0, CLASSES.rows.shape[0] - 1))
    count = int(CLASSES.rows[class_no, Field.COUNT])
    disbursed = draw(st.integers(SINCE, AS_OF + 20))
    paid = draw(st.integers(0, count))
    late = draw(
        st.lists(st.sampled_from([-40, -3, -1, 0, 0, 0, 1, 2, 29, 30, 31, 32, 90, 180, 181, 182]), min_size=paid, max_size=paid)
    )
    return {
        "class_no": class_no,
        "principal": draw(st.integers(1_000, 5_000_000)),
        "disbursed": disbursed,
        "first_due": draw(st.sampled_from([NEVER, disbursed + 9, disbursed + 40])),
        "late": late,
        "settle_after": draw(st.one_of(st.none(), st.integers(0, 75))),
        "ordinal": draw(st.integers(1, 3)),
    }


def build(drawn: list[dict]) -> tuple[CompactBatch, list[Loan]]:
    """The batch and the twin's loans; days paid are put in order, as a compact loan's are."""
    drawn = sorted(drawn, key=lambda each: (each["disbursed"], each["class_no"]))
    offsets, late_days, settled, loans = [0], [], [], []
    for each in drawn:
        row = CLASSES.rows[each["class_no"]]
        due_on, principal, interest = (
            column[0]
            for column in schedules(
                row, np.array([each["principal"]]), np.array([each["disbursed"]]), first_due_on=each["first_due"]
            )
        )
        dues = [Due(on=int(on), principal=int(sum_), cleared_on=NEVER) for on, sum_ in zip(due_on, principal, strict=True)]
        small = principal + interest <= row[Field.ARREARS_TOLERANCE]
        payments, latest = [], each["disbursed"]
        for number, late in enumerate(each["late"]):
            latest = max(latest, dues[number].on + late)
            dues[number].cleared_on = latest
            late_days.append(latest - dues[number].on)
            payments.append(Payment(on=latest, due=number, principal=dues[number].principal, interest=int(interest[number])))
        offsets.append(len(late_days))
        settled_on = NEVER
        rest = range(len(each["late"]), len(dues))
        if each["settle_after"] is not None and rest:
            settled_on = latest + each["settle_after"]
            current = next((number for number in rest if dues[number].on > settled_on), None)
            for number in rest:
                dues[number].cleared_on = settled_on
                owed = int(interest[number]) if dues[number].on <= settled_on or number == current else 0
                payments.append(Payment(on=settled_on, due=number, principal=dues[number].principal, interest=owed))
        for number in np.flatnonzero(small):
            dues[number].cleared_on = dues[number].on
        settled.append(settled_on)
        loan = Loan(
            product=PRODUCTS[row[Field.PRODUCT]],
            model=Model(int(row[Field.MODEL])).name.lower(),
            segment=SEGMENTS[row[Field.SEGMENT]],
            tenor_months=int(row[Field.TENOR_MONTHS]),
            ordinal=each["ordinal"],
            disbursed_on=each["disbursed"],
            principal=each["principal"],
            dues=dues,
            payments=payments,
        )
        loan.charge_off_by_terms(int(row[Field.CHARGE_OFF_DAYS]))
        loans.append(loan)
    batch = CompactBatch(
        loan_no=np.arange(100, 100 + len(drawn)),
        class_no=np.array([each["class_no"] for each in drawn], np.int32),
        principal_fen=np.array([each["principal"] for each in drawn], np.int64),
        disbursed_on=np.array([each["disbursed"] for each in drawn], np.int32),
        first_due_on=np.array([each["first_due"] for each in drawn], np.int32),
        installment_fen=np.zeros(len(drawn), np.int64),
        ordinal=np.array([each["ordinal"] for each in drawn], np.int32),
        settled_on=np.array(settled, np.int32),
        late_offsets=np.array(offsets, np.int64),
        late_days=np.array(late_days, np.int16),
    )
    return batch, loans


def cut(batch: CompactBatch, start: int, stop: int) -> CompactBatch:
    """Loans start..stop-1 of a batch as a batch."""
    heads = ("loan_no", "class_no", "principal_fen", "disbursed_on", "first_due_on", "installment_fen", "ordinal", "settled_on")
    first, last = batch.late_offsets[start], batch.late_offsets[stop]
    return CompactBatch(
        **{name: getattr(batch, name)[start:stop] for name in heads},
        late_offsets=batch.late_offsets[start : stop + 1] - first,
        late_days=batch.late_days[first:last],
    )
