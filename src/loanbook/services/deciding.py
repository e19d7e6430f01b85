"""The verbs of two persons, `propose` and `check`, with all that can be decided so."""

from functools import partial

from loanbook.services import corrections
from loanbook.services.approvals import KINDS, Checked, Checking, Executors, Proposed, Proposing, check, propose
from loanbook.services.approved_terms import terms_version
from loanbook.services.desk import Verb
from loanbook.services.platform_terms import PlatformTerms


def executors(terms: PlatformTerms) -> Executors:
    """How each kind of proposal is judged and done."""
    return {
        "terms": terms_version(terms),
        "manual_entry": corrections.manual_entry(),
        "write_off": corrections.write_off(terms),
        "refund": corrections.refund(terms),
    }


def approval_verbs(terms: PlatformTerms) -> tuple[Verb, ...]:
    """Propose and check."""
    how = executors(terms)
    return (
        Verb(
            name="propose",
            text="Propose a write-off, a refund, terms or a manual entry",
            request=Proposing,
            answer=Proposed,
            roles=frozenset().union(*(kind.makers for kind in KINDS.values())),
            run=partial(propose, how),
            status=201,
        ),
        Verb(
            name="check",
            text="Approve or reject what another proposed",
            request=Checking,
            answer=Checked,
            roles=frozenset().union(*(kind.checkers for kind in KINDS.values())),
            run=partial(check, how),
        ),
    )
