"""Per-share figures as a release prints them: which figure is rounded before it is multiplied or translated.

Money a share is hundredths of a unit, so fen (RMB) or cents (US$): income in fen over shares is fen a share. Rounding is half up,
negatives mirrored. Checked against every per-share figure of the three releases of 2024, comparatives included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from loanbook.units import HALF_UP, mul_div

FX_SCALE = 10_000
"""Exchange rates of releases have four decimals: 7.2203 RMB a US$ is 72,203."""


class AdsRounding(StrEnum):
    """Where a figure a depositary share comes from."""

    FROM_ROUNDED = "from_rounded"
    """The rounded figure a share times the ratio, as the releases of 2024 print GAAP figures: 4.46 a share is 8.92 an ADS."""
    DIRECT = "direct"
    """Income over depositary shares, unrounded before: 0.49 a share can be 9.84 for twenty."""


def per_share(income_fen: int, shares: int) -> int:
    """Income a share in fen, half up."""
    return int(mul_div(income_fen, 1, shares, HALF_UP))


def per_ads(income_fen: int, shares: int, shares_per_ads: int, rounding: AdsRounding = AdsRounding.FROM_ROUNDED) -> int:
    """Income a depositary share in fen; see `AdsRounding`."""
    if rounding is AdsRounding.FROM_ROUNDED:
        return shares_per_ads * per_share(income_fen, shares)
    return int(mul_div(income_fen, shares_per_ads, shares, HALF_UP))


def in_dollars(per_share_fen: int, rate: int) -> int:
    """A rounded figure a share in US cents at a document's rate (`FX_SCALE`-ths of RMB a US$), half up."""
    return int(mul_div(per_share_fen, FX_SCALE, rate, HALF_UP))


@dataclass(frozen=True, slots=True, kw_only=True)
class PerShareFacts:
    """What the per-share lines of one column are made from.

    income_fen                attributable to ordinary shareholders, as the statement prints it (thousands times 100,000)
    non_gaap_fen              attributable, before share-based compensation; None: not printed
    diluted_income_fen        with what convertibles would add; None: the same income
    """

    income_fen: int
    shares_basic: int
    shares_diluted: int
    non_gaap_fen: int | None = None
    diluted_income_fen: int | None = None


LINES = (
    "net_income_per_share_basic",
    "net_income_per_share_diluted",
    "net_income_per_ads_basic",
    "net_income_per_ads_diluted",
    "weighted_shares_basic",
    "weighted_shares_diluted",
    "weighted_ads_basic",
    "weighted_ads_diluted",
    "non_gaap_net_income_per_ads_diluted",
)
"""Lines in the order of the statements; money a share in hundredths, shares in ones."""


def present(facts: PerShareFacts, *, shares_per_ads: int) -> dict[str, int]:
    """The per-share lines of an RMB column.

    A figure an ADS is the rounded figure a share times the ratio; the non-GAAP one is income over weighted ADS directly, where
    weighted ADS = shares / ratio, half up.
    """
    diluted_income = facts.income_fen if facts.diluted_income_fen is None else facts.diluted_income_fen
    basic = per_share(facts.income_fen, facts.shares_basic)
    diluted = per_share(diluted_income, facts.shares_diluted)
    lines = {
        "net_income_per_share_basic": basic,
        "net_income_per_share_diluted": diluted,
        "net_income_per_ads_basic": shares_per_ads * basic,
        "net_income_per_ads_diluted": shares_per_ads * diluted,
        "weighted_shares_basic": facts.shares_basic,
        "weighted_shares_diluted": facts.shares_diluted,
        "weighted_ads_basic": int(mul_div(facts.shares_basic, 1, shares_per_ads, HALF_UP)),
        "weighted_ads_diluted": int(mul_div(facts.shares_diluted, 1, shares_per_ads, HALF_UP)),
    }
    if facts.non_gaap_fen is not None:
        lines["non_gaap_net_income_per_ads_diluted"] = per_share(facts.non_gaap_fen, lines["weighted_ads_diluted"])
    return lines


def translate(lines: Mapping[str, int], *, rate: int, shares_per_ads: int, non_gaap_cents: int | None = None) -> dict[str, int]:
    """The US$ column of `present`: each rounded figure a share over the rate, rounded, and the ratio times that.

    rate             `FX_SCALE`-ths of RMB a US$, one for the document
    non_gaap_cents   attributable non-GAAP income as the US$ column sums it, in cents; over weighted ADS directly
    """
    made = dict(lines)
    for each in ("basic", "diluted"):
        cents = in_dollars(lines[f"net_income_per_share_{each}"], rate)
        made[f"net_income_per_share_{each}"] = cents
        made[f"net_income_per_ads_{each}"] = shares_per_ads * cents
    made.pop("non_gaap_net_income_per_ads_diluted", None)
    if non_gaap_cents is not None:
        made["non_gaap_net_income_per_ads_diluted"] = per_share(non_gaap_cents, lines["weighted_ads_diluted"])
    return made
