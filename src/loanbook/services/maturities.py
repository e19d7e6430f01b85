"""Borrowed principal by the day on which it must be repaid, as the contracts say that a close knew."""

from collections.abc import Mapping

import pyarrow as pa

from loanbook import units
from loanbook.accounting.corporate_postings import known
from loanbook.loans.dates import add_months
from loanbook.services.corporate_amounts import known_by
from loanbook.services.group_closes import GroupPeriod
from loanbook.statements.periods import Period
from loanbook.statements.presentation import Key
from loanbook.terms.conventions import MonthEnd
from loanbook.terms.exchange_rates import ExchangeRates
from loanbook.units import HALF_UP, RATE_SCALE, mul_div

COLUMNS = ((3, "within_3_months"), (12, "months_4_to_12"), (24, "second_year"))
LATER, UNDATED = "later", "undated"
LINES = {"maturity_investors": ("2010", "2011"), "maturity_short_term_loans": ("2130",)}
_SHORT_TERM = "short_term_loans"
_LAST_DAY = int(MonthEnd.LAST_DAY)


def maturity_amounts(each: GroupPeriod, tables: Mapping[str, pa.Table], rates: ExchangeRates) -> dict[Key, int]:
    """Amounts of the note at the end of one period, debit less credit; what accounts hold beyond borrowings has no day."""
    end, known_on = (units.day(each.closed.manifest[name]) for name in ("ends_on", "known_at"))
    facts = known(tables, end, known_by(known_on))
    at = Period(ends_on=end)
    found: dict[Key, int] = {}
    for row, owed in _open(facts):
        line = "maturity_short_term_loans" if row["line"] == _SHORT_TERM else "maturity_investors"
        rate = rates.spot(str(row["currency"]), end)
        matures = units.day(str(row["matures_on"]))
        column = next((name for months, name in COLUMNS if matures <= int(add_months(end, months, _LAST_DAY))), LATER)
        key = (line, at, column)
        found[key] = found.get(key, 0) - int(mul_div(owed, rate, RATE_SCALE, HALF_UP))
    trial = each.consolidated.trial_balance()
    for line, accounts in LINES.items():
        booked = sum(
            amount
            for account, amount in zip(trial["account"].to_pylist(), trial["amount_fen"].to_pylist(), strict=True)
            if account in accounts
        )
        found[line, at, UNDATED] = booked - sum(amount for (code, _, _), amount in found.items() if code == line)
    return {key: amount for key, amount in found.items() if amount}


def _open(facts: Mapping[str, pa.Table]) -> list[tuple[Mapping[str, object], int]]:
    """Borrowings with a last day that are not paid back, with what is owed."""
    repaid: dict[str, int] = {}
    for row in facts["debt_repaid"].to_pylist() if "debt_repaid" in facts else []:
        repaid[row["debt"]] = repaid.get(row["debt"], 0) + row["amount_fen"]
    drawn = facts["debt_drawn"].to_pylist() if "debt_drawn" in facts else []
    left = [(row, row["amount_fen"] - repaid.get(row["debt"], 0)) for row in drawn]
    return [(row, owed) for row, owed in left if owed and row["matures_on"] is not None]
