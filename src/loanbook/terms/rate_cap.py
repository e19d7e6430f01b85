"""Caps on what a loan may cost, as dated data: who is capped, at what rate, on which basis, by which source."""

from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.terms.loading import Located, read_located
from loanbook.units import RATE_SCALE, date

SHIPPED = Path(__file__).parent / "rate_caps"
LENDERS = ("bank", "consumer_finance", "trust", "micro_lender", "guarantee_company", "private_lender")
NOMINAL = "nominal"
EFFECTIVE = "effective"
_REQUIRED = ("name", "lenders", "basis", "rate_annual", "effective_from", "source")
_DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCap:
    """One cap, in force from `effective_from` to `effective_until` (None: open), both days in.

    rate       `units.RATE_SCALE`-ths
    decimals   a figure is compared after rounding to this many decimals (4: 24.00 %), half up: instalments are whole cents, so a
               loan at exactly 24 % comes out a little above or below it
    """

    name: str
    lenders: tuple[str, ...]
    basis: str
    rate: int
    decimals: int
    effective_from: int
    effective_until: int | None
    source: str
    place: str

    def holds(self, lender: str, on: int) -> bool:
        """Whether the cap binds a lender on a day."""
        return (
            lender in self.lenders and self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)
        )


def read_rate_caps(path: Path, shown: str | None = None) -> tuple[RateCap, ...]:
    """The caps of a file. Raises TermsError with ``path:line:`` and what to write instead."""
    top = read_located(path, shown).fields("a file of rate caps", ("rate_caps",), ("rate_caps",))
    return tuple(_cap(entry) for entry in top["rate_caps"].items("rate_caps"))


def _cap(entry: Located) -> RateCap:
    items = entry.fields("a rate cap", (*_REQUIRED, "effective_until", "compared_decimals"), _REQUIRED)
    rate = items["rate_annual"].scaled("rate_annual", RATE_SCALE, "0.24")
    if not 0 < rate <= RATE_SCALE:
        shown = items["rate_annual"].value
        raise items["rate_annual"].wrong(f"rate_annual must be a fraction of one per year; got {shown}. Write, e.g., 0.24.")
    begins = items["effective_from"].date("effective_from")
    until = items["effective_until"].date("effective_until") if "effective_until" in items else None
    if until is not None and until < begins:
        raise items["effective_until"].wrong(f"effective_until lies before effective_from ({date(begins)}). Swap them.")
    return RateCap(
        name=items["name"].text("name"),
        lenders=tuple(lender.choice("lenders", LENDERS) for lender in items["lenders"].items("lenders")),
        basis=items["basis"].choice("basis", (NOMINAL, EFFECTIVE)),
        rate=rate,
        decimals=items["compared_decimals"].whole("compared_decimals", 2, 12) if "compared_decimals" in items else _DECIMALS,
        effective_from=begins,
        effective_until=until,
        source=items["source"].text("source"),
        place=entry.place,
    )


def caps_in(folder: Path = SHIPPED) -> tuple[RateCap, ...]:
    """All caps of a folder's *.yaml."""
    found: list[RateCap] = []
    for path in sorted(folder.glob("*.yaml")):
        found.extend(read_rate_caps(path, f"terms/{folder.name}/{path.name}"))
    return tuple(found)


def strictest(caps: tuple[RateCap, ...], lenders: tuple[str, ...], on: int, basis: str) -> RateCap | None:
    """The lowest cap of a basis that binds any of the lenders on a day; a quote that must suit all of them uses it."""
    bound = [cap for cap in caps if cap.basis == basis and any(cap.holds(lender, on) for lender in lenders)]
    return min(bound, key=lambda cap: cap.rate, default=None)


def check_rate(caps: tuple[RateCap, ...], lender: str, on: int, *, nominal: int, effective: int) -> None:
    """Refuse an all-in annual rate above a cap; the basis of each cap says which of the two figures it binds.

    raises   RequestError naming rule, source and figures; for an unknown lender, because unknown is not uncapped
    """
    if lender not in LENDERS:
        raise RequestError(f"there is no lender type {lender!r}. Known: {', '.join(LENDERS)}.")
    for cap in caps:
        figure = nominal if cap.basis == NOMINAL else effective
        unit = RATE_SCALE // 10**cap.decimals
        if cap.holds(lender, on) and (2 * figure + unit) // (2 * unit) * unit > cap.rate:
            raise RequestError(
                f"the all-in annual rate of {_percent(figure)} ({cap.basis}) exceeds the cap of {_percent(cap.rate)} for "
                f"{lender} on {date(on)}: {cap.name} ({cap.source}; {cap.place}). Lower the rate or the fees."
            )


def _percent(rate: int) -> str:
    return f"{rate * 100 / RATE_SCALE:.4f} %"
