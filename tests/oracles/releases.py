"""Per-share tables of the three quarterly releases of 2024, read from their texts."""

import re
from pathlib import Path

from tests.conftest import SHARED

SEEDS = SHARED / "seeds"
REASON = "the releases lie in ../shared/seeds, which is not here"
RATES = {"000": 72203, "001": 72672, "002": 70176}
_NUMBER = re.compile(r"\(?-?[\d,]+(?:\.\d+)?\)?")


def release(code: str) -> Path:
    """The text of a release by the first three digits of its name."""
    return next(SEEDS.glob(f"{code}_*.txt"))


def rows(code: str) -> list[tuple[str, list[int]]]:
    """Lines of numbers of a release: label, then its figures without their decimal points (3.73 is 373)."""
    found = []
    for line in release(code).read_text(encoding="utf-8").splitlines():
        label, *cells = line.replace("<b>", "").replace("</b>", "").split("\t")
        cells = [cell.strip() for cell in cells if cell.strip()]
        if cells and all(_NUMBER.fullmatch(cell) for cell in cells):
            found.append((label.strip(), [int(re.sub(r"[^\d-]", "", cell)) for cell in cells]))
    return found


def columns(code: str) -> list[dict[str, int]]:
    """Per-share columns of a release (2023, 2024 and US$ of the quarter, then of the year to date).

    Income is in thousands, figures a share in hundredths, shares and ADS in ones.
    """
    table = rows(code)
    start = next(
        i for i, (label, _) in enumerate(table) if label.startswith("Net income attributable to ordinary shareholders of")
    )
    width = len(table[start][1])
    names = [
        "net_income_per_share_basic",
        "net_income_per_share_diluted",
        "net_income_per_ads_basic",
        "net_income_per_ads_diluted",
        "weighted_shares_basic",
        "weighted_shares_diluted",
    ]
    found = [{"income": table[start][1][place]} for place in range(width)]
    for name, (label, cells) in zip(names, table[start + 1 : start + 7], strict=True):
        assert label in ("Basic", "Diluted"), label
        for place in range(width):
            found[place][name] = cells[place]
    for name, words in (
        ("non_gaap", "Non-GAAP net income attributable to shareholders"),
        ("weighted_ads_diluted", "Weighted average ADS used in calculating"),
        ("non_gaap_net_income_per_ads_diluted", "Non-GAAP net income per ADS"),
    ):
        cells = [value for label, values in table if label.startswith(words) for value in values]
        assert len(cells) == width, (words, cells)
        for place in range(width):
            found[place][name] = cells[place]
    return found
