"""What a close found of its book besides figures, as sentences that the screen and the page both print."""

import datetime as dt
from typing import Any

import numpy as np

from loanbook import units
from loanbook.measures.cells import Cells
from loanbook.measures.coverage import UNREPORTED
from loanbook.measures.telling import covered
from loanbook.stores.projection import ProjectionManifest

SILENT_DAYS = 31
"""A close further than this after the book's last fact says so: a month without a single payment is no month of a lender."""


def findings_of(manifest: ProjectionManifest, cells: Cells, decimals: int) -> list[dict[str, Any]]:
    """Findings of a close, those about its days first.

    Each has kind, message, events (loans or rows it is about) and first (an id, may be empty), and `text`: all of it in one
    sentence.
    """
    return [
        *_silence(manifest, cells),
        *_untold(cells),
        *_loose(manifest),
        *_limits(manifest, decimals),
        *_contradicting(manifest),
    ]


def _silence(manifest: ProjectionManifest, cells: Cells) -> list[dict[str, Any]]:
    if manifest.last_recorded_on is None:
        return []
    as_of = units.date(cells.space.window.as_of)
    last = dt.date.fromisoformat(manifest.last_recorded_on)
    days = (as_of - last).days
    if days <= SILENT_DAYS:
        return []
    message = (
        f"the book's last fact was recorded on {last}, {days:,} days before {as_of}: what fell due since counts as unpaid, "
        "because no payment is in the book"
    )
    return [_finding("silence", message, 0, "", message)]


def _untold(cells: Cells) -> list[dict[str, Any]]:
    months = np.flatnonzero(~covered(cells))
    if not months.size:
        return []
    ends = cells.space.window.month_ends
    most = int(cells.coverage[:, :, UNREPORTED].sum(axis=0, dtype=np.int64).max())
    first, last = (units.date(int(ends[month])) for month in (months[0], months[-1]))
    over = f"the month end {last}" if months.size == 1 else f"{months.size:,} month ends between {first} and {last}"
    message = (
        f"tapes report no positions at {over} (for up to {most:,} loans that they left with a balance): "
        "figures that need them are not measured"
    )
    return [_finding("untold", message, most, "", message)]


def _loose(manifest: ProjectionManifest) -> list[dict[str, Any]]:
    return [
        _finding(end.kind, end.message, end.events, end.first, f"{end.events:,} {end.kind}: {end.message}. First: {end.first}")
        for end in manifest.loose_ends
    ]


def _contradicting(manifest: ProjectionManifest) -> list[dict[str, Any]]:
    found = []
    for each in manifest.impossible:
        text = f"{each.events:,} {'loan' if each.events == 1 else 'loans'} {each.message}. First loan: {each.first}"
        found.append(_finding(each.kind, each.message, each.events, each.first, text))
    return found


def _limits(manifest: ProjectionManifest, decimals: int) -> list[dict[str, Any]]:
    found = []
    for each in manifest.beyond:
        message = f"{each.product} allows {each.allowed}; made outside it all the same"
        noun = "loan" if each.loans == 1 else "loans"
        amount = units.format_money(each.amount_fen, decimals)
        text = f"{each.loans:,} {noun} of {amount} in all: {message}. First loan: {each.first}"
        more = {"product": each.product, "limit": each.limit, "amount_fen": each.amount_fen}
        found.append(_finding("limit", message, each.loans, each.first, text) | more)
    return found


def _finding(kind: str, message: str, events: int, first: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "message": message, "events": events, "first": first, "text": text}
