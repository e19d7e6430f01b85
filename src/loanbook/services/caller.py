"""Who calls, and what is refused: the two things that every verb and read knows."""

from dataclasses import dataclass, field
from typing import Any

from loanbook.stores.online.callers import KnownCaller

Caller = KnownCaller
"""`partner` and `borrower_id` limit what a partner's or a borrower's key may touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is not done, and why: rule, source and figures, as RFC 9457 problem details."""

    status: int
    rule: str
    detail: str
    source: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The problem+json object."""
        shown: dict[str, Any] = {
            "type": f"urn:loanbook:rule:{self.rule}",
            "title": self.rule.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "rule": self.rule,
        }
        if self.source:
            shown["source"] = self.source
        if self.figures:
            shown["figures"] = self.figures
        return shown
