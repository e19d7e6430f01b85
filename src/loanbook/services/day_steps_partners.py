"""Settlement with partners: one file a partner and settlement day, of what was booked since the last one.

A mandate says how long its periods are; until one ends, the partner's part of each day's money waits in a table.
"""

import csv
import datetime as dt
import hashlib
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from loanbook import units
from loanbook.services.day import Day
from loanbook.services.day_taking import Taken, Taker, take
from loanbook.servicing.settlement import SIGN, Line, SettledEvents, Settlement, settlement_of
from loanbook.servicing.settlement_calendar import ends_on, payable_on
from loanbook.stores.durable import write_in_place
from loanbook.stores.online.day_book import step_done, taken_over_on
from loanbook.stores.online.vehicle_book import cash_told, files_told, keep_due, take_due, waiting_mandates, waiting_sums
from loanbook.terms.mandate import Component, Mandate, mandates_in_force
from loanbook.units import Ints

_LINES = {
    Component.PRINCIPAL: Line.PRINCIPAL,
    Component.INTEREST: Line.INTEREST,
    Component.FEE: Line.FEE,
    Component.LOSS: Line.RECOVERY,
}

STEP = "settlement_files"
"""The step's name, under which its result is kept."""
_Line: TypeAlias = tuple[str, str, int, int, str, str, str]
"""A row of a file: loan, line, events, amount, mandate, day on which it is payable, first day whose late money it is."""
_Part: TypeAlias = tuple[str, str, str, int, int, dt.date | None]
"""A partner's part: mandate_hash, loan, line, event, amount, and since when it waited where it came late."""


class _Due:
    """Partners' parts as they are found, by mandate."""

    def __init__(self) -> None:
        self.rows: dict[str, list[_Part]] = defaultdict(list)

    def add(
        self,
        mandate: Mandate,
        loan_ids: Sequence[str],
        event_no: Ints,
        line: Line,
        amount_fen: Ints,
        late: Mapping[str, dt.date] = MappingProxyType({}),
    ) -> None:
        """Amounts of one line; those of 0 are no rows. `late` says of loans since when it waited."""
        name = line.name.lower()
        columns = zip(loan_ids, event_no.tolist(), amount_fen.tolist(), strict=True)
        self.rows[mandate.hash] += [
            (mandate.hash, loan_id, name, number, amount, late.get(loan_id)) for loan_id, number, amount in columns if amount
        ]


def settle(day: Day) -> dict[str, object]:
    """Write the files of the periods that end with the day, also where nothing happened; keep the rest until theirs ends."""
    taken = take(day, Taker.PARTNERS)
    due = _due(day, taken)
    by_hash = {mandate.hash: mandate for mandate in day.terms.platform.mandates}
    today = {key: sum(row[4] for row in rows) for key, rows in due.rows.items()}
    open_ = {mandate.hash for mandate in mandates_in_force(day.terms.platform.mandates, units.day(day.day))}
    waiting = set(waiting_mandates(day.connection))
    for key in sorted(waiting - set(by_hash)):
        message = "is not among this platform's terms; what waits under it is not settled. Restore its file"
        day.findings.add(f"mandate terms {key[:16]}", message)
    known = sorted((open_ | set(due.rows) | waiting) & set(by_hash))
    ending = [key for key in known if _ends(day, by_hash[key])]
    for row in take_due(day.connection, ending):
        due.rows[row["mandate_hash"]].append(tuple(row.values()))
    keep_due(day.connection, day.day, (row for key, rows in sorted(due.rows.items()) if key not in ending for row in rows))
    partners: dict[str, list[Mandate]] = defaultdict(list)
    for key in ending:
        partners[by_hash[key].partner].append(by_hash[key])
    nets = {partner: _write(day, partner, mandates, due) for partner, mandates in sorted(partners.items())}
    settled = {key: sum(row[4] for row in due.rows[key]) for key in ending}
    money = taken.money
    return {
        "files": len(nets),
        "net_fen": nets,
        "cash_fen": money.cash_fen,
        "late_fen": money.late_fen,
        "apart_fen": money.apart_fen,
        "recovered_fen": money.recovered_fen,
        "due_fen": {key: amount for key, amount in sorted(today.items()) if amount},
        "settled_fen": {key: amount for key, amount in sorted(settled.items()) if amount},
        "waiting_fen": {key: amount for key, amount in waiting_sums(day.connection).items() if amount},
    }


def _ends(day: Day, mandate: Mandate) -> bool:
    on = units.day(day.day)
    calendar, known_to = day.terms.calendar(mandate.settlement.calendar, on)
    if on > known_to:
        _beyond(day, mandate, known_to)
    return ends_on(mandate.settlement, calendar, on)


def _payable_on(day: Day, mandate: Mandate) -> dt.date:
    on = units.day(day.day)
    calendar, known_to = day.terms.calendar(mandate.settlement.calendar, on)
    found = payable_on(mandate.settlement, calendar, on)
    if found > known_to:
        _beyond(day, mandate, known_to)
    return units.date(found)


def _beyond(day: Day, mandate: Mandate, known_to: int) -> None:
    message = "ends before what is settled now is payable; Monday to Friday stand in. Add the next years"
    day.findings.add(f"calendar {mandate.settlement.calendar}", message, units.date(known_to))


def _due(day: Day, taken: Taken) -> _Due:
    """The partners' parts of what was booked on the day, and of what waited for it."""
    due = _Due()
    for lent in taken.lent:
        mandate = lent.mandate
        place = mandate.vehicles.index(mandate.partner)
        due.add(mandate, lent.loan_ids, lent.event_no, Line.DISBURSED, lent.lent_fen[:, place], taken.late["lent"])
        owed = sum((amount for fee, amount in lent.fees() if fee.payer == mandate.partner), np.zeros_like(lent.principal_fen))
        due.add(mandate, lent.loan_ids, lent.event_no, Line.PLATFORM_FEE, owed, taken.late["lent"])
    for lent in taken.returned:
        # The merchant gave it back, on top of payments taken back.
        place = lent.mandate.vehicles.index(lent.mandate.partner)
        due.add(lent.mandate, lent.loan_ids, lent.event_no, Line.PRINCIPAL, lent.lent_fen[:, place], taken.late["returned"])
    money = taken.money
    for number, mandate in enumerate(money.mandates):
        ours = money.rows_of(mandate.partner)
        ours = ours[money.mandate[ours] == number]
        for component, line in _LINES.items():
            rows = ours[money.component[ours] == component]
            ids = [money.loan_ids[place] for place in money.loan[rows].tolist()]
            due.add(mandate, ids, money.event_no[money.loan[rows]], line, money.amount_fen[rows], taken.late["money"])
    for row in taken_over_on(day.connection, day.day):
        mandate = day.terms.platform.mandate_by_hash(row["mandate_hash"])
        line = Line.COMPENSATION if row["kind"] == "compensation" else Line.BUY_BACK
        if row["kind"] == "compensation" or row["seller"] == mandate.partner:
            due.add(mandate, [row["loan_id"]], np.array([row["number"]]), line, np.array([row["paid_fen"]]))
    return due


def _write(day: Day, partner: str, mandates: Sequence[Mandate], due: _Due) -> int:
    """One partner's file and its event; returns the net amount."""
    on = units.day(day.day)
    contents: list[_Line] = []
    told: dict[str, dict[str, Any]] = {}
    for mandate in mandates:
        paid_on = _payable_on(day, mandate)
        before = told.get(mandate.code)
        net, of_lines = (before["net_fen"], before["totals_fen"]) if before else (0, {})
        for since in sorted({row[5] for row in due.rows[mandate.hash]}, key=str) or [None]:
            ids, settlement = _settlement([row for row in due.rows[mandate.hash] if row[5] == since], on)
            contents += _rows(settlement, ids, mandate, paid_on, since)
            net += settlement.net_fen
            sums = {line.name.lower(): int(settlement.totals_fen[line]) for line in Line if settlement.totals_fen[line]}
            of_lines = _added(of_lines, sums)
        told[mandate.code] = {"payable_on": paid_on, "net_fen": net, "totals_fen": of_lines}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("loan_id", "line", "events", "amount_fen", "mandate", "payable_on", "late_since"))
    writer.writerows(sorted(contents))
    content = text.getvalue().encode()
    folder = day.folder / day.day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    write_in_place(folder / f"{partner}.csv", content)
    totals: dict[str, int] = {}
    for each in told.values():
        totals = _added(totals, each["totals_fen"])
    net = sum(int(each["net_fen"]) for each in told.values())
    unit = day.unit()
    unit.event(
        "partner_settled",
        partner,
        rows=len(contents),
        totals_fen=totals,
        net_fen=net,
        mandates=told,
        file_hash=hashlib.sha256(content).hexdigest(),
    )
    unit.flush()
    return net


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _settlement(rows: Sequence[_Part], on: int) -> tuple[list[str], Settlement]:
    """Parts of one mandate's period: the loans by number, and what is settled."""
    ids = sorted({row[1] for row in rows})
    number = {loan_id: place for place, loan_id in enumerate(ids)}
    events = SettledEvents(
        event_no=np.array([row[3] for row in rows], np.int64),
        loan_no=np.array([number[row[1]] for row in rows], np.int64),
        partner_no=np.zeros(len(rows), np.int32),
        booked_on=np.full(len(rows), on, np.int32),
        line=np.array([Line[row[2].upper()] for row in rows], np.int8),
        amount_fen=np.array([row[4] for row in rows], np.int64),
    )
    return ids, settlement_of(events, partner_no=0, on=on)


def _rows(settlement: Settlement, ids: Sequence[str], mandate: Mandate, paid_on: dt.date, since: dt.date | None) -> list[_Line]:
    names = [line.name.lower() for line in Line]
    columns = (settlement.loan_no.tolist(), settlement.line.tolist(), settlement.events.tolist(), settlement.amount_fen.tolist())
    return [
        (ids[loan], names[line], events, amount, mandate.code, paid_on.isoformat(), since.isoformat() if since else "")
        for loan, line, events, amount in zip(*columns, strict=True)
    ]


def audit_settlement(day: Day) -> int:
    """What partners were told against what happened: returns how many figures differ, each a finding.

    * cash that was split, without what came late and with what waits, is the cash of the day's payment events;
    * what waited before, and what the day brought, is what files took and what waits now, by mandate;
    * a file on disk is the one that its event tells: hash, and lines read back and added up anew.
    """
    known = step_done(day.connection, day.day, STEP)
    if known is None:
        return 0
    before = day.findings.count
    result = known["result"]
    begins, ends = day.moments()
    told = cash_told(day.connection, begins, ends)
    parted = result["cash_fen"] - result.get("late_fen", 0) + result.get("apart_fen", 0)
    if told != parted:
        day.findings.add(f"settlement of {day.day}", "the cash it parted is not that of the day's events", parted, told)
    yesterday = step_done(day.connection, day.day - dt.timedelta(days=1), STEP)
    waited = yesterday["result"].get("waiting_fen", {}) if yesterday else {}
    waiting = waiting_sums(day.connection)
    came, went = result.get("due_fen", {}), result.get("settled_fen", {})
    for key in sorted({*waited, *waiting, *came, *went}):
        expected = waited.get(key, 0) + came.get(key, 0) - went.get(key, 0)
        if waiting.get(key, 0) != expected:
            codes = {mandate.hash: mandate.code for mandate in day.terms.platform.mandates}
            day.findings.add(
                f"mandate {codes.get(key, key[:16])}",
                "what waits to be settled is not what came less what went",
                waiting.get(key, 0),
                expected,
            )
    for row in files_told(day.connection, day.day, ends):
        _audit_file(day, row["subject"], row["content"])
    return day.findings.count - before


def _audit_file(day: Day, partner: str, told: Mapping[str, Any]) -> None:
    path = day.folder / day.day.isoformat() / f"{partner}.csv"
    place = f"file {path.parent.name}/{path.name}"
    if not path.is_file():
        day.findings.add(place, "is not there; its event says what was in it", "", told["file_hash"])
        return
    content = path.read_bytes()
    found: dict[str, int] = defaultdict(int)
    try:
        for row in csv.DictReader(io.StringIO(content.decode())):
            found[row["line"]] += int(row["amount_fen"])
        net = sum(SIGN[Line[name.upper()]] * amount for name, amount in found.items())
    except (KeyError, ValueError, TypeError):
        net = None
    sums = {name: amount for name, amount in sorted(found.items()) if amount}
    if hashlib.sha256(content).hexdigest() != told["file_hash"]:
        day.findings.add(
            place, "is not the file that was written", hashlib.sha256(content).hexdigest()[:16], told["file_hash"][:16]
        )
    elif (sums, net) != ({name: amount for name, amount in sorted(told["totals_fen"].items()) if amount}, told["net_fen"]):
        day.findings.add(place, "does not add up to what its event tells", net, told["net_fen"])
