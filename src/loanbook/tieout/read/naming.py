"""Names of figures: an id for this document as it is, a key that finds the figure again in its next version."""

import hashlib
import re
from collections import Counter
from dataclasses import replace

from loanbook.tieout.figure import Figure, Place


def figure_id(place: Place, text: str) -> str:
    """Stable while file, place and text are: twelve hexadecimal digits."""
    seed = f"{place.file}|{place.page}|{place.line}|{place.block}|{place.row}|{place.column}|{place.start}|{text}"
    return hashlib.blake2b(seed.encode(), digest_size=6).hexdigest()


def with_keys(figures: list[Figure]) -> tuple[Figure, ...]:
    """Figures with their keys; those of one name are numbered in reading order."""
    seen = Counter[str]()
    keyed = []
    for figure in figures:
        name = re.sub(r"[^\w%|.]+", " ", figure.label.lower()).strip()
        heading = re.sub(r"[^\w]+", " ", figure.path[0].lower()).strip() if figure.path else ""
        key = "|".join(
            (name, str(figure.period or ""), figure.currency or "", str(figure.basis or ""), figure.unit, figure.role, heading)
        )
        seen[key] += 1
        keyed.append(replace(figure, key=key if seen[key] == 1 else f"{key}#{seen[key]}"))
    return tuple(keyed)
