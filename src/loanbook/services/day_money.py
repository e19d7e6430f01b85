"""The money of a day by who holds it: what borrowers paid and took back, split once for settlement files and for vehicles.

A loan's money of a day is the difference of two accounts, with what was booked by the end of the day and with what was booked
before it; so a payment that bounced, or came late, belongs to the day that learned of it and to no other. What was paid after a
charge-off is in no account: it is a recovery, whole, of who bore the loss. A payment that came before a claim was taken over and
bounces after it goes back from those who had it. A holder that handed its part on (a sale, a buy-back) is replaced by whom it
went to, from the next day on. What cannot be parted is set apart and taken on a later day (`day_taking`): it is then the
difference from before the first day whose money waits.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loanbook import units
from loanbook.funding.claims import claim_parts, on_claims
from loanbook.funding.shares import PAID, Paid, split, stage_shares
from loanbook.loans.positions import Position
from loanbook.services.day import ZONE, Day
from loanbook.services.day_pass import Money, Standing, stand
from loanbook.services.day_steps_loans import paid_columns
from loanbook.stores.online.day_book import BookedMoney, booked_money, claims_taken_over, disbursements
from loanbook.stores.online.day_columns import LoanColumns, loans_of
from loanbook.stores.online.purchases import cancelled
from loanbook.stores.online.unit import Row
from loanbook.stores.online.unsettled import booked_of
from loanbook.stores.online.vehicle_book import charged_off_on, handed_on
from loanbook.terms.mandate import Component, Mandate, Stage, Transfer
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, NEVER, Ints, mul_div

_OF_CLAIMS = (Component.PRINCIPAL, Component.INTEREST, Component.LOSS)
"""Components of what a guarantor paid for, and of what comes back of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMoney:
    """What each holder got, a row for each loan, component and holder; amounts of 0 are no rows.

    loan_ids, event_no   the loans that money was booked for, and the last event of each on the day
    mandates, holders    what the numbers in the rows stand for;  amount_fen  negative: taken back
    cash_fen             money that was parted, and `recovered_fen` by mandate what came on claims that guarantors took over
    late_fen             what of it had waited for the day;  apart_fen  money of the day that waits for a later one
    apart                loans whose money waits, by the first day of it
    """

    loan_ids: Sequence[str]
    event_no: Ints
    mandates: tuple[Mandate, ...]
    holders: tuple[str, ...]
    loan: Ints
    mandate: Ints
    component: Ints
    holder: Ints
    amount_fen: Ints
    cash_fen: int
    late_fen: int
    apart_fen: int
    recovered_fen: Mapping[str, int]
    apart: Mapping[str, dt.date]

    def rows_of(self, holder: str) -> Ints:
        """The rows of one holder."""
        if holder not in self.holders:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.holder == self.holders.index(holder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """Loans under one mandate that were paid out or given back: principal_fen (loans,), by vehicle lent_fen (loans, vehicles)."""

    mandate: Mandate
    loan_ids: Sequence[str]
    event_no: Ints
    principal_fen: Ints
    lent_fen: Ints

    def fees(self) -> list[tuple[Transfer, Ints]]:
        """Fees between holders that are owed once a loan is paid out, (loans,) each; rounded half up."""
        return [
            (fee, np.array([fee.amount_fen + int(mul_div(each, fee.share_ppm, PPM, HALF_UP)) for each in self.principal_fen]))
            for fee in self.mandate.transfers
        ]


def lent_on(day: Day, waited: Mapping[str, dt.date]) -> tuple[list[Lent], dict[str, dt.date]]:
    """The loans whose payment was booked on the day, or waited, by mandate, and who lent which part; and those that wait."""
    return _lent(day, "loan_disbursed", disbursements(day.connection, *day.moments()), waited)


def returned_on(day: Day, waited: Mapping[str, dt.date]) -> tuple[list[Lent], dict[str, dt.date]]:
    """The loans that were cancelled because a purchase was returned, and who had lent which part; like `lent_on`."""
    return _lent(day, "loan_cancelled", cancelled(day.connection, *day.moments()), waited)


def _lent(day: Day, kind: str, booked: Sequence[Row], waited: Mapping[str, dt.date]) -> tuple[list[Lent], dict[str, dt.date]]:
    grouped = defaultdict(list)
    if waited:
        booked = [*booked, *booked_of(day.connection, kind, waited, day.moments()[0])]
    for row in booked:
        grouped[row["mandate_hash"]].append(row)
    found = []
    apart: dict[str, dt.date] = {}
    for key, rows in sorted(grouped.items()):
        mandate = day.known_mandate(key, [row["loan_id"] for row in rows])
        if mandate is None:
            apart |= {row["loan_id"]: waited.get(row["loan_id"], day.day) for row in rows}
            continue
        principal = np.array([row["principal_fen"] for row in rows], np.int64)
        shares = stage_shares(mandate, Stage.ORIGINATION)[Component.PRINCIPAL]
        found.append(
            Lent(
                mandate=mandate,
                loan_ids=[row["loan_id"] for row in rows],
                event_no=np.array([row["number"] for row in rows], np.int64),
                principal_fen=principal,
                lent_fen=split(np.zeros_like(principal), principal, shares),
            )
        )
    return found, apart


def held_money(day: Day, waited: Mapping[str, dt.date]) -> HeldMoney:
    """The money of the day, and what waited since a day and can be parted; found once and kept for the steps that follow.

    Loans that cannot be parted are findings and `apart`.
    """
    key = tuple(sorted(waited.items()))
    if key not in day.shared.money:
        day.shared.money[key] = _held(day, waited)
    return day.shared.money[key]


def booked_on(day: Day) -> tuple[BookedMoney, LoanColumns]:
    """All money of the loans that money was booked for on the day, and these loans; read once."""
    if day.shared.booked is None:
        day.shared.booked = _booked(day)
    return day.shared.booked


def _booked(day: Day, also: Iterable[str] = ()) -> tuple[BookedMoney, LoanColumns]:
    booked = booked_money(day.connection, *day.moments(), ZONE.key, also=also)
    return booked, loans_of(day.connection, booked.loan_ids)


def _held(day: Day, waited: Mapping[str, dt.date]) -> HeldMoney:
    booked, loans = _booked(day, waited) if waited else booked_on(day)
    rows = _Rows(booked)
    on = units.day(day.day)
    today = np.full(len(booked.loan_ids), on, np.int64)
    since = np.array([units.day(waited.get(each, day.day)) for each in booked.loan_ids], np.int64)
    settled = np.zeros(len(booked.loan_ids), bool)
    if not booked.loan_ids:
        return rows.money(day, since, settled, {})
    off = _charged_off(day, booked)
    before = _stood(day, loans, booked, off, since - 1)
    after = _stood(day, loans, booked, off, today)
    places, at_before, at_after = _common(booked.loan_ids, before.standing, after.standing)
    paid_before, paid_after = before.paid[at_before], after.paid[at_after]
    cash = after.cash_fen[at_after] - before.cash_fen[at_before]
    amounts = paid_after - paid_before
    ties = amounts.sum(axis=1) + after.held_fen[at_after] - before.held_fen[at_before] == cash
    for place in places[~ties].tolist():
        day.findings.add(f"loan {booked.loan_ids[place]}", "its money of the day is not what its account allocates; not settled")
    claims = Claims.of(day, loans, booked, off, since - 1)
    hashes = np.array(after.standing.mandate_hash, object)[at_after]
    recovered: dict[str, int] = defaultdict(int)
    rows.hand_on(day)
    for key in sorted(set(hashes.tolist())):
        chosen = np.flatnonzero((hashes == key) & ties)
        mandate = day.known_mandate(key, [booked.loan_ids[place] for place in places[chosen].tolist()])
        if mandate is None or not chosen.size:
            continue
        of = places[chosen]
        rates = after.standing.rate_annual[at_after[chosen]]
        stayed, gone = claim_parts(mandate, rates, paid_before[chosen], claims.gone(claims.before, paid_before[chosen], of))
        stays, goes = claim_parts(mandate, rates, paid_after[chosen], claims.gone(claims.after, paid_after[chosen], of))
        parts = stays + goes - stayed - gone
        even = parts.sum(axis=(1, 2)) == amounts[chosen].sum(axis=1)
        for place in of[~even].tolist():
            message = f"its holders' parts under {mandate.code} do not add up to what was paid; not settled"
            day.findings.add(f"loan {booked.loan_ids[place]}", message)
        rows.add(mandate, of[even], parts[even])
        settled[of[even]] = True
        if claims.passed_fen[:, of].any():
            recovered[mandate.code] += int((goes - gone)[even][:, _OF_CLAIMS].sum())
    return rows.money(day, since, settled, dict(recovered))


class _Rows:
    """Parts of money as they are found."""

    def __init__(self, booked: BookedMoney) -> None:
        self._booked = booked
        self._mandates: list[Mandate] = []
        self._holders: dict[str, int] = {}
        self._handed: list[tuple[Ints, Ints]] = []
        self._parts: list[tuple[Ints, ...]] = []

    def _number(self, holder: str) -> int:
        return self._holders.setdefault(holder, len(self._holders))

    def hand_on(self, day: Day) -> None:
        """Note who handed which loan on to whom before the day, first sales, then buy-backs."""
        order = {loan_id: place for place, loan_id in enumerate(self._booked.loan_ids)}
        for found in handed_on(day.connection, self._booked.loan_ids, day.day):
            sellers, payers = np.full((2, len(order)), -1, np.int64)
            for row in found:
                sellers[order[row["loan_id"]]] = self._number(row["seller"])
                payers[order[row["loan_id"]]] = self._number(row["payer"])
            self._handed.append((sellers, payers))

    def add(self, mandate: Mandate, places: Ints, parts: Ints) -> None:
        """Parts of loans under one mandate, (loans, components, vehicles)."""
        row, component, vehicle = np.nonzero(parts)
        loan = places[row]
        holder = np.array([self._number(code) for code in mandate.vehicles], np.int64)[vehicle]
        for sellers, payers in self._handed:
            holder = np.where(holder == sellers[loan], payers[loan], holder)
        number = np.full(loan.size, len(self._mandates), np.int64)
        self._mandates.append(mandate)
        self._parts.append((loan, number, component, holder, parts[row, component, vehicle]))

    def money(self, day: Day, since: Ints, settled: Ints, recovered_fen: Mapping[str, int]) -> HeldMoney:
        """All of it; since the day of each loan, (loans,), where it is settled."""
        on = np.full(since.size, units.day(day.day), np.int64)
        now, before, first = (_cash(self._booked, known_on) for known_on in (on, on - 1, since - 1))
        nothing = np.zeros(0, np.int64)
        loan, mandate, component, holder, amount = (
            np.concatenate([nothing, *(part[place] for part in self._parts)]) for place in range(5)
        )
        return HeldMoney(
            loan_ids=self._booked.loan_ids,
            event_no=self._booked.event_no,
            mandates=tuple(self._mandates),
            holders=tuple(self._holders),
            loan=loan,
            mandate=mandate,
            component=component,
            holder=holder,
            amount_fen=amount,
            cash_fen=int((now - first)[settled].sum()),
            late_fen=int((before - first)[settled].sum()),
            apart_fen=int((now - before)[~settled].sum()),
            recovered_fen=recovered_fen,
            apart={self._booked.loan_ids[place]: units.date(int(since[place])) for place in np.flatnonzero(~settled).tolist()},
        )


def _cash(booked: BookedMoney, known_on: Ints) -> Ints:
    """The cash of each loan that was known on a day of its own and still there, (loans,)."""
    known = known_on[booked.loan]
    stands = (booked.booked_on <= known) & (booked.reversed_on > known)
    found = np.zeros(len(booked.loan_ids), np.int64)
    np.add.at(found, booked.loan[stands], booked.amount_fen[stands])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stood:
    """Where loans stand with some of their money, aligned: paid (loans, PAID) with what was recovered, held and cash (loans,)."""

    standing: Standing
    paid: Ints
    held_fen: Ints
    cash_fen: Ints


def _stood(day: Day, loans: LoanColumns, booked: BookedMoney, off: Ints, known_on: Ints, booked_by: Ints | None = None) -> _Stood:
    """Where the loans stand with the money that is known on a day of each and still there, and booked by a day; (loans,)."""
    known = known_on[booked.loan]
    stands = (booked.booked_on <= known) & (booked.reversed_on > known)
    if booked_by is not None:
        stands &= booked.booked_on <= booked_by[booked.loan]
    late = booked.recovery | (booked.on > off[booked.loan])
    chosen = np.flatnonzero(stands & ~late)
    money = Money(
        loan=booked.loan[chosen], on=booked.on[chosen], amount_fen=booked.amount_fen[chosen], payoff=booked.payoff[chosen]
    )
    standing = stand(day.book, loans, money, day.day, day.findings)
    came = np.zeros(len(booked.loan_ids), np.int64)
    np.add.at(came, booked.loan[stands & late], booked.amount_fen[stands & late])
    order = {loan_id: place for place, loan_id in enumerate(booked.loan_ids)}
    came = came[np.array([order[loan_id] for loan_id in standing.loan_id], np.int64)]
    paid = paid_columns(standing)
    # Below 0 it is a refund of money that was held at the charge-off.
    paid[:, Paid.LOSS] = np.maximum(came, 0)
    held = standing.column(Position.UNAPPLIED) + np.minimum(came, 0)
    return _Stood(standing=standing, paid=paid, held_fen=held, cash_fen=standing.paid_in_fen + came)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What guarantors paid for the claims of the loans, step by step (`claims.on_claims`), and what they had brought by each.

    passed_fen, claim_fen   (steps, loans): by then, 0 where nothing was paid
    before, after           (steps, loans, PAID) what was booked by each step, without what bounced before the money, and
                            without what bounced by its end
    """

    passed_fen: Ints
    claim_fen: Ints
    before: Ints
    after: Ints

    @classmethod
    def of(cls, day: Day, loans: LoanColumns, booked: BookedMoney, off: Ints, known_on: Ints) -> "Claims":
        """Of the claims that were taken over before a day; the money is what was told after a day of each loan, (loans,)."""
        order = {loan_id: place for place, loan_id in enumerate(booked.loan_ids)}
        steps: dict[str, list[Row]] = defaultdict(list)
        for row in claims_taken_over(day.connection, booked.loan_ids, day.day):
            steps[row["loan_id"]].append(row)
        shape = max((len(rows) for rows in steps.values()), default=0), len(order)
        until = np.full(shape, NEVER, np.int64)
        passed, claim = np.zeros((2, *shape), np.int64)
        for loan_id, rows in steps.items():
            for step, row in enumerate(rows):
                place = step, order[loan_id]
                until[place], passed[place], claim[place] = units.day(row["on_day"]), row["paid_fen"], row["claim_fen"]
        found = np.zeros((2, *shape, PAID), np.int64)
        today = np.full(len(order), units.day(day.day), np.int64)
        for each, known in zip(found, (known_on, today), strict=True):
            for step, booked_by in enumerate(until):
                stood = _stood(day, loans, booked, off, known, booked_by)
                each[step, [order[loan_id] for loan_id in stood.standing.loan_id]] = stood.paid
        return cls(passed_fen=passed, claim_fen=claim, before=found[0], after=found[1])

    def gone(self, marks: Ints, paid: Ints, places: Ints) -> Ints:
        """What of the money of some loans came on the claims that passed, (places, PAID)."""
        return on_claims(paid, marks[:, places], self.passed_fen[:, places], self.claim_fen[:, places])


def bounced_of_claims(day: Day, since: Mapping[str, dt.date]) -> tuple[Sequence[str], Ints, Ints]:
    """What had been paid of loans before their claims were taken over: until a day of each, and by this day's end.

    since     loans whose claims passed before, and the first day of which bounces count
    returns   the loans, and two (loans, PAID)
    """
    booked = booked_money(day.connection, *day.moments(), ZONE.key, since, also=since)
    known_on = np.array([units.day(since[each]) - 1 for each in booked.loan_ids], np.int64)
    claims = Claims.of(day, loans_of(day.connection, booked.loan_ids), booked, _charged_off(day, booked), known_on)
    return booked.loan_ids, claims.before[0], claims.after[0]


def _charged_off(day: Day, booked: BookedMoney) -> Ints:
    """The day on which each loan was charged off, (loans,), as far as it had come; NEVER."""
    known = charged_off_on(day.connection, booked.loan_ids, day.day)
    return np.array([units.day(known[each]) if each in known else NEVER for each in booked.loan_ids], np.int64)


def _common(loan_ids: Sequence[str], one: Standing, other: Standing) -> tuple[Ints, Ints, Ints]:
    """Places of the loans that both have: among all, in the one, in the other."""
    order = {loan_id: place for place, loan_id in enumerate(loan_ids)}
    first = {loan_id: place for place, loan_id in enumerate(one.loan_id)}
    found = [(order[each], first[each], place) for place, each in enumerate(other.loan_id) if each in first]
    columns = np.array(found, np.int64).reshape(len(found), 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]
