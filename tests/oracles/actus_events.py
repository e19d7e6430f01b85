"""The events an ACTUS contract schedules: which dates, in which order, as steps of the variable-rate kernel.

Source: ACTUS technical specification, sections 4 (schedules, conventions) and 7.1 to 7.5 (PAM, LAM, NAM, ANN), and the rules
that its reference contracts add to it (see docs/concepts/variable_rate.md).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from loanbook.errors import RequestError
from loanbook.loans.cycles import Cycle, Stub, cycle_dates
from loanbook.loans.dates import period_date
from loanbook.loans.daycount import year_fraction
from loanbook.loans.variable_rate import Step
from loanbook.units import RATE_SCALE, YEAR_SCALE
from tests.oracles.actus_terms import DeclinedError, Moment, Terms

ORDER = ("IED", "PR", "IP", "FP", "IPCI", "RRF", "RR", "PRF", "PRD", "TD", "SC", "IPCB", "MD")
"""The order of events of one moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: the moment it shows, the day its interest counts to, and the kernel step it is."""

    at: Moment
    counted: int
    kind: str
    step: Step
    scheduled: Moment
    """Before the business-day shift."""

    @property
    def place(self) -> tuple[Moment, int]:
        return self.at, ORDER.index(self.kind)


def dates(anchor: Moment, cycle: Cycle | None, end: Moment, month_end: int, *, with_end: bool = True) -> list[Moment]:
    """The schedule function: anchor, cycle dates, end; a second before midnight never fits a cycle.

    A long last stub is merged away only where more than two dates are scheduled: a schedule without its end (payments of
    principal, resets) keeps two dates that the same cycle with its end (interest) would make one.
    """
    found = _dates_with_end(anchor, cycle, end, month_end)
    if with_end:
        return found
    if cycle is not None and cycle.stub is Stub.LONG and len(found) == 2:
        short = _dates_with_end(anchor, replace(cycle, stub=Stub.SHORT), end, month_end)
        if len(short) == 3:
            return short[:-1]
    return found[:-1]


def _dates_with_end(anchor: Moment, cycle: Cycle | None, end: Moment, month_end: int) -> list[Moment]:
    if anchor.late:
        raise DeclinedError("a cycle anchored at 23:59:59: loans count whole days")
    if anchor >= end:
        return [end]
    if cycle is None:
        return [anchor, end]
    found = [
        Moment(int(number))
        for number in cycle_dates(anchor.on, end.counted, int(cycle.unit), cycle.every, month_end, int(cycle.stub))[:-1]
    ]
    fits = period_date(anchor.on, len(found), int(cycle.unit), cycle.every, month_end) == end.counted
    if end.late and fits and cycle.stub is Stub.LONG and len(found) > 1:
        found.pop()
    return [*found, end]


class Schedule:
    """Every date of a contract, worked out from its terms once."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.month_end = int(terms.month_end)
        self.status = self._need("statusDate")
        self.exchange = self._need("initialExchangeDate")
        self.principal_cycle = terms.cycle("cycleOfPrincipalRedemption")
        self.principal_anchor = self._anchor("cycleAnchorDateOfPrincipalRedemption", self.principal_cycle)
        self.maturity = self._maturity()
        if self.maturity <= self.exchange:
            raise RequestError(f"the contract matures on {self.maturity}, not after its initial exchange on {self.exchange}.")
        self.opened = self.exchange.counted if self.exchange > self.status else self.status.counted

    def _need(self, name: str) -> Moment:
        found = self.terms.moment(name)
        if found is None:
            raise DeclinedError(f"{name} is missing")
        return found

    def _anchor(self, name: str, cycle: Cycle | None) -> Moment | None:
        """The anchor given, else one cycle after the initial exchange; None without both."""
        given = self.terms.moment(name)
        if given is not None or cycle is None:
            return given
        return Moment(int(period_date(self.exchange.on, 1, int(cycle.unit), cycle.every, self.month_end)))

    def _maturity(self) -> Moment:
        found = self.terms.moment("maturityDate")
        if found is None and self.terms.kind == "ANN":
            found = self.terms.moment("amortizationDate")
        return found if found is not None else self._implied_maturity()

    def _implied_maturity(self) -> Moment:
        """As many cycles as the first payment's principal goes into the loan, the first payment counted."""
        payment = self.terms.money("nextPrincipalRedemptionPayment")
        if self.terms.kind == "PAM" or payment is None or self.principal_anchor is None or self.principal_cycle is None:
            raise DeclinedError("maturityDate is missing and cannot be implied")
        anchor = self.principal_anchor
        notional = self.terms.money("notionalPrincipal") or 0
        last = 0
        while anchor < self.status and self._cycles_after(anchor, last + 1) < self.status.on:
            last += 1
        part = Fraction(payment)
        if self.terms.kind != "LAM":
            start, end = self._cycles_after(anchor, last), self._cycles_after(anchor, last + 1)
            fraction = int(year_fraction(start, end, int(self.terms.day_count)))
            part -= Fraction(notional * (self.terms.rate("nominalInterestRate") or 0) * fraction, RATE_SCALE * YEAR_SCALE)
        if part <= 0:
            raise DeclinedError("maturityDate is missing and the payment does not cover the interest: the loan never ends")
        count = ceil(notional / part)
        return Moment(self._cycles_after(anchor, last + count if anchor < self.status else count - 1))

    def _cycles_after(self, anchor: Moment, number: int) -> int:
        """The day `number` principal cycles after an anchor."""
        cycle = self.principal_cycle
        assert cycle is not None
        return int(period_date(anchor.on, number, int(cycle.unit), cycle.every, self.month_end))

    def principal_dates(self, end: Moment | None = None, *, with_end: bool = True) -> list[Moment]:
        """Due dates of principal, to maturity or the end given."""
        if self.principal_anchor is None:
            raise DeclinedError("cycleOfPrincipalRedemption is missing")
        return dates(self.principal_anchor, self.principal_cycle, end or self.maturity, self.month_end, with_end=with_end)

    def due_on(self) -> list[int]:
        """Due dates that a level payment is spread over: to the amortisation date even where the loan matures earlier."""
        end = self.terms.moment("amortizationDate") if self.terms.kind == "ANN" else None
        remaining = [at for at in self.principal_dates(end) if self._open(at)]
        return [self.terms.shifted(at)[1] for at in remaining]

    def _open(self, at: Moment) -> bool:
        return at >= self.exchange and at > self.status

    def _cyclic(self, name: str, *, with_end: bool = False) -> list[Moment]:
        """The schedule `name` (InterestPayment, RateReset, ...) to maturity; empty without anchor and cycle."""
        cycle = self.terms.cycle(f"cycleOf{name}")
        anchor = self._anchor(f"cycleAnchorDateOf{name}", cycle)
        return [] if anchor is None else dates(anchor, cycle, self.maturity, self.month_end, with_end=with_end)

    def interest_dates(self) -> list[Moment]:
        """Dates on which interest is paid or capitalised, maturity included."""
        if self.terms.text("nominalInterestRate") is None:
            return []
        if self.terms.kind in ("NAM", "ANN") and self.principal_anchor is not None and self.principal_cycle is not None:
            return self._interest_until_principal() + self.principal_dates()
        return self._cyclic("InterestPayment", with_end=True) or [self.maturity]

    def fee_dates(self) -> list[Moment]:
        """Dates on which a fee is due, maturity included; none without a fee."""
        return self._cyclic("Fee", with_end=True) if self.terms.rate("feeRate") else []

    def _interest_until_principal(self) -> list[Moment]:
        """Interest dates of an annuity before its payments of principal: by their own cycle to one principal cycle before these,
        that day included, a part period kept."""
        assert self.principal_anchor is not None
        assert self.principal_cycle is not None
        last = Moment(self._cycles_after(self.principal_anchor, -1))
        cycle = self.terms.cycle("cycleOfInterestPayment")
        anchor = self._anchor("cycleAnchorDateOfInterestPayment", cycle)
        if anchor is None:
            return [last] if last > self.exchange else []
        if last < anchor:
            return []
        return dates(anchor, None if cycle is None else replace(cycle, stub=Stub.SHORT), last, self.month_end)

    def _event(self, at: Moment, kind: str, step: Step, *, shifted: bool = True) -> Event:
        shown, counted = self.terms.shifted(at) if shifted else (at, at.counted)
        return Event(at=shown, counted=counted, kind=kind, step=step, scheduled=at)

    def _interest_events(self) -> list[Event]:
        capitalised = self.terms.moment("capitalizationEndDate")
        if capitalised is None:
            return [self._event(at, "IP", Step.PAY_INTEREST) for at in self.interest_dates()]
        at_dates = set(self.interest_dates())
        if at_dates and capitalised <= self.maturity:
            at_dates.add(capitalised)
        return [
            self._event(at, "IPCI", Step.CAPITALISE) if at <= capitalised else self._event(at, "IP", Step.PAY_INTEREST)
            for at in sorted(at_dates)
        ]

    def _reset_events(self) -> list[Event]:
        found = self._cyclic("RateReset")
        fixed = self.terms.text("nextResetRate") is not None
        first = next((at for at in found if at > self.status), None) if fixed else None
        return [self._event(at, "RRF" if at == first else "RR", Step.RESET) for at in found]

    def _refix_events(self, resets: list[Event]) -> list[Event]:
        found = [Event(at=e.at, counted=e.counted, kind="PRF", step=Step.REFIX, scheduled=e.scheduled) for e in resets]
        eve = self.eve_of_first_payment()
        if eve is not None and all(e.at != eve for e in found):
            found.append(self._event(eve, "PRF", Step.REFIX, shifted=False))
        return found

    def eve_of_first_payment(self) -> Moment | None:
        """The day before the first payment of principal, where an annuity names no payment and that day is still to come."""
        if self.terms.text("nextPrincipalRedemptionPayment") is not None or self.principal_anchor is None:
            return None
        eve = Moment(self.principal_anchor.on - 1)
        return eve if self._open(eve) else None

    def events(self) -> list[Event]:
        """Every event of the contract in its order, those before the status date included."""
        terms, kind = self.terms, self.terms.kind
        found = [self._event(self.exchange, "IED", Step.ACCRUE, shifted=False)]
        if kind != "PAM":
            step = Step.PAY_PRINCIPAL if kind == "LAM" else Step.PAY_LEVEL
            found += [self._event(at, "PR", step) for at in self.principal_dates(with_end=False)]
        found += self._interest_events()
        found += [self._event(at, "FP", Step.ACCRUE) for at in self.fee_dates()]
        resets = self._reset_events()
        found += resets
        if kind == "ANN":
            found += self._refix_events(resets)
        if kind != "PAM" and terms.text("interestCalculationBase") == "NTL":
            found += [self._event(at, "IPCB", Step.FIX_BASE) for at in self._cyclic("InterestCalculationBase")]
        if set((terms.text("scalingEffect") or "OOO").upper()) & {"I", "N"}:
            found += [self._event(at, "SC", Step.ACCRUE) for at in self._cyclic("ScalingIndex")]
        for name, traded in (("purchaseDate", "PRD"), ("terminationDate", "TD")):
            at = terms.moment(name)
            if at is not None:
                found.append(self._event(at, traded, Step.ACCRUE, shifted=False))
        found.append(self._event(self.maturity, "MD", Step.SETTLE))
        return sorted(found, key=lambda event: event.place)
