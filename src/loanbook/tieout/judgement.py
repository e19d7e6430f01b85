"""The whole result of a tie-out: what was read, what derives from what, and how every figure ends."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading
from loanbook.tieout.relation import Finding, Relation, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """What an issuer was seen to do: how often it did so, and how often it could have."""

    name: str
    message: str
    kept: int
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Documents with their readings, and for every figure one status with the relations behind it.

    documents    in the order given, each with its reading
    relations    every relation that was checked, those that hold too
    findings     gravest first
    statuses     figure id to status; every figure of every reading has one
    conventions  what the issuer was seen to do
    """

    documents: tuple[tuple[Document, Reading], ...]
    relations: tuple[Relation, ...]
    findings: tuple[Finding, ...]
    statuses: Mapping[str, Status]
    conventions: tuple[Convention, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures of all documents, in reading order."""
        return tuple(figure for _, reading in self.documents for figure in reading.figures)

    def counts(self) -> dict[Status, int]:
        """How many figures end with each status."""
        found = Counter(self.statuses.values())
        return {status: found[status] for status in Status}
