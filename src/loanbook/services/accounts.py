"""One loan's account as of a day: schedule, payments, allocation, status; and what a payment would do."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.errors import RequestError, StateError
from loanbook.loans.account import Account, Drawdown, Listed, Preview, account_of, preview_payment
from loanbook.loans.batches import IrregularBatch
from loanbook.loans.facts import Fact, FactKind, Row, Total
from loanbook.stores.book import Book
from loanbook.stores.one_loan import OneLoan, read_loan
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Method
from loanbook.units import NEVER, Ints

DECIMALS = 2
"""Decimals of money where no terms say so."""

_AMOUNT_MOST = units.MONEY_MAX // 4
"""A payment beside all that a loan already received must stay within 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanView:
    """A loan as of a day.

    account   None for a loan that a tape reports: its positions are in `loan.batch`
    dpd       days past due of the oldest instalment in arrears at the end of the day, 0 for none
    owed_fen  principal outstanding, None like `account`; 0 of a cancelled loan, which counts as repaid that day
    status    not disbursed, current, past due, charged off, repaid, cancelled, reported, taken back
    """

    loan: OneLoan
    as_of: int
    known_on: int
    account: Account | None
    dpd: int
    owed_fen: int | None
    status: str


def view_loan(book: Book, loan_id: str, as_of: dt.date, *, known_on: dt.date | None = None) -> LoanView:
    """The account of a loan as of a day, as known on a day (default: everything recorded).

    raises   RequestError when the book has no such loan
    """
    loan = read_loan(book, loan_id)
    day, known = units.day(as_of), NEVER if known_on is None else units.day(known_on)
    if not isinstance(loan.batch, IrregularBatch):
        return LoanView(loan=loan, as_of=day, known_on=known, account=None, dpd=0, owed_fen=None, status="reported")
    account = account_of(_drawdown(loan), _facts(loan.batch), as_of=day, known_on=known)
    dpd = _days_past_due(account)
    return LoanView(
        loan=loan,
        as_of=day,
        known_on=known,
        account=account,
        dpd=dpd,
        owed_fen=0 if is_cancelled(account) else account.total(Total.OUTSTANDING),
        status=_status(loan, account, dpd),
    )


def is_cancelled(account: Account) -> bool:
    """Whether the loan was cancelled by the end of the account's day: nothing of it is owed any more."""
    return bool(account.total(Total.CANCELLED_ON) <= account.as_of)


def decimals_of(loan: OneLoan) -> int:
    """Decimals of the loan's money: those of its terms, else two."""
    return loan.terms.decimals if loan.terms else DECIMALS


def preview(book: Book, loan_id: str, on: dt.date, amount: str | None, *, payoff: bool = False) -> tuple[OneLoan, Preview]:
    """What booking a payment on a day would do, with everything that the book has recorded.

    amount       decimal text in the currency's unit; None with `payoff`: whatever is owed that day
    raises       RequestError when there is no such loan or no such amount; StateError for a loan that a tape reports, or that is
                 not disbursed yet on that day
    """
    loan = read_loan(book, loan_id)
    if not isinstance(loan.batch, IrregularBatch):
        raise StateError(
            f"{loan_id} is a loan that a tape reports; its account is the servicer's, so nothing can be booked on it."
        )
    kind = FactKind.PAYOFF if payoff else FactKind.PAYMENT
    disbursed_on = int(loan.batch.disbursed_on[0])
    if units.day(on) < disbursed_on:
        raise StateError(
            f"{loan_id} is disbursed on {units.date(disbursed_on)}; nothing can be paid on {on}. Preview a later day."
        )
    amount_fen = 0 if amount is None else _amount(amount, decimals_of(loan))
    known_on = max(units.day(on), int(loan.batch.fact_recorded_on.max(initial=0)))
    return loan, preview_payment(
        _drawdown(loan), _facts(loan.batch), on=units.day(on), known_on=known_on, amount_fen=amount_fen, kind=kind
    )


def _amount(text: str, decimals: int) -> int:
    try:
        amount_fen = units.parse_decimal(text, 10**decimals, exact=True)
    except OverflowError:
        amount_fen = units.MONEY_MAX
    except RequestError as error:
        example = units.format_money(1250 * 10**decimals, decimals).replace(",", "")
        raise RequestError(
            f"{text!r} is not an amount of money with at most {decimals} decimals. "
            f"Write digits without separators, e.g. {example}."
        ) from error
    if amount_fen > _AMOUNT_MOST:
        most = units.format_money(_AMOUNT_MOST, decimals)
        raise RequestError(f"{text} is more than a payment can be. Write at most {most}.")
    return amount_fen


def _drawdown(loan: OneLoan) -> Drawdown:
    batch = loan.batch
    assert isinstance(batch, IrregularBatch)
    contract = loan.classes.rows[batch.class_no[0]]
    listed = None
    if contract[Field.METHOD] == Method.LISTED:
        listed = Listed(
            due_on=batch.listed_due_on.astype(np.int64),
            principal_fen=batch.listed_principal,
            interest_fen=batch.listed_interest,
            fee_fen=batch.listed_fee,
        )
    closed, closed_from = loan.calendar
    return Drawdown(
        contract=contract,
        principal_fen=int(batch.principal_fen[0]),
        disbursed_on=int(batch.disbursed_on[0]),
        first_due_on=int(batch.first_due_on[0]),
        installment_fen=int(batch.installment_fen[0]),
        listed=listed,
        closed=closed if closed.size else None,
        closed_from=closed_from,
    )


def _facts(batch: IrregularBatch) -> Ints:
    facts = np.zeros((batch.fact_on.size, len(Fact)), np.int64)
    facts[:, Fact.ON] = batch.fact_on
    facts[:, Fact.KIND] = batch.fact_kind
    facts[:, Fact.AMOUNT] = batch.fact_amount
    facts[:, Fact.DETAIL] = batch.fact_detail
    facts[:, Fact.RECORDED_ON] = batch.fact_recorded_on
    return facts


def _days_past_due(account: Account) -> int:
    if is_cancelled(account):
        return 0
    late = (account.rows[:, Row.DUE_ON] < account.as_of) & (account.rows[:, Row.CLEARED_ON] > account.as_of)
    return int(account.as_of - account.rows[late, Row.DUE_ON].min()) if late.any() else 0


def _status(loan: OneLoan, account: Account, dpd: int) -> str:
    limit = int(account.contract[Field.CHARGE_OFF_DAYS])
    disbursement = account.facts[account.facts[:, Fact.KIND] == FactKind.DISBURSEMENT]
    if loan.reversed and not disbursement[:, Fact.ACTIVE].any():
        return "taken back"
    if account.as_of < account.disbursed_on or (len(disbursement) and not disbursement[:, Fact.ACTIVE].any()):
        return "not disbursed"
    if is_cancelled(account):
        return "cancelled"
    if account.total(Total.CHARGED_OFF_ON) <= account.as_of:
        return "charged off"
    if account.total(Total.OUTSTANDING) <= 0:
        return "repaid"
    if limit and dpd > limit:
        return "charged off by terms"
    return "past due" if dpd else "current"
