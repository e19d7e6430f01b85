"""A borrower's consents: given for a purpose, under a text, and withdrawn again; what left before does not come back."""

from collections.abc import Sequence

from loanbook.services.caller import Caller, Refusal
from loanbook.services.requests import Asked, Given, Id, Name, Sha256
from loanbook.stores.online.consents import consents_to_withdraw
from loanbook.stores.online.schema import BORROWER, CONSENT
from loanbook.stores.online.unit import Unit, new_id
from loanbook.stores.online.vault import Vault

SHARING = "share_with_partner"
"""The purpose without which nothing personal of a borrower reaches a partner, by whatever route."""


class ConsentGiving(Asked):
    """A borrower consents to something."""

    borrower_id: Id
    purpose: Name
    """credit_assessment, bureau_query, share_with_partner or another that a text names."""
    text_hash: Sha256
    """SHA-256 of the text the borrower agreed to."""


class ConsentGiven(Given):
    """The consent, on record."""

    consent_id: str


class ConsentWithdrawing(Asked):
    """A borrower takes a consent back."""

    borrower_id: Id
    purpose: Name


class ConsentWithdrawn(Given):
    """From now on nothing is done for this purpose; `withdrawn` consents stood."""

    borrower_id: str
    purpose: str
    withdrawn: int


def give_consent(vault: Vault, unit: Unit, asked: Sequence[tuple[Caller, ConsentGiving]]) -> list[ConsentGiven | Refusal]:
    """Record consents of borrowers who are not erased."""
    known = unit.read(BORROWER, (request.borrower_id for _, request in asked))
    ring = vault.keyring(unit.connection, sorted(known))
    answers: list[ConsentGiven | Refusal] = []
    for caller, request in asked:
        id_ = request.borrower_id
        if id_ not in known or (caller.borrower_id is not None and caller.borrower_id != id_):
            answers.append(Refusal(status=404, rule="no_such_borrower", detail=f"there is no borrower {id_}."))
            continue
        if ring.is_erased(id_):
            detail = f"the personal data of {id_} was erased on request."
            answers.append(Refusal(status=410, rule="borrower_erased", detail=detail))
            continue
        row = unit.insert(
            CONSENT,
            consent_id=new_id("cs"),
            borrower_id=id_,
            purpose=request.purpose,
            text_hash=request.text_hash,
            granted_at=unit.now,
        )
        unit.event("consent_given", id_, consent_id=row["consent_id"], purpose=request.purpose)
        answers.append(ConsentGiven(consent_id=row["consent_id"]))
    return answers


def withdraw_consent(unit: Unit, asked: Sequence[tuple[Caller, ConsentWithdrawing]]) -> list[ConsentWithdrawn | Refusal]:
    """Take consents back: every one that stands for the purpose."""
    known = unit.read(BORROWER, (request.borrower_id for _, request in asked))
    standing = consents_to_withdraw(unit.connection, known)
    answers: list[ConsentWithdrawn | Refusal] = []
    for caller, request in asked:
        id_, purpose = request.borrower_id, request.purpose
        if id_ not in known or (caller.borrower_id is not None and caller.borrower_id != id_):
            answers.append(Refusal(status=404, rule="no_such_borrower", detail=f"there is no borrower {id_}."))
            continue
        mine = [row for row in standing if (row["borrower_id"], row["purpose"], row["withdrawn_at"]) == (id_, purpose, None)]
        if not mine:
            detail = f"{id_} has no consent to {purpose} that stands."
            answers.append(Refusal(status=409, rule="no_standing_consent", detail=detail))
            continue
        for row in mine:
            unit.update(CONSENT, row, withdrawn_at=unit.now)
        unit.event("consent_withdrawn", id_, purpose=purpose, consents=[row["consent_id"] for row in mine])
        answers.append(ConsentWithdrawn(borrower_id=id_, purpose=purpose, withdrawn=len(mine)))
    return answers
