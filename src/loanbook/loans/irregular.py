"""The decoder of irregular loans: facts through the account kernel into the history that the measure body reads."""

from typing import Any

import numpy as np

from loanbook.kernel import lean
from loanbook.loans.account import fill_contract_amounts
from loanbook.loans.batches import IrregularBatch
from loanbook.loans.booking import book
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.loans.history import OUTSIDE, Due, End, Paid
from loanbook.loans.payment import AUX_FIELDS
from loanbook.loans.payoff import (
    SCHEDULE_DUE_ON,
    SCHEDULE_FEE,
    SCHEDULE_FIELDS,
    SCHEDULE_INTEREST,
    SCHEDULE_PERIOD_END,
    SCHEDULE_PRINCIPAL,
)
from loanbook.loans.plan import ENTRY_FIELDS, PLAN_FIELDS, RESET_FIELDS
from loanbook.loans.schedule import fill_dates, prepare
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method, Shift
from loanbook.units import NEVER, Ints

NOT_OPENED = -1
"""Rows of a loan whose drawdown is not visible: it was taken back, or is not known yet."""

_METHOD = int(Field.METHOD)
_LISTED = int(Method.LISTED)
_SHIFT = int(Field.SHIFT)
_NO_SHIFT = int(Shift.NONE)
_DISBURSEMENT = int(FactKind.DISBURSEMENT)
_F_ON = int(Fact.ON)
_F_KIND = int(Fact.KIND)
_F_AMOUNT = int(Fact.AMOUNT)
_F_DETAIL = int(Fact.DETAIL)
_F_RECORDED_ON = int(Fact.RECORDED_ON)
_F_ACTIVE = int(Fact.ACTIVE)
_DUE_ON = int(Row.DUE_ON)
_ROW_PRINCIPAL = int(Row.PRINCIPAL)
_ROW_INTEREST = int(Row.INTEREST)
_ROW_CLEARED_ON = int(Row.CLEARED_ON)
_PIECE_ON = int(Piece.ON)
_PIECE_ROW = int(Piece.ROW)
_PIECE_PRINCIPAL = int(Piece.PRINCIPAL)
_PIECE_INTEREST = int(Piece.INTEREST)
_PIECE_RECOVERED = int(Piece.RECOVERED)
_PIECE_FEE = int(Piece.FEE)
_PIECE_PENALTY = int(Piece.PENALTY)
_ROWS = int(Total.ROWS)
_PIECES = int(Total.PIECES)
_LENT = int(Total.LENT)
_T_CHARGED_OFF_ON = int(Total.CHARGED_OFF_ON)
_T_CHARGED_OFF = int(Total.CHARGED_OFF)
_T_CANCELLED_ON = int(Total.CANCELLED_ON)
_OUTSTANDING = int(Total.OUTSTANDING)
_ON = int(Due.ON)
_PRINCIPAL = int(Due.PRINCIPAL)
_INTEREST = int(Due.INTEREST)
_CLEARED_ON = int(Due.CLEARED_ON)
_PAID_ON = int(Paid.ON)
_PAID_DUE = int(Paid.DUE)
_PAID_PRINCIPAL = int(Paid.PRINCIPAL)
_PAID_INTEREST = int(Paid.INTEREST)
_PAID_RECOVERED = int(Paid.RECOVERED)
_PAID_CHARGES = int(Paid.CHARGES)
_OPENED_ON = int(End.OPENED_ON)
_OPENED_BALANCE = int(End.OPENED_BALANCE)
_CHARGED_OFF_ON = int(End.CHARGED_OFF_ON)
_CHARGED_OFF = int(End.CHARGED_OFF)
_CANCELLED_ON = int(End.CANCELLED_ON)
_ORIGINAL = int(End.ORIGINAL)
_CONTRACT_INTEREST = int(End.CONTRACT_INTEREST)


@lean
def prepare_irregular(
    contract: Ints, disbursed_on: int, first_due_on: int, closed: Ints, closed_from: int, schedule: Ints, rate_fraction: Ints
) -> tuple[int, int, int]:
    """What loans of one terms class, day and first due date share; call again only when one of them changes.

    returns   rows, numerator, denominator; (0, 0, 1) for a listed contract
    """
    if contract[_METHOD] == _LISTED:
        return 0, 0, 1
    prepared = prepare(contract, disbursed_on, first_due_on, closed, closed_from, schedule[SCHEDULE_DUE_ON], rate_fraction)
    if contract[_SHIFT] != _NO_SHIFT:
        fill_dates(contract, disbursed_on, first_due_on, schedule[SCHEDULE_PERIOD_END])
    else:
        for row in range(prepared[0]):
            schedule[SCHEDULE_PERIOD_END, row] = schedule[SCHEDULE_DUE_ON, row]
    return prepared


@lean
def load_facts(kind: Ints, on: Ints, recorded_on: Ints, amount: Ints, detail: Ints, start: int, stop: int, facts: Ints) -> int:
    """One loan's facts of a batch into the account's layout; returns how many."""
    for place in range(start, stop):
        fact = place - start
        facts[fact, _F_ON] = on[place]
        facts[fact, _F_KIND] = kind[place]
        facts[fact, _F_AMOUNT] = amount[place]
        facts[fact, _F_DETAIL] = detail[place]
        facts[fact, _F_RECORDED_ON] = recorded_on[place]
    return stop - start


@lean
def load_listed(due_on: Ints, principal: Ints, interest: Ints, fee: Ints, start: int, stop: int, schedule: Ints) -> int:
    """One loan's listed instalments of a batch into the schedule scratch; returns how many."""
    for place in range(start, stop):
        row = place - start
        schedule[SCHEDULE_DUE_ON, row] = due_on[place]
        schedule[SCHEDULE_PERIOD_END, row] = due_on[place]
        schedule[SCHEDULE_PRINCIPAL, row] = principal[place]
        schedule[SCHEDULE_INTEREST, row] = interest[place]
        schedule[SCHEDULE_FEE, row] = fee[place]
    return stop - start


@lean
def decode_irregular(
    contract: Ints,
    principal_fen: int,
    installment_fen: int,
    disbursed_on: int,
    rows: int,
    numerator: int,
    denominator: int,
    facts: Ints,
    count: int,
    as_of: int,
    known_on: int,
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
) -> tuple[int, int]:
    """The history of one irregular loan, as of a day and as known on a day.

    rows, numerator, denominator   from `prepare_irregular`; of a listed contract: what `load_listed` returned, 0, 1
    facts, count                   from `load_facts`
    schedule .. totals             `irregular_scratch`
    due, paid, ends                `loans.history`, written
    returns                        rows, pieces; (NOT_OPENED, 0) when the drawdown is not visible
    """
    regular = 0
    if contract[_METHOD] != _LISTED:
        _, regular = fill_contract_amounts(
            contract, principal_fen, installment_fen, rows, numerator, denominator, schedule, rate_fraction
        )
    book(
        contract,
        principal_fen,
        disbursed_on,
        schedule,
        rows,
        regular,
        facts,
        count,
        as_of,
        known_on,
        account_rows,
        pieces,
        plan,
        ledger,
        resets,
        aux,
        work,
        totals,
    )
    if totals[_LENT] == 0:
        return NOT_OPENED, 0
    cancelled_on = totals[_T_CANCELLED_ON]
    for row in range(totals[_ROWS]):
        due[row, _ON] = account_rows[row, _DUE_ON]
        due[row, _PRINCIPAL] = account_rows[row, _ROW_PRINCIPAL]
        due[row, _INTEREST] = account_rows[row, _ROW_INTEREST]
        due[row, _CLEARED_ON] = min(account_rows[row, _ROW_CLEARED_ON], cancelled_on)
    ends[_OPENED_ON] = disbursed_on
    ends[_OPENED_BALANCE] = principal_fen
    ends[_CHARGED_OFF_ON] = totals[_T_CHARGED_OFF_ON]
    ends[_CHARGED_OFF] = totals[_T_CHARGED_OFF]
    ends[_CANCELLED_ON] = cancelled_on
    ends[_ORIGINAL] = totals[_LENT]
    ends[_CONTRACT_INTEREST] = 0
    for row in range(rows):
        ends[_CONTRACT_INTEREST] += schedule[SCHEDULE_INTEREST, row]
    return totals[_ROWS], _fill_paid(principal_fen, disbursed_on, facts, count, pieces, totals, paid)


@lean
def _fill_paid(principal_fen: int, disbursed_on: int, facts: Ints, count: int, pieces: Ints, totals: Ints, paid: Ints) -> int:
    """Pieces, further disbursements (principal outside the schedule) and a cancellation, in order of days."""
    written = 0
    fact = 0
    drawdown_seen = False
    for piece in range(totals[_PIECES] + 1):
        until = pieces[piece, _PIECE_ON] if piece < totals[_PIECES] else NEVER
        while fact < count and facts[fact, _F_ON] <= until:
            if facts[fact, _F_KIND] == _DISBURSEMENT and facts[fact, _F_ACTIVE] == 1:
                itself = facts[fact, _F_ON] == disbursed_on and facts[fact, _F_AMOUNT] == principal_fen
                if itself and not drawdown_seen:
                    drawdown_seen = True
                else:
                    _write(paid, written, facts[fact, _F_ON], OUTSIDE, -facts[fact, _F_AMOUNT], 0, 0, 0)
                    written += 1
            fact += 1
        if piece < totals[_PIECES]:
            _write(
                paid,
                written,
                until,
                pieces[piece, _PIECE_ROW],
                pieces[piece, _PIECE_PRINCIPAL],
                pieces[piece, _PIECE_INTEREST],
                pieces[piece, _PIECE_RECOVERED],
                pieces[piece, _PIECE_FEE] + pieces[piece, _PIECE_PENALTY],
            )
            written += 1
    if totals[_T_CANCELLED_ON] != NEVER and totals[_OUTSTANDING] > 0:
        place = written
        while place > 0 and paid[place - 1, _PAID_ON] > totals[_T_CANCELLED_ON]:
            for column in range(paid.shape[1]):
                paid[place, column] = paid[place - 1, column]
            place -= 1
        _write(paid, place, totals[_T_CANCELLED_ON], OUTSIDE, totals[_OUTSTANDING], 0, 0, 0)
        written += 1
    return written


@lean
def _write(paid: Ints, place: int, on: int, due: int, principal: int, interest: int, recovered: int, charges: int) -> None:
    paid[place, _PAID_ON] = on
    paid[place, _PAID_DUE] = due
    paid[place, _PAID_PRINCIPAL] = principal
    paid[place, _PAID_INTEREST] = interest
    paid[place, _PAID_RECOVERED] = recovered
    paid[place, _PAID_CHARGES] = charges


def most_rows(batch: IrregularBatch, classes: Ints) -> int:
    """Rows of the longest schedule of a batch, down payment included."""
    listed = np.diff(batch.listed_offsets).max(initial=0)
    return max(int(classes[:, Field.COUNT].max(initial=0)) + 1, int(listed))


def irregular_scratch(rows: int, facts: int) -> tuple[Any, ...]:
    """Scratch of `decode_irregular` for loans of up to so many schedule rows and facts, made once for a batch.

    returns   facts, then schedule, rate_fraction, account_rows, pieces, plan, ledger, resets, aux, work, totals, due, paid, ends
    """
    # A later disbursement may bring two rows: its down payment, and one beyond the schedule's end.
    most = rows + 2 * facts + 2
    written = most * (facts + 2)
    return (
        np.zeros((facts + 1, len(Fact)), np.int64),
        np.zeros((SCHEDULE_FIELDS, most), np.int64),
        np.zeros(most, np.int64),
        np.zeros((most, len(Row)), np.int64),
        np.zeros((written, len(Piece)), np.int64),
        np.zeros((most, PLAN_FIELDS), np.int64),
        np.zeros((written, ENTRY_FIELDS), np.int64),
        np.zeros((facts + 2, RESET_FIELDS), np.int64),
        np.zeros((most, AUX_FIELDS), np.int64),
        np.zeros(most, np.int64),
        np.zeros(len(Total), np.int64),
        np.zeros((most, len(Due)), np.int64),
        np.zeros((written + facts + 1, len(Paid)), np.int64),
        np.zeros(len(End), np.int64),
    )
