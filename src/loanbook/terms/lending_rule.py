"""Rules of lending as dated, sourced data: each bounds one figure of one subject, on its own or as a multiple of another.

`lending_rule_file` reads them. The `check_...` functions name the figures a subject needs, so none can be forgotten; what a rule
says, since when, and where it is written, is in terms/lending_rules/*.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.terms.mandate import SHARES_WHOLE, Component, Mandate, Stage
from loanbook.units import date, format_money

SHIPPED = Path(__file__).parent / "lending_rules"


class Quantity(Enum):
    """What a figure counts: its word, and the scale of a limit in a file."""

    MONEY = "money", 100
    """Minor units of two decimals."""
    SHARE = "share", SHARES_WHOLE
    """Millionths."""
    MONTHS = "months", 1
    DAYS = "days", 1

    @property
    def word(self) -> str:
        """What it counts."""
        return self.value[0]

    @property
    def scale(self) -> int:
        """How many of the figure's units are one of the file's."""
        return self.value[1]


TIMES = SHARES_WHOLE
"""Scale of a limit that is a multiple of another figure."""

FIGURES: dict[str, dict[str, Quantity]] = {
    "line": {"limit": Quantity.MONEY},
    "borrower": {"days_past_due": Quantity.DAYS},
    "loan": {"months": Quantity.MONTHS},
    "disbursement": {"principal": Quantity.MONEY, "disbursed": Quantity.MONEY},
    "funding": {"own_share": Quantity.SHARE, "partner_share": Quantity.SHARE},
    "guarantor": {"guaranteed": Quantity.MONEY, "net_assets": Quantity.MONEY},
    "micro_lender": {
        "non_standard_debt": Quantity.MONEY,
        "standardised_debt": Quantity.MONEY,
        "net_assets": Quantity.MONEY,
    },
}
"""Figures of each subject."""

CONDITIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "line": {"borrower_kind": ("consumer", "small_business")},
    "borrower": {},
    "loan": {"borrower_kind": ("consumer", "small_business"), "repayment": ("at_maturity", "instalments")},
    "disbursement": {},
    "funding": {"joint": ("true", "false")},
    "guarantor": {"mainly_small_business": ("true", "false")},
    "micro_lender": {},
}
"""What a rule of a subject may depend on, and the words it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingRule:
    """One rule, in force from `effective_from` to `effective_until` (None: open), both days in.

    figure        what is bounded, of FIGURES[subject]
    least, most   bounds in the figure's scale, or in TIMES-ths of the figure `of`; None: open
    where         conditions that must all hold for the rule to bind
    """

    rule: str
    title: str
    subject: str
    figure: str
    least: int | None
    most: int | None
    of: str
    where: tuple[tuple[str, str], ...]
    effective_from: int
    effective_until: int | None
    source: str
    place: str

    def binds(self, on: int, conditions: Mapping[str, str]) -> bool:
        """Whether the rule binds a subject on a day."""
        in_force = self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)
        return in_force and all(conditions[name] == word for name, word in self.where)

    def broken(self, figures: Mapping[str, int]) -> bool:
        """Whether the figures break it; exact in integers of any size."""
        scale, base = (TIMES, figures[self.of]) if self.of else (1, 1)
        figure = figures[self.figure] * scale
        return (self.least is not None and figure < self.least * base) or (self.most is not None and figure > self.most * base)

    def most_of(self, figures: Mapping[str, int]) -> int | None:
        """The most that it allows of its figure, rounded down; None where it sets no upper bound."""
        if self.most is None:
            return None
        return self.most * figures[self.of] // TIMES if self.of else self.most

    def bound(self, figures: Mapping[str, int]) -> str:
        """What it allows, in words: "at least 30.0000%", "at most 10 x net_assets (1,000.00) = 10,000.00"."""
        quantity = FIGURES[self.subject][self.figure]
        words = []
        sides = (("at least", self.least), ("at most", self.most)) if self.least != self.most else (("exactly", self.most),)
        for side, limit in sides:
            if limit is not None and self.of:
                base = figures[self.of]
                times = f"{limit / TIMES:g} x {self.of.replace('_', ' ')}"
                words.append(f"{side} {times} ({shown(base, quantity)}) = {shown(limit * base // TIMES, quantity)}")
            elif limit is not None:
                words.append(f"{side} {shown(limit, quantity)}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that figures break: for a refusal that names rule, source and figures."""

    rule: LendingRule
    on: int
    figures: dict[str, int]

    @property
    def words(self) -> str:
        """The refusal."""
        rule = self.rule
        quantity = FIGURES[rule.subject][rule.figure]
        figure = f"{rule.figure.replace('_', ' ')} is {shown(self.figures[rule.figure], quantity)}"
        return (
            f"{rule.subject.replace('_', ' ')}: {figure} and must be {rule.bound(self.figures)} on {date(self.on)}: {rule.title} "
            f"({rule.source}; {rule.place})."
        )


def shown(figure: int, quantity: Quantity) -> str:
    """A figure as messages show it."""
    if quantity is Quantity.MONEY:
        return format_money(figure)
    return f"{figure / SHARES_WHOLE:.4%}" if quantity is Quantity.SHARE else f"{figure} {quantity.word}"


def breaches(
    rules: tuple[LendingRule, ...],
    subject: str,
    *,
    on: int,
    figures: Mapping[str, int],
    conditions: Mapping[str, str] | None = None,
) -> tuple[Breach, ...]:
    """Every rule of a subject that its figures break on a day, in the order of the rules; figures are those of FIGURES."""
    given = {} if conditions is None else conditions
    return tuple(
        Breach(rule=rule, on=on, figures=dict(figures))
        for rule in rules
        if rule.subject == subject and rule.binds(on, given) and rule.broken(figures)
    )


def check(
    rules: tuple[LendingRule, ...],
    subject: str,
    *,
    on: int,
    figures: Mapping[str, int],
    conditions: Mapping[str, str] | None = None,
) -> None:
    """Refuse figures that break a rule with a RequestError that names every one."""
    found = breaches(rules, subject, on=on, figures=figures, conditions=conditions)
    if found:
        raise RequestError(" ".join(breach.words for breach in found))


def _word(value: bool) -> str:
    return "true" if value else "false"


def check_line(rules: tuple[LendingRule, ...], *, on: int, borrower_kind: str, limit_fen: int) -> None:
    """Refuse a line above what one borrower may have; `limit_fen`: the limits of all lines the borrower would then have."""
    check(rules, "line", on=on, figures={"limit": limit_fen}, conditions={"borrower_kind": borrower_kind})


def arrears_breach(rules: tuple[LendingRule, ...], *, on: int, days_past_due: int) -> Breach | None:
    """The rule that keeps a borrower from borrowing whose worst loan is so many days past due; None: may borrow."""
    return next(iter(breaches(rules, "borrower", on=on, figures={"days_past_due": days_past_due})), None)


def check_loan(rules: tuple[LendingRule, ...], *, on: int, borrower_kind: str, months: int, at_maturity: bool) -> None:
    """Refuse a loan that runs too long for the way it is repaid.

    months        contractual tenor
    at_maturity   the principal is repaid in one amount at the end (method bullet, or one instalment)
    """
    repayment = "at_maturity" if at_maturity else "instalments"
    check(
        rules,
        "loan",
        on=on,
        figures={"months": months},
        conditions={"borrower_kind": borrower_kind, "repayment": repayment},
    )


def check_disbursement(rules: tuple[LendingRule, ...], *, on: int, principal_fen: int, disbursed_fen: int) -> None:
    """Refuse a disbursement that is not the whole principal."""
    check(rules, "disbursement", on=on, figures={"principal": principal_fen, "disbursed": disbursed_fen})


def funding_breaches(rules: tuple[LendingRule, ...], mandate: Mandate, *, on: int) -> tuple[Breach, ...]:
    """Every rule that a mandate's shares of the principal break on a day."""
    own = mandate.consolidated_ppm(Component.PRINCIPAL, Stage.ORIGINATION)
    return breaches(
        rules,
        "funding",
        on=on,
        figures={"own_share": own, "partner_share": SHARES_WHOLE - own},
        conditions={"joint": _word(0 < own < SHARES_WHOLE)},
    )


def check_funding(rules: tuple[LendingRule, ...], mandate: Mandate, *, on: int, until: int) -> None:
    """Refuse a mandate whose shares of the principal break a rule on any day from `on` to `until`, as the rules are known.

    raises   RequestError with rule, source and figures of the first such day
    """
    later = {rule.effective_from for rule in rules if rule.subject == "funding" and on < rule.effective_from <= until}
    for day in (on, *sorted(later)):
        found = funding_breaches(rules, mandate, on=day)
        if found:
            raise RequestError(" ".join(breach.words for breach in found))


def guarantee_room(
    rules: tuple[LendingRule, ...], *, on: int, guaranteed_fen: int, net_assets_fen: int, mainly_small_business: bool
) -> int | None:
    """How much more a guarantee company may guarantee on a day, minor units; None: no rule bounds it.

    Below 0 it guarantees more than it may: so much must come back before it may guarantee anew.
    """
    conditions = {"mainly_small_business": _word(mainly_small_business)}
    rooms = [
        rule.most * net_assets_fen // TIMES - guaranteed_fen
        for rule in rules
        if (rule.subject, rule.figure, rule.of) == ("guarantor", "guaranteed", "net_assets")
        and rule.most is not None
        and rule.binds(on, conditions)
    ]
    return min(rooms) if rooms else None
