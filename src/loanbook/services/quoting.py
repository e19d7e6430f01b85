"""A quote: schedule, every fee and the all-in annual rate of a drawdown, before the borrower accepts anything."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.borrower_cost import Cost, costs
from loanbook.services.caller import Caller, Refusal
from loanbook.services.platform_terms import PlatformTerms, funding_request
from loanbook.services.requests import Instalment, Quoted, Quoting, rate_text
from loanbook.services.standing import cannot_borrow
from loanbook.stores.online.schema import LINE, QUOTE
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.product import Product
from loanbook.units import NEVER

VALID = dt.timedelta(minutes=30)
"""How long a quote stands."""


def quote(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, Quoting]]) -> list[Quoted | Refusal]:
    """What each drawdown would cost; loans of one product and number of instalments are computed together."""
    lines = unit.read(LINE, (request.line_id for _, request in asked))
    behind = cannot_borrow(terms, unit, (line["borrower_id"] for line in lines.values()))
    answers: list[Quoted | Refusal | None] = [None] * len(asked)
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    products: dict[str, Product] = {}
    today = units.day(unit.today)
    for place, (caller, request) in enumerate(asked):
        line = lines.get(request.line_id)
        refusal = cannot_draw(unit, caller, line, request.line_id, request.principal_fen, behind)
        if refusal is None:
            try:
                products[request.product] = terms.product(request.product, today)
            except RequestError as error:
                refusal = Refusal(status=422, rule="no_such_product", detail=str(error))
            else:
                refusal = not_for(products[request.product], lines[request.line_id]["kind"])
        if refusal is None:
            groups[request.product, request.installment_count].append(place)
        answers[place] = refusal
    for (code, count), places in groups.items():
        _quote_group(terms, unit, products[code], count, [(place, asked[place][1]) for place in places], lines, answers)
    return [answer for answer in answers if answer is not None]


def not_for(product: Product, borrower_kind: str) -> Refusal | None:
    """Why a borrower of a kind cannot have a product; None where it is for them."""
    if product.is_for(borrower_kind):
        return None
    kinds = " and ".join(product.borrowers)
    detail = f"{product.code} ({product.place}) is for {kinds} borrowers, and this line is of a {borrower_kind} borrower. "
    detail += "`offers` shows what the line can draw."
    figures = {"product": product.code, "borrower_kind": borrower_kind, "borrowers": list(product.borrowers)}
    return Refusal(status=422, rule="product_not_for_borrower", detail=detail, source=product.source, figures=figures)


def cannot_draw(
    unit: Unit, caller: Caller, line: Row | None, line_id: str, principal_fen: int, behind: Mapping[str, Refusal]
) -> Refusal | None:
    """Why an amount cannot be drawn from a line; None when it can. `behind`: of its borrower, by `cannot_borrow`."""
    if line is None or (caller.borrower_id is not None and caller.borrower_id != line["borrower_id"]):
        return Refusal(status=404, rule="no_such_line", detail=f"there is no line {line_id}.")
    if line["state"] != "open" or unit.today >= line["expires_on"]:
        detail = f"line {line_id} is {line['state']}, valid until {line['expires_on']}; nothing can be drawn on {unit.today}."
        return Refusal(status=409, rule="line_not_open", detail=detail)
    if line["borrower_id"] in behind:
        return behind[line["borrower_id"]]
    left = line["limit_fen"] - line["used_fen"]
    if principal_fen > left:
        detail = f"the line has {units.format_money(max(left, 0))} left of {units.format_money(line['limit_fen'])}; "
        detail += f"{units.format_money(principal_fen)} is more."
        figures = {"limit_fen": line["limit_fen"], "used_fen": line["used_fen"], "asked_fen": principal_fen}
        return Refusal(status=422, rule="line_exceeded", detail=detail, figures=figures)
    return None


def _quote_group(
    terms: PlatformTerms,
    unit: Unit,
    product: Product,
    count: int,
    asked: Sequence[tuple[int, Quoting]],
    lines: dict[str, Row],
    answers: list[Quoted | Refusal | None],
) -> None:
    day = units.day(unit.today)
    found: dict[int, tuple[Cost, int]] = {}
    amounts = np.array([request.principal_fen for _, request in asked], np.int64)
    rates = np.array(
        [lines[request.line_id]["rate_annual"] if product.rate_annual is None else product.rate_annual for _, request in asked],
        np.int64,
    )
    days = np.full(amounts.size, day, np.int64)
    try:
        whole = costs(product, amounts, count=count, disbursed_on=days, rates=rates)
        found = {place: (whole, at) for at, (place, _) in enumerate(asked)}
    except RequestError:
        # One of them is outside the product's limits: find out which, the others stand.
        for at, (place, _) in enumerate(asked):
            one = slice(at, at + 1)
            try:
                found[place] = (costs(product, amounts[one], count=count, disbursed_on=days[one], rates=rates[one]), 0)
            except RequestError as error:
                answers[place] = Refusal(status=422, rule="outside_product_limits", detail=str(error), source=product.source)
    for at, (place, request) in enumerate(asked):
        if place in found:
            cost, row = found[place]
            answers[place] = _quoted(terms, unit, product, request, lines[request.line_id], int(rates[at]), cost, row)


def _quoted(
    terms: PlatformTerms, unit: Unit, product: Product, request: Quoting, line: Row, rate: int, cost: Cost, row: int
) -> Quoted | Refusal:
    nominal, effective = int(cost.nominal[row]), int(cost.effective[row])
    wanted = funding_request(line, product, request.principal_fen, request.installment_count, rate)
    cap = terms.check_cost(line, product, wanted, nominal, effective, units.day(unit.today))
    if isinstance(cap, Refusal):
        return cap
    expires_at = unit.now + VALID
    stored = unit.insert(
        QUOTE,
        quote_id=new_id("qt"),
        line_id=line["line_id"],
        borrower_id=line["borrower_id"],
        product=product.code,
        terms_hash=product.hash,
        principal_fen=request.principal_fen,
        installment_count=request.installment_count,
        rate_annual=rate,
        all_in_nominal=nominal,
        all_in_effective=effective,
        quoted_on=unit.today,
        expires_at=expires_at,
    )
    rows = cost.due_on[row] != NEVER
    return Quoted(
        quote_id=stored["quote_id"],
        product=product.code,
        principal_fen=request.principal_fen,
        rate_annual=rate_text(rate),
        all_in_nominal=rate_text(nominal),
        all_in_effective=rate_text(effective),
        cap=cap,
        fees_once_fen=int(cost.fees_once_fen[row]),
        instalments=tuple(
            Instalment(
                number=number + 1,
                due_on=units.date(due),
                principal_fen=principal,
                interest_fen=interest,
                fee_fen=int(cost.fees_each_fen[row]),
            )
            for number, (due, principal, interest) in enumerate(
                zip(
                    cost.due_on[row][rows].tolist(),
                    cost.principal_fen[row][rows].tolist(),
                    cost.interest_fen[row][rows].tolist(),
                    strict=True,
                )
            )
        ),
        expires_at=expires_at,
    )
