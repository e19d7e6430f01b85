"""From the sum of the major operating entities under local rules to the group's figure: three differences, kept apart.

What operating companies file with their registrar (local GAAP, one by one) never is the listed group's figure. The bridge
names, for each measure: what other rules of accounting do to those companies, what the other companies of the group add, what
is within the group.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from loanbook.accounting.consolidation import Consolidated
from loanbook.accounting.group_rows import OPENING, Rows, is_in, summed
from loanbook.accounting.perimeter import ACQUIRED
from loanbook.errors import TieError
from loanbook.units import format_money

SUM = "sum_of_major_entities"
RULES = "accounting_rules"
PERIMETER = "perimeter"
ELIMINATIONS = "eliminations"
CONSOLIDATED = "consolidated"


def bridge(local: Rows, group: Consolidated, measures: Mapping[str, Sequence[str]]) -> pa.Table:
    """The bridge of a period.

    local      rows of the period of the major entities under local GAAP, in the presentation currency
    group      the consolidated period under the group's rules
    measures   by name: the accounts that add up to it, e.g. revenue, or all accounts of the income statement for net profit
    returns    measure, step, part (an entity, or an elimination rule), amount_fen, credit positive; for each measure the rows
               of the first four steps sum to the one of `consolidated`
    raises     TieError when they do not: only if the rows of an entity were changed between
    """
    setting = group.setting
    major = [entity.code for entity in setting.group.entities if entity.is_major(setting.ends_on)]
    found: list[tuple[str, str, str, int]] = []
    for name, accounts in measures.items():
        filed = _by(_measured(local, accounts), "entity")
        ours = _by(_measured(group.own, accounts), "entity")
        removed = _by(_measured(group.eliminations, accounts), "rule")
        rows = [(name, SUM, entity, filed.get(entity, 0)) for entity in major]
        rows += [(name, RULES, entity, ours.get(entity, 0) - filed.get(entity, 0)) for entity in major]
        rows += [(name, PERIMETER, entity, amount) for entity, amount in sorted(ours.items()) if entity not in major]
        rows += [(name, ELIMINATIONS, rule, amount) for rule, amount in sorted(removed.items())]
        total = -_measured(group.rows, accounts).total
        if sum(amount for *_, amount in rows) != total:
            raise TieError(
                f"the bridge of {name} sums to {format_money(sum(row[3] for row in rows))}, not {format_money(total)}."
            )
        found += [*rows, (name, CONSOLIDATED, "", total)]
    names = ("measure", "step", "part")
    columns = {column: [row[at] for row in found] for at, column in enumerate(names)}
    return pa.table({**columns, "amount_fen": pa.array([row[3] for row in found], pa.int64())})


def _measured(rows: Rows, accounts: Sequence[str]) -> Rows:
    return rows.where(is_in(rows["account"], accounts) & (rows["column"] != OPENING) & (rows["column"] != ACQUIRED))


def _by(rows: Rows, key: str) -> dict[str, int]:
    sums = summed(rows, (key,))
    return {str(word): -int(amount) for word, amount in zip(sums[key], sums["amount_fen"], strict=True)}
