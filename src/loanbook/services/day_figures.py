"""What one pass over the running loans of a day comes to: counts, the loans past due, and what does not agree."""

import datetime as dt
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

import msgspec
import numpy as np

from loanbook.loans.positions import Position
from loanbook.services.day_pass import Book, Findings, Standing, running
from loanbook.stores.online.day_book import plan_for_columns
from loanbook.stores.online.unit import Connection
from loanbook.units import Ints


class Counted(msgspec.Struct):
    """Loans and what they sum to, minor units."""

    loans: int = 0
    amount_fen: int = 0

    def add(self, chosen: Ints, amount_fen: Ints) -> None:
        """Count the chosen loans of a chunk."""
        self.loans += int(chosen.sum())
        self.amount_fen += int(amount_fen[chosen].sum())


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of a day.

    running      loans that ran, and their principal outstanding;  due  with an instalment due that day, and what it asks for
    overdue, newly_overdue   past due at the day's end, and for the first day
    late_charges             loans with late charges by terms, and those charged so far
    late         the loans past due, chunk by chunk
    unbookable   loans left out;  differences  loans whose state is not what their account says
    """

    running: Counted = field(default_factory=Counted)
    due: Counted = field(default_factory=Counted)
    overdue: Counted = field(default_factory=Counted)
    newly_overdue: Counted = field(default_factory=Counted)
    late_charges: Counted = field(default_factory=Counted)
    late: list[Standing] = field(default_factory=list)
    unbookable: Findings = field(default_factory=Findings)
    differences: Findings = field(default_factory=Findings)


def figures_of(book: Book, connection: Connection, day: dt.date, chunk: int) -> Figures:
    """One pass, inside one snapshot of its own; nothing is written. The connection must be outside a transaction."""
    figures = Figures()
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    plan_for_columns(connection)
    with closing(running(book, connection, day, figures.unbookable, chunk)) as chunks:
        add_up(figures, chunks)
    connection.rollback()
    return figures


def add_up(figures: Figures, chunks: Iterable[Standing]) -> None:
    """Count chunks of loans."""
    for standing in chunks:
        column = standing.column
        dpd, overdue, penalty = column(Position.DPD), column(Position.OVERDUE), column(Position.PENALTY)
        figures.running.add(dpd >= 0, column(Position.OUTSTANDING))
        figures.due.add(column(Position.DUE_TODAY) > 0, column(Position.DUE_TODAY))
        figures.overdue.add(dpd > 0, overdue)
        figures.newly_overdue.add(dpd == 1, overdue)
        figures.late_charges.add(penalty > 0, penalty)
        figures.late.append(chosen(standing, np.flatnonzero(dpd > 0)))
        _compare(figures.differences, standing)


def _compare(differences: Findings, standing: Standing) -> None:
    """Booked principal against the account, and what was allocated against what was paid in."""
    finally_ = standing.column(Position.REPAID_FINALLY)
    for place in np.flatnonzero(standing.open & (standing.repaid_fen != finally_)).tolist():
        differences.add(
            f"loan {standing.loan_id[place]}",
            "principal repaid is not what its account says",
            int(standing.repaid_fen[place]),
            int(finally_[place]),
        )
    allocated = standing.position[:, Position.PAID_PRINCIPAL : Position.PAID_PENALTY + 1].sum(axis=1)
    allocated = allocated + standing.column(Position.UNAPPLIED)
    for place in np.flatnonzero(allocated != standing.paid_in_fen).tolist():
        differences.add(
            f"loan {standing.loan_id[place]}",
            "what its account allocates is not the cash that came",
            int(allocated[place]),
            int(standing.paid_in_fen[place]),
        )


def chosen(standing: Standing, places: Ints) -> Standing:
    """Some of the loans."""
    return Standing(
        loan_id=[standing.loan_id[place] for place in places],
        mandate_hash=[standing.mandate_hash[place] for place in places],
        principal_fen=standing.principal_fen[places],
        rate_annual=standing.rate_annual[places],
        repaid_fen=standing.repaid_fen[places],
        disbursed_on=standing.disbursed_on[places],
        open=standing.open[places],
        charge_off_days=standing.charge_off_days[places],
        paid_in_fen=standing.paid_in_fen[places],
        position=standing.position[places],
    )


def joined(parts: list[Standing]) -> Standing:
    """Parts as one; there must be one at least."""

    def all_of(name: str) -> Ints:
        return np.concatenate([getattr(part, name) for part in parts])

    return Standing(
        loan_id=[each for part in parts for each in part.loan_id],
        mandate_hash=[each for part in parts for each in part.mandate_hash],
        principal_fen=all_of("principal_fen"),
        rate_annual=all_of("rate_annual"),
        repaid_fen=all_of("repaid_fen"),
        disbursed_on=all_of("disbursed_on"),
        open=all_of("open"),
        charge_off_days=all_of("charge_off_days"),
        paid_in_fen=all_of("paid_in_fen"),
        position=all_of("position"),
    )
