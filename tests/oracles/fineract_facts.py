"""Events of a Fineract reference case as facts of one loan, in the order they were executed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np

from loanbook.loans.account import Account, Drawdown, account_of, fact_rows
from loanbook.loans.facts import FactKind, Row, Total
from loanbook.units import NEVER, day, rate
from tests.oracles.fineract_terms import DeclinedError, Setting, down_payment_of, money

_SILENT = ("submit", "approve")
_TYPES = {
    FactKind.PAYMENT: "Repayment",
    FactKind.PAYOFF: "Repayment",
    FactKind.DOWN_PAYMENT: "Down Payment",
}


@dataclass(slots=True, kw_only=True)
class Line:
    """One transaction as the reference lists it; amounts in minor units."""

    on: int
    kind: str
    amount: int
    principal: int = 0
    interest: int = 0
    fees: int = 0
    penalties: int = 0
    balance: int = 0
    reverted: bool = False

    def key(self) -> tuple[Any, ...]:
        """What is compared; same-day order is not."""
        return (
            self.on,
            self.kind,
            self.amount,
            self.principal,
            self.interest,
            self.fees,
            self.penalties,
            self.balance,
            self.reverted,
        )


@dataclass(slots=True, kw_only=True)
class Book:
    """A loan while its events are executed: the facts so far, and what the engine posts around them."""

    setting: Setting
    principal_fen: int
    expected_on: int
    facts: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    business_day: int = 0
    computed_on: int = 0
    """The business day of the last event that made the engine recompute."""
    closed_on: int = 0
    accruals: list[Line] = field(default_factory=list)
    activities: list[Line] = field(default_factory=list)
    reverted: dict[int, Line] = field(default_factory=dict)
    charges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(fact, due day, amount, row column) of each charge."""
    fined: set[int] = field(default_factory=set)

    @property
    def disbursed(self) -> list[tuple[int, int]]:
        """(day, amount) of each disbursement."""
        return [(fact[1], fact[2]) for fact in self.facts if fact[0] == FactKind.DISBURSEMENT]

    def account(self, as_of: int | None = None) -> Account:
        """The account of the facts so far; before the disbursement, of the loan as it is expected."""
        given = self.disbursed
        on, principal = given[0] if given else (self.expected_on, self.principal_fen)
        until = max(self.computed_on, on) if as_of is None else as_of
        drawdown = Drawdown(contract=self.setting.contract, principal_fen=principal, disbursed_on=on)
        return account_of(drawdown, fact_rows(self.facts), as_of=until, known_on=NEVER)

    def add(self, kind: FactKind, on: int, amount: int, detail: int = 0) -> None:
        """One more fact, recorded on the business day."""
        if on > self.business_day and kind not in (FactKind.RATE, FactKind.REVERSAL):
            raise DeclinedError(f"{kind.name.lower()} dated after the business date")
        self.facts.append((int(kind), on, amount, detail, self.business_day))

    def lines(self, account: Account) -> list[Line]:
        """Disbursements and money in as the reference lists transactions, reverted ones as they stood."""
        position = _positions(self.facts)
        active = {number: account.facts[position[number], 5] == 1 for number in range(len(self.facts))}
        lines: list[Line] = []
        balance = 0
        for number in sorted(range(len(self.facts)), key=lambda number: position[number]):
            kind, on, amount, _, _ = self.facts[number]
            if not active[number]:
                if number in self.reverted:
                    lines.append(self.reverted[number])
                continue
            if kind == FactKind.DISBURSEMENT:
                balance += amount
                lines.append(Line(on=on, kind="Disbursement", amount=amount, balance=balance))
            elif kind in _TYPES:
                parts = account.pieces[account.pieces[:, 6] == position[number]]
                principal, interest, fees, penalties = (int(parts[:, column].sum()) for column in (2, 3, 4, 5))
                balance -= principal
                held = int(account.facts[position[number], 6])
                lines.append(
                    Line(
                        on=on,
                        kind=_TYPES[FactKind(kind)],
                        amount=principal + interest + fees + penalties + held,
                        principal=principal,
                        interest=interest,
                        fees=fees,
                        penalties=penalties,
                        balance=balance,
                    )
                )
        return lines + self.accruals + self.activities


def _positions(facts: Sequence[tuple[int, ...]]) -> dict[int, int]:
    order = np.lexsort((np.arange(len(facts)), [fact[0] for fact in facts], [fact[1] for fact in facts]))
    return {int(number): place for place, number in enumerate(order)}


def is_settled(account: Account) -> bool:
    """Whether a disbursed loan owes nothing on any row."""
    columns = (
        account.rows[:, Row.PRINCIPAL : Row.PENALTY + 1].sum() - account.rows[:, Row.PAID_PRINCIPAL : Row.PAID_PENALTY + 1].sum()
    )
    return len(account.rows) > 0 and int(columns) == 0


def _earned(book: Book, account: Account, on: int) -> tuple[int, int, int]:
    fees = sum(amount for _, due, amount, column in book.charges if due <= on and column == Row.FEE)
    penalties = sum(amount for _, due, amount, column in book.charges if due <= on and column == Row.PENALTY)
    return account.interest_earned_fen, fees, penalties


def _post_accrual(book: Book, on: int, earned: tuple[int, int, int]) -> None:
    posted = [sum(getattr(line, name) for line in book.accruals) for name in ("interest", "fees", "penalties")]
    interest, fees, penalties = (now - before for now, before in zip(earned, posted, strict=True))
    amount = interest + fees + penalties
    if amount < 0 or min(interest, fees, penalties) < 0:
        raise DeclinedError("accrual adjustments (earned less than was accrued before) are not carried")
    if amount > 0:
        book.accruals.append(Line(on=on, kind="Accrual", amount=amount, interest=interest, fees=fees, penalties=penalties))


def _close_of_business(book: Book, on: int) -> None:
    if not book.disbursed:
        book.closed_on = on
        return
    if book.setting.late_fee_percent is not None:
        _fine_overdue(book, on)
    if book.setting.accrues and not is_settled(book.account()):
        if book.setting.progressive:
            for closing in range(book.closed_on + 1 if book.closed_on else on, on + 1):
                if closing - 1 >= book.disbursed[0][0]:
                    _post_accrual(book, closing - 1, _earned(book, book.account(closing - 1), closing - 1))
        else:
            _accrue_by_rows(book, on)
    if book.setting.posts_activity:
        raise DeclinedError("accrual activities posted at close of business are not carried")
    book.closed_on = on


def _accrue_by_rows(book: Book, on: int) -> None:
    account = book.account()
    start = account.disbursed_on
    for row in account.rows:
        if row[Row.DUE_ON] >= on:
            if start < on - 1 and row[Row.INTEREST] > 0:
                raise DeclinedError("cumulative engine: the accrual of a part of a period is not described")
            break
        start = int(row[Row.DUE_ON])
        if all(line.on != start for line in book.accruals):
            interest, fees, penalties = int(row[Row.INTEREST]), int(row[Row.FEE]), int(row[Row.PENALTY])
            amount = interest + fees + penalties
            if amount > 0:
                book.accruals.append(
                    Line(on=start, kind="Accrual", amount=amount, interest=interest, fees=fees, penalties=penalties)
                )


def _fine_overdue(book: Book, on: int) -> None:
    percent = book.setting.late_fee_percent
    assert percent is not None
    for row in book.account().rows:
        due = int(row[Row.DUE_ON])
        if due < on and due not in book.fined and row[Row.SETTLED_ON] == NEVER:
            book.fined.add(due)
            share = Decimal(int(row[Row.PRINCIPAL])) * percent / 100
            amount = int(share.quantize(Decimal(1), ROUND_HALF_EVEN))
            if amount > 0:
                book.charges.append((len(book.facts), due, amount, int(Row.PENALTY)))
                book.add(FactKind.CHARGE_PENALTY, due, amount, due)


def _reversed_fact(book: Book, event: Mapping[str, Any]) -> int:
    kinds = [number for number, fact in enumerate(book.facts) if fact[0] in _TYPES]
    if event.get("type") == "LAST_REPAYMENT":
        on = day(event["on"])
        found = [number for number in kinds if book.facts[number][1] == on and number not in book.reverted]
        place = -1
    else:
        on = day(event["transaction_date"])
        name = event.get("type")
        found = [number for number in kinds if book.facts[number][1] == on and _TYPES[FactKind(book.facts[number][0])] == name]
        place = int(event.get("nth_on_date", 1)) - 1
    if not found or place >= len(found):
        raise DeclinedError(f"reverse_transaction names no {event.get('type')} of that day")
    return found[place]


def _reverse(book: Book, event: Mapping[str, Any]) -> None:
    number = _reversed_fact(book, event)
    account = book.account()
    position = _positions(book.facts)
    listed = sorted(range(len(book.facts)), key=lambda fact: position[fact])
    moneys = [fact for fact in listed if book.facts[fact][0] in _TYPES or book.facts[fact][0] == FactKind.DISBURSEMENT]
    lines = [line for line in book.lines(account) if not line.kind.startswith("Accrual")]
    line = lines[moneys.index(number)]
    line.reverted = True
    book.reverted[number] = line
    book.activities = []
    book.add(FactKind.REVERSAL, book.business_day, 0, number)


def execute(book: Book, event: Mapping[str, Any]) -> None:
    """Apply one event.

    raises   DeclinedError naming the event that is not carried
    """
    name = event["event"]
    if name == "business_date":
        book.business_day = day(event["date"])
        return
    if name in _SILENT:
        if name == "approve":
            book.principal_fen = money(event["amount"])
            book.expected_on = day(event.get("expected_disbursement") or event["date"])
        return
    was_settled = bool(book.disbursed) and is_settled(book.account())
    if name == "close_of_business":
        book.business_day = max(book.business_day, day(event["business_date"]))
        book.computed_on = book.business_day
        _close_of_business(book, day(event["business_date"]))
        return
    book.computed_on = book.business_day
    if name == "disburse":
        amount = money(event["amount"])
        on = day(event["date"])
        book.add(FactKind.DISBURSEMENT, on, amount)
        if book.setting.auto_down_payment:
            book.add(FactKind.DOWN_PAYMENT, on, down_payment_of(book.setting, amount))
        else:
            down_payment_of(book.setting, amount)
    elif name == "repayment":
        _decline_early_cumulative(book, day(event["date"]))
        book.add(FactKind.PAYMENT, day(event["date"]), money(event["amount"]))
    elif name == "payoff":
        book.add(FactKind.PAYOFF, day(event["date"]), 0)
    elif name == "add_charge":
        if event.get("calculation") != "FLAT":
            raise DeclinedError(f"add_charge with calculation {event.get('calculation')!r}")
        due = day(event["due_date"])
        kind = FactKind.CHARGE_PENALTY if event.get("is_penalty") else FactKind.CHARGE_FEE
        column = Row.PENALTY if event.get("is_penalty") else Row.FEE
        book.charges.append((len(book.facts), due, money(event["amount"]), int(column)))
        book.add(kind, min(book.business_day, due), money(event["amount"]), due)
    elif name == "reverse_transaction":
        _reverse(book, event)
    elif name == "reschedule":
        _reschedule(book, event)
    else:
        raise DeclinedError(f"event {name} is not carried")
    if not was_settled and book.setting.accrues and name != "reverse_transaction":
        _accrue_at_the_end(book)


def _reschedule(book: Book, event: Mapping[str, Any]) -> None:
    other = [key for key in event if key not in ("event", "from_date", "submitted_on", "new_interest_rate")]
    if other or "new_interest_rate" not in event:
        raise DeclinedError(f"reschedule with {', '.join(other) or 'no new_interest_rate'}")
    if not book.setting.progressive:
        raise DeclinedError("reschedule under the cumulative engine")
    # The engine counts the night before the effective date at the new rate.
    book.add(FactKind.RATE, day(event["from_date"]) - 1, rate(Decimal(str(event["new_interest_rate"])) / 100))


def _decline_early_cumulative(book: Book, on: int) -> None:
    if book.setting.progressive or not book.setting.recalculates:
        return
    due_days = {int(row[Row.DUE_ON]) for row in book.account().rows}
    if on not in due_days and on <= max(due_days):
        late = any(row[Row.DUE_ON] < on and row[Row.SETTLED_ON] == NEVER for row in book.account(on).rows)
        if not late:
            raise DeclinedError("cumulative engine: a payment inside a period before its due date is not described")


def _accrue_at_the_end(book: Book) -> None:
    account = book.account()
    if not is_settled(account):
        return
    earned = [int(account.rows[:, column].sum()) for column in (Row.INTEREST, Row.FEE, Row.PENALTY)]
    on = max(fact[1] for fact in book.facts if fact[0] in _TYPES)
    _post_accrual(book, on, (earned[0], earned[1], earned[2]))
    if book.setting.posts_activity:
        book.activities.append(
            Line(
                on=on,
                kind="Accrual Activity",
                amount=sum(earned),
                interest=earned[0],
                fees=earned[1],
                penalties=earned[2],
            )
        )


__all__ = ["Book", "Line", "Total", "execute", "is_settled"]
