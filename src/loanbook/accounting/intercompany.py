"""What companies of a group owe, earn from and hold of each other, taken out of the group's figures; what does not match stays.

Of two companies' rows under a rule (`terms/charts/eliminations.csv`) everything is eliminated; where the two sides do not cancel
out, the difference is put back on the larger side in the column `unmatched` and reported with both figures. So eliminations
always sum to zero, and no account is made to fit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from loanbook.accounting.group_rows import OPENING, UNDATED, Rows, exact_total, is_in, row, summed, together
from loanbook.accounting.perimeter import ACQUIRED, DISPOSED, UNMATCHED, Setting, mapped
from loanbook.errors import Finding
from loanbook.terms.elimination import KEPT, STOCKS, EliminationRule
from loanbook.units import NEVER, Ints, format_money

STEP = "intercompany"
LEFT_OVER = "unmatched"

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
    """Rows that put back what has no other side, less what was put back before; and a finding for each pair that differs."""
    pairs = summed(made, ("rule", "entity", "counterparty", "step"))
    standing: dict[tuple[str, str, str], int] = {}
    put_back: dict[tuple[str, str, str], int] = {}
    for rule, entity, other, step, amount in _cells(pairs, ("rule", "entity", "counterparty", "step")):
        if step == STEP:
            standing[rule, entity, other] = -amount
        else:
            put_back[rule, entity, other] = amount
    accounts = {
        (rule, entity, other): account
        for rule, entity, other, account, _ in reversed(
            _cells(summed(made, ("rule", "entity", "counterparty", "account")), ("rule", "entity", "counterparty", "account"))
        )
    }
    found: list[Rows] = []
    findings: list[Finding] = []
    keys = {(rule, *sorted((entity, other))) for rule, entity, other in (*standing, *put_back)}
    for rule, one, two in sorted(keys):
        sides = ((one, two, standing.get((rule, one, two), 0)), (two, one, standing.get((rule, two, one), 0)))
        matched = min(abs(sides[0][2]), abs(sides[1][2])) if (sides[0][2] > 0) != (sides[1][2] > 0) else 0
        for entity, other, amount in sides:
            key = (rule, entity, other)
            change = amount - (matched if amount > 0 else -matched) - put_back.get(key, 0)
            if change:
                account = accounts.get(key) or rules[rule].accounts[0]
                place: dict[str, Any] = {"column": OPENING} if first and _only_opening(made, key) else {"column": UNMATCHED}
                day = UNDATED if place["column"] == OPENING else setting.ends_on
                found.append(
                    row(
                        change,
                        step=LEFT_OVER,
                        rule=rule,
                        entity=entity,
                        counterparty=other,
                        account=account,
                        posted_on=day,
                        **place,
                    )
                )
        if sides[0][2] + sides[1][2]:
            findings.append(
                Finding(
                    place=f"{rules[rule].title}: {one} and {two}",
                    message=f"the books of {one} and {two} differ by {format_money(abs(sides[0][2] + sides[1][2]))}; what "
                    "matches is eliminated, the difference stays in the group's figures. Correct the entry of one of them.",
                    value=f"{one}: {format_money(sides[0][2])}",
                    expected=f"{two}: {format_money(sides[1][2])}",
                )
            )
    return together(found), findings


def _only_opening(made: Rows, key: tuple[str, str, str]) -> bool:
    rule, entity, other = key
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


def sums_to_zero(eliminations: Rows) -> bool:
    """Whether eliminations change no total of the group."""
    amounts: Ints = eliminations["amount_fen"]
    return exact_total(amounts) == 0
