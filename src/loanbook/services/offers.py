"""What a line can draw, and what it would cost: every product, number of instalments and, for an amount, the whole price."""

import datetime as dt
from collections.abc import Iterator, Mapping

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.funding.eligibility import Bar, bars
from loanbook.funding.mandate_table import MandateTable, Term, asked
from loanbook.loans.borrower_cost import costs
from loanbook.services.caller import Caller, Refusal
from loanbook.services.platform_terms import PlatformTerms, funding_request
from loanbook.services.quoting import cannot_draw, not_for
from loanbook.services.read import STAFF, Read, is_own, none_such
from loanbook.services.requests import Given, rate_text
from loanbook.services.standing import cannot_borrow
from loanbook.stores.online.schema import LINE
from loanbook.stores.online.unit import Row, Unit
from loanbook.terms.product import Product
from loanbook.units import MONEY_MAX, NEVER


class Offer(Given, kw_only=True):
    """A product and number of instalments that the line can draw; the price of the amount asked about, where one was."""

    product: str
    title: str
    installment_count: int
    amount_least_fen: int
    amount_most_fen: int
    rate_annual: str
    first_due_on: dt.date | None = None
    installment_fen: int | None = None
    """The first instalment, its fee with it."""
    interest_fen: int | None = None
    fees_fen: int | None = None
    total_fen: int | None = None
    """All instalments and fees: what `buy` accepts."""
    all_in_nominal: str | None = None
    all_in_effective: str | None = None


class Offers(Given, kw_only=True):
    """What a line can draw today."""

    line_id: str
    available_fen: int
    amount_fen: int | None
    offers: tuple[Offer, ...]


def offers_read(terms: PlatformTerms) -> Read:
    """The read."""

    def find(unit: Unit, caller: Caller, id_: str, options: Mapping[str, str]) -> Offers | Refusal:
        line = unit.read(LINE, [id_]).get(id_)
        if line is None or not is_own(caller, line):
            return none_such("line", id_)
        text = options.get("amount_fen", "")
        if text and (not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) < MONEY_MAX // 4):
            detail = "amount_fen must be a whole number of minor units above 0, or left out."
            return Refusal(status=422, rule="amount_not_understood", detail=detail)
        amount = int(text) if text else None
        behind = cannot_borrow(terms, unit, [line["borrower_id"]])
        refusal = cannot_draw(unit, caller, line, id_, amount or 0, behind)
        if refusal is not None:
            return refusal
        wanted = options.get("product", "")
        if (other := _of_another_kind(terms, unit, wanted, line["kind"])) is not None:
            return other
        found = tuple(_offers(terms, unit, line, amount, wanted))
        return Offers(line_id=id_, available_fen=line["limit_fen"] - line["used_fen"], amount_fen=amount, offers=found)

    return Read(
        name="offers",
        text="What a line can draw today, and what an amount would cost",
        by="line_id",
        answer=Offers,
        roles=STAFF | {"borrower_app"},
        find=find,
        options={"amount_fen": "minor units: what each offer would cost for it", "product": "of this product only"},
    )


def _of_another_kind(terms: PlatformTerms, unit: Unit, wanted: str, borrower_kind: str) -> Refusal | None:
    try:
        return not_for(terms.product(wanted, units.day(unit.today)), borrower_kind) if wanted else None
    except RequestError:  # there is none to offer
        return None


def _offers(terms: PlatformTerms, unit: Unit, line: Row, amount: int | None, wanted: str) -> Iterator[Offer]:
    day = units.day(unit.today)
    table = terms.mandate_table(day)
    for code in table.products:
        if wanted and code != wanted:
            continue
        try:
            product = terms.product(code, day)
        except RequestError:
            continue
        if not product.is_for(line["kind"]):
            continue
        rate = line["rate_annual"] if product.rate_annual is None else product.rate_annual
        for count in product.counts:
            limits = _limits(table, line, product, count, rate)
            if limits is not None and (amount is None or limits[0] <= amount <= limits[1]):
                offer = _offer(terms, unit, line, product, count, rate, limits, amount)
                if offer is not None:
                    yield offer


def _limits(table: MandateTable, line: Row, product: Product, count: int, rate: int) -> tuple[int, int] | None:
    """The least and the most that a lender takes of a product and count for this borrower; None: nothing."""
    if not product.rate_least <= rate <= product.rate_most:
        return None
    request = funding_request(line, product, product.amount_least_fen, count, rate)
    lends = (bars(table, asked(table, [request]))[0] & ~(1 << Bar.AMOUNT)) == 0
    if not lends.any():
        return None
    left = line["limit_fen"] - line["used_fen"]
    least = max(product.amount_least_fen, int(table.terms[lends, Term.AMOUNT_LEAST].min()))
    most = min(product.amount_most_fen, left, int(table.terms[lends, Term.AMOUNT_MOST].max()))
    return (least, most) if least <= most else None


def _offer(
    terms: PlatformTerms,
    unit: Unit,
    line: Row,
    product: Product,
    count: int,
    rate: int,
    limits: tuple[int, int],
    amount: int | None,
) -> Offer | None:
    offer = Offer(
        product=product.code,
        title=product.title,
        installment_count=count,
        amount_least_fen=limits[0],
        amount_most_fen=limits[1],
        rate_annual=rate_text(rate),
    )
    if amount is None:
        return offer
    day = units.day(unit.today)
    one = (np.array([value], np.int64) for value in (amount, day, rate))
    amounts, days, rates = one
    cost = costs(product, amounts, count=count, disbursed_on=days, rates=rates)
    nominal, effective = int(cost.nominal[0]), int(cost.effective[0])
    cap = terms.check_cost(line, product, funding_request(line, product, amount, count, rate), nominal, effective, day)
    if isinstance(cap, Refusal):
        return None
    rows = cost.due_on[0] != NEVER
    interest, each = int(cost.interest_fen[0][rows].sum()), int(cost.fees_each_fen[0])
    offer.fees_fen = int(cost.fees_once_fen[0]) + each * int(rows.sum())
    offer.first_due_on = units.date(int(cost.due_on[0][0]))
    offer.installment_fen = int(cost.principal_fen[0][0] + cost.interest_fen[0][0]) + each
    offer.interest_fen = interest
    offer.total_fen = amount + interest + offer.fees_fen
    offer.all_in_nominal, offer.all_in_effective = rate_text(nominal), rate_text(effective)
    return offer
