"""Bench results as Markdown, put between markers of docs/performance.md."""

import os
import platform
from pathlib import Path

from tests.bench.books import STAGES, Booked
from tests.bench.closes import Closed
from tests.bench.kernels import Timed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def machine() -> str:
    """The machine's size in words: processor, cores, memory, Python."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = named[0] if named else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB memory, Python {platform.python_version()}"


def kernels_table(timed: list[Timed], threads: int = 1) -> list[list[str]]:
    """Header and rows: work a second of kernel, NumPy and Python, and outputs that differ."""
    rows = [["kernel", "unit", "Loanbook", "NumPy", "Python", "outputs compared", "different"]]
    for each in timed:
        speeds = (f"{speed / 1e6:.3g} M" for speed in (each.kernel, each.numpy, each.python))
        rows.append([each.name, f"{each.unit}, {threads} core", *speeds, f"{each.compared:,}", f"{each.different:,}"])
    return rows


def closes_table(closed: list[Closed]) -> list[list[str]]:
    """Header and rows: both closes at each size."""
    header = ["loans", "instalments", "irregular", "close, s", "peak, GB", "µs a loan", "bytes an instalment"]
    rows = [[*header, "SQL, s", "SQL peak, GB", "SQL bytes an instalment", "SQL / close", "cells compared", "different"]]
    for each in closed:
        rows.append(
            [
                f"{each.loans / 1e6:g} M",
                f"{each.instalments / 1e6:.1f} M",
                f"{each.irregular / each.loans:.1%}",
                f"{each.kernel_seconds:.2f}",
                f"{each.kernel_peak / 1e9:.2f}",
                f"{each.kernel_seconds / each.loans * 1e6:.2f}",
                f"{each.kernel_bytes / each.instalments:.2f}",
                f"{each.sql_seconds:.1f}",
                f"{each.sql_peak / 1e9:.2f}",
                f"{each.sql_bytes / each.instalments:.2f}",
                f"{each.ratio:.1f} x",
                f"{each.cells:,}",
                f"{sum(each.different.values()):,}",
            ]
        )
    return rows


def books_table(booked: list[Booked]) -> list[list[str]]:
    """Header and rows: a quarter of the books at each size, seconds by stage."""
    rows = [
        [
            "loans",
            "made in",
            "of the quarter",
            *(f"{stage}, s" for stage in STAGES),
            "all, s",
            "peak, GB",
            "µs a loan",
            "entries",
            "SQL, money collected alone, s",
            "sums compared",
            "different",
        ]
    ]
    for each in booked:
        rows.append(
            [
                f"{each.loans / 1e6:g} M",
                f"{each.months} months",
                f"{each.new / 1e6:.2g} M",
                *(f"{each.seconds[stage]:.2f}" for stage in STAGES),
                f"{each.total:.2f}",
                f"{each.peak / 1e9:.2f}",
                f"{each.total / each.loans * 1e6:.2f}",
                f"{each.entries:,}",
                f"{each.sql_seconds:.1f}" if each.sql_seconds else "not run",
                f"{each.compared:,}",
                f"{each.different:,}",
            ]
        )
    return rows


def markdown(rows: list[list[str]]) -> str:
    """A Markdown table; every column but the first is right-aligned."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" + "---:|" * (len(rows[0]) - 1))
    return "\n".join(lines)


def put(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`; raises SystemExit when the markers are not there."""
    whole = page.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if whole.count(start) != 1 or whole.count(end) != 1:
        raise SystemExit(f"{page}: the markers {start} and {end} must stand there once.")
    head, rest = whole.split(start)
    page.write_text(head + start + "\n" + text + "\n" + end + rest.split(end)[1], encoding="utf-8")
