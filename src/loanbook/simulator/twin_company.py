"""What happens to a platform's twin besides its loans, quarter by quarter, as corporate events out of sourced drivers.

Costs, funding balances, investments, repurchases and opening balances are inputs of the twin; revenue, provisions, tax and every
balance that loans make are not. Money is that of the filings over the scale.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from loanbook.loans.dates import month_end, month_index
from loanbook.simulator.sourced import Parameters
from loanbook.units import date, day

TECHNOLOGY, GUARANTEE, LENDER = "lantern_technology", "lantern_guarantee", "lantern_micro_lending"
WFOE = "lantern_wfoe"
OPENING_DAY = "2023-12-31"
COST_LINES = {
    "facilitation_origination_servicing": "facilitation_origination_and_servicing",
    "sales_marketing": "sales_and_marketing",
    "general_administrative": "general_and_administrative",
}
_WEIGHTS = {
    "facilitation_origination_servicing": "facilitation_weight",
    "sales_marketing": "sales_weight",
    "general_administrative": "administration_weight",
}
_CASH_PARTS = {TECHNOLOGY: 0.35, GUARANTEE: 0.40, LENDER: 0.25}
"""Who holds the group's cash when the books begin: not published."""
_STATED = (
    ("1002", "restricted_cash", LENDER, 1),
    ("1010", "short_term_investments", TECHNOLOGY, 1),
    ("1020", "security_deposit", GUARANTEE, 1),
    ("1410", "due_from_related_parties_current", TECHNOLOGY, 1),
    ("1411", "due_from_related_parties_noncurrent", TECHNOLOGY, 1),
    ("1510", "prepaid_expenses_and_other_assets", TECHNOLOGY, 1),
    ("1610", "property_and_equipment", TECHNOLOGY, 1),
    ("1620", "land_use_rights", TECHNOLOGY, 1),
    ("1630", "intangible_assets", TECHNOLOGY, 1),
    ("1640", "goodwill", TECHNOLOGY, 1),
    ("1690", "other_noncurrent_assets", TECHNOLOGY, 1),
    ("2110", "accrued_expenses_and_other_liabilities", TECHNOLOGY, -1),
    ("2120", "due_to_related_parties", TECHNOLOGY, -1),
    ("2160", "income_tax_payable", TECHNOLOGY, -1),
    ("2170", "other_tax_payable", TECHNOLOGY, -1),
    ("2590", "other_long_term_liabilities", TECHNOLOGY, -1),
    ("3020", "additional_paid_in_capital", TECHNOLOGY, -1),
    ("3090", "noncontrolling_interests", TECHNOLOGY, -1),
)
_KEPT = {"1001": (WFOE,), "2160": (GUARANTEE, LENDER, WFOE), "2170": (GUARANTEE, LENDER, WFOE)}
"""Accounts that loan history leaves at other entities too: they are stated as nothing there."""
_INVESTED = (
    ("short_term_investments", "investment", "short_term_investments"),
    ("other_noncurrent_assets", "investment", "other"),
    ("property_and_equipment", "asset", "property_and_equipment"),
    ("land_use_rights", "asset", "land_use_rights"),
    ("intangible_assets", "asset", "intangible_assets"),
)
_PLAN = (
    ("2024-05-17", "until_2024_05_17"),
    ("2024-08-13", "until_2024_08_13"),
    ("2024-11-19", "until_2024_11_19"),
)
"""The repurchase plan of 2024: days and parameters of its cumulative figures."""
_DEBTS = (
    ("payable_to_trust_investors_current_thousand", "trust_units", "current", 300),
    ("payable_to_trust_investors_noncurrent_thousand", "asset_backed_securities", "noncurrent", 700),
    ("short_term_loans_thousand", "short_term_loans", "short", 300),
)
"""Parameter, kind, name, and days that each drawing runs: what is current stays so until it is replaced."""

Event = dict[str, Any]


class Company:
    """The corporate events of a platform at a scale."""

    def __init__(self, parameters: Parameters, scale: int) -> None:
        self._of = parameters
        self._scale = scale

    @property
    def begins_on(self) -> dt.date:
        """The day that opening balances are of."""
        return dt.date.fromisoformat(OPENING_DAY)

    def taxes_at_opening(self) -> dict[tuple[str, str], int]:
        """(account, entity) -> fen of taxes owed when the books begin."""
        of = "books.opening_2023_thousand"
        owed = (("2160", "income_tax_payable"), ("2170", "other_tax_payable"))
        return {(account, TECHNOLOGY): self._fen(self._of.number(f"{of}.{name}")) for account, name in owed}

    def opening(self) -> list[Event]:
        """What stands in the books when they begin, and the borrowings then."""
        of = "books.opening_2023_thousand"
        cash = self._of.number(f"{of}.cash_and_cash_equivalents")
        events = [self._stated("1001", entity, cash * part) for entity, part in _CASH_PARTS.items()]
        events += [
            self._stated(account, entity, sign * self._of.number(f"{of}.{name}")) for account, name, entity, sign in _STATED
        ]
        events += [self._stated(account, entity, 0) for account, entities in _KEPT.items() for entity in entities]
        events += self._drawn("2023Q4", OPENING_DAY, "2024Q1")
        return events

    def quarter(self, quarter: str, owed: Mapping[tuple[str, str], int]) -> list[Event]:
        """Everything of one quarter.

        owed   (account, entity) -> fen that the last close left of taxes: paid in this one
        """
        first, last = _days(quarter)
        middle = date((day(first) + day(last)) // 2).isoformat()
        events = [*self._costs_of(quarter, first), *self._awards(quarter, first, last)]
        before = _quarter_before(quarter)
        events += self._repurchased(quarter, middle)
        events += self._repaid(before, middle)
        events += self._drawn(quarter, middle, quarter)
        events += self._interest(quarter, before, first, middle, last)
        events += self._invested(quarter, before, middle)
        for (account, entity), amount in owed.items():
            line = "income_tax" if account == "2160" else "other_tax"
            if amount > 0:
                events.append(self._event("tax_paid", entity, middle, f"{line}-{quarter}", line=line, amount_fen=amount))
        for name, kind in (("interest_income_net", "interest_earned"), ("other_income_net", "government_grant_received")):
            amount = self._fen(self._of.by_quarter(f"books.other.{name}_thousand")[quarter])
            events.append(self._event(kind, TECHNOLOGY, middle, f"{name}-{quarter}", amount_fen=amount))
        return events

    def _fen(self, thousand: float) -> int:
        return round(thousand * 100_000 / self._scale)

    def _event(self, kind: str, entity: str, on: str, name: str, **columns: object) -> Event:
        said = {"kind": kind, "event_id": f"{kind}-{entity}-{name}", "entity": entity, "currency": "CNY", "happened_on": on}
        return said | columns

    def _stated(self, account: str, entity: str, thousand: float) -> Event:
        columns = {"book": "core", "account": account, "amount_fen": self._fen(thousand)}
        return self._event("opening_balance", entity, OPENING_DAY, account, **columns)

    def _costs_of(self, quarter: str, first: str) -> list[Event]:
        """Costs by month, a third each, paid in the month; awards are inside the published lines and left out here."""
        awards = self._of.by_quarter("books.costs.share_based_compensation_thousand")[quarter]
        split = self._of.by_name("books.costs.share_based_compensation_split")
        events = []
        for name, line in COST_LINES.items():
            total = self._of.by_quarter(f"books.costs.{name}_thousand")[quarter] - awards * split[name]
            if name == "facilitation_origination_servicing":
                # What is deferred with a loan is taken out of this line when the books are closed.
                lent = self._of.by_quarter("quarters.volume_million.on_balance_sheet")[quarter]
                total += lent * 1_000 * self._of.number("books.origination_costs")
            if name == "general_administrative":
                total -= self._depreciation(quarter)
            for month in range(3):
                on = date(int(month_end(int(month_index(day(first))) + month))).isoformat()
                amount = self._fen(total / 3)
                events.append(
                    self._event("cost_incurred", TECHNOLOGY, on, f"{name}-{quarter}-{month}", line=line, amount_fen=amount)
                )
                events.append(self._event("cost_paid", TECHNOLOGY, on, f"{name}-{quarter}-{month}", amount_fen=amount))
        return events

    def _depreciation(self, quarter: str) -> float:
        """What falls out of long-lived assets in a quarter: charged to general and administrative, inside the published line."""
        before = _quarter_before(quarter)
        changes = [
            series[before] - series[quarter]
            for name, what, _ in _INVESTED
            if what == "asset"
            for series in (self._of.by_quarter(f"books.balances_thousand.{name}"),)
        ]
        return sum(max(change, 0) for change in changes)

    def _repurchased(self, quarter: str, on: str) -> list[Event]:
        """Own shares bought: the plan's cumulative amounts on the days of the releases, straight line between them."""
        rates = self._of.by_quarter("books.exchange.rmb_a_usd_at_end")
        first, last = _days(quarter)
        bought = _between(_PLAN, day(first) - 1, day(last), self._of)
        if not bought[0]:
            return []
        columns = {
            "shares": round(2 * bought[1] * 1_000_000 / self._scale),
            "amount_fen": self._fen(bought[0] * 1_000 * rates[quarter]),
            "plan": "2024",
        }
        return [self._event("shares_repurchased", TECHNOLOGY, on, quarter, **columns)]

    def _awards(self, quarter: str, first: str, last: str) -> list[Event]:
        """One grant a quarter that vests at its end: its fair value is the quarter's published cost."""
        cost = self._fen(self._of.by_quarter("books.costs.share_based_compensation_thousand")[quarter])
        split = self._of.by_name("books.costs.share_based_compensation_split")
        columns: dict[str, object] = {
            "grant_id": f"award-{quarter}",
            "instrument": "restricted_share_unit",
            "vests_on": last,
            "instruments": 1_000,
            "fair_value": f"{cost / 100_000:.8f}",
            **{_WEIGHTS[name]: round(100 * share) for name, share in split.items()},
        }
        return [self._event("grant_made", TECHNOLOGY, first, quarter, **columns)]

    def _drawn(self, quarter: str, on: str, rate_of: str) -> list[Event]:
        events = []
        rate = self._of.by_quarter("books.funding.cost_annual")[rate_of]
        for parameter, line, name, days in _DEBTS:
            amount = self._fen(self._of.by_quarter(f"books.funding.{parameter}")[quarter])
            columns = {
                "debt": f"{name}-{quarter}",
                "line": line,
                "amount_fen": amount,
                "matures_on": date(day(on) + days).isoformat(),
                "rate_annual": f"{rate:.4f}",
            }
            events.append(self._event("debt_drawn", LENDER, on, f"{name}-{quarter}", **columns))
        return events

    def _repaid(self, quarter: str, on: str) -> list[Event]:
        events = []
        for parameter, line, name, _ in _DEBTS:
            amount = self._fen(self._of.by_quarter(f"books.funding.{parameter}")[quarter])
            columns = {"debt": f"{name}-{quarter}", "line": line, "amount_fen": amount}
            events.append(self._event("debt_repaid", LENDER, on, f"{name}-{quarter}", **columns))
        return events

    def _interest(self, quarter: str, before: str, first: str, middle: str, last: str) -> list[Event]:
        """Interest is paid as it accrues, on the quarter's last day."""
        rates = self._of.by_quarter("books.funding.cost_annual")
        events = []
        earlier = day(middle) - day(first) + 1
        for of, rate_of, days in ((before, max(before, "2024Q1"), earlier), (quarter, quarter, day(last) - day(middle))):
            for parameter, line, name, _ in _DEBTS:
                owed = self._fen(self._of.by_quarter(f"books.funding.{parameter}")[of])
                amount = round(owed * rates[rate_of] * days / 365)
                columns = {"debt": f"{name}-{of}", "line": line, "amount_fen": amount}
                events.append(self._event("debt_interest_paid", LENDER, last, f"{name}-{of}-{quarter}", **columns))
        return events

    def _invested(self, quarter: str, before: str, on: str) -> list[Event]:
        events = []
        for name, what, line in _INVESTED:
            series = self._of.by_quarter(f"books.balances_thousand.{name}")
            amount = self._fen(series[quarter]) - self._fen(series[before])
            if not amount:
                continue
            if what == "investment":
                kind = "investment_made" if amount > 0 else "investment_returned"
                columns: dict[str, object] = {"line": line, "amount_fen": abs(amount)}
            elif amount > 0:
                kind, columns = "asset_bought", {"line": line, "amount_fen": amount}
            else:
                kind = "depreciation_charged"
                columns = {"asset_class": line, "line": "general_and_administrative", "amount_fen": -amount}
            events.append(self._event(kind, TECHNOLOGY, on, f"{name}-{quarter}", **columns))
        deposits = self._of.by_quarter("books.balances_thousand.security_deposit")
        deposit = self._fen(deposits[quarter]) - self._fen(deposits[before])
        events.append(self._event("deposit_paid", GUARANTEE, on, quarter, amount_fen=deposit))
        return events


def _quarter_before(quarter: str) -> str:
    return f"{int(quarter[:4]) - 1}Q4" if quarter[5] == "1" else f"{quarter[:5]}{int(quarter[5]) - 1}"


def _between(points: Iterable[tuple[str, str]], since: int, until: int, of: Parameters) -> tuple[float, float]:
    """US$ million and million ADS bought after one day and by another, of cumulative figures on days; straight line between."""
    known = [(day("2024-03-31"), 0.0, 0.0)]
    for on, name in points:
        figures = of.by_name(f"books.repurchases.{name}")
        known.append((day(on), figures["usd_million"], figures["ads_million"]))

    def by(when: int) -> tuple[float, float]:
        for (start, usd, ads), (end, more, most) in pairwise(known):
            if start <= when <= end:
                part = (when - start) / (end - start)
                return usd + part * (more - usd), ads + part * (most - ads)
        return 0.0, 0.0

    (usd_then, ads_then), (usd_now, ads_now) = by(since), by(until)
    return usd_now - usd_then, ads_now - ads_then


def _days(quarter: str) -> tuple[str, str]:
    last_month = int(quarter[:4]) * 12 + 3 * int(quarter[5]) - 1
    return date(int(month_end(last_month - 3)) + 1).isoformat(), date(int(month_end(last_month))).isoformat()


def write_events(events: Iterable[Event], folder: Path) -> list[Path]:
    """One CSV file a kind, as `loanbook books import` reads it: money in whole units of currency."""
    folder.mkdir(parents=True, exist_ok=True)
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event["kind"], []).append(event)
    paths = []
    for kind, rows in by_kind.items():
        names = list(dict.fromkeys(name for row in rows for name in row if name != "kind"))
        path = folder / f"{kind}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([name.removesuffix("_fen") for name in names])
            for row in rows:
                writer.writerow([_cell(name, row.get(name, "")) for name in names])
        paths.append(path)
    return paths


def _cell(name: str, value: object) -> object:
    if name.endswith("_fen") and isinstance(value, int):
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}"
    return value
