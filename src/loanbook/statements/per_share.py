"""Per-share figures as a release prints them: which figure is rounded before it is multiplied or translated.

Money a share is hundredths of a unit, so fen (RMB) or cents (US$): income in fen over shares is fen a share. Rounding is half up,
negatives mirrored. Checked against every per-share figure of the three releases of 2024, comparatives included.
"""

from loanbook.units import HALF_UP, mul_div

FX_SCALE = 10_000
"""Exchange rates of releases have four decimals: 7.2203 RMB a US$ is 72,203."""


def per_share(income_fen: int, shares: int) -> int:
    """Income a share in fen, half up."""
    return int(mul_div(income_fen, 1, shares, HALF_UP))


def in_dollars(per_share_fen: int, rate: int) -> int:
    """A rounded figure a share in US cents at a document's rate (`FX_SCALE`-ths of RMB a US$), half up."""
    return int(mul_div(per_share_fen, FX_SCALE, rate, HALF_UP))
