"""Verbs and reads about who may see and who is forgotten: messages, lists, consents, reports, replays, erasure."""

from functools import partial

from loanbook.services.consents import (
    ConsentGiven,
    ConsentGiving,
    ConsentWithdrawing,
    ConsentWithdrawn,
    give_consent,
    withdraw_consent,
)
from loanbook.services.desk import Verb
from loanbook.services.disclosing import ReportView, hand_over
from loanbook.services.listing import list_reads
from loanbook.services.outbox import Taken, Taking, Waiting, take_from_outbox, waiting
from loanbook.services.page import OPTIONS
from loanbook.services.parties import OUTSIDE
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.read import STAFF, Read
from loanbook.services.replaying import ReplayView, replay
from loanbook.services.retention import Erased, Erasing, erase
from loanbook.stores.online.vault import Vault
from loanbook.terms.retention import retention_in

_APP = frozenset({"borrower_app", "operator"})


def access_verbs(vault: Vault) -> tuple[Verb, ...]:
    """The verbs."""
    return (
        Verb(
            name="take",
            text="Take messages that wait",
            request=Taking,
            answer=Taken,
            roles=OUTSIDE | {"operator"},
            run=take_from_outbox,
        ),
        Verb(
            name="give_consent",
            text="Record a borrower's consent",
            request=ConsentGiving,
            answer=ConsentGiven,
            roles=_APP,
            run=partial(give_consent, vault),
            status=201,
        ),
        Verb(
            name="withdraw_consent",
            text="Take a consent back",
            request=ConsentWithdrawing,
            answer=ConsentWithdrawn,
            roles=_APP,
            run=withdraw_consent,
        ),
        Verb(
            name="erase",
            text="Forget a borrower",
            request=Erasing,
            answer=Erased,
            roles=_APP,
            run=partial(erase, vault, retention_in()),
        ),
    )


def access_reads(terms: PlatformTerms, vault: Vault) -> tuple[Read, ...]:
    """The reads."""
    return (
        *list_reads(terms),
        Read(
            name="outbox",
            text="Messages that wait for a recipient",
            by="recipient",
            answer=Waiting,
            roles=OUTSIDE | {"operator", "auditor"},
            find=waiting,
            options=OPTIONS,
        ),
        Read(
            name="report",
            text="A pre-loan investigation report, for the bureau to pass on; on record as a disclosure",
            by="report_id",
            answer=ReportView,
            roles=frozenset({"bureau"}),
            find=partial(hand_over, vault),
        ),
        Read(
            name="replay",
            text="A decision made again, and how it differs",
            by="decision_id",
            answer=ReplayView,
            roles=frozenset(STAFF - {"finance"}),
            find=partial(replay, terms, vault),
        ),
    )
