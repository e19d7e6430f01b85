"""What can be looked up: borrowers, lines, loans, decisions; and what a payment would do. Only the audit row is written."""

import datetime as dt
from collections.abc import Mapping

from loanbook import units
from loanbook.loans.account import preview_payment
from loanbook.loans.facts import FactKind, Piece, Row, Total
from loanbook.services.access import access_reads
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cash import cash_read
from loanbook.services.funding_view import funding_read
from loanbook.services.line_statement import statement_read
from loanbook.services.offers import offers_read
from loanbook.services.paying import account_parts, online_account
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given, rate_text
from loanbook.stores.online.lookups import ids_of_borrower, payments_of
from loanbook.stores.online.schema import BORROWER, DECISION, LINE, LOAN
from loanbook.stores.online.unit import Row as Stored
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vault import Vault
from loanbook.units import MONEY_MAX


class BorrowerView(Given, kw_only=True):
    """A borrower under the pseudonym."""

    borrower_id: str
    kind: str
    channel: str
    drawdowns: int
    lines: tuple[str, ...]
    loans: tuple[str, ...]


class LineView(Given, kw_only=True):
    """A credit line."""

    line_id: str
    borrower_id: str
    grade: str
    limit_fen: int
    used_fen: int
    available_fen: int
    rate_annual: str
    opened_on: dt.date
    expires_on: dt.date
    state: str


class DueView(Given, kw_only=True):
    """One instalment and what of it is paid."""

    due_on: dt.date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    paid_fen: int


class LoanView(Given, kw_only=True):
    """A loan as of today: state, schedule, what is owed and for how long."""

    loan_id: str
    borrower_id: str
    line_id: str
    product: str
    model: str | None
    partner: str | None
    principal_fen: int
    rate_annual: str
    state: str
    drawn_on: dt.date
    disbursed_on: dt.date | None
    outstanding_fen: int
    days_past_due: int
    instalments: tuple[DueView, ...]


class DecisionView(Given, kw_only=True):
    """A decision with its reasons; evidence is for risk, auditor and operator."""

    decision_id: str
    borrower_id: str
    outcome: str
    reasons: tuple[str, ...]
    decided_on: dt.date
    strategy_hash: str


class PieceView(Given, kw_only=True):
    """What of a payment would go where."""

    due_on: dt.date | None
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int


class PaymentPreview(Given, kw_only=True):
    """What booking a payment today would do; the kernel that books it runs."""

    loan_id: str
    amount_fen: int
    pieces: tuple[PieceView, ...]
    outstanding_fen: int
    unapplied_fen: int


def _borrower(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> BorrowerView | Refusal:
    row = unit.read(BORROWER, [id_]).get(id_)
    if row is None or not is_own(caller, row):
        return none_such("borrower", id_)
    lines, loans = ids_of_borrower(unit.connection, id_)
    return BorrowerView(
        borrower_id=id_,
        kind=row["kind"],
        channel=row["channel"],
        drawdowns=row["drawdowns"],
        lines=lines,
        loans=loans,
    )


def _line(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> LineView | Refusal:
    row = unit.read(LINE, [id_]).get(id_)
    if row is None or not is_own(caller, row):
        return none_such("line", id_)
    return LineView(
        line_id=id_,
        borrower_id=row["borrower_id"],
        grade=row["grade"],
        limit_fen=row["limit_fen"],
        used_fen=row["used_fen"],
        available_fen=max(row["limit_fen"] - row["used_fen"], 0),
        rate_annual=rate_text(row["rate_annual"]),
        opened_on=row["opened_on"],
        expires_on=row["expires_on"],
        state=row["state"],
    )


def _decision(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> DecisionView | Refusal:
    row = unit.read(DECISION, [id_]).get(id_)
    if row is None or not is_own(caller, row):
        return none_such("decision", id_)
    return DecisionView(
        decision_id=id_,
        borrower_id=row["borrower_id"],
        outcome=row["outcome"],
        reasons=tuple(row["reasons"]),
        decided_on=row["decided_on"],
        strategy_hash=row["strategy_hash"],
    )


def reads(terms: PlatformTerms, vault: Vault) -> tuple[Read, ...]:
    """Everything that can be looked up on a platform with these terms."""

    def loan(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> LoanView | Refusal:
        row = unit.read(LOAN, [id_]).get(id_)
        if row is None or not is_own(caller, row):
            return none_such("loan", id_)
        return _loan_view(terms, unit, row)

    def preview(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> PaymentPreview | Refusal:
        row = unit.read(LOAN, [id_]).get(id_)
        if row is None or not is_own(caller, row):
            return none_such("loan", id_)
        return _preview(terms, unit, row, options)

    return (
        Read(
            name="borrower",
            text="A borrower, their lines and loans",
            by="borrower_id",
            answer=BorrowerView,
            roles=STAFF | {"borrower_app"},
            find=_borrower,
        ),
        Read(name="line", text="A credit line", by="line_id", answer=LineView, roles=STAFF | {"borrower_app"}, find=_line),
        Read(
            name="decision",
            text="A decision on an application",
            by="decision_id",
            answer=DecisionView,
            roles=STAFF | {"borrower_app"},
            find=_decision,
        ),
        Read(
            name="loan",
            text="A loan, its schedule and what is owed today",
            by="loan_id",
            answer=LoanView,
            roles=STAFF | {"borrower_app", "partner"},
            find=loan,
        ),
        Read(
            name="payment_preview",
            text="What a payment today would do",
            by="loan_id",
            answer=PaymentPreview,
            roles=STAFF | {"borrower_app"},
            find=preview,
            options={"amount_fen": "minor units; empty with payoff: whatever is owed", "payoff": "true settles the loan"},
        ),
        offers_read(terms),
        statement_read(terms),
        funding_read(terms),
        cash_read(terms),
        *access_reads(terms, vault),
    )


def _loan_view(terms: PlatformTerms, unit: Unit, row: Stored) -> LoanView:
    instalments: tuple[DueView, ...] = ()
    outstanding, dpd = row["principal_fen"], 0
    if row["state"] == "cancelled":
        outstanding = 0
    elif row["disbursed_on"] is not None:
        account = online_account(terms, row, payments_of(unit.connection, [row["loan_id"]])[row["loan_id"]], unit.today)
        outstanding = account.total(Total.OUTSTANDING)
        today = units.day(unit.today)
        behind = account.rows[(account.rows[:, Row.DUE_ON] < today) & (account.rows[:, Row.CLEARED_ON] > today)]
        dpd = today - int(behind[:, Row.DUE_ON].min()) if len(behind) else 0
        instalments = tuple(
            DueView(
                due_on=units.date(each[Row.DUE_ON]),
                principal_fen=int(each[Row.PRINCIPAL]),
                interest_fen=int(each[Row.INTEREST]),
                fee_fen=int(each[Row.FEE]),
                penalty_fen=int(each[Row.PENALTY]),
                paid_fen=int(each[[Row.PAID_PRINCIPAL, Row.PAID_INTEREST, Row.PAID_FEE, Row.PAID_PENALTY]].sum()),
            )
            for each in account.rows
        )
    return LoanView(
        loan_id=row["loan_id"],
        borrower_id=row["borrower_id"],
        line_id=row["line_id"],
        product=row["product"],
        model=row["model"],
        partner=row["partner"],
        principal_fen=row["principal_fen"],
        rate_annual=rate_text(row["rate_annual"]),
        state=row["state"],
        drawn_on=row["drawn_on"],
        disbursed_on=row["disbursed_on"],
        outstanding_fen=outstanding,
        days_past_due=dpd,
        instalments=instalments,
    )


def _preview(terms: PlatformTerms, unit: Unit, row: Stored, options: Mapping[str, str]) -> PaymentPreview | Refusal:
    text, payoff = options.get("amount_fen", ""), options.get("payoff", "") == "true"
    if row["disbursed_on"] is None or row["state"] == "cancelled":
        detail = f"loan {row['loan_id']} is {row['state']}; it takes no payments."
        return Refusal(status=409, rule="loan_not_running", detail=detail)
    if not (payoff and not text) and (not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) < MONEY_MAX // 4):
        detail = "amount_fen must be a whole number of minor units above 0, or left out with payoff=true."
        return Refusal(status=422, rule="amount_not_understood", detail=detail)
    drawdown, facts = account_parts(terms, row, payments_of(unit.connection, [row["loan_id"]])[row["loan_id"]])
    found = preview_payment(
        drawdown,
        facts,
        on=units.day(unit.today),
        known_on=units.NEVER - 1,
        amount_fen=int(text) if text else 0,
        kind=FactKind.PAYOFF if payoff else FactKind.PAYMENT,
    )
    return PaymentPreview(
        loan_id=row["loan_id"],
        amount_fen=int(found.amount_fen),
        pieces=tuple(
            PieceView(
                due_on=units.date(found.account.rows[each[Piece.ROW], Row.DUE_ON]) if each[Piece.ROW] >= 0 else None,
                principal_fen=int(each[Piece.PRINCIPAL]),
                interest_fen=int(each[Piece.INTEREST]),
                fee_fen=int(each[Piece.FEE]),
                penalty_fen=int(each[Piece.PENALTY]),
            )
            for each in found.pieces
        ),
        outstanding_fen=found.account.total(Total.OUTSTANDING),
        unapplied_fen=found.account.total(Total.UNAPPLIED),
    )
