"""How long one decision takes in process: `python -m tests.bench.decisions [--times 20000]`.

Prints wall and processor time of `assess` on the shipped consumer strategy: one applicant after another, each with other answers,
so that neither the reader nor the tables see the same values twice in a row.
"""

import argparse
import time
from typing import Any

from loanbook.borrowers.assessment import assess
from loanbook.borrowers.evidence import Outcome
from tests.borrowers.applicants import CONSUMER, ON, shipped


def applicant(number: int) -> dict[str, Any]:
    """An applicant of a number; about half are approved."""
    return {
        **CONSUMER,
        "age_years": 16 + number % 55,
        "bureau_score": None if number % 7 == 0 else 420 + number * 13 % 400,
        "income_monthly_fen": 150_000 + number * 7_919 % 2_000_000,
        "debt_to_income": f"0.{number * 31 % 9000:04d}",
        "loans_repaid": number % 5,
        "overdue_days_most": number % 11 * 8,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="time of one in-process decision")
    parser.add_argument("--times", type=int, default=20_000)
    times = parser.parse_args().times
    strategy = shipped("consumer")
    people = [applicant(number) for number in range(times)]
    begun = time.perf_counter()
    assess(strategy, CONSUMER, ON)
    compiled = time.perf_counter() - begun
    wall, processor, approved = [], [], 0
    for inputs in people:
        begun, used = time.perf_counter_ns(), time.process_time_ns()
        found = assess(strategy, inputs, ON)
        processor.append(time.process_time_ns() - used)
        wall.append(time.perf_counter_ns() - begun)
        approved += found.outcome is Outcome.APPROVED
    print(f"{times:,} decisions, {approved:,} approved; first decision with compiling {compiled * 1e3:.1f} ms")
    for name, series in (("wall", sorted(wall)), ("processor", sorted(processor))):
        p50, p99, p999 = (series[int(times * share)] / 1e3 for share in (0.5, 0.99, 0.999))
        print(f"{name:>10}: p50 {p50:.0f} us, p99 {p99:.0f} us, p99.9 {p999:.0f} us, mean {sum(series) / times / 1e3:.0f} us")


if __name__ == "__main__":
    main()
