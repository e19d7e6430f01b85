"""Everything that can be asked of a platform, in the order of a loan's life: REST routes and commands are made of this table."""

from functools import partial

from loanbook.services import requests as shape
from loanbook.services.access import access_verbs
from loanbook.services.acquiring import apply_for_line, decide, register
from loanbook.services.cancelling import CancellingLoan, LoanCancelled, cancel_loan
from loanbook.services.cash import cash_verbs
from loanbook.services.collections import collection_verbs
from loanbook.services.deciding import approval_verbs
from loanbook.services.desk import Verb
from loanbook.services.drawing import draw_down
from loanbook.services.gate import bound_key, gated, reference_of_ours
from loanbook.services.guaranteeing import guarantee_verbs
from loanbook.services.outside_debt import debt_verbs
from loanbook.services.partnering import answer_offer
from loanbook.services.paying import disburse, give_back, repay
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.purchasing import Bought, Buying, PurchaseReturned, PurchaseReturning, buy, return_purchase
from loanbook.services.quoting import quote
from loanbook.services.vehicle_funding import vehicle_verbs
from loanbook.stores.online.vault import Vault
from loanbook.terms.vehicle_file import vehicles_in

APP = frozenset({"borrower_app", "operator"})
PARTNER = frozenset({"partner", "operator"})
PROVIDER = frozenset({"provider", "operator"})


def verbs(terms: PlatformTerms, vault: Vault) -> tuple[Verb, ...]:
    """The verbs of a platform with these terms."""
    return (
        Verb(
            name="register",
            text="Take a borrower in",
            request=shape.Registration,
            answer=shape.Registered,
            roles=APP,
            run=gated(partial(register, vault), bound_key),
            status=201,
        ),
        Verb(
            name="apply",
            text="Ask for a credit line",
            request=shape.Application,
            answer=shape.Applied,
            roles=APP,
            run=partial(apply_for_line, vault),
            status=201,
        ),
        Verb(
            name="assess",
            text="Decide on an application",
            request=shape.Assessing,
            answer=shape.Assessed,
            roles=APP | {"risk"},
            run=partial(decide, terms, vault),
        ),
        Verb(
            name="quote",
            text="Show what a drawdown would cost",
            request=shape.Quoting,
            answer=shape.Quoted,
            roles=APP,
            run=partial(quote, terms),
            status=201,
        ),
        Verb(
            name="draw_down",
            text="Accept a quote",
            request=shape.DrawingDown,
            answer=shape.Drawn,
            roles=APP,
            run=partial(draw_down, terms),
            status=201,
        ),
        Verb(
            name="buy",
            text="Buy at a merchant: quote and draw down at once",
            request=Buying,
            answer=Bought,
            roles=APP,
            run=partial(buy, terms),
            status=201,
        ),
        Verb(
            name="answer_offer",
            text="Accept or refuse an offered loan",
            request=shape.PartnerDecision,
            answer=shape.Decided,
            roles=PARTNER,
            run=partial(answer_offer, terms),
        ),
        Verb(
            name="disburse",
            text="Report that a loan was paid out",
            request=shape.Disbursing,
            answer=shape.Disbursed,
            roles=PROVIDER,
            run=gated(partial(disburse, terms), reference_of_ours),
        ),
        Verb(
            name="cancel_loan",
            text="Cancel a confirmed loan that cannot be paid out",
            request=CancellingLoan,
            answer=LoanCancelled,
            roles=frozenset({"operator"}),
            run=partial(cancel_loan, terms),
        ),
        Verb(
            name="repay",
            text="Report money from a borrower",
            request=shape.Repaying,
            answer=shape.Repaid,
            roles=PROVIDER,
            run=gated(partial(repay, terms), reference_of_ours),
            status=201,
        ),
        Verb(
            name="give_back",
            text="Report that a payment bounced",
            request=shape.Returning,
            answer=shape.Returned,
            roles=PROVIDER,
            run=partial(give_back, terms),
        ),
        Verb(
            name="return_purchase",
            text="Report that what was bought was returned",
            request=PurchaseReturning,
            answer=PurchaseReturned,
            roles=PROVIDER,
            run=gated(partial(return_purchase, terms), reference_of_ours),
        ),
        *collection_verbs(terms),
        *cash_verbs(terms),
        *approval_verbs(terms),
        *access_verbs(vault),
        *vehicle_verbs(terms.lending_rules, vehicles_in()),
        *debt_verbs(terms.lending_rules, vehicles_in()),
        *guarantee_verbs(terms),
    )
