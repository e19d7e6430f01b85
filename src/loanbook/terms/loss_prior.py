"""What a company expects of losses before its own loans have shown anything: the `prior` of an accounting policy's `losses`.

prior:
  source: ...                                   # where the chances come from
  falls_behind: 0.018                           # of principal in time, a month
  rolls: [0.45, 0.78, 0.85, 0.9, 0.92, 0.95, 1] # from 1-30, 31-60, ..., 181+ into the next bucket, the last into charge-off
  cures: [0.4, 0.12, 0.06, 0.03, 0.02, 0.01, 0] # from the same buckets back into time; the rest stays
  prepaid: 0.02                                 # of principal in time, a month, ahead of schedule
  interest: 0.016                               # of principal, a month
  severity: 0.9                                 # part of a charged-off amount that does not come back
"""

from dataclasses import dataclass

from loanbook.terms.families import BUCKETS
from loanbook.terms.loading import Located
from loanbook.terms.product import PPM

PAST_DUE = BUCKETS[1 : BUCKETS.index("181+") + 1]
_SHARES = ("falls_behind", "prepaid", "interest", "severity")
_LISTS = ("rolls", "cures")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPrior:
    """Monthly chances in millionths, and where they come from; lists by bucket past due."""

    source: str
    falls_behind_ppm: int
    rolls_ppm: tuple[int, ...]
    cures_ppm: tuple[int, ...]
    prepaid_ppm: int
    interest_ppm: int
    severity_ppm: int


def loss_prior(item: Located) -> LossPrior:
    """The prior of a policy; raises TermsError with path:line."""
    names = ("source", *_SHARES, *_LISTS)
    fields = item.fields("a prior", names, names)
    rolls, cures = (_chances(fields[name], name) for name in _LISTS)
    for bucket, chance in zip(PAST_DUE, zip(rolls, cures, strict=True), strict=True):
        if sum(chance) > PPM:
            raise fields["cures"].wrong(f"of {bucket} more than all moves: {chance[0] / PPM} roll on and {chance[1] / PPM} cure.")
    return LossPrior(
        source=fields["source"].text("source"),
        rolls_ppm=rolls,
        cures_ppm=cures,
        **{f"{name}_ppm": _chance(fields[name], name) for name in _SHARES},
    )


def _chances(item: Located, what: str) -> tuple[int, ...]:
    found = tuple(_chance(each, what) for each in item.items(what))
    if len(found) != len(PAST_DUE):
        raise item.wrong(f"{what} needs one chance for each of {', '.join(PAST_DUE)}; got {len(found)}.")
    return found


def _chance(item: Located, what: str) -> int:
    found = item.scaled(what, PPM, "0.025")
    if not 0 <= found <= PPM:
        raise item.wrong(f"{what} is a chance between 0 and 1.")
    return found
