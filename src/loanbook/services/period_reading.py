"""What closed periods froze, read back: the periods that one stands on, cells, totals, estimates, worth of new guarantees."""

from collections.abc import Mapping
from typing import Any

from loanbook import units
from loanbook.accounting.basis import last_month
from loanbook.accounting.loan_amounts import Totals
from loanbook.accounting.year_end import year_of
from loanbook.measures.cells import Cells, from_tables
from loanbook.measures.credit_losses_result import Estimates, Inception, from_table
from loanbook.measures.space import Space
from loanbook.services.closing import Close
from loanbook.stores.as_it_stood import told_late
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Projection
from loanbook.stores.tables import read_table
from loanbook.terms.families import FAMILIES
from loanbook.units import Ints


def followed(ledger: Ledger, period: Period) -> Period | None:
    """The version of the period before that a period opened with; None for the first."""
    wanted = str(period.manifest["follows"])
    return next((each for each in ledger.all_periods() if each.id == wanted), None)


def stood_on(ledger: Ledger, last: Period | None) -> list[Period]:
    """The versions that a period stands on, oldest first, itself last: also those that were superseded since."""
    if last is None:
        return []
    by_id = {each.id: each for each in ledger.all_periods()}
    found = [last]
    while (before := by_id.get(str(found[-1].manifest["follows"]))) is not None:
        found.append(before)
    return found[::-1]


def year_before(ledger: Ledger, period: Period) -> Period | None:
    """The last period of an earlier fiscal year that a period stands on: its results are in retained earnings since."""
    year = year_of(str(period.manifest["ends_on"]))
    earlier = [each for each in stood_on(ledger, period) if year_of(str(each.manifest["ends_on"])) < year]
    return earlier[-1] if earlier else None


def late_ids(book: Book, last: Period | None, state: Mapping[str, Any], known_at: str) -> tuple[str, ...]:
    """Loans of earlier periods that a close counts first: told since the last one, or not yet known by it.

    state   what the close counts (`as_it_stood.counted`), and the day that it knows by
    """
    if last is None:
        return ()
    said = last.manifest
    return told_late(book, said.get("counted"), str(said["known_at"]), state, known_at, str(said["ends_on"]))


def late_loans(book: Book, projection: Projection, last: Period | None, state: Mapping[str, Any], known_at: str) -> Ints:
    """Their numbers in a projection of what the close counts."""
    return projection.loan_numbers(late_ids(book, last, state, known_at))


def cells_of(measured: Close, space: Space) -> Cells:
    """The cells of a close, read back from its folder."""
    tables = {family.name: read_table(measured.folder, f"cells_{family.name}") for family in FAMILIES}
    counts = measured.header["measured"]
    return from_tables(space, tables, (counts["loans"], counts["without_payment_days"], counts["without_schedule"]))


def inceptions(ledger: Ledger, last: Period | None) -> dict[int, Inception]:
    """What every period up to the last one froze about new guarantees, by its last month."""
    return {
        last_month(units.day(period.manifest["ends_on"])): Inception.from_table(period.table("inception"))
        for period in stood_on(ledger, last)
    }


def origins(ledger: Ledger, last: Period | None) -> dict[int, Estimates]:
    """What every period up to the last one estimated, by its last month: the risk of loans when they were new."""
    return {
        last_month(units.day(period.manifest["ends_on"])): from_table(period.table("estimates"))
        for period in stood_on(ledger, last)
    }


def totals_of(last: Period | None) -> Totals | None:
    """What loans had come to by the end of a period."""
    if last is None:
        return None
    return Totals(ledger=last.table("cells_ledger"), daybook=last.table("cells_daybook"))
