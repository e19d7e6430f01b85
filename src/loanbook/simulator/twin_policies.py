"""Accounting policies of a platform's twin, a version a quarter, out of the drivers that its scenario file sources."""

from pathlib import Path

from loanbook.simulator.sourced import Parameters
from loanbook.units import date, day

CODE = "twin"
UPFRONT_SHARE = 0.70
COMPENSATION_DPD = 60
CONFIRM_DAYS, COLLECT_DAYS = 30, 60


def write_policies(parameters: Parameters, folder: Path) -> None:
    """One YAML file a quarter of the scenario: what partners keep, take rates, fees of volume; the rest does not change.

    The price of a light loan is net of VAT; the platform's part of interest is that with VAT, over what loans pay in interest
    (`books.interest_yield`). A quarter for which nothing is published takes the first that is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vat = parameters.number("books.tax.vat")
    lender = parameters.by_quarter("books.funding.lender_rate_annual")
    light = parameters.by_quarter("books.prices.capital_light")
    referral = parameters.by_quarter("books.take_rates.referral")
    other = parameters.by_quarter("books.take_rates.other_technology")
    paid = parameters.number("books.interest_yield.capital_light")
    for quarter, rate in lender.items():
        starts = f"{quarter[:4]}-{3 * int(quarter[5]) - 2:02d}-01"
        share = _at(light, quarter) * (1 + vat) / paid
        lines = [
            "# Written by the twin out of its scenario file, which says where each figure comes from.",
            f"policy: {CODE}",
            f"title: Accounting policy of the twin, {quarter}",
            f"effective_from: {date(day(starts)).isoformat()}",
            f"source: {parameters.path}",
            "chart: platform",
            f"vat: {vat}",
            f"settle_days: {parameters.whole('books.settle_days')}",
            "discount_rate_annual: 0.04",
            "par_value_of_a_million_shares: 70.00",
            "losses: {method: roll_rate, look_back_months: 12, thin_events: 40, outlook: unchanged}",
            "staging: {stage_2_dpd: 30, stage_3_dpd: 90, cure_months: 3, cure_default_months: 3, riskier_times: 3, "
            "riskier_by: 0.2}",
            "models:",
            f"  on_balance_sheet: {{non_accrual_dpd: 60, origination_costs: {parameters.number('books.origination_costs')}, "
            f"loss_overlay: {parameters.number('books.loss_overlay.on_balance_sheet')}}}",
            f"  capital_heavy: {{lender_rate_annual: {rate}, upfront_share: {UPFRONT_SHARE}, "
            f"compensation_dpd: {COMPENSATION_DPD}, guarantee_margin: {parameters.number('books.guarantee_margin')}, "
            f"loss_overlay: {parameters.number('books.loss_overlay.capital_heavy')}}}",
            f"  capital_light: {{platform_share: {share:.6f}, upfront_share: {UPFRONT_SHARE}}}",
            f"  referral: {_flat(_at(referral, quarter) * (1 + vat))}",
            f"  technology: {_flat(_at(other, quarter) * (1 + vat))}",
            f"  technology_discontinued: {_flat(_at(other, quarter) * (1 + vat))}",
        ]
        (folder / f"{CODE}_{quarter}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _at(series: dict[str, float], quarter: str) -> float:
    return series.get(quarter, series[min(series)])


def _flat(share: float) -> str:
    return f"{{fee_of_principal: {share:.6f}, confirm_days: {CONFIRM_DAYS}, collect_days: {COLLECT_DAYS}}}"
