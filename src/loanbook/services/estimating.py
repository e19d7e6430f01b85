"""The estimate of credit losses behind a closed period: methods side by side, what it rests on, what would change it, how it did.

Every method is measured as the period was: its rates times what each loan owes, rounded per loan, by the kernel that booked the
period. So the chosen method comes to the ledger's allowances to the fen, the others to what they would have been; stages under
IFRS stay those that were booked.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.basis import rate_table
from loanbook.accounting.loan_amounts import GROUP
from loanbook.errors import TermsError
from loanbook.measures.booking import Basis
from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses import estimates, modelled
from loanbook.measures.credit_losses_checks import back_test, sensitivities
from loanbook.measures.credit_losses_policy import METHODS, LossPolicy
from loanbook.measures.credit_losses_result import Estimates, from_table
from loanbook.measures.credit_losses_spread import bounds
from loanbook.measures.space import Space
from loanbook.services.allowance_view import ALLOWANCES, allowance_balances, allowance_movements
from loanbook.services.closing import Close, close, close_space, read_header
from loanbook.services.entry_explaining import basis_at
from loanbook.services.facts_pass import book_loans
from loanbook.services.period_reading import cells_of, followed, stood_on
from loanbook.services.stage_view import stages_of
from loanbook.stores.book import Book
from loanbook.stores.ledger import Ledger, Period
from loanbook.stores.projection import Progress, Projection, reading
from loanbook.terms.accounting_policy import AccountingPolicy, parse_policy
from loanbook.terms.families import LEDGER
from loanbook.terms.outlook import SHIPPED, Outlook, outlook_on, outlooks_in
from loanbook.units import Ints

A_YEAR = 365
_PPM = 1_000_000
_COLUMN = {name: place for place, name in enumerate(LEDGER.columns)}
_LOSS = {"us_gaap": ("loan_allowance_fen", "contingent_fen"), "ifrs": ("loan_allowance_ifrs_fen", "contingent_ifrs_fen")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EstimateView:
    """All that a period's estimate is judged by; money int64 fen, rates ppm.

    estimates      as it was frozen;  policy  the accounting policy that chose it;  outlook  None: its terms are gone
    methods        a row a group that bears losses, the last (no product) all: product, model, segment, exposure_fen, for each
                   method {method}_us_gaap_fen, {method}_ifrs_fen and {method}_ppm of exposure; low_fen and high_fen of the
                   chosen one on US GAAP
    allowances     the four allowances by method, the ledger's balance, and what of it is no loan's (`allowance_view.BALANCES`)
    movements      each allowance by basis and model: opening, new, revision, used, recovered, other, closing
    stages         IFRS stages by model (`stage_view.STAGES`)
    sensitivities  `credit_losses_checks.sensitivities`, and booked_change_fen: the same part of what is booked on US GAAP
    back_test      `credit_losses_checks.back_test` of the period `tested`; None when the books hold no earlier one
    findings       what does not tie, in words
    """

    period: Period
    policy: AccountingPolicy
    outlook: Outlook | None
    estimates: Estimates
    methods: pa.Table
    allowances: pa.Table
    movements: pa.Table
    stages: pa.Table
    sensitivities: pa.Table
    back_test: pa.Table | None
    tested: str
    findings: tuple[str, ...]

    def tables(self) -> Mapping[str, pa.Table]:
        """All tables by the name of their file."""
        found = {name: getattr(self, name) for name in ("methods", "allowances", "movements", "stages", "sensitivities")}
        return found if self.back_test is None else {**found, "back_test": self.back_test}


def estimates_of(book: Book, name: str, *, on_progress: Progress | None = None) -> EstimateView:
    """The estimate of a closed period.

    raises   StateError for a period that is not closed; RequestError for too short a history
    """
    tell = on_progress or (lambda stage, done, total: None)
    ledger = Ledger(book)
    period = ledger.period(name)
    frozen = from_table(period.table("estimates"))
    policy = _policy(period)
    chosen = _loss_policy(policy)
    earlier = _year_before(ledger, period)
    with reading(book, on_progress=tell) as projection:
        cells = _cells(book, period, projection, tell)
        outlook, findings = _outlook(book, policy, frozen)
        made = estimates(cells, policy=chosen, outlook=outlook)
        findings += _replayed(made[policy.method], frozen)
        made[frozen.method] = frozen
        over, basis = basis_at(book, ledger, projection, period)
        booked = {method: _booked(projection, over, basis, policy, of, tell) for method, of in made.items()}
        held = _held(cells, over, chosen, booked[frozen.method])
        tested = None
        if earlier is not None:
            was = from_table(earlier.table("estimates"))
            then = modelled(_cells(book, earlier, projection, tell), _loss_policy(_policy(earlier)))
            tested = back_test(was, then, cells, chosen.confidence_ppm)
        stages = stages_of(book, ledger, projection, period, (over, basis), tell)
    balances = allowance_balances(tuple(reversed(stood_on(ledger, period))), booked, frozen.method)
    findings += _untied(balances)
    return EstimateView(
        period=period,
        policy=policy,
        outlook=outlook,
        estimates=frozen,
        methods=_methods(over, booked, frozen, chosen.confidence_ppm),
        allowances=balances,
        movements=allowance_movements(period, followed(ledger, period)),
        stages=stages,
        sensitivities=_sensitivities(cells, chosen, outlook, held, frozen, booked[frozen.method]),
        back_test=tested,
        tested=earlier.name if earlier else "",
        findings=findings,
    )


def _policy(period: Period) -> AccountingPolicy:
    return parse_policy(period.manifest["policy_texts"][-1], f"{period.id}/policy")


def _loss_policy(policy: AccountingPolicy) -> LossPolicy:
    return LossPolicy(look_back_months=policy.look_back_months, thin_events=policy.thin_events, prior=policy.prior)


def _year_before(ledger: Ledger, period: Period) -> Period | None:
    """The youngest period that ended at least a year before, else the oldest that ended before this one."""
    end = units.day(period.manifest["ends_on"])
    before = [each for each in ledger.periods() if units.day(each.manifest["ends_on"]) < end]
    old = [each for each in before if units.day(each.manifest["ends_on"]) <= end - A_YEAR]
    return old[-1] if old else next(iter(before), None)


def _cells(book: Book, period: Period, projection: Projection, tell: Progress) -> Cells:
    """The cells that the period was made of; of a close that was dropped, made again."""
    start, end, known = (dt.date.fromisoformat(str(period.manifest[key])) for key in ("starts_on", "ends_on", "known_at"))
    folder = book.folder / "closes" / str(period.manifest["close"])
    if (folder / "close.json").exists():
        measured = Close(folder=folder, header=read_header(folder), fresh=False)
    else:
        measured = close(book, end, known_on=known, begins_on=start, on_progress=tell)
    return cells_of(measured, close_space(book, measured, projection))


def _outlook(book: Book, policy: AccountingPolicy, frozen: Estimates) -> tuple[Outlook | None, tuple[str, ...]]:
    try:
        found = outlook_on(outlooks_in(book.room(SHIPPED)), policy.outlook, frozen.as_of)
    except TermsError:
        return None, (f"the outlook {frozen.outlook} is not among the terms any more; other methods are shown without one.",)
    if found.named == frozen.outlook:
        return found, ()
    return found, (
        f"the outlook {policy.outlook} was changed since the period was closed; other methods are shown with today's.",
    )


def _replayed(again: Estimates, frozen: Estimates) -> tuple[str, ...]:
    if again == frozen:
        return ()
    words = "the same facts give another estimate today: code or terms were changed since. The frozen one is shown as the chosen."
    return (words,)


def _booked(projection: Projection, over: Space, basis: Basis, policy: AccountingPolicy, of: Estimates, tell: Progress) -> Ints:
    """What the period would have measured by an estimate: (groups, columns of `families.LEDGER`) int64."""
    rated = replace(basis, rates=rate_table(policy, of.over(over.groups)))
    return np.asarray(book_loans(projection, over, rated, on_progress=tell).ledger.sum(axis=1))


def _bearing(over: Space) -> Ints:
    """(groups,) bool: whose losses are ours."""
    return np.array([model in ("on_balance_sheet", "capital_heavy") for _, model, _ in over.groups], np.bool_)


def _held(cells: Cells, over: Space, policy: LossPolicy, booked: Ints) -> Ints:
    """Modelled exposure by remaining months and bucket at the level of what the ledger measured; nothing where others lose."""
    held = modelled(cells, policy)
    wanted = np.where(_bearing(over), booked[:, _COLUMN["outstanding_fen"]], 0).astype(np.float64)
    of_group = held.sum(axis=(1, 2)).astype(np.float64)
    factor = np.divide(wanted, of_group, out=np.zeros_like(wanted), where=of_group > 0)
    return np.asarray(np.rint(held * factor[:, None, None]), np.int64)


def _losses(booked: Ints, basis: str) -> Ints:
    return np.asarray(sum(booked[:, _COLUMN[name]] for name in _LOSS[basis]))


def _methods(over: Space, booked: Mapping[str, Ints], frozen: Estimates, confidence_ppm: int) -> pa.Table:
    rows = np.flatnonzero(_bearing(over))
    exposure = booked[frozen.method][:, _COLUMN["outstanding_fen"]]
    columns: dict[str, object] = {name: [over.groups[row][place] for row in rows] + [None] for place, name in enumerate(GROUP)}
    columns["exposure_fen"] = _with_total(exposure[rows])
    for method in METHODS:
        for basis in _LOSS:
            columns[f"{method}_{basis}_fen"] = _with_total(_losses(booked[method], basis)[rows])
        ours = zip(_with_total(_losses(booked[method], "us_gaap")[rows]), _with_total(exposure[rows]), strict=True)
        columns[f"{method}_ppm"] = [lost * _PPM // owed if owed else 0 for lost, owed in ours]
    columns["low_fen"], columns["high_fen"] = _interval(frozen, _losses(booked[frozen.method], "us_gaap"), rows, confidence_ppm)
    return pa.table(columns)


def _interval(of: Estimates, allowance: Ints, rows: Ints, confidence_ppm: int) -> tuple[list[int], list[int]]:
    """Low and high of the allowance: the interval of charge-offs, at the severity of the estimate."""
    severity = np.maximum(of.severity_ppm, 1)
    gross = np.zeros(allowance.size, np.int64)
    gross[rows] = np.rint(allowance[rows] * (_PPM / severity[rows])).astype(np.int64)
    limits = bounds(of, gross, confidence_ppm)
    part = np.append(severity / _PPM, allowance[rows].sum() / max(int(gross.sum()), 1))
    places = [*rows.tolist(), allowance.size]
    low, high = (np.rint(limits[places, side] * part[places]).astype(np.int64).tolist() for side in (0, 2))
    return low, high


def _with_total(values: Ints) -> list[int]:
    return [*values.tolist(), int(values.sum())]


def _sensitivities(
    cells: Cells, policy: LossPolicy, outlook: Outlook | None, held: Ints, frozen: Estimates, booked: Ints
) -> pa.Table:
    table = sensitivities(cells, method=frozen.method, policy=policy, outlook=outlook, exposure=held, base=frozen)
    allowance = int(_losses(booked, "us_gaap").sum())
    first = int(table["lifetime_fen"][0].as_py())
    moved = [round(allowance * each / first) if first else 0 for each in table["lifetime_change_fen"].to_pylist()]
    return table.append_column("booked_change_fen", pa.array(moved, pa.int64()))


def _untied(balances: pa.Table) -> tuple[str, ...]:
    wrong = balances.filter(pc.not_equal(balances["unexplained_fen"], 0)).to_pylist()
    return tuple(
        f"{row['title']}, {row['basis']}: the ledger says {units.format_money(row['ledger_fen'])}, the loans measured again "
        f"{units.format_money(row['measured_fen'])}, other events {units.format_money(row['other_fen'])}; "
        f"{units.format_money(row['unexplained_fen'])} are unexplained."
        for row in wrong
    )


__all__ = ["ALLOWANCES", "EstimateView", "estimates_of"]
