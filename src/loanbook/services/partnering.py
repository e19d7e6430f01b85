"""A partner's answer to an offer: the loan is confirmed, or released and offered to the next."""

from collections.abc import Sequence

from loanbook import units
from loanbook.services.caller import Caller, Refusal
from loanbook.services.drawing import caps_of, offer, scopes_of
from loanbook.services.parties import PROVIDER
from loanbook.services.platform_terms import PlatformTerms
from loanbook.services.requests import Decided, PartnerDecision
from loanbook.stores.online.lookups import open_reservations
from loanbook.stores.online.quotas import Change, change_quotas, lock_quotas
from loanbook.stores.online.schema import LINE, LOAN, RESERVATION
from loanbook.stores.online.unit import Row, Unit
from loanbook.terms.mandate import Mandate


def answer_offer(terms: PlatformTerms, unit: Unit, asked: Sequence[tuple[Caller, PartnerDecision]]) -> list[Decided | Refusal]:
    """Take partners' answers. A refused loan goes to the next mandate in the same transaction, to nobody twice."""
    lines, loans = unit.lock_both(LINE, LOAN, "line_id", (request.loan_id for _, request in asked))
    waiting = open_reservations(unit.connection, loans)
    answers: list[Decided | Refusal | None] = []
    released: list[Row] = []
    changes: list[Change] = []
    for caller, request in asked:
        loan = loans.get(request.loan_id)
        if loan is None or (caller.partner is not None and loan["partner"] != caller.partner):
            detail = f"there is no loan {request.loan_id}."
            answers.append(Refusal(status=404, rule="no_such_loan", detail=detail))
            continue
        reservation = waiting.pop(request.loan_id, None)
        if reservation is None or loan["state"] != "offered":
            detail = f"loan {request.loan_id} is {loan['state']}; no offer waits for an answer."
            answers.append(Refusal(status=409, rule="no_open_offer", detail=detail, figures={"state": loan["state"]}))
            continue
        mandate = terms.mandate_by_hash(loan["mandate_hash"])
        if request.decision == "accept":
            _confirm(unit, loan, reservation)
        else:
            _release(unit, loan, reservation, request.reason)
            released.append(loan)
        changes += moved(mandate, lines[loan["line_id"]], reservation, confirmed=request.decision == "accept")
        answers.append(None)
    reroute(terms, unit, released, lines, changes)
    return [
        answer if answer is not None else _decided(caller, loans[request.loan_id])
        for answer, (caller, request) in zip(answers, asked, strict=True)
    ]


def _decided(caller: Caller, loan: Row) -> Decided:
    """The loan after an answer; where it went after a refusal is not the refusing partner's to see."""
    # Of the offer that waits or was accepted; of the last one that was refused when nobody takes it.
    attempt = len(loan["refused_by"]) + (loan["state"] in ("offered", "confirmed"))
    if caller.partner is not None and loan["partner"] != caller.partner:
        attempt = loan["refused_by"].index(caller.partner) + 1
        return Decided(loan_id=loan["loan_id"], state="refused", partner=None, attempt=attempt)
    return Decided(loan_id=loan["loan_id"], state=loan["state"], partner=loan["partner"], attempt=attempt)


def reroute(terms: PlatformTerms, unit: Unit, released: Sequence[Row], lines: dict[str, Row], changes: Sequence[Change]) -> None:
    """Apply changes of quotas and offer the released loans, locked with their lines, to the next mandates; or end them."""
    # All at once and in order: a second round for those of the next offer could wait for one who waits for the first.
    again = [mandate.code for mandate in terms.mandate_table(units.day(unit.today)).mandates] if released else []
    lock_quotas(unit.connection, [change.mandate for change in changes] + again)
    change_quotas(unit.connection, _summed(changes))
    for loan, why in zip(released, offer(terms, unit, released, lines), strict=True):
        if why is None:
            unit.update(LOAN, loan, **{name: loan[name] for name in ("state", "mandate", "mandate_hash", "partner", "model")})
            continue
        line = lines[loan["line_id"]]
        unit.update(LINE, line, used_fen=line["used_fen"] - loan["principal_fen"])
        unit.update(LOAN, loan, state="unfunded", mandate=None, mandate_hash=None, partner=None, model=None, closed_on=unit.today)
        unit.event("loan_unfunded", loan["loan_id"], **why.told(), refused_by=loan["refused_by"])


def _confirm(unit: Unit, loan: Row, reservation: Row) -> None:
    unit.update(RESERVATION, reservation, state="confirmed")
    unit.update(LOAN, loan, state="confirmed")
    unit.event("loan_confirmed", loan["loan_id"], mandate=loan["mandate"], partner=loan["partner"])
    unit.tell(PROVIDER, "pay_out", loan["loan_id"], principal_fen=loan["principal_fen"], partner=loan["partner"])


def _release(unit: Unit, loan: Row, reservation: Row, reason: str) -> None:
    unit.update(RESERVATION, reservation, state="released")
    unit.event("loan_refused", loan["loan_id"], mandate=loan["mandate"], partner=loan["partner"], reason=reason)
    unit.update(LOAN, loan, refused_by=[*loan["refused_by"], loan["partner"]])


def moved(mandate: Mandate, line: Row, reservation: Row, *, confirmed: bool) -> list[Change]:
    """What an answer to an offer moves in the quotas it was reserved under."""
    caps = caps_of(mandate, reservation["day"])
    amount = reservation["amount_fen"]
    return [
        Change(
            mandate=mandate.code,
            scope=scope,
            cap_fen=caps[scope] if scope in caps else caps[scope.split(":")[0]],
            reserved_fen=-amount,
            confirmed_fen=amount if confirmed else 0,
        )
        for scope in scopes_of(mandate, line, reservation["day"])
    ]


def _summed(changes: Sequence[Change]) -> list[Change]:
    found: dict[tuple[str, str], Change] = {}
    for change in changes:
        key = (change.mandate, change.scope)
        held = found.get(key)
        found[key] = Change(
            mandate=change.mandate,
            scope=change.scope,
            cap_fen=change.cap_fen,
            reserved_fen=change.reserved_fen + (held.reserved_fen if held else 0),
            confirmed_fen=change.confirmed_fen + (held.confirmed_fen if held else 0),
        )
    return [found[key] for key in sorted(found)]
