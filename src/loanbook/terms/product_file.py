"""Reading product terms from YAML: every setting, its limits, and what to write instead.

    product: cash_loan               code, lower case
    title: Cash loan                 for people
    effective_from: 2023-01-01       first day loans are made under this version
    source: ...                      who decided it, where it is written
    currency: CNY
    decimals: 2                      of the currency's minor unit (optional, default 2)
    amount: {least: 500.00, most: 200000.00}     in the currency's unit
    installments: [3, 6, 12, 24]     or {least: 1, most: 60}
    rate_annual: 0.2399              or {least: 0, most: 0.24}: each loan brings its own
    method: level                    equal_principal, bullet, interest_only_then_level, flat, listed
    day_count: thirty_a_month_360
    waterfall: [past_due_penalty, ...]   all twelve steps
and, optional: frequency, rounding, grace, down_payment, calendar, fees, processing,
excess, late_charge, prepayment, recalculation, overdue_interest, arrears_tolerance, non_accrual_days, charge_off_days, aging.
"""

import re
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from loanbook.terms.calendar import calendar_names
from loanbook.terms.conventions import (
    Aging,
    Component,
    DayCount,
    Engine,
    Excess,
    Method,
    MonthEnd,
    Payoff,
    Processing,
    Shift,
    Timing,
    Unit,
)
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import COUNT_MOST, PPM, Fee, Product, shown_counts, text_hash
from loanbook.units import RATE_SCALE, Rounding

_Name = TypeVar("_Name", bound=IntEnum)

REQUIRED = (
    "product",
    "title",
    "effective_from",
    "source",
    "currency",
    "amount",
    "installments",
    "rate_annual",
    "method",
    "day_count",
    "waterfall",
)
OPTIONAL = (
    "decimals",
    "interest_only_count",
    "frequency",
    "rounding",
    "grace",
    "down_payment",
    "calendar",
    "fees",
    "processing",
    "excess",
    "late_charge",
    "prepayment",
    "recalculation",
    "overdue_interest",
    "arrears_tolerance",
    "non_accrual_days",
    "charge_off_days",
    "aging",
)
STEPS = tuple(f"{timing.name.lower()}_{component.name.lower()}" for timing in Timing for component in Component)
"""The steps of a waterfall; a step's place is its number in Field.WATERFALL."""

_EVERY_MOST = 366
_DAYS_MOST = 3_650
_DECIMALS_MOST = 10
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_product(path: Path, shown: str | None = None) -> Product:
    """The product terms of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_product(read_text(path, name), name)


def parse_product(text: str, name: str) -> Product:
    """The product terms of a YAML text; `name` is what messages call it."""
    top = parse_located(text, name)
    items = top.fields("a product", (*REQUIRED, *OPTIONAL), REQUIRED)
    decimals = items["decimals"].whole("decimals", 0, _DECIMALS_MOST) if "decimals" in items else 2
    least, most = _amounts(items["amount"], decimals)
    counts = _counts(items["installments"])
    fixed, rate_least, rate_most = _rates(items["rate_annual"])
    frequency = _block(items, "frequency", ("unit", "every", "month_end"))
    rounding = _block(items, "rounding", ("rule", "installment_multiple", "smoothing"))
    grace = _block(items, "grace", ("principal", "interest", "interest_free"))
    calendar = _block(items, "calendar", ("name", "shift"))
    late = _block(items, "late_charge", ("rate_annual", "grace_days"))
    prepayment = _block(items, "prepayment", ("interest",))
    recalculation = _block(items, "recalculation", ("follows_payments", "engine"))

    def money(block: dict[str, Located], key: str, what: str) -> int:
        return _positive(block[key], what, 10**decimals, "0.01") if key in block else 0

    def number(block: dict[str, Located], key: str, what: str, most: int, default: int = 0, least: int = 0) -> int:
        return block[key].whole(what, least, most) if key in block else default

    def flag(block: dict[str, Located], key: str, what: str) -> bool:
        return block[key].flag(what) if key in block else False

    product = Product(
        code=_matched(items["product"], "product", _CODE, "lower-case letters, digits and _, e.g. cash_loan"),
        title=items["title"].text("title"),
        place=name,
        hash=text_hash(text),
        source=_words(items["source"], "source"),
        effective_from=items["effective_from"].date("effective_from"),
        currency=_matched(items["currency"], "currency", _CURRENCY, "an ISO 4217 code, e.g. CNY"),
        decimals=decimals,
        amount_least_fen=least,
        amount_most_fen=most,
        counts=counts,
        rate_annual=fixed,
        rate_least=rate_least,
        rate_most=rate_most,
        method=_named(items["method"], "method", Method),
        interest_only_count=number(items, "interest_only_count", "interest_only_count", COUNT_MOST),
        unit=_named(frequency["unit"], "frequency.unit", Unit) if "unit" in frequency else Unit.MONTH,
        every=number(frequency, "every", "frequency.every", _EVERY_MOST, 1, 1),
        month_end=_named(frequency["month_end"], "frequency.month_end", MonthEnd)
        if "month_end" in frequency
        else MonthEnd.SAME_DAY,
        day_count=_named(items["day_count"], "day_count", DayCount),
        rounding=_named(rounding["rule"], "rounding.rule", Rounding) if "rule" in rounding else Rounding.HALF_UP,
        installment_multiple=money(rounding, "installment_multiple", "rounding.installment_multiple"),
        smoothing=flag(rounding, "smoothing", "rounding.smoothing"),
        grace_principal=number(grace, "principal", "grace.principal", COUNT_MOST),
        grace_interest=number(grace, "interest", "grace.interest", COUNT_MOST),
        interest_free=number(grace, "interest_free", "grace.interest_free", COUNT_MOST),
        down_payment_ppm=_share(items["down_payment"], "down_payment") if "down_payment" in items else 0,
        calendar=calendar["name"].choice("calendar.name", calendar_names()) if "name" in calendar else "",
        shift=_named(calendar["shift"], "calendar.shift", Shift) if "shift" in calendar else Shift.NONE,
        fees=_fees(items["fees"], decimals) if "fees" in items else (),
        waterfall=_waterfall(items["waterfall"]),
        processing=_named(items["processing"], "processing", Processing) if "processing" in items else Processing.HORIZONTAL,
        excess=_named(items["excess"], "excess", Excess) if "excess" in items else Excess.NEXT,
        engine=_named(recalculation["engine"], "recalculation.engine", Engine)
        if "engine" in recalculation
        else Engine.PROGRESSIVE,
        recalculate=flag(recalculation, "follows_payments", "recalculation.follows_payments"),
        overdue_interest=flag(items, "overdue_interest", "overdue_interest"),
        payoff=_named(prepayment["interest"], "prepayment.interest", Payoff) if "interest" in prepayment else Payoff.TO_DATE,
        penalty_rate=_rate(late["rate_annual"], "late_charge.rate_annual") if "rate_annual" in late else 0,
        penalty_grace_days=number(late, "grace_days", "late_charge.grace_days", _DAYS_MOST),
        arrears_tolerance_fen=money(items, "arrears_tolerance", "arrears_tolerance"),
        non_accrual_days=number(items, "non_accrual_days", "non_accrual_days", _DAYS_MOST),
        charge_off_days=number(items, "charge_off_days", "charge_off_days", _DAYS_MOST),
        aging=_named(items["aging"], "aging", Aging) if "aging" in items else Aging.CONTRACTUAL,
    )
    for wrong, key, words in _impossible(product):
        if wrong:
            raise items.get(key, top).wrong(words)
    return product


def _impossible(product: Product) -> tuple[tuple[bool, str, str], ...]:
    """Combinations that no loan can have: whether it is so, the setting to point at, the words."""
    fewest = product.counts[0]
    interest_only = product.method is Method.INTEREST_ONLY_THEN_LEVEL
    amortizing = product.method in (Method.LEVEL, Method.INTEREST_ONLY_THEN_LEVEL)
    months = product.unit is Unit.MONTH
    return (
        (
            interest_only and product.interest_only_count == 0,
            "method",
            "method interest_only_then_level needs interest_only_count. Write interest_only_count: 6.",
        ),
        (
            not interest_only and product.interest_only_count > 0,
            "interest_only_count",
            f"interest_only_count means nothing for method {product.method.name.lower()}. "
            "Write method: interest_only_then_level, or grace.principal.",
        ),
        (
            product.interest_only_count + product.grace_principal >= fewest and fewest > 1,
            "grace" if product.grace_principal else "interest_only_count",
            f"{product.interest_only_count + product.grace_principal} instalments without principal leave none of "
            f"{fewest} to repay it. Write fewer than {fewest}.",
        ),
        (
            max(product.grace_interest, product.interest_free) >= fewest and fewest > 1,
            "grace",
            f"grace covers every one of {fewest} instalments. Write fewer than {fewest}.",
        ),
        (product.smoothing and not amortizing, "rounding", "rounding.smoothing needs a level method. Remove it."),
        (
            product.installment_multiple > product.amount_least_fen,
            "rounding",
            "rounding.installment_multiple exceeds the smallest loan. Write a smaller multiple.",
        ),
        (
            product.month_end is MonthEnd.LAST_DAY and not months,
            "frequency",
            "frequency.month_end: last_day needs unit: month. Remove it.",
        ),
        (
            product.shift is not Shift.NONE and not product.calendar,
            "calendar",
            "calendar.shift needs a calendar. Write name: weekdays, or another calendar of `terms/calendars`.",
        ),
        (
            product.shift is Shift.NONE and bool(product.calendar),
            "calendar",
            "calendar.name without a shift changes nothing. Write shift: following, or remove the calendar.",
        ),
        (
            product.overdue_interest and not product.recalculate,
            "overdue_interest",
            "overdue_interest needs recalculation.follows_payments: true, because only then interest follows what is owed.",
        ),
        (
            0 < product.charge_off_days < product.non_accrual_days,
            "charge_off_days",
            f"charge_off_days ({product.charge_off_days}) lies before non_accrual_days ({product.non_accrual_days}). "
            "Write a later day.",
        ),
        (
            product.penalty_rate == 0 and product.penalty_grace_days > 0,
            "late_charge",
            "late_charge.grace_days without a rate charges nothing. Write rate_annual too, or remove it.",
        ),
        (
            product.method is Method.LISTED and product.down_payment_ppm > 0,
            "down_payment",
            "a listed schedule says its own down payment. Remove down_payment.",
        ),
    )


def _block(items: dict[str, Located], name: str, allowed: tuple[str, ...]) -> dict[str, Located]:
    return items[name].fields(name, allowed) if name in items else {}


def _named(item: Located, what: str, names: type[_Name]) -> _Name:
    return names[item.choice(what, [name.name.lower() for name in names]).upper()]


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _words(item: Located, what: str) -> str:
    text = item.text(what).strip()
    if not text:
        raise item.wrong(f"{what} is empty. Write who decided these terms and where that is written.")
    return text


def _positive(item: Located, what: str, scale: int, example: str) -> int:
    number = item.scaled(what, scale, example)
    if number < 0:
        raise item.wrong(f"{what} must not be negative; got {item.value}.")
    return number


def _rate(item: Located, what: str) -> int:
    number = _positive(item, what, RATE_SCALE, "0.2399")
    if number > RATE_SCALE:
        percent = number * 100 / RATE_SCALE
        instead = f" Write {percent / 10_000:.6g}." if percent <= 10_000 else " Write, e.g., 0.2399."
        raise item.wrong(f"{what} must be a fraction of one per year; {item.value} would be {percent:,.10g} %.{instead}")
    return number


def _rates(item: Located) -> tuple[int | None, int, int]:
    if not isinstance(item.value, dict):
        fixed = _rate(item, "rate_annual")
        return fixed, fixed, fixed
    limits = item.fields("rate_annual", ("least", "most"), ("least", "most"))
    least, most = _rate(limits["least"], "rate_annual.least"), _rate(limits["most"], "rate_annual.most")
    if least > most:
        raise limits["least"].wrong(f"rate_annual.least exceeds rate_annual.most ({limits['most'].value}). Swap them.")
    return None, least, most


def _share(item: Located, what: str) -> int:
    number = _positive(item, what, PPM, "0.25")
    if number >= PPM:
        raise item.wrong(f"{what} must be a fraction below one; {item.value} would leave nothing to lend. Write, e.g., 0.25.")
    return number


def _amounts(item: Located, decimals: int) -> tuple[int, int]:
    limits = item.fields("amount", ("least", "most"), ("least", "most"))
    least, most = (limits[name].scaled(f"amount.{name}", 10**decimals, "500.00") for name in ("least", "most"))
    if least < 1:
        raise limits["least"].wrong(f"amount.least must be above zero; got {limits['least'].value}.")
    if least > most:
        raise limits["least"].wrong(f"amount.least exceeds amount.most ({limits['most'].value}). Swap them.")
    return least, most


def _counts(item: Located) -> tuple[int, ...]:
    if isinstance(item.value, dict):
        limits = item.fields("installments", ("least", "most"), ("least", "most"))
        least = limits["least"].whole("installments.least", 1, COUNT_MOST)
        return tuple(range(least, limits["most"].whole("installments.most", least, COUNT_MOST) + 1))
    counts = tuple(entry.whole("installments", 1, COUNT_MOST) for entry in item.items("installments"))
    if not counts or list(counts) != sorted(set(counts)):
        raise item.wrong(f"installments must be different numbers in ascending order; got {shown_counts(counts) or 'none'}.")
    return counts


def _waterfall(item: Located) -> tuple[int, ...]:
    found = tuple(STEPS.index(entry.choice("a waterfall step", STEPS)) for entry in item.items("waterfall"))
    twice = [name for step, name in enumerate(STEPS) if found.count(step) > 1]
    missing = [name for step, name in enumerate(STEPS) if step not in found]
    if twice:
        raise item.wrong(f"waterfall names {', '.join(twice)} more than once. Write each of the twelve steps once.")
    if missing:
        raise item.wrong(f"waterfall lacks {', '.join(missing)}. Write all twelve steps in the order they are paid.")
    return found


def _fees(item: Located, decimals: int) -> tuple[Fee, ...]:
    fees = []
    for entry in item.items("fees"):
        parts = entry.fields("a fee", ("name", "due", "amount", "share"), ("name", "due"))
        if ("amount" in parts) == ("share" in parts):
            raise entry.wrong("a fee needs either amount (in the currency) or share (of the amount lent). Write one of them.")
        fees.append(
            Fee(
                name=_matched(parts["name"], "a fee's name", _CODE, "lower-case letters, digits and _"),
                each=parts["due"].choice("a fee's due", ("disbursement", "installment")) == "installment",
                amount_fen=_positive(parts["amount"], "a fee's amount", 10**decimals, "5.00") if "amount" in parts else 0,
                share_ppm=_share(parts["share"], "a fee's share") if "share" in parts else 0,
            )
        )
    return tuple(fees)
