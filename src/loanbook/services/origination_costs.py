"""How much of the costs of making loans a period may defer: what its policy says, and never more than was incurred.

Only what was incurred in the period can become part of the yield of its loans (ASC 310-20-25-2): costs told for facilitation,
origination and servicing, without depreciation, awards and charges inside the group (310-20-25-4). The most is frozen with the
period, so loans of its months keep it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loanbook.accounting.basis import last_month
from loanbook.loans.dates import month_index
from loanbook.measures.cells import Cells
from loanbook.terms.conventions import Model
from loanbook.terms.product import PPM
from loanbook.units import day

INCURRED = "cost_incurred"
LINE = "facilitation_origination_and_servicing"
KEPT = "origination_costs"
"""Of a period's manifest."""


def deferrable(cells: Cells, company: pa.Table, *, start: int, end: int, currency: str) -> dict[str, int]:
    """What a period incurred and lent on its own balance sheet, and the most of an amount lent that may be deferred.

    cells     of the close;  company  `journal.POSTABLE`, what the period posts besides its loans
    returns   incurred_fen, lent_fen, loans, most_ppm. Loans' shares at `most_ppm`, each rounded half up, do not exceed what was
              incurred. Costs in another currency than the book's are no costs of its loans
    """
    of = pc.and_(pc.equal(company["kind"], INCURRED), pc.equal(company["line"], LINE))
    costs = company.filter(pc.and_(of, pc.equal(company["currency"], currency)))
    incurred = int(pc.sum(costs["amount_fen"]).as_py() or 0)
    space = cells.space
    first, last = (int(month_index(each)) - space.window.first_month for each in (start, end))
    groups = [place for place, group in enumerate(space.groups) if group[1] == Model.ON_BALANCE_SHEET.name.lower()]
    if not groups:
        # No own loans, or a book without loans yet.
        return {"incurred_fen": incurred, "lent_fen": 0, "loans": 0, "most_ppm": PPM}
    volume = cells.families["volume"].reshape(len(space.groups), space.window.months, -1, 4)
    loans, lent = (int(volume[groups, max(first, 0) : last + 1, :, column].sum()) for column in (0, 1))
    most = max(incurred * PPM - loans * PPM // 2, 0) // lent if lent else PPM
    return {"incurred_fen": incurred, "lent_fen": lent, "loans": loans, "most_ppm": min(most, PPM)}


def most_deferred(manifests: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    """What `deferrable` found for periods, millionths by last month, out of their manifests.

    An opening defers what its policy says, because nobody told the costs of the years before; so does a period that was closed
    before this was kept.
    """
    return {
        last_month(day(manifest["ends_on"])): manifest[KEPT]["most_ppm"]
        for manifest in manifests
        if KEPT in manifest and not manifest["opening"]
    }
