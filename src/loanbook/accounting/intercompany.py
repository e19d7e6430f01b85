"""What companies of a group owe, earn from and hold of each other, taken out of the group's figures; what does not match stays.

Of two companies' rows under a rule (`terms/charts/eliminations.csv`) everything is eliminated; where the two sides do not cancel
out, the difference is put back on the larger side in the column `unmatched` and reported with both figures. So eliminations
always sum to zero, and no account is made to fit.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from loanbook.accounting.group_rows import OPENING, UNDATED, Rows, is_in, row, summed, together
from loanbook.accounting.perimeter import ACQUIRED, DISPOSED, UNMATCHED, Setting, mapped
from loanbook.errors import Finding
from loanbook.terms.elimination import KEPT, STOCKS, EliminationRule
from loanbook.units import NEVER, format_money

STEP = "intercompany"
LEFT_OVER = "unmatched"

_Side = tuple[str, str, str]
"""A rule, the entity whose books they are, and the other one."""

_PARTS = ("step", "rule", "entity", "counterparty", "account", "column", "posted_on", "cash_flow", "contra", "basis")


def eliminate(rows: Rows, carried: Rows | None, setting: Setting) -> tuple[Rows, tuple[Finding, ...]]:
    """Eliminations of a period between companies of the group.

    rows      rows of the period of all companies, and what acquisitions did to them
    carried   the last close's eliminations; None at the first close, which then eliminates openings as such
    returns   movements (and openings at the first close), steps `intercompany` and `unmatched`; and the differences
    """
    rules = [rule for rule in setting.rules if rule.kind != KEPT]
    number = {account: at for at, rule in enumerate(rules) for account in rule.accounts}
    within = is_in(rows["counterparty"], setting.joined) & is_in(rows["entity"], setting.joined)
    within &= rows["counterparty"] != rows["entity"]
    forgotten = _forgotten(rows.where(within), setting)
    rows = rows.where(within & (mapped(rows["account"], number, -1) >= 0))
    which = mapped(rows["account"], number, -1)
    joined = np.maximum(setting.joined_on(rows["entity"]), setting.joined_on(rows["counterparty"]))
    left = np.minimum(setting.left_on(rows["entity"]), setting.left_on(rows["counterparty"]))
    opening = rows["column"] == OPENING
    stock = np.array([rule.kind in STOCKS for rule in rules], bool)[which] if len(rows) else np.zeros(0, bool)
    entered = joined > UNDATED
    taken = np.where(
        stock,
        (left == NEVER) & (~opening | entered | (carried is None)),
        (rows["posted_on"] >= joined) & (rows["posted_on"] < left) & (~opening | (carried is None)),
    )
    codes = np.array([rule.code for rule in rules], dtype=object)
    # What stood or happened between them before one joined is the group's to eliminate only as it joins.
    earlier = entered & (rows["posted_on"] <= joined)
    eliminated = rows.negated(
        step=STEP,
        rule=codes[which] if len(rows) else np.zeros(0, object),
        column=np.where(earlier, ACQUIRED, rows["column"]).astype(object),
        posted_on=np.where(earlier, joined, rows["posted_on"]),
    ).where(taken)
    before = _of_pairs(carried) if carried is not None else eliminated.where(np.zeros(len(eliminated), bool))
    made = together([eliminated, _reversed(before, setting, [rule.code for rule in rules if rule.kind in STOCKS])])
    left_over, findings = _differences(
        together([before, made]), {rule.code: rule for rule in rules}, setting, first=carried is None
    )
    return summed(together([made, left_over]), _PARTS), (*forgotten, *findings)


def _of_pairs(carried: Rows) -> Rows:
    return carried.where(is_in(carried["step"], (STEP, LEFT_OVER)))


def _reversed(before: Rows, setting: Setting, stocks: list[str]) -> Rows:
    """Balances with a company that left are the group's again: what was eliminated comes back on the day it left."""
    left = np.minimum(setting.left_on(before["entity"]), setting.left_on(before["counterparty"]))
    gone = (left < NEVER) & is_in(before["rule"], stocks)
    return before.negated(column=DISPOSED, posted_on=left).where(gone)


def _differences(
    made: Rows, rules: Mapping[str, EliminationRule], setting: Setting, *, first: bool
) -> tuple[Rows, list[Finding]]:
    """Rows that put back what has no other side, less what was put back before; and a finding for each pair that differs.

    What is put back stands on the account that holds most of that side: the payable that the other one does not know, not the
    receivable.
    """
    standing: defaultdict[_Side, dict[str, int]] = defaultdict(dict)
    put_back: defaultdict[_Side, dict[str, int]] = defaultdict(dict)
    parts = ("rule", "entity", "counterparty", "account", "step")
    for rule, entity, other, account, step, amount in _cells(summed(made, parts), parts):
        (standing if step == STEP else put_back)[rule, entity, other][account] = -amount if step == STEP else amount
    found: list[Rows] = []
    findings: list[Finding] = []
    for rule, one, two in sorted({(rule, *sorted((entity, other))) for rule, entity, other in (*standing, *put_back)}):
        sums = {pair: sum(standing[rule, *pair].values()) for pair in ((one, two), (two, one))}
        ours, theirs = sums.values()
        matched = min(abs(ours), abs(theirs)) if (ours > 0) != (theirs > 0) else 0
        for (entity, other), amount in sums.items():
            side = (rule, entity, other)
            left = amount - (matched if amount > 0 else -matched)
            changes = {account: -before for account, before in put_back[side].items()}
            if left:
                account = _heaviest(standing[side], 1 if left > 0 else -1)
                changes[account] = changes.get(account, 0) + left
            opening = first and _only_opening(made, side)
            place: dict[str, Any] = {"step": LEFT_OVER, "rule": rule, "entity": entity, "counterparty": other}
            place |= {"column": OPENING if opening else UNMATCHED, "posted_on": UNDATED if opening else setting.ends_on}
            found += [row(change, account=account, **place) for account, change in sorted(changes.items()) if change]
        if ours + theirs:
            findings.append(
                Finding(
                    place=f"{rules[rule].title}: {one} and {two}",
                    message=f"the books of {one} and {two} differ by {format_money(abs(ours + theirs))}; what matches is "
                    "eliminated, the difference stays in the group's figures. Correct the entry of one of them.",
                    value=f"{one}: {format_money(ours)}",
                    expected=f"{two}: {format_money(theirs)}",
                )
            )
    return together(found), findings


def _heaviest(amounts: Mapping[str, int], sign: int) -> str:
    return max(amounts, key=lambda account: (amounts[account] * sign, account))


def _only_opening(made: Rows, side: _Side) -> bool:
    rule, entity, other = side
    mask = (made["rule"] == rule) & (made["entity"] == entity) & (made["counterparty"] == other)
    return bool((made["column"][mask] == OPENING).all())


def _cells(rows: Rows, keys: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(rows[key] for key in keys), rows["amount_fen"].tolist(), strict=True))


def _forgotten(rows: Rows, setting: Setting) -> list[Finding]:
    """Income or cost with another company of the group that no rule eliminates."""
    ruled = {account for rule in setting.rules for account in rule.accounts}
    results = [account for account in setting.results if account not in ruled]
    inside = setting.inside(rows["entity"], rows["posted_on"]) & setting.inside(rows["counterparty"], rows["posted_on"])
    kept = rows.where(is_in(rows["account"], results) & inside & (rows["column"] != OPENING))
    return [
        Finding(
            place=f"{entity}, account {account}",
            message=f"{format_money(amount)} with {other} is within the group, and no elimination rule names the account. "
            "Add it to a rule.",
            value=format_money(amount),
            expected="0.00",
        )
        for entity, account, other, amount in _cells(
            summed(kept, ("entity", "account", "counterparty")), ("entity", "account", "counterparty")
        )
    ]
