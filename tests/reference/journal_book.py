"""Naive twin of the books, third part: the entries of each close, and the pages that an accountant checks them on.

`python -m tests.reference.journal_book` writes the part `closes:` of tests/scenarios/journal_*.yaml anew below their heads.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.reference.journal import Life, State, life_of, money, month_end
from tests.reference.journal_figures import figures, parts_of, payout
from tests.reference.journal_parts import parts_of_life

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
FILES = sorted(SCENARIOS.glob("journal_*.yaml"))
MARK = "closes:"
BASES = {"us_gaap": ("CORE", "USGAAP"), "ifrs": ("CORE", "IFRS"), "memo": ("MEMO",)}

# rule of the period's loans | rule of earlier ones, book, who books it, debit, credit, figure
MEASURED = {
    "on_balance_sheet": (
        ("L40", "CORE", "lender", 1312, 4020, "interest_net"),
        ("L41", "CORE", "lender", 1312, 2170, "interest_vat"),
        ("L42", "CORE", "lender", 1315, 5010, "costs_deferred"),
        ("L43", "USGAAP", "lender", 4020, 1315, "costs_amortised_us_gaap"),
        ("L44", "IFRS", "lender", 4020, 1315, "costs_amortised_ifrs"),
        ("L50|L51", "USGAAP", "lender", 5110, 1319, "loan_provision_us_gaap"),
        ("L52|L53", "IFRS", "lender", 5110, 1319, "loan_provision_ifrs"),
    ),
    "capital_heavy": (
        ("L60|L61", "CORE", "facilitator", 1120, 4010, "upfront_net"),
        ("L66", "CORE", "facilitator", 1120, 2170, "upfront_vat"),
        ("L64", "CORE", "facilitator", 1120, 4010, "over_time_this_period"),
        ("L58", "CORE", "facilitator", 1120, 4010, "over_time_earlier_periods"),
        ("L66", "CORE", "facilitator", 1120, 2170, "over_time_vat"),
        ("L56", "CORE", "facilitator", 1120, 2156, "fee_ahead"),
        ("L67", "CORE", "facilitator", 1129, 1120, "fee_written_off_net"),
        ("L57", "CORE", "facilitator", 2170, 1120, "fee_written_off_vat"),
        ("L68|L69", "CORE", "facilitator", 5130, 1129, "fee_provision"),
        ("L70", "USGAAP", "guarantor", 1210, 2140, "inception"),
        ("L71", "USGAAP", "guarantor", 2140, 4030, "released_net"),
        ("L72", "USGAAP", "guarantor", 2140, 2170, "released_vat"),
        ("L73", "IFRS", "guarantor", 1213, 4030, "released_net"),
        ("L74", "IFRS", "guarantor", 1213, 2170, "released_vat"),
        ("L75", "USGAAP", "guarantor", 1219, 1210, "premium_written_off_net"),
        ("L84", "USGAAP", "guarantor", 2170, 1210, "premium_written_off_vat"),
        ("L76|L77", "USGAAP", "guarantor", 5120, 1219, "premium_provision"),
        ("L78", "IFRS", "guarantor", 5120, 1213, "premium_written_off_net"),
        ("L85", "IFRS", "guarantor", 2170, 1213, "premium_written_off_vat"),
        ("L79", "IFRS", "guarantor", 1213, 2155, "premium_ahead_ifrs"),
        ("L80|L81", "USGAAP", "guarantor", 5140, 2150, "contingent_us_gaap"),
        ("L82|L83", "IFRS", "guarantor", 5140, 2150, "contingent_ifrs"),
        ("M10", "MEMO", "guarantor", 9001, 9002, "exposure"),
    ),
    "capital_light": (
        ("L62|L63", "CORE", "facilitator", 1120, 4110, "upfront_net"),
        ("L66", "CORE", "facilitator", 1120, 2170, "upfront_vat"),
        ("L65", "CORE", "facilitator", 1120, 4110, "over_time_this_period"),
        ("L59", "CORE", "facilitator", 1120, 4110, "over_time_earlier_periods"),
        ("L66", "CORE", "facilitator", 1120, 2170, "over_time_vat"),
        ("L56", "CORE", "facilitator", 1120, 2156, "fee_ahead"),
        ("L67", "CORE", "facilitator", 1129, 1120, "fee_written_off_net"),
        ("L57", "CORE", "facilitator", 2170, 1120, "fee_written_off_vat"),
        ("L68|L69", "CORE", "facilitator", 5130, 1129, "fee_provision"),
    ),
    "referral": (
        ("L90", "CORE", "facilitator", 1120, 4120, "flat_net"),
        ("L92", "CORE", "facilitator", 1120, 2170, "flat_vat"),
        ("L94", "CORE", "facilitator", 1110, 1120, "flat_confirm"),
        ("L96", "CORE", "facilitator", 1001, 1110, "flat_collect"),
    ),
    "technology": (
        ("L91", "CORE", "technology_provider", 1120, 4130, "flat_net"),
        ("L93", "CORE", "technology_provider", 1120, 2170, "flat_vat"),
        ("L95", "CORE", "technology_provider", 1110, 1120, "flat_confirm"),
        ("L97", "CORE", "technology_provider", 1001, 1110, "flat_collect"),
    ),
}
THIS_PERIOD = "over_time_this_period"
WORKED_OUT_BEFORE = {"over_time_earlier_periods": "over_time_net"}
"""What was recognised of services by the last close, to be compared with what they come to at the price expected now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expected entry."""

    happened_on: dt.date
    posted_on: dt.date
    book: str
    role: str
    debit: int
    credit: int
    fen: int
    rule: str
    how: str

    @property
    def key(self) -> tuple[Any, ...]:
        """What is compared with the journal."""
        return (self.happened_on, self.posted_on, self.book, self.role, str(self.debit), str(self.credit), self.fen, self.rule)


def flows(at: State) -> list[tuple[dt.date, str, str, str, int, int, int, str]]:
    """What happened by the day: day, rule, book, role, debit, credit, fen, how."""
    life, model = at.life, at.life.model
    found: list[tuple[dt.date, str, str, str, int, int, int, str]] = []
    settle = dt.timedelta(days=int(life.policy["settle_days"]))

    def say(on: dt.date, rule: str, book: str, role: str, debit: int, credit: int, amount: int, how: str) -> None:
        if amount and on <= at.day:
            found.append((on, rule, book, role, debit, credit, amount, how))

    heavy, own = model == "capital_heavy", model == "on_balance_sheet"
    if own:
        say(life.opened_on, "L01", "CORE", "lender", 1310, 1001, life.lent, "lent")
    for each in at.known:
        if own or model in ("capital_heavy", "capital_light"):
            booked, credited, who = ("L36", "L34", "lender") if own else ("L37", "L35", "facilitator")
            come = each.unapplied > 0
            how = f"paid beyond what is owed, {each.on}" if come else f"given back, {each.on}"
            say(each.on, booked, "CORE", who, 1030, 2117, each.unapplied, how)
            how = "the provider credits what we hold for the borrower" if come else "the provider debits what it gave back"
            say(each.on + settle, credited, "CORE", who, 1001, 1030, each.unapplied, how)
    interest, before = 0, (0, 0)
    for each in sorted(at.paid, key=lambda one: one.on):
        told = f"paid on {each.on}" + (f", told on {each.told}" if each.told != each.on else "")
        if own:
            say(each.on, "L02", "CORE", "lender", 1030, 1310, each.principal, f"principal {told}")
            say(each.on, "L03", "CORE", "lender", 1030, 1312, each.interest, f"interest {told}")
            say(each.on + settle, "L30", "CORE", "lender", 1001, 1030, each.principal, "the provider credits principal")
            say(each.on + settle, "L31", "CORE", "lender", 1001, 1030, each.interest, "the provider credits interest")
            continue
        interest += each.interest
        now = parts_of(life, interest)
        service, guarantee = now[0] - before[0], now[1] - before[1]
        before = now
        whole = f"of interest {money(each.interest)}, {told}"
        say(each.on, "L04", "CORE", "facilitator", 1030, 1120, service, f"our fee for the service, {whole}")
        say(each.on + settle, "L33", "CORE", "facilitator", 1001, 1030, service, "the provider credits the fee")
        if heavy:
            say(each.on, "L05", "CORE", "guarantor", 1030, 1298, guarantee, f"our fee for the guarantee, {whole}")
            say(each.on, "L06", "USGAAP", "guarantor", 1298, 1210, guarantee, "collects the receivable of the first day")
            say(each.on, "L07", "IFRS", "guarantor", 1298, 1213, guarantee, "collects premium")
            say(each.on + settle, "L32", "CORE", "guarantor", 1001, 1030, guarantee, "the provider credits the fee")
    if at.is_lost and at.lost_on and own:
        worked = figures(at, None)
        interest_lost, costs_lost = worked["interest_lost"], worked["costs_lost"]
        for rules, account, amount, how in (
            (("L10", "L11", "L12"), 1310, at.balance, "charged off"),
            (("L13", "L14", "L15"), 1312, interest_lost.fen, interest_lost.how),
            (("L45", "L46", "L47"), 1315, costs_lost.fen, costs_lost.how),
        ):
            said = "charged to the allowance" if account == 1310 else how
            say(at.lost_on, rules[0], "CORE", "lender", 1398, account, amount, how)
            say(at.lost_on, rules[1], "USGAAP", "lender", 1319, 1398, amount, said)
            say(at.lost_on, rules[2], "IFRS", "lender", 1319, 1398, amount, said)
    if at.is_lost and at.lost_on and heavy:
        paid = payout(at)
        say(at.lost_on, "L20", "CORE", "guarantor", 2198, 1001, paid.fen, paid.how)
        say(at.lost_on, "L21", "USGAAP", "guarantor", 2150, 2198, paid.fen, "charged to the contingent liability")
        say(at.lost_on, "L22", "IFRS", "guarantor", 2150, 2198, paid.fen, "charged to the loss allowance")
    for each in at.recoveries:
        if own:
            say(each.on, "L16", "CORE", "lender", 1030, 1398, each.amount, "recovered")
            say(each.on, "L17", "USGAAP", "lender", 1398, 1319, each.amount, "back to the allowance")
            say(each.on, "L18", "IFRS", "lender", 1398, 1319, each.amount, "back to the allowance")
            say(each.on + settle, "L30", "CORE", "lender", 1001, 1030, each.amount, "the provider credits it")
        elif heavy:
            say(each.on, "L23", "CORE", "guarantor", 1030, 2198, each.amount, "recovered for our own account")
            say(each.on, "L24", "USGAAP", "guarantor", 2198, 2150, each.amount, "reduces the net payout")
            say(each.on, "L25", "IFRS", "guarantor", 2198, 2150, each.amount, "reduces the net payout")
            say(each.on + settle, "L32", "CORE", "guarantor", 1001, 1030, each.amount, "the provider credits it")
    return found


def entries(life: Life, last: dt.date | None, day: dt.date) -> list[Line]:
    """The entries of one period: what is known now less what was known at the last close."""
    if life.shared:
        parts = parts_of_life(replace(life, shared={}), life.shared, life.policy["served"])
        return _in_order([line for part in parts for line in entries(part, last, day)])
    now, before = State(life, day), State(life, last) if last else None
    start = last + dt.timedelta(days=1) if last else life.opened_on
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, []])
    for sign, at in ((1, now), (-1, before)):
        for on, rule, book, role, debit, credit, amount, how in flows(at) if at else ():
            # What belongs to an earlier period is told by month, and posted on the first day of the open one.
            when = (on, on) if on >= start else (month_end(on), start)
            kept = sums[(*when, book, role, debit, credit, rule)]
            kept[0] += sign * amount
            kept[1] += [how] if sign > 0 else []
    found = [
        _line(*key[:4], debit=key[4], credit=key[5], amount=amount, rule=key[6], how="; ".join(words[-1:]))
        for key, (amount, words) in sums.items()
        if amount
    ]
    new = life.opened_on >= start.replace(day=1)
    were = figures(before, None) if before else {}
    for name, figure in figures(now, last).items():
        was = were[WORKED_OUT_BEFORE.get(name, name)].fen if were else 0
        if name == THIS_PERIOD:
            was = 0
        if figure.fen == was:
            continue
        how = figure.how + (f"; less {money(was)} by the last close" if was else "")
        for rules, book, role, debit, credit, of in MEASURED[life.model]:
            if of == name:
                rule = rules.split("|")[0 if new else -1]
                found.append(_line(day, day, book, role, debit=debit, credit=credit, amount=figure.fen - was, rule=rule, how=how))
    return _in_order(found)


def _in_order(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.posted_on, line.happened_on, line.rule, line.book, line.fen))


def _line(
    on: dt.date, posted: dt.date, book: str, role: str, *, debit: int, credit: int, amount: int, rule: str, how: str
) -> Line:
    """An amount below zero is the pair the other way round."""
    if amount < 0:
        debit, credit, amount = credit, debit, -amount
    return Line(
        happened_on=on, posted_on=posted, book=book, role=role, debit=debit, credit=credit, fen=amount, rule=rule, how=how
    )


def balances(lines: list[Line]) -> dict[str, dict[int, int]]:
    """Debit balances of each basis by account, those that are not zero."""
    found: dict[str, dict[int, int]] = {}
    for basis, books in BASES.items():
        sums: dict[int, int] = defaultdict(int)
        for line in lines:
            if line.book in books:
                sums[line.debit] += line.fen
                sums[line.credit] -= line.fen
        found[basis] = {account: amount for account, amount in sorted(sums.items()) if amount}
    return found


def page(text: str) -> str:
    """A scenario's text with its closes worked out anew."""
    head = text.partition(f"\n{MARK}")[0].rstrip()
    life = life_of(YAML(typ="safe").load(head))
    lines, last, kept = [f"{head}\n{MARK}"], None, []
    for day in life.closed_on:
        made = entries(life, last, day)
        kept += made
        lines += [f"- as_of: {day}", "  entries:" if made else "  entries: []"]
        for line in made:
            posted = f", posted: {line.posted_on}" if line.posted_on != line.happened_on else ""
            lines.append(f"  # {line.how}.")
            lines.append(
                f"  - {{on: {line.happened_on}{posted}, book: {line.book}, entity: {line.role}, debit: {line.debit}, "
                f"credit: {line.credit}, amount: {line.fen / 100:.2f}, rule: {line.rule}}}"
            )
        lines.append("  balances:   # debit; credit below zero")
        for basis, held in balances(kept).items():
            if held or basis != "memo":
                lines.append(
                    f"    {basis}: {{{', '.join(f'{account}: {amount / 100:.2f}' for account, amount in held.items())}}}"
                )
        last = day
    return "\n".join(lines) + "\n"


def main() -> None:
    """Work all scenarios out anew."""
    for path in FILES:
        path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
