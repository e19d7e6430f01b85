"""A naive payment date of a vehicle in Decimal yuan, straight from the YAML of its terms. It shares no code with the house.

It knows actual/365 and actual/360, half-up rounding, and the words of a waterfall; cents of a split are handed out one by one.
"""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

CENT = Decimal("0.01")
BASES = {"actual_365_fixed": 365, "actual_360": 360}


def cents(exact: Fraction) -> Decimal:
    """Half up, for amounts that are not negative."""
    return Decimal(int(exact * 100 + Fraction(1, 2))) * CENT


def split(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Whole cents first; then one cent at a time to whom most is missing."""
    whole = sum(weights, Decimal(0))
    if not amount:
        return [Decimal(0)] * len(weights)
    ideal = [Fraction(amount) * Fraction(weight) / Fraction(whole) for weight in weights]
    parts = [Decimal(int(part * 100)) * CENT for part in ideal]
    while sum(parts, Decimal(0)) < amount:
        missing = [part - Fraction(given) for part, given in zip(ideal, parts, strict=True)]
        parts[missing.index(max(missing))] += CENT
    return parts


class NaiveVehicle:
    """One vehicle's cash and debts; `pay_out` is one payment date."""

    def __init__(self, terms: dict[str, Any], before: dict[str, Any]) -> None:
        self.terms = terms
        self.cash = {name: Decimal(str(before["accounts"].get(name, 0))) for name in terms["accounts"]}
        self.debt = {name: Decimal(str(amount)) for name, amount in before["tranches"].items()}
        self.unpaid = {name: Decimal(str(amount)) for name, amount in before.get("unpaid", {}).items()}
        self.breached = list(before.get("breached", []))
        self.paid_to: dt.date = before["paid_to"]
        self.lines: list[tuple[str, str, str, Decimal]] = []

    def phase(self, ratios: dict[str, Fraction], on: dt.date) -> tuple[str, bool]:
        """The phase of the day, and whether the residual is trapped."""
        phase = "revolving" if "revolving_until" in self.terms and on <= self.terms["revolving_until"] else "amortising"
        trapped = False
        for trigger in self.terms.get("triggers", []):
            above = ratios[trigger["ratio"]] > Fraction(str(trigger["above"]))
            if not above and trigger["name"] not in self.breached:
                continue
            if trigger.get("lasting", True) and trigger["name"] not in self.breached:
                self.breached.append(trigger["name"])
            if trigger["then"] == "trap":
                trapped = True
            elif trigger["then"] == "accelerate":
                phase = "accelerated"
            elif phase == "revolving":
                phase = "amortising"
        return phase, trapped

    def target(self) -> Decimal:
        """The reserve that should be there now."""
        rated = sum(
            (self.debt[each["name"]] for each in self.terms["tranches"] if each["seniority"] != "subordinated"), Decimal(0)
        )
        if "reserve" not in self.terms or not rated:
            return Decimal(0)
        share = cents(Fraction(rated) * Fraction(str(self.terms["reserve"]["share"])))
        return max(share, Decimal(str(self.terms["reserve"].get("least", 0))))

    def give(self, what: str, name: str, amount: Decimal, accounts: list[str], into: str = "") -> None:
        """Take an amount that is there out of accounts in order."""
        for account in accounts:
            part = min(amount, self.cash[account])
            if part:
                self.cash[account] -= part
                if into:
                    self.cash[into] += part
                self.lines.append((what, name, account, part))
            amount -= part

    def pay_out(
        self, received: dict[str, Decimal], ratios: dict[str, Fraction], on: dt.date, offered: Decimal, defaulted: Decimal
    ) -> str:
        """One payment date, word for word; returns the phase."""
        terms = self.terms
        for kind, amount in received.items():
            self.cash[terms["receives"][kind]] += amount
        phase, trapped = self.phase(ratios, on)
        year = Fraction((on - self.paid_to).days, BASES[terms["day_count"]])
        due = dict(self.unpaid)
        for fee in terms["fees"]:
            rate = Fraction(str(fee.get("rate_annual", 0))) * Fraction(sum(self.debt.values(), Decimal(0))) * year
            key = f"fee of {fee['name']}"
            due[key] = due.get(key, Decimal(0)) + cents(rate) + Decimal(str(fee.get("amount", 0)))
        for tranche in terms["tranches"]:
            key = f"interest of {tranche['name']}"
            interest = Fraction(self.debt[tranche["name"]]) * Fraction(str(tranche["rate_annual"])) * year
            due[key] = due.get(key, Decimal(0)) + cents(interest)
        if any(step["pay"] == "default_cover" for step in terms["waterfall"]):
            due["default_cover"] = due.get("default_cover", Decimal(0)) + defaulted
        for step in terms["waterfall"]:
            if phase not in step.get("during", [phase]):
                continue
            self.step(step, due, phase, trapped, offered)
        self.unpaid = {key: amount for key, amount in due.items() if amount}
        self.paid_to = on
        return phase

    def step(self, step: dict[str, Any], due: dict[str, Decimal], phase: str, trapped: bool, offered: Decimal) -> None:
        """One step."""
        what = step["pay"]
        accounts = step.get("from", [])
        accounts = [accounts] if isinstance(accounts, str) else list(accounts)
        names = step.get("of", [])
        names = [names] if isinstance(names, str) else names
        there = sum((self.cash[account] for account in accounts), Decimal(0))
        if what in ("fee", "interest"):
            asked = [due[f"{what} of {name}"] for name in names]
            for name, part in zip(names, split(min(there, sum(asked, Decimal(0))), asked), strict=True):
                self.give(what, name, part, accounts)
                due[f"{what} of {name}"] -= part
        elif what == "principal":
            asked = [self.debt[name] for name in names]
            for name, part in zip(names, split(min(there, sum(asked, Decimal(0))), asked), strict=True):
                self.give(what, name, part, accounts)
                self.debt[name] -= part
        elif what == "default_cover":
            part = min(there, due["default_cover"])
            self.give(what, "", part, accounts, step["to"])
            due["default_cover"] -= part
        elif what == "reserve":
            kept = self.terms["reserve"]["account"]
            self.give(what, "", min(there, max(self.target() - self.cash[kept], Decimal(0))), accounts, kept)
        elif what == "release":
            kept = self.terms["reserve"]["account"]
            self.give(what, "", max(self.cash[kept] - self.target(), Decimal(0)), [kept], step["to"])
        elif what == "reinvestment":
            self.give(what, "", min(there, offered), accounts)
        elif what == "residual" and not trapped and not any(due[key] for key in due if " of " in key):
            for account in accounts:
                if not any(self.debt.values()) or account not in self.repaying(phase):
                    self.give(what, "", self.cash[account], [account])

    def repaying(self, phase: str) -> list[str]:
        """The accounts that pay principal in a phase, and the one it comes into."""
        found = [self.terms["receives"]["principal"]]
        for step in self.terms["waterfall"]:
            if step["pay"] == "principal" and phase in step.get("during", [phase]):
                found += [step["from"]] if isinstance(step["from"], str) else step["from"]
        return found
