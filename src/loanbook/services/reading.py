"""What can be looked up: borrowers, lines, loans, decisions; and what a payment would do. Only the audit row is written."""

import datetime as dt
from collections.abc import Mapping
from functools import partial

from loanbook import units
from loanbook.loans.facts import Row, Total
from loanbook.services import proposals
from loanbook.services.access import access_reads
from loanbook.services.caller import Caller, Refusal
from loanbook.services.cash import cash_read
from loanbook.services.collections import collection_reads
from loanbook.services.funding_view import funding_read
from loanbook.services.guarantor_view import guarantor_read
from loanbook.services.line_statement import statement_read
from loanbook.services.offers import offers_read
from loanbook.services.outside_debt import debt_read
from loanbook.services.paying import online_account
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.previewing import payment_preview
from loanbook.services.quota_view import quota_read
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given, rate_text
from loanbook.services.vehicle_view import vehicle_read
from loanbook.stores.online.lookups import ids_of_borrower, payments_of
from loanbook.stores.online.schema import BORROWER, DECISION, LINE, LOAN
from loanbook.stores.online.unit import Row as Stored
from loanbook.stores.online.unit import Unit
from loanbook.stores.online.vault import Vault
from loanbook.terms.vehicle_file import vehicles_in


class BorrowerView(Given, kw_only=True):
    """A borrower under the pseudonym."""

    borrower_id: str
    kind: str
    channel: str
    drawdowns: int
    """Loans that were paid out."""
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
    kind: str
    """Of borrower: consumer or small_business."""
    products: tuple[str, ...]
    """What can be drawn: the products for this kind of borrower; `offers` prices them."""


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
    closed_on: dt.date | None
    """The day it was repaid or charged off."""
    outstanding_fen: int
    unapplied_fen: int
    """Money that found nothing to pay; below 0 what was refunded and then bounced."""
    recovered_fen: int
    """Money after charge-off."""
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


def _borrower(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> BorrowerView | Refusal:
    row = unit.read(BORROWER, [id_]).get(id_)
    if row is None or not is_own(caller, row):
        return none_such("borrower", id_)
    lines, loans, drawdowns = ids_of_borrower(unit.connection, id_)
    return BorrowerView(
        borrower_id=id_,
        kind=row["kind"],
        channel=row["channel"],
        drawdowns=drawdowns,
        lines=lines,
        loans=loans,
    )


def _line(terms: PlatformTerms, unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> LineView | Refusal:
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
        kind=row["kind"],
        products=terms.products_for(row["kind"], units.day(unit.today)),
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

    return (
        Read(
            name="borrower",
            text="A borrower, their lines and loans",
            by="borrower_id",
            answer=BorrowerView,
            roles=STAFF | {"borrower_app"},
            find=_borrower,
        ),
        Read(
            name="line",
            text="A credit line",
            by="line_id",
            answer=LineView,
            roles=STAFF | {"borrower_app"},
            find=partial(_line, terms),
        ),
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
        payment_preview(terms),
        *proposals.READS,
        offers_read(terms),
        statement_read(terms),
        funding_read(terms),
        *collection_reads(terms),
        cash_read(terms),
        *access_reads(terms, vault),
        quota_read(terms),
        guarantor_read(terms, vehicles_in()),
        vehicle_read(),
        debt_read(terms.lending_rules, vehicles_in()),
    )


def _loan_view(terms: PlatformTerms, unit: Unit, row: Stored) -> LoanView:
    instalments: tuple[DueView, ...] = ()
    outstanding, unapplied, recovered, dpd = row["principal_fen"], 0, 0, 0
    if row["state"] in ("cancelled", "unfunded"):
        outstanding = 0
    elif row["disbursed_on"] is not None:
        account = online_account(terms, row, payments_of(unit.connection, [row["loan_id"]])[row["loan_id"]], unit.today)
        outstanding, unapplied = account.total(Total.OUTSTANDING), account.total(Total.UNAPPLIED)
        recovered = account.total(Total.RECOVERED)
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
        closed_on=row["closed_on"],
        outstanding_fen=outstanding,
        unapplied_fen=unapplied,
        recovered_fen=recovered,
        days_past_due=dpd,
        instalments=instalments,
    )
