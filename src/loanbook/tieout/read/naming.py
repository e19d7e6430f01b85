"""Names of figures: an id for this document as it is, a key that finds the figure again in its next version."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loanbook.tieout.figure import Figure, Place

_NOT_WORDS = re.compile(r"[^\w%|.]+")


def figure_id(place: Place, text: str) -> str:
    """A name while a document is read, one for each place: `with_ids` gives the one that lasts."""
    seed = f"{place.file}|{place.page}|{place.line}|{place.block}|{place.row}|{place.column}|{place.start}|{text}"
    return hashlib.blake2b(seed.encode(), digest_size=6).hexdigest()


def with_keys(figures: list[Figure]) -> tuple[Figure, ...]:
    """Figures with their keys; those of one name are numbered in reading order."""
    seen = Counter[str]()
    keyed = []
    for figure in figures:
        name = _plain(figure.label)
        heading = re.sub(r"[^\w]+", " ", figure.path[0].lower()).strip() if figure.path else ""
        key = "|".join(
            (name, str(figure.period or ""), figure.currency or "", str(figure.basis or ""), figure.unit, figure.role, heading)
        )
        seen[key] += 1
        keyed.append(replace(figure, key=key if seen[key] == 1 else f"{key}#{seen[key]}"))
    return tuple(keyed)


def with_ids(figures: Sequence[Figure], document: str) -> tuple[Figure, ...]:
    """Figures with ids made of what is said of them, not of where they stand: lines put in above change none.

    An id is of the document's name, of the figure's label, nearest heading, columns, period, unit, role and text;
    those that share all of these are numbered in reading order.
    """
    seen = Counter[str]()
    names: dict[str, str] = {}
    for figure in figures:
        said = (document, figure.label, *figure.path[-1:], "", *figure.column, "", figure.currency or "", figure.basis or "")
        seed = "|".join((*map(_plain, said), str(figure.period or ""), figure.unit, figure.role, figure.text))
        seen[seed] += 1
        names[figure.id] = hashlib.blake2b(f"{seed}|{seen[seed]}".encode(), digest_size=6).hexdigest()
    return tuple(replace(figure, id=names[figure.id], of=names.get(figure.of or "", figure.of)) for figure in figures)


def short_names(files: Sequence[Path]) -> tuple[str, ...]:
    """The files' names without folders; those of one name with as many folders as tell them apart."""
    parts = [Path(os.path.abspath(file)).parts for file in files]
    names = []
    for own in parts:
        length = 1
        while length < len(own) and sum(other[-length:] == own[-length:] for other in parts) > 1:
            length += 1
        names.append("/".join(own[-length:]))
    return tuple(names)


def _plain(text: str) -> str:
    return _NOT_WORDS.sub(" ", text.lower()).strip()
