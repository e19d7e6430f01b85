"""Settlement with partners: one file a partner and day, by the day on which money was booked.

A loan's money of a day is the difference of two accounts, with what was booked by the end of the day and with what was booked
before it; so a payment that bounced, or came late, is in the file of the day that learned of it and in no other.
"""

import csv
import datetime as dt
import hashlib
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from loanbook import units
from loanbook.errors import StateError
from loanbook.funding.shares import PAID, divide, stage_shares
from loanbook.loans.positions import Position
from loanbook.services.day import ZONE, Day
from loanbook.services.day_pass import Money, Standing, stand
from loanbook.services.day_steps_loans import paid_columns
from loanbook.servicing.settlement import Line, SettledEvents, Settlement, settlement_of
from loanbook.stores.durable import write_in_place
from loanbook.stores.online.day_book import BookedMoney, booked_money, disbursements, taken_over_of, taken_over_on
from loanbook.stores.online.day_columns import LoanColumns, loans_of
from loanbook.stores.online.purchases import cancelled
from loanbook.terms.mandate import SHARES_WHOLE, Component, Mandate, Stage, mandates_in_force
from loanbook.terms.product import PPM
from loanbook.units import HALF_UP, NEVER, Ints, mul_div

_COMPONENT_LINES = ((Component.PRINCIPAL, Line.PRINCIPAL), (Component.INTEREST, Line.INTEREST), (Component.FEE, Line.FEE))


class _Rows:
    """Settled amounts as they are found, by place of their loan in `loan_ids`."""

    def __init__(self) -> None:
        self.loan_ids: dict[str, int] = {}
        self.partners: dict[str, int] = {}
        self._parts: list[tuple[Ints, Ints, int, int, Ints]] = []

    def partner(self, code: str) -> int:
        return self.partners.setdefault(code, len(self.partners))

    def add(self, loan_ids: list[str], event_no: Ints, partner: str, line: Line, amount_fen: Ints) -> None:
        """Amounts of one line and partner; those of 0 are no rows."""
        numbers = np.array([self.loan_ids.setdefault(loan_id, len(self.loan_ids)) for loan_id in loan_ids], np.int64)
        kept = np.flatnonzero(amount_fen)
        self._parts.append((numbers[kept], event_no[kept], self.partner(partner), int(line), amount_fen[kept]))

    def events(self, on: int) -> SettledEvents:
        """All of them as columns."""
        sizes = [part[0].size for part in self._parts]

        def all_of(place: int) -> Ints:
            return np.concatenate([part[place] for part in self._parts]) if self._parts else np.zeros(0, np.int64)

        return SettledEvents(
            event_no=all_of(1),
            loan_no=all_of(0),
            partner_no=np.repeat([part[2] for part in self._parts], sizes).astype(np.int32),
            booked_on=np.full(sum(sizes), on, np.int32),
            line=np.repeat([part[3] for part in self._parts], sizes).astype(np.int8),
            amount_fen=all_of(4),
        )


def settle(day: Day) -> dict[str, object]:
    """Write the day's files and an event for each; a partner with a mandate in force gets a file also when nothing happened."""
    on = units.day(day.day)
    rows = _Rows()
    for mandate in mandates_in_force(day.terms.platform.mandates, on):
        rows.partner(mandate.partner)
    _paid_out(day, rows)
    _returned(day, rows)
    money = _collected(day, rows)
    for row in taken_over_on(day.connection, day.day):
        mandate = day.terms.platform.mandate_by_hash(row["mandate_hash"])
        line = Line.COMPENSATION if row["kind"] == "compensation" else Line.BUY_BACK
        rows.add([row["loan_id"]], np.array([row["number"]]), mandate.partner, line, np.array([row["paid_fen"]]))
    events = rows.events(on)
    ids = np.array(list(rows.loan_ids), object)
    folder = day.folder / day.day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    unit = day.unit()
    nets = {}
    for partner, number in sorted(rows.partners.items()):
        settlement = settlement_of(events, partner_no=number, on=on)
        content = _file(settlement, ids)
        write_in_place(folder / f"{partner}.csv", content)
        totals = {line.name.lower(): int(settlement.totals_fen[line]) for line in Line if settlement.totals_fen[line]}
        nets[partner] = settlement.net_fen
        unit.event(
            "partner_settled",
            partner,
            rows=int(settlement.loan_no.size),
            totals_fen=totals,
            net_fen=settlement.net_fen,
            file_hash=hashlib.sha256(content).hexdigest(),
        )
    unit.flush()
    return {"files": len(nets), "net_fen": nets} | money


def _file(settlement: Settlement, ids: Ints) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("loan_id", "line", "events", "amount_fen"))
    names = [line.name.lower() for line in Line]
    columns = (settlement.loan_no.tolist(), settlement.line.tolist(), settlement.events.tolist(), settlement.amount_fen.tolist())
    writer.writerows(
        sorted((ids[loan], names[line], events, amount) for loan, line, events, amount in zip(*columns, strict=True))
    )
    return text.getvalue().encode()


def _paid_out(day: Day, rows: _Rows) -> None:
    """What of loans paid out was the partner's money, and the fees that it owes for them."""
    grouped = defaultdict(list)
    for row in disbursements(day.connection, *day.moments()):
        grouped[row["mandate_hash"]].append(row)
    for key, found in sorted(grouped.items()):
        mandate = day.terms.platform.mandate_by_hash(key)
        ids = [row["loan_id"] for row in found]
        numbers = np.array([row["number"] for row in found], np.int64)
        share = mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL][mandate.vehicles.index(mandate.partner)]
        principal = [row["principal_fen"] for row in found]
        lent = np.array([int(mul_div(each, share, SHARES_WHOLE, HALF_UP)) for each in principal], np.int64)
        rows.add(ids, numbers, mandate.partner, Line.DISBURSED, lent)
        owed = np.zeros(len(ids), np.int64)
        for fee in mandate.transfers:
            if fee.payer == mandate.partner:
                owed += [fee.amount_fen + int(mul_div(each, fee.share_ppm, PPM, HALF_UP)) for each in principal]
        rows.add(ids, numbers, mandate.partner, Line.PLATFORM_FEE, owed)


def _returned(day: Day, rows: _Rows) -> None:
    """What partners lent for purchases that were returned: the merchant gave it back, on top of payments taken back."""
    for row in cancelled(day.connection, *day.moments()):
        mandate = day.terms.platform.mandate_by_hash(row["mandate_hash"])
        share = mandate.funding[Stage.ORIGINATION][Component.PRINCIPAL][mandate.vehicles.index(mandate.partner)]
        lent = np.array([int(mul_div(row["principal_fen"], share, SHARES_WHOLE, HALF_UP))], np.int64)
        rows.add([row["loan_id"]], np.array([row["number"]], np.int64), mandate.partner, Line.PRINCIPAL, lent)


def _collected(day: Day, rows: _Rows) -> dict[str, object]:
    """What borrowers paid and took back, the partners' parts of it; and what came back on claims that guarantors took over."""
    booked = booked_money(day.connection, *day.moments(), ZONE.key)
    recovered: dict[str, int] = defaultdict(int)
    if not booked.loan_ids:
        return {"cash_fen": 0, "recovered_fen": {}}
    on = units.day(day.day)
    loans = loans_of(day.connection, booked.loan_ids)
    before = _stood(day, loans, booked, np.full(len(booked.loan_ids), on - 1))
    after = _stood(day, loans, booked, np.full(len(booked.loan_ids), on))
    places, at_before, at_after = _common(booked.loan_ids, before, after)
    amounts = paid_columns(after)[at_after] - paid_columns(before)[at_before]
    held = after.column(Position.UNAPPLIED)[at_after] - before.column(Position.UNAPPLIED)[at_before]
    cash = after.paid_in_fen[at_after] - before.paid_in_fen[at_before]
    ties = amounts.sum(axis=1) + held == cash
    for place in places[~ties].tolist():
        day.findings.add(f"loan {booked.loan_ids[place]}", "its money of the day is not what its account allocates; not settled")
    compensated = taken_over_of(day.connection, booked.loan_ids, "compensation")
    bought = taken_over_of(day.connection, booked.loan_ids, "buy_back")
    since = _days(booked.loan_ids, compensated, on)
    gone = _days(booked.loan_ids, bought, on)
    base = np.zeros((len(booked.loan_ids), PAID), np.int64)
    if (since != NEVER).any():
        taken = _stood(day, loans, booked, np.where(since == NEVER, on, since))
        base_places, at, _ = _common(booked.loan_ids, taken, taken)
        base[base_places] = np.where((since[base_places] != NEVER)[:, None], paid_columns(taken)[at], 0)
    hashes = np.array(after.mandate_hash, object)[at_after]
    for key in sorted(set(hashes.tolist())):
        mandate = day.terms.platform.mandate_by_hash(key)
        for stage in Stage:
            chosen = np.flatnonzero((hashes == key) & ties & ((since[places] != NEVER) == (stage is Stage.COMPENSATION)))
            if not chosen.size:
                continue
            parts = divide(
                stage_shares(mandate, stage),
                mandate.coupon_annual,
                after.rate_annual[at_after[chosen]],
                paid_columns(before)[at_before[chosen]] - base[places[chosen]],
                amounts[chosen],
            )
            if (parts.sum(axis=(1, 2)) != amounts[chosen].sum(axis=1)).any():
                raise StateError(f"the holders' parts under {mandate.code} do not add up to what was paid.")
            _add_parts(rows, booked, places[chosen], mandate, parts, gone[places[chosen]] == NEVER)
            if stage is Stage.COMPENSATION:
                claims = parts[:, (Component.PRINCIPAL, Component.INTEREST)].sum(axis=(1, 2))
                recovered[mandate.code] += int(claims.sum())
    return {"cash_fen": int(cash.sum()), "recovered_fen": dict(recovered)}


def _add_parts(rows: _Rows, booked: BookedMoney, places: Ints, mandate: Mandate, parts: Ints, keeps: Ints) -> None:
    """The partner's part of each component, of loans that it has not sold back."""
    vehicle = mandate.vehicles.index(mandate.partner)
    ids = [booked.loan_ids[place] for place in places.tolist()]
    for component, line in _COMPONENT_LINES:
        rows.add(ids, booked.event_no[places], mandate.partner, line, np.where(keeps, parts[:, component, vehicle], 0))


def _stood(day: Day, loans: LoanColumns, booked: BookedMoney, known_on: Ints) -> Standing:
    """Where the loans stand with the money that each knew by a day, (loans,)."""
    known = known_on[booked.loan]
    chosen = np.flatnonzero((booked.booked_on <= known) & (booked.reversed_on > known))
    money = Money(
        loan=booked.loan[chosen], on=booked.on[chosen], amount_fen=booked.amount_fen[chosen], payoff=booked.payoff[chosen]
    )
    return stand(day.book, loans, money, day.day, day.findings)


def _common(loan_ids: object, one: Standing, other: Standing) -> tuple[Ints, Ints, Ints]:
    """Places of the loans that both have: among all, in the one, in the other."""
    order = {loan_id: place for place, loan_id in enumerate(loan_ids)}  # type: ignore[var-annotated, arg-type]
    first = {loan_id: place for place, loan_id in enumerate(one.loan_id)}
    found = [(order[each], first[each], place) for place, each in enumerate(other.loan_id) if each in first]
    columns = np.array(found, np.int64).reshape(len(found), 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def _days(loan_ids: Sequence[str], known: Mapping[str, dt.date], before: int) -> Ints:
    """The day of each loan's taking over, where it lies before a day; else NEVER."""
    found = [units.day(known[each]) if each in known else NEVER for each in loan_ids]
    days = np.array(found, np.int64)
    return np.where(days < before, days, NEVER)
