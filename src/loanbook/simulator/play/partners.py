"""Partners and the payment provider: what they answer, and when they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

from loanbook.simulator.play.borrower import Loan
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Setting

_REASONS = ("not in our risk appetite", "limit of the branch", "own score too low", "documents unclear")
_ATTEMPTS = 16


def is_out(outages: Sequence[tuple[int, int]], since_first: int) -> bool:
    """Whether a day, counted from the first, lies in an outage."""
    return any(start <= since_first < start + days for start, days in outages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """All partners; each decides by itself, the same way whenever it is asked about the same offer."""

    setting: Setting
    lots: Lots

    def answer(self, loan: Loan, offered_on: int, on: int) -> dict[str, str] | None:
        """The answer to the offer that a loan is, on a day; None: no answer yet."""
        appetite = self.setting.appetites.get(loan.partner, self.setting.other)
        if is_out(appetite.outages, on - self.setting.first_day):
            return None
        number = _ATTEMPTS * loan.attempt
        dawdles = self.lots.chance(Lot.ANSWER, loan.number, number) < appetite.dawdles
        if dawdles and on < offered_on + 1 + int(3 * self.lots.chance(Lot.ANSWER, loan.number, number + 1)):
            return None
        if self.lots.chance(Lot.ANSWER, loan.number, number + 2) < appetite.accepts:
            return {"loan_id": loan.loan_id, "decision": "accept"}
        reason = _REASONS[self.lots.pick(Lot.ANSWER, loan.number, number + 3, (0.5, 0.1, 0.3, 0.1))]
        return {"loan_id": loan.loan_id, "decision": "refuse", "reason": reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentProvider:
    """Pays out and reports; on some days it does neither, and it sends some callbacks twice."""

    setting: Setting
    lots: Lots

    def day_from(self, on: int) -> int:
        """The first day from a day on, on which it works."""
        while is_out(self.setting.provider.outages, on - self.setting.first_day):
            on += 1
        return on

    def fails(self, loan: Loan) -> bool:
        """Whether this try to pay a loan out does not go through."""
        return self.lots.chance(Lot.PAYOUT, loan.number, loan.tries) < self.setting.provider.fails

    def is_closed(self, loan: Loan) -> bool:
        """Whether the account that a loan is to be paid out to is closed."""
        return self.lots.chance(Lot.PAYOUT, loan.number, 200) < self.setting.provider.closed

    def twice(self, count: int, on: int, verb: int) -> list[int]:
        """Places of a day's callbacks of one kind that are sent twice."""
        share = self.setting.provider.repeats
        return [place for place in range(count) if self.lots.chance(Lot.CALLBACK, on, 100_000 * verb + place) < share]
