"""A scenario of tests/scenarios/journal_*.yaml through the books as they are: account, pass, amounts, posting."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from ruamel.yaml import YAML

from loanbook import units
from loanbook.accounting.basis import basis_of, last_month
from loanbook.accounting.journal import broken_limits, trial_balance
from loanbook.accounting.loan_amounts import Totals, loan_amounts, totals
from loanbook.accounting.posting import ROLES, rule_table
from loanbook.accounting.standing import Standing
from loanbook.loans.batches import Classes, CompactBatch, IrregularBatch
from loanbook.loans.dates import month_index
from loanbook.loans.facts import FactKind
from loanbook.measures.booking import BookCells, book_batches
from loanbook.measures.credit_losses_result import Estimates, Inception
from loanbook.measures.measuring import Batch
from loanbook.measures.passes import NO_CLOSE
from loanbook.measures.space import Space, space
from loanbook.measures.window import window
from loanbook.services.bookkeeping import brought_forward, post_by
from loanbook.terms.accounting_policy import FOLDER, AccountingPolicy, parse_policy
from loanbook.terms.chart import load_chart
from loanbook.terms.contract import WATERFALL_STEPS, Field, empty_contract
from loanbook.terms.conventions import DayCount, Method, Model, Payoff, Unit
from loanbook.terms.posting_rule import NO_ENTRY, PostingRule, load_components, load_rules
from loanbook.units import NEVER, RATE_SCALE, Ints

PPM = 1_000_000
BUCKETS = ("current", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180", "181+")
REMAINING = 37
DEFAULT = PPM // 20
"""Probability of default, the same at all times: stages follow days past due alone."""
CHART = load_chart("platform")
RULES = load_rules(CHART, units.day("2024-01-01"))
COMPONENTS = load_components()


def day(written: dt.date) -> int:
    return units.day(written.isoformat())


def fen(written: Any) -> int:
    return units.parse_decimal(f"{written:.2f}", 100, exact=True)


def policy_of(words: dict[str, Any]) -> AccountingPolicy:
    """The shipped policy with what a scenario says instead, read as a file is."""
    yaml = YAML(typ="safe")
    shipped = yaml.load((FOLDER / "platform.yaml").read_text(encoding="utf-8"))
    said = dict(words["policy"])
    own, served = dict(said.pop("model")), said.pop("served", None)
    if "lender_rate" in own:
        own["lender_rate_annual"] = own.pop("lender_rate")
    shipped = {**shipped, **said}
    shipped["models"] = {**shipped["models"], words["loan"]["model"]: own}
    if served is not None:
        shipped["models"]["capital_light"] = {"platform_share": 0.9, **served}
    lines = [f"{name}: {_written(value)}" for name, value in shipped.items()]
    return parse_policy("\n".join(lines) + "\n", "scenario")


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(item)}" for name, item in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def classes_of(words: dict[str, Any]) -> Classes:
    loan = words["loan"]
    row = empty_contract()
    row[Field.METHOD] = Method.EQUAL_PRINCIPAL
    row[Field.COUNT] = row[Field.TENOR_MONTHS] = loan["instalments"]
    row[Field.RATE_ANNUAL] = units.rate(str(loan["annual_rate"]))
    row[Field.UNIT] = Unit.MONTH
    row[Field.DAY_COUNT] = DayCount.THIRTY_A_MONTH_360
    row[Field.PAYOFF] = Payoff.TO_PERIOD_END
    row[Field.MODEL] = Model[loan["model"].upper()]
    row[Field.CHARGE_OFF_DAYS] = loan["charged_off_past"]
    row[Field.WATERFALL :] = range(WATERFALL_STEPS)
    own = loan.get("own", {})
    for name, field in (("principal", Field.OWN_PRINCIPAL), ("interest", Field.OWN_INTEREST), ("fee", Field.OWN_FEE)):
        if name in own:
            row[field] = units.parse_decimal(str(own[name]), PPM, exact=True)
    row[Field.COUPON_ANNUAL] = units.rate(str(own.get("coupon", loan["annual_rate"])))
    vehicles = tuple(filter(None, (loan.get("vehicle"),)))
    row[Field.VEHICLE] = len(vehicles) - 1
    return Classes(rows=row[None, :], products=("cash_loan",), segments=("consumer",), vehicles=vehicles)


def _head(words: dict[str, Any]) -> dict[str, Ints]:
    loan = words["loan"]
    return {
        "loan_no": np.array([1]),
        "class_no": np.array([0], np.int32),
        "principal_fen": np.array([fen(loan["principal"])]),
        "disbursed_on": np.array([day(loan["disbursed_on"])], np.int32),
        "first_due_on": np.array([NEVER], np.int32),
        "installment_fen": np.array([0]),
        "ordinal": np.array([1], np.int32),
    }


def carrying_facts(words: dict[str, Any]) -> IrregularBatch:
    """The loan with its payments as facts; the account divides them."""
    loan = words["loan"]
    opened = day(loan["disbursed_on"])
    facts = [(opened, int(FactKind.DISBURSEMENT), opened, fen(loan["principal"]))]
    for fact in words["facts"]:
        on = day(fact["on"])
        amount = sum(fen(fact.get(name, 0)) for name in ("principal", "interest", "recovered", "unapplied"))
        kind = FactKind.PAYOFF if fact.get("pays_off") else FactKind.PAYMENT
        facts.append((on, int(kind), day(fact.get("told", fact["on"])), amount))
    facts.sort(key=lambda one: one[:2])
    on, kind, told, amount = (np.array(column, np.int64) for column in zip(*facts, strict=True))
    none = np.zeros(0, np.int64)
    return IrregularBatch(
        **_head(words),
        fact_offsets=np.array([0, on.size]),
        fact_kind=kind.astype(np.int8),
        fact_on=on.astype(np.int32),
        fact_recorded_on=told.astype(np.int32),
        fact_amount=amount,
        fact_detail=np.zeros(on.size, np.int64),
        listed_offsets=np.zeros(2, np.int64),
        listed_due_on=none.astype(np.int32),
        listed_principal=none,
        listed_interest=none,
        listed_fee=none,
    )


def compact(words: dict[str, Any], due_on: list[dt.date]) -> CompactBatch | None:
    """The same loan as days late, where that says all of it: nothing told late, recovered or unapplied."""
    if any("told" in fact or "recovered" in fact or "unapplied" in fact for fact in words["facts"]):
        return None
    late, settled = [], NEVER
    for number, fact in enumerate(words["facts"]):
        if fact.get("pays_off"):
            settled = day(fact["on"])
        else:
            late.append(day(fact["on"]) - day(due_on[number]))
    return CompactBatch(
        **_head(words),
        settled_on=np.array([settled], np.int32),
        late_offsets=np.array([0, len(late)]),
        late_days=np.array(late, np.int16),
    )


def estimates_of(words: dict[str, Any], chosen: Space, as_of: int) -> Estimates:
    """The scenario's flat estimates, as a close freezes them."""
    told = words.get("estimates", {})
    count = len(chosen.groups)

    def table(name: str) -> Ints:
        rates = told.get(name, {"current": 0, "past_due": 0})
        ppm = [units.parse_decimal(str(rates.get(bucket, rates["past_due"])), PPM, exact=True) for bucket in BUCKETS]
        return np.broadcast_to(np.array(ppm, np.int64), (count, REMAINING, len(BUCKETS))).copy()

    prepaid = units.parse_decimal(str(told.get("prepaid_a_month", 0)), PPM, exact=True)
    return Estimates(
        method="roll_rate",
        as_of=as_of,
        known_on=as_of,
        groups=chosen.groups,
        look_back_from=as_of,
        look_back_to=as_of,
        scenarios=(("stated", PPM),),
        outlook="",
        policy="",
        interval="",
        lifetime_loss_ppm=table("lifetime_loss"),
        twelve_month_loss_ppm=table("twelve_month_loss"),
        default_ppm=np.full((count, REMAINING, len(BUCKETS)), DEFAULT),
        collectable_ppm=table("collectable"),
        prepaid_ppm=np.full(count, prepaid),
        severity_ppm=np.full(count, PPM),
        emergence_ppm=np.full((count, 48), PPM),
        spread_ppm=np.zeros(count + 1, np.int64),
        loan_fen=np.ones(count, np.int64),
    )


def inception_of(words: dict[str, Any], chosen: Space, as_of: int, estimates: Estimates) -> Inception:
    worth = units.parse_decimal(str(words.get("estimates", {}).get("net_payout_at_inception", 0)), PPM, exact=True)
    ppm = np.full((len(chosen.groups), REMAINING), worth)
    return Inception(
        as_of=as_of,
        groups=chosen.groups,
        rate_annual=RATE_SCALE // 25,
        net_payout_ppm=ppm,
        undiscounted_ppm=ppm,
        estimate=estimates.hash,
    )


def role_rows(rules: Iterable[PostingRule] = RULES, vehicle: str = "") -> pa.Table:
    """Every role filled by an entity of its name; for a vehicle, its lender by the entity of the vehicle's."""
    roles = sorted({rule.role for rule in rules if rule.role and rule.book != NO_ENTRY})
    rows = [
        {
            "role": role,
            "model": model.name.lower(),
            "vehicle": vehicle,
            "entity": vehicle if vehicle and role == "lender" else role,
        }
        for role in roles
        for model in Model
    ]
    return pa.Table.from_pylist(rows, schema=ROLES)


def standing_of(chosen: Space, start: int) -> list[Standing]:
    """Every lender consolidated, every lender and guarantor licensed."""
    days = np.ones(chosen.window.as_of - start + 1, np.bool_)
    licences = {"on_balance_sheet": "lending", "capital_heavy": "guarantee"}
    return [Standing(consolidated=days, licence=licences.get(pool[1], "none")) for pool in chosen.pools]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """One close: its entries, the balances after it, what loans had come to, and which accounts stand on the wrong side."""

    entries: pa.Table
    amounts: pa.Table
    balances: pa.Table
    totals: Totals
    cells: BookCells
    space: Space
    findings: tuple[str, ...]


class _Last:
    """What `brought_forward` reads of the last period."""

    def __init__(self, balances: pa.Table) -> None:
        self._balances = balances

    def table(self, name: str) -> pa.Table:
        assert name == "balances"
        return self._balances


def close_one(
    batch: Batch,
    words: dict[str, Any],
    classes: Classes,
    day_of: int,
    last: Closed | None,
    start: int,
    rules: pa.Table,
    *,
    since: int,
) -> Closed:
    """One period, known on the day of its close; `since` is the first day of the book."""
    chosen = space(classes, window(since=since, as_of=day_of, known_on=day_of))
    estimates = estimates_of(words, chosen, day_of)
    frozen = {last_month(day_of): inception_of(words, chosen, day_of, estimates)}
    basis = basis_of([policy_of(words)], classes, chosen, estimates, frozen, start, last_on=start - 1 if last else NO_CLOSE)
    cells = book_batches([batch], classes, chosen, basis)
    run = hashlib.sha256(str(day_of).encode()).hexdigest()[:32]
    standing = standing_of(chosen, start)
    before = last.totals if last else None
    amounts = loan_amounts(cells, chosen, start, before, COMPONENTS, standing, close_run=run, currency="CNY")
    entries = post_by(amounts, rules, role_rows(vehicle=words["loan"].get("vehicle", "")))
    balances = brought_forward(_Last(last.balances), entries) if last else trial_balance(entries)  # type: ignore[arg-type]
    return Closed(
        entries=entries,
        amounts=amounts,
        balances=balances,
        totals=totals(cells, chosen, start, standing),
        cells=cells,
        space=chosen,
        findings=tuple(broken.words for broken in broken_limits(balances, CHART)),
    )


def close_all(batch: Batch, words: dict[str, Any], days: Iterable[dt.date], rules: pa.Table | None = None) -> list[Closed]:
    """Consecutive closes; the first period begins with the month of the drawdown."""
    classes, found, last = classes_of(words), [], None
    by = rule_table(RULES) if rules is None else rules
    start = day(words["loan"]["disbursed_on"].replace(day=1))
    assert month_index(start) == month_index(int(batch.disbursed_on.min()))
    for each in days:
        last = close_one(batch, words, classes, day(each), last, start, by, since=int(batch.disbursed_on.min()))
        found.append(last)
        start = day(each) + 1
    return found
