"""Manual entries that wait for a second pair of eyes: a file each beside the corporate events, written whole or not at all.

<book>/corporate/proposed/<id>.json     what one person proposes, as text by column
<book>/corporate/rejected/<id>.json     who rejected it, when and why

An approved proposal is a corporate event of the same id: that one commit is the approval, so a crash cannot part the two.
"""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from loanbook.errors import RequestError, TieError
from loanbook.stores.durable import write_in_place

_Content = TypeVar("_Content", bound=msgspec.Struct)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed event: `cells` are the columns of its kind as written, without maker and checker.

    kind   `manual_entry`, or `event_reversed`: the reversal of another event
    """

    id: str
    maker: str
    made_at: str
    cells: dict[str, str]
    kind: str = "manual_entry"


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """That a proposal will not be booked."""

    by: str
    at: str
    reason: str


class ManualEntries:
    """The proposals of a book."""

    __slots__ = ("folder", "lock")

    def __init__(self, book: Path) -> None:
        self.folder = book / "corporate"
        self.lock = self.folder / ".proposals.lock"

    def all(self) -> tuple[Proposal, ...]:
        """Every proposal ever made, oldest first."""
        found = [_read(path, Proposal) for path in sorted((self.folder / "proposed").glob("[!.]*.json"))]
        return tuple(sorted(found, key=lambda each: (each.made_at, each.id)))

    def find(self, id_: str) -> Proposal:
        """One proposal; raises RequestError when there is none of that id."""
        path = self.folder / "proposed" / f"{id_}.json"
        if not _ID.fullmatch(id_) or not path.exists():
            raise RequestError(f"there is no proposal {id_!r}. `loanbook books proposals` lists them.")
        return _read(path, Proposal)

    def rejection(self, id_: str) -> Rejection | None:
        """How a proposal was rejected; None when it was not."""
        path = self.folder / "rejected" / f"{id_}.json"
        return _read(path, Rejection) if path.exists() else None

    def propose(self, proposal: Proposal) -> None:
        """Keep a proposal; raises RequestError for an id that no file can have."""
        if not _ID.fullmatch(proposal.id):
            raise RequestError(f"{proposal.id!r} cannot be the id of a proposal. Use letters, digits, dots and dashes.")
        _write(self.folder / "proposed" / f"{proposal.id}.json", proposal)

    def reject(self, id_: str, rejection: Rejection) -> None:
        """Keep a rejection."""
        _write(self.folder / "rejected" / f"{id_}.json", rejection)


def _write(path: Path, content: msgspec.Struct) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_in_place(path, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def _read(path: Path, type_: type[_Content]) -> _Content:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except msgspec.MsgspecError as error:
        raise TieError(f"{path} cannot be read: {error}. Put the original back.") from error
