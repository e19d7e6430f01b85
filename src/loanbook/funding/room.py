"""How much each mandate can still take: what is left of its quotas and limits, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loanbook.errors import RequestError
from loanbook.funding.mandate_table import MandateTable, Term
from loanbook.terms.mandate import PROVINCES
from loanbook.units import MONEY_MAX, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Minor units left, int64, in the order of a table; MONEY_MAX: no limit.

    day_fen, total_fen   (mandates,) quotas
    province_fen         (mandates, provinces);  grade_fen  (mandates, grades): concentration
    guarantor_fen        (guarantors,) what each guarantor may still guarantee, over all mandates
    """

    day_fen: Ints
    total_fen: Ints
    province_fen: Ints
    grade_fen: Ints
    guarantor_fen: Ints

    def copied(self) -> "Room":
        """The same numbers in arrays of its own."""
        return Room(
            day_fen=self.day_fen.copy(),
            total_fen=self.total_fen.copy(),
            province_fen=self.province_fen.copy(),
            grade_fen=self.grade_fen.copy(),
            guarantor_fen=self.guarantor_fen.copy(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRoom:
    """What a guarantor could still guarantee when that was published, and what mandates had taken in all then, by mandate.

    room_fen   below 0 where it guaranteed more than it might
    """

    room_fen: int
    used_fen: Mapping[str, int]


def rooms_now(table: MandateTable, published: Mapping[str, PublishedRoom], total_used: Ints) -> dict[str, int]:
    """What guarantors may still guarantee: what was published, less what their mandates took since, and what they gave back.

    published    by guarantor; one left out is not limited
    total_used   (mandates,) int64, reserved and confirmed in all, in the order of the table
    """
    rooms = {name: room.room_fen for name, room in published.items() if name in table.guarantors}
    for mandate, used in zip(table.mandates, total_used.tolist(), strict=True):
        if mandate.guarantee is not None and mandate.guarantee.guarantor in rooms:
            guarantor = mandate.guarantee.guarantor
            rooms[guarantor] -= used - published[guarantor].used_fen.get(mandate.code, 0)
    return rooms


def room_left(
    table: MandateTable,
    *,
    day_used: Ints | None = None,
    total_used: Ints | None = None,
    province_used: Ints | None = None,
    grade_used: Ints | None = None,
    guarantee_rooms: Mapping[str, int] | None = None,
) -> Room:
    """What is left of quotas and limits after what was reserved and confirmed.

    day_used, total_used   (mandates,) int64 minor units; None: nothing
    province_used, grade_used   (mandates, provinces | grades) int64, in the order of PROVINCES and `table.grades`
    guarantee_rooms   by guarantor: a dated value (`lending_rule.guarantee_room`); one left out is not limited
    raises            RequestError for a guarantor the table does not have
    """
    unknown = sorted(set(guarantee_rooms or {}) - set(table.guarantors))
    if unknown:
        raise RequestError(f"no mandate in force has the guarantor {unknown[0]!r}. Known: {', '.join(table.guarantors)}.")
    terms = table.terms
    return Room(
        day_fen=terms[:, Term.QUOTA_DAY] - _used(day_used),
        total_fen=terms[:, Term.QUOTA_TOTAL] - _used(total_used),
        province_fen=_by(terms[:, Term.PROVINCE_MOST], len(PROVINCES), province_used),
        grade_fen=_by(terms[:, Term.GRADE_MOST], len(table.grades), grade_used),
        guarantor_fen=np.array([(guarantee_rooms or {}).get(name, MONEY_MAX) for name in table.guarantors], np.int64),
    )


def _used(amounts: Ints | None) -> Ints:
    return np.asarray(0 if amounts is None else amounts, np.int64)


def _by(limits: Ints, words: int, used: Ints | None) -> Ints:
    """A limit a word; where there is no limit, what was used does not count."""
    left = np.repeat(limits[:, np.newaxis], words, axis=1)
    return left if used is None else left - np.where(left == MONEY_MAX, 0, _used(used))
