"""The three kernels against their plain twins: the same loans, outputs compared, work per second on one core."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from loanbook.loans.facts import FactKind, Row
from loanbook.loans.pricing import effective_period_rates
from loanbook.loans.schedule import schedules
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import Scenario
from loanbook.terms.contract import Field
from loanbook.units import RATE_SCALE, Ints, day
from tests.bench import twins
from tests.bench.accounts import Booked, book_all

SEED = 11
COUNT = 12
PAYMENTS = 14
RATE_TOLERANCE = 1e-9
_REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One kernel in the three forms: units of work a second, and how many outputs were compared and differ."""

    name: str
    unit: str
    kernel: float
    numpy: float
    python: float
    compared: int
    different: int


def run_kernels(loans: int = 400_000, python_loans: int = 4_000) -> list[Timed]:
    """Schedule, allocation and effective interest; the pure-Python twin gets `python_loans` of the same loans."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    row = _contract_of_twelve()
    principal_fen = generator.integers(500_00, 50_000_00, loans)
    rate_bp = generator.choice(np.array([1799, 2160, 2340, 2399]), loans)
    contracts = np.repeat(row[None, :], loans, axis=0)
    contracts[:, Field.RATE_ANNUAL] = rate_bp * (RATE_SCALE // twins.BASIS_POINTS)
    disbursed_on = generator.integers(day("2021-10-01"), day("2024-09-30"), loans)
    return [
        _schedule(contracts, principal_fen, rate_bp, disbursed_on, python_loans),
        _allocation(generator, contracts[: loans // 4], principal_fen, disbursed_on, python_loans),
        _effective_interest(generator, contracts, principal_fen, disbursed_on, python_loans),
    ]


def _contract_of_twelve() -> Ints:
    """A shipped contract; without its tolerance of residues, which the plain twins do not know."""
    rows = offer(Scenario()).classes.rows
    contract = np.array(rows[(rows[:, Field.COUNT] == COUNT) & (rows[:, Field.PRODUCT] == 0)][0])
    contract[Field.ARREARS_TOLERANCE] = 0
    return contract


def _best(work: Callable[[], Any]) -> tuple[Any, float]:
    """The work's result and the shortest of a few runs, in seconds; the first run, which may compile, is not counted."""
    result = work()
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def _once(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _schedule(contracts: Ints, principal_fen: Ints, rate_bp: Ints, disbursed_on: Ints, few: int) -> Timed:
    outputs, compiled = _best(lambda: schedules(contracts, principal_fen, disbursed_on))
    columns, vector = _best(lambda: twins.level_numpy(principal_fen, rate_bp, disbursed_on, COUNT))
    asked = list(zip(principal_fen[:few].tolist(), rate_bp[:few].tolist(), disbursed_on[:few].tolist(), strict=True))
    plain, slow = _once(lambda: [twins.level_python(*each, COUNT) for each in asked])
    principal = outputs[1]
    different = sum(int((ours != twin).sum()) for ours, twin in zip(outputs, columns, strict=True))
    for place, ours in enumerate(outputs):
        different += int((ours[:few] != np.array([each[place] for each in plain])).sum())
    return Timed(
        name="schedule (level, 12 months)",
        unit="instalments/s",
        kernel=principal.size / compiled,
        numpy=principal.size / vector,
        python=few * COUNT / slow,
        compared=3 * principal.size + 3 * few * COUNT,
        different=different,
    )


def _allocation(generator: np.random.Generator, contracts: Ints, principal_fen: Ints, disbursed_on: Ints, few: int) -> Timed:
    """Each loan gets payments of odd amounts, so that nearly every one is split over instalments and components.

    The last payment comes after the last due date and takes what is left: a loan repaid early would owe less interest.
    """
    loans = contracts.shape[0]
    amounts, opened = principal_fen[:loans], disbursed_on[:loans]
    _, principal, interest = schedules(contracts, amounts, opened)
    installment = principal[:, 0] + interest[:, 0]
    money = (installment[:, None] * generator.uniform(0.3, 1.3, (loans, PAYMENTS))).astype(np.int64) + 1
    total = (principal + interest).sum(axis=1)
    before_last = total - installment
    money = np.minimum(money, np.maximum(before_last[:, None] - (np.cumsum(money, axis=1) - money), 0))
    money[:, -1] = total - money[:, :-1].sum(axis=1)
    paid_on = opened[:, None] + 30 * np.arange(1, PAYMENTS + 1) + generator.integers(0, 9, (loans, PAYMENTS))
    facts = np.zeros((loans, PAYMENTS, 3), np.int64)
    facts[:, :, 0], facts[:, :, 1], facts[:, :, 2] = FactKind.PAYMENT, paid_on, money

    def compiled_work() -> Booked:
        return book_all(contracts, amounts, opened, facts)

    booked, compiled = _best(compiled_work)
    (paid_principal, paid_interest, cleared_on), vector = _best(lambda: twins.allocate_numpy(principal, interest, paid_on, money))
    due = list(zip(principal[:few].tolist(), interest[:few].tolist(), strict=True))
    payments = [
        list(zip(days, sums, strict=True)) for days, sums in zip(paid_on[:few].tolist(), money[:few].tolist(), strict=True)
    ]
    plain, slow = _once(lambda: [twins.allocate_python(*each, paid) for each, paid in zip(due, payments, strict=True)])
    outputs = (
        (booked.rows[:, :, Row.PAID_PRINCIPAL], paid_principal),
        (booked.rows[:, :, Row.PAID_INTEREST], paid_interest),
        (booked.rows[:, :, Row.CLEARED_ON], cleared_on),
    )
    different = sum(int((ours != twin).sum()) for ours, twin in outputs)
    for place, (ours, _) in enumerate(outputs):
        different += int((ours[:few] != np.array([each[place] for each in plain])).sum())
    return Timed(
        name=f"allocation ({PAYMENTS} odd payments on 12 instalments)",
        unit="instalments/s",
        kernel=loans * COUNT / compiled,
        numpy=loans * COUNT / vector,
        python=few * COUNT / slow,
        compared=3 * loans * COUNT + 3 * few * COUNT,
        different=different,
    )


def _effective_interest(
    generator: np.random.Generator, contracts: Ints, principal_fen: Ints, disbursed_on: Ints, few: int
) -> Timed:
    _, principal, interest = schedules(contracts, principal_fen, disbursed_on)
    flows = principal + interest
    carrying = principal_fen - (principal_fen * generator.uniform(0.0, 0.05, principal_fen.size)).astype(np.int64)
    rates, compiled = _best(lambda: effective_period_rates(carrying, flows))
    numpy_rates, vector = _best(lambda: twins.rates_numpy(carrying, flows))
    asked = list(zip(carrying[:few].tolist(), flows[:few].tolist(), strict=True))
    plain, slow = _once(lambda: [twins.rate_python(*each) for each in asked])
    ours = rates / RATE_SCALE
    different = int((np.abs(ours - numpy_rates) > RATE_TOLERANCE).sum())
    different += int((np.abs(ours[:few] - np.array(plain)) > RATE_TOLERANCE).sum())
    return Timed(
        name="effective interest (12 flows)",
        unit="loans/s",
        kernel=carrying.size / compiled,
        numpy=carrying.size / vector,
        python=few / slow,
        compared=carrying.size + few,
        different=different,
    )
