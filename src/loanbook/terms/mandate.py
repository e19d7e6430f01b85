"""Mandates: what an institution has agreed to fund, at what price, in what quantity; and who holds which part of a loan.

`mandate_file` reads and checks them, `funding.matching` chooses among them. Every business model is the same structure: shares of
a loan by component and vehicle. A model's name is what the book reports by; `MODEL_BOUNDS` says which shares bear it.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise
from pathlib import Path

from loanbook.errors import TermsError

SHARES_WHOLE = 1_000_000
"""Shares of one component add up to this: millionths."""

MODELS = ("on_balance_sheet", "capital_heavy", "capital_light", "referral", "technology")
PROVINCES = (
    "anhui",
    "beijing",
    "chongqing",
    "fujian",
    "gansu",
    "guangdong",
    "guangxi",
    "guizhou",
    "hainan",
    "hebei",
    "heilongjiang",
    "henan",
    "hubei",
    "hunan",
    "inner_mongolia",
    "jiangsu",
    "jiangxi",
    "jilin",
    "liaoning",
    "ningxia",
    "qinghai",
    "shaanxi",
    "shandong",
    "shanghai",
    "shanxi",
    "sichuan",
    "tianjin",
    "tibet",
    "xinjiang",
    "yunnan",
    "zhejiang",
)
"""Provinces, autonomous regions and municipalities of the Chinese mainland; a partner's territory is some of them."""


class Component(IntEnum):
    """The parts of a loan that are shared."""

    PRINCIPAL = 0
    INTEREST = 1
    """Interest at the contract rate, as far as it is not above the coupon."""
    FEE = 2
    """What the borrower pays above the coupon, the fees and late charges of the product with it."""
    LOSS = 3
    """Who bears what is never repaid."""


COMPONENTS = tuple(component.name.lower() for component in Component)


class Stage(StrEnum):
    """Since when shares hold."""

    ORIGINATION = "origination"
    """From disbursement."""
    COMPENSATION = "compensation"
    """From the day on which the guarantor paid the lender and took over the claim."""


MODEL_BOUNDS: dict[str, dict[Component, tuple[int, int]]] = {
    "on_balance_sheet": {Component.PRINCIPAL: (1, SHARES_WHOLE), Component.LOSS: (1, SHARES_WHOLE)},
    "capital_heavy": {Component.PRINCIPAL: (0, 0), Component.LOSS: (1, SHARES_WHOLE)},
    "capital_light": {Component.PRINCIPAL: (0, 0), Component.FEE: (1, SHARES_WHOLE), Component.LOSS: (0, 0)},
    "referral": dict.fromkeys(Component, (0, 0)),
    "technology": dict.fromkeys(Component, (0, 0)),
}
"""What of a loan our own (consolidated) vehicles may hold at origination under a model: least and most, millionths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A vehicle that has a part in the loans of a mandate.

    consolidated   whether it belongs to our group: what it earns and loses is ours
    lender         its lender type (`rate_cap.LENDERS`) where it lends; else ""
    """

    vehicle: str
    consolidated: bool
    lender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Which loans a mandate takes; all must hold.

    amounts    int64 minor units, both in;  rates `units.RATE_SCALE`-ths, both in
    ages       whole years of the borrower, both in; None: not asked
    provinces  the territory, by name
    """

    products: tuple[str, ...]
    counts: tuple[int, ...]
    amount_least_fen: int
    amount_most_fen: int
    rate_least: int
    rate_most: int
    borrower_kinds: tuple[str, ...]
    grades: tuple[str, ...]
    provinces: tuple[str, ...]
    ages: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A fee between holders, once a loan at disbursement: `share_ppm` of the principal, or a fixed amount; the other is 0."""

    name: str
    payer: str
    payee: str
    share_ppm: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How much of the total quota may go to one province, one grade, one borrower, minor units; None: no limit."""

    province_fen: int | None
    grade_fen: int | None
    borrower_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """Who pays the lender when a borrower does not.

    guarantor         the vehicle that pays
    compensation_dpd  it pays on this day past due
    cap_ppm           of the principal disbursed under the mandate: the most that is paid, net of recoveries; None: no cap
    deposit_ppm       of the principal outstanding under the mandate: what lies with the lender or guarantor as security
    """

    guarantor: str
    compensation_dpd: int
    cap_ppm: int | None
    deposit_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """When what was collected goes to the partner: with each business day, week or month, so many business days after its end."""

    every: str
    lag_days: int
    calendar: str


PAY_OUT_DAYS = 30
"""Days from the drawdown in which a confirmed loan is paid out, where a mandate says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How a partner is waited for, in seconds: to its decision, from then to the next question, and until a reservation expires.

    expires_seconds counts from the offer. A partner that has not answered is asked again; its loan goes nowhere else meanwhile.
    pay_out_within_days counts from the drawdown: a confirmed loan that is not paid out by then is cancelled.
    """

    within_seconds: int
    ask_again_seconds: int
    expires_seconds: int
    pay_out_within_days: int = PAY_OUT_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """One dated version of a mandate.

    partner              who decides on a loan; several mandates may be one partner's
    effective_until      last day on which loans are matched under it; None: open
    coupon_annual        what of the contract rate is interest, `units.RATE_SCALE`-ths; above it the borrower pays FEE
    funding_cost_annual  what our own vehicles pay for the principal they fund, `units.RATE_SCALE`-ths
    quota_day_fen        money lent a day;  quota_total_fen   money lent in all: reserved and confirmed
    holders              by code; a share's place in `funding` is its holder's
    funding              by stage: (components, holders) millionths, each component adding up to SHARES_WHOLE
    investigation_report whether a pre-loan investigation report is handed over (referral)
    place, hash          file, and SHA-256 of its text
    """

    code: str
    title: str
    place: str
    hash: str
    source: str
    effective_from: int
    effective_until: int | None
    model: str
    partner: str
    currency: str
    decimals: int
    eligibility: Eligibility
    coupon_annual: int
    funding_cost_annual: int
    transfers: tuple[Transfer, ...]
    quota_day_fen: int
    quota_total_fen: int
    concentration: Concentration
    guarantee: Guarantee | None
    settlement: Settlement
    answering: Answering
    holders: tuple[Holder, ...]
    funding: dict[Stage, tuple[tuple[int, ...], ...]]
    investigation_report: bool

    @property
    def vehicles(self) -> tuple[str, ...]:
        """Codes of the holders, in the order of the shares."""
        return tuple(holder.vehicle for holder in self.holders)

    @property
    def lenders(self) -> tuple[str, ...]:
        """Lender types of all that lend under it; a cap on any of them binds its loans."""
        return tuple(dict.fromkeys(holder.lender for holder in self.holders if holder.lender))

    @property
    def vehicle(self) -> str:
        """Our vehicle behind its loans: the lender of ours with the largest part, else who guarantees them, else none."""
        parts = zip(self.holders, self.funding[Stage.ORIGINATION][Component.PRINCIPAL], strict=True)
        ours = [(share, holder.vehicle) for holder, share in parts if holder.consolidated and share]
        if ours:
            return max(ours, key=lambda part: part[0])[1]
        return self.guarantee.guarantor if self.guarantee is not None else ""

    @property
    def outside_partner(self) -> str:
        """The partner, unless it is a vehicle of ours."""
        return "" if any(holder.consolidated and holder.vehicle == self.partner for holder in self.holders) else self.partner

    def consolidated_ppm(self, component: Component, stage: Stage = Stage.ORIGINATION) -> int:
        """Millionths of a component that our own vehicles hold."""
        parts = zip(self.holders, self.funding[stage][component], strict=True)
        return sum(share for holder, share in parts if holder.consolidated)

    @property
    def is_joint(self) -> bool:
        """Whether others fund a part of its loans and vehicles of ours the rest."""
        return 0 < self.consolidated_ppm(Component.PRINCIPAL) < SHARES_WHOLE

    def open_on(self, on: int) -> bool:
        """Whether loans are matched under this version on a day (later versions not considered)."""
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)


SHIPPED = Path(__file__).parent / "mandates"
"""Made-up mandates that come with the package."""


def mandates_in_force(mandates: tuple[Mandate, ...], on: int) -> tuple[Mandate, ...]:
    """Of each mandate the version in force on a day, by code; one that has ended is left out."""
    newest: dict[str, Mandate] = {}
    for mandate in mandates:
        known = newest.get(mandate.code)
        if mandate.effective_from <= on and (known is None or known.effective_from < mandate.effective_from):
            newest[mandate.code] = mandate
    return tuple(newest[code] for code in sorted(newest) if newest[code].open_on(on))


def ordered(mandates: list[Mandate]) -> tuple[Mandate, ...]:
    """Versions by code and date. Raises TermsError when two versions of one mandate start on one day."""
    found = sorted(mandates, key=lambda mandate: (mandate.code, mandate.effective_from, mandate.place))
    for earlier, later in pairwise(found):
        if (earlier.code, earlier.effective_from) == (later.code, later.effective_from):
            raise TermsError(
                f"{later.place}:1: {later.code} already has terms from that day in {earlier.place}. Change one date."
            )
    return tuple(found)
