"""Loans outside their product's limits, or under terms that contradict themselves: made all the same, so measured, and found."""

from collections.abc import Mapping

import pyarrow as pa

from loanbook.stores.engine import Engine
from loanbook.stores.projection import BeyondLimit, LooseEnd
from loanbook.terms.combinations import impossible
from loanbook.terms.product import Product, shown_counts
from loanbook.units import RATE_SCALE, format_money

_SCHEMA = pa.schema(
    [
        ("class_no", pa.int64()),
        ("version", pa.string()),
        ("least_fen", pa.int64()),
        ("most_fen", pa.int64()),
        ("rate", pa.bool_()),
        ("count", pa.bool_()),
    ]
)
_BEYOND = {
    "amount": "(l.principal_fen < c.least_fen OR l.principal_fen > c.most_fen)",
    "rate": "c.rate",
    "count": "c.count",
}


def beyond_limits(engine: Engine, products: dict[str, Product], classes: pa.Table) -> tuple[BeyondLimit, ...]:
    """One entry for each limit of each archived version of a product that loans exceed; loans taken back do not count.

    classes   `event_rows.classes`; the engine holds the table `loan`
    """
    rows = []
    for number, row in enumerate(classes.to_pylist()):
        terms = products.get(row["version"] or "")
        if terms is not None:
            rate = terms.rate_annual if row["rate_annual"] is None else row["rate_annual"]
            rows.append(
                {
                    "class_no": number,
                    "version": terms.hash,
                    "least_fen": terms.amount_least_fen,
                    "most_fen": terms.amount_most_fen,
                    "rate": rate is not None and not terms.rate_least <= rate <= terms.rate_most,
                    # An account without instalments (a card) has no number of them to be outside.
                    "count": row["installment_count"] not in terms.counts
                    and not (row["reported"] and not row["installment_count"]),
                }
            )
    engine.register("class_limit", pa.Table.from_pylist(rows, schema=_SCHEMA))
    found = []
    for limit, beyond in _BEYOND.items():
        lines = engine.rows(
            "SELECT c.version, count(*), sum(l.principal_fen), arg_min(l.loan_id, l.loan_no) FROM loan AS l "
            f"JOIN class_limit AS c ON c.class_no = l.class_no WHERE l.reversed_on IS NULL AND {beyond} GROUP BY c.version"
        )
        for version, loans, amount, first in lines:
            terms = products[version]
            found.append(
                BeyondLimit(
                    product=terms.code,
                    limit=limit,
                    allowed=_allowed(terms, limit),
                    loans=int(loans),
                    amount_fen=int(amount),
                    first=first,
                )
            )
    return tuple(sorted(found, key=lambda each: (each.product, each.limit, each.allowed)))


def impossible_terms(engine: Engine, products: Mapping[str, Product]) -> tuple[LooseEnd, ...]:
    """Loans made under archived terms whose settings contradict each other by the rules of today, a finding a version."""
    found = []
    for terms in sorted(products.values(), key=lambda each: (each.code, each.effective_from, each.hash)):
        wrong = impossible(terms)
        if wrong is None:
            continue
        ((loans, first),) = engine.rows(
            "SELECT count(*), arg_min(l.loan_id, l.loan_no) FROM loan AS l JOIN class AS c USING (class_no) "
            "WHERE l.reversed_on IS NULL AND c.version = ?",
            (terms.hash,),
        )
        if loans:
            text = f"made under terms that may no longer be written ({terms.place}): {wrong[0]}: {wrong[1].rstrip('.')}"
            found.append(LooseEnd(kind="terms", message=text, events=int(loans), first=first))
    return tuple(found)


def _allowed(terms: Product, limit: str) -> str:
    if limit == "amount":
        least, most = (format_money(money, terms.decimals) for money in (terms.amount_least_fen, terms.amount_most_fen))
        return f"amounts of {terms.currency} {least} to {most}"
    if limit == "rate":
        return f"annual rates of {terms.rate_least / RATE_SCALE:g} to {terms.rate_most / RATE_SCALE:g}"
    return f"{shown_counts(terms.counts)} instalment{'' if terms.counts == (1,) else 's'}"
