"""Small books of loans of every model, made up from a seed, for tests of the ledger."""

import datetime as dt
import random
from pathlib import Path

from loanbook.stores.book import Book, create_book
from loanbook.stores.intake import append
from tests.stores.rows import TERMS, loan, paid_in_full, table

MODELS = ("on_balance_sheet", "capital_heavy", "capital_light", "referral", "technology")
KNOWN = dt.date(2024, 12, 31)


def rows_of(seed: int, loans: int) -> dict[str, list[dict]]:
    """Loans of January to September 2024 and what was paid by the year's end: on time, late, or no more at all."""
    drawn = random.Random(seed)
    made, paid = [], []
    for number in range(loans):
        on = dt.date(2024, 1, 5) + dt.timedelta(days=drawn.randrange(265) if number else 0)
        row = loan(
            f"L{number:03d}",
            on.isoformat(),
            drawn.randrange(100_000, 3_000_000, 100),
            model=MODELS[number % len(MODELS)],
            installment_count=(count := drawn.choice((3, 6, 12))),
            tenor_months=count,
        )
        made.append(row)
        pays = count if drawn.random() < 0.6 else drawn.randrange(count + 1)
        late = [0 if drawn.random() < 0.8 else drawn.randrange(1, 100) for _ in range(pays)]
        paid += [each for each in paid_in_full(row, late) if each["happened_on"] <= KNOWN]
    return {"loan_disbursed": made, "payment_received": paid}


def ledger_book(home: Path, *, seed: int = 1, loans: int = 40, name: str = "made_up") -> Book:
    """A book under a folder of its own."""
    rows = rows_of(seed, loans)
    book = create_book(home / name, name=name, currency="CNY")
    return append(book, {kind: table(kind, each) for kind, each in rows.items()}, terms={"sample_level": TERMS}).book
