"""Terms classes of a book: each distinct (terms, rate, count, split) of its loans as one contract row.

Loans name their product, and the hash of its terms where they know it. A loan without a hash was made under the version of its
product, among those the book archives, that was in force on the day of disbursement.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from loanbook.errors import StateError
from loanbook.loans.batches import Classes
from loanbook.stores.book import Book
from loanbook.terms.calendar import named_calendar
from loanbook.terms.contract import FIELDS, SHARE_WHOLE, Field, empty_contract
from loanbook.terms.conventions import Model, Shift, Unit
from loanbook.terms.product import COUNT_MOST, Product, contract_row
from loanbook.terms.product_file import parse_archived
from loanbook.units import Ints

OWN_MODEL = Model.ON_BALANCE_SHEET.name.lower()
_NAMED = {"segment": Field.SEGMENT, "vehicle": Field.VEHICLE, "partner": Field.PARTNER}
"""What a loan may name or not."""
_OWN = [Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE, Field.COUPON_ANNUAL]


def archived_products(book: Book) -> dict[str, Product]:
    """The product terms that the book archives, by hash.

    They were accepted when they were archived, so a rule made since refuses nothing; `limits.impossible_terms` tells them.
    """
    return {
        key: parse_archived(book.terms_text(key), f"{book.folder.name}/terms/{key[:12]}.yaml")
        for key in sorted(book.manifest.terms)
    }


def version_table(products: dict[str, Product]) -> pa.Table:
    """Versions of archived terms as rows: product, version (the hash), first and last day in force."""
    versions = sorted(products.values(), key=lambda product: (product.code, product.effective_from, product.hash))
    rows = []
    for place, product in enumerate(versions):
        following = versions[place + 1] if place + 1 < len(versions) and versions[place + 1].code == product.code else None
        rows.append(
            {
                "product": product.code,
                "version": product.hash,
                "starts_on": product.effective_from,
                "ends_on": following.effective_from - 1 if following else np.iinfo(np.int32).max,
            }
        )
    schema = pa.schema([("product", pa.string()), ("version", pa.string()), ("starts_on", pa.int32()), ("ends_on", pa.int32())])
    return pa.Table.from_pylist(rows, schema=schema)


def class_rows(book: Book, products: dict[str, Product], table: pa.Table) -> Classes:
    """Contract rows in the order of the table of `event_rows.classes`.

    raises   StateError naming the first product whose terms the book does not archive, or count other decimals than the book, or
             whose loans have an impossible number of instalments; RequestError for terms that cannot give a contract row
    """
    rows = table.to_pylist()
    names = tuple(sorted({row["product"] for row in rows}))
    codes = {name: code for code, name in enumerate(names)}
    named = {column: tuple(sorted({row[column] for row in rows if row[column]})) for column in _NAMED}
    found = np.empty((len(rows), FIELDS), np.int64)
    for number, row in enumerate(rows):
        terms = products.get(row["version"] or "")
        if terms is None and not row["reported"]:
            raise StateError(_missing(book, row))
        if terms is not None and terms.decimals != book.decimals:
            raise StateError(
                f"{book.folder}: money of the book has {book.decimals} decimals, the terms of {terms.code} count "
                f"{terms.decimals}. Make a book with those decimals for its loans."
            )
        if not 1 <= (row["installment_count"] or 1) <= COUNT_MOST:
            raise StateError(
                f"{book.folder}: loans of product {row['product']} disbursed from {row['first_on']} on have "
                f"{row['installment_count']:,} instalments; a loan has 1 to {COUNT_MOST}. Correct the source, "
                "and import it into a new book."
            )
        found[number] = _unscheduled(row) if terms is None else _contract(terms, row)
        found[number, Field.PRODUCT] = codes[row["product"]]
        found[number, Field.MODEL] = Model[row["model"].upper()]
        for column, field in _NAMED.items():
            found[number, field] = named[column].index(row[column]) if row[column] else -1
        found[number, _OWN] = _own_part(book, row)
    if rows:
        groups = found[:, [Field.PRODUCT, Field.MODEL, Field.SEGMENT]]
        found[:, Field.GROUP] = np.unique(groups, axis=0, return_inverse=True)[1].reshape(-1)
    return Classes(rows=found, products=names, segments=named["segment"], vehicles=named["vehicle"], partners=named["partner"])


def closed_days(products: dict[str, Product], classes: Classes, table: pa.Table) -> tuple[Ints, int]:
    """The closed days of the one calendar that shifting terms use, from the first disbursement past the last due date.

    raises   StateError when terms of one book use different calendars
    """
    shifting = np.flatnonzero(classes.rows[:, Field.SHIFT] != Shift.NONE)
    if not shifting.size:
        return np.zeros(0, np.bool_), 0
    versions = table.column("version").to_pylist()
    names = {products[versions[number]].calendar for number in shifting}
    if len(names) > 1:
        raise StateError(
            f"terms of this book shift due dates by different calendars ({', '.join(sorted(names))}). Use one book each."
        )
    first_on = table.column("first_on").cast(pa.int32()).to_numpy()
    last_on = table.column("last_on").cast(pa.int32()).to_numpy()
    days = np.array([1, 7, 31])[classes.rows[:, Field.UNIT]]
    ends = last_on + (classes.rows[:, Field.COUNT] + 1) * classes.rows[:, Field.EVERY] * days
    calendar = named_calendar(names.pop(), int(first_on[shifting].min()), int(ends[shifting].max()))
    return calendar.closed, calendar.closed_from


def _contract(terms: Product, row: dict[str, object]) -> Ints:
    return contract_row(
        terms,
        rate_annual=row["rate_annual"],  # type: ignore[arg-type]
        count=row["installment_count"],  # type: ignore[arg-type]
        months=row["tenor_months"],  # type: ignore[arg-type]
        checked=False,
    )


def _unscheduled(row: dict[str, object]) -> Ints:
    """A reported loan whose terms nobody archived: measured as reported, without a schedule of its own."""
    found = empty_contract()
    found[Field.UNIT] = Unit.MONTH
    found[Field.RATE_ANNUAL] = row["rate_annual"]
    found[Field.TENOR_MONTHS] = row["tenor_months"] or row["installment_count"]
    return found


def _own_part(book: Book, row: dict[str, Any]) -> tuple[Any, ...]:
    """Our part of principal, interest and fee, and the coupon; what a loan does not say follows from what it says."""
    principal, rate = row["own_principal_ppm"], row["rate_annual"]
    if principal is None:
        return SHARE_WHOLE, SHARE_WHOLE, SHARE_WHOLE, rate
    if row["model"] != OWN_MODEL:
        raise StateError(
            f"{book.folder}: loans of product {row['product']} disbursed from {row['first_on']} on say which part is ours "
            f"(own_principal_ppm {principal:,}) under the model {row['model']}. Only {OWN_MODEL} loans are lent jointly: "
            "correct the source, and import it into a new book."
        )
    interest = principal if row["own_interest_ppm"] is None else row["own_interest_ppm"]
    fee = interest if row["own_fee_ppm"] is None else row["own_fee_ppm"]
    return principal, interest, fee, rate if row["coupon_annual"] is None else row["coupon_annual"]


def _missing(book: Book, row: dict[str, object]) -> str:
    held = ", ".join(sorted(set(book.manifest.terms.values()))) or "none"
    if row["version"]:
        return (
            f"{book.folder}: loans of product {row['product']} were made under terms {str(row['version'])[:12]}, which the book "
            f"does not archive (it has: {held}). Append those terms."
        )
    return (
        f"{book.folder}: loans of product {row['product']} disbursed on {row['first_on']} have no terms in force that day in the "
        f"book (it archives: {held}). Append the product's terms."
    )
