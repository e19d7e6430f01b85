"""`loanbook books terms`: a book's own companies, roles, policies, outlooks or vehicles."""

from typing import Annotated

import typer

from loanbook.commands.ledger import BookOption
from loanbook.commands.screen import console
from loanbook.services.own_terms import own_terms
from loanbook.stores.book import OWN_TERMS, open_book


def copy_terms(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help=f"One of {', '.join(OWN_TERMS)}.")], book: BookOption
) -> None:
    """Copy a folder of shipped terms into a book, to be edited: from then on it stands there instead of the shipped one.

    `entities` names the companies of the group, `entity_roles` which of them lends, guarantees and serves. Closed quarters keep
    the terms that they were closed under.
    """
    target, files = own_terms(open_book(book), folder)
    console().print(f"{target} holds {', '.join(files)}. Edit them before the next close.", markup=False, soft_wrap=True)
