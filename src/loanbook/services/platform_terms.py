"""The terms a platform works by, read once: products, strategies, mandates, rules and caps as of a day, or by their hash."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import loanbook.terms
from loanbook import units
from loanbook.errors import LoanbookError, RequestError, StateError, TermsError
from loanbook.funding.eligibility import eligible
from loanbook.funding.mandate_table import FundingRequest, MandateTable, asked, mandate_table
from loanbook.funding.quoting import quote_cap
from loanbook.services.caller import Refusal
from loanbook.stores.online.lookups import keep_terms
from loanbook.stores.online.unit import Connection, Row
from loanbook.terms.cash_account import CashAccount
from loanbook.terms.cash_account_file import accounts_in
from loanbook.terms.catalogue import in_force, products_in
from loanbook.terms.collection import CollectionTerms
from loanbook.terms.collection_file import collections_in
from loanbook.terms.conventions import Method
from loanbook.terms.lending_rule import LendingRule, check_funding, check_loan, funding_breaches
from loanbook.terms.lending_rule_file import lending_rules_in
from loanbook.terms.mandate import Mandate, mandates_in_force
from loanbook.terms.mandate_file import mandates_in
from loanbook.terms.product import Product, tenor_months, text_hash
from loanbook.terms.rate_cap import RateCap, caps_in
from loanbook.terms.strategy import Strategy
from loanbook.terms.strategy_catalogue import strategies_in, strategy_in_force


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlatformTerms:
    """All versions of all terms of a platform."""

    products: tuple[Product, ...]
    strategies: tuple[Strategy, ...]
    mandates: tuple[Mandate, ...]
    lending_rules: tuple[LendingRule, ...]
    caps: tuple[RateCap, ...]
    collections: tuple[CollectionTerms, ...] = ()
    cash_accounts: tuple[CashAccount, ...] = ()

    def product(self, code: str, as_of: int) -> Product:
        """The version in force on a day; RequestError when there is none."""
        return in_force(self.products, code, as_of)

    def products_for(self, borrower_kind: str, on: int) -> tuple[str, ...]:
        """The products that a kind of borrower may have on a day, by code: those for it that a mandate in force funds for it."""
        funded = {
            code
            for mandate in self.mandate_table(on).mandates
            if borrower_kind in mandate.eligibility.borrower_kinds
            for code in mandate.eligibility.products
        }
        begun = {product.code for product in self.products if product.effective_from <= on}
        return tuple(sorted(code for code in funded & begun if self.product(code, on).is_for(borrower_kind)))

    def product_by_hash(self, terms_hash: str) -> Product:
        """The version a loan was made under; StateError when this platform does not have it."""
        for product in self.products:
            if product.hash == terms_hash:
                return product
        raise StateError(f"product terms {terms_hash[:16]} are not among this platform's terms. Restore their file.")

    def mandate_by_hash(self, mandate_hash: str) -> Mandate:
        """The mandate a loan was offered under; StateError when this platform does not have it."""
        for mandate in self.mandates:
            if mandate.hash == mandate_hash:
                return mandate
        raise StateError(f"mandate terms {mandate_hash[:16]} are not among this platform's terms. Restore their file.")

    def strategy(self, kind: str, on: int) -> Strategy:
        """The strategy for a kind of borrower in force on a day."""
        return strategy_in_force(self.strategies, kind, on)

    def mandate_table(self, on: int) -> MandateTable:
        """The mandates in force on a day as columns, without those that a lending rule forbids on that day.

        No such mandate is shipped or approved; a rule that comes later, with another release, can make one such.
        """
        return _table(self, on)

    def check_cost(
        self, line: Row, product: Product, request: FundingRequest, nominal: int, effective: int, on: int
    ) -> str | Refusal:
        """The cap that binds a quote, in words; or which rule it breaks: nobody lends so, too dear, not allowed."""
        table = self.mandate_table(on)
        try:
            check_loan(
                self.lending_rules,
                on=on,
                borrower_kind=line["kind"],
                months=request.months,
                at_maturity=product.method is Method.BULLET or request.installment_count == 1,
            )
            cap = quote_cap(table, eligible(table, asked(table, [request]))[0], self.caps)
        except LoanbookError as error:
            return Refusal(status=422, rule="not_lendable", detail=str(error))
        try:
            cap.check(nominal=nominal, effective=effective)
        except LoanbookError as error:
            return Refusal(status=422, rule="rate_cap", detail=str(error), figures={"nominal": nominal, "effective": effective})
        found = [each for each in (cap.nominal, cap.effective) if each is not None]
        return "; ".join(f"{each.name} ({each.source})" for each in found) or "no cap binds these lenders"


def archive_terms(terms: PlatformTerms, connection: Connection, now: dt.datetime) -> None:
    """Keep every version of the platform's terms in the store, so that what an event names can always be read. Commits."""
    rows: list[tuple[str, str, str, dt.date, str, dt.datetime]] = []
    kinds: dict[str, tuple[Product | Strategy | Mandate | CollectionTerms | CashAccount, ...]] = {
        "product": terms.products,
        "strategy": terms.strategies,
        "mandate": terms.mandates,
        "collection": terms.collections,
        "cash_account": terms.cash_accounts,
    }
    texts = {text_hash(text): text for text in _shipped_texts()}
    for kind, versions in kinds.items():
        for each in versions:
            rows.append((each.hash, kind, each.code, units.date(each.effective_from), texts[each.hash], now))
    keep_terms(connection, rows)
    connection.commit()


def _shipped_texts() -> Iterator[str]:
    for folder in ("products", "strategies", "mandates", "collections", "cash_accounts"):
        for path in (Path(loanbook.terms.__file__).parent / folder).glob("*.yaml"):
            yield path.read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _table(terms: PlatformTerms, on: int) -> MandateTable:
    found = mandates_in_force(terms.mandates, on)
    return mandate_table([each for each in found if not funding_breaches(terms.lending_rules, each, on=on)], on)


def funding_request(line: Row, product: Product, principal_fen: int, count: int, rate_annual: int) -> FundingRequest:
    """What a lender is asked to fund."""
    return FundingRequest(
        borrower_id=line["borrower_id"],
        principal_fen=principal_fen,
        rate_annual=rate_annual,
        installment_count=count,
        months=tenor_months(count, product.unit, product.every),
        product=product.code,
        borrower_kind=line["kind"],
        grade=line["grade"],
        province=line["province"],
        age=line["age_least"],
        age_most=line["age_most"],
    )


def check_mandates(mandates: Sequence[Mandate], rules: tuple[LendingRule, ...]) -> None:
    """Raises TermsError for a mandate that breaks a rule of lending on a day on which loans are matched under it.

    It names the mandate, the rule, its source and the figures. A version holds until its last day or the next version's first.
    """
    ordered = sorted(mandates, key=lambda each: (each.code, each.effective_from))
    for mandate, following in zip(ordered, (*ordered[1:], None), strict=True):
        last = units.NEVER if mandate.effective_until is None else mandate.effective_until
        if following is not None and following.code == mandate.code:
            last = min(last, following.effective_from - 1)
        try:
            check_funding(rules, mandate, on=mandate.effective_from, until=last)
        except RequestError as error:
            raise TermsError(f"{mandate.place}: {mandate.code}: {error}") from error


def platform_terms() -> PlatformTerms:
    """The terms that come with the package. Raises TermsError for mandates that the lending rules forbid."""
    products, rules = products_in(), lending_rules_in()
    mandates = mandates_in(products=tuple({product.code for product in products}))
    check_mandates(mandates, rules)
    return PlatformTerms(
        products=products,
        strategies=strategies_in(),
        mandates=mandates,
        lending_rules=rules,
        caps=caps_in(),
        collections=collections_in(),
        cash_accounts=accounts_in(),
    )
