"""What a mandate has taken and may still take: its quotas of the day and in total, and its limits of concentration."""

from collections.abc import Mapping
from dataclasses import replace

from loanbook.services.caller import Caller, Refusal
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given
from loanbook.stores.online.quotas import quotas_of
from loanbook.stores.online.unit import Unit


class ScopeView(Given, kw_only=True):
    """One quota or limit: `total`, `day:2024-05-01`, `province:hunan`, `grade:A`; reserved waits for the partner's answer."""

    scope: str
    cap_fen: int
    reserved_fen: int
    confirmed_fen: int


class QuotaView(Given, kw_only=True):
    """The scopes of a mandate that anything was reserved under; those of days before the last closed one are removed."""

    mandate: str
    title: str
    partner: str
    model: str
    scopes: tuple[ScopeView, ...]


def quota_read(terms: PlatformTerms) -> Read:
    """The read."""
    known = {mandate.code: mandate for mandate in sorted(terms.mandates, key=lambda each: each.effective_from)}

    def find(unit: Unit, caller: Caller, id_: str, _: Mapping[str, str]) -> QuotaView | Refusal:
        mandate = known.get(id_)
        if mandate is None or not is_own(caller, {"partner": mandate.partner}):
            own = [code for code, each in sorted(known.items()) if is_own(caller, {"partner": each.partner})]
            refused = none_such("mandate", id_)
            return replace(refused, detail=f"{refused.detail} Known: {', '.join(own) or 'none'}.")
        return QuotaView(
            mandate=mandate.code,
            title=mandate.title,
            partner=mandate.partner,
            model=mandate.model,
            scopes=tuple(ScopeView(**row) for row in quotas_of(unit.connection, mandate.code)),
        )

    return Read(
        name="quota",
        text="What a mandate has taken of its quotas and limits",
        by="mandate",
        answer=QuotaView,
        roles=STAFF | {"partner"},
        find=find,
    )
