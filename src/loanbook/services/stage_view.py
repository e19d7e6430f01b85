"""IFRS 9 stages of a closed period by model: exposure, what moved it between stages, and the allowance held against it.

Both closes are asked loan by loan, by the kernel that booked them, so that a transfer is one loan's. Exposure is the unpaid
principal of our own loans and of those that we guarantee.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.loan_amounts import ours, pool_rows
from loanbook.accounting.stage_movements import StageMovements, stage_movements
from loanbook.accounting.staging import NO_LOAN, STAGES
from loanbook.errors import TieError
from loanbook.measures.booking import Basis
from loanbook.measures.space import Space
from loanbook.services.entry_explaining import basis_at
from loanbook.services.facts_pass import behind_entry
from loanbook.services.period_reading import followed
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, Projection
from loanbook.terms.families import LEDGER
from loanbook.units import Ints

MODELS = {"on_balance_sheet": "loan_allowance_ifrs_fen", "capital_heavy": "contingent_ifrs_fen"}
"""Whose losses are ours, and the column of its allowance."""
_STAGED = tuple(f"stage_{stage}_fen" for stage in STAGES)
STAGE_ROWS = pa.schema(
    [
        ("model", pa.string()),
        ("stage", pa.int64()),
        *(
            (f"{name}_fen", pa.int64())
            for name in (
                "opening",
                "new",
                *(f"from_stage_{stage}" for stage in STAGES),
                "left_to_others",
                "derecognised",
                "closing",
                "allowance",
            )
        ),
    ]
)
"""closing = opening + new + from_stage_1 .. 3 + left_to_others (below zero) + derecognised (repaid, charged off or paid out:
below zero); exposure and allowance int64 fen."""


def stages_of(
    book: Book, ledger: Ledger, projection: Projection, period: Period, made_on: tuple[Space, Basis], tell: Progress
) -> pa.Table:
    """`STAGE_ROWS` of a closed period: three rows a model.

    made_on  space and basis of the period (`entry_explaining.basis_at`)
    raises   TieError when the loans do not come to the exposure that was locked with the period
    """
    before = followed(ledger, period)
    ended = _loans(projection, period, made_on, tell)
    opened = dict.fromkeys(MODELS, _nothing())
    if before:
        opened = _loans(projection, before, basis_at(book, ledger, projection, before), tell)
    rows = []
    for model in MODELS:
        now = ended[model]
        moved = _aligned(opened[model], now)
        _check(period, model, moved.closing)
        held = np.zeros(len(STAGES), np.int64)
        np.add.at(held, now[1] - 1, now[3])
        for place, stage in enumerate(STAGES):
            row = {
                "model": model,
                "stage": stage,
                "opening_fen": int(moved.opening[place]),
                "new_fen": int(moved.new[place]),
                **{f"from_stage_{other}_fen": int(moved.transfers[at, place]) for at, other in enumerate(STAGES)},
                "left_to_others_fen": -int(moved.transfers[place].sum()),
                "derecognised_fen": int(moved.derecognised[place]),
                "closing_fen": int(moved.closing[place]),
                "allowance_fen": int(held[place]),
            }
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=STAGE_ROWS)


_Loans = tuple[Ints, Ints, Ints, Ints]


def _nothing() -> _Loans:
    empty = np.zeros(0, np.int64)
    return empty, empty, empty, empty


def _loans(projection: Projection, period: Period, made_on: tuple[Space, Basis], tell: Progress) -> dict[str, _Loans]:
    """By model, loans that owe something at the end of a period: number (ascending), stage, exposure, allowance."""
    over, basis = made_on
    own = set(pool_rows(ours(period.table("cells_ledger"))))
    every = {}
    for model, allowance in MODELS.items():
        wanted = np.zeros((len(over.pools), over.window.months), np.bool_)
        wanted[[place for place, pool in enumerate(over.pools) if pool[1] == model and pool in own]] = True
        parts: list[_Loans] = [_nothing()]
        for found in behind_entry(projection, over, basis, LEDGER.name, wanted.reshape(-1), on_progress=tell):
            staged = np.stack([found.values[name] for name in _STAGED])
            owed = staged.sum(axis=0)
            living = owed != 0
            stage = staged.argmax(axis=0)[living] + 1
            parts.append((found.loan_no[living], stage, owed[living], found.values[allowance][living]))
        number, stage, owed, held = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(number, kind="stable")
        every[model] = (number[order], stage[order], owed[order], held[order])
    return every


def _aligned(was: _Loans, now: _Loans) -> StageMovements:
    every = np.union1d(was[0], now[0])

    def spread(loans: Ints, values: Ints, empty: int) -> Ints:
        found = np.full(every.size, empty, np.int64)
        found[np.searchsorted(every, loans)] = values
        return found

    return stage_movements(
        stage_before=spread(was[0], was[1], NO_LOAN),
        stage_now=spread(now[0], now[1], NO_LOAN),
        before_fen=spread(was[0], was[2], 0),
        now_fen=spread(now[0], now[2], 0),
    )


def _check(period: Period, model: str, closing: Ints) -> None:
    cells = ours(period.table("cells_ledger"))
    own = cells.filter(pc.equal(cells["model"], model))
    locked = [int(pc.sum(own[name]).as_py() or 0) for name in _STAGED]
    if locked != closing.tolist():
        raise TieError(
            f"{period.id}: {model} by stage was locked as {locked} fen; the loans come to {closing.tolist()}. Facts recorded by "
            f"{period.manifest['known_at']} came after the close; they are posted in the open period."
        )
