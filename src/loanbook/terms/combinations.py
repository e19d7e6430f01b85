"""Settings of product terms that contradict each other: combinations that no loan can have, each with what to write instead."""

from collections.abc import Iterator

from loanbook.terms.conventions import Excess, Method, MonthEnd, Payoff, Shift, Unit
from loanbook.terms.currency import coarse, unknown
from loanbook.terms.product import PPM, Product, tenor_months
from loanbook.units import YEAR_SCALE, format_money

YEARS_MOST = 100
"""No loan to a person runs longer; due dates far beyond it leave the calendar."""

_PERIOD_INTEREST_MOST = 9.2e18
"""Interest of one period, rate x fraction in `units.INTEREST_SCALE`-ths, that kernels take: 575 % of the balance."""

_DAYS_MOST = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31}
_SHORTEST_YEAR = 360
_MONTHS_A_YEAR = 12


def impossible(product: Product) -> tuple[str, str] | None:
    """The first combination that no loan can have: the setting to point at and the words; None when there is none."""
    for rules in (_lent, _repaid, _dated, _paid, _late):
        for wrong, setting, words in rules(product):
            if wrong:
                return setting, words
    return None


_Rules = Iterator[tuple[bool, str, str]]


def smallest_part(product: Product) -> int:
    """Minor units of principal in an instalment of the smallest loan over the most instalments, at no interest."""
    lent = product.amount_least_fen - product.amount_least_fen * product.down_payment_ppm // PPM
    if product.method in (Method.BULLET, Method.LISTED):
        return lent
    return lent // max(product.counts[-1] - product.grace_principal - product.interest_only_count, 1)


def _lent(product: Product) -> _Rules:
    least, part = product.amount_least_fen, smallest_part(product)
    first_fees = sum(fee.amount_fen + least * fee.share_ppm // PPM for fee in product.fees if not fee.each)
    kept = first_fees + least * product.down_payment_ppm // PPM
    names = [fee.name for fee in product.fees]
    twice = next((name for name in names if names.count(name) > 1), "")
    most = product.counts[-1]
    years = tenor_months(most, product.unit, product.every) / _MONTHS_A_YEAR
    period = product.rate_most * product.every * _DAYS_MOST[product.unit] * YEAR_SCALE // _SHORTEST_YEAR
    periods = most if product.method is Method.FLAT else 1
    strange = unknown(product.currency)
    yield (bool(strange), "currency", f"currency must be {strange}")
    few = "" if strange else coarse(product.currency, product.decimals)
    yield (bool(few), "decimals", few)
    yield (
        product.method is Method.LISTED and product.down_payment_ppm > 0,
        "down_payment",
        "a listed schedule says its own down payment. Remove down_payment.",
    )
    yield (bool(twice), "fees", f"fees name {twice} twice. Give each fee a name of its own.")
    yield (
        bool(product.fees) and kept >= least,
        "fees",
        f"fees at disbursement and the down payment take {_money(product, kept)} of the smallest loan of "
        f"{_money(product, least)}: nothing is left to lend. Write smaller fees, or a larger amount.least.",
    )
    yield (
        years > YEARS_MOST,
        "installments",
        f"{most} instalments every {product.every} {product.unit.name.lower()}s run {years:,.0f} years; a loan runs {YEARS_MOST} "
        "at most. Write fewer instalments, or a smaller frequency.every.",
    )
    yield (
        product.method is not Method.LISTED and period * periods > _PERIOD_INTEREST_MOST,
        "rate_annual",
        f"interest of {'all instalments' if periods > 1 else 'one instalment'} can exceed 575 % of the loan. "
        "Write a lower rate, a shorter frequency or fewer instalments.",
    )
    yield (
        part < 1,
        "amount",
        f"the smallest loan of {_money(product, least)} has fewer minor units than its {most} instalments. "
        "Write a larger amount.least, or fewer instalments.",
    )


def _repaid(product: Product) -> _Rules:
    fewest = product.counts[0]
    method = product.method.name.lower()
    interest_only = product.method is Method.INTEREST_ONLY_THEN_LEVEL
    without = product.interest_only_count + product.grace_principal
    graces = {
        "grace.principal": product.grace_principal,
        "grace.interest": product.grace_interest,
        "grace.interest_free": product.interest_free,
    }
    grace = next((name for name, count in graces.items() if count), "grace")
    yield (
        interest_only and product.interest_only_count == 0,
        "method",
        "method interest_only_then_level needs interest_only_count. Write interest_only_count: 6.",
    )
    yield (
        not interest_only and product.interest_only_count > 0,
        "interest_only_count",
        f"interest_only_count means nothing for method {method}. Write method: interest_only_then_level, or grace.principal.",
    )
    yield (
        product.method is Method.LISTED and any(graces.values()),
        grace,
        "a listed schedule says what each instalment repays. Remove grace, or write another method.",
    )
    yield (
        product.method is Method.BULLET and product.grace_principal > 0,
        "grace.principal",
        "grace.principal means nothing for method bullet, which repays principal at the end. Remove it.",
    )
    yield (
        without >= fewest,
        "grace.principal" if product.grace_principal else "interest_only_count",
        f"{without} instalments without principal leave none of {fewest} to repay it. Write fewer than {fewest}.",
    )
    for name in ("grace.interest", "grace.interest_free"):
        # One instalment without interest is a month for free; an instalment that collects it later needs a later one.
        free_month = name == "grace.interest_free" and graces[name] == fewest == 1
        yield (
            graces[name] >= fewest and not free_month,
            name,
            f"grace covers every one of {fewest} instalments. Write fewer than {fewest}.",
        )


def _dated(product: Product) -> _Rules:
    part, multiple = smallest_part(product), product.installment_multiple
    amortizing = product.method in (Method.LEVEL, Method.INTEREST_ONLY_THEN_LEVEL)
    method = product.method.name.lower()
    yield (
        product.smoothing and not amortizing,
        "rounding.smoothing",
        f"rounding.smoothing needs a level method, not {method}. Remove it.",
    )
    yield (
        multiple > 0 and product.method in (Method.BULLET, Method.LISTED),
        "rounding.installment_multiple",
        f"rounding.installment_multiple means nothing for method {method}, which has no regular instalment. Remove it.",
    )
    yield (
        multiple > part,
        "rounding.installment_multiple",
        f"rounding.installment_multiple ({_money(product, multiple)}) exceeds the smallest instalment "
        f"({_money(product, part)}: amount.least over the most instalments). Write a smaller multiple.",
    )
    yield (
        product.month_end is MonthEnd.LAST_DAY and product.unit is not Unit.MONTH,
        "frequency.month_end",
        "frequency.month_end: last_day needs unit: month. Remove it.",
    )
    yield (
        product.method is Method.LISTED and bool(product.calendar),
        "calendar",
        "a listed schedule says its own due dates. Remove calendar.",
    )
    yield (
        product.shift is not Shift.NONE and not product.calendar,
        "calendar.shift",
        "calendar.shift needs a calendar. Write name: weekdays, or another calendar of `terms/calendars`.",
    )
    yield (
        product.shift is Shift.NONE and bool(product.calendar),
        "calendar.name",
        "calendar.name without a shift changes nothing. Write shift: following, or remove the calendar.",
    )


def _paid(product: Product) -> _Rules:
    method = product.method.name.lower()
    yield (
        product.recalculate and product.method in (Method.FLAT, Method.LISTED),
        "recalculation.follows_payments",
        f"recalculation.follows_payments means nothing for method {method}, whose interest is fixed beforehand. "
        "Write false, or another method.",
    )
    yield (
        product.overdue_interest and not product.recalculate,
        "overdue_interest",
        "overdue_interest needs recalculation.follows_payments: true, because only then interest follows what is owed.",
    )
    yield (
        product.excess in (Excess.FEWER, Excess.SMALLER) and not product.recalculate,
        "excess",
        f"excess: {product.excess.name.lower()} changes the schedule, so interest must follow payments. "
        "Write recalculation: {follows_payments: true}, or excess: next.",
    )
    yield (
        product.payoff is Payoff.ALL_SCHEDULED and product.recalculate,
        "prepayment.interest",
        "prepayment.interest: all_scheduled needs a schedule that stands. Write interest: to_date, or follows_payments: false.",
    )
    yield (
        product.grace_interest > 0 and product.recalculate,
        "grace.interest",
        "grace.interest and recalculation.follows_payments exclude each other. Remove one of them.",
    )


def _late(product: Product) -> _Rules:
    part = smallest_part(product)
    yield (
        0 < product.charge_off_days < product.non_accrual_days,
        "charge_off_days",
        f"charge_off_days ({product.charge_off_days}) lies before non_accrual_days ({product.non_accrual_days}). "
        "Write a later day.",
    )
    yield (
        product.penalty_rate == 0 and product.penalty_grace_days > 0,
        "late_charge.grace_days",
        "late_charge.grace_days without a rate charges nothing. Write rate_annual too, or remove it.",
    )
    yield (
        0 < product.charge_off_days < product.penalty_grace_days,
        "late_charge.grace_days",
        f"late_charge.grace_days ({product.penalty_grace_days}) last longer than the loan, which is "
        f"charged off after charge_off_days ({product.charge_off_days}), so nothing is ever charged. Write fewer days.",
    )
    yield (
        product.arrears_tolerance_fen >= part,
        "arrears_tolerance",
        f"arrears_tolerance ({_money(product, product.arrears_tolerance_fen)}) is a whole instalment of the smallest loan "
        f"({_money(product, part)}: amount.least over the most instalments), which could never be in arrears. "
        "Write less than that.",
    )


def _money(product: Product, amount: int) -> str:
    return format_money(amount, product.decimals)
