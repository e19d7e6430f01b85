"""Proposals to be looked at: one with what it would do, and those that wait for a second pair of eyes."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from loanbook.services.approvals import KINDS, no_such_proposal
from loanbook.services.caller import Caller, Refusal
from loanbook.services.read import STAFF, Read
from loanbook.services.requests import Given
from loanbook.stores.online.proposals import proposals_after
from loanbook.stores.online.schema import PROPOSAL
from loanbook.stores.online.unit import Row, Unit

STATES = ("proposed", "approved", "rejected")
MOST = 100
"""Proposals of one answer."""


class ProposalView(Given, kw_only=True):
    """A proposal: what it would do, who made it and why, and who decided it. A checker names `content_hash`."""

    proposal_id: str
    kind: str
    subject: str
    content: dict[str, Any]
    content_hash: str
    reason: str
    state: str
    maker: str
    made_at: dt.datetime
    checker: str | None
    checked_at: dt.datetime | None
    remark: str | None


class ProposalList(Given, kw_only=True):
    """Proposals of a state, the oldest first; `next_after` is what to ask for next when there are more."""

    proposals: tuple[ProposalView, ...]
    next_after: str | None


def _view(row: Row) -> ProposalView:
    names = set(ProposalView.__struct_fields__) - {"content_hash"}
    return ProposalView(content_hash=bytes(row["content_hash"]).hex(), **{name: row[name] for name in names})


def _one(unit: Unit, _: Caller, id_: str, __: Mapping[str, str]) -> ProposalView | Refusal:
    row = unit.read(PROPOSAL, [id_]).get(id_)
    return no_such_proposal(id_) if row is None else _view(row)


def _all(unit: Unit, _: Caller, state: str, options: Mapping[str, str]) -> ProposalList | Refusal:
    kind = options.get("kind")
    if state not in STATES or (kind is not None and kind not in KINDS):
        detail = f"proposals are looked up by state ({', '.join(STATES)}) and kind ({', '.join(KINDS)})."
        return Refusal(status=422, rule="request_not_understood", detail=detail)
    after = options.get("after", "")
    if "\0" in after:
        return Refusal(status=422, rule="request_not_understood", detail="after is the id of a proposal.")
    rows = proposals_after(unit.connection, state, kind, after, MOST + 1)
    shown = tuple(_view(row) for row in rows[:MOST])
    return ProposalList(proposals=shown, next_after=shown[-1].proposal_id if len(rows) > MOST else None)


READS = (
    Read(
        name="proposal",
        text="Something that one proposed and another must approve",
        by="proposal_id",
        answer=ProposalView,
        roles=STAFF,
        find=_one,
    ),
    Read(
        name="proposals",
        text="Proposals that wait for another's eyes, or that were decided",
        by="state",
        answer=ProposalList,
        roles=STAFF,
        find=_all,
        options={"kind": f"one of {', '.join(KINDS)}", "after": "the last id of the answer before"},
    ),
)
