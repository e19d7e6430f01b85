"""Naive twin of matching: mandates as they are written, one request at a time, exact fractions, dictionaries of what was lent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from loanbook.funding.mandate_table import FundingRequest
from loanbook.terms.mandate import Component, Mandate
from loanbook.units import RATE_SCALE


def takes(mandate: Mandate, request: FundingRequest) -> bool:
    terms = mandate.eligibility
    return (
        request.product in terms.products
        and request.installment_count in terms.counts
        and terms.amount_least_fen <= request.principal_fen <= terms.amount_most_fen
        and terms.rate_least <= request.rate_annual <= terms.rate_most
        and request.borrower_kind in terms.borrower_kinds
        and request.grade in terms.grades
        and request.province in terms.provinces
        and (terms.ages is None or (request.age is not None and terms.ages[0] <= request.age <= terms.ages[1]))
    )


def worth(mandate: Mandate, request: FundingRequest, loss: int = 0) -> int:
    """Rounded down where the kernel is: a year's margin, its part of the life, the fixed fee, the loss."""
    rate, coupon = request.rate_annual, min(mandate.coupon_annual, request.rate_annual)
    own = {component: Fraction(mandate.consolidated_ppm(component), 10**6) for component in Component}
    margin = floor(
        coupon * own[Component.INTEREST]
        + (rate - coupon) * own[Component.FEE]
        - mandate.funding_cost_annual * own[Component.PRINCIPAL]
    )
    ours = {holder.vehicle for holder in mandate.holders if holder.consolidated}
    fees = floor(
        Fraction(
            sum(
                transfer.amount_fen * ((transfer.payee in ours) - (transfer.payer in ours)) * RATE_SCALE
                for transfer in mandate.transfers
            ),
            request.principal_fen,
        )
    ) + sum(transfer.share_ppm * ((transfer.payee in ours) - (transfer.payer in ours)) * 10**6 for transfer in mandate.transfers)
    return floor(Fraction(margin * (request.months + 1), 24)) + fees - floor(loss * own[Component.LOSS])


@dataclass
class Lent:
    """What was reserved so far, by whatever a limit counts."""

    by: dict[tuple[str, ...], int] = field(default_factory=lambda: defaultdict(int))

    def fits(self, mandate: Mandate, request: FundingRequest, guarantee_rooms: dict[str, int]) -> bool:
        limits = mandate.concentration
        bounds = {
            (mandate.code, "day"): mandate.quota_day_fen,
            (mandate.code, "total"): mandate.quota_total_fen,
            (mandate.code, "province", request.province): limits.province_fen,
            (mandate.code, "grade", request.grade): limits.grade_fen,
            (mandate.code, "borrower", request.borrower_id): limits.borrower_fen,
        }
        if mandate.guarantee:
            guarantor = mandate.guarantee.guarantor
            bounds[("guarantor", guarantor)] = guarantee_rooms.get(guarantor)
        return all(bound is None or self.by[key] + request.principal_fen <= bound for key, bound in bounds.items())

    def add(self, mandate: Mandate, request: FundingRequest) -> None:
        keys = [
            (mandate.code, "day"),
            (mandate.code, "total"),
            (mandate.code, "province", request.province),
            (mandate.code, "grade", request.grade),
            (mandate.code, "borrower", request.borrower_id),
        ]
        if mandate.guarantee:
            keys.append(("guarantor", mandate.guarantee.guarantor))
        for key in keys:
            self.by[key] += request.principal_fen


def match(
    mandates: Sequence[Mandate],
    requests: Sequence[FundingRequest],
    *,
    refused_by: Sequence[Sequence[str]],
    attempts: Sequence[int],
    losses: Sequence[int],
    guarantee_rooms: dict[str, int],
) -> list[str]:
    """The mandate's code for each request, or the outcome's name."""
    lent = Lent()
    found = []
    for request, partners, tried, loss in zip(requests, refused_by, attempts, losses, strict=True):
        able = [mandate for mandate in sorted(mandates, key=lambda mandate: mandate.code) if takes(mandate, request)]
        willing = [mandate for mandate in able if mandate.partner not in partners]
        fitting = [mandate for mandate in willing if lent.fits(mandate, request, guarantee_rooms)]
        if tried >= 4:
            found.append("ATTEMPTS_USED")
        elif fitting:
            best = max(fitting, key=lambda mandate: worth(mandate, request, loss))
            lent.add(best, request)
            found.append(best.code)
        else:
            found.append("NO_ROOM" if willing else "ALL_REFUSED" if able else "NOT_ELIGIBLE")
    return found
