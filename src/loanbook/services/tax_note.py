"""Why the income tax of a period is not the statutory rate of its income: the proof of tax fed from the books.

The proof is of a calendar year so far; a period is what it grew by. Entities with books in another currency, and what
consolidation adds to income, are explained at the rates as one amount each; the rest of them is told as such.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from loanbook import units
from loanbook.accounting.group_rows import OPENING, is_in
from loanbook.accounting.measured_postings import TAX
from loanbook.accounting.tax import PPM
from loanbook.accounting.tax_proof import EntityYear, proof_of_tax
from loanbook.services.group_closes import GroupPeriod
from loanbook.services.tax_amounts import WITHHELD as WITHHOLDING
from loanbook.services.tax_amounts import entity_years
from loanbook.services.taxable_income import TAX_ACCOUNTS, years_of
from loanbook.terms.chart import Chart
from loanbook.terms.entity import Group
from loanbook.units import HALF_UP, mul_div

STATUTORY_PPM = 250_000
"""The standard rate of enterprise income tax."""
PRESENTATION = "CNY"
_LINES = {
    "statutory": "tax_statutory",
    "rates_of_entities": "tax_rates_of_entities",
    "permanent_share_based_compensation": "tax_share_based",
    "change_of_rate": "tax_change_of_rate",
    "deferred_at_other_rates": "tax_deferred_at_other_rates",
    "valuation_allowance": "tax_valuation_allowance",
}
OTHER, WITHHELD = "tax_other", "tax_withholding"


def tax_lines(periods: Sequence[GroupPeriod], entries: Sequence[pa.Table], group: Group, chart: Chart) -> list[dict[str, int]]:
    """Lines of the proof for each period of US GAAP, oldest first, expense above zero; they sum to the group's tax expense.

    entries  of each period, summed (`group_closes.summed_entries`)

    raises   TieError as `proof_of_tax`
    """
    found: list[dict[str, int]] = []
    before: dict[str, int] = {}
    for place, each in enumerate(periods):
        end = _end(each)
        same_year = place > 0 and units.date(_end(periods[place - 1])).year == units.date(end).year
        whole = _year_so_far(periods[: place + 1], entries, group, chart, end)
        found.append({name: amount - (before.get(name, 0) if same_year else 0) for name, amount in whole.items()})
        found[-1] |= {name: -amount for name, amount in before.items() if same_year and name not in whole}
        before = whole
    return found


def _end(each: GroupPeriod) -> int:
    return units.day(each.closed.manifest["ends_on"])


def _year_so_far(
    periods: Sequence[GroupPeriod], entries: Sequence[pa.Table], group: Group, chart: Chart, end: int
) -> dict[str, int]:
    year = units.date(end).year
    years = entity_years(years_of((_end(each), table) for each, table in zip(periods, entries, strict=False)), group, chart, end)
    of_year = [each for each in periods if units.date(_end(each)).year == year]
    pretax = sum(_income(each) for each in of_year)
    booked = sum(_tax(each) for each in of_year)
    abroad = {each.entity: each.rate_ppm for each in years if each.currency != PRESENTATION}
    home = [each for each in years if each.entity not in abroad]
    lines = _proof(home)
    lines[WITHHELD] = sum(_withheld(each) for each in of_year)
    earned_home = sum(each.pretax_fen for each in home)
    for entity, rate_ppm in sorted(abroad.items()):
        # With all its currencies, which the group's figures hold in one.
        own = sum(_income(period, entity) for period in of_year)
        earned_home += own
        lines["tax_statutory"] = lines.get("tax_statutory", 0) + _times(own, STATUTORY_PPM)
        lines["tax_rates_of_entities"] = lines.get("tax_rates_of_entities", 0) + _times(own, rate_ppm - STATUTORY_PPM)
        # What is not deducted is not taxed either where the rate is nothing; elsewhere it is part of the rest.
    lines["tax_statutory"] = lines.get("tax_statutory", 0) + _times(pretax - earned_home, STATUTORY_PPM)
    lines[OTHER] = booked - sum(amount for name, amount in lines.items() if name != OTHER)
    return lines


def _withheld(each: GroupPeriod) -> int:
    """What planned distributions of companies with books in the presentation currency added to the period's tax."""
    amounts = each.closed.table("company")
    signs = {f"{WITHHOLDING}_asset": -1, f"{WITHHOLDING}_liability": 1}
    own = amounts.filter(pc.and_(pc.equal(amounts["kind"], TAX), pc.equal(amounts["currency"], PRESENTATION)))
    rows = own.select(["component", "amount_fen"]).to_pylist()
    return sum(signs.get(row["component"], 0) * row["amount_fen"] for row in rows)


def _proof(years: Sequence[EntityYear]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for name, amount in proof_of_tax(years, STATUTORY_PPM).lines.items():
        line = _LINES.get(name, OTHER)
        lines[line] = lines.get(line, 0) + amount
    return lines


def _income(each: GroupPeriod, entity: str = "") -> int:
    """Income before tax of the group, or of one entity in the presentation currency."""
    rows = each.consolidated.own.of(entity) if entity else each.consolidated.rows
    setting = each.consolidated.setting
    results = [code for code in setting.results if code not in TAX_ACCOUNTS]
    return -rows.where(is_in(rows["account"], results) & (rows["column"] != OPENING)).total


def _tax(each: GroupPeriod) -> int:
    rows = each.consolidated.rows
    return rows.where(is_in(rows["account"], TAX_ACCOUNTS) & (rows["column"] != OPENING)).total


def _times(amount: int, rate_ppm: int) -> int:
    return int(mul_div(amount, rate_ppm, PPM, HALF_UP))
