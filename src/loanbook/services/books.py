"""The verbs on a whole book: rebuild what is derived, and prove that it agrees with the events."""

from dataclasses import dataclass

from loanbook.services.closing import drop_closes
from loanbook.stores.book import Book, check_files
from loanbook.stores.projection import LooseEnd, Progress, Projection, drop_projection, project, reading
from loanbook.stores.proving import Proof, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Files that are not as committed, in words; events that no loan can use; the proof of the projection."""

    files: tuple[str, ...]
    loose_ends: tuple[LooseEnd, ...]
    proof: Proof

    @property
    def holds(self) -> bool:
        """Whether files and projection are proven; loose ends are findings about the source, not about the book."""
        return not self.files and self.proof.holds


def rebuild(book: Book, *, on_progress: Progress | None = None) -> tuple[Projection, int]:
    """Drop projection and closes and build the projection again; returns it and how many closes were dropped."""
    dropped = drop_closes(book)
    drop_projection(book)
    return project(book, on_progress=on_progress), dropped


def verify(book: Book, *, on_progress: Progress | None = None) -> Verification:
    """Check every file's hash, and every loan of the projection against the events."""
    with reading(book, on_progress=on_progress) as projection:
        proof = prove(book, projection)
    return Verification(files=tuple(check_files(book)), loose_ends=projection.manifest.loose_ends, proof=proof)
