"""A drawdown: a quote accepted, matched with a mandate, reserved and offered to its partner, in one transaction."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loanbook import units
from loanbook.funding.mandate_table import MandateTable, asked
from loanbook.funding.matching import Match, Outcome, match, refusers
from loanbook.funding.room import Room, room_left
from loanbook.services.caller import Caller, Refusal
from loanbook.services.disclosing import announce
from loanbook.services.guaranteeing import published_rooms, rooms_left
from loanbook.services.parties import BUREAU
from loanbook.services.platform_terms import PlatformTerms, funding_request
from loanbook.services.quoting import cannot_draw
from loanbook.services.requests import DrawingDown, Drawn, rate_text
from loanbook.services.standing import cannot_borrow
from loanbook.services.unfunded import Unfunded
from loanbook.stores.online.lookups import lines_of_quotes, owed_by_mandate, quotes_with_loans
from loanbook.stores.online.quotas import Change, change_quotas, lock_quotas, used_columns
from loanbook.stores.online.schema import LINE, LOAN, RESERVATION
from loanbook.stores.online.unit import Row, Unit, new_id
from loanbook.terms.mandate import PROVINCES, Mandate
from loanbook.units import Ints

OWES = ("drawn", "offered", "confirmed", "disbursed")
"""States in which a loan's principal counts against a borrower's limit under a mandate."""


def draw_down(terms: PlatformTerms, unit: Unit, asked_for: Sequence[tuple[Caller, DrawingDown]]) -> list[Drawn | Refusal]:
    """Accept quotes: each loan is matched after the ones before it in the batch, and reserved or refused."""
    # Who holds a quote's line holds the quote: nowhere else does it become a loan.
    wanted = [request.quote_id for _, request in asked_for]
    lines = unit.lock(LINE, lines_of_quotes(unit.connection, wanted))
    quotes = quotes_with_loans(unit.connection, wanted)
    behind = cannot_borrow(terms, unit, (line["borrower_id"] for line in lines.values()))
    answers: list[Drawn | Refusal | None] = []
    loans: list[Row] = []
    places: list[int] = []
    for place, (caller, request) in enumerate(asked_for):
        quote = quotes.get(request.quote_id)
        refusal = _cannot_accept(unit, caller, quote, lines, request, behind)
        answers.append(refusal)
        if quote is not None and refusal is None:
            loans.append(_loan_of(unit, quote))
            places.append(place)
            line = lines[quote["line_id"]]
            unit.update(LINE, line, used_fen=line["used_fen"] + quote["principal_fen"])
            quote["loan_id"] = loans[-1]["loan_id"]
    unit.flush()  # before quotas are held: others wait for them
    placed = offer(terms, unit, loans, lines)
    unfunded = {loan["quote_id"]: why for loan, why in zip(loans, placed, strict=True) if why is not None}
    for place, loan, why in zip(places, loans, placed, strict=True):
        line = lines[loan["line_id"]]
        if why is None:
            unit.insert(LOAN, **loan)
            unit.event(
                "loan_drawn",
                loan["loan_id"],
                borrower_id=loan["borrower_id"],
                line_id=loan["line_id"],
                quote_id=loan["quote_id"],
                product=loan["product"],
                terms_hash=loan["terms_hash"],
                principal_fen=loan["principal_fen"],
                rate_annual=loan["rate_annual"],
                installment_count=loan["installment_count"],
            )
            answers[place] = Drawn(loan_id=loan["loan_id"], state=loan["state"], partner=loan["partner"], attempt=1)
        else:
            unit.update(LINE, line, used_fen=line["used_fen"] - loan["principal_fen"])
    # Whoever accepted the quote in this batch, it became no loan.
    for place, (caller, request) in enumerate(asked_for):
        why = unfunded.get(request.quote_id)
        if why is not None and caller.borrower_id in (None, quotes[request.quote_id]["borrower_id"]):
            answers[place] = why.refusal(caller)
    return [answer for answer in answers if answer is not None]


def _cannot_accept(
    unit: Unit,
    caller: Caller,
    quote: Row | None,
    lines: dict[str, Row],
    request: DrawingDown,
    behind: Mapping[str, Refusal],
) -> Refusal | None:
    if quote is None or (caller.borrower_id is not None and caller.borrower_id != quote["borrower_id"]):
        return Refusal(status=404, rule="no_such_quote", detail=f"there is no quote {request.quote_id}.")
    if quote["loan_id"] is not None:
        detail = f"quote {request.quote_id} was accepted already, as loan {quote['loan_id']}. Ask for another."
        return Refusal(status=409, rule="quote_used", detail=detail)
    if unit.now > quote["expires_at"] or quote["quoted_on"] != unit.today:
        detail = f"quote {request.quote_id} stood until {quote['expires_at']:%Y-%m-%d %H:%M} UTC. Ask for another."
        return Refusal(status=409, rule="quote_expired", detail=detail)
    return cannot_draw(unit, caller, lines.get(quote["line_id"]), quote["line_id"], quote["principal_fen"], behind)


def _loan_of(unit: Unit, quote: Row) -> Row:
    return {
        "loan_id": new_id("lo"),
        "borrower_id": quote["borrower_id"],
        "line_id": quote["line_id"],
        "quote_id": quote["quote_id"],
        "product": quote["product"],
        "terms_hash": quote["terms_hash"],
        "principal_fen": quote["principal_fen"],
        "installment_count": quote["installment_count"],
        "rate_annual": quote["rate_annual"],
        "drawn_on": unit.today,
        "state": "drawn",
        "mandate": None,
        "mandate_hash": None,
        "partner": None,
        "model": None,
        "refused_by": [],
        "principal_repaid_fen": 0,
    }


def offer(terms: PlatformTerms, unit: Unit, loans: Sequence[Row], lines: dict[str, Row]) -> list[Unfunded | None]:
    """Match loans that no partner holds, reserve what is matched and tell the partners; a loan's row is changed in place.

    returns   None where it is offered now, else why it is not
    """
    if not loans:
        return []
    day = units.day(unit.today)
    table = terms.mandate_table(day)
    requests = [
        funding_request(
            lines[loan["line_id"]],
            terms.product_by_hash(loan["terms_hash"]),
            loan["principal_fen"],
            loan["installment_count"],
            loan["rate_annual"],
        )
        for loan in loans
    ]
    ask = asked(table, requests)
    room, published = _room(unit, table)
    refused_by = [loan["refused_by"] for loan in loans]
    found = match(
        table,
        ask,
        room,
        refused=refusers(table, refused_by),
        attempts=np.array([len(each) for each in refused_by], np.int64),
        lent_fen=_lent(unit, table, [request.borrower_id for request in requests]),
    )
    _reserve(unit, table, loans, lines, found)
    return [
        None
        if outcome == Outcome.RESERVED
        else Unfunded(why=Outcome(outcome), request=request, table=table, bars=row, room=found.room, published=published)
        for request, outcome, row in zip(requests, found.outcome.tolist(), found.bars, strict=True)
    ]


def _reserve(unit: Unit, table: MandateTable, loans: Sequence[Row], lines: dict[str, Row], found: Match) -> None:
    changes: dict[tuple[str, str], int] = defaultdict(int)
    reports = announce(
        unit,
        [
            (loan, lines[loan["line_id"]], table.mandates[number])
            for loan, number, outcome in zip(loans, found.mandate.tolist(), found.outcome.tolist(), strict=True)
            if outcome == Outcome.RESERVED
        ],
    )
    for loan, number, outcome in zip(loans, found.mandate.tolist(), found.outcome.tolist(), strict=True):
        if outcome != Outcome.RESERVED:
            continue
        mandate = table.mandates[number]
        attempt = len(loan["refused_by"]) + 1
        loan.update(
            state="offered", mandate=mandate.code, mandate_hash=mandate.hash, partner=mandate.partner, model=mandate.model
        )
        unit.insert(
            RESERVATION,
            reservation_id=new_id("rs"),
            loan_id=loan["loan_id"],
            mandate=mandate.code,
            day=unit.today,
            attempt=attempt,
            amount_fen=loan["principal_fen"],
            state="reserved",
            asked_at=unit.now,
        )
        for scope in scopes_of(mandate, lines[loan["line_id"]], unit.today):
            changes[mandate.code, scope] += loan["principal_fen"]
        unit.event(
            "loan_offered",
            loan["loan_id"],
            mandate=mandate.code,
            mandate_hash=mandate.hash,
            partner=mandate.partner,
            model=mandate.model,
            attempt=attempt,
        )
        unit.tell(
            mandate.partner,
            "loan_offered",
            loan["loan_id"],
            mandate=mandate.code,
            product=loan["product"],
            principal_fen=loan["principal_fen"],
            installment_count=loan["installment_count"],
            rate_annual=rate_text(loan["rate_annual"]),
            grade=lines[loan["line_id"]]["grade"],
            attempt=attempt,
            **({"report_id": reports[loan["loan_id"]], "report_from": BUREAU} if loan["loan_id"] in reports else {}),
        )
    caps = {(mandate.code, scope): cap for mandate in table.mandates for scope, cap in caps_of(mandate, unit.today).items()}
    change_quotas(
        unit.connection,
        [
            Change(mandate=code, scope=scope, cap_fen=_cap(caps, code, scope), reserved_fen=amount)
            for (code, scope), amount in sorted(changes.items())
        ],
    )


def _cap(caps: dict[tuple[str, str], int], code: str, scope: str) -> int:
    return caps[code, scope] if (code, scope) in caps else caps[code, scope.split(":")[0]]


def scopes_of(mandate: Mandate, line: Row, day: dt.date) -> list[str]:
    """The quotas and limits that a loan of a line counts against."""
    found = ["total", f"day:{day.isoformat()}"]
    if mandate.concentration.province_fen is not None:
        found.append(f"province:{line['province']}")
    if mandate.concentration.grade_fen is not None:
        found.append(f"grade:{line['grade']}")
    return found


def caps_of(mandate: Mandate, day: dt.date) -> dict[str, int]:
    """What each scope of a mandate may hold; `province` and `grade` stand for each of them."""
    caps = {"total": mandate.quota_total_fen, f"day:{day.isoformat()}": mandate.quota_day_fen}
    if mandate.concentration.province_fen is not None:
        caps["province"] = mandate.concentration.province_fen
    if mandate.concentration.grade_fen is not None:
        caps["grade"] = mandate.concentration.grade_fen
    return caps


def _room(unit: Unit, table: MandateTable) -> tuple[Room, dict[str, dict[str, Any]]]:
    """What is left, and what guarantors' part of it was found from; quotas are held from here on."""
    held = lock_quotas(unit.connection, [mandate.code for mandate in table.mandates])
    day = f"day:{unit.today.isoformat()}"
    codes = [mandate.code for mandate in table.mandates]
    total_used = used_columns(held, codes, ["total"])[:, 0]
    published = published_rooms(unit.connection, table)  # once quotas are held: who publishes holds them too
    room = room_left(
        table,
        day_used=used_columns(held, codes, [day])[:, 0],
        total_used=total_used,
        province_used=used_columns(held, codes, [f"province:{name}" for name in PROVINCES]),
        grade_used=used_columns(held, codes, [f"grade:{name}" for name in table.grades]),
        guarantee_rooms=rooms_left(published, table, total_used),
    )
    return room, published


def _lent(unit: Unit, table: MandateTable, borrowers: Sequence[str]) -> Ints | None:
    """What each borrower of a batch owes under each mandate, borrowers in the order of their first request."""
    if not table.borrowers_limited:
        return None
    order = {borrower: place for place, borrower in enumerate(dict.fromkeys(borrowers))}
    owed = np.zeros((len(order), len(table.mandates)), np.int64)
    for row in owed_by_mandate(unit.connection, sorted(order), OWES):
        if row["mandate"] in table.numbers:
            owed[order[row["borrower_id"]], table.numbers[row["mandate"]]] = row["owed"]
    return owed
