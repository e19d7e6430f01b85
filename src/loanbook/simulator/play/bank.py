"""The accounts that money goes through, as the payment provider and the bank keep them: a statement a week, not always right.

A line is left out and comes later, stands twice, has another amount or lost its reference; the next statement puts it right. Some
borrowers transfer money that nobody reports: it lies in suspense until a clerk has found out whose it is.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from loanbook.services.caller import Caller
from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.play.talk import Answer, Talk
from loanbook.units import date

CLERK = Caller(caller_id="clerk of the played world", role="finance")
PROVIDER, PAYOUTS = "payment_provider", "payout_bank"
OPENING_FEN = {PROVIDER: 0, PAYOUTS: 100_000_000_00}
_HEADERS = {PROVIDER: "reference,booked_on,amount", PAYOUTS: "Reference,Value date,Amount"}
_OFF_FEN = 10_00
"""By how much an amount is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A movement as the account shows it: minor units, money out below 0."""

    reference: str
    on: int
    amount_fen: int


@dataclass(slots=True, kw_only=True)
class Bank:
    """Both accounts, by day.

    moved by whoever moves money; what the statements make of it follows from the seed
    """

    setting: Setting
    talk: Talk
    lots: Lots
    statements: int = 0
    _lines: dict[str, dict[int, list[Line]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _corrections: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    _closing: dict[str, int] = field(default_factory=lambda: dict(OPENING_FEN))
    _until: int = 0

    def moved(self, account: str, on: int, reference: str, amount_fen: int) -> None:
        """Money moved on a day; one that the last statement was of already is in the next one, on its first day."""
        self._lines[account][max(on, self._until + 1)].append(Line(reference=reference, on=on, amount_fen=amount_fen))

    def evening(self, on: int) -> list[Answer]:
        """Give the statements that end today; the answers to them."""
        days = on - self.setting.first_day + 1
        if days % self.setting.bank.every and on != self.setting.last_day:
            return []
        first = self._until + 1 if self._until else self.setting.first_day
        bodies = [self._statement(account, first, on) for account in OPENING_FEN]
        self._until = on
        self.statements += 1
        return [each.answer for each in self.talk.ask("take_statement", bodies, CLERK) if each.done]

    def _statement(self, account: str, first: int, on: int) -> dict[str, object]:
        last = on == self.setting.last_day
        lines: list[Line] = [*self._corrections.pop(account, ())]
        later: list[Line] = []
        known = self._lines[account]
        for day in sorted(each for each in known if each <= on):
            for place, line in enumerate(known.pop(day)):
                # By day and place, so that it depends on nothing that is random.
                draw = self.lots.chance(Lot.BANK, day, 2 * place + (account == PAYOUTS) * 1_000_000)
                lines += self._shown(account, line, 1.0 if last else draw, later)
        self._corrections[account] = later
        # What was booked on a day before, or is only told now, has the first day that this statement is of.
        shown = [Line(reference=each.reference, on=max(each.on, first), amount_fen=each.amount_fen) for each in lines]
        opening = self._closing[account]
        self._closing[account] = opening + sum(each.amount_fen for each in shown)
        rows = [f"{each.reference},{date(each.on)},{_decimal(each.amount_fen)}" for each in shown]
        return {
            "account": account,
            "number": f"{account}-{self.statements + 1:03d}",
            "starts_on": date(first),
            "ends_on": date(on),
            "opening_fen": opening,
            "closing_fen": self._closing[account],
            "content": "\n".join([_HEADERS[account], *rows, ""]),
        }

    def _shown(self, account: str, line: Line, draw: float, later: list[Line]) -> list[Line]:
        """A line as the statement shows it, which may be not at all; `later` takes what the next one puts right."""
        bank = self.setting.bank
        if draw < bank.misses:
            later.append(line)
            return []
        if draw < bank.misses + bank.doubles:
            later.append(Line(reference=line.reference, on=line.on, amount_fen=-line.amount_fen))
            return [line, line]
        if draw < bank.misses + bank.doubles + bank.differs:
            later.append(Line(reference=line.reference, on=line.on, amount_fen=-_OFF_FEN))
            return [Line(reference=line.reference, on=line.on, amount_fen=line.amount_fen + _OFF_FEN)]
        if draw < bank.misses + bank.doubles + bank.differs + bank.nameless:
            return [Line(reference="", on=line.on, amount_fen=line.amount_fen)]
        return [line]


def _decimal(amount_fen: int) -> str:
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"
