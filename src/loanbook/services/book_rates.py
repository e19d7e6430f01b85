"""Exchange rates that a book holds: its `fx_rate` events, the newest of a day counts."""

from collections.abc import Mapping

import pyarrow as pa

from loanbook.accounting.corporate_reversals import standing
from loanbook.terms.exchange_rates import AVERAGE, SPOT, ExchangeRate, ExchangeRates, exchange_rates
from loanbook.units import day

PRESENTATION = "CNY"


def book_rates(tables: Mapping[str, pa.Table], presentation: str = PRESENTATION) -> ExchangeRates:
    """The rates against the presentation currency that were not taken back; raises TermsError for averages whose days overlap."""
    newest: dict[tuple[str, str, int], ExchangeRate] = {}
    told = standing(tables)
    rows = told["fx_rate"].to_pylist() if "fx_rate" in told else []
    for row in sorted(rows, key=lambda row: row["recorded_at"]):
        if row["to_currency"] != presentation:
            continue
        first = day(row["happened_on"])
        last = day(row["ends_on"]) if row["basis"] == AVERAGE and row["ends_on"] else first
        newest[row["currency"], row["basis"], first] = ExchangeRate(
            currency=row["currency"],
            kind=AVERAGE if row["basis"] == AVERAGE else SPOT,
            starts_on=first,
            ends_on=last,
            rate=int(row["rate"]),
            source=row["source"] or "",
            place=row["event_id"],
        )
    return exchange_rates(list(newest.values()), presentation)
