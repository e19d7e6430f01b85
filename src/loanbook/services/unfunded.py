"""Why nobody funds a loan now: which quotas and limits lack room, by which rule, told as far as the caller may know.

A borrower's app hears what kind of limit it is, and the rule where one is behind it; how much any lender or guarantor has left is
their business, and the platform's own roles hear it by mandate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loanbook.funding.mandate_table import FundingRequest, MandateTable
from loanbook.funding.matching import Outcome
from loanbook.funding.refusing import Barred, barred
from loanbook.funding.room import Room
from loanbook.services.caller import Caller, Refusal
from loanbook.services.read import STAFF
from loanbook.units import Ints, format_money

_WHY = {
    Outcome.NOT_ELIGIBLE: "no mandate in force takes such a loan",
    Outcome.ALL_REFUSED: "every partner that takes such a loan has refused it",
    Outcome.NO_ROOM: "the mandates that take such a loan have no quota or limit left today",
    Outcome.ATTEMPTS_USED: "it was offered as often as a loan may be",
}
_KINDS = {
    "quota.day": "a lender's quota of the day",
    "quota.total": "a lender's quota in all",
    "concentration.province": "a lender's limit for one province",
    "concentration.grade": "a lender's limit for one grade",
    "concentration.borrower": "a lender's limit for one borrower",
    "guarantee.guarantor": "what a guarantor may still guarantee",
}
"""What is said of a limit to who may not know whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfunded:
    """A loan that matching reserved nowhere.

    bars        (mandates,) bits by `Bar`, at the moment it was matched
    room        what is left once its batch was matched: no more than it found
    published   by guarantor the newest head-room, as it was published
    """

    why: Outcome
    request: FundingRequest
    table: MandateTable
    bars: Ints
    room: Room
    published: Mapping[str, Mapping[str, Any]]

    def _lacking(self) -> list[Barred]:
        """The limits that keep out mandates which take such a loan otherwise."""
        found = barred(self.table, self.request, self.bars, self.room) if self.why is Outcome.NO_ROOM else ()
        return [each for each in found if each.setting in _KINDS]

    def _rules(self, lacking: list[Barred]) -> list[str]:
        guarantors = {mandate.code: mandate.guarantee.guarantor for mandate in self.table.mandates if mandate.guarantee}
        named = [guarantors[each.mandate] for each in lacking if each.setting == "guarantee.guarantor"]
        return list(dict.fromkeys(rule for name in named for rule in self.published.get(name, {}).get("rules", ())))

    def told(self) -> dict[str, Any]:
        """What the event says: why, which limits, by which rules."""
        lacking = self._lacking()
        found: dict[str, Any] = {"why": self.why.name.lower()}
        if lacking:
            found |= {"barred_by": sorted({each.setting for each in lacking}), "rules": self._rules(lacking)}
        return found

    def refusal(self, caller: Caller) -> Refusal:
        """The refusal, with figures that the caller may know."""
        lacking = self._lacking()
        rules = self._rules(lacking)
        detail = f"the drawdown cannot be funded now: {_WHY[self.why]}"
        figures = self.told()
        if lacking:
            figures["asked_fen"] = self.request.principal_fen
            kinds = ", ".join(_KINDS[setting] for setting in figures["barred_by"])
            detail += f"; {format_money(self.request.principal_fen)} is more than {kinds}"
        if rules:
            detail += f". {'; '.join(rules)}"
        if caller.role in STAFF and self.why in (Outcome.NO_ROOM, Outcome.NOT_ELIGIBLE):
            known = lacking or list(barred(self.table, self.request, self.bars, self.room))
            detail += ". " + " ".join(each.words for each in known).removesuffix(".")
            figures["mandates"] = [
                {"mandate": each.mandate, "setting": each.setting, "left_fen": each.left_fen} for each in known
            ]
        return Refusal(status=409, rule="not_funded", detail=f"{detail}.", source="; ".join(rules), figures=figures)
