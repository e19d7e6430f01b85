"""A borrower's age as the coarsest band that mandates tell apart: what matching needs to know of it, and no more."""

from collections.abc import Iterable

from loanbook.terms.mandate import Mandate

AGE_MOST = 150


def age_band(mandates: Iterable[Mandate], age: int) -> tuple[int, int]:
    """The years, both in, between the limits of mandates around an age.

    Each of the mandates takes all ages of the band or none. A later one that parts it takes nobody of it: it is then not known
    on which side the borrower is.
    """
    limits = [each.eligibility.ages for each in mandates]
    cuts = {cut for ages in limits if ages is not None for cut in (ages[0], ages[1] + 1)}
    return max((cut for cut in cuts if cut <= age), default=0), min((cut for cut in cuts if cut > age), default=AGE_MOST + 1) - 1
