"""What an estimate of credit losses chooses: how far back it looks, when a loan is in default, what is thin, and shocks."""

from dataclasses import dataclass

from loanbook.errors import RequestError
from loanbook.terms.families import BUCKETS
from loanbook.terms.loss_prior import LossPrior

METHODS = ("roll_rate", "vintage", "warm")
"""Roll rates run forward (PD, LGD, EAD); vintage by months on book; weighted average remaining maturity."""
REMAINING_MOST = 36
"""Estimates are kept by 0..36 remaining monthly instalments; loans with more are measured as with 36."""
PAST_DUE_BUCKETS = BUCKETS[: BUCKETS.index("181+") + 1]
"""The buckets of estimates: current, 1-30, ..., 181+."""
MONTHS_A_YEAR = 12
MONTHS_LEAST = 3
"""Whole months of history without which an estimate needs a prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPolicy:
    """The choices of one estimate; all are policy choices of the entity.

    look_back_months   whole months before the close whose behaviour is read
    thin_events        events at which a group's own experience and its parent's weigh the same (credibility n / (n + thin))
    default_bucket     bucket in which a loan is in default, for 12-month losses and the probability of default
    payout_bucket      bucket in which a guarantor pays, for the fair value of a guarantee
    prior              what is expected before loans have shown it: alone at first, then as so many events as `thin_events`
    tail_months        months past maturity after which what is still past due counts as lost
    confidence_ppm     of the interval, 900_000 is 90 %
    raises             RequestError for choices that cannot be meant
    """

    look_back_months: int = 24
    thin_events: int = 40
    default_bucket: str = "91-120"
    payout_bucket: str = "61-90"
    tail_months: int = 24
    confidence_ppm: int = 900_000
    prior: LossPrior | None = None

    def __post_init__(self) -> None:
        for name, least, most in (
            ("look_back_months", 3, 120),
            ("thin_events", 0, 1_000_000),
            ("tail_months", 1, 120),
            ("confidence_ppm", 1, 999_999),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise RequestError(f"{name} must lie between {least:,} and {most:,}; got {value:,}.")
        for name in ("default_bucket", "payout_bucket"):
            if getattr(self, name) not in PAST_DUE_BUCKETS[1:]:
                raise RequestError(f"{name} must be one of {', '.join(PAST_DUE_BUCKETS[1:])}; got {getattr(self, name)!r}.")

    @property
    def default_place(self) -> int:
        """Position of the default bucket."""
        return PAST_DUE_BUCKETS.index(self.default_bucket)

    @property
    def payout_place(self) -> int:
        """Position of the bucket in which a guarantor pays."""
        return PAST_DUE_BUCKETS.index(self.payout_bucket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """What a sensitivity changes, as factors; 1 changes nothing.

    worsening    on every monthly chance to get further past due, from every bucket
    severity     on the part of a charged-off amount that is lost
    prepayment   on the monthly chance to repay ahead of schedule
    """

    worsening: float = 1.0
    severity: float = 1.0
    prepayment: float = 1.0
