"""Third-party guarantors of a book's capital-heavy loans, one YAML file each in its folder `guarantors`.

guarantor: cairn_guarantee       # as vehicles and mandates call it; also the counterparty of its deposit
title: Cairn Financing Guarantee (example)
source: ...
recourse: true                   # back-to-back: it pays the lender and claims from us
deposit_floor: 400000.00         # below it the deposit is to be filled up; in the book's currency
covers:                          # which part of the loans made in these months; whole months, `until` is the last day
  - {products: [cash_loan], share: 0.4, from: 2024-01-01, until: 2024-06-30}

The cells of the books know product and month of origination and no partner, so a mandate that names a guarantor is told here as
the share of its product's loans.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from loanbook.errors import TermsError
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import PPM, text_hash
from loanbook.units import date

FLOOR_MOST = 10**15
_NEVER = 9999 * 12
"""A month past all others."""
_TOP = ("guarantor", "title", "source", "recourse", "deposit_floor", "covers")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuarantorCover:
    """A share of the loans of some products made from one month to another, both in (year x 12 + month - 1)."""

    products: tuple[str, ...]
    share_ppm: int
    first_month: int
    last_month: int

    def holds(self, product: str, month: int) -> bool:
        """Whether it covers loans of a product made in a month."""
        return product in self.products and self.first_month <= month <= self.last_month


@dataclass(frozen=True, slots=True, kw_only=True)
class GuarantorTerms:
    """What a third-party guarantor stands for; `hash` of the text."""

    code: str
    title: str
    source: str
    deposit_floor_fen: int
    covers: tuple[GuarantorCover, ...]
    place: str
    hash: str

    def share_ppm(self, product: str, month: int) -> int:
        """Its share of the loans of a product made in a month."""
        return sum(cover.share_ppm for cover in self.covers if cover.holds(product, month))


def guarantors_in(folder: Path) -> tuple[GuarantorTerms, ...]:
    """The guarantors of a folder's *.yaml by code; none where there is no folder.

    raises   TermsError with path:line, also for shares of one product and month that add up to more than one
    """
    found = sorted((_read(path) for path in sorted(folder.glob("*.yaml"))), key=lambda each: each.code)
    for one, other in pairwise(found):
        if one.code == other.code:
            raise TermsError(f"{other.place}:1: the guarantor {one.code} is there twice; put its covers into one file.")
    check_shares(found)
    return tuple(found)


def check_shares(guarantors: Sequence[GuarantorTerms]) -> None:
    """Raise TermsError where guarantors together cover more than all loans of a product and month."""
    starts = {(product, cover.first_month) for each in guarantors for cover in each.covers for product in cover.products}
    for product, month in sorted(starts):
        shares = {each.code: each.share_ppm(product, month) for each in guarantors}
        if sum(shares.values()) > PPM:
            told = ", ".join(f"{code} {share / PPM:.4g}" for code, share in shares.items() if share)
            since = f"{month // 12:04d}-{month % 12 + 1:02d}"
            raise TermsError(f"{guarantors[0].place}: guarantors cover more than all {product} loans made in {since}: {told}.")


def _read(path: Path) -> GuarantorTerms:
    shown = f"{path.parent.name}/{path.name}"
    text = read_text(path, shown)
    return parse_guarantor(text, shown)


def parse_guarantor(text: str, name: str) -> GuarantorTerms:
    """The terms of a YAML text; `name` is what messages call it."""
    items = parse_located(text, name).fields("a guarantor", _TOP, tuple(each for each in _TOP if each != "deposit_floor"))
    if not items["recourse"].flag("recourse"):
        raise items["recourse"].wrong(
            "a guarantor without recourse bears the loss itself, so no liability is ours. Make its loans under capital_light."
        )
    floor = items["deposit_floor"].scaled("deposit_floor", 100, "400000.00") if "deposit_floor" in items else 0
    if not 0 <= floor <= FLOOR_MOST:
        raise items["deposit_floor"].wrong(f"deposit_floor must lie between 0 and {FLOOR_MOST // 100:,}.")
    return GuarantorTerms(
        code=items["guarantor"].text("guarantor"),
        title=items["title"].text("title"),
        source=items["source"].text("source"),
        deposit_floor_fen=floor,
        covers=tuple(_covers(items["covers"].items("covers"))),
        place=name,
        hash=text_hash(text),
    )


def _covers(entries: Iterable[Located]) -> Iterable[GuarantorCover]:
    for entry in entries:
        items = entry.fields("a cover", ("products", "share", "from", "until"), ("products", "share", "from"))
        share = items["share"].scaled("share", PPM, "0.4")
        if not 0 < share <= PPM:
            raise items["share"].wrong("share must lie above 0 and at most at 1.")
        start = items["from"].date("from")
        first = _month(start)
        if date(start).day != 1:
            raise items["from"].wrong("from must be the first day of a month: the books know months of origination.")
        last = _NEVER
        if "until" in items:
            end = items["until"].date("until")
            last = _month(end)
            if date(end + 1).day != 1 or last < first:
                raise items["until"].wrong("until must be the last day of a month, not before from.")
        products = tuple(each.text("a product") for each in items["products"].items("products"))
        yield GuarantorCover(products=products, share_ppm=share, first_month=first, last_month=last)


def _month(day: int) -> int:
    on = date(day)
    return on.year * 12 + on.month - 1
