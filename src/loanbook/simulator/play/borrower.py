"""A borrower as the world knows them: what they were told, what they owe, when they wish to draw again."""

import math
from dataclasses import dataclass, field

from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.months import Life
from loanbook.simulator.play.people import Person
from loanbook.simulator.play.setting import Setting
from loanbook.simulator.scenario import Product

GRADES = "ABCD"
BAD = 2
"""Who was ever this many instalments behind does not draw again."""


@dataclass(slots=True, kw_only=True)
class Line:
    """A credit line as it was answered."""

    line_id: str
    grade: str
    limit_fen: int
    expires_on: int


@dataclass(slots=True, kw_only=True)
class Loan:
    """A drawdown as its borrower follows it.

    number       place among the world's loans, the key of its draws;  rate_annual  as text, as it was shown
    money_fen    what the borrower has paid, reported or not
    standing     payments that were booked and not given back, by reference
    """

    number: int
    loan_id: str
    line_id: str
    borrower: "Borrower"
    product: str
    count: int
    principal_fen: int
    rate_annual: str
    quoted_on: int
    schedule: list[tuple[int, int]]
    partner: str = ""
    attempt: int = 1
    paid_out_on: int = 0
    money_fen: int = 0
    life: Life | None = None
    payments: int = 0
    tries: int = 0
    over: bool = False
    standing: dict[str, int] = field(default_factory=dict)

    def upto_fen(self, until: int) -> int:
        """What the first instalments ask for together."""
        return sum(amount for _, amount in self.schedule[:until])


@dataclass(slots=True, kw_only=True)
class Borrower:
    """One borrower; `frailty` multiplies the chance to miss a due date and stays with them; `gone` wants no more of us."""

    person: Person
    borrower_id: str
    frailty: float
    line: Line | None = None
    loans: list[Loan] = field(default_factory=list)
    wishes: int = 0
    applications: int = 0
    gone: bool = False

    @property
    def repaid(self) -> int:
        """Loans that they have behind them."""
        return sum(loan.over for loan in self.loans)

    @property
    def worst(self) -> int:
        """Most instalments they were ever behind with one loan."""
        return max((loan.life.worst for loan in self.loans if loan.life is not None), default=0)

    @property
    def behind(self) -> bool:
        """Whether they are behind now."""
        return any(loan.life is not None and not loan.over and loan.life.behind > 0 for loan in self.loans)


def frailty_of(setting: Setting, person: Person, lots: Lots) -> float:
    """A borrower's own factor on the chance to miss, 1 on average."""
    sigma = setting.scenario.hazards.frailty_sigma
    return math.exp(sigma * lots.bell(Lot.FRAILTY, person.number) - sigma * sigma / 2.0)


def risk_of(setting: Setting, loan: Loan, grade: str) -> float:
    """The factor on the chance to miss of one loan: grade, tenor, borrower."""
    hazards = setting.scenario.hazards
    place = min(GRADES.find(grade) if grade in GRADES else len(GRADES) - 1, len(hazards.grade_miss) - 1)
    return hazards.grade_miss[place] * hazards.tenor_miss.get(loan.count, 1.0) * loan.borrower.frailty


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a borrower would like to draw."""

    product: str
    count: int
    principal_fen: int


def wish_of(setting: Setting, borrower: Borrower, left_fen: int, lots: Lots) -> Wish | None:
    """What they would like to draw now; None when too little of the line is left for it."""
    key, number = borrower.person.number, 8 * borrower.wishes
    products = setting.scenario.products
    chosen: Product = products[-1]
    if borrower.person.kind == "consumer":
        chosen = products[lots.pick(Lot.DRAW, key, number, [each.share for each in products[:-1]])]
    tenor = lots.pick(Lot.DRAW, key, number + 1, chosen.tenor_shares)
    amount = chosen.median_fen * chosen.stretch[tenor] * math.exp(chosen.sigma * lots.bell(Lot.AMOUNT, key, borrower.wishes))
    steps = round(min(max(amount, chosen.least_fen), chosen.most_fen, left_fen) // chosen.step_fen)
    principal_fen = int(steps) * chosen.step_fen
    if principal_fen < chosen.least_fen:
        return None
    return Wish(product=chosen.name, count=chosen.tenors[tenor], principal_fen=principal_fen)
