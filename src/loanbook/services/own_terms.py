"""A book's own terms: a copy of a shipped folder in the book's, to be edited; from then on it stands instead of that one."""

import os
import shutil
from pathlib import Path

from loanbook.errors import RequestError, StateError
from loanbook.stores.book import OWN_TERMS, Book, writing
from loanbook.terms import accounting_policy, entity_file, outlook, vehicle_file

_SHIPPED = {
    each.name: each
    for each in (accounting_policy.FOLDER, entity_file.SHIPPED, entity_file.ROLES, outlook.SHIPPED, vehicle_file.SHIPPED)
}


def own_terms(book: Book, name: str) -> tuple[Path, tuple[str, ...]]:
    """The new folder of a book, and its files; the copy comes into being by one rename.

    raises   RequestError for a folder that books have not; StateError where the book has it already
    """
    if name not in OWN_TERMS:
        raise RequestError(f"{name!r} is no folder of terms that a book may have of its own. They are {', '.join(OWN_TERMS)}.")
    target = book.folder / name
    files = sorted(path for path in _SHIPPED[name].iterdir() if path.suffix in (".yaml", ".csv"))
    with writing(book) as (_, staging):
        if target.exists():
            words = f"{target}: the book has its own {name} already. Edit its files, or remove the folder for the shipped ones."
            raise StateError(words)
        made = staging / name
        made.mkdir()
        for path in files:
            shutil.copyfile(path, made / path.name)
        os.replace(made, target)
    return target, tuple(path.name for path in files)
