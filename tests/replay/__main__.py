"""`python -m tests.replay`: replays the filings, prints how many of how many come out, and writes docs/replay.md."""

import sys
from pathlib import Path

from tests.replay.page import page
from tests.replay.proof import exceptions, proved
from tests.replay.replay import outcomes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "replay.md"


def main() -> int:
    """0 when every figure comes out as printed or is listed with a reason that arithmetic bears."""
    found = list(outcomes())
    listed = {each.where: each for each in exceptions()}
    missed = [each for each in found if not each.agrees]
    unlisted = [each for each in missed if each.figure.where not in listed]
    evidence = {each.figure.where: proved(listed[each.figure.where], each) for each in missed if each.figure.where in listed}
    for each in unlisted:
        figure = each.figure
        print(f"{figure.where}: {figure.line} of {figure.period} printed {figure.printed}, computed {each.computed}")
    print(f"{len(found) - len(missed):,} of {len(found):,} printed figures come out as printed; {len(evidence)} with a reason.")
    PAGE.write_text(page(found, evidence), encoding="utf-8")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
