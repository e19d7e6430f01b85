"""Product and loan settings of a Fineract reference case as a contract row; what is not carried is declined by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from loanbook.loans.amounts import down_payment
from loanbook.terms.contract import Field, empty_contract
from loanbook.terms.conventions import Component, DayCount, Engine, Excess, Method, MonthEnd, Payoff, Processing, Timing, Unit
from loanbook.units import Ints, Rounding, rate


class DeclinedError(Exception):
    """The case needs a setting or an operation that is not carried; the text names it."""


DECIMALS = 2
MINOR = 10**DECIMALS
_NOISE = Decimal("1e-6")

_BY_AGE = {
    "PENALTY_FEE_PRINCIPAL_INTEREST_BY_AGE": ("PENALTY", "FEE", "PRINCIPAL", "INTEREST"),
    "PENALTY_FEE_INTEREST_PRINCIPAL_BY_AGE": ("PENALTY", "FEE", "INTEREST", "PRINCIPAL"),
}
_PENALTIES_FIRST = ("PENALTY", "FEE", "INTEREST", "PRINCIPAL")
_STRATEGIES = {
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": (_PENALTIES_FIRST, _PENALTIES_FIRST),
    "DUE_PENALTY_FEE_INTEREST_PRINCIPAL_IN_ADVANCE_PRINCIPAL_PENALTY_FEE_INTEREST": (
        _PENALTIES_FIRST,
        ("PRINCIPAL", "PENALTY", "FEE", "INTEREST"),
    ),
}
_ADVANCED = "ADVANCED_PAYMENT_ALLOCATION"
_FUTURE = {"NEXT_INSTALLMENT": Excess.NEXT, "LAST_INSTALLMENT": Excess.LAST, "REAMORTIZATION": Excess.SPREAD}
_REDUCE = {"REDUCE_EMI_AMOUNT": Excess.SMALLER, "REDUCE_NUMBER_OF_INSTALLMENTS": Excess.FEWER}
_UNITS = {"DAYS": Unit.DAY, "WEEKS": Unit.WEEK, "MONTHS": Unit.MONTH}
_A_YEAR = {"YEAR": 1, "MONTH": 12}

_ONE_VALUE: dict[str, tuple[Any, ...]] = {
    "currency_decimals": (DECIMALS,),
    "currency_in_multiples_of": (0, 1, None),
    "equal_amortization": (False, None),
    "repayment_start_date_type": ("DISBURSEMENT_DATE",),
    "recalculation_compounding": ("NONE", None),
    "recalculation_rest_frequency": ("DAILY", None),
    "recalculation_rest_interval": (1, None),
    "accounting_rule": ("ACCRUAL_PERIODIC", "NONE", "CASH_BASED", None),
    "days_in_year_custom_strategy": ("FEB_29_PERIOD_ONLY", "FULL_LEAP_YEAR", None),
}
_READ = {
    "days_in_year",
    "days_in_month",
    "allow_partial_period_interest_calculation",
    "transaction_processing_strategy",
    "schedule_type",
    "interest_recalculation_enabled",
    "multi_disbursement",
    "installment_amount_in_multiples_of",
    "schedule_processing_type",
    "payment_allocation",
    "down_payment_enabled",
    "down_payment_percent_of_disbursed",
    "down_payment_auto_paid",
    "preclosure_interest_strategy",
    "advance_payment_strategy",
    "disallow_interest_on_past_due",
    "accrual_activity_posting",
    "charges",
    "grace_on_arrears_ageing_days",
    "principal_threshold_for_last_installment_pct",
}
_LOAN_READ = {
    "submitted_on",
    "principal",
    "interest_rate",
    "interest_type",
    "interest_calculation_period",
    "amortization",
    "term",
    "term_unit",
    "repay_every",
    "repay_unit",
    "number_of_repayments",
    "grace_on_principal",
    "grace_on_interest",
    "interest_free_period",
    "strategy",
    "interest_rate_unit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A case's settings: the contract row, and what its engine does around the account."""

    contract: Ints
    progressive: bool
    recalculates: bool
    accrues: bool
    posts_activity: bool
    auto_down_payment: bool
    late_fee_percent: Decimal | None


def money(amount: Any) -> int:
    """An amount of the file in minor units; float noise is taken off, more digits than the currency has are declined."""
    minor = Decimal(str(amount)) * MINOR
    rounded = minor.quantize(Decimal(1))
    if abs(minor - rounded) > _NOISE:
        raise DeclinedError(f"amount {amount!r} is not a whole number of minor units")
    return int(rounded)


def _choice(names: Mapping[str, Any], where: str, value: Any) -> Any:
    if value not in names:
        raise DeclinedError(f"{where} {value!r} is not carried; known: {', '.join(map(str, names))}")
    return names[value]


def _reject_unknown(product: Mapping[str, Any], loan: Mapping[str, Any]) -> None:
    for key, value in product.items():
        if key in _ONE_VALUE:
            if value not in _ONE_VALUE[key]:
                raise DeclinedError(f"product setting {key} = {value!r} is not carried")
        elif key not in _READ and value not in (None, False, 0, "", [], {}):
            raise DeclinedError(f"product setting {key} is not known")
    for key, value in loan.items():
        if key not in _LOAN_READ and value not in (None, False, 0, "", [], {}):
            raise DeclinedError(f"loan setting {key} is not known")
    for key in ("grace_on_interest", "interest_free_period"):
        if loan.get(key):
            raise DeclinedError(f"loan setting {key} = {loan[key]!r}: its engine's rule is not documented in the file")


def _crosses_leap_year(loan: Mapping[str, Any]) -> bool:
    first = int(str(loan["submitted_on"])[:4])
    months = {"DAYS": 31, "WEEKS": 4, "MONTHS": 1}[loan["repay_unit"]]
    years = range(first, first + 2 + int(loan["number_of_repayments"]) * int(loan["repay_every"]) // (12 * months))
    return any(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) for year in years)


def _day_count(product: Mapping[str, Any], loan: Mapping[str, Any], progressive: bool) -> DayCount:
    month, year = str(product.get("days_in_month")), str(product.get("days_in_year"))
    zero_rate = Decimal(str(loan["interest_rate"])) == 0
    thirty = {
        "360": DayCount.THIRTY_A_MONTH_360,
        "365": DayCount.THIRTY_A_MONTH_365,
        "ACTUAL": DayCount.THIRTY_A_MONTH_ACTUAL,
    }
    if zero_rate:
        return DayCount.THIRTY_A_MONTH_360
    if loan.get("interest_calculation_period") == "SAME_AS_REPAYMENT_PERIOD":
        if loan["repay_unit"] == "MONTHS":
            return DayCount.THIRTY_A_MONTH_360
        if loan["repay_unit"] == "WEEKS" or not progressive:
            raise DeclinedError("interest_calculation_period SAME_AS_REPAYMENT_PERIOD counts 52 weeks or whole days a year")
    elif loan.get("interest_calculation_period") != "DAILY":
        raise DeclinedError(f"interest_calculation_period {loan.get('interest_calculation_period')!r} is not carried")
    if not progressive:
        if month != "ACTUAL" or year not in ("ACTUAL", "365"):
            raise DeclinedError(f"cumulative engine, daily interest over {year}/{month}: only actual days over 365 are described")
        if year == "ACTUAL" and _crosses_leap_year(loan):
            raise DeclinedError("cumulative engine, actual year: how it treats leap years is not described")
        return DayCount.ACTUAL_365_FIXED
    if month == "30":
        if year == "ACTUAL":
            raise DeclinedError("days_in_month 30 with days_in_year ACTUAL: periods across a new year are not described")
        return _choice(thirty, "days_in_year", year)
    if month != "ACTUAL":
        raise DeclinedError(f"days_in_month {month!r} is not carried")
    if year == "ACTUAL":
        if product.get("days_in_year_custom_strategy") == "FEB_29_PERIOD_ONLY":
            return DayCount.ACTUAL_ACTUAL_FEBRUARY_29
        return DayCount.ACTUAL_ACTUAL_31_DECEMBER
    return _choice({"360": DayCount.ACTUAL_360, "365": DayCount.ACTUAL_365_FIXED}, "days_in_year", year)


def _steps(names: Any) -> list[int]:
    steps = []
    for name in names:
        timing = next((timing for timing in Timing if str(name).startswith(timing.name + "_")), None)
        component = None if timing is None else str(name).removeprefix(timing.name + "_")
        if timing is None or component not in Component.__members__:
            raise DeclinedError(f"payment allocation step {name!r} is not known")
        steps.append(int(timing) * len(Component) + int(Component[component]))
    return steps


def _waterfall(product: Mapping[str, Any], loan: Mapping[str, Any]) -> tuple[list[int], Excess]:
    strategy = loan.get("strategy") or product.get("transaction_processing_strategy")
    if strategy != _ADVANCED:
        due, ahead = _choice(_STRATEGIES, "strategy", strategy)
        names = [f"{timing.name}_{part}" for timing in Timing for part in (ahead if timing == Timing.IN_ADVANCE else due)]
        return _steps(names), Excess.NEXT
    rules = product.get("payment_allocation") or {}
    if "DEFAULT" not in rules:
        raise DeclinedError("payment_allocation has no DEFAULT rule")
    default = rules["DEFAULT"]
    for name, rule in rules.items():
        if rule != default and name in ("REPAYMENT", "DOWN_PAYMENT"):
            raise DeclinedError(f"payment_allocation differs for {name}: one waterfall a contract is carried")
    order = default["order"]
    if isinstance(order, str):
        parts = _choice(_BY_AGE, "payment_allocation order", order)
        order = [f"{timing.name}_{part}" for timing in Timing for part in parts]
    return _steps(order), _choice(_FUTURE, "future_installment_rule", default.get("future_installment_rule"))


def read_setting(product: Mapping[str, Any], loan: Mapping[str, Any]) -> Setting:
    """The contract of a case.

    raises   DeclinedError naming the setting that is not carried
    """
    _reject_unknown(product, loan)
    progressive = _choice({"PROGRESSIVE": True, "CUMULATIVE": False}, "schedule_type", product.get("schedule_type"))
    flat = _choice({"DECLINING_BALANCE": False, "FLAT": True}, "interest_type", loan.get("interest_type"))
    zero_rate = Decimal(str(loan["interest_rate"])) == 0
    contract = empty_contract()
    contract[Field.METHOD] = Method.FLAT if flat and not zero_rate else Method.LEVEL
    if loan.get("amortization") == "EQUAL_PRINCIPAL" and not progressive and not flat:
        contract[Field.METHOD] = Method.EQUAL_PRINCIPAL
    elif loan.get("amortization") != "EQUAL_INSTALLMENTS":
        raise DeclinedError(f"amortization {loan.get('amortization')!r} is not carried by this engine")
    per_year = _choice(_A_YEAR, "interest_rate_unit", loan.get("interest_rate_unit", "YEAR"))
    contract[Field.RATE_ANNUAL] = rate(Decimal(str(loan["interest_rate"])) * per_year / 100)
    contract[Field.COUNT] = int(loan["number_of_repayments"])
    contract[Field.UNIT] = _choice(_UNITS, "repay_unit", loan.get("repay_unit"))
    contract[Field.EVERY] = int(loan["repay_every"])
    same_unit = loan.get("term") is not None and loan.get("term_unit") == loan.get("repay_unit")
    if same_unit and int(loan["term"]) != contract[Field.COUNT] * contract[Field.EVERY]:
        raise DeclinedError(f"term {loan['term']} is not number_of_repayments x repay_every")
    contract[Field.MONTH_END] = MonthEnd.SAME_DAY
    contract[Field.DAY_COUNT] = _day_count(product, loan, progressive)
    contract[Field.ROUNDING] = Rounding.HALF_EVEN
    contract[Field.INSTALLMENT_MULTIPLE] = int(product.get("installment_amount_in_multiples_of") or 0) * MINOR
    contract[Field.SMOOTHING] = 1 if progressive else 0
    contract[Field.GRACE_PRINCIPAL] = int(loan.get("grace_on_principal") or 0)
    contract[Field.ENGINE] = Engine.PROGRESSIVE if progressive else Engine.CUMULATIVE
    if product.get("down_payment_enabled"):
        percent = Decimal(str(product.get("down_payment_percent_of_disbursed") or 0))
        contract[Field.DOWN_PAYMENT_PPM] = int(percent * 10_000)
    steps, excess = _waterfall(product, loan)
    contract[Field.WATERFALL : Field.WATERFALL + len(steps)] = steps
    contract[Field.EXCESS] = excess
    contract[Field.PROCESSING] = _choice(
        {"HORIZONTAL": Processing.HORIZONTAL, "VERTICAL": Processing.VERTICAL, None: Processing.HORIZONTAL},
        "schedule_processing_type",
        product.get("schedule_processing_type"),
    )
    recalculates = bool(product.get("interest_recalculation_enabled"))
    contract[Field.PAYOFF] = Payoff.ALL_SCHEDULED
    if recalculates:
        if flat:
            raise DeclinedError("flat interest with interest recalculation is not carried")
        contract[Field.RECALCULATE] = 1
        contract[Field.OVERDUE_INTEREST] = 0 if product.get("disallow_interest_on_past_due") else 1
        contract[Field.PAYOFF] = _choice(
            {"TILL_PRE_CLOSE_DATE": Payoff.TO_DATE, "TILL_REST_FREQUENCY_DATE": Payoff.TO_PERIOD_END},
            "preclosure_interest_strategy",
            product.get("preclosure_interest_strategy"),
        )
        advance = product.get("advance_payment_strategy")
        if not progressive:
            contract[Field.EXCESS] = _choice(_REDUCE, "advance_payment_strategy", advance)
        elif advance != "ADJUST_LAST_UNPAID_PERIOD":
            raise DeclinedError(f"advance_payment_strategy {advance!r} is not one of the progressive engine")
    return Setting(
        contract=contract,
        progressive=progressive,
        recalculates=recalculates,
        accrues=product.get("accounting_rule") == "ACCRUAL_PERIODIC",
        posts_activity=bool(product.get("accrual_activity_posting")),
        auto_down_payment=bool(product.get("down_payment_auto_paid")),
        late_fee_percent=_late_fee(product),
    )


def _late_fee(product: Mapping[str, Any]) -> Decimal | None:
    percent = None
    for charge in product.get("charges") or []:
        known = charge.get("time") == "ONCE_PER_OVERDUE_INSTALMENT" and charge.get("is_penalty")
        if not known or charge.get("calculation") != "PERCENT_OF_INSTALMENT_PRINCIPAL" or percent is not None:
            raise DeclinedError(f"product charge {charge.get('charge')!r} ({charge.get('time')}, {charge.get('calculation')})")
        percent = Decimal(str(charge["percent"]))
    return percent


def down_payment_of(setting: Setting, principal_fen: int) -> int:
    """The down payment on a disbursement; declined where the product rounds it to a multiple that it is not."""
    amount = int(down_payment(setting.contract, np.int64(principal_fen)))
    multiple = int(setting.contract[Field.INSTALLMENT_MULTIPLE])
    if multiple > 1 and amount % multiple:
        raise DeclinedError(f"down payment of {amount} minor units is rounded to multiples of {multiple} by the product")
    return amount
