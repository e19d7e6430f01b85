"""What the auditor knows of lines and loans: what was answered, and accounts of its own."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from loanbook.simulator.play.naive_account import Account, Contract, Instalment, Payment, account
from loanbook.simulator.play.talk import Answer

_HOLDS = ("offered", "confirmed", "disbursed", "repaid", "charged_off")


def published(instalments: Sequence[Answer]) -> tuple[Instalment, ...]:
    """A schedule as it was answered."""
    return tuple(
        Instalment(
            due_on=dt.date.fromisoformat(row["due_on"]),
            principal_fen=row["principal_fen"],
            interest_fen=row["interest_fen"],
            fee_fen=row["fee_fen"],
        )
        for row in instalments
    )


@dataclass(slots=True, kw_only=True)
class KnownLine:
    """A line as it was answered, and the loans on it."""

    line_id: str
    grade: str
    province: str
    limit_fen: int
    loans: list["KnownLoan"] = field(default_factory=list)

    @property
    def used_fen(self) -> int:
        """What is drawn and not repaid."""
        return sum(loan.held_fen for loan in self.loans)


@dataclass(slots=True, kw_only=True)
class KnownLoan:
    """A loan as it was answered. `reserved`: mandate's partner and day of the offer that holds quota, confirmed or not;
    `mandated_on`: day of the offer that was accepted."""

    loan_id: str
    line: KnownLine
    product: str
    principal_fen: int
    rate_annual: Decimal
    quoted_on: dt.date
    quoted: tuple[Instalment, ...]
    state: str
    partner: str | None
    reserved: tuple[str, dt.date] | None = None
    disbursed_on: dt.date | None = None
    closed_on: dt.date | None = None
    schedule: tuple[Instalment, ...] = ()
    payments: dict[str, Payment] = field(default_factory=dict)
    stands: Account | None = None
    mandated_on: dt.date | None = None

    @property
    def outstanding_fen(self) -> int:
        """Principal lent and not repaid."""
        return self.principal_fen if self.stands is None else self.stands.outstanding_fen

    @property
    def held_fen(self) -> int:
        """What of its line it uses."""
        return self.outstanding_fen if self.state in _HOLDS else 0

    def book(self) -> None:
        """Its account, once more from the beginning."""
        if self.disbursed_on is not None:
            self.stands = account(self._contract(self.disbursed_on), self.schedule, list(self.payments.values()))

    def paid_by(self, booked_by: dt.date, *, before: dt.date | None = None) -> tuple[int, int, int, int]:
        """What of the money that stands was booked by a day: principal, interest, fees, recovered.

        before   what bounced on that day or later is counted as standing
        """
        if self.disbursed_on is None or self.state == "cancelled":
            return (0, 0, 0, 0)
        known = []
        for each in self.payments.values():
            stood = before is not None and each.gone_on is not None and each.gone_on >= before
            if (each.stands or stood) and each.booked_on <= booked_by:
                known.append(replace(each, stands=True))
        found = account(self._contract(self.disbursed_on), self.schedule, known)
        return (*found.parts, sum(each.amount_fen for each in known if each.recovers))

    def _contract(self, disbursed_on: dt.date) -> Contract:
        return Contract(product=self.product, rate_annual=self.rate_annual, disbursed_on=disbursed_on)

    def runs(self, on: dt.date) -> bool:
        """Whether it runs at the end of a day, as the close counts."""
        return self.disbursed_on is not None and self.disbursed_on <= on and (self.closed_on is None or self.closed_on > on)
