"""A loan as its collector sees it now: days past due, stage, promise, agency. The day close sees the same at the day's end."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.loans.delinquency import dpd
from loanbook.loans.facts import Row as DueRow
from loanbook.services.paying import online_account
from loanbook.services.platform_terms import PlatformTerms
from loanbook.servicing.collections import NO_STAGE, moved_up, stages_of
from loanbook.servicing.promises import PromiseState, in_spell, promise_states
from loanbook.stores.online.collections import placements_of, promises_of
from loanbook.stores.online.lookups import payments_of
from loanbook.stores.online.unit import Row, Unit
from loanbook.terms.collection import CollectionTerms, collection_in_force

POLICY = "consumer"
"""The collection terms that loans are collected by."""
COLLECTED = ("disbursed", "charged_off")
"""States of a loan that there is something to collect of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One loan today.

    stage        place in the terms' stages, NO_STAGE where it is in none
    promises     all, with how each stands today;  placements  all, oldest first
    """

    loan: Row
    dpd: int
    overdue_fen: int
    stage: int
    promises: tuple[tuple[Row, PromiseState], ...]
    placements: tuple[Row, ...]

    @property
    def promise_open(self) -> bool:
        """Whether a promise waits for its money."""
        return any(state == PromiseState.OPEN for _, state in self.promises)

    @property
    def placement(self) -> Row | None:
        """With which agency it is."""
        return next((row for row in self.placements if row["ended_on"] is None), None)

    def stage_name(self, terms: CollectionTerms) -> str:
        """The stage's name; empty outside every stage."""
        return "" if self.stage == NO_STAGE else terms.stages[self.stage].name


def collection_terms(terms: PlatformTerms, on: dt.date) -> CollectionTerms:
    """The policy in force on a day."""
    return collection_in_force(terms.collections, POLICY, units.day(on))


def cases_of(terms: PlatformTerms, unit: Unit, loans: Mapping[str, Row], *, ended: bool = False) -> dict[str, Case]:
    """Loans that can be collected, by id, and with `ended` those that could be and are repaid; others are left out."""
    states = (*COLLECTED, "repaid") if ended else COLLECTED
    wanted = {loan_id: loan for loan_id, loan in loans.items() if loan["state"] in states}
    policy = collection_terms(terms, unit.today)
    paid = payments_of(unit.connection, wanted)
    promises: dict[str, list[Row]] = defaultdict(list)
    for row in promises_of(unit.connection, wanted):
        promises[row["loan_id"]].append(row)
    placements: dict[str, list[Row]] = defaultdict(list)
    for row in placements_of(unit.connection, wanted):
        placements[row["loan_id"]].append(row)
    return {
        loan_id: _case(terms, unit, policy, loan, paid[loan_id], promises[loan_id], placements[loan_id])
        for loan_id, loan in wanted.items()
    }


def _case(
    terms: PlatformTerms,
    unit: Unit,
    policy: CollectionTerms,
    loan: Row,
    paid: list[Row],
    promises: list[Row],
    placements: list[Row],
) -> Case:
    today = units.day(unit.today)
    account = online_account(terms, loan, paid, unit.today)
    days = dpd(account)
    past = account.rows[account.rows[:, DueRow.DUE_ON] < today]
    asked = past[:, [DueRow.PRINCIPAL, DueRow.INTEREST, DueRow.FEE, DueRow.PENALTY]].sum()
    got = past[:, [DueRow.PAID_PRINCIPAL, DueRow.PAID_INTEREST, DueRow.PAID_FEE, DueRow.PAID_PENALTY]].sum()
    overdue_fen = int(asked - got)
    counted = [row for row in paid if not row["reversed"] and row["purpose"] != "refund"]
    states = promise_states(
        policy,
        np.zeros(len(promises), np.int64),
        np.array([units.day(row["made_on"]) for row in promises], np.int64),
        np.array([units.day(row["due_on"]) for row in promises], np.int64),
        np.array([row["amount_fen"] for row in promises], np.int64),
        paid_loan_no=np.zeros(len(counted), np.int64),
        paid_on=np.array([units.day(row["paid_on"]) for row in counted], np.int64),
        paid_fen=np.array([row["amount_fen"] for row in counted], np.int64),
        as_of=today,
    )
    made = np.array([units.day(row["made_on"]) for row in promises], np.int64)
    broken = bool(((states == PromiseState.BROKEN) & in_spell(made, np.full(made.size, days), today)).any())
    stage = stages_of(policy, np.array([days]), np.array([overdue_fen]))
    return Case(
        loan=loan,
        dpd=days,
        overdue_fen=overdue_fen,
        stage=int(moved_up(policy, stage, np.array([broken]))[0]),
        promises=tuple((row, PromiseState(state)) for row, state in zip(promises, states.tolist(), strict=True)),
        placements=tuple(placements),
    )
