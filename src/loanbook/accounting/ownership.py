"""Whose the results are: noncontrolling interests from the bottom of the group upwards, and the equity method.

Each entity's result and translation adjustment of a stretch without changes of shares is parted once: every holder in the
group gets its share, rounded half up, and outsiders the rest. What a holder gets counts as its own when its turn comes, so a
chain of shares is a product, and consolidating a part of the group first gives the same figures. ASC 810-10-45-20
(attribution, losses too), ASC 323-10-35 (equity method).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from loanbook.accounting.group_rows import OPENING, Rows, is_in, row, summed, together
from loanbook.accounting.perimeter import ACQUIRED, CONTRIBUTED, DIVIDENDS, INCOME, NONCONTROLLING, Setting
from loanbook.accounting.translation import TRANSLATION
from loanbook.errors import Finding
from loanbook.terms.elimination import DISTRIBUTION, INVESTMENT
from loanbook.terms.entity import PPM, Basis, Method
from loanbook.units import HALF_UP, Ints, format_money, mul_div

STEP = "noncontrolling"
EQUITY_METHOD = "equity_method"


def part_of(amount_fen: int, share_ppm: int) -> int:
    """A share of an amount, half up, symmetric."""
    return int(mul_div(amount_fen, share_ppm, PPM, HALF_UP))


def attribute(rows: Rows, setting: Setting) -> Rows:
    """What of the results and translation adjustments of these rows belongs to outsiders.

    rows      dated rows of entities in the figures; only results, the adjustment, and earlier attributions count
    returns   for each entity and stretch: retained earnings (or the adjustment) against noncontrolling interests; sums to zero
    """
    found: list[Rows] = []
    stretches = setting.stretch_of(rows["posted_on"])
    for name, account, mask in _quantities(rows, setting):
        for stretch, (first, last) in enumerate(zip(setting.cuts, setting.stretch_ends(), strict=True)):
            own = _by_entity(rows.where(mask & (stretches == stretch)))
            for entity in setting.group.upward(first):
                terms = setting.group.entity(entity)
                if entity == setting.group.top or terms.method(first) is not Method.FULL or not own[entity]:
                    continue
                left = own[entity]
                for holder, share in terms.shares(first):
                    if setting.group.entity(holder).method(first) is Method.FULL:
                        part = part_of(own[entity], share)
                        own[holder] += part
                        left -= part
                if left:
                    place: dict[str, Any] = {"step": STEP, "rule": name, "entity": entity, "posted_on": last}
                    found.append(row(left, account=account, column=NONCONTROLLING, **place))
                    found.append(row(-left, account=setting.accounts.noncontrolling, column=name, **place))
    return together(found)


def _quantities(rows: Rows, setting: Setting) -> Iterable[tuple[str, str, Ints]]:
    accounts = setting.accounts
    dated = rows["column"] != OPENING
    earlier = (rows["account"] == accounts.retained) & (rows["column"] == NONCONTROLLING)
    yield INCOME, accounts.retained, dated & (is_in(rows["account"], setting.results) | earlier)
    yield TRANSLATION, accounts.translation, dated & (rows["account"] == accounts.translation)


def _by_entity(rows: Rows) -> defaultdict[str, int]:
    sums = summed(rows, ("entity",))
    return defaultdict(
        int, {str(entity): -int(amount) for entity, amount in zip(sums["entity"], sums["amount_fen"], strict=True)}
    )


def outside_equity(rows: Rows, setting: Setting) -> Rows:
    """Capital that named outsiders paid into entities of the group, and dividends to them, are of noncontrolling interests.

    Control by contract gives outsiders nothing: a nominal shareholder's capital stays in the group's paid-in capital (policy
    choice).
    """
    found: list[Rows] = []
    for kind, column in ((INVESTMENT, CONTRIBUTED), (DISTRIBUTION, DIVIDENDS)):
        listed = [
            account for rule in setting.rules if rule.kind == kind for account in rule.accounts if account in setting.equity
        ]
        outside = (rows["counterparty"] != "") & ~setting.inside(rows["counterparty"], rows["posted_on"])
        mask = is_in(rows["account"], listed) & outside & ~is_in(rows["column"], (OPENING, ACQUIRED))
        mask &= rows["entity"] != setting.group.top
        moved = rows.where(mask & setting.inside(rows["entity"], rows["posted_on"]) & _owned(rows, setting))
        found.append(moved.negated(step=STEP, rule=column))
        found.append(moved.but(step=STEP, rule=column, column=column, account=setting.accounts.noncontrolling, counterparty=""))
    return summed(together(found), ("step", "rule", "entity", "counterparty", "account", "column", "posted_on", "basis"))


def _owned(rows: Rows, setting: Setting) -> Ints:
    """Which rows are of an entity that is controlled by ownership on their day."""
    stretches = setting.stretch_of(rows["posted_on"])
    found = np.zeros(len(rows), bool)
    for stretch, first in enumerate(setting.cuts):
        owned = [entity.code for entity in setting.group.entities if entity.basis(first) is Basis.OWNERSHIP]
        found |= (stretches == stretch) & is_in(rows["entity"], owned)
    return found


def pick_up(rows: Rows, setting: Setting, carried: Rows | None) -> tuple[Rows, tuple[Finding, ...]]:
    """The equity method: a holder's share of the result and translation adjustment of an entity, on the investment.

    rows      all entities' rows, those of the entity held among them; its openings do not count
    returns   the investment against investment gain (the share of income, and dividends taken out of it), or against the
              adjustment; sums to zero; a finding where losses exceed what was invested (ASC 323-10-35-19: the method stops at
              zero)
    """
    found: list[Rows] = []
    stretches = setting.stretch_of(rows["posted_on"])
    accounts = setting.accounts
    paid = [
        account for rule in setting.rules if rule.kind == DISTRIBUTION for account in rule.accounts if account in setting.results
    ]
    for stretch, (first, last) in enumerate(zip(setting.cuts, setting.stretch_ends(), strict=True)):
        here = stretches == stretch
        own = {name: _by_entity(rows.where(mask & here)) for name, _, mask in _quantities(rows, setting)}
        for entity in setting.group.entities:
            if entity.method(first) is not Method.EQUITY:
                continue
            for holder, share in entity.shares(first):
                place: dict[str, Any] = {"step": EQUITY_METHOD, "entity": holder, "counterparty": entity.code, "posted_on": last}
                for name, against in ((INCOME, accounts.gain), (TRANSLATION, accounts.translation)):
                    part = part_of(own[name][entity.code], share)
                    if part:
                        found.append(row(part, account=accounts.equity_method, column=name, rule=name, **place))
                        found.append(row(-part, account=against, column=name, rule=name, **place))
                received = rows.where(
                    here & (rows["entity"] == holder) & (rows["counterparty"] == entity.code) & is_in(rows["account"], paid)
                )
                found.append(received.negated(step=EQUITY_METHOD, rule=DIVIDENDS))
                found.append(received.but(step=EQUITY_METHOD, rule=DIVIDENDS, column=DIVIDENDS, account=accounts.equity_method))
    made = summed(together(found), ("step", "rule", "entity", "counterparty", "account", "column", "posted_on", "basis"))
    return made, _below_zero(together([rows, made, *([carried] if carried is not None else [])]), setting)


def _below_zero(rows: Rows, setting: Setting) -> tuple[Finding, ...]:
    equity = [entity.code for entity in setting.group.entities if entity.method(setting.ends_on) is Method.EQUITY]
    held = rows.where(is_in(rows["account"], setting.accounts.investments) & is_in(rows["counterparty"], equity))
    sums = summed(held, ("entity", "counterparty"))
    return tuple(
        Finding(
            place=f"{entity}: investment in {other}",
            message="losses exceed what was invested; the equity method stops at zero (ASC 323-10-35-19). Reverse the excess "
            "by a manual journal, or state the commitment to fund it.",
            value=format_money(int(amount)),
            expected="0.00",
        )
        for entity, other, amount in zip(sums["entity"], sums["counterparty"], sums["amount_fen"].tolist(), strict=True)
        if amount < 0
    )
