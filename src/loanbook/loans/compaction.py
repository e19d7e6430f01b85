"""Which loans are compact: those whose facts are exactly what the compact form decodes to, and what that form is.

The compact form is tried, not trusted: the payments of each day must add up to the fen to whole instalments, or to a full
settlement, of the schedule that the decoder itself computes, and the account of the same facts must come to the same history.
"""

import numpy as np

from loanbook.kernel import kernel
from loanbook.loans.agreement import histories_agree
from loanbook.loans.amounts import fill_amounts
from loanbook.loans.compact import decode_compact, prepare_compact
from loanbook.loans.facts import FactKind
from loanbook.loans.history import Due, End, Paid
from loanbook.loans.irregular import decode_irregular, load_facts, prepare_irregular
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import NEVER, Ints

_DISBURSEMENT = int(FactKind.DISBURSEMENT)
_DOWN_PAYMENT = int(FactKind.DOWN_PAYMENT)
_PAYMENT = int(FactKind.PAYMENT)
_PAYOFF = int(FactKind.PAYOFF)
_METHOD = int(Field.METHOD)
_LISTED = int(Method.LISTED)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_DUE_COLUMNS, _PAID_COLUMNS, _ENDS = len(Due), len(Paid), len(End)
_AFTER_DAYS = 31
"""How long after its last day a loan's account is compared: long enough for a rule that acts on what is unpaid to show."""
_LATE_LIMIT = 32_767
"""Days late that int16 holds."""


@kernel
def plain_facts(kind: Ints, on: Ints, recorded_on: Ints, start: int, stop: int) -> bool:
    """Whether facts [start, stop) are one disbursement and then payments, each recorded by the day it happened."""
    if stop <= start or kind[start] != _DISBURSEMENT:
        return False
    for fact in range(start, stop):
        if recorded_on[fact] > on[fact]:
            return False
        if fact > start and (kind[fact] < _DOWN_PAYMENT or kind[fact] > _PAYOFF or on[fact] < on[start]):
            return False
    return True


@kernel
def match_payments(
    kind: Ints,
    on: Ints,
    amount: Ints,
    start: int,
    stop: int,
    rows: int,
    due_on: Ints,
    principal: Ints,
    interest: Ints,
    late: Ints,
) -> tuple[int, int, int]:
    """Spend the payments of each day on whole instalments, oldest first.

    facts [start, stop)   payments only, ascending by day
    late                  (rows or more,) int64, written: days after the due date
    returns               instalments paid, the day whose money is no whole number of instalments (NEVER: none), and its money;
                          -1 instalments when the facts go on after that day or an instalment is nil
    """
    paid = 0
    fact = start
    while fact < stop:
        day = on[fact]
        money = 0
        payoff = False
        while fact < stop and on[fact] == day:
            money += amount[fact]
            payoff = payoff or kind[fact] == _PAYOFF
            fact += 1
        before = paid
        left = money
        while paid < rows and not payoff and left >= principal[paid] + interest[paid]:
            if principal[paid] + interest[paid] <= 0 or abs(day - due_on[paid]) > _LATE_LIMIT:
                return -1, NEVER, 0
            left -= principal[paid] + interest[paid]
            late[paid] = day - due_on[paid]
            paid += 1
        if left != 0 or payoff:
            if fact < stop:
                return -1, NEVER, 0
            return before, day, money
    return paid, NEVER, 0


@kernel
def find_compact(
    classes: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    fact_offsets: Ints,
    fact_kind: Ints,
    fact_on: Ints,
    fact_recorded_on: Ints,
    fact_amount: Ints,
    fact_detail: Ints,
    closed: Ints,
    closed_from: int,
    most_rows: int,
    account: tuple[Ints, ...],
    late_offsets: Ints,
    compact: Ints,
    settled_on: Ints,
    late_days: Ints,
    late_counts: Ints,
) -> None:
    """Try the compact form on every loan of a run.

    classes, head columns, facts   as `batches.IrregularBatch`
    most_rows                      rows of the longest schedule
    account                        `irregular.irregular_scratch` for the longest schedule and the most facts
    late_offsets                   (loans + 1,) int64, room for every instalment
    compact                        (loans,) bool, written
    settled_on, late_counts        (loans,) int64, written
    late_days                      (late_offsets[-1],) int16, written from each loan's offset on
    """
    due_on = np.empty(most_rows, np.int64)
    period_end = np.empty(most_rows, np.int64)
    rate_fraction = np.empty(most_rows, np.int64)
    principal = np.empty(most_rows, np.int64)
    interest = np.empty(most_rows, np.int64)
    principals, interests = principal.reshape(most_rows, 1), interest.reshape(most_rows, 1)
    late = np.empty(most_rows, np.int64)
    due = np.empty((most_rows, _DUE_COLUMNS), np.int64)
    paid = np.empty((most_rows, _PAID_COLUMNS), np.int64)
    ends = np.empty(_ENDS, np.int64)
    (facts, schedule, account_fraction, account_rows, account_pieces, plan, ledger, resets, aux, work, totals) = account[:11]
    (other_due, other_paid, other_ends) = account[11:]
    last_class, last_day, last_first = -1, -1, -1
    rows, numerator, denominator = 0, 0, 0
    for loan in range(class_no.size):
        compact[loan] = False
        settled_on[loan] = NEVER
        late_counts[loan] = 0
        contract = classes[class_no[loan]]
        start, stop = fact_offsets[loan], fact_offsets[loan + 1]
        if contract[_METHOD] == _LISTED or not plain_facts(fact_kind, fact_on, fact_recorded_on, start, stop):
            continue
        if fact_on[start] != disbursed_on[loan] or fact_amount[start] != principal_fen[loan]:
            continue
        day = disbursed_on[loan]
        if class_no[loan] != last_class or day != last_day or first_due_on[loan] != last_first:
            last_class, last_day, last_first = class_no[loan], day, first_due_on[loan]
            rows, numerator, denominator = prepare_compact(
                contract, day, last_first, closed, closed_from, due_on, period_end, rate_fraction
            )
            prepare_irregular(contract, day, last_first, closed, closed_from, schedule, account_fraction)
        fill_amounts(
            contract, principal_fen[loan], installment_fen[loan], rate_fraction, numerator, denominator, principal, interest
        )
        count, settled, money = match_payments(
            fact_kind, fact_on, fact_amount, start + 1, stop, rows, due_on, principal, interest, late
        )
        if count < 0:
            continue
        base = late_offsets[loan]
        for row in range(count):
            late_days[base + row] = late[row]
        late_counts[loan] = count
        if settled != NEVER and count == rows:
            continue
        pieces = decode_compact(
            contract,
            principal_fen[loan],
            day,
            settled,
            late_days,
            base,
            base + count,
            rows,
            due_on,
            period_end,
            principals,
            interests,
            0,
            due,
            paid,
            ends,
        )
        for piece in range(count, pieces):
            money -= paid[piece, _PAID_PRINCIPAL] + paid[piece, _PAID_INTEREST]
        if money != 0:
            continue
        counted = load_facts(fact_kind, fact_on, fact_recorded_on, fact_amount, fact_detail, start, stop, facts)
        after = max(fact_on[stop - 1], due_on[rows - 1]) + _AFTER_DAYS
        other_rows, other_pieces = decode_irregular(
            contract,
            principal_fen[loan],
            installment_fen[loan],
            day,
            rows,
            numerator,
            denominator,
            facts,
            counted,
            after,
            after,
            schedule,
            account_fraction,
            account_rows,
            account_pieces,
            plan,
            ledger,
            resets,
            aux,
            work,
            totals,
            other_due,
            other_paid,
            other_ends,
        )
        if not histories_agree(rows, due, pieces, paid, ends, other_rows, other_due, other_pieces, other_paid, other_ends):
            continue
        settled_on[loan] = settled
        compact[loan] = True


@kernel
def compact_paid(
    classes: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    settled_on: Ints,
    late_offsets: Ints,
    late_days: Ints,
    closed: Ints,
    closed_from: int,
    most_rows: int,
    paid_fen: Ints,
) -> None:
    """All money that the compact form of each loan stands for.

    columns    as `batches.CompactBatch`; closed, closed_from as `schedule.prepare`
    paid_fen   (loans,) int64, written
    """
    due_on = np.empty(most_rows, np.int64)
    period_end = np.empty(most_rows, np.int64)
    rate_fraction = np.empty(most_rows, np.int64)
    principal = np.empty(most_rows, np.int64)
    interest = np.empty(most_rows, np.int64)
    principals, interests = principal.reshape(most_rows, 1), interest.reshape(most_rows, 1)
    due = np.empty((most_rows, _DUE_COLUMNS), np.int64)
    paid = np.empty((most_rows, _PAID_COLUMNS), np.int64)
    ends = np.empty(_ENDS, np.int64)
    last_class, last_day, last_first = -1, -1, -1
    rows, numerator, denominator = 0, 0, 0
    for loan in range(class_no.size):
        contract = classes[class_no[loan]]
        day = disbursed_on[loan]
        if class_no[loan] != last_class or day != last_day or first_due_on[loan] != last_first:
            last_class, last_day, last_first = class_no[loan], day, first_due_on[loan]
            rows, numerator, denominator = prepare_compact(
                contract, day, last_first, closed, closed_from, due_on, period_end, rate_fraction
            )
        fill_amounts(
            contract, principal_fen[loan], installment_fen[loan], rate_fraction, numerator, denominator, principal, interest
        )
        pieces = decode_compact(
            contract,
            principal_fen[loan],
            day,
            settled_on[loan],
            late_days,
            late_offsets[loan],
            late_offsets[loan + 1],
            rows,
            due_on,
            period_end,
            principals,
            interests,
            0,
            due,
            paid,
            ends,
        )
        total = 0
        for piece in range(pieces):
            total += paid[piece, _PAID_PRINCIPAL] + paid[piece, _PAID_INTEREST]
        paid_fen[loan] = total
