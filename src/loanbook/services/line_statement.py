"""The statement of a line for a month: what all its drawdowns together ask for, what of it is paid, what is left from before."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from loanbook import units
from loanbook.loans.facts import Row as Due
from loanbook.services.caller import Caller, Refusal
from loanbook.services.paying import online_account
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.purchases import running_of_line
from loanbook.stores.online.schema import LINE
from loanbook.stores.online.unit import Row, Unit

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_PAID = (Due.PAID_PRINCIPAL, Due.PAID_INTEREST, Due.PAID_FEE, Due.PAID_PENALTY)


class StatementItem(Given, kw_only=True):
    """One instalment of one drawdown, with what was bought; days past due as of today."""

    loan_id: str
    product: str
    merchant: str | None
    merchant_reference: str | None
    number: int
    installment_count: int
    due_on: dt.date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    paid_fen: int
    open_fen: int
    days_past_due: int


class StatementView(Given, kw_only=True):
    """A month of a line as it stands today; drawdowns that were cancelled or written off are not in it.

    due_fen       what the month's instalments ask for;  paid_fen, open_fen  what of that is paid, and is not
    overdue_fen   unpaid instalments of earlier months;  to_pay_fen  both
    """

    line_id: str
    month: str
    due_fen: int
    paid_fen: int
    open_fen: int
    overdue_fen: int
    to_pay_fen: int
    pay_by: dt.date | None
    limit_fen: int
    used_fen: int
    available_fen: int
    items: tuple[StatementItem, ...]


def statement_read(terms: PlatformTerms) -> Read:
    """The read."""

    def find(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> StatementView | Refusal:
        line = unit.read(LINE, [id_]).get(id_)
        if line is None or not is_own(caller, line):
            return none_such("line", id_)
        month = options.get("month", "") or f"{unit.today:%Y-%m}"
        found = _MONTH.fullmatch(month)
        if found is None:
            detail = f"month must be a year and month as 2024-05; got {month[:20]!r}."
            return Refusal(status=422, rule="month_not_understood", detail=detail)
        begins = dt.date(int(found[1]), int(found[2]), 1)
        return _statement(terms, unit, line, month, begins)

    return Read(
        name="statement",
        text="What a line asks for in a month, over all its drawdowns",
        by="line_id",
        answer=StatementView,
        roles=STAFF | {"borrower_app"},
        find=find,
        options={"month": "year and month, e.g. 2024-05; left out: this month"},
    )


def _statement(terms: PlatformTerms, unit: Unit, line: Row, month: str, begins: dt.date) -> StatementView:
    ends = (begins + dt.timedelta(days=31)).replace(day=1)
    loans = running_of_line(unit.connection, line["line_id"], begins)
    payments = payments_of(unit.connection, (loan["loan_id"] for loan in loans))
    items = sorted(
        (item for loan in loans for item in _items(terms, unit, loan, payments[loan["loan_id"]], begins, ends)),
        key=lambda item: (item.due_on, item.loan_id),
    )
    due = [item for item in items if item.due_on >= begins]
    open_fen = sum(item.open_fen for item in due)
    overdue = sum(item.open_fen for item in items if item.due_on < begins)
    waiting = [item.due_on for item in due if item.open_fen and item.due_on >= unit.today]
    return StatementView(
        line_id=line["line_id"],
        month=month,
        due_fen=sum(item.open_fen + item.paid_fen for item in due),
        paid_fen=sum(item.paid_fen for item in due),
        open_fen=open_fen,
        overdue_fen=overdue,
        to_pay_fen=open_fen + overdue,
        pay_by=min(waiting, default=None),
        limit_fen=line["limit_fen"],
        used_fen=line["used_fen"],
        available_fen=max(line["limit_fen"] - line["used_fen"], 0),
        items=tuple(items),
    )


def _items(
    terms: PlatformTerms, unit: Unit, loan: Row, payments: list[Row], begins: dt.date, ends: dt.date
) -> Iterator[StatementItem]:
    """Instalments due in the month, and those of earlier months of which something is unpaid."""
    today = units.day(unit.today)
    account = online_account(terms, loan, payments, unit.today)
    for number, row in enumerate(account.rows, start=1):
        due_on = units.date(int(row[Due.DUE_ON]))
        paid = int(row[list(_PAID)].sum())
        asked = int(row[[Due.PRINCIPAL, Due.INTEREST, Due.FEE, Due.PENALTY]].sum())
        if due_on >= ends or (due_on < begins and paid == asked):
            continue
        late = row[Due.DUE_ON] < today < row[Due.CLEARED_ON]
        yield StatementItem(
            loan_id=loan["loan_id"],
            product=loan["product"],
            merchant=loan["merchant"],
            merchant_reference=loan["merchant_reference"],
            number=number,
            installment_count=loan["installment_count"],
            due_on=due_on,
            principal_fen=int(row[Due.PRINCIPAL]),
            interest_fen=int(row[Due.INTEREST]),
            fee_fen=int(row[Due.FEE]),
            penalty_fen=int(row[Due.PENALTY]),
            paid_fen=paid,
            open_fen=asked - paid,
            days_past_due=today - int(row[Due.DUE_ON]) if late else 0,
        )
