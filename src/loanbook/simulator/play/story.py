"""What happened in a played world, in few figures: by business model, by vehicle, and what of the money nobody could explain.

All of it comes from the auditor's own books, which were held against the platform's every day.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.known import KnownLoan
from loanbook.simulator.play.naive_shares import lenders
from loanbook.units import format_money

JOINT = "joint_lending"
"""Loans that several lend together, apart from those of their model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessLine:
    """A business model: loans that were paid out, and minor units.

    lent_fen, outstanding_fen   principal, with what was returned;  principal of loans that run
    written_off_fen             principal outstanding at the write-off
    compensated_fen             what guarantors paid lenders;  reclaimed_fen  what borrowers paid on the claims that passed so
    recovered_fen               what borrowers paid after a write-off
    """

    model: str
    loans: int
    lent_fen: int
    outstanding_fen: int
    written_off_fen: int
    compensated_fen: int
    reclaimed_fen: int
    recovered_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleLine:
    """A vehicle: cash in its accounts, what it can still lend (below 0: advanced by its owner), tranches, dates that it paid."""

    vehicle: str
    cash_fen: int
    lending_fen: int
    tranches_fen: int
    deposit_fen: int
    dates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All of it; `suspense_items` and `suspense_fen` are open, `resolved` items were booked as payments."""

    business: tuple[BusinessLine, ...]
    vehicles: tuple[VehicleLine, ...]
    statements: int
    resolved: int
    suspense_items: int
    suspense_fen: int
    refunds: int
    write_offs: int
    erased: int

    def lines(self) -> list[str]:
        """It in sentences, one for each business model, one for vehicles, one for money without an explanation."""
        said = [_business(each) for each in self.business]
        paid = [each for each in self.vehicles if each.dates]
        if paid:
            dates = ", ".join(f"{each.vehicle} {each.dates}" for each in paid)
            said.append(f"Payment dates of vehicles: {dates}; in all accounts {_money(sum(x.cash_fen for x in self.vehicles))}.")
        said.append(
            f"{self.statements} statements: {self.resolved} amounts in suspense were booked for their loans, "
            f"{self.suspense_items} are open ({_money(self.suspense_fen)})."
        )
        said.append(
            f"Two persons approved {self.refunds} refunds and {self.write_offs} write-offs; {self.erased} were forgotten."
        )
        return said


def _business(line: BusinessLine) -> str:
    found = f"{spoken(line.model)}: {line.loans:,} loans of {_money(line.lent_fen)}, {_money(line.outstanding_fen)} outstanding"
    for amount, words in (
        (line.compensated_fen, "compensated by guarantors"),
        (line.reclaimed_fen, "come back to them"),
        (line.written_off_fen, "written off"),
        (line.recovered_fen, "recovered after that"),
    ):
        if amount:
            found += f", {_money(amount)} {words}"
    return f"{found}."


def spoken(model: str) -> str:
    """A model in words."""
    return model.replace("_", " ").capitalize()


def _money(fen: int) -> str:
    return f"RMB {format_money(fen)}"


def story_of(auditor: Auditor) -> Story:
    """The story of what an auditor has heard."""
    grouped: dict[str, list[KnownLoan]] = defaultdict(list)
    for loan in auditor.loans.values():
        if loan.disbursed_on is not None:
            mandate = auditor.funds.mandate_of(loan)
            joint = sum(share > 0 for share in lenders(mandate)) > 1
            grouped[JOINT if joint else mandate.model].append(loan)
    return Story(
        business=tuple(_line(auditor, model, loans) for model, loans in sorted(grouped.items())),
        vehicles=tuple(
            VehicleLine(
                vehicle=code,
                cash_fen=sum(books.accounts.values()),
                lending_fen=books.lending,
                tranches_fen=sum(books.tranches.values()),
                deposit_fen=books.deposit,
                dates=auditor.funds.vehicles.dates[code],
            )
            for code, books in sorted(auditor.funds.vehicles.books.items())
        ),
        statements=sum(len(each.taken) for each in auditor.cash.accounts.values()),
        resolved=auditor.done["resolve_suspense"],
        suspense_items=sum(len(each.items) for each in auditor.cash.accounts.values()),
        suspense_fen=auditor.cash.suspense_fen,
        refunds=auditor.done["refund"],
        write_offs=auditor.done["write_off"],
        erased=auditor.done["erase"],
    )


def _line(auditor: Auditor, model: str, loans: Iterable[KnownLoan]) -> BusinessLine:
    held = list(loans)
    claims = auditor.funds.passed.claims
    gone = [loan for loan in held if loan.state == "charged_off"]
    return BusinessLine(
        model=model,
        loans=len(held),
        lent_fen=sum(loan.principal_fen for loan in held),
        outstanding_fen=sum(loan.outstanding_fen for loan in held if loan.state == "disbursed"),
        written_off_fen=sum(loan.outstanding_fen for loan in gone),
        compensated_fen=sum(claims[loan.loan_id].paid_fen for loan in held if loan.loan_id in claims),
        reclaimed_fen=sum(auditor.funds.on_claims.get(loan.loan_id, 0) for loan in held),
        recovered_fen=sum(each.amount_fen for loan in gone for each in loan.payments.values() if each.recovers and each.stands),
    )
