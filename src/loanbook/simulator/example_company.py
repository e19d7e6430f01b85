"""A made-up company around a simulated book: capital, costs, funding, awards, a dividend, taxes, at the book's own scale.

Every figure is chosen (a share of what the book lends in a year, or a round number), so that each kind of corporate event is
there and no company of the group runs out of cash. Nothing of it is any company's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loanbook.accounting.loan_amounts import period_days
from loanbook.loans.dates import month_end, month_index
from loanbook.simulator.twin_company import Event
from loanbook.units import date

PARENT, CAMPUS, WFOE = "lantern_holdings", "lantern_campus", "lantern_wfoe"
TECHNOLOGY, GUARANTEE, LENDER = "lantern_technology", "lantern_guarantee", "lantern_micro_lending"
CAPITAL = {TECHNOLOGY: 0.02, GUARANTEE: 0.08, WFOE: 0.002, CAMPUS: 0.001}
"""Paid in when the first loan is made, of a year's lending; the lender's is of what it lends itself."""
OWN_CAPITAL = 0.40
COSTS = (
    (TECHNOLOGY, "facilitation_origination_and_servicing", 0.0040),
    (TECHNOLOGY, "sales_and_marketing", 0.0045),
    (TECHNOLOGY, "general_and_administrative", 0.0010),
    (WFOE, "general_and_administrative", 0.0008),
    (CAMPUS, "general_and_administrative", 0.0001),
)
"""Of what the quarter lends, a third each month, paid in the month."""
DEBTS = (
    ("trust_units", "units", 0.20, 0.058, 270),
    ("asset_backed_securities", "notes", 0.12, 0.046, 730),
    ("short_term_loans", "bank", 0.05, 0.043, 180),
)
"""Kind, name, part of what the lender lends itself in a year, coupon, days that a drawing runs; then it is drawn again."""
SERVICE, INTEREST, DEPOSIT = 0.0012, 0.0004, 0.0010
RAISED, SHARES_PER_YUAN = 0.03, 0.01
SHARE_PRICE = 3.00
"""US$, the average of the first quarter; it rises by 3 % a quarter."""
DIVIDEND = 0.05
GRANTED = 0.012
EXCHANGE = (7.10, 7.16, 7.20, 7.12)
"""Yuan a US$, made up: at the end of the first to fourth quarter of a year; in a quarter it goes straight."""
TOLD_DAYS = 5
_TAXES = {"2160": "income_tax", "2170": "other_tax"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCompany:
    """The events of the company.

    lent    quarter -> fen lent in it, from the first quarter of the book on;  ours  the part that our lender lent
    books   the quarters whose books are closed, in order; those before them are told in the first one's opening
    """

    lent: Mapping[str, int]
    ours: Mapping[str, int]
    books: Sequence[str]

    @property
    def year_fen(self) -> int:
        """The most that four quarters in a row lend."""
        return _most(self.lent)

    @property
    def shares(self) -> int:
        """Ordinary shares of the parent, in whole thousands."""
        return max(1_000 * round(self.year_fen * SHARES_PER_YUAN / 100 / 1_000), 1_000)

    def founding(self) -> list[Event]:
        """Capital and exchange rates before the first closed quarter, and the costs of the quarters before it."""
        first_quarter = next(iter(self.lent))
        first = date(period_days(first_quarter)[0]).isoformat()
        events = [
            _event("shares_issued", entity, first, "capital", shares=1_000_000, amount_fen=self._of_year(part))
            for entity, part in CAPITAL.items()
        ]
        own = max(round(_most(self.ours) * OWN_CAPITAL), self._of_year(0.002))
        events.append(_event("shares_issued", LENDER, first, "capital", shares=1_000_000, amount_fen=own))
        raised = round(self.year_fen * RAISED / EXCHANGE[0])
        events.append(_event("shares_issued", PARENT, first, "capital", "USD", shares=self.shares, amount_fen=raised))
        events.append(
            _event("loan_between_entities", TECHNOLOGY, first, "start", counterparty=LENDER, amount_fen=self._of_year(0.01))
        )
        for quarter in self.lent:
            if quarter < self.books[0]:
                events += [*self._costs(quarter), *self._exchange(quarter)]
        return [*events, *self._funding(first_quarter)]

    def quarter(self, quarter: str, owed: Mapping[tuple[str, str], int]) -> list[Event]:
        """Everything of one closed quarter; `owed`: (account, entity) -> fen of taxes that the last close left."""
        place = self.books.index(quarter)
        days = _Days.of(quarter)
        events = [*self._costs(quarter), *self._exchange(quarter), *self._small(quarter, days)]
        for (account, entity), amount in owed.items():
            if amount > 0:
                line = _TAXES[account]
                events.append(_event("tax_paid", entity, days.middle, f"{line}-{quarter}", line=line, amount_fen=amount))
        price = SHARE_PRICE * 1.03**place
        columns = {"ends_on": days.last, "price": f"{price:.2f}"}
        events.append(_event("share_price", PARENT, days.first, quarter, "USD", **columns))
        if quarter != next(iter(self.lent)):
            events += self._funding(quarter)
        return [*events, *self._of_owners(quarter, place % 4, days, price)]

    def _of_year(self, part: float) -> int:
        return round(self.year_fen * part)

    def _costs(self, quarter: str) -> list[Event]:
        events = []
        start, _ = period_days(quarter)
        for entity, line, part in COSTS:
            for month in range(3):
                on = date(int(month_end(int(month_index(start)) + month))).isoformat()
                amount = round(self.lent.get(quarter, 0) * part / 3)
                name = f"{line}-{quarter}-{month + 1}"
                if amount:
                    events.append(_event("cost_incurred", entity, on, name, line=line, amount_fen=amount))
                    events.append(_event("cost_paid", entity, on, name, amount_fen=amount))
        return events

    def _exchange(self, quarter: str) -> list[Event]:
        """Spot rates every few days, and the average."""
        start, end = period_days(quarter)
        number = int(quarter[5]) - 1
        before, after = EXCHANGE[number - 1], EXCHANGE[number]
        days = [*range(start, end, TOLD_DAYS), end]
        events = []
        for day in days:
            rate = before + (after - before) * (day - start) / (end - start)
            columns = {"to_currency": "CNY", "basis": "spot", "rate": f"{rate:.4f}"}
            events.append(_event("fx_rate", PARENT, date(day).isoformat(), "spot-" + date(day).isoformat(), "USD", **columns))
        columns = {"to_currency": "CNY", "basis": "average", "rate": f"{(before + after) / 2:.4f}"}
        columns["ends_on"] = date(end).isoformat()
        return [*events, _event("fx_rate", PARENT, date(start).isoformat(), f"average-{quarter}", "USD", **columns)]

    def _small(self, quarter: str, days: "_Days") -> list[Event]:
        lent = self.lent.get(quarter, 0)
        service = round(lent * SERVICE)
        line = "facilitation_origination_and_servicing"
        return [
            _event("intercompany_charged", WFOE, days.last, quarter, counterparty=TECHNOLOGY, line=line, amount_fen=service),
            _event("intercompany_paid", TECHNOLOGY, days.last, quarter, counterparty=WFOE, amount_fen=service * 9 // 10),
            _event("interest_earned", TECHNOLOGY, days.last, quarter, amount_fen=round(self.year_fen * INTEREST / 4)),
            _event("deposit_paid", GUARANTEE, days.middle, quarter, amount_fen=round(lent * DEPOSIT)),
        ]

    def _funding(self, quarter: str) -> list[Event]:
        """Drawings and repayments whose day lies in a quarter, for the book's first one: in any before the books begin."""
        told = [each for each in self.lent if each < self.books[0]] if quarter not in self.books else [quarter]
        if quarter == self.books[0] == next(iter(self.lent)):
            told = [quarter]
        first, last = period_days(told[0])[0], period_days(told[-1])[1]
        origin = period_days(next(iter(self.lent)))[0]
        events: list[Event] = []
        for line, name, part, rate, runs in DEBTS:
            amount = round(_most(self.ours) * part)
            if not amount:
                continue
            number = 0
            while (drawn := origin + number * runs) <= last:
                number += 1
                debt = {"debt": f"{name}-{number}", "line": line}
                over = drawn + runs
                if drawn >= first:
                    columns = {"matures_on": date(over).isoformat(), "rate_annual": f"{rate:.4f}", **debt}
                    events.append(
                        _event("debt_drawn", LENDER, date(drawn).isoformat(), debt["debt"], amount_fen=amount, **columns)
                    )
                    cost = amount // 200
                    events.append(
                        _event("issue_cost_paid", LENDER, date(drawn).isoformat(), debt["debt"], amount_fen=cost, **debt)
                    )
                if first <= over <= last:
                    events.append(_event("debt_repaid", LENDER, date(over).isoformat(), debt["debt"], amount_fen=amount, **debt))
                    # All interest of a borrowing is paid with it.
                    interest = round(amount * rate * runs / 365)
                    events.append(
                        _event("debt_interest_paid", LENDER, date(over).isoformat(), debt["debt"], amount_fen=interest, **debt)
                    )
        return events

    def _of_owners(self, quarter: str, place: int, days: "_Days", price: float) -> list[Event]:
        """Awards in the first quarter of a year of books, then a repurchase and a dividend, then what vested, then reserves."""
        units = max(round(self.shares * GRANTED), 8)
        grant = f"units-{quarter}"
        if place == 0:
            weights = {"facilitation_weight": 20, "sales_weight": 10, "administration_weight": 70}
            made: list[Event] = []
            for year in range(1, 5):
                vests = f"{int(quarter[:4]) + year}{days.first[4:]}" if year > 1 else days.after(120)
                columns = {"grant_id": grant, "instrument": "restricted_share_unit", "vests_on": vests, **weights}
                columns |= {"instruments": units // 4, "fair_value": f"{price:.2f}"}
                made.append(_event("grant_made", PARENT, days.first, f"{grant}-{year}", "USD", **columns))
            options: Event = {"grant_id": f"options-{quarter}", "instrument": "option", "instruments": units, **weights}
            options |= {"vests_on": days.after(730), "fair_value": f"{price / 3:.2f}", "exercise_price": f"{price * 0.8:.2f}"}
            asset: Event = {"line": "property_and_equipment", "amount_fen": self._of_year(0.002)}
            return [
                *made,
                _event("grant_made", PARENT, days.first, f"options-{quarter}", "USD", **options),
                _event("asset_bought", TECHNOLOGY, days.middle, quarter, **asset),
            ]
        began = f"units-{self.books[self.books.index(quarter) - place]}"
        if place == 1:
            bought = max(self.shares // 100, 1)
            paid = {"shares": bought, "amount_fen": round(100 * bought * price), "commission_fen": bought}
            declared = {"record_on": days.after(60), "per_share": f"{DIVIDEND:.2f}", "shares": self.shares - bought}
            owed = round(100 * DIVIDEND * (self.shares - bought))
            name = f"dividend_declared-{PARENT}-{quarter}"
            return [
                _event("shares_repurchased", PARENT, days.after(10), quarter, "USD", **paid),
                _event("dividend_declared", PARENT, days.after(40), quarter, "USD", **declared),
                _event("dividend_paid", PARENT, days.after(75), quarter, "USD", dividend=name, amount_fen=owed),
                _event("grant_forfeited", PARENT, days.middle, quarter, "USD", grant_id=began, instruments=units // 20),
            ]
        if place == 2:
            given = {"grant_id": began, "instruments": units // 5, "shares": units // 5}
            retired = {"shares": max(self.shares // 200, 1)}
            return [
                _event("grant_exercised", PARENT, days.middle, quarter, "USD", **given),
                _event("shares_retired", PARENT, days.last, quarter, "USD", **retired),
            ]
        kept: Event = {"amount_fen": self._of_year(0.001)}
        worn: Event = {
            "asset_class": "property_and_equipment",
            "line": "general_and_administrative",
            "amount_fen": self._of_year(0.0004),
        }
        return [
            _event("reserve_appropriated", TECHNOLOGY, days.last, quarter, **kept),
            _event("depreciation_charged", TECHNOLOGY, days.last, quarter, **worn),
            _event("cash_restricted", GUARANTEE, days.middle, quarter, amount_fen=self._of_year(0.005)),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    start: int
    end: int

    @staticmethod
    def of(quarter: str) -> "_Days":
        start, end = period_days(quarter)
        return _Days(start=start, end=end)

    @property
    def first(self) -> str:
        return date(self.start).isoformat()

    @property
    def middle(self) -> str:
        return self.after(45)

    @property
    def last(self) -> str:
        return date(self.end).isoformat()

    def after(self, days: int) -> str:
        """A number of days after the quarter begins."""
        return date(self.start + days).isoformat()


def _most(amounts: Mapping[str, int]) -> int:
    told = list(amounts.values())
    return max(sum(told[at : at + 4]) for at in range(len(told)))


def _event(kind: str, entity: str, on: str, name: str, currency: str = "CNY", **columns: Any) -> Event:
    said = {"kind": kind, "event_id": f"{kind}-{entity}-{name}", "entity": entity, "currency": currency, "happened_on": on}
    return said | columns


def quarters_between(first: str, last: str) -> Iterable[str]:
    """Quarters from one to another, both among them."""
    year, number = int(first[:4]), int(first[5])
    while (name := f"{year}Q{number}") <= last:
        yield name
        year, number = (year, number + 1) if number < 4 else (year + 1, 1)
