"""The pass over irregular loans: their facts go through the account kernel, then the same body as for every other loan."""

from typing import Any

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.batches import Classes, IrregularBatch
from loanbook.loans.charge_off import charge_off_by_terms
from loanbook.loans.dates import month_index
from loanbook.loans.irregular import decode_irregular, irregular_scratch, load_facts, load_listed, most_rows, prepare_irregular
from loanbook.measures.facts import Clock, Trait, measure_collection, measure_loan
from loanbook.measures.ledger_held import book_held
from loanbook.measures.ledger_parts import book_parts
from loanbook.measures.passes import check_since, collect_wanted, head, set_traits
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import Ints

_CHARGE_OFF_DAYS = int(Field.CHARGE_OFF_DAYS)
_METHOD = int(Field.METHOD)
_LISTED = int(Method.LISTED)
_FIRST_MONTH = int(Clock.FIRST_MONTH)
_AS_OF = int(Clock.AS_OF)
_OBSERVED_TO = int(Clock.OBSERVED_TO)
_KNOWN_ON = int(Clock.KNOWN_ON)


@lean
def has_facts_ahead(on: Ints, recorded_on: Ints, start: int, stop: int, as_of: int, observed_to: int, known_on: int) -> bool:
    """Whether something known happened after the close and by the last day that collections are seen."""
    ahead = False
    for fact in range(start, stop):
        ahead = ahead or (as_of < on[fact] <= observed_to and recorded_on[fact] <= known_on)
    return ahead


@lean
def _irregular_pass(
    classes: Ints,
    places: Ints,
    facts: Ints,
    schedule: Ints,
    rate_fraction: Ints,
    account_rows: Ints,
    pieces: Ints,
    plan: Ints,
    ledger: Ints,
    resets: Ints,
    aux: Ints,
    work: Ints,
    totals: Ints,
    due: Ints,
    paid: Ints,
    ends: Ints,
    part_due: Ints,
    part_paid: Ints,
    part_ends: Ints,
    loan: Ints,
    stated: Ints,
    loan_no: Ints,
    class_no: Ints,
    principal_fen: Ints,
    disbursed_on: Ints,
    first_due_on: Ints,
    installment_fen: Ints,
    ordinal: Ints,
    fact_offsets: Ints,
    fact_kind: Ints,
    fact_on: Ints,
    fact_recorded_on: Ints,
    fact_amount: Ints,
    fact_detail: Ints,
    listed_offsets: Ints,
    listed_due_on: Ints,
    listed_principal: Ints,
    listed_interest: Ints,
    listed_fee: Ints,
    closed: Ints,
    closed_from: int,
    clock: Ints,
    month_ends: Ints,
    calendar_ends: Ints,
    volume: Ints,
    position: Ints,
    due_cells: Ints,
    vintage_cells: Ints,
    transition: Ints,
    flow: Ints,
    probed: Ints,
    starts: Ints,
    wanted: Ints,
    number: Ints,
    values: Ints,
    policy: Ints,
    served: Ints,
    parts: Ints,
    shares: Ints,
    rates: Ints,
    riskier: Ints,
    inception: Ints,
    unamortised: Ints,
    slots: Ints,
    scratch: Ints,
    daybook: Ints,
    booked: Ints,
) -> tuple[int, int]:
    as_of, observed_to, known_on = clock[_AS_OF], clock[_OBSERVED_TO], clock[_KNOWN_ON]
    last_class, last_day, last_first = -1, -1, -1
    prepared, numerator, denominator = 0, 0, 1
    opened = 0
    found = 0
    for at in range(loan_no.size):
        day = disbursed_on[at]
        if day > as_of:
            continue
        chosen = class_no[at]
        contract = classes[chosen]
        if chosen != last_class or day != last_day or first_due_on[at] != last_first:
            last_class, last_day, last_first = chosen, day, first_due_on[at]
            prepared, numerator, denominator = prepare_irregular(
                contract, day, last_first, closed, closed_from, schedule, rate_fraction
            )
        scheduled = prepared
        if contract[_METHOD] == _LISTED:
            scheduled = load_listed(
                listed_due_on,
                listed_principal,
                listed_interest,
                listed_fee,
                listed_offsets[at],
                listed_offsets[at + 1],
                schedule,
            )
        start, stop = fact_offsets[at], fact_offsets[at + 1]
        ahead = booked.size == 0 and has_facts_ahead(fact_on, fact_recorded_on, start, stop, as_of, observed_to, known_on)
        set_traits(loan, places, chosen, contract, month_index(day) - clock[_FIRST_MONTH], ordinal[at], 0)
        measured = False
        for later in range(2 if ahead else 1):
            count = load_facts(fact_kind, fact_on, fact_recorded_on, fact_amount, fact_detail, start, stop, facts)
            rows, entries = decode_irregular(
                contract,
                principal_fen[at],
                installment_fen[at],
                day,
                scheduled,
                numerator,
                denominator,
                facts,
                count,
                observed_to if later == 1 else as_of,
                known_on,
                schedule,
                rate_fraction,
                account_rows,
                pieces,
                plan,
                ledger,
                resets,
                aux,
                work,
                totals,
                due,
                paid,
                ends,
            )
            if booked.size > 0:
                book_held(facts, count, pieces, totals, loan, clock, policy, slots, daybook)
            if rows < 0:
                continue
            charge_off_by_terms(contract[_CHARGE_OFF_DAYS], due, rows, paid, entries, ends)
            if later == 1:
                measure_collection(due, rows, paid, entries, ends, loan, clock, calendar_ends, due_cells)
                continue
            if booked.size > 0:
                measured = book_parts(
                    due,
                    rows,
                    paid,
                    entries,
                    ends,
                    part_due,
                    part_paid,
                    part_ends,
                    loan,
                    chosen,
                    clock,
                    policy,
                    served,
                    parts,
                    shares,
                    rates,
                    riskier,
                    inception,
                    unamortised,
                    slots,
                    scratch,
                    daybook,
                    booked,
                )
                continue
            measured = measure_loan(
                due,
                rows,
                paid,
                entries,
                ends,
                stated,
                loan,
                clock,
                month_ends,
                calendar_ends,
                not ahead,
                volume,
                position,
                due_cells,
                vintage_cells,
                transition,
                flow,
            )
        if measured:
            opened += 1
        if number.size > 0:
            found = collect_wanted(loan_no[at], loan, starts, wanted, probed, number, values, found)
    return opened, found


def run_irregular(
    batch: IrregularBatch, classes: Classes, common: tuple[Any, ...], calendar: tuple[Ints, int]
) -> tuple[int, int]:
    """Loans opened and loans found by the probe."""
    places, clock, month_ends, calendar_ends, families, probe, books = common
    check_since(batch, clock, month_ends)
    facts = int(np.diff(batch.fact_offsets).max(initial=0))
    scratch = irregular_scratch(most_rows(batch, classes.rows), facts)
    arguments: tuple[Any, ...] = (
        classes.rows,
        places,
        *scratch,
        *(np.empty_like(each) for each in scratch[-3:]),
        np.empty(len(Trait), np.int64),
        np.empty(0, np.int64),
        *head(batch),
        batch.fact_offsets,
        batch.fact_kind,
        batch.fact_on,
        batch.fact_recorded_on,
        batch.fact_amount,
        batch.fact_detail,
        batch.listed_offsets,
        batch.listed_due_on,
        batch.listed_principal,
        batch.listed_interest,
        batch.listed_fee,
        *calendar,
        clock,
        month_ends,
        calendar_ends,
        *families,
        *probe,
        *books,
    )
    return _irregular_pass(*arguments)
