"""Loans that carry their facts: the same facts give the same cells through the account kernel as through the compact form."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from loanbook.loans.batches import CompactBatch, IrregularBatch
from loanbook.loans.facts import FactKind
from loanbook.measures.measuring import loans_behind, measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.families import FAMILIES
from tests.measures.random_loans import CLASSES, SETTINGS, SINCE, build, one_loan
from tests.measures.test_compact_cells import CLOCKS
from tests.reference.measures import Loan

HEAD = ("loan_no", "class_no", "principal_fen", "disbursed_on", "first_due_on", "installment_fen", "ordinal")


def with_facts(batch: CompactBatch, loans: list[Loan], recorded_late: int = 0) -> IrregularBatch:
    """The same loans carrying facts: a payment for each day on which money came, a payoff on the day of settlement."""
    facts, offsets = [], [0]
    for number, loan in enumerate(loans):
        settled = int(batch.settled_on[number])
        facts.append((FactKind.DISBURSEMENT, loan.disbursed_on, loan.principal))
        for day in sorted({pay.on for pay in loan.payments}):
            amount = sum(pay.principal + pay.interest + pay.recovered for pay in loan.payments if pay.on == day)
            facts.append((FactKind.PAYOFF if day == settled else FactKind.PAYMENT, day, amount))
        offsets.append(len(facts))
    kind, on, amount = (np.array(column, np.int64) for column in zip(*facts, strict=True))
    none = np.zeros(0, np.int64)
    return IrregularBatch(
        **{name: getattr(batch, name) for name in HEAD},
        fact_offsets=np.array(offsets, np.int64),
        fact_kind=kind.astype(np.int8),
        fact_on=on.astype(np.int32),
        fact_recorded_on=(on + recorded_late * (kind == FactKind.PAYMENT)).astype(np.int32),
        fact_amount=amount,
        fact_detail=np.zeros(on.size, np.int64),
        listed_offsets=np.zeros(len(loans) + 1, np.int64),
        listed_due_on=none.astype(np.int32),
        listed_principal=none,
        listed_interest=none,
        listed_fee=none,
    )


@given(drawn=st.lists(one_loan(), min_size=1, max_size=6), clocks=CLOCKS)
@SETTINGS
def test_the_account_gives_the_cells_of_the_compact_form(drawn, clocks):
    as_of, ahead = clocks
    for each in drawn:
        each["late"] = [max(late, 0) for late in each["late"]]
    batch, loans = build(drawn)
    # On the first day of a period the account asks no interest of it: such loans are not compact.
    assume(
        not any(
            day in (loan.disbursed_on, *(due.on for due in loan.dues)) for day, loan in zip(batch.settled_on, loans, strict=True)
        )
    )
    chosen = space(CLASSES, window(since=SINCE, as_of=as_of, known_on=as_of + ahead))
    compact = measure_batches([batch], CLASSES, chosen)
    facts = with_facts(batch, loans)
    irregular = measure_batches([facts], CLASSES, chosen)
    for family in FAMILIES:
        assert (compact.families[family.name] == irregular.families[family.name]).all(), family.name
    assert compact == irregular


def test_a_payment_recorded_later_is_not_known_to_an_earlier_close():
    drawn = {"class_no": 0, "principal": 300_000, "disbursed": SINCE, "first_due": 2_147_483_647, "late": [0], "ordinal": 1}
    batch, loans = build([drawn | {"settle_after": None}])
    due = loans[0].dues[0].on
    late = with_facts(batch, loans, recorded_late=10)
    balances = []
    for known_on in (due + 9, due + 10):
        chosen = space(CLASSES, window(since=SINCE, as_of=due + 5, observed_to=due + 5, known_on=known_on))
        balances.append(int(measure_batches([late], CLASSES, chosen).families["position"][:, 1].sum()))
    assert balances == [
        # January's month end and the close; the payment is known only ten days after it happened.
        2 * 300_000,
        2 * 300_000 - loans[0].dues[0].principal,
    ]


def test_the_irregular_loans_behind_a_figure_sum_to_it():
    drawn = [
        {"class_no": 1, "principal": 100_000 + number, "disbursed": SINCE + number, "first_due": 2_147_483_647, "late": [3]}
        | {"ordinal": 1, "settle_after": None}
        for number in range(5)
    ]
    batch, loans = build(drawn)
    facts = with_facts(batch, loans)
    chosen = space(CLASSES, window(since=SINCE, as_of=SINCE + 50))
    wanted = np.ones(chosen.rows(FAMILIES[1]), bool)
    (found,) = loans_behind([facts], CLASSES, chosen, "position", wanted)
    assert found.values["principal_fen"].sum() == measure_batches([facts], CLASSES, chosen).families["position"][:, 1].sum()
    assert list(found.loan_no) == list(batch.loan_no)


def test_a_reversal_takes_a_payment_out_of_the_closes_that_know_of_it():
    drawn = {"class_no": 0, "principal": 300_000, "disbursed": SINCE, "first_due": 2_147_483_647, "late": [0], "ordinal": 1}
    batch, loans = build([drawn | {"settle_after": None}])
    due = loans[0].dues[0]
    facts = with_facts(batch, loans)
    bounced = replace(
        facts,
        fact_offsets=np.array([0, 3]),
        fact_kind=np.append(facts.fact_kind, np.int8(FactKind.REVERSAL)),
        fact_on=np.append(facts.fact_on, np.int32(due.on + 20)),
        fact_recorded_on=np.append(facts.fact_recorded_on, np.int32(due.on + 20)),
        fact_amount=np.append(facts.fact_amount, 0),
        fact_detail=np.append(facts.fact_detail, 1),
    )
    found = {}
    for known_on in (due.on + 19, due.on + 40):
        chosen = space(CLASSES, window(since=SINCE, as_of=due.on + 10, known_on=known_on))
        cells = measure_batches([bounced], CLASSES, chosen)
        found[known_on - due.on] = cells.families["flow"][:, 3].sum(), cells.families["due"].sum(axis=0).tolist()
    unpaid = due.principal
    assert found[19] == (unpaid, [unpaid, 0, 0, 0, 0])
    assert found[40] == (0, [unpaid, unpaid, unpaid, unpaid, 0])
