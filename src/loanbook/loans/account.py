"""The account of one loan, from Python: facts in, rows, pieces and totals out; and previews that ask the same kernel.

    account = account_of(drawdown, facts, as_of=day("2026-11-22"), known_on=day("2026-11-22"))

Many loans as columns go through `loans.irregular`, which calls the same kernel with scratch that it keeps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.kernel import lean
from loanbook.loans.amounts import down_payment, fill_amounts, row_count
from loanbook.loans.annuity import round_to_multiple
from loanbook.loans.booking import book
from loanbook.loans.facts import Fact, FactKind, Piece, Row, Total
from loanbook.loans.payment import AUX_FIELDS
from loanbook.loans.payoff import (
    SCHEDULE_DUE_ON,
    SCHEDULE_FEE,
    SCHEDULE_FIELDS,
    SCHEDULE_INTEREST,
    SCHEDULE_PERIOD_END,
    SCHEDULE_PRINCIPAL,
    accrued_of_account,
)
from loanbook.loans.plan import ENTRY_FIELDS, PLAN_FIELDS, RESET_FIELDS
from loanbook.loans.schedule import fill_dates, prepare
from loanbook.terms.contract import FIELDS, Field
from loanbook.terms.conventions import Excess, Method, Payoff, Shift
from loanbook.units import NEVER, Ints, date

_METHOD = int(Field.METHOD)
_ROUNDING = int(Field.ROUNDING)
_MULTIPLE = int(Field.INSTALLMENT_MULTIPLE)
_LEVEL = int(Method.LEVEL)
_INTEREST_ONLY_THEN_LEVEL = int(Method.INTEREST_ONLY_THEN_LEVEL)
_S_DUE_ON = SCHEDULE_DUE_ON
_S_PERIOD_END = SCHEDULE_PERIOD_END
_S_PRINCIPAL = SCHEDULE_PRINCIPAL
_S_INTEREST = SCHEDULE_INTEREST


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The instalments a contract lists (method `listed`): aligned (rows,) int64, ascending by due_on."""

    due_on: Ints
    principal_fen: Ints
    interest_fen: Ints
    fee_fen: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """One loan as it was agreed.

    contract          (FIELDS,) int64 contract row
    principal_fen     disbursed first; further disbursements are facts
    disbursed_on      day number
    first_due_on      day number; NEVER: one period after disbursement
    installment_fen   the level instalment the contract fixes; 0: computed
    listed            the instalments of a listed contract
    closed            (days,) bool calendar from the day `closed_from`, where the contract shifts due dates
    """

    contract: Ints
    principal_fen: int
    disbursed_on: int
    first_due_on: int = NEVER
    installment_fen: int = 0
    listed: Listed | None = None
    closed: Ints | None = None
    closed_from: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What facts come to, as known on a day.

    rows       (rows, len(Row)) int64, ascending by Row.DUE_ON
    pieces     (pieces, len(Piece)) int64, ascending by Piece.ON; Piece.FACT counts in `facts`
    facts      (facts, len(Fact)) int64 in canonical order, with ACTIVE and HELD
    totals     (len(Total),) int64
    contract   the contract row
    interest_earned_fen   from the start to as_of, paid or not
    as_of, known_on   day numbers
    """

    rows: Ints
    pieces: Ints
    facts: Ints
    totals: Ints
    contract: Ints
    interest_earned_fen: int
    disbursed_on: int
    as_of: int
    known_on: int

    def total(self, column: Total) -> int:
        """One of the totals, minor units or a day number."""
        return int(self.totals[column])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """The arrays that the account kernel writes; make them once and use them for every loan that fits."""

    schedule: Ints
    rows: Ints
    pieces: Ints
    plan: Ints
    ledger: Ints
    resets: Ints
    aux: Ints
    rate_fraction: Ints
    totals: Ints


def scratch(schedule_rows: int, facts: int) -> Scratch:
    """Scratch for loans of up to so many schedule rows and facts."""
    # A later disbursement may bring two rows: its down payment, and one beyond the schedule's end.
    most = schedule_rows + 2 * facts + 2
    return Scratch(
        schedule=np.zeros((SCHEDULE_FIELDS, most), np.int64),
        rows=np.zeros((most, len(Row)), np.int64),
        pieces=np.zeros((schedule_rows + (facts + 1) * 4 + most * 2 + facts * most, len(Piece)), np.int64),
        plan=np.zeros((most, PLAN_FIELDS), np.int64),
        ledger=np.zeros((most * (facts + 2), ENTRY_FIELDS), np.int64),
        resets=np.zeros((facts + 2, RESET_FIELDS), np.int64),
        aux=np.zeros((most, AUX_FIELDS), np.int64),
        rate_fraction=np.zeros(most, np.int64),
        totals=np.zeros(len(Total), np.int64),
    )


@lean
def fill_contract_schedule(
    contract: Ints,
    principal_fen: int,
    disbursed_on: int,
    first_due_on: int,
    installment_fen: int,
    closed: Ints,
    closed_from: int,
    schedule: Ints,
    rate_fraction: Ints,
) -> tuple[int, int]:
    """The contractual schedule of a computed method in the account's layout; returns (rows, regular instalment)."""
    rows = fill_dates(contract, disbursed_on, first_due_on, schedule[_S_PERIOD_END])
    _, numerator, denominator = prepare(
        contract, disbursed_on, first_due_on, closed, closed_from, schedule[_S_DUE_ON], rate_fraction
    )
    return fill_contract_amounts(contract, principal_fen, installment_fen, rows, numerator, denominator, schedule, rate_fraction)


@lean
def fill_contract_amounts(
    contract: Ints,
    principal_fen: int,
    installment_fen: int,
    rows: int,
    numerator: int,
    denominator: int,
    schedule: Ints,
    rate_fraction: Ints,
) -> tuple[int, int]:
    """Amounts of a schedule whose dates and rates are prepared; returns (rows, regular instalment before smoothing)."""
    regular = 0
    if contract[_METHOD] == _LEVEL or contract[_METHOD] == _INTEREST_ONLY_THEN_LEVEL:
        regular = installment_fen
        if regular == 0:
            amortized = principal_fen - down_payment(contract, principal_fen)
            regular = round_to_multiple(amortized, numerator, denominator, contract[_ROUNDING], contract[_MULTIPLE])
    fill_amounts(
        contract,
        principal_fen,
        installment_fen,
        rate_fraction,
        numerator,
        denominator,
        schedule[_S_PRINCIPAL],
        schedule[_S_INTEREST],
    )
    for row in range(rows):
        schedule[SCHEDULE_FEE, row] = 0
    return rows, regular


def sort_facts(facts: Ints) -> Ints:
    """Facts in canonical order: by day, then kind, then as given; reversals keep pointing at what they reverse.

    facts    (facts, len(Fact)) int64; DETAIL of a reversal is a position in this array
    """
    order = np.lexsort((np.arange(len(facts)), facts[:, Fact.KIND], facts[:, Fact.ON]))
    position = np.empty(len(facts), np.int64)
    position[order] = np.arange(len(facts))
    ordered: Ints = facts[order].copy()
    for place in np.flatnonzero(ordered[:, Fact.KIND] == FactKind.REVERSAL):
        reversed_fact = int(ordered[place, Fact.DETAIL])
        if not 0 <= reversed_fact < len(facts):
            raise RequestError(f"a reversal points at fact {reversed_fact}; the loan has {len(facts)} facts, counted from 0.")
        ordered[place, Fact.DETAIL] = position[reversed_fact]
    return ordered


def fact_rows(facts: Iterable[Sequence[int]]) -> Ints:
    """Facts as an array from (kind, on, amount), (kind, on, amount, detail) or (kind, on, amount, detail, recorded_on) rows.

    recorded_on   the day it happened where it is not given
    """
    given = [tuple(fact) for fact in facts]
    rows = np.zeros((len(given), len(Fact)), np.int64)
    for place, fact in enumerate(given):
        kind, on, amount = fact[:3]
        rows[place, Fact.KIND] = kind
        rows[place, Fact.ON] = on
        rows[place, Fact.AMOUNT] = amount
        rows[place, Fact.DETAIL] = fact[3] if len(fact) > 3 else 0
        rows[place, Fact.RECORDED_ON] = fact[4] if len(fact) > 4 else on
    return rows


def _check(drawdown: Drawdown) -> None:
    contract = drawdown.contract
    if contract.shape != (FIELDS,):
        raise RequestError(f"a contract row has {FIELDS} columns; got an array of shape {contract.shape}.")
    if drawdown.principal_fen < 1:
        raise RequestError(f"a loan has a principal of at least 1 minor unit; got {drawdown.principal_fen}.")
    if contract[Field.METHOD] == Method.LISTED:
        if drawdown.listed is None:
            raise RequestError("a contract of method listed needs its instalments: pass Drawdown(listed=Listed(...)).")
        return
    if contract[Field.COUNT] < 1:
        raise RequestError(f"a contract has at least 1 instalment; Field.COUNT is {contract[Field.COUNT]}.")
    if contract[Field.SHIFT] != Shift.NONE and drawdown.closed is None:
        raise RequestError("the contract shifts due dates; pass the calendar's `closed` days.")
    if contract[Field.EXCESS] >= Excess.FEWER and contract[Field.RECALCULATE] == 0:
        name = Excess(int(contract[Field.EXCESS])).name.lower()
        raise RequestError(f"excess rule {name!r} changes the schedule, so interest must be recalculated; set RECALCULATE to 1.")
    if contract[Field.RECALCULATE] == 1 and contract[Field.PAYOFF] == Payoff.ALL_SCHEDULED:
        raise RequestError("payoff 'all_scheduled' needs a schedule that stands; set RECALCULATE to 0 or pay off to a date.")
    if contract[Field.RECALCULATE] == 1 and contract[Field.GRACE_INTEREST] > 0:
        raise RequestError("interest grace and recalculation exclude each other; set GRACE_INTEREST or RECALCULATE to 0.")


def account_of(drawdown: Drawdown, facts: Ints, *, as_of: int, known_on: int) -> Account:
    """The account of one loan, as of a day and as known on a day.

    facts      (facts, len(Fact)) int64, any order: ON, KIND, AMOUNT, DETAIL, RECORDED_ON (`fact_rows` makes them); the drawdown
               itself may be among them as a DISBURSEMENT of the same day and amount
    raises     RequestError for terms that contradict each other; OverflowError, never a wrapped product
    """
    _check(drawdown)
    ordered = sort_facts(np.ascontiguousarray(facts, np.int64).reshape(-1, len(Fact)))
    contract = np.ascontiguousarray(drawdown.contract, np.int64)
    listed = drawdown.listed
    schedule_rows = row_count(contract) if listed is None else len(listed.due_on)
    room = scratch(schedule_rows, len(ordered))
    regular = 0
    if listed is None:
        closed = np.zeros(0, np.bool_) if drawdown.closed is None else drawdown.closed
        schedule_rows, regular = fill_contract_schedule(
            contract,
            drawdown.principal_fen,
            drawdown.disbursed_on,
            drawdown.first_due_on,
            drawdown.installment_fen,
            closed,
            drawdown.closed_from,
            room.schedule,
            room.rate_fraction,
        )
    else:
        room.schedule[SCHEDULE_DUE_ON, :schedule_rows] = listed.due_on
        room.schedule[SCHEDULE_PERIOD_END, :schedule_rows] = listed.due_on
        room.schedule[SCHEDULE_PRINCIPAL, :schedule_rows] = listed.principal_fen
        room.schedule[SCHEDULE_INTEREST, :schedule_rows] = listed.interest_fen
        room.schedule[SCHEDULE_FEE, :schedule_rows] = listed.fee_fen
    book(
        contract,
        drawdown.principal_fen,
        drawdown.disbursed_on,
        room.schedule,
        schedule_rows,
        regular,
        ordered,
        len(ordered),
        as_of,
        known_on,
        room.rows,
        room.pieces,
        room.plan,
        room.ledger,
        room.resets,
        room.aux,
        room.rate_fraction,
        room.totals,
    )
    earned = accrued_of_account(
        contract,
        room.schedule,
        drawdown.disbursed_on,
        room.rows,
        room.plan,
        room.ledger,
        room.resets,
        room.aux,
        room.totals,
        as_of,
    )
    return Account(
        rows=room.rows[: room.totals[Total.ROWS]].copy(),
        pieces=room.pieces[: room.totals[Total.PIECES]].copy(),
        facts=ordered,
        totals=room.totals,
        contract=contract,
        interest_earned_fen=int(earned),
        disbursed_on=drawdown.disbursed_on,
        as_of=as_of,
        known_on=known_on,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a payment would do.

    amount_fen     what it comes to (a payoff of amount 0: what is owed)
    pieces         (pieces, len(Piece)) int64: where it would go
    unapplied_fen  what would find nothing to pay
    account        the account after it
    """

    amount_fen: int
    pieces: Ints
    unapplied_fen: int
    account: Account


def preview_payment(
    drawdown: Drawdown, facts: Ints, *, on: int, known_on: int, amount_fen: int, kind: FactKind = FactKind.PAYMENT
) -> Preview:
    """What booking a payment on a day would do: it is booked, by the kernel that books, and nothing is kept.

    kind   PAYMENT, PAYOFF (amount 0: whatever is owed that day) or DOWN_PAYMENT
    """
    if kind not in (FactKind.PAYMENT, FactKind.PAYOFF, FactKind.DOWN_PAYMENT):
        raise RequestError(f"a preview is of money from the borrower, not of {kind.name.lower()}.")
    if amount_fen < 0 or (amount_fen == 0 and kind != FactKind.PAYOFF):
        raise RequestError(f"a payment on {date(on)} needs an amount above 0; got {amount_fen}.")
    given = np.ascontiguousarray(facts, np.int64).reshape(-1, len(Fact))
    offered = np.vstack([given, fact_rows([(kind, on, amount_fen, 0, known_on)])])
    before = account_of(drawdown, given, as_of=on, known_on=known_on)
    account = account_of(drawdown, offered, as_of=on, known_on=known_on)
    same_day = (account.facts[:, Fact.ON] == on) & (account.facts[:, Fact.KIND] == kind)
    place = int(np.flatnonzero(same_day)[-1])
    return Preview(
        amount_fen=account.total(Total.RECEIVED) - before.total(Total.RECEIVED),
        pieces=account.pieces[account.pieces[:, Piece.FACT] == place],
        unapplied_fen=int(account.facts[place, Fact.HELD]),
        account=account,
    )
