"""Lists a page at a time: at most so many, after the last of the page before, so that each page costs the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from loanbook.services.caller import Refusal

MOST = 100
USUAL = 50
_AFTER_MOST = 64
OPTIONS = {"after": "`next` of the page before", "most": f"how many, 1 to {MOST}; {USUAL} when left out"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: up to `most`, with ids above `after`."""

    after: str
    most: int


def page_of(options: Mapping[str, str]) -> Page | Refusal:
    """The page that options name."""
    after, most = options.get("after", ""), options.get("most", "") or str(USUAL)
    if not (most.isascii() and most.isdigit() and len(most) < 4 and 1 <= int(most) <= MOST):
        return Refusal(status=422, rule="page_not_understood", detail=f"most must be a whole number from 1 to {MOST}.")
    if len(after) > _AFTER_MOST or (after and not after.isprintable()):
        return Refusal(status=422, rule="page_not_understood", detail="after must be what `next` of the page before was.")
    return Page(after=after, most=int(most))
