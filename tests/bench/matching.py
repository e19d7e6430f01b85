"""What matching costs a request: `python -m tests.bench.matching [--mandates 160]`."""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from loanbook.funding.eligibility import eligible
from loanbook.funding.mandate_table import asked, mandate_table
from loanbook.funding.matching import match
from loanbook.funding.quoting import quote_cap
from loanbook.funding.room import room_left
from loanbook.terms.rate_cap import caps_in
from tests.funding.requests import ON, SHIPPED, request

TIMES = 200
BATCHES = (1, 10, 100, 1_000)


def median_us(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(TIMES):
        began = perf_counter()
        call()
        times.append(perf_counter() - began)
    return statistics.median(times) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mandates", type=int, default=160)
    count = parser.parse_args().mandates
    shipped = [SHIPPED[code] for code in sorted(SHIPPED)]
    table = mandate_table([replace(shipped[n % len(shipped)], code=f"mandate_{n:04}") for n in range(count)], ON)
    caps, room = caps_in(), room_left(table)
    print(f"{len(table.mandates)} mandates, one core, medians of {TIMES}, microseconds a request")
    print(f"{'batch':>6} {'columns':>8} {'match':>8} {'room':>8}")
    for size in BATCHES:
        batch = [request(borrower_id=str(n), principal_fen=100_000 + n) for n in range(size)]
        columns = asked(table, batch)
        calls = (lambda: asked(table, batch), lambda: match(table, columns, room), lambda: room_left(table))  # noqa: B023
        figures = [median_us(call) / size for call in calls]
        print(f"{size:>6} {figures[0]:>8.1f} {figures[1]:>8.1f} {figures[2]:>8.2f}")
    columns = asked(table, [request()])
    print(f"cap of a quote, eligibility with it: {median_us(lambda: quote_cap(table, eligible(table, columns)[0], caps)):.1f}")


if __name__ == "__main__":
    main()
