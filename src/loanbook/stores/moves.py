"""Several renames that happen all or not at all: a journal is written first, and the next one ends what a crash cut short."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loanbook.errors import StateError
from loanbook.stores.durable import sync, write_in_place


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What is new takes its place; what stood there is kept at `aside`. All three lie on one disk."""

    new: str
    place: str
    aside: str


def commit_moves(journal: Path, moves: Sequence[Move]) -> None:
    """Do the moves; from the moment their journal is written they are done, by this process or by the next one.

    raises   StateError when something stands where a thing is to be kept aside; nothing is moved then
    """
    for move in moves:
        if os.path.lexists(move.place) and os.path.lexists(move.aside):
            raise StateError(f"{move.aside} is there already. Move it away, and run the command again.")
    write_in_place(journal, msgspec.json.encode(list(moves)))
    finish_moves(journal)


def finish_moves(journal: Path) -> bool:
    """End the moves of a journal, if there is one; returns whether there was. Doing it twice changes nothing."""
    try:
        content = journal.read_bytes()
    except FileNotFoundError:
        return False
    for move in msgspec.json.decode(content, type=list[Move]):
        new, place, aside = Path(move.new), Path(move.place), Path(move.aside)
        if not os.path.lexists(new):
            continue
        if os.path.lexists(place):
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, aside)
            sync(aside.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new, place)
        sync(place.parent)
    journal.unlink()
    sync(journal.parent)
    return True
