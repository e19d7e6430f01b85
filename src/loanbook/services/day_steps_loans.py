"""The step of charge-offs, and what the steps over claims ask of such loans.

Candidates come from the pass of the day; before anything is written their loans are locked and looked at again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from loanbook.funding.shares import PAID, Paid, divide, stage_shares
from loanbook.loans.positions import Position
from loanbook.services.day import Day
from loanbook.services.day_figures import Counted, chosen, joined
from loanbook.services.day_knowledge import known_late, known_of
from loanbook.services.day_pass import Standing, stand_of
from loanbook.stores.online.day_book import taken_over_of
from loanbook.stores.online.schema import LINE, LOAN
from loanbook.terms.mandate import Mandate, Stage
from loanbook.units import Ints


def charge_off(day: Day) -> dict[str, int]:
    """Write loans off on the first day that they are more days past due than their product allows."""
    late = late_loans(day)
    if late is None:
        return {"loans": 0, "principal_fen": 0}
    done = Counted()
    places = np.flatnonzero(late.open & _written_off(late))
    for loans, principal_fen in day.apart(
        [late.loan_id[place] for place in places.tolist()], lambda some: _charge_off(day, some)
    ):
        done.loans += loans
        done.amount_fen += principal_fen
    return {"loans": done.loans, "principal_fen": done.amount_fen}


def _written_off(standing: Standing) -> Ints:
    over: Ints = (standing.charge_off_days > 0) & (standing.column(Position.DPD) > standing.charge_off_days)
    return over


def _charge_off(day: Day, ids: Sequence[str]) -> tuple[int, int]:
    unit = day.unit()
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", ids)
    standing = _open(day, ids)
    places = np.flatnonzero(_written_off(standing)).tolist()
    owed = standing.column(Position.OUTSTANDING)
    for place in places:
        loan_id = standing.loan_id[place]
        loan = loans[loan_id]
        line, repaid = lines[loan["line_id"]], loan["principal_fen"] - int(owed[place])
        # What came after a day that is closed late repays nothing: it is recovered.
        if repaid != loan["principal_repaid_fen"]:
            unit.update(LINE, line, used_fen=line["used_fen"] + loan["principal_repaid_fen"] - repaid)
        unit.update(LOAN, loan, state="charged_off", closed_on=day.day, principal_repaid_fen=repaid)
        unit.event("loan_charged_off", loan_id, principal_fen=int(owed[place]), reason="days_past_due")
    unit.flush()
    return len(places), int(owed[places].sum())


def late_loans(day: Day) -> Standing | None:
    """The loans past due."""
    parts = [part for part in day.figures.late if part.loan_id]
    return joined(parts) if parts else None


def claims_by_mandate(day: Day, least: Callable[[Mandate], int | None]) -> list[tuple[Mandate, list[str]]]:
    """Loans past due by mandate, as the day knew, those that its least days past due let through, the longest overdue first."""
    late = known_late(day)
    if late is None:
        return []
    grouped: dict[str, list[int]] = defaultdict(list)
    for place in np.flatnonzero(late.open).tolist():
        grouped[late.mandate_hash[place]].append(place)
    dpd = late.column(Position.DPD)
    found = []
    for key in sorted(grouped):
        mandate = day.known_mandate(key, [late.loan_id[place] for place in grouped[key]])
        days = None if mandate is None else least(mandate)
        if mandate is not None and days is not None:
            places = [place for place in grouped[key] if dpd[place] >= days]
            places.sort(key=lambda place: (-int(dpd[place]), late.loan_id[place]))
            known = taken_over_of(day.connection, (late.loan_id[place] for place in places), "compensation")
            known |= taken_over_of(day.connection, (late.loan_id[place] for place in places), "buy_back")
            ids = [late.loan_id[place] for place in places if late.loan_id[place] not in known]
            if ids:
                found.append((mandate, ids))
    return found


def locked_loans(day: Day, ids: Sequence[str]) -> Standing:
    """Lock some loans and look at them again; those that ran, where they stood, as far as the day knew."""
    day.unit().lock(LOAN, ids)
    standing = known_of(day, ids)
    return chosen(standing, np.flatnonzero(standing.open))


def _open(day: Day, ids: Sequence[str]) -> Standing:
    """Where loans that are locked stand, as far as they still run."""
    standing = stand_of(day.book, day.connection, ids, day.day, day.findings)
    return chosen(standing, np.flatnonzero(standing.open))


def paid_columns(standing: Standing) -> Ints:
    """What was paid of loans so far as their holders divide it, (loans, PAID)."""
    paid = np.zeros((len(standing.loan_id), PAID), np.int64)
    paid[:, Paid.PRINCIPAL] = standing.column(Position.PAID_PRINCIPAL)
    paid[:, Paid.INTEREST] = standing.column(Position.PAID_INTEREST)
    paid[:, Paid.FEE] = standing.column(Position.PAID_FEE) + standing.column(Position.PAID_PENALTY)
    return paid


def owed_parts(mandate: Mandate, standing: Standing) -> Ints:
    """Outstanding principal and interest due, parted among the holders: (loans, components, vehicles)."""
    owed = np.zeros((len(standing.loan_id), PAID), np.int64)
    owed[:, Paid.PRINCIPAL] = standing.column(Position.OUTSTANDING)
    owed[:, Paid.INTEREST] = standing.column(Position.INTEREST_DUE)
    shares = stage_shares(mandate, Stage.ORIGINATION)
    return divide(shares, mandate.coupon_annual, standing.rate_annual, paid_columns(standing), owed)
