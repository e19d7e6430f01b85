"""The application over the online store: connections lent to desks, keys looked up, tables brought to this version first."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
from fastapi_offline import FastAPIOffline
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from loanbook.loans.account import Drawdown, account_of
from loanbook.loans.borrower_cost import costs
from loanbook.loans.facts import Fact, FactKind
from loanbook.rest.app import THREADS, make_app
from loanbook.rest.guard import Guard
from loanbook.services.approved_terms import standing_terms
from loanbook.services.caller import Caller
from loanbook.services.clock import wall_clock
from loanbook.services.current_terms import CurrentTerms, following
from loanbook.services.desk import Desk
from loanbook.services.parties import Senders
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.reading import reads
from loanbook.services.verbs import verbs
from loanbook.stores.online.callers import known_callers
from loanbook.stores.online.lookups import versions_held
from loanbook.stores.online.unit import Connection, plan_by_key
from loanbook.stores.online.vault import Vault
from loanbook.terms.conventions import Method, Shift
from loanbook.terms.product import contract_row

_WAIT_SECONDS = 10.0

Clock = Callable[[], tuple[dt.datetime, dt.date]]


def serve_app(
    dsn: str, vault: Vault, clock: Clock = wall_clock, *, connections: int = THREADS + 1, workers: int = 1
) -> FastAPIOffline:
    """The application of a store whose tables are of this version; it closes its connections when it is shut down.

    workers   processes that serve this application together
    raises    StateError for a sender's secret that cannot be used; TermsError for approved terms that the package's contradict
    """
    pool: ConnectionPool[Connection] = ConnectionPool(
        dsn,
        min_size=1,
        max_size=connections,
        timeout=_WAIT_SECONDS,
        kwargs={"row_factory": dict_row, "prepare_threshold": 2},
        configure=plan_by_key,
        open=True,
    )
    try:
        with pool.connection() as connection:
            versions = versions_held(connection)
            terms = standing_terms(connection, clock()[0])
        senders = Senders(mandate.partner for mandate in terms.mandates)
    except BaseException:
        pool.close()
        raise
    _compile(terms)

    @contextlib.contextmanager
    def lend() -> Iterator[Desk]:
        with pool.connection() as connection:
            yield Desk(connection, clock, vault.body_hash)

    def find(key: str) -> Caller | None:
        with pool.connection() as connection:
            (found,) = known_callers(connection, [key], clock()[0])
        return found

    guard = Guard(find, senders, workers=workers)
    current = CurrentTerms(terms, versions)
    asked, looked = following(current, lambda held: (verbs(held, vault), reads(held, vault)), terms)
    return make_app(asked, looked, guard, lend, now=lambda: clock()[0], close=pool.close)


def _compile(terms: PlatformTerms) -> None:
    """Load the kernels of a quote and of an account, or compile them, before the first borrower waits for it."""
    computed = (each for each in terms.products if each.method is not Method.LISTED and each.shift is Shift.NONE)
    product = next(computed, None)
    if product is None:
        return
    one = (np.array([value], np.int64) for value in (product.amount_least_fen, 0, product.rate_annual or product.rate_least))
    amount, day, rate = one
    costs(product, amount, count=product.counts[0], disbursed_on=day, rates=rate)
    contract = contract_row(product, rate_annual=int(rate[0]), count=product.counts[0])
    facts = np.zeros((1, len(Fact)), np.int64)
    facts[0, [Fact.ON, Fact.KIND, Fact.AMOUNT]] = (1, FactKind.PAYMENT, 1)
    account_of(Drawdown(contract=contract, principal_fen=int(amount[0]), disbursed_on=0), facts, as_of=1, known_on=1)
